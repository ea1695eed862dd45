"""How far living, making and selling are apart inside the town, by year."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.errors import MeasureError, Problem
from townshift.process.clusters.town_uses import Codes, Floats, checked_uses
from townshift.process.clusters.town_uses_parameters import TownUsesParameters
from townshift.types import LEVEL, keyed_seed

FUNCTIONS: dict[str, tuple[str, ...]] = {
    "living": ("dormitory",),
    "making": ("workshop", "park_plant"),
    "selling": ("shop",),
}
"""Functions of a town and the uses that serve them; a warehouse serves none of the three."""

PAIRS: tuple[tuple[str, str], ...] = (("living", "making"), ("making", "selling"), ("living", "selling"))

DISTANCE_COLUMNS: tuple[str, ...] = ("year", "origin", "destination", "measure", "value_m", "low", "high", "n", "flags")


def use_distances(
    x_m: npt.ArrayLike,
    y_m: npt.ArrayLike,
    use: npt.ArrayLike,
    year: npt.ArrayLike,
    years: Sequence[int],
    parameters: TownUsesParameters,
    seed: int,
) -> pd.DataFrame:
    """How far it is from where one function is to where another is, by year.

    `nearest`: mean over the points of the first function of the distance to the nearest point of the second.
    `mean`: mean distance over all pairs. Both rise when functions that shared a house move into quarters of their
    own. Intervals: bootstrap over the points of both functions (percentiles); for `nearest` the points of the second
    function stay, because a sample of them with doubles would be thinner than they are and its distances too long.

    Args:
        x_m: shape (n,), metres.
        y_m: shape (n,), metres.
        use: shape (n,), one of `USES` each.
        year: shape (n,), calendar year of each row; a place has one row per year.
        years: years to be answered.
        parameters: `draws`, samples of the bootstrap; `min_points`, points of either function below which a year is
            suppressed.
        seed: the study's.

    Returns:
        One row per year, pair of functions and measure with `DISTANCE_COLUMNS`, metres; `n` is the smaller number of
        points. Suppressed rows hold NaN and the flag `suppressed`, or `no_data` where a function has no point.

    Raises:
        MeasureError: as `checked_uses`; no year (TS-CLUSTERS-003).

    Source: nearest neighbours: Clark and Evans (1954); bootstrap: Efron and Tibshirani (1993).

    Example:
        >>> x = np.r_[np.zeros(10), np.full(10, 300.0)] + 500_000
        >>> use = ["dormitory"] * 10 + ["workshop"] * 10
        >>> found = use_distances(x, np.full(20, 3.4e6), use, [2010] * 20, [2010], TownUsesParameters(), seed=1)
        >>> found.loc[:1, ["origin", "destination", "measure", "value_m", "low"]].values.tolist()
        [['living', 'making', 'nearest', 300.0, 300.0], ['living', 'making', 'mean', 300.0, 300.0]]
    """
    if not len(years):
        raise MeasureError(Problem("TS-CLUSTERS-003"))
    points, codes = checked_uses(x_m, y_m, use)
    when = np.asarray(year, dtype=np.float64).ravel()
    if len(when) != len(points):
        raise MeasureError(Problem("TS-CONC-001", "year", {"lengths": f"{len(points)}, {len(when)}"}))
    places = np.column_stack([points.x_m, points.y_m])
    rows = []
    for wanted in sorted(set(years)):
        for origin, destination in PAIRS:
            one, other = (places[(when == wanted) & _serves(codes, function)] for function in (origin, destination))
            n = min(len(one), len(other))
            if n < parameters.min_points:
                flag = "suppressed" if n else "no_data"
                gone = (float("nan"),) * 3
                rows += [(wanted, origin, destination, name, *gone, n, flag) for name in ("nearest", "mean")]
                continue
            rng = np.random.default_rng(keyed_seed(seed, "town_uses", "distances", str(wanted), origin, destination))
            for name, summary in (("nearest", _nearest), ("mean", _mean)):
                rows.append((wanted, origin, destination, name, *summary(one, other, parameters.draws, rng), n, ""))
    return pd.DataFrame(rows, columns=list(DISTANCE_COLUMNS))


def _serves(codes: Codes, function: str) -> npt.NDArray[np.bool_]:
    from townshift.process.clusters.town_uses import USES

    return np.isin(codes, [USES.index(name) for name in FUNCTIONS[function]])


def _nearest(one: Floats, other: Floats, draws: int, rng: np.random.Generator) -> tuple[float, float, float]:
    from scipy.spatial import KDTree

    distance = np.asarray(KDTree(other).query(one)[0], dtype=np.float64)
    # Multinomial counts are the bootstrap: how often each point is in a sample.
    samples = rng.multinomial(len(one), np.full(len(one), 1 / len(one)), draws) @ distance / len(one)
    return _interval(float(distance.mean()), samples)


def _mean(one: Floats, other: Floats, draws: int, rng: np.random.Generator) -> tuple[float, float, float]:
    # Row by row, so that memory is that of one point's distances; the bootstrap of pairs is w' D v.
    weights = rng.multinomial(len(other), np.full(len(other), 1 / len(other)), draws) / len(other)
    first = rng.multinomial(len(one), np.full(len(one), 1 / len(one)), draws) / len(one)
    total, samples = 0.0, np.zeros(draws)
    for start in range(0, len(one), _BLOCK):
        block = one[start : start + _BLOCK]
        distance = np.hypot(block[:, :1] - other[:, 0], block[:, 1:] - other[:, 1])
        total += float(distance.sum())
        samples += ((weights @ distance.T) * first[:, start : start + _BLOCK]).sum(axis=1)
    return _interval(total / (len(one) * len(other)), samples)


_BLOCK = 256


def _interval(value: float, samples: Floats) -> tuple[float, float, float]:
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return value, float(low), float(high)
