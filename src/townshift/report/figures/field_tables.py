"""Pages of roundtables: who dominated, who answered whom, who stood where on proposals, who stayed silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from townshift.report.blocks import Block, Cell, Column, Figure, Listing, Matrix, Panel, Table, cell
from townshift.report.charts import Row, intervals
from townshift.report.figures.field_words import (
    columns,
    group_words,
    in_order,
    told,
    withheld_note,
)
from townshift.report.matrices import EMPTY
from townshift.report.numbers import number, percent, probability
from townshift.report.results import Record, records, text_of
from townshift.report.words import Words, plain, prettified, say
from townshift.small_groups import shown_groups

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results

ALL = ""
"""The session of rows over all tables."""
CLEAR = 0.05
"""Pairs below this probability are shaded."""


def roundtable_blocks(results: Results, threshold: int) -> list[Block]:
    """Dominance and silence, answers between groups, stands on proposals; nothing where no roundtable was held."""
    shares = results.rows("table_shares")
    if shares is None:
        return []
    return [
        *_dominance(shares, threshold),
        *_answers(results, shares, threshold),
        *_proposals(results, shares, threshold),
    ]


def _shown(shares: pd.DataFrame, session: str, threshold: int) -> tuple[dict[str, int], frozenset[str]]:
    here = shares[shares["session_id"] == session]
    people = {text_of(row.actor_group): int(row.people) for row in records(here)}
    return people, shown_groups(people, threshold)


def whole_of(table: pd.DataFrame) -> str:
    """The session that stands for all tables: "" where there are several, else the only one."""
    sessions = set(table["session_id"].astype(str))
    return ALL if ALL in sessions or not sessions else min(sessions)


def _dominance(shares: pd.DataFrame, threshold: int) -> list[Block]:
    whole = whole_of(shares)
    people, shown = _shown(shares, whole, threshold)
    drawn, body = [], []
    for session in sorted(set(shares["session_id"].astype(str)), key=lambda one: (one != whole, one)):
        allowed = shown if session == whole else _shown(shares, session, threshold)[1]
        here = shares[(shares["session_id"] == session) & shares["actor_group"].isin(list(allowed))]
        ordered = {text_of(row.actor_group): row for row in records(here)}
        title = told("tables.all") if session == ALL else told("tables.one", session=session)
        for group in in_order(ordered):
            row = ordered[group]
            if text_of(row.dominance):
                drawn.append(Row(group_words(group), float(row.dominance), row.low, row.high, group=title))
            body.append(_share_cells(title, group, row))
    title = told("tables.dominance_title")
    notes = [
        told("tables.dominance_note"), told("tables.few", n=threshold), *withheld_note(people, shown, threshold),
        told("tables.cannot"),
    ]  # fmt: skip
    heads = (
        "table", "group", "people", "speakers", "silent", "turns", "turn_share", "people_share", "dominance_interval",
    )  # fmt: skip
    table = Table("table-shares", title, columns(heads, heads[2:]), body)
    if not drawn:
        return [Listing("list-dominance", title, table, notes, told("source_turns"))]
    return [
        Figure(
            name="figure-dominance", title=title, alt=told("tables.dominance_alt", n=len(drawn)),
            panels=[Panel(intervals("dominance", drawn, told("tables.dominance_axis"), reference=1.0))],
            table=table, source=told("source_turns"), notes=notes, wide=True,
        ),
        Listing("list-silence", told("tables.silence_title"), _silence(whole, shown, shares), [told("tables.silence")]),
    ]  # fmt: skip


def _share_cells(title: Words, group: str, row: Record) -> list[Cell]:
    interval = say("numbers.interval", value=number(row.dominance), low=number(row.low), high=number(row.high))
    return [
        cell(title),
        cell(group_words(group)),
        *(cell(str(int(one)), int(one)) for one in (row.people, row.speakers, row.silent, row.turns)),
        cell(percent(row.turn_share), row.turn_share),
        cell(percent(row.people_share), row.people_share),
        cell(interval if text_of(row.low) else number(row.dominance), row.dominance),
    ]


def _silence(whole: str, shown: frozenset[str], shares: pd.DataFrame) -> Table:
    here = shares[(shares["session_id"] == whole) & shares["actor_group"].isin(list(shown))]
    ordered = {text_of(row.actor_group): row for row in records(here)}
    rows = [
        [cell(group_words(one)), *(cell(str(int(n)), int(n)) for n in (row.people, row.speakers, row.silent))]
        for one in in_order(ordered)
        for row in [ordered[one]]
    ]
    heads = ("group", "people", "speakers", "silent")
    return Table("table-silence", told("tables.silence_title"), columns(heads, heads[1:]), rows)


def _answers(results: Results, shares: pd.DataFrame, threshold: int) -> list[Block]:
    found = results.rows("table_answers")
    if found is None:
        return []
    whole = whole_of(found)
    people, shown = _shown(shares, whole, threshold)
    table = found[(found["session_id"] == whole) & found["actor_group"].isin(list(shown))]
    table = table[table["answered_group"].isin(list(shown))]
    cells = {(text_of(row.actor_group), text_of(row.answered_group)): row for row in records(table)}
    groups = in_order(shown)
    body = [[cell(group_words(one)), *(_answer(cells.get((one, other))) for other in groups)] for one in groups]
    heads = [Column(told("columns.answers_of")), *(Column(group_words(one), True) for one in groups)]
    title = told("tables.answers_title")
    notes = [told("tables.answers_note"), *withheld_note(people, shown, threshold)]
    matrix = Table("table-answers", told("tables.answers_caption"), heads, body, heat=True)
    return [Matrix("matrix-answers", title, matrix, told("source_turns"), notes)]


def _answer(row: Record | None) -> Cell:
    if row is None:
        return Cell(EMPTY, "")
    p = probability(row.p_value)
    shown = told("tables.answer", n=int(row.answers), expected=number(row.expected, 2), p=p)
    more = row.answers > row.expected
    shade = (0.8 if more else -0.8) if row.p_value < CLEAR else None
    return Cell(shown, f"{int(row.answers)};{row.expected:.3g};{row.p_value:.3g}", shade=shade)


def _proposals(results: Results, shares: pd.DataFrame, threshold: int) -> list[Block]:
    found = results.rows("table_proposals")
    if found is None:
        return []
    title = told("proposals.title")
    blocks: list[Block] = [
        Listing("list-proposals", title, _by_proposal(found, shares, threshold), [told("proposals.note", n=threshold)],
                told("source_turns"))
    ]  # fmt: skip
    people, shown = _shown(shares, whole_of(shares), threshold)
    taken = found[found["actor_group"].isin(list(shown))]
    stands = {
        str(one): (int(mine["agreements"].sum()), int(mine["objections"].sum()))
        for one, mine in taken.groupby("actor_group", sort=True)
    }
    rows = [[cell(group_words(one)), *(cell(str(n), n) for n in stands[one])] for one in in_order(stands)]
    heads = ("group", "agreements", "objections")
    by_group = Table("proposals-by-group", told("proposals.by_group"), columns(heads, heads[1:]), rows)
    notes = [told("proposals.by_group_note"), *withheld_note(people, shown, threshold), told("proposals.cannot")]
    blocks.append(Listing("list-stands", told("proposals.by_group"), by_group, notes, told("source_turns")))
    return blocks


def _by_proposal(found: pd.DataFrame, shares: pd.DataFrame, threshold: int) -> Table:
    """Stands of all at a table together, and of those groups of whom enough sat there."""
    rows = []
    for (session, proposal), mine in found.groupby(["session_id", "proposal"], sort=True):
        people, shown = _shown(shares, str(session), threshold)
        maker = text_of(mine["proposed_by"].iloc[0])
        by = group_words(maker) if maker in shown else told("proposals.withheld")
        enough = sum(people.values()) >= threshold
        parts = [(told("proposals.everybody"), mine)] if enough else []
        parts += [(group_words(one), mine[mine["actor_group"] == one]) for one in in_order(shown)]
        rows += [
            [
                cell(told("tables.one", session=session)),
                cell(plain(prettified(str(proposal)))),
                cell(by),
                cell(who),
                *(cell(str(int(part[one].sum())), int(part[one].sum())) for one in ("agreements", "objections")),
            ]
            for who, part in parts
        ]
    heads = ("table", "proposal", "proposed_by", "stand_of", "agreements", "objections")
    return Table("proposals", told("proposals.title"), columns(heads, heads[4:]), rows)
