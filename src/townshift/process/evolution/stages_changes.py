"""How much each cluster changed from year to year, mergers and splits taken out, and how uncertain that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.process.evolution.assignment_overlap import Overlaps, joined_overlaps, shared_records
from townshift.process.evolution.stages_settled import settled_nodes
from townshift.process.evolution.tracks_follow import ABSENT, Followed, together
from townshift.process.evolution.tracks_input import ClusterYears
from townshift.process.evolution.tracks_parameters import TracksParameters

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Changes:
    """Steps of every track between two years in which it was seen; shape (tracks, steps) each.

    Attributes:
        change: change of ln(firms).
        years: length of the step in years; 0 = the track has no such step.
        variance: variance of `change` if every opening and closure is independent of the others.
    """

    change: Floats
    years: Floats
    variance: Floats


def changes(yearly: ClusterYears, followed: Followed, step: Ints, parameters: TracksParameters) -> Changes:
    """Change of ln(firms) in each step of each track, as if what merged had been together before and after.

    Formula: `r = ln(N' / N)`, `v = (came + left + 1) / (N N')` with N, N' the firms before and after; firms of a
    cluster that was absorbed in the step are added before, firms of a cluster that came out of it are added after, and
    `came`, `left` are the firms of N' that were not in N and the other way round. Firms are counted as `settled_nodes`
    settles them.

    Args:
        yearly: the clusters.
        followed: which goes on as which.
        step: shape (nodes,), number of the step of its track that ends in the node, -1 at the beginning.
        parameters: `least_inclusion`, `bridged_years`.

    Source: delta method for a birth-death process, variance of ln N.
    """
    before = followed.before
    settled = settled_nodes(yearly, followed, parameters.bridged_years)
    size = np.bincount(settled[settled >= 0], minlength=len(before)).astype(np.float64)
    pairs = _flows(yearly, settled, parameters.bridged_years)
    part, target, absorbed = _structural(yearly, followed, pairs, parameters.least_inclusion)
    first, later, shared = size[before.clip(0)], size.copy(), np.zeros(len(size))
    own = before[pairs.new] == pairs.old
    shared[pairs.new[own]] = pairs.shared[own]
    np.add.at(shared, target, pairs.shared[part].astype(np.float64))
    np.add.at(first, target[absorbed], size[pairs.old[part[absorbed]]])
    np.add.at(later, target[~absorbed], size[pairs.new[part[~absorbed]]])
    steps = int(step.max()) + 1
    tracks = int(followed.track.max()) + 1
    into = np.flatnonzero(before >= 0)
    change, years, variance = np.zeros((tracks, steps)), np.zeros((tracks, steps)), np.ones((tracks, steps))
    at = followed.track[into], step[into]
    n, m = np.maximum(first[into], 0.5), np.maximum(later[into], 0.5)
    change[at] = np.log(m / n)
    variance[at] = (np.maximum(n + m - 2 * shared[into], 0.0) + 1.0) / (n * m)
    year = yearly.years[yearly.node_year]
    years[at] = year[into] - year[before[into]]
    return Changes(change, years, variance)


def _flows(yearly: ClusterYears, settled: npt.NDArray[np.int32], bridged: int) -> Overlaps:
    """Firms that went from each cluster of the years before to each cluster of a year."""
    nodes = len(yearly.nodes)
    nowhere = np.full(nodes, np.nan)
    parts: list[Overlaps] = []
    standings: list[npt.NDArray[np.int32]] = []
    for year in range(len(yearly.years)):
        rows = yearly.rows(year)
        record, node = yearly.record[rows], settled[rows]
        for standing in standings:
            was = standing[record]
            both = was != ABSENT
            parts.append(joined_overlaps(shared_records(was[both], node[both], nodes), None, nowhere, nodes))
        standing = np.full(len(yearly.records), ABSENT, dtype=np.int32)
        standing[record] = node
        standings = [standing, *standings][: bridged + 1]
    return together(parts)


def _structural(
    yearly: ClusterYears, followed: Followed, pairs: Overlaps, least: float
) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """Pairs in which one cluster went up in another track or came out of it.

    Returns:
        Positions of the pairs; the node at the end of the step of the track that absorbed or released; whether it
        absorbed (else it released).
    """
    track, year, before = followed.track, yearly.node_year, followed.before
    seen = np.zeros((int(track.max()) + 1, len(yearly.years)), dtype=bool)
    seen[track, year] = True
    into = np.flatnonzero(before >= 0)
    goes_on_as = np.full(len(track), -1, dtype=np.int64)
    goes_on_as[before[into]] = into
    other = track[pairs.old] != track[pairs.new]
    # Absorbed: the earlier cluster is on its own no more, and went on until now or into the years now bridged.
    lost = other & (before[pairs.new] >= 0) & ~seen[track[pairs.old], year[pairs.new]]
    lost &= (year[pairs.old] >= year[before[pairs.new]]) & (pairs.shared >= least * pairs.old_known)
    goes_on = goes_on_as[pairs.old]
    lost &= (goes_on < 0) | (year[goes_on] > year[pairs.new])
    # Released: the later cluster was not on its own beside the earlier one, which goes on in the same year.
    fresh = other & (goes_on >= 0) & ~seen[track[pairs.new], year[pairs.old]]
    fresh &= (year[goes_on] == year[pairs.new]) & (pairs.shared >= least * pairs.new_known)
    part = np.concatenate([np.flatnonzero(lost), np.flatnonzero(fresh)])
    target = np.concatenate([pairs.new[lost], goes_on[fresh]])
    return part, target, np.arange(len(part)) < int(lost.sum())
