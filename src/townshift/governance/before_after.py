"""How a reconciled series grew before and after an event, where it has enough unbridged years to say.

A difference between two spans of years is a difference, not the doing of the event: everything else that changed in
between is in it. The same difference at every other year of the series stands beside it (placebo years).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.draws import summarise
from townshift.frames import collect_estimates, texts, typed
from townshift.types import Estimate, Estimates

BREAKS_NOT_TAKEN = "breaks_not_taken"
"""Name of the setting of the series under which declared breaks are not taken."""

MIN_YEARS = 3
"""Unbridged years needed on each side: a slope of two points has no residual to show that it is none."""

EXTRA_COLUMNS: Mapping[str, str] = {
    "definition_id": "string",
    "event_id": "string",
    "event_year": "Int64",
    "scale": "string",
    "n_before": "Int64",
    "n_after": "Int64",
    "n_placebo": "Int64",
    "placebo_share": "float64",
    "placebo_low": "float64",
    "placebo_high": "float64",
}

STATUS_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("place_id", "definition_id", "setting", "event_id"), "string"),
    "event_year": "Int64",
    **dict.fromkeys(("status", "reason"), "string"),
    **dict.fromkeys(("n_before", "n_after"), "Int64"),
    **dict.fromkeys(("years_before", "years_after"), "string"),
}

PLACEBO_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("place_id", "definition_id", "setting"), "string"),
    "year": "Int64",
    **dict.fromkeys(("value", "low", "high"), "float64"),
}

Scale = Literal["log", "logit", "identity"]
Draws = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """Differences that can be estimated, the reason for each that cannot, and the placebo years of every series."""

    before_after: Estimates
    status: pd.DataFrame
    placebo: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Sides:
    """The unbridged years before and after an event's year, which itself belongs to neither."""

    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def reason(self) -> str:
        """Why nothing can be estimated; empty if it can."""
        short = [name for name in ("before", "after") if len(getattr(self, name)) < MIN_YEARS]
        return "" if not short else "too_few_both" if len(short) == 2 else f"too_few_{short[0]}"


@dataclass(frozen=True, slots=True)
class YearlySeries:
    """One place x definition x setting of the reconciled series.

    Attributes:
        rows: its rows of the table of series, one per year, sorted by year.
        draws: shape (years, n_draws), natural units.
        lineage: its lineage rows.
        breaks: first years in which the figure means something else; none in the setting that takes no breaks.
    """

    place_id: str
    definition_id: str
    setting: str
    unit: str
    rows: pd.DataFrame
    draws: Draws
    lineage: pd.DataFrame
    breaks: tuple[int, ...] = ()

    @property
    def unbridged(self) -> dict[int, int]:
        """Row position of every year that has facts of its own."""
        pairs = zip(self.rows["year_from"], self.rows["kind"], strict=True)
        return {int(year): i for i, (year, kind) in enumerate(pairs) if kind != "bridged"}

    def reason(self, at: Sides) -> str:
        """Why no difference can be estimated; empty if it can. A break between the sides spoils neither slope."""
        spans = [(years[0], years[-1]) for years in (at.before, at.after) if years]
        if not at.reason and any(first < year <= last for year in self.breaks for first, last in spans):
            return "break_within"
        return at.reason


def sides(years: Collection[int], event_year: int, window_years: int | None = None) -> Sides:
    """The years of a series that lie before and after an event's year, at most `window_years` away.

    Example:
        >>> sides([2004, 2005, 2006, 2007, 2012], 2006, window_years=3)
        Sides(before=(2004, 2005), after=(2007,))
    """
    reach = window_years if window_years is not None else max((abs(year - event_year) for year in years), default=0)
    near = sorted(year for year in years if 0 < abs(year - event_year) <= reach)
    return Sides(
        before=tuple(year for year in near if year < event_year),
        after=tuple(year for year in near if year > event_year),
    )


def slope(years: Sequence[int], draws: Draws) -> Draws:
    """Least-squares change per year through the given years, for every draw.

    Formula: sum (t - mean t) x_t / sum (t - mean t)^2. On logarithms this is the mean log growth per year, all years
    of the side counting, not only its two ends.

    Args:
        years: calendar years, at least two different ones.
        draws: shape (years, n_draws).

    Returns:
        Shape (n_draws,), in units of `draws` per year.

    Example:
        >>> slope([2001, 2002, 2004], np.array([[1.0], [3.0], [7.0]]))
        array([2.])
    """
    centred = np.asarray(years, dtype=np.float64) - np.mean(years)
    return np.asarray(centred @ draws / (centred @ centred), dtype=np.float64)


