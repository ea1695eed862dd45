"""Pages of codes: how many sources of each group have them, how far coders agree, what comes up together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from townshift.report.blocks import Block, Figure, Listing, Panel, Table, absent, cell
from townshift.report.figures.field_words import (
    PUBLIC,
    Agreement,
    CodeWords,
    coefficient,
    columns,
    group_words,
    in_order,
    named,
    people_by_source_group,
    share_words,
    told,
    withheld_note,
)
from townshift.report.numbers import number, percent
from townshift.report.results import Record, records, text_of
from townshift.report.style import CYCLE, INK, MARKERS, PALE, Canvas, Drawing, widest
from townshift.report.words import Words, join, listing, say
from townshift.small_groups import shown_groups

if TYPE_CHECKING:
    from townshift.report.results import Results

_LINE_PT = 11.0


def code_blocks(results: Results, threshold: int) -> list[Block]:
    """Codes per source and group, agreement of the second coder, codes that come up together."""
    titles, agreement = CodeWords(results), Agreement(results)
    return [
        *_frequencies(results, titles, agreement, threshold),
        *_agreement(results, titles, agreement),
        *_together(results, titles, agreement, threshold),
    ]


def source_groups(results: Results, threshold: int) -> tuple[dict[str, int], frozenset[str]]:
    """People behind each kind of source, and the kinds that may be shown; documents of nobody always may."""
    attendance, sources = results.result("field_attendance"), results.result("field_sources")
    if attendance is None or sources is None:
        return {}, frozenset()
    people = people_by_source_group(attendance, sources)
    return people, shown_groups(people, threshold) | {PUBLIC}


def _frequencies(results: Results, titles: CodeWords, agreement: Agreement, threshold: int) -> list[Block]:
    found = results.rows("code_frequencies")
    if found is None:
        return [absent(results, "code_frequencies")]
    people, shown = source_groups(results, threshold)
    table = found[(found["group"] == "") | found["group"].isin(list(shown))]
    whole = table[table["group"] == ""].sort_values(["share", "code"], ascending=[False, True], kind="stable")
    groups = ["", *in_order(table["group"])]
    codes = whole["code"].astype(str).tolist()
    cells = {(text_of(row.code), text_of(row.group)): row for row in records(table)}
    body = [
        [
            cell(titles.of(one)),
            cell(group_words(group) if group else told("all_sources")),
            cell(str(int(row.n_sources)), int(row.n_sources)),
            cell(str(int(row.of_sources)), int(row.of_sources)),
            cell(share_words(row), float(row.share)),
            cell(str(int(row.n_passages)), int(row.n_passages)),
            agreement.cell(one),
        ]
        for one in codes
        for group in groups
        for row in [cells[one, group]]
    ]
    heads = ("code", "group", "sources_with", "of_sources", "share_interval", "passages", "alpha")
    title = told("codes.title")
    drawing = code_shares("code-shares", codes, groups, cells, titles, agreement)
    return [
        Figure(
            name="figure-codes", title=title, alt=told("codes.alt", codes=len(codes), groups=len(groups)),
            panels=[Panel(drawing)],
            table=Table("code-frequencies", title, columns(heads, heads[2:]), body),
            source=told("source_codings"),
            notes=[
                told("codes.note"), told("codes.cannot"), *withheld_note(people, shown, threshold),
                *agreement.notes(titles),
            ],
            wide=True,
        )
    ]  # fmt: skip


def code_shares(
    name: str,
    codes: Sequence[str],
    groups: Sequence[str],
    cells: dict[tuple[str, str], Record],
    titles: CodeWords,
    agreement: Agreement,
) -> Drawing:
    """Share of sources with each code, a mark and bar a group, alpha of the code at the right.

    Args:
        name: unique in the page.
        codes: top to bottom.
        groups: of sources; "" is all of them.
        cells: (code, group) → share, low, high.
        titles: of codes.
        agreement: of the second coder.
    """
    alphas = [agreement.words(one) for one in codes]
    head = told("columns.alpha")
    left = widest([titles.of(one) for one in codes]) + 18
    right = widest([*alphas, head]) + 20
    keys = [group_words(group) if group else told("all_sources") for group in groups]
    tall = max(_LINE_PT * len(groups), 24.0) + 8
    width = max(640.0, left + right + 300)
    canvas = Canvas(name, width, tall * len(codes) + 66)
    axes = canvas.axes(left, 34, right, 32)
    for at, one in enumerate(codes):
        middle = (at + 0.5) * tall
        if at:
            axes.axhline(at * tall, color=PALE, linewidth=0.6, zorder=0)
        canvas.label(axes, -10 / (width - left - right), middle, titles.of(one), transform=axes.get_yaxis_transform(),
                     ha="right", va="center_baseline")  # fmt: skip
        canvas.label(axes, 1 + 12 / (width - left - right), middle, alphas[at], transform=axes.get_yaxis_transform(),
                     va="center_baseline")  # fmt: skip
        for number_, group in enumerate(groups):
            row = cells[one, group]
            y = middle + (number_ - (len(groups) - 1) / 2) * _LINE_PT
            colour, marker = _style(number_)
            axes.plot([100 * row.low, 100 * row.high], [y, y], color=colour, linewidth=1.8)
            axes.plot([100 * row.share], [y], marker, color=colour, markersize=4.6, zorder=3, clip_on=False)
    axes.set_xlim(0, 100)
    axes.set_ylim(tall * len(codes), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.tick_params(length=2.5, pad=2)
    _keys(canvas, keys)
    canvas.label(axes, 1 + 12 / (width - left - right), -6, head, transform=axes.get_yaxis_transform(), va="baseline")
    below = -28 / (tall * len(codes))
    canvas.label(axes, 0.5, below, told("codes.axis"), transform=axes.transAxes, ha="center", va="baseline")
    return canvas.finish()


def _style(at: int) -> tuple[str, str]:
    """All sources stand out in black; groups take the colours and shapes of the report."""
    return (INK, "o") if at == 0 else (CYCLE[(at - 1) % len(CYCLE)], MARKERS[at % len(MARKERS)])


def _keys(canvas: Canvas, keys: Sequence[Words]) -> None:
    """The key above the picture: shape and colour of each group."""
    axes = canvas.figure.add_axes((0, (canvas.height - 14) / canvas.height, 1, 14 / canvas.height))
    axes.set_axis_off()
    axes.set_xlim(0, canvas.width)
    axes.set_ylim(0, 14)
    x = 6.0
    for at, key in enumerate(keys):
        colour, marker = _style(at)
        axes.plot([x], [7], marker, color=colour, markersize=4.6)
        canvas.label(axes, x + 8, 7, key, va="center_baseline")
        x += widest([key]) + 26


def _agreement(results: Results, titles: CodeWords, agreement: Agreement) -> list[Block]:
    found = results.rows("code_agreement")
    if found is None:
        return [absent(results, "code_agreement")]
    rows = [
        [
            cell(titles.of(row.code) if text_of(row.code) else told("all_codes")),
            cell(named("measure", row.measure)),
            cell(_value(row), row.value),
            cell(text_of(row.n_units) or "–"),
            cell(text_of(row.n_documents) or "–"),
            cell(text_of(row.n_passages) or "–"),
        ]
        for row in records(found)
    ]
    heads = ("code", "measure", "value_interval", "units", "documents", "passages")
    title = told("agreement.title")
    table = Table("code-agreement", title, columns(heads, heads[2:]), rows)
    notes = [told("agreement.note"), *agreement.notes(titles)]
    return [Listing("list-agreement", title, table, notes, told("source_codings"), folded=True)]


def _value(row: Record) -> Words:
    return coefficient(row) if text_of(row.value) else named("agreement_status", row.status)


def _together(results: Results, titles: CodeWords, agreement: Agreement, threshold: int) -> list[Block]:
    found = results.rows("codes_together")
    if found is None:
        return [absent(results, "codes_together")]
    enough = found[(found["n_sources"] == 0) | (found["n_sources"] >= threshold)]
    apart = [row.lift_low > 1 or row.lift_high < 1 for row in records(enough)]
    ordered = enough.assign(apart=apart).sort_values(
        ["apart", "n_sources", "code", "other_code"], ascending=[False, False, True, True], kind="stable"
    )
    rows = [
        [
            cell(join(titles.of(row.code), Words(" + ", "＋"), titles.of(row.other_code))),
            cell(str(int(row.n_sources)), int(row.n_sources)),
            cell(percent(row.jaccard), row.jaccard),
            cell(_lift(row), row.lift),
            cell(told("together.differs" if row.apart else "together.as_chance")),
            cell(listing([agreement.words(text_of(one)) for one in (row.code, row.other_code)])),
        ]
        for row in records(ordered)
    ]
    heads = ("pair", "sources_both", "jaccard", "lift", "against_chance", "alpha_both")
    title = told("together.title")
    table = Table("codes-together", title, columns(heads, heads[1:4]), rows)
    notes = [told("together.note", pairs=len(found), left_out=len(found) - len(enough), n=threshold)]
    notes += agreement.notes(titles)[:1]
    return [Listing("list-together", title, table, notes, told("source_codings"))]


def _lift(row: Record) -> Words:
    return say("numbers.interval", value=number(row.lift), low=number(row.lift_low), high=number(row.lift_high))
