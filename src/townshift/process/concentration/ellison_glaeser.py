"""Whether an industry is more concentrated than its plants' sizes explain: the index of Ellison and Glaeser."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from townshift.errors import Problem
from townshift.process.concentration.area_values import (
    FEWEST_AREAS,
    area_values,
    length_problems,
    refuse,
    setting_problems,
    value_problems,
    whole_number_problems,
)
from townshift.process.concentration.inequality import MOST_PERMUTATIONS, PERMUTATIONS
from townshift.process.concentration.points import Floats
from townshift.types import LEVEL, keyed_seed

FEWEST_PLANTS = 3
"""Plants below which the index has no standard error."""

DARTS = 2_000_000
"""Plants thrown at areas at once."""


@dataclass(frozen=True, slots=True)
class EllisonGlaeser:
    """Concentration of an industry beyond its plants' sizes.

    Attributes:
        gamma: 0 where plants fall like darts at areas as large as the whole there; above 0 where they seek each other's
            area; by its authors' reading little below .02, much above .05.
        se: standard error given what draws plants to each area (jackknife over plants).
        low: lower end of the interval `gamma ± z se`.
        high: upper end of it.
        null_se: exact standard deviation of gamma if plants fall at random.
        p: share of random throws of the same plants, the observed one included, that are at least as concentrated.
        maurel_sedillot: the variant of Maurel and Sédillot, unbiased whatever draws plants to areas.
        raw: `G`, the industry's and the whole's shares compared, before plants' sizes are taken out.
        herfindahl: `H` of the plants.
        plants: plants with jobs.
        level: probability inside the interval.
    """

    gamma: float
    se: float
    low: float
    high: float
    null_se: float
    p: float
    maurel_sedillot: float
    raw: float
    herfindahl: float
    plants: int
    level: float


@dataclass(frozen=True, slots=True, eq=False)
class PlantsByArea:
    """An industry's plants with the shares of the whole that areas have; built by `plants_by_area`.

    Attributes:
        jobs: shape (plants,), above 0.
        area: shape (plants,), row number of each plant's area.
        chances: shape (areas,), the area's share of the whole.
    """

    jobs: Floats
    area: npt.NDArray[np.intp]
    chances: Floats

    @property
    def by_area(self) -> Floats:
        """The industry's jobs in each area; shape (areas,)."""
        return np.bincount(self.area, self.jobs, len(self.chances)).astype(np.float64)


def plants_by_area(jobs: npt.ArrayLike, area: npt.ArrayLike, whole: npt.ArrayLike, where: str = "") -> PlantsByArea:
    """Plants, checked; those without jobs left out.

    Args:
        jobs: shape (plants,), at least 0.
        area: shape (plants,), row number of each plant's area, from 0.
        whole: shape (areas,), all industries' jobs, at least 0.
        where: what the industry is, for messages.

    Returns:
        The plants.

    Raises:
        MeasureError: values missing, negative or all zero; lengths that differ; fewer than three plants with jobs; one
            plant with all jobs; the whole in one area, or equal to the industry in all of them.

    Example:
        >>> plants_by_area([5, 0, 3, 2], [0, 1, 1, 1], [50, 50]).by_area
        array([5., 5.])
    """
    amounts, all_jobs, rows = area_values(jobs).ravel(), area_values(whole).ravel(), area_values(area).ravel()
    problems = value_problems(amounts, "jobs", where) + value_problems(all_jobs, "whole", where)
    problems += value_problems(rows, "area", where, negative=True) or whole_number_problems(rows, "area", where)
    problems += length_problems(where, jobs=len(amounts), area=len(rows))
    refuse(problems)
    refuse(setting_problems("area", float(rows.min()), 0, len(all_jobs) - 1, where))
    refuse(setting_problems("area", float(rows.max()), 0, len(all_jobs) - 1, where))
    kept = amounts > 0
    if kept.sum() == 1:
        refuse([Problem("TS-CONC-040", where)])
    refuse(value_problems(amounts[kept], "jobs", where, fewest=FEWEST_PLANTS))
    if (all_jobs > 0).sum() < FEWEST_AREAS:
        refuse([Problem("TS-CONC-041", where)])
    plants = PlantsByArea(amounts[kept], rows[kept].astype(np.intp), all_jobs / all_jobs.sum())
    if np.array_equal(plants.by_area, all_jobs):
        refuse([Problem("TS-CONC-037", where, {"count": len(all_jobs)})])
    return plants


