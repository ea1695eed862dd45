"""An industry's concentration year by year: curves of distance, measures of areas, where its centre went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.errors import MeasureError
from townshift.frames import typed
from townshift.process.concentration.establishment_points import STATUS_TYPES, present
from townshift.process.concentration.point_parameters import ConcentrationParameters
from townshift.process.estimate_rows import Row, bounds_of, collect_rows, whole_table
from townshift.types import N_DRAWS, ChunkMapper, Estimates

Floats = npt.NDArray[np.float64]

CURVE_TYPES = {
    "measure": "string",
    "year": "Int64",
    "distance_m": "float64",
    "value": "float64",
    "local_low": "float64",
    "local_high": "float64",
    "global_low": "float64",
    "global_high": "float64",
}
SUMMARY_TYPES = {
    "measure": "string",
    "year": "Int64",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "p_value": "float64",
    "n": "Int64",
    "of": "Int64",
    "computation": "string",
}
QUOTIENT_TYPES = {
    "place_id": "string",
    "year": "Int64",
    "n": "Int64",
    "of": "Int64",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "q_value": "float64",
}
FEWEST_CASES = 30
"""Establishments of the industry below which a year has no curve."""


@dataclass
class Notes:
    """What could not be said; every measure that refuses leaves a line here and the others go on."""

    rows: list[dict[str, object]] = field(default_factory=list)

    def tried(self, measure: str, year: int | None, function: Callable[[], None]) -> None:
        """Run a measure; what it refuses becomes a line."""
        try:
            function()
        except MeasureError as error:
            for problem in error.problems:
                reason = f"{problem.code}" if year is None else f"{problem.code} {year}"
                self.refused(measure, reason, problem.count)

    def refused(self, measure: str, reason: str, n: int) -> None:
        """Leave a line for a measure that was not even tried."""
        self.rows.append({"measure": measure, "status": "not_estimable", "reason": reason, "n": n})

    def table(self) -> pd.DataFrame:
        """The lines with `STATUS_TYPES`."""
        return typed(self.rows, STATUS_TYPES)


@dataclass(frozen=True)
class Curves:
    """Curves of distance and what they come to.

    Attributes:
        curves: `CURVE_TYPES`; measure is `k_density` or `m_function`.
        summary: `SUMMARY_TYPES`; `localisation` and `dispersion` with the p-value of the global test.
        status: what could not be said.
    """

    curves: pd.DataFrame
    summary: pd.DataFrame
    status: pd.DataFrame


def chosen_years(points: pd.DataFrame, parameters: ConcentrationParameters, last_year: int) -> list[int]:
    """The years asked for, or the first and last with enough establishments and the one in the middle."""
    if parameters.years:
        return sorted(set(parameters.years))
    members = points[points["member"].to_numpy(bool)]
    if members.empty:
        return []
    enough = [
        year
        for year in range(int(members["entry_year"].min()), last_year + 1)
        if present(members, year).sum() >= FEWEST_CASES
    ]
    return sorted({enough[0], enough[len(enough) // 2], enough[-1]}) if enough else []


def distance_curves(
    points: pd.DataFrame, years: Sequence[int], parameters: ConcentrationParameters, seed: int, chunks: ChunkMapper
) -> Curves:
    """K-density and M of the industry among all establishments, year by year.

    Args:
        points: as `establishment_points`.
        years: calendar years; a stock is that of 31 December.
        parameters: relabellings, distances.
        seed: of the study.
        chunks: applies relabellings in processes or on a cluster.
    """
    from townshift.process.concentration.k_density import k_density
    from townshift.process.concentration.k_parameters import KDensityParameters
    from townshift.process.concentration.m_function import MParameters, m_function
    from townshift.process.concentration.points import checked_points

    curves: list[pd.DataFrame] = []
    summary: list[dict[str, object]] = []
    notes = Notes()
    k_set = KDensityParameters(
        relabellings=parameters.relabellings, distance_max_m=parameters.distance_max_m, distances=parameters.distances
    )
    m_set = MParameters(
        relabellings=parameters.m_relabellings,
        distance_max_m=parameters.distance_max_m,
        distances=parameters.distances,
    )
    for year in years:
        stock = points[present(points, year)]

        def measured(stock: pd.DataFrame = stock, year: int = year) -> None:
            site = checked_points(stock["x_m"], stock["y_m"], case=stock["member"], where=str(year))
            found = k_density(site, k_set, seed, chunks)
            curves.append(_curve("k_density", year, found.distance_m, found.density, found.bands))
            told = {"year": year, "n": found.cases, "of": found.sites, "computation": found.computation}
            # One global test: its p belongs to the side on which the curve leaves the band, to both where it does not.
            sides = {"localisation": found.localisation_index, "dispersion": found.dispersion_index}
            beyond = any(sides.values())
            for name, index in sides.items():
                p = found.bands.p_value if index or not beyond else None
                summary.append({"measure": name, "value": index, "p_value": p, **told})
            m = m_function(site, m_set, seed, chunks)
            curves.append(_curve("m_function", year, m.distance_m, m.m, m.bands))
            at = int(np.argmax(m.m[1:])) + 1
            summary.append({
                "measure": "m_at_peak", "year": year, "value": float(m.m[at]), "p_value": m.bands.p_value,
                "n": m.cases, "of": m.sites, "computation": f"{m.distance_m[at]:.0f} m",
            })  # fmt: skip

        notes.tried("distance_curves", year, measured)
    whole = pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=list(CURVE_TYPES))
    table = pd.DataFrame(summary, columns=list(SUMMARY_TYPES))
    return Curves(whole.astype(CURVE_TYPES), table.astype(SUMMARY_TYPES), notes.table())


def _curve(measure: str, year: int, distance: Floats, value: Floats, bands: object) -> pd.DataFrame:
    ends = {name: getattr(bands, name) for name in ("local_low", "local_high", "global_low", "global_high")}
    return pd.DataFrame({"measure": measure, "year": year, "distance_m": distance, "value": value, **ends})


@dataclass(frozen=True)
class AreaMeasures:
    """Measures of areas.

    Attributes:
        quotients: `QUOTIENT_TYPES`, one row an area and year.
        summary: `SUMMARY_TYPES`: location Gini, Hoover, Theil, Moran of quotients.
        status: what could not be said.
    """

    quotients: pd.DataFrame
    summary: pd.DataFrame
    status: pd.DataFrame


def area_measures(
    firm_years: pd.DataFrame, places: pd.DataFrame, projection: str, parameters: ConcentrationParameters, seed: int
) -> AreaMeasures:
    """How unevenly areas share the industry, which have more than their due, and whether neighbours are alike.

    Args:
        firm_years: place_id, level, year, member, size_band, n_stock.
        places: place_id, parent_id, lon, lat.
        projection: `EPSG:…` or "".
        parameters: level of areas, permutations, neighbours, years.
        seed: of the study.
    """
    rows = firm_years[(firm_years["level"] == parameters.area_level) & (firm_years["size_band"].fillna("") == "")]
    notes = Notes()
    quotients: list[pd.DataFrame] = []
    summary: list[dict[str, object]] = []
    if rows.empty or not rows["member"].fillna(False).astype(bool).any():
        notes.refused("areas", "no_areas", 0)
        return AreaMeasures(typed([], QUOTIENT_TYPES), typed([], SUMMARY_TYPES), notes.table())
    member = rows["member"].fillna(False).astype(bool)
    stock = rows.assign(own=rows["n_stock"].where(member, 0)).groupby(["year", "place_id"], sort=True)
    counted = stock.agg(n=("own", "sum"), of=("n_stock", "sum")).reset_index()
    seen = sorted(counted.loc[counted["n"] > 0, "year"].unique().tolist())
    if not seen:
        notes.refused("areas", "no_areas", 0)
        return AreaMeasures(typed([], QUOTIENT_TYPES), typed([], SUMMARY_TYPES), notes.table())
    years = [year for year in parameters.years if year in seen] or sorted({seen[0], seen[len(seen) // 2], seen[-1]})
    for year in years:
        table = counted[(counted["year"] == year) & (counted["of"] > 0)].reset_index(drop=True)
        _areas(int(year), table, places, projection, parameters, seed, notes, quotients, summary)
    whole = pd.concat(quotients, ignore_index=True) if quotients else pd.DataFrame(columns=list(QUOTIENT_TYPES))
    told = pd.DataFrame(summary, columns=list(SUMMARY_TYPES))
    return AreaMeasures(whole.astype(QUOTIENT_TYPES), told.astype(SUMMARY_TYPES), notes.table())


def _areas(
    year: int,
    table: pd.DataFrame,
    places: pd.DataFrame,
    projection: str,
    parameters: ConcentrationParameters,
    seed: int,
    notes: Notes,
    quotients: list[pd.DataFrame],
    summary: list[dict[str, object]],
) -> None:
    from townshift.process.concentration.inequality import theil
    from townshift.process.concentration.inequality_gini import gini, hoover
    from townshift.process.concentration.location_quotient import location_quotient
    from townshift.process.concentration.moran import moran
    from townshift.process.concentration.neighbours_of_areas import nearest

    own, whole = table["n"].to_numpy(np.float64), table["of"].to_numpy(np.float64)
    told = {"year": year, "n": int(own.sum()), "of": len(table)}

    def quotient() -> None:
        found = location_quotient(own, whole, where=str(year))
        columns = {"value": found.values, "low": found.low, "high": found.high, "q_value": found.q}  # noqa: PD011
        quotients.append(table.assign(year=year, **columns)[list(QUOTIENT_TYPES)])

    def uneven() -> None:
        summary.append({"measure": "gini_of_areas", "value": gini(own, str(year)), **told})
        if not np.array_equal(own, whole):
            found = hoover(own, whole, parameters.permutations, seed, str(year))
            summary.append({"measure": "hoover", "value": found.value, "p_value": found.p, **told})

    def grouped() -> None:
        parent = places.drop_duplicates("place_id").set_index("place_id")["parent_id"]
        groups = table["place_id"].map(parent).fillna("").astype(str).to_numpy()
        split = theil(own, groups, parameters.permutations, seed, str(year))
        summary.append({"measure": "theil", "value": float(split.total[0]), **told})
        between, p = float(split.between[0]), float(split.p[0])
        summary.append({"measure": "theil_between", "value": between, "p_value": p, **told})

    def alike() -> None:
        x, y = projected_places(table["place_id"], places, projection)
        known = np.isfinite(x) & np.isfinite(y)
        weights = nearest(x[known], y[known], min(parameters.neighbours, int(known.sum()) - 1), str(year))
        found = moran(own[known] / whole[known], weights, parameters.permutations, seed, str(year))
        summary.append({"measure": "moran_of_shares", "value": found.value, "p_value": found.p, **told})

    for name, measure in (
        ("location_quotient", quotient), ("inequality", uneven), ("theil", grouped), ("moran", alike),
    ):  # fmt: skip
        notes.tried(name, year, measure)


def projected_places(ids: pd.Series, places: pd.DataFrame, projection: str) -> tuple[Floats, Floats]:
    """Centres of places in metres, NaN where a place has none; shape (ids,) each.

    Example:
        >>> places = pd.DataFrame({"place_id": ["a"], "lon": [120.0], "lat": [30.0]})
        >>> x, y = projected_places(pd.Series(["a", "b"]), places, "EPSG:32651")
        >>> np.isfinite(x).tolist()
        [True, False]
    """
    from pyproj import Transformer

    from townshift.process.concentration.establishment_points import projected_system

    at = places.drop_duplicates("place_id").set_index("place_id")[["lon", "lat"]].astype("float64")
    found = at.reindex(ids.astype(str))
    lon, lat = found["lon"].to_numpy(np.float64), found["lat"].to_numpy(np.float64)
    known = np.isfinite(lon) & np.isfinite(lat)
    x, y = np.full(len(lon), np.nan), np.full(len(lon), np.nan)
    if known.any():
        system = projection or projected_system(float(np.median(lon[known])), float(np.median(lat[known])))
        x[known], y[known] = Transformer.from_crs("EPSG:4326", system, always_xy=True).transform(lon[known], lat[known])
    return x, y


def centre_estimates(points: pd.DataFrame, years: Sequence[int], place_id: str, seed: int) -> Estimates:
    """Where the industry's centre lay each year, from that of the first: metres east and north, spread, with draws.

    Measures `centre_east_m`, `centre_north_m` (way since the first year), `standard_distance_m`. Years with fewer than
    `FEWEST_CASES` establishments are left out: a way from where four firms stood says little.

    Raises:
        MeasureError: no year has enough establishments (TS-CONC-004), else see `shape_drift`.
    """
    from townshift.process.concentration.shape_drift import DRIFT_MEASURES, shape_drift

    members = points[points["member"].to_numpy(bool)]
    stocks = [members[present(members, year)].assign(year=year) for year in years]
    parts = [stock for stock in stocks if len(stock) >= FEWEST_CASES]
    if not parts:
        most = max((len(stock) for stock in stocks), default=0)
        raise MeasureError.of("TS-CONC-004", count=most, fewest=FEWEST_CASES)
    rows = pd.concat(parts, ignore_index=True)
    found = shape_drift(rows["x_m"], rows["y_m"], rows["year"], rows["record_id"], draws=N_DRAWS, seed=seed)
    behind = whole_table("establishment_points", members["record_id"].astype(str))
    out = []
    for name, measure in (("centre_east_m", "east_m"), ("centre_north_m", "north_m"), ("standard_distance_m", None)):
        column = DRIFT_MEASURES.index(measure or "standard_distance_m")
        for at, year in enumerate(found.years.tolist()):
            value, draws = float(found.values[at, column]), found.draws[at, column]  # noqa: PD011
            low, high = bounds_of(draws, value)
            n = int(found.points[at])
            out.append(Row(name, place_id, year, year, "", "m", value, low, high, n, draws, behind))
    return collect_rows(out)


def share_draws(hits: int, of: int, rng: np.random.Generator) -> Floats:
    """Draws of the share of a process that placed `hits` of `of` (Jeffreys), shape (`N_DRAWS`,).

    Example:
        >>> draws = share_draws(5, 10, np.random.default_rng(1))
        >>> len(draws), 0.3 < draws.mean() < 0.7
        (400, np.True_)
    """
    return np.asarray(rng.beta(hits + 0.5, of - hits + 0.5, N_DRAWS))