def difference(series: YearlySeries, at: Sides, scale: Scale) -> Draws:
    """Growth per year after minus growth per year before, for every draw; see `before_after`.

    Returns:
        Shape (n_draws,): log growth per year on the scale `log`, else the series' own unit per year.
    """
    position = series.unbridged
    growth: list[Draws] = []
    for years in (at.before, at.after):
        values = series.draws[[position[year] for year in years]]
        if scale == "log":
            values = np.log(np.where(values > 0, values, np.nan))
        growth.append(slope(years, values))
    return np.asarray(growth[1] - growth[0], dtype=np.float64)


def before_after(
    series: Estimates,
    events: pd.DataFrame,
    scales: Mapping[str, Scale],
    applies: Mapping[str, Collection[str]],
    lineage_of: Mapping[str, str],
    breaks: Iterable[Mapping[str, object]] = (),
    window_years: int | None = None,
) -> BeforeAfter:
    """How much faster or slower a series grew after an event than before it.

    Formula: b_after - b_before, each the least-squares slope of ln x_t on t (of x_t itself for a share or a series
    that may be negative) through the unbridged years of its side, draw by draw. The event's own year belongs to
    neither side, as part of it lies before and part after. Nothing is estimated with fewer than `MIN_YEARS` unbridged
    years on a side, or where a declared break of meaning lies within a side: the pair is listed with the reason.

    Placebo years are all other years of the same series that could be compared; years in one gap that part the series
    alike count once. `placebo_share` is the share of them whose median difference is at least as large, up or down,
    as the event's. With few placebo years, or sides that overlap, it says little; it is no p-value.

    Args:
        series: reconciled yearly series, every setting; `kind` bridged = a year without facts.
        events: `event_id`, `year` (Int64; missing = undated), `place_id`; doubles removed.
        scales: scale of each definition; one that is absent is taken as `identity`.
        applies: for each place of a series the places whose events concern it (itself and those that contain it).
        lineage_of: the lineage of each published row that the series rest on.
        breaks: entries of `[[breaks]]`: `place`, `indicator`, `definition` (left out = any) and `year`.
        window_years: look at most this many years to either side; none = the whole series.

    Returns:
        Estimates of measure `before_after`, group `<definition>|<event>`, `year_from` the first year before and
        `year_to` the last year after, with `EXTRA_COLUMNS`; the status of every pair, `STATUS_COLUMNS`; every placebo
        year, `PLACEBO_COLUMNS`. All sorted.

    Source: interrupted time series without control (Bernal, Cummins and Gasparrini 2017, International Journal of
        Epidemiology 46 (1), 348-355), change of slope only; placebo dates after Abadie, Diamond and Hainmueller 2015,
        American Journal of Political Science 59 (2), 495-510.
    """
    plain = texts(events, "event_id", "place_id").assign(year=events["year"].to_numpy())
    found: list[tuple[Estimate, Draws, pd.DataFrame]] = []
    extra: list[dict[str, object]] = []
    status: list[dict[str, object]] = []
    placebos: list[dict[str, object]] = []
    for one in _yearly(series, tuple(breaks)):
        scale = scales.get(one.definition_id, "identity")
        keys = {"place_id": one.place_id, "definition_id": one.definition_id, "setting": one.setting}
        every = _every_year(one, scale, window_years)
        placebos.extend({**keys, "year": year, **_summary(draws)} for year, _, draws in every)
        concerned = plain[plain["place_id"].isin(list(applies.get(one.place_id, [one.place_id])))]
        for event_id, year in zip(concerned["event_id"], concerned["year"], strict=True):
            at = Sides((), ()) if pd.isna(year) else sides(one.unbridged, int(year), window_years)
            reason = "undated" if pd.isna(year) else one.reason(at)
            status.append({**keys, "event_id": event_id, **_status(year, at, reason)})
            if not reason:
                draws = difference(one, at, scale)
                found.append(_estimate(one, event_id, at, scale, draws, lineage_of))
                extra.append(_extra(one, event_id, int(year), at, scale, draws, every))
    order = ["place_id", "definition_id", "setting", "event_id"]
    return BeforeAfter(
        before_after=collect_estimates(found, extra, EXTRA_COLUMNS),
        status=typed(status, STATUS_COLUMNS).sort_values(order, kind="stable", ignore_index=True),
        placebo=typed(placebos, PLACEBO_COLUMNS).sort_values([*order[:3], "year"], kind="stable", ignore_index=True),
    )


