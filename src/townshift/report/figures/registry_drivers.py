"""Figures of drivers: what went together with moves, how many leave or close by age, what followed dated acts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from townshift.report.blocks import Block, Column, Figure, Listing, Panel, Table, absent, cell
from townshift.report.charts import Row, intervals
from townshift.report.figures.registry_moves import shares_table, worded
from townshift.report.numbers import number, percent, probability
from townshift.report.registry_charts import Line, effect_panel
from townshift.report.results import Record, records, text_of
from townshift.report.style import BLUE, GREEN
from townshift.report.words import Names, Words, join, plain, prettified, say

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results

TOGETHER = ("gravity", "destination_choice", "destination_change", "hazard_ratio")
"""Measures that say what went together with what."""

WIDEST_PERCENT = 400.0
"""An interval that reaches beyond so many per cent is in the table and not in the picture: it says next to nothing."""


def driver_blocks(results: Results, names: Names) -> list[Block]:
    """What went together with moves, hazards by age, dated acts, and the plain sentences.

    Args:
        results: what the pipeline wrote.
        names: titles.
    """
    if results.result("moves") is None:
        return []
    found = results.rows("drivers")
    if found is None:
        return [absent(results, "drivers"), *_sentence_listings(results)]
    return [
        *_together_figure(found),
        *_age_figure(found),
        *_act_figures(found, names),
        *_sentence_listings(results),
    ]


def as_percent(term: str, measure: str, value: float) -> float:
    """How many per cent more or fewer: at twice as much for a logarithm, against the level compared with otherwise.

    Example:
        >>> round(as_percent("ln_km", "gravity", -1.0)), round(as_percent("age=2", "hazard_ratio", 1.2))
        (-50, 20)
    """
    logarithm = math.log(value) if measure == "hazard_ratio" and value > 0 else value
    if measure == "hazard_ratio" and value <= 0:
        return -100.0
    base = 2.0 if term.startswith("ln_") else math.e
    return 100.0 * (math.exp(min(logarithm * math.log(base), 700.0)) - 1.0)


def term_words(term: str, reference: str = "") -> Words:
    """A term of a model in words, with the level that it is compared with."""
    factor, is_level, value = term.partition("=")
    if not is_level:
        known = worded(f"drivers.term.{term}")
        shown = plain(prettified(term.removeprefix("ln_"))) if known.en == prettified(term) else known
        return join(say("drivers.twice"), shown) if term.startswith("ln_") else shown
    other = reference.partition("=")[2] or reference
    against = join(" (", say("drivers.against"), " ", _level(other), ")") if other else plain("")
    return join(say(f"drivers.factor_{factor}"), " ", _level(value), against)


def _level(value: str) -> Words:
    return worded(f"report.codes.firm_kind.{value}") if value.isidentifier() else plain(value)


def _together_figure(found: pd.DataFrame) -> list[Block]:
    rows = found[found["measure"].isin(TOGETHER)]
    if rows.empty:
        return []
    shown = sorted(
        records(rows), key=lambda row: (TOGETHER.index(row.measure), row.estimator, row.about, _order(row.term))
    )
    drawn: list[Row] = []
    body = []
    for row in shown:
        values = [as_percent(row.term, row.measure, float(one)) for one in (row.value, row.low, row.high)]
        label, group = term_words(row.term, text_of(row.reference)), _group(row)
        body.append(
            [
                cell(group),
                cell(label),
                *(cell(number(one), one) for one in values),
                cell(number(row.value), row.value),
                cell(number(row.low), row.low),
                cell(number(row.high), row.high),
                cell(percent(row.between_share), row.between_share),
                cell(f"{int(row.n):,}", int(row.n)),
            ]
        )
        if all(math.isfinite(one) for one in values) and max(map(abs, values)) <= WIDEST_PERCENT:
            colour = BLUE if row.measure != "hazard_ratio" else GREEN
            drawn.append(Row(label, values[0], values[1], values[2], group=group, colour=colour))
    heads = (
        "model", "term", "percent_difference", "percent_low", "percent_high", "coefficient", "low", "high",
        "from_matching", "rows",
    )  # fmt: skip
    columns = [Column(say(f"columns.{head}"), head not in ("model", "term")) for head in heads]
    title = say("drivers.together_title")
    table = Table("drivers", title, columns, body)
    notes = [say("drivers.together_note")]
    if len(drawn) < len(shown):
        notes.append(say("drivers.too_wide", n=len(shown) - len(drawn), percent=int(WIDEST_PERCENT)))
    source = say("drivers.source")
    if not drawn:
        return [Listing("list-drivers", title, table, notes, source)]
    panels = [Panel(intervals("drivers", drawn, say("drivers.axis")))]
    alt = say("drivers.together_alt", n=len(drawn))
    return [Figure("figure-drivers", title, alt, panels, table, source, ("point",), notes, wide=True)]


def _order(term: str) -> tuple[str, int, str]:
    """Levels of a factor by the number with which they begin, as ages and sizes do."""
    factor, _, level = term.partition("=")
    digits = level[: len(level) - len(level.lstrip("0123456789"))]
    return factor, int(digits or 0), term


def _group(row: Record) -> Words:
    if row.measure == "hazard_ratio":
        return join(say(f"drivers.hazard_{row.about}"), Words(", ", "，"), say(f"drivers.estimator_{row.estimator}"))
    return join(say(f"drivers.{row.measure}"), Words(": ", "："), worded(f"drivers.kind.{row.about}"))


def _age_figure(found: pd.DataFrame) -> list[Block]:
    rows = found[found["measure"] == "cumulative_incidence"]
    if rows.empty:
        return []
    ordered = sorted(records(rows), key=lambda row: (row.about, int(row.term)))
    drawn = [
        Row(
            say("drivers.within_years", n=row.term),
            float(row.value),
            float(row.low),
            float(row.high),
            group=say(f"drivers.hazard_{row.about}"),
        )
        for row in ordered
    ]
    title = say("drivers.age_title")
    return [
        Figure(
            "figure-incidence",
            title,
            say("drivers.age_alt", n=len(drawn)),
            [Panel(intervals("incidence", drawn, say("drivers.age_axis"), percent=True))],
            shares_table("incidence", title, ("event", "age"), drawn),
            say("drivers.source"),
            ("point",),
            [say("drivers.age_note")],
            wide=True,
        )
    ]


def _act_figures(found: pd.DataFrame, names: Names) -> list[Block]:
    """One figure an act: its traces in each outcome by years since it, and a table with the sum over the years."""
    rows = found[found["measure"] == "act_effect"]
    out: list[Block] = []
    for act, mine in rows.groupby("term", sort=True):
        panels = []
        for (outcome, estimator), part in mine.groupby(["about", "estimator"], sort=True):
            timed = part[part["event_time"].notna()].sort_values("event_time")
            if timed.empty:
                continue
            x = timed["event_time"].to_numpy(dtype=float)
            values = [timed[column].to_numpy(dtype=float) * 100 for column in ("value", "low", "high")]
            title = join(worded(f"drivers.outcome.{outcome}"), Words(", ", "，"), say(f"drivers.estimator_{estimator}"))
            name = f"act-{act}-{outcome}-{estimator}".replace("_", "-")
            panels.append(Panel(effect_panel(name, x, Line("members", *values)), title, say("drivers.act_unit")))
        title = say("drivers.act_title", act=names.event(act))
        table = _act_table(str(act), title, mine)
        name = f"figure-act-{act}".replace("_", "-")
        notes = [say("drivers.act_note")]
        if panels:
            alt = say("drivers.act_alt", n=len(panels))
            out.append(Figure(name, title, alt, panels, table, say("drivers.source"), ("point",), notes))
    return out


def _act_table(act: str, title: Words, rows: pd.DataFrame) -> Table:
    ordered = rows.assign(at=rows["event_time"].fillna(-999)).sort_values(["about", "estimator", "at"], kind="stable")
    body = [
        [
            cell(worded(f"drivers.outcome.{row.about}")),
            cell(say(f"drivers.estimator_{row.estimator}")),
            cell(say("drivers.all_years_after") if not text_of(row.event_time) else text_of(row.event_time)),
            *(cell(number(100 * float(one)), 100 * float(one)) for one in (row.value, row.low, row.high)),
            cell(probability(row.p_value), row.p_value),
        ]
        for row in records(ordered)
    ]
    heads = ("outcome_rate", "estimator", "years_since", "per_hundred", "low", "high", "placebo_p")
    columns = [Column(say(f"columns.{head}"), i > 1) for i, head in enumerate(heads)]
    return Table(f"act-{act}", title, columns, body)


def _sentence_listings(results: Results) -> list[Block]:
    """The plain sentences: of what was estimated, and, folded, of what could not be and what was left out."""
    found = results.rows("driver_sentences")
    if found is None:
        return []
    out: list[Block] = []
    for name, table, folded in (("told", "drivers", False), ("untold", "drivers_status", True)):
        rows = found[found["table"] == table]
        if rows.empty:
            continue
        body = [
            [
                cell(say(f"drivers.question_{row.question}")),
                cell(_about(str(row.about))),
                cell(Words(str(row.text_en), str(row.text_zh))),
            ]
            for row in records(rows)
        ]
        columns = [Column(say(f"columns.{head}")) for head in ("question", "item", "sentence")]
        title = say(f"drivers.{name}_title")
        sheet = Table(f"drivers-{name}", title, columns, body)
        out.append(Listing(f"list-drivers-{name}", title, sheet, [say(f"drivers.{name}_note")], folded=folded))
    return out


def _about(about: str) -> Words:
    for kind in ("kind", "cause", "outcome"):
        shown = worded(f"drivers.{kind}.{about}")
        if shown.en != prettified(about):
            return shown
    return plain(prettified(about))
