"""One table after another, held against its schema and against the tables it refers to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from townshift.study.figures import unit_rules
from townshift.study.findings import EXAMPLES, HIDDEN, Finding
from townshift.study.manifest import nearest
from townshift.study.reading import LINE, ROW, Rows, UnreadableError, quoted, read_rows
from townshift.study.rules import Rule, cell_rules
from townshift.study.schemas import ForeignKey, Schema, schema

if TYPE_CHECKING:
    import duckdb

    from townshift.study.study import Study, TableFile

MOST = 0.5
"""If more than this share of a table's rows must be set aside, what is left stands for something else: fatal."""


VALUE = "\x1a"
"""Place of the value in a reason that is written once for many rows."""


@dataclass
class Examined:
    """One table after examination.

    Attributes:
        file: the table's file.
        findings: what was found, in the order of rules.
        rows: the relation, None where the file is no table.
        rules: the rules that some row breaks; `found` holds their numbers.
        found: name of the temporary table of rows with a problem, with `ROW`, `LINE` and `rules`; empty if none.
        set_aside: number of rows set aside, ragged ones included.
        emptied: number of rows kept with a cell left empty.
    """

    file: TableFile
    findings: list[Finding] = field(default_factory=list)
    rows: Rows | None = None
    rules: list[Rule] = field(default_factory=list)
    found: str = ""
    set_aside: int = 0
    emptied: int = 0

    def reason(self, rule: Rule) -> str:
        """What is wrong with a row that breaks the rule, in the current language; `VALUE` stands for its value."""
        same = next(one for one in self.findings if one.code == rule.code and one.column == rule.column)
        return replace(same, examples=((0, VALUE),)).problem.part("what")

    @property
    def usable(self) -> bool:
        """Whether rows of the table can be spoken of at all."""
        return self.rows is not None


