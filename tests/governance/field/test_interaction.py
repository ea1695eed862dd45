"""Turns at a table: dominance, answers beyond chance, stands on proposals."""

import numpy as np
import pandas as pd
import pytest

from townshift.errors import MeasureError
from townshift.governance.field.interaction import interaction

GROUPS = {"e1": "enterprise", "e2": "enterprise", "g1": "government", "g2": "government", "w1": "migrant_worker"}


def table(speakers, session="s", **columns):
    n = len(speakers)
    rows = {
        "turn_id": [f"{session}{at}" for at in range(n)], "session_id": session, "order": range(1, n + 1),
        "participant_id": speakers, "answers": None, "act": "other", "proposal": None,
    }  # fmt: skip
    return pd.DataFrame({**rows, **columns})


def present(session="s"):
    rows = [(session, person, group) for person, group in GROUPS.items()]
    return pd.DataFrame(rows, columns=["session_id", "participant_id", "actor_group"])


def test_those_who_never_speak_are_counted_as_silent():
    found = interaction(table(["e1", "g1", "e1", "g1"]), present()).shares.set_index("actor_group")
    assert found.loc["migrant_worker", ["people", "speakers", "silent", "turns"]].tolist() == [1, 0, 1, 0]
    assert found.loc["enterprise", "silent"] == 1
    assert found["turn_share"].sum() == pytest.approx(1)
    assert found.loc["enterprise", "dominance"] == pytest.approx(0.5 / 0.4)
    assert np.isnan(found.loc["migrant_worker", "low"])


def test_answers_follow_the_turn_named_and_else_the_turn_before():
    turns = table(["e1", "g1", "w1", None, "g2"], answers=[None, None, "s0", None, None])
    found = interaction(turns, present(), permutations=9).answers
    pairs = {(a, b): n for a, b, n in found[["actor_group", "answered_group", "answers"]].itertuples(index=False) if n}
    # w1 answers e1 by name; g2 follows the chair and so answers nobody.
    assert pairs == {("government", "enterprise"): 1, ("migrant_worker", "enterprise"): 1}


def test_nobody_answers_themselves():
    found = interaction(table(["e1", "e1", "e2", "g1"]), present(), permutations=9).answers
    found = found[found["session_id"] == "s"]
    pairs = {(a, b): n for a, b, n in found[["actor_group", "answered_group", "answers"]].itertuples(index=False) if n}
    assert pairs == {("enterprise", "enterprise"): 1, ("government", "enterprise"): 1}


def test_groups_that_answer_only_each_other_stand_out_and_random_talk_does_not():
    planted = interaction(table(["e1", "g1", "e2", "g2"] * 15), present(), seed=1).answers
    cross = planted[(planted["actor_group"] == "enterprise") & (planted["answered_group"] == "government")].iloc[0]
    assert cross["ratio"] > 1.5
    assert cross["p_value"] <= 0.01
    flagged = []
    for seed in range(100):
        speakers = np.random.default_rng([3, seed]).choice(list(GROUPS), 60).tolist()
        found = interaction(table(speakers), present(), permutations=99, seed=seed).answers
        flagged += (found["p_value"] <= 0.05).tolist()
    assert np.mean(flagged) <= 0.07


def test_stands_on_a_proposal_are_counted_by_group_and_silence_is_kept():
    turns = table(
        ["g1", "e1", "w1", "g2"],
        act=["proposal", "objection", "agreement", "proposal"],
        proposal=["levy", "levy", "levy", "park"],
    )
    found = interaction(turns, present(), permutations=9).proposals
    assert found[["proposal", "proposed_by", "actor_group", "agreements", "objections"]].to_numpy().tolist() == [
        ["levy", "government", "enterprise", 0, 1],
        ["levy", "government", "migrant_worker", 1, 0],
        ["park", "government", "", 0, 0],
    ]


def test_an_answer_across_sessions_is_refused():
    both = pd.concat([table(["e1", "g1"], "s"), table(["e1", "g1"], "t", answers=[None, "s0"])])
    with pytest.raises(MeasureError) as caught:
        interaction(both, pd.concat([present("s"), present("t")]))
    assert caught.value.problems[0].code == "TS-FIELD-002"


def test_over_all_tables_turns_are_held_against_each_tables_heads_and_people_count_once():
    first, second = table(["e1", "g1", "e1", "e2"], "s"), table(["g1", "w1", "g1", "e1"], "t")
    both = pd.concat([first, second], ignore_index=True)
    seats = pd.concat([present("s"), present("t")], ignore_index=True)
    found = interaction(both, seats, permutations=99, seed=2)
    whole = found.shares[found.shares["session_id"] == ""].set_index("actor_group")
    # Two of five people at each table of four turns are entitled to 3.2 turns; enterprises took four.
    assert whole.loc["enterprise", "dominance"] == pytest.approx(4 / 3.2)
    assert whole.loc["enterprise", ["people", "speakers", "turns"]].tolist() == [2, 2, 4]
    assert whole["turn_share"].sum() == pytest.approx(1)
    assert whole.loc["enterprise", "low"] <= 4 / 3.2 <= whole.loc["enterprise", "high"]
    apart = found.answers[found.answers["session_id"] != ""]
    summed = apart.groupby(["actor_group", "answered_group"])[["answers", "expected"]].sum()
    pooled = found.answers[found.answers["session_id"] == ""].set_index(["actor_group", "answered_group"])
    assert pooled["answers"].tolist() == summed["answers"].tolist()
    assert pooled["expected"].tolist() == pytest.approx(summed["expected"].tolist())
    assert pooled["p_value"].between(0.01, 1).all()
