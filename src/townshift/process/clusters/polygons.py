"""Outlines of clusters: the union of grid cells, or a concave hull of points; valid polygons in projected metres."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from townshift.process.clusters.grid import ClusterGrid, Floats, Ints

if TYPE_CHECKING:
    from shapely import Geometry

HULL_RATIO = 0.2
"""Length of the longest edge of a concave hull, between the longest (1) and the shortest (0) of the triangulation."""

NARROWEST_M = 1.0
"""Half the width that an outline gets whose points lie on one line or at one spot."""


def cell_polygons(image: npt.NDArray[np.int32], grid: ClusterGrid) -> list[Geometry]:
    """The union of each area's cells, holes included, as shapely geometries; area k at place k.

    Cells that touch at a corner only make parts of their own, so an outline may be a multipolygon.

    Args:
        image: shape of the grid, number of the area of each cell from 0, -1 for none.
        grid: the grid.

    Returns:
        One valid polygon or multipolygon per area, in metres.
    """
    import shapely

    area, row, first, last = _runs(image)
    x0, y0, side = grid.x0_m, grid.y0_m, grid.cell_m
    boxes = shapely.box(x0 + first * side, y0 + row * side, x0 + last * side, y0 + (row + 1) * side)
    order = np.argsort(area, kind="stable")
    starts = np.searchsorted(area[order], np.arange(int(image.max(initial=-1)) + 2))
    return [shapely.union_all(boxes[order[one:two]]) for one, two in pairwise(starts)]


def _runs(image: npt.NDArray[np.int32]) -> tuple[Ints, Ints, Ints, Ints]:
    """Runs of equal cells along the rows: area, row, first column, column after the last."""
    rows, columns = image.shape
    flat = np.full((rows, columns + 1), -1, dtype=np.int64)
    flat[:, :columns] = image
    line = flat.ravel()
    changes = np.flatnonzero(np.r_[line[0] >= 0, line[1:] != line[:-1]])
    starts = changes[line[changes] >= 0]
    ends = changes[np.searchsorted(changes, starts, side="right")]
    row = starts // (columns + 1)
    return line[starts], row, starts - row * (columns + 1), ends - row * (columns + 1)


def point_polygon(x_m: Floats, y_m: Floats) -> Geometry:
    """A concave hull of the points, with holes: an outline for a method that knows points only.

    Args:
        x_m: shape (n,), metres, n at least 1.
        y_m: shape (n,), metres.

    Returns:
        A valid polygon or multipolygon; one metre to each side where all points lie on a line.

    Source: the hull of triangles whose edges are short (Duckham et al. 2008), as GEOS computes it.

    Example:
        >>> point_polygon(np.array([0.0, 9.0, 9.0, 0.0]), np.array([0.0, 0.0, 9.0, 9.0])).area
        81.0
    """
    import shapely

    hull = shapely.concave_hull(shapely.MultiPoint(np.column_stack([x_m, y_m])), ratio=HULL_RATIO, allow_holes=True)
    return hull if hull.area > 0 else hull.buffer(NARROWEST_M)
