"""Where exactly an industry's clusters are: outlines with firms, jobs, area, density, specialisation, stability."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.errors import MeasureError, Problem
from townshift.process.clusters.grid import Floats
from townshift.process.clusters.parameters import CLUSTER_COLUMNS, ClustersParameters
from townshift.process.clusters.result import Clusters, Labels
from townshift.process.clusters.search import Found, LevelSetSearch, prepared_search
from townshift.process.clusters.specialisation import cluster_quotients
from townshift.process.clusters.stability import cluster_stability
from townshift.process.concentration.points import checked_points
from townshift.types import ChunkMapper, serial


def find_clusters(
    x_m: npt.ArrayLike,
    y_m: npt.ArrayLike,
    parameters: ClustersParameters,
    *,
    jobs: npt.ArrayLike | None = None,
    reference: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    seed: int,
    chunks: ChunkMapper = serial,
) -> Clusters:
    """Find the clusters of one industry at one time.

    Level sets: a place belongs to a cluster where the density of establishments, under a Gaussian kernel of one of
    several bandwidths, is at least `excess_ratio` times the background and beyond chance; a cluster is a connected
    area of such places with a peak that no landscape without clusters would show, except with probability
    `significance` over all places and bandwidths together, and with at least `min_firms` establishments. Without a
    reference, chance is establishments set down evenly in their convex hull, so every town is a cluster; with one,
    it is random labelling of all establishments' sites, so a cluster is where *this* industry is denser than others.

    Args:
        x_m: shape (n,), metres east in a projected system, the industry's establishments.
        y_m: shape (n,), metres north.
        parameters: the method and what it takes.
        jobs: shape (n,), employment of each establishment, at least 0; it is summed, and decides no cluster.
        reference: x and y in metres, shape (N,) each, of the establishments of all industries, this one's among them.
        seed: the study's.
        chunks: maps over the samples for stability; any number of workers gives the same bytes.

    Returns:
        Labels, one row per cluster, and the level.

    Raises:
        MeasureError: what `checked_points` refuses; the reference is no larger than the industry (TS-CLUSTERS-001) or
            lacks it in places (TS-CLUSTERS-002).

    Source: Hartigan (1975) and Cuevas, Febrero and Fraiman (2001) for level sets; Kulldorff (1997) for chance;
        Campello, Moulavi and Sander (2013) for HDBSCAN; Hennig (2007) for stability.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> x, y = 500_000 + rng.uniform(0, 10_000, 400), 3_400_000 + rng.uniform(0, 10_000, 400)
        >>> x[:100], y[:100] = 505_000 + rng.normal(0, 200, 100), 3_405_000 + rng.normal(0, 200, 100)
        >>> found = find_clusters(x, y, ClustersParameters(resamples=0), seed=7)
        >>> len(found.table), int((found.labels[:100] == 0).sum()) >= 95
        (1, True)
    """
    points = checked_points(x_m, y_m, jobs)
    everyone = None if reference is None else checked_reference(reference, len(points))
    search = prepared_search(points.x_m, points.y_m, everyone, parameters, seed)
    if isinstance(search, LevelSetSearch) and search.reference_cells is not None:
        check_within(search, points.x_m, points.y_m)
    found = search.found(points.x_m, points.y_m)
    stability = cluster_stability(
        points.x_m, points.y_m, found.labels, search, parameters.resamples, seed, chunks=chunks
    )
    share = float("nan") if everyone is None else len(points) / len(everyone[0])
    table = cluster_table(points.x_m, points.y_m, points.weight, found, share, stability)
    level, bandwidths_m = (
        (search.level, search.grid.bandwidths_m) if isinstance(search, LevelSetSearch) else (float("nan"), ())
    )
    return Clusters(
        found.labels,
        table,
        parameters.method,
        level,
        bandwidths_m,
        found.background,
    )


def checked_reference(reference: tuple[npt.ArrayLike, npt.ArrayLike], n: int) -> tuple[Floats, Floats]:
    """The reference as arrays, or what is wrong with it.

    Raises:
        MeasureError: what `checked_points` refuses; no establishment of another industry is in it (TS-CLUSTERS-001).
    """
    everyone = checked_points(*reference, where="reference")
    if len(everyone) <= n:
        raise MeasureError(Problem("TS-CLUSTERS-001", "reference", {"count": len(everyone), "firms": n}))
    return everyone.x_m, everyone.y_m


def check_within(search: LevelSetSearch, x_m: Floats, y_m: Floats) -> None:
    """Refuse a reference that holds fewer establishments in a cell than the industry alone (TS-CLUSTERS-002)."""
    missing = search.grid.counts(search.grid.cells(x_m, y_m)) - search.ground.at_risk
    lacking = int(missing[missing > 0].sum())
    if lacking:
        raise MeasureError(Problem("TS-CLUSTERS-002", "reference", {"count": lacking}, count=lacking))


def cluster_table(
    x_m: Floats, y_m: Floats, jobs: Floats | None, found: Found, share: float, stability: Floats
) -> pd.DataFrame:
    """One row per cluster with `CLUSTER_COLUMNS`."""
    import shapely

    labels: Labels = found.labels
    k = len(found.polygons)
    inside = labels >= 0

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(labels[inside], weights=values[inside], minlength=k), dtype=np.float64)

    n = np.bincount(labels[inside], minlength=k)
    polygons = np.array(found.polygons, dtype=object)
    area = shapely.area(polygons)
    unknown = np.full(k, np.nan)
    lq, low, high = (unknown, unknown, unknown) if found.n_all is None else cluster_quotients(n, found.n_all, share)
    columns = {
        "cluster": np.arange(k),
        "n": n,
        "jobs": unknown if jobs is None else total(jobs),
        "area_m2": area,
        "density_per_km2": n / (area / 1e6),
        "lq": lq,
        "lq_low": low,
        "lq_high": high,
        "x_m": total(x_m) / n,
        "y_m": total(y_m) / n,
        "stability": stability,
        "polygon_wkb": shapely.to_wkb(polygons),
    }
    return pd.DataFrame(columns)[list(CLUSTER_COLUMNS)]
