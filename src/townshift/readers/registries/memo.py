"""Columns of text read value by value, each distinct value once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST = 400_000
"""Distinct values kept; memory stays bounded where every cell differs."""

OK = "ok"


@dataclass(frozen=True)
class Cells:
    """A column after reading.

    Attributes:
        values: what was read, null where nothing could be.
        wrong: reason → which rows, shape (rows,).
    """

    values: pa.Array
    wrong: dict[str, npt.NDArray[np.bool_]]


AsWritten = Callable[["pa.Array"], npt.NDArray[np.bool_]]
"""Which cells of a column of text are their own value."""


class Memo:
    """A function of one cell, applied to columns.

    Args:
        read: `read(text)` gives the value and `ok` or a reason.
        kind: type of the values.
        as_written: cells for which `read` would give the cell itself; None = not known of any.
    """

    def __init__(
        self, read: Callable[[str], tuple[Any, str]], kind: pa.DataType, as_written: AsWritten | None = None
    ) -> None:
        self._read = read
        self._kind = kind
        self._as_written = as_written
        self._known: dict[str, tuple[Any, str]] = {}

    def __call__(self, column: pa.Array) -> Cells:
        """The column as values, and which rows had a cell that could not be used as it is."""
        if self._as_written is None:
            return self._by_value(column)
        import pyarrow as pa
        import pyarrow.compute as pc

        other = ~self._as_written(column) & column.is_valid().to_numpy(zero_copy_only=False)
        if not other.any():
            return Cells(column, {})
        mask = pa.array(other)
        few = self._by_value(column.filter(mask))
        wrong = {}
        for reason, rows in few.wrong.items():
            wrong[reason] = np.zeros(len(column), bool)
            wrong[reason][np.flatnonzero(other)[rows]] = True
        return Cells(pc.replace_with_mask(column, mask, few.values), wrong)

    def _by_value(self, column: pa.Array) -> Cells:
        """The column read by its distinct values."""
        import pyarrow as pa

        coded = column.dictionary_encode()
        found = [self._one(value) for value in coded.dictionary.to_pylist()]
        values = pa.array([value for value, _ in found], self._kind).take(coded.indices)
        reasons = sorted({reason for _, reason in found if reason != OK})
        wrong = {}
        if reasons:
            places = coded.indices.fill_null(len(found)).to_numpy(zero_copy_only=False)
            for reason in reasons:
                wrong[reason] = np.array([one == reason for _, one in found] + [False])[places]
        return Cells(values, wrong)

    def _one(self, value: str) -> tuple[Any, str]:
        known = self._known.get(value)
        if known is None:
            if len(self._known) >= LARGEST:
                self._known.clear()
            known = self._known[value] = self._read(value)
        return known
