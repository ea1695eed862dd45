"""From an approximation on the grid of hyperparameters to joint draws, weights and flags of one series."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from townshift.evidence.series_inputs import Array
from townshift.evidence.series_likelihood import EXTRA_ZERO, LOST_ZERO, Components, log_mixture
from townshift.evidence.series_prior import trend_kernel

if TYPE_CHECKING:
    from townshift.evidence.series_ep import Posterior
    from townshift.evidence.series_parameters import SeriesParameters
    from townshift.evidence.series_prior import Grid, Problem

JITTER = 1e-9
NEGLIGIBLE = 1e-3
N_POINTS = 121
# To overlook a slip costs more than to look at a sound figure once more: one chance in three is enough for a name.
NAMED_FROM = 1 / 3


@dataclass(frozen=True, slots=True)
class PathPosterior:
    """The trend of one series at its T years.

    Attributes:
        draws: joint draws on the model scale, without the common bias, shape (T, m).
        lineage_sd: sd of a new lineage's offset in each draw, shape (m,).
        influence: share of each fact in each year's estimate, columns sum to 1, shape (n, T).
        responsibility: probability of each mixture component, shape (5, n).
        grid_weight: posterior weight of each grid row, shape (g,).
        log_evidence: ln of the marginal likelihood over the grid.
    """

    draws: Array
    lineage_sd: Array
    influence: Array
    responsibility: Array
    grid_weight: Array
    log_evidence: float


def grid_weights(log_evidence: Array, grid: Grid) -> tuple[Array, float]:
    """Posterior weights of the grid rows, and ln of the evidence summed over them."""
    logs = log_evidence + grid.log_prior
    top = float(logs.max())
    weights = np.exp(logs - top)
    total = float(weights.sum())
    return weights / total, top + float(np.log(total))


def stratified_counts(weights: Array, n_draws: int, offset: float) -> npt.NDArray[np.int64]:
    """Number of draws of each grid row: systematic resampling, so that counts are within one of their expectation.

    Example:
        >>> stratified_counts(np.array([0.5, 0.25, 0.25]), 8, 0.5)
        array([4, 2, 2])
    """
    edges = np.floor(np.cumsum(weights) * n_draws + offset)
    edges[-1] = n_draws
    return np.diff(np.minimum(edges, n_draws), prepend=0.0).astype(np.int64)


def path_posterior(
    problem: Problem, posterior: Posterior, grid: Grid, parameters: SeriesParameters, rng: np.random.Generator
) -> PathPosterior:
    """Joint draws of the trend at every year, from the mixture over the grid.

    With sites (S, ν) and Wᵀ W = (K + S⁻¹)⁻¹ of the facts: m = K_T Wᵀ W S⁻¹ ν, V = K_TT − K_T Wᵀ W K_Tᵀ.
    """
    n = len(problem.year)
    weight, evidence = grid_weights(posterior.log_evidence, grid)
    keep = np.flatnonzero(weight > NEGLIGIBLE)
    part = weight[keep] / weight[keep].sum()
    site_mean = posterior.site_shift[keep, :n] / posterior.site_precision[keep, :n]
    root = posterior.root[keep, :n, :n]
    small = type(grid)(grid.level_step[keep], grid.slope_step[keep], grid.lineage_sd[keep], grid.log_prior[keep])
    own = trend_kernel(problem, problem.years, problem.years, parameters).at(small)
    # Every fact stands in one of the years.
    cross = own[:, :, (problem.year - problem.years[0]).astype(np.int64)]
    half = cross @ root.transpose(0, 2, 1)
    # Sensitivity of each year to each fact's site mean: K_T Wᵀ W.
    gain = half @ root
    centre = (gain @ site_mean[:, :, None])[:, :, 0]
    covariance = own - half @ half.transpose(0, 2, 1)
    factor = stable_cholesky(covariance)
    counts = stratified_counts(part, parameters.n_draws, rng.random())
    ends = np.cumsum(counts)
    choice = np.repeat(np.arange(len(keep)), counts)
    noise = rng.standard_normal((len(problem.years), parameters.n_draws))
    draws = np.empty_like(noise)
    for row in np.flatnonzero(counts):
        here = slice(ends[row] - counts[row], ends[row])
        draws[:, here] = centre[row][:, None] + factor[row] @ noise[:, here]
    # Rows of the grid must not line up between series that are joined draw by draw.
    order = rng.permutation(parameters.n_draws)
    influence = np.einsum("g,gtn->nt", part, np.abs(gain))
    influence /= np.maximum(influence.sum(axis=0), 1e-300)
    responsibility = np.einsum("g,cgn->cn", part, posterior.responsibility[:, keep, :n])
    return PathPosterior(draws[:, order], small.lineage_sd[choice][order], influence, responsibility, weight, evidence)


def stable_cholesky(covariance: Array) -> Array:
    """Cholesky factors, with as little added to the diagonal as makes them exist."""
    size = covariance.shape[-1]
    scale = np.einsum("gii->gi", covariance).mean(axis=1)[:, None, None] * np.eye(size)
    covariance = 0.5 * (covariance + covariance.transpose(0, 2, 1))
    for jitter in (JITTER, 1e-7, 1e-5, 1e-3):
        try:
            return np.asarray(np.linalg.cholesky(covariance + jitter * scale))
        except np.linalg.LinAlgError:
            continue
    return np.asarray(np.sqrt(np.maximum(scale, 0)) * np.eye(size))


def zero_flags(responsibility: Array) -> list[tuple[int, str, float]]:
    """Facts that may well be ten times too small or too large, from `NAMED_FROM` on: (index, flag, probability)."""
    out = []
    for component, flag in ((LOST_ZERO, "lost_zero"), (EXTRA_ZERO, "extra_zero")):
        for index in np.flatnonzero(responsibility[component] > NAMED_FROM):
            out.append((int(index), flag, float(responsibility[component, index])))
    return out


def two_peaked_years(problem: Problem, path: PathPosterior, lineage_sd: float) -> list[int]:
    """Years whose facts pull to two places.

    For each year with two facts or more the exact mixtures are multiplied under a prior twice as wide as the path, so
    that the year's own facts decide, with a lineage offset of plain size (a large one would hide the quarrel it was
    inferred from): two peaks, each with at least 15 % of the mass, and a valley below 60 % of the lower one.
    """
    out = []
    parts = problem.parts
    for year in np.unique(problem.year):
        members = np.flatnonzero(problem.year == year)
        places = parts.place[0, members]
        # Facts nearer than four offsets cannot make two peaks; most years end here.
        if len(members) < 2 or places.max() - places.min() < 4 * lineage_sd:
            continue
        trend = path.draws[int(year - problem.years[0])]
        width = max(float(trend.std()), 0.3)
        points = median(trend.tolist()) + np.linspace(-4, 4, N_POINTS) * width
        chosen = Components(
            *(array[:, members, None] for array in (parts.log_weight, parts.place, parts.precision, parts.skew))
        )
        log_density = log_mixture(chosen, points, np.full(N_POINTS, lineage_sd**2)).sum(axis=0)
        log_density -= np.linspace(-4, 4, N_POINTS) ** 2 / 8
        if has_two_peaks(np.exp(log_density - log_density.max())):
            out.append(int(year))
    return out


def has_two_peaks(density: Array) -> bool:
    """Whether an equally spaced density has two peaks that matter.

    Example:
        >>> x = np.linspace(-3, 3, 61)
        >>> has_two_peaks(np.exp(-((x - 1.5) ** 2) * 4) + np.exp(-((x + 1.5) ** 2) * 4))
        True
        >>> has_two_peaks(np.exp(-x * x))
        False
    """
    inner = density[1:-1]
    peaks = np.flatnonzero((inner >= density[:-2]) & (inner > density[2:])) + 1
    for left, right in pairwise(peaks):
        valley = left + int(np.argmin(density[left : right + 1]))
        below = density[:valley].sum() / density.sum()
        if density[valley] < 0.6 * min(density[left], density[right]) and 0.15 < below < 0.85:
            return True
    return False
