"""What the neighbours of each area would add up to if values were laid out at random: one sample shared by all areas.

Drawing `k` neighbours afresh for every area and permutation costs areas × permutations × k draws. But the neighbours of
area i under conditional permutation are `k` distinct areas out of all but i, and a random sequence of `k + 1` distinct
areas out of all gives them to every area at once: the first `k`, with i, if it is among them, replaced by the last. So
all areas with `k` equally weighted neighbours share one null distribution, sorted once, apart from the few sequences in
which they stand themselves; areas with unequal weights share the sequences, and their sums are one product of matrices.
The p-value of each area is that of its own permutation test; p-values of two areas share the chance of the draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from townshift.process.concentration.points import Floats

Counts = npt.NDArray[np.int64]

TIES = 1e-9
"""Sums closer than this times the largest value are ties: the order of adding must not decide a p-value."""

CELLS = 4_000_000
"""Numbers held at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Tails:
    """In how many permutations the neighbours' sum was at least, and at most, the observed one; shape (areas,) each."""

    higher: Counts
    lower: Counts
    permutations: int

    def two_sided(self) -> Floats:
        """Twice the smaller tail, the observed layout included, at most 1; shape (areas,)."""
        fewer = np.minimum(self.higher, self.lower)
        return np.minimum(1.0, 2.0 * (1.0 + fewer) / (1.0 + self.permutations))


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    values: Floats
    weights: sparse.csr_array  # equal weights of a row set to 1: p-values do not depend on their size
    sizes: npt.NDArray[np.intp]
    equal: npt.NDArray[np.bool_]
    observed: Floats
    tolerance: float


