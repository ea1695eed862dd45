"""Figures of what is said: groups over concepts, whose voices the record holds, and whose it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from townshift.report.blocks import Block, Cell, Column, Listing, Matrix, Table, absent, cell
from townshift.report.figures.government import ranked
from townshift.report.matrices import EMPTY, count_table
from townshift.report.results import Record, records, text_of
from townshift.report.words import Names, Words, code, listing, plain, say

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results

GROUPS = ("government", "association", "enterprise", "village_community", "migrant_worker", "media", "research")
SIDES = ("focal", "receiving", "containing", "elsewhere")


def discourse_blocks(results: Results, names: Names) -> list[Block]:
    """Stances of actor groups on concepts over all periods, the same by period, and the count of voices."""
    found = results.rows("discourse")
    if found is None:
        return [absent(results, "discourse"), *voice_blocks(results, names)]
    groups = ranked(found["actor_group"], GROUPS)
    concepts = _concepts(found)
    lines = []
    for concept in concepts:
        part = found[found["concept"] == concept]
        lines.append([cell(names.concept(concept)), *(_stance(part[part["actor_group"] == one]) for one in groups)])
    heads = [Column(say("columns.concept")), *(Column(code("actor_group", one), number=True) for one in groups)]
    table = Table("discourse", say("discourse.table"), heads, lines, heat=True)
    matrix = Matrix(
        "matrix-discourse",
        say("discourse.title"),
        table,
        say("source.statements", n=int(found["n_statements"].fillna(0).sum())),
        [say("discourse.note"), say("matrix.dot")],
        ("stance",),
    )
    return [matrix, _by_period(found, names), *voice_blocks(results, names)]


def _concepts(found: pd.DataFrame) -> list[str]:
    questions = {str(row.concept): text_of(row.question) for row in records(found)}
    return sorted(questions, key=lambda one: (questions[one] or "9", one))


def _stance(cells: pd.DataFrame) -> Cell:
    """Agreeing, disagreeing and neutral voices of one group; withheld where too few persons stand behind a cell."""
    if cells.empty:
        return Cell(EMPTY, "")
    if cells["suppressed"].fillna(False).astype(bool).any():
        return Cell(say("discourse.suppressed"), "suppressed")
    agree, disagree, neutral = (int(cells[one].fillna(0).sum()) for one in ("agree", "disagree", "neutral"))
    total = agree + disagree + neutral
    shown = f"+{agree} −{disagree}" + (f" ={neutral}" if neutral else "")
    return Cell(
        plain(shown),
        say("discourse.stances", agree=agree, disagree=disagree, neutral=neutral),
        shade=(agree - disagree) / total if total else None,
    )


def _by_period(found: pd.DataFrame, names: Names) -> Listing:
    rows = [
        [
            cell(code("actor_group", row.actor_group)),
            cell(names.concept(row.concept)),
            cell(
                text_of(row.period).replace("-", "–")
                if text_of(row.period)[:1].isdigit()
                else code("period", row.period)
            ),
            *_counts(row),
        ]
        for row in records(found)
    ]
    heads = ("group", "concept", "period", "agree", "disagree", "neutral", "lineages")
    columns = [Column(say(f"columns.{head}"), head in heads[3:]) for head in heads]
    table = Table("discourse-by-period", say("discourse.by_period"), columns, rows)
    return Listing("list-discourse", say("discourse.by_period"), table, [say("discourse.small_cells")], folded=True)


def _counts(row: Record) -> list[Cell]:
    names = ("agree", "disagree", "neutral", "n_lineages")
    if text_of(row.suppressed) == "True":
        return [cell(say("discourse.suppressed")) for _ in names]
    return [cell(text_of(getattr(row, name))) for name in names]


def voice_blocks(results: Results, names: Names) -> list[Block]:
    """How many statements each group makes on each side and at each place; groups that are missing, named."""
    found = results.rows("voices")
    if found is None:
        return [absent(results, "voices")]
    groups = ranked(found["actor_group"], GROUPS)
    by_side = found[found["level"] == "side"]
    sides = ranked(by_side["side"], SIDES)
    lacking = {(str(r.side), str(r.actor_group)) for r in records(by_side) if text_of(r.status) == "lacking"}
    statements = {(str(r.side), str(r.actor_group)): float(r.n_statements) for r in records(by_side)}
    table = count_table(
        "voices",
        say("voices.table"),
        say("columns.side"),
        [(one, code("side", one)) for one in sides],
        [(one, code("actor_group", one)) for one in groups],
        statements,
        lambda side, group: say("voices.lacking") if (side, group) in lacking else None,
    )
    missing = [code("actor_group", group) + " (" + code("side", side) + ")" for side, group in sorted(lacking)]
    single = [
        code("actor_group", r.actor_group) + " (" + code("side", r.side) + ")"
        for r in records(by_side)
        if text_of(r.status) == "single_voice"
    ]
    notes: list[Words] = [say("voices.note"), say("matrix.dot")]
    if missing:
        notes.append(say("voices.missing", groups=listing(missing)))
    if single:
        notes.append(say("voices.single", groups=listing(single)))
    total = int(by_side["n_statements"].sum())
    matrix = Matrix("matrix-voices", say("voices.title"), table, say("source.statements", n=total), notes)
    by_place = found[(found["level"] == "place") & (found["n_statements"] > 0)]
    return [matrix, *([_by_place(by_place, names, groups)] if len(by_place) else [])]


def _by_place(found: pd.DataFrame, names: Names, groups: list[str]) -> Listing:
    places = sorted({str(one) for one in found["place_id"]}, key=lambda one: names.place(one).en)
    table = count_table(
        "voices-by-place",
        say("voices.by_place"),
        say("columns.place"),
        [(one, names.place(one)) for one in places],
        [(one, code("actor_group", one)) for one in groups],
        {(str(r.place_id), str(r.actor_group)): float(r.n_statements) for r in records(found)},
    )
    return Listing("list-voices", say("voices.by_place"), table, folded=True)
