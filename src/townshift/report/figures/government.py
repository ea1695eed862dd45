"""Figures of question 2: events in time, instruments by level and period, order around turns, before and after."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from townshift.report.blocks import Block, Column, Figure, Listing, Matrix, Note, Panel, Table, absent, cell
from townshift.report.charts import Row, intervals
from townshift.report.figures.series import estimates_table
from townshift.report.figures.timeline import TURN_STYLES, Dot, timeline
from townshift.report.matrices import count_table, summed
from townshift.report.numbers import RATES
from townshift.report.results import Record, records, text_of
from townshift.report.words import Names, Words, code, join, plain, say, unit

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results

INSTRUMENTS = ("regulation", "land", "finance", "supply", "demand", "organisation", "none")
LEVELS = ("nation", "province", "city", "county", "district", "town", "village", "association", "firm", "worker")


def government_blocks(results: Results, names: Names) -> list[Block]:
    """Events and instruments, their order around turns, and what came before and after dated events."""
    return [
        *_timeline(results, names),
        *_instruments(results),
        *_turns(results),
        *_sequence(results),
        *_before_after(results, names),
    ]


def ranked(values: Iterable[object], order: tuple[str, ...]) -> list[str]:
    """Codes in a known order, unknown ones last by name."""
    distinct = {str(one) for one in values if text_of(one)}
    return sorted(distinct, key=lambda one: (order.index(one) if one in order else len(order), one))


def _timeline(results: Results, names: Names) -> list[Block]:
    events = results.input("events")
    if events is None or events.empty:
        return [Note(say("missing.table", table="events"), missing=True)]
    counted = events[[not text_of(one) for one in events["same_as"]]] if "same_as" in events else events
    dated = [(row, _year(text_of(row.date))) for row in records(counted)]
    dots = [
        Dot(str(row.actor_level), year, text_of(row.turn) or "none")
        for row, year in dated
        if year is not None and text_of(row.actor_level)
    ]
    if not dots:
        return [Note(say("missing.table", table="events"), missing=True)]
    levels = ranked([dot.row for dot in dots], LEVELS)
    drawing = timeline("timeline", [(one, code("level", one)) for one in levels], dots)
    rows = [
        [
            cell(text_of(row.event_id)),
            cell(text_of(row.date)),
            cell(names.place(row.place_id)),
            cell(code("level", text_of(row.actor_level))),
            cell(code("instrument", text_of(row.instrument))),
            cell(code("turn", text_of(row.turn))),
            cell(text_of(row.title)),
            cell(text_of(row.lineage), anchor=f"lineage-{text_of(row.lineage)}"),
        ]
        for row, _ in sorted(dated, key=lambda one: (one[1] or 9999, text_of(one[0].date), text_of(one[0].event_id)))
    ]
    heads = ("event", "date", "place", "level", "instrument", "turn", "title", "lineage")
    columns = [Column(say(f"columns.{head}"), lang_en=head == "title") for head in heads]
    shown = {dot.style for dot in dots}
    return [
        Figure(
            name="figure-timeline",
            title=say("timeline.title"),
            alt=say("timeline.alt", n=len(dots)),
            panels=[Panel(drawing)],
            table=Table("events", say("timeline.table"), columns, rows),
            source=say("source.events", n=len(dots), lineages=counted["lineage"].nunique()),
            legend=[f"turn_{one}" for one in TURN_STYLES if one in shown],
            notes=[say("timeline.note")],
            wide=True,
        )
    ]


def _year(date: str) -> int | None:
    """The calendar year of a partial date."""
    return int(date[:4]) if date[:4].isdigit() else None


def _instruments(results: Results) -> list[Block]:
    found = results.rows("instruments")
    if found is None:
        return [absent(results, "instruments")]
    scope = "focal" if "focal" in set(found["scope"]) else "all"
    part = found[found["scope"] == scope]
    periods = sorted({str(one) for one in part["period"]}, key=lambda one: (not one[:1].isdigit(), one))
    blocks: list[Block] = []
    for column, order in (("actor_level", LEVELS), ("instrument", INSTRUMENTS)):
        table = count_table(
            f"instruments-{column.replace('_', '-')}",
            say(f"instruments.{column}_table"),
            say(f"columns.{'level' if column == 'actor_level' else 'instrument'}"),
            [
                (one, code("level" if column == "actor_level" else "instrument", one))
                for one in ranked(part[column], order)
            ],
            [(one, _period(one)) for one in periods],
            summed(part, column, "period", "n_events"),
        )
        blocks.append(
            Matrix(
                f"matrix-{column.replace('_', '-')}",
                say(f"instruments.{column}_title"),
                table,
                say("source.counted_events", n=int(part["n_events"].sum())),
                [say("instruments.note"), say("matrix.dot")],
            )
        )
    return blocks


def _period(period: str) -> Words:
    return plain(period.replace("-", "–")) if period[:1].isdigit() else code("period", period)


def _turns(results: Results) -> list[Block]:
    found = results.rows("turns")
    if found is None:
        return []
    scope = "focal" if "focal" in set(found["scope"]) else "all"
    rows = [
        [
            cell(code("turn", row.turn)),
            *(cell(str(int(one))) for one in (row.n_events, row.n_dated, row.n_lineages)),
            *(
                cell(_span(getattr(row, f"{one}_from"), getattr(row, f"{one}_to")))
                for one in ("first", "median", "last")
            ),
        ]
        for row in records(found[found["scope"] == scope])
    ]
    heads = ("turn", "events", "dated", "lineages", "first", "median_date", "last")
    columns = [Column(say(f"columns.{head}"), head in heads[1:]) for head in heads]
    return [
        Listing(
            "list-turns", say("turns.title"), Table("turns", say("turns.title"), columns, rows), [say("turns.note")]
        )
    ]


def _span(first: object, last: object) -> str:
    """The days that a date may be, as short as they allow: a year, a month, or the first of them."""
    start, end = text_of(first), text_of(last)
    if not start:
        return "–"
    if start[5:] == "01-01" and end[5:] == "01-01" and int(end[:4]) == int(start[:4]) + 1:
        return start[:4]
    return start[:7] if start[:7] == end[:7] or start[8:] == "01" else start


def _sequence(results: Results) -> list[Block]:
    found = results.rows("sequence")
    if found is None:
        return [absent(results, "sequence")]
    scope = "focal" if "focal" in set(found["scope"]) else "all"
    part = found[(found["scope"] == scope) & (found["by"] == "instrument")]
    part = part[part["value"] != "none"]
    if part.empty:
        return []
    rows = [
        [
            cell(code("turn", row.turn)),
            cell(code("instrument", row.value)),
            *(cell(str(int(one))) for one in (row.n_before, row.n_within, row.n_after, row.n_undetermined)),
            cell(code("order", text_of(row.first_order))),
            cell(code("order", text_of(row.median_order))),
        ]
        for row in records(part)
    ]
    heads = ("turn", "instrument", "before", "within", "after", "undetermined", "first_order", "median_order")
    columns = [Column(say(f"columns.{head}"), head in heads[2:6]) for head in heads]
    table = Table("sequence", say("sequence.title"), columns, rows)
    return [Listing("list-sequence", say("sequence.title"), table, [say("sequence.note")], folded=len(rows) > 16)]


def _before_after(results: Results, names: Names) -> list[Block]:
    blocks: list[Block] = []
    found = results.estimates("before_after")
    if found is not None:
        blocks += [_compared(part, str(unit_code), names) for unit_code, part in found.groupby("unit", sort=True)]
    status = results.rows("before_after_status")
    if status is not None:
        base = status[status["setting"] == "base"] if "setting" in status else status
        refused = base[base["status"] != "ok"]
        if len(refused):
            blocks.append(_refused(refused, names))
    return blocks or [absent(results, "before_after")]


def _compared(found: pd.DataFrame, unit_code: str, names: Names) -> Figure:
    """Differences in one unit: rates in per cent, others in their own unit, such as the points of a share."""
    name, rate = f"before-after-{unit_code.replace('_', '-')}", unit_code in RATES
    keys = ["definition_id", "place_id", "event_year", "event_id"]
    ordered = found.sort_values(keys, kind="stable")
    notes = [say("before_after.note")]
    if found.duplicated(keys[:3]).any():
        notes.append(say("before_after.one_year"))
    rows = [
        Row(
            join(f"{int(row.event_year)}: ", names.event(row.event_id)),
            row.value,
            row.low,
            row.high,
            placebo=_placebo(row),
            group=join(names.indicator(row.definition_id), Words(", ", "，"), names.place(row.place_id)),
        )
        for row in records(ordered)
    ]
    axis = say("before_after.axis") if rate else unit(unit_code)
    return Figure(
        name=f"figure-{name}",
        title=say("before_after.title") if rate else join(say("before_after.title"), Words(", ", "，"), axis),
        alt=say("growth.alt", n=len(rows)),
        panels=[Panel(intervals(name, rows, axis, percent=rate))],
        table=estimates_table(name, say("before_after.title"), [ordered], names, lambda row: _comparison(row, names)),
        source=say("source.joint", n=len(rows)),
        legend=("point", "placebo") if any(row.placebo for row in rows) else ("point",),
        notes=notes,
        wide=True,
    )


def _comparison(row: Record, names: Names) -> Words:
    return join(names.indicator(row.definition_id), f", {int(row.event_year)}: ", names.event(row.event_id))


def _placebo(row: Record) -> tuple[float, float] | None:
    """The range of the same difference at the other years of the series."""
    low, high = text_of(getattr(row, "placebo_low", "")), text_of(getattr(row, "placebo_high", ""))
    return (float(low), float(high)) if low and high else None


def _refused(refused: pd.DataFrame, names: Names) -> Listing:
    rows = [
        [
            cell(names.place(row.place_id)),
            cell(names.indicator(row.definition_id)),
            cell(names.event(row.event_id)),
            cell(text_of(row.event_year)),
            cell(code("before_after_status", text_of(row.status))),
            cell(code("before_after_reason", text_of(row.reason))),
            cell(text_of(row.n_before)),
            cell(text_of(row.n_after)),
        ]
        for row in records(refused)
    ]
    heads = ("place", "figure", "event", "year", "status", "reason", "years_before", "years_after")
    columns = [Column(say(f"columns.{head}"), head in ("year", "years_before", "years_after")) for head in heads]
    table = Table("before-after-status", say("before_after.refused"), columns, rows)
    return Listing(
        "list-before-after", say("before_after.refused"), table, [say("before_after.refused_note")], folded=True
    )
