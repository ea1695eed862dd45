"""Growth of a reconciled series: how much it grew a year between two years, and where that cannot be said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal

from townshift.draws import log_growth
from townshift.process.derived import Derived, derived_estimates, no_draws
from townshift.process.yearly import Span, YearlySeries, break_years, breaks_between, widest_span, yearly_series
from townshift.types import Estimates, Kind, Parameters

EXTRA = {"definition_id": "string", "window": "string", "status": "string", "breaks": "string"}
"""Further columns: the definition, the declared window, why there is no number, and the breaks in between."""

Status = Literal["ok", "bridged_end", "not_identified", "outside_data", "not_positive"]


class Window(Parameters):
    """Two years between which growth is wanted.

    Attributes:
        name: a short name that tests and figures can refer to.
        year_from: first year, inclusive.
        year_to: last year, inclusive.
        ends: `exact` compares just these two years, bridged or not; `inside` compares the first and the last year
            inside the window that facts stand behind, which must cover at least `min_cover` of it.
        min_cover: the part of the window, 0 to 1, that `inside` must cover.
    """

    name: str
    year_from: int
    year_to: int
    ends: Literal["exact", "inside"] = "inside"
    min_cover: float = 0.5


class GrowthParameters(Parameters):
    """`[parameters.growth]`: the windows, as `[[parameters.growth.window]]`."""

    window: tuple[Window, ...] = ()


def growth(
    found: Estimates,
    parameters: GrowthParameters,
    breaks: Sequence[Mapping[str, object]] = (),
    originals: Mapping[str, str] | None = None,
) -> Estimates:
    """Average growth a year of every series: over its whole span, within every regime, and within declared windows.

    Formula: `ln(V_to / V_from) / (year_to - year_from)`, draw by draw, so that what is common to both years cancels.
    Three measures, all with `group` = definition:

    - `growth`: between the first and the last year that facts stand behind.
    - `growth_segment`: the same within each regime, where declared breaks lie inside the span.
    - `growth_window`: within each declared window.

    Growth across a declared break is not identified: the row is there, with no number and the status
    `not_identified`. An end that no fact stands behind makes the row `bridged`; it may be shown but decides nothing.

    Args:
        found: the result `series`.
        parameters: the windows.
        breaks: entries of `[[breaks]]` of `study.toml`.
        originals: published row id to lineage, to count independent originals.

    Returns:
        Estimates in `per_year` (log growth: 0.07 is about 7 % a year), with `EXTRA` columns.

    Source: average annual logarithmic growth, as in Barro and Sala-i-Martin (2004), chapter 11.

    Example:
        >>> import numpy as np, pandas as pd
        >>> table = pd.DataFrame({"estimate_id": ["s@p/2000", "s@p/2010"], "measure": "s", "place_id": "p",
        ...     "year_from": [2000, 2010], "year_to": [2000, 2010], "setting": "base", "unit": "count",
        ...     "kind": "estimated", "flags": "", "n_lineages": 1})
        >>> behind = pd.DataFrame({"estimate_id": ["s@p/2000"], "table": "facts", "row_id": "F1", "share": 1.0})
        >>> series = Estimates(table, np.array([[100.0, 100.0], [200.0, 200.0]]), behind)
        >>> out = growth(series, GrowthParameters())
        >>> out.table["estimate_id"][0], round(float(out.table["value"][0]), 4)    # ln 2 / 10
        ('growth[s]@p/2000-2010', 0.0693)
    """
    rows: list[Derived] = []
    for series in yearly_series(found):
        years = break_years(series, breaks)
        rows.extend(_of_span(series, years))
        rows.extend(_of_windows(series, years, parameters.window))
    return derived_estimates(rows, found.lineage, originals or {}, EXTRA, found.draws.shape[1])


def log_growth_between(
    series: YearlySeries, span: Span, measure: str, break_list: Sequence[int], window: str = ""
) -> Derived:
    """Growth of one series between two of its years, or the reason why it has none.

    Args:
        series: a series that reaches both years.
        span: the two years.
        measure: name of the measure.
        break_list: the series' declared break years.
        window: name of the declared window, if any.
    """
    first, last = series.position(span.year_from), series.position(span.year_to)
    crossed = breaks_between(break_list, span.year_from, span.year_to)
    assert first is not None
    assert last is not None
    status: Status = "bridged_end" if span.bridged else "ok"
    kind: Kind = "bridged" if span.bridged else "estimated"
    draws = no_draws(series.draws.shape[1])
    if crossed:
        status = "not_identified"
    elif (series.draws[[first, last]] <= 0).any():
        status = "not_positive"
    else:
        draws = log_growth(series.draws[first], series.draws[last], span.length)
    return Derived(
        measure=measure,
        place_id=series.place_id,
        year_from=span.year_from,
        year_to=span.year_to,
        unit="per_year",
        draws=draws,
        parents=(series.ids[first], series.ids[last]),
        group=series.definition_id,
        setting=series.setting,
        kind=kind,
        flags=(*(() if status == "ok" else (status,)), *series.flags[first], *series.flags[last]),
        extra={
            "definition_id": series.definition_id,
            "window": window,
            "status": status,
            "breaks": ";".join(map(str, crossed)),
        },
    )


def regimes(series: YearlySeries, break_list: Iterable[int]) -> list[YearlySeries]:
    """The parts of a series between its declared breaks; each keeps one meaning throughout.

    Args:
        series: the series.
        break_list: first years of new meanings.
    """
    edges = [int(series.years.min()), *sorted(set(break_list)), int(series.years.max()) + 1]
    parts: list[YearlySeries] = []
    for start, end in pairwise(edges):
        at = [int(i) for i in range(series.years.size) if start <= series.years[i] < end]
        if at:
            parts.append(
                YearlySeries(
                    series.place_id,
                    series.definition_id,
                    series.indicator,
                    series.setting,
                    series.unit,
                    series.years[at],
                    series.draws[at],
                    series.bridged[at],
                    tuple(series.ids[i] for i in at),
                    tuple(series.flags[i] for i in at),
                    tuple(series.n_lineages[i] for i in at),
                )
            )
    return parts


def _of_span(series: YearlySeries, break_list: Sequence[int]) -> list[Derived]:
    span = widest_span(series)
    if span is None:
        return []
    rows = [log_growth_between(series, span, "growth", break_list)]
    if breaks_between(break_list, span.year_from, span.year_to):
        for part in regimes(series, break_list):
            inner = widest_span(part)
            if inner is not None:
                rows.append(log_growth_between(part, inner, "growth_segment", ()))
    return rows


def _of_windows(series: YearlySeries, break_list: Sequence[int], windows: Sequence[Window]) -> list[Derived]:
    rows: dict[str, Derived] = {}
    if series.fact_years().size < 2:
        return []  # the level of one year has no growth in any window
    for window in windows:
        span = window_span(series, window)
        if span is None:
            row = _outside(series, window)
        else:
            row = log_growth_between(series, span, "growth_window", break_list, window.name)
        earlier = rows.get(row.estimate_id)
        if earlier is not None:
            names = f"{earlier.extra['window']};{window.name}"
            row = replace(row, extra={**row.extra, "window": names})
        rows[row.estimate_id] = row
    return list(rows.values())


def window_span(series: YearlySeries, window: Window) -> Span | None:
    """The two years that a window compares in a series, None where the series does not reach them.

    Args:
        series: the series.
        window: the declared window.
    """
    if window.ends == "exact":
        first, last = series.position(window.year_from), series.position(window.year_to)
        if first is None or last is None or first >= last:
            return None
        return Span(window.year_from, window.year_to, bool(series.bridged[[first, last]].any()))
    inside = [int(year) for year in series.fact_years() if window.year_from <= year <= window.year_to]
    if len(inside) < 2 or inside[-1] - inside[0] < window.min_cover * (window.year_to - window.year_from):
        return None
    return Span(inside[0], inside[-1], bridged=False)


def _outside(series: YearlySeries, window: Window) -> Derived:
    return Derived(
        measure="growth_window",
        place_id=series.place_id,
        year_from=window.year_from,
        year_to=window.year_to,
        unit="per_year",
        draws=no_draws(series.draws.shape[1]),
        parents=(),
        group=series.definition_id,
        setting=series.setting,
        flags=("outside_data",),
        extra={
            "definition_id": series.definition_id,
            "window": window.name,
            "status": "outside_data",
            "breaks": "",
        },
    )
