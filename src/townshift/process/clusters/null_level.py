"""The level above which density is no chance: landscapes without clusters, searched as the data are."""

from __future__ import annotations

import numpy as np

from townshift.process.clusters.grid import ClusterGrid, Floats, Ints, pooled
from townshift.process.clusters.level_sets import Landscape, excess
from townshift.process.clusters.parameters import ClustersParameters
from townshift.types import keyed_seed

_EULER = 0.5772156649015329


def critical_level(
    grid: ClusterGrid,
    ground: Landscape,
    n: int,
    reference_cells: Ints | None,
    parameters: ClustersParameters,
    seed: int,
) -> float:
    """The excess that the highest cell of a landscape without clusters passes with probability `significance`.

    A landscape without clusters is `n` establishments set down at random in the window or, with a reference, `n` of
    the reference's establishments drawn at random and called the industry (random labelling). The highest excess over
    all cells and bandwidths is taken from each of `null_runs` landscapes; a Gumbel law fitted by moments gives its
    upper quantile from few runs: one level for all places and scales, hence no correction for having looked at many.

    Args:
        grid: the grid.
        ground: from `landscape`.
        n: establishments of the industry.
        reference_cells: shape (N,), cells of the reference's establishments; None for the window.
        parameters: `null_runs`, `significance`, `excess_ratio`.
        seed: the study's.

    Returns:
        The level, in standard deviations.

    Source: Kulldorff (1997), for the largest statistic under random labelling; Abrams, Kulldorff and Kleinman (2010),
        for the Gumbel approximation; Kelsall and Diggle (1995), for random labelling of kernel ratios.
    """
    sites = np.flatnonzero(grid.window) if reference_cells is None else reference_cells
    highest = np.empty(parameters.null_runs)
    for run in range(parameters.null_runs):
        rng = np.random.default_rng(keyed_seed(seed, "clusters", "null", str(run)))
        drawn = rng.choice(sites, n, replace=reference_cells is None)
        highest[run] = highest_excess(grid.counts(drawn), ground, parameters)
    return gumbel_quantile(highest, 1 - parameters.significance)


def highest_excess(counts: Floats, ground: Landscape, parameters: ClustersParameters) -> float:
    """The largest excess over all cells and bandwidths of one landscape."""
    background = float(counts.sum() / ground.at_risk.sum())
    highest = 0.0
    for octave, (mean, scale) in enumerate(ground.smooth):
        _, beyond = excess(pooled(counts, octave), mean, scale, background, ground.binomial, parameters)
        highest = max(highest, float(beyond.max(initial=0)))
    return highest


def gumbel_quantile(maxima: Floats, probability: float) -> float:
    """Quantile of a Gumbel law with the mean and the standard deviation of `maxima`.

    `scale = sd * sqrt(6) / pi`, `location = mean - 0.5772 scale`, `quantile = location - scale log(-log(p))`.

    Example:
        >>> round(gumbel_quantile(np.array([3.0, 4.0, 5.0]), 0.95), 3)
        5.866
    """
    scale = float(np.std(maxima, ddof=1)) * np.sqrt(6) / np.pi
    return float(np.mean(maxima) - _EULER * scale - scale * np.log(-np.log(probability)))
