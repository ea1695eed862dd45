"""What one published figure says about the quantity it reports: a small mixture per fact, and its moments.

Every component has the form `w · N(z; y, ω²) · 2Φ(κ (z − y))`: a plain normal for κ = 0; a normal error on a
half-normal excess for κ ≠ 0 (Azzalini's skew normal, 1985); and a pure bound for ω = ∞. Under a Gaussian cavity all
moments are closed forms (Rasmussen & Williams 2006, section 3.9), which is what expectation propagation needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr

from townshift.evidence.series_inputs import Array

if TYPE_CHECKING:
    from townshift.evidence.series_inputs import Fact, Transform
    from townshift.evidence.series_parameters import SeriesParameters

CORE, WIDE, OUTLIER, LOST_ZERO, EXTRA_ZERO = range(5)
N_COMPONENTS = 5

# A figure off by more than this is rather a slip of one zero, which has components of its own.
OUTLIER_SD = 0.8
# A slipped figure is rarely the best figure otherwise.
SLIP_SD = 0.15
HIDDEN_ROUNDING = 0.5
NEVER = -60.0


@dataclass(frozen=True, slots=True)
class Components:
    """Mixtures of n facts, each array of shape (5, n).

    Attributes:
        log_weight: ln of the weight times the constant of its normal, −60 for a component that is absent.
        place: y.
        precision: 1 / ω²; 0 for a component that is flat or a pure bound.
        skew: κ; positive where the quantity lies above the figure.
    """

    log_weight: Array
    place: Array
    precision: Array
    skew: Array


def noise_sd(facts: list[Fact], transform: Transform, parameters: SeriesParameters) -> Array:
    """Sd of each figure on the model scale: qualifier × tier × state, and its visible rounding, shape (n,).

    A figure that shows d digits may have been rounded to its last digit (uniform: unit / √12); half of it is taken,
    since trailing zeros are not always rounding.
    """
    out = np.empty(len(facts))
    for i, fact in enumerate(facts):
        sd = parameters.noise_about if fact.qualifier == "about" else parameters.noise_exact
        sd *= parameters.tier_factor.get(fact.tier, 1.5)
        if fact.flags & {"unverified", "inferred_year", "definition_break", "promotional"}:
            sd = max(2.0 * sd, 0.15)
        if "stale_repeat" in fact.flags:
            sd = np.hypot(sd, min(parameters.stale_drift * max(fact.gap_years, 1), 0.6))
            sd *= np.sqrt(fact.repeats)
        out[i] = np.hypot(sd, HIDDEN_ROUNDING * min(grain(fact, transform), 0.6) / np.sqrt(12))
    return out


def grain(fact: Fact, transform: Transform) -> float:
    """Unit of the last visible digit on the model scale."""
    if transform.scale == "log":
        return fact.grain / fact.value
    if transform.scale == "logit":
        share = min(max(fact.value / transform.whole, 0.02), 0.98)
        return fact.grain / transform.whole / (share * (1 - share))
    return fact.grain / transform.spread


def _shifted(facts: list[Fact], transform: Transform, factor: float) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Model-scale places of the figures times `factor`, and whether that is a possible and a different figure."""
    values = np.array([fact.value for fact in facts]) * factor
    place = transform.forward(values)
    here = transform.forward(np.array([fact.value for fact in facts]))
    possible = np.abs(place - here) > 1.0
    if transform.scale == "logit":
        possible &= values < transform.whole
    if transform.scale == "identity":
        # Near zero a lost zero cannot be told from a change of sign and size that such a quantity may well make.
        possible[:] = False
    return place, possible


def build_components(facts: list[Fact], transform: Transform, parameters: SeriesParameters) -> Components:
    """Mixtures of the facts by qualifier, state and visible rounding."""
    n = len(facts)
    here = transform.forward(np.array([fact.value for fact in facts]))
    sd = noise_sd(facts, transform, parameters)
    side = np.array([{"over": 1.0, "under": -1.0}.get(fact.qualifier, 0.0) for fact in facts])
    promoted = np.array(["promotional" in fact.flags for fact in facts])
    grains = np.array([grain(fact, transform) for fact in facts])
    bound = side != 0
    narrow = np.where(bound, np.clip(0.6 * grains, 0.04, 0.25), 0.0)
    wide_excess = np.where(bound, parameters.excess_wide, 0.0)
    weight = np.full((N_COMPONENTS, n), 0.0)
    lost_place, lost_possible = _shifted(facts, transform, 10.0)
    extra_place, extra_possible = _shifted(facts, transform, 0.1)
    coded_lost = np.array([bool(fact.flags & {"lost_zero", "wrong_decimal"}) for fact in facts])
    coded_extra = np.array([bool(fact.flags & {"extra_zero", "wrong_decimal"}) for fact in facts])
    weight[OUTLIER] = parameters.outlier_weight
    weight[LOST_ZERO] = np.where(coded_lost, 0.4, parameters.lost_zero_weight) * lost_possible
    weight[EXTRA_ZERO] = np.where(coded_extra, 0.4, parameters.extra_zero_weight) * extra_possible
    rest = 1 - weight.sum(axis=0)
    weight[WIDE] = rest * np.where(bound, 0.3, 0.15)
    weight[CORE] = rest - weight[WIDE]
    place = np.stack([here, here, here, lost_place, extra_place])
    slip = np.hypot(sd, SLIP_SD)
    error = np.stack([sd, np.where(bound, sd, np.hypot(sd, 0.25)), np.full(n, OUTLIER_SD), slip, slip])
    excess = np.stack([narrow, wide_excess, np.zeros(n), narrow, narrow])
    # A promoted figure is a ceiling on the truth rather than a reading of it.
    excess[WIDE] = np.where(promoted & ~bound, 0.3, excess[WIDE])
    side = np.where(promoted & ~bound, -1.0, side)
    excess *= np.where(promoted & ~bound, np.array([0.0, 1.0, 0.0, 0.0, 0.0])[:, None], 1.0)
    variance = error**2 + excess**2
    skew = side * excess / (error * np.sqrt(variance))
    with np.errstate(divide="ignore"):
        log_weight = np.log(weight) - 0.5 * np.log(2 * np.pi * variance)
    precision = 1 / variance
    if parameters.pure_bounds:
        _as_pure_bounds(bound, side, error, log_weight, precision, skew, parameters.outlier_weight)
    return Components(np.maximum(log_weight, NEVER), place, precision, skew)


