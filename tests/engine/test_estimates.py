"""Estimates keep their draws and their lineage through storage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from townshift.engine import estimates
from townshift.engine.atomic import write_parquet
from townshift.engine.estimates import MalformedEstimatesError, estimate_tables
from townshift.engine.tables import Engine
from townshift.types import ESTIMATE_COLUMNS, LINEAGE_COLUMNS, N_DRAWS, Estimate, Estimates

PLACES = ("zhili", "织里", "wuxing")


def example() -> Estimates:
    rows = [
        Estimate("sales", place, 2006, year, "yuan", 1.0, 0.5, 2.0, flags=("two_peaked", "bridged")).row()
        for place in PLACES
        for year in (2006, 2008)
    ]
    table = pd.DataFrame(rows).assign(n_facts_in_year=range(6))
    draws = np.random.default_rng(1).lognormal(size=(6, N_DRAWS))
    draws[2] = np.nan
    draws[3, 7] = np.nan
    lineage = pd.DataFrame(
        [(name, "facts", f"f{row}", 0.5) for name in table["estimate_id"] for row in (1, 2)], columns=LINEAGE_COLUMNS
    )
    return Estimates(table, draws, lineage)


def test_what_is_stored_is_read_back(engine: Engine, tmp_path: Path) -> None:
    given = example()
    stored = estimate_tables("sales", given)
    assert list(stored) == ["sales", "sales_draws", "sales_lineage"]
    tables = []
    for name, table in stored.items():
        write_parquet(tmp_path / f"{name}.parquet", table)
        tables.append(engine.table(tmp_path / f"{name}.parquet"))
    found = estimates(*tables)
    assert tuple(found.table.columns) == (*ESTIMATE_COLUMNS, "n_facts_in_year")
    assert found.table["flags"].tolist() == ["two_peaked;bridged"] * 6
    np.testing.assert_array_equal(found.draws, given.draws)
    assert found.lineage.to_numpy().tolist() == given.lineage.to_numpy().tolist()

    some = estimates(tables[0].filter(tables[0]["year_to"] == 2008).order_by("place_id"), tables[1], tables[2])
    assert some.table["place_id"].tolist() == ["wuxing", "zhili", "织里"]
    np.testing.assert_array_equal(some.draws, given.draws[[5, 1, 3]])
    assert set(some.lineage["estimate_id"]) == set(some.table["estimate_id"])

    few = tables[1].filter(tables[1]["estimate_id"] != some.table["estimate_id"][0])
    with pytest.raises(MalformedEstimatesError) as problem:
        estimates(tables[0], few, tables[2])
    assert problem.value.args == ("draws", "sales@wuxing/2006-2008")


def test_no_estimates_are_stored_and_read_back_as_none(engine: Engine, tmp_path: Path) -> None:
    empty = Estimates(
        pd.DataFrame(columns=list(ESTIMATE_COLUMNS)),
        np.empty((0, N_DRAWS)),
        pd.DataFrame(columns=list(LINEAGE_COLUMNS)),
    )
    tables = []
    for name, table in estimate_tables("none", empty).items():
        write_parquet(tmp_path / f"{name}.parquet", table)
        tables.append(engine.table(tmp_path / f"{name}.parquet"))
    found = estimates(*tables)
    assert len(found.table) == 0
    assert found.draws.shape == (0, N_DRAWS)
    assert [str(found.table[name].dtype) for name in ("place_id", "year_to", "low")] == ["string", "Int64", "float64"]


def _table(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Estimates], Estimates]:
    return lambda given: replace(given, table=change(given.table.copy()))


def _lineage(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Estimates], Estimates]:
    return lambda given: replace(given, lineage=change(given.lineage.copy()))


@pytest.mark.parametrize(
    ("rule", "offender", "spoil"),
    [
        ("columns", "unit", _table(lambda table: table.drop(columns="unit"))),
        ("ids", "sales@zhili/2006", _table(lambda table: table.assign(setting="pure_bounds"))),
        ("repeated", "sales@zhili/2006", _table(lambda table: table.iloc[[0, 1, 0, 3, 4, 5]])),
        ("draws", "(6, 399)", lambda given: replace(given, draws=given.draws[:, 1:])),
        ("draws", "(5, 400)", lambda given: replace(given, draws=given.draws[1:])),
        ("lineage_columns", "share", _lineage(lambda rows: rows.drop(columns="share"))),
        ("lineage_ids", "sales@lost/2006", _lineage(lambda rows: rows.replace("sales@zhili/2006", "sales@lost/2006"))),
        ("shares", "sales@zhili/2006", _lineage(lambda rows: rows.iloc[1:])),
        ("shares", "sales@zhili/2006", _lineage(lambda rows: rows.assign(share=np.nan))),
    ],
)
def test_estimates_that_break_a_rule_are_refused(
    rule: str, offender: str, spoil: Callable[[Estimates], Estimates]
) -> None:
    with pytest.raises(MalformedEstimatesError) as problem:
        estimate_tables("sales", spoil(example()))
    assert problem.value.args == (rule, offender)
