"""What share of an industry stands in clusters, year by year, and clusters' outlines in degrees for maps and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from townshift.process.concentration.by_year import share_draws
from townshift.process.estimate_rows import Row, bounds_of, collect_rows, whole_table
from townshift.types import N_DRAWS, Estimates, keyed_seed

if TYPE_CHECKING:
    from townshift.process.clusters.result import YearlyClusters


def cluster_estimates(found: YearlyClusters, records: pd.Series, place_id: str, seed: int) -> Estimates:
    """Share of the industry's establishments that stand in a cluster, establishments in the largest, and clusters.

    Measures `clustered_share` (with Jeffreys draws: the share of the process that placed these establishments; a
    register that holds all of them has no sampling error), `largest_cluster_share` (likewise) and `clusters` (a count,
    without draws).

    Args:
        found: clusters by year.
        records: id of each row that the clusters were found in.
        place_id: the focal place.
        seed: of the study.
    """
    behind = whole_table("establishment_points", records.astype(str))
    inside = found.memberships[found.memberships["cluster"] >= 0].groupby("year").size()
    largest = found.table.groupby("year")["n"].max()
    number = found.table.groupby("year").size()
    out = []
    # A year with too few establishments for any cluster has no level, and no share that could be said.
    searched = found.levels[found.levels["level"].notna()]
    for year, n in searched[["year", "n"]].itertuples(index=False):
        for measure, hits in (("clustered_share", inside), ("largest_cluster_share", largest)):
            rng = np.random.default_rng(keyed_seed(seed, measure, str(year)))
            k = int(hits.get(year, 0))
            draws, value = share_draws(k, int(n), rng), k / int(n)
            low, high = bounds_of(draws, value)
            key = (measure, place_id, int(year), int(year), "", "share")
            out.append(Row(*key, value, low, high, int(n), draws, behind))
        count = float(number.get(year, 0))
        key = ("clusters", place_id, int(year), int(year), "", "clusters")
        out.append(Row(*key, count, count, count, int(n), np.full(N_DRAWS, np.nan), behind))
    return collect_rows(out)


def outlines_in_degrees(wkb: pd.Series, projection: str) -> pd.Series:
    """Outlines in metres as WKB in degrees (WGS 84), as geometry is stored.

    Example:
        >>> import shapely
        >>> square = shapely.to_wkb(shapely.box(500_000, 3_400_000, 500_100, 3_400_100))
        >>> degrees = shapely.from_wkb(outlines_in_degrees(pd.Series([square]), "EPSG:32651")[0])
        >>> [round(one) for one in degrees.bounds]
        [123, 31, 123, 31]
    """
    return _transformed(wkb, projection, "EPSG:4326")


def outlines_in_metres(wkb: pd.Series, projection: str) -> pd.Series:
    """The reverse of `outlines_in_degrees`.

    Example:
        >>> import shapely
        >>> point = pd.Series([shapely.to_wkb(shapely.Point(123, 30.7))])
        >>> round(shapely.from_wkb(outlines_in_metres(point, "EPSG:32651")[0]).x)
        500000
    """
    return _transformed(wkb, "EPSG:4326", projection)


def _transformed(wkb: pd.Series, source: str, target: str) -> pd.Series:
    import shapely
    from pyproj import Transformer

    to = Transformer.from_crs(source, target, always_xy=True)
    shapes = shapely.from_wkb(wkb.to_numpy(dtype=object))
    moved = shapely.transform(shapes, lambda at: np.column_stack(to.transform(at[:, 0], at[:, 1])))
    return pd.Series(shapely.to_wkb(moved), index=wkb.index, dtype=object)
