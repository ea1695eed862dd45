"""Land consumption against people and output: SDG indicator 11.3.1 and growth of output on the land used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.draws import log_growth
from townshift.frames import typed
from townshift.process.derived import Derived, derived_estimates, no_draws
from townshift.process.yearly import Span, YearlySeries, break_years, breaks_between, widest_span, yearly_series
from townshift.types import LEVEL, Estimates, Parameters

EXTRA = {"land": "string", "against": "string", "status": "string", "breaks": "string"}
"""Further columns: the land definition, what it is held against, why there is no number, breaks in between."""

STATUS_COLUMNS = {"place_id": "string", "land": "string", "against": "string", "status": "string"}
"""Columns of `land_status`."""

STANDSTILL = 1e-6
"""Population growth, per year, below which people count as not growing in number."""

LARGEST_RATIO = 1_000.0
"""A median ratio beyond this only says that people did not grow in number; it is not printed."""

Draws = npt.NDArray[np.float64]
Role = Literal["population", "output"]


class LandConsumptionParameters(Parameters):
    """`[parameters.land_consumption]`: definition ids of the three series; an empty one is left out."""

    land: str = ""
    population: str = ""
    output: str = ""


def land_consumption_rate(land_from: Draws, land_to: Draws, years: float) -> Draws:
    """How fast land is consumed: `(V_2 - V_1) / (V_1 T)`, per year.

    Args:
        land_from: shape (draws,), built-up area at the earlier date, in any unit of area.
        land_to: shape (draws,), at the later date, in the same unit.
        years: T, above 0.

    Returns:
        Shape (draws,), per year; NaN where the earlier area is not above 0.

    Source: UN-Habitat, metadata of SDG indicator 11.3.1 (2021 and later versions).

    Example:
        >>> land_consumption_rate(np.array([20.0]), np.array([26.0]), years=10)     # 6 / (20 * 10)
        array([0.03])
    """
    out = np.full(land_from.shape, np.nan)
    np.divide(land_to - land_from, land_from * years, out=out, where=land_from > 0)
    return out


def consumption_to_population(lcr: Draws, pgr: Draws) -> tuple[Draws, bool]:
    """The ratio of the land consumption rate to the population growth rate, and whether it has no upper end.

    Formula: `LCRPGR = LCR / PGR`. As population growth nears 0 the ratio runs through infinity. A draw in which land is
    taken while people do not grow in number is the limit from above, `LCR / STANDSTILL`, so that the order of draws
    keeps its meaning; a draw in which neither grows has no ratio. Where more than 5 % of the draws have no growth of
    population the interval has no upper end (Fieller 1954): look at `land_minus_population_growth` instead.

    Args:
        lcr: shape (draws,), per year.
        pgr: shape (draws,), per year.

    Returns:
        The ratio's draws, dimensionless, and true if the ratio has no upper end.

    Source: UN-Habitat, metadata of SDG indicator 11.3.1.

    Example:
        >>> consumption_to_population(np.array([0.03, 0.03]), np.array([0.02, 0.02]))
        (array([1.5, 1.5]), False)
        >>> consumption_to_population(np.array([0.03, 0.03]), np.array([-0.01, 0.01]))
        (array([3.e+04, 3.e+00]), True)
    """
    standing = np.isfinite(pgr) & (pgr < STANDSTILL)
    out = np.full(lcr.shape, np.nan)
    np.divide(lcr, np.where(standing, STANDSTILL, pgr), out=out, where=np.isfinite(pgr) & ~(standing & (lcr <= 0)))
    grows = np.isfinite(pgr) & ~standing
    return out, bool(grows.mean() < 1 - (1 - LEVEL) / 2)


def land_consumption(
    found: Estimates,
    parameters: LandConsumptionParameters,
    breaks: Sequence[Mapping[str, object]] = (),
    originals: Mapping[str, str] | None = None,
) -> Estimates:
    """Land consumption of every place that has the land series, against population and against output.

    Over the longest span whose ends facts stand behind in both series (else a bridged span, marked so):

    - `lcr`: land consumption rate `(V_2 - V_1) / (V_1 T)`, per year.
    - `pgr`: population growth rate `ln(P_2 / P_1) / T`, per year.
    - `lcrpgr`: their ratio; `unbounded` in the flags, and no upper end, where population may not have grown.
    - `land_minus_population_growth`: `ln(V_2 / V_1) / T - pgr`, per year, which is always defined.
    - `output_minus_land_growth`: `ln(Y_2 / Y_1) / T - ln(V_2 / V_1) / T`, per year: above 0 where output outgrew land.
    - `output_per_land_growth`: the same as compound growth of output on a unit of land,
      `exp(output_minus_land_growth) - 1`, per year.

    A span that crosses a declared break of either series is not identified. Output in money is nominal unless the
    study deflates it.

    Args:
        found: the result `series`.
        parameters: which definitions are land, population and output.
        breaks: entries of `[[breaks]]` of `study.toml`.
        originals: published row id to lineage.

    Returns:
        Estimates with `EXTRA` columns.

    Source: UN-Habitat, metadata of SDG indicator 11.3.1, module "land use efficiency".
    """
    by_key = {(one.setting, one.place_id, one.definition_id): one for one in yearly_series(found)}
    rows: list[Derived] = []
    for (setting, place, definition), land in by_key.items():
        if definition != parameters.land:
            continue
        people = by_key.get((setting, place, parameters.population))
        if people is not None:
            rows.extend(_against_population(land, people, breaks))
        output = by_key.get((setting, place, parameters.output))
        if output is not None:
            rows.extend(_against_output(land, output, breaks))
    out = derived_estimates(rows, found.lineage, originals or {}, EXTRA, found.draws.shape[1])
    unbounded = out.table["flags"].str.contains("unbounded", regex=False).to_numpy(dtype=bool)
    out.table.loc[unbounded, "high"] = np.nan
    beyond = unbounded & (out.table["value"].to_numpy(dtype=np.float64) > LARGEST_RATIO)
    out.table.loc[beyond, "value"] = np.nan
    return out


def land_status(found: Estimates, parameters: LandConsumptionParameters, place_id: str) -> pd.DataFrame:
    """Whether land can be held against population and output at the focal place, and what is missing.

    Args:
        found: the result `series`.
        parameters: which definitions are land, population and output.
        place_id: the focal place.

    Returns:
        One row per comparison with `STATUS_COLUMNS`: status `ok`, `not_declared`, `no_land`, `no_counterpart` or
        `no_common_span`.
    """
    base = {
        one.definition_id: one for one in yearly_series(found) if one.setting == "base" and one.place_id == place_id
    }
    rows = []
    for against in (parameters.population, parameters.output):
        land, other = base.get(parameters.land), base.get(against)
        if not parameters.land or not against:
            status = "not_declared"
        elif land is None:
            status = "no_land"
        elif other is None:
            status = "no_counterpart"
        else:
            status = "ok" if widest_span(land, other) else "no_common_span"
        rows.append({"place_id": place_id, "land": parameters.land, "against": against, "status": status})
    return typed(rows, STATUS_COLUMNS)


def _against_population(
    land: YearlySeries, people: YearlySeries, breaks: Sequence[Mapping[str, object]]
) -> list[Derived]:
    span = widest_span(land, people)
    if span is None:
        return []
    (v1, v2), (p1, p2) = _ends(land, span), _ends(people, span)
    lcr, pgr = land_consumption_rate(v1, v2, span.length), log_growth(p1, p2, span.length)
    ratio, unbounded = consumption_to_population(lcr, pgr)
    difference = log_growth(v1, v2, span.length) - pgr
    make = _Maker(land, people, span, breaks)
    return [
        make.row("lcr", "per_year", lcr),
        make.row("pgr", "per_year", pgr),
        make.row("lcrpgr", "ratio", ratio, ("unbounded",) if unbounded else ()),
        make.row("land_minus_population_growth", "per_year", difference),
    ]


def _against_output(land: YearlySeries, output: YearlySeries, breaks: Sequence[Mapping[str, object]]) -> list[Derived]:
    span = widest_span(land, output)
    if span is None:
        return []
    (v1, v2), (y1, y2) = _ends(land, span), _ends(output, span)
    difference = log_growth(y1, y2, span.length) - log_growth(v1, v2, span.length)
    make = _Maker(land, output, span, breaks)
    return [
        make.row("output_minus_land_growth", "per_year", difference),
        make.row("output_per_land_growth", "per_year", np.expm1(difference)),
    ]


def _ends(series: YearlySeries, span: Span) -> tuple[Draws, Draws]:
    first, last = series.position(span.year_from), series.position(span.year_to)
    assert first is not None
    assert last is not None
    return series.draws[first], series.draws[last]


class _Maker:
    """Rows that compare the same two series over the same span."""

    def __init__(
        self, land: YearlySeries, other: YearlySeries, span: Span, breaks: Sequence[Mapping[str, object]]
    ) -> None:
        self.land, self.other, self.span = land, other, span
        declared = sorted({*break_years(land, breaks), *break_years(other, breaks)})
        self.crossed = breaks_between(declared, span.year_from, span.year_to)

    def row(self, measure: str, unit: str, draws: Draws, flags: tuple[str, ...] = ()) -> Derived:
        """One figure of the comparison; no draws where a break lies in between."""
        status = "not_identified" if self.crossed else "bridged_end" if self.span.bridged else "ok"
        ends = (self.span.year_from, self.span.year_to)
        at = [(one, one.position(year)) for one in (self.land, self.other) for year in ends]
        carried = [word for one, i in at if i is not None for word in one.flags[i]]
        return Derived(
            measure=measure,
            place_id=self.land.place_id,
            year_from=self.span.year_from,
            year_to=self.span.year_to,
            unit=unit,
            draws=no_draws(draws.size) if self.crossed else draws,
            parents=tuple(one.ids[i] for one, i in at if i is not None),
            setting=self.land.setting,
            kind="bridged" if self.span.bridged else "estimated",
            flags=(*(() if status == "ok" else (status,)), *(() if self.crossed else flags), *carried),
            extra={
                "land": self.land.definition_id,
                "against": self.other.definition_id,
                "status": status,
                "breaks": ";".join(map(str, self.crossed)),
            },
        )
