"""How false and true records come to speak: observers who err now and then, and interested parties who are loud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from townshift.evidence.claims import ClaimsFile, RecordsTest, RowFilter, WordsTest
from townshift.evidence.claims_inputs import Inputs, matches, read_inputs

TURN_YEARS = {"upgrading": 2007, "relocation": 2012}

ACCURACY = 0.85  # of an honest observer
HONEST = (2, 5.0)  # lineages of honest observers: at least, and mean of the Poisson rest
LOUD = 3.0  # mean number of lineages that hand on what an interested party wants
LEAK = 0.1  # of these, coded as without interest by mistake
RELEASE = 0.5  # of these, part of one press release

# Parts that speak of one thing share their truth: the same propositions and the same flows bear on them.
SHARED = {
    ("1.3", "overload_before_turn"): "overload", ("3.3", "services_strained"): "overload",
    ("2.2", "sales_stay"): "dependence", ("2.4", "markets"): "dependence", ("2.5", "gaps_exist"): "dependence",
    ("2.6", "own_sales_and_supply"): "-dependence",
}  # fmt: skip


def variable(name: tuple[str, str]) -> str:
    return SHARED.get(name, "/".join(name)).lstrip("-")


class Templates:
    """For every filter, rows that it selects, with the other parts that each of them would bear on."""

    def __init__(self, file: ClaimsFile, places: pd.DataFrame) -> None:
        self.file = file
        self.inputs: Inputs = read_inputs(file, {"places": places, "events": turn_acts()})
        self.sides = [
            (claim.id, part.id, side, rows)
            for claim in file.claims
            for part in claim.parts
            if part.records is not None
            for side, filters in (("for", part.records.for_), ("against", part.records.against))
            for rows in filters
        ]
        rng = np.random.default_rng(1)
        self.rows = {id(entry[3]): [self._row(entry[3], rng) for _ in range(60)] for entry in self.sides}

    def _row(self, rows: RowFilter, rng: np.random.Generator) -> tuple[dict[str, Any], frozenset[tuple[str, str, str]]]:
        row = {**NEUTRAL[rows.table], **{name: str(rng.choice(values)) for name, values in rows.where.items()}}
        if rows.contains:
            row |= {name: str(rng.choice(values)) for name, values in rows.contains.items()}
        for name, options in SPARE.get(rows.table, {}).items():
            if name not in rows.where:
                row[name] = str(rng.choice([v for v in options if v not in rows.exclude.get(name, ())]))
        if rows.within:
            row[rows.within_column] = str(rng.choice([p for p in INSIDE if self._inside(p, rows)]))
        year = int(rng.integers(2015, 2024))
        if rows.before or rows.until:
            year = int(rng.integers(1972, 1977)) if rows.until else int(rng.integers(2001, 2006))
        row["date" if rows.table == "events" else "year"] = str(year) if rows.table == "events" else year
        if rows.over is not None:
            row |= {"value": rows.over * 1.5, "value_std": rows.over * 1.5}
        if rows.under is not None:
            row |= {"value": rows.under * 0.5, "value_std": rows.under * 0.5}
        assert matches(self.inputs, row, rows), (row, rows)
        hits = {(claim, part, side) for claim, part, side, other in self.sides
                if other.table == rows.table and matches(self.inputs, row, other)}  # fmt: skip
        return row, frozenset(hits)

    def _inside(self, place: str, rows: RowFilter) -> bool:
        return bool(self.inputs.ancestors.get(place, frozenset()) & set(rows.within))

    def choose(
        self, rows: RowFilter, own: tuple[str, str], truth: Mapping[tuple[str, str], bool], rng: np.random.Generator
    ) -> dict[str, Any]:
        """A row for a filter that says nothing false about any other part, as far as there is one."""

        def lies(hits: frozenset[tuple[str, str, str]]) -> int:
            return sum((side == "for") != truth[claim, part] for claim, part, side in hits if (claim, part) != own)

        options = self.rows[id(rows)]
        least = min(lies(hits) for _, hits in options)
        good = [row for row, hits in options if lies(hits) == least]
        return dict(good[int(rng.integers(len(good)))])


NEUTRAL: dict[str, dict[str, Any]] = {
    "events": {"event_type": "other", "turn": "none", "actor_level": "village", "instrument": "none", "title": "an act",
               "place_id": "zhili", "same_as": ""},
    "flows": {"origin_id": "foshan", "destination_id": "prato", "flow": "other", "value": "", "unit": "",
              "qualifier": "about", "level": "county", "edge_evidence": "stated"},
    "destinations": {"place_id": "foshan", "relation": "park", "link": "comparator", "county_id": "", "same_as": ""},
    "facts": {"place_id": "zhili", "definition_id": "", "indicator": "", "unit": "percent", "unit_std": "percent",
              "qualifier": "exact", "flag": "ok", "same_as": "", "package": ""},
}  # fmt: skip
SPARE = {"events": {"place_id": ["zhili", "wuxing", "foshan"]},
         "flows": {"destination_id": ["zhili", "prato", "wangjiang"],
                   "origin_id": ["foshan", "prato", "wangjiang"]}}  # fmt: skip
PLAIN_SOURCE = {"package": "", "interest": "none", "originator": "other_press", "tier": "press_origin"}
INSIDE = ("wangjiang", "langxi", "ningdu", "jianli", "gushi", "pinghu", "suqian", "foshan", "zhili")
KEYS = {"events": "event_id", "flows": "flow_id", "destinations": "destination_id", "facts": "fact_id"}
GROUPS = ("press", "research", "civil", "trade", "government")
ORIGINATORS = {"press": "other_press", "research": "research", "civil": "forum", "trade": "trade_press",
               "government": "other_local_government"}  # fmt: skip
ACTORS = ("enterprise", "migrant_worker", "village_community", "association", "research")


def turn_acts() -> pd.DataFrame:
    """The acts that date the two turns."""
    rows = [
        NEUTRAL["events"]
        | {"event_id": f"T{turn}{i}", "turn": turn, "actor_level": "nation", "instrument": "regulation"}
        | {"date": f"{year}-0{i + 3}", "source_id": f"ST{turn}{i}", "lineage": f"T{turn}{i}"}
        for turn, year in TURN_YEARS.items()
        for i in range(2)
    ]
    return pd.DataFrame(rows)


class Press:
    """Publishes what observers saw and what interested parties want to be believed."""

    def __init__(
        self,
        file: ClaimsFile,
        templates: Templates,
        truth: Mapping[tuple[str, str], bool],
        rng: np.random.Generator,
        facts: pd.DataFrame,
    ) -> None:
        self.file, self.templates, self.truth, self.rng = file, templates, truth, rng
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in (*KEYS, "statements")}
        self.rows["events"] += turn_acts().to_dict("records")
        # The place that was compared must be known as a receiving place.
        self.rows["destinations"].append(
            NEUTRAL["destinations"]
            | {"destination_id": "D0", "place_id": "wangjiang", "link": "county_named", "relation": "other"}
            | {"source_id": "SN00", "lineage": "N00"}
        )
        self.sources: dict[str, dict[str, Any]] = {
            str(row["source_id"]): {"source_id": row["source_id"], "lineage": row["lineage"]} | PLAIN_SOURCE
            for row in [*facts.to_dict("records"), *self.rows["events"]]
        }

    def tables(self) -> dict[str, pd.DataFrame]:
        spoken: set[tuple[str, tuple[str, ...]]] = set()
        for claim in self.file.claims:
            for part in claim.parts:
                key = (claim.id, part.id)
                if part.records is not None:
                    self._records(key, part.records)
                said = (variable(key), part.words.agree if part.words is not None else ())
                opposite = SHARED.get(key, "").startswith("-")  # its part was spoken of the other way round
                if part.words is not None and said not in spoken and not opposite:
                    spoken.add(said)
                    self._words(key, part.words)
        out = {name: pd.DataFrame(rows) for name, rows in self.rows.items()}
        out["sources"] = pd.DataFrame(list(self.sources.values()))
        return out

    def _sides(self, true: bool) -> list[tuple[str, bool]]:
        """Side and honesty of every lineage that speaks on one part."""
        honest = HONEST[0] + int(self.rng.poisson(HONEST[1]))
        right = self.rng.random(honest) < ACCURACY
        seen = [("for" if ok == true else "against", True) for ok in right]
        return [*seen, *[("for", False)] * int(self.rng.poisson(LOUD))]

    def _source(self, key: tuple[str, str], number: int, honest: bool, loud_interest: str) -> tuple[str, str, str]:
        lineage = f"L{key[0]}{key[1]}{number}{len(self.sources)}"
        if honest:
            group = str(self.rng.choice(GROUPS))
            interest = str(self.rng.choice(["none", "unclear", loud_interest], p=[0.6, 0.2, 0.2]))
            package = ""
        else:
            group = str(self.rng.choice(["government", "trade", "press"]))
            interest = "none" if self.rng.random() < LEAK else loud_interest
            package = f"PK{key}" if self.rng.random() < RELEASE else ""
        source = f"S{lineage}"
        self.sources[source] = {
            "source_id": source, "lineage": lineage, "package": package, "interest": interest,
            "originator": ORIGINATORS[group], "tier": "original_press",
        }  # fmt: skip
        return source, lineage, package

    def _records(self, key: tuple[str, str], test: RecordsTest) -> None:
        loud = {"for": "self_interested_for", "against": "self_interested_against"}.get(
            test.gain, "self_interested_for"
        )
        for number, (side, honest) in enumerate(self._sides(self.truth[key])):
            filters = test.for_ if side == "for" else test.against
            rows = filters[int(self.rng.integers(len(filters)))]
            row = self.templates.choose(rows, key, self.truth, self.rng)
            source, lineage, package = self._source(key, number, honest, loud)
            name = KEYS[rows.table]
            row |= {name: f"V{rows.table[0]}{len(self.rows[rows.table]):04d}", "source_id": source, "lineage": lineage}
            if rows.table == "facts":
                row |= {"package": package, "tier": "original_press", "indicator": row["definition_id"]}
            self.rows[rows.table].append(row)

    def _words(self, key: tuple[str, str], test: WordsTest) -> None:
        # A truth that several parts share is spoken of once; -dependence speaks through the part that came first.
        place = test.places[0] if test.places else "wangjiang" if test.within else "zhili"
        options = [(name, "agree") for name in test.agree] + [(name, "disagree") for name in test.disagree]
        for number, (side, honest) in enumerate(self._sides(self.truth[key])):
            concept, stance = options[int(self.rng.integers(len(options)))]
            if side == "against":
                stance = "disagree" if stance == "agree" else "agree"
            source, lineage, _ = self._source(key, number, honest, "self_interested_for")
            gains = "for" if (stance == "agree") else "against"
            interest = str(self.rng.choice(["none", "unclear", gains], p=[0.6, 0.2, 0.2])) if honest else gains
            if not honest and self.rng.random() < LEAK:
                interest = "none"
            for repeat in range(1 + int(not honest)):
                self.rows["statements"].append({
                    "statement_id": f"Q{len(self.rows['statements']):04d}",
                    "date": "2003" if test.before else "2018", "actor_id": f"A{lineage}",
                    "actor_group": str(self.rng.choice(ACTORS)) if honest else "government", "place_id": place,
                    "concept": concept, "stance": stance, "position_to_know": "direct", "interest": interest,
                    "speech_act": "observation" if repeat == 0 else "evaluation",
                    "same_as": "", "lineage": lineage, "source_id": source,
                })  # fmt: skip
