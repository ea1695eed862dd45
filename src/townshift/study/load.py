"""From the files of a study to clean, typed Parquet: `out/tables/<table>.parquet`.

A table with personal columns goes to `private/tables/` instead: nothing under `out/` holds a person's name. A Parquet
file that already is what would be written is used where it lies.

Rows that the check set aside are gone, cells that it could not use are empty, optional columns are there, and what a
study may leave out is derived: definition, standard value and unit, lineage, package. Sorted by key; the same study
gives the same bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.engine.atomic import clean, write_batches, write_text
from townshift.engine.tables import BATCH_ROWS, cast, storable_schema
from townshift.errors import StudyError
from townshift.study.check import check_key, check_study, examination, set_aside_file
from townshift.study.clean_parquet import is_clean
from townshift.study.figures import definition_column
from townshift.study.reading import ROW, Rows, literal, quoted, read_rows
from townshift.study.rules import cell_rules
from townshift.study.schemas import Field, Schema, schema
from townshift.study.units import canonical_unit, conversion

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from townshift.study.datum import Datum
    from townshift.study.study import Study, TableFile

_TYPES = {"integer": "BIGINT", "number": "DOUBLE"}


def table_file(study: Study, table: str) -> Path:
    """Where the cleaned rows of a table lie: in `private/` if a column of its schema is personal."""
    personal = any(one.personal for one in schema(table).fields)
    return (study.private if personal else study.out) / "tables" / f"{table}.parquet"


def load_table(study: Study, name: str) -> Path:
    """The cleaned, typed rows of a table as a Parquet file; all tables are written the first time one is asked for.

    Args:
        study: the study.
        name: a table that it has.

    Raises:
        KeyError: the study has no such table.
        StudyError: the study has a fatal problem.
        EngineError: `out` cannot be written.
    """
    if name not in study.tables:
        raise KeyError(name)
    key = check_key(study)
    stored = _stored(study, key)
    if stored is None or (name not in stored.as_they_are and stored.sizes.get(name) != _size(table_file(study, name))):
        stored = _load_all(study, key)
    return study.tables[name].path if name in stored.as_they_are else table_file(study, name)


@dataclass(frozen=True)
class _Loaded:
    """What loading did: sizes of the files written by table, and the tables whose own files are used."""

    sizes: dict[str, int]
    as_they_are: list[str]


def _stored(study: Study, key: str) -> _Loaded | None:
    try:
        stored = json.loads((study.out / "cache" / "tables.json").read_text("utf-8"))
        return _Loaded(dict(stored["sizes"]), list(stored["as_they_are"])) if stored["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _load_all(study: Study, key: str) -> _Loaded:
    report = check_study(study)
    if report.fatal:
        raise StudyError(*report.fatal)
    clean(study.private)
    with examination(study) as exam:
        as_they_are = [file.name for file in study.tables.values() if is_clean(study, file, report)]
        for file in study.tables.values():
            if file.name in as_they_are:
                _view(exam.con, file.name, file.path)
                continue
            rows = read_rows(exam.con, file, exam.folder, swap_xy=study.manifest.columns.swap_xy)
            _write(exam.con, study, file, rows, mend=bool(report.emptied.get(file.name)))
    sizes = {name: _size(table_file(study, name)) for name in study.tables if name not in as_they_are}
    stored = {"key": key, "sizes": sizes, "as_they_are": as_they_are}
    write_text(study.out / "cache" / "tables.json", json.dumps(stored, indent=1))
    return _Loaded(sizes, as_they_are)


def _view(con: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    """Let the tables loaded after this one look its rows up."""
    con.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS FROM read_parquet({literal(str(path))})")


def _write(con: duckdb.DuckDBPyConnection, study: Study, file: TableFile, rows: Rows, *, mend: bool) -> None:
    table = schema(file.name)
    con.execute(f"CREATE TEMP VIEW {quoted(file.name)} AS {_typed(study, table, file, rows, mend=mend)}")
    _resolve_doubles(con, table)
    selected = _derived(con, study, table, rows.columns)
    keys = ", ".join(quoted(column) for column in table.primary_key)
    reader = con.execute(f"{selected} ORDER BY {keys}").to_arrow_reader(BATCH_ROWS)
    stored = storable_schema(reader.schema)
    target = table_file(study, file.name)
    write_batches(target, stored, (_in_wgs84(cast(batch, stored), study.manifest.study.crs_datum) for batch in reader))
    _view(con, file.name, target)


def _in_wgs84(batch: pa.RecordBatch, datum: Datum) -> pa.RecordBatch:
    """A batch whose points, if it has any, are turned from the study's datum into WGS 84."""
    if datum == "wgs84" or not {"lon", "lat"} <= set(batch.schema.names):
        return batch
    import pyarrow as pa

    from townshift.study.datum import to_wgs84

    given = [batch.column(name).to_numpy(zero_copy_only=False) for name in ("lon", "lat")]
    for name, values in zip(("lon", "lat"), to_wgs84(given[0], given[1], datum), strict=True):
        place = batch.schema.get_field_index(name)
        batch = batch.set_column(place, name, pa.array(values, pa.float64(), from_pandas=True))
    return batch


