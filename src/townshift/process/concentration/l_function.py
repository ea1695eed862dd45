"""Ripley's K and Besag's L: whether establishments have more neighbours than on a plane where they stood at random."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from townshift.errors import MeasureError, Problem
from townshift.process.concentration.bands import Bands, bands
from townshift.process.concentration.neighbours import bin_of
from townshift.process.concentration.points import Points
from townshift.process.concentration.relabelling import drawn_sites, relabelling_seeds
from townshift.process.kernel import Column, Scalar, kernel
from townshift.types import ChunkMapper, Parameters, serial

Floats = npt.NDArray[np.float64]

CHUNK = 50
"""Simulations handed to a worker at a time."""


class LParameters(Parameters):
    """Parameters of `l_function`.

    Attributes:
        null: `plane`, points anywhere in the window with the same probability; `sites`, an industry's establishments
            on sites drawn from those of all establishments, which needs cases.
        window_m: west, south, east, north bound of the window in metres; if None, the bounding box of all points,
            widened by (n + 1) / (n - 1) about its centre (Ripley and Rasson 1977).
        distance_max_m: longest distance; a quarter of the window's shorter side if None, and below that side.
        distances: points of the curve, evenly from 0 to the longest distance.
        simulations: simulated patterns.
        alpha: level of the bands.
    """

    null: Literal["plane", "sites"] = "plane"
    window_m: tuple[float, float, float, float] | None = None
    distance_max_m: float | None = Field(default=None, gt=0)
    distances: int = Field(default=101, ge=2)
    simulations: int = Field(default=1000, ge=19)
    alpha: float = Field(default=0.05, gt=0, lt=1)


@dataclass(frozen=True, slots=True, eq=False)
class LFunction:
    """L of a pattern with its bands; arrays have shape (distances,).

    Attributes:
        distance_m: distances, from 0 on.
        l_m: `sqrt(K / pi) - r` in metres; above 0 more neighbours than at random, below 0 fewer.
        bands: local and global, of `l_m`.
        window_m: west, south, east, north bound in metres.
        points: number of points whose neighbours were counted.
        null: what the bands are drawn from.
    """

    distance_m: Floats
    l_m: Floats
    bands: Bands
    window_m: tuple[float, float, float, float]
    points: int
    null: Literal["plane", "sites"]


@dataclass(frozen=True, slots=True, eq=False)
class _Pattern:
    """What a worker needs: the window, the distances, the number of points, and sites if they are drawn from."""

    window: tuple[float, float, float, float]
    steps: int
    step_m: float
    count: int
    sites: tuple[Floats, Floats] | None


def l_function(
    points: Points, parameters: LParameters | None = None, seed: int = 0, chunks: ChunkMapper = serial
) -> LFunction:
    """Besag's L of the points (of the industry, if cases are marked) with translation edge correction.

    Formula: `L(r) = sqrt(K(r) / pi) - r`, `K(r) = A² / (n (n - 1)) sum_{i != j} 1(d_ij <= r) / A_ij`: `A` is the
    area of the rectangular window, `A_ij = (width - |x_i - x_j|) (height - |y_i - y_j|)` that of its overlap with
    itself shifted from one point to the other, which makes up for neighbours beyond the edge.

    Args:
        points: all points; with `case`, L is that of the industry.
        parameters: see `LParameters`.
        seed: of the study; the result is the same for any number of workers.
        chunks: applies simulations in processes or on a cluster.

    Raises:
        MeasureError: the null `sites` without cases (011); a window without area, or that does not hold all points
            (016); a longest distance not below the window's shorter side (017).

    Source: Ripley (1976); Besag (1977); translation correction of Ohser (1983); Illian et al. (2008), section 4.3.

    Example:
        >>> from townshift.process.concentration.points import checked_points
        >>> points = checked_points([1000.0, 1100.0, 1600.0], [1000.0, 1000.0, 1500.0])
        >>> given = LParameters(window_m=(1000, 1000, 2000, 2000), distance_max_m=200, distances=3, simulations=19)
        >>> l_function(points, given).l_m.round(2).tolist()  # K = 1000² / 6 * 2 / 0.9 from 100 m on
        [0.0, 243.35, 143.35]
    """
    given = parameters or LParameters()
    if given.null == "sites" and points.case is None:
        raise MeasureError.of("TS-CONC-011")
    window = given.window_m or _bounding_window(points)
    longest = given.distance_max_m or min(window[2] - window[0], window[3] - window[1]) / 4
    _check(points, window, longest)
    rows = points.cases
    step = longest / (given.distances - 1)
    sites = (points.x_m, points.y_m) if given.null == "sites" else None
    pattern = _Pattern(window, given.distances, step, len(rows), sites)
    observed = _curve(points.x_m[rows], points.y_m[rows], pattern)
    seeds = relabelling_seeds(seed, given.simulations, "l_function")
    simulated = np.array(chunks(partial(_simulated, pattern=pattern), seeds, CHUNK))
    distance = np.arange(given.distances, dtype=np.float64) * step
    return LFunction(distance, observed, bands(observed, simulated, given.alpha), window, len(rows), given.null)


def _simulated(seeds: Sequence[int], pattern: _Pattern) -> list[Floats]:
    """L of patterns drawn under the null, one for each seed."""
    west, south, east, north = pattern.window
    curves = []
    for seed in seeds:
        draw = np.random.default_rng(seed)
        if pattern.sites is None:
            x, y = draw.uniform(west, east, pattern.count), draw.uniform(south, north, pattern.count)
        else:
            rows = drawn_sites(draw, len(pattern.sites[0]), pattern.count)
            x, y = pattern.sites[0][rows], pattern.sites[1][rows]
        curves.append(_curve(x, y, pattern))
    return curves


def _curve(x: Floats, y: Floats, pattern: _Pattern) -> Floats:
    width, height = pattern.window[2] - pattern.window[0], pattern.window[3] - pattern.window[1]
    found = np.zeros(pattern.steps)
    order = np.argsort(x, kind="stable")
    _gather(x[order], y[order], width, height, pattern.step_m, found)
    n = len(x)
    k = (width * height) ** 2 / (n * (n - 1)) * 2 * np.cumsum(found)
    return np.asarray(np.sqrt(k / math.pi) - np.arange(pattern.steps) * pattern.step_m)


@kernel
def _gather(x: Column, y: Column, width: Scalar, height: Scalar, step: Scalar, found: Column) -> None:
    """One over the overlap of the window of every pair in reach, by distance; points ascend in `x`."""
    last = (found.shape[0] - 1) * step
    for i in range(x.shape[0]):
        j = i + 1
        while j < x.shape[0] and x[j] - x[i] <= last:
            across, along = x[j] - x[i], abs(y[j] - y[i])
            distance = math.sqrt(across * across + along * along)
            if distance <= last:
                found[bin_of(distance, step)] += 1 / ((width - across) * (height - along))
            j += 1


def _bounding_window(points: Points) -> tuple[float, float, float, float]:
    wider = (len(points) + 1) / (len(points) - 1) / 2
    centre = ((points.x_m.min() + points.x_m.max()) / 2, (points.y_m.min() + points.y_m.max()) / 2)
    half = (np.ptp(points.x_m) * wider, np.ptp(points.y_m) * wider)
    return (
        float(centre[0] - half[0]), float(centre[1] - half[1]), float(centre[0] + half[0]), float(centre[1] + half[1])
    )  # fmt: skip


def _check(points: Points, window: tuple[float, float, float, float], longest: float) -> None:
    west, south, east, north = window
    outside = (points.x_m < west) | (points.x_m > east) | (points.y_m < south) | (points.y_m > north)
    problems = []
    if not (west < east and south < north) or outside.any():
        problems.append(Problem("TS-CONC-016", "", {"window": window, "outside": int(outside.sum())}))
    elif longest >= min(east - west, north - south):
        side = min(east - west, north - south)
        problems.append(Problem("TS-CONC-017", "", {"longest": f"{longest:g}", "side": f"{side:g}"}))
    if problems:
        raise MeasureError(*problems)