def ellison_glaeser(
    jobs: npt.ArrayLike,
    area: npt.ArrayLike,
    whole: npt.ArrayLike,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    level: float = LEVEL,
    where: str = "",
) -> EllisonGlaeser:
    """Whether an industry is more concentrated than the sizes of its plants explain.

    Formula: `gamma = (G / (1 - sum x^2) - H) / (1 - H)`, `G = sum_r (s_r - x_r)^2` over areas, `s` and `x` the areas'
    shares of the industry and of the whole, `H = sum_j z_j^2` over plants. Under random throws
    `Var(G) = 2 (H^2 (A - 2 B + A^2) - sum z^4 (A - 4 B + 3 A^2))` with `A = sum x^2`, `B = sum x^3`.

    Args:
        jobs: shape (plants,), at least 0.
        area: shape (plants,), row number of each plant's area, from 0.
        whole: shape (areas,), all industries' jobs, the industry included.
        permutations: random throws of the plants at the areas.
        seed: seed of the throws.
        level: probability inside the interval.
        where: what the industry is, for messages.

    Returns:
        The index with its errors and its test.

    Raises:
        MeasureError: see `plants_by_area`.

    Source: Ellison and Glaeser (1997), section II and its appendix; Maurel and Sédillot (1999) for the variant.

    Example:
        >>> index = ellison_glaeser([10, 10, 10, 10], [0, 0, 0, 0], [50, 50])
        >>> index.raw, index.herfindahl, round(index.gamma, 6)
        (0.5, 0.25, 1.0)
    """
    plants = plants_by_area(jobs, area, whole, where)
    problems = setting_problems("permutations", permutations, 1, MOST_PERMUTATIONS, where)
    refuse(problems + setting_problems("level", level, 0.01, 0.9999, where))
    x, z = plants.chances, plants.jobs / plants.jobs.sum()
    s, a, b, h = plants.by_area / plants.jobs.sum(), float((x**2).sum()), float((x**3).sum()), float((z**2).sum())
    raw = float(((s - x) ** 2).sum())
    variance = 2 * (h**2 * (a - 2 * b + a**2) - float((z**4).sum()) * (a - 4 * b + 3 * a**2))
    gamma = (raw / (1 - a) - h) / (1 - h)
    se = _jackknife(plants)
    generator = np.random.Generator(np.random.SFC64(keyed_seed(seed, "ellison_glaeser")))
    by_chance = thrown(plants, permutations, generator)
    as_much = int((((by_chance - x) ** 2).sum(axis=1) >= raw * (1 - 1e-12)).sum())
    half = float(norm.ppf((1 + level) / 2)) * se
    return EllisonGlaeser(
        gamma=gamma,
        se=se,
        low=gamma - half,
        high=gamma + half,
        null_se=float(np.sqrt(max(variance, 0.0))) / ((1 - a) * (1 - h)),
        p=(1 + as_much) / (1 + permutations),
        maurel_sedillot=((float((s**2).sum()) - a) / (1 - a) - h) / (1 - h),
        raw=raw,
        herfindahl=h,
        plants=len(z),
        level=level,
    )


def thrown(plants: PlantsByArea, throws: int, generator: np.random.Generator) -> Floats:
    """Areas' shares of the industry when its plants fall at random, each area as likely as its share of the whole.

    Args:
        plants: the plants.
        throws: how many times all of them are thrown.
        generator: source of randomness.

    Returns:
        Shape (throws, areas); rows add up to 1.

    Source: Ellison and Glaeser (1997), section II.

    Example:
        >>> thrown(plants_by_area([1, 1, 2], [0, 0, 1], [9, 1]), 2, np.random.default_rng(1)).sum(axis=1)
        array([1., 1.])
    """
    areas, z = len(plants.chances), plants.jobs / plants.jobs.sum()
    limits = np.cumsum(plants.chances)
    limits /= limits[-1]
    out = np.empty((throws, areas))
    step = max(1, DARTS // len(z))
    for start in range(0, throws, step):
        count = min(step, throws - start)
        fallen = np.searchsorted(limits, generator.random((count, len(z))), side="right")
        cell = fallen + areas * np.arange(count)[:, None]
        out[start : start + count] = np.bincount(cell.ravel(), np.tile(z, count), areas * count).reshape(count, areas)
    return out


def _jackknife(plants: PlantsByArea) -> float:
    """Standard error of gamma from leaving out one plant at a time, in closed form."""
    x, jobs, n = plants.chances, plants.jobs, len(plants.jobs)
    by_area, a = plants.by_area, float((x**2).sum())
    total = jobs.sum() - jobs
    squares = (by_area**2).sum() - 2 * by_area[plants.area] * jobs + jobs**2
    cross = (by_area * x).sum() - jobs * x[plants.area]
    raw = squares / total**2 - 2 * cross / total + a
    h = ((jobs**2).sum() - jobs**2) / total**2
    gamma = (raw / (1 - a) - h) / (1 - h)
    return float(np.sqrt((n - 1) / n * ((gamma - gamma.mean()) ** 2).sum()))
