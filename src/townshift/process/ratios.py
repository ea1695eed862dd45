"""Ratios and shares of two reconciled series: output per firm, per worker, per km², and how they grew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.draws import INCONSISTENT_BELOW, LOW_ACCEPTANCE, log_growth
from townshift.draws import ratio as ratio_of_draws
from townshift.frames import typed
from townshift.process.derived import Derived, derived_estimates, no_draws
from townshift.process.growth import Window
from townshift.process.yearly import (
    Span,
    YearlySeries,
    break_years,
    breaks_between,
    widest_span,
    yearly_series,
)
from townshift.types import Estimates, Kind, Parameters

EXTRA = {
    "numerator": "string",
    "denominator": "string",
    "acceptance": "float64",
    "window": "string",
    "status": "string",
    "breaks": "string",
}
"""Further columns: the two definitions, the share of joint draws kept, the window, and why there is no number."""

STATUS_COLUMNS = {
    "ratio": "string",
    "place_id": "string",
    "numerator": "string",
    "denominator": "string",
    "numerator_years": "Int64",
    "denominator_years": "Int64",
    "common_years": "Int64",
    "status": "string",
}
"""Columns of `ratio_status`."""

Status = Literal["ok", "bridged_end", "not_identified", "inconsistent", "not_positive"]


class RatioDeclaration(Parameters):
    """One ratio of two definitions of one place.

    Attributes:
        name: name of the measure.
        numerator: definition id.
        denominator: definition id.
        unit: unit of numerator per denominator, times `multiply`; `share` for a share between 0 and 1.
        share: whether the numerator is a part of the denominator and so never above it.
        multiply: factor that brings the quotient to `unit`.
    """

    name: str
    numerator: str
    denominator: str
    unit: str
    share: bool = False
    multiply: float = 1.0


class RatiosParameters(Parameters):
    """`[parameters.ratios]`: the ratios, as `[[parameters.ratios.ratio]]`, and windows for their growth."""

    ratio: tuple[RatioDeclaration, ...] = ()
    window: tuple[Window, ...] = ()


def ratios(
    found: Estimates,
    parameters: RatiosParameters,
    breaks: Sequence[Mapping[str, object]] = (),
    originals: Mapping[str, str] | None = None,
) -> Estimates:
    """Every declared ratio year by year, and its growth, wherever a place has both series.

    Formula: `multiply * numerator / denominator` on joint draws; growth is `ln(r_to / r_from) / years`. Measures:

    - `<name>`: the ratio of one year; `bridged` if either figure is.
    - `<name>_growth`: over the longest span whose ends facts stand behind in both series.
    - `<name>_growth_window`: within each declared window.

    A share is conditioned on part <= whole: joint draws beyond are rejected. With less than half of the draws kept
    the row says `acceptance_low`; with less than 5 % the two figures contradict each other and there is no number
    (status `inconsistent`). Growth across a break of either series is not identified.

    Args:
        found: the result `series`.
        parameters: ratios and windows.
        breaks: entries of `[[breaks]]` of `study.toml`.
        originals: published row id to lineage.

    Returns:
        Estimates with `EXTRA` columns; growth in `per_year` (log growth).

    Source: `townshift.draws.ratio`.

    Example:
        >>> def year(measure, unit):
        ...     return {"estimate_id": f"{measure}@p/2019", "measure": measure, "place_id": "p", "year_from": 2019,
        ...             "year_to": 2019, "setting": "base", "unit": unit, "kind": "estimated", "flags": "",
        ...             "n_lineages": 1}
        >>> table = pd.DataFrame([year("sales", "million_yuan"), year("firms", "count")])
        >>> behind = pd.DataFrame({"estimate_id": ["sales@p/2019", "firms@p/2019"], "table": "facts",
        ...                        "row_id": ["F1", "F2"], "share": [1.0, 1.0]})
        >>> series = Estimates(table, np.array([[50_000.0, 52_000.0], [12_500.0, 13_000.0]]), behind)
        >>> per_firm = RatioDeclaration(name="sales_per_firm", numerator="sales", denominator="firms",
        ...                             unit="million_yuan_per_firm")
        >>> out = ratios(series, RatiosParameters(ratio=(per_firm,)))
        >>> out.table["estimate_id"].tolist(), out.table["value"].tolist()
        (['sales_per_firm@p/2019'], [4.0])
    """
    by_key = {(one.setting, one.place_id, one.definition_id): one for one in yearly_series(found)}
    rows: list[Derived] = []
    for declared in parameters.ratio:
        for (setting, place, definition), part in by_key.items():
            whole = by_key.get((setting, place, declared.denominator))
            if definition == declared.numerator and whole is not None:
                rows.extend(_of_pair(declared, part, whole, parameters.window, breaks))
    return derived_estimates(rows, found.lineage, originals or {}, EXTRA, found.draws.shape[1])


def ratio_status(found: Estimates, parameters: RatiosParameters, place_id: str) -> pd.DataFrame:
    """Which declared ratios can be computed, for the focal place and every other place that has one of the figures.

    Args:
        found: the result `series`.
        parameters: the declared ratios.
        place_id: the focal place; it is listed even if it has neither figure.

    Returns:
        One row per ratio and place (base setting) with `STATUS_COLUMNS`; status `ok`, `no_numerator`,
        `no_denominator`, `neither` or `no_common_year`.
    """
    base = [one for one in yearly_series(found) if one.setting == "base"]
    years = {(one.place_id, one.definition_id): set(one.years.tolist()) for one in base}
    rows: list[dict[str, object]] = []
    for declared in parameters.ratio:
        wanted = {declared.numerator, declared.denominator}
        places = {place_id, *(place for place, definition in years if definition in wanted)}
        for place in sorted(places):
            upper = years.get((place, declared.numerator), set())
            lower = years.get((place, declared.denominator), set())
            rows.append(
                {
                    "ratio": declared.name,
                    "place_id": place,
                    "numerator": declared.numerator,
                    "denominator": declared.denominator,
                    "numerator_years": len(upper),
                    "denominator_years": len(lower),
                    "common_years": len(upper & lower),
                    "status": _pair_status(upper, lower),
                }
            )
    table = typed(rows, STATUS_COLUMNS)
    return table.sort_values(["ratio", "place_id"], kind="stable").reset_index(drop=True)


def _pair_status(upper: set[int], lower: set[int]) -> str:
    if not upper and not lower:
        return "neither"
    if not upper:
        return "no_numerator"
    if not lower:
        return "no_denominator"
    return "ok" if upper & lower else "no_common_year"


def _of_pair(
    declared: RatioDeclaration,
    part: YearlySeries,
    whole: YearlySeries,
    windows: Sequence[Window],
    breaks: Sequence[Mapping[str, object]],
) -> list[Derived]:
    years = np.intersect1d(part.years, whole.years)
    rows = [_level(declared, part, whole, int(year)) for year in years]
    break_list = tuple(sorted({*break_years(part, breaks), *break_years(whole, breaks)}))
    span = widest_span(part, whole)
    if span is not None:
        rows.append(_growth(declared, part, whole, span, break_list, ""))
    for window in windows:
        inner = _window_span(part, whole, window)
        if inner is not None:
            rows.append(_growth(declared, part, whole, inner, break_list, window.name))
    return rows


def _level(declared: RatioDeclaration, part: YearlySeries, whole: YearlySeries, year: int) -> Derived:
    draws, acceptance, i, j = _year_ratio(declared, part, whole, year)
    bridged = bool(part.bridged[i] or whole.bridged[j])
    status = _acceptance_status(acceptance) or ("bridged_end" if bridged else "ok")
    flags = (*_acceptance_flags(declared, acceptance), *part.flags[i], *whole.flags[j])
    return Derived(
        measure=declared.name,
        place_id=part.place_id,
        year_from=year,
        year_to=year,
        unit=declared.unit,
        draws=no_draws(draws.size) if status == "inconsistent" else draws,
        parents=(part.ids[i], whole.ids[j]),
        setting=part.setting,
        kind="bridged" if bridged else "estimated",
        flags=flags,
        extra=_extra(declared, acceptance, "", status, ()),
    )


def _growth(
    declared: RatioDeclaration,
    part: YearlySeries,
    whole: YearlySeries,
    span: Span,
    break_list: Sequence[int],
    window: str,
) -> Derived:
    before, _, i, j = _year_ratio(declared, part, whole, span.year_from)
    after, _, k, m = _year_ratio(declared, part, whole, span.year_to)
    draws = log_growth(before, after, span.length)
    acceptance = float(np.isfinite(draws).mean())
    crossed = breaks_between(break_list, span.year_from, span.year_to)
    status: str = "bridged_end" if span.bridged else "ok"
    status = "not_identified" if crossed else _acceptance_status(acceptance) or status
    kind: Kind = "bridged" if span.bridged else "estimated"
    marks = (status,) if status in ("not_identified", "bridged_end") else ()
    return Derived(
        measure=f"{declared.name}_growth" + ("_window" if window else ""),
        place_id=part.place_id,
        year_from=span.year_from,
        year_to=span.year_to,
        unit="per_year",
        draws=draws if status in ("ok", "bridged_end") else no_draws(draws.size),
        parents=(part.ids[i], whole.ids[j], part.ids[k], whole.ids[m]),
        group=window,
        setting=part.setting,
        kind=kind,
        flags=(*marks, *_acceptance_flags(declared, acceptance), *_end_flags(part, i, k), *_end_flags(whole, j, m)),
        extra=_extra(declared, acceptance, window, status, crossed),
    )


def _year_ratio(
    declared: RatioDeclaration, part: YearlySeries, whole: YearlySeries, year: int
) -> tuple[npt.NDArray[np.float64], float, int, int]:
    i, j = part.position(year), whole.position(year)
    assert i is not None
    assert j is not None
    draws, acceptance = ratio_of_draws(part.draws[i], whole.draws[j], declared.share)
    return draws * declared.multiply, float(acceptance), i, j


def _window_span(part: YearlySeries, whole: YearlySeries, window: Window) -> Span | None:
    if window.ends == "exact":
        at = [one.position(year) for one in (part, whole) for year in (window.year_from, window.year_to)]
        if any(position is None for position in at):
            return None
        years = [window.year_from, window.year_to]
        bridged = any(one.bridged[np.isin(one.years, years)].any() for one in (part, whole))
        return Span(window.year_from, window.year_to, bool(bridged))
    firm = np.intersect1d(part.fact_years(), whole.fact_years())
    inside = [int(year) for year in firm if window.year_from <= year <= window.year_to]
    if len(inside) < 2 or inside[-1] - inside[0] < window.min_cover * (window.year_to - window.year_from):
        return None
    return Span(inside[0], inside[-1], bridged=False)


def _end_flags(series: YearlySeries, first: int, last: int) -> tuple[str, ...]:
    return (*series.flags[first], *series.flags[last])


def _acceptance_status(acceptance: float) -> str:
    return "inconsistent" if acceptance < INCONSISTENT_BELOW else ""


def _acceptance_flags(declared: RatioDeclaration, acceptance: float) -> tuple[str, ...]:
    if acceptance < INCONSISTENT_BELOW:
        return ("inconsistent",)
    return ("acceptance_low",) if declared.share and acceptance < LOW_ACCEPTANCE else ()


def _extra(
    declared: RatioDeclaration, acceptance: float, window: str, status: str, crossed: Sequence[int]
) -> dict[str, object]:
    return {
        "numerator": declared.numerator,
        "denominator": declared.denominator,
        "acceptance": acceptance,
        "window": window,
        "status": status,
        "breaks": ";".join(map(str, crossed)),
    }
