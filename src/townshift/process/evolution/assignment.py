"""Optimal one-to-one assignment on a sparse graph, solved part by part: it grows with the parts, not the whole."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def optimal_assignment(left: Ints, right: Ints, weight: Floats) -> Ints:
    """Which pairs to keep so that no item is in two and the sum of weights is as large as it can be.

    The graph of pairs is split into its connected components; a component of one pair is kept at once, every other one
    is a linear assignment problem of its own. A greedy choice, best pair first, can miss the best sum: with
    weights a-x 0.6, a-y 0.5, b-x 0.5 it keeps a-x alone.

    Args:
        left: shape (pairs,), item on one side; whole numbers from 0.
        right: shape (pairs,), item on the other side; whole numbers from 0.
        weight: shape (pairs,), above 0. No pair may be named twice.

    Returns:
        The positions of the pairs kept, rising.

    Source: Kuhn (1955), "The Hungarian method", Naval Research Logistics Quarterly 2; solved by
    `scipy.optimize.linear_sum_assignment` (Crouse 2016).

    Example:
        >>> optimal_assignment(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0.6, 0.5, 0.5]))
        array([1, 2])
    """
    if not len(left):
        return np.zeros(0, dtype=np.int64)
    part = _parts(left, right)
    size = np.bincount(part)
    kept = [np.flatnonzero(size[part] == 1)]
    order = np.argsort(part, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(size)])
    for number in np.flatnonzero(size > 1):
        pairs = order[bounds[number] : bounds[number + 1]]
        kept.append(pairs[_best_pairs(left[pairs], right[pairs], weight[pairs])])
    return np.sort(np.concatenate(kept))


def _parts(left: Ints, right: Ints) -> Ints:
    """The connected component of each pair, numbered without gaps."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_left = int(left.max()) + 1
    size = n_left + int(right.max()) + 1
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right + n_left)), shape=(size, size))
    _, component = connected_components(graph, directed=False)
    _, numbered = np.unique(component[left], return_inverse=True)
    return np.asarray(numbered, dtype=np.int64)


def _best_pairs(left: Ints, right: Ints, weight: Floats) -> Ints:
    from scipy.optimize import linear_sum_assignment

    rows, row = np.unique(left, return_inverse=True)
    columns, column = np.unique(right, return_inverse=True)
    table = np.zeros((len(rows), len(columns)))
    table[row, column] = weight
    number = np.full(table.shape, -1, dtype=np.int64)
    number[row, column] = np.arange(len(left))
    found = number[linear_sum_assignment(table, maximize=True)]
    return np.asarray(found[found >= 0], dtype=np.int64)
