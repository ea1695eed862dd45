"""Voices: what one actor says on one concept within one original, counted once."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from townshift.frames import counted_once, typed
from townshift.partial_dates import day_intervals, iso

SMALL_CELL = "small_cell"
"""Reason of a cell whose counts are withheld: too few private persons stand behind it."""

_TEXTS = (
    "statement_id",
    "date",
    "actor_id",
    "actor_group",
    "place_id",
    "concept",
    "stance",
    "speech_act",
    "position_to_know",
    "interest",
    "lineage",
)


def voices_once(statements: pd.DataFrame, undated_ids: Collection[str] = ()) -> pd.DataFrame:
    """One row per voice: what one actor says on one concept within one original, however often it is repeated.

    Doubles (`same_as`) are removed first. An actor heard twice on a concept in one lineage is one voice with the
    earliest date; it is `neutral` if it both agrees and disagrees there, else what it says apart from being neutral.
    Interest, position to know and speech act are those of the earliest statement. An actor without `actor_id` is
    taken as a different one in every statement.

    Args:
        statements: `statement_id`, `date`, `actor_id`, `actor_group`, `place_id`, `concept`, `stance`, `speech_act`,
            `position_to_know`, `interest`, `same_as`, `lineage`.
        undated_ids: statements whose date is not that of their telling; counted as undated.

    Returns:
        The columns above as text, `year` (Int64, missing = undated) and `row_ids` (tuple), sorted by statement.

    Example:
        >>> found = voices_once(pd.DataFrame({"statement_id": ["T1", "T2", "T3"], "actor_id": ["A", "A", "A"],
        ...     "concept": ["levy"] * 3, "stance": ["neutral", "agree", "agree"], "lineage": ["L1", "L1", "L2"]}))
        >>> found[["statement_id", "lineage", "stance", "row_ids"]].values.tolist()
        [['T1', 'L1', 'agree', ('T1', 'T2')], ['T3', 'L2', 'agree', ('T3',)]]
    """
    plain = counted_once(statements, "statement_id", *_TEXTS)
    plain["date"] = plain["date"].where(~plain["statement_id"].isin(list(undated_ids)), "")
    plain["actor_id"] = plain["actor_id"].where(plain["actor_id"] != "", plain["statement_id"])
    plain["start_day"] = day_intervals(plain["date"])["start_day"].astype("float64")
    plain = plain.sort_values(["start_day", "statement_id"], kind="stable", na_position="last")
    rows: list[dict[str, object]] = []
    for _, said in plain.groupby(["lineage", "actor_id", "concept"], sort=True):
        earliest = {name: str(said[name].iloc[0]) for name in _TEXTS}
        day = float(said["start_day"].iloc[0])
        rows.append(
            {
                **earliest,
                "stance": _one_stance(set(said["stance"])),
                "year": None if pd.isna(day) else int(iso(day)[:4]),
                "row_ids": tuple(sorted(said["statement_id"])),
            }
        )
    columns = {**dict.fromkeys(_TEXTS, "object"), "year": "Int64", "row_ids": "object"}
    return typed(rows, columns).sort_values("statement_id", ignore_index=True)


def is_small(voices: pd.DataFrame, actor_group: str, personal_groups: Collection[str], privacy_threshold: int) -> bool:
    """Whether the counts of a cell must be withheld: private persons, and fewer of them than the threshold.

    Example:
        >>> cell = pd.DataFrame({"actor_id": ["A", "A", "B"]})
        >>> is_small(cell, "worker", ["worker"], privacy_threshold=3), is_small(cell, "firm", ["worker"], 3)
        (True, False)
    """
    return actor_group in personal_groups and bool(voices["actor_id"].nunique() < privacy_threshold)


def _one_stance(stances: set[str]) -> str:
    """The stance of one voice that spoke several times."""
    sided = stances - {"neutral", ""}
    return sided.pop() if len(sided) == 1 else "neutral"
