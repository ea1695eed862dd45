"""Spill-over: new clusters whose founding firms were moved, branched or spun off from one older cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.process.evolution.tracks_follow import Followed
from townshift.process.evolution.tracks_input import ClusterYears
from townshift.process.evolution.tracks_parameters import TracksParameters

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SpillOvers:
    """By track, the older track that fed it most; shape (tracks,) each.

    Attributes:
        origin: number of that track, -1 = none.
        founders: firms that the track had in its founding years.
        share, low, high: expected share of the founders that links from the origin lead to, with its interval.
        probability: probability that the share is at least `spill_share`.
    """

    origin: Ints
    founders: Ints
    share: Floats
    low: Floats
    high: Floats
    probability: Floats


def spill_overs(
    yearly: ClusterYears,
    followed: Followed,
    first_year: Ints,
    last_year: Ints,
    candidates: npt.NDArray[np.bool_],
    links: pd.DataFrame | None,
    parameters: TracksParameters,
) -> SpillOvers:
    """Which new clusters were fed by moves or spin-offs from an older one.

    The founders of a track are the firms it had in its first `founding_years` and then at least once more, so that a
    firm taken for one of its own by mistake is none (of a track seen once: all). Links from firms that had last stood
    in an older track to these founders are summed by their probabilities; a founder that had itself stood in an older
    track which still stood then is a link of probability 1. The sum divided by the founders is the strength.

    Args:
        yearly: the clusters.
        followed: which cluster goes on as which.
        first_year: shape (tracks,), position of each track's first year.
        last_year: shape (tracks,), position of each track's last year.
        candidates: shape (tracks,), tracks that may have been fed: new and not split from another.
        links: origin_record, destination_record, year, probability; None = none are known.
        parameters: `founding_years`, `spill_share`, `spill_links`, `level`.

    Returns:
        The strongest origin of each track.

    Source: Klepper (2010), JUE 67, and Boschma and Frenken (2011), for spin-offs that make new clusters; the exact
    distribution of a sum of unequal chances: Hong (2013), Computational Statistics & Data Analysis 59.
    """
    tracks = len(first_year)
    found = SpillOvers(
        np.full(tracks, -1, dtype=np.int64), np.zeros(tracks, dtype=np.int64), *(np.zeros(tracks) for _ in range(4))
    )
    founded, founders = _founders(yearly, followed, first_year, candidates, parameters)
    found.founders[:] = founders
    pairs = pd.concat(
        [_of_links(yearly, followed, founded, links), _of_own_moves(yearly, followed, founded, first_year, last_year)],
        ignore_index=True,
    )
    older = first_year[pairs["origin"]] < first_year[pairs["track"]]
    pairs = pairs[older & (pairs["origin"] != pairs["track"])]
    # A founder is one firm, however many links lead to it: the best link of each origin counts.
    pairs = pairs.sort_values(["track", "origin", "destination", "p"], ascending=[True, True, True, False])
    pairs = pairs.drop_duplicates(["track", "origin", "destination"])
    sums = pairs.groupby(["track", "origin"], as_index=False)["p"].sum()
    sums = sums[sums["p"] >= parameters.spill_links].sort_values(
        ["track", "p", "origin"], ascending=[True, False, True]
    )
    best = sums.drop_duplicates("track")[["track", "origin"]]
    grouped = pairs.merge(best, on=["track", "origin"]).groupby("track")["p"]
    for track, origin in best.to_numpy(dtype=np.int64):
        found.origin[track] = origin
        p = grouped.get_group(int(track)).to_numpy(dtype=np.float64)
        share = fed_share(p, int(founders[track]), parameters)
        found.share[track], found.low[track], found.high[track], found.probability[track] = share
    return found


def fed_share(p: Floats, founders: int, parameters: TracksParameters) -> tuple[float, float, float, float]:
    """Share of the founders that links lead to, with its interval and the probability that it reaches `spill_share`.

    Args:
        p: shape (links,), probability of each link; each leads to another founder.
        founders: how many there are.
        parameters: `spill_share`, `level`.

    Returns:
        Expected share, low, high, probability.

    Example:
        >>> fed_share(np.array([0.5, 0.5]), 4, TracksParameters(spill_share=0.5))
        (0.25, 0.0, 0.5, 0.25)
    """
    chances = np.ones(1)
    for each in p:
        chances = np.convolve(chances, [1 - each, each])
    total = np.cumsum(chances)
    tail = (1 - parameters.level) / 2
    low, high = (float(np.searchsorted(total, at)) / founders for at in (tail, 1 - tail))
    needed = int(np.ceil(parameters.spill_share * founders - 1e-9))
    reached = float(chances[needed:].sum())
    return float(p.sum()) / founders, low, high, min(reached, 1.0)


def _founders(
    yearly: ClusterYears,
    followed: Followed,
    first_year: Ints,
    candidates: npt.NDArray[np.bool_],
    parameters: TracksParameters,
) -> tuple[Ints, Ints]:
    """The track that each record founded (-1 = none), by record code, and how many founded each track."""
    founded = np.full(len(yearly.records), -1, dtype=np.int64)
    years_in = yearly.years[yearly.node_year] - yearly.years[first_year[followed.track]]
    founding = candidates[followed.track] & (years_in < parameters.founding_years)
    for year in range(len(yearly.years) - 1, -1, -1):  # backwards, so that the first track of a record is what stays
        node, record = _standing_in(yearly, year, founding)
        founded[record] = followed.track[node]
    times = np.zeros(len(yearly.records), dtype=np.int64)
    for year in range(len(yearly.years)):
        node, record = _standing_in(yearly, year, candidates[followed.track])
        times[record] += followed.track[node] == founded[record]
    seen_once = np.bincount(followed.track, minlength=len(first_year)) < 2
    founded[(times < 2) & ~seen_once[founded]] = -1
    return founded, np.bincount(founded[founded >= 0], minlength=len(first_year)).astype(np.int64)


def _standing_in(yearly: ClusterYears, year: int, chosen: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Nodes and records of the memberships of a year in chosen nodes."""
    if not chosen[yearly.node_start[year] : yearly.node_start[year + 1]].any():
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    rows = yearly.rows(year)
    node, record = yearly.node[rows].astype(np.int64), yearly.record[rows].astype(np.int64)
    mine = (node >= 0) & chosen[node]
    return node[mine], record[mine]


