"""Tables on an engine: Parquet files as `ibis.Table`, pandas where a measure needs memory, batches for the rest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from townshift.engine.atomic import copy_parquet, write_batches
from townshift.engine.chunks import map_chunks
from townshift.errors import EngineError

if TYPE_CHECKING:
    import ibis
    import pandas as pd
    import pyarrow as pa

    BatchFunction = Callable[[Iterator[pa.RecordBatch]], Iterable[pa.RecordBatch]]

Result = TypeVar("Result")

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

MEMORY_LIMIT = "1500MB"
"""What DuckDB may keep before it spills to disk, Python's own memory on top; without it, it keeps all it finds."""

BATCH_ROWS = 65_536
"""Rows of the Arrow batches that `map_batches` hands over; an engine may hand over fewer."""


class Engine(Protocol):
    """Where tables live and work is done; one test body runs on each engine."""

    def table(self, path: Path) -> ibis.Table:
        """The Parquet file as a table; nothing is read yet."""
        ...

    def frame(self, table: ibis.Table) -> pd.DataFrame:
        """The table in memory, as `townshift.engine.frame` gives it."""
        ...

    def map_batches(self, table: ibis.Table, function: BatchFunction, schema: pa.Schema) -> ibis.Table:
        """Apply a function to the table as a stream of Arrow batches.

        The function gets an iterator of batches, with the types of the table's schema, and returns batches of
        `schema`. It is called once, or once per partition on a cluster (and again where a worker was lost), and sees
        the rows of a partition in no promised cut: its answer for a row may not depend on other rows. It must be
        importable where the work is done. The order of the result is not promised.
        """
        ...

    def map_chunks(
        self, function: Callable[[Sequence[int]], list[Result]], seeds: Sequence[int], chunk_size: int
    ) -> list[Result]:
        """A `types.ChunkMapper`: `function` of every seed in the order of `seeds`, whatever the number of workers."""
        ...

    def write(self, table: ibis.Table, path: Path) -> int:
        """Store a table, sorted by all its columns, as Parquet with the same bytes for the same rows; count them."""
        ...

    def close(self) -> None:
        """Give back memory, connections and temporary files."""
        ...


def open_engine(url: str, folder: Path, workers: int | None = None) -> Engine:
    """The engine that a URL names, loaded only now.

    Parameters:
        url: `duckdb`, `spark://host:port`, `spark://local[N]` or `local-cluster[executors,cores,megabytes]`.
        folder: where the engine may put temporary files; removed when it is closed.
        workers: number of processes for `map_chunks`; as many as there are cores if `None`. A cluster has its own.

    Raises:
        EngineError: no such engine, or it lacks something here or on its workers.
    """
    check_engine(url)
    if url == "duckdb":
        return DuckDBEngine(folder, workers)
    from townshift.engine.spark import SparkEngine

    return SparkEngine(url, folder, workers)


def check_engine(url: str) -> None:
    """Refuse an engine that there is not, or that lacks something on this machine; nothing is started.

    Raises:
        EngineError: no such engine; PySpark or Java is missing.
    """
    if url.startswith(("spark://", "local-cluster")):
        from townshift.engine.spark_session import check_spark

        check_spark(url)
    elif url != "duckdb":
        raise EngineError.of("TS-RUN-005", engine=url)


def limit_threads() -> None:
    """Give numerical libraries that are not loaded yet one thread each, unless the environment says otherwise.

    How they split a sum must not depend on the machine; parallel work goes through `chunks`.
    """
    for name in _THREADS:
        os.environ.setdefault(name, "1")


