"""How far apart two sides are in level: income, value added or wages per head, where both have figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.coordination.levels import FigureWidths, LevelSide, counties, figure_draws, level_record, level_sides
from townshift.draws import probability, summarise
from townshift.frames import collect_estimates, typed
from townshift.place_sides import ancestors
from townshift.types import BASE_SETTING, N_DRAWS, Estimate, Estimates, Parameters, keyed_seed

EXTRA = {
    "definition_id": "string",
    "focal_place": "string",
    "focal_year": "Int64",
    "place_year": "Int64",
    "focal_value": "float64",
    "place_value": "float64",
    "probability_below": "float64",
}
"""Further columns: both figures, their years, and the probability that the place lies below the focal side."""

STATUS_COLUMNS = {
    "definition_id": "string",
    "place_id": "string",
    "n_focal": "Int64",
    "n_place": "Int64",
    "nearest_years": "Int64",
    "status": "string",
}
"""Columns of `level_status`; `place_id` is the receiving county, `nearest_years` the distance of the nearest years."""

GAP = "level_gap"
COMPARATOR_GAP = "level_gap_comparator"


class LevelGapsParameters(Parameters):
    """`[parameters.level_gaps]`.

    Attributes:
        definition: definition ids of levels per head, positive.
        tolerance_years: figures at most so many years apart may be compared.
        drift_per_year: standard deviation, in log, that each year of distance adds.
        links: kinds of link that make a place a receiving place.
        widths: widths of published figures.
    """

    definition: tuple[str, ...] = ()
    tolerance_years: int = 1
    drift_per_year: float = 0.08
    links: tuple[str, ...] = ("named",)
    widths: FigureWidths = FigureWidths()


@dataclass(frozen=True)
class LevelGaps:
    """The gaps, the figures that were listed for them, and where no comparison is possible."""

    gaps: Estimates
    record: pd.DataFrame
    status: pd.DataFrame


def gap_settings(parameters: LevelGapsParameters) -> dict[str, LevelGapsParameters]:
    """What each setting changes in a level comparison; names are those of the series' settings.

    `loose_prior` doubles all widths, `pure_bounds` leaves `over` and `under` three times as far open; `packages_once`
    counts one lineage per package and `breaks_not_taken` changes nothing here.

    Args:
        parameters: those of the base setting.
    """
    widths = parameters.widths
    doubled = {"widths": widths.scaled(2.0), "drift_per_year": parameters.drift_per_year * 2}
    opened = {"widths": widths.model_copy(update={"bound": widths.bound * 3})}
    return {
        BASE_SETTING: parameters,
        "loose_prior": parameters.model_copy(update=doubled),
        "pure_bounds": parameters.model_copy(update=opened),
        "packages_once": parameters,
        "breaks_not_taken": parameters,
    }


def log_gap(focal: npt.NDArray[np.float64], place: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The gap in level as a log ratio: `ln(focal / place)`; 0 = level, above 0 = the place lies below.

    Args:
        focal: shape (draws,), level of the focal side, above 0.
        place: shape (draws,), level of the other place in the same unit, above 0.

    Source: the log income gap of the convergence literature (Barro and Sala-i-Martin 2004, chapter 11).

    Example:
        >>> log_gap(np.array([80_000.0]), np.array([40_000.0])).round(4)     # ln 2
        array([0.6931])
    """
    return np.asarray(np.log(focal / place), dtype=np.float64)


