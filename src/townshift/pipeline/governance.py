"""Question 2: instruments and their order, differences before and after events, discourse and its voices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from townshift.engine import estimates, frame, step
from townshift.errors import MeasureError
from townshift.types import Focus, Parameters

if TYPE_CHECKING:
    from collections.abc import Collection

    import ibis
    import pandas as pd

    from townshift.governance.before_after import Scale
    from townshift.governance.periods import Period
    from townshift.types import Estimates


class InstrumentsParameters(Parameters):
    """What counts as a government, and by which periods events are counted.

    `periods` are `[first year, last year]` pairs; without any, `period_by` says: calendar decades, or the spans that
    begin in the median year of each turn.
    """

    periods: tuple[tuple[int, int], ...] = ()
    period_by: Literal["decades", "turns"] = "decades"
    government_levels: tuple[str, ...] = ("town", "district", "county", "city", "province", "nation")


class BeforeAfterParameters(Parameters):
    """Which events a series is compared before and after.

    `events` names them; without any, all events of `event_types` are taken. `window_years` limits each side.
    """

    events: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ("accident", "protest")
    window_years: int | None = 10


class DiscourseParameters(Parameters):
    """Periods of the discourse and the groups whose small cells are withheld.

    `dated_by_act` lists statements whose date is that of the act they tell of; they count as undated.
    """

    periods: tuple[tuple[int, int], ...] = ()
    period_by: Literal["decades", "turns"] = "decades"
    personal_groups: tuple[str, ...] = ("migrant_worker", "village_community")
    dated_by_act: tuple[str, ...] = ()


class VoicesParameters(Parameters):
    """Which actor groups a full record would hold, and which links make a place a receiving one (none = all)."""

    expected_groups: tuple[str, ...] = (
        "government",
        "enterprise",
        "village_community",
        "migrant_worker",
        "association",
        "media",
        "research",
    )
    receiving_links: tuple[str, ...] = ()


@dataclass(frozen=True)
class SequenceTables:
    """Turns dated by their events, and what came before and after each."""

    turns: pd.DataFrame
    sequence: pd.DataFrame


@dataclass(frozen=True)
class BeforeAfterTables:
    """Differences of growth, why others cannot be estimated, and the placebo years."""

    before_after: Estimates
    before_after_status: pd.DataFrame
    before_after_placebo: pd.DataFrame


@step(question="government")
def instruments(
    events: ibis.Table, places: ibis.Table, *, parameters: InstrumentsParameters, focus: Focus
) -> pd.DataFrame:
    """Events by period, level of actor and instrument, on the focal side and at all places."""
    from townshift.governance.instruments import instruments as count_instruments

    told = frame(events)
    periods = _periods(told, parameters.periods, parameters.period_by)
    scopes = _scopes(frame(places), focus.place_id)
    return count_instruments(told, periods, parameters.government_levels, scopes)


@step(question="government")
def sequence(events: ibis.Table, places: ibis.Table, *, focus: Focus) -> SequenceTables:
    """When each turn happened, and which instruments and kinds of event came before and after it."""
    from townshift.governance.sequence import turn_sequence

    found = turn_sequence(frame(events), _scopes(frame(places), focus.place_id))
    return SequenceTables(turns=found.turns, sequence=found.sequence)


@step(question="government")
def before_after(
    series: ibis.Table,
    series_draws: ibis.Table,
    series_lineage: ibis.Table,
    events: ibis.Table,
    places: ibis.Table,
    facts: ibis.Table,
    indicators: ibis.Table | None = None,
    *,
    parameters: BeforeAfterParameters,
    breaks: list[dict[str, object]],
) -> BeforeAfterTables:
    """How every series grew before and after the events that concern its place, in every setting."""
    from townshift.frames import texts
    from townshift.governance.before_after import before_after as compare
    from townshift.place_sides import ancestors

    found = estimates(series, series_draws, series_lineage)
    known_places = frame(places)
    cited = texts(frame(facts), "fact_id", "lineage")
    result = compare(
        found,
        _compared_events(frame(events), parameters),
        _scales(None if indicators is None else frame(indicators)),
        {place: (place, *ancestors(known_places, place)) for place in sorted(set(found.table["place_id"].astype(str)))},
        dict(zip(cited["fact_id"], cited["lineage"], strict=True)),
        breaks,
        parameters.window_years,
    )
    return BeforeAfterTables(
        before_after=result.before_after,
        before_after_status=result.status,
        before_after_placebo=result.placebo,
    )


@step(question="government")
def discourse(
    statements: ibis.Table,
    concepts: ibis.Table | None = None,
    events: ibis.Table | None = None,
    *,
    parameters: DiscourseParameters,
    focus: Focus,
) -> pd.DataFrame:
    """Actor groups over concepts by period, one voice for each actor, concept and lineage."""
    from townshift.frames import texts
    from townshift.governance.discourse import discourse as count_discourse
    from townshift.governance.periods import choose
    from townshift.voices import voices_once

    voices = voices_once(frame(statements), parameters.dated_by_act)
    years = [int(year) for year in voices["year"].dropna()]
    cuts = [] if events is None else _turn_years(frame(events))
    known = texts(frame(concepts) if concepts is not None else voices.iloc[:0], "concept", "question")
    return count_discourse(
        voices,
        choose(parameters.periods, parameters.period_by, years, cuts),
        dict(zip(known["concept"], known["question"], strict=True)),
        parameters.personal_groups,
        focus.privacy_threshold,
    )


@step(question="government")
def voices(
    statements: ibis.Table,
    places: ibis.Table,
    destinations: ibis.Table | None = None,
    *,
    parameters: VoicesParameters,
    focus: Focus,
) -> pd.DataFrame:
    """Whose voices the record holds on each side and at each place, and whose it lacks."""
    from townshift.governance.discourse import voices_held
    from townshift.place_sides import sides
    from townshift.voices import voices_once

    receiving = None if destinations is None else frame(destinations)
    return voices_held(
        voices_once(frame(statements)),
        sides(frame(places), focus.place_id, receiving, parameters.receiving_links),
        parameters.expected_groups,
        ("focal",) if receiving is None else ("focal", "receiving"),
    )


def _scopes(places: pd.DataFrame, focal: str) -> dict[str, Collection[str] | None]:
    """All places, and those of the focal side with the places that contain it."""
    from townshift.place_sides import sides

    near = [place for place, side in sides(places, focal).items() if side in ("focal", "containing")]
    return {"all": None, "focal": near}


def _periods(
    events: pd.DataFrame, pairs: tuple[tuple[int, int], ...], by: Literal["decades", "turns"]
) -> tuple[Period, ...]:
    from townshift.governance.events import counted_events
    from townshift.governance.instruments import event_years
    from townshift.governance.periods import choose

    years = [year for year in event_years(counted_events(events)) if year is not None]
    return choose(pairs, by, years, _turn_years(events))


def _turn_years(events: pd.DataFrame) -> list[int]:
    """The year in which the median of each turn's events lies, where the partial dates leave one year."""
    from townshift.governance.events import counted_events
    from townshift.governance.sequence import turns

    dates = turns(counted_events(events))["median_from"]
    return sorted({int(written[:4]) for written in dates if written})


