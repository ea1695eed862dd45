"""Which areas are neighbours: the nearest ones, those within a distance, or those that share a border."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.spatial import cKDTree

from townshift.errors import Problem
from townshift.process.concentration.area_values import refuse, setting_problems
from townshift.process.concentration.points import checked_points

Pairs = npt.NDArray[np.intp]


def nearest(x_m: npt.ArrayLike, y_m: npt.ArrayLike, neighbours: int = 8, where: str = "") -> sparse.csr_array:
    """Weights of 1 for the nearest areas of each area; not symmetric: a remote area's nearest may have nearer ones.

    Of several areas at the same distance those of the lower rows are taken, among the `2 neighbours + 2` nearest.

    Args:
        x_m: shape (areas,), metres east in a projected system, of each area's centre.
        y_m: shape (areas,), metres north.
        neighbours: how many, from 1 to one less than the areas.
        where: what the areas are, for messages.

    Returns:
        A matrix of shape (areas, areas), `neighbours` ones in each row, none on the diagonal.

    Raises:
        MeasureError: coordinates in degrees, missing or all equal, fewer than three areas, too many neighbours.

    Source: Anselin (1988), section 3.1.

    Example:
        >>> nearest([0, 100, 300, 5000], [0, 0, 0, 5000], neighbours=1).indices
        array([1, 0, 1, 2])
    """
    points = checked_points(x_m, y_m, where=where)
    n = len(points)
    refuse(setting_problems("neighbours", neighbours, 1, n - 1, where))
    sites = np.column_stack([points.x_m, points.y_m])
    distance, index = cKDTree(sites).query(sites, k=min(n, 2 * neighbours + 2))
    distance = np.where(index == np.arange(n)[:, None], -1.0, distance)  # an area's own centre comes first
    index = np.take_along_axis(index, np.lexsort((index, distance), axis=1), axis=1)
    # Where very many areas share one spot, the area itself need not be among those found.
    found = index[:, 0] == np.arange(n)
    chosen = np.where(found[:, None], index[:, 1 : neighbours + 1], index[:, :neighbours])
    chosen = np.sort(chosen, axis=1)
    starts = np.arange(0, n * neighbours + 1, neighbours)
    return sparse.csr_array((np.ones(n * neighbours), chosen.ravel(), starts), shape=(n, n))


def within_distance(x_m: npt.ArrayLike, y_m: npt.ArrayLike, radius_m: float, where: str = "") -> sparse.csr_array:
    """Weights of 1 for all areas whose centres are at most a distance away; symmetric.

    Args:
        x_m: shape (areas,), metres east in a projected system, of each area's centre.
        y_m: shape (areas,), metres north.
        radius_m: the distance in metres, above 0.
        where: what the areas are, for messages.

    Returns:
        A matrix of shape (areas, areas); an area without another within reach has an empty row.

    Raises:
        MeasureError: coordinates in degrees, missing or all equal, fewer than three areas, no two areas within reach.

    Source: Cliff and Ord (1981), section 1.4.

    Example:
        >>> within_distance([0, 100, 300, 5000], [0, 0, 0, 5000], radius_m=200).toarray()[:2]
        array([[0., 1., 0., 0.],
               [1., 0., 1., 0.]])
    """
    points = checked_points(x_m, y_m, where=where)
    refuse(setting_problems("radius_m", radius_m, np.finfo(float).tiny, np.inf, where))
    tree = cKDTree(np.column_stack([points.x_m, points.y_m]))
    return from_pairs(tree.query_pairs(radius_m, output_type="ndarray"), len(points), where)


def contiguity(polygons: Sequence[Any], rule: Literal["queen", "rook"] = "queen", where: str = "") -> sparse.csr_array:
    """Weights of 1 for areas that share a border; symmetric.

    Args:
        polygons: the areas as shapely polygons or multipolygons, in one projected system, without overlaps.
        rule: `queen`, where a common point is enough, or `rook`, where the border must have a length.
        where: what the areas are, for messages.

    Returns:
        A matrix of shape (areas, areas).

    Raises:
        MeasureError: no two areas touch.

    Source: Cliff and Ord (1981), section 1.4.

    Example:
        >>> from shapely import box
        >>> tiles = [box(0, 0, 1, 1), box(1, 0, 2, 1), box(1, 1, 2, 2)]
        >>> contiguity(tiles).nnz, contiguity(tiles, "rook").nnz
        (6, 4)
    """
    import shapely

    shapes = np.array(polygons, dtype=object)
    pairs = shapely.STRtree(shapes).query(shapes, predicate="intersects").T
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    if rule == "rook":
        common = shapely.intersection(shapely.boundary(shapes[pairs[:, 0]]), shapely.boundary(shapes[pairs[:, 1]]))
        pairs = pairs[shapely.length(common) > 0]
    return from_pairs(pairs, len(shapes), where)


def from_pairs(pairs: npt.ArrayLike, areas: int, where: str = "") -> sparse.csr_array:
    """Weights of 1 both ways for given pairs of neighbours.

    Args:
        pairs: shape (pairs, 2), row numbers of areas from 0.
        areas: how many areas there are.
        where: what the areas are, for messages.

    Returns:
        A symmetric matrix of shape (areas, areas); a pair given twice counts once.

    Raises:
        MeasureError: there is no pair.

    Example:
        >>> from_pairs([[0, 1], [1, 0]], areas=3).toarray()
        array([[0., 1., 0.],
               [1., 0., 0.],
               [0., 0., 0.]])
    """
    both = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    both = both[both[:, 0] != both[:, 1]]
    if not len(both):
        refuse([Problem("TS-CONC-039", where)])
    rows, columns = np.concatenate([both, both[:, ::-1]]).T
    matrix = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(areas, areas))
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def row_standardised(weights: sparse.csr_array) -> sparse.csr_array:
    """The same neighbours with weights that add up to 1 in each row, so that a sum becomes a mean of neighbours.

    A row without neighbours stays empty.

    Example:
        >>> row_standardised(from_pairs([[0, 1], [1, 2]], areas=3)).toarray()[1]
        array([0.5, 0. , 0.5])
    """
    out = sparse.csr_array(weights, dtype=np.float64, copy=True)
    sums = np.asarray(out.sum(axis=1)).ravel()
    out.data /= np.repeat(np.where(sums > 0, sums, 1.0), np.diff(out.indptr))
    return out


def checked_weights(
    weights: sparse.csr_array | npt.NDArray[np.float64], areas: int, where: str = ""
) -> sparse.csr_array:
    """Weights as a clean matrix: sorted, without zeros, without a diagonal; or what is wrong with them.

    Raises:
        MeasureError: another shape than (areas, areas), negative or missing weights (TS-CONC-045), no neighbours (039).

    Example:
        >>> checked_weights(np.array([[5.0, 1.0], [1.0, 0.0]]), areas=2).nnz
        2
    """
    matrix = sparse.csr_array(weights, dtype=np.float64, copy=True)
    if matrix.shape != (areas, areas) or not np.isfinite(matrix.data).all() or (matrix.data < 0).any():
        shape = "×".join(str(side) for side in matrix.shape)
        refuse([Problem("TS-CONC-045", where, {"shape": shape, "count": areas})])
    matrix = sparse.csr_array(matrix - sparse.diags_array(matrix.diagonal()))
    matrix.eliminate_zeros()
    matrix.sort_indices()
    if not matrix.nnz:
        refuse([Problem("TS-CONC-039", where)])
    return matrix
