"""Clusters as level sets: connected areas where the industry is denser than chance allows, at several bandwidths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.process.clusters.grid import (
    CELLS_PER_BANDWIDTH,
    ClusterGrid,
    Flags,
    Floats,
    Ints,
    pooled,
    smoothed,
    spread,
)
from townshift.process.clusters.parameters import ClustersParameters

MOST_ROUNDS = 10
"""Rounds in which the background is taken anew outside what was found; usually three or four settle it."""

EDGE_CELLS = 4 * CELLS_PER_BANDWIDTH + 1
"""Side of the square of cells, two bandwidths to each side, in which a place is held against the densest."""

Image = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Landscape:
    """What an industry's establishments are held against, on the grid.

    Attributes:
        at_risk: shape of the grid; establishments of all industries per cell, or, with no reference, 1 in the
            window and 0 outside.
        binomial: whether `at_risk` counts establishments, each of which is of the industry or not.
        smooth: `at_risk` under the kernel, per octave; the scale that turns it into an effective count, per octave.
    """

    at_risk: Floats
    binomial: bool
    smooth: tuple[tuple[Floats, Floats], ...]


@dataclass(frozen=True, slots=True, eq=False)
class LevelSets:
    """Areas found.

    Attributes:
        image: shape of the grid, number of the area of each cell, -1 for none.
        background: establishments of the industry per unit at risk outside the areas.
    """

    image: Image
    background: float


def landscape(grid: ClusterGrid, reference_cells: Ints | None) -> Landscape:
    """Prepare what is the same for the data and for every landscape without clusters."""
    at_risk = grid.window.astype(np.float64) if reference_cells is None else grid.counts(reference_cells)
    smooth = tuple(_effective(pooled(at_risk, octave)) for octave in range(grid.octaves))
    return Landscape(at_risk, reference_cells is not None, smooth)


def _effective(at_risk: Floats) -> tuple[Floats, Floats]:
    """`at_risk` under the kernel, and the factor that makes its mean equal its variance: effective establishments."""
    mean, variance = smoothed(at_risk), smoothed(at_risk, power=2)
    scale = np.divide(mean, variance, out=np.zeros_like(mean), where=variance > 0)
    return mean, scale


def excess(
    counts: Floats, mean: Floats, scale: Floats, background: float, binomial: bool, parameters: ClustersParameters
) -> tuple[Flags, Floats]:
    """Where density is `excess_ratio` times the background, and how far beyond chance it is there.

    The kernel smears a sharp edge over two bandwidths and more, and a dense cluster stands out that far; what is less
    than `edge_share` of the densest place within two bandwidths is such a smear and not flagged.

    With `c` effective establishments where `m` are expected the standardised excess is the signed root of the
    deviance, `sqrt(2 (c log(c / m) - (c - m)))`, which is nearly normal even where few are expected; against a
    reference it is the binomial deviance, and the ratio is one of odds.

    Args:
        counts: establishments per cell of this octave.
        mean: what is at risk, under the kernel.
        scale: effective establishments per unit under the kernel.
        background: establishments expected per unit at risk.
        binomial: as in `Landscape`.
        parameters: `excess_ratio`, of odds where `binomial`; `edge_share`.

    Returns:
        Flags with the shape of the octave, and the excess of the flagged cells in the order of `np.flatnonzero`.

    Source: McCullagh and Nelder (1989), section 2.4, on deviance residuals.
    """
    from scipy.ndimage import maximum_filter
    from scipy.special import xlogy

    density = smoothed(counts)
    ratio = parameters.excess_ratio
    usable = (scale > 0) & (density > 0)
    if binomial:
        flags = usable & (density * (1 - background) >= ratio * background * (mean - density))
    else:
        flags = usable & (density >= ratio * background * mean)
    flags &= density >= parameters.edge_share * maximum_filter(density, size=EDGE_CELLS, mode="constant")
    factor = scale[flags]
    found, at_risk = density[flags] * factor, mean[flags] * factor
    expected = background * at_risk
    if binomial:
        others = np.maximum(at_risk - found, 0)
        deviance = xlogy(found, found / expected) + xlogy(others, others / (at_risk - expected))
    else:
        deviance = xlogy(found, found / expected) - (found - expected)
    return flags, np.sqrt(2 * np.maximum(deviance, 0))


def excess_cells(
    counts: Floats, ground: Landscape, octaves: int, background: float, level: float, parameters: ClustersParameters
) -> Flags:
    """Cells denser than chance, from the finest bandwidth to the widest.

    What one bandwidth finds is taken out, establishments and ground alike, before the next looks: a wide kernel would
    otherwise carry a dense cluster far beyond its edge.

    Returns:
        Flags with the shape of the grid.
    """
    hot = np.zeros(counts.shape, dtype=np.bool_)
    for octave in range(octaves):
        if hot.any():
            free = (~hot).astype(np.float64)
            mean, scale = _effective(pooled(ground.at_risk * free, octave))
            remaining = pooled(counts * free, octave)
        else:
            mean, scale = ground.smooth[octave]
            remaining = pooled(counts, octave)
        flags, beyond = excess(remaining, mean, scale, background, ground.binomial, parameters)
        extent, peak = flags.copy(), flags
        extent[extent] = beyond > parameters.extent_level
        peak[peak] = beyond > level
        hot = touching(hot | spread(extent, octave), hot | spread(peak, octave))
    return hot


def touching(extent: Flags, peaks: Flags) -> Flags:
    """Connected areas of `extent` (by sides of cells) in which a peak lies.

    Example:
        >>> touching(np.array([[True, True, False, True]]), np.array([[True, False, False, False]]))
        array([[ True,  True, False, False]])
    """
    from scipy.ndimage import label

    if not peaks.any():
        return np.zeros_like(extent)
    image, n = label(extent)
    kept = np.zeros(n + 1, dtype=np.bool_)
    kept[image[peaks]] = True
    kept[0] = False
    return np.asarray(kept[image], dtype=np.bool_)


def find_level_sets(
    counts: Floats, ground: Landscape, octaves: int, level: float, parameters: ClustersParameters
) -> LevelSets:
    """Areas of at least `min_firms` establishments in which the industry is denser than chance.

    The background starts as the industry's mean over the ground and is taken anew outside what was found, until the
    areas stay. A landscape in which the first round finds nothing has no cluster, whatever the later rounds could do:
    the chance of a false one is that of the first.

    Args:
        counts: shape of the grid, establishments of the industry per cell.
        ground: from `landscape`.
        octaves: bandwidths.
        level: excess that a cell must show, from `critical_level`.
        parameters: `min_firms`, `excess_ratio`.

    Returns:
        The areas, numbered in the order of their south-western cells.

    Source: level sets as clusters: Hartigan (1975), Cuevas, Febrero and Fraiman (2001).
    """
    total, at_risk = counts.sum(), ground.at_risk.sum()
    found = LevelSets(np.full(counts.shape, -1, dtype=np.int32), float(total / at_risk))
    for _ in range(MOST_ROUNDS):
        hot = excess_cells(counts, ground, octaves, found.background, level, parameters)
        image = connected(hot, counts, parameters.min_firms)
        outside = image < 0
        ground_left = ground.at_risk[outside].sum()
        if (outside == (found.image < 0)).all() or ground_left == 0:
            break
        found = LevelSets(image, float(counts[outside].sum() / ground_left))
        if found.background == 0:
            break
    return found


def connected(hot: Flags, counts: Floats, min_firms: int) -> Image:
    """Connected areas (by sides of cells) that hold at least `min_firms` establishments; -1 elsewhere.

    Example:
        >>> connected(np.array([[True, True, False, True]]), np.array([[2.0, 2.0, 0.0, 3.0]]), 4)
        array([[ 0,  0, -1, -1]], dtype=int32)
    """
    from scipy.ndimage import label

    image, n = label(hot)
    held = np.bincount(image.ravel(), weights=counts.ravel(), minlength=n + 1)
    kept = held >= min_firms
    kept[0] = False
    numbers = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
    return np.asarray(numbers[image], dtype=np.int32)
