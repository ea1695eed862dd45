"""Rivals: a record has one origin of a kind, a firm moves to one place at a time, of two records one is the origin."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from townshift.process.moves.parameters import KINDS

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.integer]

LARGEST_ODDS = 1e12
"""Odds are scaled down to this, kinds in proportion: sums of larger ones would lose the smaller."""

RELOCATION = KINDS.index("relocation")


def settle_rivals(origin: Whole, destination: Whole, odds: Real, chosen: npt.NDArray[np.intp]) -> Real:
    """Probabilities of kinds of chosen pairs when the candidates of one destination exclude each other.

    Formula: of pair i and kind k, `odds_ik / (1 + Σ_k' odds_ik' + Σ_j≠i odds_jk)`, where j runs over the other
    candidates of the destination and, for relocations, also over those of the origin. A pair that is given in both
    orders, because a start is not known, has all kinds of the other order among its rivals. Without rivals this is
    the mixture's own probability.

    Args:
        origin: shape (pairs,), row of the origin.
        destination: shape (pairs,).
        odds: shape (kinds, pairs), against a look-alike.
        chosen: positions of the pairs whose probabilities are asked for; the others only count as rivals.

    Returns:
        Shape (chosen, kinds + 1); the last column is the look-alike's. Rows sum to 1.

    Example:
        >>> odds = np.array([[3.0, 3.0], [0, 0], [0, 0], [0, 0]])
        >>> settle_rivals(np.array([1, 2]), np.array([9, 9]), odds, np.array([0, 1])).round(3)
        array([[0.429, 0.   , 0.   , 0.   , 0.571],
               [0.429, 0.   , 0.   , 0.   , 0.571]])
        >>> settle_rivals(np.array([1, 9]), np.array([9, 1]), odds, np.array([0, 1])).round(3)[:, 0]
        array([0.429, 0.429])
    """
    scale = np.minimum(1.0, LARGEST_ODDS / np.maximum(odds.max(axis=0, initial=0.0), 1.0))
    bounded = odds[:, chosen] * scale[chosen]
    rivals = np.array([_grouped_sum(destination, row * scale, chosen) for row in odds]) - bounded
    rivals[RELOCATION] += _grouped_sum(origin, odds[RELOCATION] * scale, chosen) - bounded[RELOCATION]
    back = _other_order(origin, destination, chosen)
    rivals += np.where(back >= 0, (odds[:, back] * scale[back]).sum(axis=0), 0.0)
    kinds = bounded / (1.0 + bounded.sum(axis=0) + np.maximum(rivals, 0.0))
    look_alike = np.maximum(1.0 - kinds.sum(axis=0), 0.0)
    return np.ascontiguousarray(np.vstack([kinds, look_alike]).T)


def _other_order(origin: Whole, destination: Whole, chosen: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Where the pair from destination to origin stands, of each chosen pair; -1 where it is not given."""
    given = (origin.astype(np.int64) << 32) | destination
    order = np.argsort(given, kind="stable")
    asked = (destination[chosen].astype(np.int64) << 32) | origin[chosen]
    at = order[np.minimum(np.searchsorted(given, asked, sorter=order), max(len(given) - 1, 0))]
    return np.where(given[at] == asked, at, -1)


def _grouped_sum(groups: Whole, values: Real, chosen: npt.NDArray[np.intp]) -> Real:
    """Of each chosen pair, the sum of its group's values, added in the order of the pairs."""
    return np.asarray(np.bincount(groups, weights=values)[groups[chosen]])
