"""Events of a cluster's life: how each track began and ended, how strong and how sure that is.

A track has one beginning (birth, split or spill-over; none if it stood in the first year) and one end (merge or death;
none if it stands in the last year). What later or earlier years could undo, such as an end in the last but one year, is
weighed by how often clusters of this very study were missing and came back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.process.evolution.assignment_overlap import Overlaps, ratio, weighted
from townshift.process.evolution.spill_over import SpillOvers
from townshift.process.evolution.tracks_follow import Followed
from townshift.process.evolution.tracks_input import ClusterYears
from townshift.process.evolution.tracks_parameters import TracksParameters

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CONFIRMED, PROVISIONAL, FLICKER = "confirmed", "provisional", "flicker"
LEAST_PROBABILITY = 0.5
"""Events less probable than this are counted in `status` and not listed."""


@dataclass(frozen=True, slots=True)
class Spans:
    """When each track was seen; shape (tracks,) each.

    Attributes:
        first, last: first and last node.
        first_year, last_year: positions of their years.
        seen: years in which it was seen.
        status: `confirmed`; `provisional` if seen too briefly at an edge of the record; else `flicker`.
    """

    first: Ints
    last: Ints
    first_year: Ints
    last_year: Ints
    seen: Ints
    status: npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Shares:
    """Share of one cluster that lies in another, of the firms known in both years and of the ground.

    Attributes:
        other: shape (tracks,), node of the other cluster, -1 = none.
        share, low, high: shape (tracks,), share with its interval, 0 to 1.
        probability: shape (tracks,), probability that it is at least `least_inclusion`.
    """

    other: Ints
    share: Floats
    low: Floats
    high: Floats
    probability: Floats


def spans(yearly: ClusterYears, followed: Followed, parameters: TracksParameters) -> Spans:
    """When each track was seen, and whether that is enough to tell it from flicker."""
    tracks = int(followed.track.max()) + 1
    nodes = np.arange(len(followed.track))
    first, last = np.full(tracks, len(nodes), dtype=np.int64), np.full(tracks, -1, dtype=np.int64)
    np.minimum.at(first, followed.track, nodes)
    np.maximum.at(last, followed.track, nodes)
    seen = np.bincount(followed.track, minlength=tracks).astype(np.int64)
    first_year, last_year = yearly.node_year[first], yearly.node_year[last]
    edge = (first_year == 0) | (last_year == len(yearly.years) - 1)
    brief = np.where(edge, PROVISIONAL, FLICKER)
    status = np.where(seen >= parameters.confirm_years, CONFIRMED, brief).astype(object)
    return Spans(first, last, first_year, last_year, seen, status)


def origins(followed: Followed, nodes: Ints, parameters: TracksParameters) -> Shares:
    """The cluster, if any, out of which each of these clusters split: the one in which most of it stood before.

    Args:
        followed: which cluster goes on as which.
        nodes: shape (tracks,), first node of each track.
        parameters: weights and thresholds.
    """
    pairs = followed.pairs
    ground = ratio(pairs.shared_area, pairs.new_area)
    return _best_share(pairs.new, pairs.old, pairs, pairs.new_known, ground, followed.gap, nodes, parameters)


def heirs(yearly: ClusterYears, followed: Followed, span: Spans, parameters: TracksParameters) -> Shares:
    """The cluster, if any, in which each track went up: the one in which most of its last cluster stands after.

    It must be in clusters of the same track in most of the years in which it could have come back (`bridged_years` and
    the first one), so that two clusters seen as one for a year have not merged.

    Args:
        yearly: the clusters.
        followed: which cluster goes on as which.
        span: when each track was seen.
        parameters: weights and thresholds.
    """
    pairs, track = followed.pairs, followed.track
    ground = ratio(pairs.shared_area, pairs.old_area)
    found = _best_share(
        pairs.old, pairs.new, pairs, pairs.old_known, ground, followed.gap, span.last, parameters
    )  # fmt: skip
    inside = (pairs.old_in_new(parameters.area_weight) >= parameters.least_inclusion) & ~(
        ground < parameters.least_area
    )
    same = inside & (span.last[track[pairs.old]] == pairs.old)
    same &= (found.other >= 0)[track[pairs.old]] & (track[found.other[track[pairs.old]]] == track[pairs.new])
    years_inside = np.bincount(track[pairs.old[same]], minlength=len(span.last))
    years_seen = np.minimum(len(yearly.years) - 1 - span.last_year, parameters.bridged_years + 1)
    lasting = 2 * years_inside > years_seen
    return Shares(found.other, found.share, found.low, found.high, np.where(lasting, found.probability, 0.0))


def share_interval(
    shared: Ints, known: Ints, ground: Floats, threshold: float, area_weight: float, level: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """A share of firms and ground with its interval, and the probability that it reaches a threshold.

    Formula: the share of firms is `Beta(shared + ½, known - shared + ½)` (Jeffreys), the limit of resampling the firms;
    the ground is taken as measured. With weight w of the ground the whole share is `(1 - w) firms + w ground`.

    Args:
        shared: shape (k,), firms of the one cluster that stand in the other.
        known: shape (k,), firms of the one that exist in both years.
        ground: shape (k,), share of the one's area in the other's; NaN = not known.
        threshold: the share to reach.
        area_weight: w.
        level: probability inside the interval.

    Returns:
        share, low, high, probability; shape (k,) each.

    Source: Brown, Cai and DasGupta (2001), "Interval estimation for a binomial proportion", Statistical Science 16.

    Example:
        >>> found = share_interval(np.array([9]), np.array([10]), np.array([np.nan]), 0.5, 0.4, 0.9)
        >>> [round(float(value[0]), 3) for value in found]
        [0.9, 0.669, 0.982, 0.996]
    """
    from scipy.special import betainc, betaincinv

    a, b = shared + 0.5, known - shared + 0.5
    w = np.where(np.isnan(ground), 0.0, np.where(known > 0, area_weight, 1.0))
    fixed = w * np.nan_to_num(ground)
    tails = (1 - level) / 2
    firms = np.divide(shared, known, out=np.zeros(len(a)), where=known > 0)
    low, share, high = (
        fixed + (1 - w) * firms_share for firms_share in (betaincinv(a, b, tails), firms, betaincinv(a, b, 1 - tails))
    )
    needed = np.divide(threshold - fixed, 1 - w, out=np.where(fixed >= threshold, 0.0, 2.0), where=w < 1)
    probability = np.where((known == 0) & (w == 0), 0.0, 1 - betainc(a, b, np.clip(needed, 0, 1)))
    probability = np.where(needed <= 0, 1.0, np.where(needed > 1, 0.0, probability))
    return share, low, high, probability


def _best_share(
    mine: Ints, other: Ints, pairs: Overlaps, known: Ints, ground: Floats, rank: Ints, nodes: Ints,
    parameters: TracksParameters,
) -> Shares:  # fmt: skip
    """For each of `nodes`, the other cluster that holds most of it in the year of lowest rank that has any pair.

    Clusters without common ground do not count.
    """
    none = np.full(len(nodes), -1, dtype=np.int64)
    size = int(max(mine.max(initial=-1), nodes.max(initial=-1))) + 1
    position = np.full(size, -1, dtype=np.int64)
    position[nodes] = np.arange(len(nodes))
    apart = ground < parameters.least_area
    used = np.flatnonzero((position[mine] >= 0) & ~apart)
    members = ratio(pairs.shared[used], known[used])
    inside = weighted(members, ground[used], parameters.area_weight)
    order = np.lexsort([other[used], -inside, rank[used], mine[used]])
    used = used[order]
    _, at = np.unique(mine[used], return_index=True)
    best = used[at]
    row = position[mine[best]]
    found = share_interval(
        pairs.shared[best], known[best], ground[best], parameters.least_inclusion, parameters.area_weight,
        parameters.level,
    )  # fmt: skip
    none[row] = other[best]
    values = []
    for column in found:
        whole = np.zeros(len(nodes))
        whole[row] = column
        values.append(whole)
    return Shares(none, *values)


def beginnings(
    yearly: ClusterYears,
    followed: Followed,
    span: Spans,
    came_from: Shares,
    fed: SpillOvers,
    parameters: TracksParameters,
) -> tuple[pd.DataFrame, int]:
    """How each track began: one row an event, and how many were too improbable to be listed.

    A track of the first year has no beginning. Otherwise it split from the cluster in which it stood, or it was fed by
    links from an older one, or it was born, whichever is more probable than not, in this order.
    """
    split, spill = came_from.probability, fed.probability
    kind = np.where(split >= LEAST_PROBABILITY, "split", np.where(spill >= LEAST_PROBABILITY, "spill_over", "birth"))
    counts = _undone(yearly, followed, parameters)
    early = (span.first_year > 0) & (span.first_year <= parameters.bridged_years)
    real = np.ones(len(kind))
    for name in ("birth", "split"):
        mine = kind == name
        begun = int((mine & (span.status == CONFIRMED) & (span.first_year > parameters.bridged_years)).sum())
        real[mine & early] *= _odds(begun, counts[name == "split"])
        brief = int((mine & (span.status == FLICKER)).sum())
        real[mine & (span.status == PROVISIONAL)] *= _odds(begun, brief)
    born = 1 - np.maximum(split, spill)
    probability = np.select([kind == "split", kind == "spill_over"], [split, spill], born) * real
    listed = (span.first_year > 0) & (span.status != FLICKER)
    n = yearly.nodes["n"].to_numpy(dtype=np.int64)[span.first]
    which = [kind == "split", kind == "spill_over"]
    frame = pd.DataFrame(
        {
            "number": np.arange(len(kind)),
            "year": yearly.years[span.first_year],
            "year_to": yearly.years[span.first_year],
            "kind": kind,
            "other": np.select(which, [followed.track[came_from.other], fed.origin], -1),
            "strength": np.select(which, [came_from.share, fed.share], 1 - came_from.share),
            "low": np.select(which, [came_from.low, fed.low], 1 - came_from.high),
            "high": np.select(which, [came_from.high, fed.high], 1 - came_from.low),
            "probability": probability,
            "n": np.where(kind == "spill_over", fed.founders, n),
            "status": np.where(early | (span.status == PROVISIONAL), PROVISIONAL, CONFIRMED),
        }
    )
    return _probable(frame, listed)


def ends(
    yearly: ClusterYears, followed: Followed, span: Spans, went_to: Shares, parameters: TracksParameters
) -> tuple[pd.DataFrame, int]:
    """How each track ended: one row an event, and how many were too improbable to be listed.

    A track of the last year has no end. Otherwise it merged into the cluster in which its firms stand and its ground
    lies, or it died.
    """
    merge = went_to.probability
    kind = np.where(merge >= LEAST_PROBABILITY, "merge", "death")
    counts = _undone(yearly, followed, parameters)
    last = len(yearly.years) - 1
    late = (span.last_year < last) & (span.last_year >= last - parameters.bridged_years)
    real = np.ones(len(kind))
    for name in ("death", "merge"):
        mine = kind == name
        ended = int((mine & (span.status == CONFIRMED) & (span.last_year < last - parameters.bridged_years)).sum())
        real[mine & late] *= _odds(ended, counts[name == "merge"])
        brief = int((mine & (span.status == FLICKER)).sum())
        real[mine & (span.status == PROVISIONAL)] *= _odds(ended, brief)
    probability = np.where(kind == "merge", merge, 1 - merge) * real
    listed = (span.last_year < last) & (span.status != FLICKER)
    frame = pd.DataFrame(
        {
            "number": np.arange(len(kind)),
            "year": yearly.years[np.minimum(span.last_year + 1, last)],
            "year_to": yearly.years[np.minimum(span.last_year + 1, last)],
            "kind": kind,
            "other": np.where(kind == "merge", followed.track[went_to.other], -1),
            "strength": np.where(kind == "merge", went_to.share, 1 - went_to.share),
            "low": np.where(kind == "merge", went_to.low, 1 - went_to.high),
            "high": np.where(kind == "merge", went_to.high, 1 - went_to.low),
            "probability": probability,
            "n": yearly.nodes["n"].to_numpy(dtype=np.int64)[span.last],
            "status": np.where(late | (span.status == PROVISIONAL), PROVISIONAL, CONFIRMED),
        }
    )
    return _probable(frame, listed)


def _probable(frame: pd.DataFrame, listed: Bools) -> tuple[pd.DataFrame, int]:
    frame = frame[listed]
    kept = frame["probability"] >= LEAST_PROBABILITY
    return frame[kept].reset_index(drop=True), int((~kept).sum())


def _undone(yearly: ClusterYears, followed: Followed, parameters: TracksParameters) -> tuple[int, int]:
    """Bridged gaps of this study: those in which the cluster was nowhere, and those in which it lay in another one."""
    pairs = followed.pairs
    resumed = np.flatnonzero(followed.before >= 0)
    resumed = resumed[yearly.node_year[resumed] - yearly.node_year[followed.before[resumed]] > 1]
    inside = pairs.old_in_new(parameters.area_weight) >= parameters.least_inclusion
    hidden = np.zeros(len(followed.track), dtype=bool)
    hidden[pairs.old[inside & (followed.gap == 0)]] = True
    within = int(hidden[followed.before[resumed]].sum())
    return len(resumed) - within, within


def _odds(real: int, undone: int) -> float:
    """Share of real events among those that look alike at first, half an event of each kind added."""
    return (real + 0.5) / (real + undone + 1.0)
