"""The schemas compiled to SQL: what is wrong with a cell, as a condition that DuckDB tests on every row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from townshift.study.reading import BROKEN_MARK, NUL_MARK, literal, quoted
from townshift.study.schemas import TABLES, Field, Schema, schema

Effect = Literal["set_aside", "emptied", "kept"]
"""What becomes of a row with a problem: put into quarantine, kept with the cell left empty, or kept as it is."""

FIRST_YEAR, LAST_YEAR = 1500, 2100
"""A date outside these years is taken for a slip of the pen."""

AS_REGISTERED = ("firms",)
"""Tables of registers, whose odd dates (1900, 9999, closed before opened) are kept as they stand: their cleaning is a
step of its own, which flags and counts them."""

PARTIAL_DATE = r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?"


@dataclass(frozen=True)
class Rule:
    """One thing that may be wrong with a row.

    Attributes:
        code: code of the problem.
        column: the column of which it speaks, empty for the whole row.
        bad: SQL condition on the relation, true where the row is wrong, never NULL.
        effect: what becomes of such a row.
        values: what fills the placeholders of the texts, besides the value itself.
        fatal: the run cannot go on.
        context: further placeholders, as SQL on the first row that breaks the rule.
        also: columns that mean nothing without this one, and are left empty with it.
    """

    code: str
    column: str
    bad: str
    effect: Effect
    values: dict[str, object] = field(default_factory=dict)
    fatal: bool = False
    context: dict[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()


def referred_to() -> frozenset[str]:
    """Tables to whose rows those of another table refer: a row lost there would take others with it."""
    return frozenset(
        key.table for table in TABLES for key in schema(table).foreign_keys if key.table and key.table != table
    )


def cell_rules(table: Schema, columns: tuple[str, ...], *, plain: bool = False) -> list[Rule]:
    """The rules that look at one row alone, for the columns that the file has.

    A required cell that cannot be used sets its row aside. So does an optional one whose emptiness would have a meaning
    of its own (a word of a vocabulary: no `qualifier` means exact), except in tables that others refer to. Any other
    optional cell is left empty and the row kept. Every such row goes to the quarantine file as well.

    Args:
        table: the schema.
        columns: the columns of the file that the schema knows.
        plain: the file is known to hold no broken character.
    """
    shared = table.table in referred_to()
    rules: list[Rule] = []
    for name in columns:
        effect = _effect(table, name, shared)
        if not plain:
            for code, mark in (("TS-DATA-023", BROKEN_MARK), ("TS-DATA-028", NUL_MARK)):
                rules.append(Rule(code, name, f"coalesce(contains({quoted(name)}, '{mark}'), false)", effect))
        rules += _field_rules(table, table.field(name), effect, columns)
    return rules + _period_rules(columns, "kept" if table.table in AS_REGISTERED else "set_aside")


def _effect(table: Schema, name: str, shared: bool) -> Effect:
    one = table.field(name)
    if one.required or name in table.primary_key:
        return "set_aside"
    return "set_aside" if one.enum and not shared else "emptied"


def _field_rules(table: Schema, one: Field, effect: Effect, columns: tuple[str, ...]) -> list[Rule]:
    column = quoted(one.name)
    rules = []
    if one.name in table.primary_key:
        rules.append(Rule("TS-DATA-010", one.name, f"{column} IS NULL", "set_aside"))
    elif one.required:
        rules.append(Rule("TS-DATA-009", one.name, f"{column} IS NULL", "set_aside"))
    if one.type in ("integer", "number"):
        wrong = _not_integer(column) if one.type == "integer" else _not_number(column)
        code = "TS-DATA-007" if one.type == "number" else "TS-DATA-029"
        rules.append(Rule(code, one.name, wrong, effect))
        rules += _range_rules(one, effect, columns)
    elif one.type == "date":
        years = ("0001", "9999") if table.table in AS_REGISTERED else (FIRST_YEAR, LAST_YEAR)
        rules.append(Rule("TS-DATA-008", one.name, _not_date(column, years), effect))
    elif one.pattern:
        wrong = f"NOT regexp_full_match({column}, {literal(one.pattern)})"
        rules.append(Rule("TS-DATA-016", one.name, f"coalesce({wrong}, false)", effect, {"pattern": one.pattern}))
    if one.enum:
        words = ", ".join(literal(word) for word in one.enum)
        wrong = f"coalesce({column} NOT IN ({words}), false)"
        rules.append(Rule("TS-DATA-015", one.name, wrong, effect, {"allowed": ", ".join(one.enum)}))
    return rules


def _not_integer(column: str) -> str:
    return f"coalesce(NOT regexp_full_match({column}, '\\s*[+-]?[0-9]{{1,18}}\\s*'), false)"


def _not_number(column: str) -> str:
    number = f"try_cast({column} AS DOUBLE)"
    return f"({column} IS NOT NULL AND ({number} IS NULL OR NOT isfinite({number}) OR contains({column}, '_')))"


def _not_date(column: str, years: tuple[object, object] = (FIRST_YEAR, LAST_YEAR)) -> str:
    return (
        f"({column} IS NOT NULL AND (NOT regexp_full_match({column}, '{PARTIAL_DATE}') "
        f"OR {column} NOT BETWEEN '{years[0]}' AND '{years[1]}-12-31' "
        f"OR (length({column}) = 10 AND try_cast({column} AS DATE) IS NULL)))"
    )


def _range_rules(one: Field, effect: Effect, columns: tuple[str, ...]) -> list[Rule]:
    if one.minimum is None and one.maximum is None:
        return []
    number = f"try_cast({quoted(one.name)} AS DOUBLE)"
    bounds = []
    if one.minimum is not None:
        bounds.append(f"{number} < {one.minimum!r}")
    if one.maximum is not None:
        bounds.append(f"{number} > {one.maximum!r}")
    outside = f"CASE WHEN {' OR '.join(bounds)} THEN isfinite({number}) ELSE false END"
    values: dict[str, object] = {"low": _shown(one.minimum, "-∞"), "high": _shown(one.maximum, "∞")}
    if one.name == "lat" and "lon" in columns:
        lon = 'try_cast("lon" AS DOUBLE)'
        swapped = f"coalesce(abs({number}) BETWEEN 90.0000001 AND 180 AND abs({lon}) <= 90, false)"
        return [
            Rule("TS-DATA-014", "lat", swapped, effect, values, also=("lon",)),
            Rule("TS-DATA-013", "lat", f"({outside} AND NOT {swapped})", effect, values),
        ]
    return [Rule("TS-DATA-013", one.name, outside, effect, values)]


def _shown(bound: float | None, open_end: str) -> str:
    return open_end if bound is None else f"{bound:g}"


def _period_rules(columns: tuple[str, ...], effect: Effect) -> list[Rule]:
    if not {"from", "to"} <= set(columns):
        return []
    start, end = "rpad(\"from\", 10, '-01-01')", "rpad(\"to\", 10, '-01-01')"
    dates = f"NOT {_not_date(quoted('from'))} AND NOT {_not_date(quoted('to'))}"
    # A CASE, because the costly last test is then made for the few rows that get so far.
    bad = f'CASE WHEN "from" IS NULL OR "to" IS NULL OR {end} >= {start} THEN false ELSE {dates} END'
    return [Rule("TS-DATA-025", "to", bad, effect)]
