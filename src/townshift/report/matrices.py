"""Tables that are their own picture: counts or stances in shaded cells."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

from townshift.report.blocks import Cell, Column, Table, cell
from townshift.report.words import Words, plain

EMPTY = plain("·")
"""Printed where nothing was recorded: silence, not zero."""


def count_table(
    name: str,
    caption: Words,
    corner: Words,
    rows: Sequence[tuple[Hashable, Words]],
    columns: Sequence[tuple[Hashable, Words]],
    counts: Mapping[tuple[Hashable, Hashable], float],
    note: Callable[[Hashable, Hashable], Words | None] = lambda row, column: None,
) -> Table:
    """A matrix of counts, shaded by the square root of the count so that small ones stay visible.

    Args:
        name: file name of the CSV.
        caption: what is counted.
        corner: heading of the row titles.
        rows: key and title of each row.
        columns: key and title of each column.
        counts: number in each cell; a missing one is printed as a dot.
        note: text to show instead of a count, or `None`.
    """
    most = max(counts.values(), default=1) or 1
    body: list[list[Cell]] = []
    for row, title in rows:
        line = [cell(title)]
        for column, _ in columns:
            instead = note(row, column)
            count = counts.get((row, column), 0)
            if instead is not None:
                line.append(cell(instead))
            elif count:
                line.append(cell(f"{count:g}", f"{count:g}", shade=(count / most) ** 0.5))
            else:
                line.append(Cell(EMPTY, ""))
        body.append(line)
    heads = [Column(corner), *(Column(title, number=True) for _, title in columns)]
    return Table(name, caption, heads, body, heat=True)
