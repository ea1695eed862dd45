"""Episodes of negotiation: who offered, demanded, threatened, conceded or blocked what, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from townshift.errors import MeasureError, Problem
from townshift.governance.shares import wilson

STEP_COLUMNS = (
    "episode_id", "order", "date", "actor_group", "act", "about", "answers_order", "answers_group", "answers_act",
    "told_by",
)  # fmt: skip
OUTCOME_COLUMNS = (
    "episode_id", "issue", "moves", "groups", "first_mover", "last_mover", "concessions", "blocks", "unanswered",
    "agreed", "happened", "kept",
)  # fmt: skip
REPLY_COLUMNS = ("act", "reply", "n", "of", "share", "low", "high", "n_episodes")

CONFRONTING = ("demand", "threaten", "block", "withdraw")
"""Acts that raise the pressure; offers, concessions and agreements lower it."""


@dataclass(frozen=True, slots=True)
class Episodes:
    """Bargaining episode by episode.

    Attributes:
        steps: `STEP_COLUMNS`, one row a move in order: the sequence picture of an episode.
        outcomes: `OUTCOME_COLUMNS`, one row an episode.
        replies: `REPLY_COLUMNS`: how each kind of move was answered, over all episodes.
    """

    steps: pd.DataFrame
    outcomes: pd.DataFrame
    replies: pd.DataFrame


def episodes(table: pd.DataFrame, moves: pd.DataFrame) -> Episodes:
    """How bargains went: their order, who moved first, who gave way, what stayed unanswered, what came of them.

    A move answers the one named in `answers`; a demand, offer or threat that no move answers is `unanswered`. The share
    of replies is over answered moves of that kind, with Wilson's (1927) interval; moves of one episode depend on each
    other, so `n_episodes` stands beside it and with fewer than three episodes no interval is given.

    Args:
        table: columns episode_id, issue, agreed, happened.
        moves: columns move_id, episode_id, order, date, actor_group, act, about, answers; optional document, source_id.

    Returns:
        The three tables, sorted by their keys.

    Raises:
        MeasureError: a move answers one of another episode, or one that is not before it.

    Example:
        >>> table = pd.DataFrame({"episode_id": ["e"], "issue": ["rent"], "agreed": ["lower rent"], "happened": [None]})
        >>> moves = pd.DataFrame({"move_id": ["1", "2"], "episode_id": "e", "order": [1, 2], "date": None,
        ...     "actor_group": ["enterprise", "village_community"], "act": ["demand", "concede"], "about": "rent",
        ...     "answers": [None, "1"]})
        >>> episodes(table, moves).outcomes[["first_mover", "concessions", "unanswered"]].values.tolist()
        [['enterprise', 'village_community', 0]]
    """
    steps = _steps(moves)
    rows = []
    told = table.sort_values("episode_id", kind="stable")[["episode_id", "issue", "agreed", "happened"]]
    for episode, issue, agreed, happened in told.astype(object).where(told.notna(), "").to_numpy().tolist():
        mine = steps[steps["episode_id"] == episode]
        asked = mine[mine["act"].isin(["offer", "demand", "threaten"])]
        answered = set(mine["answers_order"].dropna())
        rows.append(
            {
                "episode_id": episode,
                "issue": issue,
                "moves": len(mine),
                "groups": ";".join(sorted(set(mine["actor_group"]))),
                "first_mover": mine["actor_group"].iloc[0] if len(mine) else "",
                "last_mover": mine["actor_group"].iloc[-1] if len(mine) else "",
                "concessions": ";".join(sorted(set(mine.loc[mine["act"] == "concede", "actor_group"]))),
                "blocks": ";".join(sorted(set(mine.loc[mine["act"] == "block", "actor_group"]))),
                "unanswered": int((~asked["order"].isin(answered)).sum()),
                "agreed": agreed,
                "happened": happened,
                "kept": _kept(agreed, happened),
            }
        )
    outcomes = pd.DataFrame(rows, columns=list(OUTCOME_COLUMNS))
    return Episodes(steps, outcomes, _replies(steps))


def _kept(agreed: str, happened: str) -> str:
    """Whether there is something to compare; whether it was kept is for a reader to say."""
    if not agreed:
        return "nothing_agreed"
    return "compare" if happened else "not_known"


def _steps(moves: pd.DataFrame) -> pd.DataFrame:
    rows = moves.sort_values(["episode_id", "order", "move_id"], kind="stable").reset_index(drop=True)
    place = {str(one): at for at, one in enumerate(rows["move_id"])}
    wrong, targets = [], []
    for at, named in enumerate(rows["answers"]):
        target = place.get(str(named), -1) if pd.notna(named) else -1
        if target >= 0 and (rows["episode_id"].iloc[target] != rows["episode_id"].iloc[at] or target >= at):
            wrong.append(str(rows["move_id"].iloc[at]))
        targets.append(target)
    if wrong:
        raise MeasureError(Problem("TS-FIELD-003", values={"moves": ", ".join(wrong[:5])}))
    found = np.array(targets, dtype=np.int64)
    has = found >= 0
    told = [name for name in ("document", "source_id") if name in rows]
    out = pd.DataFrame(
        {
            "episode_id": rows["episode_id"].astype(str),
            "order": rows["order"].astype("int64"),
            "date": rows["date"].astype(object).where(rows["date"].notna(), ""),
            "actor_group": rows["actor_group"].astype(str),
            "act": rows["act"].astype(str),
            "about": rows["about"].astype(object).where(rows["about"].notna(), ""),
            "told_by": rows[told].bfill(axis=1).iloc[:, 0].fillna("").astype(str) if told else "",
        }
    )
    out["answers_order"] = pd.array(out["order"].to_numpy()[found], dtype="Int64")
    out.loc[~has, "answers_order"] = pd.NA
    out["answers_group"] = np.where(has, out["actor_group"].to_numpy()[found], "")
    out["answers_act"] = np.where(has, out["act"].to_numpy()[found], "")
    return out[list(STEP_COLUMNS)]


def _replies(steps: pd.DataFrame) -> pd.DataFrame:
    answers = steps[steps["answers_act"] != ""]
    counted = answers.groupby(["answers_act", "act"], sort=True).agg(n=("act", "size")).reset_index()
    of = answers.groupby("answers_act").agg(of=("act", "size"), n_episodes=("episode_id", "nunique"))
    out = counted.merge(of.reset_index(), on="answers_act").rename(columns={"act": "reply", "answers_act": "act"})
    n, total = out["n"].to_numpy(np.float64), out["of"].to_numpy(np.float64)
    low, high = wilson(n, total)
    enough = out["n_episodes"].to_numpy() >= 3
    out["share"] = n / total
    out["low"] = np.where(enough, low, np.nan)
    out["high"] = np.where(enough, high, np.nan)
    return out[list(REPLY_COLUMNS)]
