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
# Problems of a sweep handled together: what they need then stays in the processor's cache.
BLOCK = 256


@dataclass(slots=True)
class Posterior:
    """Gaussian approximations of q problems with n facts each.

    Attributes:
        site_precision: shape (q, n).
        site_shift: precision × mean of the sites, shape (q, n).
        root: lower triangular W with (K + S⁻¹)⁻¹ = Wᵀ W for the prior K and the site precisions S, shape (q, n, n).
        log_evidence: ln of the approximate marginal likelihood, shape (q,).
        responsibility: of each mixture component, shape (5, q, n).
        drift: how far a further sweep would still move a marginal, in its sds, shape (q,).
    """

    site_precision: Array
    site_shift: Array
    root: Array
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


def _select(parts: Components, rows: npt.NDArray[np.int64] | slice) -> Components:
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
    precision, shift = _starting_sites(parts)
    sums = np.zeros((2, *precision.shape))
    last = np.zeros(len(prior))
    active = np.arange(len(prior))
    live_prior, live_parts = prior, parts
    for sweep in range(MAX_SWEEPS):
        s, v = precision[active], shift[active]
        new_s, new_v, drift = _sweep(live_prior, live_parts, s, v)
        damping = _damping(sweep)
        precision[active] = s + damping * (new_s - s)
        shift[active] = v + damping * (new_v - v)
        if sweep >= MAX_SWEEPS - AVERAGED_SWEEPS:
            sums[0, active] += precision[active] / AVERAGED_SWEEPS
            sums[1, active] += shift[active] / AVERAGED_SWEEPS
        settled = (drift < TOLERANCE).all(axis=1) & (1 < sweep < MAX_SWEEPS - AVERAGED_SWEEPS)
        if settled.any():
            last[active[settled]] = drift[settled].max(axis=1)
            live_prior, live_parts = live_prior[~settled], _select(live_parts, np.flatnonzero(~settled))
            active = active[~settled]
            if not len(active):
                break
    if len(active):
        precision[active], shift[active] = sums[0, active], sums[1, active]
        last[active] = _sweep(live_prior, live_parts, precision[active], shift[active])[2].max(axis=1)
    return _finish(prior, parts, precision, shift, last)


def _sweep(prior: Array, parts: Components, s: Array, v: Array) -> tuple[Array, Array, Array]:
    """New sites of all problems and how far each marginal would move."""
    new_s, new_v, drift = np.empty_like(s), np.empty_like(v), np.empty_like(s)
    for start in range(0, len(s), BLOCK):
        rows = slice(start, start + BLOCK)
        mean, variance, _, _ = _marginals(prior[rows], s[rows], v[rows])
        some = _select(parts, rows)
        new_s[rows], new_v[rows], drift[rows] = _updated_sites(some, s[rows], v[rows], mean, variance)
    return new_s, new_v, drift


def _marginals(prior: Array, s: Array, v: Array) -> tuple[Array, Array, Array, Array]:
    """Means and variances of the marginals at given sites, shape (q, n), W of `Posterior`, and ln|B|.

    B = I + S^½ K S^½ = L Lᵀ, W = L⁻¹ S^½, V = W K: mean K ν − Vᵀ V ν, covariance K − Vᵀ V (Rasmussen & Williams 2006,
    section 3.6.3): nothing is divided by what may be small, as it would be by an inverse of K.
    """
    n = s.shape[1]
    scale = np.sqrt(s)
    matrix = prior * scale[:, :, None]
    matrix *= scale[:, None, :]
    matrix[:, np.arange(n), np.arange(n)] += 1
    root, log_determinant = _inverse_factor(matrix)
    root *= scale[:, None, :]
    cut = root @ prior
    shift = v[:, :, None]
    mean = (prior @ shift - cut.transpose(0, 2, 1) @ (cut @ shift))[:, :, 0]
    variance = np.einsum("qii->qi", prior) - np.einsum("qij,qij->qj", cut, cut)
    return mean, variance, root, log_determinant


def _inverse_factor(matrix: Array) -> tuple[Array, Array]:
    """L⁻¹ and ln|B| of B = L Lᵀ for matrices of shape (q, n, n).

    Row by row, with the same row of all matrices at once: a third of the work of an inverse.
    """
    lower = np.ascontiguousarray(np.linalg.cholesky(matrix).transpose(1, 2, 0))
    n = len(lower)
    diagonal = lower[np.arange(n), np.arange(n)]
    scale = 1 / diagonal
    out = np.zeros_like(lower)
    out[0, 0] = scale[0]
    for row in range(1, n):
        np.einsum("kq,kjq->jq", lower[row, :row], out[:row, :row], out=out[row, :row])
        out[row, :row] *= -scale[row]
        out[row, row] = scale[row]
    return np.ascontiguousarray(out.transpose(2, 0, 1)), 2 * np.log(diagonal).sum(axis=0)


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


def _finish(prior: Array, parts: Components, s: Array, v: Array, drift: Array) -> Posterior:
    """Posterior, evidence and responsibilities at the final sites."""
    mean, variance, root, log_determinant = _marginals(prior, s, v)
    cavity_precision = np.maximum(1 / variance - s, 1e-9)
    cavity_mean = (mean / variance - v) / cavity_precision
    log_z, _, _, responsibility = tilted_moments(parts, cavity_mean, 1 / cavity_precision)
    # ln ∫ N(z; 0, K) Π site = −½ ln|B| + ½ νᵀ Σ ν, then each site's own integral is exchanged.
    total = 0.5 * (mean * v).sum(axis=1) - 0.5 * log_determinant
    ratio = 1 + s / cavity_precision
    joined = (cavity_mean * cavity_precision + v) ** 2 / (cavity_precision + s)
    site = -0.5 * np.log(ratio) + 0.5 * joined - 0.5 * cavity_mean**2 * cavity_precision
    return Posterior(s, v, root, total + (log_z - site).sum(axis=1), responsibility, drift)
