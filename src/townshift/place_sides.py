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

    The focal side is the focal place with all places inside it; `containing` are the places around it. Of any other
    place its nearest listing in `destinations` decides, its own or that of a place it lies in: `receiving` if one of
    the links listed there counts, else `elsewhere`. So a town lies on its county's side, and a county that is listed
    without a link does not receive because its city does. A destination without a row of its own in `places` is
    listed under the county it lies in.

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
    listed: dict[str, bool] = {}
    if destinations is not None:
        for _, row in texts(destinations, "place_id", "county_id", "link").iterrows():
            counts = not links or row["link"] in links
            for place in {row["place_id"], row["county_id"]} - {""}:
                listed[place] = listed.get(place, False) or counts
    around = set(ancestors(places, focal))
    out: dict[str, Side] = {}
    for place in sorted({*texts(places, "place_id")["place_id"], focal}):
        upwards = (place, *ancestors(places, place))
        if focal in upwards:
            out[place] = "focal"
        elif place in around:
            out[place] = "containing"
        else:
            nearest = next((one for one in upwards if one in listed and one not in around), "")
            out[place] = "receiving" if listed.get(nearest) else "elsewhere"
    return out
