"""Each rule of a verdict has a fixture that flips it."""

from __future__ import annotations

import itertools
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import small_claims as small
from townshift.evidence import verdicts
from townshift.evidence.claims_judge import judge_claims
from townshift.evidence.records import independent_votes
from townshift.types import Estimates

UNTIMED = settings(deadline=None)
"""A first example may load libraries, and a shared machine may be slow: how long one takes says nothing of a rule."""

OUTCOMES = st.sampled_from(["for", "against", "mixed", "inconclusive", "no_data"])


def verdict_on(parts: list[dict[str, Any]], tables: dict[str, pd.DataFrame], results: dict[str, Estimates]) -> str:
    everything = {"facts": small.FACTS, "sources": small.SOURCES} | tables
    return judge_claims(small.file_of(*parts), everything, results)[1][0].verdict


def outcome_of(test: dict[str, Any], tables: dict[str, pd.DataFrame], results: dict[str, Estimates] | None = None):
    everything = {"facts": small.FACTS, "sources": small.SOURCES} | tables
    return judge_claims(small.file_of(small.part(**test)), everything, results or {})[1][0].parts[0]


# ------------------------------------------------------------------------------------------------ five verdicts

GROWTH, SPEECH = small.part("growth", numbers=small.numbers()), small.part("speech", words=small.words())


def test_a_claim_is_supported_only_if_all_parts_are_for():
    tables, results = {"statements": small.agreeing()}, {"growth": small.under_settings(0.05)}
    assert verdict_on([GROWTH, SPEECH], tables, results) == "supported"
    assert verdict_on([GROWTH, SPEECH], {"statements": small.agreeing().head(2)}, results) == "inconclusive"


def test_a_claim_is_contradicted_if_one_part_is_against_and_none_for():
    results = {"growth": small.under_settings(-0.05)}
    assert verdict_on([GROWTH, SPEECH], {}, results) == "contradicted"
    assert verdict_on([GROWTH, SPEECH], {"statements": small.agreeing()}, results) == "mixed"


def test_a_claim_is_mixed_if_its_parts_lie_on_both_sides_or_one_is_mixed():
    both = pd.concat([small.agreeing(), small.disagreeing().assign(
        statement_id=["T4", "T5", "T6"], lineage=["M4", "M5", "M6"], actor_id=["A4", "A5", "A6"])])  # fmt: skip
    assert verdict_on([SPEECH], {"statements": both}, {}) == "mixed"
    assert verdict_on([SPEECH], {"statements": both.head(5)}, {}) == "supported"


def test_a_claim_is_inconclusive_if_some_part_has_data_and_none_decides():
    assert verdict_on([GROWTH, SPEECH], {"statements": small.agreeing().head(1)}, {}) == "inconclusive"
    assert verdict_on([GROWTH, SPEECH], {}, {}) == "untestable"


def test_a_claim_is_untestable_if_no_part_has_data():
    assert verdict_on([GROWTH], {}, {}) == "untestable"
    assert verdict_on([GROWTH], {}, {"growth": small.under_settings(0.02)}) == "inconclusive"


# ------------------------------------------------------------------------------------------------------ numbers


def test_a_number_decides_from_a_probability_of_95_percent():
    assert verdicts.number_outcome(0.95, 0.05) == "for"
    assert verdicts.number_outcome(0.9499, 0.05) == "inconclusive"
    assert verdicts.number_outcome(0.05, 0.95) == "against"


def test_a_number_must_hold_under_every_declared_setting():
    found = outcome_of({"numbers": small.numbers()}, {}, {"growth": small.under_settings(0.05, pure_bounds=0.02)})
    assert (found.outcome, found.fragile_to()) == ("inconclusive", ("pure_bounds",))
    assert found.reasons() == ("fragile",)
    steady = outcome_of({"numbers": small.numbers()}, {}, {"growth": small.under_settings(0.05)})
    assert (steady.outcome, steady.fragile_to()) == ("for", ())


def test_an_estimate_that_is_lacking_under_a_setting_is_fragile_to_it():
    growth = small.estimates({"centre": 0.05, "setting": "base"})
    other = small.estimates({"centre": 1.0, "measure": "other", "setting": "packages_once"})
    found = outcome_of({"numbers": small.numbers()}, {}, {"growth": growth, "series": other})
    assert (found.outcome, found.fragile_to()) == ("inconclusive", ("packages_once",))


