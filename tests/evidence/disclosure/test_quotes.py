"""Consent and descriptions of speakers: nobody is quoted against their word or alone in a cell."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from townshift.evidence.disclosure.consent import LEVELS, at_least, consent_given, permitted
from townshift.evidence.disclosure.quotes import SPEAKER_COLUMNS, choose_quotes, speakers

PARENTS = {"x1": "x", "x2": "x", "y1": "y", "x": "top", "y": "top"}


def people(rows):
    return pd.DataFrame(rows, columns=["participant_id", "role", "actor_group", "place_id"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["sewer", "cutter", "owner"]),
            st.sampled_from(["x1", "x2", "y1"]),
            st.integers(2008, 2024),
        ),
        min_size=1,
        max_size=25,
    ),
    st.integers(2, 6),
)
def test_every_description_fits_enough_people_or_says_that_none_does(rows, threshold):
    table = people([(f"p{at}", role, "enterprise" if role == "owner" else "migrant_worker", place)
                    for at, (role, place, _) in enumerate(rows)])  # fmt: skip
    sessions = pd.DataFrame(
        [(f"p{at}", f"s{at}", year) for at, (_, _, year) in enumerate(rows)],
        columns=["participant_id", "session_id", "year"],
    )
    out = speakers(table, sessions, PARENTS, threshold)
    assert out["participant_id"].tolist() == table["participant_id"].tolist()
    chain = {place: [place, PARENTS[place], "top", ""] for place in ("x1", "x2", "y1")}
    for one in out.itertuples():
        fits = sum(
            one.role in (own.role, own.actor_group, "")
            and one.place_id in chain[own.place_id]
            and (not one.period or int(one.period[:4]) <= year <= int(one.period[-4:]))
            for own, year in zip(table.itertuples(), sessions["year"], strict=True)
        )
        assert fits >= one.people
        assert one.people >= min(threshold, len(rows))


def test_the_least_coarse_description_that_fits_is_taken_and_the_role_is_kept_longest():
    rows = [(f"p{at}", "sewer", "migrant_worker", "x1") for at in range(3)] + [("q", "sewer", "migrant_worker", "x2")]
    sessions = pd.DataFrame(
        [(person, "s", 2020) for person, *_ in rows], columns=["participant_id", "session_id", "year"]
    )
    found = speakers(people(rows), sessions, PARENTS, 3).set_index("participant_id")
    assert found.loc["p0", ["role", "place_id", "period", "generalised"]].tolist() == ["sewer", "x1", "2020", ""]
    assert found.loc["q", ["role", "place_id", "period", "generalised"]].tolist() == ["sewer", "x", "2020", "place"]


def consent(rows):
    return pd.DataFrame(rows, columns=["participant_id", "session_id", "level", "withdrawn"])


def test_without_a_row_nothing_may_be_used_and_the_narrower_paper_holds():
    rows = [("p", "s", "quote", None), ("p", "s", "analysis", None), ("q", "s", "quote", "2024")]
    for order in (rows, rows[::-1]):
        assert consent_given(consent(order)) == {("p", "s"): "analysis", ("q", "s"): ""}
    levels = permitted(
        pd.Series(["a"] * 4 + ["law"]), pd.Series(["p", "q", "r", None, None]), {"a": "s"},
        consent([("p", "s", "quote", None), ("q", "s", "quote_with_place", "2024-01")]),
    )  # fmt: skip
    # q withdrew, r never agreed, and words of nobody in particular may be q's.
    assert levels.tolist() == ["quote", "", "", "", "quote_with_place"]


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_includes_those_before_it(level):
    allowed = at_least(pd.Series(LEVELS), level)
    assert allowed.tolist() == [LEVELS.index(one) >= LEVELS.index(level) for one in LEVELS]


def passages(rows):
    columns = ["coding_id", "code", "concept", "stance", "participant_id", "session_id", "level", "text"]
    return pd.DataFrame(rows, columns=columns)


def described(rows):
    return pd.DataFrame(rows, columns=list(SPEAKER_COLUMNS))


def test_quotes_need_consent_and_a_description_that_fits_enough_people():
    rows = [
        ("1", "wage", "wages", "for", "p", "s", "paraphrase", "paraphrased only"),
        ("2", "wage", "wages", "for", "q", "s", "quote", "alone in the cell"),
        ("3", "wage", "wages", "for", "r", "s", "quote", "may stand"),
        ("4", "wage", "wages", "against", "t", "s", "quote_with_place", "stands with the place"),
    ]
    who = described(
        [("p", "s", "sewer", "x1", "2020", 9, ""), ("q", "s", "", "", "", 3, "role;place;period"),
         ("r", "s", "sewer", "x1", "2020", 9, ""), ("t", "s", "owner", "x", "2020", 5, "place")]
    )  # fmt: skip
    found = choose_quotes(passages(rows), who, 5)
    assert found[["stance", "quote", "place_id"]].to_numpy().tolist() == [
        ["against", "stands with the place", "x"],
        ["for", "may stand", ""],
    ]


def test_both_sides_get_as_many_and_different_people_come_first():
    rows = [(f"{side}{at}", "c", "k", side, "p" if at < 3 else f"q{at}", "s", "quote", "a word " * (at + 5))
            for side in ("for", "against") for at in range(5)]  # fmt: skip
    who = described([(person, "s", "sewer", "", "", 9, "") for person in ("p", "q3", "q4")])
    found = choose_quotes(passages(rows), who, 5, each=2)
    assert found.groupby("stance").size().tolist() == [2, 2]
    by_id = passages(rows).set_index("coding_id")["participant_id"]
    assert all(by_id[group["coding_id"]].nunique() == 2 for _, group in found.groupby("stance"))


def test_a_long_passage_is_cut_at_a_word_and_says_so():
    who = described([("p", "s", "sewer", "", "", 9, "")])
    row = [("1", "c", "k", "for", "p", "s", "quote", "word " * 100)]
    quote = choose_quotes(passages(row), who, 5, longest=50)["quote"].item()
    assert quote.endswith("word …")
    assert len(quote) <= 52