def _of_links(yearly: ClusterYears, followed: Followed, founded: Ints, links: pd.DataFrame | None) -> pd.DataFrame:
    """Links that lead to founders, from records that had stood in a track: track, origin, destination, p."""
    if links is None or links.empty:
        return _pairs([], [], [], [])
    origin = yearly.records.get_indexer(pd.Index(links["origin_record"]))
    destination = yearly.records.get_indexer(pd.Index(links["destination_record"]))
    year = links["year"].to_numpy(dtype=np.int64)
    known = (origin >= 0) & (destination >= 0)
    known[known] = founded[destination[known]] >= 0
    origin, destination, year = origin[known], destination[known], year[known]
    stood = _last_track(yearly, followed, origin, year)
    p = links["probability"].to_numpy(dtype=np.float64)[known]
    inside = stood >= 0
    return _pairs(founded[destination[inside]], stood[inside], destination[inside], p[inside])


def _of_own_moves(
    yearly: ClusterYears, followed: Followed, founded: Ints, first_year: Ints, last_year: Ints
) -> pd.DataFrame:
    """Founders that had stood in another track before the new one began: their own record is the link.

    A track that was gone by then fed nothing: its firms are those of a cluster that was missing too long to be bridged.
    """
    record = np.flatnonzero(founded >= 0)
    track = founded[record]
    stood = _last_track(yearly, followed, record, yearly.years[first_year[track]] - 1)
    inside = (stood >= 0) & (last_year[stood] >= first_year[track])
    return _pairs(track[inside], stood[inside], record[inside], np.ones(int(inside.sum())))


def _last_track(yearly: ClusterYears, followed: Followed, record: Ints, year: Ints) -> Ints:
    """The track in which each record had last stood by a year, -1 = none."""
    found = np.full(len(record), -1, dtype=np.int64)
    asked = np.zeros(len(yearly.records), dtype=bool)
    asked[record] = True
    standing = np.full(len(yearly.records), -1, dtype=np.int64)
    until = np.searchsorted(yearly.years, year, side="right") - 1
    for at in range(len(yearly.years)):
        rows = yearly.rows(at)
        mine = asked[yearly.record[rows]] & (yearly.node[rows] >= 0)
        standing[yearly.record[rows][mine]] = followed.track[yearly.node[rows][mine]]
        due = until == at
        found[due] = standing[record[due]]
    return found


def _pairs(track: object, origin: object, destination: object, p: object) -> pd.DataFrame:
    columns = {"track": track, "origin": origin, "destination": destination}
    whole = {name: np.asarray(values, dtype=np.int64) for name, values in columns.items()}
    return pd.DataFrame({**whole, "p": np.asarray(p, dtype=np.float64)})