class Examination:
    """Examines the tables of a study on one DuckDB connection; tables must come before those that refer to them."""

    def __init__(self, con: duckdb.DuckDBPyConnection, study: Study, folder: Path, *, careful: bool = False) -> None:
        self.con = con
        self.study = study
        self.folder = folder
        self.careful = careful
        self.tables: dict[str, Examined] = {}

    def examine(self, file: TableFile) -> Examined:
        """Examine one table and remember its keys for the tables that refer to it."""
        table = schema(file.name)
        done = Examined(file)
        self.tables[file.name] = done
        try:
            rows = read_rows(
                self.con, file, self.folder, swap_xy=self.study.manifest.columns.swap_xy, careful=self.careful
            )
        except UnreadableError as unreadable:
            values = {**unreadable.values, "line": unreadable.line}
            done.findings.append(Finding(unreadable.code, "fatal", file.label, file.name, values=values))
            return done
        done.findings += _header_findings(file, table, rows)
        if any(finding.severity == "fatal" for finding in done.findings):
            return done
        done.rows = rows
        if not rows.n_rows:
            done.findings.append(Finding("TS-DATA-030", "warning", file.label, file.name))
        self._find(done, table, rows)
        self._remember_keys(done, table, rows)
        return done

    def _find(self, done: Examined, table: Schema, rows: Rows) -> None:
        rules = cell_rules(table, rows.columns, plain=done.file.plain)
        rules = self._broken(rules, rows)
        rules += self._double_keys(done.file.name, table, rows)
        for key in table.foreign_keys:
            rules += self._lost_references(table, key, rows)
        if table.table in ("facts", "panel"):
            rules += self._broken(unit_rules(self.con, table.table, rows, self._indicator_units()), rows)
        done.rules = rules
        if rules:
            self._mark_rows(done, rows)
        if rows.ragged:
            done.set_aside += len(rows.ragged)
            done.findings.append(_ragged_finding(done.file, rows))
        if rows.n_rows and done.set_aside > MOST * rows.n_rows:
            done.findings.append(
                Finding(
                    "TS-DATA-024",
                    "fatal",
                    done.file.label,
                    table.table,
                    rows=rows.n_rows,
                    values={"table": table.table, "count": done.set_aside},
                )
            )

    def _indicator_units(self) -> dict[str, str]:
        """Unit of every indicator; empty where the study has no usable table of indicators."""
        found = self.tables.get("indicators")
        if found is None or found.rows is None:
            return {}
        query = f"SELECT indicator, unit FROM ({found.rows.query}) WHERE indicator IS NOT NULL AND unit IS NOT NULL"
        return {str(name): str(unit) for name, unit in self.con.execute(query).fetchall()}

    def _broken(self, rules: list[Rule], rows: Rows) -> list[Rule]:
        """Those rules that some row breaks, in one pass over the rows."""
        if not rules or not rows.n_rows:
            return []
        counts = ", ".join(f"count(*) FILTER (WHERE {rule.bad})" for rule in rules)
        found = self.con.execute(f"SELECT {counts} FROM ({rows.query})").fetchone() or ()
        return [rule for rule, count in zip(rules, found, strict=True) if count]

    def _double_keys(self, name: str, table: Schema, rows: Rows) -> list[Rule]:
        """Rows that share their key: exact copies, and rows that differ. Keys are compared by hash first."""
        keys = [quoted(column) for column in table.primary_key]
        if not set(table.primary_key) <= set(rows.columns):
            return []
        key, present = ", ".join(keys), " AND ".join(f"{column} IS NOT NULL" for column in keys)
        hashes, doubles = quoted(f"hashes_{name}"), quoted(f"doubles_{name}")
        self.con.execute(
            f"CREATE TEMP TABLE {hashes} AS SELECT hash({key}) AS h FROM ({rows.query}) WHERE {present} "
            "GROUP BY h HAVING count(*) > 1"
        )
        if not _count(self.con, hashes):
            return []
        everything = ", ".join(quoted(column) for column in rows.columns)
        self.con.execute(
            f"CREATE TEMP TABLE {doubles} AS WITH same AS (SELECT {ROW}, {key}, hash({everything}) AS content "
            f"FROM ({rows.numbered}) WHERE {present} AND hash({key}) IN (SELECT h FROM {hashes})) "
            f"SELECT {ROW}, count(DISTINCT content) OVER (PARTITION BY {key}) > 1 AS differ, "
            f"row_number() OVER (PARTITION BY {key}, content ORDER BY {ROW}) > 1 AS copy FROM same"
        )
        rules = []
        for code, which, fatal in (("TS-DATA-011", "differ", True), ("TS-DATA-012", "copy AND NOT differ", False)):
            if _count(self.con, f"{doubles} WHERE {which}"):
                bad = f"({ROW} IN (SELECT {ROW} FROM {doubles} WHERE {which}))"
                rules.append(Rule(code, ", ".join(table.primary_key), bad, "set_aside", fatal=fatal))
        return rules

    def _lost_references(self, table: Schema, key: ForeignKey, rows: Rows) -> list[Rule]:
        """Values of a column that the table it refers to does not have, or had to set aside."""
        itself = key.table in ("", table.table)
        parent = table.table if itself else key.table
        other = self.tables.get(parent)
        if key.field not in rows.columns or other is None:
            return []
        if itself:
            known = f"SELECT {quoted(key.target)} FROM ({rows.query})"
        elif other.usable and key.target in (other.rows.columns if other.rows else ()):
            known = f"SELECT v FROM {quoted(f'keys_{parent}')}"
        else:
            return []
        column, lost = quoted(key.field), quoted(f"lost_{table.table}_{key.field}")
        self.con.execute(
            f"CREATE TEMP TABLE {lost} AS SELECT v FROM (SELECT DISTINCT {column} AS v FROM ({rows.query})) "
            f"WHERE v IS NOT NULL AND v NOT IN (SELECT w FROM ({known}) AS k(w) WHERE w IS NOT NULL)"
        )
        if not _count(self.con, lost):
            return []
        one = table.field(key.field)
        effect = "set_aside" if one.required else "emptied"
        values: dict[str, object] = {"parent": parent, "target": key.target}
        gone = "SELECT NULL::VARCHAR WHERE false" if itself else f"SELECT v FROM {quoted(f'gone_{parent}')}"
        rules = []
        for code, which in (("TS-DATA-017", "NOT IN"), ("TS-DATA-018", "IN")):
            chosen = f"SELECT v FROM {lost} WHERE v {which} ({gone})"
            if _count(self.con, f"({chosen})"):
                bad = f"coalesce({column} IN ({chosen}), false)"
                rules.append(Rule(code, key.field, bad, effect, values))  # type: ignore[arg-type]
        return rules

    def _mark_rows(self, done: Examined, rows: Rows) -> None:
        """Write the rows that break a rule to a temporary table, and turn them into findings."""
        done.found = f"found_{done.file.name}"
        numbers = ", ".join(f"CASE WHEN {rule.bad} THEN {number} END" for number, rule in enumerate(done.rules))
        any_bad = " OR ".join(rule.bad for rule in done.rules)
        self.con.execute(
            f"CREATE TEMP TABLE {quoted(done.found)} AS SELECT *, "
            f"list_filter([{numbers}], lambda x: x IS NOT NULL)::USMALLINT[] AS rules "
            f"FROM ({rows.numbered}) WHERE {any_bad}"
        )
        counted = self.con.execute(
            f"SELECT rule, count(*) FROM (SELECT unnest(rules) AS rule FROM {quoted(done.found)}) GROUP BY rule"
        ).fetchall()
        counts = dict(counted)
        for number, rule in enumerate(done.rules):
            if counts.get(number):
                done.findings.append(self._finding(done, rows, number, rule, counts[number]))
        aside = [number for number, rule in enumerate(done.rules) if rule.effect == "set_aside"]
        empty = [number for number, rule in enumerate(done.rules) if rule.effect == "emptied"]
        lost = f"list_has_any(rules, {aside}::USMALLINT[])"
        done.set_aside = _count(self.con, f"{quoted(done.found)} WHERE {lost}")
        done.emptied = _count(
            self.con, f"{quoted(done.found)} WHERE NOT {lost} AND list_has_any(rules, {empty}::USMALLINT[])"
        )

    def _finding(self, done: Examined, rows: Rows, number: int, rule: Rule, count: int) -> Finding:
        table = schema(done.file.name)
        columns = [column.strip() for column in rule.column.split(",") if column.strip()]
        shown = [
            f"'{HIDDEN}'" if table.field(column).personal else f"coalesce({quoted(column)}, '')" for column in columns
        ]
        value = " || ', ' || ".join(shown) or "''"
        told = "".join(f", {sql}" for sql in rule.context.values())
        examples = self.con.execute(
            f"SELECT {LINE}, {value}{told} FROM {quoted(done.found)} WHERE list_contains(rules, {number}) "
            f"ORDER BY {ROW} LIMIT {EXAMPLES}"
        ).fetchall()
        personal = any(table.field(column).personal for column in columns)
        values = {**rule.values, **self._meaning(rule, str(examples[0][1]), personal)}
        values |= dict(zip(rule.context, examples[0][2:], strict=True))
        fatal = rule.fatal or (rule.code == "TS-DATA-014" and count > MOST * self._located(rows))
        return Finding(
            rule.code,
            "fatal" if fatal else "warning",
            done.file.label,
            done.file.name,
            rule.column,
            count,
            rows.n_rows,
            rule.effect,
            tuple((int(example[0]), _shortened(str(example[1]))) for example in examples),
            values,
            "row" if done.file.format == "parquet" else "line",
        )

    def _located(self, rows: Rows) -> int:
        """Rows that give a point at all: of them alone can one say that most are swapped."""
        return _count(self.con, f'({rows.query}) WHERE "lon" IS NOT NULL AND "lat" IS NOT NULL')

    def _meaning(self, rule: Rule, value: str, personal: bool) -> dict[str, object]:
        """What a text says besides the value: the nearest word that was probably meant."""
        if rule.code == "TS-DATA-015":
            return {"nearest": HIDDEN if personal else nearest(value, str(rule.values["allowed"]).split(", "))}
        if rule.code == "TS-DATA-017":
            return {"nearest": self._nearest_key(str(rule.values["parent"]), str(rule.values["target"]), value)}
        return {}

    def _nearest_key(self, parent: str, target: str, value: str) -> str:
        rows = self.tables[parent].rows
        if rows is None:
            return "-"
        near = (
            f"SELECT DISTINCT {quoted(target)} AS v FROM ({rows.query}) WHERE v IS NOT NULL "
            f"ORDER BY damerau_levenshtein(v, ?), v LIMIT 3"
        )
        return ", ".join(str(row[0]) for row in self.con.execute(near, [value]).fetchall()) or "-"

    def _remember_keys(self, done: Examined, table: Schema, rows: Rows) -> None:
        """Keep the keys that other tables may refer to: of rows that stay, and of rows set aside."""
        if not _referred(table.table) or len(table.primary_key) != 1:
            return
        key = quoted(table.primary_key[0])
        keys, gone = quoted(f"keys_{table.table}"), quoted(f"gone_{table.table}")
        aside = [number for number, rule in enumerate(done.rules) if rule.effect == "set_aside"]
        lost = (
            f"SELECT {ROW} FROM {quoted(done.found)} WHERE list_has_any(rules, {aside}::USMALLINT[])"
            if done.found
            else "SELECT -1"
        )
        source = f"SELECT {key} AS v, {ROW} IN ({lost}) AS lost FROM ({rows.numbered}) WHERE {key} IS NOT NULL"
        self.con.execute(f"CREATE TEMP TABLE {keys} AS SELECT DISTINCT v FROM ({source}) WHERE NOT lost")
        self.con.execute(
            f"CREATE TEMP TABLE {gone} AS SELECT DISTINCT v FROM ({source}) "
            f"WHERE lost AND v NOT IN (SELECT v FROM {keys})"
        )
        place = rows.header.index(table.primary_key[0])
        ragged = [(one.cells[place],) for one in rows.ragged if place < len(one.cells) and one.cells[place]]
        if ragged:
            self.con.executemany(f"INSERT INTO {gone} VALUES (?)", ragged)


