"""Figures of clusters: maps by year, lives of tracks, the share that stands in clusters, uses inside the town."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from townshift.report.blocks import Block, Cell, Column, Figure, Listing, Note, Panel, Table, absent, cell
from townshift.report.figures.clusters_charts import (
    EVENT_STYLES,
    Ground,
    Life,
    Outline,
    clusters_map,
    ground_of,
    lives_chart,
    track_colour,
)
from townshift.report.figures.concentration import headed, named, told
from townshift.report.figures.concentration_charts import band_panel
from townshift.report.numbers import number, percent
from townshift.report.results import Record, records, text_of
from townshift.report.words import Words, join, plain

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results

MOST_MAPS = 6
"""Years that are mapped, evenly from the first with a cluster to the last."""
MAPPED_SHARE = 0.95
"""Share of all firms in clusters, over all years, that the map must hold; what lies farther out is in the table."""
WELL_COUNTED = 30
"""Establishments of a year from which the sentence on shares starts."""


def cluster_blocks(results: Results, focal: str, threshold: int) -> list[Block]:
    """Where the clusters are, how they lived, which share stands in them, and what is inside the town.

    Args:
        results: what the pipeline wrote.
        focal: id of the focal place.
        threshold: clusters of fewer establishments are withheld.
    """
    if results.result("establishment_points") is None:
        return []
    clusters, tracks = results.rows("clusters"), results.rows("tracks")
    if clusters is None or tracks is None:
        return [absent(results, "clusters"), *_use_blocks(results, threshold)]
    shown = tracks[(tracks["status"] != "flicker") & (tracks["n"] >= threshold)]
    numbers = track_numbers(shown)
    return [
        *_map_figure(results, clusters, shown, numbers, focal),
        *_life_figure(results, shown, numbers),
        *_share_figure(results, threshold),
        *_use_blocks(results, threshold),
    ]


def track_numbers(tracks: pd.DataFrame) -> dict[str, int]:
    """A number from 1 for each track, in order of its first year, then of its name.

    Example:
        >>> import pandas as pd
        >>> track_numbers(pd.DataFrame({"track": ["2004-1", "1999-0"], "year": [2004, 1999]}))
        {'1999-0': 1, '2004-1': 2}
    """
    first = tracks.groupby("track")["year"].min().reset_index().sort_values(["year", "track"], kind="stable")
    return {str(track): at + 1 for at, track in enumerate(first["track"])}


def _map_figure(
    results: Results, clusters: pd.DataFrame, tracks: pd.DataFrame, numbers: dict[str, int], focal: str
) -> list[Block]:
    import shapely

    rows = clusters.merge(tracks[["year", "cluster", "track"]], on=["year", "cluster"], how="inner")
    if rows.empty:
        return [Note(told("no_track"))]
    rows = rows.assign(shape=list(shapely.from_wkb(np.array(rows["polygon_wkb"].tolist(), dtype=object))))
    place = _focal_point(results, focal)
    boxes = [one.bounds for one in rows.loc[_near(rows, place), "shape"]] + ([(*place, *place)] if place else [])
    ground = ground_of(boxes)
    seen = rows[[ground.holds(one.centroid.x, one.centroid.y) for one in rows["shape"]]]
    far = rows["track"].nunique() - seen["track"].nunique()
    panels = [_year_map(int(year), rows[rows["year"] == year], numbers, ground, place) for year in _mapped_years(rows)]
    ordered = sorted(records(rows), key=lambda row: (int(row.year), numbers[str(row.track)]))
    body = [
        [
            cell(str(row.year), int(row.year)),
            cell(numbers[str(row.track)]),
            cell(f"{int(row.n):,}", int(row.n)),
            *(
                cell(number(one), one)
                for one in (row.area_m2 / 1e6, row.density_per_km2, row.lq, row.lq_low, row.lq_high, row.stability)
            ),
        ]
        for row in ordered
    ]
    heads = ("year", "track", "n", "km2", "density", "quotient", "low", "high", "stability")
    table = Table("clusters", told("map_table"), headed(*heads, words=0), body)
    last = rows[rows["year"] == rows["year"].max()]
    notes = [
        told("map_note"),
        told("map_sentence", first=int(rows["year"].min()), tracks=len(numbers), last=int(rows["year"].max()),
             n=len(last)),
        *([told("map_far", n=far)] if far else []),
    ]  # fmt: skip
    alt = told("map_alt", n=len(panels))
    legend = ("cluster_outline", "town_point")
    return [Figure("figure-clusters", told("map_title"), alt, panels, table, told("source"), legend, notes)]


def _near(rows: pd.DataFrame, place: tuple[float, float] | None) -> npt.NDArray[np.bool_]:
    """The clusters on the map: the nearest to the place, until they hold nearly all firms of all years."""
    if place is None:
        return np.ones(len(rows), dtype=np.bool_)
    stretch = np.cos(np.radians(place[1]))
    away = np.array(
        [np.hypot((one.centroid.x - place[0]) * stretch, one.centroid.y - place[1]) for one in rows["shape"]]
    )
    order = np.argsort(away, kind="stable")
    held = np.cumsum(rows["n"].to_numpy(dtype=float)[order]) / rows["n"].sum()
    return np.asarray(away <= away[order[np.searchsorted(held, MAPPED_SHARE)]])


def _mapped_years(rows: pd.DataFrame) -> list[int]:
    years = sorted(int(year) for year in rows["year"].unique())
    at = np.unique(np.linspace(0, len(years) - 1, MOST_MAPS).round().astype(int))
    return [years[one] for one in at]


def _year_map(
    year: int, rows: pd.DataFrame, numbers: dict[str, int], ground: Ground, place: tuple[float, float] | None
) -> Panel:
    outlines = [
        Outline(str(numbers[str(row.track)]), track_colour(numbers[str(row.track)]), row.shape) for row in records(rows)
    ]
    total = int(rows["n"].sum())
    title = told("map_year", year=year, clusters=len(rows), n=f"{total:,}")
    return Panel(clusters_map(f"clusters-{year}", ground, outlines, place), title)


def _focal_point(results: Results, focal: str) -> tuple[float, float] | None:
    places = results.input("places")
    if places is None or not {"place_id", "lon", "lat"} <= set(places.columns):
        return None
    row = places[(places["place_id"] == focal) & places["lon"].notna() & places["lat"].notna()]
    return None if row.empty else (float(row["lon"].iloc[0]), float(row["lat"].iloc[0]))


def _life_figure(results: Results, tracks: pd.DataFrame, numbers: dict[str, int]) -> list[Block]:
    events, stages = results.rows("track_events"), results.rows("track_stages")
    if events is None or stages is None or not numbers:
        return [absent(results, "track_events")]
    known = events[events["track"].isin(numbers.keys())]
    lives = []
    for track, at in numbers.items():
        mine = tracks[tracks["track"] == track]
        years = (int(mine["year"].min()), int(mine["year"].max()))
        stage = stages[stages["track"] == track]
        ends = known[(known["track"] == track) & known["kind"].isin(EVENT_STYLES.keys())]
        lives.append(
            Life(
                told("life", number=at, most=f"{int(mine['n'].max()):,}"),
                dict(zip(stage["year"].astype(int), stage["stage"].astype(str), strict=True)),
                years,
                [(int(row.year), str(row.kind)) for row in records(ends)],
            )
        )
    body = [_event_cells(row, numbers) for row in records(known.sort_values(["year", "track"], kind="stable"))]
    heads = ("year", "track", "event", "other_track", "strength", "low", "high", "probability", "n")
    columns = [Column(told(f"columns.{head}"), head not in ("event", "other_track")) for head in heads]
    table = Table("track-events", told("life_table"), columns, body)
    counts = known["kind"].value_counts()
    notes = [
        told("life_note"),
        told("life_sentence", births=int(counts.get("birth", 0)), splits=int(counts.get("split", 0)),
             spills=int(counts.get("spill_over", 0)), merges=int(counts.get("merge", 0)),
             deaths=int(counts.get("death", 0))),
    ]  # fmt: skip
    alt = told("life_alt", n=len(lives))
    legend = (*(f"stage_{one}" for one in ("emerging", "growing", "mature", "declining", "none")),
              *(f"event_{one}" for one in EVENT_STYLES))  # fmt: skip
    panels = [Panel(lives_chart("track-lives", lives))]
    return [Figure("figure-tracks", told("life_title"), alt, panels, table, told("source"), legend, notes, wide=True)]


def _event_cells(row: Record, numbers: dict[str, int]) -> list[Cell]:
    other = numbers.get(text_of(row.other_track))
    year = str(row.year) if row.year == row.year_to else f"{row.year}–{row.year_to}"
    phase = row.kind in ("growth", "decline")
    shown = [percent(one) if phase else number(one) for one in (row.strength, row.low, row.high)]
    return [
        cell(year, int(row.year)),
        cell(numbers[str(row.track)]),
        cell(named("event", row.kind)),
        cell("–" if other is None else str(other), "" if other is None else other),
        *(cell(text, value) for text, value in zip(shown, (row.strength, row.low, row.high), strict=True)),
        cell(number(row.probability, 2), row.probability),
        cell(f"{int(row.n):,}", int(row.n)),
    ]


def _share_figure(results: Results, threshold: int) -> list[Block]:
    found = results.estimates("clustering")
    if found is None:
        return [absent(results, "clustering")]
    rows = found[found["n"] >= threshold].rename(columns={"year_from": "year"})
    panels, body = [], []
    for measure in ("clustered_share", "largest_cluster_share"):
        mine = rows[rows["measure"] == measure].sort_values("year")
        if mine.empty:
            continue
        name = measure.replace("_", "-")
        panels.append(Panel(band_panel(name, mine, percent=True), named("measure", measure), told("share_unit")))
        body += [
            [
                cell(named("measure", measure)),
                cell(str(row.year), int(row.year)),
                *(cell(percent(one), float(one)) for one in (row.value, row.low, row.high)),
                cell(f"{int(row.n):,}", int(row.n)),
            ]
            for row in records(mine)
        ]
    if not panels:
        return [Note(told("all_withheld", title=told("share_title"), threshold=threshold))]
    table = Table("clustering", told("share_title"), headed("measure", "year", "share", "low", "high", "n"), body)
    whole = rows[rows["measure"] == "clustered_share"].sort_values("year")
    whole = whole[whole["n"] >= WELL_COUNTED] if (whole["n"] >= WELL_COUNTED).any() else whole
    sentence = told("share_sentence", first=int(whole["year"].iloc[0]), before=percent(float(whole["value"].iloc[0])),
                    last=int(whole["year"].iloc[-1]), after=percent(float(whole["value"].iloc[-1])))  # fmt: skip
    notes = [told("share_note"), sentence]
    alt = told("share_alt")
    return [
        Figure(
            "figure-clustering", told("share_title"), alt, panels, table, told("source"), ("measured", "band"), notes
        )
    ]


def _use_blocks(results: Results, threshold: int) -> list[Block]:
    shift, apart = results.rows("use_shift"), results.rows("use_distances")
    if shift is None or shift["share"].notna().sum() == 0:
        return [absent(results, "use_shift")]
    rows = shift[(shift["n"] >= threshold) & shift["share"].notna()].sort_values("year")
    if apart is not None:
        apart = apart[apart["n"] >= threshold]
    if rows.empty:
        return [Note(told("all_withheld", title=told("shift_title"), threshold=threshold)), *_distance_listing(apart)]
    drawn = rows.rename(columns={"share": "value"})
    body = [
        [
            cell(str(row.year), int(row.year)),
            *_told_count(int(row.n), int(row.in_park), threshold),
            *(cell(percent(one), float(one)) for one in (row.value, row.low, row.high)),
        ]
        for row in records(drawn)
    ]
    table = Table(
        "use-shift", told("shift_title"), headed("year", "making", "in_park", "share", "low", "high", words=0), body
    )
    first, last = drawn.iloc[0], drawn.iloc[-1]
    sentence = told("shift_sentence", first=int(first["year"]), before=percent(float(first["value"])),
                    last=int(last["year"]), after=percent(float(last["value"])),
                    low=percent(float(last["low"])), high=percent(float(last["high"])))  # fmt: skip
    panels = [Panel(band_panel("use-shift", drawn, percent=True), told("shift_panel"), told("shift_unit"))]
    panels += _distance_panels(apart)
    notes = [told("shift_note"), sentence, told("uses_note")]
    alt = told("shift_alt", n=len(panels))
    figure = Figure("figure-uses", told("shift_title"), alt, panels, table, told("source"), ("measured", "band"), notes)
    return [figure, *_distance_listing(apart)]


def _told_count(n: int, part: int, threshold: int) -> list[Cell]:
    """A number and a part of it; the part is withheld if it or the rest is small, for either gives away the other."""
    if 0 < part < threshold or 0 < n - part < threshold:
        return [cell(f"{n:,}", n), cell(f"< {threshold}", f"<{threshold}")]
    return [cell(f"{n:,}", n), cell(f"{part:,}", part)]


def _distance_panels(apart: pd.DataFrame | None) -> list[Panel]:
    if apart is None:
        return []
    panels = []
    nearest = apart[(apart["measure"] == "nearest") & apart["value_m"].notna()].rename(columns={"value_m": "value"})
    for (origin, destination), rows in nearest.groupby(["origin", "destination"], sort=False):
        if len(rows) < 2:
            continue
        name = f"use-{origin}-{destination}"
        drawing = band_panel(name, rows.sort_values("year"), unit=1000)
        panels.append(Panel(drawing, _pair(origin, destination), told("nearest_unit")))
    return panels


def _pair(origin: object, destination: object) -> Words:
    return join(named("function", origin), plain(" → "), named("function", destination))


def _distance_listing(apart: pd.DataFrame | None) -> list[Block]:
    rows = None if apart is None else apart[apart["value_m"].notna()]
    if rows is None or rows.empty:
        return []
    body = [
        [
            cell(_pair(row.origin, row.destination)),
            cell(named("measure", f"distance_{row.measure}")),
            cell(str(row.year), int(row.year)),
            *(cell(f"{one:,.0f}", float(one)) for one in (row.value_m, row.low, row.high)),
            cell(f"{int(row.n):,}", int(row.n)),
        ]
        for row in records(rows)
    ]
    title = told("apart_title")
    heads = ("between", "measure", "year", "metres", "low", "high", "fewer")
    table = Table("use-distances", title, headed(*heads, words=2), body)
    return [Listing("list-use-distances", title, table, [told("apart_note")], told("source"), folded=True)]
