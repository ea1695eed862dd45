"""Claims files: what is wrong is said at once, what stands there is registered, and Zhili's is complete."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from evidence import small_claims as small
from townshift.errors import ClaimError
from townshift.evidence.claims import Claim, NegatedClaim, NumbersTest
from townshift.evidence.claims_check import Vocabulary, check_claims, vocabulary
from townshift.evidence.claims_lock import register, registration
from townshift.evidence.claims_read import load_claims, parse_claims

ZHILI = Path(__file__).parents[2] / "studies" / "zhili"
CLAIMS_PER_GROUP = {1: 5, 2: 6, 3: 3, 4: 3, 5: 3}
IDS = [f"{group}.{i}" for group, count in CLAIMS_PER_GROUP.items() for i in range(1, count + 1)]


def codes(error: pytest.ExceptionInfo[ClaimError]) -> list[str]:
    return [problem.code for problem in error.value.problems]


# ------------------------------------------------------------------------------------------------------- Zhili


@pytest.fixture(scope="module")
def zhili():
    return load_claims(ZHILI / "claims.toml")


def test_zhili_states_the_twenty_claims_in_both_languages(zhili):
    assert [claim.id for claim in zhili.claims] == IDS
    for claim in zhili.claims:
        texts = [claim.text, *claim.rivals]
        for part in claim.parts:
            texts += [part.text, part.needs, part.contradicted_by]
            texts += [test.why for test in (part.numbers, part.words, part.records) if test]
        for text in texts:
            assert text.en.isascii(), text.en
            assert any("\u4e00" <= sign <= "\u9fff" for sign in text.zh), text.zh


def test_every_name_in_zhilis_claims_exists(zhili):
    tables = {path.stem: pd.read_csv(path, dtype=str) for path in (ZHILI / "data").glob("*.csv")}
    measures = {test.table: {test.measure} for test in number_tests(zhili) if not test.requires}
    measures["growth"] |= {"growth_window"}
    measures["ratios"] = {test.measure for test in number_tests(zhili) if test.table == "ratios"}
    measures["land_consumption"] = {"output_minus_land_growth", "land_minus_population_growth"}
    known = ("plots", "accounts", "respondents", "answers", "positions")
    assert [str(problem) for problem in check_claims(zhili, vocabulary(tables, measures, known))] == []


def number_tests(file) -> list[NumbersTest]:
    return [part.numbers for claim in file.claims for part in claim.parts if part.numbers is not None]


def test_no_zhili_test_is_decided_by_a_plan_or_by_summed_flows(zhili):
    kinds = pd.read_csv(ZHILI / "data" / "indicators.csv").set_index("indicator")["kind"]
    for test in number_tests(zhili):
        for name in (test.group, *test.raised_by, *test.lowered_by):
            assert kinds.get(name, "") != "threshold"
    for claim in zhili.claims:
        for part in claim.parts:
            for rows in (*part.records.for_, *part.records.against) if part.records else ():
                if rows.table == "destinations":
                    assert rows.where["link"] == ("named",)
                if rows.table == "flows":
                    assert "aggregate" not in rows.where["level"]


# ------------------------------------------------------------------------------------------------------ reading


def test_a_complete_small_file_is_read(tmp_path):
    path = tmp_path / "claims.toml"
    path.write_bytes((ZHILI / "claims.toml").read_bytes())
    assert len(load_claims(path).claims) == 20


def test_all_problems_of_a_file_are_reported_at_once():
    broken = small.content(
        small.part("a", words=small.words(agre=["x"])),
        small.part("b"),
        small.part("c", numbers={k: v for k, v in small.numbers().items() if k != "delta"}),
        small.part("d", records=small.records(gain="both")),
    )
    broken["claims"][0]["rivals"] = []
    broken["claims"][0]["text"] = {"en": "only English", "zh": ""}
    with pytest.raises(ClaimError) as error:
        parse_claims(broken)
    assert sorted(codes(error)) == [f"TS-CLAIM-00{n}" for n in (2, 3, 4, 5, 7, 8)]
    said = str(error.value)
    assert "unknown name agre; the nearest known is 'agree'" in said
    assert "claim 1.1, part c" in said


@pytest.mark.parametrize(
    "test",
    [
        small.numbers(estimand="growth_since_turn"),
        small.numbers(estimand="recovery", shock=2008),
        small.numbers(direction="apart", delta=0.0),
    ],
)
def test_a_test_without_what_its_estimand_needs_is_refused(test):
    with pytest.raises(ClaimError) as error:
        small.file_of(small.part(numbers=test))
    assert codes(error) == ["TS-CLAIM-007"]


def test_a_test_that_nothing_can_contradict_is_refused():
    with pytest.raises(ClaimError):
        small.file_of(small.part(records=small.records(against=[])))


def test_ids_that_occur_twice_are_refused():
    twice = small.content(small.part("a", words=small.words()), small.part("a", words=small.words()))
    twice["claims"].append(twice["claims"][0])
    with pytest.raises(ClaimError) as error:
        parse_claims(twice)
    assert codes(error) == ["TS-CLAIM-006"] * 3


@pytest.mark.parametrize("content", [b"[claims", b"\xff\xfe", b"a = 1\x00"])
def test_what_is_no_toml_is_one_clear_error(tmp_path, content):
    path = tmp_path / "claims.toml"
    path.write_bytes(content)
    with pytest.raises(ClaimError) as error:
        load_claims(path)
    assert codes(error) == ["TS-CLAIM-001"]


def test_a_missing_file_is_one_clear_error(tmp_path):
    with pytest.raises(ClaimError) as error:
        load_claims(tmp_path / "claims.toml")
    assert codes(error) == ["TS-CLAIM-001"]


# ----------------------------------------------------------------------------------------------------- checking

WORDS = Vocabulary(
    columns={
        "events": frozenset({"event_id", "event_type", "turn", "place_id"}),
        "facts": frozenset({"definition_id"}),
    },
    known_tables=frozenset({"events", "facts", "plots"}),
    definitions={"firms": "stock", "levy": "threshold"},
    concepts=frozenset({"town_overload"}),
    places=frozenset({"town"}),
    measures={"growth": frozenset({"growth"}), "series": frozenset({"firms"})},
)


def filters(**rows) -> dict:
    return small.part(records=small.records(**{"for": [{"table": "events", "where": {"event_type": ["x"]}} | rows]}))


@pytest.mark.parametrize(
    ("part", "code", "nearest"),
    [
        (small.part(words=small.words(agree=["town_overlod"])), "009", "town_overload"),
        (small.part(numbers=small.numbers(group="firm")), "010", "firms"),
        (small.part(numbers=small.numbers(place="twon")), "011", "town"),
        (small.part(numbers=small.numbers(measure="grwth")), "012", "growth"),
        (filters(where={"event_typ": ["x"]}), "013", "event_type"),
        (filters(before="upgradng"), "014", "upgrading"),
        (small.part(numbers=small.numbers(raised_by=["levy"])), "015", ""),
        (small.part(numbers=small.numbers(table="grwoth")), "017", "growth"),
        (filters(table="evnts"), "017", "events"),
        (small.part(numbers=small.numbers(requires=["plos"])), "017", "plots"),
    ],
)
def test_a_name_that_does_not_exist_is_reported_with_the_nearest_that_does(part, code, nearest):
    found = check_claims(small.file_of(part), WORDS)
    assert [problem.code for problem in found] == [f"TS-CLAIM-{code}"]
    assert dict(found[0].values).get("nearest", "") == nearest
    assert "claim 1.1, part one" in found[0].where


def test_a_measure_of_a_table_that_the_study_lacks_is_no_misspelling():
    part = small.part(numbers=small.numbers(table="plot_reuse", measure="reused", requires=["plots"]))
    assert check_claims(small.file_of(part), WORDS) == []


def test_data_that_no_step_uses_yet_is_a_warning():
    part = small.part(numbers=small.numbers(table="plot_reuse", measure="reused", requires=["facts"]))
    found = check_claims(small.file_of(part), WORDS)
    assert [(problem.code, problem.severity) for problem in found] == [("TS-CLAIM-022", "warning")]
    assert "plot_reuse" in str(found[0])


# ------------------------------------------------------------------------------------------------- registration


def changed(file, **values):
    claim = file.claims[0].model_copy(update=values)
    return file.model_copy(update={"claims": (claim,)})


def test_a_rule_changed_after_the_first_run_is_told_apart_for_ever(tmp_path):
    path = tmp_path / "claims.lock.json"
    file = small.file_of(small.part(numbers=small.numbers()))
    assert register(file, path).status == {"1.1": "registered"}
    first = path.read_text("utf-8")
    assert register(file, path).status == {"1.1": "unchanged"}
    stricter = small.file_of(small.part(numbers=small.numbers(delta=0.03)))
    for _ in range(2):
        assert register(stricter, path).status == {"1.1": "changed"}
        assert path.read_text("utf-8") == first
    assert register(file, path).status == {"1.1": "unchanged"}


@pytest.mark.parametrize(
    "other",
    [
        small.content(small.part(numbers=small.numbers(direction="below"))),
        small.content(small.part(numbers=small.numbers(), words=small.words())),
        small.content(small.part(numbers=small.numbers()), originators={}),
        small.content(small.part(numbers=small.numbers()), organisations={"names": []}),
    ],
)
def test_whatever_can_change_a_verdict_changes_the_hash(other):
    file, altered = small.file_of(small.part(numbers=small.numbers())), parse_claims(other)
    assert file.rule_hash(file.claims[0]) != altered.rule_hash(altered.claims[0])


def test_rivals_and_assessments_may_be_added_later():
    file = small.file_of()
    later = changed(file, rivals=file.claims[0].rivals * 2)
    assert file.rule_hash(file.claims[0]) == later.rule_hash(later.claims[0])


def test_claims_added_or_withdrawn_after_results_are_named():
    file = small.file_of()
    lock = registration(file, None).lock
    renamed = changed(file, id="9.9")
    found = registration(renamed, lock)
    assert found.status == {"9.9": "added", "1.1": "withdrawn"}
    assert registration(renamed, found.lock).status == {"9.9": "added", "1.1": "withdrawn"}


@pytest.mark.parametrize("lock", ["{", "[]", json.dumps({"claims": 3})])
def test_a_broken_registration_is_refused(lock):
    with pytest.raises(ClaimError) as error:
        registration(small.file_of(), lock)
    assert codes(error) == ["TS-CLAIM-018"]


def test_an_unknown_claim_is_answered_with_the_nearest():
    with pytest.raises(ClaimError, match=r"nearest is '1\.1'"):
        small.file_of().claim("1.")


def test_the_opposite_of_a_claim_cannot_be_written_in_a_file():
    claim = small.file_of().claims[0]
    assert type(claim.negated()) is NegatedClaim
    assert type(claim.negated().negated()) is Claim
    content = small.content()
    content["claims"][0]["holds"] = "any"
    with pytest.raises(ClaimError) as error:
        parse_claims(content)
    assert codes(error) == ["TS-CLAIM-002"]


def test_an_assessment_stands_beside_the_verdict_and_never_alters_it():
    from townshift.evidence.claims_tables import judge

    content = small.content(small.part(words=small.words()))
    opinion = {"who": "A. N.", "when": "2026-11-24", "verdict": "contradicted", "why": small.BOTH}
    content["claims"][0]["assessments"] = [opinion]
    tables = {"statements": small.agreeing()}
    plain, assessed = judge(small.file_of(), tables, {}).claims, judge(parse_claims(content), tables, {}).claims
    assert assessed["verdict"].tolist() == plain["verdict"].tolist() == ["supported"]
    assert json.loads(assessed["assessments"][0]) == [opinion]
    assert assessed.drop(columns="assessments").equals(plain.drop(columns="assessments"))
