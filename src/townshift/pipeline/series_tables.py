"""From the tables `facts`, `indicators` and `sources` to the tables that the step `series` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from townshift.evidence.series import SeriesInput, SeriesResult, reconcile_many, settings
from townshift.evidence.series_inputs import Scale
from townshift.evidence.series_parameters import SeriesParameters
from townshift.frames import collect_estimates, joined, texts, typed
from townshift.types import BASE_SETTING, Estimate, Kind, keyed_seed

TEXT, REAL, WHOLE, FLAG = "string", "float64", "Int64", "boolean"

WEIGHT_COLUMNS = {
    "place_id": TEXT, "definition_id": TEXT, "setting": TEXT, "lineage": TEXT, "n_facts": WHOLE, "weight": REAL,
}  # fmt: skip
FACT_COLUMNS = {
    "place_id": TEXT, "definition_id": TEXT, "fact_id": TEXT, "year": WHOLE, "value": REAL, "unit": TEXT,
    "qualifier": TEXT, "lineage": TEXT, "weight": REAL, "flags": TEXT, "used": FLAG, "reason": TEXT,
}  # fmt: skip
STATUS_COLUMNS = {
    "place_id": TEXT, "definition_id": TEXT, "indicator": TEXT, "unit": TEXT, "scale": TEXT, "status": TEXT,
    "reason": TEXT, "n_facts": WHOLE, "n_lineages": WHOLE, "n_years": WHOLE, "year_from": WHOLE, "year_to": WHOLE,
    "converged": FLAG, "fallback": FLAG,
}  # fmt: skip
BREAK_COLUMNS = {"place_id": TEXT, "definition_id": TEXT, "year": WHOLE, "log10_bayes_factor": REAL}
EXTRA_COLUMNS = {"definition_id": TEXT, "indicator": TEXT, "n_facts_in_year": WHOLE}

FACT_TEXTS = (
    "fact_id", "place_id", "indicator", "definition_id", "qualifier", "source_id", "lineage", "package", "flag",
    "same_as", "unit_std",
)  # fmt: skip
PLANNED = "threshold"
"""Kind of an indicator that is a tariff, cap, plan or target: never an outcome, so never a series."""


@dataclass(frozen=True)
class Group:
    """The published figures of one place and definition."""

    place_id: str
    definition_id: str
    indicator: str
    unit: str
    scale: Scale
    planned: bool
    rows: pd.DataFrame
    breaks: tuple[int, ...]


def reconciled_tables(
    facts: pd.DataFrame,
    indicators: pd.DataFrame | None,
    sources: pd.DataFrame | None,
    parameters: SeriesParameters,
    seed: int,
    breaks: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """All tables of the step `series`, by name.

    Args:
        facts: cleaned published figures.
        indicators: what they measure, on which scale; without it a figure is on the log scale.
        sources: tier, originator and interest of their pages.
        parameters: assumptions of the base setting.
        seed: the study's seed.
        breaks: declared breaks (place, definition or indicator, year).
    """
    groups = fact_groups(facts, indicators, sources, breaks)
    outcomes = [group for group in groups if not group.planned]
    base = dict(zip(map(_key, outcomes), _reconciled(outcomes, parameters, seed), strict=True))
    shown = [group for group in outcomes if base[_key(group)].status != "listed"]
    by_setting = {BASE_SETTING: [base[_key(group)] for group in shown]}
    for name, chosen in settings(parameters).items():
        if name != BASE_SETTING:
            by_setting[name] = _reconciled(shown, chosen, seed)
    return {
        "series": _estimates(shown, by_setting),
        "series_weights": _weights(shown, by_setting),
        "series_facts": _facts(groups, base),
        "series_status": _status(groups, base),
        "proposed_breaks": _breaks(shown, by_setting[BASE_SETTING]),
    }


def fact_groups(
    facts: pd.DataFrame,
    indicators: pd.DataFrame | None,
    sources: pd.DataFrame | None,
    breaks: Sequence[Mapping[str, Any]],
) -> list[Group]:
    """The figures grouped by place and definition, in that order, with what is known of their pages.

    Synonyms are taken together; a figure of a definition that `indicators` does not know is on the log scale.
    """
    rows = texts(facts, *FACT_TEXTS).rename(columns={"value": "value_published", "value_std": "value"})
    if sources is not None:
        pages = texts(sources, "source_id", "tier", "originator", "interest")
        rows = rows.merge(pages[["source_id", "tier", "originator", "interest"]], on="source_id", how="left")
    rows = texts(rows, "tier", "originator", "interest")
    known: dict[str, Mapping[Any, Any]] = {}
    if indicators is not None:
        listed = texts(indicators, "indicator", "variant_of", "variant_kind", "scale", "kind")
        known = {str(row["indicator"]): row for row in listed.to_dict("records")}
    synonyms = {name: str(row["variant_of"]) for name, row in known.items() if row["variant_kind"] == "synonym"}
    rows["definition_id"] = [synonyms.get(name, name) for name in rows["definition_id"]]
    found: list[Group] = []
    for (place, definition), part in rows.groupby(["place_id", "definition_id"], sort=True):
        about = known.get(str(definition), {})
        indicator = str(about.get("variant_of") or definition)
        found.append(
            Group(
                place_id=str(place),
                definition_id=str(definition),
                indicator=indicator,
                unit=str(part["unit_std"].iloc[0]),
                scale=cast(Scale, about.get("scale") or "log"),
                planned=about.get("kind") == PLANNED,
                rows=part.sort_values("fact_id", kind="stable").reset_index(drop=True),
                breaks=tuple(sorted(_declared(breaks, str(place), str(definition), indicator))),
            )
        )
    return found


def _declared(breaks: Sequence[Mapping[str, Any]], place: str, definition: str, indicator: str) -> set[int]:
    """Break years of one series; an entry left out of a break applies to all, as everywhere that breaks are read."""
    named = (("place", place), ("definition", definition), ("indicator", indicator))
    return {int(one["year"]) for one in breaks if all(one.get(key) in (None, "", value) for key, value in named)}


def _key(group: Group) -> tuple[str, str]:
    return group.place_id, group.definition_id


def _reconciled(groups: Sequence[Group], parameters: SeriesParameters, seed: int) -> list[SeriesResult]:
    inputs = [
        SeriesInput(
            group.rows, group.scale, keyed_seed(seed, "series", group.place_id, group.definition_id), group.breaks
        )
        for group in groups
    ]
    return reconcile_many(inputs, parameters)


def _estimates(groups: Sequence[Group], by_setting: Mapping[str, Sequence[SeriesResult]]) -> Any:  # noqa: ANN401
    found: list[tuple[Estimate, Any, pd.DataFrame]] = []
    extra: list[dict[str, object]] = []
    for setting, results in by_setting.items():
        for group, result in zip(groups, results, strict=True):
            if result.status == "listed":
                continue
            counts = pd.Series([fact.year for fact in result.used_facts]).value_counts()
            weights = dict(iter(result.fact_weights.groupby("year", sort=True)))
            level_only = ("level_only",) if result.status == "level" else ()
            for i, year in enumerate(result.years.tolist()):
                estimate = Estimate(
                    measure=group.definition_id,
                    place_id=group.place_id,
                    year_from=year,
                    year_to=year,
                    unit=group.unit,
                    value=float(result.value[i]),
                    low=float(result.low[i]),
                    high=float(result.high[i]),
                    setting=setting,
                    n=len(result.used_facts),
                    n_lineages=result.n_lineages,
                    kind=cast(Kind, str(result.kind[i])),
                    flags=(*level_only, *result.flags[i]),
                )
                part = weights[year]
                lineage = pd.DataFrame({"table": "facts", "row_id": part["fact_id"], "share": part["weight"]})
                found.append((estimate, result.draws[i], lineage))
                extra.append(
                    {
                        "definition_id": group.definition_id,
                        "indicator": group.indicator,
                        "n_facts_in_year": int(counts.get(year, 0)),
                    }
                )
    return collect_estimates(found, extra, EXTRA_COLUMNS)


def _weights(groups: Sequence[Group], by_setting: Mapping[str, Sequence[SeriesResult]]) -> pd.DataFrame:
    rows = [
        {
            "place_id": group.place_id,
            "definition_id": group.definition_id,
            "setting": setting,
            **{str(n): weight[n] for n in weight},
        }
        for setting, results in by_setting.items()
        for group, result in zip(groups, results, strict=True)
        for weight in result.lineage_weights.to_dict("records")
    ]
    return _sorted(typed(rows, WEIGHT_COLUMNS), "place_id", "definition_id", "setting", "lineage")


def _facts(groups: Sequence[Group], base: Mapping[tuple[str, str], SeriesResult]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for group in groups:
        shared = {"place_id": group.place_id, "definition_id": group.definition_id, "unit": group.unit}
        if group.planned:
            plain = group.rows.assign(weight=0.0, flags=group.rows["flag"], used=False, reason="planned")
        else:
            result = base[_key(group)]
            plain = result.facts
            if result.status == "listed":
                left = plain["used"].to_numpy(dtype=bool)
                plain = plain.assign(used=False, reason=plain["reason"].where(~left, result.reason))
        chosen = plain[["fact_id", "year", "value", "qualifier", "lineage", "weight", "flags", "used", "reason"]]
        rows += [{**shared, **{str(name): value for name, value in row.items()}} for row in chosen.to_dict("records")]
    for row in rows:
        row["year"] = None if pd.isna(row["year"]) or int(row["year"]) == 0 else int(row["year"])
        row["flags"] = joined(str(row["flags"] or "").split(";")).replace("ok", "").strip(";")
    return _sorted(typed(rows, FACT_COLUMNS), "place_id", "definition_id", "fact_id")


def _status(groups: Sequence[Group], base: Mapping[tuple[str, str], SeriesResult]) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for group in groups:
        result = base.get(_key(group))
        used = () if result is None else result.used_facts
        years = sorted({fact.year for fact in used})
        rows.append(
            {
                "place_id": group.place_id,
                "definition_id": group.definition_id,
                "indicator": group.indicator,
                "unit": group.unit,
                "scale": group.scale,
                "status": "listed" if result is None else result.status,
                "reason": "planned" if result is None else result.reason,
                "n_facts": len(group.rows),
                "n_lineages": len({fact.lineage for fact in used}),
                "n_years": len(years),
                "year_from": years[0] if years else None,
                "year_to": years[-1] if years else None,
                "converged": None if result is None else result.diagnostics.converged,
                "fallback": None if result is None else result.diagnostics.fallback,
            }
        )
    return _sorted(typed(rows, STATUS_COLUMNS), "place_id", "definition_id")


def _breaks(groups: Sequence[Group], results: Sequence[SeriesResult]) -> pd.DataFrame:
    rows = [
        {"place_id": group.place_id, "definition_id": group.definition_id, **{str(name): found[name] for name in found}}
        for group, result in zip(groups, results, strict=True)
        for found in result.proposed_breaks.to_dict("records")
    ]
    return _sorted(typed(rows, BREAK_COLUMNS), "place_id", "definition_id", "year")


def _sorted(table: pd.DataFrame, *keys: str) -> pd.DataFrame:
    return table.sort_values(list(keys), kind="stable").reset_index(drop=True)
