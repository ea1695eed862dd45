"""Figures of the reconciled series: what the years were, which facts say so, and which facts stayed outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from townshift.report.blocks import Block, Column, Figure, Listing, Note, Panel, Table, absent, cell
from townshift.report.charts import series_panel
from townshift.report.numbers import NO_BREAK, exact, number
from townshift.report.results import Record, records, text_of
from townshift.report.words import Names, Words, code, join, listing, plain, say, unit

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results

SUBSTANTIAL = 0.5
"""A log10 Bayes factor from which evidence for a break is substantial (Jeffreys 1961, appendix B)."""

SHOWN_LINEAGES = 4
"""So many lineages are named below a panel, the heaviest first."""


def series_blocks(results: Results, names: Names, focal: str) -> list[Block]:
    """Every series as a panel, the breaks that the data propose, and the figures that make no series."""
    found = results.estimates("series")
    if found is None:
        return [absent(results, "series"), *_outside(results, names)]
    facts, weights = results.result("series_facts"), results.result("series_weights")
    panels: list[Panel] = []
    shown: list[pd.DataFrame] = []
    for keys, years in _ordered(found, focal, names.indicators):
        if years["year_from"].nunique() < 2:
            continue
        shown.append(years)
        panels.append(_panel(f"series-{len(panels)}", keys, years, _of(facts, keys), _of(weights, keys), names))
    if not panels:
        return [Note(say("missing.no_series"), missing=True), *_outside(results, names)]
    figure = Figure(
        name="figure-series",
        title=say("series.title"),
        alt=say("series.alt", n=len(panels)),
        panels=panels,
        table=estimates_table("series", say("series.table"), shown, names),
        source=_source(facts),
        legend=_legend(shown),
        notes=[say("series.note")],
    )
    return [figure, *_proposed_breaks(results, names), *_outside(results, names)]


def estimates_table(
    name: str,
    caption: Words,
    frames: list[pd.DataFrame],
    names: Names,
    label: Callable[[Record], Words] | None = None,
) -> Table:
    """Estimates as a table: place, what, year, value, interval, unit, kind, remarks.

    Args:
        name: file name of the CSV.
        caption: what the table holds.
        frames: estimates, in the order in which they are printed.
        names: titles.
        label: what an estimate is of; the title of its measure, if `None`.
    """
    rows = [
        [
            cell(names.place(row.place_id)),
            cell(label(row) if label else names.measure(row.measure)),
            cell(years_of(row), years_of(row)),
            cell(number(row.value), row.value),
            cell(number(row.low), row.low),
            cell(number(row.high), row.high),
            cell(unit(text_of(row.unit))),
            cell(code("kind", row.kind)),
            cell(str(int(row.n_lineages))),
            cell(flags_of(row.flags)),
        ]
        for frame in frames
        for row in records(frame)
    ]
    heads = ("place", "figure", "year", "median", "low", "high", "unit", "kind", "lineages", "flags")
    numbers = ("year", "median", "low", "high", "lineages")
    return Table(name, caption, [Column(say(f"columns.{head}"), head in numbers) for head in heads], rows)


def years_of(row: Record) -> str:
    """The year of an estimate, or its first and last."""
    first, last = int(row.year_from), int(row.year_to)
    return str(first) if first == last else f"{first}–{last}"


def flags_of(flags: object) -> Words:
    """Flags as words."""
    parts = [code("flag", one) for one in text_of(flags).replace(",", ";").split(";") if one]
    return listing(parts) if parts else plain("")


def _ordered(found: pd.DataFrame, focal: str, order: list[str]) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """Series of the focal place first, each place's in the order in which the study lists its indicators."""
    rank = {indicator: position for position, indicator in enumerate(order)}
    groups = [
        ((str(place), str(measure)), years)
        for (place, measure), years in found.groupby(["place_id", "measure"], sort=True)
    ]
    return sorted(groups, key=lambda one: (one[0][0] != focal, one[0][0], rank.get(one[0][1], len(rank)), one[0][1]))


def _of(table: pd.DataFrame | None, keys: tuple[str, str]) -> pd.DataFrame | None:
    if table is None:
        return None
    kept = table[(table["place_id"] == keys[0]) & (table["definition_id"] == keys[1])]
    if "setting" in kept:
        kept = kept[kept["setting"] == "base"]
    return kept


def _panel(
    name: str,
    keys: tuple[str, str],
    years: pd.DataFrame,
    facts: pd.DataFrame | None,
    weights: pd.DataFrame | None,
    names: Names,
) -> Panel:
    place, definition = keys
    marks = None if facts is None else facts.dropna(subset=["year", "value"])
    remarks: list[Words] = []
    if facts is not None:
        counted = facts[facts["used"].fillna(False).astype(bool)]
        remarks.append(say("series.rests_on", facts=len(counted), lineages=counted["lineage"].nunique()))
    if weights is not None and len(weights):
        heaviest = weights.groupby("lineage", sort=True)["weight"].sum().sort_values(ascending=False, kind="stable")
        parts = [
            join(names.lineage(one), f" {100 * share:.0f}{NO_BREAK}%")
            for one, share in heaviest.head(SHOWN_LINEAGES).items()
        ]
        remarks.append(say("series.driven_by", lineages=listing(parts)))
    peaked = years[years["flags"].fillna("").str.contains("two_peaked")]
    if len(peaked):
        remarks.append(say("series.two_peaked", years=_listed_years(peaked)))
    broken = years[years["flags"].fillna("").str.contains("definition_break")]
    if len(broken):
        remarks.append(say("series.declared_breaks", years=_listed_years(broken)))
    remarks += _slips(marks)
    title = join(names.indicator(definition), Words(", ", "，"), names.place(place))
    return Panel(series_panel(name, years, marks), title, unit(text_of(years["unit"].iloc[0])), remarks)


