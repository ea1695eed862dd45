"""What a record holds on work: figures as published, statements and events by theme and place, proxies kept apart.

Nothing is averaged here: single cases, rounded statements and figures of different definitions are listed beside each
other, each with its qualifier, lineage and the people it speaks of.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from townshift.frames import counted_once, first_records, joined, texts, typed
from townshift.labour.themes import Theme
from townshift.voices import SMALL_CELL, is_small

FIGURE = "figure"
PROXY = "proxy"
"""Basis of a figure from elsewhere: not of this place, shown apart, never counted as its figure."""

THEME_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("theme", "title_en", "title_zh"), "string"),
    "position": "Int64",
    **dict.fromkeys(("definitions", "concepts", "context"), "string"),
}

RECORD_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("theme", "place_id", "side", "basis", "definition_id", "title_en", "title_zh"), "string"),
    "year": "Int64",
    "value": "float64",
    **dict.fromkeys(("unit", "qualifier", "group"), "string"),
    "single_case": "boolean",
    **dict.fromkeys(("flag", "tier", "lineage", "source_id", "table", "row_id", "note"), "string"),
}

STATEMENT_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("theme", "place_id", "side", "actor_group", "concept"), "string"),
    **dict.fromkeys(("agree", "disagree", "neutral", "n_voices", "n_actors", "n_lineages"), "Int64"),
    "row_ids": "string",
    "suppressed": "boolean",
    "reason": "string",
}

EVENT_COLUMNS: Mapping[str, str] = dict.fromkeys(
    (
        "theme",
        "place_id",
        "side",
        "date",
        "event_type",
        "actor_level",
        "instrument",
        "title",
        "effect",
        "lineage",
        "row_id",
    ),
    "string",
)


def theme_table(themes: Sequence[Theme]) -> pd.DataFrame:
    """The themes as a table in the declared order, for readers of results; `THEME_COLUMNS`.

    Example:
        >>> theme_table([Theme(theme="wages", title_en="Wages", title_zh="工资", definitions=("wage",))])[
        ...     ["theme", "title_zh", "position", "definitions"]].values.tolist()
        [['wages', '工资', 1, 'wage']]
    """
    rows = [
        {
            "theme": theme.theme,
            "title_en": theme.title_en,
            "title_zh": theme.title_zh,
            "position": position,
            "definitions": ";".join(theme.definitions),
            "concepts": ";".join(theme.concepts),
            "context": ";".join(theme.context),
        }
        for position, theme in enumerate(themes, start=1)
    ]
    return typed(rows, THEME_COLUMNS)


def figures(
    themes: Sequence[Theme],
    facts: pd.DataFrame,
    sides: Mapping[str, str],
    indicators: pd.DataFrame | None = None,
    tiers: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """The published figures of each theme, place and year, listed as they stand.

    Doubles (`same_as`) are listed once, under the row that was entered first. A figure without a year is listed
    without one. A definition that belongs to two themes is listed under both.

    Args:
        themes: as declared by the study.
        facts: `fact_id`, `place_id`, `definition_id`, `year`, `value_std`, `unit_std`, `qualifier`, `source_id`,
            `lineage`, `flag`, `same_as`, `note`.
        sides: side of each place, from `townshift.place_sides.sides`.
        indicators: `indicator`, `title_en`, `title_zh`, `universe` (whom a definition speaks of).
        tiers: tier of each source.

    Returns:
        `RECORD_COLUMNS` with basis `figure`; `group` is the universe of the definition. Sorted by its keys.

    Example:
        >>> facts = pd.DataFrame({"fact_id": ["F1", "F2"], "same_as": [None, "F1"], "place_id": ["zhili", "zhili"],
        ...     "definition_id": ["wage", "wage"], "year": [2019, 2019], "value_std": [5000.0, 5000.0]})
        >>> theme = Theme(theme="wages", title_en="Wages", title_zh="工资", definitions=("wage",))
        >>> figures([theme], facts, {"zhili": "focal"})[["theme", "year", "value", "row_id"]].values.tolist()
        [['wages', 2019, 5000.0, 'F1']]
    """
    names = ("fact_id", "place_id", "definition_id", "unit_std", "qualifier", "source_id", "lineage", "flag", "note")
    plain = counted_once(facts, "fact_id", *names)
    about = {} if indicators is None else _by_id(texts(indicators, "indicator", "title_en", "title_zh", "universe"))
    rows: list[dict[str, object]] = []
    for theme in themes:
        for _, fact in plain[plain["definition_id"].isin(theme.definitions)].iterrows():
            known = about.get(fact["definition_id"], {})
            rows.append(
                {
                    **{name: fact[name] for name in ("place_id", "definition_id", "qualifier", "flag", "lineage")},
                    **{name: fact[name] for name in ("source_id", "note")},
                    "theme": theme.theme,
                    "side": sides.get(fact["place_id"], "elsewhere"),
                    "basis": FIGURE,
                    "title_en": known.get("title_en") or fact["definition_id"],
                    "title_zh": known.get("title_zh") or fact["definition_id"],
                    "year": fact["year"],
                    "value": fact["value_std"],
                    "unit": fact["unit_std"],
                    "group": known.get("universe", ""),
                    "single_case": fact["definition_id"] in theme.single_cases,
                    "tier": (tiers or {}).get(fact["source_id"], ""),
                    "table": "facts",
                    "row_id": fact["fact_id"],
                }
            )
    return _sorted(typed(rows, RECORD_COLUMNS), ["theme", "place_id", "definition_id", "year", "row_id"])


def proxies(themes: Sequence[Theme], context: pd.DataFrame, sides: Mapping[str, str]) -> pd.DataFrame:
    """Figures from elsewhere that speak of a theme: national surveys and the like.

    They are not figures of the study's places, whatever their `place_id`: samples and national averages. They are
    listed with basis `proxy` so that no reader and no count takes them for one.

    Args:
        themes: as declared by the study.
        context: `place_id`, `indicator`, `year`, `value`, `unit`, `qualifier`, `note`; has no id of its own, so a
            row is named `indicator@place/year`.
        sides: side of each place.

    Returns:
        `RECORD_COLUMNS` with basis `proxy`, sorted.
    """
    plain = texts(context, "place_id", "indicator", "unit", "qualifier", "note")
    rows: list[dict[str, object]] = []
    for theme in themes:
        for _, row in plain[plain["indicator"].isin(theme.context)].iterrows():
            written = "" if pd.isna(row["year"]) else f"/{int(row['year'])}"
            rows.append(
                {
                    **{name: row[name] for name in ("place_id", "year", "value", "unit", "qualifier", "note")},
                    "theme": theme.theme,
                    "side": sides.get(row["place_id"], "elsewhere"),
                    "basis": PROXY,
                    "definition_id": row["indicator"],
                    "title_en": row["indicator"],
                    "title_zh": row["indicator"],
                    "single_case": False,
                    "table": "context",
                    "row_id": f"{row['indicator']}@{row['place_id']}{written}",
                }
            )
    return _sorted(typed(rows, RECORD_COLUMNS), ["theme", "place_id", "definition_id", "year", "row_id"])


def theme_statements(
    themes: Sequence[Theme],
    voices: pd.DataFrame,
    sides: Mapping[str, str],
    personal_groups: Collection[str],
    privacy_threshold: int,
) -> pd.DataFrame:
    """What actor groups at each place say on each theme's concepts: one voice per actor, concept and lineage.

    Formula: the number of voices in each cell of theme x place x actor group x concept, by stance. A cell of a group
    of private persons with fewer than `privacy_threshold` of them is suppressed: counts and ids are withheld.

    Args:
        themes: as declared by the study.
        voices: from `townshift.voices.voices_once`; `place_id` is where the speaker stands.
        sides: side of each place.
        personal_groups: actor groups of private persons.
        privacy_threshold: persons.

    Returns:
        `STATEMENT_COLUMNS`, one row per cell that holds a statement, sorted by its keys.
    """
    rows: list[dict[str, object]] = []
    for theme in themes:
        spoken = voices[voices["concept"].isin(theme.concepts)]
        for keys, cell in spoken.groupby(["place_id", "actor_group", "concept"], sort=True):
            place_id, actor_group, concept = (str(key) for key in keys)
            small = is_small(cell, actor_group, personal_groups, privacy_threshold)
            rows.append(
                {
                    "theme": theme.theme,
                    "place_id": place_id,
                    "side": sides.get(place_id, "elsewhere"),
                    "actor_group": actor_group,
                    "concept": concept,
                    **({} if small else _stances(cell)),
                    "suppressed": small,
                    "reason": SMALL_CELL if small else "",
                }
            )
    return _sorted(typed(rows, STATEMENT_COLUMNS), ["theme", "place_id", "actor_group", "concept"])


def theme_events(themes: Sequence[Theme], events: pd.DataFrame, sides: Mapping[str, str]) -> pd.DataFrame:
    """The events that speak of each theme, by kind, turn or id, each told once; `EVENT_COLUMNS`, sorted.

    Args:
        themes: as declared by the study.
        events: `event_id`, `date`, `place_id`, `event_type`, `actor_level`, `instrument`, `turn`, `title`, `effect`,
            `same_as`, `lineage`.
        sides: side of each place.
    """
    listed = ("date", "place_id", "event_type", "actor_level", "instrument", "title", "effect", "lineage")
    plain = counted_once(events, "event_id", "turn", *listed)
    firsts = dict(zip(texts(events, "event_id")["event_id"], first_records(events, "event_id"), strict=True))
    rows: list[dict[str, object]] = []
    for theme in themes:
        named = {firsts.get(event_id, event_id) for event_id in theme.events}
        wanted = (
            plain["event_type"].isin(theme.event_types)
            | plain["turn"].isin(theme.turns)
            | plain["event_id"].isin(sorted(named))
        )
        for _, event in plain[wanted].iterrows():
            side = sides.get(event["place_id"], "elsewhere")
            own = {name: event[name] for name in listed}
            rows.append({**own, "theme": theme.theme, "side": side, "row_id": event["event_id"]})
    return _sorted(typed(rows, EVENT_COLUMNS), ["theme", "place_id", "date", "row_id"])


def _by_id(indicators: pd.DataFrame) -> dict[str, dict[str, str]]:
    names = ("title_en", "title_zh", "universe")
    return {row["indicator"]: {name: str(row[name]) for name in names} for _, row in indicators.iterrows()}


def _stances(cell: pd.DataFrame) -> dict[str, object]:
    return {
        **{stance: int((cell["stance"] == stance).sum()) for stance in ("agree", "disagree", "neutral")},
        "n_voices": len(cell),
        "n_actors": cell["actor_id"].nunique(),
        "n_lineages": cell["lineage"].nunique(),
        "row_ids": joined(one for ids in cell["row_ids"] for one in ids),
    }


def _sorted(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return frame.sort_values(keys, kind="stable", ignore_index=True)
