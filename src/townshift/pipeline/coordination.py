"""Question 4: gaps in level, evidence of dependence and autonomy, and what the study cannot say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from townshift.engine import frame, optional_frame, step

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from townshift.coordination.dependence import DependenceParameters
    from townshift.coordination.level_gaps import LevelGapsParameters
    from townshift.coordination.not_sayable import NotSayableParameters
    from townshift.types import Estimates, Focus


@dataclass(frozen=True)
class LevelGapsTables:
    """Gaps in level, the figures listed for them, and where no comparison is possible."""

    level_gaps: Estimates
    level_record: pd.DataFrame
    level_status: pd.DataFrame


@dataclass(frozen=True)
class DependenceTables:
    """Evidence of dependence and autonomy, and the asymmetry where both shares are published."""

    dependence: pd.DataFrame
    asymmetry: Estimates


@step(question="outcomes")
def level_gaps(
    facts: ibis.Table,
    places: ibis.Table,
    destinations: ibis.Table | None = None,
    *,
    parameters: LevelGapsParameters,
    focus: Focus,
) -> LevelGapsTables:
    """The gap in level between the focal side and the other places, where both have figures of nearly one year."""
    from townshift.coordination.level_gaps import level_gaps as gaps_of

    found = gaps_of(frame(facts), frame(places), optional_frame(destinations), focus.place_id, parameters, focus.seed)
    return LevelGapsTables(level_gaps=found.gaps, level_record=found.record, level_status=found.status)


@step(question="outcomes")
def dependence(
    places: ibis.Table,
    destinations: ibis.Table,
    flows: ibis.Table | None = None,
    facts: ibis.Table | None = None,
    statements: ibis.Table | None = None,
    *,
    parameters: DependenceParameters,
    focus: Focus,
) -> DependenceTables:
    """What the record holds on dependence and autonomy of the receiving places, counted by originals."""
    from townshift.coordination.dependence import asymmetries
    from townshift.coordination.dependence import dependence as evidence_of

    known, listed, moved = frame(places), frame(destinations), optional_frame(flows)
    evidence = evidence_of(
        known, listed, focus.place_id, parameters, moved, optional_frame(facts), optional_frame(statements)
    )
    shares = asymmetries(moved, known, listed, focus.place_id, parameters, focus.seed)
    return DependenceTables(dependence=evidence, asymmetry=shares)


@step(question="outcomes", reads_files=("locales/en/not_sayable.toml", "locales/zh/not_sayable.toml"))
def not_sayable(
    places: ibis.Table,
    indicators: ibis.Table | None = None,
    series_status: ibis.Table | None = None,
    growth: ibis.Table | None = None,
    phases: ibis.Table | None = None,
    ratio_status: ibis.Table | None = None,
    land_status: ibis.Table | None = None,
    level_status: ibis.Table | None = None,
    asymmetry: ibis.Table | None = None,
    receiving_places: ibis.Table | None = None,
    flow_summary: ibis.Table | None = None,
    firms: ibis.Table | None = None,
    land: ibis.Table | None = None,
    panel: ibis.Table | None = None,
    plots: ibis.Table | None = None,
    orders: ibis.Table | None = None,
    accounts: ibis.Table | None = None,
    respondents: ibis.Table | None = None,
    *,
    parameters: NotSayableParameters,
    focus: Focus,
) -> pd.DataFrame:
    """What the study cannot say, worked out from missing tables and from what the other steps report."""
    from townshift.coordination.not_sayable import Reports, titles
    from townshift.coordination.not_sayable import not_sayable as topics_of

    deeper = {
        "firms": firms,
        "land": land,
        "panel": panel,
        "plots": plots,
        "orders": orders,
        "accounts": accounts,
        "respondents": respondents,
    }
    reports = Reports(
        series_status=optional_frame(series_status),
        growth=optional_frame(growth),
        phases=optional_frame(phases),
        ratio_status=optional_frame(ratio_status),
        land_status=optional_frame(land_status),
        level_status=optional_frame(level_status),
        asymmetry=optional_frame(asymmetry),
        receiving_places=optional_frame(receiving_places),
        flow_summary=optional_frame(flow_summary),
    )
    missing = [name for name, table in deeper.items() if table is None]
    names = titles(frame(places), optional_frame(indicators))
    return topics_of(reports, missing, focus.place_id, names, parameters)
