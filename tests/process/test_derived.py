"""Derived figures: summary, lineage, counts, ids."""

import numpy as np
import pandas as pd
import pytest

from townshift.engine.estimates import estimate_tables
from townshift.process.derived import Derived, derived_estimates, no_draws
from townshift.types import ESTIMATE_COLUMNS, LINEAGE_COLUMNS, N_DRAWS

BEHIND = pd.DataFrame(
    {
        "estimate_id": ["a", "a", "b", "b"],
        "table": "facts",
        "row_id": ["F1", "F2", "F2", "F3"],
        "share": [0.5, 0.5, 0.25, 0.75],
    }
)


def derived(parents=("a", "b"), draws=None, **more):
    values = {"measure": "m", "place_id": "p", "year_from": 2000, "year_to": 2010, "unit": "per_year", **more}
    return Derived(draws=np.linspace(0.0, 1.0, N_DRAWS) if draws is None else draws, parents=parents, **values)


def test_lineage_is_the_union_of_the_parents_with_shares_averaged():
    found = derived_estimates([derived()], BEHIND, {}, {})
    assert dict(zip(found.lineage["row_id"], found.lineage["share"], strict=True)) == pytest.approx(
        {"F1": 0.25, "F2": 0.375, "F3": 0.375}
    )
    assert found.lineage["estimate_id"].unique().tolist() == ["m@p/2000-2010"]


def test_a_parent_named_twice_weighs_once():
    found = derived_estimates([derived(parents=("a", "b", "a"))], BEHIND, {}, {})
    assert found.lineage.set_index("row_id")["share"]["F1"] == pytest.approx(0.25)


def test_shares_sum_to_one_also_when_a_parent_has_no_lineage():
    found = derived_estimates([derived(parents=("a", "unknown"))], BEHIND, {}, {})
    assert found.lineage["share"].sum() == pytest.approx(1.0)


def test_rows_of_one_original_are_one_original():
    row = derived_estimates([derived()], BEHIND, {"F1": "L1", "F2": "L1", "F3": "L2"}, {}).table.iloc[0]
    assert (row["n"], row["n_lineages"]) == (3, 2)


def test_a_row_of_unknown_original_counts_as_its_own():
    assert derived_estimates([derived()], BEHIND, {"F1": "L1"}, {}).table["n_lineages"].iloc[0] == 3


def test_summary_is_median_and_ninety_percent_interval():
    row = derived_estimates([derived()], BEHIND, {}, {}).table.iloc[0]
    assert (row["value"], row["low"], row["high"], row["level"]) == pytest.approx((0.5, 0.05, 0.95, 0.9))


def test_a_figure_without_draws_keeps_its_row_and_has_no_number():
    found = derived_estimates([derived(draws=no_draws(), flags=("not_identified",))], BEHIND, {}, {})
    assert found.table["flags"].tolist() == ["not_identified"]
    assert found.table[["value", "low", "high"]].isna().all(axis=None)


def test_rows_are_sorted_by_id_and_draws_follow():
    rows = [derived(measure="z", draws=np.full(4, 2.0)), derived(measure="a", draws=np.full(4, 1.0))]
    found = derived_estimates(rows, BEHIND, {}, {})
    assert found.table["measure"].tolist() == ["a", "z"]
    assert found.draws[:, 0].tolist() == [1.0, 2.0]


def test_of_two_rows_with_one_id_the_first_stays():
    found = derived_estimates([derived(draws=np.full(2, 1.0)), derived(draws=np.full(2, 9.0))], BEHIND, {}, {})
    assert found.table["value"].tolist() == [1.0]


def test_flags_are_said_once():
    assert derived_estimates([derived(flags=("b", "a", "b"))], BEHIND, {}, {}).table["flags"].tolist() == ["b;a"]


def test_nothing_derived_is_an_empty_table_with_all_columns():
    found = derived_estimates([], BEHIND, {}, {"status": "string"})
    assert list(found.table.columns) == [*ESTIMATE_COLUMNS, "status"]
    assert found.draws.shape == (0, N_DRAWS)
    assert list(found.lineage.columns) == list(LINEAGE_COLUMNS)


def test_the_engine_can_store_derived_figures_empty_or_not():
    for rows in ([], [derived(), derived(measure="n", draws=no_draws(), parents=())]):
        tables = estimate_tables("growth", derived_estimates(rows, BEHIND, {}, {"status": "string"}))
        assert tables["growth"].num_rows == len(rows)