def _typed(study: Study, table: Schema, file: TableFile, rows: Rows, *, mend: bool) -> str:
    """SQL of the rows that stay, every column of the schema in its type.

    Cells that cannot be used are left empty if there are any (`mend`); looking for them again costs more than the rest.
    """
    unusable: dict[str, list[str]] = {}
    for rule in cell_rules(table, rows.columns, plain=file.plain) if mend else ():
        if rule.effect == "emptied":
            for column in (rule.column, *rule.also):
                unusable.setdefault(column, []).append(rule.bad)
    columns = ", ".join(_column(one, rows.columns, unusable.get(one.name, [])) for one in table.fields)
    gone = set_aside_file(study.out, table.table)
    kept = f" WHERE {ROW} NOT IN (SELECT row FROM read_parquet({literal(str(gone))}))" if gone.is_file() else ""
    return f"SELECT {columns} FROM ({rows.numbered}){kept}"


def _column(one: Field, present: tuple[str, ...], unusable: list[str]) -> str:
    kind = _TYPES.get(one.type, "VARCHAR")
    if one.name not in present:
        return f"NULL::{kind} AS {quoted(one.name)}"
    value = f"try_cast({quoted(one.name)} AS {kind})"
    if unusable:
        value = f"CASE WHEN {' OR '.join(unusable)} THEN NULL ELSE {value} END"
    return f"{value} AS {quoted(one.name)}"


def _resolve_doubles(con: duckdb.DuckDBPyConnection, table: Schema) -> None:
    """Lead every `same_as` to the first entry itself: chains are followed, rings and lost ends undone."""
    roots: list[tuple[str, str | None]] = []
    if "same_as" in table.names:
        key = quoted(table.primary_key[0])
        pairs = con.execute(
            f"SELECT {key}, same_as FROM {quoted(table.table)} WHERE same_as IS NOT NULL ORDER BY 1"
        ).fetchall()
        known = f"SELECT {key} FROM {quoted(table.table)} WHERE {key} IN (SELECT same_as FROM {quoted(table.table)})"
        existing = {str(row[0]) for row in con.execute(known).fetchall()}
        roots = _roots(
            {str(name): str(first) for name, first in pairs if first in existing}, [str(one[0]) for one in pairs]
        )
    con.execute(f"CREATE TEMP TABLE {quoted('roots_' + table.table)} (id VARCHAR, root VARCHAR)")
    if roots:
        con.executemany(f"INSERT INTO {quoted('roots_' + table.table)} VALUES (?, ?)", roots)


