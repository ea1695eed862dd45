"""Who said what about which proposition, period by period, and whose voices a record holds or lacks.

Discourse is what actors say, not what is so: an agreement counted here is no evidence that the proposition holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import pandas as pd

from townshift.frames import joined, typed
from townshift.governance.periods import Period, period_of
from townshift.voices import SMALL_CELL, is_small

SPEECH_ACTS = ("observation", "evaluation", "demand", "promise", "justification", "report")
"""What a statement does; only an observation by someone placed to know speaks of facts."""

BREAKDOWN: Mapping[str, tuple[tuple[str, str], ...]] = {
    "stance": (("agree", "agree"), ("disagree", "disagree"), ("neutral", "neutral")),
    "interest": (
        ("interest_for", "for"),
        ("interest_against", "against"),
        ("interest_none", "none"),
        ("interest_unclear", "unclear"),
    ),
    "position_to_know": (("direct", "direct"), ("second_hand", "second_hand"), ("no_position", "none")),
    "speech_act": tuple((act, act) for act in SPEECH_ACTS),
}
"""For each column of `statements`, the columns that count its values."""

_COUNTS = tuple(name for pairs in BREAKDOWN.values() for name, _ in pairs)

COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("actor_group", "concept", "question", "period"), "string"),
    **dict.fromkeys(("year_from", "year_to"), "Int64"),
    **dict.fromkeys(("agree", "disagree", "neutral"), "Int64"),
    **dict.fromkeys(("n_voices", "n_statements", "n_actors", "n_lineages"), "Int64"),
    **dict.fromkeys(_COUNTS[3:], "Int64"),
    "row_ids": "string",
    "suppressed": "boolean",
    "reason": "string",
}

VOICE_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("level", "side", "place_id", "actor_group"), "string"),
    "expected": "boolean",
    **dict.fromkeys(("n_statements", "n_actors", "n_lineages", "n_direct", "n_disinterested"), "Int64"),
    "status": "string",
}


def discourse(
    voices: pd.DataFrame,
    periods: Sequence[Period],
    questions: Mapping[str, str],
    personal_groups: Collection[str],
    privacy_threshold: int,
) -> pd.DataFrame:
    """How many voices of each actor group agreed or disagreed with each concept in each period, and what they were.

    Formula: the number of voices (actor x concept x lineage, see `townshift.voices.voices_once`) in each cell of
    actor group x concept x period, by stance, interest in being believed, position to know, and speech act. A cell
    of a group of private persons behind which fewer than `privacy_threshold` persons stand is `suppressed`: its
    counts and ids are withheld, since they would tell what a person thinks; bodies, offices and firms are no persons.

    Args:
        voices: from `townshift.voices.voices_once`.
        periods: whole calendar years that do not overlap; others are counted as `outside` or `undated`.
        questions: the question that each concept belongs to.
        personal_groups: actor groups of private persons.
        privacy_threshold: persons.

    Returns:
        `COLUMNS`, one row per cell that holds a statement, sorted by its keys. `n_voices` = agree + disagree +
        neutral, `n_statements` counts statements without doubles.

    Source: discourse network analysis counts actor x concept x stance (Leifeld 2017, The Oxford Handbook of Political
        Networks, ch. 12); one vote per lineage is ours.

    Example:
        >>> from townshift.voices import voices_once
        >>> voices = voices_once(pd.DataFrame({"statement_id": ["T1", "T2"], "date": ["2011-10", "2011"],
        ...     "actor_id": ["A", "B"], "actor_group": ["enterprise", "migrant_worker"], "concept": ["levy", "levy"],
        ...     "stance": ["disagree", "disagree"], "lineage": ["L1", "L2"]}))
        >>> found = discourse(voices, [Period(2010, 2014)], {"levy": "2"}, ["migrant_worker"], 3)
        >>> found[["actor_group", "period", "disagree", "n_lineages", "suppressed"]].values.tolist()
        [['enterprise', '2010-2014', 1, 1, False], ['migrant_worker', '2010-2014', <NA>, <NA>, True]]
    """
    placed = [period_of(None if pd.isna(year) else int(year), periods) for year in voices["year"]]
    years = {name: (year_from, year_to) for name, year_from, year_to in placed}
    rows: list[dict[str, object]] = []
    keyed = voices.assign(period=[name for name, _, _ in placed])
    for keys, cell in keyed.groupby(["actor_group", "concept", "period"], sort=True):
        actor_group, concept, period = (str(key) for key in keys)
        small = is_small(cell, actor_group, personal_groups, privacy_threshold)
        rows.append(
            {
                "actor_group": actor_group,
                "concept": concept,
                "question": questions.get(concept),
                "period": period,
                "year_from": years[period][0],
                "year_to": years[period][1],
                **({} if small else _counts(cell)),
                "suppressed": small,
                "reason": SMALL_CELL if small else "",
            }
        )
    return typed(rows, COLUMNS)


def voices_held(
    voices: pd.DataFrame,
    sides: Mapping[str, str],
    expected_groups: Collection[str],
    expected_sides: Iterable[str] = ("focal", "receiving"),
) -> pd.DataFrame:
    """Whose voices the record holds and whose it lacks: a plain count by actor group, side and place.

    Formula: statements (doubles removed), actors and lineages of each actor group on each side of the study, and at
    each place; `n_direct` are voices that saw or did what they speak of, `n_disinterested` those that gain nothing
    from being believed. Every expected group has a row on every expected side, also when nobody of it speaks there:
    `status` is `lacking` with no statement, `single_voice` with one actor or one lineage, else `heard`. These are
    counts of coverage, not of what anybody thinks, so nothing is suppressed.

    Args:
        voices: from `townshift.voices.voices_once`.
        sides: side of each place, from `townshift.place_sides.sides`; an unknown place is `elsewhere`.
        expected_groups: actor groups that a full record would hold.
        expected_sides: sides on which they are expected.

    Returns:
        `VOICE_COLUMNS`: rows of level `side` (place empty) and of level `place`, sorted by their keys.

    Example:
        >>> from townshift.voices import voices_once
        >>> voices = voices_once(pd.DataFrame({"statement_id": ["T1"], "actor_id": ["A"], "place_id": ["zhili"],
        ...     "actor_group": ["media"], "concept": ["levy"], "stance": ["neutral"], "lineage": ["L1"]}))
        >>> found = voices_held(voices, {"zhili": "focal"}, ["media", "migrant_worker"], ["focal"])
        >>> found[["level", "actor_group", "n_statements", "status"]].values.tolist()  # doctest: +NORMALIZE_WHITESPACE
        [['place', 'media', 1, 'single_voice'], ['side', 'media', 1, 'single_voice'],
         ['side', 'migrant_worker', 0, 'lacking']]
    """
    keyed = voices.assign(side=[sides.get(place, "elsewhere") for place in voices["place_id"]])
    cells: dict[tuple[str, str, str, str], pd.DataFrame] = {
        ("side", side, "", group): keyed.iloc[:0] for side in expected_sides for group in expected_groups
    }
    for keys, cell in keyed.groupby(["side", "actor_group"], sort=True):
        cells["side", str(keys[0]), "", str(keys[1])] = cell
    for keys, cell in keyed.groupby(["side", "place_id", "actor_group"], sort=True):
        cells["place", str(keys[0]), str(keys[1]), str(keys[2])] = cell
    rows = [
        {
            **dict(zip(("level", "side", "place_id", "actor_group"), key, strict=True)),
            "expected": key[3] in expected_groups,
            "n_statements": sum(len(ids) for ids in cell["row_ids"]),
            "n_actors": cell["actor_id"].nunique(),
            "n_lineages": cell["lineage"].nunique(),
            "n_direct": int((cell["position_to_know"] == "direct").sum()),
            "n_disinterested": int((cell["interest"] == "none").sum()),
            "status": _heard(cell),
        }
        for key, cell in sorted(cells.items())
    ]
    return typed(rows, VOICE_COLUMNS)


def _counts(cell: pd.DataFrame) -> dict[str, object]:
    counts: dict[str, object] = {
        name: int((cell[column] == value).sum()) for column, pairs in BREAKDOWN.items() for name, value in pairs
    }
    ids = [one for row_ids in cell["row_ids"] for one in row_ids]
    return {
        **counts,
        "n_voices": len(cell),
        "n_statements": len(ids),
        "n_actors": cell["actor_id"].nunique(),
        "n_lineages": cell["lineage"].nunique(),
        "row_ids": joined(ids),
    }


def _heard(cell: pd.DataFrame) -> str:
    if cell.empty:
        return "lacking"
    return "single_voice" if min(cell["actor_id"].nunique(), cell["lineage"].nunique()) == 1 else "heard"
