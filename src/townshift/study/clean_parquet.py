"""Parquet files that are already what loading would write: they are used where they lie, not copied.

A national registry of tens of millions of rows is written once, by its importer, in the form that steps read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from townshift.engine.tables import BATCH_ROWS, rises_strictly
from townshift.study.schemas import Schema, schema

if TYPE_CHECKING:
    import pyarrow as pa

    from townshift.study.findings import CheckReport
    from townshift.study.study import Study, TableFile

DERIVED = ("same_as", "lineage", "package", "definition_id")
"""Columns that loading fills or changes; a table with one of them is always written anew."""


def loaded_schema(table: str) -> pa.Schema:
    """The Arrow schema of a table as it is loaded: every column, in the order and type of the published schema.

    Example:
        >>> loaded_schema("successions").names[:2]
        ['predecessor_id', 'successor_id']
    """
    import pyarrow as pa

    kinds = {"integer": pa.int64(), "number": pa.float64()}
    return pa.schema([pa.field(one.name, kinds.get(one.type, pa.string())) for one in schema(table).fields])


def is_clean(study: Study, file: TableFile, report: CheckReport) -> bool:
    """Whether a table's file is byte for byte usable as its loaded form.

    It must be Parquet with exactly the columns and types of `loaded_schema`, rising by its one key column, without
    empty texts or NaN, and nothing of it may have been set aside, left empty, swapped, shifted or derived.

    Args:
        study: the study.
        file: the table's file.
        report: what the check found in the study.
    """
    table = schema(file.name)
    about = study.manifest
    if file.format != "parquet" or len(table.primary_key) != 1 or set(DERIVED) & set(table.names):
        return False
    if report.set_aside.get(file.name) or report.emptied.get(file.name):
        return False
    if {"lon", "lat"} <= set(table.names) and (about.columns.swap_xy or about.study.crs_datum != "wgs84"):
        return False
    return _stored_as_loaded(file, table)


def _stored_as_loaded(file: TableFile, table: Schema) -> bool:
    import pyarrow.parquet as pq

    wanted = loaded_schema(table.table)
    if wanted.names[0] != table.primary_key[0] or not rises_strictly(file.path, wanted):
        return False
    with pq.ParquetFile(file.path) as parquet:
        return all(_has_no_empty_cell(batch) for batch in parquet.iter_batches(BATCH_ROWS))


def _has_no_empty_cell(batch: pa.RecordBatch) -> bool:
    """Whether no cell is an empty text or NaN, which loading would make missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for column in batch.columns:
        if pa.types.is_string(column.type) and pc.any(pc.equal(pc.binary_length(column), 0)).as_py():
            return False
        if pa.types.is_floating(column.type) and pc.any(pc.is_nan(column)).as_py():
            return False
    return True