def _referred(table: str) -> bool:
    from townshift.study.rules import referred_to

    return table in referred_to()


def _count(con: duckdb.DuckDBPyConnection, source: str) -> int:
    found: Any = con.execute(f"SELECT count(*) FROM {source}").fetchone()
    return int(found[0])


def _header_findings(file: TableFile, table: Schema, rows: Rows) -> list[Finding]:
    known = table.names
    missing = [one for one in table.fields if one.required and one.name not in rows.header]
    findings = [
        Finding(
            "TS-DATA-005",
            "fatal",
            file.label,
            table.table,
            one.name,
            values={"table": table.table, "found": ", ".join(rows.header), "line": 1},
        )
        for one in missing
    ]
    for name in rows.header:
        if name not in known:
            values: dict[str, object] = {"table": table.table, "nearest": _nearest_column(name, table, rows.header)}
            values |= {"column": name or "-", "line": 1}
            findings.append(Finding("TS-DATA-004", "warning", file.label, table.table, values=values))
    return findings


def _nearest_column(name: str, table: Schema, header: Iterable[str]) -> str:
    """The column of the schema that a header cell probably means: by its name, or by its title in either language."""
    free = [one for one in table.fields if one.name not in set(header)] or list(table.fields)
    titles = {one.title.lower(): one.name for one in free} | {one.title_zh: one.name for one in free}
    return titles.get(name.lower(), nearest(name, [one.name for one in free]))


def _ragged_finding(file: TableFile, rows: Rows) -> Finding:
    first = rows.ragged[0]
    return Finding(
        "TS-DATA-022",
        "warning",
        file.label,
        file.name,
        count=len(rows.ragged),
        rows=rows.n_rows,
        effect="set_aside",
        examples=tuple((one.line, str(one.n_cells)) for one in rows.ragged[:EXAMPLES]),
        values={"cells": first.n_cells, "columns": len(rows.header)},
    )


def _shortened(value: str, width: int = 60) -> str:
    line = " ".join(value.split()) if "\n" in value else value
    return line if len(line) <= width else line[: width - 1] + "…"
