"""Whether places keep their rank: Kendall's tau between two years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau, norm

from townshift.process.concentration.area_values import (
    area_values,
    length_problems,
    refuse,
    setting_problems,
    value_problems,
)
from townshift.types import LEVEL

FEWEST_PLACES = 5
"""Places below which the interval is not defined."""


@dataclass(frozen=True, slots=True)
class RankMobility:
    """How far places kept their rank.

    Attributes:
        tau: 1 where all ranks stayed, 0 where the last order says nothing of the first, -1 where it is reversed.
        low: lower end of the interval on Fisher's scale.
        high: upper end of it.
        p: two-sided, that the orders are unrelated.
        reversed_pairs: share of pairs of places, ties left out, whose order turned round.
        places: places compared.
        level: probability inside the interval.
    """

    tau: float
    low: float
    high: float
    p: float
    reversed_pairs: float
    places: int
    level: float


def rank_mobility(first: npt.ArrayLike, last: npt.ArrayLike, level: float = LEVEL, where: str = "") -> RankMobility:
    """Whether places kept their rank from one year to another.

    Formula: `tau_b = (C - D) / sqrt((C + D + T_first) (C + D + T_last))` over pairs of places: concordant, discordant,
    tied in one year only. The interval is `tanh(atanh(tau) ± z sqrt(0.437 / (n - 4)))`.

    Args:
        first: shape (places,), values in the first year.
        last: shape (places,), values in the last year.
        level: probability inside the interval.
        where: what the values are, for messages.

    Returns:
        Tau with its interval and test.

    Raises:
        MeasureError: values missing or all equal, fewer than five places, lengths that differ.

    Source: Kendall (1945); Fieller, Hartley and Pearson (1957) for the interval; Rey (2004) for places.

    Example:
        >>> round(rank_mobility([1, 2, 3, 4, 5], [1, 2, 3, 5, 4]).tau, 6)
        0.8
    """
    one, other = area_values(first).ravel(), area_values(last).ravel()
    problems = value_problems(one, "first", where, fewest=FEWEST_PLACES, negative=True, equal=False)
    problems += value_problems(other, "last", where, fewest=FEWEST_PLACES, negative=True, equal=False)
    problems += length_problems(where, first=len(one), last=len(other))
    refuse(problems + setting_problems("level", level, 0.01, 0.9999, where))
    result = kendalltau(one, other)
    n, tau = len(one), float(result.statistic)
    half = float(norm.ppf((1 + level) / 2)) * float(np.sqrt(0.437 / (n - 4)))
    centre = np.arctanh(np.clip(tau, -1 + 1e-12, 1 - 1e-12))
    low, high = float(np.tanh(centre - half)), float(np.tanh(centre + half))
    balance = tau * float(np.sqrt(_untied(one)) * np.sqrt(_untied(other)))  # concordant less discordant pairs
    pairs = _untied(one) + _untied(other) - _untied(np.column_stack([one, other]))
    return RankMobility(tau, low, high, float(result.pvalue), (1 - balance / pairs) / 2 if pairs else 0.0, n, level)


def _untied(values: npt.NDArray[np.float64]) -> int:
    """Pairs of rows that are not the same."""
    n, counts = len(values), np.unique(values, axis=0, return_counts=True)[1]
    return int(n * (n - 1) // 2 - (counts * (counts - 1) // 2).sum())
