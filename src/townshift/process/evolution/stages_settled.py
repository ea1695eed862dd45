"""Firms at the edge of a cluster: whom a track counts in a year although that year's clustering does not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from townshift.process.evolution.tracks_follow import Followed
from townshift.process.evolution.tracks_input import YearlyClusters

Codes = npt.NDArray[np.int32]


def settled_nodes(yearly: YearlyClusters, followed: Followed, years: int) -> Codes:
    """The cluster of every membership, firms at a cluster's edge kept in it while they flicker.

    A firm that exists in a year and stands in no cluster is counted where it stood at most `years` years before, or,
    if nowhere, at most `years` years after, provided it existed all the while and that track is seen in the year. Firms
    that come and go at the edge of a cluster would otherwise pass for growth and decline.

    Args:
        yearly: the clusters.
        followed: which cluster goes on as which.
        years: positions of years over which a firm is kept.

    Returns:
        Shape (rows,), node of each membership, -1 = in no cluster.
    """
    ahead = _held(yearly, followed, years, range(len(yearly.years)))
    back = _held(yearly, followed, years, range(len(yearly.years) - 1, -1, -1))
    held = np.where(ahead >= 0, ahead, back)
    node = yearly.node.copy()
    node_of_track = np.full(int(followed.track.max()) + 1, -1, dtype=np.int32)
    for year in range(len(yearly.years)):
        nodes = np.arange(yearly.node_start[year], yearly.node_start[year + 1], dtype=np.int32)
        node_of_track[:] = -1
        node_of_track[followed.track[nodes]] = nodes
        rows = yearly.rows(year)
        loose = (node[rows] < 0) & (held[rows] >= 0)
        node[rows] = np.where(loose, node_of_track[held[rows]], node[rows])
    return node


def _held(yearly: YearlyClusters, followed: Followed, years: int, order: range) -> Codes:
    """The track in which each membership's record stood last, going through the years in an order; -1 = in none."""
    held = np.full(len(yearly.node), -1, dtype=np.int32)
    track_of = followed.track.astype(np.int32)
    now = np.full(len(yearly.records), -1, dtype=np.int32)
    age = np.zeros(len(yearly.records), dtype=np.int8)
    for year in order:
        rows = yearly.rows(year)
        record, node = yearly.record[rows], yearly.node[rows]
        was, since = now[record], age[record] + 1
        mine = np.where(node >= 0, track_of[node], np.where(since <= years, was, np.int32(-1)))
        held[rows] = mine
        # A record without a row in the year does not exist in it: nothing is kept of it.
        now[:] = -1
        now[record] = mine
        age[record] = np.where(node >= 0, 0, since).clip(0, 100)
    return held
