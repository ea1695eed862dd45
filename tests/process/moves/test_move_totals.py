"""Moves added up: sums of probabilities by kind and year, by the focal place and by line, with their intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from townshift.process.moves.totals import move_totals

KINDS = ("relocation", "branch", "return_entrepreneurship", "outsourcing")


def moves(rows: list[tuple[str, str, int | None, dict[str, float]]], basis: str = "model") -> pd.DataFrame:
    """Pairs from origin to destination in a year with probabilities of kinds; the rest is the look-alike."""
    built = []
    for i, (origin, destination, year, p) in enumerate(rows):
        shares = {f"p_{kind}": p.get(kind, 0.0) for kind in KINDS}
        built.append(
            {
                "move_id": f"m{i:03}",
                "origin_place_id": origin,
                "destination_place_id": destination,
                "year": year,
                "basis": basis,
                **shares,
                "p_look_alike": 1 - sum(shares.values()),
            }
        )
    return pd.DataFrame(built).astype({"year": "Int64"})


def value(table: pd.DataFrame, measure: str, **keys: object) -> float:
    rows = table[table["measure"] == measure]
    for name, wanted in keys.items():
        rows = rows[rows[name] == wanted]
    assert len(rows) == 1
    return float(rows["value"].iloc[0])


def test_a_number_is_the_sum_of_the_probabilities_of_its_pairs() -> None:
    rows = [("t", "a", 2010, {"relocation": 0.5, "branch": 0.25}), ("t", "b", 2010, {"relocation": 0.75}),
            ("a", "t", 2011, {"branch": 0.5})]  # fmt: skip
    found = move_totals(moves(rows), "t", 7).table
    assert value(found, "moves_by_kind", year_from=2010, group="relocation") == pytest.approx(1.25)
    assert value(found, "moves_out", year_from=2010, group="branch") == pytest.approx(0.25)
    assert value(found, "moves_in", year_from=2011, group="branch") == pytest.approx(0.5)
    assert value(found, "moves_in", year_from=2010, group="branch") == 0.0
    assert value(found, "kind_share", group="relocation") == pytest.approx(1.25 / 2.0)
    assert value(found, "moves_balance") == pytest.approx(np.log((1.5 + 0.5) / (0.5 + 0.5)))


def test_lines_along_which_hardly_a_move_is_expected_are_no_row() -> None:
    rows = [("t", "a", 2010, {"relocation": 0.6}), ("t", "a", 2012, {"branch": 0.6}), ("t", "b", 2010, {"branch": 0.9})]
    found = move_totals(moves(rows), "t", 7).table
    lines = found[found["measure"] == "flow_total"]
    assert lines["group"].tolist() == ["t>a"]
    assert lines["value"].iloc[0] == pytest.approx(1.2)
    assert lines["place_id"].iloc[0] == "a"


def test_certain_moves_have_no_interval_and_uncertain_ones_have() -> None:
    sure = move_totals(moves([("t", "a", 2010, {"branch": 1.0})] * 9, basis="reviewed"), "t", 7).table
    doubt = move_totals(moves([("t", "a", 2010, {"branch": 0.5})] * 9), "t", 7).table
    for table, wide in ((sure, False), (doubt, True)):
        row = table[table["measure"] == "flow_total"].iloc[0]
        assert (row["high"] > row["low"]) == wide
        assert row["low"] <= row["value"] <= row["high"]


def test_the_order_of_rows_changes_no_byte() -> None:
    rng = np.random.default_rng(3)
    rows = [
        ("t", str(rng.integers(4)), int(rng.integers(2010, 2013)), {"branch": float(rng.random())}) for _ in range(60)
    ]
    table = moves(rows)
    one, other = move_totals(table, "t", 7), move_totals(table.sample(frac=1, random_state=1), "t", 7)
    pd.testing.assert_frame_equal(one.table, other.table)
    assert np.array_equal(one.draws, other.draws, equal_nan=True)


def test_pairs_without_year_or_place_are_left_out_and_none_at_all_is_no_error() -> None:
    rows = moves([("t", "a", None, {"branch": 1.0})])
    assert move_totals(rows, "t", 7).table.empty
    assert move_totals(rows.iloc[:0], "t", 7).table.empty
