"""Tracks: which cluster of one year is which of the next, what happened to it, and in which stage of its life it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.errors import Problem
from townshift.frames import typed
from townshift.process.evolution.events import CONFIRMED, FLICKER, Spans, beginnings, ends, heirs, origins, spans
from townshift.process.evolution.events_phases import phase_events
from townshift.process.evolution.spill_over import spill_overs
from townshift.process.evolution.stages import overdispersion, trend
from townshift.process.evolution.stages_changes import Changes, changes
from townshift.process.evolution.stages_rows import stage_rows
from townshift.process.evolution.tracks_follow import Followed, follow
from townshift.process.evolution.tracks_input import ClusterYears, checked_links, yearly_clusters
from townshift.process.evolution.tracks_parameters import (
    EVENT_TYPES,
    STAGE_TYPES,
    STATUS_TYPES,
    TRACK_TYPES,
    TracksParameters,
)

Ints = npt.NDArray[np.int64]

ONE_YEAR = "TS-EVOLUTION-008"
NO_CLUSTER = "TS-EVOLUTION-009"


@dataclass(frozen=True)
class Tracks:
    """Clusters followed through the years.

    Attributes:
        tracks: one row a track and year in which it was seen; `TRACK_TYPES`.
        events: one row an event of a track that is no flicker; `EVENT_TYPES`.
        stages: one row a year of a confirmed track; `STAGE_TYPES`.
        status: what was left out or could not be said; `STATUS_TYPES`.
        warnings: the same as statements for a reader: one year only, no cluster in any year.
    """

    tracks: pd.DataFrame
    events: pd.DataFrame
    stages: pd.DataFrame
    status: pd.DataFrame
    warnings: tuple[Problem, ...] = ()


def cluster_tracks(
    memberships: pd.DataFrame,
    clusters: pd.DataFrame,
    parameters: TracksParameters | None = None,
    links: pd.DataFrame | None = None,
    cells: pd.DataFrame | None = None,
) -> Tracks:
    """Follow clusters from year to year: their tracks, the events of their lives and the stages they are in.

    1. Clusters of neighbouring years are the same if they overlap, in firms known in both years and in ground
       (`Overlaps`); among all possible pairs the assignment of the largest total overlap is taken. A cluster may be
       missing `bridged_years` (`follow`).
    2. A track that begins split from the cluster it lay in, or was fed by links from an older one, or was born; a track
       that ends merged into the cluster it lies in, or died (`beginnings`, `ends`, `spill_overs`).
    3. Growth and decline are phases of steady change of ln(firms), mergers and splits taken out (`changes`, `trend`).
    4. A stage follows from that: *declining*, *growing* or *mature* by the change in the year (beyond `stable_rate`
       or not), *emerging* instead of growing or mature in the first `emerging_years` after a birth or spill-over.

    Nothing is drawn: all probabilities are exact under their model, so the same input gives the same result.

    Args:
        memberships: record, year, cluster; one row a record and year. Cluster -1 = exists, but in no cluster.
        clusters: year, cluster, x_m, y_m (projected, metres); optional jobs, area_m2, polygon_wkb (WKB in metres).
            Without polygons and cells members alone decide.
        parameters: thresholds; None = the defaults.
        links: moves and spin-offs: origin_record, destination_record, year, probability. None = no spill-over is told
            from a birth, unless the same records moved.
        cells: ground of the clusters as cells of one grid: year, cluster, cell. None = polygons, if there are any.

    Returns:
        Tracks, events and stages; a track's name is its first year and cluster.

    Raises:
        MeasureError: the tables cannot be used; all problems at once.

    Source: Spiliopoulou et al. (2006), "MONIC", for the transitions; Menzel and Fornahl (2010), "Cluster life cycles",
    Industrial and Corporate Change 19, for the stages.

    Example:
        >>> members = pd.DataFrame(
        ...     [(firm, year, 0 if firm < 8 else 1) for year in (2000, 2001) for firm in range(12)]
        ...     + [(firm, 2002, 0) for firm in range(12)], columns=["record", "year", "cluster"])
        >>> centres = pd.DataFrame({"year": [2000, 2000, 2001, 2001, 2002], "cluster": [0, 1, 0, 1, 0],
        ...     "x_m": [0.0, 900.0, 0.0, 900.0, 300.0], "y_m": 0.0})
        >>> found = cluster_tracks(members, centres, TracksParameters(bridged_years=0))
        >>> found.tracks[["track", "year", "n"]].values.tolist()
        [['2000-0', 2000, 8], ['2000-0', 2001, 8], ['2000-0', 2002, 12], ['2000-1', 2000, 4], ['2000-1', 2001, 4]]
        >>> found.events[["track", "year", "kind", "other_track", "strength"]].values.tolist()
        [['2000-1', 2002, 'merge', '2000-0', 1.0]]
    """
    parameters = parameters or TracksParameters()
    yearly = yearly_clusters(memberships, clusters, cells)
    if links is not None:
        links = checked_links(links)
    if not len(yearly.nodes):
        status: list[dict[str, object]] = [
            {"measure": "tracks", "status": "not_estimable", "reason": "no_cluster", "n": 0}
        ]
        return _answer(None, None, None, status, Problem(NO_CLUSTER))
    followed = follow(yearly, parameters)
    span = spans(yearly, followed, parameters)
    names = _names(yearly, span)
    table = _track_table(yearly, followed, span, names)
    if len(yearly.years) == 1:
        row = {"status": "not_estimable", "reason": "one_year", "n": len(names)}
        status = [{"measure": "events", **row}, {"measure": "stages", **row}]
        return _answer(table, None, None, status, Problem(ONE_YEAR, values={"year": int(yearly.years[0])}))
    came_from = origins(followed, span.first, parameters)
    fresh = (span.first_year > 0) & (came_from.probability < 0.5)
    fed = spill_overs(yearly, followed, span.first_year, span.last_year, fresh, links, parameters)
    begun, unlikely_begun = beginnings(yearly, followed, span, came_from, fed, parameters)
    ended, unlikely_ended = ends(yearly, followed, span, heirs(yearly, followed, span, parameters), parameters)
    step = _steps(followed)
    change = changes(yearly, followed, step, parameters)
    spread = overdispersion(change.change, change.years, change.variance)
    change = Changes(change.change, change.years, change.variance * spread)
    found = trend(change.change, change.years, change.variance, parameters)
    shown = span.status == CONFIRMED
    grown = phase_events(yearly, followed, span, change, found, step, shown, parameters)
    events = _event_table([begun, ended, grown], names, parameters)
    stages = stage_rows(yearly, followed, span, found, step, begun, names, parameters)
    status = [
        {"measure": "tracks", "status": "left_out", "reason": "flicker", "n": int((span.status == FLICKER).sum())},
        {"measure": "events", "status": "left_out", "reason": "improbable", "n": unlikely_begun + unlikely_ended},
    ]
    if links is None:
        status.append({"measure": "events", "status": "not_estimable", "reason": "no_links", "n": int(fresh.sum())})
    return _answer(table, events, stages, [row for row in status if row["n"]])


def _answer(
    tracks: pd.DataFrame | None,
    events: pd.DataFrame | None,
    stages: pd.DataFrame | None,
    status: list[dict[str, object]],
    *warnings: Problem,
) -> Tracks:
    return Tracks(
        tracks if tracks is not None else typed([], TRACK_TYPES),
        events if events is not None else typed([], EVENT_TYPES),
        stages if stages is not None else typed([], STAGE_TYPES),
        typed(status, STATUS_TYPES),
        warnings,
    )


def _names(yearly: ClusterYears, span: Spans) -> npt.NDArray[np.object_]:
    """A track's name: its first year and the cluster it was then."""
    first = yearly.nodes.iloc[span.first]
    found = [f"{year}-{cluster}" for year, cluster in zip(first["year"], first["cluster"], strict=True)]
    return np.array(found, dtype=object)