class DuckDBEngine:
    """Tables on DuckDB, in this process and out of core."""

    def __init__(self, folder: Path, workers: int | None = None) -> None:
        import ibis

        shutil.rmtree(folder, ignore_errors=True)
        self._folder = folder
        self._workers = workers
        settings = {"temp_directory": str(folder), "memory_limit": MEMORY_LIMIT}
        self._backend: Any = ibis.duckdb.connect(":memory:", **settings)
        self._views: dict[Path, str] = {}
        self._spilled: dict[str, Path] = {}

    def table(self, path: Path) -> ibis.Table:
        """The Parquet file as a table; nothing is read yet.

        The view is not a temporary one, as Ibis would make it, because cursors do not see those.
        """
        path = path.resolve()
        if path not in self._views:
            self._views[path] = f"t{len(self._views)}_{path.stem}"
        view = self._views[path].replace('"', '""')
        file = str(path).replace("'", "''")
        self._backend.con.execute(f"CREATE OR REPLACE VIEW \"{view}\" AS FROM read_parquet('{file}')")
        return self._backend.table(self._views[path])

    def frame(self, table: ibis.Table) -> pd.DataFrame:
        """The table in memory."""
        return frame(table)

    def map_batches(self, table: ibis.Table, function: BatchFunction, schema: pa.Schema) -> ibis.Table:
        """Apply a function to the table as a stream of Arrow batches; the result is kept in a temporary file."""
        taken = storable_schema(table.schema().to_pyarrow())
        with self._stream(table) as reader:
            return self._spill(schema, checked(function(cast(batch, taken) for batch in reader), schema))

    def map_chunks(
        self, function: Callable[[Sequence[int]], list[Result]], seeds: Sequence[int], chunk_size: int
    ) -> list[Result]:
        """`function` of every seed in the order of `seeds`, on local processes."""
        return map_chunks(function, seeds, chunk_size, self._workers)

    def write(self, table: ibis.Table, path: Path) -> int:
        """Store a table, sorted by all its columns; one that was kept in that order already is only copied."""
        schema = storable_schema(table.schema().to_pyarrow())
        kept = self._kept_in_order(table, schema)
        if kept is not None:
            return copy_parquet(kept, path)
        with self._stream(table.order_by(table.columns)) as reader:
            return write_batches(path, schema, (cast(batch, schema) for batch in reader))

    def close(self) -> None:
        """Close the connection and remove temporary files."""
        self._backend.disconnect()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _kept_in_order(self, table: ibis.Table, schema: pa.Schema) -> Path | None:
        """The file of a table that is just what `map_batches` kept and whose first column rises strictly."""
        import ibis.expr.operations as ops

        operation = table.op()
        path = self._spilled.get(operation.name) if isinstance(operation, ops.DatabaseTable) else None
        if path is None or not rises_strictly(path, schema):
            return None
        return path

    def _stream(self, table: ibis.Table) -> pa.RecordBatchReader:
        """The rows as batches, read from a cursor of their own so that other queries do not end the stream."""
        import ibis.expr.operations as ops

        if table.op().find(ops.InMemoryTable):  # belongs to the first connection only, as temporary views do
            reader = table.to_pyarrow_batches(chunk_size=BATCH_ROWS)
            table = self._spill(reader.schema, reader)
        cursor = self._backend.con.cursor()
        return cursor.execute(self._backend.compile(table)).to_arrow_reader(BATCH_ROWS)

    def _spill(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> ibis.Table:
        path = self._folder / f"spilled_{len(self._spilled) + 1}.parquet"
        write_batches(path, schema, batches)
        table = self.table(path)
        self._spilled[self._views[path.resolve()]] = path
        return table


def rises_strictly(path: Path, schema: pa.Schema) -> bool:
    """Whether a Parquet file has this schema and its first column rises strictly, so that it is sorted by all columns.

    Texts are compared as the engine sorts them, by their UTF-8 bytes.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        if not file.schema_arrow.remove_metadata().equals(schema):
            return False
        last: pa.Scalar | None = None
        for batch in file.iter_batches(BATCH_ROWS, columns=[schema.names[0]]):
            column = batch.column(0)
            if column.null_count or not len(column):
                return False
            steps = pc.all(pc.less(column.slice(0, len(column) - 1), column.slice(1)), min_count=0)
            if not steps.as_py() or (last is not None and not pc.less(last, column[0]).as_py()):
                return False
            last = column[len(column) - 1]
    return True


def frame(table: ibis.Table) -> pd.DataFrame:
    """A table in memory, with the dtypes of its schema: the only way from a table to pandas.

    Whole numbers become `Int64`, text `string`, truth values `boolean`, all other numbers `float64` (missing: NaN);
    dates stay `datetime.date` and lists numpy arrays, as objects.
    """
    return frame_of(table.to_pyarrow())


def optional_frame(table: ibis.Table | None) -> pd.DataFrame | None:
    """A table in memory, where the study has it."""
    return None if table is None else frame(table)


def read_frame(path: Path) -> pd.DataFrame:
    """A stored table in memory, with the dtypes of `frame`; for readers that need no engine.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    import pyarrow.parquet as pq

    return frame_of(pq.read_table(path))


def frame_of(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as pandas, with the dtypes of `frame`."""
    import pandas as pd
    import pyarrow as pa

    for position, field in enumerate(table.schema):
        wanted = field.type
        if pa.types.is_decimal(wanted):
            wanted = pa.int64() if wanted.scale == 0 else pa.float64()
        elif pa.types.is_integer(wanted):
            wanted = pa.int64()
        elif pa.types.is_floating(wanted):
            wanted = pa.float64()
        elif pa.types.is_null(wanted) or pa.types.is_large_string(wanted) or pa.types.is_dictionary(wanted):
            wanted = pa.string()
        if wanted != field.type:
            table = table.set_column(position, field.name, table.column(position).cast(wanted))
    nullable = {pa.int64(): pd.Int64Dtype(), pa.string(): pd.StringDtype(), pa.bool_(): pd.BooleanDtype()}
    found: pd.DataFrame = table.to_pandas(types_mapper=nullable.get)
    return found


def arrow_of(table: pd.DataFrame) -> pa.Table:
    """A pandas frame as Arrow, without its index; a column of nothing but nulls is text, a category its text.

    Raises:
        MixedColumnError: a column holds values of several types.
    """
    import pyarrow as pa

    columns: dict[str, pa.Array] = {}
    for name in table.columns:
        try:
            columns[str(name)] = pa.array(table[name], from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as problem:
            raise MixedColumnError(str(name)) from problem
    found = pa.table(columns)
    return found.cast(storable_schema(found.schema))


class MixedColumnError(TypeError):
    """A column cannot be stored; its only argument is the column's name."""


def storable_schema(schema: pa.Schema) -> pa.Schema:
    """The schema under which a table is stored: one type of text and list, no column of type null, no metadata."""
    import pyarrow as pa

    return pa.schema([pa.field(field.name, _storable(field.type)) for field in schema])


def cast(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch with the types of a schema of the same columns."""
    return batch if batch.schema.equals(schema) else batch.cast(schema)


def _storable(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _storable(kind.value_type)
    if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_list(kind) or pa.types.is_list(kind):
        return pa.list_(_storable(kind.value_type))
    return kind


def checked(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The batches, each of the schema.

    Raises:
        TypeError: one is not.
    """
    for batch in batches:
        if not batch.schema.equals(schema):
            raise TypeError(f"map_batches: a batch has the columns {batch.schema.names}, declared are {schema.names}")
        yield batch
