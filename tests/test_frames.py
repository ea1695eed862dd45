"""Doubles are counted once, columns have the promised types, estimates keep draws and lineage together."""

import numpy as np
import pandas as pd
import pytest

from townshift.frames import collect_estimates, counted_once, first_records, joined, texts, typed
from townshift.types import ESTIMATE_COLUMNS, LINEAGE_COLUMNS, N_DRAWS, Estimate


def rows(**columns):
    return pd.DataFrame(columns)


def test_an_empty_frame_has_the_same_types_as_a_full_one():
    columns = {"a": "string", "n": "Int64", "x": "float64", "b": "boolean"}
    full = typed([{"a": "x", "n": 1, "x": 0.5, "b": True}], columns)
    assert typed([], columns).dtypes.equals(full.dtypes)
    assert list(full.columns) == list(columns)


def test_missing_values_stay_missing():
    found = typed([{"a": None, "n": pd.NA, "x": None}], {"a": "string", "n": "Int64", "x": "float64"})
    assert found.isna().all(axis=None)


def test_text_columns_are_plain_and_absent_ones_are_added():
    found = texts(rows(a=pd.array(["x", pd.NA], dtype="string"), b=[1, None]), "a", "b", "c")
    assert found["a"].tolist() == ["x", ""]
    assert found["b"].tolist() == ["1.0", ""]
    assert found["c"].tolist() == ["", ""]


def test_texts_does_not_change_the_frame_it_is_given():
    given = rows(a=["x", None])
    texts(given, "a", "z")
    assert given.columns.tolist() == ["a"]
    assert given["a"].isna().tolist() == [False, True]


def test_a_chain_of_doubles_ends_in_one_record_in_any_row_order():
    given = rows(id=["E3", "E1", "E2"], same_as=["E2", None, "E1"])
    assert first_records(given, "id").tolist() == ["E1", "E1", "E1"]


def test_a_circle_of_doubles_is_one_record():
    given = rows(id=["E1", "E2", "E3", "E4"], same_as=["E2", "E3", "E2", None])
    assert first_records(given, "id").tolist() == ["E2", "E2", "E2", "E4"]


def test_a_record_that_names_itself_is_its_own():
    assert first_records(rows(id=["E1"], same_as=["E1"]), "id").tolist() == ["E1"]


def test_without_the_column_same_as_every_row_is_its_own():
    assert first_records(rows(id=["E1", "E2"]), "id").tolist() == ["E1", "E2"]


def test_doubles_of_a_missing_first_record_are_counted_once():
    found = counted_once(rows(id=["F3", "F2", "F9"], same_as=["F1", "F1", None], v=[3, 2, 9]), "id")
    assert found[["id", "v"]].to_numpy().tolist() == [["F2", 2], ["F9", 9]]


def test_the_first_record_stands_for_its_doubles_wherever_it_lies():
    found = counted_once(rows(id=["A2", "Z1"], same_as=["Z1", None], v=["double", "first"]), "id", "v")
    assert found[["id", "v"]].to_numpy().tolist() == [["Z1", "first"]]


def test_nothing_is_counted_in_an_empty_table():
    found = counted_once(rows(id=[]), "id", "place_id")
    assert found.empty
    assert {"id", "place_id"} <= set(found.columns)


def test_joined_ids_are_sorted_and_unique():
    assert joined(["b", "a", "", "b"]) == "a;b"
    assert joined([]) == ""


def estimate(measure, value=1.0, **keys):
    return Estimate(measure, "zhili", 2010, 2012, "unit", value, value, value, **keys)


def cited(*pairs):
    return pd.DataFrame(pairs, columns=["table", "row_id", "share"])


def test_estimates_are_sorted_by_id_with_their_own_draws_and_lineage():
    found = collect_estimates(
        [
            (estimate("z"), np.full(N_DRAWS, 2.0), cited(("facts", "F2", 1.0))),
            (estimate("a"), np.full(N_DRAWS, 1.0), cited(("facts", "F1", 1.0))),
        ],
        [{"extra": "late"}, {"extra": "early"}],
        {"extra": "string"},
    )
    assert found.table["measure"].tolist() == ["a", "z"]
    assert found.table["extra"].tolist() == ["early", "late"]
    assert found.draws[:, 0].tolist() == [1.0, 2.0]
    assert found.lineage["row_id"].tolist() == ["F1", "F2"]
    assert tuple(found.table.columns[: len(ESTIMATE_COLUMNS)]) == ESTIMATE_COLUMNS


def test_shares_of_a_row_cited_twice_are_added_and_all_sum_to_one():
    part = cited(("facts", "F1", 0.5), ("facts", "F2", 0.5), ("facts", "F1", 1.0))
    found = collect_estimates([(estimate("a"), np.zeros(N_DRAWS), part)]).lineage
    assert found["row_id"].tolist() == ["F1", "F2"]
    assert found["share"].tolist() == [0.75, 0.25]


def test_no_estimates_still_make_a_table():
    found = collect_estimates([], [], {"acceptance": "float64"})
    assert found.table.empty
    assert found.draws.shape == (0, N_DRAWS)
    assert tuple(found.lineage.columns) == LINEAGE_COLUMNS
    assert "acceptance" in found.table.columns


def test_extra_values_must_match_the_estimates():
    with pytest.raises(ValueError, match="zip"):
        collect_estimates([(estimate("a"), np.zeros(N_DRAWS), cited())], [{}, {}])
