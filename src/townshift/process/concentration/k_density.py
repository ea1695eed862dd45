"""K-density: at which distances an industry's establishments stand closer together, or farther apart, than chance.

Chance is where establishments of all industries stand: the industry's establishments are put on sites drawn from
theirs, again and again, and the observed density of distances is compared with the densities drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from townshift.errors import MeasureError
from townshift.process.concentration.bands import Bands, bands
from townshift.process.concentration.bandwidth import pair_distances, silverman_bandwidth
from townshift.process.concentration.k_choice import Computation, PairMethod, chosen_computation
from townshift.process.concentration.k_exact import PairSum, spatial_order
from townshift.process.concentration.k_parameters import KDensityParameters
from townshift.process.concentration.points import Points, check_cases
from townshift.process.concentration.relabelling import drawn_sites, relabelling_seeds
from townshift.types import ChunkMapper, serial

Floats = npt.NDArray[np.float64]

CHUNK = 50
"""Relabellings handed to a worker at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class KDensity:
    """K-density of an industry with its bands; arrays have shape (distances,).

    Attributes:
        distance_m: distances, from 0 on.
        density: share of pairs (or of their weight) per metre of distance.
        bands: local and global, from relabelling.
        localisation: how far the density is above the global band, per metre.
        dispersion: how far it is below, per metre; 0 everywhere where there is localisation at any distance.
        localisation_index, dispersion_index: the same summed over distance, a share of all pairs.
        bandwidth_m: of the kernel.
        cases, sites: establishments of the industry and of all industries.
        computation: `exact` or `grid`, and how the relabelled curves were computed.
        error_bound: how far a relabelled curve is at most expected to be from its exact value, per metre.
        deviation: how far the observed curve, computed as the relabelled ones, is from its exact value at most, as a
            share of its maximum.
    """

    distance_m: Floats
    density: Floats
    bands: Bands
    localisation: Floats
    dispersion: Floats
    localisation_index: float
    dispersion_index: float
    bandwidth_m: float
    cases: int
    sites: int
    computation: Computation
    error_bound: Floats
    deviation: float


@dataclass(frozen=True, slots=True, eq=False)
class _Relabelling:
    """What a worker needs to draw curves: where sites are, what the industry's masses are, how pairs are summed."""

    method: PairMethod
    sites: int
    mass: Floats
    weighted: bool


def k_density(
    points: Points, parameters: KDensityParameters | None = None, seed: int = 0, chunks: ChunkMapper = serial
) -> KDensity:
    """Density of the distances between an industry's establishments, with bands from random relabelling.

    Formula: `K(r) = sum_{i<j} e_i e_j [k(r - d_ij) + k(r + d_ij)] / sum_{i<j} e_i e_j`, with `k` a normal density of
    standard deviation `bandwidth_m`, reflected at distance zero, and `e = 1` unless weighted. A relabelling draws as
    many sites as the industry has establishments, without replacement, from the sites of all establishments, its own
    included, and deals the industry's weights to them at random. The bandwidth is that of the observed industry.

    Args:
        points: with `case`; the industry must not be the whole registry.
        parameters: see `KDensityParameters`.
        seed: of the study; the result is the same for any number of workers.
        chunks: applies relabellings in processes or on a cluster.

    Returns:
        The curve, its bands and indices, and how exact they are.

    Raises:
        MeasureError: no cases are marked (011); weights are asked for and missing (012), or fewer than two
            establishments of the industry have any (013); distances have no spread (010); most sites stand on one spot
            (014); the bandwidth is too small for a grid (015).

    Source: Duranton and Overman (2005), sections 2 and 3.

    Example:
        >>> from townshift.process.concentration.points import checked_points
        >>> draw = np.random.default_rng(7)
        >>> x, y = draw.uniform(0, 10_000, (2, 300))
        >>> x[:30], y[:30] = draw.uniform(4_000, 5_000, (2, 30))
        >>> found = k_density(checked_points(x, y, case=np.arange(300) < 30), KDensityParameters(relabellings=99))
        >>> found.bands.p_value, found.localisation_index > 0.3, found.dispersion_index
        (0.01, True, 0.0)
    """
    given = parameters or KDensityParameters()
    check_cases(points, given.weighted)
    order = spatial_order(points.x_m, points.y_m)
    x, y = points.x_m[order], points.y_m[order]
    assert points.case is not None
    rows = np.flatnonzero(points.case[order])
    mass = points.masses[order][rows] if given.weighted else np.ones(len(rows))
    bandwidth = given.bandwidth_m or silverman_bandwidth(pair_distances(x[rows], y[rows]))
    longest = given.distance_max_m or pair_distances(x, y).quartiles_m[1]
    if longest <= 0:
        raise MeasureError.of("TS-CONC-014", sites=len(x))
    step = longest / (given.distances - 1)
    plan = chosen_computation(x, y, rows, mass, PairSum(given.distances, step, bandwidth), given)
    pair_mass = (mass.sum() ** 2 - mass @ mass) / 2
    relabelling = _Relabelling(plan.method, len(x), mass, given.weighted)
    seeds = relabelling_seeds(seed, given.relabellings, "k_density")
    simulated = np.array(chunks(partial(_relabelled, relabelling=relabelling), seeds, CHUNK)) / pair_mass
    density = plan.observed / pair_mass
    found = bands(density, simulated, given.alpha)
    above = np.maximum(density - found.global_high, 0)
    below = np.zeros_like(above) if above.any() else np.maximum(found.global_low - density, 0)
    return KDensity(
        distance_m=np.arange(given.distances, dtype=np.float64) * step,
        density=density,
        bands=found,
        localisation=above,
        dispersion=below,
        localisation_index=float(np.trapezoid(above, dx=step)),
        dispersion_index=float(np.trapezoid(below, dx=step)),
        bandwidth_m=bandwidth,
        cases=len(rows),
        sites=len(x),
        computation=plan.computation,
        error_bound=plan.error_bound,
        deviation=plan.deviation,
    )


def _relabelled(seeds: Sequence[int], relabelling: _Relabelling) -> list[Floats]:
    """Unnormalised curves of industries on drawn sites, one for each seed."""
    curves = []
    for seed in seeds:
        draw = np.random.default_rng(seed)
        rows = drawn_sites(draw, relabelling.sites, len(relabelling.mass))
        mass = draw.permutation(relabelling.mass) if relabelling.weighted else relabelling.mass
        curves.append(relabelling.method(rows, mass))
    return curves
