"""Synthetic records in which every claim of a claims file is false, or true, with the noise that real records have.

A world decides the truth of every part: numbers get a true path, sentences and records a true answer. The world then
publishes. Figures go through the real chain (facts -> reconciled series -> growth, ratios, shares, land, gaps);
observers see what is so and err now and then; interested parties say what suits them, loudly, in many papers.

The constants were chosen before any rate was looked at. Parts that share evidence share their truth; the numbers come
in two families, so that a claim is false now by its numbers and now by its words only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evidence.false_votes import SHARED, Press, Templates, variable
from townshift.coordination.level_gaps import LevelGapsParameters, level_gaps
from townshift.draws import summarise
from townshift.evidence.claims import ClaimsFile, NumbersTest
from townshift.evidence.claims_read import load_claims
from townshift.evidence.series import SeriesInput, SeriesParameters, reconcile_many, settings
from townshift.frames import collect_estimates
from townshift.labour.labour_shares import labour_shares
from townshift.labour.themes import Share
from townshift.process.growth import GrowthParameters, growth
from townshift.process.land_consumption import LandConsumptionParameters, land_consumption
from townshift.process.ratios import RatioDeclaration, RatiosParameters, ratios
from townshift.types import LINEAGE_COLUMNS, N_DRAWS, Estimate, Estimates, keyed_seed

STUDY = Path(__file__).parents[2] / "studies" / "zhili"
YEARS = np.arange(2000, 2025)

SERIES = {
    "firms_market_entities": ("zhili", 9000.0), "pieces_produced": ("zhili", 600.0),
    "sales_industry": ("zhili", 20000.0), "online_sales": ("zhili", 6000.0), "migrants_resident": ("zhili", 150000.0),
    "residents_claimed": ("zhili", 300000.0), "built_up_town": ("zhili", 12.0),
    "textile_garment_firms": ("wangjiang", 300.0),
}  # fmt: skip
RATIOS = {
    "sales_per_piece": ("sales_industry", "pieces_produced"), "online_share": ("online_sales", "sales_industry"),
    "sales_per_firm": ("sales_industry", "firms_market_entities"),
    "sales_per_migrant": ("sales_industry", "migrants_resident"),
}  # fmt: skip
# Nothing here comes in packages and no definition breaks: the other settings would repeat the base setting.
SETTINGS = ("base", "loose_prior", "pure_bounds")
GAPS = ("gdp_per_capita", "wage_monthly", "worker_annual_income")

FACT_COLUMNS = (
    "fact_id", "place_id", "indicator", "definition_id", "year", "value", "unit", "value_std", "unit_std", "qualifier",
    "source_id", "lineage", "package", "tier", "originator", "interest", "flag", "same_as",
)  # fmt: skip


@dataclass
class Record:
    """A published record with the truth behind it.

    Attributes:
        tables: the study's tables.
        results: estimates by the name of the result.
        truth: (claim, part) to whether it is so.
    """

    tables: dict[str, pd.DataFrame]
    results: dict[str, Estimates]
    truth: dict[tuple[str, str], bool]

    def claim_is_true(self, claim_id: str) -> bool:
        return all(value for (claim, _), value in self.truth.items() if claim == claim_id)


@dataclass
class World:
    """The truth of one record before it is published."""

    family: str
    truth: dict[tuple[str, str], bool]
    paths: dict[str, np.ndarray]
    gaps: dict[str, tuple[float, float]]
    direct: dict[tuple[str, str], float] = field(default_factory=dict)


def claims() -> ClaimsFile:
    return load_claims(STUDY / "claims.toml")


def records(seeds: list[int], kind: str = "false") -> list[Record]:
    """Records of a kind (`false` or `true`), one per seed; series of all records are reconciled together."""
    file = claims()
    places = pd.read_csv(STUDY / "data" / "places.csv", dtype="string")
    templates = Templates(file, places)
    worlds = [world(file, seed, kind) for seed in seeds]
    facts = [published_facts(one, seed) for one, seed in zip(worlds, seeds, strict=True)]
    series = reconciled(facts, seeds)
    out = []
    for one, figures, found, seed in zip(worlds, facts, series, seeds, strict=True):
        rng = np.random.default_rng(keyed_seed(seed, "votes"))
        tables = Press(file, templates, one.truth, rng, figures).tables()
        tables |= {
            "facts": pd.concat([figures, tables.get("facts", figures.head(0))], ignore_index=True),
            "places": places,
        }
        out.append(Record(tables, results_of(file, one, found, tables, seed), one.truth))
    return out


# ------------------------------------------------------------------------------------------------------ the world


def world(file: ClaimsFile, seed: int, kind: str) -> World:
    """Decide what is true: in a false world every claim has at least one false part, most often few."""
    rng = np.random.default_rng(keyed_seed(seed, "world", kind))
    family = "true" if kind == "true" else ("numbers_false", "votes_false")[seed % 2]
    fixed = _number_truth(file, family, rng)
    names = [(claim.id, part.id) for claim in file.claims for part in claim.parts]
    values = {variable(name): bool(kind == "true" or rng.random() < 0.75) for name in names if name not in fixed}
    if kind == "true" and seed % 2:
        values["dependence"] = False  # dependence and sales of one's own are opposites: each is true in half the worlds

    def truth(name: tuple[str, str]) -> bool:
        if name in fixed:
            return fixed[name]
        value = values[variable(name)]
        return not value if SHARED.get(name, "").startswith("-") else value

    for _ in range(200 if kind == "false" else 0):
        whole = [claim for claim in file.claims if all(truth((claim.id, part.id)) for part in claim.parts)]
        if not whole:
            break
        free = [(whole[0].id, part.id) for part in whole[0].parts if (whole[0].id, part.id) not in fixed]
        chosen = variable(free[int(rng.integers(len(free)))])
        values[chosen] = not values[chosen]
    found = {name: truth(name) for name in names}
    assert kind == "true" or all(not all(found[c.id, p.id] for p in c.parts) for c in file.claims)
    return World(family, found, _paths(family, rng), _gap_truth(found, rng), _direct_truth(file, found, rng))


def _number_truth(file: ClaimsFile, family: str, rng: np.random.Generator) -> dict[tuple[str, str], bool]:
    """Truth of the parts whose numbers come from the paths; the rest is free."""
    fixed: dict[tuple[str, str], bool] = {}
    for claim in file.claims:
        for part in claim.parts:
            test = part.numbers
            if test is None or (test.requires and not set(test.requires) <= {"facts"}):
                continue
            fixed[claim.id, part.id] = family != "numbers_false"
    if family == "votes_false":
        for claim_id in ("1.2", "1.5", "5.3"):
            for claim, part in fixed:
                if claim == claim_id:
                    fixed[claim, part] = False
        fixed["5.1", "sustainability"] = False
        fixed["3.1", "price_of_labour"] = False
    return fixed


def _below(rng: np.random.Generator, delta: float, scale: float) -> float:
    """A false size: exactly delta in three worlds of ten, else some way off on the wrong side."""
    return delta if rng.random() < 0.3 else delta - rng.exponential(scale)


def _paths(family: str, rng: np.random.Generator) -> dict[str, np.ndarray]:
    since = YEARS - YEARS[0]
    if family == "numbers_false":
        sales = 0.01 if rng.random() < 0.3 else float(rng.uniform(-0.02, 0.01))
        land = sales - _below(rng, 0.02, 0.02)
        people = float(rng.uniform(sales - 0.03, land)) if rng.random() < 0.7 else land
        firms, pieces = (max(_below(rng, 0.07, 0.03), sales - 0.03) for _ in range(2))
        online, share, receiving = _below(rng, 0.02, 0.02), _below(rng, 0.5, 0.1), _below(rng, 0.02, 0.03)
    else:
        sales, firms, pieces, online, receiving = 0.19, 0.12, 0.12, 0.05, 0.08
        land, people, share = 0.03, 0.06, 0.75
        if family == "votes_false":
            land, share = sales - _below(rng, 0.02, 0.01), _below(rng, 0.5, 0.1)
    rates = {
        "firms_market_entities": firms, "pieces_produced": pieces, "sales_industry": sales,
        "online_sales": sales + online, "residents_claimed": people, "migrants_resident": people,
        "built_up_town": land, "textile_garment_firms": receiving,
    }  # fmt: skip
    paths = {name: SERIES[name][1] * np.exp(rate * since) for name, rate in rates.items()}
    paths["migrants_resident"] = max(share, 0.05) * paths["residents_claimed"]
    paths["online_sales"] = 0.25 * paths["sales_industry"] * np.exp(online * since)
    if family == "votes_false":
        # No shock was recovered from: sales fall back behind each one, to the level before, and jump later.
        paths["sales_industry"] = paths["sales_industry"][0] * np.exp(sales * since)
        for shock in (2006, 2008, 2011, 2020):
            window = (shock < YEARS) & (shock + 3 >= YEARS)
            before = paths["sales_industry"][shock - 1 == YEARS]
            paths["sales_industry"] = np.where(
                window, before * np.exp(_below(rng, 0.06, 0.05)), paths["sales_industry"]
            )
        paths["online_sales"] = 0.25 * paths["sales_industry"] * np.exp(online * since)
    return paths


def _gap_truth(truth: Mapping[tuple[str, str], bool], rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """Gap in level at the first and the last year with figures."""
    wide, closing = truth["2.1", "lower_level"], truth["5.2", "closer"]
    last = 0.9 if wide else _below(rng, 0.288, 0.1)
    change = -0.06 if closing else 0.01 + _below(rng, 0.0, 0.02) * -1 - 0.02
    pay = {True: 0.6, False: _below(rng, 0.105, 0.05)}
    return {
        "gdp_per_capita": (last - 10 * change, last),
        "wage_monthly": (pay[truth["3.1", "price_of_labour"]],) * 2,
        "worker_annual_income": (pay[truth["3.2", "income"]],) * 2,
    }


def _direct_truth(
    file: ClaimsFile, truth: Mapping[tuple[str, str], bool], rng: np.random.Generator
) -> dict[tuple[str, str], float]:
    """Size of what no step computes yet, as Zhili lacks the tables; here it exists, so that all can be supported."""
    out = {}
    for claim in file.claims:
        for part in claim.parts:
            if part.numbers is not None and part.numbers.requires:
                delta = part.numbers.delta
                out[claim.id, part.id] = delta + 0.25 if truth[claim.id, part.id] else _below(rng, delta, 0.05)
    return out


# ------------------------------------------------------------------------------------------------ published figures


def published_facts(one: World, seed: int) -> pd.DataFrame:
    """What papers print of the true paths: biased, rounded, one-sided, repeated, now and then without a zero."""
    rng = np.random.default_rng(keyed_seed(seed, "facts"))
    rows: list[dict[str, Any]] = []
    for name, path in sorted(one.paths.items()):
        common = rng.normal(0.0, 0.08)
        voices = [(f"N{v:02d}", rng.normal(0.0, 0.05)) for v in range(8)]
        years = np.unique(np.concatenate([[2000, 2024], rng.choice(YEARS[1:-1], size=11, replace=False)]))
        for year in years:
            for _ in range(1 + int(rng.random() < 0.4)):
                voice, bias = voices[int(rng.integers(len(voices)))]
                shift = common + bias + rng.normal(0.0, 0.06)
                rows.append(
                    _figure(rng, SERIES[name][0], name, int(year), path[year - YEARS[0]] * np.exp(shift), voice)
                )
    for name, (first, last) in one.gaps.items():
        for year, gap in ((2012, first), (2022, last)):
            for place, level in (("zhili", 60000.0 * np.exp(gap)), ("wangjiang", 60000.0)):
                rows += [
                    _figure(rng, place, name, year, level * np.exp(rng.normal(0.0, 0.04)), f"G{v}", exact=True)
                    for v in range(3)
                ]
    frame = pd.DataFrame(rows).assign(fact_id=[f"F{i:04d}" for i in range(len(rows))])
    return frame.reindex(columns=list(FACT_COLUMNS))


def _figure(
    rng: np.random.Generator, place: str, name: str, year: int, believed: float, voice: str, exact: bool = False
) -> dict[str, Any]:
    kind = "exact" if exact else str(rng.choice(["exact", "about", "over"], p=[0.4, 0.35, 0.25]))
    digits = 3 if kind == "exact" else 2
    grain = 10.0 ** (np.floor(np.log10(believed)) - digits + 1)
    printed = (np.floor if kind == "over" else np.round)(believed / grain) * grain
    if not exact and rng.random() < 0.02:
        printed /= 10.0
    unit = "yuan" if exact else "unit"
    return {
        "place_id": place, "indicator": name, "definition_id": name, "year": year, "value": printed, "unit": unit,
        "value_std": printed, "unit_std": unit, "qualifier": kind, "source_id": f"S{voice}", "lineage": voice,
        "package": "", "tier": "press_origin", "originator": "other_press", "interest": "none", "flag": "ok",
        "same_as": "",
    }  # fmt: skip


def reconciled(facts: list[pd.DataFrame], seeds: list[int]) -> list[Estimates]:
    """The reconciled series of every record under the settings, as the pipeline hands them on."""
    keys = [(i, name) for i in range(len(facts)) for name in sorted(SERIES)]
    rows: list[list[dict[str, Any]]] = [[] for _ in facts]
    draws: list[list[np.ndarray]] = [[] for _ in facts]
    links: list[list[tuple[str, str, str, float]]] = [[] for _ in facts]
    for setting in SETTINGS:
        groups = []
        for i, name in keys:
            own = facts[i][facts[i]["definition_id"] == name]
            groups.append(SeriesInput(own, "log", keyed_seed(seeds[i], "series", SERIES[name][0], name)))
        for (i, name), result in zip(keys, reconcile_many(groups, settings(SeriesParameters())[setting]), strict=True):
            behind = [fact.fact_id for fact in result.used_facts]
            for t, year in enumerate(result.years):
                estimate = Estimate(
                    name, SERIES[name][0], int(year), int(year), "unit", float(result.value[t]), float(result.low[t]),
                    float(result.high[t]), setting=setting, n_lineages=result.n_lineages, kind=str(result.kind[t]),
                    flags=result.flags[t],
                )  # fmt: skip
                rows[i].append(estimate.row() | {"definition_id": name, "indicator": name})
                draws[i].append(result.draws[t])
                links[i] += [(estimate.estimate_id, "facts", fact, 1.0 / len(behind)) for fact in behind]
    return [
        Estimates(pd.DataFrame(table), np.array(matrix), pd.DataFrame(behind, columns=list(LINEAGE_COLUMNS)))
        for table, matrix, behind in zip(rows, draws, links, strict=True)
    ]


def results_of(
    file: ClaimsFile, one: World, series: Estimates, tables: Mapping[str, pd.DataFrame], seed: int
) -> dict[str, Estimates]:
    """Everything that claims test, from the real measures; what no measure computes yet as plain draws."""
    declared = tuple(RatioDeclaration(name=k, numerator=a, denominator=b, unit="ratio") for k, (a, b) in RATIOS.items())
    land = LandConsumptionParameters(land="built_up_town", population="residents_claimed", output="sales_industry")
    share = Share(name="migrant_share", part="migrants_resident", whole="residents_claimed")
    gaps = level_gaps(
        tables["facts"],
        tables["places"],
        tables["destinations"],
        "zhili",
        LevelGapsParameters(definition=GAPS, links=("county_named",)),
        seed,
    )
    out = {
        "series": series,
        "growth": growth(series, GrowthParameters()),
        "ratios": ratios(series, RatiosParameters(ratio=declared)),
        "land_consumption": land_consumption(series, land),
        "labour_shares": labour_shares([share], _some(series, "measure", [share.part, share.whole]), {}).labour_shares,
        "level_gaps": _some(gaps.gaps, "setting", SETTINGS),
    }
    rng = np.random.default_rng(keyed_seed(seed, "direct"))
    plain: dict[str, list[tuple[Estimate, np.ndarray, pd.DataFrame]]] = {}
    for claim in file.claims:
        for part in claim.parts:
            if (claim.id, part.id) in one.direct and part.numbers is not None:
                size = one.direct[claim.id, part.id]
                plain.setdefault(part.numbers.table, []).extend(_plain(rng, part.numbers, size))
    return out | {name: collect_estimates(rows) for name, rows in plain.items()}


def _some(found: Estimates, column: str, values: Sequence[str]) -> Estimates:
    """The estimates with one of these values in a column."""
    kept = found.table[column].isin(list(values)).to_numpy(dtype=bool)
    ids = set(found.table["estimate_id"][kept])
    behind = found.lineage[found.lineage["estimate_id"].isin(ids)]
    return Estimates(found.table[kept].reset_index(drop=True), found.draws[kept], behind)


def _plain(rng: np.random.Generator, test: NumbersTest, size: float) -> list[tuple[Estimate, np.ndarray, pd.DataFrame]]:
    """Draws around an unbiased estimate of a size, with the spread that the estimate really has."""
    spread = max(0.3 * abs(test.delta), 0.003)
    behind = pd.DataFrame({"table": ["facts"], "row_id": ["F0000"], "share": [1.0]})
    levels = [(2014, 0.0), (2024, 10 * size)] if test.estimand == "change_per_year" else [(2020, size)]
    spread *= 7.0 if test.estimand == "change_per_year" else 1.0
    rows = []
    for year, level in levels:
        centre, wave = level + rng.normal(0.0, spread), rng.standard_normal(N_DRAWS)
        for setting in SETTINGS:
            draws = centre + spread * wave
            value, low, high = summarise(draws)
            place = test.place or "zhili"
            estimate = Estimate(test.measure, place, year, year, test.unit, value, low, high, test.group, setting)
            rows.append((estimate, draws, behind))
    return rows
