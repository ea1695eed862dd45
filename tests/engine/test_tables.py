"""One test body for every engine: tables, frames, batches."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from townshift.engine.atomic import write_batches, write_parquet
from townshift.engine.tables import Engine, MixedColumnError, arrow_of, frame, frame_of, open_engine
from townshift.errors import EngineError

ROWS = 200_001


@pytest.fixture(params=["duckdb"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(request.param, tmp_path / "spill", workers=1)
    yield opened
    opened.close()
    assert not (tmp_path / "spill").exists()


@pytest.fixture
def firms(tmp_path: Path) -> Path:
    path = tmp_path / 'it\'s a "firms" table.parquet'
    table = pa.table({"firm": pa.array(range(ROWS)), "size": pa.array([row % 97 for row in range(ROWS)])})
    pq.write_table(table, path)
    return path


def test_a_frame_has_nullable_types_from_the_schema(engine: Engine, tmp_path: Path) -> None:
    day = datetime.date(2006, 10, 21)
    table = pa.table(
        {
            "year": pa.array([2006, None], pa.int32()),
            "name": pa.array(["火灾", None]),
            "yes": pa.array([True, None]),
            "value": pa.array([1.5, None], pa.float32()),
            "day": pa.array([day, None]),
            "draw": pa.array([[1.0, 2.0], None]),
            "nothing": pa.array([None, None], pa.null()),
            "kind": pa.array(["a", None]).dictionary_encode(),
        }
    )
    path = tmp_path / "t.parquet"
    pq.write_table(table, path)
    for found in (engine.frame(engine.table(path)), frame(engine.table(path)), frame_of(table)):
        assert [str(kind) for kind in found.dtypes][:4] == ["Int64", "string", "boolean", "float64"]
        assert str(found["kind"].dtype) == "string"
        assert found["year"].tolist() == [2006, pd.NA]
        assert found["day"][0] == day
        assert found["draw"][0].tolist() == [1.0, 2.0]
        assert np.isnan(found["value"][1])


def test_sums_of_whole_numbers_stay_whole(engine: Engine, firms: Path) -> None:
    table = engine.table(firms)
    found = frame(table.aggregate(total=table["size"].sum(), mean=table["size"].mean()))
    assert str(found["total"].dtype) == "Int64"
    assert found["total"][0] == sum(row % 97 for row in range(ROWS))


def _halved(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        kept = batch.filter(pa.compute.equal(pa.compute.bit_wise_and(batch["firm"], 1), 0))
        yield pa.record_batch({"firm": kept["firm"], "half": pa.compute.divide(kept["size"].cast(pa.float64()), 2)})


HALVED = pa.schema([("firm", pa.int64()), ("half", pa.float64())])


def test_batches_give_what_the_whole_table_gives(engine: Engine, firms: Path) -> None:
    import pyarrow.compute  # noqa: F401 - the function above runs here on every engine so far

    whole = pa.Table.from_batches(_halved(iter(pq.read_table(firms).combine_chunks().to_batches())))
    streamed = engine.map_batches(engine.table(firms), _halved, HALVED)
    pd.testing.assert_frame_equal(frame(streamed.order_by("firm")), frame_of(whole))
    assert frame(streamed.count().as_table()).iloc[0, 0] == ROWS // 2 + 1  # read twice, for it is a table


def test_a_function_of_batches_may_ask_the_engine_meanwhile(engine: Engine, firms: Path) -> None:
    table = engine.table(firms)
    n_batches = []

    def asking(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            n_batches.append(frame(table.count().as_table()).iloc[0, 0])
            yield pa.record_batch({"firm": batch["firm"]})

    found = engine.map_batches(table, asking, pa.schema([("firm", pa.int64())]))
    assert frame(found)["firm"].sum() == ROWS * (ROWS - 1) // 2
    assert len(n_batches) > 1
    assert set(n_batches) == {ROWS}


def test_batches_of_a_table_in_memory_joined_to_one_on_disk(engine: Engine, firms: Path) -> None:
    import ibis

    named = ibis.memtable(pd.DataFrame({"firm": [2, 4, 6]}))
    joined = engine.table(firms).join(named, "firm").select("firm", "size")
    assert frame(engine.map_batches(joined, _halved, HALVED))["half"].sum() == 6.0


def test_a_batch_of_another_schema_is_refused(engine: Engine, firms: Path) -> None:
    with pytest.raises(TypeError, match="'half'"):
        engine.map_batches(engine.table(firms), _halved, pa.schema([("firm", pa.int64())]))


def test_a_stored_table_is_sorted_and_has_the_same_bytes_whatever_its_order(
    engine: Engine, firms: Path, tmp_path: Path
) -> None:
    table = engine.table(firms)
    shuffled = table.order_by((table["firm"] * 7919) % 100_003)
    assert engine.write(shuffled, tmp_path / "a.parquet") == ROWS
    engine.write(table, tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert pq.read_table(tmp_path / "a.parquet")["firm"].to_pylist() == list(range(ROWS))


@pytest.mark.parametrize("rows", [0, 1, 122_880, 122_881, 400_000])
def test_the_cut_of_a_stream_leaves_no_trace_in_the_file(tmp_path: Path, rows: int) -> None:
    table = pa.table({"n": pa.array(range(rows), pa.int64()), "text": pa.array([str(n % 7) for n in range(rows)])})
    write_parquet(tmp_path / "whole.parquet", table)
    for size in (997, 122_880, 200_000):
        assert write_batches(tmp_path / "cut.parquet", table.schema, table.to_batches(max_chunksize=size)) == rows
        assert (tmp_path / "cut.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert pq.read_table(tmp_path / "whole.parquet").equals(table)


def test_pandas_metadata_and_index_leave_no_trace_in_the_file(tmp_path: Path) -> None:
    found = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    write_parquet(tmp_path / "a.parquet", arrow_of(found))
    write_parquet(tmp_path / "b.parquet", arrow_of(found.set_index(pd.Index([5, 6], name="i"))))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


COLUMNS = {
    "Int64": st.integers(-(2**63), 2**63 - 1),
    "float64": st.floats(allow_nan=False),
    "string": st.text(st.characters(exclude_categories=["Cs"])),
    "boolean": st.booleans(),
}


@given(st.data())
def test_a_frame_survives_storage(data: st.DataObject) -> None:
    rows = data.draw(st.integers(0, 5))
    found = pd.DataFrame(
        {
            kind: pd.array(data.draw(st.lists(st.none() | values, min_size=rows, max_size=rows)), dtype=kind)
            for kind, values in COLUMNS.items()
        }
    )
    again = frame_of(arrow_of(found))
    pd.testing.assert_frame_equal(again, found, check_exact=True)
    assert arrow_of(again).equals(arrow_of(found))


def test_an_empty_column_and_a_category_are_stored_as_text() -> None:
    found = arrow_of(pd.DataFrame({"none": [None, None], "kind": pd.Categorical(["a", None])}))
    assert found.schema.types == [pa.string(), pa.string()]


def test_a_column_of_several_types_is_named() -> None:
    with pytest.raises(MixedColumnError) as problem:
        arrow_of(pd.DataFrame({"fine": [1, 2], "mixed": [1, "secret"]}))
    assert problem.value.args == ("mixed",)


@pytest.mark.parametrize(("url", "code"), [("spark://host:7077", "TS-RUN-006"), ("postgres", "TS-RUN-005")])
def test_an_engine_that_is_not_there_is_named(tmp_path: Path, url: str, code: str) -> None:
    with pytest.raises(EngineError, match=code):
        open_engine(url, tmp_path)
