"""Arithmetic on joint draws: what a ratio, a share or a growth rate is when every figure is uncertain.

Uncertainty travels as draws: draw `i` of one figure belongs to draw `i` of every other, so a derived figure is
computed draw by draw and summarised last. All functions work on the last axis. A draw that is impossible (a share
above its whole, a growth rate of nothing) is NaN and is left out by `summarise` and `probability`, never moved to
another position: positions are what keeps figures joint.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from townshift.types import LEVEL

Draws = npt.NDArray[np.float64]
"""Draws of one figure, shape (n_draws,), or of several, shape (..., n_draws)."""

LOW_ACCEPTANCE = 0.5
"""Below this accepted share of joint draws, part and whole hardly fit each other: the result is flagged."""

INCONSISTENT_BELOW = 0.05
"""Below this accepted share, part and whole contradict each other: there is no share to speak of."""


def summarise(draws: Draws, level: float = LEVEL) -> tuple[float, float, float]:
    """The median of one figure's draws and the interval that holds it with probability `level`.

    `value` is the median, `low` and `high` are the quantiles `(1 - level) / 2` and `(1 + level) / 2`, linearly
    interpolated, over the draws that are not NaN; three NaN where no draw is left.

    Args:
        draws: shape (n_draws,), in the figure's own unit.
        level: probability inside the interval, between 0 and 1.

    Example:
        >>> summarise(np.arange(0.0, 101.0))
        (50.0, 5.0, 95.0)
    """
    value, low, high = summarise_rows(draws.reshape(1, -1), level)[0]
    return float(value), float(low), float(high)


def summarise_rows(draws: Draws, level: float = LEVEL) -> npt.NDArray[np.float64]:
    """`summarise` for every row of a matrix of draws: shape (rows, 3), columns value, low, high.

    Example:
        >>> summarise_rows(np.array([[1.0, 2.0, 3.0], [np.nan, 4.0, 4.0], [np.nan, np.nan, np.nan]]), level=1.0)
        array([[ 2.,  1.,  3.],
               [ 4.,  4.,  4.],
               [nan, nan, nan]])
    """
    out = np.full((draws.shape[0], 3), np.nan)
    usable = np.isfinite(draws).any(axis=1)
    if usable.any():
        finite = np.where(np.isfinite(draws[usable]), draws[usable], np.nan)
        tail = round((1 - level) / 2, 12)  # 1 - 0.9 is 0.09999999999999998
        out[usable] = np.nanquantile(finite, [0.5, tail, 1 - tail], axis=1).T
    return out


def probability(draws: Draws, threshold: float) -> float:
    """Pr(theta > threshold) over the draws that are not NaN; NaN where none is left.

    Example:
        >>> probability(np.array([1.0, 2.0, 3.0, np.nan]), 1.5)
        0.6666666666666666
    """
    finite = draws[np.isfinite(draws)]
    return float(np.mean(finite > threshold)) if finite.size else float("nan")


def ratio(numerator: Draws, denominator: Draws, share: bool = False) -> tuple[Draws, npt.NDArray[np.float64]]:
    """What one uncertain figure is of another, draw by draw: `numerator / denominator`.

    With `share`, the numerator is a part of the denominator, so the joint draws are conditioned on
    `0 <= part <= whole`: draws outside are rejected (NaN). A low accepted share says that the two figures, as
    published, do not fit each other; see `LOW_ACCEPTANCE` and `INCONSISTENT_BELOW`.

    Args:
        numerator: shape (..., n_draws).
        denominator: the same shape, drawn jointly with the numerator; draws not above zero are rejected.
        share: whether the numerator is a part of the denominator.

    Returns:
        The ratio's draws, shape (..., n_draws), in units of the numerator per unit of the denominator, and the
        accepted share of draws, shape (...), between 0 and 1.

    Source: rejection sampling from the joint draws given the constraint (Robert and Casella 2004, section 2.3).

    Example:
        >>> draws, accepted = ratio(np.array([30.0, 50.0, 90.0, 120.0]), np.full(4, 100.0), share=True)
        >>> draws
        array([0.3, 0.5, 0.9, nan])
        >>> float(accepted)
        0.75
    """
    accepted = np.isfinite(numerator) & np.isfinite(denominator) & (denominator > 0)
    if share:
        accepted &= (numerator >= 0) & (numerator <= denominator)
    out = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    np.divide(numerator, denominator, out=out, where=accepted)
    return out, np.asarray(accepted.mean(axis=-1), dtype=np.float64)


def log_growth(draws_from: Draws, draws_to: Draws, years: float) -> Draws:
    """Average log growth per year between two dates, draw by draw: `ln(to / from) / years`.

    Args:
        draws_from: shape (..., n_draws), the figure at the earlier date.
        draws_to: the same shape, the figure at the later date, drawn jointly.
        years: years between the two dates, above 0.

    Returns:
        Growth per year as a log rate (0.07 is about 7 % a year), shape (..., n_draws); NaN where a draw is not
        above zero.

    Raises:
        ValueError: `years` is not above 0; a defect of the caller, never of a study.

    Example:
        >>> log_growth(np.array([100.0]), np.array([200.0]), years=10).round(6)
        array([0.069315])
    """
    if not years > 0:
        raise ValueError(f"years must be above 0, not {years}")
    usable = np.isfinite(draws_from) & np.isfinite(draws_to) & (draws_from > 0) & (draws_to > 0)
    out = np.full(np.broadcast_shapes(draws_from.shape, draws_to.shape), np.nan)
    np.divide(draws_to, draws_from, out=out, where=usable)
    np.log(out, out=out, where=usable)
    return np.asarray(out / years, dtype=np.float64)
