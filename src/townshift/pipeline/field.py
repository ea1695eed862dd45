"""Field evidence: what people told, within what they agreed to; whom a study heard; agreement of coders; quotes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.engine import frame, optional_frame, step

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from townshift.governance.field.parameters import (
        CodeAgreementParameters,
        CoverageParameters,
        InteractionParameters,
        QuotesParameters,
        SaturationParameters,
        StatementsParameters,
    )
    from townshift.types import Focus


@dataclass(frozen=True)
class RecordTables:
    """What may be used: codings without their words, who took part where, and what consent left out."""

    field_codings: pd.DataFrame
    field_attendance: pd.DataFrame
    field_sources: pd.DataFrame
    field_status: pd.DataFrame
    field_withdrawn: pd.DataFrame


@dataclass(frozen=True)
class CoverageTables:
    """Whom the fieldwork heard, and how they were found."""

    fieldwork_coverage: pd.DataFrame
    fieldwork_routes: pd.DataFrame


@dataclass(frozen=True)
class SaturationTables:
    """Codes by number of sources, and what a further source would bring."""

    saturation: pd.DataFrame
    saturation_summary: pd.DataFrame


@dataclass(frozen=True)
class InteractionTables:
    """Who spoke, who answered whom, who stood where on proposals."""

    table_shares: pd.DataFrame
    table_answers: pd.DataFrame
    table_proposals: pd.DataFrame


@dataclass(frozen=True)
class EpisodeTables:
    """Bargains move by move, what came of them, and how moves were answered."""

    episode_steps: pd.DataFrame
    episode_outcomes: pd.DataFrame
    episode_replies: pd.DataFrame


@dataclass(frozen=True)
class FrequencyTables:
    """Codes per source and group, and codes that come up together."""

    code_frequencies: pd.DataFrame
    codes_together: pd.DataFrame


@dataclass(frozen=True)
class QuoteTables:
    """Quotes for and against each concept, and who could be recognised in texts, to be confirmed in `private/`."""

    quotes: pd.DataFrame
    quotes_status: pd.DataFrame


@step(question="government")
def field_record(
    codings: ibis.Table,
    documents: ibis.Table | None = None,
    consent: ibis.Table | None = None,
    participants: ibis.Table | None = None,
    fieldwork: ibis.Table | None = None,
    codes: ibis.Table | None = None,
) -> RecordTables:
    """What of the codings may be used, without its words: consent first, then everything else."""
    from townshift.evidence.disclosure.field_record import field_record as record_of

    found = record_of(
        frame(codings),
        optional_frame(documents),
        optional_frame(consent),
        optional_frame(participants),
        optional_frame(fieldwork),
        optional_frame(codes),
    )
    return RecordTables(
        field_codings=found.codings,
        field_attendance=found.attendance,
        field_sources=found.sources,
        field_status=found.status,
        field_withdrawn=found.withdrawn,
    )


@step(question="government")
def field_statements(field_codings: ibis.Table, *, parameters: StatementsParameters) -> pd.DataFrame:
    """Coded passages that name a concept, as statements that claims may count: one person is one vote."""
    from townshift.governance.field.statements import coded_statements

    return coded_statements(frame(field_codings), parameters)


@step(question="evidence")
def claims_withdrawn(field_withdrawn: ibis.Table, *, claims_file: Path) -> pd.DataFrame:
    """Claims that passages bore on whose consent was taken back: their verdicts are computed without them."""
    from townshift.evidence.claims_read import load_claims
    from townshift.frames import typed

    lost = frame(field_withdrawn)
    n_of = dict(zip(lost["concept"].astype(str), lost["n_passages"].astype("int64").tolist(), strict=True))
    rows = []
    for claim in load_claims(claims_file).claims:
        tests = [part.words for part in claim.parts if part.words is not None]
        concepts = {concept for test in tests for concept in (*test.agree, *test.disagree)}
        n = sum(n_of.get(concept, 0) for concept in concepts)
        if n:
            rows.append({"claim_id": claim.id, "n_passages": n})
    return typed(rows, {"claim_id": "string", "n_passages": "Int64"})


@step(question="government")
def fieldwork_coverage(
    field_attendance: ibis.Table,
    fieldwork: ibis.Table,
    sampling_plan: ibis.Table | None = None,
    *,
    parameters: CoverageParameters,
    focus: Focus,
) -> CoverageTables:
    """Whom the study heard and whom it did not, by group, place and period, and how they were found."""
    from townshift.governance.field.coverage import heard, planned_years, routes

    attendance = frame(field_attendance)
    years = attendance["year"].dropna()
    whole = ((int(years.min()), int(years.max())),) if len(years) else ((focus.year_from, focus.year_to),)
    periods = parameters.periods or whole
    plan = None if sampling_plan is None else planned_years(frame(sampling_plan))
    sessions = frame(fieldwork)
    return CoverageTables(
        fieldwork_coverage=heard(attendance, plan, periods, focus.privacy_threshold),
        fieldwork_routes=routes(sessions, attendance, focus.privacy_threshold),
    )


@step(question="government")
def saturation(
    field_codings: ibis.Table, field_sources: ibis.Table, *, parameters: SaturationParameters, focus: Focus
) -> SaturationTables:
    """How many new codes a further source would bring, and how many codes are still unseen."""
    import pandas as pd

    from townshift.errors import MeasureError
    from townshift.governance.field.saturation import CURVE_COLUMNS
    from townshift.governance.field.saturation import saturation as saturation_of

    rows = frame(field_codings)
    first = rows[rows["round"] == "first"]
    by_source = {name: set(codes) for name, codes in first.groupby("document")["code"]}
    every = [sorted(by_source.get(name, set())) for name in frame(field_sources)["document"].sort_values()]
    columns = ["measure", "value", "low", "high", "n_sources", "n_codes"]
    try:
        found = saturation_of(every, ahead=parameters.ahead, replicates=parameters.replicates, seed=focus.seed)
    except MeasureError:
        return SaturationTables(pd.DataFrame(columns=list(CURVE_COLUMNS)), pd.DataFrame(columns=columns))
    counts = (found.n_sources, found.n_codes)
    summary = [
        ("expected_codes", *found.expected_codes, *counts),
        ("next_source", *found.next_source, *counts),
        ("share_covered", found.share_covered, float("nan"), float("nan"), *counts),
    ]
    return SaturationTables(found.curve, pd.DataFrame(summary, columns=columns))


@step(question="government")
def interaction(
    speech_turns: ibis.Table, field_attendance: ibis.Table, *, parameters: InteractionParameters, focus: Focus
) -> InteractionTables:
    """Roundtables: who dominated, who answered whom, who agreed with or objected to what, and who stayed silent."""
    import pandas as pd

    from townshift.governance.field.coverage import with_small_together
    from townshift.governance.field.interaction import interaction as interaction_of

    present = frame(field_attendance)
    sizes = present.groupby("session_id")["participant_id"].nunique()
    tables = set(sizes[sizes > 1].index)
    spoken = frame(speech_turns)
    # Turns of somebody who took consent back are silence, as if nobody in particular had spoken.
    known = set(zip(present["session_id"], present["participant_id"], strict=True))
    pairs = zip(spoken["session_id"], spoken["participant_id"], strict=True)
    allowed = pd.Series([pair in known for pair in pairs], index=spoken.index)
    spoken = spoken.assign(participant_id=spoken["participant_id"].where(allowed))
    found = interaction_of(
        spoken[spoken["session_id"].isin(tables)],
        with_small_together(present[present["session_id"].isin(tables)], focus.privacy_threshold),
        permutations=parameters.permutations,
        seed=focus.seed,
    )
    return InteractionTables(found.shares, found.answers, found.proposals)


@step(question="government")
def episode_record(
    episodes: ibis.Table,
    moves_at_table: ibis.Table,
    documents: ibis.Table | None = None,
    field_sources: ibis.Table | None = None,
) -> EpisodeTables:
    """Episodes of negotiation: who offered, demanded, threatened, conceded or blocked what, and what came of it."""
    from townshift.governance.field.episodes import episodes as episodes_of

    moves = frame(moves_at_table)
    if documents is not None and field_sources is not None and "document" in moves:
        # What only a session tells that may no longer be used is left out.
        closed = set(frame(documents)["document"]) - set(frame(field_sources)["document"])
        moves = moves[~moves["document"].isin(closed)]
    found = episodes_of(frame(episodes), moves)
    return EpisodeTables(found.steps, found.outcomes, found.replies)


@step(question="government")
def code_frequencies(field_codings: ibis.Table, field_sources: ibis.Table, *, focus: Focus) -> FrequencyTables:
    """In how many sources each code came up, by group, and which codes come up together."""
    from townshift.governance.coding.frequencies import code_frequencies as frequencies_of
    from townshift.governance.coding.frequencies import codes_together

    rows, sources = frame(field_codings), frame(field_sources)
    first = rows[rows["round"] == "first"]
    table = frequencies_of(first, sources.rename(columns={"actor_group": "group"}))
    shown = (table["group"] == "") | (table["of_sources"] >= focus.privacy_threshold)
    return FrequencyTables(
        code_frequencies=table[shown].reset_index(drop=True), codes_together=codes_together(first, len(sources))
    )


@step(question="government")
def code_agreement(
    field_codings: ibis.Table,
    field_sources: ibis.Table,
    speech_turns: ibis.Table | None = None,
    *,
    parameters: CodeAgreementParameters,
    focus: Focus,
) -> pd.DataFrame:
    """How far two coders agree, code by code: on units, and on where passages lie; beside every table of codes."""
    from townshift.governance.coding.double_coding import double_coding

    return double_coding(
        frame(field_codings), frame(field_sources), optional_frame(speech_turns), parameters, focus.seed
    )


@step(question="government")
def quotes(
    codings: ibis.Table,
    field_codings: ibis.Table,
    places: ibis.Table,
    participants: ibis.Table | None = None,
    *,
    parameters: QuotesParameters,
    focus: Focus,
    answers: Path | None,
) -> QuoteTables:
    """Quotes that may be shown: consent checked, identifiers masked, speakers described so that enough people fit."""
    from townshift.engine.answers import read_answers
    from townshift.evidence.disclosure.safe_quotes import safe_quotes

    kept = None if answers is None else read_answers(answers, ("kind", "text", "decision"))
    found = safe_quotes(
        frame(codings), frame(field_codings), frame(places), optional_frame(participants), kept,
        focus.privacy_threshold, parameters.each, parameters.longest,
    )  # fmt: skip
    return QuoteTables(quotes=found.quotes, quotes_status=found.status)
