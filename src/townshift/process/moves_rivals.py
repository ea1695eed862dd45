"""Rival candidates: a record has at most one origin of a kind, and a firm relocates to one place at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from townshift.process.moves_parameters import KINDS

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.integer]

LARGEST_ODDS = 1e12
"""Odds are scaled down to this, kinds in proportion: sums of larger ones would lose the smaller."""

RELOCATION = KINDS.index("relocation")


def settle_rivals(origin: Whole, destination: Whole, odds: Real) -> Real:
    """Probabilities of kinds when the candidates of one destination exclude each other.

    Formula: of pair i and kind k, `odds_ik / (1 + Σ_k' odds_ik' + Σ_j≠i odds_jk)`, where j runs over the other
    candidates of the destination and, for relocations, also over those of the origin. Without rivals this is the
    mixture's own probability.

    Args:
        origin: shape (pairs,), row of the origin.
        destination: shape (pairs,).
        odds: shape (kinds, pairs), against a look-alike.

    Returns:
        Shape (pairs, kinds + 1); the last column is the look-alike's. Rows sum to 1.

    Example:
        >>> settle_rivals(np.array([1, 2]), np.array([9, 9]), np.array([[3.0, 3.0], [0, 0], [0, 0], [0, 0]])).round(3)
        array([[0.429, 0.   , 0.   , 0.   , 0.571],
               [0.429, 0.   , 0.   , 0.   , 0.571]])
    """
    bounded = odds * np.minimum(1.0, LARGEST_ODDS / np.maximum(odds.max(axis=0, initial=0.0), 1.0))
    at_destination = _grouped_sum(destination, bounded)
    at_origin = _grouped_sum(origin, bounded[[RELOCATION]])
    rivals = at_destination - bounded
    rivals[RELOCATION] += at_origin[0] - bounded[RELOCATION]
    kinds = bounded / (1.0 + bounded.sum(axis=0) + np.maximum(rivals, 0.0))
    look_alike = np.maximum(1.0 - kinds.sum(axis=0), 0.0)
    return np.ascontiguousarray(np.vstack([kinds, look_alike]).T)


def _grouped_sum(groups: Whole, values: Real) -> Real:
    """Of each pair, the sum of its group's values, added in the order of the pairs."""
    _, inverse = np.unique(groups, return_inverse=True)
    return np.array([np.bincount(inverse, weights=row)[inverse] for row in values])
