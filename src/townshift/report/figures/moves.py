"""Figures of moves: the receiving places on a map and in a table, and the flows between the places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from townshift.report.blocks import Block, Column, Figure, Listing, Matrix, Panel, Table, absent, cell
from townshift.report.figures.map import Place, destinations_map
from townshift.report.matrices import count_table
from townshift.report.numbers import number
from townshift.report.results import records, text_of
from townshift.report.words import Names, Words, code, listing, plain, say

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results

LINKED = ("strong", "single")


def receiving_blocks(results: Results, names: Names, focal: str) -> list[Block]:
    """The receiving places: two maps (all, and those the record links to the focal place) and their table."""
    found = results.rows("receiving_places")
    if found is None:
        return [absent(results, "receiving_places")]
    places = _located(found, results.input("places"), names, focal)
    table = _places_table(found, names)
    if len(places) < 2:
        return [Listing("list-receiving", say("map.title"), table, [say("map.no_points")])]
    panels = []
    linked = [one for one in places if one.evidence in ("focal", *LINKED)]
    if len(linked) >= 2:
        panels.append(Panel(destinations_map("map-linked", linked), say("map.linked")))
    if len(places) > len(linked):
        panels.append(Panel(destinations_map("map-all", places), say("map.all")))
    rows = int(found["n_rows"].sum())
    return [
        Figure(
            name="figure-map",
            title=say("map.title"),
            alt=say("map.alt", n=len(places) - 1, linked=len(linked) - 1),
            panels=panels,
            table=table,
            source=say("source.rows", rows=rows, table="destinations"),
            legend=("focal", "strong", "single", "no_evidence"),
            notes=[say("map.note")],
            wide=True,
        )
    ]


def _located(found: pd.DataFrame, places: pd.DataFrame | None, names: Names, focal: str) -> list[Place]:
    if places is None or "lon" not in places or "lat" not in places:
        return []
    known = {
        str(row.place_id): (float(row.lon), float(row.lat))
        for row in records(places)
        if text_of(row.lon) and text_of(row.lat)
    }
    located = [
        Place(names.place(row.county_id), *known[str(row.county_id)], evidence=str(row.evidence))
        for row in records(found)
        if str(row.county_id) in known and str(row.county_id) != focal
    ]
    if focal in known:
        located.insert(0, Place(names.place(focal), *known[focal], evidence="focal"))
    return located


def _codes(kind: str, value: object) -> Words:
    return listing([code(kind, one) for one in text_of(value).split(";") if one])


def _places_table(found: pd.DataFrame, names: Names) -> Table:
    strength = {"strong": 0, "single": 1}
    ordered = sorted(
        records(found), key=lambda row: (strength.get(str(row.evidence), 2), float(text_of(row.distance_km) or 9e9))
    )
    rows = [
        [
            cell(names.place(row.county_id)),
            cell(number(row.distance_km), row.distance_km),
            cell(text_of(row.first_year)),
            cell(code("year_basis", text_of(row.year_basis))),
            cell(_codes("relation", row.relations)),
            cell(code("link", text_of(row.link))),
            cell(code("evidence", text_of(row.evidence))),
            cell(text_of(row.n_rows)),
            cell(text_of(row.n_lineages)),
            cell(text_of(row.row_ids).replace(";", ", ")),
        ]
        for row in ordered
    ]
    heads = ("place", "km", "first_year", "year_basis", "relations", "link", "evidence", "rows", "lineages", "row_ids")
    numeric = ("km", "first_year", "rows", "lineages")
    columns = [Column(say(f"columns.{head}"), head in numeric) for head in heads]
    return Table("receiving-places", say("map.table"), columns, rows)


def flow_blocks(results: Results, names: Names) -> list[Block]:
    """Flows by kind and level, against the evidence that they join the two places; values are never summed."""
    found = results.rows("flow_summary")
    if found is None:
        return [absent(results, "flow_summary")]
    pairs = found.groupby(["flow", "level"], sort=True)["n"].sum()
    counts = {((str(row.flow), str(row.level)), str(row.edge_evidence)): int(row.n) for row in records(found)}
    order = ("stated", "attributed", "assumed", "planned", "total_only")
    kinds = sorted({key[1] for key in counts}, key=lambda one: (order.index(one) if one in order else 9, one))
    table = count_table(
        "flows",
        say("flows.table"),
        say("columns.flow"),
        [((flow, level), code("flow", flow) + Words(", ", "，") + code("level", level)) for flow, level in pairs.index],
        [(kind, code("edge_evidence", kind)) for kind in kinds],
        {key: float(count) for key, count in counts.items()},
    )
    blocks: list[Block] = [
        Matrix(
            "matrix-flows",
            say("flows.title"),
            table,
            say("source.rows", rows=int(found["n"].sum()), table="flows"),
            [say("flows.note"), say("matrix.dot")],
        )
    ]
    rows = results.input("flows")
    if rows is not None and len(rows):
        blocks.append(_flow_rows(rows, names))
    return blocks


def _flow_rows(rows: pd.DataFrame, names: Names) -> Listing:
    body = [
        [
            cell(text_of(row.flow_id)),
            cell(names.place(row.origin_id)),
            cell(names.place(row.destination_id)),
            cell(text_of(row.year)),
            cell(code("flow", row.flow)),
            cell(number(row.value) if text_of(row.value) else plain("–"), text_of(row.value)),
            cell(code("unit", text_of(row.unit))),
            cell(code("qualifier", text_of(row.qualifier))),
            cell(code("edge_evidence", text_of(row.edge_evidence))),
            cell(text_of(row.lineage), anchor=f"lineage-{text_of(row.lineage)}"),
        ]
        for row in records(rows)
    ]
    heads = ("row", "origin", "destination", "year", "flow", "value", "unit", "qualifier", "edge_evidence", "lineage")
    columns = [Column(say(f"columns.{head}"), head in ("year", "value")) for head in heads]
    return Listing("list-flows", say("flows.rows"), Table("flow-rows", say("flows.rows"), columns, body), folded=True)
