"""What the search for clusters returns: labels, one row per cluster, and the level that was asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Clusters of one industry at one time.

    Attributes:
        labels: shape (n,), number of the cluster of each establishment, from 0, -1 for none. Clusters are numbered
            by size, the largest first; equal ones from south to north, then from west to east.
        table: one row per cluster with `CLUSTER_COLUMNS`: `n` establishments; `jobs`, NaN where none were given;
            `area_m2` and `polygon_wkb` of the outline in projected metres; `density_per_km2`, establishments per km²
            of that area; `lq`, location quotient against the reference with its interval `lq_low`, `lq_high`, NaN
            where there is no reference; `x_m`, `y_m`, mean of the members; `stability`, between 0 and 1.
        method: `level_set` or `hdbscan`.
        level: standardised excess that a place must show (level sets), NaN for HDBSCAN.
        bandwidths_m: standard deviations of the kernels used, finest first; empty for HDBSCAN.
        background: establishments per km² outside clusters, or, with a reference, share of the industry among the
            reference's establishments outside clusters; NaN for HDBSCAN.
    """

    labels: Labels
    table: pd.DataFrame
    method: str
    level: float
    bandwidths_m: tuple[float, ...]
    background: float


@dataclass(frozen=True, slots=True, eq=False)
class YearlyClusters:
    """Clusters of one industry, year by year, on one grid: what tracks are made of.

    Numbers of clusters run from 0 within each year and say nothing about identity between years.

    Attributes:
        memberships: columns `record` (row of the input, int32), `year` (int16), `cluster` (int32, -1 for none), sorted
            by year and record; one row for each year at whose end an establishment exists.
        cells: columns `year` (int16), `cluster` (int32), `cell` (int64), the finest grid's cells of each cluster,
            sorted by year and cell; overlap of areas is overlap of cells.
        table: one row per year and cluster: `year`, then `CLUSTER_COLUMNS`. `stability` is NaN except in the last
            year, where it was asked for.
        cell_m: side of a cell, metres.
        origin_m: x and y of the grid's south-west corner; cell `c` is row `c // columns` from the south and column
            `c % columns` from the west.
        columns: cells of a row of the grid.
        levels: columns `year`, `n` establishments present, `level`, `background`, as in `Clusters`.
    """

    memberships: pd.DataFrame
    cells: pd.DataFrame
    table: pd.DataFrame
    cell_m: float
    origin_m: tuple[float, float]
    columns: int
    levels: pd.DataFrame
