"""How far establishments stand from each other: spread and quantiles of pair distances, and Silverman's bandwidth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.errors import MeasureError
from townshift.process.kernel import Column, Scalar, kernel

Floats = npt.NDArray[np.float64]

EXACT_UP_TO = 30_000
"""Points up to which every pair distance is computed; more are first put on a grid of `GRID_CELLS` on a side."""

GRID_CELLS = 1024
_BINS = 1 << 17


@dataclass(frozen=True, slots=True)
class PairDistances:
    """The distribution of the distances between all pairs of points.

    Attributes:
        pairs: number of pairs, n (n - 1) / 2.
        mean_m: mean distance.
        sd_m: standard deviation.
        quartiles_m: first quartile, median, third quartile; to 1e-5 of the extent, or to a cell where points were
            put on a grid first.
    """

    pairs: float
    mean_m: float
    sd_m: float
    quartiles_m: tuple[float, float, float]


def pair_distances(x_m: Floats, y_m: Floats) -> PairDistances:
    """Mean, spread and quartiles of the distances between all pairs, without keeping them.

    Args:
        x_m: shape (n,), metres east, n at least 2.
        y_m: shape (n,), metres north.

    Returns:
        The distribution; from all pairs up to `EXACT_UP_TO` points, from the autocorrelation of a grid above.

    Source: the sums of Duranton and Overman (2005), section 2; autocorrelation by Fourier transform (Wiener-Khinchin).

    Example:
        >>> found = pair_distances(np.array([0.0, 300.0, 0.0]), np.array([0.0, 0.0, 400.0]))
        >>> found.pairs, found.mean_m, round(found.quartiles_m[1], 1)
        (3.0, 400.0, 400.0)
    """
    n = len(x_m)
    x, y = x_m - x_m.min(), y_m - y_m.min()
    pairs = n * (n - 1) / 2
    # The mean of squares needs no pairs: the sum over pairs is n times the sum of squares about the centre.
    mean_square = n * float(np.sum((x - x.mean()) ** 2 + (y - y.mean()) ** 2)) / pairs
    extent = math.hypot(float(x.max()), float(y.max()))
    if extent == 0:
        return PairDistances(pairs, 0.0, 0.0, (0.0, 0.0, 0.0))
    if n <= EXACT_UP_TO:
        counts = np.zeros(_BINS + 2, dtype=np.int64)
        total = _count_distances(x, y, _BINS / extent, counts)
        edges = np.arange(_BINS + 2.0) * (extent / _BINS)
        low, high = _quantiles(counts.astype(np.float64), edges)
        mean = total / pairs
    else:
        mean, low, high = _on_grid(x, y, pairs)
    sd = math.sqrt(max(mean_square - mean * mean, 0.0))
    return PairDistances(pairs, mean, sd, (low[0], low[1], high))


def silverman_bandwidth(distances: PairDistances) -> float:
    """Silverman's rule of thumb for the kernel of a K-density: `0.9 min(sd, IQR / 1.34) pairs^(-1/5)`, in metres.

    Args:
        distances: of the pairs whose density is estimated, unweighted.

    Raises:
        MeasureError: the distances have no spread (010), so that no bandwidth follows from them.

    Source: Silverman (1986), equation 3.31; Duranton and Overman (2005), section 2.

    Example:
        >>> round(silverman_bandwidth(PairDistances(32.0, 5.0, 2.0, (3.0, 5.0, 8.0))), 6)
        0.9
    """
    first, _, third = distances.quartiles_m
    spreads = [spread for spread in (distances.sd_m, (third - first) / 1.34) if spread > 0]
    if not spreads:
        raise MeasureError.of("TS-CONC-010")
    return 0.9 * min(spreads) * float(distances.pairs ** (-0.2))


def _quantiles(counts: Floats, edges: Floats) -> tuple[tuple[float, float], float]:
    """First quartile and median, third quartile: linear within a bin, which ends at its edge; bin 0 is zero."""
    cumulated = np.cumsum(counts)
    first, median, third = np.interp(np.array([0.25, 0.5, 0.75]) * cumulated[-1], cumulated, edges)
    return (float(first), float(median)), float(third)


@kernel
def _count_distances(x: Column, y: Column, per_m: Scalar, counts: Column) -> Scalar:
    """Count every pair's distance in its bin; the sum of all distances."""
    n = x.shape[0]
    reached = np.empty(n)
    total = 0.0
    for i in range(n):
        for j in range(i + 1, n):
            dx = x[j] - x[i]
            dy = y[j] - y[i]
            reached[j] = math.sqrt(dx * dx + dy * dy)
        row = 0.0
        for j in range(i + 1, n):
            row += reached[j]
            counts[math.ceil(reached[j] * per_m)] += 1  # bin 0 is for distance zero alone
        total += row
    return total


def _on_grid(x: Floats, y: Floats, pairs: float) -> tuple[float, tuple[float, float], float]:
    """Mean and quartiles from how many pairs of points are how many cells apart."""
    from scipy import fft

    cell = max(float(x.max()), float(y.max())) / (GRID_CELLS - 1)
    columns, rows = np.rint(x / cell).astype(np.int64), np.rint(y / cell).astype(np.int64)
    grid = np.bincount(rows * GRID_CELLS + columns, minlength=GRID_CELLS**2).reshape(GRID_CELLS, GRID_CELLS)
    seen = fft.rfft2(grid.astype(np.float64), s=(2 * GRID_CELLS, 2 * GRID_CELLS))
    together = np.rint(fft.irfft2(np.abs(seen) ** 2))
    together[0, 0] -= len(x)
    apart = np.minimum(np.arange(2 * GRID_CELLS), 2 * GRID_CELLS - np.arange(2 * GRID_CELLS)) * cell
    distance = np.hypot(apart[:, None], apart[None, :]).ravel()
    weight = np.maximum(together.ravel(), 0) / 2
    step = cell / 2
    found = np.bincount(np.ceil(distance / step).astype(np.int64), weights=weight).astype(np.float64)
    edges = np.arange(len(found) + 0.0) * step
    mean = float(distance @ weight) / pairs
    low, high = _quantiles(found, edges)
    return mean, low, high
