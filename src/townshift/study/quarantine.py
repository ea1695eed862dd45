"""Rows that were set aside, kept for the user to mend: `out/quarantine/<table>.csv`."""

from __future__ import annotations

import codecs
import csv
import heapq
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.engine.atomic import remove, writing
from townshift.locales import text
from townshift.study.examination import VALUE, Examined
from townshift.study.findings import HIDDEN
from townshift.study.reading import LINE, ROW, quoted
from townshift.study.rules import Rule
from townshift.study.schemas import Schema, schema

if TYPE_CHECKING:
    import duckdb

BATCH = 10_000


def quarantine_file(out: Path, table: str) -> Path:
    """Where the rows of a table that were set aside lie."""
    return out / "quarantine" / f"{table}.csv"


def write_quarantine(con: duckdb.DuckDBPyConnection, out: Path, done: Examined) -> bool:
    """Write the rows of a table that have lost a cell or their place; remove the file of a table that has none.

    Columns: `line`, `effect` (set_aside or emptied), `code`, `column`, `reason`, then the table's own columns as they
    stand in the file, without personal ones. UTF-8 with a byte order mark, because spreadsheets ask for it.

    Returns:
        Whether there was anything to write.

    Raises:
        EngineError: the folder cannot be written.
    """
    target = quarantine_file(out, done.file.name)
    if not done.set_aside and not done.emptied:
        remove(target)
        return False
    table = schema(done.file.name)
    columns = [name for name in (done.rows.columns if done.rows else ()) if not table.field(name).personal]
    with writing(target) as handle:
        writer = csv.writer(codecs.getwriter("utf-8-sig")(handle), lineterminator="\n")
        writer.writerow(["line", "effect", "code", "column", "reason", *columns])
        writer.writerows(heapq.merge(_ragged(done, table, columns), _found(con, done, table, columns), key=_line))
    return True


def _line(row: Iterable[object]) -> int:
    return int(str(next(iter(row))))


def _ragged(done: Examined, table: Schema, columns: list[str]) -> Iterator[list[object]]:
    if done.rows is None:
        return
    # The cells of a ragged row may stand in the wrong columns, so none is shown where a column is personal.
    shown = not any(one.personal for one in table.fields)
    for one in done.rows.ragged:
        cells = dict(zip(done.rows.header, one.cells, strict=False)) if shown else {}
        reason = text("errors_data.022.what", cells=one.n_cells, columns=len(done.rows.header))
        yield [one.line, "set_aside", "TS-DATA-022", "", reason, *(cells.get(name, "") for name in columns)]


def _found(con: duckdb.DuckDBPyConnection, done: Examined, table: Schema, columns: list[str]) -> Iterator[list[object]]:
    if not done.found or done.rows is None:
        return
    effects = [number for number, rule in enumerate(done.rules) if rule.effect != "kept"]
    keyed = [name for name in done.rows.columns if any(name in rule.column.split(", ") for rule in done.rules)]
    cells_of = "".join(f", {quoted(name)}" for name in [*keyed, *columns])
    rows = con.execute(
        f"SELECT {LINE}, rules{cells_of} FROM {quoted(done.found)} "
        f"WHERE list_has_any(rules, {effects}::USMALLINT[]) ORDER BY {ROW}"
    )
    reasons = [done.reason(rule) for rule in done.rules]
    while batch := rows.fetchmany(BATCH):
        for line, numbers, *cells in batch:
            named = dict(zip(keyed, cells, strict=False))
            broken = [done.rules[number] for number in numbers]
            told = [reasons[number].replace(VALUE, _value(done.rules[number], table, named)) for number in numbers]
            yield [
                line,
                "set_aside" if any(rule.effect == "set_aside" for rule in broken) else "emptied",
                " ".join(rule.code for rule in broken),
                " ".join(rule.column for rule in broken),
                "; ".join(told),
                *cells[len(keyed) :],
            ]


def _value(rule: Rule, table: Schema, cells: dict[str, object]) -> str:
    columns = rule.column.split(", ")
    return ", ".join(HIDDEN if table.field(name).personal else str(cells[name] or "") for name in columns)