def _yearly(series: Estimates, breaks: Sequence[Mapping[str, object]]) -> list[YearlySeries]:
    keys = ["place_id", "definition_id", "setting"]
    table = texts(series.table, *keys, "indicator", "unit", "estimate_id", "kind")
    out: list[YearlySeries] = []
    for (place_id, definition_id, setting), rows in table.groupby(keys, sort=True):
        ordered = rows.sort_values("year_from", kind="stable")
        named = {"place": place_id, "definition": definition_id, "indicator": str(ordered["indicator"].iloc[0])}
        out.append(
            YearlySeries(
                place_id=str(place_id),
                definition_id=str(definition_id),
                setting=str(setting),
                unit=str(ordered["unit"].iloc[0]),
                rows=ordered,
                draws=series.draws[ordered.index.to_numpy()],
                lineage=series.lineage[series.lineage["estimate_id"].isin(ordered["estimate_id"].tolist())],
                breaks=() if setting == BREAKS_NOT_TAKEN else _break_years(named, breaks),
            )
        )
    return out


def _break_years(named: Mapping[str, object], breaks: Sequence[Mapping[str, object]]) -> tuple[int, ...]:
    concerned = (
        entry for entry in breaks if all(entry.get(name) in (None, "", value) for name, value in named.items())
    )
    return tuple(sorted({int(str(entry["year"])) for entry in concerned}))


def _every_year(series: YearlySeries, scale: Scale, window_years: int | None) -> list[tuple[int, Sides, Draws]]:
    """The difference at every year of the series that allows one; of years that part it alike, the first."""
    years = series.unbridged
    out: dict[Sides, tuple[int, Sides, Draws]] = {}
    for year in range(min(years, default=0), max(years, default=-1) + 1):
        at = sides(years, year, window_years)
        if at not in out and not series.reason(at):
            out[at] = (year, at, difference(series, at, scale))
    return list(out.values())


def _summary(draws: Draws) -> dict[str, object]:
    return dict(zip(("value", "low", "high"), summarise(draws), strict=True))


def _status(year: object, at: Sides, reason: str) -> dict[str, object]:
    return {
        "event_year": year,
        "status": "not_estimable" if reason else "ok",
        "reason": reason,
        "n_before": len(at.before),
        "n_after": len(at.after),
        "years_before": ";".join(map(str, at.before)),
        "years_after": ";".join(map(str, at.after)),
    }


def _estimate(
    series: YearlySeries, event_id: str, at: Sides, scale: Scale, draws: Draws, lineage_of: Mapping[str, str]
) -> tuple[Estimate, Draws, pd.DataFrame]:
    used = series.rows[series.rows["year_from"].isin([*at.before, *at.after])]
    lineage = series.lineage[series.lineage["estimate_id"].isin(used["estimate_id"].tolist())]
    row_ids = {str(row_id) for row_id in lineage["row_id"]}
    value, low, high = summarise(draws)
    estimate = Estimate(
        measure="before_after",
        place_id=series.place_id,
        year_from=at.before[0],
        year_to=at.after[-1],
        group=f"{series.definition_id}|{event_id}",
        setting=series.setting,
        unit="per_year" if scale == "log" else f"{series.unit}_per_year",
        value=value,
        low=low,
        high=high,
        n=len(row_ids),
        n_lineages=len({lineage_of.get(row_id, row_id) for row_id in row_ids}),
    )
    return estimate, draws, lineage[["table", "row_id", "share"]]


def _extra(
    series: YearlySeries,
    event_id: str,
    year: int,
    at: Sides,
    scale: Scale,
    draws: Draws,
    every: Sequence[tuple[int, Sides, Draws]],
) -> dict[str, object]:
    own = abs(summarise(draws)[0]) * (1 - 1e-9)  # equal differences must not be told apart by rounding
    placebo = [summarise(other)[0] for _, split, other in every if split != at]
    return {
        "definition_id": series.definition_id,
        "event_id": event_id,
        "event_year": year,
        "scale": scale,
        "n_before": len(at.before),
        "n_after": len(at.after),
        "n_placebo": len(placebo),
        "placebo_share": float(np.mean([abs(value) >= own for value in placebo])) if placebo else None,
        "placebo_low": min(placebo, default=None),
        "placebo_high": max(placebo, default=None),
    }