def level_gaps(
    facts: pd.DataFrame,
    places: pd.DataFrame,
    destinations: pd.DataFrame | None,
    focal: str,
    parameters: LevelGapsParameters,
    seed: int,
) -> LevelGaps:
    """The gap in level between the focal side and every other place, for each year in which both have figures.

    Formula: `ln(x_focal) - ln(x_place)`, on draws of both levels: 0.69 is twice the level, 0 the same.

    The focal side is the focal place itself or, where it has no figure near that year, the nearest place that
    contains it. Figures must be of one definition and one unit; their years may differ by `tolerance_years`, which
    widens the gap. Money is nominal, which cancels within a year.

    Args:
        facts: published figures; see `level_record`.
        places: place_id, parent_id.
        destinations: place_id, county_id, link; without it there are only comparators.
        focal: the focal place.
        parameters: definitions, tolerance and widths.
        seed: the study's seed.

    Returns:
        `gaps`: measure `level_gap` for receiving places and `level_gap_comparator` for others, `group` = definition,
        unit `log_ratio`, under every setting; `record` and `status` for what was listed and what cannot be compared.

    Source: the log gap of beta and sigma convergence, Barro and Sala-i-Martin (1992), Journal of Political Economy
        100 (2), 223-251.

    Example:
        >>> places = pd.DataFrame({"place_id": ["town", "far"], "parent_id": [None, None], "kind": ["town", "county"]})
        >>> listed = pd.DataFrame({"place_id": ["far"], "county_id": ["far"], "link": ["named"]})
        >>> facts = pd.DataFrame({"fact_id": ["F1", "F2"], "place_id": ["town", "far"], "definition_id": "wage",
        ...     "year": [2020, 2020], "value_std": [6000.0, 3000.0], "unit_std": "yuan", "qualifier": "exact",
        ...     "source_id": ["S1", "S2"], "lineage": ["L1", "L2"], "flag": "ok"})
        >>> exact = FigureWidths(exact=0.0, bias=0.0)
        >>> chosen = LevelGapsParameters(definition=("wage",), links=("named",), widths=exact)
        >>> found = level_gaps(facts, places, listed, "town", chosen, 1).gaps.table    # ln(6000 / 3000)
        >>> found["estimate_id"].iloc[0], found["value"].round(4).iloc[0].item()
        ('level_gap[wage]@far/2020', 0.6931)
    """
    side_of = level_sides(places, focal, destinations, parameters.links)
    record = level_record(facts, parameters.definition, side_of)
    record = record.assign(package=_packages(facts, record))
    usable = record.loc[record["usable"].astype(bool)]
    chain = (focal, *ancestors(places, focal))
    found: list[tuple[Estimate, npt.NDArray[np.float64], pd.DataFrame]] = []
    extra: list[dict[str, object]] = []
    pairs = _pairs(usable, chain, side_of, parameters.tolerance_years)
    by_package = _pairs(_one_per_package(usable), chain, side_of, parameters.tolerance_years)
    for setting, chosen in gap_settings(parameters).items():
        for pair in by_package if setting == "packages_once" else pairs:
            estimate, draws, lineage, more = _gap(pair, chosen, setting, seed)
            found.append((estimate, draws, lineage))
            extra.append(more)
    gaps = collect_estimates(found, extra, EXTRA)
    listed = record.drop(columns="package")
    county_of = counties(places, destinations, side_of)
    return LevelGaps(gaps, listed, _status(usable, parameters, chain, side_of, county_of))


@dataclass(frozen=True)
class _Pair:
    definition: str
    focal: pd.DataFrame
    place: pd.DataFrame
    side: LevelSide

    @property
    def years(self) -> tuple[int, int]:
        return int(self.focal["year"].iloc[0]), int(self.place["year"].iloc[0])


def _pairs(rows: pd.DataFrame, chain: Sequence[str], side_of: Mapping[str, LevelSide], tolerance: int) -> list[_Pair]:
    pairs: list[_Pair] = []
    others = rows.loc[~rows["place_id"].isin(list(chain))]
    keys = ["definition_id", "unit", "place_id", "year"]
    for (definition, unit, place, year), figures in others.groupby(keys, sort=True):
        side = side_of.get(str(place), "elsewhere")
        if side not in ("receiving", "comparator"):
            continue
        same = rows.loc[(rows["definition_id"] == definition) & (rows["unit"] == unit)]
        own = _nearest(same, chain, int(str(year)), tolerance)
        if own is not None:
            pairs.append(_Pair(str(definition), own, figures, side))
    return pairs


def _nearest(rows: pd.DataFrame, chain: Sequence[str], year: int, tolerance: int) -> pd.DataFrame | None:
    """The focal figures closest in place, then in year; of two years as close, the later one."""
    for place in chain:
        own = rows.loc[rows["place_id"] == place]
        own = own.assign(distance=(own["year"].astype("int64") - year).abs())
        own = own.loc[own["distance"] <= tolerance].sort_values(["distance", "year"], ascending=[True, False])
        if len(own):
            chosen: pd.DataFrame = own.loc[own["year"] == own["year"].iloc[0]]
            return chosen.drop(columns="distance").sort_values("fact_id", kind="stable")
    return None


