"""One test body for every engine: tables, frames, batches."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.batch_functions import HALVED, broken, halved, kinds, squares, stumbling, too_few
from engine.both_engines import gap_on_spark
from townshift import types
from townshift.engine.atomic import write_batches, write_parquet
from townshift.engine.tables import Engine, MixedColumnError, arrow_of, frame, frame_of, open_engine, storable_schema
from townshift.errors import EngineError, MeasureError

ROWS = 200_001


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


def test_whole_numbers_beside_nulls_are_not_rounded(engine: Engine, tmp_path: Path) -> None:
    import ibis

    exact = [2**62 + 1, None, -(2**62) - 1]
    pq.write_table(pa.table({"key": pa.array(exact)}), tmp_path / "t.parquet")
    named = ibis.memtable(pa.table({"key": pa.array(exact, pa.int64()), "name": ["a", "b", "c"]}))
    table = engine.table(tmp_path / "t.parquet")
    assert set(frame(table)["key"]) == set(exact[::2]) | {pd.NA}
    joined = frame(table.join(named, "key").order_by("key"))
    assert joined["key"].tolist() == [exact[2], exact[0]]
    assert joined["name"].tolist() == ["c", "a"]


def test_a_path_may_hold_signs_that_mean_something_elsewhere(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "a=1 [x] {y,z} %20 *?" / '织里\'s "t".parquet'
    path.parent.mkdir()
    pq.write_table(pa.table({"n": [7]}), path)
    assert frame(engine.table(path))["n"].tolist() == [7]


def test_a_file_written_again_is_read_again(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    for rows in ([1, 2], [3]):
        write_parquet(path, pa.table({"n": rows}))
        assert frame(engine.table(path).order_by("n"))["n"].tolist() == rows


def test_batches_give_what_the_whole_table_gives(engine: Engine, firms: Path) -> None:
    whole = pa.Table.from_batches(halved(iter(pq.read_table(firms).combine_chunks().to_batches())))
    streamed = engine.map_batches(engine.table(firms), halved, HALVED)
    pd.testing.assert_frame_equal(frame(streamed.order_by("firm")), frame_of(whole))
    assert frame(streamed.count().as_table()).iloc[0, 0] == ROWS // 2 + 1  # read twice, for it is a table


def test_batches_have_the_types_of_the_table(engine: Engine, tmp_path: Path) -> None:
    columns = {
        "day": pa.array([datetime.date(1006, 1, 2)]),
        "moment": pa.array([datetime.datetime(2006, 10, 21, 3, 4, 5, 6)]),
        "name": pa.array(["织里"]).dictionary_encode(),
        "draws": pa.array([[1.0, 2.0]]),
        "small": pa.array([3], pa.int16()),
        "bytes": pa.array([b"\x00"]),
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    table = engine.table(tmp_path / "t.parquet")
    summed = table.group_by(table.columns).aggregate(total=table["small"].sum())
    found = frame(engine.map_batches(summed, kinds, pa.schema([("kinds", pa.string())])))
    shown = "date32[day] timestamp[us] string list<double> int16 binary int64"
    assert set(found["kinds"]) == {shown}


@gap_on_spark("the function is done by another process, which has no engine")
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
    assert frame(engine.map_batches(joined, halved, HALVED))["half"].sum() == 6.0


def test_a_batch_of_another_schema_is_refused(engine: Engine, firms: Path) -> None:
    with pytest.raises(TypeError, match="'half'"):
        engine.map_batches(engine.table(firms), halved, pa.schema([("firm", pa.int64())]))


def test_what_a_function_of_batches_cannot_answer_for_comes_out_as_it_is(engine: Engine, firms: Path) -> None:
    with pytest.raises(MeasureError) as problem:
        engine.map_batches(engine.table(firms), stumbling, HALVED)
    assert [one.code for one in problem.value.problems] == ["TS-RUN-011"]
    assert "stumbling" in str(problem.value)


def test_chunks_give_the_answers_of_one_process_in_the_order_of_the_seeds(engine: Engine) -> None:
    seeds = [int(seed) for seed in np.random.default_rng(3).permutation(100)]
    for chunk_size in (1, 30, 200):
        assert engine.map_chunks(squares, seeds, chunk_size) == types.serial(squares, seeds, chunk_size)
    assert engine.map_chunks(squares, [], 4) == []


def test_a_defect_in_a_function_of_seeds_comes_out_as_it_is(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError, match="a defect"):
        engine.map_chunks(broken, range(50), 10)
    with pytest.raises(TypeError, match="seeds"):
        engine.map_chunks(too_few, range(50), 10)


def test_a_stored_table_is_sorted_and_has_the_same_bytes_whatever_its_order(
    engine: Engine, firms: Path, tmp_path: Path
) -> None:
    table = engine.table(firms)
    shuffled = table.order_by((table["firm"] * 7919) % 100_003)
    assert engine.write(shuffled, tmp_path / "a.parquet") == ROWS
    engine.write(table, tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert pq.read_table(tmp_path / "a.parquet")["firm"].to_pylist() == list(range(ROWS))


def test_every_engine_stores_the_same_bytes(engine: Engine, tmp_path: Path) -> None:
    random = np.random.default_rng(11)
    rows = 150_000

    def with_nulls(values: list[object], kind: pa.DataType) -> pa.Array:
        return pa.array(values, kind, mask=random.random(rows) < 0.1)

    texts = ["", "a", "Z", "é", "织里", "織里", "😀", "a b"]
    columns = {
        "text": with_nulls([texts[n] for n in random.integers(0, len(texts), rows)], pa.string()),
        "yes": with_nulls((random.random(rows) < 0.5).tolist(), pa.bool_()),
        "day": with_nulls([datetime.date.fromordinal(int(n)) for n in random.integers(1, 800_000, rows)], pa.date32()),
        "key": with_nulls(random.integers(-(2**62), 2**62, rows).tolist(), pa.int64()),
        "value": with_nulls((random.normal(size=rows) * 10.0 ** random.integers(-9, 9, rows)).tolist(), pa.float64()),
        "draws": pa.array(random.integers(0, 3, (rows, 2)).astype(float).tolist()),
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet", row_group_size=20_000)
    table = engine.table(tmp_path / "t.parquet")
    assert engine.write(table.drop_null("day"), tmp_path / "found.parquet") < rows
    order = [(name, "ascending") for name in columns if name != "draws"]
    expected = pa.table(columns).filter(pa.compute.field("day").is_valid()).sort_by(order)
    write_parquet(tmp_path / "expected.parquet", expected.cast(storable_schema(expected.schema)))
    assert (tmp_path / "found.parquet").read_bytes() == (tmp_path / "expected.parquet").read_bytes()


def test_an_empty_table_goes_through(engine: Engine, tmp_path: Path) -> None:
    empty = pa.schema([("firm", pa.int64()), ("size", pa.int64())]).empty_table()
    pq.write_table(empty, tmp_path / "t.parquet")
    found = engine.map_batches(engine.table(tmp_path / "t.parquet"), halved, HALVED)
    assert engine.write(found, tmp_path / "found.parquet") == 0
    assert pq.read_schema(tmp_path / "found.parquet").names == HALVED.names


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


@pytest.mark.parametrize(
    "url", ["postgres", "spark", "spark://", "spark://host", "spark://local[]", "local-cluster[2]"]
)
def test_an_engine_that_there_is_not_is_named(tmp_path: Path, url: str) -> None:
    with pytest.raises(EngineError, match="TS-RUN-005") as problem:
        open_engine(url, tmp_path)
    assert url in str(problem.value)
