"""How a K-density is computed: over pairs or by Fourier transform, exactly or on a coarser grid of bounded error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from townshift.errors import MeasureError
from townshift.process.concentration.k_exact import PairSum
from townshift.process.concentration.k_grid import (
    COARSE,
    EXACT,
    OVERSAMPLING,
    FourierSum,
    GridSetting,
    Windows,
    aliasing,
    fourier_sum,
    grid_shape,
)
from townshift.process.concentration.k_parameters import KDensityParameters

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Computation = Literal["exact: pairs", "exact: Fourier", "grid"]

AFFORDABLE_SECONDS = 60.0
"""Expected CPU-seconds of all relabellings up to which `auto` is exact."""

MAX_CELLS = 200_000_000

# Measured on one core of 2023 (benchmarks/concentration.py); they choose a method and never change an exact answer.
_PAIR_SECONDS = 2.5e-9
_CELL_SECONDS = {False: 8e-9, True: 5e-9}
_SPREAD_SECONDS = 0.6e-9
_RING_SECONDS = 60e-9


@dataclass(frozen=True, slots=True, eq=False)
class OverPairs:
    """The pair sum of masses on chosen sites, by loops over their pairs."""

    pair_sum: PairSum
    x_m: Floats
    y_m: Floats

    def __call__(self, rows: Rows, mass: Floats) -> Floats:
        """Sum over pairs at every distance; shape (steps,)."""
        return self.pair_sum(self.x_m[rows], self.y_m[rows], mass)


@dataclass(frozen=True, slots=True, eq=False)
class ByFourier:
    """The pair sum of masses on chosen sites, by Fourier transform; windows of all sites are kept."""

    fourier: FourierSum
    windows: Windows

    def __call__(self, rows: Rows, mass: Floats) -> Floats:
        """Sum over pairs at every distance; shape (steps,)."""
        return self.fourier.pairs(self.fourier.power(self.windows, rows, mass), mass)


PairMethod = OverPairs | ByFourier


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How relabelled curves are computed, the observed curve, and how far the former may be off.

    Attributes:
        method: gives the pair sum for any rows and masses.
        computation: its name.
        observed: exact pair sum of the observed industry; shape (steps,).
        error_bound: per metre, shape (steps,); see `expected_error`.
        deviation: largest difference between `method` and `observed` on the observed industry, over its maximum.
    """

    method: PairMethod
    computation: Computation
    observed: Floats
    error_bound: Floats
    deviation: float


def chosen_computation(
    x_m: Floats,
    y_m: Floats,
    rows: Rows,
    mass: Floats,
    curve: PairSum,
    parameters: KDensityParameters,
) -> Plan:
    """Choose by expected cost, which depends on sizes alone and so is the same on every machine.

    Args:
        x_m: shape (n,), metres east of all sites, in spatial order.
        y_m: shape (n,), metres north.
        rows: the observed industry's sites.
        mass: its masses.
        curve: distances and bandwidth.
        parameters: of the K-density.

    Raises:
        MeasureError: a grid is needed, and would have more than `MAX_CELLS` cells (015).
    """
    computation, relabellings, steps = parameters.computation, parameters.relabellings, curve.steps
    over_pairs = OverPairs(curve, x_m, y_m)
    pairs_cost = _PAIR_SECONDS * len(rows) ** 2 / 2
    exact_cost, cells, setup = _fourier_cost(x_m, y_m, len(rows), curve, EXACT)
    fits = cells <= MAX_CELLS
    by_pairs = not fits or pairs_cost * relabellings <= exact_cost * relabellings + setup
    exact = computation == "exact" or (
        computation == "auto"
        and (min(pairs_cost, exact_cost if fits else math.inf) * relabellings <= AFFORDABLE_SECONDS or not fits)
    )
    if exact and by_pairs:
        return Plan(over_pairs, "exact: pairs", over_pairs(rows, mass), np.zeros(steps), 0.0)
    if not fits:
        raise MeasureError.of("TS-CONC-015", cells=round(cells), most=MAX_CELLS, bandwidth=f"{curve.bandwidth_m:.3g}")
    fine = fourier_sum(x_m, y_m, curve, EXACT)
    observed = (
        over_pairs(rows, mass)
        if pairs_cost <= exact_cost
        else fine.pairs(fine.power_at(x_m[rows], y_m[rows], mass), mass)
    )
    if exact:
        method = ByFourier(fine, fine.windows(x_m, y_m))
        return Plan(method, "exact: Fourier", observed, np.zeros(steps), _deviation(method(rows, mass), observed))
    setting, bound = _coarsest(fine, fine.power_at(x_m, y_m, np.ones(len(x_m))), len(x_m), mass, parameters.tolerance)
    coarse = fourier_sum(x_m, y_m, curve, setting)
    method = ByFourier(coarse, coarse.windows(x_m, y_m))
    return Plan(method, "grid", observed, bound, _deviation(method(rows, mass), observed))


