"""What clusters are followed on: memberships by year as whole numbers, clusters as nodes, all checked at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.errors import MeasureError, Problem

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

IN_NO_CLUSTER = -1
"""Cluster of a record that stands in none: it exists, which a record without a row does not."""

CELL_COLUMNS = ("year", "cluster", "cell")

LARGEST_DEGREES = (180.0, 90.0)


@dataclass(frozen=True, slots=True)
class ClusterCells:
    """Cells of a grid that is the same in all years, by year and cluster.

    Attributes:
        cell, node: shape (rows,), number of the cell, from 0, and the cluster that covers it, sorted by year.
        row_start: shape (years + 1,), where each year's rows start.
        count: how many cells there are in all.
    """

    cell: Codes
    node: Codes
    row_start: Ints
    count: int

    def rows(self, year: int) -> slice:
        """The rows of the year at a position."""
        return slice(int(self.row_start[year]), int(self.row_start[year + 1]))


@dataclass(frozen=True, slots=True)
class ClusterYears:
    """Clusters by year, ready to be followed.

    Attributes:
        years: shape (years,), the years that have memberships, rising.
        record, node: shape (rows,), record code and node (-1 = in no cluster) of each membership, sorted by year.
        row_start: shape (years + 1,), where each year's memberships start.
        records: the records' own ids, by code.
        nodes: the clusters, one row each, sorted by year and cluster: year, cluster, n (counted from the memberships),
            jobs, area_m2, x_m, y_m.
        node_year: shape (nodes,), position of the node's year in `years`.
        node_start: shape (years + 1,), where each year's nodes start.
        polygons: shape (nodes,), shapely polygons in metres, or None where clusters have none.
        cells: the grid cells of each cluster, or None where clusters have none; they come before polygons.
    """

    years: Ints
    record: Codes
    node: Codes
    row_start: Ints
    records: pd.Index
    nodes: pd.DataFrame
    node_year: Ints
    node_start: Ints
    polygons: npt.NDArray[Any] | None
    cells: ClusterCells | None

    def rows(self, year: int) -> slice:
        """The memberships of the year at a position of `years`."""
        return slice(int(self.row_start[year]), int(self.row_start[year + 1]))


def yearly_clusters(
    memberships: pd.DataFrame, clusters: pd.DataFrame, cells: pd.DataFrame | None = None
) -> ClusterYears:
    """Sort and check what clusters are followed on.

    Args:
        memberships: record (any id), year, cluster (whole number, -1 or missing = in none); one row a record and year.
            Records in no cluster should have a row: a firm that left its cluster is told from one that closed by it.
        clusters: year, cluster, x_m, y_m (projected, metres); optional jobs, area_m2, polygon_wkb (WKB, metres).
        cells: year, cluster, cell (whole number of a grid that is the same in all years); None = polygons, if any.

    Raises:
        MeasureError: with every problem found.

    Example:
        >>> members = pd.DataFrame({"record": ["b", "a", "a"], "year": [2001, 2001, 2000], "cluster": [5, -1, 0]})
        >>> centres = pd.DataFrame({"year": [2000, 2001], "cluster": [0, 5], "x_m": [900.0, 950.0], "y_m": [0.0, 0.0]})
        >>> found = yearly_clusters(members, centres)
        >>> found.years, found.record, found.node, found.nodes["n"].tolist()
        (array([2000, 2001]), array([1, 0, 1], dtype=int32), array([ 0,  1, -1], dtype=int32), [1, 1])
    """
    problems = [
        *_missing_columns("memberships", memberships, ("record", "year", "cluster")),
        *_missing_columns("clusters", clusters, ("year", "cluster", "x_m", "y_m")),
        *([] if cells is None else _missing_columns("cells", cells, CELL_COLUMNS)),
    ]
    if problems:
        raise MeasureError(*problems)
    problems = [
        *_empty_cells("memberships", memberships, ("record", "year")),
        *_empty_cells("clusters", clusters, ("year", "cluster", "x_m", "y_m")),
        *([] if cells is None else _empty_cells("cells", cells, CELL_COLUMNS)),
    ]
    if problems:
        raise MeasureError(*problems)
    polygons, unreadable = _polygons(clusters) if cells is None else (None, [])
    problems = [*unreadable, *_as_degrees(clusters)]
    table = _node_table(clusters)
    repeated = int(table.duplicated(["year", "cluster"]).sum())
    if repeated:
        problems.append(
            Problem("TS-EVOLUTION-003", values={"rows": repeated, "table": "clusters", "columns": "year, cluster"})
        )
        raise MeasureError(*problems)
    year = memberships["year"].to_numpy(dtype=np.int64)
    years = np.unique(np.concatenate([year, table["year"].to_numpy(dtype=np.int64)]))
    codes, records = pd.factorize(memberships["record"])
    at = np.searchsorted(years, year).astype(np.int16)
    order = np.argsort(at, kind="stable")
    record = codes.astype(np.int32)[order]
    row_start = np.concatenate([[0], np.cumsum(np.bincount(at, minlength=len(years)))]).astype(np.int64)
    label = memberships["cluster"].fillna(IN_NO_CLUSTER).to_numpy(dtype=np.int64)[order]
    node_year = np.searchsorted(years, table["year"].to_numpy(dtype=np.int64))
    node_start = np.searchsorted(node_year, np.arange(len(years) + 1)).astype(np.int64)
    known = table["cluster"].to_numpy(dtype=np.int64)
    node, unknown = _nodes_of(label, row_start, known, node_start, years)
    problems += unknown + _twice_a_year(record, row_start, len(records))
    grid, unknown = (None, []) if cells is None else _cells(cells, known, node_start, years)
    problems += unknown
    if problems:
        raise MeasureError(*problems)
    table["n"] = np.bincount(node[node >= 0], minlength=len(table))
    order = table.pop("row").to_numpy(dtype=np.int64)
    return ClusterYears(
        years, record, node, row_start, pd.Index(records), table, node_year.astype(np.int64), node_start,
        None if polygons is None else polygons[order], grid,
    )  # fmt: skip


def _cells(cells: pd.DataFrame, cluster: Ints, node_start: Ints, years: Ints) -> tuple[ClusterCells, list[Problem]]:
    """Cells with the node that covers each, and clusters that are not in the table."""
    inside = cells["year"].isin(years).to_numpy(dtype=bool) & (cells["cluster"] != IN_NO_CLUSTER).to_numpy(dtype=bool)
    cells = cells[inside]
    at = np.searchsorted(years, cells["year"].to_numpy(dtype=np.int64))
    order = np.argsort(at, kind="stable")
    code, names = pd.factorize(cells["cell"].to_numpy(dtype=np.int64)[order], sort=True)
    row_start = np.concatenate([[0], np.cumsum(np.bincount(at, minlength=len(years)))]).astype(np.int64)
    label = cells["cluster"].to_numpy(dtype=np.int64)[order]
    node, unknown = _nodes_of(label, row_start, cluster, node_start, years)
    return ClusterCells(code.astype(np.int32), node, row_start, len(names)), unknown


def checked_links(links: pd.DataFrame) -> pd.DataFrame:
    """Moves and spin-offs with a probability each: origin_record, destination_record, year, probability.

    Raises:
        MeasureError: a column is missing or a probability is outside 0 to 1.

    Example:
        >>> link = {"origin_record": ["a"], "destination_record": ["b"], "year": [2001], "probability": [0.9]}
        >>> len(checked_links(pd.DataFrame(link)))
        1
    """
    columns = ("origin_record", "destination_record", "year", "probability")
    problems = _missing_columns("links", links, columns)
    if not problems:
        problems = _empty_cells("links", links, columns)
    if problems:
        raise MeasureError(*problems)
    outside = int((~links["probability"].between(0, 1)).sum())
    if outside:
        raise MeasureError(Problem("TS-EVOLUTION-006", values={"rows": outside}))
    return links


def _missing_columns(table: str, frame: pd.DataFrame, columns: tuple[str, ...]) -> list[Problem]:
    absent = [name for name in columns if name not in frame.columns]
    if not absent:
        return []
    return [Problem("TS-EVOLUTION-001", values={"table": table, "columns": ", ".join(absent)})]


def _empty_cells(table: str, frame: pd.DataFrame, columns: tuple[str, ...]) -> list[Problem]:
    problems = []
    for name in columns:
        column = frame[name]
        empty = column.isna().to_numpy(dtype=bool)
        if column.dtype.kind == "f":
            empty = empty | ~np.isfinite(column.to_numpy(dtype=np.float64, na_value=np.nan))
        if empty.any():
            values = {"column": name, "table": table, "rows": int(empty.sum())}
            problems.append(Problem("TS-EVOLUTION-002", values=values))
    return problems


def _as_degrees(clusters: pd.DataFrame) -> list[Problem]:
    """Centres that all lie within the range of degrees: several clusters a few metres apart are no map of clusters."""
    if len(clusters) < 2:
        return []
    x, y = (np.abs(clusters[name].to_numpy(dtype=np.float64)) for name in ("x_m", "y_m"))
    degrees = bool((x <= LARGEST_DEGREES[0]).all() and (y <= LARGEST_DEGREES[1]).all())
    return [Problem("TS-EVOLUTION-005")] if degrees else []


def _polygons(clusters: pd.DataFrame) -> tuple[npt.NDArray[Any] | None, list[Problem]]:
    if "polygon_wkb" not in clusters.columns or clusters["polygon_wkb"].isna().all():
        return None, []
    from shapely import from_wkb, make_valid

    column = clusters["polygon_wkb"]
    values = np.array(
        [None if empty else value for value, empty in zip(column, column.isna(), strict=True)], dtype=object
    )
    shapes = np.asarray(from_wkb(values, on_invalid="ignore"), dtype=object)
    unreadable = sum(shape is None and value is not None for shape, value in zip(shapes, values, strict=True))
    if unreadable:
        return None, [Problem("TS-EVOLUTION-007", values={"rows": unreadable})]
    return np.asarray(make_valid(shapes), dtype=object), []


def _node_table(clusters: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "year": clusters["year"].to_numpy(dtype=np.int64),
            "cluster": clusters["cluster"].to_numpy(dtype=np.int64),
            **{
                name: clusters[name].to_numpy(dtype=np.float64, na_value=np.nan) if name in clusters.columns else np.nan
                for name in ("jobs", "area_m2", "x_m", "y_m")
            },
            "row": np.arange(len(clusters)),
        }
    )
    table = table[table["cluster"] != IN_NO_CLUSTER]
    return table.sort_values(["year", "cluster"], kind="stable", ignore_index=True)


def _nodes_of(
    label: Ints, row_start: Ints, cluster: Ints, node_start: Ints, years: Ints
) -> tuple[Codes, list[Problem]]:
    """Node of each membership, and clusters that have none."""
    node = np.full(len(label), -1, dtype=np.int32)
    unknown: list[tuple[int, int]] = []
    for year in range(len(years)):
        rows = slice(int(row_start[year]), int(row_start[year + 1]))
        first, last = int(node_start[year]), int(node_start[year + 1])
        mine, known = label[rows], cluster[first:last]
        found = np.searchsorted(known, mine)
        hit = np.zeros(len(mine), dtype=bool)
        inside = found < len(known)
        hit[inside] = known[found[inside]] == mine[inside]
        node[rows] = np.where(hit, first + found, -1)
        unknown += [(int(years[year]), int(c)) for c in np.unique(mine[~hit & (mine != IN_NO_CLUSTER)])]
    if not unknown:
        return node, []
    values: dict[str, object] = {"pairs": len(unknown), "year": unknown[0][0], "cluster": unknown[0][1]}
    return node, [Problem("TS-EVOLUTION-004", values=values)]


def _twice_a_year(record: Codes, row_start: Ints, records: int) -> list[Problem]:
    repeated = 0
    for first, last in pairwise(row_start):
        counts = np.bincount(record[first:last], minlength=records)
        repeated += int((counts > 1).sum())
    if not repeated:
        return []
    values = {"rows": repeated, "table": "memberships", "columns": "record, year"}
    return [Problem("TS-EVOLUTION-003", values=values)]
