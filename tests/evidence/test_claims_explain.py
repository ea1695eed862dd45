"""What a claim cites, when it is stale, and how its chain of evidence is told."""

from __future__ import annotations

import random
from dataclasses import asdict, fields

import pandas as pd
import pytest

from evidence import small_claims as small
from townshift.errors import ClaimError
from townshift.evidence.claims_read import parse_claims
from townshift.evidence.claims_tables import ClaimTables, judge
from townshift.evidence.explain import explain
from townshift.evidence.joint import joint_display
from townshift.evidence.staleness import row_digest, staleness

KEYS = {"facts": "fact_id", "sources": "source_id", "statements": "statement_id", "events": "event_id"}


def study() -> tuple[ClaimTables, dict[str, pd.DataFrame]]:
    """Three claims over shared rows: on a number, on words, and on records dated by a turn."""
    ones = [
        small.part("growth", numbers=small.numbers()),
        small.part("speech", words=small.words()),
        small.part("order", records=small.records(**{
            "for": [{"table": "events", "where": {"event_type": ["opening"]}, "before": "upgrading"}],
        })),
    ]  # fmt: skip
    content = small.content()
    content["claims"] = [small.content(one)["claims"][0] | {"id": f"1.{i}"} for i, one in enumerate(ones, start=1)]
    file = parse_claims(content)
    more = pd.DataFrame([(f"F{i}", "town", "sales", 2000 + i, 1.5 * i, "exact", "S1", "L1") for i in range(3, 10)],
                        columns=small.FACTS.columns)  # fmt: skip
    act = {"turn": "upgrading", "event_type": "act"}
    acts = small.events(act | {"date": "2009"}, act | {"date": "2010"}).assign(event_id=["X1", "X2"])
    promise = small.statements({"speech_act": "promise", "source_id": "S3", "paraphrase": "Says all will be well."})
    tables = {
        "facts": pd.concat([small.FACTS, more], ignore_index=True),
        "sources": small.SOURCES.assign(
            title_in_own_words="A page", outlet="daily.example", url="https://daily.example/1"
        ),
        "statements": pd.concat([small.agreeing(), promise.assign(statement_id="T9")], ignore_index=True),
        "events": pd.concat([small.events({}, {}, {}, {"event_type": "other"}), acts], ignore_index=True),
    }
    found = judge(file, tables, {"growth": small.under_settings(0.05)})
    return found, tables


@pytest.fixture(scope="module")
def judged() -> tuple[ClaimTables, dict[str, pd.DataFrame]]:
    return study()