def _compared_events(events: pd.DataFrame, parameters: BeforeAfterParameters) -> pd.DataFrame:
    """The events to compare, doubles under the id of their first record, with their year."""
    import pandas as pd

    from townshift.governance.events import counted_events
    from townshift.governance.instruments import event_years

    counted = counted_events(events)
    counted["year"] = pd.array(event_years(counted), dtype="Int64")
    if not parameters.events:
        return counted[counted["event_type"].isin(parameters.event_types)]
    known = {
        row_id: event_id
        for event_id, ids in zip(counted["event_id"], counted["row_ids"], strict=True)
        for row_id in ids
    }
    unknown = [event_id for event_id in parameters.events if event_id not in known]
    if unknown:
        raise MeasureError.of("TS-GOV-003", event_id=", ".join(unknown))
    return counted[counted["event_id"].isin({known[event_id] for event_id in parameters.events})]


def _scales(indicators: pd.DataFrame | None) -> dict[str, Scale]:
    """The declared scale of each definition."""
    from townshift.frames import texts

    if indicators is None:
        return {}
    plain = texts(indicators, "indicator", "scale")
    named: dict[str, Scale] = {"log": "log", "logit": "logit", "identity": "identity"}
    pairs = zip(plain["indicator"], plain["scale"], strict=True)
    return {name: named[scale] for name, scale in pairs if scale in named}
