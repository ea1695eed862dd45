"""Figures of question 3: what the record holds on work, and the gaps in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from townshift.report.blocks import Block, Column, Listing, Matrix, Table, absent, cell
from townshift.report.figures.government import ranked
from townshift.report.figures.growth import ratio_blocks
from townshift.report.matrices import count_table
from townshift.report.numbers import exact
from townshift.report.results import records, text_of
from townshift.report.words import Names, Words, code, listing, plain, say, unit

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results


def labour_blocks(results: Results, names: Names) -> list[Block]:
    """Themes by place with their gaps, the shares on joint draws, and the single figures."""
    return [
        *_record(results, names),
        *ratio_blocks(results, names, "labour_shares", "shares"),
    ]


def _record(results: Results, names: Names) -> list[Block]:
    found, gaps = results.rows("labour_record"), results.rows("labour_gaps")
    if gaps is None:
        return [absent(results, "labour_record")]
    themes = _themes(results)
    titled = [(one, themes.get(one) or code("theme", one)) for one in ranked(gaps["theme"], tuple(themes))]
    total = gaps.groupby("place_id", sort=True)["n_figures"].sum().sort_values(ascending=False, kind="stable")
    places = [str(one) for one in total.index[:MOST_PLACES]]
    counts = {(str(r.theme), str(r.place_id)): float(r.n_figures) for r in records(gaps)}
    silent = {(str(r.theme), str(r.place_id)) for r in records(gaps) if "no_figure" in text_of(r.gaps).split(";")}
    table = count_table(
        "labour-record",
        say("labour.table"),
        say("columns.theme"),
        titled,
        [(one, names.place(one)) for one in places],
        counts,
        lambda theme, place: plain("○") if (theme, place) in silent else None,
    )
    notes = [say("labour.note"), say("matrix.dot")]
    if len(total) > len(places):
        notes.append(say("labour.more_places", n=len(total) - len(places)))
    lineages = 0 if found is None else found["lineage"].nunique()
    source = say("source.facts", facts=int(total.sum()), lineages=lineages)
    blocks: list[Block] = [Matrix("matrix-labour", say("labour.title"), table, source, notes, ("gap",))]
    blocks.append(_gaps(gaps, names, themes))
    if found is not None:
        proxy = found["basis"] != "figure"
        blocks += [
            _figures(part, names, themes, key)
            for key, part in (("figures", found[~proxy]), ("proxies", found[proxy]))
            if len(part)
        ]
    return blocks


MOST_PLACES = 10
"""Columns of the matrix; further places are in its table of single figures."""


def _themes(results: Results) -> dict[str, Words]:
    found = results.rows("labour_themes")
    if found is None:
        return {}
    ordered = found.sort_values("position", kind="stable")
    return {text_of(r.theme): Words(text_of(r.title_en), text_of(r.title_zh)) for r in records(ordered)}


def _gaps(gaps: pd.DataFrame, names: Names, themes: Mapping[str, Words]) -> Listing:
    rows = [
        [
            cell(themes.get(text_of(row.theme)) or code("theme", text_of(row.theme))),
            cell(names.place(row.place_id)),
            *(cell(text_of(one)) for one in (row.n_figures, row.n_lineages, row.n_statements, row.n_worker_voices)),
            cell(listing([code("gap", one) for one in text_of(row.gaps).split(";") if one])),
        ]
        for row in records(gaps)
    ]
    heads = ("theme", "place", "facts", "lineages", "statements", "worker_voices", "gaps")
    columns = [Column(say(f"columns.{head}"), head in heads[2:6]) for head in heads]
    return Listing(
        "list-gaps", say("labour.gaps"), Table("labour-gaps", say("labour.gaps"), columns, rows), folded=True
    )


def _figures(found: pd.DataFrame, names: Names, themes: Mapping[str, Words], key: str) -> Listing:
    rows = [
        [
            cell(themes.get(text_of(row.theme)) or code("theme", text_of(row.theme))),
            cell(names.place(row.place_id)),
            cell(Words(text_of(row.title_en), text_of(row.title_zh))),
            cell(text_of(row.year)),
            cell(code("qualifier", text_of(row.qualifier))),
            cell(exact(row.value), row.value),
            cell(unit(text_of(row.unit))),
            cell(text_of(row.group)),
            cell(text_of(row.lineage), anchor=f"lineage-{text_of(row.lineage)}"),
        ]
        for row in records(found)
    ]
    heads = ("theme", "place", "figure", "year", "qualifier", "value", "unit", "universe", "lineage")
    columns = [Column(say(f"columns.{head}"), head in ("year", "value"), head == "universe") for head in heads]
    table = Table(f"labour-{key}", say(f"labour.{key}"), columns, rows)
    return Listing(f"list-labour-{key}", say(f"labour.{key}"), table, [say(f"labour.{key}_note")], folded=True)