@pytest.mark.parametrize(
    ("first", "last", "centre", "outcome"),
    [
        ("exact", "over", 0.05, "for"),  # grew to "over 200": at least so much
        ("exact", "over", -0.05, "inconclusive"),  # and so it cannot be shown to have grown less
        ("over", "exact", 0.05, "inconclusive"),  # from "over 100": at most so much
        ("over", "exact", -0.05, "against"),
        ("over", "over", 0.05, "inconclusive"),
        ("exact", "under", 0.05, "inconclusive"),
        ("exact", "under", -0.05, "against"),
        ("about", "exact", -0.05, "against"),
    ],
)
def test_one_sided_figures_decide_only_in_the_direction_they_bound(first, last, centre, outcome):
    facts = small.FACTS.assign(qualifier=[first, last])
    found = outcome_of({"numbers": small.numbers()}, {"facts": facts}, {"growth": small.under_settings(centre)})
    assert found.outcome == outcome
    assert found.reasons() == (("one_sided",) if outcome == "inconclusive" else ())


def test_a_bound_beside_a_plain_figure_of_the_same_year_does_not_bind():
    facts = pd.concat([small.FACTS, small.FACTS.tail(1).assign(fact_id="F3", qualifier="over")])
    growth = small.estimates(
        *({"centre": -0.05, "setting": name, "facts": ["F1", "F2", "F3"]} for name in small.SETTINGS)
    )
    assert outcome_of({"numbers": small.numbers()}, {"facts": facts}, {"growth": growth}).outcome == "against"


def test_a_bound_whose_direction_the_claim_does_not_state_decides_nothing():
    """A ratio named without what raises and lowers it: its one-sided figures may bound it on either side."""
    test = small.numbers(table="ratios", measure="sales_per_firm", group="")
    ratio = small.estimates({"measure": "sales_per_firm", "group": "", "centre": 0.3})
    for qualifier, outcome in (("over", "inconclusive"), ("about", "for")):
        facts = small.FACTS.assign(qualifier=["exact", qualifier])
        found = outcome_of({"numbers": test}, {"facts": facts}, {"ratios": ratio})
        assert found.outcome == outcome


def test_a_bound_in_the_denominator_turns_round():
    test = small.numbers(table="ratios", measure="per_firm", group="", raised_by=["sales"], lowered_by=["firms"])
    ratios = small.estimates(
        *({"measure": "per_firm", "group": "", "centre": 0.05, "setting": name, "year_from": 2020, "facts": ["F2"]}
          for name in small.SETTINGS)
    )  # fmt: skip
    for qualifier, outcome in (("over", "inconclusive"), ("under", "for")):
        facts = small.FACTS.assign(qualifier=qualifier)
        assert outcome_of({"numbers": test}, {"facts": facts}, {"ratios": ratios}).outcome == outcome


def test_bridged_years_decide_nothing():
    bridged = small.estimates(*({"centre": 0.05, "setting": name, "kind": "bridged"} for name in small.SETTINGS))
    found = outcome_of({"numbers": small.numbers()}, {}, {"growth": bridged})
    assert (found.outcome, found.reasons()) == ("inconclusive", ("bridged",))


def yearly(levels: dict[int, float], **changes: Any) -> Estimates:
    rows = [
        {
            "measure": "sales",
            "group": "",
            "year_from": year,
            "year_to": year,
            "centre": level,
            "setting": name,
            **changes,
        }
        for year, level in levels.items()
        for name in small.SETTINGS
    ]
    return small.estimates(*rows, spread=0.01)


RECOVERY = small.numbers(
    table="series",
    measure="sales",
    group="",
    estimand="recovery",
    shock=2008,
    within_years=3,
    delta=0.06,
    unit="log_ratio",
)


def test_a_recovery_compares_the_last_year_within_reach_on_each_side():
    assert (
        outcome_of({"numbers": RECOVERY}, {}, {"series": yearly({2007: 10.0, 2009: 8.0, 2011: 12.0})}).outcome == "for"
    )
    assert outcome_of({"numbers": RECOVERY}, {}, {"series": yearly({2007: 10.0, 2011: 10.0})}).outcome == "against"
    far = outcome_of({"numbers": RECOVERY}, {}, {"series": yearly({2004: 10.0, 2012: 12.0})})
    assert (far.outcome, far.reasons()) == ("inconclusive", ("too_few_years",))


SINCE = small.numbers(
    table="series", measure="sales", group="", estimand="growth_since_turn", turn="upgrading", delta=0.03
)
ACTS = small.events(
    {"turn": "upgrading", "date": "2005-03"}, {"turn": "upgrading", "date": "2007-06", "event_type": "x"}
)


