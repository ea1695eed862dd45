"""Trends without assumptions about their form, and the rules by which hot spots are new, lasting or waning."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control, norm

from townshift.process.concentration.points import Flags, Floats

CATEGORIES: tuple[str, ...] = (
    "new",
    "consecutive",
    "intensifying",
    "persistent",
    "diminishing",
    "oscillating",
    "sporadic",
    "historical",
)
"""What a hot (or cold) spot may be; the rules stand in `categories`."""

MOST_YEARS = 0.9
"""Share of years from which a spot counts as one of most years."""


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """Mann-Kendall tests of many series; every array has shape (series,).

    Attributes:
        s: pairs of years in which the later value is higher, less those in which it is lower.
        tau: `s` over all pairs of years; -1 to 1.
        p: two-sided, that the order of years says nothing; exact where no values are equal, else by the normal
            distribution with ties and continuity corrected.
        q: share of false discoveries if this series and all with smaller p are said to have a trend.
    """

    s: npt.NDArray[np.int64]
    tau: Floats
    p: Floats
    q: Floats


def mann_kendall(series: Floats) -> Trend:
    """Whether values rise or fall over the years, whatever the form.

    Formula: `S = sum_{s<t} sign(x_t - x_s)`; without ties its exact distribution over orders; with ties
    `Var(S) = (n(n-1)(2n+5) - sum_g g(g-1)(2g+5)) / 18` over groups of g equal values. Years are taken as independent
    under the null; where a high year makes the next one high by itself, p is too small.

    Args:
        series: shape (series, years), finite.

    Returns:
        The tests.

    Source: Mann (1945); Kendall (1975).

    Example:
        >>> trend = mann_kendall(np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 1.0, 1.0]]))
        >>> trend.s, trend.p.round(6)
        (array([6, 0]), array([0.083333, 1.      ]))
    """
    n = series.shape[1]
    s = np.zeros(len(series), dtype=np.int64)
    for later in range(1, n):
        s += np.sign(series[:, [later]] - series[:, :later]).astype(np.int64).sum(axis=1)
    ordered = np.sort(series, axis=1)
    tied = (np.diff(ordered, axis=1) == 0).any(axis=1)
    # Each value adds (g - 1)(2 g + 5) for its group of g equal values, so a group adds it g times.
    groups = (series[:, :, None] == series[:, None, :]).sum(axis=2) if tied.any() else np.ones_like(series)
    variance = (n * (n - 1) * (2 * n + 5) - ((groups - 1) * (2 * groups + 5)).sum(axis=1)) / 18
    score = np.divide(np.maximum(np.abs(s) - 1, 0), np.sqrt(variance), out=np.zeros(len(s)), where=variance > 0)
    p = np.where(tied, 2 * norm.sf(score), _exact_tails(n)[np.abs(s)])
    p = np.minimum(p, 1.0)
    return Trend(s, s / (n * (n - 1) / 2), p, np.asarray(false_discovery_control(p)))


def categories(hot: Flags, cold: Flags, direction: npt.NDArray[np.float64]) -> npt.NDArray[np.str_]:
    """What kind of hot or cold spot each area is, the first rule that holds deciding; cold spots mirror hot ones.

    In the last year hot:
        new: never hot before.
        consecutive: hot in one run of at least two years to the last, never before it, in fewer than 90 % of years.
        intensifying, persistent, diminishing: hot in at least 90 % of years, z rising, without trend, or falling.
        oscillating: hot in fewer than 90 % of years, and cold in some.
        sporadic: hot in fewer than 90 % of years, on and off, never cold.
    In the last year not hot:
        historical: hot in at least 90 % of the years before the last.
    For a cold spot z away from 0 is downward, so intensifying is falling z. An area that is neither hot nor cold in the
    last year, and not historical, is `none`.

    Args:
        hot: shape (areas, years).
        cold: shape (areas, years).
        direction: shape (areas,), 1 where z rises, -1 where it falls, 0 without a trend.

    Returns:
        Shape (areas,), such as `hot: new`, `cold: persistent`, `none`.

    Source: the definitions of emerging hot spots in use in GIS, with `historical` counted over the years before the
    last, so that it can hold in short series.

    Example:
        >>> never = np.zeros((2, 4), dtype=bool)
        >>> hot = np.array([[False, False, False, True], [True, True, True, False]])
        >>> categories(hot, never, np.zeros(2)).tolist()
        ['hot: new', 'hot: historical']
    """
    out = np.full(len(hot), "none", dtype=f"<U{6 + max(map(len, CATEGORIES))}")
    for name, spots, opposite, rising in (("hot", hot, cold, direction), ("cold", cold, hot, -direction)):
        for category, chosen in zip(CATEGORIES, _rules(spots, opposite, rising), strict=True):
            out[chosen & (out == "none")] = f"{name}: {category}"
    return out


def _rules(spots: Flags, opposite: Flags, rising: npt.NDArray[np.float64]) -> list[Flags]:
    """Which areas each rule of `CATEGORIES` holds for; the first that holds decides."""
    years = spots.shape[1]
    last, count = spots[:, -1], spots.sum(axis=1)
    run = np.cumprod(spots[:, ::-1], axis=1).sum(axis=1)
    most = count >= MOST_YEARS * years
    once = last & (count == run) & ~most
    return [
        once & (run == 1),
        once & (run > 1),
        last & most & (rising > 0),
        last & most & (rising == 0),
        last & most & (rising < 0),
        last & ~most & opposite.any(axis=1),
        last & ~most,
        ~last & (count >= MOST_YEARS * (years - 1)),
    ]


@cache
def _exact_tails(n: int) -> Floats:
    """Two-sided p-values of |S| = 0, 1, … for n different values: from the counts of orders by inversions."""
    orders = np.ones(1)
    for length in range(2, n + 1):
        orders = np.convolve(orders, np.full(length, 1 / length))
    pairs = n * (n - 1) // 2
    s = np.abs(pairs - 2 * np.arange(pairs + 1))
    return np.array([orders[s >= size].sum() for size in range(pairs + 1)])
