"""One search for clusters, ready to be repeated on samples: the level-set search and HDBSCAN behind one name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from townshift.process.clusters.grid import ClusterGrid, Floats, Ints, cluster_grid
from townshift.process.clusters.hdbscan import hdbscan_labels
from townshift.process.clusters.level_sets import Image, Landscape, LevelSets, find_level_sets, landscape
from townshift.process.clusters.null_level import critical_level
from townshift.process.clusters.parameters import NOISE, ClustersParameters
from townshift.process.clusters.polygons import cell_polygons, point_polygon
from townshift.process.clusters.result import Labels

if TYPE_CHECKING:
    from shapely import Geometry


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Labels by size, with the outline of each cluster and the reference's establishments in it.

    Attributes:
        labels: shape (n,).
        polygons: one shapely geometry per cluster.
        n_all: shape (clusters,), the reference's establishments in each outline; None without a reference.
        background: as in `Clusters`.
        image: shape of the grid, cluster of each cell, -1 for none; empty for HDBSCAN.
    """

    labels: Labels
    polygons: list[Geometry]
    n_all: Ints | None
    background: float
    image: Image


class Search(Protocol):
    """A way to find clusters among points; prepared once, so that samples are searched with the same level."""

    def labels(self, x_m: Floats, y_m: Floats) -> Labels:
        """Cluster of each point, -1 for none."""
        ...

    def found(self, x_m: Floats, y_m: Floats) -> Found:
        """Clusters by size, with outlines."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LevelSetSearch:
    """Level sets on a grid, with the level taken once."""

    grid: ClusterGrid
    ground: Landscape
    level: float
    reference_cells: Ints | None
    parameters: ClustersParameters

    def areas(self, cells: Ints) -> LevelSets:
        """The areas that establishments in these cells make."""
        counts = self.grid.counts(cells)
        return find_level_sets(counts, self.ground, self.grid.octaves, self.level, self.parameters)

    def labels(self, x_m: Floats, y_m: Floats) -> Labels:
        """Area of each point, -1 for none."""
        cells = self.grid.cells(x_m, y_m)
        return self.areas(cells).image.ravel()[cells].astype(np.int64)

    def found(self, x_m: Floats, y_m: Floats) -> Found:
        """Areas by size, with outlines and the reference's establishments in their cells."""
        cells = self.grid.cells(x_m, y_m)
        areas = self.areas(cells)
        numbers = by_size(areas.image.ravel()[cells].astype(np.int64), x_m, y_m)
        image = numbers[areas.image].astype(np.int32)
        n_all = None
        if self.reference_cells is not None:
            within = image.ravel()[self.reference_cells]
            n_all = np.bincount(within[within >= 0], minlength=len(numbers) - 1)
        per_unit = 1.0 if self.reference_cells is not None else 1e6 / self.grid.cell_m**2
        return Found(
            image.ravel()[cells].astype(np.int64),
            cell_polygons(image, self.grid),
            n_all,
            areas.background * per_unit,
            image,
        )


@dataclass(frozen=True, slots=True, eq=False)
class HdbscanSearch:
    """HDBSCAN on the industry's points; the reference is used for specialisation alone."""

    reference: tuple[Floats, Floats] | None
    parameters: ClustersParameters

    def labels(self, x_m: Floats, y_m: Floats) -> Labels:
        """Cluster of each point, -1 for none."""
        return hdbscan_labels(x_m, y_m, self.parameters)

    def found(self, x_m: Floats, y_m: Floats) -> Found:
        """Clusters by size, with concave hulls and the reference's establishments in them."""
        import shapely

        labels = self.labels(x_m, y_m)
        labels = by_size(labels, x_m, y_m)[labels]
        members = [np.flatnonzero(labels == number) for number in range(int(labels.max(initial=-1)) + 1)]
        polygons = [point_polygon(x_m[rows], y_m[rows]) for rows in members]
        n_all = None
        if self.reference is not None:
            # The hull's own corners are members, which "covers" counts and "contains" would not.
            tree = shapely.STRtree(shapely.points(*self.reference))
            n_all = np.array([len(tree.query(polygon, predicate="covers")) for polygon in polygons], dtype=np.int64)
        return Found(labels, polygons, n_all, float("nan"), np.empty((0, 0), dtype=np.int32))


def prepared_search(
    x_m: Floats, y_m: Floats, reference: tuple[Floats, Floats] | None, parameters: ClustersParameters, seed: int
) -> LevelSetSearch | HdbscanSearch:
    """The search that `parameters.method` names, with grid and level for these points."""
    if parameters.method == "hdbscan":
        return HdbscanSearch(reference, parameters)
    grid = cluster_grid(*(reference or (x_m, y_m)), len(x_m), parameters)
    cells = None if reference is None else grid.cells(*reference)
    ground = landscape(grid, cells)
    level = critical_level(grid, ground, len(x_m), cells, parameters, seed)
    return LevelSetSearch(grid, ground, level, cells, parameters)


def by_size(labels: Labels, x_m: Floats, y_m: Floats) -> Ints:
    """New number of each old one, the largest cluster first; noise (-1) keeps its number at the last place.

    Equal sizes are ordered from south to north, then from west to east, so that numbers follow from the map alone.

    Example:
        >>> by_size(np.array([0, 1, 1, -1]), np.zeros(4), np.zeros(4))
        array([ 1,  0, -1])
    """
    inside = labels >= 0
    n = np.bincount(labels[inside])
    x, y = (np.bincount(labels[inside], weights=values[inside]) / n for values in (x_m, y_m))
    numbers = np.full(len(n) + 1, NOISE, dtype=np.int64)
    numbers[np.lexsort([x, y, -n])] = np.arange(len(n))
    return numbers
