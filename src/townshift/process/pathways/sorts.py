"""What sort of place a move went to: as near as the same county, or a less developed place, as far as data say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.frames import texts
from townshift.process.pathways.parameters import PathwaysParameters
from townshift.process.pathways.places import at_level

Flags = npt.NDArray[np.bool_]


def sorts_of_destination(
    rows: pd.DataFrame, places: pd.DataFrame, panel: pd.DataFrame | None, parameters: PathwaysParameters
) -> dict[str, Flags]:
    """Which moves went to which sort of place.

    Nearness is one of `same_county`, `same_province`, `other_province`, `nearness_unknown`. Level, where the panel
    holds the indicator, is one of `less_developed`, `not_less_developed`, `level_unknown`: the figure of the
    destination (of itself, else of the nearest place that holds it) is below that of the origin, both of the last
    year on or before the move.

    Args:
        rows: the moves used.
        places: place_id, kind, parent_id.
        panel: place_id, year, indicator, value.
        parameters: the indicator and how old a figure may be.

    Returns:
        For each sort, shape (moves,), whether a move went there.
    """
    county = [at_level(rows[f"{side}_place_id"], places, "county").to_numpy(dtype=object) for side in _SIDES]
    province = [at_level(rows[f"{side}_place_id"], places, "province").to_numpy(dtype=object) for side in _SIDES]
    same_county = (county[0] == county[1]) & (county[0] != "")
    known = (province[0] != "") & (province[1] != "")
    same_province = known & (province[0] == province[1]) & ~same_county
    other = known & (province[0] != province[1])
    found: dict[str, Flags] = {
        "same_county": same_county,
        "same_province": same_province,
        "other_province": other,
        "nearness_unknown": ~(same_county | same_province | other),
    }
    if panel is not None and parameters.level_indicator:
        (place_o, level_o), (place_d, level_d) = (
            _levels(rows[f"{side}_place_id"], rows["year"], places, panel, parameters) for side in _SIDES
        )
        # two places that only their common province speaks for cannot be told apart
        compared = np.isfinite(level_o) & np.isfinite(level_d) & (place_o != place_d)
        lower = compared & (level_d < level_o)
        found |= {"less_developed": lower, "not_less_developed": compared & ~lower, "level_unknown": ~compared}
    return {name: np.asarray(flags, dtype=bool) for name, flags in found.items()}


_SIDES = ("origin", "destination")


def _levels(
    place_ids: pd.Series, years: pd.Series, places: pd.DataFrame, panel: pd.DataFrame, parameters: PathwaysParameters
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float64]]:
    """For each place at each move the place that speaks for it and its figure, NaN where unknown."""
    plain = texts(panel, "place_id", "indicator")
    plain = plain[(plain["indicator"] == parameters.level_indicator) & plain["year"].notna() & plain["value"].notna()]
    figures = {
        (str(place), int(year)): float(value)
        for place, year, value in zip(plain["place_id"], plain["year"], plain["value"], strict=True)
    }
    listed = texts(places, "place_id", "parent_id")
    parent = dict(zip(listed["place_id"], listed["parent_id"], strict=True))
    found = [
        _level(str(place), int(year), parent, figures, parameters.level_years)
        for place, year in zip(place_ids, years, strict=True)
    ]
    return np.array([place for place, _ in found], dtype=object), np.array([level for _, level in found], dtype=float)


def _level(
    place: str, year: int, parent: dict[str, str], figures: dict[tuple[str, int], float], reach: int
) -> tuple[str, float]:
    at, seen = place, set[str]()
    while at and at not in seen:
        for back in range(reach + 1):
            if (at, year - back) in figures:
                return at, figures[at, year - back]
        seen.add(at)
        at = parent.get(at, "")
    return "", float("nan")