def test_growth_after_a_turn_ignores_what_came_before_it():
    path = {2000: 1.0, 2006: 10.0, 2008: 11.0, 2010: 11.0, 2012: 11.0}
    assert outcome_of({"numbers": SINCE}, {"events": ACTS}, {"series": yearly(path)}).outcome == "against"
    rising = path | {2010: 14.0, 2012: 17.0}
    assert outcome_of({"numbers": SINCE}, {"events": ACTS}, {"series": yearly(rising)}).outcome == "for"


def test_a_turn_that_one_lineage_documents_is_undated():
    one = ACTS.assign(lineage="L1")
    found = outcome_of({"numbers": SINCE}, {"events": one}, {"series": yearly({2008: 1.0, 2010: 2.0, 2012: 3.0})})
    assert (found.outcome, found.reasons()) == ("inconclusive", ("turn_undated",))


def test_a_change_per_year_needs_years_apart():
    test = small.numbers(table="series", measure="sales", group="", estimand="change_per_year", delta=0.1)
    assert outcome_of({"numbers": test}, {}, {"series": yearly({2010: 1.0, 2015: 3.0})}).outcome == "for"
    assert outcome_of({"numbers": test}, {}, {"series": yearly({2010: 1.0, 2012: 3.0})}).outcome == "inconclusive"


def test_a_difference_of_either_sign_is_a_difference():
    test = small.numbers(direction="apart", delta=0.1)
    for centre, outcome in ((-0.3, "for"), (0.3, "for"), (0.0, "against"), (0.1, "inconclusive")):
        assert outcome_of({"numbers": test}, {}, {"growth": small.under_settings(centre)}).outcome == outcome


# -------------------------------------------------------------------------------------------------------- words


def test_three_lineages_of_two_groups_with_one_disinterested_decide():
    assert outcome_of({"words": small.words()}, {"statements": small.agreeing()}).outcome == "for"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"lineage": ["M1", "M1", "M2"]}, "few_lineages"),
        ({"actor_id": ["A1", "A1", "A2"]}, "few_lineages"),
        ({"actor_group": "enterprise"}, "few_groups"),
        ({"interest": "for"}, "few_disinterested"),
        ({"interest": "unclear"}, "few_disinterested"),
        ({"speech_act": ["observation", "observation", "evaluation"]}, "few_lineages"),
        ({"speech_act": ["observation", "observation", "promise"]}, "few_lineages"),
        ({"position_to_know": ["direct", "direct", "second_hand"]}, "few_lineages"),
        ({"same_as": ["", "", "T1"]}, "few_lineages"),
    ],
)
def test_below_a_minimum_words_are_inconclusive(change, reason):
    found = outcome_of({"words": small.words()}, {"statements": small.agreeing().assign(**change)})
    assert found.outcome == "inconclusive"
    assert reason in found.reasons()


def test_one_press_event_is_one_vote():
    package = small.SOURCES.head(3).assign(source_id=["SM1", "SM2", "SM3"], lineage=["M1", "M2", "M3"], package="PK")
    found = outcome_of({"words": small.words()}, {"statements": small.agreeing(), "sources": package})
    assert (found.outcome, found.words.tally_for.votes) == ("inconclusive", 1)


def test_speaking_against_ones_own_interest_is_free_of_interest():
    against = small.agreeing().assign(interest="against")
    assert outcome_of({"words": small.words()}, {"statements": against}).outcome == "for"


def test_discourse_is_shown_and_never_counted():
    promises = small.agreeing().assign(speech_act="promise")
    found = outcome_of({"words": small.words()}, {"statements": promises})
    assert found.outcome == "no_data"
    assert found.words.shown == (3, 0)
    assert {row.role for row in found.words.cited} == {"discourse"}


def test_agreeing_with_a_proposition_that_denies_the_part_speaks_against_it():
    test = small.words(agree=[], disagree=["town_overload"])
    assert outcome_of({"words": test}, {"statements": small.agreeing()}).outcome == "against"


# ------------------------------------------------------------------------------------------------------ records


def test_records_of_three_lineages_and_two_classes_of_originators_decide():
    assert outcome_of({"records": small.records()}, {"events": small.events({}, {}, {})}).outcome == "for"
    closing = small.events(*({"event_type": "closing"},) * 3)
    assert outcome_of({"records": small.records()}, {"events": closing}).outcome == "against"


def test_an_organisation_that_speaks_on_many_pages_is_one_vote():
    rows = small.events({"source_id": "S1"}, {"source_id": "S4", "lineage": "L4"}, {"source_id": "S5", "lineage": "L5"})
    found = outcome_of({"records": small.records()}, {"events": rows})
    assert (found.outcome, found.records.tally_for.votes) == ("inconclusive", 2)


