"""How far the clusters of two years are the same: records and ground that they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Pairs of an earlier and a later cluster that share records or ground; sorted by `old`, then `new`.

    Attributes:
        old, new: shape (pairs,), nodes of the earlier and the later year.
        shared: records that stand in both.
        old_known: records of the earlier cluster that still exist in the later year, wherever they stand then.
        new_known: records of the later cluster that existed in the earlier year, wherever they stood then.
        shared_area, old_area, new_area: m² or cells; NaN where an area is not known.
    """

    old: Ints
    new: Ints
    shared: Ints
    old_known: Ints
    new_known: Ints
    shared_area: Floats
    old_area: Floats
    new_area: Floats

    def take(self, pairs: Ints | npt.NDArray[np.bool_]) -> Overlaps:
        """Some of the pairs."""
        return Overlaps(*(getattr(self, name)[pairs] for name in self.__slots__))

    def overlap(self, area_weight: float) -> Floats:
        """Weighted mean of two Jaccard indices, of members and of area; shape (pairs,), 0 to 1.

        Only records that exist in both years count: closures and openings say nothing about which cluster it is.
        Where areas are not known, or no record of the two exists in both years, the other index decides alone.
        """
        members = ratio(self.shared, self.old_known + self.new_known - self.shared)
        area = ratio(self.shared_area, self.old_area + self.new_area - self.shared_area)
        return weighted(members, area, area_weight)

    def old_in_new(self, area_weight: float) -> Floats:
        """Share of the earlier cluster that lies in the later one; shape (pairs,), 0 to 1."""
        members, area = ratio(self.shared, self.old_known), ratio(self.shared_area, self.old_area)
        return weighted(members, area, area_weight)

    def new_in_old(self, area_weight: float) -> Floats:
        """Share of the later cluster that lies in the earlier one; shape (pairs,), 0 to 1."""
        members, area = ratio(self.shared, self.new_known), ratio(self.shared_area, self.new_area)
        return weighted(members, area, area_weight)


def weighted(members: Floats, area: Floats, area_weight: float) -> Floats:
    """`(1 - w) · members + w · area`, or the one that is known; 0 where neither is.

    Example:
        >>> weighted(np.array([0.5, 0.5, np.nan]), np.array([1.0, np.nan, np.nan]), 0.4)
        array([0.7, 0.5, 0. ])
    """
    both = (1 - area_weight) * members + area_weight * area
    return np.nan_to_num(np.where(np.isnan(area), members, np.where(np.isnan(members), area, both)))


def shared_records(old: Codes, new: Codes, nodes: int) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """How many records earlier and later clusters share, from the records that exist in both years.

    Args:
        old: shape (rows,), node in the earlier year of a record that exists in both; -1 = in no cluster.
        new: shape (rows,), node of the same record in the later year; -1 = in no cluster.
        nodes: number of all nodes.

    Returns:
        `old`, `new` and `shared` of the pairs, sorted; and, shape (nodes,) each, how many such records the earlier and
        the later clusters have in all.

    Example:
        >>> old, new = np.array([0, 0, 0, 1], dtype=np.int32), np.array([2, 2, -1, 3], dtype=np.int32)
        >>> shared_records(old, new, 4)[:3]
        (array([0, 1]), array([2, 3]), array([2, 1]))
    """
    old_known = np.bincount(old[old >= 0], minlength=nodes)
    new_known = np.bincount(new[new >= 0], minlength=nodes)
    both = (old >= 0) & (new >= 0)
    pair, shared = np.unique(old[both].astype(np.int64) * nodes + new[both], return_counts=True)
    return pair // nodes, pair % nodes, shared.astype(np.int64), old_known, new_known


def shared_areas(old: Ints, new: Ints, polygons: npt.NDArray[Any]) -> tuple[Ints, Ints, Floats]:
    """Which earlier and later clusters overlap on the ground, and by how much.

    Args:
        old: shape (k,), nodes of the earlier year.
        new: shape (l,), nodes of the later year.
        polygons: shape (nodes,), shapely polygons in metres, None where a cluster has none.

    Returns:
        `old`, `new` and `shared_area` (m²) of the pairs, sorted.

    Example:
        >>> from shapely import box
        >>> shared_areas(np.array([0]), np.array([1]), np.array([box(0, 0, 2, 2), box(1, 0, 3, 2)], dtype=object))
        (array([0]), array([1]), array([2.]))
    """
    from shapely import STRtree, area, intersection

    tree = STRtree(polygons[old])
    at_new, at_old = tree.query(polygons[new], predicate="intersects")
    first, second = old[at_old], new[at_new]
    order = np.lexsort([second, first])
    first, second = first[order], second[order]
    ground = np.asarray(area(intersection(polygons[first], polygons[second])), dtype=np.float64)
    kept = ground > 0
    return first[kept], second[kept], ground[kept]


def joined_overlaps(
    members: tuple[Ints, Ints, Ints, Ints, Ints],
    ground: tuple[Ints, Ints, Floats] | None,
    areas: Floats,
    nodes: int,
) -> Overlaps:
    """Pairs that share records, ground or both.

    Args:
        members: of `shared_records`.
        ground: of `shared_areas`, or `old`, `new` and shared cells; None where neither is known.
        areas: shape (nodes,), m² or cells, NaN where not known.
        nodes: number of all nodes.
    """
    old, new, shared, old_known, new_known = members
    if ground is None:
        unknown = np.full(len(old), np.nan)
        return Overlaps(old, new, shared, old_known[old], new_known[new], unknown, unknown, unknown)
    pair = np.unique(np.concatenate([old * nodes + new, ground[0] * nodes + ground[1]]))
    records, square_metres = np.zeros(len(pair), dtype=np.int64), np.zeros(len(pair))
    records[np.searchsorted(pair, old * nodes + new)] = shared
    square_metres[np.searchsorted(pair, ground[0] * nodes + ground[1])] = ground[2]
    old, new = pair // nodes, pair % nodes
    known = np.isfinite(areas[old]) & np.isfinite(areas[new])
    square_metres = np.where(known, square_metres, np.nan)
    return Overlaps(old, new, records, old_known[old], new_known[new], square_metres, areas[old], areas[new])


def ratio(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> Floats:
    """`part / whole`, NaN where the whole is nothing or unknown.

    Example:
        >>> ratio(np.array([1, 1]), np.array([2, 0]))
        array([0.5, nan])
    """
    top, bottom = part.astype(np.float64), whole.astype(np.float64)
    return np.asarray(np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0), dtype=np.float64)
