"""The Gini of places and its two parts, between neighbours and between places that are not; and the Hoover index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from townshift.errors import Problem
from townshift.process.concentration.area_values import (
    area_values,
    length_problems,
    part_problems,
    refuse,
    setting_problems,
    value_problems,
)
from townshift.process.concentration.inequality import MOST_PERMUTATIONS, PERMUTATIONS
from townshift.process.concentration.neighbours_of_areas import checked_weights
from townshift.process.concentration.points import Floats
from townshift.types import keyed_seed


@dataclass(frozen=True, slots=True)
class SpatialGini:
    """The Gini of places, split by whether two places are neighbours.

    Attributes:
        gini: 0 where all places are equal, 1 - 1/n where one has everything.
        neighbour_part: sum of absolute differences over ordered pairs of neighbours, in the unit of the values.
        other_part: the same over all other pairs.
        other_share: `other_part` as a share of all differences; 0 to 1.
        expected: mean of `other_part` over random orders of the places.
        sd: its standard deviation.
        p: share of orders, the observed one included, whose `other_part` is at least as large: small where
            neighbours resemble each other more than chance would have it.
        permutations: random orders behind `p`.
    """

    gini: float
    neighbour_part: float
    other_part: float
    other_share: float
    expected: float
    sd: float
    p: float
    permutations: int


@dataclass(frozen=True, slots=True)
class Hoover:
    """The Hoover index of an industry over areas, beside what chance would give so many plants or jobs.

    Attributes:
        value: share of the industry that would have to move to be spread like the whole; 0 to 1.
        expected: its mean if every unit had fallen at random, each area in proportion to the whole.
        low: lower end of the middle 90 % of the index under chance.
        high: upper end of it.
        p: share of random spreads, the observed one included, that are at least as uneven.
    """

    value: float
    expected: float
    low: float
    high: float
    p: float


def gini(values: npt.ArrayLike, where: str = "") -> float:
    """How unequal places are: the mean absolute difference between two places over twice the mean.

    Formula: `G = sum_i (2 i - n - 1) y_(i) / (n^2 mean(y))`, `y_(i)` ascending.

    Args:
        values: shape (places,), an amount of each place, at least 0.
        where: what the values are, for messages.

    Returns:
        The Gini, dimensionless.

    Raises:
        MeasureError: values missing, negative or all zero, fewer than two places.

    Source: Gini (1912), in the form of Sen (1973).

    Example:
        >>> gini([0.0, 0.0, 0.0, 1.0])
        0.75
    """
    amounts = area_values(values).ravel()
    refuse(value_problems(amounts, "values", where))
    return _differences(amounts) / (2 * len(amounts) * float(amounts.sum()))


def spatial_gini(
    values: npt.ArrayLike,
    weights: sparse.csr_array,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    where: str = "",
) -> SpatialGini:
    """How much of the inequality between places is inequality between places that are not neighbours.

    Formula: `sum_ij |y_i - y_j| = sum_ij w_ij |y_i - y_j| + sum_ij (1 - w_ij) |y_i - y_j|`, `w_ij` 1 for neighbours;
    `G` is the left side over `2 n^2 mean(y)`. The test lays the values out over the places at random.

    Args:
        values: shape (places,), an amount of each place, at least 0.
        weights: shape (places, places); an entry above 0 makes neighbours, its size does not matter.
        permutations: random orders.
        seed: seed of the random orders.
        where: what the values are, for messages.

    Returns:
        The Gini with its parts and the test.

    Raises:
        MeasureError: values missing, negative, all zero or all equal, weights of another shape or without neighbours.

    Source: Rey and Smith (2013).

    Example:
        >>> pairs = sparse.csr_array(np.kron(np.eye(2), 1 - np.eye(2)))
        >>> split = spatial_gini([1.0, 1.0, 3.0, 3.0], pairs, permutations=99)
        >>> split.gini, split.neighbour_part, split.other_part
        (0.25, 0.0, 16.0)
    """
    amounts = area_values(values).ravel()
    problems = value_problems(amounts, "values", where, equal=False)
    problems += setting_problems("permutations", permutations, 1, MOST_PERMUTATIONS, where)
    refuse(problems)
    matrix = checked_weights(weights, len(amounts), where)
    generator = np.random.Generator(np.random.SFC64(keyed_seed(seed, "spatial_gini")))
    return gini_test(amounts, matrix, _shuffled(generator, len(amounts), permutations))


def gini_test(amounts: Floats, weights: sparse.csr_array, orders: Iterable[npt.NDArray[np.intp]]) -> SpatialGini:
    """The split of the Gini with its test over given orders of the values; see `spatial_gini`.

    Example:
        >>> pair = sparse.csr_array(np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]]))
        >>> gini_test(np.array([1.0, 1.0, 4.0]), pair, [np.array([0, 1, 2]), np.array([2, 0, 1])]).p
        0.6666666666666666
    """
    coo = weights.tocoo()
    rows, columns = coo.coords
    # Values are moved among the places, so each pair is looked up twice per order; half the pairs do where they mirror.
    mirrored = (weights != weights.T).nnz == 0
    kept = rows < columns if mirrored else np.ones(len(rows), dtype=bool)
    rows, columns, factor = rows[kept], columns[kept], 2.0 if mirrored else 1.0
    total = _differences(amounts)
    near = factor * float(np.abs(amounts[rows] - amounts[columns]).sum())
    drawn = []
    for order in orders:
        moved = amounts[order]
        drawn.append(total - factor * float(np.abs(moved[rows] - moved[columns]).sum()))
    others = np.array(drawn)
    as_large = int((others >= total - near - 1e-12 * total).sum())
    return SpatialGini(
        gini=total / (2 * len(amounts) * float(amounts.sum())),
        neighbour_part=near,
        other_part=total - near,
        other_share=(total - near) / total,
        expected=float(others.mean()),
        sd=float(others.std()),
        p=(1 + as_large) / (1 + len(others)),
        permutations=len(others),
    )


def hoover(
    industry: npt.ArrayLike, whole: npt.ArrayLike, draws: int = PERMUTATIONS, seed: int = 0, where: str = ""
) -> Hoover:
    """What share of an industry would have to move to another area to be spread like the whole.

    Formula: `H = 1/2 sum_r |s_r - x_r|`, `s_r` and `x_r` the area's shares of the industry and of the whole. A small
    industry has a high index by chance alone, so the index is shown beside its distribution when every unit falls at
    random: a multinomial of as many units with the chances `x_r`. Units must be what moves: plants rather than jobs.

    Args:
        industry: shape (areas,), plants of the industry (whole numbers).
        whole: shape (areas,), all plants, the industry included, or another mass such as area.
        draws: random spreads.
        seed: seed of the random spreads.
        where: what the industry is, for messages.

    Returns:
        The index with what chance would give.

    Raises:
        MeasureError: values missing, negative or all zero, fewer than two areas, lengths that differ.

    Source: Hoover (1936).

    Example:
        >>> hoover([4, 0], [50, 50]).value
        0.5
    """
    part, all_units = area_values(industry).ravel(), area_values(whole).ravel()
    problems = value_problems(part, "industry", where) + value_problems(all_units, "whole", where)
    problems += length_problems(where, industry=len(part), whole=len(all_units))
    problems += setting_problems("draws", draws, 1, MOST_PERMUTATIONS, where)
    refuse(problems)
    refuse([problem for problem in part_problems(part, all_units, where) if problem.code == "TS-CONC-037"])
    if (all_units > 0).sum() < 2:
        refuse([Problem("TS-CONC-041", where)])
    chances, units = all_units / all_units.sum(), float(part.sum())
    refuse(setting_problems("industry", units, 1, np.inf, where))
    value = 0.5 * float(np.abs(part / units - chances).sum())
    generator = np.random.default_rng(keyed_seed(seed, "hoover"))
    by_chance = np.array(
        [
            0.5 * np.abs(generator.multinomial(round(units), chances) / round(units) - chances).sum()
            for _ in range(draws)
        ]
    )
    low, high = np.quantile(by_chance, [0.05, 0.95])
    as_large = int((by_chance >= value - 1e-12).sum())
    return Hoover(value, float(by_chance.mean()), float(low), float(high), (1 + as_large) / (1 + draws))


def _differences(amounts: Floats) -> float:
    """Sum of absolute differences over ordered pairs, from the order of the values."""
    n = len(amounts)
    return 2.0 * float(((2.0 * np.arange(1, n + 1) - n - 1) * np.sort(amounts)).sum())


def _shuffled(generator: np.random.Generator, n: int, count: int) -> Iterator[npt.NDArray[np.intp]]:
    order = np.arange(n)
    for _ in range(count):
        generator.shuffle(order)
        yield order
