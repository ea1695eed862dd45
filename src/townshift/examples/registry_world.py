"""The world of a synthetic registry: its places, and forty years of an industry that grows, crowds and is regulated.

The focal town is invented and stands at position 0 of the *sites*; the other sites are counties. Everything here is
small (sites × months) and costs nothing; `registry_firms` and `registry_moves` draw millions of firms from it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import numpy as np

from townshift.examples.registry_sampling import Floats, Ints, stream

Country = Literal["cn", "uk"]

FIRST_YEAR, LAST_YEAR = 1985, 2024
MONTHS = 12 * (LAST_YEAR - FIRST_YEAR + 1)
FOCAL = {
    "cn": ("lingxi", "Lingxi Town", "绫溪镇", "town", "cn330502", "", "120.25", "30.85"),
    "uk": ("wexbeck", "Wexbeck", "", "town", "gn2644688", "", "-1.50", "53.76"),
}
"""The focal town, which exists nowhere, in the columns of `registry_places_*.csv`."""
FOCAL_SHARE = 0.16
"""Of all entries, those in the focal town."""
SHOCK_YEAR, SHOCK_YEARS = 2014, 4
"""First year of the dated regulation, and for how many years it raises exits and moves."""


@dataclass(frozen=True, slots=True)
class Place:
    """A row of the gazetteer."""

    place_id: str
    name: str
    name_zh: str
    kind: str
    parent_id: str
    adcode: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class World:
    """Places and the rates of the process.

    Attributes:
        country: `cn` or `uk`.
        places: the gazetteer, by place_id.
        sites: where firms stand: the focal town, then counties.
        towns: for each site, the position in `town_names` of a town inside it, or -1.
        town_names: those towns.
        entry: shape (sites, years, 2), weight of entries of non-members and members.
        hazard: shape (2, MONTHS), monthly hazard of exit elsewhere and of members in the focal town.
        leaving: shape (2, MONTHS), relative intensity of moves from elsewhere and from the focal town.
        gravity: shape (sites, sites), probability of a destination given the origin, rows sum to 1.
        homes: shape (sites,), probability that a founder in the focal town comes from there.
        coverage: shape (years, 2), share of entries that the registry holds: companies, sole traders.
        rent, stock: shape (years,), of the focal town, relative to the first year.
    """

    country: Country
    places: dict[str, Place]
    sites: list[Place]
    towns: Ints
    town_names: list[Place]
    entry: Floats
    hazard: Floats
    leaving: Floats
    gravity: Floats
    homes: Floats
    coverage: Floats
    rent: Floats
    stock: Floats


def gazetteer(country: Country) -> dict[str, Place]:
    """All places of a variant, the invented focal town included, by id."""
    name = f"registry_places_{country}.csv"
    text = files("townshift.examples").joinpath(name).read_text(encoding="utf-8")
    rows = [*list(csv.reader(text.splitlines()))[1:], list(FOCAL[country])]
    return {row[0]: Place(row[0], row[1], row[2], row[3], row[4], row[5], float(row[6]), float(row[7])) for row in rows}


def distances_km(sites: list[Place]) -> Floats:
    """Great-circle distances between sites, shape (sites, sites), km."""
    lon = np.radians([site.lon for site in sites])
    lat = np.radians([site.lat for site in sites])
    half = np.sin((lat[:, None] - lat) / 2) ** 2
    half = half + np.cos(lat)[:, None] * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    return np.asarray(2 * 6371.0 * np.arcsin(np.sqrt(np.clip(half, 0, 1))), dtype=np.float64)


def town_history(rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
    """Entries, exit rate, rent and stock of the focal town's industry by year (shape (years,) each).

    Entry comes from outside and, in proportion to the stock, from firms whose people found firms of their own
    (spin-offs, Klepper 2010); rent rises with density and raises exit; the regulation raises it again for some years.
    """
    years = LAST_YEAR - FIRST_YEAR + 1
    entries, exits, rents, stocks = (np.zeros(years) for _ in range(4))
    spin_off, capacity = rng.uniform(0.19, 0.23), rng.uniform(9_000, 11_000)
    stock = 120.0
    for year in range(years):
        rent = (1 + stock / capacity) ** 1.5
        shocked = SHOCK_YEAR <= FIRST_YEAR + year < SHOCK_YEAR + SHOCK_YEARS
        exits[year] = 0.045 + 0.035 * (rent - 1) + (0.09 if shocked else 0.0)
        entries[year] = (12 + 4 * min(year, 15) + spin_off * stock / rent**0.6) * (0.7 if shocked else 1.0)
        stock += entries[year] - exits[year] * stock
        rents[year], stocks[year] = rent, stock
    return entries, exits, rents, stocks


def build_world(country: Country, seed: int) -> World:
    """The world that a seed fixes."""
    rng = stream(seed, 1)
    places = gazetteer(country)
    focal = places[FOCAL[country][0]]
    sites = [focal, *(place for place in places.values() if place.kind == "county")]
    town_names = [place for place in places.values() if place.kind == "town" and place is not focal]
    at = {site.place_id: number for number, site in enumerate(sites)}
    towns = np.full(len(sites), -1, dtype=np.int64)
    for number, town in enumerate(town_names):
        towns[at[town.parent_id]] = number
    entries, exits, rent, stock = town_history(rng)
    km = distances_km(sites)
    ties = rng.gamma(0.4, 1.0, len(sites))
    ties[0] = 0
    coverage = registry_coverage(rng)
    return World(
        country, places, sites, towns, town_names,
        entry=_entry_weights(rng, len(sites), entries),
        hazard=_hazards(exits),
        leaving=_leaving(rent),
        gravity=_gravity(rng, km, ties),
        homes=ties * np.exp(-km[0] / 900) / (ties * np.exp(-km[0] / 900)).sum(),
        coverage=coverage, rent=rent, stock=stock,
    )  # fmt: skip


def registry_coverage(rng: np.random.Generator) -> Floats:
    """Share of entries that the registry holds by year: thin in three years, sole traders half missing."""
    years = LAST_YEAR - FIRST_YEAR + 1
    companies = np.clip(np.linspace(0.8, 0.98, years), 0, 1)
    traders = np.clip(np.linspace(0.3, 0.6, years), 0, 1)
    for year in rng.choice(np.arange(12, years - 3), 3, replace=False):
        companies[year] *= 0.55
        traders[year] *= 0.5
    return np.stack([companies, traders], axis=1)


def _entry_weights(rng: np.random.Generator, sites: int, entries: Floats) -> Floats:
    """National growth elsewhere, the town's history in the town; some counties have clusters of their own."""
    years = np.arange(LAST_YEAR - FIRST_YEAR + 1)
    growth = np.exp(0.07 * years)
    size = rng.gamma(2.0, 1.0, sites)
    member = np.where(rng.random(sites) < 0.06, 0.25, 0.025)
    elsewhere = size[:, None, None] * growth[:, None] * np.stack([1 - member, member], axis=1)[:, None, :]
    elsewhere[0] = 0
    town = np.stack([0.35 * entries.mean() * growth / growth.mean(), 0.65 * entries], axis=1)
    weights = elsewhere / elsewhere.sum() * (1 - FOCAL_SHARE)
    weights[0] = town / town.sum() * FOCAL_SHARE
    return np.asarray(weights, dtype=np.float64)


def _hazards(exits: Floats) -> Floats:
    monthly = np.repeat(exits, 12) / 12
    return np.stack([np.full(MONTHS, 0.085 / 12), monthly])


def _leaving(rent: Floats) -> Floats:
    town = np.repeat(np.maximum(rent - 1, 0.05), 12)
    start = 12 * (SHOCK_YEAR - FIRST_YEAR)
    town[start : start + 12 * SHOCK_YEARS] *= 2.5
    elsewhere = np.exp(0.05 * np.arange(MONTHS) / 12)
    return np.stack([elsewhere / elsewhere.max(), town / town.max()])


def _gravity(rng: np.random.Generator, km: Floats, ties: Floats) -> Floats:
    """Destinations: near, cheap, and where the founders come from."""
    pull = rng.lognormal(0.0, 0.7, len(km))
    weights = pull * (km + 40.0) ** -1.1
    weights[0] *= 0.3 + ties
    np.fill_diagonal(weights, 0)
    weights[:, 0] = 0
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float64)
