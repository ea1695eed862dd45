"""Question 1: growth and its phases, ratios, land, where work moved, and what flows between the places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from townshift.engine import estimates, frame, step

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from townshift.process.growth import GrowthParameters
    from townshift.process.land_consumption import LandConsumptionParameters
    from townshift.process.phases import PhasesParameters
    from townshift.process.ratios import RatiosParameters
    from townshift.process.receiving_places import ReceivingPlacesParameters
    from townshift.types import Estimates, Focus


@dataclass(frozen=True)
class RatiosTables:
    """Ratios year by year and their growth, and which declared ratios cannot be computed."""

    ratios: Estimates
    ratio_status: pd.DataFrame


@dataclass(frozen=True)
class LandConsumptionTables:
    """Land against population and output, and which comparisons cannot be made."""

    land_consumption: Estimates
    land_status: pd.DataFrame


@dataclass(frozen=True)
class ReceivingPlacesTables:
    """Receiving places one by one, and how many are of which sort."""

    receiving_places: pd.DataFrame
    receiving_summary: pd.DataFrame


@step(question="process")
def growth(
    series: ibis.Table,
    series_draws: ibis.Table,
    series_lineage: ibis.Table,
    facts: ibis.Table,
    *,
    parameters: GrowthParameters,
    breaks: list[dict[str, object]],
) -> Estimates:
    """Average growth a year of every series: whole span, regimes between breaks, declared windows."""
    from townshift.process.growth import growth as growth_of

    found = estimates(series, series_draws, series_lineage)
    return growth_of(found, parameters, breaks, _originals(facts))


@step(question="process")
def phases(
    series: ibis.Table,
    series_draws: ibis.Table,
    series_lineage: ibis.Table,
    *,
    parameters: PhasesParameters,
    breaks: list[dict[str, object]],
) -> pd.DataFrame:
    """Change points of growth of every series, with the share of draws that has each."""
    from townshift.process.phases import phases as phases_of

    return phases_of(estimates(series, series_draws, series_lineage), parameters, breaks)


@step(question="process")
def ratios(
    series: ibis.Table,
    series_draws: ibis.Table,
    series_lineage: ibis.Table,
    facts: ibis.Table,
    *,
    parameters: RatiosParameters,
    focus: Focus,
    breaks: list[dict[str, object]],
) -> RatiosTables:
    """Declared ratios and shares on joint draws: output per firm, per worker, per piece, per km²."""
    from townshift.process.ratios import ratio_status
    from townshift.process.ratios import ratios as ratios_of

    found = estimates(series, series_draws, series_lineage)
    return RatiosTables(
        ratios=ratios_of(found, parameters, breaks, _originals(facts)),
        ratio_status=ratio_status(found, parameters, focus.place_id),
    )


@step(question="process")
def land_consumption(
    series: ibis.Table,
    series_draws: ibis.Table,
    series_lineage: ibis.Table,
    facts: ibis.Table,
    *,
    parameters: LandConsumptionParameters,
    focus: Focus,
    breaks: list[dict[str, object]],
) -> LandConsumptionTables:
    """Land consumption against population (SDG 11.3.1) and against output."""
    from townshift.process.land_consumption import land_consumption as land_of
    from townshift.process.land_consumption import land_status

    found = estimates(series, series_draws, series_lineage)
    return LandConsumptionTables(
        land_consumption=land_of(found, parameters, breaks, _originals(facts)),
        land_status=land_status(found, parameters, focus.place_id),
    )


@step(question="process")
def receiving_places(
    destinations: ibis.Table,
    places: ibis.Table,
    level_gaps: ibis.Table | None = None,
    *,
    parameters: ReceivingPlacesParameters,
    focus: Focus,
) -> ReceivingPlacesTables:
    """Where work moved, county by county, with distance, start, relation and strength of evidence."""
    from townshift.process.receiving_places import receiving_places as places_of
    from townshift.process.receiving_places import receiving_summary

    gaps = None if level_gaps is None else frame(level_gaps)
    found = places_of(frame(destinations), frame(places), focus.place_id, parameters, gaps)
    return ReceivingPlacesTables(receiving_places=found, receiving_summary=receiving_summary(found, parameters))


@step(question="process")
def flow_summary(flows: ibis.Table, *, focus: Focus) -> pd.DataFrame:
    """How many flows the record holds, by kind, level and evidence; values are never summed."""
    from townshift.process.flows import flow_summary as summary_of

    return summary_of(frame(flows), focus.place_id)


def _originals(facts: ibis.Table) -> dict[str, str]:
    """Published figure to its lineage, to count independent originals behind a derived figure."""
    rows = frame(facts.select("fact_id", "lineage")).dropna()
    return {str(fact): str(lineage) for fact, lineage in zip(rows["fact_id"], rows["lineage"], strict=True)}
