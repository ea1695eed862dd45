"""Expectation propagation for many small problems at once.

Source: Minka (2001), *Expectation Propagation for Approximate Bayesian Inference*; Rasmussen & Williams (2006),
section 3.6. Sites are updated in parallel with damping; all problems of one batch have the same padded size, and a
problem that has converged leaves the batch, so that its numbers never depend on its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.evidence.series_inputs import Array
from townshift.evidence.series_likelihood import Components, tilted_moments

SMALLEST_SITE = 1e-6
LARGEST_SITE = 1e6
TOLERANCE = 5e-3
MAX_SWEEPS = 100
AVERAGED_SWEEPS = 30


@dataclass(slots=True)
class Posterior:
    """Gaussian approximations of q problems with n facts each.

    Attributes:
        site_precision: shape (q, n).
        site_shift: precision × mean of the sites, shape (q, n).
        mean: posterior means of what the facts report, shape (q, n).
        covariance: their covariances, shape (q, n, n).
        log_evidence: ln of the approximate marginal likelihood, shape (q,).
        responsibility: of each mixture component, shape (5, q, n).
        drift: how far a further sweep would still move a marginal, in its sds, shape (q,).
    """

    site_precision: Array
    site_shift: Array
    mean: Array
    covariance: Array
    log_evidence: Array
    responsibility: Array
    drift: Array


def _starting_sites(parts: Components) -> tuple[Array, Array]:
    """Wide sites at the figures' places, so that no outlier captures the first sweep."""
    precision = np.full(parts.place.shape[1:], 4.0)
    return precision, precision * np.clip(parts.place[0], -30, 30)


def _damping(sweep: int) -> float:
    """Share of the new site taken: bold first, cautious when a problem is still restless."""
    return 0.8 if sweep < 10 else 0.5 if sweep < 25 else 0.3 if sweep < 40 else 0.15


def _select(parts: Components, rows: npt.NDArray[np.int64]) -> Components:
    return Components(parts.log_weight[:, rows], parts.place[:, rows], parts.precision[:, rows], parts.skew[:, rows])


def propagate(prior: Array, parts: Components) -> Posterior:
    """Approximate the posteriors of q problems.

    Args:
        prior: prior covariances, shape (q, n, n), means are zero.
        parts: mixtures with arrays of shape (5, q, n); a padding fact has a flat first component.

    Returns:
        The approximation. Sites that circle without settling (two explanations of equal weight) are replaced by their
        mean over the last sweeps; `drift` says how far they are from a fixed point.
    """
    inverse = np.asarray(np.linalg.inv(prior), dtype=np.float64)
    precision, shift = _starting_sites(parts)
    sums = np.zeros((2, *precision.shape))
    last = np.zeros(len(prior))
    active = np.arange(len(prior))
    live_inverse, live_parts = inverse, parts
    for sweep in range(MAX_SWEEPS):
        s, v = precision[active], shift[active]
        mean, variance = _marginals(live_inverse, s, v)
        new_s, new_v, drift = _updated_sites(live_parts, s, v, mean, variance)
        damping = _damping(sweep)
        precision[active] = s + damping * (new_s - s)
        shift[active] = v + damping * (new_v - v)
        if sweep >= MAX_SWEEPS - AVERAGED_SWEEPS:
            sums[0, active] += precision[active] / AVERAGED_SWEEPS
            sums[1, active] += shift[active] / AVERAGED_SWEEPS
        settled = (drift < TOLERANCE).all(axis=1) & (1 < sweep < MAX_SWEEPS - AVERAGED_SWEEPS)
        if settled.any():
            last[active[settled]] = drift[settled].max(axis=1)
            live_inverse, live_parts = live_inverse[~settled], _select(live_parts, np.flatnonzero(~settled))
            active = active[~settled]
            if not len(active):
                break
    if len(active):
        precision[active], shift[active] = sums[0, active], sums[1, active]
        mean, variance = _marginals(live_inverse, precision[active], shift[active])
        last[active] = _updated_sites(live_parts, precision[active], shift[active], mean, variance)[2].max(axis=1)
    return _finish(inverse, parts, precision, shift, last)


def _marginals(inverse: Array, s: Array, v: Array) -> tuple[Array, Array]:
    n = s.shape[1]
    matrix = inverse.copy()
    matrix[:, np.arange(n), np.arange(n)] += s
    covariance = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    mean = (covariance @ v[:, :, None])[:, :, 0]
    return mean, np.einsum("qii->qi", covariance)


def _updated_sites(parts: Components, s: Array, v: Array, mean: Array, variance: Array) -> tuple[Array, Array, Array]:
    """New sites from the tilted moments, and how far each marginal would move (in sds)."""
    cavity_precision = np.maximum(1 / variance - s, 1e-9)
    cavity_shift = mean / variance - v
    cavity_variance = 1 / cavity_precision
    _, tilted_mean, tilted_variance, _ = tilted_moments(parts, cavity_shift * cavity_variance, cavity_variance)
    new_s = np.clip(1 / tilted_variance - cavity_precision, SMALLEST_SITE, LARGEST_SITE)
    # A clipped site keeps the tilted mean.
    new_v = tilted_mean * (cavity_precision + new_s) - cavity_shift
    new_variance = 1 / (cavity_precision + new_s)
    drift = np.abs(tilted_mean - mean) / np.sqrt(variance) + np.abs(np.log(new_variance / variance))
    return new_s, new_v, drift


def _finish(inverse: Array, parts: Components, s: Array, v: Array, drift: Array) -> Posterior:
    """Posterior, evidence and responsibilities at the final sites."""
    n = s.shape[1]
    matrix = inverse.copy()
    matrix[:, np.arange(n), np.arange(n)] += s
    covariance = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    mean = (covariance @ v[:, :, None])[:, :, 0]
    variance = np.einsum("qii->qi", covariance)
    cavity_precision = np.maximum(1 / variance - s, 1e-9)
    cavity_mean = (mean / variance - v) / cavity_precision
    log_z, _, _, responsibility = tilted_moments(parts, cavity_mean, 1 / cavity_precision)
    # ln ∫ N(z; 0, K) Π site = ½ ln|K⁻¹| − ½ ln|K⁻¹ + S| + ½ νᵀ Σ ν, then each site's own integral is exchanged.
    total = 0.5 * (np.linalg.slogdet(inverse)[1] - np.linalg.slogdet(matrix)[1]) + 0.5 * (mean * v).sum(axis=1)
    ratio = 1 + s / cavity_precision
    joined = (cavity_mean * cavity_precision + v) ** 2 / (cavity_precision + s)
    site = -0.5 * np.log(ratio) + 0.5 * joined - 0.5 * cavity_mean**2 * cavity_precision
    return Posterior(s, v, mean, covariance, total + (log_z - site).sum(axis=1), responsibility, drift)
