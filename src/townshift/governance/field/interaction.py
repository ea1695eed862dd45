"""Roundtables as interaction: who speaks, who answers whom, who agrees with or objects to what, who stays silent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.errors import MeasureError, Problem
from townshift.types import LEVEL, keyed_seed

SHARE_COLUMNS = (
    "session_id", "actor_group", "people", "speakers", "silent", "turns", "turn_share", "people_share", "dominance",
    "low", "high",
)  # fmt: skip
ANSWER_COLUMNS = ("session_id", "actor_group", "answered_group", "answers", "expected", "ratio", "p_value")
PROPOSAL_COLUMNS = ("session_id", "proposal", "proposed_by", "actor_group", "agreements", "objections")

_DrawnTurns = dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]
"""Group → its turns and those due to it by head, in each draw of the people of a session."""
_DrawnAnswers = dict[tuple[str, str], npt.NDArray[np.float64]]
"""Pair of groups → answers in each permutation of a session."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """What happened at the tables.

    Attributes:
        shares: `SHARE_COLUMNS`, one row a session and group; session "" is all of them, where there are several.
        answers: `ANSWER_COLUMNS`, one row a session and ordered pair of groups; session "" as above.
        proposals: `PROPOSAL_COLUMNS`, one row a proposal and group that took a stand on it.
    """

    shares: pd.DataFrame
    answers: pd.DataFrame
    proposals: pd.DataFrame


def interaction(turns: pd.DataFrame, present: pd.DataFrame, *, permutations: int = 999, seed: int = 0) -> Interaction:
    """Who dominated, who answered whom more often than their turns alone would make them, and who stayed silent.

    `dominance` = share of turns / share of people: 1 if every person present spoke equally often. Its interval draws
    the people of the session anew (bootstrap), so a group of one has none. `expected` answers come from permuting the
    people among the turns of the session, each keeping their number of turns; `p_value` is two-sided,
    (1 + #{|x − mean| ≥ |observed − mean|}) / (1 + permutations). A turn answers the one named in `answers`, else the
    turn before it by somebody else. Turns of the chair or interviewer (no participant) pass the word on: they neither
    answer nor are answered here. Over all tables, `dominance` = turns / Σ (turns of the session × share of its people),
    and answers, expected ones and draws are added up, so that a group of whom few sit at each table can be shown.

    Args:
        turns: columns turn_id, session_id, order, participant_id, answers, act, proposal.
        present: columns session_id, participant_id, actor_group; everybody at the table, silent people too.
        permutations: of the people among turns.
        seed: of the study.

    Returns:
        The three tables, sorted by their keys.

    Raises:
        MeasureError: a turn answers a turn of another session.

    Example:
        >>> turns = pd.DataFrame({"turn_id": ["1", "2", "3"], "session_id": "s", "order": [1, 2, 3],
        ...     "participant_id": ["boss", "official", "boss"], "answers": None, "act": "other", "proposal": None})
        >>> present = pd.DataFrame({"session_id": "s", "participant_id": ["boss", "official", "worker"],
        ...     "actor_group": ["enterprise", "government", "migrant_worker"]})
        >>> found = interaction(turns, present, permutations=9)
        >>> found.shares[["actor_group", "silent", "dominance"]].values.tolist()
        [['enterprise', 0, 2.0], ['government', 0, 1.0], ['migrant_worker', 1, 0.0]]
    """
    turns = turns.sort_values(["session_id", "order", "turn_id"], kind="stable").reset_index(drop=True)
    answered = _answered(turns)
    group_of = {
        (str(session), str(person)): str(group)
        for session, person, group in present[["session_id", "participant_id", "actor_group"]].itertuples(index=False)
    }
    shares: list[pd.DataFrame] = []
    answers: list[pd.DataFrame] = []
    proposals: list[pd.DataFrame] = []
    drawn_shares: list[_DrawnTurns] = []
    drawn_answers: list[_DrawnAnswers] = []
    for session, rows in turns.groupby("session_id", sort=True):
        here = present[present["session_id"] == session]
        rng = np.random.default_rng(keyed_seed(seed, "interaction", str(session)))
        share, drawn_share = _shares(str(session), rows, here, permutations, rng)
        groups = [group_of.get((str(session), str(one)), "") for one in rows["participant_id"]]
        answer, drawn_answer = _answers(str(session), rows, answered.loc[rows.index], groups, permutations, rng)
        shares, answers = [*shares, share], [*answers, answer]
        drawn_shares, drawn_answers = [*drawn_shares, drawn_share], [*drawn_answers, drawn_answer]
        proposals.append(_proposals(str(session), rows, groups))
    if len(shares) > 1:
        held = set(turns["session_id"].astype(str))
        seated = present[present["session_id"].astype(str).isin(held)]
        shares.append(_all_shares(shares, drawn_shares, turns, seated))
        answers.append(_all_answers(answers, drawn_answers, permutations))
    return Interaction(
        _joined(shares, SHARE_COLUMNS), _joined(answers, ANSWER_COLUMNS), _joined(proposals, PROPOSAL_COLUMNS)
    )


def _joined(parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    kept = [part for part in parts if len(part)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=list(columns))


def _answered(turns: pd.DataFrame) -> pd.Series:
    """Position of the turn that each turn follows up, its own speaker's too; −1 if none."""
    place = {(str(turn)): at for at, turn in enumerate(turns["turn_id"])}
    session = turns["session_id"].astype(str).tolist()
    person = [None if pd.isna(one) else str(one) for one in turns["participant_id"]]
    out, crossed = [], []
    for at, named in enumerate(turns["answers"]):
        target = -1
        if pd.notna(named) and str(named) in place:
            target = place[str(named)]
            if session[target] != session[at]:
                crossed.append(str(turns["turn_id"].iloc[at]))
        elif at and session[at - 1] == session[at]:
            target = at - 1
        known = target >= 0 and person[at] is not None and person[target] is not None
        out.append(target if known else -1)
    if crossed:
        raise MeasureError(Problem("TS-FIELD-002", values={"turns": ", ".join(crossed[:5])}))
    return pd.Series(out, index=turns.index)


def _shares(
    session: str, rows: pd.DataFrame, here: pd.DataFrame, draws: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, _DrawnTurns]:
    said = rows["participant_id"].dropna().astype(str).value_counts()
    people = here.drop_duplicates("participant_id").sort_values("participant_id", kind="stable")
    n = said.reindex(people["participant_id"].astype(str)).fillna(0).to_numpy(np.float64)
    groups, code = np.unique(people["actor_group"].astype(str), return_inverse=True)
    if not len(n):
        return pd.DataFrame(columns=list(SHARE_COLUMNS)), {}
    size, turns = np.bincount(code), np.bincount(code, n)
    drawn = rng.integers(0, len(n), (draws, len(n)))
    weights = np.zeros((draws, len(n)))
    np.add.at(weights, (np.arange(draws)[:, None], drawn), 1.0)
    member = (code[:, None] == np.arange(len(groups))).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        took, due = (weights * n) @ member, (weights @ n)[:, None] * (weights @ member) / len(n)
        resampled = took / due
        share = turns / turns.sum()
    tail = (1 - LEVEL) / 2
    ends = [
        np.nanquantile(resampled[:, at], [tail, 1 - tail]) if size[at] > 1 and turns.sum() else (np.nan, np.nan)
        for at in range(len(groups))
    ]
    table = pd.DataFrame(
        {
            "session_id": session,
            "actor_group": groups,
            "people": size,
            "speakers": np.bincount(code, n > 0).astype(np.int64),
            "silent": np.bincount(code, n == 0).astype(np.int64),
            "turns": turns.astype(np.int64),
            "turn_share": share,
            "people_share": size / len(n),
            "dominance": share / (size / len(n)),
            "low": [one[0] for one in ends],
            "high": [one[1] for one in ends],
        }
    )
    return table, {str(group): (took[:, at], due[:, at]) for at, group in enumerate(groups)}


def _all_shares(
    parts: list[pd.DataFrame], drawn: list[_DrawnTurns], turns: pd.DataFrame, seated: pd.DataFrame
) -> pd.DataFrame:
    """Shares over all tables; a person at two tables is one person, and sits at each of them in the draws."""
    every = pd.concat([part for part in parts if len(part)], ignore_index=True)
    held = every.groupby("session_id")["turns"].transform("sum")
    every = every.assign(due=held * every["people_share"])
    spoke = set(turns["participant_id"].dropna().astype(str))
    tail, rows = (1 - LEVEL) / 2, []
    total = int(every["turns"].sum())
    for group in sorted(set(every["actor_group"].astype(str))):
        mine = every[every["actor_group"] == group]
        people = set(seated.loc[seated["actor_group"] == group, "participant_id"].astype(str))
        took = np.sum([one[group][0] for one in drawn if group in one], axis=0)
        entitled = np.sum([one[group][1] for one in drawn if group in one], axis=0)
        said, due = int(mine["turns"].sum()), float(mine["due"].sum())
        low, high = np.nan, np.nan
        if len(people) > 1 and total:
            low, high = np.nanquantile(took / np.where(entitled > 0, entitled, np.nan), [tail, 1 - tail])
        rows.append(
            (
                "", group, len(people), len(people & spoke), len(people - spoke), said, said / max(total, 1),
                due / max(total, 1), said / due if due > 0 else np.nan, low, high,
            )
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(SHARE_COLUMNS))


def _all_answers(parts: list[pd.DataFrame], drawn: list[_DrawnAnswers], permutations: int) -> pd.DataFrame:
    """Answers over all tables, held against the sum of each table's own permutations."""
    every = [part for part in parts if len(part)]
    if not every:
        return pd.DataFrame(columns=list(ANSWER_COLUMNS))
    told = pd.concat(every, ignore_index=True)
    rows = []
    for one, other in sorted({pair for chances in drawn for pair in chances}):
        chance = np.sum([chances[one, other] for chances in drawn if (one, other) in chances], axis=0)
        mine = told[(told["actor_group"] == one) & (told["answered_group"] == other)]
        observed, mean = int(mine["answers"].sum()), float(chance.mean())
        extreme = int((np.abs(chance - mean) >= abs(observed - mean) - 1e-9).sum())
        ratio = observed / mean if mean > 0 else np.nan
        rows.append(("", one, other, observed, mean, ratio, (1 + extreme) / (1 + permutations)))
    return pd.DataFrame(rows, columns=list(ANSWER_COLUMNS))


def _answers(
    session: str,
    rows: pd.DataFrame,
    answered: pd.Series,
    groups: list[str],
    permutations: int,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, _DrawnAnswers]:
    names, code = np.unique(groups, return_inverse=True)
    speaks = rows["participant_id"].notna().to_numpy() & (np.array(groups) != "")
    local = {position: at for at, position in enumerate(rows.index)}
    pairs = [(at, local[target]) for at, target in enumerate(answered) if target >= 0 and speaks[at]]
    pairs = [(at, to) for at, to in pairs if speaks[to]]
    named = np.flatnonzero(names != "")
    if not pairs:
        return pd.DataFrame(columns=list(ANSWER_COLUMNS)), {}
    source, target = np.array(pairs).T
    n = len(names)
    people = np.unique(rows["participant_id"].fillna("").astype(str), return_inverse=True)[1]
    group_of = np.zeros(people.max() + 1, np.int64)
    group_of[people] = code

    def counted(who: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        # Nobody answers themselves, in what was seen and in what chance would bring alike.
        apart = who[source] != who[target]
        return np.bincount((group_of[who[source]] * n + group_of[who[target]])[apart], minlength=n * n)

    observed = counted(people)
    slots = np.flatnonzero(speaks)
    drawn = np.empty((permutations, n * n))
    shuffled = people.copy()
    for at in range(permutations):
        shuffled[slots] = rng.permutation(people[slots])
        drawn[at] = counted(shuffled)
    mean = drawn.mean(axis=0)
    extreme = (np.abs(drawn - mean) >= np.abs(observed - mean) - 1e-9).sum(axis=0)
    table = pd.DataFrame(
        [
            (session, names[one], names[other], int(observed[at]), mean[at], (1 + extreme[at]) / (1 + permutations))
            for one in named
            for other in named
            for at in [one * n + other]
        ],
        columns=["session_id", "actor_group", "answered_group", "answers", "expected", "p_value"],
    )
    table["ratio"] = table["answers"] / table["expected"].where(table["expected"] > 0)
    chance = {(str(names[one]), str(names[other])): drawn[:, one * n + other] for one in named for other in named}
    return table[list(ANSWER_COLUMNS)], chance


def _proposals(session: str, rows: pd.DataFrame, groups: list[str]) -> pd.DataFrame:
    known = rows.assign(actor_group=groups)
    known = known[known["proposal"].notna()]
    made = known[known["act"] == "proposal"].drop_duplicates("proposal").set_index("proposal")["actor_group"]
    stands = known[known["act"].isin(["agreement", "objection"])]
    counted = (
        stands.assign(agreements=stands["act"] == "agreement", objections=stands["act"] == "objection")
        .groupby(["proposal", "actor_group"], sort=True)[["agreements", "objections"]]
        .sum()
        .astype("int64")
        .reset_index()
    )
    untouched = sorted(set(made.index.astype(str)) - set(counted["proposal"].astype(str)))
    silent = pd.DataFrame({"proposal": untouched, "actor_group": "", "agreements": 0, "objections": 0})
    parts = [part for part in (counted, silent) if len(part)]
    if not parts:
        return pd.DataFrame(columns=list(PROPOSAL_COLUMNS))
    out = pd.concat(parts, ignore_index=True).sort_values(["proposal", "actor_group"], kind="stable")
    out["session_id"] = session
    out["proposed_by"] = out["proposal"].map(made).fillna("")
    return out[list(PROPOSAL_COLUMNS)]