def _roots(first_of: dict[str, str], names: list[str]) -> list[tuple[str, str | None]]:
    """The first entry of every row that names one; of a ring the smallest id is taken for the first.

    Example:
        >>> _roots({"c": "b", "b": "a"}, ["b", "c", "x"])
        [('b', 'a'), ('c', 'a'), ('x', None)]
        >>> _roots({"a": "b", "b": "a"}, ["a", "b"])
        [('a', None), ('b', 'a')]
    """
    found: list[tuple[str, str | None]] = []
    for name in names:
        path = [name]
        while (after := first_of.get(path[-1])) is not None and after not in path:
            path.append(after)
        ring = path[path.index(after) :] if after is not None else []
        root = min(ring) if ring else path[-1]
        found.append((name, None if root == name else root))
    return found


def _derived(con: duckdb.DuckDBPyConnection, study: Study, table: Schema, present: tuple[str, ...]) -> str:
    """SQL of the table with what a study may leave out.

    A row's own lineage wins over its source's, and that over the source itself. Package and date are taken from the
    source only where the whole column is left out: an empty cell says "none seen".
    """
    names = table.names
    own: dict[str, str] = {name: f"t.{quoted(name)}" for name in names}
    joins = ""
    for key in table.foreign_keys:
        parent = key.table or table.table
        if not table.field(key.field).required and key.field != "same_as" and parent in study.tables:
            known = f"SELECT {quoted(key.target)} FROM {quoted(parent)}"
            own[key.field] = f"CASE WHEN t.{quoted(key.field)} IN ({known}) THEN t.{quoted(key.field)} END"
    if "same_as" in names:
        key_column = quoted(table.primary_key[0])
        joins += f" LEFT JOIN {quoted('roots_' + table.table)} d ON t.{key_column} = d.id"
        own["same_as"] = "d.root"
    if table.table == "sources":
        own["lineage"] = "coalesce(t.lineage, t.source_id)"
    elif "lineage" in names:
        sourced = "sources" in study.tables
        joins += " LEFT JOIN sources s ON t.source_id = s.source_id" if sourced else ""
        own["lineage"] = (
            "coalesce(t.lineage, s.lineage, t.source_id)" if sourced else "coalesce(t.lineage, t.source_id)"
        )
        for name in ("package", "published"):
            if name in names and name not in present and sourced:
                own[name] = f"s.{name}"
    if table.table == "facts":
        _factors(con, study)
        joins += " LEFT JOIN factors f ON f.definition = coalesce(t.definition_id, t.indicator) AND f.unit = t.unit"
        joins += " AND f.given IS NOT DISTINCT FROM t.unit_std"
        own["definition_id"] = "coalesce(t.definition_id, t.indicator)"
        own["value_std"] = "coalesce(t.value_std, t.value * f.numerator / f.denominator)"
        own["unit_std"] = "coalesce(t.unit_std, f.target)"
        own["qualifier"] = "coalesce(t.qualifier, 'exact')"
        own["flag"] = "coalesce(t.flag, 'ok')"
    columns = ", ".join(f"{own[name]} AS {quoted(name)}" for name in names)
    return f"SELECT {columns} FROM {quoted(table.table)} t{joins}"


def _factors(con: duckdb.DuckDBPyConnection, study: Study) -> None:
    """A table `factors`: by what the value of each kind of fact is multiplied and divided, and into which unit."""
    definition = definition_column(("definition_id",))
    units: dict[str, str] = {}
    if "indicators" in study.tables:
        units = {
            str(name): str(unit) for name, unit in con.execute("SELECT indicator, unit FROM indicators").fetchall()
        }
    kinds = con.execute(f"SELECT DISTINCT {definition}, unit, unit_std FROM facts ORDER BY ALL").fetchall()
    found = []
    for name, unit, unit_std in kinds:
        target = unit_std or units.get(name) or canonical_unit(unit)
        factor = conversion(unit, target) or Fraction(1)
        found.append((name, unit, unit_std, target, float(factor.numerator), float(factor.denominator)))
    con.execute(
        "CREATE TEMP TABLE factors (definition VARCHAR, unit VARCHAR, given VARCHAR, target VARCHAR, "
        "numerator DOUBLE, denominator DOUBLE)"
    )
    if found:
        con.executemany("INSERT INTO factors VALUES (?, ?, ?, ?, ?, ?)", found)
