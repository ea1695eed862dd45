"""Places as moves need them: the county, city or province that holds them, and how far apart they lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.frames import texts

Real = npt.NDArray[np.float64]

EARTH_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""


def holding(places: pd.DataFrame, kind: str) -> dict[str, str]:
    """The place of one kind that holds each place, itself included; places that lie in none are left out.

    Args:
        places: place_id, kind, parent_id.
        kind: `county`, `city`, `province` or any other kind of place.

    Example:
        >>> places = pd.DataFrame({"place_id": ["t", "c", "p"], "kind": ["town", "county", "province"],
        ...                        "parent_id": ["c", "p", None]})
        >>> holding(places, "county")
        {'c': 'c', 't': 'c'}
    """
    plain = texts(places, "place_id", "kind", "parent_id")
    parent = dict(zip(plain["place_id"], plain["parent_id"], strict=True))
    kinds = dict(zip(plain["place_id"], plain["kind"], strict=True))
    found: dict[str, str] = {}
    for place in sorted(parent):
        at, steps = place, 0
        while at in parent and kinds[at] != kind and steps <= len(kinds):
            at, steps = parent[at], steps + 1
        if kinds.get(at) == kind:
            found[place] = at
    return found


def at_level(place_ids: pd.Series, places: pd.DataFrame, level: str) -> pd.Series:
    """Place ids as plain text, lifted to a level; empty where a place lies in none of that kind.

    Args:
        place_ids: of any level, missing allowed.
        places: place_id, kind, parent_id.
        level: kind of place wanted; `place` leaves them as they are.
    """
    plain = place_ids.astype("object").where(place_ids.notna(), "").astype(str)
    if level == "place":
        return plain
    above = holding(places, level)
    return plain.map(lambda place: above.get(place, "")).astype("object")


def coordinates(place_ids: Sequence[str], places: pd.DataFrame) -> Real:
    """Longitude and latitude in degrees, shape (places, 2); NaN where unknown."""
    located = texts(places, "place_id").drop_duplicates("place_id").set_index("place_id")
    found = located[["lon", "lat"]].astype("float64").reindex(list(place_ids))
    return np.asarray(found.to_numpy(dtype=np.float64))


def great_circle_km(from_degrees: Real, to_degrees: Real) -> Real:
    """Great-circle distance between points given as longitude and latitude, shape (..., 2) each.

    Source: haversine formula (Sinnott 1984), spherical Earth.

    Example:
        >>> great_circle_km(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]])).round(2)
        array([111.2])
    """
    start, end = np.radians(from_degrees), np.radians(to_degrees)
    half = np.sin((end[..., 1] - start[..., 1]) / 2) ** 2
    half = half + np.cos(start[..., 1]) * np.cos(end[..., 1]) * np.sin((end[..., 0] - start[..., 0]) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))
