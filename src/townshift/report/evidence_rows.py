"""The rows that bear on claims: paraphrases, events, flows, figures, each with who holds it and whether it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from townshift.report.coded_evidence import Coded
from townshift.report.evidence_piece import Evidence
from townshift.report.numbers import exact
from townshift.report.results import Record, records, text_of
from townshift.report.words import Names, Words, code, join, plain, unit

if TYPE_CHECKING:
    from townshift.report.results import Results

KEYS = {
    "statements": "statement_id",
    "events": "event_id",
    "flows": "flow_id",
    "facts": "fact_id",
    "destinations": "destination_id",
}
SHOWN_ROLES = ("for", "against", "discourse")


def evidence_of(results: Results, names: Names, threshold: int) -> dict[tuple[str, str], dict[str, list[Evidence]]]:
    """Evidence by claim and part, then by role: for, against, discourse; counted rows first.

    Coded passages of interviews stand as numbers of passages and people by group: a row each would tell of a person.

    Args:
        results: what the pipeline wrote.
        names: titles.
        threshold: groups of which fewer people were heard are taken together.
    """
    found = results.rows("claim_evidence")
    if found is None:
        return {}
    rows = {table: _by_id(results, table, key) for table, key in KEYS.items()}
    out: dict[tuple[str, str], dict[str, list[Evidence]]] = {}
    told_by = Coded(results, threshold)
    for one in records(found):
        role = text_of(one.role)
        if role not in SHOWN_ROLES:
            continue
        if told_by.takes(one):
            continue
        piece = _evidence(one, rows, names)
        roles = out.setdefault((text_of(one.claim_id), text_of(one.part_id)), {})
        roles.setdefault(role, []).append(piece)
    for key, role, piece in told_by.pieces():
        out.setdefault(key, {}).setdefault(role, []).append(piece)
    for roles in out.values():
        for pieces in roles.values():
            pieces.sort(key=lambda piece: (not piece.counted, piece.row_id))
    return out


def _by_id(results: Results, table: str, key: str) -> Mapping[str, Record]:
    found = results.input(table)
    return {} if found is None or key not in found else {text_of(getattr(row, key)): row for row in records(found)}


def _evidence(one: Record, rows: Mapping[str, Mapping[str, Record]], names: Names) -> Evidence:
    table, row_id = text_of(one.table), text_of(one.row_id)
    row = rows.get(table, {}).get(row_id)
    said, speaker = _DESCRIBED[table](row, names) if row is not None and table in _DESCRIBED else ("", plain(""))
    reason = text_of(getattr(one, "reason", ""))
    return Evidence(
        row_id=row_id,
        said=said,
        speaker=speaker,
        lineage=text_of(one.lineage),
        counted=text_of(one.counted) == "True",
        why_not=code("reason", reason) if reason else plain(""),
        paraphrase=table == "statements",
    )


def _statement(row: Record, names: Names) -> tuple[str, Words]:
    group = join(code("actor_group", text_of(row.actor_group)), Words(", ", "，"), names.place(row.place_id))
    date = text_of(row.date)
    return text_of(row.paraphrase), group + (f", {date}" if date else "")


def _event(row: Record, names: Names) -> tuple[str, Words]:
    level = join(code("level", text_of(row.actor_level)), Words(", ", "，"), names.place(row.place_id))
    return text_of(row.title), level + f", {text_of(row.date)}"


def _flow(row: Record, names: Names) -> tuple[str, Words]:
    ends = join(
        code("flow", text_of(row.flow)), ": ", names.place(row.origin_id), " → ", names.place(row.destination_id)
    )
    value, year = text_of(row.value), text_of(row.year)
    size = join(f", {exact(float(value))} ", code("unit", text_of(row.unit))) if value else plain("")
    return "", ends + size + (f", {year}" if year else "")


def _fact(row: Record, names: Names) -> tuple[str, Words]:
    what = names.indicator(text_of(getattr(row, "definition_id", "")) or row.indicator)
    value = text_of(getattr(row, "value_std", ""))
    size = join(exact(float(value)), " ", unit(text_of(getattr(row, "unit_std", "")))) if value else plain("–")
    qualifier = text_of(row.qualifier)
    bound = code("qualifier", qualifier) + " " if qualifier in ("over", "under", "about") else plain("")
    place = names.place(row.place_id)
    return "", join(what, Words(", ", "，"), place, f", {text_of(row.year)}: ", bound, size)


def _destination(row: Record, names: Names) -> tuple[str, Words]:
    return text_of(row.summary), join(
        names.place(row.place_id), Words(", ", "，"), code("relation", text_of(row.relation))
    )


_DESCRIBED: Mapping[str, Callable[[Record, Names], tuple[str, Words]]] = {
    "statements": _statement,
    "events": _event,
    "flows": _flow,
    "facts": _fact,
    "destinations": _destination,
}
