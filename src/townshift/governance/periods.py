"""Periods of calendar years: declared, by decade, or between the turns that dated events define."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from townshift.errors import MeasureError

UNDATED = "undated"
"""Where a row without a date is counted."""

OUTSIDE = "outside"
"""Where a dated row outside all periods is counted: shown, never dropped."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Calendar years from `year_from` to `year_to`, both included."""

    year_from: int
    year_to: int

    @property
    def name(self) -> str:
        """How tables call the period.

        Example:
            >>> Period(1978, 1999).name, Period(2006, 2006).name
            ('1978-1999', '2006')
        """
        return f"{self.year_from}" if self.year_from == self.year_to else f"{self.year_from}-{self.year_to}"


def declared(pairs: Iterable[Sequence[int]]) -> tuple[Period, ...]:
    """Periods as a study declares them, `[[from, to], ...]`, sorted.

    Raises:
        MeasureError: a period that ends before it begins, or two that share a year.

    Example:
        >>> [period.name for period in declared([[2000, 2010], [1978, 1999]])]
        ['1978-1999', '2000-2010']
    """
    periods = tuple(sorted(Period(int(pair[0]), int(pair[1])) for pair in pairs))
    for period in periods:
        if period.year_to < period.year_from:
            raise MeasureError.of("TS-GOV-001", period=period.name)
    for earlier, later in pairwise(periods):
        if later.year_from <= earlier.year_to:
            raise MeasureError.of("TS-GOV-002", earlier=earlier.name, later=later.name)
    return periods


def decades(years: Iterable[int]) -> tuple[Period, ...]:
    """The calendar decades that hold the given years, with the empty ones between them.

    Example:
        >>> [period.name for period in decades([1978, 1999, 2003])]
        ['1970-1979', '1980-1989', '1990-1999', '2000-2009']
    """
    starts = sorted({year // 10 * 10 for year in years})
    return tuple(Period(start, start + 9) for start in range(starts[0], starts[-1] + 1, 10)) if starts else ()


def between(cuts: Iterable[int], years: Iterable[int]) -> tuple[Period, ...]:
    """Periods that begin in the years of `cuts` (a turn's median year, say) and together span `years`.

    Example:
        >>> [period.name for period in between([2006, 2014], [1978, 2026])]
        ['1978-2005', '2006-2013', '2014-2026']
    """
    span = sorted(set(years))
    if not span:
        return ()
    starts = [span[0], *sorted({cut for cut in cuts if span[0] < cut <= span[-1]})]
    return tuple(
        Period(start, following - 1) for start, following in zip(starts, [*starts[1:], span[-1] + 1], strict=True)
    )


def period_of(year: int | None, periods: Sequence[Period]) -> tuple[str, int | None, int | None]:
    """Name and years of the period that a year lies in.

    Example:
        >>> period_of(2007, (Period(2000, 2009),)), period_of(None, ()), period_of(2030, (Period(2000, 2009),))
        (('2000-2009', 2000, 2009), ('undated', None, None), ('outside', None, None))
    """
    if year is None:
        return UNDATED, None, None
    for period in periods:
        if period.year_from <= year <= period.year_to:
            return period.name, period.year_from, period.year_to
    return OUTSIDE, None, None


def choose(
    pairs: Sequence[Sequence[int]], by: Literal["decades", "turns"], years: Iterable[int], cuts: Iterable[int]
) -> tuple[Period, ...]:
    """The declared periods if there are any, else decades or the spans between `cuts`, as `by` says.

    Example:
        >>> [period.name for period in choose([], "turns", years=[1978, 2020], cuts=[2006])]
        ['1978-2005', '2006-2020']
    """
    if pairs:
        return declared(pairs)
    return between(cuts, years) if by == "turns" else decades(years)
