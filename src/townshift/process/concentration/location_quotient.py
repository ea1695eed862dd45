"""Location quotients: how many times its due share of an industry an area has, with intervals small areas can bear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2, false_discovery_control

from townshift.errors import Problem
from townshift.process.concentration.area_values import (
    FEWEST_AREAS,
    area_values,
    length_problems,
    part_problems,
    refuse,
    setting_problems,
    value_problems,
)
from townshift.process.concentration.points import Floats
from townshift.types import LEVEL

STEPS = 80
"""Halvings of the search for an interval's ends: relative width 1e-12 and less."""

REACH = 60.0
"""Logarithm of the largest ratio of shares that is searched."""


@dataclass(frozen=True, slots=True, eq=False)
class LocationQuotient:
    """Location quotients of an industry; every array has shape (areas,), dimensionless.

    Attributes:
        values: the area's share of the industry over its share of the whole; 1 is its due share. NaN, with its ends,
            exactly where `empty` says so.
        low: lower end of the score interval; 0 where the area has none of the industry.
        high: upper end; the largest quotient there can be, `N / n_r`, where the area has all of the industry.
        p: two-sided score test that the area has its due share.
        q: share of false discoveries if this area and all with smaller p are called special.
        empty: whether the whole is zero in the area: there is no quotient, `p` and `q` are 1.
        level: probability inside the intervals.
    """

    values: Floats
    low: Floats
    high: Floats
    p: Floats
    q: Floats
    empty: npt.NDArray[np.bool_]
    level: float


def location_quotient(
    industry: npt.ArrayLike,
    whole: npt.ArrayLike,
    squared_sizes: npt.ArrayLike | None = None,
    level: float = LEVEL,
    where: str = "",
) -> LocationQuotient:
    """How many times its due share of an industry each area has.

    Formula: `LQ_r = (e_r / n_r) / (E / N)`, `e` and `E` the industry in the area and everywhere, `n` and `N` the whole.
    An area is a part of what it is compared with, so the interval is built for the ratio of shares in the area and in
    the *rest*, `theta = p_r / p_rest`, and carried over by `LQ = theta / (w theta + 1 - w)`, `w = n_r / N`, which grows
    with theta. For theta it is the score interval: all ratios at which `(p_r - theta p_rest)^2` over its variance, with
    shares fitted under that ratio, is at most the chi-squared quantile. It needs no correction where counts are zero.

    Jobs come in plants, so jobs are no independent draws: give `squared_sizes` and each area counts as
    `n_r^2 / sum of squared sizes` draws (Kish's effective size), the rest likewise.

    Args:
        industry: shape (areas,), plants (or jobs) of the industry, at least 0.
        whole: shape (areas,), plants (or jobs) of all industries, the industry included.
        squared_sizes: shape (areas,), sum over all plants of an area of their squared jobs; None where plants are
            counted.
        level: probability inside the intervals, between 0 and 1.
        where: what the industry is, for messages.

    Returns:
        Quotients with score intervals and tests.

    Raises:
        MeasureError: values missing, negative or all zero, lengths that differ, an industry larger than the whole or
            the whole itself, a whole in one area only.

    Source: Florence (1939) for the quotient; Koopman (1984) and Miettinen and Nurminen (1985) for the score interval.

    Example:
        >>> quotient = location_quotient([30, 10], [100, 100])
        >>> quotient.values, quotient.low.round(3), quotient.high.round(3)
        (array([1.5, 0.5]), array([1.272, 0.321]), array([1.679, 0.728]))
    """
    part, all_units = area_values(industry).ravel(), area_values(whole).ravel()
    squares = None if squared_sizes is None else area_values(squared_sizes).ravel()
    _check(part, all_units, squares, level, where)
    shrink, shrink_rest = _effective(all_units, squares)
    rest, rest_part = all_units.sum() - all_units, part.sum() - part
    counts = (part * shrink, all_units * shrink, rest_part * shrink_rest, rest * shrink_rest)
    quantile = float(chi2.ppf(level, 1))
    share = all_units / all_units.sum()
    low, high = (_carried(theta, share) for theta in _score_interval(*counts, quantile))
    empty = all_units == 0
    values = np.divide(part * all_units.sum(), all_units * part.sum(), out=np.full(len(part), np.nan), where=~empty)
    p = np.where(empty, 1.0, chi2.sf(_score(np.ones(len(part)), *counts), 1))
    q = np.ones(len(part))
    q[~empty] = false_discovery_control(p[~empty])
    low, high = np.where(empty, np.nan, low), np.where(empty, np.nan, high)
    return LocationQuotient(values, low, high, p, q, empty, level)


