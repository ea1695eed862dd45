"""Following clusters from year to year: which cluster goes on as which, over missing years as well."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from townshift.process.evolution.assignment import optimal_assignment
from townshift.process.evolution.assignment_overlap import (
    Overlaps,
    joined_overlaps,
    shared_areas,
    shared_records,
)
from townshift.process.evolution.tracks_input import ClusterYears
from townshift.process.evolution.tracks_parameters import TracksParameters

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

ABSENT = np.int32(-2)
"""Standing of a record that does not exist in a year; -1 is one that exists and is in no cluster."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Which cluster goes on as which.

    Attributes:
        track: shape (nodes,), number of each node's track, by first year and cluster.
        before: shape (nodes,), the track's node before, -1 at its beginning.
        overlap: shape (nodes,), overlap with the node before, NaN at the beginning.
        pairs: all pairs of nodes that share records or ground; the earlier one is the last of its track by then.
        gap: shape (pairs,), missing years between the two.
    """

    track: Ints
    before: Ints
    overlap: Floats
    pairs: Overlaps
    gap: Ints


def follow(yearly: ClusterYears, parameters: TracksParameters) -> Followed:
    """Follow clusters by overlap of members and ground, so that the sum of all overlaps of a year is largest.

    A cluster of a year may go on the last cluster of any track seen in the year before, or up to `bridged_years` years
    earlier. A pair is possible if its overlap is at least `least_overlap` and one of the two lies in the other by
    `least_inclusion`; among the possible ones the assignment of the largest total overlap is taken.

    Source: Spiliopoulou et al. (2006), "MONIC: modeling and monitoring cluster transitions", KDD, for overlap of
    members with thresholds; Greene, Doyle and Cunningham (2010), ASONAM, for matching a year with the last cluster seen
    of each track; both match greedily.
    """
    size = len(yearly.nodes)
    before = np.full(size, -1, dtype=np.int64)
    overlap = np.full(size, np.nan)
    last_of_track = np.zeros(size, dtype=bool)
    areas = _areas(yearly)
    standings: list[Codes] = []
    parts: list[Overlaps] = []
    gaps: list[Ints] = []
    for year in range(len(yearly.years)):
        found = [
            _overlaps(yearly, standing, year, year - 1 - gap, last_of_track, areas)
            for gap, standing in enumerate(standings)
        ]
        gap_of = np.concatenate([[], *(np.full(len(pairs.old), gap) for gap, pairs in enumerate(found))])
        pairs, gap_of = together(found), gap_of.astype(np.int64)
        weight = pairs.overlap(parameters.area_weight)
        kept = _matched(pairs, weight, parameters)
        before[pairs.new[kept]] = pairs.old[kept]
        overlap[pairs.new[kept]] = weight[kept]
        last_of_track[pairs.old[kept]] = False
        last_of_track[yearly.node_start[year] : yearly.node_start[year + 1]] = True
        parts.append(pairs)
        gaps.append(gap_of)
        standings = [_standing(yearly, year), *standings][: parameters.bridged_years + 1]
    return Followed(_numbered(before), before, overlap, together(parts), np.concatenate(gaps))


def _areas(yearly: ClusterYears) -> Floats:
    """Area of each cluster, cells or m²; NaN where it is not known."""
    if yearly.cells is not None:
        covered = yearly.cells.node[yearly.cells.node >= 0]
        known = np.bincount(covered, minlength=len(yearly.nodes)).astype(np.float64)
    elif yearly.polygons is not None:
        from shapely import area

        known = np.asarray(area(yearly.polygons), dtype=np.float64)
    else:
        known = np.zeros(len(yearly.nodes))
    return np.where(known > 0, known, np.nan)


def _standing(yearly: ClusterYears, year: int) -> Codes:
    """Where every record stands in a year, by record code."""
    rows = yearly.rows(year)
    standing = np.full(len(yearly.records), ABSENT, dtype=np.int32)
    standing[yearly.record[rows]] = yearly.node[rows]
    return standing


def _overlaps(
    yearly: ClusterYears,
    standing: Codes,
    year: int,
    earlier: int,
    last_of_track: npt.NDArray[np.bool_],
    areas: Floats,
) -> Overlaps:
    """Pairs of the last clusters of tracks, seen in an earlier year, and the clusters of a year."""
    nodes = len(yearly.nodes)
    first, last = (int(bound) for bound in yearly.node_start[earlier : earlier + 2])
    candidates = first + np.flatnonzero(last_of_track[first:last])
    rows = yearly.rows(year)
    if not len(candidates):
        rows = slice(0, 0)
    old, new = standing[yearly.record[rows]], yearly.node[rows]
    both = old != ABSENT
    old, new = old[both], new[both]
    if len(candidates) < last - first:
        old = np.where((old >= 0) & last_of_track[old], old, np.int32(-1))
    ground = _ground(yearly, year, earlier, candidates)
    return joined_overlaps(shared_records(old, new, nodes), ground, areas, nodes)


def _ground(yearly: ClusterYears, year: int, earlier: int, candidates: Ints) -> tuple[Ints, Ints, Floats] | None:
    """Ground that candidates of an earlier year share with the clusters of a year; None where none is known."""
    if yearly.cells is not None:
        nodes, then, now = len(yearly.nodes), yearly.cells.rows(earlier), yearly.cells.rows(year)
        chosen = np.zeros(nodes + 1, dtype=bool)
        chosen[candidates] = True
        covered = np.full(yearly.cells.count, ABSENT, dtype=np.int32)
        mine = chosen[yearly.cells.node[then]]
        covered[yearly.cells.cell[then][mine]] = yearly.cells.node[then][mine]
        old, new, shared, _, _ = shared_records(covered[yearly.cells.cell[now]], yearly.cells.node[now], nodes)
        return old, new, shared.astype(np.float64)
    if yearly.polygons is None:
        return None
    later = np.arange(yearly.node_start[year], yearly.node_start[year + 1])
    return shared_areas(candidates, later, yearly.polygons)


def together(parts: list[Overlaps]) -> Overlaps:
    """The pairs of several years, one after the other."""
    if not parts:
        none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
        return Overlaps(none, none, none, none, none, nothing, nothing, nothing)
    names = [field.name for field in fields(Overlaps)]
    return Overlaps(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _matched(pairs: Overlaps, weight: Floats, parameters: TracksParameters) -> Ints:
    """Positions of the pairs that go on as one track."""
    w = parameters.area_weight
    inside = np.maximum(pairs.old_in_new(w), pairs.new_in_old(w))
    possible = np.flatnonzero((weight >= max(parameters.least_overlap, 1e-9)) & (inside >= parameters.least_inclusion))
    _, old = np.unique(pairs.old[possible], return_inverse=True)
    _, new = np.unique(pairs.new[possible], return_inverse=True)
    return possible[optimal_assignment(old, new, weight[possible])]


def _numbered(before: Ints) -> Ints:
    """Number tracks by their first node; nodes are sorted by year, so that a node's predecessor is done before it."""
    track = np.full(len(before), -1, dtype=np.int64)
    begins = before < 0
    track[begins] = np.arange(int(begins.sum()))
    for node in np.flatnonzero(~begins):
        track[node] = track[before[node]]
    return track
