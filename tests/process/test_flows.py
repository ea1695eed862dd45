"""The summary of flows: counted, never summed."""

import numpy as np
import pandas as pd

from townshift.process.flows import COLUMNS, flow_summary


def flows(*rows):
    columns = [
        "flow_id",
        "origin_id",
        "destination_id",
        "year",
        "flow",
        "value",
        "unit",
        "qualifier",
        "level",
        "edge_evidence",
        "lineage",
    ]
    return pd.DataFrame(list(rows), columns=columns)


ROWS = flows(
    ("F1", "town", "far", 2014, "orders", 60.0, "share_of_orders", "over", "county", "stated", "L1"),
    ("F2", "town", "far", 2018, "orders", np.nan, None, "documented_unquantified", "county", "stated", "L1"),
    ("F3", "far", "town", 2019, "orders", 70.0, "pieces", "exact", "county", "stated", "L2"),
    ("F4", "town", "west", 2020, "orders", 900.0, "pieces", "about", "aggregate", "stated", "L2"),
    ("F5", "x", "y", None, "goods", 5.0, "trucks", "under", "case", "assumed", "L3"),
)


def test_levels_and_kinds_of_evidence_are_kept_apart():
    found = flow_summary(ROWS, "town")
    keys = found[["flow", "level", "edge_evidence"]].apply(tuple, axis=1).tolist()
    assert keys == [
        ("goods", "case", "assumed"),
        ("orders", "aggregate", "stated"),
        ("orders", "county", "stated"),
    ]


def test_counted_and_documented_flows_add_up_to_all():
    found = flow_summary(ROWS, "town")
    assert (found["n"] == found["n_quantified"] + found["n_documented"]).all()
    county = found.iloc[2]
    assert county[["n", "n_quantified", "n_documented", "n_bounds"]].tolist() == [3, 2, 1, 1]
    assert county[["n_from_focal", "n_to_focal", "n_lineages"]].tolist() == [2, 1, 2]
    assert (county["year_from"], county["year_to"]) == (2014, 2019)
    assert (county["units"], county["row_ids"]) == ("pieces;share_of_orders", "F1;F2;F3")


def test_no_value_is_summed_anywhere():
    numbers = flow_summary(ROWS, "town").select_dtypes("number")
    assert not numbers.isin([1030.0, 130.0, 970.0]).any(axis=None)


def test_a_flow_without_a_year_has_no_years():
    goods = flow_summary(ROWS, "town").iloc[0]
    assert pd.isna(goods["year_from"])
    assert goods["n_bounds"] == 1


def test_a_flow_whose_level_is_not_stated_is_still_listed():
    rows = ROWS.assign(level=None)
    assert set(flow_summary(rows, "town")["level"]) == {"not_stated"}
    assert flow_summary(rows, "town")["n"].sum() == 5


def test_no_flows_are_an_empty_table_with_all_columns():
    found = flow_summary(flows(), "town")
    assert found.empty
    assert list(found.columns) == list(COLUMNS)


def test_rows_in_another_order_give_the_same_table():
    assert flow_summary(ROWS, "town").equals(flow_summary(ROWS.iloc[::-1], "town"))
