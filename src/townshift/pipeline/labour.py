"""Question 3: what the record holds on work and workers, what it lacks, and shares that its series allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from townshift.engine import estimates, frame, step
from townshift.labour.themes import Share, Theme, check_shares, check_themes
from townshift.types import Focus, Parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis
    import pandas as pd

    from townshift.types import Estimates


class LabourRecordParameters(Parameters):
    """The themes of the labour record, and who speaks as a worker.

    Attributes:
        themes: which definitions, concepts, events and proxies belong to each theme.
        personal_groups: actor groups of private persons, whose small cells are withheld.
        worker_groups: actor groups of workers, whose silence is a gap.
        receiving_links: kinds of link that make a place a receiving one; none = all.
    """

    themes: tuple[Theme, ...] = ()
    personal_groups: tuple[str, ...] = ("migrant_worker", "village_community")
    worker_groups: tuple[str, ...] = ("migrant_worker",)
    receiving_links: tuple[str, ...] = ()


class LabourSharesParameters(Parameters):
    """The shares to compute from reconciled series."""

    shares: tuple[Share, ...] = ()


@dataclass(frozen=True)
class LabourTables:
    """The labour record by theme: figures and proxies, statements, events, and what is lacking."""

    labour_themes: pd.DataFrame
    labour_record: pd.DataFrame
    labour_statements: pd.DataFrame
    labour_events: pd.DataFrame
    labour_gaps: pd.DataFrame


@dataclass(frozen=True)
class ShareTables:
    """Shares of one series in another, and the state of each declared one."""

    labour_shares: Estimates
    labour_shares_status: pd.DataFrame


@step(question="labour")
def labour_record(
    facts: ibis.Table,
    places: ibis.Table,
    indicators: ibis.Table | None = None,
    sources: ibis.Table | None = None,
    statements: ibis.Table | None = None,
    concepts: ibis.Table | None = None,
    events: ibis.Table | None = None,
    destinations: ibis.Table | None = None,
    context: ibis.Table | None = None,
    *,
    parameters: LabourRecordParameters,
    focus: Focus,
) -> LabourTables:
    """What the record holds on each theme of work by place and group, and what it lacks."""
    import pandas as pd

    from townshift.labour.labour_gaps import LabourRecord, labour_gaps
    from townshift.labour.labour_record import figures, proxies, theme_events, theme_statements, theme_table
    from townshift.place_sides import sides
    from townshift.voices import voices_once

    given = {
        "facts": facts,
        "indicators": indicators,
        "sources": sources,
        "statements": statements,
        "concepts": concepts,
        "events": events,
        "destinations": destinations,
        "context": context,
    }
    tables = {name: frame(table) for name, table in given.items() if table is not None}
    themes = parameters.themes
    check_themes(themes, _known(tables))
    side = sides(frame(places), focus.place_id, tables.get("destinations"), parameters.receiving_links)
    tiers = _pairs(tables.get("sources"), "source_id", "tier")
    parts = [figures(themes, tables["facts"], side, tables.get("indicators"), tiers)]
    if "context" in tables:
        parts.append(proxies(themes, tables["context"], side))
    spoken = voices_once(tables.get("statements", pd.DataFrame({"statement_id": []})))
    record = LabourRecord(
        figures=pd.concat(parts, ignore_index=True),
        voices=spoken,
        events=theme_events(themes, tables.get("events", pd.DataFrame({"event_id": []})), side),
    )
    counties = _pairs(tables.get("destinations"), "place_id", "county_id")
    looked_at = {place for place in counties if side.get(place) == "receiving" and counties[place] in ("", place)}
    return LabourTables(
        labour_themes=theme_table(themes),
        labour_record=record.figures,
        labour_statements=theme_statements(themes, spoken, side, parameters.personal_groups, focus.privacy_threshold),
        labour_events=record.events,
        labour_gaps=labour_gaps(themes, record, {focus.place_id, *looked_at}, side, parameters.worker_groups),
    )


@step(question="labour")
def labour_shares(
    series: ibis.Table,
    series_draws: ibis.Table,
    series_lineage: ibis.Table,
    facts: ibis.Table,
    *,
    parameters: LabourSharesParameters,
) -> ShareTables:
    """The declared shares on joint draws, in every setting."""
    from townshift.labour.labour_shares import labour_shares as shares_of

    check_shares(parameters.shares)
    found = shares_of(
        parameters.shares,
        estimates(series, series_draws, series_lineage),
        _pairs(frame(facts), "fact_id", "lineage"),
    )
    return ShareTables(labour_shares=found.labour_shares, labour_shares_status=found.status)


def _pairs(table: pd.DataFrame | None, key: str, value: str) -> dict[str, str]:
    from townshift.frames import texts

    if table is None:
        return {}
    plain = texts(table, key, value)
    return dict(zip(plain[key], plain[value], strict=True))


def _known(tables: Mapping[str, pd.DataFrame]) -> dict[str, set[str]]:
    """The names that themes may use, for each kind that the study has."""
    from townshift.frames import texts

    where = {
        "definitions": ("facts", "definition_id"),
        "concepts": ("concepts", "concept"),
        "events": ("events", "event_id"),
        "event_types": ("events", "event_type"),
        "turns": ("events", "turn"),
        "context": ("context", "indicator"),
    }
    return {kind: set(texts(tables[name], column)[column]) for kind, (name, column) in where.items() if name in tables}
