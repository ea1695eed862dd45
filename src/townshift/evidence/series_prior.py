"""The latent trend before any figure is seen: local linear trend as a Gaussian process, on a grid of step sizes.

Source: Harvey (1989), *Forecasting, Structural Time Series Models and the Kalman Filter*, chapter 2, where it is
the damped trend of section 2.3.2. The steps cannot be told from a few facts, so they are integrated over a small grid
rather than plugged in.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from townshift.evidence.series_inputs import Array

if TYPE_CHECKING:
    from townshift.evidence.series_inputs import Transform
    from townshift.evidence.series_likelihood import Components
    from townshift.evidence.series_parameters import SeriesParameters

NUGGET = 0.01
"""Sd of the part of a figure's error that belongs to it alone; keeps covariances of equal facts invertible."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Candidate hyperparameters, one row each: arrays of shape (g,)."""

    level_step: Array
    slope_step: Array
    lineage_sd: Array
    log_prior: Array


def build_grid(parameters: SeriesParameters) -> Grid:
    """All combinations of the three grids with the product of their prior weights."""
    rows = [
        (level, slope, lineage, np.log(wl * ws * wn))
        for (level, wl), (slope, ws), (lineage, wn) in product(
            zip(parameters.level_step_grid, parameters.level_step_prior, strict=True),
            zip(parameters.slope_step_grid, parameters.slope_step_prior, strict=True),
            zip(parameters.lineage_sd_grid, parameters.lineage_sd_prior, strict=True),
        )
    ]
    table = np.array(rows, dtype=np.float64)
    return Grid(table[:, 0], table[:, 1], table[:, 2], table[:, 3])


@dataclass(frozen=True, slots=True)
class Problem:
    """One series ready for inference: n usable facts, T years.

    Attributes:
        year: year of each fact, shape (n,).
        lineage: index of its lineage, shape (n,).
        package: index of its package, −1 for none, shape (n,).
        definition: index of its definition, 0 for the main one, shape (n,).
        parts: mixtures of the facts.
        years: every year from the first to the last fact, shape (T,).
        breaks: declared break years inside the span.
        transform: between natural units and the model scale.
    """

    year: Array
    lineage: npt.NDArray[np.int64]
    package: npt.NDArray[np.int64]
    definition: npt.NDArray[np.int64]
    parts: Components
    years: Array
    breaks: tuple[int, ...]
    transform: Transform


@dataclass(frozen=True, slots=True)
class Kernel:
    """Pieces of the trend's covariance between two sets of years that hyperparameters scale; each shape (a, b)."""

    fixed: Array
    level: Array
    slope: Array

    def at(self, grid: Grid) -> Array:
        """Covariances at every grid row, shape (g, a, b)."""
        level = (grid.level_step**2)[:, None, None] * self.level
        slope = (grid.slope_step**2)[:, None, None] * self.slope
        return np.asarray(self.fixed + level + slope)


def trend_kernel(problem: Problem, left: Array, right: Array, parameters: SeriesParameters) -> Kernel:
    """Covariance of the trend between two sets of years.

    K(s, t) = A² + B² (s − c)(t − c) + σ_level² min(s', t') + σ_slope² I(s', t') + D² Σ_b [s ≥ b][t ≥ b],
    I(s, t) = ℓ² (2 min(s, t) / ℓ − 1 + e^(−s/ℓ) + e^(−t/ℓ) − e^(−|s − t|/ℓ)),
    with s', t' counted from the first year and c the median year: level and long-run growth diffuse, a random walk of
    the level, growth that strays from its long-run mean in spells of about ℓ years (an integrated
    Ornstein-Uhlenbeck process; the random walk of the textbook trend would let growth wander without end in a long
    gap), a wide shift at each declared break.

    What may be negative is a rate of growth or a balance: what strays in spells there is the quantity itself, so on
    the identity scale I(s, t) = ℓ² e^(−|s − t|/ℓ), the same process before it is summed up to a level.
    """
    centre = median(problem.year.tolist())
    first = problem.years[0]
    s, t = left[:, None], right[None, :]
    low, apart = np.minimum(s, t) - first, np.abs(s - t)
    spell = parameters.growth_persistence_years
    if problem.transform.scale == "identity":
        strays = np.exp(-apart / spell)
    else:
        strays = 2 * low / spell - 1 + np.exp(-(s - first) / spell) + np.exp(-(t - first) / spell)
        strays -= np.exp(-apart / spell)
    fixed = parameters.level_sd**2 + parameters.slope_sd**2 * (s - centre) * (t - centre)
    for year in problem.breaks:
        fixed = fixed + parameters.break_sd**2 * ((s >= year) & (t >= year))
    return Kernel(fixed, low, spell * spell * strays)


def offset_kernel(problem: Problem, parameters: SeriesParameters) -> tuple[Array, Array]:
    """Covariance of the facts' offsets: a part to scale by the lineage variance, and a fixed part; each (n, n).

    Facts of one lineage share its offset; facts of one package share a part of it; facts of another definition share
    a diffuse shift; and each has a nugget of its own.
    """
    lineage = problem.lineage[:, None] == problem.lineage[None, :]
    package = (problem.package[:, None] == problem.package[None, :]) & (problem.package >= 0)[:, None]
    share = parameters.package_share
    own = np.sqrt(1 - share * (problem.package >= 0))
    scaled = lineage * own[:, None] * own[None, :] + share * package
    definition = (problem.definition[:, None] == problem.definition[None, :]) & (problem.definition > 0)[:, None]
    fixed = parameters.definition_sd**2 * definition + NUGGET**2 * np.eye(len(problem.year))
    return scaled, fixed


def fact_covariance(problem: Problem, grid: Grid, parameters: SeriesParameters) -> Array:
    """Prior covariance of what the facts report (trend plus offsets) at every grid row, shape (g, n, n)."""
    scaled, fixed = offset_kernel(problem, parameters)
    trend = trend_kernel(problem, problem.year, problem.year, parameters).at(grid)
    return trend + (grid.lineage_sd**2)[:, None, None] * scaled + fixed
