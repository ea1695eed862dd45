"""One voice is one actor on one concept within one lineage."""

import pandas as pd
import pytest

from townshift.errors import MeasureError
from townshift.voices import is_small, voices_once

COLUMNS = ["statement_id", "date", "actor_id", "concept", "stance", "same_as", "lineage"]


def said(*rows):
    return pd.DataFrame(rows, columns=COLUMNS)


def test_the_second_coding_of_one_utterance_is_not_a_voice():
    found = voices_once(
        said(("T1", "2011", "A", "levy", "agree", None, "L1"), ("T2", "2011", "A", "levy", "agree", "T1", "L2"))
    )
    assert found["statement_id"].tolist() == ["T1"]
    assert found["row_ids"].tolist() == [("T1",)]


def test_a_chain_of_codings_is_one_voice():
    rows = [(f"T{i}", "2011", "A", "levy", "agree", f"T{i - 1}" if i > 1 else None, "L1") for i in range(1, 5)]
    assert len(voices_once(said(*rows))) == 1


def test_one_actor_in_two_lineages_has_two_voices_and_in_one_lineage_one():
    rows = [("T1", "2011", "A", "levy", "agree", None, "L1"), ("T2", "2012", "A", "levy", "agree", None, "L1")]
    assert len(voices_once(said(*rows))) == 1
    assert len(voices_once(said(rows[0], (*rows[1][:6], "L2")))) == 2


def test_two_concepts_of_one_actor_are_two_voices():
    rows = [("T1", "2011", "A", "levy", "agree", None, "L1"), ("T2", "2011", "A", "order", "agree", None, "L1")]
    assert voices_once(said(*rows))["concept"].tolist() == ["levy", "order"]


@pytest.mark.parametrize(
    ("stances", "expected"),
    [
        (["agree", "agree"], "agree"),
        (["neutral", "agree"], "agree"),
        (["disagree", "neutral"], "disagree"),
        (["agree", "disagree"], "neutral"),
        (["neutral", "neutral"], "neutral"),
    ],
)
def test_a_voice_that_says_both_is_neutral_and_neutral_yields_to_a_side(stances, expected):
    rows = [(f"T{i}", "2011", "A", "levy", stance, None, "L1") for i, stance in enumerate(stances)]
    assert voices_once(said(*rows))["stance"].tolist() == [expected]


def test_a_voice_is_dated_by_its_earliest_statement_and_the_undated_come_last():
    rows = [("T1", None, "A", "levy", "agree", None, "L1"), ("T2", "2013-05", "A", "levy", "agree", None, "L1"),
            ("T3", "2011", "A", "levy", "agree", None, "L1")]  # fmt: skip
    found = voices_once(said(*rows))
    assert found["year"].tolist() == [2011]
    assert found["statement_id"].tolist() == ["T3"]
    assert found["row_ids"].tolist() == [("T1", "T2", "T3")]


def test_all_undated_voices_have_no_year():
    found = voices_once(
        said(("T1", None, "A", "levy", "agree", None, "L1"), ("T2", None, "B", "levy", "agree", None, "L1"))
    )
    assert found["year"].isna().all()
    assert len(found) == 2


def test_a_statement_dated_by_the_act_it_tells_of_counts_as_undated():
    found = voices_once(said(("T1", "1979", "A", "levy", "agree", None, "L1")), undated_ids=["T1"])
    assert found["year"].isna().tolist() == [True]


def test_actors_without_an_id_are_taken_as_different_people():
    rows = [("T1", "2011", None, "levy", "agree", None, "L1"), ("T2", "2011", None, "levy", "agree", None, "L1")]
    assert voices_once(said(*rows))["actor_id"].tolist() == ["T1", "T2"]


def test_the_order_of_rows_does_not_matter():
    rows = [(f"T{i}", str(2000 + i % 3), f"A{i % 4}", "levy", "agree", None, f"L{i % 2}") for i in range(12)]
    given = said(*rows)
    pd.testing.assert_frame_equal(voices_once(given), voices_once(given.iloc[::-1]))


def test_no_statements_are_no_voices():
    found = voices_once(said())
    assert found.empty
    assert {"actor_group", "place_id", "year", "row_ids"} <= set(found.columns)


def test_a_date_that_is_none_is_refused():
    with pytest.raises(MeasureError):
        voices_once(said(("T1", "spring 2011", "A", "levy", "agree", None, "L1")))


def test_a_cell_is_small_by_persons_not_by_statements():
    cell = pd.DataFrame({"actor_id": ["A"] * 9})
    assert is_small(cell, "worker", ["worker"], 2)
    assert not is_small(cell, "worker", ["worker"], 1)
    assert not is_small(cell, "government", ["worker"], 99)
