"""The rows of a table file as a DuckDB relation of text, each with its place in the file.

Two ways lead there and give the same rows. A plain file (UTF-8, every record on one line, all of one width) is read by
DuckDB itself, out of core. Any other is read record by record, which finds the physical line of every record, the
ragged ones and the broken characters, and is kept as Parquet in a temporary folder.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.engine.atomic import writing
from townshift.errors import StudyError
from townshift.study.schemas import schema

if TYPE_CHECKING:
    import duckdb

    from townshift.study.study import TableFile

ROW = "__row"
"""Column of a relation: the number of the record in the file, from 1."""

LINE = "__line"
"""Column of a relation: the physical line on which the record starts (CSV), or the number of the row (Parquet)."""

NUL_MARK = "\u2400"
"""Stands for a NUL byte while rows are checked, because a NUL ends a text for some readers."""

BROKEN_MARK = "\ufffd"
"""Stands for bytes that do not decode."""

BATCH = 20_000
LONGEST_CELL = 16 * 1024 * 1024


@dataclass(frozen=True)
class Ragged:
    """A record with another number of cells than the header."""

    line: int
    n_cells: int
    cells: tuple[str, ...]


class UnreadableError(Exception):
    """The file cannot be read as a table: `code` and `values` of the problem, `line` where it is known."""

    def __init__(self, code: str, values: dict[str, object] | None = None, line: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.values = values or {}
        self.line = line


@dataclass(frozen=True)
class Rows:
    """The rows of one table file.

    Attributes:
        header: the column names in the file.
        columns: those that the schema knows, in the file's order.
        query: SQL of the relation: `columns` as text with empty cells as NULL, without `ROW` and `LINE`.
        numbered: SQL of the same with `ROW` and `LINE`.
        ragged: records set apart because they do not fit the header.
        n_rows: records read, the ragged ones included.
    """

    header: tuple[str, ...]
    columns: tuple[str, ...]
    query: str
    numbered: str
    ragged: tuple[Ragged, ...]
    n_rows: int


def quoted(name: str) -> str:
    """A column or table name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"


def read_rows(
    con: duckdb.DuckDBPyConnection, file: TableFile, folder: Path, *, swap_xy: bool = False, careful: bool = False
) -> Rows:
    """The rows of a table file.

    Args:
        con: the connection that will use the relation.
        file: which file.
        folder: where temporary files may lie as long as the relation is used.
        swap_xy: `lon` and `lat` stand in each other's place.
        careful: read record by record even where the file looks plain.

    Raises:
        UnreadableError: the file is no table.
    """
    if file.format == "parquet":
        return _parquet(con, file, swap_xy)
    if file.encoding == "utf-16":
        raise UnreadableError("TS-DATA-002", {"encoding": "UTF-16"}, 1)
    header = _header(file)
    if not careful and file.plain and file.encoding in ("utf-8", "utf-8-sig"):
        found = _plain(con, file, header, swap_xy)
        if found is not None:
            return found
    return _by_record(file, header, folder, swap_xy)


def _known(file: TableFile, header: tuple[str, ...]) -> tuple[str, ...]:
    names = set(schema(file.name).names)
    return tuple(name for name in header if name in names)


def _select(columns: tuple[str, ...], swap_xy: bool, extra: str = "", *, nulls: bool = False) -> str:
    """The columns of a relation; `nulls` = the reader already gives NULL for an empty cell."""
    swapped = {"lon": "lat", "lat": "lon"} if swap_xy and {"lon", "lat"} <= set(columns) else {}
    cell = "{}" if nulls else "NULLIF({}, '')"
    parts = [f"{cell.format(quoted(swapped.get(name, name)))} AS {quoted(name)}" for name in columns]
    return ", ".join([*parts, extra] if extra else parts)


def _text(file: TableFile) -> io.TextIOBase:
    """The file as text, piece by piece; what does not decode is marked, never an error."""
    try:
        return file.path.open("r", encoding=file.encoding, errors="replace", newline="")
    except OSError as error:
        raise StudyError.of("TS-STUDY-016", file.label, file=file.label, reason=error.strerror) from error


def _header(file: TableFile) -> tuple[str, ...]:
    csv.field_size_limit(LONGEST_CELL)
    with _text(file) as handle:
        for record in csv.reader(handle):
            if record:
                header = tuple(cell.strip() for cell in record)
                break
        else:
            raise UnreadableError("TS-DATA-003")
    if len(header) == 1:
        for sign, name in ((";", ";"), ("\t", "Tab"), ("|", "|")):
            if sign in header[0]:
                raise UnreadableError("TS-DATA-026", {"sign": name}, 1)
    doubles = sorted({name for name in header if name and header.count(name) > 1})
    if doubles:
        raise UnreadableError("TS-DATA-006", {"column": ", ".join(doubles)}, 1)
    return header


