"""Rows in the order of their keys, more than memory holds: sorted runs on disk, then one range of keys at a time.

A range holds all rows whose key lies in it, from all runs, so that what a step must know of a number's other rows is
there. Sorting a range in memory costs less than half of what a general external sort of wide rows does.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from townshift.engine.atomic import write_error
from townshift.readers.registries.keys import boundary

if TYPE_CHECKING:
    import pyarrow as pa

KEY = "key"
RUN_ROWS = 65_536
RANGE_ROWS = 250_000
PIECE_ROWS = 1_024
"""A run is stored in pieces of so many rows, so that a range reads little more of it than its own rows."""

SAMPLED = 64
"""One key of so many is kept to cut the ranges."""


class Runs:
    """Tables of one schema with a column `key`, given back range by range, in no promised order within a range.

    Use as a context; the files vanish with it.
    """

    def __init__(self, schema: pa.Schema, folder: Path) -> None:
        self._schema = schema
        self._path = folder / "runs.arrow"
        self._waiting: list[pa.Table] = []
        self._n_waiting = 0
        self._samples: list[str] = []
        self._firsts: list[list[bytes]] = []
        self._writer: Any = None
        self.rows = 0

    def __enter__(self) -> Runs:
        import pyarrow as pa

        self._writer = pa.ipc.new_file(str(self._path), self._schema)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        self._path.unlink(missing_ok=True)

    def add(self, table: pa.Table) -> None:
        """Take rows in.

        Raises:
            EngineError: the disk is full.
        """
        if table.num_rows:
            self._waiting.append(table)
            self._n_waiting += table.num_rows
        if self._n_waiting >= RUN_ROWS:
            self._write_run()

    def _write_run(self) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self._n_waiting:
            return
        table = pa.concat_tables(self._waiting).combine_chunks()
        self._waiting, self._n_waiting = [], 0
        table = table.take(pc.sort_indices(table, sort_keys=[(KEY, "ascending")]))
        keys = table.column(KEY).combine_chunks()
        self._samples += keys[SAMPLED // 2 :: SAMPLED].to_pylist()
        self._firsts.append([key.encode("utf-8") for key in keys[::PIECE_ROWS].to_pylist()])
        self.rows += table.num_rows
        try:
            self._writer.write_table(table.combine_chunks(), max_chunksize=PIECE_ROWS)
        except OSError as problem:
            raise write_error(self._path, problem) from problem
        pa.default_memory_pool().release_unused()

    def ranges(self, group_characters: int = 0) -> Iterator[pa.Table]:
        """The rows by rising ranges of keys, cut where no number or firm is cut. No rows can be added any more.

        Args:
            group_characters: how many first characters of a key stay together; 0 = those of one number.
        """
        import pyarrow as pa

        self._write_run()
        self._writer.close()
        cuts = [cut.encode("utf-8") for cut in self._cuts(group_characters)]
        with pa.OSFile(str(self._path)) as stored:
            file = pa.ipc.open_file(stored)
            for low, high in zip([None, *cuts], [*cuts, None], strict=True):
                parts = [part for part in self._parts(file, low, high) if part.num_rows]
                if parts:
                    table = pa.Table.from_batches(parts).combine_chunks()
                    del parts
                    yield table
                    del table

    def _parts(self, file: Any, low: bytes | None, high: bytes | None) -> Iterator[pa.RecordBatch]:  # noqa: ANN401
        """The rows of every run whose key is at least `low` and less than `high`."""
        base = 0
        for firsts in self._firsts:
            start = 0 if low is None else max(bisect_left(firsts, low) - 1, 0)
            end = len(firsts) if high is None else bisect_left(firsts, high)
            for piece in range(start, end):
                batch = file.get_batch(base + piece)
                keys = batch.column(KEY)
                begin = 0 if low is None else _position(keys, low)
                until = len(keys) if high is None else _position(keys, high)
                yield batch.slice(begin, until - begin)
            base += len(firsts)

    def _cuts(self, group_characters: int) -> list[str]:
        """Keys at which the ranges begin, the first left out."""
        keys = sorted(boundary(key, group_characters) for key in self._samples)
        n_ranges = max(1, -(-self.rows // RANGE_ROWS))
        cuts = {keys[len(keys) * place // n_ranges] for place in range(1, n_ranges)} if keys else set()
        return sorted(cuts - {""}, key=lambda cut: cut.encode("utf-8"))


def _position(keys: pa.Array, wanted: bytes) -> int:
    """How many keys of a rising array lie before `wanted`."""
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        if keys[middle].as_py().encode("utf-8") < wanted:
            low = middle + 1
        else:
            high = middle
    return low
