"""The slower, exact sampler: what expectation propagation is checked against, and falls back to.

Gibbs sampling with data augmentation (Albert & Chib 1993; Frühwirth-Schnatter 2006, chapter 3): given the mixture
component of each fact and the hidden excess of each bound, everything is Gaussian. Hyperparameters are drawn from the
same grid with what the facts report integrated out. Many short chains run side by side from dispersed starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtr, ndtri

from townshift.evidence.series_inputs import Array
from townshift.evidence.series_posterior import PathPosterior, stable_cholesky
from townshift.evidence.series_prior import fact_covariance, trend_kernel

if TYPE_CHECKING:
    from townshift.evidence.series_likelihood import Components
    from townshift.evidence.series_parameters import SeriesParameters
    from townshift.evidence.series_prior import Grid, Problem

FLAT_VARIANCE = 1e6


@dataclass(frozen=True, slots=True)
class _Prior:
    """Per grid row: covariance of the facts, of years with facts, and a factor of both jointly."""

    facts: Array
    cross: Array
    factor: Array
    log_weight: Array


def exact_path(
    problem: Problem,
    grid: Grid,
    parameters: SeriesParameters,
    rng: np.random.Generator,
    influence: Array,
    n_chains: int = 24,
    n_burn: int = 80,
    n_keep: int = 100,
) -> PathPosterior:
    """Draws of the trend by Gibbs sampling.

    Args:
        problem: facts and years.
        grid: hyperparameters and prior weights.
        parameters: assumptions.
        rng: random stream.
        influence: shares of the facts to pass on, shape (n, T).
        n_chains: chains side by side.
        n_burn: sweeps thrown away in each.
        n_keep: sweeps kept in each.

    Returns:
        The same as expectation propagation gives, with `parameters.n_draws` draws spread over all kept sweeps; the
        log evidence is NaN.
    """
    prior = _prior(problem, grid, parameters)
    n, years = len(problem.year), len(problem.years)
    z = problem.parts.place[0] + 0.5 * rng.standard_normal((n_chains, n))
    kept = np.empty((n_keep, n_chains, years))
    rows = np.empty((n_keep, n_chains), dtype=np.int64)
    chance = np.zeros((problem.parts.place.shape[0], n))
    for sweep in range(n_burn + n_keep):
        target, variance, responsibility = _augment(problem.parts, z, rng)
        row, path, z = _draw_gaussian(prior, target, variance, years, rng)
        if sweep >= n_burn:
            kept[sweep - n_burn], rows[sweep - n_burn] = path, row
            chance += responsibility.mean(axis=1)
    picked = rng.permutation(n_keep * n_chains)[: parameters.n_draws]
    weight = np.bincount(rows.ravel(), minlength=len(grid.log_prior)) / rows.size
    return PathPosterior(
        kept.reshape(-1, years)[picked].T,
        grid.lineage_sd[rows.ravel()[picked]],
        influence,
        chance / n_keep,
        weight,
        float("nan"),
    )


def _prior(problem: Problem, grid: Grid, parameters: SeriesParameters) -> _Prior:
    facts = fact_covariance(problem, grid, parameters)
    own = trend_kernel(problem, problem.years, problem.years, parameters).at(grid)
    cross = own[:, :, (problem.year - problem.years[0]).astype(np.int64)]
    joint = np.concatenate(
        [np.concatenate([own, cross], axis=2), np.concatenate([cross.transpose(0, 2, 1), facts], axis=2)], axis=1
    )
    return _Prior(facts, cross, stable_cholesky(joint), grid.log_prior)


def _augment(parts: Components, z: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Component and excess of every fact, given what it reports: pseudo-figures and their variances, (chains, n)."""
    gap = z[None] - parts.place[:, None, :]
    log_p = parts.log_weight[:, None, :] - 0.5 * gap * gap * parts.precision[:, None, :]
    log_p = log_p + np.where(parts.skew[:, None, :] == 0, 0.0, log_ndtr(parts.skew[:, None, :] * gap) + np.log(2.0))
    p = np.exp(log_p - log_p.max(axis=0))
    p /= p.sum(axis=0)
    choice = (rng.random(z.shape)[None] > np.cumsum(p, axis=0)[:-1]).sum(axis=0)
    fact = np.arange(z.shape[1])[None, :]
    place, precision, skew = parts.place[choice, fact], parts.precision[choice, fact], parts.skew[choice, fact]
    side, flat = np.sign(skew), precision == 0
    omega2 = 1 / np.where(flat, 1.0, precision)
    ratio = np.abs(skew) * np.sqrt(omega2)
    s2 = omega2 / (1 + ratio**2)
    excess = _positive_normal(side * (z - place) * (omega2 - s2) / omega2, np.sqrt((omega2 - s2) * s2 / omega2), rng)
    # A pure bound hides a noisy reading on its free side.
    width = 1 / np.where(skew == 0, 1.0, np.abs(skew))
    reading = _positive_normal(side * (z - place), width, rng)
    target = place + side * np.where(flat, reading, excess)
    variance = np.where(flat, np.where(skew == 0, FLAT_VARIANCE, width**2), np.where(skew == 0, omega2, s2))
    return target, variance, p


def _positive_normal(mean: Array, sd: Array, rng: np.random.Generator) -> Array:
    """Normal draws truncated to positive values, by inversion of the upper tail."""
    sd = np.maximum(sd, 1e-12)
    tail = ndtr(mean / sd)
    far = mean / sd < -30
    drawn = mean - sd * ndtri(np.maximum(tail * (1 - rng.random(mean.shape)), 1e-300))
    return np.where(far, sd * sd / np.maximum(-mean, 1e-12), np.maximum(drawn, 0.0))


def _draw_gaussian(
    prior: _Prior, target: Array, variance: Array, years: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], Array, Array]:
    """Grid row, trend and reported quantities given the pseudo-figures (Matheron's rule), per chain."""
    chains, n = target.shape
    own = np.arange(n)
    # With the figures y as a further row, the factor of K + D = L Lᵀ ends in (L⁻¹ y)ᵀ: no system is left to solve.
    bordered = np.empty((chains, len(prior.facts), n + 1, n + 1))
    bordered[:, :, :n, :n] = prior.facts
    bordered[:, :, own, own] += variance[:, None, :]
    bordered[:, :, n, :n] = bordered[:, :, :n, n] = target[:, None, :]
    bordered[:, :, n, n] = 1 + (target**2 / variance).sum(axis=1)[:, None]
    factor = np.linalg.cholesky(bordered)
    white, diagonal = factor[:, :, n, :n], factor[:, :, own, own]
    log_p = prior.log_weight - np.log(diagonal).sum(axis=-1) - 0.5 * (white**2).sum(axis=-1)
    p = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    edges = np.cumsum(p, axis=1)
    row = (rng.random((chains, 1)) * edges[:, -1:] > edges[:, :-1]).sum(axis=1)
    base = (prior.factor[row] @ rng.standard_normal((chains, years + n, 1)))[..., 0]
    error = np.sqrt(variance) * rng.standard_normal((chains, n))
    residual = target - base[:, years:] - error
    solved = np.linalg.solve(bordered[np.arange(chains), row, :n, :n], residual[..., None])
    path = base[:, :years] + (prior.cross[row] @ solved)[..., 0]
    return row, path, base[:, years:] + (prior.facts[row] @ solved)[..., 0]
