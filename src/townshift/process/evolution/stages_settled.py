"""Where firms stand when flicker is taken out: missed at a cluster's edge, or shown in another cluster for a year."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from townshift.process.evolution.tracks_follow import Followed
from townshift.process.evolution.tracks_input import ClusterYears

Codes = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

NONE = np.int32(-1)


def settled_nodes(yearly: ClusterYears, followed: Followed, years: int) -> Codes:
    """The cluster of every membership, without the flicker that would pass for growth and decline.

    - A firm that exists and stands in no cluster is counted where it stood at most `years` years before, or, if
      nowhere, at most `years` years after, provided it existed all the while.
    - A firm that stood in another track at most `years` years before and does not stand in this one again in the next
      `years` years only passes through: it is counted where it stood. Two clusters shown as one for a year stay apart
      that way. In the last `years` years of the record nobody can tell, and a firm counts where it stands.

    It is counted only if that track is seen in the year, else in no cluster.

    Args:
        yearly: the clusters.
        followed: which cluster goes on as which.
        years: positions of years that flicker may last.

    Returns:
        Shape (rows,), node of each membership, -1 = in no cluster.
    """
    track = np.where(yearly.node >= 0, followed.track[yearly.node].astype(np.int32), NONE)
    last = len(yearly.years) - 1
    stays = _again(yearly, track, years)
    ahead = _settled(yearly, track, stays, years, range(last + 1))
    back = _settled(yearly, track, np.ones(len(track), dtype=bool), years, range(last, -1, -1))
    home = np.where(ahead >= 0, ahead, back)
    node = np.full(len(track), NONE, dtype=np.int32)
    node_of_track = np.full(int(followed.track.max()) + 1, NONE, dtype=np.int32)
    for year in range(last + 1):
        nodes = np.arange(yearly.node_start[year], yearly.node_start[year + 1], dtype=np.int32)
        node_of_track[:] = NONE
        node_of_track[followed.track[nodes]] = nodes
        rows = yearly.rows(year)
        node[rows] = np.where(home[rows] >= 0, node_of_track[home[rows]], NONE)
    return node


def _settled(yearly: ClusterYears, track: Codes, stays: Bools, years: int, order: range) -> Codes:
    """The track of each membership, going through the years in an order: its own, or the one its record keeps."""
    home = np.full(len(track), NONE, dtype=np.int32)
    now = np.full(len(yearly.records), NONE, dtype=np.int32)
    age = np.zeros(len(yearly.records), dtype=np.int8)
    for year in order:
        rows = yearly.rows(year)
        record, mine = yearly.record[rows], track[rows]
        since = age[record] + 1
        kept = np.where(since <= years, now[record], NONE)
        settles = (mine >= 0) & ((kept < 0) | (kept == mine) | stays[rows])
        home[rows] = np.where(settles, mine, kept)
        # A record without a row in the year does not exist in it: nothing is kept of it.
        now[:] = NONE
        now[record] = home[rows]
        age[record] = np.where(settles, 0, since).clip(0, 100)
    return home


def _again(yearly: ClusterYears, track: Codes, years: int) -> Bools:
    """Whether each membership's record stands in the same track again in the next `years` years, or nobody can tell."""
    again = np.zeros(len(track), dtype=bool)
    coming: list[Codes] = []
    for year in range(len(yearly.years) - 1, -1, -1):
        rows = yearly.rows(year)
        record, mine = yearly.record[rows], track[rows]
        if len(coming) < years:
            again[rows] = True
        for standing in coming:
            again[rows] |= standing[record] == mine
        standing = np.full(len(yearly.records), NONE, dtype=np.int32)
        standing[record] = mine
        coming = [standing, *coming][:years]
    return again
