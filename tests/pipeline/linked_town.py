"""A town and the county its work moved to, on disk, with planted series; for the steps of questions 1 and 4."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from coordination.record import PLACES, facts, flow, statement
from pipeline.small_town import SmallTown
from process.planted import Planted, constant, together
from townshift.engine import collect, run_graph
from townshift.engine.estimates import estimate_tables
from townshift.engine.tables import read_frame
from townshift.pipeline import coordination, process

STEPS = collect([process, coordination])

YEARS = list(range(2000, 2015))
SALES = [100 * np.exp(0.2 * min(year - 2007, 0)) for year in YEARS]
"""20 % a year until 2007, then nothing."""

GIVEN: dict[str, dict[str, Any]] = {
    "growth": {"window": [{"name": "boom", "year_from": 2000, "year_to": 2007}]},
    "ratios": {
        "ratio": [
            {"name": "sales_per_firm", "numerator": "sales", "denominator": "firms", "unit": "yuan_per_firm"},
            {"name": "online_share", "numerator": "online", "denominator": "sales", "unit": "share", "share": True},
        ]
    },
    "land_consumption": {"land": "land", "population": "people", "output": "sales"},
    "receiving_places": {"level": ["gdp"]},
    "level_gaps": {"definition": ["gdp"]},
    "dependence": {
        "dependence_concepts": ["market_dependence"],
        "flow": [{"flow": "orders", "from_side": "focal", "to_side": "receiving", "side": "dependence"}],
        "share": [{"role": "receiving_on_origin", "flow": "orders", "unit": "share_of_orders"}],
    },
    "not_sayable": {"definition": ["wage"]},
}
"""Parameters as `study.toml` would give them."""


def planted(settings: tuple[str, ...] = ("base", "loose_prior")) -> dict[str, pa.Table]:
    """The tables of the planted series: sales with a turn in 2007, firms, land and people that grow steadily."""
    steady = np.arange(15)
    series = [
        Planted(name, YEARS, constant(values), setting=setting)
        for setting in settings
        for name, values in (
            ("sales", SALES),
            ("firms", 10 * np.exp(0.05 * steady)),
            ("land", 20 * np.exp(0.03 * steady)),
            ("people", 50 * np.exp(0.02 * steady)),
        )
    ]
    return estimate_tables("series", together(*series))


def published() -> pd.DataFrame:
    """The rows that the planted series rest on, and levels of both sides."""
    behind = [
        (f"{name}-{tail}", "town", name, 2000, 1.0, {"lineage": "L1"})
        for name in ("sales", "firms", "land", "people")
        for tail in (*YEARS, "all")
    ]
    return facts(*behind, ("G1", "district", "gdp", 2020, 90_000.0), ("G2", "far", "gdp", 2020, 45_000.0))


def linked_town(
    root: Path, *, without: tuple[str, ...] = (), breaks: tuple[Mapping[str, object], ...] = (), **given: dict[str, Any]
) -> SmallTown:
    """The town written to `root`, without the named tables; `given` replaces parameters of whole steps."""
    town = SmallTown(root, {**GIVEN, **given}, breaks=breaks)
    places = PLACES.assign(lon=[np.nan, np.nan, 120.2, 120.0, 117.0, 117.0, 117.0, 118.0], lat=30.0)
    destinations = pd.DataFrame(
        [
            ("D1", "far", "far", "named", "L1", "park", 2014, "stated", "county"),
            ("D2", "far_park", "far", "named", "L2", "park", 2015, "stated", "park"),
            ("D3", "other", "other", "comparator", "L3", "park", 2016, "stated", "county"),
        ],
        columns=[
            "destination_id",
            "place_id",
            "county_id",
            "link",
            "lineage",
            "relation",
            "first_year",
            "year_basis",
            "site_level",
        ],
    )
    frames = {
        "places": places,
        "destinations": destinations,
        "facts": published(),
        "flows": pd.DataFrame([flow("W1", "town", "far", "orders", value=60.0, unit="share_of_orders")]),
        "statements": pd.DataFrame([statement("S1", "far", "market_dependence")]),
        "indicators": pd.DataFrame({"indicator": ["wage"], "title_en": ["Monthly pay"], "title_zh": ["月工资"]}),
        "series_status": pd.DataFrame(
            {"place_id": ["town"], "definition_id": ["wage"], "status": ["listed"], "n_lineages": [1], "n_years": [1]}
        ),
    }
    tables = {name: pa.Table.from_pandas(one, preserve_index=False) for name, one in frames.items()}
    for name, table in {**tables, **planted()}.items():
        if name not in without:
            town.write(name, table)
    return town


def run(root: Path, **more: Any) -> dict[str, pd.DataFrame]:
    """All results of questions 1 and 4 by name."""
    town = linked_town(root, **more)
    run_graph(town, STEPS, debug=True)
    return {path.stem: read_frame(path) for path in (town.out / "results").glob("*.parquet")}
