"""Where the firms of a synthetic registry stand inside their places: nuclei that are born, grow, meet and die.

Points are drawn from streams of their own, so a registry with points holds the same firms as one without.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from townshift.examples.registry_sampling import Bools, Floats, Ints, chance, stream
from townshift.examples.registry_world import FIRST_YEAR, LAST_YEAR, SHOCK_YEAR, World

GEOCODED = 0.88
"""Share of records whose address could be put on the map."""
AT_NUCLEI = 0.8
"""Share of the industry's firms that stand at a nucleus; the others are anywhere in the place."""
RADIUS_KM = {"focal": 6.0, "else": 9.0}
ADDRESS_SD_KM = 0.015
KM_PER_DEGREE = 111.195
USES = ("workshop", "shop", "dormitory", "warehouse", "park_plant", "office", "other")
NUCLEUS_COLUMNS = ("nucleus", "place_id", "kind", "lon", "lat", "sd_km", "from_year", "to_year")

# The focal town: kind, km east and north of its centre, spread, first and last year of entries, peak year, weight.
_FOCAL = (
    ("old_street", 0.0, 0.2, 0.25, 1985, 2006, 1994, 1.0),
    ("village", -2.6, 1.4, 0.30, 1990, 2024, 2004, 1.3),
    ("village", -1.2, 2.2, 0.30, 1994, 2024, 2008, 1.3),
    ("village_between", -1.9, 1.8, 0.45, 2004, 2024, 2012, 1.2),
    ("market", 2.4, -0.6, 0.25, 1996, 2024, 2010, 1.0),
    ("park", 3.6, 2.6, 0.35, SHOCK_YEAR, 2024, 2020, 2.2),
)
_USES_OF = {
    "old_street": (0.5, 0.35, 0.05, 0.05, 0.0, 0.05, 0.0),
    "village": (0.75, 0.05, 0.1, 0.1, 0.0, 0.0, 0.0),
    "village_between": (0.7, 0.05, 0.15, 0.1, 0.0, 0.0, 0.0),
    "market": (0.05, 0.75, 0.0, 0.15, 0.0, 0.05, 0.0),
    "park": (0.05, 0.0, 0.1, 0.1, 0.7, 0.05, 0.0),
    "": (0.6, 0.15, 0.05, 0.1, 0.05, 0.05, 0.0),
    "others": (0.0, 0.4, 0.0, 0.1, 0.05, 0.25, 0.2),
}


@dataclass(frozen=True, slots=True)
class Nuclei:
    """Where the industry stands inside places; the first `len(_FOCAL)` are those of the focal town.

    Attributes:
        kind: of each nucleus.
        site: position of its place among the sites.
        east_km, north_km: of its centre from that of the place.
        sd_km: spread of the firms around it.
        years: shape (nuclei, years), weight of entries.
    """

    kind: list[str]
    site: Ints
    east_km: Floats
    north_km: Floats
    sd_km: Floats
    years: Floats


@dataclass(frozen=True, slots=True)
class BlockPoints:
    """Points of one block's records.

    Attributes:
        lon, lat: degrees; NaN where the address could not be put on the map.
        true_lon, true_lat: of every record.
        nucleus: position among the nuclei, -1 = none.
        use: position in `USES`.
    """

    lon: Floats
    lat: Floats
    true_lon: Floats
    true_lat: Floats
    nucleus: Ints
    use: Ints


def build_nuclei(world: World, seed: int) -> Nuclei:
    """The nuclei of every site: six in the focal town, one or two elsewhere."""
    rng = stream(seed, 71)
    rows: list[tuple[str, int, float, float, float, int, int, int, float]] = [
        (kind, 0, east, north, sd, since, until, peak, weight)
        for kind, east, north, sd, since, until, peak, weight in _FOCAL
    ]
    for site in range(1, len(world.sites)):
        for _ in range(int(rng.integers(1, 3))):
            angle, away = rng.random() * 2 * np.pi, 4.0 * rng.random() ** 0.5
            since = int(rng.integers(FIRST_YEAR, FIRST_YEAR + 20))
            east, north = float(away * np.cos(angle)), float(away * np.sin(angle))
            rows.append(("village", site, east, north, 0.4, since, LAST_YEAR, since + 15, 1.0))
    years = np.arange(FIRST_YEAR, LAST_YEAR + 1)
    life = np.array([
        weight * np.exp(-((years - peak) / 9.0) ** 2) * ((years >= since) & (years <= until))
        for *_, since, until, peak, weight in rows
    ])  # fmt: skip
    shape = np.array([row[2:5] for row in rows], dtype=np.float64)
    sites = np.array([row[1] for row in rows], np.int64)
    return Nuclei([row[0] for row in rows], sites, shape[:, 0], shape[:, 1], shape[:, 2], life)


