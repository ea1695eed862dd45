"""Local and global bands of a curve from simulated ones, with an exact global test.

At one distance, a local band leaves out the share `alpha` of the curves. Looked at over all distances, far more curves
leave it somewhere. The global band is narrowed so that no more than `alpha` of all curves, the observed one among them,
leave it anywhere, on either side: curves are ordered from the most extreme to the most central, and the band is what
the central ones cover. As the observed curve is one of the curves, the test is exact for any number of simulations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """Bands of a curve over distances; all arrays have shape (distances,), in the unit of the curve.

    Attributes:
        local_low, local_high: quantiles `alpha / 2` and `1 - alpha / 2` of the simulated curves, distance by distance.
        global_low, global_high: what at most `alpha` of the curves leave anywhere.
        mean: mean of the simulated curves.
        p_value: share of all curves at least as extreme as the observed one, itself included.
        local_share: share of the simulated curves outside the global band at one distance, on average: the local
            level that amounts to `alpha` over all distances.
    """

    local_low: Floats
    local_high: Floats
    global_low: Floats
    global_high: Floats
    mean: Floats
    p_value: float
    local_share: float


def bands(observed: Floats, simulated: Floats, alpha: float = 0.05) -> Bands:
    """Local and global bands of `observed` under the hypothesis that drew `simulated`.

    Curves are ordered by extreme rank length: a curve's ranks from the nearer side, smallest first, compared word-like.

    Args:
        observed: shape (distances,).
        simulated: shape (simulations, distances), drawn alike and independently of the observed curve.
        alpha: level of the test, between 0 and 1.

    Source: Duranton and Overman (2005), section 3, for global bands from simulated ones; Myllymäki et al. (2017) for
    extreme rank length, which settles the many ties of extreme ranks; Barnard (1963) for the exact test.

    Example:
        >>> simulated = np.arange(39.0)[:, None] + np.zeros(3)
        >>> found = bands(np.array([50.0, 10.0, 10.0]), simulated, alpha=0.10)
        >>> found.p_value, found.global_high.tolist()
        (0.075, [37.0, 37.0, 37.0])
    """
    curves = np.vstack([observed, simulated])
    order = _extremity(curves)
    p_values = np.searchsorted(np.sort(order), order, side="right") / len(curves)
    central = curves[p_values > alpha]
    low, high = central.min(axis=0), central.max(axis=0)
    local_low, local_high = np.quantile(simulated, [alpha / 2, 1 - alpha / 2], axis=0)
    outside = (simulated < low) | (simulated > high)
    return Bands(
        local_low, local_high, low, high, simulated.mean(axis=0), float(p_values[0]), float(outside.mean())
    )  # fmt: skip


def _extremity(curves: Floats) -> npt.NDArray[np.intp]:
    """Place of every curve from the most extreme (0) on; equally extreme curves share a place."""
    from scipy.stats import rankdata

    ranks = rankdata(curves, axis=0)
    nearer = np.sort(np.minimum(ranks, len(curves) + 1 - ranks), axis=1)
    by_extremity = np.lexsort(nearer.T[::-1])
    differs = np.any(np.diff(nearer[by_extremity], axis=0) != 0, axis=1)
    place = np.empty(len(curves), dtype=np.intp)
    place[by_extremity] = np.concatenate([[0], np.cumsum(differs)])
    return place
