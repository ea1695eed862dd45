"""Figures of question 4: levels on both sides, dependence and autonomy of the receiving places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from townshift.report.blocks import Block, Column, Figure, Listing, Matrix, Panel, Table, absent, cell
from townshift.report.charts import Row, intervals
from townshift.report.figures.refused import status_blocks
from townshift.report.figures.series import estimates_table, years_of
from townshift.report.matrices import count_table, summed
from townshift.report.numbers import exact
from townshift.report.results import Record, records, text_of
from townshift.report.words import Names, Words, code, join, listing, plain, say, unit

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results


def outcome_blocks(results: Results, names: Names) -> list[Block]:
    """Gaps of level, the listed levels, and the evidence of dependence and autonomy."""
    return [*_gaps(results, names), *_levels(results, names), *_dependence(results, names)]


def _gaps(results: Results, names: Names) -> list[Block]:
    refused = status_blocks(results, names, "level_gaps")
    found = results.estimates("level_gaps")
    if found is None:
        return [absent(results, "level_gaps"), *refused]
    ordered = found.sort_values(["measure", "group", "place_id", "year_from"], kind="stable")
    rows = [
        Row(
            join(_against(row, names), "  ", years_of(row)),
            row.value,
            row.low,
            row.high,
            group=_gap(row, names),
        )
        for row in records(ordered)
    ]
    return [
        Figure(
            name="figure-level-gaps",
            title=say("gaps.title"),
            alt=say("growth.alt", n=len(rows)),
            panels=[Panel(intervals("level-gaps", rows, say("gaps.axis")))],
            table=estimates_table("level-gaps", say("gaps.title"), [ordered], names, lambda row: _gap(row, names)),
            source=say("source.joint", n=len(rows)),
            legend=("point",),
            notes=[say("gaps.note")],
            wide=True,
        ),
        *refused,
    ]


def _against(row: Record, names: Names) -> Words:
    """The place and which place of the focal side it is held against."""
    place, other = names.place(row.place_id), text_of(getattr(row, "focal_place", ""))
    return say("gaps.against", place=place, other=names.place(other)) if other else place


def _gap(row: Record, names: Names) -> Words:
    return join(names.measure(row.measure), Words(": ", "："), names.indicator(row.group))


def _levels(results: Results, names: Names) -> list[Block]:
    found = results.rows("level_record")
    if found is None:
        return []
    rows = [
        [
            cell(names.indicator(row.definition_id)),
            cell(names.place(row.place_id)),
            cell(code("side", text_of(row.side))),
            cell(text_of(row.year)),
            cell(code("qualifier", text_of(row.qualifier))),
            cell(exact(row.value), row.value),
            cell(unit(text_of(row.unit))),
            cell(text_of(row.lineage), anchor=f"lineage-{text_of(row.lineage)}"),
        ]
        for row in records(found)
    ]
    heads = ("figure", "place", "side", "year", "qualifier", "value", "unit", "lineage")
    columns = [Column(say(f"columns.{head}"), head in ("year", "value")) for head in heads]
    table = Table("level-record", say("levels.title"), columns, rows)
    return [Listing("list-levels", say("levels.title"), table, [say("levels.note")], folded=len(rows) > 12)]


def _dependence(results: Results, names: Names) -> list[Block]:
    found = results.rows("dependence")
    if found is None:
        return [absent(results, "dependence")]
    counts = summed(found, "place_id", "side", "n")
    counts |= {
        (place, f"{side}_counted"): n for (place, side), n in summed(found, "place_id", "side", "n_counted").items()
    }
    total = found.groupby("place_id", sort=True)["n"].sum().sort_values(ascending=False, kind="stable")
    places = [str(one) for one in total.index]
    columns = [
        (f"{side}{tail}", code("dependence", f"{side}{tail}"))
        for side in ("dependence", "autonomy")
        for tail in ("", "_counted")
    ]
    table = count_table(
        "dependence",
        say("dependence.table"),
        say("columns.place"),
        [(one, names.place(one)) for one in places],
        columns,
        counts,
    )
    matrix = Matrix(
        "matrix-dependence",
        say("dependence.title"),
        table,
        say("source.pieces", n=int(found["n"].sum())),
        [say("dependence.note"), say("matrix.dot")],
    )
    return [matrix, _pieces(found, names)]


def _pieces(found: pd.DataFrame, names: Names) -> Listing:
    rows = [
        [
            cell(names.place(row.place_id)),
            cell(code("dependence", row.side)),
            cell(code("table", row.table)),
            cell(_item(text_of(row.table), text_of(row.item), names)),
            *(cell(text_of(one)) for one in (row.n, row.n_counted, row.n_counted_lineages)),
            cell(text_of(row.row_ids).replace(";", ", ")),
            cell(_reasons(text_of(row.not_counted_reasons))),
        ]
        for row in records(found)
    ]
    heads = ("place", "speaks_for", "table", "item", "rows", "counted", "lineages", "row_ids", "not_counted")
    columns = [Column(say(f"columns.{head}"), head in heads[4:7]) for head in heads]
    table = Table("dependence-pieces", say("dependence.pieces"), columns, rows)
    return Listing("list-dependence", say("dependence.pieces"), table, folded=True)


def _item(table: str, item: str, names: Names) -> Words:
    if table == "statements":
        return names.concept(item)
    return code("flow", item) if table == "flows" else names.indicator(item)


def _reasons(value: str) -> Words:
    parts = [code("reason", one) for one in value.split(";") if one]
    return listing(parts) if parts else plain("")
