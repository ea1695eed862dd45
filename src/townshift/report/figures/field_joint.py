"""Joint displays of field evidence: people for and against beside quotes of both sides; pages of groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from townshift.report.blocks import Block, Cell, Column, Listing, Note, Table, absent, cell
from townshift.report.figures.field_coverage import safe_bands
from townshift.report.figures.field_words import (
    Agreement,
    CodeWords,
    begun,
    columns,
    group_words,
    in_order,
    people_by,
    period_words,
    share_words,
    told,
    withheld_note,
)
from townshift.report.results import Record, records, text_of
from townshift.report.words import Names, Words, code, join, listing
from townshift.small_groups import shown_groups

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results

SIDES = ("for", "against")
MOST_CODES = 5
"""Codes on the page of a group."""


def joint_blocks(results: Results, names: Names, threshold: int) -> list[Block]:
    """For each concept who told what, by group, beside quotes for and against it."""
    codings, attendance = results.rows("field_codings"), results.rows("field_attendance")
    if codings is None or attendance is None:
        return [absent(results, "field_codings")]
    rows = codings[(codings["round"] == "first") & codings["concept"].notna() & codings["stance"].isin(SIDES)]
    spoken = rows[rows["participant_id"].notna()]
    people = people_by(attendance)
    shown = shown_groups(people, threshold)
    quotes = results.result("quotes")
    titles, agreement = CodeWords(results), Agreement(results)
    blocks: list[Block] = []
    for at, concept in enumerate(sorted(set(rows["concept"].astype(str)))):
        mine = spoken[spoken["concept"] == concept]
        said = None if quotes is None else quotes[quotes["concept"] == concept]
        title = told("joint.title", concept=names.concept(concept))
        codes = sorted(set(rows.loc[rows["concept"] == concept, "code"].astype(str)))
        notes = [told("joint.agreement", codes=agreement.several(codes, titles))]
        if at == 0:
            notes = [told("joint.note"), *withheld_note(people, shown, threshold), *notes]
        table = _sides(concept, mine, said, (people, shown, threshold), (names, titles))
        blocks.append(Listing(f"list-concept-{at + 1}", title, table, notes, told("source_quotes")))
    blocks.append(Note(told("joint.cannot")))
    return blocks


def _sides(
    concept: str,
    spoken: pd.DataFrame,
    quotes: pd.DataFrame | None,
    groups: tuple[dict[str, int], frozenset[str], int],
    words: tuple[Names, CodeWords],
) -> Table:
    people, shown, threshold = groups
    ordered = in_order(shown)
    total = sum(people.values())
    rows: list[list[Cell]] = []
    for side in SIDES:
        mine = spoken[spoken["stance"] == side]
        numbers = [_of(mine, total, threshold) if total >= threshold else cell(told("too_few"))]
        numbers += [_of(mine[mine["actor_group"] == one], people[one], threshold) for one in ordered]
        picked = [] if quotes is None else list(records(quotes[quotes["stance"] == side]))
        if not picked:
            rows.append([cell(told(f"joint.{side}")), *numbers, cell(told("joint.no_quote")), cell("–"), cell("–")])
        for at, quote in enumerate(picked):
            lead = [cell(told(f"joint.{side}")), *numbers] if at == 0 else [cell("")] * (len(numbers) + 1)
            rows.append([*lead, *_quote(quote, *words)])
    heads = [
        Column(told("columns.side")), Column(told("columns.all_people"), True),
        *(Column(group_words(one), True) for one in ordered),
        *columns(("quote", "speaker", "code")),
    ]  # fmt: skip
    return Table(f"concept-{concept}", told("joint.caption"), heads, rows)


def _of(rows: pd.DataFrame, people: int, threshold: int) -> Cell:
    """People who told of it; beside their words, a few of them are given as a band, for they might be known by it."""
    n = rows["participant_id"].nunique()
    few = 0 < n < threshold
    shown = f"1–{threshold - 1}" if few and threshold > 2 else str(n)
    return cell(told("joint.of", n=shown, people=people), None if few else n)


def _quote(quote: Record, names: Names, titles: CodeWords) -> list[Cell]:
    text = text_of(quote.quote)
    return [cell(Words(f"“{text}”", f"“{text}”")), cell(_speaker(quote, names)), cell(titles.of(quote.code))]


def role_words(role: object) -> Words:
    """A role as the study calls it, or the name of a group; somebody where neither may be told."""
    shown = text_of(role)
    if not shown:
        return told("somebody")
    return code("actor_group", shown)


def _speaker(quote: Record, names: Names) -> Words:
    where = period_words(names, quote.place_id, quote.period)
    who = role_words(quote.role)
    return who if where.en == "–" else join(who, Words(", ", "，"), where)


def group_blocks(results: Results, names: Names, threshold: int) -> list[Block]:
    """A short page of each group: how many were heard and where, what came up most, what may be quoted."""
    attendance = results.rows("field_attendance")
    if attendance is None:
        return []
    people = people_by(attendance)
    shown = shown_groups(people, threshold)
    quotes, codings = results.rows("quotes"), results.rows("field_codings")
    of_group = {} if quotes is None or codings is None else _attributed(quotes, codings, attendance)
    blocks: list[Block] = []
    for group in in_order(shown):
        blocks += _group(results, names, group, (people[group], threshold), of_group.get(group, []))
    return [*blocks, *(Note(one) for one in withheld_note(people, shown, threshold))]


def _attributed(quotes: pd.DataFrame, codings: pd.DataFrame, attendance: pd.DataFrame) -> dict[str, list[Record]]:
    """Quotes whose description already tells the group; any other would be told more about by standing here."""
    groups = set(attendance["actor_group"].dropna().astype(str))
    held = attendance.dropna(subset=["role"]).groupby("role")["actor_group"].unique()
    only = {str(role): str(found[0]) for role, found in held.items() if len(found) == 1}
    out: dict[str, list[Record]] = {}
    for quote in records(quotes[quotes["coding_id"].isin(codings["coding_id"])]):
        role = text_of(quote.role)
        group = role if role in groups else only.get(role, "")
        if group:
            out.setdefault(group, []).append(quote)
    return out


def _group(results: Results, names: Names, group: str, heard: tuple[int, int], quotes: Sequence[Record]) -> list[Block]:
    people, threshold = heard
    titles, agreement = CodeWords(results), Agreement(results)
    found = results.rows("code_frequencies")
    mine = None if found is None else found[(found["group"] == group) & (found["n_sources"] > 0)]
    notes = [told("group_page.heard", n=people), *_where(results, names, group, threshold)]
    rows: list[list[Cell]] = []
    if mine is not None:
        ordered = mine.sort_values(["share", "code"], ascending=[False, True], kind="stable").head(MOST_CODES)
        rows = [
            [
                cell(titles.of(row.code)),
                cell(f"{int(row.n_sources)} / {int(row.of_sources)}", int(row.n_sources)),
                cell(share_words(row), float(row.share)),
                agreement.cell(text_of(row.code)),
            ]
            for row in records(ordered)
        ]
    heads = ("code", "sources_with", "share_interval", "alpha")
    title = told("group_page.title", group=begun(group_words(group)))
    slug = group.replace("_", "-")
    codes = Table(f"group-{slug}", told("group_page.codes"), columns(heads, heads[1:]), rows)
    if not rows:
        notes.append(told("group_page.no_codes"))
    said = [_quote(one, names, titles) for one in quotes]
    blocks: list[Block] = [Listing(f"list-group-{slug}", title, codes, notes, told("source_codings"))]
    if said:
        name = told("group_page.quotes", group=begun(group_words(group)))
        table = Table(f"group-quotes-{slug}", name, columns(("quote", "speaker", "code")), said)
        blocks.append(Listing(f"list-group-quotes-{slug}", name, table, [told("group_page.quotes_note")]))
    else:
        blocks.append(Note(told("group_page.no_quotes", group=begun(group_words(group)))))
    return blocks


def _where(results: Results, names: Names, group: str, threshold: int) -> list[Words]:
    found = results.rows("fieldwork_coverage")
    if found is None:
        return []
    mine = safe_bands(found[found["actor_group"] == group], threshold)
    heard = [
        join(
            names.place(row.place_id),
            f" {int(row.period_from)}–{int(row.period_to)}",
            Words(": ", "："),
            row.heard_band,
        )
        for row in records(mine)
        if text_of(row.heard_band) != "0"
    ]
    never = [names.place(row.place_id) for row in records(mine) if text_of(row.status) == "not_heard"]
    lines = [told("group_page.where", where=listing(heard))] if heard else []
    return [*lines, *([told("group_page.never", where=listing(never))] if never else [])]
