"""Pages of fieldwork: whom the study heard and whom it did not, how they were found, whether more would bring more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from townshift.report.blocks import Block, Cell, Column, Figure, Listing, Matrix, Panel, Table, absent, cell
from townshift.report.figures.field_words import (
    Agreement,
    CodeWords,
    columns,
    group_words,
    in_order,
    named,
    told,
)
from townshift.report.numbers import number, percent
from townshift.report.results import Record, records, text_of
from townshift.report.style import BLUE, GREY, Canvas, Drawing
from townshift.report.words import Names, Words, join, listing, plain

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results

_SHADES = {"not_heard": -1.0, "below_plan": -0.5, "as_planned": 0.6, "unplanned": 0.25}


def coverage_blocks(results: Results, names: Names, threshold: int) -> list[Block]:
    """Group × place × period against the plan, routes, what consent left out, and saturation."""
    found = results.rows("fieldwork_coverage")
    if found is None:
        return [absent(results, "fieldwork_coverage")]
    return [
        _coverage(safe_bands(found, threshold), names, threshold),
        *_routes(results, threshold),
        *_left_out(results),
        *_saturation(results),
    ]


def _coverage(found: pd.DataFrame, names: Names, threshold: int) -> Matrix:
    periods = sorted({(int(row.period_from), int(row.period_to)) for row in records(found)})
    cells = {(text_of(row.actor_group), text_of(row.place_id), int(row.period_from)): row for row in records(found)}
    places = sorted({place for _, place, _ in cells})
    groups = in_order(found["actor_group"])
    pairs = [(g, p) for g in groups for p in places if any((g, p, since) in cells for since, _ in periods)]
    rows = [
        [
            cell(join(group_words(group), Words(", ", "，"), names.place(place))),
            *(_heard(cells.get((group, place, since))) for since, _ in periods),
        ]
        for group, place in pairs
    ]
    heads = [Column(told("columns.group_place")), *(Column(plain(f"{a}–{b}"), True) for a, b in periods)]
    title = told("coverage.title")
    notes = [told("coverage.note", n=threshold)]
    if len(periods) > 1 and found["planned"].notna().any():
        notes.append(told("coverage.first_period"))
    never = [
        join(group_words(group), Words(" (", "（"), names.place(place), Words(")", "）"))
        for group, place in pairs
        if all(text_of(row.heard_band) == "0" for row in _of(cells, group, place))
    ]
    if never:
        notes.append(told("coverage.never", groups=listing(never)))
    notes.append(told("coverage.cannot"))
    return Matrix("matrix-coverage", title, Table("coverage-field", title, heads, rows, heat=True), _source(), notes)


def safe_bands(found: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Coverage with a second cell of a group made a band where only one is: else a total would give that one away.

    Args:
        found: `actor_group, heard, heard_band`.
        threshold: people below which a number is a band.

    Returns:
        The same rows with their `heard_band`; an exact number may have become `5+`.
    """
    bands = found["heard_band"].astype(str).copy()
    for _, mine in found.groupby("actor_group", sort=True):
        exact = mine["heard"].dropna().astype("int64")
        exact = exact[exact > 0].sort_values(kind="stable")
        if int(mine["heard"].isna().sum()) == 1 and len(exact):
            bands.loc[exact.index[0]] = f"{threshold}+"
    return found.assign(heard_band=bands)


def _of(cells: dict[tuple[str, str, int], Record], group: str, place: str) -> list[Record]:
    return [row for (one, where, _), row in cells.items() if (one, where) == (group, place)]


def _heard(row: Record | None) -> Cell:
    if row is None:
        return Cell(plain("·"), "")
    planned, band, status = text_of(row.planned), text_of(row.heard_band), text_of(row.status)
    shown = told("coverage.cell", heard=band, planned=planned) if planned else plain(band)
    value = join(band, " / ", planned or "–", "; ", named("status", status))
    return Cell(shown, value, shade=_SHADES.get(status))


def _source() -> Words:
    return told("source_register")


def banded(n: object, threshold: int) -> str:
    """A count that may be shown: a band where it is small.

    Example:
        >>> banded(0, 5), banded(2, 5), banded(8, 5)
        ('0', '1–4', '8')
    """
    count = int(float(text_of(n) or 0))
    return str(count) if count == 0 or count >= threshold else f"1–{threshold - 1}"


