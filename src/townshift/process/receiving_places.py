"""Where work moved: destinations county by county, how far, since when, and on what evidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pyproj import Geod

from townshift.frames import typed
from townshift.types import BASE_SETTING, Parameters

COLUMNS = {
    "county_id": "string",
    "name": "string",
    "name_zh": "string",
    "kind": "string",
    "province_id": "string",
    "outside_focal_province": "boolean",
    "distance_km": "float64",
    "distance_basis": "string",
    "first_year": "Int64",
    "year_basis": "string",
    "relations": "string",
    "link": "string",
    "evidence": "string",
    "n_rows": "Int64",
    "n_named": "Int64",
    "n_lineages": "Int64",
    "n_named_lineages": "Int64",
    "site_levels": "string",
    "less_developed": "boolean",
    "less_developed_basis": "string",
    "row_ids": "string",
}
"""Columns of `receiving_places` and their pandas dtypes."""

SUMMARY_COLUMNS = {
    "scope": "string",
    "aspect": "string",
    "category": "string",
    "n": "Int64",
    "n_known": "Int64",
    "row_ids": "string",
}
"""Columns of `receiving_summary`: how many of the counties for which an aspect is known fall into a category."""


Gazetteer = dict[str, dict[str, Any]]


class ReceivingPlacesParameters(Parameters):
    """`[parameters.receiving_places]`.

    Attributes:
        links: kinds of link, the strongest first; a kind that is not listed comes last.
        evidence_links: the kinds that are evidence that work came from the focal place.
        strong_lineages: so many independent originals make the evidence strong.
        top_kinds: kinds of place that stand for the region of the first order (province, state).
        level: definitions of level that tell whether a place is less developed; none = all that are compared.
        certain: a place counts as less developed if the probability that it lies below is at least this, and as not
            less developed if it is at most one minus this.
    """

    links: tuple[str, ...] = ("named", "county_named", "labour_origin", "comparator", "no_link_seen")
    evidence_links: tuple[str, ...] = ("named",)
    strong_lineages: int = 2
    top_kinds: tuple[str, ...] = ("province",)
    level: tuple[str, ...] = ()
    certain: float = 0.95


def geodesic_km(lon_from: float, lat_from: float, lon_to: float, lat_to: float) -> float:
    """Length of the shortest line on the WGS 84 ellipsoid between two points, in km.

    Args:
        lon_from: degrees east of Greenwich.
        lat_from: degrees north.
        lon_to: degrees east.
        lat_to: degrees north.

    Source: Karney (2013), Algorithms for geodesics, through PROJ.

    Example:
        >>> round(geodesic_km(0.0, 0.0, 1.0, 0.0), 3)      # a degree of the equator: 2 pi 6378.137 / 360
        111.319
    """
    _, _, metres = Geod(ellps="WGS84").inv(lon_from, lat_from, lon_to, lat_to)
    return float(metres) / 1000.0


def receiving_places(
    destinations: pd.DataFrame,
    places: pd.DataFrame,
    focal_place: str,
    parameters: ReceivingPlacesParameters | None = None,
    gaps: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per county (or whole city) that work is said to have moved to.

    Rows of one county are one place: towns, parks and sites in it count together, and the distance is that to the
    county seat. The first year is the earliest of the rows with the strongest link. Only a link in `evidence_links`
    is evidence that the work came from the focal place: `strong` from two independent originals on, `single` from
    one, else `none`.

    Args:
        destinations: destination_id, place_id, county_id, first_year, year_basis, relation, link, lineage,
            site_level; `county_id` is empty for a whole city.
        places: place_id, name, name_zh, kind, parent_id, lon, lat (degrees, WGS 84).
        focal_place: place id from which distances are measured.
        parameters: order of links and thresholds.
        gaps: level gaps, if there are any: place_id, group, setting, `probability_below` (that the place lies below
            the focal side) and status.

    Returns:
        `COLUMNS`, sorted by strength of link, then distance, then id. Distance is in km, missing where a place has no
        point. Lists are joined by `;`.
    """
    chosen = parameters or ReceivingPlacesParameters()
    if destinations.empty:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    gazetteer = _gazetteer(places)
    rows = destinations.copy()
    rows["county_id"] = rows["county_id"].fillna(rows["place_id"])
    focal_top = _ancestor(gazetteer, focal_place, chosen.top_kinds)
    records = [
        _county(str(county), part, gazetteer, focal_place, focal_top, chosen, gaps)
        for county, part in rows.groupby("county_id", sort=True)
    ]
    table = typed(records, COLUMNS)
    order = table.assign(_rank=[_rank(link, chosen) for link in table["link"]])
    ordered = order.sort_values(["_rank", "distance_km", "county_id"], kind="stable", na_position="last")
    return ordered.drop(columns="_rank").reset_index(drop=True)


def receiving_summary(table: pd.DataFrame, parameters: ReceivingPlacesParameters | None = None) -> pd.DataFrame:
    """How many receiving counties are of which sort, for those with evidence of a link and for all.

    Nothing here is a share of a population: the record holds the places that were written about. Each count stands
    beside the number of counties for which the aspect is known.

    Args:
        table: the result of `receiving_places`.
        parameters: which links are evidence.

    Returns:
        `SUMMARY_COLUMNS`; scope `linked` (link in `evidence_links`) or `all`, aspects link, evidence, province
        (outside or inside the focal one), development (less_developed, not_less_developed, undecided), distance band
        and site level.
    """
    chosen = parameters or ReceivingPlacesParameters()
    scopes = (("linked", table.loc[table["link"].isin(chosen.evidence_links)]), ("all", table))
    records: list[dict[str, object]] = []
    for scope, rows in scopes:
        for aspect, labels in _aspects(rows).items():
            known = labels.dropna()
            for category, ids in rows.loc[known.index, "county_id"].groupby(known, sort=True):
                records.append(
                    {
                        "scope": scope,
                        "aspect": aspect,
                        "category": category,
                        "n": len(ids),
                        "n_known": len(known),
                        "row_ids": ";".join(sorted(ids)),
                    }
                )
    return typed(records, SUMMARY_COLUMNS)


