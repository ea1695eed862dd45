"""Herfindahl's index: how far an industry's jobs lie in few plants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.process.concentration.area_values import area_values, refuse, value_problems


@dataclass(frozen=True, slots=True)
class Herfindahl:
    """How far jobs lie in few plants.

    Attributes:
        value: from 1 over the number of plants, where all are of one size, to 1, where one has all jobs.
        normalised: the same from 0 to 1.
        equivalent_plants: how many plants of one size would give the same value.
        se: standard error if the plants are a sample of those there might have been (jackknife over plants); where a
            few very large plants decide, more often too small than too large.
        plants: plants with jobs.
    """

    value: float
    normalised: float
    equivalent_plants: float
    se: float
    plants: int


def herfindahl(jobs: npt.ArrayLike, where: str = "") -> Herfindahl:
    """How far an industry's jobs lie in few plants.

    Formula: `H = sum_j z_j^2`, `z_j` the plant's share of the industry's jobs; normalised `(H - 1/n) / (1 - 1/n)`;
    equivalent number of plants `1 / H`. Plants without jobs do not count.

    Args:
        jobs: shape (plants,), at least 0.
        where: what the industry is, for messages.

    Returns:
        The index.

    Raises:
        MeasureError: values missing, negative or all zero, fewer than two plants with jobs.

    Source: Herfindahl (1950); Adelman (1969) for the equivalent number.

    Example:
        >>> herfindahl([60, 20, 20]).value
        0.44
    """
    given = area_values(jobs).ravel()
    refuse(value_problems(given, "jobs", where))
    amounts = given[given > 0]
    refuse(value_problems(amounts, "jobs", where))
    n, total, squares = len(amounts), float(amounts.sum()), float((amounts**2).sum())
    value = squares / total**2
    without = (squares - amounts**2) / (total - amounts) ** 2
    se = float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))
    return Herfindahl(value, (value - 1 / n) / (1 - 1 / n), 1 / value, se, n)
