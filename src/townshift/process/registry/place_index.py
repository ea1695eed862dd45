"""A gazetteer made ready for compiled loops: every name of every place in one trie, with its place in the hierarchy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from townshift.frames import texts
from townshift.process.registry.code_points import normalise, text_of
from townshift.process.registry.data_rows import data_rows
from townshift.process.registry.gazetteer import distance_km, divisions_by_year
from townshift.process.registry.word_trie import WordTrie, build_trie

LEVELS = {"country": 0, "province": 1, "city": 2, "county": 3, "town": 4, "park": 4, "village": 4}
"""How deep a kind of place lies; other kinds are never read from an address."""

COUNTRY, PROVINCE, CITY, COUNTY, TOWN = range(5)
FOREIGN, HOME = -2, -3
"""In place of a place: the name of another country, or of the study's own."""

_ENDINGS = (
    "特别行政区",
    "自治区",
    "自治州",
    "自治县",
    "自治旗",
    "地区",
    "街道",
    "省",
    "市",
    "盟",
    "县",
    "区",
    "旗",
    "镇",
    "乡",
)
_FIRST_CHINESE_DIGITS = r"[1-8]\d{5}"


@dataclass(frozen=True, slots=True)
class PlaceIndex:
    """Places as flat arrays; a place is its row number in the gazetteer.

    Attributes:
        trie: of all names; a name's number is the row of its first candidate.
        candidates: shape (names and places, 12), one row a place that bears a name, in columns `PLACE` and following.
        ancestors: shape (places, 5); the place itself or what contains it, by level; -1 = none.
        without_counties: whether a city has no counties and stands for one.
        lon: degrees WGS-84, NaN where unknown.
        lat: the same.
    """

    trie: WordTrie
    candidates: npt.NDArray[np.int32]
    ancestors: npt.NDArray[np.int32]
    without_counties: npt.NDArray[np.bool_]
    lon: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]


PLACE, RANK, LEVEL, APPROXIMATE, MORE, NEAR_CITIES = 0, 1, 2, 7, 8, 9
N_NEAR_CITIES, SHORT = 3, 3
"""Columns of candidates: place (or `FOREIGN`, `HOME`); its rank (0 full name, 1 former, 2 of a division that is no
more, and from `SHORT` on the same without 省, 市, 县); its level; in columns 3 to 6 its ancestors of levels 1 to 4;
whether its county is only estimated; whether the next row bears the same name; for a town whose county is an estimate
the nearest cities of its province."""

_NEAR_KM = 80.0


def place_index(places: pd.DataFrame, country: str = "CN") -> PlaceIndex:
    """Index the gazetteer `places`; where it uses China's codes, with the names its counties bore since 1980.

    Args:
        places: the table `places`.
        country: ISO 3166-1 code of the study's country; the names of others mark an address as abroad.
    """
    rows = texts(places, "place_id", "name", "name_zh", "kind", "parent_id", "adcode")
    ancestors, levels = _hierarchy(rows)
    bears: dict[str, dict[int, int]] = defaultdict(dict)
    for name, place, rank in _names(rows, levels, country):
        if len(name) > 1:
            bears[name][place] = min(rank, bears[name].get(place, rank))
    for name, code in _countries():
        bears.setdefault(name, {HOME if code == country else FOREIGN: 0})
    has_counties = np.zeros(len(rows), dtype=np.bool_)
    has_counties[ancestors[levels == COUNTY, CITY]] = True
    lon, lat = _numbers(places, "lon"), _numbers(places, "lat")
    near = _near_cities(rows, ancestors, levels, np.column_stack([lon, lat]))
    entries = sorted(bears)
    starts = np.concatenate([[0], np.cumsum([len(bears[name]) for name in entries])]).astype(np.int64)
    return PlaceIndex(
        trie=build_trie(entries, starts[:-1].tolist(), confusions()),
        candidates=_candidates([sorted(bears[name].items()) for name in entries], near, ancestors, levels),
        ancestors=ancestors,
        without_counties=(levels == CITY) & ~has_counties,
        lon=lon,
        lat=lat,
    )


def _candidates(
    bearers: list[list[tuple[int, int]]],
    near: npt.NDArray[np.int32],
    ancestors: npt.NDArray[np.int32],
    levels: npt.NDArray[np.int8],
) -> npt.NDArray[np.int32]:
    """The table of candidates, see `PLACE`; `near` is `_near_cities`."""
    found = [(place, rank, k + 1 < len(one)) for one in bearers for k, (place, rank) in enumerate(one)]
    table = np.full((len(found), NEAR_CITIES + N_NEAR_CITIES), -1, dtype=np.int32)
    table[:, PLACE], table[:, RANK], table[:, MORE] = np.array(found, dtype=np.int32).reshape(-1, 3).T
    real = table[:, PLACE] >= 0
    place = table[real, PLACE]
    table[real, LEVEL], table[real, APPROXIMATE] = levels[place], near[place, 0] > -2
    table[real, NEAR_CITIES:] = near[place]
    table[real, PROVINCE + LEVEL : TOWN + LEVEL + 1] = ancestors[place, PROVINCE:]
    return table