def _plain(con: duckdb.DuckDBPyConnection, file: TableFile, header: tuple[str, ...], swap_xy: bool) -> Rows | None:
    """DuckDB's own reading, or None where the file turns out not to be plain."""
    import duckdb

    if not all(header):
        return None
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    source = (
        f"read_csv({literal(str(file.path))}, header=true, auto_detect=false, strict_mode=true, delim=',', "
        f"quote='\"', escape='\"', columns={{{types}}})"
    )
    columns = _known(file, header)
    try:
        found = con.execute(f"SELECT count(*), count({quoted(header[-1])}) FROM {source}").fetchone()
    except duckdb.Error:
        return None
    n_rows = int(found[0]) if found else 0
    if n_rows != file.lines - 1:
        return None
    query = f"SELECT {_select(columns, swap_xy, nulls=True)} FROM {source}"
    numbers = f"row_number() OVER () AS {ROW}, row_number() OVER () + 1 AS {LINE}"
    numbered = f"SELECT {_select(columns, swap_xy, numbers, nulls=True)} FROM {source}"
    return Rows(header, columns, query, numbered, (), n_rows)


def _by_record(file: TableFile, header: tuple[str, ...], folder: Path, swap_xy: bool) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = _known(file, header)
    places = [header.index(name) for name in columns]
    fields = pa.schema([(name, pa.string()) for name in columns] + [(ROW, pa.int64()), (LINE, pa.int64())])
    target = folder / f"{file.name}.{len(list(folder.iterdir()))}.parquet"
    ragged: list[Ragged] = []
    n_rows = 0
    with writing(target) as handle, pq.ParquetWriter(handle, fields, compression="lz4") as writer:
        numbers: list[int] = []
        lines: list[int] = []
        records: list[list[str]] = []

        def store() -> None:
            cells = list(zip(*records, strict=True)) if records else [()] * len(header)
            arrays = [pa.array(cells[place], pa.string()) for place in places]
            arrays += [pa.array(numbers, pa.int64()), pa.array(lines, pa.int64())]
            writer.write_batch(pa.record_batch(arrays, schema=fields))
            for batch in (numbers, lines, records):
                batch.clear()

        for line, record in _records(file):
            n_rows += 1
            if len(record) != len(header):
                ragged.append(Ragged(line, len(record), tuple(record[: len(header)])))
                continue
            numbers.append(n_rows)
            lines.append(line)
            records.append(record)
            if len(records) == BATCH:
                store()
        if records:
            store()
    source = f"read_parquet({literal(str(target))})"
    query = f"SELECT {_select(columns, swap_xy)} FROM {source}"
    numbered = f"SELECT {_select(columns, swap_xy, f'{ROW}, {LINE}')} FROM {source}"
    return Rows(header, columns, query, numbered, tuple(ragged), n_rows)


def _records(file: TableFile) -> Iterator[tuple[int, list[str]]]:
    """The records after the header, each with the physical line on which it starts; blank lines are no records.

    Raises:
        UnreadableError: a quotation mark is never closed and swallows the rest of the file.
    """
    with _text(file) as handle:
        lines = _Lines(handle)
        reader = csv.reader(lines)
        header_seen = False
        while True:
            start, quotes = reader.line_num + 1, lines.quotes
            try:
                record = next(reader, None)
            except csv.Error:
                raise UnreadableError("TS-DATA-001", line=start) from None
            if record is None:
                return
            if reader.line_num > start and lines.ended and (lines.quotes - quotes) % 2:
                raise UnreadableError("TS-DATA-001", line=start)
            if record and header_seen:
                yield start, record
            header_seen = header_seen or bool(record)


class _Lines:
    """Physical lines with NUL bytes marked; counts quotation marks and knows when the text has ended."""

    def __init__(self, handle: io.TextIOBase) -> None:
        self._handle = handle
        self.quotes = 0
        self.ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._handle.readline()
        if not line:
            self.ended = True
            raise StopIteration
        self.quotes += line.count('"')
        return line.replace("\0", NUL_MARK) if "\0" in line else line


def _parquet(con: duckdb.DuckDBPyConnection, file: TableFile, swap_xy: bool) -> Rows:
    import duckdb

    source = f"read_parquet({literal(str(file.path))})"
    try:
        described = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        found = con.execute(f"SELECT count(*) FROM {source}").fetchone()
    except duckdb.Error as error:
        raise UnreadableError("TS-DATA-027", {"reason": str(error).splitlines()[0]}) from None
    header = tuple(str(row[0]) for row in described)
    types = {str(row[0]): str(row[1]) for row in described}
    columns = _known(file, header)
    as_text = ", ".join(f"{_as_text(name, types[name])} AS {quoted(name)}" for name in columns) or "1"
    inner = f"(SELECT {as_text}, row_number() OVER () AS {ROW} FROM {source})"
    query = f"SELECT {_select(columns, swap_xy)} FROM (SELECT {as_text} FROM {source})"
    numbered = f"SELECT {_select(columns, swap_xy, f'{ROW}, {ROW} AS {LINE}')} FROM {inner}"
    return Rows(header, columns, query, numbered, (), int(found[0]) if found else 0)


def _as_text(name: str, kind: str) -> str:
    """A typed column as the text that a CSV would hold: whole floats without `.0`, dates as `YYYY-MM-DD`."""
    column = quoted(name)
    if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        whole = f"{column} = floor({column}) AND abs({column}) < 1e15"
        return (
            f"CASE WHEN isnan({column}::DOUBLE) THEN NULL WHEN {whole} THEN {column}::BIGINT::VARCHAR "
            f"ELSE {column}::VARCHAR END"
        )
    if kind.startswith("TIMESTAMP"):
        return f"{column}::DATE::VARCHAR"
    return f"{column}::VARCHAR"
