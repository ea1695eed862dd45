"""Figures of moves in a registry: by kind and year, largest flows, hops, destinations, and how they were found."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from townshift.locales import has_text, text
from townshift.report.blocks import Block, Cell, Column, Figure, Listing, Note, Panel, Table, absent, cell
from townshift.report.charts import Row, intervals
from townshift.report.figures.map import Place, destinations_map
from townshift.report.figures.registry import masked
from townshift.report.numbers import number, percent
from townshift.report.registry_charts import Line, expected_panel
from townshift.report.results import Record, records, text_of
from townshift.report.style import CYCLE
from townshift.report.words import Names, Words, join, plain, prettified, say

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results

KINDS = ("relocation", "branch", "return_entrepreneurship", "outsourcing")
SORTS = (
    "same_county", "same_province", "other_province", "nearness_unknown", "less_developed", "not_less_developed",
    "level_unknown",
)  # fmt: skip
"""Sorts of destinations, in the order in which they are shown."""
LARGEST_LINES = 20
"""Lines between two places that are drawn; the table and its CSV hold all that are not withheld."""
BANDS = (0.01, 0.1, 0.2, 0.5, 0.8, 0.9, 0.99, 1.0)
"""Edges of the probabilities by which pairs are counted."""
WIDEST, THINNEST = 4.0, 0.8
"""Width in points of the lines of the largest and of the smallest flow on the map."""


def move_blocks(results: Results, names: Names, focal: str, threshold: int) -> list[Block]:
    """Moves by kind and year, the largest lines with their map, pathways, and how pairs were found and may be checked.

    Args:
        results: what the pipeline wrote.
        names: titles.
        focal: id of the focal place.
        threshold: expected numbers below it are withheld where they are about a place.
    """
    if results.result("moves") is None:
        return []
    totals = results.estimates("move_totals")
    if totals is None:
        return [absent(results, "moves"), *_found_blocks(results)]
    return [
        *_year_figures(totals, results, names, focal, threshold),
        *_line_figure(totals, results, names, focal, threshold),
        *_hop_figure(results, names, threshold),
        *_destination_figure(results),
        *_found_blocks(results),
    ]


def worded(key: str) -> Words:
    """A text of the moves by its whole key, in both languages; its last part where there is none."""
    if not has_text(key):
        return plain(prettified(key.rpartition(".")[2]))
    return Words(text(key, "en"), text(key, "zh"))


def kind_of(kind: str) -> Words:
    """Name of a kind of move."""
    return worded(f"moves.kind.{kind}")


def _year_figures(totals: pd.DataFrame, results: Results, names: Names, focal: str, threshold: int) -> list[Block]:
    pairs = results.rows("moves")
    n = 0 if pairs is None else len(pairs)
    out: list[Block] = []
    for measure, place, limit in (
        ("moves_by_kind", "", 0),
        ("moves_out", focal, threshold),
        ("moves_in", focal, threshold),
    ):
        rows = totals[totals["measure"] == measure]
        if rows.empty:
            continue
        panels = []
        for kind in KINDS:
            years = rows[rows["group"] == kind].sort_values("year_from")
            hidden = (years["value"] > 0) & (years["value"] < limit)
            values = [
                np.where(hidden, np.nan, years[column].to_numpy(dtype=float)) for column in ("value", "low", "high")
            ]
            if not (np.isfinite(values[0]) & (values[0] > 0)).any():
                continue
            drawing = expected_panel(
                f"{measure.replace('_', '-')}-{kind.replace('_', '-')}",
                years["year_from"].to_numpy(dtype=float),
                Line("members", *values),
            )
            panels.append(Panel(drawing, kind_of(kind), say("registry.moves_unit")))
        title = say(f"registry.{measure}_title", place=names.place(place))
        table = _year_table(measure, title, rows, limit)
        source = say("registry.source_pairs", n=f"{n:,}")
        if not panels:
            out.append(Note(say("registry.all_withheld", title=title, n=limit)))
            continue
        notes = [say("registry.moves_note"), *([say("registry.withheld", n=limit)] if limit else [])]
        alt = say("registry.moves_alt", n=len(panels))
        name = f"figure-{measure.replace('_', '-')}"
        out.append(Figure(name, title, alt, panels, table, source, ("expected", "band"), notes))
    return out


def _year_table(measure: str, title: Words, rows: pd.DataFrame, limit: int) -> Table:
    ordered = rows.sort_values(["group", "year_from"], kind="stable")
    body = [
        [cell(kind_of(str(row.group))), cell(text_of(row.year_from)), *_expected_cells(row, limit)]
        for row in records(ordered)
        if row.high > 0
    ]
    heads = ("move", "year", "expected_moves", "low", "high")
    columns = [Column(say(f"columns.{head}"), head != "move") for head in heads]
    return Table(measure.replace("_", "-"), title, columns, body)


def _expected_cells(row: Record, limit: int) -> list[Cell]:
    """Value and ends of an interval, all withheld if the value is small."""
    if 0 < row.value < limit:
        return [masked(float(row.value), limit), cell("–", ""), cell("–", "")]
    return [cell(number(one), float(one)) for one in (row.value, row.low, row.high)]


def _line_figure(totals: pd.DataFrame, results: Results, names: Names, focal: str, threshold: int) -> list[Block]:
    rows = totals[totals["measure"] == "flow_total"]
    if rows.empty:
        return []
    told = rows[rows["value"] >= threshold].sort_values(["value", "group"], ascending=[False, True], kind="stable")
    small = rows[rows["value"] < threshold]
    title, span = say("registry.lines_title"), _span(rows)
    body = [
        [
            *(cell(names.place(place)) for place in _ends(row)),
            cell(span),
            *_expected_cells(row, 0),
            cell(text_of(row.n)),
        ]
        for row in records(told)
    ]
    heads = ("origin", "destination", "years", "expected_moves", "low", "high", "pairs")
    columns = [Column(say(f"columns.{head}"), head not in ("origin", "destination")) for head in heads]
    table = Table("lines", title, columns, body)
    notes = [say("registry.lines_note", n=len(told), small=len(small), threshold=threshold)]
    source = say("registry.source_pairs", n=f"{int(rows['n'].sum()):,}")
    if told.empty:
        return [Listing("list-lines", title, table, notes, source)]
    chart = [
        Row(
            join(names.place(_ends(row)[0]), " → ", names.place(_ends(row)[1])),
            float(row.value),
            float(row.low),
            float(row.high),
            colour=CYCLE[0] if _ends(row)[0] == focal else CYCLE[2],
        )
        for row in records(told.head(LARGEST_LINES))
    ]
    drawing = intervals("lines", chart, say("registry.moves_unit"))
    panels = [Panel(drawing, say("registry.lines_largest", n=len(chart)))]
    mapped = _mapped(told, results, names, focal)
    if len(mapped) >= 2:
        panels.append(Panel(destinations_map("lines-map", mapped), say("registry.lines_map", place=names.place(focal))))
    legend = ("point", "focal", "flow_width") if len(mapped) >= 2 else ("point",)
    alt = say("registry.lines_alt", n=len(chart), mapped=max(len(mapped) - 1, 0))
    return [Figure("figure-lines", title, alt, panels, table, source, legend, notes, wide=True)]


def _ends(row: Record) -> tuple[str, str]:
    origin, _, destination = str(row.group).partition(">")
    return origin, destination


def _span(rows: pd.DataFrame) -> str:
    return f"{int(rows['year_from'].min())}–{int(rows['year_to'].max())}"


def _mapped(told: pd.DataFrame, results: Results, names: Names, focal: str) -> list[Place]:
    """The focal place and the destinations of its largest flows, the wider the line the more moves."""
    places = results.input("places")
    if places is None or not {"lon", "lat"} <= set(places.columns):
        return []
    known = {
        str(row.place_id): (float(row.lon), float(row.lat))
        for row in records(places)
        if text_of(row.lon) and text_of(row.lat)
    }
    leaving = [row for row in records(told) if _ends(row)[0] == focal and _ends(row)[1] in known][:LARGEST_LINES]
    if focal not in known or not leaving:
        return []
    most = max(float(row.value) for row in leaving)
    ends = [
        Place(
            names.place(_ends(row)[1]),
            *known[_ends(row)[1]],
            evidence="strong",
            line_width=THINNEST + (WIDEST - THINNEST) * float(row.value) / most,
        )
        for row in leaving
    ]
    return [Place(names.place(focal), *known[focal], evidence="focal"), *ends]


def _hop_figure(results: Results, names: Names, threshold: int) -> list[Block]:
    found = results.estimates("pathways")
    if found is None:
        return [absent(results, "pathways")]
    hops = found[found["measure"] == "hop"].sort_values("group", kind="stable")
    if hops.empty:
        return []
    rows = [
        Row(
            say(f"registry.hop_{i + 1}" if i < 2 else "registry.hop_later"), float(r.value), float(r.low), float(r.high)
        )
        for i, r in enumerate(records(hops))
    ]
    body = [[cell(row.label), *(cell(number(one), one) for one in (row.value, row.low, row.high))] for row in rows]
    heads = ("hop", "expected_moves", "low", "high")
    columns = [Column(say(f"columns.{head}"), head != "hop") for head in heads]
    title = say("registry.hops_title")
    chains = found[(found["measure"] == "second_hop") & (found["value"] >= threshold)]
    hidden = int((found["measure"] == "second_hop").sum()) - len(chains)
    figure = Figure(
        "figure-hops",
        title,
        say("registry.hops_alt"),
        [Panel(intervals("hops", rows, say("registry.moves_unit")))],
        Table("hops", title, columns, body),
        say("registry.source_pairs", n=f"{int(hops['n'].max()):,}"),
        ("point",),
        [say("registry.hops_note"), say("registry.chains_hidden", n=hidden, threshold=threshold)],
        wide=True,
    )
    return [figure, *_chain_listing(chains, names)]


def _chain_listing(chains: pd.DataFrame, names: Names) -> list[Block]:
    if chains.empty:
        return []
    title = say("registry.chains_title")
    body = [
        [
            cell(join(*_between([names.place(place) for place in str(row.group).split(">")], " → "))),
            *(cell(number(one), float(one)) for one in (row.value, row.low, row.high)),
        ]
        for row in records(chains.sort_values("value", ascending=False, kind="stable"))
    ]
    heads = ("chain", "expected_moves", "low", "high")
    columns = [Column(say(f"columns.{head}"), head != "chain") for head in heads]
    return [Listing("list-chains", title, Table("chains", title, columns, body))]


def _between(parts: Sequence[Words], mark: str) -> list[Words | str]:
    out: list[Words | str] = []
    for part in parts:
        out.extend([part] if not out else [mark, part])
    return out


def _destination_figure(results: Results) -> list[Block]:
    found = results.estimates("pathways")
    shares = None if found is None else found[(found["measure"] == "destination_share") & (found["high"] > 0)]
    if shares is None or shares.empty:
        return []
    sorts = shares["group"].str.partition(":")
    shares = shares.assign(sort=sorts[0], move=sorts[2])
    order = {kind: i for i, kind in enumerate(("", *KINDS))}
    ordered = sorted(records(shares), key=lambda row: (SORTS.index(str(row.sort)), order.get(str(row.move), 9)))
    rows = [
        Row(
            kind_of(str(row.move)) if row.move else say("registry.all_kinds"),
            float(row.value),
            float(row.low),
            float(row.high),
            group=say(f"registry.sort_{row.sort}"),
            marker="o" if row.move else "s",
        )
        for row in ordered
    ]
    title = say("registry.sorts_title")
    return [
        Figure(
            "figure-destinations",
            title,
            say("registry.sorts_alt", n=len(rows)),
            [Panel(intervals("destinations", rows, say("registry.sorts_axis"), percent=True))],
            shares_table("destinations", title, ("sort", "move"), rows),
            say("registry.source_pairs", n=f"{int(shares['n'].max()):,}"),
            ("point",),
            [say("registry.sorts_note")],
            wide=True,
        )
    ]


def _found_blocks(results: Results) -> list[Block]:
    """How pairs were found: blocking and what it left out, probabilities, calibration, the sheet for a person."""
    blocks: list[Block] = []
    blocking = results.rows("moves_blocking")
    if blocking is not None:
        blocks.append(_blocking_listing(blocking))
    pairs = results.rows("moves")
    if pairs is not None:
        blocks.append(_probability_listing(pairs))
    calibration = results.rows("moves_calibration")
    if calibration is not None:
        blocks.append(Note(_calibration_text(calibration)))
    sheet = results.result("review_moves")
    if sheet is not None:
        blocks.append(Note(say("registry.review", n=len(sheet)) if len(sheet) else say("registry.review_none")))
    return blocks


def _blocking_listing(found: pd.DataFrame) -> Listing:
    body = [
        [
            cell(worded(f"moves.blocking.rule.{row.rule}")),
            cell(worded(f"moves.blocking.outcome.{row.outcome}")),
            *(cell(f"{int(n):,}", int(n)) for n in (row.n_groups, row.n_records, row.largest_group, row.n_pairs)),
        ]
        for row in records(found)
        if row.n_groups
    ]
    dropped = found[found["outcome"] == "dropped"]
    heads = ("blocking_rule", "outcome", "groups", "records", "largest_group", "pairs")
    columns = [Column(say(f"columns.{head}"), head not in ("blocking_rule", "outcome")) for head in heads]
    title = say("registry.blocking_title")
    note = say("registry.blocking_note", n=f"{int(dropped['n_pairs'].sum()):,}", groups=int(dropped["n_groups"].sum()))
    return Listing("list-blocking", title, Table("blocking", title, columns, body), [note], folded=True)


def _probability_listing(pairs: pd.DataFrame) -> Listing:
    p = 1.0 - pairs["p_look_alike"].to_numpy(dtype=float)
    body = []
    for low, high in pairwise(BANDS):
        inside = (p >= low) & ((p < high) | (high == 1.0))
        shown = say("registry.band", low=percent(low), high=percent(high))
        body.append(
            [cell(shown), cell(f"{int(inside.sum()):,}", int(inside.sum())), cell(number(float(p[inside].sum())))]
        )
    heads = ("probability", "pairs", "expected_moves")
    columns = [Column(say(f"columns.{head}"), head != "probability") for head in heads]
    title = say("registry.probability_title")
    table = Table("probabilities", title, columns, body)
    return Listing("list-probabilities", title, table, [say("registry.probability_note")])


def _calibration_text(found: pd.DataFrame) -> Words:
    row = found.iloc[0]
    shift = f"{float(row['shift_variance']) ** 0.5:.2f}"
    slope = f"{float(row['slope_variance']) ** 0.5:.2f}"
    if int(row["n_labels"]) == 0:
        return say("registry.calibration_none", shift=shift, slope=slope)
    moved = {"by": f"{float(row['shift']):+.2f}", "times": f"{float(row['slope']):.2f}"}
    return say("registry.calibration", n=int(row["n_labels"]), shift=shift, slope=slope, **moved)


def shares_table(name: str, title: Words, heads: tuple[str, str], rows: Sequence[Row]) -> Table:
    """The table behind a figure of shares: group, label, share and the ends of its interval.

    Args:
        name: of the table.
        title: what readers see.
        heads: columns of the group and of the label.
        rows: what is drawn; shares from 0 to 1.
    """
    body = [
        [cell(row.group or ""), cell(row.label), *(cell(percent(one), one) for one in (row.value, row.low, row.high))]
        for row in rows
    ]
    columns = [Column(say(f"columns.{head}"), head not in heads) for head in (*heads, "share", "low", "high")]
    return Table(name, title, columns, body)
