"""Doubles: two records of one establishment in one place, linked before moves are looked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from townshift.process.moves.comparisons import COUNTS, unpacked_levels
from townshift.process.moves.levels import LEVELS
from townshift.process.moves.model import Levels

if TYPE_CHECKING:
    import pyarrow as pa

Whole = npt.NDArray[np.integer]
Real = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """Candidate pairs of two places in memory, from origin to destination, sorted by both.

    Attributes:
        origin: row of the origin, shape (pairs,).
        destination: row of the destination, shape (pairs,).
        levels: shape (`LEVELS`, pairs).
        counts: shape (`COUNTS`, pairs), records that share the value.
        person_n: shape (pairs,), records that name the rarest person both share; 0 where none was seen.
        distance_km: shape (pairs,), NaN where a coordinate is missing.
        weight: shape (pairs,), Splink's match weight, bits.
    """

    origin: Whole
    destination: Whole
    levels: Levels
    counts: Whole
    person_n: Whole
    distance_km: Real
    weight: Real


def pairs_of_two_places(compared: pa.Table) -> Pairs:
    """The pairs of two places, doubles replaced by the record that stands for them; each pair once.

    Args:
        compared: `moves_comparisons.compared_pairs` in memory, in any order.
    """
    near = compared["near"].to_numpy()
    packed, weight = compared["levels"].to_numpy(), compared["weight"].to_numpy()
    ends = [compared[side].to_numpy() for side in ("origin", "destination")]
    linked = np.flatnonzero(near)
    linked = linked[_are_doubles(unpacked_levels(packed[linked]))]
    rows, first = first_of_doubles(ends[0][linked], ends[1][linked])
    stands = [_replaced(side, rows, first) for side in ends]
    chosen = np.flatnonzero(~near & (stands[0] != stands[1]))
    chosen = chosen[np.argsort(_keys(ends, chosen))]
    keys = _keys(stands, chosen)
    order = np.argsort(keys, kind="stable")
    chosen, keys = chosen[order], keys[order]
    chosen = chosen[_strongest(keys, weight[chosen], packed[chosen])]
    return Pairs(
        origin=stands[0][chosen],
        destination=stands[1][chosen],
        levels=unpacked_levels(packed[chosen]),
        counts=np.array([compared[name].to_numpy()[chosen] for name in COUNTS]),
        person_n=compared["person_n"].to_numpy()[chosen],
        distance_km=compared["distance_km"].to_numpy()[chosen],
        weight=weight[chosen],
    )


def _keys(ends: list[Whole], chosen: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
    """Numbers that sort the chosen pairs by origin, then by destination."""
    return np.asarray((ends[0][chosen].astype(np.int64) << 32) | ends[1][chosen])


def _replaced(side: Whole, rows: Whole, first: Whole) -> Whole:
    """The rows, those with a double replaced by the row that stands for them; `rows` rise."""
    if not len(rows):
        return side
    at = np.minimum(np.searchsorted(rows, side), len(rows) - 1)
    return np.where(rows[at] == side, first[at], side)


def _strongest(keys: Whole, weight: Real, packed: Whole) -> npt.NDArray[np.intp]:
    """Of pairs with the same key, which are neighbours, the one of most weight, then of the highest levels."""
    repeated, followed = np.zeros((2, len(keys)), dtype=bool)
    repeated[1:] = followed[:-1] = keys[1:] == keys[:-1]
    several = np.flatnonzero(repeated | followed)
    order = np.arange(len(keys))
    order[several] = several[np.lexsort((-packed[several], -weight[several], keys[several]))]
    return np.asarray(order[~repeated])


def _are_doubles(levels: Levels) -> npt.NDArray[np.bool_]:
    """One place and one start (by blocking), and one number, or two of name, person, phone and street in common."""
    of = dict(zip(LEVELS, levels, strict=True))
    trade = of["trade_name"] >= 1
    person = of["representative"] == LEVELS["representative"].index("same")
    contact = (of["phone"] == 1).astype(int) + (of["address"] == 1)
    number = of["registered_number"] == 1
    agreed = trade.astype(int) + person + contact
    return np.asarray(number | ((trade | person) & (agreed >= 2)))


def first_of_doubles(rows: Whole, others: Whole) -> tuple[Whole, Whole]:
    """Which row stands for each row that has a double: the smallest of all that are linked with it.

    Args:
        rows: shape (links,), one side of each link.
        others: shape (links,), the other side.

    Returns:
        The rows that have a double, rising, and the row that stands for each.

    Example:
        >>> first_of_doubles(np.array([4, 7]), np.array([2, 4]))
        (array([2, 4, 7]), array([2, 2, 2]))
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    known, flat = np.unique(np.concatenate([rows, others]), return_inverse=True)
    if not len(known):
        return known, known
    left, right = flat[: len(rows)], flat[len(rows) :]
    graph = coo_array((np.ones(len(rows)), (left, right)), shape=(len(known), len(known)))
    _, label = connected_components(graph, directed=False)
    first = np.full(label.max() + 1, known[-1])
    np.minimum.at(first, label, known)
    return known, first[label]