def neighbour_tails(
    values: Floats, weights: sparse.csr_array, permutations: int, generator: np.random.Generator, own_fixed: bool
) -> Tails:
    """How extreme the sum over each area's neighbours is among random layouts of the values.

    Formula: the sum `sum_j w_ij z_j` against its distribution when z is permuted: all of it, or all but `z_i`.

    Args:
        values: shape (areas,), finite.
        weights: shape (areas, areas), sorted, without zeros; without a diagonal where `own_fixed`.
        permutations: random layouts.
        generator: source of randomness.
        own_fixed: whether each area keeps its own value (conditional permutation) or is dealt one like the others.

    Returns:
        The tails; an area without neighbours has every permutation in both.

    Source: Anselin (1995), section 3.1, for conditional permutation; the sharing of draws is ours.

    Example:
        >>> pair = sparse.csr_array(np.array([[0.0, 1, 0], [1, 0, 0], [0, 1, 0]]))
        >>> tails = neighbour_tails(np.array([0.0, 1, 1]), pair, 999, np.random.default_rng(1), own_fixed=True)
        >>> tails.lower  # of the others' values, 1 and 1, 0 and 1, 0 and 1
        array([999, 492, 999])
    """
    layout = _layout(values, weights)
    n, longest = len(values), int(layout.sizes.max())
    drawn = min(longest + 1, n) if own_fixed else longest
    different = np.unique(layout.sizes[layout.equal & (layout.sizes > 0)])
    shared = np.empty((permutations, len(different)))
    higher, lower = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    step = max(1, CELLS // drawn)
    for start in range(0, permutations, step):
        count = min(step, permutations - start)
        places = _sequences(generator, n, count, drawn)
        sums = np.cumsum(values[places], axis=1)
        shared[start : start + count] = sums[:, different - 1]
        if own_fixed:
            _replace_own(layout, places, sums, higher, lower)
        _add_unequal(layout, places, own_fixed, higher, lower)
    for column, size in enumerate(different):
        rows = np.flatnonzero(layout.equal & (layout.sizes == size))
        null = np.sort(shared[:, column])
        higher[rows] += permutations - np.searchsorted(null, layout.observed[rows] - layout.tolerance, side="left")
        lower[rows] += np.searchsorted(null, layout.observed[rows] + layout.tolerance, side="right")
    higher[layout.sizes == 0] = lower[layout.sizes == 0] = permutations
    return Tails(higher, lower, permutations)


def _sequences(generator: np.random.Generator, n: int, count: int, length: int) -> npt.NDArray[np.int64]:
    """Random sequences of different areas: shape (count, length)."""
    if length * (length - 1) > 2 * n:
        return np.stack([generator.choice(n, size=length, replace=False) for _ in range(count)])
    # Few sequences of a large set repeat an area: those are drawn again, which leaves all others equally likely.
    out = generator.integers(0, n, size=(count, length))
    rows = np.arange(count)
    while len(rows):
        ordered = np.sort(out[rows], axis=1)
        rows = rows[(ordered[:, 1:] == ordered[:, :-1]).any(axis=1)]
        out[rows] = generator.integers(0, n, size=(len(rows), length))
    return out


def _layout(values: Floats, weights: sparse.csr_array) -> _Layout:
    sizes = np.diff(weights.indptr).astype(np.intp)
    filled = sizes > 0
    largest, smallest = np.ones(len(sizes)), np.ones(len(sizes))
    largest[filled] = np.maximum.reduceat(weights.data, weights.indptr[:-1][filled])
    smallest[filled] = np.minimum.reduceat(weights.data, weights.indptr[:-1][filled])
    equal = smallest == largest
    unit = sparse.csr_array(weights, copy=True)
    unit.data = np.where(np.repeat(equal, sizes), 1.0, unit.data / np.repeat(largest, sizes))
    tolerance = TIES * float(np.abs(values).max(initial=0.0))
    return _Layout(values, unit, sizes, equal, unit @ values, tolerance)


def _replace_own(layout: _Layout, places: npt.NDArray[np.int64], sums: Floats, higher: Counts, lower: Counts) -> None:
    """Mend the counts of equally weighted areas that stand in a sequence themselves: the last of it stands in."""
    permutation, position = np.nonzero(layout.equal[places] & (np.arange(places.shape[1]) < layout.sizes[places]))
    area = places[permutation, position]
    size, seen = layout.sizes[area], layout.observed[area]
    with_own = sums[permutation, size - 1]
    without = with_own - layout.values[area] + layout.values[places[permutation, size]]
    changed = (without >= seen - layout.tolerance).astype(np.int64) - (with_own >= seen - layout.tolerance)
    np.add.at(higher, area, changed)
    changed = (without <= seen + layout.tolerance).astype(np.int64) - (with_own <= seen + layout.tolerance)
    np.add.at(lower, area, changed)


def _add_unequal(
    layout: _Layout, places: npt.NDArray[np.int64], own_fixed: bool, higher: Counts, lower: Counts
) -> None:
    """Count for areas with unequal weights, block by block: their sums are weights times the values drawn."""
    unequal = np.flatnonzero(~layout.equal)
    unequal = unequal[np.argsort(layout.sizes[unequal], kind="stable")]
    drawn = np.ascontiguousarray(layout.values[places].T)
    step = max(1, CELLS // len(places))
    for start in range(0, len(unequal), step):
        areas = unequal[start : start + step]
        dense = _padded(layout, areas)
        sums = dense @ drawn[: dense.shape[1]]
        if own_fixed:
            row_of = np.full(len(layout.values), -1)
            row_of[areas] = np.arange(len(areas))
            row = row_of[places]
            permutation, position = np.nonzero((row >= 0) & (np.arange(places.shape[1]) < layout.sizes[places]))
            row, own = row[permutation, position], places[permutation, position]
            other = layout.values[places[permutation, layout.sizes[own]]]
            sums[row, permutation] += dense[row, position] * (other - layout.values[own])
        seen = layout.observed[areas][:, None]
        higher[areas] += (sums >= seen - layout.tolerance).sum(axis=1)
        lower[areas] += (sums <= seen + layout.tolerance).sum(axis=1)


def _padded(layout: _Layout, areas: npt.NDArray[np.intp]) -> Floats:
    """The weights of some areas side by side from the left, zeros to the right."""
    sizes = layout.sizes[areas]
    dense = np.zeros((len(areas), int(sizes.max())))
    filled = np.arange(dense.shape[1]) < sizes[:, None]
    dense[filled] = layout.weights[areas].data
    return dense
