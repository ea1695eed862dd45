"""Quotes without persons: who may be quoted, with which role, place and year, and which passages show both sides."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from townshift.evidence.disclosure.consent import at_least

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEAKER_COLUMNS = ("participant_id", "session_id", "role", "place_id", "period", "people", "generalised")
PASSAGE_COLUMNS = (
    "coding_id", "code", "concept", "stance", "participant_id", "session_id", "level", "text",
)  # fmt: skip
QUOTE_COLUMNS = ("concept", "stance", "quote", "role", "place_id", "period", "generalised", "coding_id", "code")


def speakers(
    people: pd.DataFrame, sessions: pd.DataFrame, parent_of: Mapping[str, str], threshold: int
) -> pd.DataFrame:
    """How each person may be described beside a quote, so that at least `threshold` people of the study fit it.

    Role, place and year are made coarser (role → group → anybody; place → the place above it, and so on → anywhere;
    year → five years → decade → any time), the least coarse combination first that fits enough people; of equally
    coarse ones the role is kept before the place, the place before the year. People of the study are counted, not
    inhabitants: who is one of five interviewed is one of more in the street.

    Args:
        people: columns participant_id, role, actor_group, place_id.
        sessions: columns participant_id, session_id, year; optional with_place: whether consent covers the place, so
            that nothing else need be made coarser for its sake where it does not.
        parent_of: place → the place above it.
        threshold: people that must fit.

    Returns:
        `SPEAKER_COLUMNS`, one row a person and session. `period` is a year, `1990–1994`, `1990–1999` or ""; `people` is
        how many fit. Where even anybody anywhere at any time is fewer, `people` says so and nothing may be quoted.

    Example:
        >>> people = pd.DataFrame({"participant_id": ["a", "b"], "role": ["sewer", "cutter"],
        ...     "actor_group": "migrant_worker", "place_id": ["x", "y"]})
        >>> sessions = pd.DataFrame({"participant_id": ["a", "b"], "session_id": ["1", "2"], "year": [2020, 2020]})
        >>> found = speakers(people, sessions, {"x": "county", "y": "county"}, 2)
        >>> found[["role", "place_id", "period", "people", "generalised"]].to_numpy().tolist()[0]
        ['migrant_worker', 'county', '2020', 2, 'role;place']
    """
    rows = sessions.merge(people, on="participant_id", how="inner").reset_index(drop=True)
    ladders = {
        "role": _role_ladder(rows),
        "place": _place_ladder(rows["place_id"], parent_of),
        "period": _period_ladder(rows["year"]),
    }
    # Coarseness first; among equals the role is given up last.
    steps = sorted(product(*(range(len(one)) for one in ladders.values())), key=lambda at: (sum(at), at))
    chosen: list[tuple[str, str, str, int, str] | None] = [None] * len(rows)
    person = rows["participant_id"].astype(str)
    placed = rows["with_place"].to_numpy(bool) if "with_place" in rows else np.ones(len(rows), bool)
    anywhere = len(ladders["place"]) - 1
    for at in steps:
        values = [ladder[level] for ladder, level in zip(ladders.values(), at, strict=True)]
        keys = pd.Series(list(zip(*values, strict=True)))
        fits = keys.map(pd.DataFrame({"key": keys, "person": person}).groupby("key")["person"].nunique())
        enough = ((fits >= threshold) | (at == steps[-1])).to_numpy() & (placed | (at[1] == anywhere))
        for row in np.flatnonzero(enough).tolist():
            if chosen[row] is None:
                coarser = [
                    name for name, level in zip(ladders, at, strict=True) if level and (placed[row] or name != "place")
                ]
                chosen[row] = (*keys.iloc[row], int(fits.iloc[row]), ";".join(coarser))
    out = pd.DataFrame(chosen, columns=["role", "place_id", "period", "people", "generalised"])
    return pd.concat([rows[["participant_id", "session_id"]], out], axis=1)[list(SPEAKER_COLUMNS)]


def _role_ladder(rows: pd.DataFrame) -> list[list[str]]:
    group = rows["actor_group"].fillna("").astype(str).tolist()
    role = [own or above for own, above in zip(rows["role"].fillna("").astype(str), group, strict=True)]
    return [role, group, [""] * len(rows)]


def _place_ladder(places: pd.Series, parent_of: Mapping[str, str]) -> list[list[str]]:
    steps = [places.fillna("").astype(str).tolist()]
    while any(parent_of.get(one) for one in steps[-1]) and len(steps) < 8:
        steps.append([parent_of.get(one) or one for one in steps[-1]])
    return [*steps, [""] * len(places)]


def _period_ladder(years: pd.Series) -> list[list[str]]:
    known = [None if pd.isna(one) else int(one) for one in years]
    five = ["" if one is None else f"{one // 5 * 5}–{one // 5 * 5 + 4}" for one in known]
    ten = ["" if one is None else f"{one // 10 * 10}–{one // 10 * 10 + 9}" for one in known]
    return [["" if one is None else str(one) for one in known], five, ten, [""] * len(known)]


def choose_quotes(
    passages: pd.DataFrame, described: pd.DataFrame, threshold: int, *, each: int = 2, longest: int = 280
) -> pd.DataFrame:
    """Passages for and against a concept that may be quoted, a few of each, from different people where possible.

    Both sides are chosen by the same rule and in the same number, so that a joint display shows counter-examples beside
    examples. Who has not been shown comes first, then the passage whose length is nearest to half of `longest`; ties by
    id. Nothing is chosen for being striking.

    Args:
        passages: columns coding_id, code, concept, stance (for | against), participant_id, session_id, level (of
            consent), text (already masked).
        described: as `speakers`.
        threshold: people that must fit a description.
        each: quotes per concept and stance at most.
        longest: characters of a quote at most; longer passages are cut at a word and marked.

    Returns:
        `QUOTE_COLUMNS`, sorted by concept, stance and choice. The place stands only where consent includes it.

    Example:
        >>> row = {"coding_id": ["c"], "code": ["wage"], "concept": ["wages"], "stance": ["for"],
        ...     "participant_id": ["p"], "session_id": ["s"], "level": ["quote"], "text": ["It went up."]}
        >>> who = pd.DataFrame([["p", "s", "sewer", "x", "2020", 7, ""]], columns=list(SPEAKER_COLUMNS))
        >>> choose_quotes(pd.DataFrame(row), who, 5)[["quote", "role", "place_id"]].to_numpy().tolist()
        [['It went up.', 'sewer', '']]
    """
    if passages.empty:
        return pd.DataFrame(columns=list(QUOTE_COLUMNS))
    allowed = passages[at_least(passages["level"], "quote")]
    # Of the speaker only the description that fits enough people may come along.
    own = allowed[[name for name in PASSAGE_COLUMNS if name in allowed]]
    rows = own.merge(described, on=["participant_id", "session_id"], how="left")
    public = rows["participant_id"].isna() | (rows["participant_id"].astype(str) == "")
    rows = rows[public | (rows["people"].fillna(0) >= threshold)].copy()
    rows[["role", "place_id", "period", "generalised"]] = rows[["role", "place_id", "period", "generalised"]].fillna("")
    rows.loc[rows["level"] != "quote_with_place", "place_id"] = ""
    rows["quote"] = [_cut(one, longest) for one in rows["text"].astype(str)]
    parts = [_spread(one, each, longest) for _, one in rows.groupby(["concept", "stance"], sort=True)]
    return (
        pd.concat(parts, ignore_index=True)[list(QUOTE_COLUMNS)] if parts else pd.DataFrame(columns=list(QUOTE_COLUMNS))
    )


def _spread(rows: pd.DataFrame, each: int, longest: int) -> pd.DataFrame:
    order = rows.assign(
        away=(rows["quote"].str.len() - longest / 2).abs(), who=rows["participant_id"].fillna("").astype(str)
    ).sort_values(["away", "coding_id"], kind="stable")
    turn = order.groupby("who").cumcount()
    return order.assign(turn=turn).sort_values(["turn", "away", "coding_id"], kind="stable").head(each)


def _cut(text: str, longest: int) -> str:
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    cut = text[:longest]
    space = cut.rfind(" ")
    return (cut[:space] if space > longest * 2 // 3 else cut) + " …"
