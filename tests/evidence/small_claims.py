"""A claims file and tables small enough to see through: one claim, few rows, estimates with draws of a given centre."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd

from townshift.evidence.claims import ClaimsFile
from townshift.evidence.claims_read import parse_claims
from townshift.frames import collect_estimates
from townshift.types import N_DRAWS, Estimate, Estimates

BOTH = {"en": "text", "zh": "文本"}
SETTINGS = ("base", "loose_prior", "pure_bounds")


def numbers(**changes: Any) -> dict[str, Any]:
    test = {
        "table": "growth", "measure": "growth", "group": "firms", "place": "town", "direction": "above", "delta": 0.02,
        "unit": "per_year", "why": BOTH,
    }  # fmt: skip
    return test | changes


def words(**changes: Any) -> dict[str, Any]:
    return {"agree": ["town_overload"], "why": BOTH} | changes


def records(**changes: Any) -> dict[str, Any]:
    test = {
        "gain": "for", "why": BOTH,
        "for": [{"table": "events", "where": {"event_type": ["opening"]}}],
        "against": [{"table": "events", "where": {"event_type": ["closing"]}}],
    }  # fmt: skip
    return test | changes


def part(part_id: str = "one", **tests: Any) -> dict[str, Any]:
    return {"id": part_id, "text": BOTH, "needs": BOTH, "contradicted_by": BOTH, **tests}


def content(*parts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The content of a claims file with one claim."""
    claim = {
        "id": "1.1", "question": "process", "origin": "ours", "text": BOTH, "rivals": [BOTH],
        "parts": list(parts) or [part(words=words())],
    }  # fmt: skip
    turn_events = {"table": "events", "where": {"turn": ["upgrading"]}}
    return deepcopy(
        {
            "format": 1,
            "originators": {"press": ["daily", "weekly"], "research": ["scholar"], "government": ["town_hall"]},
            "organisations": {"names": ["town_hall"]},
            "turns": {"upgrading": {"title": BOTH, "events": turn_events}},
            "claims": [claim],
        }
        | changes
    )


def file_of(*parts: dict[str, Any], **changes: Any) -> ClaimsFile:
    return parse_claims(content(*parts, **changes))


def estimates(*rows: dict[str, Any], spread: float = 0.001) -> Estimates:
    """Estimates around given centres; each row needs `centre` and may change any key of the estimate."""
    wave = np.random.default_rng(3).standard_normal(N_DRAWS)
    found = []
    for row in rows:
        keys = {
            "measure": "growth",
            "place_id": "town",
            "group": "firms",
            "unit": "per_year",
            "year_from": 2000,
            "year_to": 2020,
        }
        own = {name: value for name, value in row.items() if name not in ("centre", "facts", "spread")}
        draws = row["centre"] + row.get("spread", spread) * wave
        estimate = Estimate(**(keys | own), value=float(np.median(draws)), low=draws.min(), high=draws.max())
        ids = row.get("facts", ["F1", "F2"])
        behind = pd.DataFrame({"table": "facts", "row_id": list(ids), "share": 1.0})
        found.append((estimate, draws, behind))
    return collect_estimates(found)


def under_settings(centre: float, **changes: float) -> Estimates:
    """One growth rate under all settings; a setting named in `changes` has another centre."""
    return estimates(*({"setting": name, "centre": changes.get(name, centre)} for name in SETTINGS))


FACTS = pd.DataFrame(
    [
        ("F1", "town", "firms", 2000, 100.0, "exact", "S1", "L1"),
        ("F2", "town", "firms", 2020, 200.0, "about", "S2", "L2"),
    ],
    columns=["fact_id", "place_id", "definition_id", "year", "value_std", "qualifier", "source_id", "lineage"],
)

SOURCES = pd.DataFrame(
    [
        ("S1", "L1", "", "daily", "none", "original_press"),
        ("S2", "L2", "", "scholar", "none", "research"),
        ("S3", "L3", "", "weekly", "self_interested_for", "trade_press"),
        ("S4", "L4", "", "town_hall", "self_interested_for", "official"),
        ("S5", "L5", "", "town_hall", "unclear", "official"),
        ("S6", "L6", "", "daily", "none", "official"),
    ],
    columns=["source_id", "lineage", "package", "originator", "interest", "tier"],
)


def statements(*rows: dict[str, Any]) -> pd.DataFrame:
    """Statements: direct observations by disinterested workers unless a row says otherwise."""
    usual = {
        "date": "2005", "actor_group": "migrant_worker", "place_id": "town", "concept": "town_overload",
        "stance": "agree", "speech_act": "observation", "position_to_know": "direct", "interest": "none", "same_as": "",
    }  # fmt: skip
    return pd.DataFrame(
        [
            usual | {"statement_id": f"T{i}", "actor_id": f"A{i}", "lineage": f"M{i}", "source_id": f"SM{i}"} | row
            for i, row in enumerate(rows, start=1)
        ]
    )


def events(*rows: dict[str, Any]) -> pd.DataFrame:
    """Events: openings reported by sources S1, S2, S3 … unless a row says otherwise."""
    usual = {"date": "2005", "place_id": "town", "event_type": "opening", "turn": "none", "title": "x", "same_as": ""}
    return pd.DataFrame(
        [
            usual | {"event_id": f"E{i}", "lineage": f"L{i}", "source_id": f"S{i}"} | row
            for i, row in enumerate(rows, start=1)
        ]
    )


WORKER, OWNER = {"actor_group": "migrant_worker"}, {"actor_group": "enterprise"}


def agreeing() -> pd.DataFrame:
    """Three observations that decide: three lineages, two groups, none with an interest."""
    return statements(WORKER, WORKER, OWNER)


def disagreeing() -> pd.DataFrame:
    return statements(*({**who, "stance": "disagree"} for who in (WORKER, WORKER, OWNER)))
