"""A table that `map_batches` kept is stored sorted, whether it was kept in order or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from townshift.engine.tables import DuckDBEngine

SCHEMA = pa.schema([("key", pa.string()), ("n", pa.int64())])


def as_they_come(batches: Iterator[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
    yield from batches


@pytest.mark.parametrize("keys", [["a", "b", "c"], ["c", "a", "b"], ["a", "a", "b"]])
def test_what_batches_gave_is_stored_sorted_and_with_the_same_bytes(tmp_path: Path, keys: list[str]) -> None:
    rows = pa.table({"key": keys, "n": [3, 2, 1]}, schema=SCHEMA)
    pq.write_table(rows, tmp_path / "rows.parquet")
    engine = DuckDBEngine(tmp_path / "spill")
    table = engine.table(tmp_path / "rows.parquet")
    assert engine.write(engine.map_batches(table, as_they_come, SCHEMA), tmp_path / "kept.parquet") == 3
    engine.write(table, tmp_path / "sorted.parquet")
    engine.close()
    assert pq.read_table(tmp_path / "kept.parquet").equals(rows.sort_by([("key", "ascending"), ("n", "ascending")]))
    assert (tmp_path / "kept.parquet").read_bytes() == (tmp_path / "sorted.parquet").read_bytes()
