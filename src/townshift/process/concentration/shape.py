"""The shape of an industry's spread: centre, standard distance, standard deviational ellipse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.process.concentration.area_values import refuse, value_problems
from townshift.process.concentration.points import FEWEST, Floats, checked_points

MOMENTS = 7
"""Sums that a shape is made of: points, weights, weighted x, y, xx, yy and xy."""

MEASURES: tuple[str, ...] = ("x_m", "y_m", "standard_distance_m", "major_m", "minor_m", "bearing_deg")
"""What a shape says, in the order of every table of shapes."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Centre and spread of points on a projected plane.

    Attributes:
        x_m: metres east of the (weighted) mean centre.
        y_m: metres north of it.
        standard_distance_m: root mean squared distance from the centre.
        major_m: semi-axis of the ellipse along which the points spread most.
        minor_m: semi-axis across it.
        theta_rad: angle of the major axis from east towards north, above -pi/2 to pi/2.
        bearing_deg: the same as a bearing from north towards east, 0 to below 180.
        points: points with a weight above 0.
    """

    x_m: float
    y_m: float
    standard_distance_m: float
    major_m: float
    minor_m: float
    theta_rad: float
    bearing_deg: float
    points: int


def shape(x_m: npt.ArrayLike, y_m: npt.ArrayLike, weight: npt.ArrayLike | None = None, where: str = "") -> Shape:
    """Where the centre of an industry lies, how far it spreads, and in which direction.

    Formula: centre `sum w x / sum w`; standard distance `sqrt(sum w d^2 / sum w)`; the ellipse's axes
    `sqrt(2 lambda / (n - 2))`, `lambda` the eigenvalues of the matrix of sums of squares and products about the centre,
    weights scaled to add up to n. The factor 2 and the n - 2 are one of several conventions: that of CrimeStat and
    PySAL's pointpats, in which an ellipse holds about 63 % of points of a bivariate normal spread.

    Args:
        x_m: shape (points,), metres east in a projected system.
        y_m: shape (points,), metres north.
        weight: shape (points,), jobs or another mass, at least 0; None where all points count alike.
        where: what the points are, for messages.

    Returns:
        The shape.

    Raises:
        MeasureError: see `checked_points`; fewer than three points with a weight above 0.

    Source: Lefever (1926); Yuill (1971); Levine (2010), CrimeStat III, chapter 4, for the convention.

    Example:
        >>> spread = shape([1000, 1004, 1000, 1004], [0, 0, 2, 2])
        >>> spread.x_m, spread.standard_distance_m, spread.major_m, spread.bearing_deg
        (1002.0, 2.23606797749979, 4.0, 90.0)
    """
    points = checked_points(x_m, y_m, weight, where=where)
    refuse(value_problems(points.masses[points.masses > 0], "points", where, fewest=FEWEST))
    origin = points.x_m.mean(), points.y_m.mean()
    sums = moments(points.x_m - origin[0], points.y_m - origin[1], points.masses).sum(axis=1)
    x, y, distance, major, minor, bearing = shapes_of(sums[:, None])[:, 0]
    theta = np.deg2rad(90 - bearing)
    return Shape(
        x_m=float(x + origin[0]),
        y_m=float(y + origin[1]),
        standard_distance_m=float(distance),
        major_m=float(major),
        minor_m=float(minor),
        theta_rad=float(theta),
        bearing_deg=float(bearing),
        points=int((points.masses > 0).sum()),
    )


def moments(x_m: Floats, y_m: Floats, weight: Floats) -> Floats:
    """What each point adds to the sums that a shape is made of; shape (`MOMENTS`, points).

    Example:
        >>> moments(np.array([2.0]), np.array([3.0]), np.array([1.0])).ravel()
        array([1., 1., 2., 3., 4., 9., 6.])
    """
    wx, wy = weight * x_m, weight * y_m
    return np.stack([(weight > 0).astype(np.float64), weight, wx, wy, wx * x_m, wy * y_m, wx * y_m])


def shapes_of(sums: Floats) -> Floats:
    """Shapes from their sums: rows as in `MEASURES`; NaN where fewer than three points or no weight were summed.

    Args:
        sums: shape (`MOMENTS`, shapes), about an origin near the points, so that squares keep their digits.

    Returns:
        Shape (`MEASURES`, shapes), relative to that origin.

    Example:
        >>> shapes_of(moments(np.array([0.0, 4, 0, 4]), np.array([0.0, 0, 2, 2]), np.ones(4)).sum(axis=1)[:, None])[3]
        array([4.])
    """
    n, w, wx, wy, wxx, wyy, wxy = sums
    usable = (n >= FEWEST) & (w > 0)
    n, w = np.where(usable, n, np.nan), np.where(usable, w, np.nan)
    x, y = wx / w, wy / w
    # Per point: variance is what is left of two nearly equal numbers only if the origin is far off.
    xx, yy, xy = np.maximum(wxx / w - x * x, 0), np.maximum(wyy / w - y * y, 0), wxy / w - x * y
    half_sum, half_gap = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    scale = 2 * n / (n - 2)
    theta = 0.5 * np.arctan2(2 * xy, xx - yy)
    return np.stack(
        [
            x,
            y,
            np.sqrt(xx + yy),
            np.sqrt(scale * (half_sum + half_gap)),
            np.sqrt(scale * np.maximum(half_sum - half_gap, 0)),
            (90 - np.rad2deg(theta)) % 180,
        ]
    )
