"""M function: how much of the industry is among the neighbours of its establishments, relative to its overall share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from pydantic import Field

from townshift.errors import MeasureError
from townshift.process.concentration.bands import Bands, bands
from townshift.process.concentration.bandwidth import pair_distances
from townshift.process.concentration.neighbours import neighbour_mass
from townshift.process.concentration.points import Points, check_cases
from townshift.process.concentration.relabelling import drawn_sites, relabelling_seeds
from townshift.types import ChunkMapper, Parameters, serial

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

CHUNK = 20
"""Relabellings handed to a worker at a time."""

KEPT_NUMBERS = 50_000_000
"""Sites times distances up to which the neighbours of all sites are counted once and kept."""


class MParameters(Parameters):
    """Parameters of `m_function`.

    Attributes:
        weighted: whether neighbours count by their weight (employment) or as one.
        distance_max_m: longest distance in metres; the median distance between all sites if None.
        distances: points of the curve, evenly from 0 to the longest distance.
        relabellings: simulated industries.
        alpha: level of the bands.
    """

    weighted: bool = False
    distance_max_m: float | None = Field(default=None, gt=0)
    distances: int = Field(default=101, ge=2)
    relabellings: int = Field(default=1000, ge=19)
    alpha: float = Field(default=0.05, gt=0, lt=1)


@dataclass(frozen=True, slots=True, eq=False)
class MFunction:
    """M of an industry with its bands; arrays have shape (distances,).

    Attributes:
        distance_m: distances, from 0 on.
        m: relative share of the industry among the neighbours; 1 is no concentration, 2 twice the expected share.
        bands: local and global, from relabelling.
        with_neighbours: establishments of the industry that have any neighbour of weight within the distance; the
            others say nothing and are left out. Where it is 0, M is 1.
        cases, sites: establishments of the industry and of all industries.
    """

    distance_m: Floats
    m: Floats
    bands: Bands
    with_neighbours: npt.NDArray[np.int64]
    cases: int
    sites: int


@dataclass(frozen=True, slots=True, eq=False)
class _Relabelling:
    """What a worker needs: sites, their masses (the industry's first), the distances, and neighbours if kept."""

    x_m: Floats
    y_m: Floats
    mass: Floats
    cases: int
    steps: int
    step_m: float
    kept: Floats | None


def m_function(
    points: Points, parameters: MParameters | None = None, seed: int = 0, chunks: ChunkMapper = serial
) -> MFunction:
    """Cumulative relative concentration of an industry around its own establishments.

    Formula: `M(r) = sum_i [C_i(r) / W_i(r)] / sum_i [(C - w_i) / (W - w_i)]` over the industry's establishments `i`
    with `W_i(r) > 0`: `W_i(r)` is the weight of all other establishments within `r`, `C_i(r)` that of the industry's,
    `C` and `W` the totals. A relabelling puts all establishments, each with its industry and weight, on the sites in
    random order. No edge treatment is needed: numerator and denominator lose the same area.

    Args:
        points: with `case`; the industry must not be the whole registry.
        parameters: see `MParameters`.
        seed: of the study; the result is the same for any number of workers.
        chunks: applies relabellings in processes or on a cluster.

    Raises:
        MeasureError: no cases are marked (011); weights are asked for and missing (012), or fewer than two
            establishments of the industry have any (013); most sites stand on one spot (014).

    Source: Marcon and Puech (2010), equation 2.

    Example:
        >>> from townshift.process.concentration.points import checked_points
        >>> x = np.array([0.0, 1, 2, 9, 10, 11]) * 1000
        >>> points = checked_points(x, np.zeros(6), case=[True, True, True, False, False, False])
        >>> found = m_function(points, MParameters(distance_max_m=2000, distances=2, relabellings=19))
        >>> found.m.round(9).tolist(), found.with_neighbours.tolist()  # all neighbours are of it, 2 of 5 in all
        ([1.0, 2.5], [0, 3])
    """
    given = parameters or MParameters()
    check_cases(points, given.weighted)
    assert points.case is not None
    longest = given.distance_max_m or pair_distances(points.x_m, points.y_m).quartiles_m[1]
    if longest <= 0:
        raise MeasureError.of("TS-CONC-014", sites=len(points))
    step = longest / (given.distances - 1)
    rows, others = np.flatnonzero(points.case), np.flatnonzero(~points.case)
    mass = points.masses if given.weighted else np.ones(len(points))
    kept = None
    if not given.weighted and len(points) * given.distances <= KEPT_NUMBERS:
        at = (points.x_m, points.y_m)
        kept = neighbour_mass(at, at, mass, given.distances, step, among=True)
    dealt = _Relabelling(
        points.x_m, points.y_m, np.concatenate([mass[rows], mass[others]]), len(rows), given.distances, step, kept
    )
    m, with_neighbours = _curve(dealt, rows, others, dealt.mass)
    seeds = relabelling_seeds(seed, given.relabellings, "m_function")
    simulated = np.array(chunks(partial(_relabelled, relabelling=dealt), seeds, CHUNK))
    return MFunction(
        distance_m=np.arange(given.distances, dtype=np.float64) * step,
        m=m,
        bands=bands(m, simulated, given.alpha),
        with_neighbours=with_neighbours,
        cases=len(rows),
        sites=len(points),
    )


def _relabelled(seeds: Sequence[int], relabelling: _Relabelling) -> list[Floats]:
    """M of industries dealt to the sites at random, one for each seed."""
    sites = len(relabelling.x_m)
    curves = []
    for seed in seeds:
        draw = np.random.default_rng(seed)
        rows = drawn_sites(draw, sites, relabelling.cases)
        others = np.setdiff1d(np.arange(sites), rows, assume_unique=True)
        mass = relabelling.mass
        if relabelling.kept is None:
            split = [draw.permutation(part) for part in np.split(mass, [relabelling.cases])]
            mass = np.concatenate(split)
        curves.append(_curve(relabelling, rows, others, mass)[0])
    return curves


def _curve(dealt: _Relabelling, rows: Rows, others: Rows, mass: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """M of an industry on `rows`, whose masses come first in `mass`, with the other establishments on `others`."""
    x, y, own = dealt.x_m, dealt.y_m, mass[: dealt.cases]
    at = (x[rows], y[rows])
    same = neighbour_mass(at, at, own, dealt.steps, dealt.step_m, among=True)
    if dealt.kept is None:
        rest = neighbour_mass(at, (x[others], y[others]), mass[dealt.cases :], dealt.steps, dealt.step_m)
    else:
        rest = dealt.kept[rows] - same  # whole numbers: nothing is left of nothing
    every = same + rest
    known = every > 0
    share = np.divide(same, every, out=np.zeros_like(same), where=known).sum(axis=0)
    total = mass.sum()
    expected = (known * ((own.sum() - own) / (total - own))[:, None]).sum(axis=0)
    m = np.divide(share, expected, out=np.ones(dealt.steps), where=expected > 0)
    return m, known.sum(axis=0)