def _gap(
    pair: _Pair, parameters: LevelGapsParameters, setting: str, seed: int
) -> tuple[Estimate, npt.NDArray[np.float64], pd.DataFrame, dict[str, object]]:
    focal_year, place_year = pair.years
    focal_place, place = str(pair.focal["place_id"].iloc[0]), str(pair.place["place_id"].iloc[0])
    focal_keys = ("level_gaps", pair.definition, focal_place, str(focal_year))
    place_keys = ("level_gaps", pair.definition, place, str(place_year))
    focal = figure_draws(pair.focal, parameters.widths, seed, focal_keys)
    other = figure_draws(pair.place, parameters.widths, seed, place_keys)
    apart = abs(focal_year - place_year)
    rng = np.random.default_rng(keyed_seed(seed, *place_keys, "drift"))
    drift = rng.standard_normal(N_DRAWS) * parameters.drift_per_year * apart
    draws = log_gap(focal, other) + drift
    value, low, high = summarise(draws)
    behind = [pair.focal, pair.place]
    estimate = Estimate(
        measure=GAP if pair.side == "receiving" else COMPARATOR_GAP,
        place_id=place,
        year_from=min(focal_year, place_year),
        year_to=max(focal_year, place_year),
        unit="log_ratio",
        value=value,
        low=low,
        high=high,
        group=pair.definition,
        setting=setting,
        n=sum(len(side) for side in behind),
        n_lineages=len({str(name) for side in behind for name in side["lineage"]}),
        flags=_flags(apart, behind),
    )
    lineage = pd.concat(
        [
            pd.DataFrame({"table": "facts", "row_id": side["fact_id"].astype(str), "share": 0.5 / len(side)})
            for side in behind
        ]
    )
    more: dict[str, object] = {
        "definition_id": pair.definition,
        "focal_place": focal_place,
        "focal_year": focal_year,
        "place_year": place_year,
        "focal_value": summarise(focal)[0],
        "place_value": summarise(other)[0],
        "probability_below": probability(draws, 0.0),
    }
    return estimate, draws, lineage, more


def _flags(apart: int, behind: Sequence[pd.DataFrame]) -> tuple[str, ...]:
    one_sided = any(side["qualifier"].isin(["over", "under"]).any() for side in behind)
    return (*(("years_differ",) if apart else ()), *(("one_sided",) if one_sided else ()))


def _packages(facts: pd.DataFrame, record: pd.DataFrame) -> pd.Series:
    if "package" not in facts:
        return pd.Series("", index=record.index, dtype="string")
    by_fact = facts.drop_duplicates("fact_id").set_index("fact_id")["package"]
    return record["fact_id"].map(by_fact).astype("string").fillna("")


def _one_per_package(rows: pd.DataFrame) -> pd.DataFrame:
    ordered = rows.sort_values("fact_id", kind="stable")
    keys = ["definition_id", "place_id", "year", "package"]
    repeated = ordered.duplicated(keys) & (ordered["package"] != "")
    return ordered.loc[~repeated].sort_values(["definition_id", "place_id", "year", "fact_id"], kind="stable")


def _status(
    usable: pd.DataFrame,
    parameters: LevelGapsParameters,
    chain: Sequence[str],
    side_of: Mapping[str, LevelSide],
    county_of: Mapping[str, str],
) -> pd.DataFrame:
    """For every definition and receiving county, with all places inside it, whether a comparison is possible."""
    receiving = [place for place, side in side_of.items() if side == "receiving"]
    inside: dict[str, list[str]] = {}
    for place in receiving:
        inside.setdefault(county_of.get(place, place), []).append(place)
    rows: list[dict[str, object]] = []
    for definition in parameters.definition:
        same = usable.loc[usable["definition_id"] == definition]
        focal_years = [int(year) for year in same.loc[same["place_id"].isin(list(chain)), "year"]]
        for county, members in inside.items():
            years = [int(year) for year in same.loc[same["place_id"].isin(members), "year"]]
            nearest = min((abs(a - b) for a in focal_years for b in years), default=None)
            rows.append(
                {
                    "definition_id": definition,
                    "place_id": county,
                    "n_focal": len(focal_years),
                    "n_place": len(years),
                    "nearest_years": nearest,
                    "status": _why(focal_years, years, nearest, parameters.tolerance_years),
                }
            )
    table = typed(rows, STATUS_COLUMNS)
    return table.sort_values(["definition_id", "place_id"], kind="stable").reset_index(drop=True)


def _why(focal_years: Sequence[int], years: Sequence[int], nearest: int | None, tolerance: int) -> str:
    if not focal_years and not years:
        return "neither"
    if not focal_years:
        return "no_focal_figure"
    if not years:
        return "no_place_figure"
    return "ok" if nearest is not None and nearest <= tolerance else "no_common_year"