def expected_error(fine: FourierSum, sites_power: Floats, sites: int, mass: Floats, setting: GridSetting) -> Floats:
    """How far a relabelled K-density on a coarse grid is at most expected to be from its exact value, per metre.

    Under relabelling the power expected at a frequency follows from the power of all sites, where they stand as they
    stand, heaped on village centres or not. Left out is the power above the cutoff; let in is power folded back by the
    grid. Both are added up without regard to sign, so the mean error is below the sum. Shape (steps,).

    Args:
        fine: the exact Fourier sum.
        sites_power: power of its shells for mass 1 on every site.
        sites: their number.
        mass: of the industry.
        setting: of the coarse grid.
    """
    own, pairs = float(mass @ mass), float(mass.sum() ** 2 - mass @ mass)
    together = (sites_power - sites * fine.counts) / (sites * (sites - 1.0))
    noise = own / pairs * fine.counts
    bandwidth = EXACT.cutoff / float(fine.frequency[-1])
    cutoff = setting.cutoff / bandwidth
    beyond = fine.frequency > cutoff
    expected = np.maximum(together + noise, 0) / fine.counts
    folded = float(np.max(expected[fine.frequency > min(2 * cutoff, 0.9 * fine.frequency[-1])]))
    leak = aliasing(setting.width)
    error = np.where(
        beyond,
        np.abs(together) + noise,
        fine.counts * (2 * leak * np.sqrt(expected * folded) + leak**2 * folded),
    )
    return fine.bounded_curve(error)


def _coarsest(
    fine: FourierSum, sites_power: Floats, sites: int, mass: Floats, tolerance: float
) -> tuple[GridSetting, Floats]:
    """The cheapest setting whose expected error keeps the tolerance, else the finest, and that error."""
    typical = fine.curve(sites_power - sites * fine.counts) / (sites * (sites - 1.0))
    for setting in COARSE:
        bound = expected_error(fine, sites_power, sites, mass, setting)
        if bound.max() <= tolerance * typical.max():
            break
    return setting, bound


def _deviation(found: Floats, exact: Floats) -> float:
    return float(np.max(np.abs(found - exact)) / np.max(exact))


def _fourier_cost(
    x_m: Floats, y_m: Floats, cases: int, curve: PairSum, setting: GridSetting
) -> tuple[float, float, float]:
    """Expected CPU-seconds of one curve, cells of the grid, expected CPU-seconds of preparing."""
    reach, bandwidth = curve.reach_m, curve.bandwidth_m
    extent = (float(np.ptp(x_m)), float(np.ptp(y_m)))
    cell = math.pi * bandwidth / (setting.cutoff * OVERSAMPLING)
    cells = (extent[0] + reach) / cell * ((extent[1] + reach) / cell)
    if cells > MAX_CELLS:
        return math.inf, cells, math.inf
    rows, columns = grid_shape(extent, reach, bandwidth, setting)[1]
    one = _CELL_SECONDS[setting.single] * rows * columns + _SPREAD_SECONDS * cases * setting.width**2
    rings = (4 * setting.cutoff * reach / bandwidth) * (12 * reach / bandwidth)
    return one, float(rows) * columns, _RING_SECONDS * rings