def draw_points(
    world: World, nuclei: Nuclei, seed: int, number: int, site: Ints, entry: Ints, member: Bools, twin: Ints
) -> BlockPoints:
    """Points of the records of block `number`; a record that repeats another stands where that one stands.

    Args:
        world: places.
        nuclei: what is inside them.
        seed: of the registry.
        number: of the block.
        site: position of each record's place.
        entry: days since 1970-01-01.
        member: of the industry.
        twin: position of the record repeated, -1 = none.
    """
    rng = stream(seed, 72, number)
    size = len(site)
    year = np.clip(entry.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970, FIRST_YEAR, LAST_YEAR)
    at_nucleus = member & chance(rng, size, AT_NUCLEI)
    pick = rng.random(size)
    nucleus = np.full(size, -1, np.int64)
    for place in np.unique(site[at_nucleus]).tolist():
        mine = np.flatnonzero(at_nucleus & (site == place))
        own = np.flatnonzero(nuclei.site == place)
        edges = np.cumsum(nuclei.years[own][:, year[mine] - FIRST_YEAR], axis=0)
        alive = edges[-1] > 0
        chosen = (pick[mine] * edges[-1] >= edges).sum(axis=0)
        nucleus[mine[alive]] = own[np.minimum(chosen[alive], len(own) - 1)]
    there = nucleus >= 0
    radius = np.where(site == 0, RADIUS_KM["focal"], RADIUS_KM["else"])
    angle, away = rng.random(size) * 2 * np.pi, radius * rng.random(size) ** 0.5
    normal = rng.standard_normal((2, size))
    # Firms of other industries crowd around the centre of a place as all do.
    central = ~member & chance(rng, size, 0.3)
    east = np.where(central, 1.2 * normal[0], away * np.cos(angle))
    north = np.where(central, 1.2 * normal[1], away * np.sin(angle))
    of = nucleus[there]
    east[there] = nuclei.east_km[of] + nuclei.sd_km[of] * normal[0][there]
    north[there] = nuclei.north_km[of] + nuclei.sd_km[of] * normal[1][there]
    again = np.flatnonzero(twin >= 0)
    east[again], north[again], nucleus[again] = east[twin[again]], north[twin[again]], nucleus[twin[again]]
    lon0, lat0 = (np.array([getattr(one, name) for one in world.sites])[site] for name in ("lon", "lat"))
    lat = lat0 + north / KM_PER_DEGREE
    lon = lon0 + east / (KM_PER_DEGREE * np.cos(np.radians(lat0)))
    off = rng.standard_normal((2, size)) * ADDRESS_SD_KM / KM_PER_DEGREE
    seen = chance(rng, size, GEOCODED)
    use = _draw_uses(rng, nuclei, nucleus, member)
    return BlockPoints(
        lon=np.where(seen, np.round(lon + off[0], 6), np.nan),
        lat=np.where(seen, np.round(lat + off[1], 6), np.nan),
        true_lon=lon,
        true_lat=lat,
        nucleus=nucleus,
        use=use,
    )


def _draw_uses(rng: np.random.Generator, nuclei: Nuclei, nucleus: Ints, member: Bools) -> Ints:
    kinds = list(_USES_OF)
    of_nucleus = np.array([*(kinds.index(kind) for kind in nuclei.kind), kinds.index("")])
    kind = np.where(member, of_nucleus[nucleus], kinds.index("others"))
    edges = np.cumsum(np.array([_USES_OF[name] for name in kinds]), axis=1)
    found = (rng.random(len(kind))[:, None] >= edges[kind]).sum(axis=1)
    return np.asarray(np.minimum(found, len(USES) - 1), dtype=np.int64)


def shown_columns(points: BlockPoints) -> dict[str, pa.Array]:
    """Columns of `firms`: lon, lat, use."""
    missing = np.isnan(points.lon)
    return {
        "lon": pa.array(points.lon, mask=missing),
        "lat": pa.array(points.lat, mask=missing),
        "use": pa.array(USES).take(pa.array(points.use)),
    }


def true_columns(points: BlockPoints) -> dict[str, pa.Array]:
    """Columns of `truth/records.parquet`: true_lon, true_lat, true_nucleus."""
    return {
        "true_lon": pa.array(points.true_lon),
        "true_lat": pa.array(points.true_lat),
        "true_nucleus": pa.array(points.nucleus, mask=points.nucleus < 0),
    }


def nucleus_rows(world: World, nuclei: Nuclei) -> list[tuple[object, ...]]:
    """Rows of `truth/nuclei.csv`, in order of `NUCLEUS_COLUMNS`."""
    rows: list[tuple[object, ...]] = []
    for at, kind in enumerate(nuclei.kind):
        place = world.sites[int(nuclei.site[at])]
        lat = place.lat + nuclei.north_km[at] / KM_PER_DEGREE
        lon = place.lon + nuclei.east_km[at] / (KM_PER_DEGREE * np.cos(np.radians(place.lat)))
        alive = np.flatnonzero(nuclei.years[at] > 0)
        years = (FIRST_YEAR + int(alive[0]), FIRST_YEAR + int(alive[-1]))
        rows.append((at, place.place_id, kind, round(float(lon), 6), round(float(lat), 6), nuclei.sd_km[at], *years))
    return rows
