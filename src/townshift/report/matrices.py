"""Tables that are their own picture: counts or stances in shaded cells."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from townshift.report.blocks import Cell, Column, Table, cell
from townshift.report.words import Words, plain

if TYPE_CHECKING:
    import pandas as pd

EMPTY = plain("·")
"""Printed where nothing was recorded: silence, not zero."""


def summed(table: pd.DataFrame, row: str, column: str, value: str) -> dict[tuple[str, str], float]:
    """Sums of one column of a table in every cell of two others."""
    cells: dict[tuple[str, str], float] = {}
    for one, other, number in zip(table[row].astype(str), table[column].astype(str), table[value], strict=True):
        cells[one, other] = cells.get((one, other), 0.0) + float(number)
    return cells


RowKey = TypeVar("RowKey", bound=Hashable)
ColumnKey = TypeVar("ColumnKey", bound=Hashable)


def count_table(
    name: str,
    caption: Words,
    corner: Words,
    rows: Sequence[tuple[RowKey, Words]],
    columns: Sequence[tuple[ColumnKey, Words]],
    counts: Mapping[tuple[RowKey, ColumnKey], float],
    instead: Callable[[RowKey, ColumnKey], Words | None] | None = None,
) -> Table:
    """A matrix of counts, shaded by the square root of the count so that small ones stay visible.

    Args:
        name: file name of the CSV.
        caption: what is counted.
        corner: heading of the row titles.
        rows: key and title of each row.
        columns: key and title of each column.
        counts: number in each cell; a missing one is printed as a dot.
        instead: text to show in a cell instead of its count, or `None`.
    """
    most = max(counts.values(), default=1) or 1
    body: list[list[Cell]] = []
    for row, title in rows:
        line = [cell(title)]
        for column, _ in columns:
            shown = instead(row, column) if instead else None
            count = counts.get((row, column), 0)
            if shown is not None:
                line.append(cell(shown))
            elif count:
                line.append(cell(f"{count:g}", f"{count:g}", shade=(count / most) ** 0.5))
            else:
                line.append(Cell(EMPTY, ""))
        body.append(line)
    heads = [Column(corner), *(Column(title, number=True) for _, title in columns)]
    return Table(name, caption, heads, body, heat=True)
