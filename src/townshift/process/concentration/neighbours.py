"""Mass of the neighbours of points within each of many distances, by compiled loops over the pairs."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from townshift.process.kernel import Column, Scalar, kernel

Floats = npt.NDArray[np.float64]


def neighbour_mass(
    points: tuple[Floats, Floats],
    others: tuple[Floats, Floats],
    mass: Floats,
    steps: int,
    step_m: float,
    among: bool = False,
) -> Floats:
    """Mass of `others` within 0, `step_m`, 2 `step_m`, … metres of each point, the bound included; shape (n, steps).

    Args:
        points: metres east and north, shape (n,) each.
        others: metres east and north, shape (m,) each.
        mass: shape (m,), of the others.
        steps: number of distances.
        step_m: metres between two distances.
        among: whether `others` are the points themselves, in the same order; no point is its own neighbour.

    Example:
        >>> at = (np.array([0.0, 100.0, 300.0]), np.zeros(3))
        >>> neighbour_mass(at, at, np.ones(3), 3, 100.0, among=True).tolist()
        [[0.0, 1.0, 1.0], [0.0, 1.0, 2.0], [0.0, 0.0, 1.0]]
    """
    found = np.zeros((len(points[0]), steps))
    _gather(*points, *others, mass, step_m, among, found, np.empty(len(others[0])))
    return np.cumsum(found, axis=1)


@kernel
def _gather(
    x: Column,
    y: Column,
    x_other: Column,
    y_other: Column,
    mass: Column,
    step: Scalar,
    among: Scalar,
    found: Column,
    squared: Column,
) -> None:
    steps = found.shape[1]
    last = (steps - 1) * step
    for i in range(x.shape[0]):
        # Squares apart from the sums: the compiler computes several at a time.
        for j in range(x_other.shape[0]):
            dx = x_other[j] - x[i]
            dy = y_other[j] - y[i]
            squared[j] = dx * dx + dy * dy
        for j in range(x_other.shape[0]):
            distance = math.sqrt(squared[j])
            if distance <= last and not (among and i == j):
                found[i, bin_of(distance, step)] += mass[j]


@kernel
def bin_of(distance: Scalar, step: Scalar) -> Scalar:
    """Smallest whole number `q` with `distance <= q step`; a division may round to the wrong side of a bound."""
    q = int(distance / step)
    while q * step < distance:
        q += 1
    while q > 0 and (q - 1) * step >= distance:
        q -= 1
    return q
