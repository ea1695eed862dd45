"""The projected grid that clusters are found on: cells, counts, the window, and a kernel on a pyramid of cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.process.clusters.parameters import ClustersParameters

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

CELLS_PER_BANDWIDTH = 2
"""Cells on one standard deviation of the kernel, on every octave; finer ones changed no label worth mentioning."""

SPACING_PER_BANDWIDTH = 4
"""Mean spacing of establishments over the finest bandwidth: the finest kernel expects about 0.8 of them."""

_REACH = 4 * CELLS_PER_BANDWIDTH
_OFFSETS = np.arange(-_REACH, _REACH + 1)
_WEIGHTS = np.exp(-0.5 * (_OFFSETS / CELLS_PER_BANDWIDTH) ** 2)
KERNEL: Floats = _WEIGHTS / _WEIGHTS.sum()
"""One-dimensional Gaussian weights, cut off at four standard deviations, with sum 1."""


@dataclass(frozen=True, slots=True, eq=False)
class ClusterGrid:
    """Square cells over a window.

    Attributes:
        x0_m: west edge.
        y0_m: south edge.
        cell_m: side of the finest cells.
        shape: rows (south to north) and columns (west to east); both divide by `2 ** (octaves - 1)`.
        octaves: bandwidths, `2 * cell_m` the finest, each twice the one before.
        window: shape `shape`, cells in which establishments could lie: the convex hull of all points.
    """

    x0_m: float
    y0_m: float
    cell_m: float
    shape: tuple[int, int]
    octaves: int
    window: Flags

    @property
    def bandwidths_m(self) -> tuple[float, ...]:
        """Standard deviations of the kernels, finest first."""
        return tuple(CELLS_PER_BANDWIDTH * self.cell_m * 2**octave for octave in range(self.octaves))

    def cells(self, x_m: Floats, y_m: Floats) -> Ints:
        """Number of the cell of each point: row from the south times columns, plus column from the west."""
        rows, columns = self.shape
        row = np.clip(((y_m - self.y0_m) / self.cell_m).astype(np.int64), 0, rows - 1)
        column = np.clip(((x_m - self.x0_m) / self.cell_m).astype(np.int64), 0, columns - 1)
        return row * columns + column

    def counts(self, cells: Ints) -> Floats:
        """Points per cell, as an image with `shape`."""
        return np.bincount(cells, minlength=self.window.size).reshape(self.shape).astype(np.float64)


def cluster_grid(x_m: Floats, y_m: Floats, n: int, parameters: ClustersParameters) -> ClusterGrid:
    """Lay the grid: cells of half the finest bandwidth over the box of all points.

    The finest bandwidth is `parameters.bandwidth_m`, or a quarter of the mean spacing `sqrt(area / n)` of the
    industry's establishments in the window, so that it follows scale and number alone and never the clusters. It is
    widened where the grid would hold more than `max_cells` cells.

    Args:
        x_m: shape (m,), metres, the establishments that span the window: the reference's, where there is one.
        y_m: shape (m,), metres.
        n: establishments of the industry.
        parameters: bandwidth, octaves and the cap on cells.

    Returns:
        The grid.

    Source: window and grid as in Kelsall and Diggle (1995); the spacing is that of complete spatial randomness.

    Example:
        >>> corners = np.array([0.0, 8_000.0, 8_000.0, 0.0]), np.array([0.0, 0.0, 8_000.0, 8_000.0])
        >>> grid = cluster_grid(*corners, n=400, parameters=ClustersParameters())
        >>> grid.cell_m, grid.bandwidths_m, grid.shape
        (50.0, (100.0, 200.0, 400.0, 800.0), (168, 168))
    """
    import shapely

    hull = shapely.MultiPoint(np.column_stack([x_m, y_m])).convex_hull
    x0, y0, x1, y1 = (float(bound) for bound in hull.bounds)
    width, height = x1 - x0, y1 - y0
    # Points on one line still have a window: as wide as they would be apart if they filled it.
    area = max(hull.area, max(width, height) ** 2 / max(n, 1))
    cell = (parameters.bandwidth_m or float(np.sqrt(area / n)) / SPACING_PER_BANDWIDTH) / CELLS_PER_BANDWIDTH
    block = 2 ** (parameters.octaves - 1)
    while (shape := _shape(width, height, cell, block))[0] * shape[1] > parameters.max_cells:
        cell *= 2**0.25
    window = _within(hull, x0, y0, cell, shape)
    grid = ClusterGrid(x0, y0, cell, shape, parameters.octaves, window)
    window.ravel()[grid.cells(x_m, y_m)] = True
    return grid


def pooled(image: Floats, octave: int) -> Floats:
    """Sums over blocks of `2 ** octave` cells a side: the image on coarser cells.

    Example:
        >>> pooled(np.ones((2, 4)), 1)
        array([[4., 4.]])
    """
    if octave == 0:
        return image
    side = 2**octave
    rows, columns = image.shape
    return np.asarray(image.reshape(rows // side, side, columns // side, side).sum(axis=(1, 3)))


def spread(image: Flags, octave: int) -> Flags:
    """The inverse of `pooled` for flags: every fine cell gets the flag of the coarse cell that holds it.

    Example:
        >>> spread(np.array([[True, False]]), 1)
        array([[ True,  True, False, False],
               [ True,  True, False, False]])
    """
    return image if octave == 0 else np.repeat(np.repeat(image, 2**octave, axis=0), 2**octave, axis=1)


def smoothed(image: Floats, power: int = 1) -> Floats:
    """The image under the Gaussian kernel of two cells (to the `power`); nothing lies beyond the edge.

    With `power=2` it is what the variance of a smoothed count is built from.
    """
    from scipy.ndimage import correlate1d

    weights = KERNEL**power
    along = correlate1d(image, weights, axis=0, mode="constant")
    return np.asarray(correlate1d(along, weights, axis=1, mode="constant"))


def _shape(width: float, height: float, cell: float, block: int) -> tuple[int, int]:
    sides = (int(side / (cell * block)) + 1 for side in (height, width))
    rows, columns = (side * block for side in sides)
    return rows, columns


def _within(hull: object, x0: float, y0: float, cell: float, shape: tuple[int, int]) -> Flags:
    import shapely

    rows, columns = shape
    x = x0 + (np.arange(columns) + 0.5) * cell
    y = y0 + (np.arange(rows) + 0.5) * cell
    shapely.prepare(hull)
    return np.asarray(shapely.contains_xy(hull, *np.meshgrid(x, y)), dtype=np.bool_)