def shown(found: ClaimTables, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {field.name: getattr(found, field.name) for field in fields(found)} | tables


def test_a_claim_cites_the_rows_behind_it_their_sources_and_the_acts_that_date_its_turn(judged):
    lineage = judged[0].claim_lineage
    cited = {claim: set(zip(rows["table"], rows["row_id"], strict=True)) for claim, rows in lineage.groupby("claim_id")}
    assert cited["1.1"] == {("facts", "F1"), ("facts", "F2"), ("sources", "S1"), ("sources", "S2")}
    assert cited["1.2"] == {("statements", name) for name in ("T1", "T2", "T3", "T9")} | {("sources", "S3")}
    events = {("events", name) for name in ("E1", "E2", "E3", "X1", "X2")}
    assert cited["1.3"] == events | {("sources", name) for name in ("S1", "S2", "S3")}


def test_nothing_is_stale_while_nothing_changed(judged):
    found, tables = judged
    retyped = tables | {
        "facts": tables["facts"].astype({"year": "Float64", "value_std": "object", "lineage": "string"})
    }
    assert staleness(found.claim_lineage, tables).stale == {}
    assert staleness(found.claim_lineage, retyped).stale == {}


def test_editing_a_random_row_makes_exactly_the_claims_stale_that_cite_it(judged):
    found, tables = judged
    draw = random.Random(7)
    stale_seen = 0
    for _ in range(20):
        table = draw.choice(sorted(tables))
        frame = tables[table].copy()
        at = draw.randrange(len(frame))
        column = draw.choice([name for name in frame.columns if name != KEYS[table]])
        frame[column] = frame[column].astype(object)
        frame.loc[frame.index[at], column] = "edited"
        row_id = str(tables[table][KEYS[table]].iloc[at])
        # The independent walk: who cites this row, by the lineage table alone.
        cited = found.claim_lineage[["claim_id", "table", "row_id"]].itertuples(index=False)
        walked = {claim for claim, *row in cited if row == [table, row_id]}
        result = staleness(found.claim_lineage, tables | {table: frame})
        assert set(result.stale) == walked
        stale_seen += len(walked)
    assert stale_seen > 0


def test_a_vanished_row_is_stale_and_new_rows_are_counted(judged):
    found, tables = judged
    known = {"facts": set(tables["facts"]["fact_id"]), "events": set(tables["events"]["event_id"])}
    fewer = tables["facts"].iloc[1:]
    added = pd.concat([fewer, fewer.tail(2).assign(fact_id=["N1", "N2"])])
    result = staleness(found.claim_lineage, tables | {"facts": added}, known)
    assert result.stale == {"1.1": (("facts", "F1"),)}
    assert result.new_rows == {"facts": 2}


def test_a_digest_ignores_types_and_order_but_no_value():
    assert row_digest({"a": 2019, "b": "x"}) == row_digest({"b": "x", "a": 2019.0, "c": None})
    assert row_digest({"a": 2019, "b": "x"}) != row_digest({"a": 2019, "b": "y"})
    assert row_digest({"a": "x", "b": "y"}) != row_digest({"a": "y", "b": "x"})


@pytest.mark.parametrize("claim_id", ["1.1", "1.2", "1.3"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_explanation_leads_from_the_sentence_to_named_sources(judged, claim_id, language):
    said = explain(claim_id, shown(*judged), language)
    assert {"en": "text", "zh": "文本"}[language] in said
    assert "lineage" in said if language == "en" else "谱系" in said
    assert ("https://daily.example/1" in said) == (claim_id != "1.2" or "S3" in said)


def test_an_explanation_names_number_step_settings_and_rows(judged):
    said = explain("1.1", shown(*judged), "en")
    for piece in (
        "growth[firms]@town/2000-2020",
        "computed in step growth from 2 published rows",
        "facts F1",
        "A page",
        "under one-sided figures as pure bounds",
        "What would contradict it",
        "Rival explanations",
    ):
        assert piece in said, piece


def test_a_paraphrase_is_never_put_in_quotation_marks(judged):
    for language in ("en", "zh"):
        said = explain("1.2", shown(*judged), language)
        line = next(line for line in said.splitlines() if "Says all will be well" in line)
        assert not set(line) & set("\"'“”‘’「」«»")


def test_an_explanation_says_which_part_would_change_the_verdict_and_to_what():
    other = small.words(agree=["shared_prosperity"])
    parts = [small.part("open", words=small.words()), small.part("lost", words=other)]
    lost = small.disagreeing().assign(concept="shared_prosperity", statement_id=["T7", "T8", "T9"])
    tables = {"statements": pd.concat([small.agreeing().head(1), lost]), "sources": small.SOURCES}
    said = explain("1.1", shown(judge(small.file_of(*parts), tables, {}), tables), "en")
    assert "Verdict: contradicted" in said
    assert "part 1, open, now inconclusive: were it for, the claim would be mixed" in said
    assert "part 2, lost, now against: were it for, the claim would be inconclusive" in said
    assert "supported would need every part to be for; now 0 of 2" in said
    assert "to be for it lacks: independent lineages 2, actor groups 1" in said
    assert "What contradicts it" in said.split("Part 2, lost")[1]
    assert "What would contradict it" in said.split("Part 2, lost")[0].split("Part 1, open")[1]


def test_a_decided_part_is_not_said_to_be_kept_open():
    """The other strand of a decided part has no data: that keeps nothing open."""
    test = small.part("one", words=small.words(), records=small.records())
    tables = {"statements": small.agreeing(), "sources": small.SOURCES, "events": small.events({"event_type": "other"})}
    said = explain("1.1", shown(judge(small.file_of(test), tables, {}), tables), "en")
    assert "Verdict: supported" in said
    assert "what keeps it open" not in said
    assert "to decide, either side lacks" in said  # the strand by itself


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_explanation_names_places_figures_and_codes_in_the_readers_language(judged, language):
    found, tables = judged
    named = tables | {
        "places": pd.DataFrame({"place_id": ["town"], "name": ["Alder Town"], "name_zh": ["桤镇"]}),
        "indicators": pd.DataFrame({"indicator": ["firms"], "title_en": ["Shoe firms"], "title_zh": ["鞋企数"]}),
        "facts": tables["facts"].assign(unit_std="count", qualifier="over"),
    }
    said = explain("1.1", shown(found, named), language)
    expected = {"en": "Alder Town · Shoe firms · 2020 · over 200", "zh": "桤镇 · 鞋企数 · 2020 · 超过 200"}
    assert expected[language] in said
    assert {"en": "question: process", "zh": "问题：过程"}[language] in said


def test_of_the_acts_that_date_a_turn_the_deciding_one_is_told(judged):
    said = explain("1.3", shown(*judged), "en")
    turn = said.split("dates the turn, rows: 2")[1]
    assert "events X2" in turn
    assert "events X1" not in turn
    assert "and 1 more" in turn


def test_an_unknown_claim_is_an_error_that_names_the_nearest(judged):
    with pytest.raises(ClaimError, match=r"nearest is '1\.1'"):
        explain("1.11", shown(*judged), "en")


def test_a_joint_display_puts_number_observations_and_discourse_side_by_side(judged):
    tables = shown(*judged)
    row = joint_display("1.2", tables).iloc[0]
    assert row["rows_for"] == "statements:T1;statements:T2;statements:T3"
    assert (row["rows_against"], row["discourse"]) == ("", "statements:T9")
    assert (row["lineages_for"], row["fit"]) == (3, "one_kind")
    number = joint_display("1.1", tables).iloc[0]
    assert number["estimate_ids"] == "growth[firms]@town/2000-2020"
    assert number["low"] < 0.05 < number["high"]


def test_the_order_of_input_rows_changes_no_verdict_table():
    found, tables = study()
    file = small.file_of(small.part(words=small.words(), records=small.records()))
    shuffled = {name: frame.sample(frac=1.0, random_state=3) for name, frame in tables.items()}
    for name, frame in asdict(judge(file, tables, {})).items():
        pd.testing.assert_frame_equal(frame, getattr(judge(file, shuffled, {}), name))
    assert list(found.claims["claim_id"]) == ["1.1", "1.2", "1.3"]


def test_rows_that_the_study_computed_are_told_as_such_and_never_as_edited(judged):
    found, tables = judged
    computed = {"table": "moves", "row_id": "637 rows, blake2b 7ae3c8b58266b646"}
    lineage = pd.DataFrame([{"claim_id": "1.1", **computed, "digest": ""}])
    assert staleness(lineage, tables).stale == {}
    evidence = found.claim_evidence.copy()
    for name, value in computed.items():
        evidence.loc[evidence["claim_id"] == "1.1", name] = value
    judged_tables = {"claims": found.claims, "claim_parts": found.claim_parts, "claim_tests": found.claim_tests}
    told = explain("1.1", {**tables, **judged_tables, "claim_evidence": evidence}, "en")
    assert "moves: 637 rows, blake2b 7ae3c8b58266b646, computed by this study" in told
    assert "not published" not in told
