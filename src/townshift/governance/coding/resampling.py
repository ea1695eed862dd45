"""Bootstrap intervals of coefficients that are functions of sums over units.

A bootstrap of units draws how often each *pattern* of sums comes up and never touches the units again, so a thousand
resamples of a hundred thousand units cost less than reading them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.types import LEVEL

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

Value = Callable[[Real], Real]
"""Coefficient of sums: (draws, columns) → (draws,); NaN where it is undefined."""

_ROWS_AT_ONCE = 1 << 22
"""Weights held at once while replicates are drawn."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One coefficient of agreement.

    Attributes:
        name: `krippendorff_alpha`, `fleiss_kappa`, `gwet_ac1`, `cohen_kappa` or `percent_agreement`.
        value: the coefficient; `None` where the values do not vary, so that nothing can be said of chance.
        low, high: bias-corrected and accelerated bootstrap interval at `LEVEL`; `None` without replicates.
        undefined_share: share of the resamples in which the coefficient was undefined; they are left out.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    undefined_share: float = 0.0


@dataclass(frozen=True, slots=True)
class _Groups:
    """Groups of units that are drawn together: sums of each, and how many groups look like it."""

    sums: Real
    copies: Whole


def _grouped(sums: Real, keys: Whole | None) -> _Groups:
    """Units with the same sums, counted; or, where they lie in clusters, the sums of each cluster."""
    if keys is not None:
        added = np.column_stack([np.bincount(keys, weights=column) for column in sums.T]).astype(np.float64)
        return _Groups(added, np.ones(len(added), np.int64))
    # Equal bytes are equal patterns, and sorting one opaque column is far cheaper than sorting many.
    rows = np.ascontiguousarray(sums + 0.0)
    opaque = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    first, counted = np.unique(opaque, return_index=True, return_counts=True)[1:]
    order = np.argsort(first, kind="stable")
    return _Groups(rows[first[order]], counted[order].astype(np.int64))


def with_interval(
    name: str, sums: Real, value: Value, keys: Whole | None, replicates: int, rng: np.random.Generator
) -> Coefficient:
    """A coefficient of sums over units and its interval from resampled units or clusters.

    Args:
        name: of the coefficient.
        sums: shape (units, columns), what each unit adds.
        value: the coefficient of the columns' totals, for many draws at once.
        keys: shape (units,), code of the cluster of each unit; `None` where units are independent.
        replicates: resamples; none yields no interval.
        rng: stream of the draws.

    Returns:
        The coefficient with a bias-corrected and accelerated interval (Efron 1987).

    Example:
        >>> mean = with_interval("mean", np.array([[1.0], [2.0], [3.0]]), lambda totals: totals[:, 0] / 3, None, 0,
        ...     np.random.default_rng(1))
        >>> mean.value
        2.0
    """
    point = float(value(sums.sum(axis=0)[None, :])[0])
    if np.isnan(point) or not replicates:
        return Coefficient(name, None if np.isnan(point) else point, None, None, float(np.isnan(point)))
    drawn = _grouped(sums, keys)
    n = int(drawn.copies.sum())
    shares = drawn.copies / n
    at_once = max(1, _ROWS_AT_ONCE // len(shares))
    parts = []
    for start in range(0, replicates, at_once):
        weights = rng.multinomial(n, shares, size=min(at_once, replicates - start))
        parts.append(value(weights.astype(np.float64) @ drawn.sums))
    resampled = np.concatenate(parts)
    kept = resampled[~np.isnan(resampled)]
    undefined = 1 - len(kept) / replicates
    if not len(kept) or n < 2:
        return Coefficient(name, point, None, None, undefined)
    left_out = value((drawn.copies @ drawn.sums)[None, :] - drawn.sums)
    low, high = _accelerated(kept, point, left_out, drawn.copies)
    return Coefficient(name, point, low, high, undefined)


def _accelerated(resampled: Real, point: float, left_out: Real, copies: Whole) -> tuple[float, float]:
    """Efron's (1987) interval: percentiles shifted for bias and for a spread that moves with the value."""
    from scipy.special import ndtr, ndtri

    below = (np.sum(resampled < point) + 0.5 * np.sum(resampled == point)) / len(resampled)
    tail = (1 - LEVEL) / 2
    if not 0 < below < 1:
        low, high = np.quantile(resampled, [tail, 1 - tail])
        return float(low), float(high)
    known = ~np.isnan(left_out)
    weight = copies[known].astype(np.float64)
    pull = np.average(left_out[known], weights=weight) - left_out[known] if known.any() else np.zeros(1)
    weight = weight if known.any() else np.ones(1)
    scale = (weight @ pull**2) ** 1.5
    skew = float(weight @ pull**3 / (6 * scale)) if scale > 0 else 0.0
    bias = float(ndtri(below))
    ends = []
    for z in (ndtri(tail), ndtri(1 - tail)):
        moved = bias + z
        ends.append(float(ndtr(bias + moved / (1 - skew * moved))))
    low, high = np.quantile(resampled, np.clip(ends, 0, 1))
    return float(low), float(high)
