"""Where a place stands in a study: the focal place, what contains it, a receiving place, or elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from townshift.frames import texts

Side = Literal["focal", "containing", "receiving", "elsewhere"]
"""The four sides of a study; the focal side holds the focal place and the places inside it."""


def ancestors(places: pd.DataFrame, place_id: str) -> tuple[str, ...]:
    """The places that contain a place, nearest first, along `parent_id`.

    Example:
        >>> places = pd.DataFrame({"place_id": ["town", "county", "china"], "parent_id": ["county", "china", None]})
        >>> ancestors(places, "town")
        ('county', 'china')
    """
    plain = texts(places, "place_id", "parent_id")
    parent = dict(zip(plain["place_id"], plain["parent_id"], strict=True))
    found: list[str] = []
    above = parent.get(place_id, "")
    while above and above not in found and above != place_id:
        found.append(above)
        above = parent.get(above, "")
    return tuple(found)


def sides(
    places: pd.DataFrame,
    focal: str,
    destinations: pd.DataFrame | None = None,
    links: Sequence[str] = (),
) -> dict[str, Side]:
    """The side of every place of a study.

    The focal side is the focal place with all places inside it; `containing` are the places around it; `receiving`
    are the places of `destinations`, with the county they lie in and all places inside either, unless they contain or
    belong to the focal place; everything else is `elsewhere`. A city named as a destination receives with all of its
    places; a city that is only the seat of a destination's county does not.

    Args:
        places: `place_id`, `parent_id`.
        focal: the focal place.
        destinations: `place_id`, `county_id`, `link`; none = no receiving side.
        links: kinds of link that count as receiving; none = all.

    Example:
        >>> places = pd.DataFrame({"place_id": ["town", "county", "far", "village", "other"],
        ...                        "parent_id": ["county", None, None, "far", None]})
        >>> sides(places, "town", pd.DataFrame({"place_id": ["far"], "link": ["named"]}))
        {'county': 'containing', 'far': 'receiving', 'other': 'elsewhere', 'town': 'focal', 'village': 'receiving'}
    """
    receiving: set[str] = set()
    if destinations is not None:
        rows = texts(destinations, "place_id", "county_id", "link")
        if links:
            rows = rows[rows["link"].isin(list(links))]
        receiving = (set(rows["place_id"]) | set(rows["county_id"])) - {""}
    around = set(ancestors(places, focal))
    out: dict[str, Side] = {}
    for place in sorted({*texts(places, "place_id")["place_id"], focal}):
        own = {place, *ancestors(places, place)}
        if focal in own:
            out[place] = "focal"
        elif place in around:
            out[place] = "containing"
        elif own & (receiving - around - {focal}):
            out[place] = "receiving"
        else:
            out[place] = "elsewhere"
    return out