def _steps(followed: Followed) -> Ints:
    """Number of the step of its track that ends in each node; -1 at the track's beginning."""
    order = np.argsort(followed.track, kind="stable")
    begins = followed.before[order] < 0
    at = np.arange(len(order))
    step = np.empty(len(order), dtype=np.int64)
    step[order] = at - at[begins][np.cumsum(begins) - 1] - 1
    return step


def _track_table(yearly: ClusterYears, followed: Followed, span: Spans, names: npt.NDArray[np.object_]) -> pd.DataFrame:
    nodes, before = yearly.nodes, followed.before
    went_on = before >= 0
    x, y = nodes["x_m"].to_numpy(dtype=np.float64), nodes["y_m"].to_numpy(dtype=np.float64)
    start = span.first[followed.track]
    table = nodes.assign(
        track=names[followed.track],
        overlap=followed.overlap,
        bridged=np.where(went_on, yearly.node_year - yearly.node_year[before] - 1, 0),
        shift_m=np.where(went_on, np.hypot(x - x[before], y - y[before]), np.nan),
        drift_m=np.hypot(x - x[start], y - y[start]),
        status=span.status[followed.track],
    )
    order = np.lexsort([yearly.node_year, followed.track])
    return table.iloc[order].reset_index(drop=True)[list(TRACK_TYPES)].astype(TRACK_TYPES)


def _event_table(
    parts: list[pd.DataFrame], names: npt.NDArray[np.object_], parameters: TracksParameters
) -> pd.DataFrame:
    found = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    number, other = found["number"].to_numpy(dtype=np.int64), found["other"].to_numpy(dtype=np.int64)
    table = found.assign(
        track=names[number],
        other_track=pd.array([names[at] if at >= 0 else None for at in other], dtype="string"),
        level=parameters.level,
    )
    table = table.sort_values(["year", "number", "kind"], kind="stable", ignore_index=True)
    return table[list(EVENT_TYPES)].astype(EVENT_TYPES)
