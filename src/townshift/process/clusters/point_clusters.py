"""Clusters of an industry among all establishments by year, and of which years nothing can be said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from townshift.errors import MeasureError
from townshift.frames import typed
from townshift.process.clusters.clusters_by_year import Lifetimes, clusters_by_year
from townshift.process.clusters.parameters import ClustersParameters
from townshift.process.clusters.result import YearlyClusters
from townshift.process.concentration.establishment_points import STATUS_TYPES, present
from townshift.types import ChunkMapper, serial

CLUSTER_TYPES = {
    "year": "Int64",
    "cluster": "Int64",
    "n": "Int64",
    "jobs": "float64",
    "area_m2": "float64",
    "density_per_km2": "float64",
    "lq": "float64",
    "lq_low": "float64",
    "lq_high": "float64",
    "x_m": "float64",
    "y_m": "float64",
    "stability": "float64",
    "polygon_wkb": "object",
}
MEMBER_TYPES = {"record_id": "string", "year": "Int64", "cluster": "Int64"}
LEVEL_TYPES = {"year": "Int64", "n": "Int64", "level": "float64", "background": "float64"}

WRONG_REQUEST = ("TS-CLUSTERS-005",)
"""What a user must set otherwise: no fact about the data, so it is raised and not noted."""


@dataclass(frozen=True)
class PointClusters:
    """Clusters by year in the columns that the pipeline stores.

    Attributes:
        found: as the search gave them, None where no year could be searched.
        clusters: `CLUSTER_TYPES`, outlines in projected metres.
        members: `MEMBER_TYPES`, -1 for none.
        levels: `LEVEL_TYPES`.
        status: of which years, or of all, nothing could be said.
    """

    found: YearlyClusters | None
    clusters: pd.DataFrame
    members: pd.DataFrame
    levels: pd.DataFrame
    status: pd.DataFrame


def point_clusters(
    points: pd.DataFrame,
    years: Sequence[int],
    parameters: ClustersParameters,
    seed: int,
    chunks: ChunkMapper = serial,
) -> PointClusters:
    """Find the industry's clusters each year, among all establishments where there are others.

    An industry that is the whole registry is compared with an even spread, and the status says so. A year in which
    all establishments are of the industry, though in others they are not, is left out.

    Args:
        points: as `establishment_points`.
        years: calendar years.
        parameters: of the search.
        seed: of the study.
        chunks: maps over the samples for stability.

    Raises:
        MeasureError: the method cannot be used by year (TS-CLUSTERS-005).

    Example:
        >>> rows = {"record_id": ["a"], "x_m": [5e5], "y_m": [3e6], "member": [True], "employees": [1.0],
        ...     "entry_year": [2000], "exit_year": pd.array([None], dtype="Int64")}
        >>> point_clusters(pd.DataFrame(rows), [2000], ClustersParameters(), 1).status[["reason", "n"]].values.tolist()
        [['industry_is_registry', 1], ['TS-CONC-004', 1]]
    """
    own = points[points["member"].to_numpy(bool)].reset_index(drop=True)
    notes: list[dict[str, object]] = []
    if own.empty:
        return _nothing([_note("not_estimable", "no_points", 0)])
    alone = len(own) == len(points)
    searched = list(years)
    if alone:
        notes.append(_note("estimated", "industry_is_registry", len(own)))
    else:
        whole = [year for year in years if _whole(own, points, year, parameters.min_firms)]
        searched = [year for year in years if year not in whole]
        notes += [
            _note("not_estimable", f"industry_is_registry {year}", int(present(own, year).sum())) for year in whole
        ]
    jobs = own["employees"] if own["employees"].notna().all() else None
    try:
        found = clusters_by_year(
            _lives(own), searched, parameters, jobs=jobs, reference=None if alone else _lives(points),
            seed=seed, chunks=chunks,
        )  # fmt: skip
    except MeasureError as error:
        if any(problem.code in WRONG_REQUEST for problem in error.problems):
            raise
        return _nothing([*notes, *(_note("not_estimable", one.code, len(own)) for one in error.problems)])
    few = found.levels[found.levels["level"].isna() & (found.levels["n"] > 0)]
    if len(few):
        notes.append(_note("not_estimable", f"too_few_points {few['year'].min()}-{few['year'].max()}", len(few)))
    if found.table.empty:
        notes.append(_note("estimated", "no_cluster", len(own)))
    members = found.memberships.assign(record_id=own["record_id"].to_numpy()[found.memberships["record"].to_numpy()])
    return PointClusters(
        found,
        found.table[list(CLUSTER_TYPES)].astype(CLUSTER_TYPES),
        members[list(MEMBER_TYPES)].astype(MEMBER_TYPES),
        found.levels[list(LEVEL_TYPES)].astype(LEVEL_TYPES),
        typed(notes, STATUS_TYPES),
    )


def _whole(own: pd.DataFrame, points: pd.DataFrame, year: int, least: int) -> bool:
    n = int(present(own, year).sum())
    return n >= least and n == int(present(points, year).sum())


def _lives(rows: pd.DataFrame) -> Lifetimes:
    leaving = rows["exit_year"].astype("float64").to_numpy(dtype=np.float64, na_value=np.nan)
    return Lifetimes(rows["x_m"], rows["y_m"], rows["entry_year"], leaving)


def _note(status: str, reason: str, n: int) -> dict[str, object]:
    return {"measure": "clusters", "status": status, "reason": reason, "n": n}


def _nothing(notes: list[dict[str, object]]) -> PointClusters:
    clusters, members, levels = (typed([], types) for types in (CLUSTER_TYPES, MEMBER_TYPES, LEVEL_TYPES))
    return PointClusters(None, clusters, members, levels, typed(notes, STATUS_TYPES))
