"""Figures that were asked for and could not be estimated, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from townshift.report.blocks import Block, Column, Listing, Table, cell
from townshift.report.results import Record, records, text_of
from townshift.report.words import Names, Words, code, join, plain, say
from townshift.types import BASE_SETTING

if TYPE_CHECKING:
    from townshift.report.results import Results

STATUS_TABLES = {
    "ratios": "ratio_status",
    "labour_shares": "labour_shares_status",
    "land_consumption": "land_status",
    "level_gaps": "level_status",
}
"""Result of estimates to the table that says of each figure asked for whether it could be estimated."""

DONE = ("ok", "estimated")


def status_blocks(results: Results, names: Names, table: str) -> list[Block]:
    """What was asked for in `table` and could not be estimated; nothing where all could."""
    name = STATUS_TABLES[table]
    found = results.rows(name)
    if found is None:
        return []
    base = found[found["setting"] == BASE_SETTING] if "setting" in found else found
    rows = [
        [cell(_what(row, names)), cell(names.place(row.place_id)), cell(_why(row))]
        for row in records(base)
        if text_of(row.status) not in DONE
    ]
    if not rows:
        return []
    title = say("refused.title", table=say(f"refused.{table}"))
    columns = [Column(say(f"columns.{head}")) for head in ("figure", "place", "reason")]
    return [
        Listing(
            f"list-{name.replace('_', '-')}", title, Table(name.replace("_", "-"), title, columns, rows), folded=True
        )
    ]


def _what(row: Record, names: Names) -> Words:
    """The figure asked for, by its own name or by what it holds against what."""
    for column in ("ratio", "share"):
        if text_of(getattr(row, column, "")):
            return names.measure(text_of(getattr(row, column)))
    if text_of(getattr(row, "definition_id", "")):
        return names.indicator(row.definition_id)
    land, against = text_of(getattr(row, "land", "")), text_of(getattr(row, "against", ""))
    if not land or not against:
        return plain("–")
    return join(names.indicator(land), " : ", names.indicator(against))


def _why(row: Record) -> Words:
    return code("refusal", text_of(getattr(row, "reason", "")) or text_of(row.status))
