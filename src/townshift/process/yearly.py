"""Reconciled yearly series as the measures of question 1 see them: years, joint draws, and which years are bridged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.types import BASE_SETTING, Estimates

BREAKS_NOT_TAKEN = "breaks_not_taken"
"""Name of the setting under which the declared breaks are not taken."""


@dataclass(frozen=True, slots=True)
class YearlySeries:
    """One reconciled series: place x definition under one setting.

    Attributes:
        place_id: where.
        definition_id: what is really measured.
        indicator: the name the definition is a meaning of; breaks may be declared for it.
        setting: name of the setting, `base` for the numbers that are shown.
        unit: unit of `draws`.
        years: shape (years,), ascending calendar years.
        draws: shape (years, draws), in `unit`.
        bridged: shape (years,), true where no fact stands behind the year: such years decide nothing.
        ids: estimate id of every year.
        flags: flags of every year.
        n_lineages: independent originals behind every year.
    """

    place_id: str
    definition_id: str
    indicator: str
    setting: str
    unit: str
    years: npt.NDArray[np.int64]
    draws: npt.NDArray[np.float64]
    bridged: npt.NDArray[np.bool_]
    ids: tuple[str, ...]
    flags: tuple[tuple[str, ...], ...]
    n_lineages: tuple[int, ...]

    def position(self, year: int) -> int | None:
        """Row of a year, None if the series does not reach it."""
        found = np.flatnonzero(self.years == year)
        return int(found[0]) if found.size else None

    def fact_years(self) -> npt.NDArray[np.int64]:
        """The years that facts stand behind, ascending."""
        return self.years[~self.bridged]


@dataclass(frozen=True, slots=True)
class Span:
    """Two years to compare; `bridged` if a value at one of them is bridged."""

    year_from: int
    year_to: int
    bridged: bool

    @property
    def length(self) -> int:
        """Years between the two."""
        return self.year_to - self.year_from


def yearly_series(found: Estimates) -> list[YearlySeries]:
    """The series in a table of estimates, the base setting first, then by setting, place and definition.

    Args:
        found: the result `series`: one row per place, definition, year and setting.

    Returns:
        One `YearlySeries` per place, definition and setting; years without a draw are left out.
    """
    table = found.table.reset_index(drop=True)
    if table.empty:
        return []
    usable = np.isfinite(found.draws).any(axis=1)
    table = table.iloc[np.flatnonzero(usable)]
    keys = ["setting", "place_id", "measure"]
    out: list[YearlySeries] = []
    for (setting, place, definition), rows in table.groupby(keys, sort=True):
        ordered = rows.sort_values("year_from")
        at = ordered.index.to_numpy()
        indicator = str(ordered["indicator"].iloc[0]) if "indicator" in ordered else str(definition)
        out.append(
            YearlySeries(
                place_id=str(place),
                definition_id=str(definition),
                indicator=indicator,
                setting=str(setting),
                unit=str(ordered["unit"].iloc[0]),
                years=ordered["year_from"].to_numpy(dtype=np.int64),
                draws=found.draws[at],
                bridged=(ordered["kind"] == "bridged").to_numpy(dtype=bool),
                ids=tuple(map(str, ordered["estimate_id"])),
                flags=tuple(_words(text) for text in ordered["flags"]),
                n_lineages=tuple(int(count) for count in ordered["n_lineages"]),
            )
        )
    return sorted(out, key=lambda one: (one.setting != BASE_SETTING, one.setting, one.place_id, one.definition_id))


def _words(text: object) -> tuple[str, ...]:
    return tuple(word for word in text.split(";") if word) if isinstance(text, str) else ()


def break_years(series: YearlySeries, breaks: Iterable[Mapping[str, object]]) -> tuple[int, ...]:
    """Declared break years of one series: the first years in which the figure means something else.

    A break is declared for a place and for an indicator, a definition, or both; an entry left out applies to all.
    Under the setting `breaks_not_taken` there are none.

    Args:
        series: the series in question.
        breaks: entries of `[[breaks]]` of `study.toml`: place, indicator, definition, year.
    """
    if series.setting == BREAKS_NOT_TAKEN:
        return ()
    years: set[int] = set()
    for entry in breaks:
        wanted = (
            ("place", series.place_id),
            ("indicator", series.indicator),
            ("definition", series.definition_id),
        )
        if all(entry.get(name) in (None, "", value) for name, value in wanted):
            years.add(int(str(entry["year"])))
    return tuple(sorted(years))


def breaks_between(break_list: Sequence[int], year_from: int, year_to: int) -> tuple[int, ...]:
    """The breaks that separate two years: a break in year b separates every year before b from b and later.

    Example:
        >>> breaks_between((2010,), 2008, 2010), breaks_between((2010,), 2010, 2014)
        ((2010,), ())
    """
    return tuple(year for year in break_list if year_from < year <= year_to)


def widest_span(*series: YearlySeries) -> Span | None:
    """The longest span over which all series can be compared.

    Its ends are years that facts stand behind in every series. Where fewer than two such years exist, the ends are
    the first and last year that all series reach, and the span is marked bridged: it may be shown but decides nothing.

    Returns:
        The span, None where the series share fewer than two years.

    Example:
        >>> def one(years, bridged):
        ...     n = len(years)
        ...     return YearlySeries("p", "d", "d", "base", "count", np.array(years), np.ones((n, 2)),
        ...                         np.array(bridged), ("",) * n, ((),) * n, (1,) * n)
        >>> widest_span(one([2000, 2001, 2002], [False, True, False]), one([2000, 2001, 2002], [False, False, False]))
        Span(year_from=2000, year_to=2002, bridged=False)
        >>> widest_span(one([2000, 2001], [False, False]), one([2000, 2001], [False, True]))
        Span(year_from=2000, year_to=2001, bridged=True)
    """
    firm = set.intersection(*(set(one.fact_years().tolist()) for one in series))
    if len(firm) >= 2:
        return Span(min(firm), max(firm), bridged=False)
    shared = set.intersection(*(set(one.years.tolist()) for one in series))
    if len(shared) >= 2:
        return Span(min(shared), max(shared), bridged=True)
    return None
