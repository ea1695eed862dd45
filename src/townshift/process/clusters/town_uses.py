"""Inside the town: how mixed the uses are on a grid, workshop beside dormitory beside shop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.errors import MeasureError, Problem
from townshift.process.clusters.town_uses_parameters import TownUsesParameters
from townshift.process.concentration.points import Points, checked_points
from townshift.types import LEVEL, keyed_seed

USES: tuple[str, ...] = ("workshop", "shop", "dormitory", "warehouse", "park_plant")
"""What a point in the town is used for. A workshop is in the village, a park plant in an industrial park."""

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class UseMix:
    """The mix of uses.

    Attributes:
        cells: one row per shown cell: `column` and `row` from the south-west, `x_m`, `y_m` of its middle, `n`, one
            column of counts per use, `entropy` with `low` and `high`, between 0 (one use) and 1 (all alike).
        suppressed_cells: cells with points, but fewer than `min_points`.
        suppressed_points: points in them.
        town: entropy of the whole town, low, high.
        within: mean entropy of the shown cells, weighted by points, low, high: near `town` where uses stand beside
            each other, near 0 where each has quarters of its own.
    """

    cells: pd.DataFrame
    suppressed_cells: int
    suppressed_points: int
    town: tuple[float, float, float]
    within: tuple[float, float, float]


def checked_uses(x_m: npt.ArrayLike, y_m: npt.ArrayLike, use: npt.ArrayLike) -> tuple[Points, Codes]:
    """Points with the number of their use in `USES`.

    Raises:
        MeasureError: what `checked_points` refuses; lengths differ (TS-CONC-001); a use that is none of `USES`
            (TS-CLUSTERS-010).
    """
    points = checked_points(x_m, y_m)
    names = np.asarray(use, dtype=object).ravel()
    if len(names) != len(points):
        raise MeasureError(Problem("TS-CONC-001", "use", {"lengths": f"{len(points)}, {len(names)}"}))
    codes = np.full(len(names), -1, dtype=np.int64)
    for number, name in enumerate(USES):
        codes[names == name] = number
    wrong = codes < 0
    if wrong.any():
        found = ", ".join(sorted({str(name) for name in names[wrong]})[:5])
        values = {"count": int(wrong.sum()), "found": found, "known": ", ".join(USES)}
        raise MeasureError(Problem("TS-CLUSTERS-010", "use", values, count=int(wrong.sum())))
    return points, codes


def use_mix(
    x_m: npt.ArrayLike, y_m: npt.ArrayLike, use: npt.ArrayLike, parameters: TownUsesParameters, seed: int
) -> UseMix:
    """How mixed the uses of a town's points are, cell by cell and in the whole.

    Entropy of the shares p of the k uses, `-sum p log p / log k`, with the correction of Miller and Madow for few
    points, `+ (uses seen - 1) / (2 n log k)`, at most 1. Intervals: draws of the shares from their posterior, a
    Dirichlet law with 1/k added to each count (Perks), so that a use not seen in ten points is not taken for absent.

    Args:
        x_m: shape (n,), metres.
        y_m: shape (n,), metres.
        use: shape (n,), one of `USES` each.
        parameters: size of cells and threshold of suppression.
        seed: the study's.

    Returns:
        Cells with enough points, and the town.

    Raises:
        MeasureError: as `checked_uses`.

    Source: Shannon (1948); Miller (1955); land-use mix: Cervero and Kockelman (1997); Perks (1947).

    Example:
        >>> x, y = np.arange(40) * 10.0 + 500_000, np.full(40, 3_400_000.0) + np.arange(40)
        >>> mix = use_mix(x, y, ["workshop", "dormitory"] * 20, TownUsesParameters(), seed=1)
        >>> mix.cells[["n", "workshop", "dormitory"]].values.tolist(), round(mix.town[0], 3)
        ([[40, 20, 20]], 0.438)
    """
    points, codes = checked_uses(x_m, y_m, use)
    column = np.floor((points.x_m - points.x_m.min()) / parameters.cell_m).astype(np.int64)
    row = np.floor((points.y_m - points.y_m.min()) / parameters.cell_m).astype(np.int64)
    width = int(column.max()) + 1
    cells, inverse = np.unique(row * width + column, return_inverse=True)
    counts = np.zeros((len(cells), len(USES)), dtype=np.int64)
    np.add.at(counts, (inverse, codes), 1)
    n = counts.sum(axis=1)
    shown = n >= parameters.min_points
    draws = _entropy_draws(counts, cells, parameters.draws, seed)
    total = counts.sum(axis=0, keepdims=True)
    town = _summary(
        float(corrected_entropy(total)[0]), _entropy_draws(total, np.array([-1]), parameters.draws, seed)[0]
    )
    entropy = corrected_entropy(counts)
    if shown.any():
        weights = n[shown] / n[shown].sum()
        within = _summary(float(weights @ entropy[shown]), weights @ draws[shown])
    else:
        within = (float("nan"),) * 3
    low, high = np.quantile(draws[shown], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
    at = cells[shown]
    frame = pd.DataFrame({"column": at % width, "row": at // width})
    frame["x_m"] = points.x_m.min() + (frame["column"] + 0.5) * parameters.cell_m
    frame["y_m"] = points.y_m.min() + (frame["row"] + 0.5) * parameters.cell_m
    frame["n"] = n[shown]
    for number, name in enumerate(USES):
        frame[name] = counts[shown, number]
    # The correction is no part of the draws; an interval never leaves its value outside.
    frame["entropy"] = entropy[shown]
    frame["low"], frame["high"] = np.minimum(low, entropy[shown]), np.maximum(high, entropy[shown])
    return UseMix(frame, int((~shown).sum()), int(n[~shown].sum()), town, within)


def corrected_entropy(counts: Codes) -> Floats:
    """Entropy of each row's shares, 0 to 1, corrected for few points (Miller and Madow).

    Example:
        >>> corrected_entropy(np.array([[10, 0, 0, 0, 0], [1000, 1000, 1000, 1000, 1000]])).round(3)
        array([0., 1.])
    """
    n = counts.sum(axis=1)
    seen = (counts > 0).sum(axis=1)
    raw = _entropy(counts / n[:, None])
    return np.asarray(np.minimum(raw + (seen - 1) / (2 * n * np.log(len(USES))), 1.0), dtype=np.float64)


def _entropy(shares: Floats) -> Floats:
    from scipy.special import xlogy

    return np.asarray(-xlogy(shares, shares).sum(axis=-1) / np.log(len(USES)))


def _entropy_draws(counts: Codes, keys: Codes, draws: int, seed: int) -> Floats:
    """Entropy of draws of the shares, shape (cells, draws); a cell's draws depend on its own place alone."""
    out = np.empty((len(counts), draws))
    for number, key in enumerate(keys):
        rng = np.random.default_rng(keyed_seed(seed, "town_uses", "entropy", str(key)))
        out[number] = _entropy(rng.dirichlet(counts[number] + 1 / len(USES), draws))
    return out


def _summary(value: float, draws: Floats) -> tuple[float, float, float]:
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return value, min(float(low), value), max(float(high), value)
