"""What the study cannot say: questions whose inputs are missing or too thin, worked out from what the steps report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from townshift.frames import texts, typed
from townshift.locales import text
from townshift.types import Parameters

COLUMNS = {
    "topic_id": "string",
    "question": "string",
    "topic": "string",
    "topic_zh": "string",
    "reason_code": "string",
    "reason": "string",
    "reason_zh": "string",
    "place_id": "string",
    "item": "string",
    "source_table": "string",
}
"""Columns of `not_sayable` and their pandas dtypes."""


class NotSayableParameters(Parameters):
    """`[parameters.not_sayable]`.

    Attributes:
        definition: definition ids that matter so much that the lack of a series is said, besides those of declared
            ratios and land.
    """

    definition: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reports:
    """What the steps report on themselves; None where a step did not run.

    Attributes:
        series_status: place_id, definition_id, status, n_lineages, n_years.
        growth: place_id, group, measure, setting, status, breaks.
        phases: place_id, definition_id, setting, status, n_years.
        ratio_status: ratio, place_id, numerator, denominator, status.
        land_status: place_id, land, against, status.
        level_status: definition_id, place_id, status.
        asymmetry: place_id.
        receiving_places: county_id, evidence.
        flow_summary: n_quantified, n_documented.
    """

    series_status: pd.DataFrame | None = None
    growth: pd.DataFrame | None = None
    phases: pd.DataFrame | None = None
    ratio_status: pd.DataFrame | None = None
    land_status: pd.DataFrame | None = None
    level_status: pd.DataFrame | None = None
    asymmetry: pd.DataFrame | None = None
    receiving_places: pd.DataFrame | None = None
    flow_summary: pd.DataFrame | None = None


@dataclass(frozen=True)
class Titles:
    """Names of places, definitions and tables in both languages; an id stands for a name that is not given."""

    en: Mapping[str, str] = field(default_factory=dict)
    zh: Mapping[str, str] = field(default_factory=dict)

    def of(self, key: str, language: str) -> str:
        """The name of one id."""
        return (self.zh if language == "zh" else self.en).get(key) or self.en.get(key) or key


def titles(places: pd.DataFrame, indicators: pd.DataFrame | None) -> Titles:
    """Names of places and definitions from the study's tables.

    Args:
        places: place_id, name, name_zh.
        indicators: indicator, title_en, title_zh.
    """
    rows = texts(places, "place_id", "name", "name_zh")
    en = dict(zip(rows["place_id"], rows["name"], strict=True))
    zh = dict(zip(rows["place_id"], rows["name_zh"], strict=True))
    if indicators is not None:
        named = texts(indicators, "indicator", "title_en", "title_zh")
        en.update(zip(named["indicator"], named["title_en"], strict=True))
        zh.update(zip(named["indicator"], named["title_zh"], strict=True))
    return Titles(en, zh)


def not_sayable(
    reports: Reports,
    missing_tables: Sequence[str],
    focal: str,
    names: Titles | None = None,
    parameters: NotSayableParameters | None = None,
) -> pd.DataFrame:
    """Every topic on which the study cannot say anything, or nothing certain, with the reason that a step reports.

    Nothing is typed in: a topic is here because a status says so, and leaves when the record fills up. Topics come
    from missing tables; declared definitions without a series; growth across declared breaks; series too short for
    phases; ratios, land comparisons and level gaps without a counterpart; receiving places whose link nobody names;
    dependence without shares; and flows that nobody counted.

    Args:
        reports: what the steps report.
        missing_tables: tables that a study may have and this one lacks.
        focal: the focal place.
        names: names of places and definitions.
        parameters: definitions that matter.

    Returns:
        `COLUMNS`, sorted by question and topic: `topic` and `reason` in English, `_zh` in Chinese.

    Example:
        >>> rows = not_sayable(Reports(), ["firms"], "p")
        >>> rows[["topic_id", "reason_code"]].values.tolist()
        [['table:firms', 'no_table']]
    """
    chosen = parameters or NotSayableParameters()
    found = [
        *_tables(missing_tables),
        *_series(reports, chosen, focal),
        *_growth(reports),
        *_phases(reports, focal),
        *_ratios(reports, focal),
        *_land(reports),
        *_levels(reports),
        *_asymmetry(reports),
        *_links(reports),
        *_flows(reports),
    ]
    spoken = names or Titles()
    unique = {topic.topic_id: topic for topic in reversed(found)}
    rows = [_row(unique[key], spoken) for key in unique]
    table = typed(rows, COLUMNS)
    return table.sort_values(["question", "topic_id"], kind="stable").reset_index(drop=True)


@dataclass(frozen=True)
class _Topic:
    kind: str
    question: str
    reason: str
    source: str
    place: str = ""
    item: str = ""
    other: str = ""
    missing: str = ""
    numbers: Mapping[str, object] = field(default_factory=dict)

    @property
    def topic_id(self) -> str:
        return ":".join(part for part in (self.kind, self.item, self.other, self.place) if part)


def _row(topic: _Topic, names: Titles) -> dict[str, object]:
    row: dict[str, object] = {
        "topic_id": topic.topic_id,
        "question": topic.question,
        "reason_code": topic.reason,
        "place_id": topic.place,
        "item": topic.item,
        "source_table": topic.source,
    }
    for language, suffix in (("en", ""), ("zh", "_zh")):
        words = {
            "place": names.of(topic.place, language),
            "item": names.of(topic.item, language),
            "other": names.of(topic.other, language),
            "missing": names.of(topic.missing, language),
            **topic.numbers,
        }
        row[f"topic{suffix}"] = text(f"not_sayable.topic.{topic.kind}", language, **words)
        row[f"reason{suffix}"] = text(f"not_sayable.reason.{topic.reason}", language, **words)
    return row


def _tables(missing: Sequence[str]) -> list[_Topic]:
    question = {"respondents": "labour", "answers": "labour", "accounts": "outcomes", "orders": "outcomes"}
    return [_Topic("table", question.get(name, "process"), "no_table", name, item=name) for name in sorted(missing)]


def _records(frame: pd.DataFrame | None) -> list[dict[str, str]]:
    if frame is None or frame.empty:
        return []
    plain = texts(frame, *map(str, frame.columns))
    return [{str(key): str(value) for key, value in row.items()} for row in plain.to_dict("records")]


def _series(reports: Reports, parameters: NotSayableParameters, focal: str) -> list[_Topic]:
    wanted = {(focal, definition) for definition in parameters.definition}
    for ratio in _records(reports.ratio_status):
        if ratio["place_id"] == focal:
            wanted |= {(focal, ratio["numerator"]), (focal, ratio["denominator"])}
    wanted |= {(land["place_id"], land["land"]) for land in _records(reports.land_status) if land["land"]}
    if reports.series_status is None:
        return []
    status = {(row["place_id"], row["definition_id"]): row for row in _records(reports.series_status)}
    topics = []
    for place, definition in sorted(wanted):
        row = status.get((place, definition))
        if row is None:
            topics.append(_Topic("series", "process", "no_figure", "series_status", place, definition))
        elif row["status"] != "series":
            values = {"lineages": row.get("n_lineages", ""), "years": row.get("n_years", "")}
            reason = "one_year" if row["status"] == "level" else "too_thin"
            topics.append(_Topic("series", "process", reason, "series_status", place, definition, numbers=values))
    return topics


def _growth(reports: Reports) -> list[_Topic]:
    reasons = {"not_identified": "break_between", "bridged_end": "bridged_ends"}
    return [
        _Topic("growth", "process", reasons[row["status"]], "growth", row["place_id"], row["group"], numbers=row)
        for row in _records(reports.growth)
        if row["setting"] == "base" and row["measure"] == "growth" and row["status"] in reasons
    ]


def _phases(reports: Reports, focal: str) -> list[_Topic]:
    return [
        _Topic("phases", "process", "too_short", "phases", row["place_id"], row["definition_id"], numbers=row)
        for row in _records(reports.phases)
        if row["setting"] == "base" and row["status"] == "too_short" and row["place_id"] == focal
    ]


def _ratios(reports: Reports, focal: str) -> list[_Topic]:
    lacking = {"no_numerator": "numerator", "neither": "numerator", "no_denominator": "denominator"}
    topics = []
    for row in _records(reports.ratio_status):
        if row["place_id"] != focal or row["status"] == "ok":
            continue
        upper, lower = row["numerator"], row["denominator"]
        missing = row[lacking[row["status"]]] if row["status"] in lacking else ""
        reason = "counterpart_missing" if missing else "no_common_year"
        topics.append(_Topic("ratio", "process", reason, "ratio_status", focal, upper, lower, missing))
    return topics


def _land(reports: Reports) -> list[_Topic]:
    topics = []
    for row in _records(reports.land_status):
        if row["status"] in ("ok", "not_declared"):
            continue
        missing = {"no_land": row["land"], "no_counterpart": row["against"]}.get(row["status"], "")
        reason = "counterpart_missing" if missing else "no_common_year"
        against = row["against"]
        topics.append(_Topic("land", "process", reason, "land_status", row["place_id"], against, missing=missing))
    return topics


def _levels(reports: Reports) -> list[_Topic]:
    """One topic per definition: the places for which it cannot be compared, if there is none for which it can."""
    topics = []
    rows = _records(reports.level_status)
    for definition in sorted({row["definition_id"] for row in rows}):
        statuses = {row["place_id"]: row["status"] for row in rows if row["definition_id"] == definition}
        compared = [place for place, status in statuses.items() if status == "ok"]
        reason = next((name for name in ("no_common_year", "no_place_figure") if name in statuses.values()), "neither")
        reason = "no_focal_figure" if "no_focal_figure" in statuses.values() else reason
        values = {"compared": len(compared), "places": len(statuses)}
        if len(compared) < len(statuses):
            reason = "some_places" if compared else f"level_{reason}"
            topics.append(_Topic("level", "outcomes", reason, "level_status", "", definition, numbers=values))
    return topics


def _asymmetry(reports: Reports) -> list[_Topic]:
    if reports.asymmetry is None:
        return []
    known = {row["place_id"] for row in _records(reports.asymmetry)}
    linked = [row["county_id"] for row in _records(reports.receiving_places) if row["evidence"] != "none"]
    without = sorted(set(linked) - known)
    if not without:
        return []
    values = {"places": len(without)}
    return [_Topic("asymmetry", "outcomes", "shares_missing", "asymmetry", numbers=values)]


def _links(reports: Reports) -> list[_Topic]:
    rows = _records(reports.receiving_places)
    unlinked = [row for row in rows if row["evidence"] == "none"]
    if not unlinked:
        return []
    values = {"places": len(unlinked), "all": len(rows)}
    return [_Topic("links", "process", "link_not_named", "receiving_places", numbers=values)]


def _flows(reports: Reports) -> list[_Topic]:
    if reports.flow_summary is None or reports.flow_summary.empty:
        return []
    documented = int(reports.flow_summary["n_documented"].sum())
    values = {"documented": documented, "all": int(reports.flow_summary["n"].sum())}
    return [_Topic("flows", "process", "never_summed", "flow_summary", numbers=values)]