def _as_pure_bounds(
    bound: npt.NDArray[np.bool_],
    side: Array,
    error: Array,
    log_weight: Array,
    precision: Array,
    skew: Array,
    outlier: float,
) -> None:
    """Replace the mixtures of one-sided facts by `(1 − ε) Φ(κ (z − y)) + ε`, in place."""
    precision[:, bound] = 0.0
    skew[:, bound] = 0.0
    log_weight[:, bound] = NEVER
    skew[CORE, bound] = (side / error[CORE])[bound]
    log_weight[CORE, bound] = np.log((1 - outlier) / 2)
    log_weight[OUTLIER, bound] = np.log(outlier)


def tilted_moments(parts: Components, mean: Array, variance: Array) -> tuple[Array, Array, Array, Array]:
    """Moments of cavity × mixture.

    Args:
        parts: mixtures with arrays of shape (5, …), broadcast against the cavity.
        mean: cavity means, shape (…).
        variance: cavity variances, shape (…).

    Returns:
        ln of the normaliser, mean, variance, each of shape (…); responsibilities, shape (5, …).

    With cavity N(μ, σ²), c = 1 / (1 + σ² / ω²): the normal part gives N(m, v), m = μ + (y − μ) σ²/ω² c, v = σ² c.
    The factor 2Φ(κ (z − y)) then adds t = κ (m − y) / √(1 + κ² v), r = φ(t) / Φ(t):
    mean m + κ v r / √(1 + κ² v), variance v − κ² v² r (t + r) / (1 + κ² v).
    """
    log_z, m, v, skewed = _normal_parts(parts, mean, variance)
    if len(skewed.at):
        log_phi, t, root = skewed.log_integral(m, v)
        r = np.exp(-0.5 * t * t - 0.9189385332046727 - log_phi)
        log_z.reshape(-1)[skewed.at] += log_phi + 0.6931471805599453
        step = skewed.skew * v.reshape(-1)[skewed.at] / root
        m.reshape(-1)[skewed.at] += step * r
        narrowed = v.reshape(-1)[skewed.at] - step * step * r * (t + r)
        v.reshape(-1)[skewed.at] = np.maximum(narrowed, 1e-10)
    top = log_z.max(axis=0)
    log_z -= top
    weights = np.exp(log_z, out=log_z)
    total = weights.sum(axis=0)
    weights /= total
    mean_out = np.einsum("c...,c...->...", weights, m)
    m -= mean_out
    m *= m
    m += v
    return top + np.log(total), mean_out, np.einsum("c...,c...->...", weights, m), weights


def log_mixture(parts: Components, mean: Array, variance: Array) -> Array:
    """Ln of the normaliser alone, the first of the `tilted_moments`, shape (…)."""
    log_z, m, v, skewed = _normal_parts(parts, mean, variance)
    if len(skewed.at):
        log_z.reshape(-1)[skewed.at] += skewed.log_integral(m, v)[0] + 0.6931471805599453
    top = log_z.max(axis=0)
    return np.asarray(top + np.log(np.exp(log_z - top).sum(axis=0)))


@dataclass(frozen=True, slots=True)
class _Skewed:
    """The entries with κ ≠ 0 of arrays of shape (5, …): their flat places, κ and y. Φ is dear, and most need none."""

    at: npt.NDArray[np.int64]
    skew: Array
    place: Array

    def log_integral(self, m: Array, v: Array) -> tuple[Array, Array, Array]:
        """Ln Φ(t), t and √(1 + κ² v)."""
        root = np.sqrt(1 + self.skew * self.skew * v.reshape(-1)[self.at])
        t = self.skew * (m.reshape(-1)[self.at] - self.place) / root
        return log_ndtr(t), t, root


def _normal_parts(parts: Components, mean: Array, variance: Array) -> tuple[Array, Array, Array, _Skewed]:
    """Of the normal part of each component: ln of its integral, m, v, shape (5, …); and where a skew comes on top."""
    # In C order whatever the strides of the cavity, since the skewed entries are addressed by their flat places.
    shape = np.broadcast_shapes(parts.place.shape, mean.shape)
    shrink, gap, v, log_z = (np.empty(shape) for _ in range(4))
    np.multiply(variance, parts.precision, out=shrink)
    shrink += 1
    np.reciprocal(shrink, out=shrink)
    np.multiply(variance, shrink, out=v)
    np.subtract(parts.place, mean, out=gap)
    np.multiply(gap, gap, out=log_z)
    log_z *= parts.precision
    log_z *= shrink
    np.subtract(np.log(shrink, out=shrink), log_z, out=log_z)
    log_z *= 0.5
    log_z += parts.log_weight
    gap *= v
    gap *= parts.precision
    gap += mean
    skew = np.broadcast_to(parts.skew, shape).reshape(-1)
    at = np.flatnonzero(skew)
    return log_z, gap, v, _Skewed(at, skew[at], np.broadcast_to(parts.place, shape).reshape(-1)[at])
