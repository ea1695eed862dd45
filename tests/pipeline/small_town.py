"""A small invented town on disk, with a reconciled series as if it had been computed; it satisfies `RunInputs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from townshift.engine.atomic import write_parquet
from townshift.types import N_DRAWS, Focus, estimate_id

TABLES: dict[str, dict[str, list[Any]]] = {
    "places": {"place_id": ["nation", "town", "county"], "parent_id": [None, "nation", "nation"]},
    "facts": {
        "fact_id": ["F1", "F2", "F3"],
        "place_id": ["town", "town", "county"],
        "definition_id": ["wage", "sales", "wage"],
        "year": [2019, 2005, 2020],
        "value_std": [5000.0, 100.0, 3500.0],
        "unit_std": ["yuan", "million_yuan", "yuan"],
        "qualifier": ["about", "exact", "exact"],
        "source_id": ["S1", "S1", "S2"],
        "lineage": ["L1", "L1", "L2"],
        "flag": ["ok", "ok", "ok"],
        "same_as": [None, None, None],
        "note": [None, None, None],
    },
    "indicators": {
        "indicator": ["wage", "sales", "migrants", "residents"],
        "title_en": ["Wage", "Sales", "Newcomers", "Residents"],
        "title_zh": ["工资", "销售额", "新居民", "常住人口"],
        "universe": ["sewers", "the trade", "people", "people"],
        "scale": ["log", "log", "log", "log"],
    },
    "sources": {"source_id": ["S1", "S2"], "tier": ["official", "film"]},
    "events": {
        "event_id": ["E1", "E2", "E3", "E4"],
        "date": ["2005-09", "2005", "2014", "2016-04"],
        "place_id": ["town", "nation", "town", "county"],
        "event_type": ["accident", "policy", "policy", "protest"],
        "actor_level": ["firm", "nation", "town", "county"],
        "instrument": ["none", "regulation", "land", "finance"],
        "turn": ["governance", "governance", "upgrading", "relocation"],
        "title": ["a", "b", "c", "d"],
        "effect": ["", "", "", ""],
        "same_as": [None, None, None, None],
        "lineage": ["L1", "L2", "L3", "L4"],
    },
    "statements": {
        "statement_id": ["T1", "T2", "T3"],
        "date": ["2006", "2015", None],
        "actor_id": ["A", "B", "C"],
        "actor_group": ["government", "worker", "worker"],
        "place_id": ["town", "town", "county"],
        "concept": ["pay", "pay", "pay"],
        "stance": ["agree", "disagree", "agree"],
        "speech_act": ["evaluation", "observation", "report"],
        "position_to_know": ["direct", "direct", "second_hand"],
        "interest": ["for", "none", "none"],
        "same_as": [None, None, None],
        "lineage": ["L1", "L2", "L3"],
    },
    "concepts": {"concept": ["pay"], "question": ["3"]},
    "destinations": {
        "destination_id": ["D1"],
        "place_id": ["county"],
        "county_id": ["county"],
        "link": ["named"],
    },
    "context": {
        "place_id": ["nation"],
        "indicator": ["wage_survey"],
        "year": [2006],
        "value": [966.0],
        "unit": ["yuan"],
        "qualifier": ["exact"],
        "note": ["survey"],
    },
}


def series_tables() -> dict[str, pa.Table]:
    """Sales that grow 10 % a year to 2005 and 2 % after; newcomers half of the residents, in two settings."""
    rows, draws, lineage = [], [], []
    for setting in ("base", "pure_bounds"):
        for year in range(2000, 2011):
            sales = 100 * np.exp(0.10 * min(year - 2005, 0) + 0.02 * max(year - 2005, 0))
            for definition, value, unit in (
                ("sales", sales, "million_yuan"),
                ("migrants", 50.0, "persons"),
                ("residents", 100.0, "persons"),
            ):
                key = estimate_id(definition, "town", year, year, "", setting)
                rows.append((key, definition, "town", definition, year, year, "", setting, unit, "estimated", 1, 1))
                draws.append(np.full(N_DRAWS, value))
                lineage.append((key, "facts", "F2", 1.0))
    columns = ["estimate_id", "measure", "place_id", "definition_id", "year_from", "year_to", "group", "setting",
               "unit", "kind", "n", "n_lineages"]  # fmt: skip
    return {
        "series": pa.Table.from_pandas(pd.DataFrame(rows, columns=columns), preserve_index=False),
        "series_draws": pa.table({"estimate_id": [row[0] for row in rows], "draw": [list(draw) for draw in draws]}),
        "series_lineage": pa.Table.from_pandas(
            pd.DataFrame(lineage, columns=["estimate_id", "table", "row_id", "share"]), preserve_index=False
        ),
    }


@dataclass
class SmallTown:
    """The least that a run asks of a study."""

    root: Path
    given: dict[str, dict[str, Any]] = field(default_factory=dict)
    focus: Focus = field(default_factory=lambda: Focus("town", "toys", 2000, 2020, seed=7, privacy_threshold=3))
    breaks: tuple[Mapping[str, object], ...] = ()
    claims_file: Path | None = None

    @property
    def out(self) -> Path:
        return self.root / "out"

    @property
    def table_names(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in (self.root / "data").glob("*.parquet")))

    def load_table(self, name: str) -> Path:
        return self.root / "data" / f"{name}.parquet"

    def parameters(self, step: str) -> dict[str, Any]:
        return self.given.get(step, {})

    def write(self, name: str, table: pa.Table) -> None:
        path = self.load_table(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(path, table)


def small_town(root: Path, *, without: tuple[str, ...] = (), **given: dict[str, Any]) -> SmallTown:
    """The town written to `root`, without the named tables, with the given parameters of steps."""
    town = SmallTown(root, given)
    tables = {**{name: pa.table(columns) for name, columns in TABLES.items()}, **series_tables()}
    for name, table in tables.items():
        if name not in without:
            town.write(name, table)
    return town