def test_a_release_and_an_office_do_not_hide_behind_each_other():
    """Two papers of one release and two pages of one office are four lineages and two votes."""
    sources = small.SOURCES.assign(package=["PK", "PK", "", "", "", ""])
    pages = ({"source_id": f"S{i}", "lineage": f"L{i}"} for i in (1, 2, 4, 5))
    found = outcome_of({"records": small.records()}, {"events": small.events(*pages), "sources": sources})
    assert (found.outcome, found.records.tally_for.votes) == ("inconclusive", 2)


def test_the_pages_of_one_original_are_one_press_event_whatever_package_they_came_in():
    rows = [("L1", "PK1", "a"), ("L1", "L1", "b"), ("L2", "PK1", "c"), ("L3", "L3", "d")]
    assert independent_votes(rows) == 2
    assert independent_votes(reversed(rows)) == 2
    assert independent_votes([]) == 0


ORIGINALS = st.tuples(*(st.sampled_from([f"{kind}{i}" for i in range(4)]) for kind in "lpo"))


@UNTIMED
@given(st.lists(ORIGINALS, max_size=7))
def test_no_two_independent_votes_share_an_original_a_press_event_or_an_organisation(rows):
    package = {row[0]: row[1] for row in rows}
    rows = [(lineage, package[lineage], organisation) for lineage, _, organisation in rows]
    best = max(
        (len(some) for n in range(len(rows) + 1) for some in itertools.combinations(rows, n)
         if all(len({row[i] for row in some}) == n for i in range(3))),
        default=0,
    )  # fmt: skip
    assert independent_votes(rows) == best


def test_a_lineage_votes_with_most_of_its_rows_and_not_at_all_when_divided():
    rows = small.events({}, {}, {}, {"lineage": "L3", "event_type": "closing"})
    found = outcome_of({"records": small.records()}, {"events": rows})
    assert found.records.tally_for.votes == 2
    assert {row.reason for row in found.records.cited if not row.counted} == {"lineage_divided"}
    more = pd.concat([rows, rows.iloc[[2]].assign(event_id="E9")])
    assert outcome_of({"records": small.records()}, {"events": more}).outcome == "for"


def test_before_a_turn_means_wholly_before_it():
    test = small.records(**{
        "for": [{"table": "events", "where": {"event_type": ["opening"]}, "before": "upgrading"}],
        "against": [{"table": "events", "where": {"event_type": ["opening"]}, "after": "upgrading"}],
    })  # fmt: skip
    acts = ACTS.assign(event_type="act", event_id=["X1", "X2"])
    for date, outcome in (("2007-05", "for"), ("2007-07", "against"), ("2007", "no_data"), ("2007-06-15", "no_data")):
        tables = {"events": pd.concat([acts, small.events(*({"date": date},) * 3)])}
        assert outcome_of({"records": test}, tables).outcome == outcome


@pytest.mark.parametrize(
    ("value", "qualifier", "flag", "side"),
    [
        (60.0, "exact", "ok", "for"),
        (50.0, "over", "ok", "for"),
        (50.0, "exact", "ok", ""),
        (60.0, "under", "ok", ""),
        (40.0, "over", "ok", ""),
        (40.0, "about", "ok", "against"),
        (50.0, "under", "ok", "against"),
        (40.0, "exact", "lost_zero", ""),
    ],
)
def test_a_figure_is_above_a_threshold_only_if_it_surely_is(value, qualifier, flag, side):
    where = {"definition_id": ["firms"], "place_id": ["town"]}
    test = small.records(**{
        "for": [{"table": "facts", "where": where, "over": 50}],
        "against": [{"table": "facts", "where": where, "under": 50}],
    })  # fmt: skip
    facts = small.FACTS.head(1).assign(value_std=value, qualifier=qualifier, flag=flag)
    cited = outcome_of({"records": test}, {"facts": facts}).records.cited
    assert [row.role for row in cited] == ([side] if side else [])


def test_where_numbers_and_words_disagree_the_part_is_mixed():
    both = {"numbers": small.numbers(), "words": small.words()}
    tables = {"statements": small.agreeing()}
    assert outcome_of(both, tables, {"growth": small.under_settings(-0.05)}).outcome == "mixed"
    assert outcome_of(both, tables, {"growth": small.under_settings(0.05)}).outcome == "for"
    assert (
        outcome_of(both, {"statements": small.disagreeing()}, {"growth": small.under_settings(0.02)}).outcome
        == "against"
    )


# ----------------------------------------------------------------------------------------------------- negation

MIRROR = {"supported": "contradicted", "contradicted": "supported"}
OPPOSITE = {"for": "against", "against": "for"}


