"""Bargaining episodes: order, replies, who gave way."""

import pandas as pd
import pytest

from townshift.errors import MeasureError
from townshift.governance.field.episodes import episodes

TABLE = pd.DataFrame(
    [
        ("e1", "levy", "half the levy", "half the levy"),
        ("e2", "rent", None, "rents rose"),
        ("e3", "park", "a park", None),
    ],
    columns=["episode_id", "issue", "agreed", "happened"],
)
MOVES = pd.DataFrame(
    [
        ("m3", "e1", 3, "2011-10", "government", "concede", "levy", "m2", "d1"),
        ("m1", "e1", 1, "2011-10", "government", "demand", "levy", None, "d1"),
        ("m2", "e1", 2, None, "enterprise", "threaten", "strike", "m1", None),
        ("m4", "e2", 1, None, "village_community", "demand", "rent", None, None),
    ],
    columns=["move_id", "episode_id", "order", "date", "actor_group", "act", "about", "answers", "document"],
)


def test_an_episode_is_told_in_order_with_who_gave_way_and_what_came_of_it():
    found = episodes(TABLE, MOVES)
    assert found.steps[found.steps["episode_id"] == "e1"]["act"].tolist() == ["demand", "threaten", "concede"]
    assert found.steps["answers_group"].tolist() == ["", "government", "enterprise", ""]
    first = found.outcomes.set_index("episode_id")
    assert first.loc["e1", ["first_mover", "last_mover", "concessions", "unanswered", "kept"]].tolist() == [
        "government", "government", "government", 0, "compare",
    ]  # fmt: skip
    assert first.loc["e2", ["unanswered", "kept"]].tolist() == [1, "nothing_agreed"]
    assert first.loc["e3", ["moves", "kept"]].tolist() == [0, "not_known"]


def test_replies_of_few_episodes_have_no_interval():
    few = episodes(TABLE, MOVES).replies
    assert few[["act", "reply", "n", "of"]].to_numpy().tolist() == [
        ["demand", "threaten", 1, 1],
        ["threaten", "concede", 1, 1],
    ]
    assert few["low"].isna().all()
    copies = [
        MOVES[MOVES["episode_id"] == "e1"].assign(
            episode_id=f"x{at}", move_id=lambda rows, at=at: rows["move_id"] + f"-{at}",
            answers=lambda rows, at=at: rows["answers"].map(lambda one: one and f"{one}-{at}"),
        )
        for at in range(4)
    ]  # fmt: skip
    many = episodes(TABLE, pd.concat(copies)).replies.iloc[0]
    assert many["n_episodes"] == 4
    assert 0.4 < many["low"] < many["high"] <= 1


def test_an_answer_to_a_later_move_is_refused():
    backwards = MOVES.assign(answers=["m2", "m3", None, None])
    with pytest.raises(MeasureError) as caught:
        episodes(TABLE, backwards)
    assert caught.value.problems[0].code == "TS-FIELD-003"
