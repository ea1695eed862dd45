"""Chinese map datums to WGS 84: points of Chinese web maps lie hundreds of metres off until they are turned back."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Datum = Literal["wgs84", "gcj02", "bd09"]
Degrees = npt.NDArray[np.float64]

SEMI_MAJOR_M = 6378245.0
"""Semi-major axis of the Krasovsky 1940 ellipsoid, on which GCJ-02 is defined, in metres."""

ECCENTRICITY_SQUARED = 0.00669342162296594323
ROUNDS = 10
"""Rounds of the inversion; each shrinks the error about a thousandfold."""


def to_wgs84(lon: Degrees, lat: Degrees, datum: Datum) -> tuple[Degrees, Degrees]:
    """Points of a Chinese map datum as WGS 84.

    GCJ-02 is inverted by iteration, `p ← p + (target − gcj02(p))`; BD-09 is first turned into GCJ-02 in closed form.
    Points outside China (72.004–137.8347° E, 0.8293–55.8271° N) are not shifted, as the datum itself does not shift
    them; missing ones stay missing.

    Args:
        lon: degrees east, shape (n,).
        lat: degrees north, shape (n,).
        datum: what the points are given in.

    Returns:
        Longitude and latitude in WGS 84, degrees, shape (n,) each.

    Source: the published re-implementations of GCJ-02 (eviltransform, MIT) agree with it to well under a metre.

    Example:
        >>> lon, lat = to_wgs84(np.array([120.27]), np.array([30.87]), "gcj02")
        >>> bool(abs(lon[0] - 120.27) * 95_000 > 300), bool(abs(lat[0] - 30.87) * 111_000 > 100)
        (True, True)
    """
    if datum == "wgs84":
        return lon, lat
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    inside = (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)
    x, y = _bd09_to_gcj02(lon, lat) if datum == "bd09" else (lon, lat)
    guess_x, guess_y = x.copy(), y.copy()
    for _ in range(ROUNDS):
        there_x, there_y = gcj02(guess_x, guess_y)
        guess_x, guess_y = guess_x + (x - there_x), guess_y + (y - there_y)
    return np.where(inside, guess_x, lon), np.where(inside, guess_y, lat)


def gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """WGS 84 points, degrees, as GCJ-02 shows them on a map."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    waves = 20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves * 2.0 / 3.0
    north += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves * 2.0 / 3.0
    east += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    bulge = 1.0 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2
    d_lat = np.degrees(north / (SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / (bulge * np.sqrt(bulge))))
    d_lon = np.degrees(east / (SEMI_MAJOR_M / np.sqrt(bulge) * np.cos(phi)))
    return lon + d_lon, lat + d_lat


def _bd09_to_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    x, y = lon - 0.0065, lat - 0.006
    turn = np.pi * 3000.0 / 180.0
    radius = np.hypot(x, y) - 0.00002 * np.sin(y * turn)
    angle = np.arctan2(y, x) - 0.000003 * np.cos(x * turn)
    return radius * np.cos(angle), radius * np.sin(angle)
