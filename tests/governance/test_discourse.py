"""Discourse counts voices, not print; small cells about persons are withheld; silence is listed."""

import pandas as pd

from townshift.governance.discourse import BREAKDOWN, COLUMNS, SPEECH_ACTS, VOICE_COLUMNS, discourse, voices_held
from townshift.governance.periods import declared
from townshift.voices import voices_once

PERIODS = declared([[2006, 2013], [2014, 2025]])
NAMES = ["statement_id", "date", "actor_id", "actor_group", "place_id", "concept", "stance", "speech_act",
         "position_to_know", "interest", "same_as", "lineage"]  # fmt: skip


def said(*rows):
    return pd.DataFrame(rows, columns=NAMES)


def one(statement_id, actor, group="enterprise", stance="agree", date="2011", concept="levy", lineage="L1", **other):
    values = {
        "place_id": "town",
        "speech_act": "evaluation",
        "position_to_know": "direct",
        "interest": "for",
        "same_as": None,
        **other,
    }
    return (statement_id, date, actor, group, values["place_id"], concept, stance, values["speech_act"],
            values["position_to_know"], values["interest"], values["same_as"], lineage)  # fmt: skip


def count(*rows, personal=("worker",), threshold=3, questions=None):
    return discourse(voices_once(said(*rows)), PERIODS, questions or {"levy": "2"}, personal, threshold)


def test_stances_are_counted_by_actor_and_lineage_not_by_page():
    found = count(
        one("T1", "A"),
        one("T2", "A"),  # the same actor in the same original
        one("T3", "A", lineage="L2"),
        one("T4", "B", stance="disagree"),
        one("T5", "C", stance="neutral"),
        one("T6", "C", stance="neutral", same_as="T5", lineage="L9"),
    )
    assert len(found) == 1
    cell = found.iloc[0]
    assert (cell.agree, cell.disagree, cell.neutral) == (2, 1, 1)
    assert (cell.n_voices, cell.n_statements, cell.n_actors, cell.n_lineages) == (4, 5, 3, 2)
    assert cell.row_ids == "T1;T2;T3;T4;T5"
    assert cell.question == "2"


def test_the_mirrors_of_one_original_are_one_lineage():
    found = count(*(one(f"T{i}", f"A{i}") for i in range(6))).iloc[0]
    assert (found.agree, found.n_actors, found.n_lineages) == (6, 6, 1)


def test_interest_position_and_speech_act_are_kept_and_add_up():
    found = count(
        one("T1", "A", interest="for", position_to_know="direct", speech_act="observation"),
        one("T2", "B", interest="against", position_to_know="second_hand", speech_act="promise"),
        one("T3", "C", interest="none", position_to_know="none", speech_act="report"),
        one("T4", "D", interest="unclear", position_to_know="direct", speech_act="report"),
    ).iloc[0]
    assert [found[f"interest_{name}"] for name in ("for", "against", "none", "unclear")] == [1, 1, 1, 1]
    assert [found[name] for name in ("direct", "second_hand", "no_position")] == [2, 1, 1]
    assert [found[name] for name in SPEECH_ACTS] == [1, 0, 0, 1, 0, 2]
    for pairs in BREAKDOWN.values():
        assert sum(found[name] for name, _ in pairs) == found.n_voices


def test_periods_split_cells_and_undated_statements_have_their_own():
    found = count(one("T1", "A"), one("T2", "B", date="2016"), one("T3", "C", date=None), one("T4", "D", date="1999"))
    assert found["period"].tolist() == ["2006-2013", "2014-2025", "outside", "undated"]
    assert found["year_from"].isna().tolist() == [False, False, True, True]


def test_a_small_cell_of_persons_is_withheld_and_says_so():
    found = count(one("T1", "A", group="worker"), one("T2", "B", group="worker", lineage="L2")).iloc[0]
    assert found.suppressed
    assert found.reason == "small_cell"
    for name in ("agree", "n_voices", "n_actors", "n_lineages", "direct", "observation", "row_ids"):
        assert pd.isna(found[name]), name


def test_a_cell_of_enough_persons_is_shown():
    found = count(*(one(f"T{i}", f"A{i}", group="worker") for i in range(3))).iloc[0]
    assert not found.suppressed
    assert found.agree == 3


def test_one_person_heard_often_is_still_one_person():
    found = count(*(one(f"T{i}", "A", group="worker", lineage=f"L{i}") for i in range(9))).iloc[0]
    assert found.suppressed