def _listed_years(years: pd.DataFrame) -> Words:
    return listing([plain(str(int(year))) for year in years["year_from"]])


def _slips(facts: pd.DataFrame | None) -> list[Words]:
    """Names the figures of a panel that the model reads as a lost or an extra zero."""
    if facts is None:
        return []
    found = [
        say(f"series.{slip}", value=exact(float(row.value)), year=int(row.year))
        for row in records(facts[facts["used"].fillna(False).astype(bool)])
        for slip in ("lost_zero", "extra_zero")
        if slip in text_of(row.flags).split(";")
    ]
    return [say("series.zeros", figures=listing(found))] if found else []


def _legend(shown: list[pd.DataFrame]) -> list[str]:
    """Keys of the marks that every panel may have, then of those that only some years of some studies have."""
    flags = ";".join(text_of(one) for years in shown for one in years["flags"])
    rare = {"two_peaked": "two_peaked", "declared_break": "definition_break"}
    always = ["median", "band", "bridged", "exact", "about", "over", "under", "weightless", "off_scale"]
    return always + [key for key, flag in rare.items() if flag in flags]


def _source(facts: pd.DataFrame | None) -> Words:
    if facts is None or facts.empty:
        return say("source.none")
    used = facts[facts["used"].fillna(False).astype(bool)]
    return say("source.facts", facts=used["fact_id"].nunique(), lineages=used["lineage"].nunique())


def _proposed_breaks(results: Results, names: Names) -> list[Block]:
    found = results.rows("proposed_breaks")
    if found is None:
        return []
    proposed = found[found["log10_bayes_factor"] >= SUBSTANTIAL]
    if proposed.empty:
        most = number(found["log10_bayes_factor"].max(), 2)
        return [Note(say("series.no_breaks", years=len(found), most=most))]
    rows = [
        [
            cell(names.place(row.place_id)),
            cell(names.indicator(row.definition_id)),
            cell(str(int(row.year))),
            cell(number(row.log10_bayes_factor, 2), row.log10_bayes_factor),
        ]
        for row in records(proposed)
    ]
    heads = ("place", "figure", "year", "log10_bayes_factor")
    columns = [Column(say(f"columns.{head}"), head in heads[2:]) for head in heads]
    table = Table("proposed-breaks", say("series.breaks"), columns, rows)
    return [Listing("list-breaks", say("series.breaks"), table, [say("series.breaks_note")], folded=True)]


def _outside(results: Results, names: Names) -> list[Block]:
    """What makes no series, and every fact with its part in the result."""
    blocks: list[Block] = []
    status = results.rows("series_status")
    if status is not None:
        outside = status[status["status"] != "series"]
        if len(outside):
            blocks.append(_status_listing(outside, names))
    facts = results.rows("series_facts")
    if facts is not None:
        blocks.append(_facts_listing(facts, names))
    return blocks


def _status_listing(outside: pd.DataFrame, names: Names) -> Listing:
    rows = [
        [
            cell(names.place(row.place_id)),
            cell(names.indicator(row.definition_id)),
            cell(code("series_status", row.status)),
            *(cell(str(int(count))) for count in (row.n_facts, row.n_lineages, row.n_years)),
            cell(code("series_reason", text_of(row.reason))),
        ]
        for row in records(outside)
    ]
    heads = ("place", "figure", "status", "facts", "lineages", "years", "reason")
    columns = [Column(say(f"columns.{head}"), head in ("facts", "lineages", "years")) for head in heads]
    table = Table("no-series", say("series.no_series"), columns, rows)
    return Listing("list-no-series", say("series.no_series"), table, [say("series.no_series_note")], folded=True)


def _facts_listing(facts: pd.DataFrame, names: Names) -> Listing:
    rows = [
        [
            cell(text_of(row.fact_id)),
            cell(names.place(row.place_id)),
            cell(names.indicator(row.definition_id)),
            cell(text_of(row.year)),
            cell(code("qualifier", row.qualifier)),
            cell(exact(_float(row.value)), _float(row.value)),
            cell(text_of(row.lineage), anchor=f"lineage-{text_of(row.lineage)}"),
            cell(number(_float(row.weight), 2), _float(row.weight)),
            cell(flags_of(row.flags)),
            cell(_why_aside(row)),
        ]
        for row in records(facts)
    ]
    heads = ("fact", "place", "figure", "year", "qualifier", "value", "lineage", "weight", "flags", "set_aside")
    columns = [Column(say(f"columns.{head}"), head in ("year", "value", "weight")) for head in heads]
    table = Table("facts", say("series.facts"), columns, rows)
    return Listing("list-facts", say("series.facts"), table, [say("series.facts_note")], folded=True)


def _why_aside(row: Record) -> Words:
    """Why a fact has no weight of its own; a copy names the row that it repeats."""
    reason, _, other = text_of(row.reason).partition(":")
    if _true(row.used) or not reason:
        return plain("")
    return code("fact_reason", reason) + (f" {other}" if other else "")


def _float(value: object) -> float:
    shown = text_of(value)
    return float(shown) if shown else float("nan")


def _true(value: object) -> bool:
    return text_of(value) in ("True", "1", "1.0")
