"""Rows whose cells stand in their neighbours' columns although the row has the right width."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from townshift.readers.registries.mapping import Layout
from townshift.readers.registries.records import Rows
from townshift.readers.registries.values import half_width, read_date

if TYPE_CHECKING:
    import pyarrow as pa

Bools = npt.NDArray[np.bool_]

_DATES = ("from", "to")
_WHOLE_DAY = 10
_LONG_DATE = 8
"""A number of fewer signs, such as a capital of 40000, is not taken for a date that slipped."""


def shifted_rows(
    rows: Rows, layout: Layout, number_pattern: str, texts: dict[str, pa.Array], undated: Bools | None
) -> Bools:
    """Which rows are shifted by one column: a date or a number is not what it should be, and a neighbour is.

    Args:
        rows: the rows as they stand in the file.
        layout: the file's columns.
        number_pattern: what a registered number looks like; empty = not known.
        texts: column of the study → its cells.
        undated: rows whose `from` could not be read.

    Returns:
        Shape (rows,).
    """
    found = np.zeros(len(rows.lines), bool)
    if undated is not None and undated.any():
        dated = {place for target in _DATES for place in layout.positions.get(target, ())}
        for row in np.flatnonzero(undated):
            neighbours = _neighbours(rows, layout.positions["from"], int(row), dated)
            found[row] = any(_is_day(cell) for cell in neighbours)
    if number_pattern and "registered_number" in texts:
        looks = re.compile(number_pattern)
        own = layout.positions["registered_number"]
        for row in np.flatnonzero(_unlike(texts["registered_number"], number_pattern)):
            found[row] |= any(looks.fullmatch(cell) for cell in _neighbours(rows, own, int(row), set(own)))
    return found


def _unlike(numbers: pa.Array, pattern: str) -> Bools:
    """Rows that have a number, but none that looks like one."""
    import pyarrow.compute as pc

    like = pc.match_substring_regex(numbers, f"^(?:{pattern})$")
    unlike: Bools = ~pc.fill_null(like, True).to_numpy(zero_copy_only=False)
    return unlike


def _neighbours(rows: Rows, places: tuple[int, ...], row: int, but: set[int]) -> list[str]:
    names = set(rows.table.column_names)
    beside = {place + step for place in places for step in (-1, 1)} - but
    cells = [rows.table.column(f"c{place}")[row].as_py() for place in sorted(beside) if f"c{place}" in names]
    return [half_width(cell) for cell in cells if cell]


def _is_day(cell: str) -> bool:
    found, _ = read_date(cell, day_first=True) if len(cell) >= _LONG_DATE else (None, "")
    return found is not None and len(found) == _WHOLE_DAY
