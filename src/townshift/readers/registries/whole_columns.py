"""Questions to all cells of a column at once, answered from their bytes: which need a closer look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int32]

_DAY_BYTES = 10
_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.uint8)
_FIRST_YEAR, _OPEN_YEAR = 1, 9999


def trimmed(column: pa.Array) -> tuple[pa.Array, Bools | None]:
    r"""Cells without blanks around them, full-width and other blanks of Unicode included.

    Args:
        column: text, shape (rows,).

    Returns:
        The column, and which cells changed; None if none did, and the column is the given one.

    Example:
        >>> import pyarrow as pa
        >>> found, changed = trimmed(pa.array(["a", " b", "\u3000丙\u3000", None]))
        >>> found.to_pylist(), changed.tolist()
        (['a', 'b', '丙', None], [False, True, True, False])
    """
    import pyarrow.compute as pc

    if not _has_blanks(column):
        return column, None
    found = pc.utf8_trim_whitespace(column)
    if pc.sum(pc.binary_length(found)) == pc.sum(pc.binary_length(column)):
        return column, None
    changed: Bools = pc.fill_null(pc.not_equal(pc.binary_length(found), pc.binary_length(column)), False).to_numpy(
        zero_copy_only=False
    )
    return found, changed


def _has_blanks(column: pa.Array) -> bool:
    """Whether a byte of any cell may be one of a blank: most columns of Chinese registers have none.

    In UTF-8 the blanks beyond ASCII begin with C2 (two bytes), E1 or E2 (three); the full-width one is E3 80 80.
    """
    data, offsets = _bytes_of(column)
    data = data[offsets[0] : offsets[-1]]
    if ((data <= 0x20) | (data == 0xC2) | (data == 0xE1) | (data == 0xE2)).any():
        return True
    return bool(((data[:-2] == 0xE3) & (data[1:-1] == 0x80) & (data[2:] == 0x80)).any())


def whole_days(column: pa.Array) -> Bools:
    """Which cells are written `YYYY-MM-DD` and are a day of the calendar; the year 9999 is none.

    Example:
        >>> import pyarrow as pa
        >>> whole_days(pa.array(["2010-05-01", "2010-02-29", "2012-02-29", "2010/05/01", None, "9999-12-31"])).tolist()
        [True, False, True, False, False, False]
    """
    data, offsets = _bytes_of(column)
    ten = np.diff(offsets) == _DAY_BYTES
    if not ten.any():
        return np.asarray(ten)
    filled = int(offsets[-1] - offsets[0])
    if filled == _DAY_BYTES * int(ten.sum()):  # all cells that are not empty stand side by side
        signs = data[offsets[0] : offsets[-1]].reshape(-1, _DAY_BYTES)
    else:
        signs = data[offsets[:-1][ten][:, None] + np.arange(_DAY_BYTES)]
    found = np.zeros(len(column), bool)
    found[ten] = _are_days(signs)
    return found


def _are_days(signs: Bytes) -> Bools:
    """Of rows of ten bytes, shape (rows, 10), those that are days."""
    year_signs = (0, 1, 2, 3)
    digits = [signs[:, place] - np.uint8(48) for place in (*year_signs, 5, 6, 8, 9)]
    right: Bools = (signs[:, 4] == ord("-")) & (signs[:, 7] == ord("-"))
    for one in digits:
        right &= one <= 9
    year = np.zeros(len(signs), np.int32)
    for place in year_signs:
        year = year * 10 + digits[place]
    month, day = digits[4] * np.uint8(10) + digits[5], digits[6] * np.uint8(10) + digits[7]
    right &= (year >= _FIRST_YEAR) & (year != _OPEN_YEAR) & (month >= 1) & (month <= 12) & (day >= 1)
    right &= day <= _DAYS[np.minimum(month, 12)]
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    return np.asarray(right & (leap | (month != 2) | (day <= 28)))


def _bytes_of(column: pa.Array) -> tuple[Bytes, Offsets]:
    """The bytes of a column of text and where each cell begins and the last ends, shape (rows + 1,)."""
    _, starts, data = column.buffers()
    if starts is None or not len(column):
        return np.zeros(0, np.uint8), np.zeros(len(column) + 1, np.int32)
    offsets = np.frombuffer(starts, np.int32)[column.offset : column.offset + len(column) + 1]
    return np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8), offsets
