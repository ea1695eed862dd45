"""Stages of a cluster's life: emerging, growing, mature, declining, each with its probability in each year.

The change of ln(firms) from year to year is taken as steady within phases whose number and years are not known. All
ways of cutting a track into phases are weighed exactly, so that a change of stage comes with the uncertainty of its
year.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.process.evolution.tracks_parameters import TracksParameters

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STEADY_SHARE = 0.5
"""Prior probability that a phase is one of neither growth nor decline."""

BATCH = 400
"""Tracks whose phases are weighed together; bounds memory at tracks × years²."""


@dataclass(frozen=True, slots=True)
class Trend:
    """The trend of each track in each step between two of its years.

    Attributes:
        growing, declining: shape (tracks, steps), probability that ln(firms) changes by more than `stable_rate` a year.
        rate, rate_sd: shape (tracks, steps), posterior mean and standard deviation of the change a year.
    """

    growing: Floats
    declining: Floats
    rate: Floats
    rate_sd: Floats


def trend(change: Floats, years: Floats, variance: Floats, parameters: TracksParameters) -> Trend:
    """How fast a cluster grew or shrank in each step, when phases of steady change are not known beforehand.

    Formula: step k changes ln(firms) by `r_k ~ N(g d_k, v_k)`, `g` steady within a phase. A phase is, with even odds,
    steady (`g ~ N(0, (stable_rate / 2)²)`) or moving (`g ~ N(0, rate_sd²)`), and ends with probability
    `1 / phase_years` at each step. The probability of each phase [a, b] given all steps is
    `F(a - 1) · evidence(a, b) · B(b + 1)`, by forward and backward sums over all ways of cutting; that of growth in a
    step is the sum over the phases that hold it of `Pr(g > stable_rate | phase)`.

    Args:
        change: shape (tracks, steps), change of ln(firms) in the step; any number where `years` is 0.
        years: shape (tracks, steps), length of the step, years; 0 = the track has no such step (after its last one).
        variance: shape (tracks, steps), variance of `change` about the trend, above 0.
        parameters: `stable_rate`, `rate_sd`, `phase_years`.

    Returns:
        Probabilities and rates by step.

    Source: Fearnhead (2006), "Exact and efficient Bayesian inference for multiple changepoint problems", Statistics
    and Computing 16; stages after Menzel and Fornahl (2010), "Cluster life cycles", Industrial and Corporate Change 19.

    Example:
        >>> ten = np.array([[0.2] * 5 + [0.0] * 5])
        >>> found = trend(ten, np.ones((1, 10)), np.full((1, 10), 0.0004), TracksParameters())
        >>> found.growing.round(2)[0, [0, 4, 5, 9]].tolist()
        [1.0, 1.0, 0.0, 0.0]
    """
    parts = [
        _trend_of_batch(change[at : at + BATCH], years[at : at + BATCH], variance[at : at + BATCH], parameters)
        for at in range(0, len(change), BATCH)
    ]
    if not parts:
        return Trend(*(np.zeros(change.shape) for _ in range(4)))
    return Trend(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("growing", "declining", "rate", "rate_sd")
        )
    )


def _trend_of_batch(change: Floats, years: Floats, variance: Floats, parameters: TracksParameters) -> Trend:
    steps = change.shape[1]
    weight = years**2 / variance
    pull = np.where(years > 0, years * change / variance, 0.0)
    # Sums over steps a..b of a phase, shape (tracks, a, b); the lower triangle (b < a) holds nothing.
    precision, score = (_phase_sums(values) for values in (weight, pull))
    log_evidence, means, sds = [], [], []
    for sd, share in ((parameters.stable_rate / 2, STEADY_SHARE), (parameters.rate_sd, 1 - STEADY_SHARE)):
        prior = 1 / max(sd, 1e-6) ** 2
        total = prior + precision
        means.append(score / total)
        sds.append(1 / np.sqrt(total))
        log_evidence.append(np.log(share) + 0.5 * (np.log(prior) - np.log(total) + score**2 / total))
    whole = np.logaddexp(*log_evidence)
    odds = [np.exp(part - whole) for part in log_evidence]
    phase = np.exp(_phase_log_probability(whole, parameters.phase_years))
    limit = parameters.stable_rate
    growing = sum(o * _above(limit, m, s) for o, m, s in zip(odds, means, sds, strict=True))
    declining = sum(o * _above(limit, -m, s) for o, m, s in zip(odds, means, sds, strict=True))
    first = sum(o * m for o, m in zip(odds, means, strict=True))
    second = sum(o * (m**2 + s**2) for o, m, s in zip(odds, means, sds, strict=True))
    by_step = [_over_phases(phase, values, steps) for values in (growing, declining, first, second)]
    rate_sd = np.sqrt(np.maximum(by_step[3] - by_step[2] ** 2, 0))
    return Trend(by_step[0], by_step[1], by_step[2], rate_sd)


def _phase_sums(values: Floats) -> Floats:
    total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    return np.asarray(np.triu(total[:, None, 1:] - total[:, :-1, None]))


def _phase_log_probability(evidence: Floats, phase_years: float) -> Floats:
    """Log of the posterior probability of each phase; shape (tracks, first step, last step), -inf if last < first."""
    tracks, steps, _ = evidence.shape
    ends, goes_on = np.log(1 / phase_years), np.log(1 - 1 / phase_years)
    length = np.arange(steps)[None, :] - np.arange(steps)[:, None]
    allowed = length >= 0
    inner = np.where(allowed, evidence + np.where(allowed, length, 0) * goes_on, -np.inf)
    forward = np.full((tracks, steps + 1), -np.inf)
    forward[:, 0] = 0.0
    for last in range(steps):
        # A phase that is followed by another one has ended; the last one need not have.
        forward[:, last + 1] = ends + _log_sum(forward[:, : last + 1] + inner[:, : last + 1, last])
    backward = np.full((tracks, steps + 1), -np.inf)
    backward[:, steps] = -ends
    for first in range(steps - 1, -1, -1):
        backward[:, first] = ends + _log_sum(inner[:, first, first:] + backward[:, first + 1 :])
    whole = backward[:, 0]
    return np.asarray(forward[:, :-1, None] + inner + ends + backward[:, None, 1:] - whole[:, None, None])


def _log_sum(values: Floats) -> Floats:
    top = values.max(axis=1)
    return np.asarray(top + np.log(np.exp(values - top[:, None]).sum(axis=1)))


def _above(limit: float, mean: Floats, sd: Floats) -> Floats:
    from scipy.special import ndtr

    return np.asarray(ndtr((mean - limit) / sd))


def _over_phases(phase: Floats, values: Floats, steps: int) -> Floats:
    """Mean of a value of phases over the phases that hold each step."""
    weighed = np.where(phase > 0, phase * values, 0.0)
    out = np.zeros((len(phase), steps))
    for step in range(steps):
        out[:, step] = weighed[:, : step + 1, step:].sum(axis=(1, 2))
    return out


def overdispersion(change: Floats, years: Floats, variance: Floats) -> float:
    """How much more the change of ln(firms) varies than openings and closures one by one would make it; at least 1.

    Formula: median of `(r_k - r_(k+2))² / (v_k + v_(k+2))` over all tracks, divided by 0.4549, the median of a χ² of
    one degree. Steps two apart are compared because a firm missed in one year shows in two steps next to each other,
    with opposite signs. 1 if there are fewer than 20 such pairs.

    Args:
        change: as `trend` takes it.
        years: as `trend` takes it.
        variance: as `trend` takes it.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> round(overdispersion(rng.normal(0, 0.2, (50, 20)), np.ones((50, 20)), np.full((50, 20), 0.01)), 1)
        4.0
    """
    if change.shape[1] < 3:
        return 1.0
    both = (years[:, :-2] > 0) & (years[:, 2:] > 0)
    if both.sum() < 20:
        return 1.0
    square = (change[:, :-2] - change[:, 2:]) ** 2 / (variance[:, :-2] + variance[:, 2:])
    return max(1.0, float(np.median(square[both]) / 0.4549))


def phases(p: Floats, parameters: TracksParameters) -> list[tuple[int, int, int, float]]:
    """Runs of steps in which growth (or decline) is believed, with two thresholds against flicker.

    A phase begins and ends where the probability crosses `phase_leaves`, and counts only if it reaches `phase_enters`.

    Args:
        p: shape (tracks, steps), probability of growth in each step; 0 after a track's last step.
        parameters: `phase_enters`, `phase_leaves`.

    Returns:
        Track, first step, last step, highest probability of each phase.

    Source: Canny (1986), IEEE PAMI 8, for the pair of thresholds.

    Example:
        >>> phases(np.array([[0.1, 0.6, 0.9, 0.6, 0.2, 0.7]]), TracksParameters())
        [(0, 1, 3, 0.9)]
    """
    inside = np.zeros((len(p), p.shape[1] + 2), dtype=bool)
    inside[:, 1:-1] = p >= parameters.phase_leaves
    track, starts = np.nonzero(inside[:, 1:] & ~inside[:, :-1])
    _, stops = np.nonzero(inside[:, :-1] & ~inside[:, 1:])
    found = []
    for row, first, last in zip(track.tolist(), starts.tolist(), (stops - 1).tolist(), strict=True):
        top = float(p[row, first : last + 1].max())
        if top >= parameters.phase_enters:
            found.append((row, first, last, top))
    return found