def test_bodies_and_firms_are_not_withheld_however_few():
    assert not count(one("T1", "A", group="government")).iloc[0].suppressed
    assert not count(one("T1", "A", group="worker"), personal=()).iloc[0].suppressed


def test_actors_never_appear_in_the_table():
    found = count(one("T1", "A_secret_person"), one("T2", "A_other", group="worker"))
    assert not any("A_" in str(value) for value in found.to_numpy().ravel())
    assert "actor_id" not in found.columns


def test_one_group_only_makes_one_row_per_concept_and_no_other_group():
    found = count(one("T1", "A"), one("T2", "A", concept="order"))
    assert found["actor_group"].unique().tolist() == ["enterprise"]
    assert found["concept"].tolist() == ["levy", "order"]
    assert found["question"].isna().tolist() == [False, True]


def test_no_statements_make_an_empty_table_of_the_same_columns_and_types():
    empty = count()
    assert list(empty.columns) == list(COLUMNS)
    assert empty.dtypes.equals(count(one("T1", "A")).dtypes)


def test_the_order_of_rows_changes_nothing():
    rows = [
        one(f"T{i}", f"A{i % 3}", stance=["agree", "disagree", "neutral"][i % 3], lineage=f"L{i % 2}") for i in range(9)
    ]
    pd.testing.assert_frame_equal(count(*rows), count(*rows[::-1]))


# voices ---------------------------------------------------------------------------------------------------------

SIDES = {"town": "focal", "county": "receiving", "nation": "containing"}
EXPECTED = ("government", "enterprise", "worker", "research")


def held(*rows, expected=EXPECTED, sides=("focal", "receiving")):
    return voices_held(voices_once(said(*rows)), SIDES, expected, sides)


def side(found, name, group):
    rows = found[(found["level"] == "side") & (found["side"] == name) & (found["actor_group"] == group)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_every_expected_group_has_a_row_on_every_expected_side():
    found = held(one("T1", "A"))
    expected = found[(found["level"] == "side") & found["expected"]]
    assert len(expected) == 8
    assert side(found, "focal", "worker").status == "lacking"
    assert side(found, "focal", "worker").n_statements == 0
    assert side(found, "receiving", "enterprise").status == "lacking"


def test_one_actor_or_one_lineage_is_a_single_voice():
    found = held(
        one("T1", "A"),
        one("T2", "A", lineage="L2"),
        one("T3", "B", group="government"),
        one("T4", "C", group="government"),
        one("T5", "D", group="research"),
        one("T6", "E", group="research", lineage="L2"),
    )
    assert side(found, "focal", "enterprise").status == "single_voice"
    assert side(found, "focal", "government").status == "single_voice"
    assert side(found, "focal", "research").status == "heard"


def test_a_few_workers_are_counted_as_heard_since_no_opinion_is_told():
    found = side(held(one("T1", "A", group="worker", interest="none")), "focal", "worker")
    assert (found.n_actors, found.n_direct, found.n_disinterested) == (1, 1, 1)


def test_groups_nobody_expected_are_counted_too():
    found = side(held(one("T1", "A", group="church")), "focal", "church")
    assert not found.expected
    assert found.n_statements == 1


def test_sides_hold_all_of_their_places_and_unknown_places_are_elsewhere():
    found = held(
        one("T1", "A", place_id="county"), one("T2", "B", place_id="unheard_of"), one("T3", "C", place_id="nation")
    )
    assert side(found, "receiving", "enterprise").n_statements == 1
    assert side(found, "elsewhere", "enterprise").n_statements == 1
    assert side(found, "containing", "enterprise").n_statements == 1
    places = found[found["level"] == "place"]
    assert places["place_id"].tolist() == ["nation", "unheard_of", "county"]


def test_counts_of_places_add_up_to_their_side():
    rows = [one(f"T{i}", f"A{i}", place_id=["town", "county", "nation"][i % 3]) for i in range(10)]
    found = held(*rows)
    by_level = found.groupby("level")["n_statements"].sum()
    assert by_level["place"] == by_level["side"] == 10


def test_a_record_without_statements_lacks_everybody():
    found = held()
    assert set(found["status"]) == {"lacking"}
    assert len(found) == 8
    assert list(found.columns) == list(VOICE_COLUMNS)
