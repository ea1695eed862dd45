"""Whether two industries seek the same areas: the co-agglomeration index of Ellison, Glaeser and Kerr."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from townshift.process.concentration.area_values import length_problems, refuse, setting_problems
from townshift.process.concentration.ellison_glaeser import PlantsByArea, thrown
from townshift.process.concentration.inequality import MOST_PERMUTATIONS, PERMUTATIONS
from townshift.process.concentration.points import Floats
from townshift.types import LEVEL, keyed_seed


@dataclass(frozen=True, slots=True)
class Coagglomeration:
    """Co-agglomeration of two industries.

    Attributes:
        gamma: 0 where they are spread independently of each other; above 0 where both seek, or both avoid, the same
            areas; below 0 where they keep apart.
        se: standard error given what draws each industry's plants to each area (jackknife over plants).
        low: lower end of the interval `gamma ± z se`.
        high: upper end of it.
        p: two-sided share of random throws of both industries' plants as extreme as the observed layout, itself
            included.
        correlation: of the two industries' shares of areas less the whole's; -1 to 1.
        level: probability inside the interval.
    """

    gamma: float
    se: float
    low: float
    high: float
    p: float
    correlation: float
    level: float


def coagglomeration(
    first: PlantsByArea,
    second: PlantsByArea,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    level: float = LEVEL,
    where: str = "",
) -> Coagglomeration:
    """Whether two industries seek the same areas, and not only areas that are large anyway.

    Formula: `gamma_c = sum_r (s_r1 - x_r) (s_r2 - x_r) / (1 - sum_r x_r^2)`, `s` the areas' shares of each industry and
    `x` those of the whole. No term for plants' sizes is needed: two industries share no plant.

    Args:
        first: plants of one industry, from `plants_by_area`.
        second: plants of the other, over the same areas and the same whole.
        permutations: random throws of both industries' plants.
        seed: seed of the throws.
        level: probability inside the interval.
        where: what the industries are, for messages.

    Returns:
        The index with its error and its test.

    Raises:
        MeasureError: the two have different areas.

    Source: Ellison, Glaeser and Kerr (2010), section I.

    Example:
        >>> from townshift.process.concentration.ellison_glaeser import plants_by_area
        >>> sewing = plants_by_area([1, 1, 1, 1], [0, 0, 0, 1], [50, 50])
        >>> dyeing = plants_by_area([2, 2, 2, 2], [0, 0, 0, 1], [50, 50])
        >>> coagglomeration(sewing, dyeing).gamma
        0.25
    """
    problems = length_problems(where, first=len(first.chances), second=len(second.chances))
    problems += setting_problems("permutations", permutations, 1, MOST_PERMUTATIONS, where)
    refuse(problems + setting_problems("level", level, 0.01, 0.9999, where))
    x = first.chances
    scale = 1 - float((x**2).sum())
    apart = [plants.by_area / plants.jobs.sum() - x for plants in (first, second)]
    gamma = float((apart[0] * apart[1]).sum()) / scale
    spreads = [float(np.sqrt((deviation**2).sum())) for deviation in apart]
    se = float(np.sqrt(_left_out(first, apart[1]) + _left_out(second, apart[0]))) / scale
    generator = np.random.Generator(np.random.SFC64(keyed_seed(seed, "coagglomeration")))
    thrown_first, thrown_second = (thrown(plants, permutations, generator) - x for plants in (first, second))
    by_chance = (thrown_first * thrown_second).sum(axis=1) / scale
    fewer = min(int((by_chance >= gamma - 1e-15).sum()), int((by_chance <= gamma + 1e-15).sum()))
    half = float(norm.ppf((1 + level) / 2)) * se
    return Coagglomeration(
        gamma=gamma,
        se=se,
        low=gamma - half,
        high=gamma + half,
        p=min(1.0, 2.0 * (1 + fewer) / (1 + permutations)),
        correlation=gamma * scale / (spreads[0] * spreads[1]) if min(spreads) > 0 else 0.0,
        level=level,
    )


def _left_out(plants: PlantsByArea, other: Floats) -> float:
    """Jackknife variance of `sum_r (s_r - x_r) other_r` from leaving out one plant at a time."""
    total, n = plants.jobs.sum(), len(plants.jobs)
    products = (float((plants.by_area * other).sum()) - plants.jobs * other[plants.area]) / (total - plants.jobs)
    return float((n - 1) / n * ((products - products.mean()) ** 2).sum())
