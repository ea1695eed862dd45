"""How much each cluster changed from year to year, mergers and splits taken out, and how uncertain that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.process.evolution.stages_settled import settled_nodes
from townshift.process.evolution.tracks_follow import Followed
from townshift.process.evolution.tracks_input import YearlyClusters
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


def changes(yearly: YearlyClusters, followed: Followed, step: Ints, parameters: TracksParameters) -> Changes:
    """Change of ln(firms) in each step of each track, as if what merged had been together before and after.

    Formula: `r = ln(N' / N)`, `v = (came + left + 1) / (N N')` with N, N' the firms before and after; firms of a
    cluster that was absorbed in the step are added before, firms of a cluster that came out of it are added after, and
    `came`, `left` are the firms of N' that were not in N and the other way round.

    Args:
        yearly: the clusters.
        followed: which goes on as which.
        step: shape (nodes,), number of the step of its track that ends in the node, -1 at the beginning.
        parameters: `area_weight`, `least_inclusion`.

    Firms are counted as `settled_nodes` settles them, so that flicker at the edge of a cluster is no change.

    Source: delta method for a birth-death process, variance of ln N.
    """
    before, pairs = followed.before, followed.pairs
    settled = settled_nodes(yearly, followed, parameters.bridged_years)
    size = np.bincount(settled[settled >= 0], minlength=len(before)).astype(np.float64)
    into = np.flatnonzero(before >= 0)
    gap = _gaps(followed)
    absorbed, keeps = _absorbed(followed, gap, parameters)
    released, goes_on = _released(yearly, followed, gap, parameters)
    first, later = size[before.clip(0)], size.copy()
    shared = _stayed(yearly, settled, before, parameters.bridged_years)
    np.add.at(shared, keeps, pairs.shared[absorbed].astype(np.float64))
    np.add.at(shared, goes_on, pairs.shared[released].astype(np.float64))
    np.add.at(first, keeps, size[pairs.old[absorbed]])
    np.add.at(later, goes_on, size[pairs.new[released]])
    steps = int(step.max()) + 1 if len(step) else 0
    tracks = int(followed.track.max()) + 1 if len(step) else 0
    change, years, variance = np.zeros((tracks, steps)), np.zeros((tracks, steps)), np.ones((tracks, steps))
    at = followed.track[into], step[into]
    n, m = np.maximum(first[into], 0.5), np.maximum(later[into], 0.5)
    change[at] = np.log(m / n)
    variance[at] = (np.maximum(n + m - 2 * shared[into], 0.0) + 1.0) / (n * m)
    year = yearly.years[yearly.node_year]
    years[at] = year[into] - year[before[into]]
    return Changes(change, years, variance)


def _stayed(yearly: YearlyClusters, settled: npt.NDArray[np.int32], before: Ints, bridged: int) -> Floats:
    """Firms of each cluster that had stood in the cluster before it of its track; shape (nodes,)."""
    count = np.zeros(len(before))
    standings: list[npt.NDArray[np.int32]] = []
    for year in range(len(yearly.years)):
        rows = yearly.rows(year)
        record, node = yearly.record[rows], settled[rows]
        inside = node >= 0
        record, node = record[inside], node[inside]
        for standing in standings:
            same = standing[record] == before[node]
            count += np.bincount(node[same], minlength=len(before))
        standing = np.full(len(yearly.records), -2, dtype=np.int32)
        standing[record] = node
        standings = [standing, *standings][: bridged + 1]
    return count


def _gaps(followed: Followed) -> Ints:
    """Missing years before each node, -1 at the beginning of its track."""
    gap = np.full(len(followed.track), -1, dtype=np.int64)
    own = followed.before[followed.pairs.new] == followed.pairs.old
    gap[followed.pairs.new[own]] = followed.gap[own]
    return gap


def _absorbed(followed: Followed, gap: Ints, parameters: TracksParameters) -> tuple[Ints, Ints]:
    """Pairs whose earlier cluster is not seen on its own any more and lies in the later one; and that later one."""
    pairs = followed.pairs
    goes_on = np.zeros(len(followed.track), dtype=bool)
    goes_on[followed.before[gap == 0]] = True
    lost = ~goes_on[pairs.old] & (followed.before[pairs.new] != pairs.old) & (followed.gap <= gap[pairs.new])
    inside = pairs.old_in_new(parameters.area_weight) >= parameters.least_inclusion
    part = np.flatnonzero(lost & inside)
    return part, pairs.new[part]


def _released(yearly: YearlyClusters, followed: Followed, gap: Ints, parameters: TracksParameters) -> tuple[Ints, Ints]:
    """Pairs whose later cluster was not seen on its own beside the earlier one and lay in it; and what goes on."""
    pairs, track = followed.pairs, followed.track
    into = np.flatnonzero(followed.before >= 0)
    goes_on_as = np.full(len(track), -1, dtype=np.int64)
    goes_on_as[followed.before[into]] = into
    target = goes_on_as[pairs.old]
    seen = np.zeros((int(track.max()) + 1, len(yearly.years)), dtype=bool)
    seen[track, yearly.node_year] = True
    fresh = ~seen[track[pairs.new], yearly.node_year[pairs.old]]
    inside = pairs.new_in_old(parameters.area_weight) >= parameters.least_inclusion
    # The earlier cluster must go on in the very year in which the other one shows.
    part = np.flatnonzero(fresh & inside & (target >= 0) & (followed.gap == gap[target]))
    return part, target[part]