@UNTIMED
@given(st.lists(OUTCOMES, min_size=1, max_size=5))
def test_negating_a_claim_mirrors_its_verdict(parts):
    verdict = verdicts.claim_verdict(parts)
    negated = verdicts.claim_verdict([OPPOSITE.get(outcome, outcome) for outcome in parts], holds="any")
    assert negated == MIRROR.get(verdict, verdict)


@UNTIMED
@given(
    centre=st.sampled_from([-0.3, -0.02, 0.0, 0.02, 0.05, 0.3]),
    other=st.sampled_from([-0.3, 0.02, 0.3]),
    direction=st.sampled_from(["above", "below", "apart", "alike"]),
    first=st.sampled_from(["exact", "over", "under"]),
    last=st.sampled_from(["exact", "over", "under"]),
    stances=st.lists(st.sampled_from(["agree", "disagree"]), max_size=8),
    interest=st.sampled_from(["none", "for", "against", "unclear"]),
    kinds=st.lists(st.sampled_from(["opening", "closing"]), max_size=6),
    gain=st.sampled_from(["for", "against", "either"]),
)
def test_negating_every_test_mirrors_the_whole_judgement(
    centre, other, direction, first, last, stances, interest, kinds, gain
):
    parts = [
        small.part("a", numbers=small.numbers(direction=direction), words=small.words(disagree=["calm"])),
        small.part("b", records=small.records(gain=gain)),
    ]
    groups = ("migrant_worker", "enterprise", "association")
    rows = [{"stance": stance, "interest": interest, "actor_group": groups[i % 3]} for i, stance in enumerate(stances)]
    tables = {"facts": small.FACTS.assign(qualifier=[first, last]), "sources": small.SOURCES}
    if rows:
        tables["statements"] = small.statements(*rows)
    if kinds:
        tables["events"] = small.events(*({"event_type": kind} for kind in kinds))
    results = {"growth": small.under_settings(centre, pure_bounds=other)}
    file = small.file_of(*parts)
    plain = judge_claims(file, tables, results)[1][0]
    negated = judge_claims(file.negated(), tables, results)[1][0]
    twice = judge_claims(file.negated().negated(), tables, results)[1][0]
    assert negated.verdict == MIRROR.get(plain.verdict, plain.verdict)
    assert [one.outcome for one in negated.parts] == [OPPOSITE.get(one.outcome, one.outcome) for one in plain.parts]
    assert (twice.claim, twice.verdict) == (plain.claim, plain.verdict)


# ----------------------------------------------------------------------------------------------------- strength


def strength_of(tables: dict[str, pd.DataFrame], test: dict[str, Any]):
    everything = {"facts": small.FACTS, "sources": small.SOURCES} | tables
    return judge_claims(small.file_of(small.part(**test)), everything, {})[1][0].strength


def many(**changes: Any) -> dict[str, pd.DataFrame]:
    said = small.statements(*({"actor_group": group} for group in ("migrant_worker", "enterprise", "association") * 2))
    sources = pd.DataFrame({"source_id": said["source_id"], "lineage": said["lineage"], "tier": "official"}).assign(
        **changes
    )
    searches = pd.DataFrame({"search_id": ["Q1", "Q2"], "claim_id": "1.1", "looked_in": ["archive", "library"]})
    return {"statements": said, "sources": sources, "searches": searches}


def test_strength_is_high_only_when_nothing_lowers_it():
    assert strength_of(many(), {"words": small.words()}).grade == "high"


@pytest.mark.parametrize(
    ("change", "reason", "grade"),
    [
        (lambda t: t | {"searches": t["searches"].head(0)}, "no_search", "weak"),
        (lambda t: t | {"searches": t["searches"].assign(claim_id="9.9")}, "no_search", "weak"),
        (lambda t: t | {"searches": t["searches"].head(1)}, "one_search", "moderate"),
        (lambda t: t | {"sources": t["sources"].assign(tier="trade_press")}, "press_only", "weak"),
        (lambda t: t | {"statements": t["statements"].head(3)}, "few_originals", "moderate"),
    ],
)
def test_each_weakness_lowers_the_strength(change, reason, grade):
    found = strength_of(change(many()), {"words": small.words()})
    assert (found.grade, found.reasons) == (grade, (reason,))


def test_a_test_that_stands_in_for_its_part_is_moderate():
    assert strength_of(many(), {"words": small.words(directness="proxy")}).reasons == ("proxy",)


def test_an_undecided_claim_has_no_strength():
    assert strength_of({"statements": small.agreeing().head(1)}, {"words": small.words()}) is None
