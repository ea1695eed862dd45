"""How an industry's centre and spread move from year to year, with intervals from resampling its establishments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from townshift.draws import summarise_rows
from townshift.errors import Problem
from townshift.process.concentration.area_values import (
    area_values,
    label_problems,
    length_problems,
    refuse,
    setting_problems,
    value_problems,
    whole_number_problems,
)
from townshift.process.concentration.points import FEWEST, Floats, checked_points
from townshift.process.concentration.shape import MEASURES, MOMENTS, moments, shapes_of
from townshift.types import LEVEL, N_DRAWS, keyed_seed

DRIFT_MEASURES: tuple[str, ...] = (*MEASURES, "east_m", "north_m", "drift_m")
"""A year's shape, then the way of its centre since the first year: east, north, and straight."""

CELLS = 8_000_000
"""Numbers held at once while resampling."""


@dataclass(frozen=True, slots=True, eq=False)
class ShapeDrift:
    """Shapes of an industry by year with joint draws.

    Attributes:
        years: shape (years,), ascending.
        points: shape (years,), establishments with a weight above 0.
        values: shape (years, `DRIFT_MEASURES`).
        draws: shape (years, `DRIFT_MEASURES`, draws); draw i of one year belongs to draw i of every other, and is NaN
            where it holds fewer than three establishments of the year. Bearings run past 0 and 180 where they must, so
            that quantiles are about the value.
        years_left_out: years with fewer than three establishments, ascending.
    """

    years: npt.NDArray[np.int64]
    points: npt.NDArray[np.int64]
    values: Floats
    draws: Floats
    years_left_out: tuple[int, ...]

    def interval(self, measure: str, level: float = LEVEL) -> Floats:
        """Ends of a measure's interval by year, shape (years, 2): quantiles of its draws."""
        return summarise_rows(self.draws[:, DRIFT_MEASURES.index(measure)], level)[:, 1:]


def shape_drift(
    x_m: npt.ArrayLike,
    y_m: npt.ArrayLike,
    year: npt.ArrayLike,
    establishment: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    draws: int = N_DRAWS,
    seed: int = 0,
    where: str = "",
) -> ShapeDrift:
    """How an industry's centre and spread moved from year to year, and how sure that is.

    Formula: the shapes of `shape`; the way of the centre since the first year is `(x_t - x_0, y_t - y_0)` and its
    length. Establishments, not rows, are drawn with replacement, each with all its years, so that those which stay
    cancel from the drift. The intervals say how far the result rests on which establishments there happened to be; the
    straight way is never negative, so where the centre did not move its interval lies above zero: judge by east and
    north.

    Args:
        x_m: shape (rows,), metres east in a projected system, one row for an establishment and year.
        y_m: shape (rows,), metres north.
        year: shape (rows,), calendar years.
        establishment: shape (rows,), the establishment of each row.
        weight: shape (rows,), jobs or another mass, at least 0; None where all count alike.
        draws: how many times the establishments are drawn.
        seed: seed of the draws.
        where: what the points are, for messages.

    Returns:
        Shapes by year with draws.

    Raises:
        MeasureError: see `checked_points`; fewer than two years with three establishments; lengths that differ.

    Source: Efron (1979) for the bootstrap, over clusters as in Davison and Hinkley (1997), section 3.8.

    Example:
        >>> x, y = [1000, 1200, 1100, 1300, 1500, 1400], [0, 0, 90, 0, 0, 90]
        >>> moved = shape_drift(x, y, [2000] * 3 + [2005] * 3, ["a", "b", "c"] * 2)
        >>> moved.values[1, DRIFT_MEASURES.index("east_m")].round(6), moved.interval("east_m")[1].round(6)
        (np.float64(300.0), array([300., 300.]))
    """
    points = checked_points(x_m, y_m, weight, where=where)
    dated, who = area_values(year).ravel(), np.asarray(establishment).ravel()
    problems = length_problems(where, x_m=len(points), year=len(dated), establishment=len(who))
    problems += value_problems(dated, "year", where, negative=True) or whole_number_problems(dated, "year", where)
    problems += label_problems(who, "establishment", where)
    refuse(problems + setting_problems("draws", draws, 1, 1_000_000, where))
    all_years, code = np.unique(dated.astype(np.int64), return_inverse=True)
    count = np.bincount(code, points.masses > 0, len(all_years)).astype(np.int64)
    kept = count >= FEWEST
    if kept.sum() < 2:
        refuse([Problem("TS-CONC-042", where, {"count": int(kept.sum()), "fewest": 2})])
    scale = float(max(np.ptp(points.x_m), np.ptp(points.y_m)))
    origin = float(points.x_m.mean()), float(points.y_m.mean())
    added = moments((points.x_m - origin[0]) / scale, (points.y_m - origin[1]) / scale, points.masses)
    rows = kept[code]
    position = (np.cumsum(kept) - 1)[code[rows]]
    owners, owner = np.unique(who[rows].astype(str) if who.dtype == object else who[rows], return_inverse=True)
    sums = _by_owner(added[:, rows], position, owner, int(kept.sum()), len(owners))
    ones = np.asarray(sums.sum(axis=1)).reshape(MOMENTS, -1)
    values = _measured(ones[:, :, None], scale, origin)[:, :, 0].T
    drawn = _resampled(sums, draws, np.random.default_rng(keyed_seed(seed, "shape_drift")))
    joint = _measured(drawn.reshape(MOMENTS, int(kept.sum()), draws), scale, origin).transpose(1, 0, 2)
    turn = MEASURES.index("bearing_deg")
    about = values[:, turn][:, None]
    joint[:, turn] = about + (joint[:, turn] - about + 90) % 180 - 90
    left_out = tuple(int(value) for value in all_years[~kept])
    return ShapeDrift(all_years[kept].astype(np.int64), count[kept], values, joint, left_out)


def _by_owner(
    added: Floats, position: npt.NDArray[np.intp], owner: npt.NDArray[np.intp], years: int, owners: int
) -> sparse.csr_array:
    """Each establishment's part in every sum of every year: shape (`MOMENTS` × years, owners)."""
    row = (np.arange(MOMENTS)[:, None] * years + position).ravel()
    entries = (added.ravel(), (row, np.tile(owner, MOMENTS)))
    return sparse.csr_array(entries, shape=(MOMENTS * years, owners))


def _resampled(sums: sparse.csr_array, draws: int, generator: np.random.Generator) -> Floats:
    """The sums over establishments drawn with replacement; shape (`MOMENTS` × years, draws)."""
    owners = sums.shape[1]
    step = max(1, CELLS // owners)
    parts = []
    for start in range(0, draws, step):
        chosen = [
            np.bincount(generator.integers(0, owners, size=owners), minlength=owners).astype(np.float64)
            for _ in range(min(step, draws - start))
        ]
        parts.append(sums @ np.stack(chosen, axis=1))
    return np.concatenate(parts, axis=1)


def _measured(sums: Floats, scale: float, origin: tuple[float, float]) -> Floats:
    """Shapes and ways from sums of shape (`MOMENTS`, years, draws); shape (`DRIFT_MEASURES`, years, draws)."""
    shapes = shapes_of(sums.reshape(MOMENTS, -1)).reshape(len(MEASURES), *sums.shape[1:])
    shapes[:5] *= scale
    way = shapes[:2] - shapes[:2, :1]
    shapes[0] += origin[0]
    shapes[1] += origin[1]
    return np.concatenate([shapes, way, np.hypot(way[0], way[1])[None]])
