"""Published figures of one definition with their width: what a level comparison may use, and what it must leave out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.frames import texts, typed
from townshift.place_sides import Side, ancestors, sides
from townshift.types import N_DRAWS, Parameters, keyed_seed

LevelSide = Literal["focal", "containing", "receiving", "comparator", "elsewhere"]
"""The side of a place in a comparison; a comparator is listed as a destination without evidence of a link."""

End = Literal["focal", "receiving", "elsewhere"]
"""The side of a place as one end of a flow."""

UNUSABLE_FLAGS = ("lost_zero", "wrong_decimal")
"""Flags of figures whose value is known to be wrong: they are listed, never compared."""

RECORD_COLUMNS = {
    "definition_id": "string",
    "place_id": "string",
    "side": "string",
    "year": "Int64",
    "value": "float64",
    "unit": "string",
    "qualifier": "string",
    "fact_id": "string",
    "source_id": "string",
    "lineage": "string",
    "flag": "string",
    "usable": "boolean",
    "reason": "string",
}
"""Columns of `level_record` and their pandas dtypes."""


class FigureWidths(Parameters):
    """How wide a published figure is, as standard deviations in log.

    Attributes:
        exact: of a figure given as exact.
        about: of a rounded figure.
        bound: of the half-normal distance beyond an `over` or `under` figure.
        bias: of what all sources of one place share and more sources do not shrink.
    """

    exact: float = 0.03
    about: float = 0.10
    bound: float = 0.30
    bias: float = 0.10

    def scaled(self, factor: float) -> FigureWidths:
        """All widths times a factor."""
        return FigureWidths(
            exact=self.exact * factor, about=self.about * factor, bound=self.bound * factor, bias=self.bias * factor
        )


def level_sides(
    places: pd.DataFrame, focal: str, destinations: pd.DataFrame | None, links: Sequence[str]
) -> dict[str, LevelSide]:
    """The side of every place: as `townshift.place_sides.sides`, with listed places that have no link as comparators.

    A place that is itself listed only with other links is a comparator even where a city around it is a destination.

    Args:
        places: place_id, parent_id.
        focal: the focal place.
        destinations: place_id, county_id, link.
        links: kinds of link that are evidence.
    """
    known: dict[str, Side] = sides(places, focal, destinations, links)
    out: dict[str, LevelSide] = dict(known)
    if destinations is None:
        return out
    rows = texts(destinations, "place_id", "county_id", "link")
    linked = rows.loc[rows["link"].isin(list(links))]
    direct = {*linked["place_id"], *linked["county_id"]}
    others = rows.loc[~rows["link"].isin(list(links))]
    for place in sorted({*others["place_id"], *others["county_id"]} - direct - {""}):
        if known.get(place, "elsewhere") in ("receiving", "elsewhere"):
            out[place] = "comparator"
    return out


def flow_ends(places: pd.DataFrame, side_of: Mapping[str, LevelSide]) -> dict[str, End]:
    """Which side each place is as the end of a flow.

    A district or province around the focal place speaks for its side, but not one that also contains a receiving
    place: goods that go to the whole country are not goods that return to the origin.

    Args:
        places: place_id, parent_id.
        side_of: side of every place.

    Example:
        >>> places = pd.DataFrame({"place_id": ["land", "east", "town", "far"],
        ...                        "parent_id": [None, "land", "east", "land"]})
        >>> flow_ends(places, {"land": "containing", "east": "containing", "town": "focal", "far": "receiving"})
        {'land': 'elsewhere', 'east': 'focal', 'town': 'focal', 'far': 'receiving'}
    """
    around_both = {
        above for place, side in side_of.items() if side == "receiving" for above in ancestors(places, place)
    }

    def end(place: str, side: LevelSide) -> End:
        if side == "focal" or (side == "containing" and place not in around_both):
            return "focal"
        return "receiving" if side == "receiving" else "elsewhere"

    return {place: end(place, side) for place, side in side_of.items()}


def counties(
    places: pd.DataFrame, destinations: pd.DataFrame | None, side_of: Mapping[str, LevelSide]
) -> dict[str, str]:
    """The county in which each receiving place or comparator lies; a place outside any county stands for itself.

    Args:
        places: place_id, kind, parent_id.
        destinations: place_id, county_id; a county named there wins.
        side_of: side of every place.
    """
    plain = texts(places, "place_id", "kind")
    kinds = dict(zip(plain["place_id"], plain["kind"], strict=True))
    county: dict[str, str] = {}
    for place, side in side_of.items():
        if side not in ("receiving", "comparator"):
            continue
        chain = (place, *ancestors(places, place))
        county[place] = next((above for above in chain if kinds.get(above) == "county"), place)
    if destinations is not None:
        rows = texts(destinations, "place_id", "county_id")
        county.update({p: c for p, c in zip(rows["place_id"], rows["county_id"], strict=True) if c})
    return county


def level_record(facts: pd.DataFrame, definitions: Sequence[str], side_of: Mapping[str, LevelSide]) -> pd.DataFrame:
    """All published figures of the given definitions, each with its side and whether a comparison may use it.

    Second entries of one figure (`same_as`) are left out; a figure without year or positive value, or one known to be
    wrong, is listed with the reason why it is not used.

    Args:
        facts: fact_id, place_id, definition_id, year, value_std, unit_std, qualifier, source_id, lineage, flag,
            same_as.
        definitions: definition ids.
        side_of: side of every place.

    Returns:
        `RECORD_COLUMNS`, sorted by definition, place, year and id.
    """
    plain = texts(facts, "fact_id", "place_id", "definition_id", "unit_std", "qualifier", "source_id", "lineage")
    plain = texts(plain, "flag", "same_as")
    plain = plain.loc[plain["definition_id"].isin(list(definitions)) & (plain["same_as"] == "")]
    rows: list[dict[str, object]] = []
    for fact in records(plain):
        reason = _reason(fact["year"], fact["value_std"], fact["flag"])
        rows.append(
            {
                **{name: value for name, value in fact.items() if name in RECORD_COLUMNS},
                "side": side_of.get(fact["place_id"], "elsewhere"),
                "year": None if pd.isna(fact["year"]) else int(fact["year"]),
                "value": fact["value_std"],
                "unit": fact["unit_std"],
                "usable": not reason,
                "reason": reason,
            }
        )
    table = typed(rows, RECORD_COLUMNS)
    return table.sort_values(["definition_id", "place_id", "year", "fact_id"], kind="stable").reset_index(drop=True)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as mappings with plain names.

    Example:
        >>> records(pd.DataFrame({"a": [1]}))
        [{'a': 1}]
    """
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def figure_draws(
    figures: pd.DataFrame, widths: FigureWidths, seed: int, keys: Sequence[str], n_draws: int = N_DRAWS
) -> npt.NDArray[np.float64]:
    """Draws of one place's level in one year from all its usable figures of that year.

    Each draw picks one lineage, then one of its figures, so that sources that disagree widen the level and copies do
    not narrow it: `ln x = ln v + width * z + bias * b`, with `|z|` upward for `over`, downward for `under`. The
    bias b is the same in all years of one place and definition, so that it cancels in a change.

    Args:
        figures: value, qualifier, lineage, fact_id; values above 0.
        widths: standard deviations in log.
        seed: the study's seed.
        keys: names of what is drawn, for the random stream; the last one is the year.
        n_draws: number of draws.

    Returns:
        Shape (n_draws,), in the unit of the figures.

    Example:
        >>> one = pd.DataFrame({"value": [100.0], "qualifier": ["over"], "lineage": ["L1"], "fact_id": ["F1"]})
        >>> draws = figure_draws(one, FigureWidths(bias=0.0), 1, ("p", "2019"))
        >>> draws.shape, bool((draws >= 100).all())
        ((400,), True)
    """
    rng = np.random.default_rng(keyed_seed(seed, *keys))
    u_lineage, u_figure, z = rng.random(n_draws), rng.random(n_draws), rng.standard_normal(n_draws)
    common = np.random.default_rng(keyed_seed(seed, *keys[:-1], "bias")).standard_normal(n_draws)
    ordered = figures.sort_values(["lineage", "fact_id"], kind="stable")
    lineage = ordered["lineage"].astype(str).to_numpy()
    _, start, count = np.unique(lineage, return_index=True, return_counts=True)
    which = np.minimum((u_lineage * start.size).astype(np.int64), start.size - 1)
    picked = start[which] + np.minimum((u_figure * count[which]).astype(np.int64), count[which] - 1)
    values = ordered["value"].to_numpy(dtype=np.float64)[picked]
    qualifiers = ordered["qualifier"].astype(str).to_numpy()[picked]
    width = np.select(
        [qualifiers == "exact", np.isin(qualifiers, ["over", "under"])], [widths.exact, widths.bound], widths.about
    )
    sided = np.select([qualifiers == "over", qualifiers == "under"], [np.abs(z), -np.abs(z)], z)
    return np.asarray(values * np.exp(width * sided + widths.bias * common), dtype=np.float64)


def _reason(year: float | None, value: float | None, flag: str) -> str:
    if year is None or pd.isna(year):
        return "no_year"
    if value is None or pd.isna(value) or not value > 0:
        return "no_positive_value"
    return flag if flag in UNUSABLE_FLAGS else ""