def _routes(results: Results, threshold: int) -> list[Block]:
    found = results.rows("fieldwork_routes")
    if found is None:
        return [absent(results, "fieldwork_routes")]
    rows = []
    for row in records(found):
        enough = int(row.refusals) == 0 or (int(row.refusals) >= threshold and text_of(row.people) != "")
        share = percent(float(row.refusal_share)) if enough and text_of(row.refusal_share) else "–"
        rows.append(
            [
                cell(named("route", row.route) if text_of(row.route) else told("route.unknown")),
                cell(text_of(row.people_band)),
                cell(banded(row.sessions, threshold)),
                cell(banded(row.refusals, threshold)),
                cell(share),
                cell(banded(row.with_gatekeeper, threshold)),
            ]
        )
    heads = ("route", "people", "sessions", "refusals", "refusal_share", "with_gatekeeper")
    title = told("routes.title")
    table = Table("fieldwork-routes", title, columns(heads, heads[1:]), rows)
    return [Listing("list-routes", title, table, [told("routes.note"), told("routes.cannot")], _source())]


def _left_out(results: Results) -> list[Block]:
    rows = []
    for name in ("field_status", "quotes_status"):
        found = results.rows(name)
        for row in records(found) if found is not None else ():
            rows.append([cell(named("left_out", row.reason)), cell(f"{int(row.n):,}", int(row.n))])
    title = told("left_out_title")
    if not rows:
        rows = [[cell(told("left_out_nothing")), cell("0", 0)]]
    table = Table("field-left-out", title, columns(("reason", "passages"), ("passages",)), rows)
    return [Listing("list-left-out", title, table, [told("left_out_note")])]


def _saturation(results: Results) -> list[Block]:
    curve, summary = results.rows("saturation"), results.rows("saturation_summary")
    if curve is None or summary is None:
        return [absent(results, "saturation")]
    ends = {text_of(row.measure): row for row in records(summary)}
    after, expected = ends["next_source"], ends["expected_codes"]
    sentence = told(
        "saturation.sentence",
        codes=int(after.n_codes), sources=int(after.n_sources), value=number(after.value, 2),
        low=number(after.low, 2), high=number(after.high, 2), expected=number(expected.value),
        expected_high=number(expected.high),
    )  # fmt: skip
    body = [
        [
            cell(str(int(row.n_sources)), int(row.n_sources)),
            cell(named("curve", row.kind)),
            *(cell(number(one), one) for one in (row.codes, row.low, row.high, row.new_codes)),
        ]
        for row in records(curve)
    ]
    heads = ("n_sources", "kind", "codes", "low", "high", "new_codes")
    title = told("saturation.title")
    panel = Panel(saturation_curve("saturation", curve), unit=told("saturation.unit"))
    return [
        Figure(
            name="figure-saturation", title=title, alt=sentence, panels=[panel],
            table=Table("saturation", title, columns(heads, set(heads) - {"kind"}), body),
            source=told("source_codings"), legend=("band",),
            notes=[
                sentence, told("saturation.note"), told("saturation.cannot"),
                *Agreement(results).notes(CodeWords(results))[:1],
            ],
        )
    ]  # fmt: skip


def saturation_curve(name: str, curve: pd.DataFrame) -> Drawing:
    """Expected codes by number of sources, with interval; beyond what was heard dashed.

    Args:
        name: unique in the page.
        curve: `n_sources, codes, low, high, kind`.
    """
    canvas = Canvas(name, 300.0, 180.0)
    axes = canvas.axes(34, 32, 10, 8)
    data = curve.sort_values("n_sources")
    x, value, low, high = (data[one].to_numpy(np.float64) for one in ("n_sources", "codes", "low", "high"))
    seen = (data["kind"] == "rarefied").to_numpy(bool)
    axes.fill_between(x, low, high, color=BLUE, alpha=0.18, linewidth=0)
    axes.plot(x[seen], value[seen], color=BLUE)
    last = int(seen.sum()) - 1
    if last >= 0:
        axes.plot(x[last:], value[last:], color=BLUE, linestyle=(0, (3, 2)))
        axes.axvline(x[last], color=GREY, linewidth=0.8)
    axes.set_ylim(0, float(np.nanmax(high)) * 1.08)
    axes.set_xlim(0, float(x.max()) + 0.5)
    axes.grid(axis="y")
    axes.tick_params(length=2.5, pad=2)
    canvas.label(axes, 0.5, -0.2, told("saturation.axis"), transform=axes.transAxes, ha="center", va="baseline")
    return canvas.finish()
