"""The steps of registry scale give on Spark what they give on DuckDB: ids and counts alike, floats to 1e-9."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from engine.both_engines import LOCAL_SPARK, skip_without
from townshift import open_study
from townshift.engine import collect, run_graph
from townshift.engine.tables import read_frame
from townshift.examples.registry_study import write_example
from townshift.pipeline import registry
from townshift.process.moves.parameters import MovesParameters

RECORDS = 3_000
THRESHOLD_MARGIN = 1e-6
"""Moves this near to the probability from which moves are reported may be reported by one engine only."""


@pytest.mark.spark
def test_a_registry_gives_the_same_tables_on_both_engines(tmp_path: Path) -> None:
    skip_without(LOCAL_SPARK)
    write_example(tmp_path / "study", RECORDS, 5)
    study = open_study(tmp_path / "study").study
    steps = collect([registry])
    results = {}
    for url in ("duckdb", LOCAL_SPARK):
        record = run_graph(study, steps, engine=url, debug=True)
        assert set(record.named("computed")) == {step.name for step in steps}
        results[url] = shutil.move(study.out / "results", tmp_path / url.partition(":")[0])
    one, other = (Path(folder) for folder in results.values())
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in other.iterdir())
    assert len(read_frame(one / "establishments.parquet")) == RECORDS
    assert len(read_frame(one / "moves.parquet")) > 20
    assert borderline([read_frame(folder / "moves.parquet") for folder in (one, other)]) == []
    for name in names:
        expected, found = read_frame(one / name), read_frame(other / name)
        pd.testing.assert_frame_equal(found, expected, check_exact=False, rtol=1e-9, atol=1e-12, obj=name)
    exact = ["establishments", "firm_years", "moves_blocking"]
    assert [
        name for name in exact if (one / f"{name}.parquet").read_bytes() != (other / f"{name}.parquet").read_bytes()
    ] == []


def borderline(moves: Sequence[pd.DataFrame]) -> list[str]:
    """Moves that only one engine reports; each must lie within `THRESHOLD_MARGIN` of the threshold, and is listed."""
    limit = MovesParameters().report_probability
    alone = pd.concat(moves).drop_duplicates("move_id", keep=False)
    assert ((alone["match_probability"] - limit).abs() < THRESHOLD_MARGIN).all(), alone["move_id"].tolist()
    return sorted(alone["move_id"])