def _check(part: Floats, whole: Floats, squares: Floats | None, level: float, where: str) -> None:
    lengths = {"industry": len(part), "whole": len(whole)}
    problems = value_problems(part, "industry", where) + value_problems(whole, "whole", where)
    if squares is not None:
        lengths["squared_sizes"] = len(squares)
        problems += value_problems(squares, "squared_sizes", where)
    problems += length_problems(where, **lengths) + setting_problems("level", level, 0.01, 0.9999, where)
    refuse(problems)
    refuse(part_problems(part, whole, where))
    if (whole > 0).sum() < FEWEST_AREAS:
        refuse([Problem("TS-CONC-041", where)])


def _effective(whole: Floats, squares: Floats | None) -> tuple[Floats, Floats]:
    """Independent draws per unit, in each area and in its rest."""
    if squares is None:
        return np.ones(len(whole)), np.ones(len(whole))
    rest, rest_squares = whole.sum() - whole, squares.sum() - squares
    own = np.divide(whole, squares, out=np.ones(len(whole)), where=squares > 0)
    return own, np.divide(rest, rest_squares, out=np.ones(len(whole)), where=rest_squares > 0)


def _carried(theta: Floats, share: Floats) -> Floats:
    """The quotient that a ratio of shares (area to rest) means for an area with this share of the whole."""
    with np.errstate(invalid="ignore"):
        out = theta / (share * theta + 1 - share)
    return np.where(np.isinf(theta), 1 / np.maximum(share, np.finfo(float).tiny), out)


def _score(theta: Floats, events: Floats, units: Floats, rest_events: Floats, rest_units: Floats) -> Floats:
    """The score statistic of the hypothesis that the area's share is `theta` times the rest's."""
    total = units + rest_units
    b = units * theta + events + rest_units + rest_events * theta
    root = np.sqrt(np.maximum(b * b - 4 * total * theta * (events + rest_events), 0.0))
    # The smaller root of a quadratic, written so that nothing cancels when theta is large.
    fitted_rest = 2 * (events + rest_events) / (b + root)
    fitted = np.minimum(theta * fitted_rest, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = fitted * (1 - fitted) / units + theta**2 * fitted_rest * (1 - fitted_rest) / rest_units
        gap = events / units - theta * rest_events / rest_units
        statistic = gap**2 / (variance * total / (total - 1))
    return np.where(np.isfinite(statistic), statistic, 0.0)


def _score_interval(
    events: Floats, units: Floats, rest_events: Floats, rest_units: Floats, quantile: float
) -> tuple[Floats, Floats]:
    """Both ends of the score interval of the ratio of shares, by halving on the logarithm of the ratio."""
    counts = (events, units, rest_events, rest_units)
    tiny = np.finfo(float).tiny
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = np.log(np.maximum(events, tiny) / units) - np.log(np.maximum(rest_events, tiny) / rest_units)
    centre = np.clip(np.nan_to_num(centre), -REACH, REACH)
    ends = []
    for side in (-1.0, 1.0):
        inside, outside = centre.copy(), np.full(len(centre), side * REACH)
        for _ in range(STEPS):
            middle = (inside + outside) / 2
            within = _score(np.exp(middle), *counts) <= quantile
            inside, outside = np.where(within, middle, inside), np.where(within, outside, middle)
        ends.append(np.exp(inside))
    low = np.where(events == 0, 0.0, ends[0])
    high = np.where(rest_events == 0, np.inf, ends[1])
    return low, high
