"""A small `out/` folder with every table that the report reads, written from the tables' published columns."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from townshift.types import ESTIMATE_COLUMNS, Focus, estimate_id

ACTOR = "Wang Xiaoming"
"""A person's name: it stands in the study's table and must never stand in a page."""

HOSTILE = "<script>alert('x')</script> & \"more\""

FOCUS = Focus(
    place_id="alder",
    industry="shoes",
    year_from=2010,
    year_to=2020,
    seed=7,
    languages=("en", "zh"),
    titles={"en": "Shoes in Alder", "zh": "赤杨的鞋业", "industry_en": "shoes", "industry_zh": "鞋业"},
)


def estimate(measure: str, year_from: int, year_to: int, value: float, **more: object) -> dict[str, object]:
    """A row of a table of estimates with a tenth of the value on either side."""
    place, group, setting = (str(more.pop(name, default)) for name, default in DEFAULTS.items())
    row: dict[str, object] = dict.fromkeys(ESTIMATE_COLUMNS, "")
    row |= {
        "estimate_id": estimate_id(measure, place, year_from, year_to, group, setting),
        "measure": measure,
        "place_id": place,
        "year_from": year_from,
        "year_to": year_to,
        "group": group,
        "setting": setting,
        "unit": "count",
        "value": value,
        "low": value - abs(value) / 10,
        "high": value + abs(value) / 10,
        "level": 0.9,
        "n": 4,
        "n_lineages": 4,
        "kind": "estimated",
    }
    return row | more


DEFAULTS = {"place_id": "alder", "group": "", "setting": "base"}


def inputs() -> dict[str, list[dict[str, object]]]:
    """Cleaned tables of the study."""
    return {
        "places": [
            {"place_id": "alder", "name": "Alder Town", "name_zh": "赤杨镇", "lon": 120.0, "lat": 30.0},
            {"place_id": "birch", "name": "Birch County", "name_zh": "白桦县", "lon": 117.0, "lat": 30.2},
            {"place_id": "cedar", "name": "Cedar County", "name_zh": "雪松县", "lon": 117.1, "lat": 30.3},
            {"place_id": "elm", "name": "Elm County", "name_zh": "榆县", "lon": 114.0, "lat": 28.0},
        ],
        "indicators": [
            {"indicator": "firms", "title_en": "Shoe firms", "title_zh": "鞋企数"},
            {"indicator": "pairs", "title_en": "Pairs made", "title_zh": "产量"},
        ],
        "concepts": [{"concept": "levy", "proposition": "The levy is fair", "proposition_zh": "征费合理"}],
        "sources": [
            {
                "source_id": f"S{i}",
                "tier": "official",
                "url": f"https://example.org/{i}",
                "title_in_own_words": HOSTILE if i == 1 else "A page",
                "originator": "alder_press",
                "lineage": f"L{i}",
                "published": "2020",
                "interest": "none",
            }
            for i in range(1, 5)
        ],
        "events": [
            {
                "event_id": f"E{i}",
                "date": date,
                "place_id": "alder",
                "event_type": "policy",
                "actor_level": level,
                "instrument": "regulation",
                "turn": turn,
                "title": f"Event {i}",
                "same_as": same,
                "lineage": "L1",
            }
            for i, (date, level, turn, same) in enumerate(
                [
                    ("2011-10", "town", "governance", None),
                    ("2011", "town", "governance", "E0"),
                    ("2015", "city", "x", None),
                ]
            )
        ],
        "statements": [
            {
                "statement_id": "T1",
                "date": "2011",
                "actor": ACTOR,
                "actor_group": "migrant_worker",
                "place_id": "alder",
                "concept": "levy",
                "stance": "disagree",
                "paraphrase": "The levy takes a month of wages.",
                "lineage": "L1",
            }
        ],
        "flows": [
            {
                "flow_id": "W1",
                "origin_id": "alder",
                "destination_id": "birch",
                "year": 2016,
                "flow": "orders",
                "value": 300.0,
                "unit": "firms_outsourcing",
                "qualifier": "over",
                "edge_evidence": "stated",
                "lineage": "L2",
            }
        ],
        "facts": [{"fact_id": f"F{i}", "place_id": "alder", "indicator": "firms"} for i in range(6)],
        "destinations": [{"destination_id": "D1", "place_id": "birch", "relation": "park", "summary": "A park"}],
    }


def series_results() -> dict[str, list[dict[str, object]]]:
    """The reconciled series and what is computed from them."""
    years = [(2010, "estimated", ""), (2011, "bridged", ""), (2012, "estimated", "two_peaked"), (2013, "estimated", "")]
    qualifiers = ["exact", "about", "over", "under", "exact", "exact"]
    return {
        "series": [
            {**estimate("firms", y, y, 100.0 + 10 * (y - 2010), kind=kind, flags=flags), "definition_id": "firms"}
            for y, kind, flags in years
        ],
        "series_facts": [
            {
                "place_id": "alder",
                "definition_id": "firms",
                "fact_id": f"F{i}",
                "year": 2010 + i % 4,
                "value": 1100.0 if i == 5 else 100.0 + i,
                "qualifier": qualifier,
                "lineage": f"L{i % 4 + 1}",
                "weight": 0.0 if i >= 4 else 0.25,
                "flags": "extra_zero" if i == 5 else "",
                "used": i < 4,
                "reason": "" if i < 4 else "double",
            }
            for i, qualifier in enumerate(qualifiers)
        ],
        "series_weights": [
            {"place_id": "alder", "definition_id": "firms", "setting": "base", "lineage": f"L{i}", "weight": 0.25}
            for i in range(1, 5)
        ],
        "series_status": [
            {
                "place_id": "birch",
                "definition_id": "pairs",
                "status": "listed",
                "reason": "few_lineages",
                "n_facts": 2,
                "n_lineages": 1,
                "n_years": 2,
            }
        ],
        "growth": [
            {
                **estimate("growth", 2010, 2013, 0.09, group="firms", unit="per_year", kind="bridged"),
                "definition_id": "firms",
            }
        ],
        "phases": [
            {
                "place_id": "alder",
                "definition_id": "firms",
                "setting": "base",
                "year": 2012,
                "probability": 0.8,
                "slope_before": 0.1,
                "slope_after": 0.02,
            }
        ],
        "ratios": [
            *(estimate("pairs_per_firm", y, y, 5.0, unit="pairs") for y in (2010, 2012)),
            estimate("pairs_per_firm_growth", 2010, 2012, 0.01, unit="per_year"),
        ],
        "ratio_status": [
            {
                "ratio": "sales_per_firm",
                "place_id": "alder",
                "numerator": "s",
                "denominator": "f",
                "status": "no_numerator",
            }
        ],
        "land_consumption": [
            estimate("lcr", 2010, 2012, 0.02, unit="per_year"),
            estimate("lcrpgr", 2010, 2012, 1.4, unit="ratio", low=None, high=None),
        ],
    }


def other_results() -> dict[str, list[dict[str, object]]]:
    """Moves, government, labour and outcomes."""
    county = {"name": "x", "year_basis": "stated", "relations": "park", "n_rows": 1, "n_lineages": 2, "row_ids": "D1"}
    return {
        "receiving_places": [
            {
                **county,
                "county_id": "birch",
                "distance_km": 290.0,
                "first_year": 2014,
                "link": "named",
                "evidence": "strong",
            },
            {
                **county,
                "county_id": "cedar",
                "distance_km": 280.0,
                "first_year": None,
                "link": "named",
                "evidence": "single",
            },
            {
                **county,
                "county_id": "elm",
                "distance_km": 610.0,
                "first_year": None,
                "link": "comparator",
                "evidence": "none",
            },
        ],
        "flow_summary": [{"flow": "orders", "level": "county", "edge_evidence": "stated", "n": 3}],
        "instruments": [
            {
                "scope": "focal",
                "period": "2010-2014",
                "actor_level": "town",
                "instrument": "regulation",
                "n_events": 2,
                "n_lineages": 1,
            }
        ],
        "discourse": [
            {**STANCES, "actor_group": "enterprise", "agree": 1, "disagree": 3, "suppressed": False},
            {**STANCES, "actor_group": "migrant_worker", "agree": None, "disagree": None, "suppressed": True},
        ],
        "voices": [
            {
                "level": "side",
                "side": "focal",
                "place_id": "",
                "actor_group": "media",
                "n_statements": 0,
                "status": "lacking",
            },
            {
                "level": "side",
                "side": "focal",
                "place_id": "",
                "actor_group": "enterprise",
                "n_statements": 4,
                "status": "heard",
            },
        ],
        "labour_themes": [{"theme": "wages", "title_en": "Wages", "title_zh": "工资", "position": 1}],
        "labour_gaps": [
            {**GAP, "place_id": "alder", "n_figures": 2, "gaps": "one_year"},
            {**GAP, "place_id": "birch", "n_figures": 0, "gaps": "no_figure;no_worker_voice"},
        ],
        "level_gaps": [estimate("level_gap", 2020, 2020, 0.7, place_id="birch", group="income", unit="log_ratio")],
        "dependence": [
            {
                "place_id": "birch",
                "side": "dependence",
                "table": "flows",
                "item": "orders",
                "n": 2,
                "n_counted": 1,
                "n_counted_lineages": 1,
                "row_ids": "W1",
                "not_counted_reasons": "double",
            }
        ],
        "not_sayable": [
            {"topic": "Wages of all", "topic_zh": "全体工资", "reason": "no survey", "reason_zh": "没有调查"}
        ],
    }


STANCES = {"concept": "levy", "question": "2", "period": "2010-2014", "neutral": 0, "n_statements": 4, "n_lineages": 2}
GAP = {"theme": "wages", "n_lineages": 1, "n_statements": 0, "n_worker_voices": 0}


def claim_results() -> dict[str, list[dict[str, object]]]:
    """Two claims: one with numbers and words, one without data."""
    texts = {
        "needs_en": "More years",
        "needs_zh": "更多年份",
        "contradicted_by_en": "A fall",
        "contradicted_by_zh": "下降",
    }
    part = {"fragile_to": "", "reasons": "", "words_outcome": "", "records_outcome": "", "direction": "above", **texts}
    return {
        "claims": [
            {
                "claim_id": claim_id,
                "question": "process",
                "origin": "ours",
                "text_en": f"Claim {claim_id} holds",
                "text_zh": f"论断{claim_id}成立",
                "verdict": verdict,
                "strength": strength,
                "strength_reasons": "no_search",
                "rivals": json.dumps([{"en": "The market grew", "zh": "市场扩大"}], ensure_ascii=False),
                "assessments": "[]",
                "rule_status": "changed" if claim_id == "1.1" else "unchanged",
            }
            for claim_id, verdict, strength in (("1.2", "untestable", ""), ("1.1", "supported", "weak"))
        ],
        "claim_parts": [
            {
                **part,
                "claim_id": "1.1",
                "part_id": "grows",
                "text_en": "Firms grew",
                "text_zh": "企业增多",
                "outcome": "for",
                "numbers_outcome": "for",
                "words_outcome": "for",
                "delta": 0.05,
                "unit": "per_year",
                "probability_for": 0.97,
                "value": 0.09,
                "low": 0.06,
                "high": 0.12,
            },
            {
                **part,
                "claim_id": "1.2",
                "part_id": "void",
                "text_en": "Nobody knows",
                "text_zh": "无人知晓",
                "outcome": "no_data",
                "numbers_outcome": "",
                "reasons": "no_rows",
            },
        ],
        "claim_tests": [
            {
                "claim_id": "1.1",
                "part_id": "grows",
                "test": "numbers",
                "setting": setting,
                "place_id": "alder",
                "probability_for": p,
            }
            for setting, p in (("base", 0.97), ("loose_prior", 0.96))
        ],
        "claim_evidence": [
            {
                "claim_id": "1.1",
                "part_id": "grows",
                "role": "discourse",
                "counted": False,
                "reason": "no_observation",
                "table": "statements",
                "row_id": "T1",
                "lineage": "L1",
            },
            {
                "claim_id": "1.1",
                "part_id": "grows",
                "role": "for",
                "counted": True,
                "reason": "",
                "table": "events",
                "row_id": "E0",
                "lineage": "L1",
            },
        ],
    }


def write_out(folder: Path, leave_out: tuple[str, ...] = ()) -> Path:
    """Write the fake `out/` into `folder`, without some of its tables; returns it."""
    results = {**series_results(), **other_results(), **claim_results()}
    for kind, tables in (("tables", inputs()), ("results", results)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for name, rows in tables.items():
            if name not in leave_out:
                pd.DataFrame(rows).convert_dtypes().to_parquet(folder / kind / f"{name}.parquet", index=False)
    run = {
        "format": 1,
        "townshift": "0.0",
        "engine": "duckdb",
        "libraries": {"numpy": "2"},
        "steps": {
            "series": {"question": "evidence", "state": "done", "key": "ab" * 32, "outputs": {}, "parameters": {}},
            "level_gaps": {
                "question": "outcomes",
                "state": "not_studied",
                "reasons": [{"kind": "no_table", "name": "panel"}],
                "problems": [],
            },
        },
    }
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    return folder
