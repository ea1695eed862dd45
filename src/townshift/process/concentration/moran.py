"""Whether areas resemble their neighbours: Moran's I of all areas together and of each, with false discoveries held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.stats import false_discovery_control

from townshift.process.concentration.area_values import area_values, refuse, setting_problems, value_problems
from townshift.process.concentration.inequality import MOST_PERMUTATIONS, PERMUTATIONS
from townshift.process.concentration.moran_permutation import neighbour_tails
from townshift.process.concentration.neighbours_of_areas import checked_weights, row_standardised
from townshift.process.concentration.points import Floats
from townshift.types import keyed_seed

FEWEST = 4
"""Areas below which no layout of values is rarer than one in twenty."""

LOCAL_PERMUTATIONS = 9_999
"""Random layouts behind local p-values: more than usual, because false discoveries are held over many areas."""

QUADRANTS: tuple[str, ...] = ("high-high", "low-high", "low-low", "high-low")
"""An area's own value, then its neighbours'; above or below the mean of all areas."""


@dataclass(frozen=True, slots=True)
class Moran:
    """Moran's I of all areas.

    Attributes:
        value: about -1 to 1; above `expected` where neighbours resemble each other.
        expected: the mean without any pattern, `-1 / (n - 1)`.
        sd: standard deviation over random layouts.
        p: two-sided share of random layouts as extreme as the observed one, itself included.
        islands: areas without a neighbour.
        permutations: random layouts behind `sd` and `p`.
    """

    value: float
    expected: float
    sd: float
    p: float
    islands: int
    permutations: int


@dataclass(frozen=True, slots=True, eq=False)
class LocalMoran:
    """Moran's I of each area; every array has shape (areas,).

    Attributes:
        values: local I; above 0 where an area resembles its neighbours.
        neighbours_mean: mean of the neighbours' values, in standard deviations from the mean of all areas.
        quadrant: one of `QUADRANTS`; empty for an area without neighbours.
        p: two-sided, from conditional permutation; 1 for an area without neighbours or exactly at the mean.
        q: the share of false discoveries if this area and all with smaller p are called clusters.
        found: whether `q` is at most the rate asked for.
        islands: areas without a neighbour.
        smallest_p: the smallest p that so many permutations can give; where many areas are tested, `found` needs it
            below the rate divided by the areas, or many areas that reach it.
        permutations: random layouts behind `p`.
    """

    values: Floats
    neighbours_mean: Floats
    quadrant: npt.NDArray[np.str_]
    p: Floats
    q: Floats
    found: npt.NDArray[np.bool_]
    islands: int
    smallest_p: float
    permutations: int


def moran(
    values: npt.ArrayLike, weights: sparse.csr_array, permutations: int = PERMUTATIONS, seed: int = 0, where: str = ""
) -> Moran:
    """Whether areas resemble their neighbours more, or less, than if values were laid out at random.

    Formula: `I = n / S0 * sum_ij w_ij z_i z_j / sum_i z_i^2`, `z` deviations from the mean, rows of w adding up to 1.

    Args:
        values: shape (areas,), any numbers.
        weights: shape (areas, areas), at least 0; rows are standardised here.
        permutations: random layouts.
        seed: seed of the random layouts.
        where: what the values are, for messages.

    Returns:
        Moran's I with its test.

    Raises:
        MeasureError: values missing or all equal, fewer than four areas, weights of another shape or empty.

    Source: Moran (1950); Cliff and Ord (1981).

    Example:
        >>> from townshift.process.concentration.neighbours_of_areas import from_pairs
        >>> chain = from_pairs([[0, 1], [1, 2], [2, 3]], areas=4)
        >>> round(moran([0.0, 0.0, 1.0, 1.0], chain, permutations=9).value, 6)
        0.5
    """
    z, matrix = _deviations(values, weights, permutations, where)
    n = len(z)
    # Sums of products, not matrix products of vectors: libraries split those by threads, and the last digit varies.
    scale = n / float(matrix.sum()) / float((z * z).sum())
    value = scale * float((z * (matrix @ z)).sum())
    generator = np.random.Generator(np.random.SFC64(keyed_seed(seed, "moran")))
    layout, drawn = z.copy(), np.empty(permutations)
    for i in range(permutations):
        generator.shuffle(layout)
        drawn[i] = scale * float((layout * (matrix @ layout)).sum())
    tie = 1e-12 * max(1.0, abs(value))
    fewer = min(int((drawn >= value - tie).sum()), int((drawn <= value + tie).sum()))
    return Moran(
        value=value,
        expected=-1.0 / (n - 1),
        sd=float(drawn.std()),
        p=min(1.0, 2.0 * (1 + fewer) / (1 + permutations)),
        islands=int((np.diff(matrix.indptr) == 0).sum()),
        permutations=permutations,
    )


def local_moran(
    values: npt.ArrayLike,
    weights: sparse.csr_array,
    permutations: int = LOCAL_PERMUTATIONS,
    false_discoveries: float = 0.05,
    seed: int = 0,
    where: str = "",
) -> LocalMoran:
    """Where areas and their neighbours are alike beyond chance, with the share of false findings held.

    Formula: `I_i = (n - 1) z_i sum_j w_ij z_j / sum_j z_j^2`, rows of w adding up to 1; p by laying the other areas'
    values out at random around each area; q by Benjamini and Hochberg over all areas that have neighbours.

    Args:
        values: shape (areas,), any numbers.
        weights: shape (areas, areas), at least 0; rows are standardised here.
        permutations: random layouts.
        false_discoveries: share of areas called clusters that may be there by chance, between 0 and 1.
        seed: seed of the random layouts.
        where: what the values are, for messages.

    Returns:
        Local I with tests, quadrants and findings.

    Raises:
        MeasureError: values missing or all equal, fewer than four areas, weights of another shape or empty.

    Source: Anselin (1995); Benjamini and Hochberg (1995); Caldas de Castro and Singer (2006) for their union.

    Example:
        >>> from townshift.process.concentration.neighbours_of_areas import from_pairs
        >>> chain = from_pairs([[0, 1], [1, 2], [2, 3]], areas=4)
        >>> local_moran([0.0, 0.0, 1.0, 1.0], chain, permutations=99).values
        array([0.75, 0.  , 0.  , 0.75])
    """
    refuse(setting_problems("false_discoveries", false_discoveries, 0, 1, where))
    z, matrix = _deviations(values, weights, permutations, where)
    n = len(z)
    lag = matrix @ z
    generator = np.random.default_rng(keyed_seed(seed, "local_moran"))
    p = neighbour_tails(z, matrix, permutations, generator, own_fixed=True).two_sided()
    p[z == 0] = 1.0  # whatever the neighbours are, an area at the mean is like none of them
    linked = np.diff(matrix.indptr) > 0
    q = np.ones(n)
    q[linked] = false_discovery_control(p[linked])
    quadrant = np.array(QUADRANTS)[np.where(lag > 0, np.where(z > 0, 0, 1), np.where(z > 0, 3, 2))]
    squares = float((z * z).sum())
    return LocalMoran(
        values=(n - 1) * z * lag / squares + 0.0,  # no negative zeros
        neighbours_mean=lag / np.sqrt(squares / n),
        quadrant=np.where(linked, quadrant, ""),
        p=p,
        q=q,
        found=q <= false_discoveries,
        islands=int((~linked).sum()),
        smallest_p=2.0 / (1 + permutations),
        permutations=permutations,
    )


def _deviations(
    values: npt.ArrayLike, weights: sparse.csr_array, permutations: int, where: str
) -> tuple[Floats, sparse.csr_array]:
    amounts = area_values(values).ravel()
    problems = value_problems(amounts, "values", where, fewest=FEWEST, negative=True, equal=False)
    refuse(problems + setting_problems("permutations", permutations, 1, MOST_PERMUTATIONS, where))
    matrix = row_standardised(checked_weights(weights, len(amounts), where))
    return amounts - amounts.mean(), matrix
