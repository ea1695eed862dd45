"""Partial dates `YYYY[-MM[-DD]]` as intervals of days, and what can be said of their order.

A date known to the year is the whole year `[1 January, 1 January of the next)`; two dates are in order only if their
intervals do not overlap. Days are whole numbers counted from 1970-01-01, so that medians and extremes are plain sums.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Literal

import pandas as pd

from townshift.errors import MeasureError

Order = Literal["before", "after", "same", "undetermined"]
"""What two intervals say of their order; `same` = equally dated, so not to be told apart."""

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")
_EPOCH = date(1970, 1, 1).toordinal()


def day_interval(written: str) -> tuple[int, int]:
    """The days `[start, end)` that a partial date may mean, counted from 1970-01-01.

    Raises:
        MeasureError: not of the form `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, or no such day.

    Example:
        >>> day_interval("1970"), day_interval("1970-02"), day_interval("1970-02-01")
        ((0, 365), (31, 59), (31, 32))
    """
    match = _PARTIAL.fullmatch(written)
    try:
        if match is None:
            raise ValueError(written)
        year, month, day = (None if part is None else int(part) for part in match.groups())
        start = date(year or 0, 1 if month is None else month, 1 if day is None else day)
        if month is None:
            end = date(start.year + 1, 1, 1)
        elif day is None:
            end = date(start.year + month // 12, month % 12 + 1, 1)
        else:
            end = start + timedelta(days=1)
    except ValueError:
        raise MeasureError.of("TS-DATE-001", value=written) from None
    return start.toordinal() - _EPOCH, end.toordinal() - _EPOCH


def day_intervals(written: pd.Series) -> pd.DataFrame:
    """`day_interval` of a column: columns `start_day`, `end_day` (Int64), missing where there is no date.

    Example:
        >>> day_intervals(pd.Series(["1970-01", None])).to_dict("list")
        {'start_day': [0, None], 'end_day': [31, None]}
    """
    found = [None if pd.isna(value) or not str(value) else day_interval(str(value)) for value in written]
    return pd.DataFrame(
        {
            "start_day": pd.array([None if pair is None else pair[0] for pair in found], dtype="Int64"),
            "end_day": pd.array([None if pair is None else pair[1] for pair in found], dtype="Int64"),
        },
        index=written.index,
    )


def iso(day: float) -> str:
    """A day counted from 1970-01-01 as `YYYY-MM-DD`; half days round down, a missing day is empty.

    Example:
        >>> iso(31), iso(float("nan"))
        ('1970-02-01', '')
    """
    return "" if pd.isna(day) else date.fromordinal(int(day // 1) + _EPOCH).isoformat()


def order(first: tuple[float, float], second: tuple[float, float]) -> Order:
    """Whether the first interval `[start, end)` lies before or after the second, or cannot be placed.

    Example:
        >>> order(day_interval("2006-09-14"), day_interval("2006-10")), order((0, 365), day_interval("1970-06"))
        ('before', 'undetermined')
    """
    if first == second:
        return "same"
    if first[1] <= second[0]:
        return "before"
    if first[0] >= second[1]:
        return "after"
    return "undetermined"
