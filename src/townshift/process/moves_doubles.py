"""Doubles: two records of one establishment in one place, linked before moves are looked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]


def first_of_doubles(rows: Whole, others: Whole) -> dict[int, int]:
    """Which row stands for each row that has a double: the smallest of all that are linked with it.

    Args:
        rows: shape (links,), one side of each link.
        others: shape (links,), the other side.

    Example:
        >>> first_of_doubles(np.array([4, 7]), np.array([2, 4]))
        {2: 2, 4: 2, 7: 2}
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    known, flat = np.unique(np.concatenate([rows, others]), return_inverse=True)
    if not len(known):
        return {}
    left, right = flat[: len(rows)], flat[len(rows) :]
    graph = coo_array((np.ones(len(rows)), (left, right)), shape=(len(known), len(known)))
    _, label = connected_components(graph, directed=False)
    first = np.full(label.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, label, known)
    return {int(row): int(first[group]) for row, group in zip(known, label, strict=True)}
