"""Tables on Spark: the same answers as on DuckDB, from as many machines as a cluster has."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from townshift.engine.atomic import write_batches
from townshift.engine.chunks import check_importable, chunks_of, joined
from townshift.engine.spark_session import explained, start_session
from townshift.engine.spark_worker import on_batches, on_chunk, packed, unpacked
from townshift.engine.tables import cast, frame, storable_schema

if TYPE_CHECKING:
    import ibis
    import pandas as pd
    import pyarrow as pa
    from ibis.expr.operations import InMemoryTable
    from pyspark.sql import DataFrame, SparkSession

    from townshift.engine.tables import BatchFunction

Result = TypeVar("Result")

CHUNK_RUNS = 20
"""The fewest seeds in a chunk: fewer would not repay the way to a worker."""

_GLOB = str.maketrans({sign: f"\\{sign}" for sign in "\\{}[]*?"})


class SparkEngine:
    """Tables on a Spark cluster, driven from this process.

    Parameters:
        url: `spark://host:port`, `spark://local[N]` or `local-cluster[executors,cores,megabytes]`.
        folder: for temporary files of the driver; removed by `close`. Workers elsewhere must see it.
        workers: threads of `spark://local`; a cluster has its own number of workers.

    Raises:
        EngineError: the session could not be started, or its workers cannot do the work.
    """

    def __init__(self, url: str, folder: Path, workers: int | None = None) -> None:
        folder = folder.resolve()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._url = url
        self._folder = folder
        try:
            self._session = start_session(url, folder, workers)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._backend = _connect(self._session, url)
        self._views: dict[Path, str] = {}
        self._n_views = 0

    def table(self, path: Path) -> ibis.Table:
        """The Parquet file as a table; only its schema is read yet."""
        path = path.resolve()
        with explained(self._url):
            found = self._session.read.parquet(f"file://{path.as_posix()}".translate(_GLOB))
            self._views[path] = self._named(found, self._views.get(path))
        return self._backend.table(self._views[path])

    def frame(self, table: ibis.Table) -> pd.DataFrame:
        """The table in memory."""
        return frame(table)

    def map_batches(self, table: ibis.Table, function: BatchFunction, schema: pa.Schema) -> ibis.Table:
        """Apply a function to each partition of the table as a stream of Arrow batches.

        The result lies on the workers' disks; what a lost worker held is computed again from the table.

        Raises:
            TypeError: the function cannot be imported by a worker, or gives a batch that is not of `schema`.
        """
        import ibis
        from ibis.backends.pyspark.datatypes import PySparkSchema
        from pyspark import StorageLevel

        check_importable(function, "map_batches")
        taken = storable_schema(table.schema().to_pyarrow())
        stored = PySparkSchema.from_ibis(ibis.Schema.from_pyarrow(storable_schema(schema)))
        with explained(self._url):
            found = self._query(table).mapInArrow(partial(on_batches, function, taken, schema), stored)
            found = found.persist(StorageLevel.DISK_ONLY)
            found.count()
            return self._backend.table(self._named(self._without_history(found)))

    def map_chunks(
        self, function: Callable[[Sequence[int]], list[Result]], seeds: Sequence[int], chunk_size: int
    ) -> list[Result]:
        """`function` of every seed in the order of `seeds`, on the workers, at least `CHUNK_RUNS` seeds at a time."""
        chunks = chunks_of(seeds, max(chunk_size, CHUNK_RUNS))
        if not chunks:
            return []
        check_importable(function, "map_chunks")
        context = self._session.sparkContext
        with explained(self._url):
            work = context.parallelize(list(enumerate(chunks)), len(chunks))
            return joined(chunks, dict(work.map(partial(on_chunk, function)).collect()))

    def write(self, table: ibis.Table, path: Path) -> int:
        """Store a table, sorted by all its columns: sorted by the workers, written here one batch after the other."""
        schema = storable_schema(table.schema().to_pyarrow())
        batches = self._stream(table.order_by(table.columns))
        return write_batches(path, schema, (cast(batch, schema) for batch in batches))

    def close(self) -> None:
        """End the session and remove temporary files."""
        with suppress(Exception):  # a cluster that is gone cannot be left in order
            self._session.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _query(self, table: ibis.Table) -> DataFrame:
        found: DataFrame = self._backend.dataframe(table)
        return found

    def _stream(self, table: ibis.Table) -> Iterator[pa.RecordBatch]:
        """The rows in their order; no more than one partition is here at a time."""
        with explained(self._url):
            for row in self._query(table).mapInArrow(packed, "rows binary").toLocalIterator():
                yield from unpacked(row.rows)

    def _without_history(self, kept: DataFrame) -> DataFrame:
        """The rows of a kept table under a plan that begins with them.

        Otherwise Spark would plan each later question together with all that went before, twice as long at every step
        that joins a table with itself. Lost rows are still computed again: the partitions remember how.
        """
        from pyspark.sql import DataFrame

        rows = kept.select("*")._jdf.queryExecution().toRdd()
        return DataFrame(
            self._session._jsparkSession.internalCreateDataFrame(rows, kept._jdf.schema(), False), kept.sparkSession
        )

    def _named(self, found: DataFrame, name: str | None = None) -> str:
        if name is None:
            self._n_views += 1
            name = f"t{self._n_views}"
        found.createOrReplaceTempView(name)
        return name


def _connect(session: SparkSession, url: str) -> Any:  # noqa: ANN401 - Ibis has no types for this module
    """Ibis on the session, through Arrow both ways: through pandas, whole numbers beside nulls would be rounded."""
    from ibis.backends.pyspark import Backend

    class ArrowBackend(Backend):  # type: ignore[misc]
        """Ibis's backend for Spark, without pandas."""

        def dataframe(self, table: ibis.Table) -> DataFrame:
            self._run_pre_execute_hooks(table)
            found: DataFrame = session.sql(self.compile(table))
            return found

        def to_pyarrow(self, expr: ibis.Expr, /, **options: Any) -> Any:  # noqa: ANN401 - table, column or scalar
            from ibis.formats.pyarrow import PyArrowData

            table = expr.as_table()
            with explained(url):
                self._run_pre_execute_hooks(table)
                found = session.sql(self.compile(table, **options)).toArrow()
            return expr.__pyarrow_result__(PyArrowData.convert_table(found, table.schema()))

        def _register_in_memory_table(self, op: InMemoryTable) -> None:
            found = session.createDataFrame(op.data.to_pyarrow(op.schema))
            found.createOrReplaceTempView(op.name)

    backend = ArrowBackend()
    backend.register_options()
    return backend.connect(session)
