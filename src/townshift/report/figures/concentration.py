"""Figures of concentration: curves by distance, areas with more than their due, the way of the industry's centre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from townshift.locales import has_text
from townshift.report.blocks import Block, Cell, Column, Figure, Listing, Note, Panel, Table, absent, cell
from townshift.report.charts import Row, intervals
from townshift.report.figures.concentration_charts import band_panel, distance_panel, way_panel
from townshift.report.figures.registry import masked
from townshift.report.numbers import DASH, number, probability
from townshift.report.results import Record, records, text_of
from townshift.report.words import Names, Words, phrase, plain

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results

LEVEL = 0.05
"""Level of the bands and of what is called beyond chance."""
MOST_AREAS = 15
"""Areas that are drawn; the table holds all that are not withheld."""
STATUS_TABLES = (
    "points_status", "concentration_status", "area_status", "clusters_status", "tracks_status", "uses_status",
)  # fmt: skip


def concentration_blocks(results: Results, names: Names, threshold: int) -> list[Block]:
    """How concentrated the industry is by distance and over areas, and where its centre went.

    Args:
        results: what the pipeline wrote.
        names: titles.
        threshold: numbers about fewer establishments are withheld.
    """
    if results.result("establishment_points") is None:
        return []
    return [
        *_distance_figure(results, threshold),
        *_centre_figure(results, threshold),
        *_area_blocks(results, names, threshold),
    ]


def told(key: str, **values: object) -> Words:
    """The text `concentration.<key>` in both languages."""
    return phrase(f"concentration.{key}", **values)


def named(kind: str, code: object) -> Words:
    """Name of a code of these figures; the code itself where there is none."""
    key = f"concentration.{kind}.{code}"
    return phrase(key) if has_text(key) else plain(str(code).replace("_", " "))


def headed(*heads: str, words: int = 1) -> list[Column]:
    """Columns by their keys; the first `words` hold text, the others numbers."""
    return [Column(told(f"columns.{head}"), at >= words) for at, head in enumerate(heads)]


def _distance_figure(results: Results, threshold: int) -> list[Block]:
    curves, summary = results.rows("distance_curves"), results.rows("concentration_summary")
    if curves is None or summary is None:
        return [absent(results, "distance_curves")]
    panels, below, notes, body = [], [], [told("distance_note")], []
    for year in sorted(int(one) for one in curves["year"].unique()):
        mine = summary[summary["year"] == year].set_index("measure")
        n, of = int(mine["n"].max()), int(mine["of"].max())
        if n < threshold:
            notes.append(told("year_withheld", year=year, threshold=threshold))
            continue
        k, m = (_curve(curves, measure, year) for measure in ("k_density", "m_function"))
        panels.append(
            Panel(distance_panel(f"k-density-{year}", k, per_km=True), told("k_title", year=year), told("k_unit"))
        )
        below.append(Panel(distance_panel(f"m-function-{year}", m, 1.0), told("m_title", year=year), told("m_unit")))
        notes.append(_distance_sentence(year, k, mine, n, of))
        peak = mine.loc["m_at_peak"]
        body.append(
            [
                cell(str(year), year),
                cell(f"{n:,}", n),
                cell(f"{of:,}", of),
                *_index_cells(mine, "localisation"),
                *_index_cells(mine, "dispersion"),
                cell(number(float(peak["value"])), float(peak["value"])),
                cell(text_of(peak["computation"])),
                cell(probability(_real(peak["p_value"])), _real(peak["p_value"])),
                cell(text_of(mine.loc["localisation", "computation"])),
            ]
        )
    if not panels:
        return [Note(told("all_withheld", title=told("distance_title"), threshold=threshold))]
    heads = (
        "year", "n", "of", "localisation", "p", "dispersion", "p", "m_at_peak", "at_distance", "p", "computation",
    )  # fmt: skip
    table = Table("distance-curves", told("distance_table"), headed(*heads, words=0), body)
    panels += below
    alt = told("distance_alt", n=len(panels))
    legend = ("curve", "local_band", "global_band")
    return [Figure("figure-distance", told("distance_title"), alt, panels, table, told("source"), legend, notes)]


def _curve(curves: pd.DataFrame, measure: str, year: int) -> pd.DataFrame:
    mine = curves[(curves["measure"] == measure) & (curves["year"] == year)].sort_values("distance_m")
    # At distance 0 there is no neighbour and M is 1 by definition: that would be drawn as a fall.
    return mine[mine["distance_m"] > 0] if measure == "m_function" else mine


def _distance_sentence(year: int, curve: pd.DataFrame, summary: pd.DataFrame, n: int, of: int) -> Words:
    """Whether, and at which distances, the industry stands closer together than relabelled ones do."""
    p = _real(summary["p_value"].get("localisation"))
    p = _real(summary["p_value"].get("dispersion")) if p is None else p
    values = {"year": year, "n": f"{n:,}", "of": f"{of:,}", "p": probability(p)}
    above = (curve["value"] > curve["global_high"]).to_numpy(dtype=bool)
    below = (curve["value"] < curve["global_low"]).to_numpy(dtype=bool)
    at = curve["distance_m"].to_numpy(dtype=float) / 1000
    if p is None or p > LEVEL or not (above.any() or below.any()):
        return told("distance_nothing", **values)
    if above.any():
        return told("distance_closer", ranges=_ranges(at, above), **values)
    return told("distance_apart", ranges=_ranges(at, below), **values)


def _ranges(at: np.ndarray, inside: np.ndarray) -> str:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
    return ", ".join(
        f"{at[first]:.1f}–{at[last - 1]:.1f} km" for first, last in zip(edges[::2], edges[1::2], strict=True)
    )


def _index_cells(summary: pd.DataFrame, measure: str) -> list[Cell]:
    value, p = (_real(summary[column].get(measure)) for column in ("value", "p_value"))
    return [cell(number(value), value), cell(probability(p), p)]


def _real(value: object) -> float | None:
    """A number, or none where a table holds nothing."""
    shown = text_of(value)
    return float(shown) if shown else None


def _centre_figure(results: Results, threshold: int) -> list[Block]:
    found = results.estimates("centre")
    if found is None:
        return [absent(results, "centre")]
    rows = found[found["n"] >= threshold].rename(columns={"year_from": "year"})
    parts = {name: part.sort_values("year") for name, part in rows.groupby("measure")}
    if "centre_east_m" not in parts or len(parts["centre_east_m"]) < 2:
        return [Note(told("centre_one_year"))]
    east, north = (parts[name][["year", "value", "low", "high"]] for name in ("centre_east_m", "centre_north_m"))
    spread = parts["standard_distance_m"]
    first, last = int(east["year"].iloc[0]), int(east["year"].iloc[-1])
    way = way_panel("centre-way", east, north)
    panels = [
        Panel(way, told("way_title", first=first), told("way_unit")),
        Panel(band_panel("centre-east", east, unit=1000, zero=True), told("east_title"), told("km_unit")),
        Panel(band_panel("centre-north", north, unit=1000, zero=True), told("north_title"), told("km_unit")),
        Panel(band_panel("centre-spread", spread, unit=1000), told("spread_title"), told("km_unit")),
    ]
    body = []
    for year in east["year"]:
        mine = {name: part[part["year"] == year].iloc[0] for name, part in parts.items()}
        ends = [
            cell(number(float(row[column])), float(row[column]))
            for row in (mine["centre_east_m"], mine["centre_north_m"], mine["standard_distance_m"])
            for column in ("value", "low", "high")
        ]
        n = int(mine["centre_east_m"]["n"])
        body.append([cell(str(year), int(year)), cell(f"{n:,}", n), *ends])
    heads = ("year", "n", "east", "low", "high", "north", "low", "high", "spread", "low", "high")
    table = Table("centre", told("centre_title"), headed(*heads, words=0), body)
    notes = [told("centre_note"), _centre_sentence(east, north, first, last)]
    alt = told("centre_alt", first=first, last=last)
    return [
        Figure("figure-centre", told("centre_title"), alt, panels, table, told("source"), ("measured", "band"), notes)
    ]


def _centre_sentence(east: pd.DataFrame, north: pd.DataFrame, first: int, last: int) -> Words:
    values = {"first": first, "last": last}
    sides = []
    for rows, positive, negative in ((east, "east", "west"), (north, "north", "south")):
        row = rows.iloc[-1]
        if row["low"] > 0 or row["high"] < 0:
            way = positive if row["value"] > 0 else negative
            low, high = sorted((abs(float(row["low"])), abs(float(row["high"]))))
            km = {
                "km": f"{abs(float(row['value'])) / 1000:.1f}",
                "low": f"{low / 1000:.1f}",
                "high": f"{high / 1000:.1f}",
            }
            sides.append(told(f"moved_{way}", **km))
    if not sides:
        return told("centre_stayed", **values)
    joined = sides[0] if len(sides) == 1 else told("and", one=sides[0], other=sides[1])
    return told("centre_moved", ways=joined, **values)


def _area_blocks(results: Results, names: Names, threshold: int) -> list[Block]:
    quotients, summary = results.rows("location_quotients"), results.rows("area_summary")
    if quotients is None and summary is None:
        return [absent(results, "location_quotients")]
    out: list[Block] = []
    if quotients is not None:
        out += _quotient_figure(quotients, names, threshold)
    if summary is not None:
        out.append(_summary_listing(summary))
    return out


def _quotient_figure(quotients: pd.DataFrame, names: Names, threshold: int) -> list[Block]:
    year = int(quotients["year"].max())
    rows = quotients[(quotients["year"] == year) & (quotients["n"] > 0) & quotients["value"].notna()]
    told_rows = rows[rows["n"] >= threshold].sort_values(["value", "place_id"], ascending=[False, True], kind="stable")
    title, small = told("quotient_title", year=year), len(rows) - len(told_rows)
    if told_rows.empty:
        return [Note(told("all_withheld", title=title, threshold=threshold))]
    drawn = [
        Row(names.place(row.place_id), float(row.value), float(row.low), float(row.high))
        for row in records(told_rows.head(MOST_AREAS))
    ]
    body = [
        [
            cell(names.place(row.place_id)),
            masked(int(row.n), threshold),
            cell(f"{int(row.of):,}", int(row.of)),
            *(cell(number(float(one)), float(one)) for one in (row.value, row.low, row.high)),
            cell(probability(_real(row.q_value)), _real(row.q_value)),
        ]
        for row in records(told_rows)
    ]
    sure = told_rows[(told_rows["low"] > 1) & (told_rows["q_value"] <= LEVEL)]
    notes = [
        told("quotient_note"),
        told("quotient_sentence", year=year, sure=len(sure), shown=len(told_rows)),
        *([told("areas_withheld", n=small, threshold=threshold)] if small else []),
    ]
    heads = ("area", "n", "of", "quotient", "low", "high", "q")
    table = Table("location-quotients", title, headed(*heads), body)
    panels = [Panel(intervals("quotients", drawn, told("quotient_axis"), reference=1.0))]
    alt = told("quotient_alt", n=len(drawn), year=year)
    return [Figure("figure-quotients", title, alt, panels, table, told("source_areas"), ("point",), notes, wide=True)]


def _summary_listing(summary: pd.DataFrame) -> Listing:
    order = {"gini_of_areas": 0, "hoover": 1, "theil": 2, "theil_between": 3, "moran_of_shares": 4}
    rows = sorted(records(summary), key=lambda row: (order.get(str(row.measure), 9), int(row.year)))
    body = [
        [
            cell(named("measure", row.measure)),
            cell(named("meaning", row.measure)),
            cell(str(row.year), int(row.year)),
            cell(number(float(row.value)), float(row.value)),
            cell(probability(_real(row.p_value)) if text_of(row.p_value) else DASH, _real(row.p_value)),
            cell(f"{int(row.n):,}", int(row.n)),
            cell(f"{int(row.of):,}", int(row.of)),
        ]
        for row in rows
    ]
    heads = ("measure", "meaning", "year", "value", "p", "n", "areas")
    title = told("summary_title")
    table = Table("area-summary", title, headed(*heads, words=2), body)
    return Listing("list-area-summary", title, table, [told("summary_note")], told("source_areas"))


def status_listing(results: Results) -> list[Block]:
    """What could not be said of concentration and clusters, or was left out, each with its reason."""
    body = []
    for name in STATUS_TABLES:
        for row in records(found) if (found := results.rows(name)) is not None else ():
            body.append([cell(named("about", row.measure)), cell(named("status", row.status)), *_why(row)])
    if not body:
        return []
    title = told("status_title")
    table = Table("concentration-status", title, headed("about", "status", "reason", "count", words=3), body)
    return [Listing("list-concentration-status", title, table, [told("status_note")], folded=True)]


def _why(row: Record) -> list[Cell]:
    """The reason in words, with the year that it is about; codes of errors by why they are refused."""
    reason, _, year = text_of(row.reason).partition(" ")
    parts = reason.split("-")
    key = f"errors_{parts[1].lower()}.{parts[2]}.why" if len(parts) == 3 and parts[0] == "TS" else ""
    words = phrase(key) if key and has_text(key) else named("reason", reason)
    # A measure that refuses a whole year counts one refusal, which is no number of establishments.
    count = "" if key else text_of(row.n)
    shown = told("reason_in", reason=words, year=year) if year else words
    return [cell(shown), cell(f"{int(count):,}" if count else DASH, int(count) if count else "")]
