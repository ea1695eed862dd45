"""Units of published figures, as rules: does a figure's unit fit what its indicator counts?"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from townshift.study.reading import Rows, quoted
from townshift.study.rules import Rule
from townshift.study.units import conversion

if TYPE_CHECKING:
    import duckdb

TOLERANCE = 1e-6
"""Relative difference between value_std and what value and unit give, above which one of the two is wrong."""


def definition_column(columns: tuple[str, ...]) -> str:
    """SQL of what a figure really measures: its definition, or its indicator where none is given."""
    return 'coalesce("definition_id", "indicator")' if "definition_id" in columns else '"indicator"'


def unit_rules(con: duckdb.DuckDBPyConnection, table: str, rows: Rows, units: dict[str, str]) -> list[Rule]:
    """The rules on the units of `facts` or `panel`.

    `unit_std`, or `unit` where that is not given, must fit the unit of the definition in `indicators`; `unit` must be
    convertible to it; and `value_std`, if given, must be what `value` and `unit` say (a fall may be negative).

    Args:
        con: the connection of the relation.
        table: `facts` or `panel`.
        rows: the table's rows.
        units: unit of every indicator; where it is empty only unit against unit_std is looked at.
    """
    if not {"indicator", "unit", "value"} <= set(rows.columns):
        return []
    definition = definition_column(rows.columns)
    standard = '"unit_std"' if "unit_std" in rows.columns else "NULL::VARCHAR"
    kinds = con.execute(
        f"SELECT DISTINCT {definition}, unit, {standard} FROM ({rows.query}) "
        f"WHERE {definition} IS NOT NULL AND unit IS NOT NULL ORDER BY ALL"
    ).fetchall()
    judged = quoted(f"units_{table}")
    con.execute(f"CREATE TEMP TABLE {judged} (k VARCHAR, wanted VARCHAR, times DOUBLE, code VARCHAR)")
    found = [_judged(name, unit, unit_std, units.get(name)) for name, unit, unit_std in kinds]
    if found:
        con.executemany(f"INSERT INTO {judged} VALUES (?, ?, ?, ?)", found)
    key = f"concat_ws(chr(31), {definition}, unit, coalesce({standard}, ''))"
    context = {"indicator": definition, "unit": f"(SELECT any_value(wanted) FROM {judged} WHERE k = {key})"}
    rules = []
    for code, column in (("TS-DATA-019", "unit_std"), ("TS-DATA-019", "unit"), ("TS-DATA-020", "unit")):
        if column in rows.columns:
            chosen = f"SELECT k FROM {judged} WHERE code = '{code} {column}'"
            rules.append(Rule(code, column, f"coalesce({key} IN ({chosen}), false)", "set_aside", context=context))
    if "value_std" in rows.columns:
        expected = f"abs(try_cast(value AS DOUBLE)) * (SELECT any_value(times) FROM {judged} WHERE k = {key})"
        given = "abs(try_cast(value_std AS DOUBLE))"
        differs = f"coalesce(abs({given} - {expected}) > {TOLERANCE} * greatest({given}, {expected}), false)"
        told = {**context, "expected": f"printf('%g', {expected})"}
        rules.append(Rule("TS-DATA-021", "value_std", differs, "kept", context=told))
    return rules


def _judged(
    name: str, unit: str, unit_std: str | None, wanted: str | None
) -> tuple[str, str | None, float | None, str]:
    """A kind of figure with the unit it should have, its factor to that, and the code of what is wrong, if anything."""
    key = chr(31).join((name, unit, unit_std or ""))
    if unit_std is not None and wanted is not None and unit_std != wanted:
        return key, wanted, None, "TS-DATA-019 unit_std"
    target = unit_std if unit_std is not None else wanted
    factor = Fraction(1) if target is None else conversion(unit, target)
    if factor is None:
        return key, target, None, "TS-DATA-019 unit" if unit_std is None else "TS-DATA-020 unit"
    return key, target, float(factor), ""
