"""An invented town of firm points, with planted clusters, through the steps that measure concentration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.small_town import SmallTown
from townshift.engine import collect, run_graph
from townshift.engine.tables import read_frame
from townshift.pipeline import concentration
from townshift.types import Focus

STEPS = collect([concentration])
LON, LAT = 120.25, 30.85
KM_EAST, KM_NORTH = 1 / (111.195 * np.cos(np.radians(LAT))), 1 / 111.195
QUICK = {
    "concentration": {
        "relabellings": 39,
        "m_relabellings": 39,
        "distances": 21,
        "permutations": 99,
        "area_level": "county",
    },
    "clusters": {"resamples": 5, "null_runs": 20, "max_cells": 2**14},
    "town_uses": {"draws": 100},
}


def establishments(seed: int = 1) -> pd.DataFrame:
    """A village of 60 workshops from 2000, a park of 60 plants from 2008, and 400 other firms all over the town."""
    rng = np.random.default_rng(seed)
    east = np.concatenate([rng.normal(-2, 0.2, 60), rng.normal(2, 0.2, 60), rng.uniform(-5, 5, 400)])
    north = np.concatenate([rng.normal(0, 0.2, 120), rng.uniform(-5, 5, 400)])
    member = np.arange(520) < 120
    entry = np.concatenate([np.full(60, 2000), np.full(60, 2008), np.full(400, 1999)])
    return pd.DataFrame(
        {
            "record_id": [f"r{number:03d}" for number in range(520)],
            "lon": LON + east * KM_EAST,
            "lat": LAT + north * KM_NORTH,
            "member": member,
            "employees": np.full(520, 5.0),
            "entry_from": pd.to_datetime([f"{year}-03-01" for year in entry]),
            "exit_from": pd.Series([pd.NaT] * 520, dtype="datetime64[ns]"),
            "place_id": "town",
        }
    )


def firm_years(years: range) -> pd.DataFrame:
    """Five counties; the first holds most of the industry."""
    rows = [
        (f"county{number}", "county", year, member, "", stock)
        for year in years
        for number, own in enumerate((60, 10, 5, 5, 5))
        for member, stock in ((True, own), (False, 100))
    ]
    return pd.DataFrame(rows, columns=["place_id", "level", "year", "member", "size_band", "n_stock"])


def run(
    root: Path, rows: pd.DataFrame, years: tuple[int, int] = (2000, 2012), uses: bool = True, at=(LON, LAT)
) -> dict:
    town = SmallTown(root, QUICK, Focus("town", "toys", *years, seed=7, privacy_threshold=3))
    counties = [f"county{number}" for number in range(5)]
    places = pd.DataFrame({
        "place_id": ["town", *counties], "parent_id": ["county0", *["east", "east", "west", "west", "west"]],
        "lon": [at[0], *(LON + 0.3 * number for number in range(5))],
        "lat": [at[1], *(LAT + 0.2 * (number % 2) for number in range(5))],
    })  # fmt: skip
    firms = pd.DataFrame({"record_id": rows["record_id"]})
    if uses:
        firms["use"] = np.where(rows["entry_from"].dt.year == 2008, "park_plant", "workshop")
    tables = {"establishments": rows, "places": places, "firms": firms,
              "firm_years": firm_years(range(years[0], years[1] + 1))}  # fmt: skip
    for name, table in tables.items():
        town.write(name, pa.Table.from_pandas(table, preserve_index=False))
    run_graph(town, STEPS, debug=True)
    return {path.stem: read_frame(path) for path in (town.out / "results").glob("*.parquet")}
