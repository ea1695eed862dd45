"""Dates of registry records as intervals of days, and what is wrong with them: whole columns at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from townshift.process.kernel import Column, Scalar, kernel
from townshift.process.registry.code_points import utf8_buffers

DATE_FLAGS = (
    "ok",
    "missing_entry",
    "unreadable",
    "too_old",
    "future",
    "closed_before_opened",
    "unreadable_exit",
    "future_exit",
)
"""What `RecordDates.flag` counts: one word a record, the gravest.

`too_old` and `future` are entries before or after any real one (1900, 2199 stand for "not known"): the entry is taken
as missing. A `future_exit` means open; an unreadable one is taken as open and said. `closed_before_opened` keeps both
dates: such a record is counted, but in no stock.
"""

OK, MISSING, UNREADABLE, TOO_OLD, FUTURE, CONTRADICTORY, UNREADABLE_EXIT, FUTURE_EXIT = range(len(DATE_FLAGS))

Days = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class RecordDates:
    """Entry and exit of each record as days `[from, to)` since 1970-01-01.

    Attributes:
        entry: shape (rows, 2).
        exit: shape (rows, 2).
        has_entry: whether the entry is known.
        has_exit: whether the record has ended; else it is open.
        flag: index in `DATE_FLAGS`.
    """

    entry: Days
    exit: Days
    has_entry: npt.NDArray[np.bool_]
    has_exit: npt.NDArray[np.bool_]
    flag: npt.NDArray[np.int8]


def record_dates(opened: pa.Array, closed: pa.Array, earliest_year: int, latest_year: int) -> RecordDates:
    """Read partial dates `YYYY[-MM[-DD]]` of entry and exit.

    A date known to the year is the whole year, as in `partial_dates`.

    Args:
        opened: first day of each record, as text.
        closed: first day on which it no longer holds; empty = open.
        earliest_year: entries before it are no dates (`too_old`).
        latest_year: entries after it are no dates (`future`); exits after it mean open.

    Example:
        >>> opened, closed = pa.array(["1970-02", "1900-01-01", "1971"]), pa.array([None, "1980", "1970"])
        >>> found = record_dates(opened, closed, 1901, 2030)
        >>> found.entry[0].tolist(), [DATE_FLAGS[flag] for flag in found.flag]
        ([31, 59], ['ok', 'too_old', 'closed_before_opened'])
    """
    size = len(opened)
    entry, ended = np.zeros((size, 2), dtype=np.int32), np.zeros((size, 2), dtype=np.int32)
    states = np.zeros((size, 2), dtype=np.int8)
    _read_dates(*utf8_buffers(opened), entry, states[:, 0], earliest_year, latest_year)
    _read_dates(*utf8_buffers(closed), ended, states[:, 1], 0, latest_year)
    has_entry, has_exit = states[:, 0] == OK, states[:, 1] == OK
    flag = states[:, 0].copy()
    flag[(flag == OK) & (states[:, 1] == UNREADABLE)] = UNREADABLE_EXIT
    flag[(flag == OK) & (states[:, 1] == FUTURE)] = FUTURE_EXIT
    flag[has_entry & has_exit & (ended[:, 1] <= entry[:, 0])] = CONTRADICTORY
    return RecordDates(entry, ended, has_entry, has_exit, flag)


@kernel
def _number(data: Column, start: Scalar, stop: Scalar) -> Scalar:
    """Digits as a number, -1 where another sign is among them."""
    value = 0
    for i in range(start, stop):
        if data[i] < 48 or data[i] > 57:
            return -1
        value = 10 * value + data[i] - 48
    return value if stop > start else -1


@kernel
def _day(year: Scalar, month: Scalar, day: Scalar) -> Scalar:
    """Days since 1970-01-01 in the Gregorian calendar (Hinnant 2013, days from civil)."""
    y = year - (1 if month <= 2 else 0)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


@kernel
def _read_one(data: Column, start: Scalar, stop: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """First day, day after the last, year; the year is -1 where the text is no date."""
    size = stop - start
    if size not in (4, 7, 10) or (size > 4 and data[start + 4] != 45) or (size > 7 and data[start + 7] != 45):
        return 0, 0, -1
    year = _number(data, start, start + 4)
    month = _number(data, start + 5, start + 7) if size > 4 else 1
    if year < 1 or month < 1 or month > 12:
        return 0, 0, -1
    if size == 4:
        return _day(year, 1, 1), _day(year + 1, 1, 1), year
    following = _day(year + month // 12, month % 12 + 1, 1)
    if size == 7:
        return _day(year, month, 1), following, year
    day = _number(data, start + 8, start + 10)
    first = _day(year, month, day)
    if day < 1 or first >= following:
        return 0, 0, -1
    return first, first + 1, year


@kernel
def _read_dates(data: Column, offsets: Column, days: Column, states: Column, earliest: Scalar, latest: Scalar) -> None:
    for row in range(offsets.size - 1):
        if offsets[row] == offsets[row + 1]:
            states[row] = MISSING
            continue
        first, end, year = _read_one(data, offsets[row], offsets[row + 1])
        if year < 0:
            states[row] = UNREADABLE
        elif year < earliest:
            states[row] = TOO_OLD
        elif year > latest:
            states[row] = FUTURE
        else:
            days[row, 0], days[row, 1] = first, end