def _aspects(rows: pd.DataFrame) -> dict[str, pd.Series[str]]:
    outside = rows["outside_focal_province"].map({True: "outside", False: "inside"}).astype("string")
    lower = rows["less_developed"].map({True: "less_developed", False: "not_less_developed"}).astype("string")
    compared = rows["less_developed_basis"].notna() & lower.isna()
    bands = pd.cut(rows["distance_km"], [0, 100, 300, 500, 1000, np.inf], right=False).astype("string")
    return {
        "development": lower.mask(compared, "undecided"),
        "distance_km": bands,
        "evidence": rows["evidence"],
        "link": rows["link"],
        "province": outside,
        "site_levels": rows["site_levels"],
    }


def _county(
    county: str,
    rows: pd.DataFrame,
    gazetteer: Gazetteer,
    focal_place: str,
    focal_top: str | None,
    chosen: ReceivingPlacesParameters,
    gaps: pd.DataFrame | None,
) -> dict[str, object]:
    ranks = rows["link"].map(lambda link: _rank(link, chosen))
    best = rows.loc[ranks == ranks.min()]
    named = rows.loc[rows["link"].isin(chosen.evidence_links)]
    named_lineages = int(named["lineage"].nunique())
    top = _ancestor(gazetteer, county, chosen.top_kinds)
    distance, basis = _distance(gazetteer, focal_place, county)
    year, year_basis = _first_year(best)
    below, below_basis = _less_developed(county, gaps, chosen)
    return {
        "county_id": county,
        "name": _cell(gazetteer, county, "name") or county,
        "name_zh": _cell(gazetteer, county, "name_zh"),
        "kind": _cell(gazetteer, county, "kind"),
        "province_id": top,
        "outside_focal_province": None if top is None or focal_top is None else top != focal_top,
        "distance_km": distance,
        "distance_basis": basis,
        "first_year": year,
        "year_basis": year_basis,
        "relations": _joined(rows["relation"]),
        "link": str(best["link"].iloc[0]) if best["link"].notna().any() else None,
        "evidence": "strong" if named_lineages >= chosen.strong_lineages else "single" if len(named) else "none",
        "n_rows": len(rows),
        "n_named": len(named),
        "n_lineages": int(rows["lineage"].nunique()),
        "n_named_lineages": named_lineages,
        "site_levels": _joined(rows["site_level"]) if "site_level" in rows else None,
        "less_developed": below,
        "less_developed_basis": below_basis,
        "row_ids": _joined(rows["destination_id"]),
    }


def _rank(link: object, chosen: ReceivingPlacesParameters) -> int:
    return chosen.links.index(str(link)) if link in chosen.links else len(chosen.links)


def _first_year(rows: pd.DataFrame) -> tuple[int | None, str | None]:
    dated = rows.loc[rows["first_year"].notna()]
    if dated.empty:
        return None, None
    year = int(dated["first_year"].min())
    bases = set(dated.loc[dated["first_year"] == year, "year_basis"].dropna().astype(str))
    return year, "stated" if "stated" in bases else next(iter(sorted(bases)), None)


def _distance(gazetteer: Gazetteer, focal_place: str, county: str) -> tuple[float, str]:
    points = [(_number(gazetteer, place, "lon"), _number(gazetteer, place, "lat")) for place in (focal_place, county)]
    if not np.isfinite(points).all():
        return float("nan"), "no_point"
    (lon_from, lat_from), (lon_to, lat_to) = points
    return geodesic_km(lon_from, lat_from, lon_to, lat_to), "seat"


def _less_developed(
    county: str, gaps: pd.DataFrame | None, chosen: ReceivingPlacesParameters
) -> tuple[bool | None, str | None]:
    if gaps is None or gaps.empty:
        return None, None
    of_place = (gaps["place_id"] == county) & (gaps["setting"] == BASE_SETTING) & gaps["probability_below"].notna()
    of_level = gaps["group"].isin(chosen.level) if chosen.level else True
    found = gaps.loc[of_place & of_level].sort_values("estimate_id")
    if found.empty:
        return None, None
    basis = ";".join(found["estimate_id"].astype(str))
    if (found["probability_below"] >= chosen.certain).all():
        return True, basis
    return (False, basis) if (found["probability_below"] <= 1 - chosen.certain).all() else (None, basis)


def _ancestor(gazetteer: Gazetteer, place: str, kinds: tuple[str, ...]) -> str | None:
    current: str | None = place
    for _ in range(len(gazetteer) + 1):  # a loop of parents ends here
        if current is None or current not in gazetteer:
            return None
        if _cell(gazetteer, current, "kind") in kinds:
            return current
        current = _cell(gazetteer, current, "parent_id")
    return None


def _gazetteer(places: pd.DataFrame) -> Gazetteer:
    unique = places.drop_duplicates("place_id")
    return {str(row["place_id"]): {str(k): v for k, v in row.items()} for row in unique.to_dict("records")}


def _cell(gazetteer: Gazetteer, place: str, column: str) -> str | None:
    value = gazetteer.get(place, {}).get(column)
    return None if value is None or pd.isna(value) else str(value)


def _number(gazetteer: Gazetteer, place: str, column: str) -> float:
    value = gazetteer.get(place, {}).get(column)
    return float("nan") if value is None or pd.isna(value) else float(value)


def _joined(values: pd.Series[str]) -> str:
    return ";".join(sorted(set(values.dropna().astype(str))))
