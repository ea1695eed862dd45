"""The sum of a Gaussian kernel over all pair distances, by compiled loops over the pairs: O(n²) time, no O(n²) memory.

A pair costs one distance and four sums, however many distances the curve has: distances are gathered in bins far finer
than the bandwidth, each with the moments 0 to 3 of its distances about its centre, and a Taylor series of the kernel
about the centres gives the curve. With 192 bins to a bandwidth the first term left out is below 1e-11 of the kernel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.process.kernel import Column, Scalar, kernel

Floats = npt.NDArray[np.float64]

REACH = 8.0
"""Bandwidths beyond which a Gaussian kernel is nothing: exp(-32) is 1e-14."""

BINS_PER_BANDWIDTH = 192
_TILE = 64


@dataclass(frozen=True, slots=True, eq=False)
class PairSum:
    """Sums `g_r(d)` over pairs for an even grid of distances `r`; `g_r(d) = k(r - d) + k(r + d)`, reflected at zero.

    Attributes:
        steps: distances of the curve, 0 to `steps - 1` times `step_m`.
        step_m: metres between two distances of the curve.
        bandwidth_m: standard deviation of the Gaussian kernel.
    """

    steps: int
    step_m: float
    bandwidth_m: float

    @property
    def reach_m(self) -> float:
        """Distance beyond which a pair adds nothing to the curve."""
        return (self.steps - 1) * self.step_m + REACH * self.bandwidth_m

    def __call__(self, x_m: Floats, y_m: Floats, mass: Floats) -> Floats:
        """Sum over pairs `i < j` of `mass_i mass_j g_r(d_ij)`; shape (steps,), in 1 per metre.

        Points that follow each other should lie near each other, as `spatial_order` makes them: the loops then skip
        whole tiles of pairs that are too far apart.
        """
        finer = max(1, math.ceil(self.step_m / self.bandwidth_m * BINS_PER_BANDWIDTH))
        width = self.step_m / finer
        moments = np.zeros((math.ceil(self.reach_m / width) + 2, 4))
        _gather(x_m, y_m, mass, self.reach_m, 1 / width, moments, np.empty(_TILE))
        return self._curve(moments, finer, width)

    def _curve(self, moments: Floats, finer: int, width: float) -> Floats:
        """The curve at every distance: bins within reach, mirrored at zero, times the kernel's Taylor coefficients."""
        half = math.ceil(REACH * self.bandwidth_m / width) + 1
        mirrored = moments[:half][::-1] * np.array([1.0, -1.0, 1.0, -1.0])
        line = np.concatenate([mirrored, moments, np.zeros((half, 4))])
        # Bin b of the line has its centre at (b - half + 1/2) widths; distance q lies at q * finer widths.
        table = _taylor((np.arange(2.0 * half)[::-1] - half + 0.5) * width, self.bandwidth_m, width)
        starts = np.arange(self.steps) * finer
        return np.array([float(np.sum(line[start : start + 2 * half] * table)) for start in starts])


def gaussian(distance: Floats, bandwidth: float) -> Floats:
    """Density of a normal variable with standard deviation `bandwidth`, in 1 per metre.

    Example:
        >>> gaussian(np.array([0.0]), 2.0).round(6)
        array([0.199471])
    """
    scale = bandwidth * math.sqrt(2 * math.pi)
    return np.asarray(np.exp(-0.5 * (distance / bandwidth) ** 2) / scale, dtype=np.float64)


def spatial_order(x_m: Floats, y_m: Floats) -> npt.NDArray[np.intp]:
    """An order of points in which neighbours follow each other (Morton 1966); ties by row.

    Example:
        >>> spatial_order(np.array([9.0, 0.0, 8.0, 1.0]), np.array([9.0, 0.0, 9.0, 0.0])).tolist()
        [1, 3, 2, 0]
    """
    side = max(float(np.ptp(x_m)), float(np.ptp(y_m))) or 1.0
    key = np.zeros(len(x_m), dtype=np.uint64)
    for shift, values in enumerate((x_m, y_m)):
        cell = np.minimum((values - values.min()) / side * 65536, 65535).astype(np.uint64)
        for bit in range(16):
            key |= ((cell >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + shift)
    return np.argsort(key, kind="stable")


def _taylor(lag: Floats, bandwidth: float, width: float) -> Floats:
    """Coefficients of moments 0 to 3, in bin widths, of a kernel seen from `lag` metres: shape (bins, 4)."""
    z, t = lag / bandwidth, width / bandwidth
    # d^m/du^m k(lag - u) at u = 0 is He_m(z) k(lag) / h^m.
    hermite = [np.ones_like(z), z, z * z - 1, z * (z * z - 3)]
    factors = [1.0, t, t * t / 2, t**3 / 6]
    return gaussian(lag, bandwidth)[:, None] * np.column_stack(
        [value * factor for value, factor in zip(hermite, factors, strict=True)]
    )


@kernel
def _gather(
    x: Column, y: Column, mass: Column, reach: Scalar, per_m: Scalar, moments: Column, distances: Column
) -> None:
    """Moments of all pair distances up to `reach`, by bins; tiles of points wholly out of reach are skipped."""
    n = x.shape[0]
    last = reach * per_m
    for a in range(0, n, _TILE):
        a_end = min(a + _TILE, n)
        for b in range(a, n, _TILE):
            b_end = min(b + _TILE, n)
            if _gap_squared(x, y, a, a_end, b, b_end) > reach * reach:
                continue
            for i in range(a, a_end):
                first = max(b, i + 1)
                # Distances apart from the sums: the compiler computes several at a time.
                for j in range(b_end - first):
                    dx = x[first + j] - x[i]
                    dy = y[first + j] - y[i]
                    distances[j] = math.sqrt(dx * dx + dy * dy) * per_m
                for j in range(b_end - first):
                    along = distances[j]
                    if along < last:
                        place = int(along)
                        off = along - place - 0.5
                        both = mass[i] * mass[first + j]
                        moments[place, 0] += both
                        both *= off
                        moments[place, 1] += both
                        both *= off
                        moments[place, 2] += both
                        moments[place, 3] += both * off


@kernel
def _gap_squared(x: Column, y: Column, a: Scalar, a_end: Scalar, b: Scalar, b_end: Scalar) -> Scalar:
    """Squared distance between the bounding boxes of two tiles; 0 where they overlap."""
    across = max(x[a:a_end].min() - x[b:b_end].max(), x[b:b_end].min() - x[a:a_end].max(), 0.0)
    along = max(y[a:a_end].min() - y[b:b_end].max(), y[b:b_end].min() - y[a:a_end].max(), 0.0)
    return across * across + along * along
