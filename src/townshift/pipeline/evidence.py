"""What every question rests on: reconciled series from published figures, and verdicts on the claims of a study."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.engine import estimates, frame, step

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from townshift.evidence.series_parameters import SeriesParameters
    from townshift.types import Estimates, Focus


@dataclass(frozen=True)
class SeriesTables:
    """Reconciled series with what they rest on, and what became of every published figure.

    Attributes:
        series: one estimate per place, definition, year and setting.
        series_weights: share of each lineage in each series.
        series_facts: every published figure: its share, its flags, and why it was not used.
        series_status: per place and definition: a series, a level of one year, or a list, and why.
        proposed_breaks: years where the data would put a break; shown, never applied.
    """

    series: Estimates
    series_weights: pd.DataFrame
    series_facts: pd.DataFrame
    series_status: pd.DataFrame
    proposed_breaks: pd.DataFrame


@dataclass(frozen=True)
class VerdictTables:
    """Verdicts on the claims and the evidence that leads to them."""

    claims: pd.DataFrame
    claim_parts: pd.DataFrame
    claim_tests: pd.DataFrame
    claim_evidence: pd.DataFrame
    claim_lineage: pd.DataFrame


@step(question="evidence")
def series(
    facts: ibis.Table,
    indicators: ibis.Table | None = None,
    sources: ibis.Table | None = None,
    *,
    parameters: SeriesParameters,
    focus: Focus,
    breaks: list[dict[str, object]],
) -> SeriesTables:
    """One yearly series per place and definition from conflicting published figures, under every declared setting."""
    from townshift.pipeline.series_tables import reconciled_tables

    found = reconciled_tables(
        frame(facts),
        None if indicators is None else frame(indicators),
        None if sources is None else frame(sources),
        parameters,
        focus.seed,
        breaks,
    )
    return SeriesTables(**found)


@step(question="evidence")
def verdicts(
    places: ibis.Table,
    sources: ibis.Table | None = None,
    indicators: ibis.Table | None = None,
    facts: ibis.Table | None = None,
    events: ibis.Table | None = None,
    policies: ibis.Table | None = None,
    flows: ibis.Table | None = None,
    destinations: ibis.Table | None = None,
    statements: ibis.Table | None = None,
    concepts: ibis.Table | None = None,
    positions: ibis.Table | None = None,
    plots: ibis.Table | None = None,
    searches: ibis.Table | None = None,
    series: ibis.Table | None = None,
    series_draws: ibis.Table | None = None,
    series_lineage: ibis.Table | None = None,
    growth: ibis.Table | None = None,
    growth_draws: ibis.Table | None = None,
    growth_lineage: ibis.Table | None = None,
    ratios: ibis.Table | None = None,
    ratios_draws: ibis.Table | None = None,
    ratios_lineage: ibis.Table | None = None,
    land_consumption: ibis.Table | None = None,
    land_consumption_draws: ibis.Table | None = None,
    land_consumption_lineage: ibis.Table | None = None,
    before_after: ibis.Table | None = None,
    before_after_draws: ibis.Table | None = None,
    before_after_lineage: ibis.Table | None = None,
    labour_shares: ibis.Table | None = None,
    labour_shares_draws: ibis.Table | None = None,
    labour_shares_lineage: ibis.Table | None = None,
    level_gaps: ibis.Table | None = None,
    level_gaps_draws: ibis.Table | None = None,
    level_gaps_lineage: ibis.Table | None = None,
    move_flows: ibis.Table | None = None,
    move_flows_draws: ibis.Table | None = None,
    move_flows_lineage: ibis.Table | None = None,
    move_totals: ibis.Table | None = None,
    move_totals_draws: ibis.Table | None = None,
    move_totals_lineage: ibis.Table | None = None,
    drivers: ibis.Table | None = None,
    drivers_draws: ibis.Table | None = None,
    drivers_lineage: ibis.Table | None = None,
    pathways: ibis.Table | None = None,
    pathways_draws: ibis.Table | None = None,
    pathways_lineage: ibis.Table | None = None,
    clustering: ibis.Table | None = None,
    clustering_draws: ibis.Table | None = None,
    clustering_lineage: ibis.Table | None = None,
    centre: ibis.Table | None = None,
    centre_draws: ibis.Table | None = None,
    centre_lineage: ibis.Table | None = None,
    field_statements: ibis.Table | None = None,
    ratio_status: ibis.Table | None = None,
    labour_shares_status: ibis.Table | None = None,
    *,
    claims_file: Path,
) -> VerdictTables:
    """The verdict on every claim: its parts, their tests, the rows they rest on."""
    from townshift.pipeline.coded_statements import with_coded
    from townshift.pipeline.verdict_tables import judged

    given = {
        "places": places, "sources": sources, "indicators": indicators, "facts": facts, "events": events,
        "policies": policies, "flows": flows, "destinations": destinations, "statements": statements,
        "concepts": concepts, "positions": positions, "plots": plots, "searches": searches,
    }  # fmt: skip
    computed = {
        "series": (series, series_draws, series_lineage),
        "growth": (growth, growth_draws, growth_lineage),
        "ratios": (ratios, ratios_draws, ratios_lineage),
        "land_consumption": (land_consumption, land_consumption_draws, land_consumption_lineage),
        "before_after": (before_after, before_after_draws, before_after_lineage),
        "labour_shares": (labour_shares, labour_shares_draws, labour_shares_lineage),
        "level_gaps": (level_gaps, level_gaps_draws, level_gaps_lineage),
        "move_flows": (move_flows, move_flows_draws, move_flows_lineage),
        "move_totals": (move_totals, move_totals_draws, move_totals_lineage),
        "drivers": (drivers, drivers_draws, drivers_lineage),
        "pathways": (pathways, pathways_draws, pathways_lineage),
        "clustering": (clustering, clustering_draws, clustering_lineage),
        "centre": (centre, centre_draws, centre_lineage),
    }
    tables = {name: frame(table) for name, table in given.items() if table is not None}
    if field_statements is not None:
        tables["statements"] = with_coded(tables.get("statements"), frame(field_statements))
    results = {
        name: estimates(table, draws, lineage)
        for name, (table, draws, lineage) in computed.items()
        if table is not None and draws is not None and lineage is not None
    }
    ratio_names: list[str] = [] if ratio_status is None else frame(ratio_status)["ratio"].unique().tolist()
    share_names: list[str] = (
        [] if labour_shares_status is None else frame(labour_shares_status)["share"].unique().tolist()
    )
    declared = {
        "ratios": [name for ratio in ratio_names for name in (ratio, f"{ratio}_growth", f"{ratio}_growth_window")],
        "labour_shares": share_names,
    }
    found = judged(claims_file, tables, results, declared)
    return VerdictTables(found.claims, found.claim_parts, found.claim_tests, found.claim_evidence, found.claim_lineage)