def _near_cities(
    rows: pd.DataFrame, ancestors: npt.NDArray[np.int32], levels: npt.NDArray[np.int8], points: npt.NDArray[np.float64]
) -> npt.NDArray[np.int32]:
    """Cities near each town whose county is an estimate, shape (places, 3): -1 = no further, -2 = no such town."""
    near = np.full((len(rows), N_NEAR_CITIES), -2, dtype=np.int32)
    estimated = rows["place_id"].str.startswith("gn").to_numpy(dtype=np.bool_)
    for province in np.unique(ancestors[estimated, PROVINCE]):
        towns = np.flatnonzero(estimated & (ancestors[:, PROVINCE] == province))
        cities = np.flatnonzero((levels == CITY) & (ancestors[:, PROVINCE] == province) & np.isfinite(points[:, 0]))
        near[towns] = -1
        if not cities.size:
            continue
        pairs = np.repeat(points[towns], cities.size, axis=0), np.tile(points[cities], (towns.size, 1))
        apart = distance_km(*pairs).reshape(towns.size, cities.size)
        order = np.argsort(apart, axis=1, kind="stable")[:, :N_NEAR_CITIES]
        found = np.where(np.take_along_axis(apart, order, axis=1) <= _NEAR_KM, cities[order], -1)
        near[towns, : found.shape[1]] = found
    return near


@cache
def confusions() -> dict[str, str]:
    """Characters read as others when words are looked up, from `ocr_confusions.csv`."""
    return {row["read"]: row["as"] for row in data_rows("ocr_confusions.csv")}


def code_index(places: pd.DataFrame) -> dict[str, int]:
    """Row of `places` by six-digit code, with the codes its counties bore since 1980.

    A code that several divisions bore belongs to the one that bore it last.
    """
    rows = texts(places, "place_id", "adcode", "kind")
    by_id = {place: row for row, place in enumerate(rows["place_id"])}
    by_code = {code: row for row, code in enumerate(rows["adcode"]) if code}
    out: dict[str, int] = {}
    if _chinese(rows):
        for old in divisions_by_year().sort_values(["year_to", "place_id"], kind="stable").itertuples(index=False):
            row = by_id.get(str(old.place_id), by_code.get(str(old.place_id)))
            if row is not None:
                out[str(old.adcode)] = row
    out.update(by_code)
    return out


def _chinese(rows: pd.DataFrame) -> bool:
    return bool((rows["adcode"] + rows["place_id"]).str.contains(_FIRST_CHINESE_DIGITS, regex=True).any())


def _numbers(places: pd.DataFrame, name: str) -> npt.NDArray[np.float64]:
    if name not in places.columns:
        return np.full(len(places), np.nan)
    return np.asarray(places[name].astype("float64").to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _hierarchy(rows: pd.DataFrame) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]]:
    number = {place: row for row, place in enumerate(rows["place_id"])}
    levels = np.array([LEVELS.get(kind, -1) for kind in rows["kind"]], dtype=np.int8)
    parent = [number.get(place, -1) for place in rows["parent_id"]]
    ancestors = np.full((len(rows), len(set(LEVELS.values()))), -1, dtype=np.int32)
    for row in range(len(rows)):
        at, seen = row, 0
        while at >= 0 and seen < 10:
            if levels[at] >= 0 and ancestors[row, levels[at]] < 0:
                ancestors[row, levels[at]] = at
            at, seen = parent[at], seen + 1
    return ancestors, levels


def _names(rows: pd.DataFrame, levels: npt.NDArray[np.int8], country: str) -> Iterable[tuple[str, int, int]]:
    """Every (normalised name, place, rank)."""
    full = text_of(normalise(pa.array(rows["name_zh"].tolist(), pa.string()))).to_pylist()
    latin = text_of(normalise(pa.array(rows["name"].tolist(), pa.string()))).to_pylist()
    chinese = country == "CN" and _chinese(rows)
    gone = _abolished() if chinese else frozenset()
    for place, (zh, en) in enumerate(zip(full, latin, strict=True)):
        if levels[place] <= COUNTRY:
            continue
        late = 2 * (rows["place_id"][place] in gone)
        yield zh, place, late
        yield en, place, late
        yield _short(zh), place, SHORT + late
    if not chinese:
        return
    by_id = {code: row for row, code in enumerate(rows["place_id"])}
    by_code = {code: row for row, code in enumerate(rows["adcode"]) if code}
    for old in divisions_by_year().itertuples(index=False):
        found = by_id.get(str(old.place_id), by_code.get(str(old.place_id)))
        if found is not None:
            late = 1 + (str(old.place_id) in gone)
            yield str(old.name), found, late
            yield str(old.short_name), found, SHORT + late


def _abolished() -> frozenset[str]:
    """Ids of divisions that no longer exist: their names mean another place where one bears them now."""
    last = divisions_by_year().groupby(["place_id", "kind"])["year_to"].max()
    ended = last[last < last.max()].reset_index()
    current = set(last[last == last.max()].reset_index()["place_id"])
    return frozenset(str(place) for place in ended["place_id"] if place not in current)


def _short(name: str) -> str:
    """A Chinese name without its kind, where two characters remain."""
    for ending in _ENDINGS:
        if name.endswith(ending) and len(name) - len(ending) >= 2:
            return name.removesuffix(ending)
    return ""


def _countries() -> list[tuple[str, str]]:
    rows = data_rows("countries.csv")
    names = text_of(normalise(pa.array([row["name"] for row in rows]))).to_pylist()
    return [(name, row["code"]) for name, row in zip(names, rows, strict=True)]
