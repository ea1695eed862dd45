"""Figures of growth: rates between years, years in which the rate changed, ratios, land against people and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from townshift.report.blocks import Block, Column, Figure, Listing, Note, Panel, Table, absent, cell
from townshift.report.charts import Row, change_panel, intervals, series_panel
from townshift.report.figures.refused import status_blocks
from townshift.report.figures.series import estimates_table, years_of
from townshift.report.numbers import percent, probability
from townshift.report.results import Record, records, text_of
from townshift.report.style import BLUE, GREEN
from townshift.report.words import Names, Words, join, say, unit

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results


def growth_blocks(results: Results, names: Names) -> list[Block]:
    """Average growth of every series over its span and in the declared windows, then the changes of pace."""
    found = results.estimates("growth")
    if found is None:
        return [absent(results, "growth"), *phase_blocks(results, names)]
    ordered = found.sort_values(["place_id", "definition_id", "measure", "year_from"], kind="stable")
    rows = [
        Row(
            label=join(_what(row, names), f"  {years_of(row)}"),
            value=row.value,
            low=row.low,
            high=row.high,
            bridged=row.kind == "bridged",
            colour=BLUE if row.measure == "growth" else GREEN,
            marker="o" if row.measure == "growth" else "s",
        )
        for row in records(ordered)
    ]
    figure = Figure(
        name="figure-growth",
        title=say("growth.title"),
        alt=say("growth.alt", n=len(rows)),
        panels=[Panel(intervals("growth", rows, say("growth.axis"), percent=True))],
        table=estimates_table("growth", say("growth.table"), [ordered], names, lambda row: _growing(row, names)),
        source=say("source.series", n=len(rows)),
        legend=_shown(rows, ("whole_span", "window") if GREEN in {row.colour for row in rows} else ("point",)),
        notes=[say("growth.note")],
        wide=True,
    )
    return [figure, *phase_blocks(results, names)]


def _shown(rows: list[Row], legend: tuple[str, ...] = ("point",)) -> tuple[str, ...]:
    """Keys of the legend, that of bridged ends only where there is one."""
    return (*legend, "bridged_point") if any(row.bridged for row in rows) else legend


def _growing(row: Record, names: Names) -> Words:
    return join(names.indicator(row.definition_id), Words(": ", "："), names.measure(row.measure))


def _what(row: Record, names: Names) -> Words:
    definition = names.indicator(row.definition_id)
    return join(definition, Words(", ", "，"), names.place(row.place_id))


def phase_blocks(results: Results, names: Names) -> list[Block]:
    """Probability that growth changed its pace, year by year, for every series long enough to say."""
    found = results.rows("phases")
    if found is None:
        return [absent(results, "phases")]
    usable = found[(found["setting"] == "base") & found["probability"].notna()] if "setting" in found else found
    panels: list[Panel] = []
    for (place, definition), years in usable.groupby(["place_id", "definition_id"], sort=True):
        title = join(names.indicator(definition), Words(", ", "，"), names.place(place))
        remarks = [_change(row) for row in records(years) if row.probability >= 0.5]
        panels.append(Panel(change_panel(f"phases-{len(panels)}", years), title, say("phases.axis"), remarks))
    if not panels:
        return [Note(say("phases.none"), missing=True)]
    return [
        Figure(
            name="figure-phases",
            title=say("phases.title"),
            alt=say("phases.alt", n=len(panels)),
            panels=panels,
            table=_phase_table(usable, names),
            source=say("source.series", n=len(panels)),
            notes=[say("phases.note")],
        )
    ]


def _change(row: Record) -> Words:
    before, after = percent(row.slope_before), percent(row.slope_after)
    return say("phases.change", year=int(row.year), before=before, after=after)


def _phase_table(found: pd.DataFrame, names: Names) -> Table:
    rows = [
        [
            cell(names.place(row.place_id)),
            cell(names.indicator(row.definition_id)),
            cell(text_of(row.year)),
            cell(probability(row.probability), row.probability),
            cell(percent(row.slope_before), row.slope_before),
            cell(percent(row.slope_after), row.slope_after),
        ]
        for row in records(found)
    ]
    heads = ("place", "figure", "year", "probability", "growth_before", "growth_after")
    return Table("phases", say("phases.table"), [Column(say(f"columns.{h}"), i > 1) for i, h in enumerate(heads)], rows)


def ratio_blocks(results: Results, names: Names, table: str, key: str) -> list[Block]:
    """Ratios or shares year by year as panels, and their growth as intervals.

    Args:
        results: what the pipeline wrote.
        names: titles.
        table: result table of estimates, such as `ratios` or `labour_shares`.
        key: texts under `report.<key>`.
    """
    refused = status_blocks(results, names, table)
    found = results.estimates(table)
    if found is None:
        return [absent(results, table), *refused]
    yearly = found[found["year_from"] == found["year_to"]]
    panels: list[Panel] = []
    shown: list[pd.DataFrame] = []
    for (place, measure), years in yearly.groupby(["place_id", "measure"], sort=True):
        name, share = f"{table.replace('_', '-')}-{len(panels)}", text_of(years["unit"].iloc[0]) == "share"
        title = join(names.measure(measure), Words(", ", "，"), names.place(place))
        panels.append(Panel(series_panel(name, years, None, share), title, _panel_unit(years, share)))
        shown.append(years.sort_values("year_from"))
    blocks: list[Block] = []
    if panels:
        blocks.append(
            Figure(
                name=f"figure-{table.replace('_', '-')}",
                title=say(f"{key}.title"),
                alt=say(f"{key}.alt", n=len(panels)),
                panels=panels,
                table=estimates_table(table.replace("_", "-"), say(f"{key}.table"), shown, names),
                source=say("source.joint", n=len(panels)),
                legend=("median", "band", "bridged"),
                notes=[say(f"{key}.note")],
            )
        )
    growth = found[found["year_from"] != found["year_to"]]
    if len(growth):
        blocks.append(_growth_of_ratios(growth, names, table, key))
    return [*blocks, *refused]


def _panel_unit(years: pd.DataFrame, share: bool) -> Words:
    return say("numbers.percent") if share else unit(text_of(years["unit"].iloc[0]))


def _growth_of_ratios(growth: pd.DataFrame, names: Names, table: str, key: str) -> Figure:
    name = f"{table.replace('_', '-')}-growth"
    rows = [
        Row(
            label=join(_ratio_name(str(row.measure), names), Words(", ", "，"), names.place(row.place_id))
            + f"  {years_of(row)}",
            value=row.value,
            low=row.low,
            high=row.high,
            bridged=row.kind == "bridged",
        )
        for row in records(growth)
    ]
    return Figure(
        name=f"figure-{name}",
        title=say(f"{key}.growth_title"),
        alt=say("growth.alt", n=len(rows)),
        panels=[Panel(intervals(name, rows, say("growth.axis"), percent=True))],
        table=estimates_table(name, say(f"{key}.growth_title"), [growth], names),
        source=say("source.joint", n=len(rows)),
        legend=_shown(rows),
        wide=True,
    )


def _ratio_name(measure: str, names: Names) -> Words:
    return names.measure(measure.removesuffix("_window").removesuffix("_growth"))


def land_blocks(results: Results, names: Names) -> list[Block]:
    """Land consumption against population and output: rates per year, and the ratio of SDG 11.3.1."""
    refused = status_blocks(results, names, "land_consumption")
    found = results.estimates("land_consumption")
    if found is None:
        return [absent(results, "land_consumption"), *refused]
    blocks: list[Block] = []
    for name, rates in (("rates", True), ("ratio", False)):
        part = found[(found["unit"] == "per_year") == rates].sort_values(["place_id", "measure"], kind="stable")
        if part.empty:
            continue
        bounded = part[part["low"].notna() & part["high"].notna()]
        rows = [
            Row(
                join(names.measure(row.measure), f"  {years_of(row)}"),
                row.value,
                row.low,
                row.high,
                row.kind == "bridged",
            )
            for row in records(bounded)
        ]
        axis = say("growth.axis") if rates else say("land.ratio_axis")
        title, note = say(f"land.{name}_title"), say(f"land.{name}_note")
        table = estimates_table(f"land-{name}", title, [part], names)
        if not rows:
            blocks.append(Listing(f"list-land-{name}", title, table, [note], say("source.joint", n=len(part))))
            continue
        blocks.append(
            Figure(
                name=f"figure-land-{name}",
                title=title,
                alt=say("growth.alt", n=len(rows)),
                panels=[Panel(intervals(f"land-{name}", rows, axis, rates, 0.0 if rates else 1.0))],
                table=table,
                source=say("source.joint", n=len(part)),
                legend=_shown(rows),
                notes=[note],
                wide=True,
            )
        )
    return [*blocks, *refused]
