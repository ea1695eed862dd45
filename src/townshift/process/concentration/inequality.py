"""How unequal places are: Theil's T, the part of it between groups of places, and whether chance would do as much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.errors import Problem
from townshift.process.concentration.area_values import (
    area_values,
    label_problems,
    length_problems,
    refuse,
    setting_problems,
    value_problems,
)
from townshift.process.concentration.points import Floats
from townshift.types import keyed_seed

PERMUTATIONS = 999
"""Random relabellings behind a p-value unless told otherwise; the smallest p-value is one over one more."""

MOST_PERMUTATIONS = 10_000_000

TIES = 1e-12
"""Between parts closer than this are equal."""


@dataclass(frozen=True, slots=True, eq=False)
class Theil:
    """Theil's T of places, split between and within groups; every array has shape (years,), dimensionless.

    Attributes:
        total: T, 0 where all places are equal, the logarithm of their number where one has everything.
        between: the part of T that remains if every place had its group's mean.
        within: the rest: the mean of the groups' own T, weighted by their shares of the total.
        expected: mean of `between` over random groupings of the same sizes.
        p: share of groupings, the observed one included, whose `between` is at least the observed one.
        groups: the groups' names, ascending.
        group_theil: shape (groups, years), T inside each group; 0 for a group of one place or without any amount.
        permutations: random groupings behind `p`.
    """

    total: Floats
    between: Floats
    within: Floats
    expected: Floats
    p: Floats
    groups: tuple[str, ...]
    group_theil: Floats
    permutations: int


def theil(
    values: npt.ArrayLike, groups: npt.ArrayLike, permutations: int = PERMUTATIONS, seed: int = 0, where: str = ""
) -> Theil:
    """How unequal places are, how much of that lies between groups of places, and whether the grouping matters.

    Formula: `T = sum_i s_i ln(n s_i)`, `s_i` the share of place i; `T_between = sum_g S_g ln(S_g / (n_g / n))` over
    groups; `T_within = T - T_between`. The test deals the places to groups of the same sizes at random, all years
    together, and asks how often `T_between` is as large as observed: `p = (1 + count) / (1 + permutations)`.

    Args:
        values: shape (places,) or (places, years), an amount of each place (income, jobs, firms), at least 0.
        groups: shape (places,), the group of each place.
        permutations: random groupings.
        seed: seed of the random groupings; the same seed gives the same p.
        where: what the values are, for messages.

    Returns:
        T with its parts and the test.

    Raises:
        MeasureError: values missing, negative or all zero, fewer than two places, a grouping of one group or of
            places alone, lengths that differ.

    Source: Theil (1967); the test: Rey (2004). Columns may also be joint draws of one year.

    Example:
        >>> both = theil([1.0, 1.0, 3.0, 3.0], ["a", "a", "b", "b"])
        >>> both.total.round(6), both.within.round(6)
        (array([0.130812]), array([0.]))
    """
    amounts, names, codes = _grouped(values, groups, permutations, where)
    n = len(amounts)
    generator = np.random.Generator(np.random.SFC64(keyed_seed(seed, "theil")))
    by_group = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[by_group], np.arange(len(names)))
    sizes = np.diff(np.append(starts, n))
    total = _of_shares(amounts / amounts.sum(axis=0))
    observed = _between(np.add.reduceat(amounts[by_group], starts), sizes)
    # The largest group stands last: it gets the places that are left, and they need not be drawn.
    dealt = np.cumsum(np.append(0, np.sort(sizes)[:-1]))
    orders = (generator.choice(n, size=dealt[-1], replace=False) for _ in range(permutations))
    expected, p = between_test(amounts, dealt, observed, orders)
    return Theil(
        total=total,
        between=observed,
        within=np.maximum(total - observed, 0.0),
        expected=expected,
        p=p,
        groups=tuple(names),
        group_theil=_inside(amounts[by_group], starts, sizes),
        permutations=permutations,
    )


def between_test(
    amounts: Floats, starts: npt.NDArray[np.intp], observed: Floats, orders: Iterable[npt.NDArray[np.intp]]
) -> tuple[Floats, Floats]:
    """The mean of Theil's between part over given orders of the places, and its p-value.

    Args:
        amounts: shape (places, years).
        starts: shape (groups,), where each group begins once places stand in an order.
        observed: shape (years,), the between part of the true grouping.
        orders: orders of the places, one random grouping each; they may end where the last group begins.

    Returns:
        Mean and p-value, shape (years,) each.

    Source: Rey (2004).

    Example:
        >>> amounts = np.array([[1.0], [3.0]])
        >>> between_test(amounts, np.array([0, 1]), np.array([0.13]), [np.array([1])])[1]
        array([1.])
    """
    sizes = np.diff(np.append(starts, len(amounts)))
    column = np.ascontiguousarray(amounts[:, 0]) if amounts.shape[1] == 1 else amounts
    everything, last = column.sum(axis=0), starts[-1]
    parts = []
    for order in orders:
        totals = np.add.reduceat(column[order[:last]], starts[:-1])
        parts.append(_between(np.concatenate([totals, [everything - totals.sum(axis=0)]]), sizes))
    # Sums in another order differ in the last digit; an equal grouping must count as equal.
    as_large = (np.array(parts) >= observed - TIES).sum(axis=0)
    return np.mean(parts, axis=0), (1.0 + as_large) / (1.0 + len(parts))


def _grouped(
    values: npt.ArrayLike, groups: npt.ArrayLike, permutations: int, where: str
) -> tuple[Floats, list[str], npt.NDArray[np.intp]]:
    amounts = area_values(values)
    amounts = amounts.reshape(len(amounts), -1)
    labels = np.asarray(groups)
    problems = value_problems(amounts, "values", where) + length_problems(
        where, values=len(amounts), groups=len(labels)
    )
    problems += label_problems(labels, "groups", where)
    problems += setting_problems("permutations", permutations, 1, MOST_PERMUTATIONS, where)
    refuse(problems)
    names, codes = np.unique(labels.astype(str) if labels.dtype == object else labels, return_inverse=True)
    if not 1 < len(names) < len(labels):
        refuse([Problem("TS-CONC-038", where, {"count": len(labels), "groups": len(names)})])
    return amounts, [str(name) for name in names], codes


def _of_shares(shares: Floats) -> Floats:
    return _plogp(shares, len(shares) * shares)


def _plogp(shares: Floats, ratios: Floats) -> Floats:
    """Sum of shares times the logarithm of ratios down the rows; nothing where the share is zero."""
    return np.asarray((shares * np.log(np.where(shares > 0, ratios, 1.0))).sum(axis=0), dtype=np.float64)


def _between(totals: Floats, sizes: npt.NDArray[np.intp]) -> Floats:
    totals = np.maximum(totals.reshape(len(sizes), -1), 0.0)
    shares = totals / totals.sum(axis=0)
    return _plogp(shares, shares * (sizes.sum() / sizes)[:, None])


def _inside(ordered: Floats, starts: npt.NDArray[np.intp], sizes: npt.NDArray[np.intp]) -> Floats:
    out = np.zeros((len(starts), ordered.shape[1]))
    for group, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        amounts = ordered[start : start + size]
        total = amounts.sum(axis=0)
        shares = np.divide(amounts, total, out=np.full_like(amounts, 1 / size), where=total > 0)
        out[group] = _of_shares(shares)
    return out
