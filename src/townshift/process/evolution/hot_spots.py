"""Where an industry is dense beyond chance, year by year, and whether such hot spots are new, lasting or waning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.stats import false_discovery_control

from townshift.errors import Problem
from townshift.process.concentration.area_values import area_values, refuse, setting_problems, value_problems
from townshift.process.concentration.inequality import MOST_PERMUTATIONS
from townshift.process.concentration.moran import FEWEST, LOCAL_PERMUTATIONS
from townshift.process.concentration.moran_permutation import neighbour_tails
from townshift.process.concentration.neighbours_of_areas import checked_weights
from townshift.process.concentration.points import Flags, Floats
from townshift.process.evolution.hot_spots_trend import CATEGORIES, Trend, categories, mann_kendall
from townshift.types import keyed_seed

FEWEST_YEARS = 2
"""Years below which a hot spot has no history."""


@dataclass(frozen=True, slots=True, eq=False)
class HotSpots:
    """Getis-Ord Gi* of areas in one year; every array has shape (areas,).

    Attributes:
        z: the sum over an area and its neighbours in standard deviations from what random layouts give; 0 where all
            areas are alike.
        p: two-sided share of random layouts as extreme, the observed one included.
        q: share of false discoveries if this area and all with smaller p are called hot or cold.
        hot: whether `q` is at most the rate asked for and `z` above 0.
        cold: the same for `z` below 0.
        smallest_p: the smallest p that so many permutations can give.
    """

    z: Floats
    p: Floats
    q: Floats
    hot: Flags
    cold: Flags
    smallest_p: float


@dataclass(frozen=True, slots=True, eq=False)
class HotSpotHistory:
    """Hot and cold spots of areas over years.

    Attributes:
        z: shape (areas, years), Gi* of each year.
        q: shape (areas, years), false discoveries held within each year.
        hot: shape (areas, years).
        cold: shape (areas, years).
        trend: Mann-Kendall test of each area's z over the years.
        category: shape (areas,), one of `hot_spots_trend.CATEGORIES` with `hot: ` or `cold: ` before it, or `none`.
        years_without_variation: positions of years in which all areas had the same value: nothing is hot or cold in
            them, which is a statement and not a gap.
    """

    z: Floats
    q: Floats
    hot: Flags
    cold: Flags
    trend: Trend
    category: npt.NDArray[np.str_]
    years_without_variation: tuple[int, ...]


def hot_spots(
    values: npt.ArrayLike,
    weights: sparse.csr_array,
    permutations: int = LOCAL_PERMUTATIONS,
    false_discoveries: float = 0.05,
    seed: int = 0,
    where: str = "",
) -> HotSpots:
    """Where an area together with its neighbours holds more, or less, than chance would give it.

    Formula: `Gi* = (sum_j w_ij x_j - mean W_i) / (S sqrt((n sum_j w_ij^2 - W_i^2) / (n - 1)))`, j over the neighbours
    and i itself, `W_i = sum_j w_ij`, S the standard deviation with n. Its mean and variance are those of random layouts
    of the values; with skewed counts the normal distribution fits poorly, so p is taken from random layouts instead.

    Args:
        values: shape (areas,), firms or jobs; any numbers.
        weights: shape (areas, areas), at least 0; an area's weight to itself is set to its largest to a neighbour.
        permutations: random layouts.
        false_discoveries: share of areas called hot or cold that may be so by chance, between 0 and 1.
        seed: seed of the random layouts.
        where: what the values are, for messages.

    Returns:
        Gi* with tests and findings.

    Raises:
        MeasureError: values missing or all equal, fewer than four areas, weights of another shape or empty.

    Source: Ord and Getis (1995), equation 14; Caldas de Castro and Singer (2006) for false discoveries.

    Example:
        >>> from townshift.process.concentration.neighbours_of_areas import from_pairs
        >>> chain = from_pairs([[0, 1], [1, 2], [2, 3]], areas=4)
        >>> hot_spots([0.0, 0.0, 1.0, 1.0], chain, permutations=99).z.round(3)
        array([-1.732, -1.   ,  1.   ,  1.732])
    """
    amounts = area_values(values).ravel()
    problems = value_problems(amounts, "values", where, fewest=FEWEST, negative=True, equal=False)
    refuse(problems + _setting_problems(permutations, false_discoveries, where))
    matrix = _with_own(checked_weights(weights, len(amounts), where))
    return _of_year(amounts, matrix, permutations, false_discoveries, keyed_seed(seed, "hot_spots"))


def hot_spot_history(
    values: npt.ArrayLike,
    weights: sparse.csr_array,
    permutations: int = LOCAL_PERMUTATIONS,
    false_discoveries: float = 0.05,
    seed: int = 0,
    where: str = "",
) -> HotSpotHistory:
    """How each area's being a hot or a cold spot came, stayed or went.

    Formula: `hot_spots` in every year; the Mann-Kendall test on each area's z, false discoveries held over areas; then
    the rules of `hot_spots_trend.categories`.

    Args:
        values: shape (areas, years), years ascending at equal steps.
        weights: shape (areas, areas), at least 0.
        permutations: random layouts in each year.
        false_discoveries: rate for spots within a year, and for trends over areas.
        seed: seed of the random layouts; each year has a stream of its own.
        where: what the values are, for messages.

    Returns:
        Spots by year, trends and categories.

    Raises:
        MeasureError: values missing, or all equal in every year; fewer than four areas or two years; weights of another
            shape or empty.

    Source: Getis and Ord (1992); Mann (1945); Kendall (1975); the categories are those that GIS users know.

    Example:
        >>> from townshift.process.concentration.neighbours_of_areas import from_pairs
        >>> chain = from_pairs([[i, i + 1] for i in range(59)], areas=60)
        >>> values = np.zeros((60, 3))
        >>> values[:4, 1:] = 9
        >>> history = hot_spot_history(values, chain)
        >>> history.category[2], history.category[30], history.years_without_variation
        (np.str_('hot: consecutive'), np.str_('none'), (0,))
    """
    amounts = area_values(values)
    amounts = amounts.reshape(len(amounts), -1)
    problems = value_problems(amounts, "values", where, fewest=FEWEST, negative=True)
    if amounts.shape[1] < FEWEST_YEARS:
        problems.append(Problem("TS-CONC-042", where, {"count": amounts.shape[1], "fewest": FEWEST_YEARS}))
    varied = np.ptp(amounts, axis=0) > 0 if not problems else np.array([True])
    if not varied.any():
        problems.append(Problem("TS-CONC-033", where, {"what": "values", "count": len(amounts)}))
    refuse(problems + _setting_problems(permutations, false_discoveries, where))
    matrix = _with_own(checked_weights(weights, len(amounts), where))
    z, q = np.zeros(amounts.shape), np.ones(amounts.shape)
    hot, cold = np.zeros(amounts.shape, dtype=np.bool_), np.zeros(amounts.shape, dtype=np.bool_)
    for year in np.flatnonzero(varied):
        entropy = keyed_seed(seed, "hot_spots", str(year))
        spots = _of_year(amounts[:, year], matrix, permutations, false_discoveries, entropy)
        z[:, year], q[:, year], hot[:, year], cold[:, year] = spots.z, spots.q, spots.hot, spots.cold
    trend = mann_kendall(z)
    return HotSpotHistory(
        z=z,
        q=q,
        hot=hot,
        cold=cold,
        trend=trend,
        category=categories(hot, cold, np.where(trend.q <= false_discoveries, np.sign(trend.s), 0)),
        years_without_variation=tuple(int(year) for year in np.flatnonzero(~varied)),
    )


def _setting_problems(permutations: int, false_discoveries: float, where: str) -> list[Problem]:
    return [
        *setting_problems("permutations", permutations, 1, MOST_PERMUTATIONS, where),
        *setting_problems("false_discoveries", false_discoveries, 0, 1, where),
    ]


def _with_own(weights: sparse.csr_array) -> sparse.csr_array:
    """The star in Gi*: each area counts among its neighbours, as much as the nearest of them."""
    largest = np.ones(weights.shape[0])
    filled = np.diff(weights.indptr) > 0
    largest[filled] = np.maximum.reduceat(weights.data, weights.indptr[:-1][filled])
    matrix = sparse.csr_array(weights + sparse.diags_array(largest))
    matrix.sort_indices()
    return matrix


def _of_year(
    amounts: Floats, matrix: sparse.csr_array, permutations: int, false_discoveries: float, entropy: list[int]
) -> HotSpots:
    n, mean = len(amounts), amounts.mean()
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    squares = np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()
    spread = amounts.std() * np.sqrt(np.maximum(n * squares - sums**2, 0.0) / (n - 1))
    # An area whose neighbours are all others, equally, has the same sum in every layout.
    fixed = spread <= 1e-9 * amounts.std() * sums
    z = np.divide(matrix @ amounts - mean * sums, spread, out=np.zeros(n), where=~fixed)
    tails = neighbour_tails(amounts - mean, matrix, permutations, np.random.default_rng(entropy), own_fixed=False)
    p = np.where(fixed, 1.0, tails.two_sided())
    q = np.asarray(false_discovery_control(p))
    found = q <= false_discoveries
    return HotSpots(z, p, q, found & (z > 0), found & (z < 0), 2.0 / (1 + permutations))


__all__ = ["CATEGORIES", "HotSpotHistory", "HotSpots", "hot_spot_history", "hot_spots"]
