"""Pathways: sums of probabilities, hops along chains, sorts of destination, intervals that hold the truth."""

import numpy as np
import pandas as pd
import pytest

from process.moves.planted_moves import grid_places, move_rows
from townshift.engine.estimates import estimate_tables
from townshift.process.moves.calibration import Calibration
from townshift.process.pathways.count_pathways import pathways
from townshift.process.pathways.hops import HopGraph, chains, continuing, hop_graph, hop_probabilities
from townshift.process.pathways.parameters import PathwaysParameters
from townshift.process.pathways.places import at_level, great_circle_km, holding

SURE = {"relocation": 1.0}
PLACES = pd.DataFrame(
    [
        ("cn", "country", None),
        ("zj", "province", "cn"),
        ("ah", "province", "cn"),
        ("wuxing", "county", "zj"),
        ("deqing", "county", "zj"),
        ("langxi", "county", "ah"),
        ("zhili", "town", "wuxing"),
    ],
    columns=["place_id", "kind", "parent_id"],
)
EXACT = Calibration(0.0, 1.0, np.eye(2) * 1e-12, 100)


def value(found, measure, group):
    table = found.pathways.table
    rows = table[(table["measure"] == measure) & (table["group"] == group)]
    assert len(rows) == 1, (measure, group, table[["measure", "group"]].to_string())
    return rows.iloc[0]


def test_a_cell_is_the_sum_of_the_probabilities_of_its_pairs():
    moves = move_rows(
        ("a", "b", "zhili", "langxi", 2015, {"relocation": 0.6, "branch": 0.3}),
        ("c", "d", "zhili", "langxi", 2015, {"relocation": 0.5}),
    )
    found = pathways(moves, PLACES, PathwaysParameters(least_expected=0.2), 1)
    assert value(found, "pathway", "place/zhili>langxi:relocation")["value"] == pytest.approx(1.1)
    assert value(found, "pathway", "province/zj>ah:branch")["value"] == pytest.approx(0.3)


def test_small_cells_are_counted_together_and_none_is_lost():
    moves = move_rows(
        ("a", "b", "zhili", "langxi", 2015, {"relocation": 0.9}), ("c", "d", "zhili", "deqing", 2016, {"branch": 0.2})
    )
    found = pathways(moves, PLACES, PathwaysParameters(levels=("place",)), 1)
    left = found.pathways_status.set_index("reason").loc["place:below_least_expected"]
    table = found.pathways.table
    shown = table.loc[table["measure"] == "pathway", "value"].sum()
    assert shown + left["value"] == pytest.approx(1.1)


def test_moves_without_year_are_counted_as_left_out():
    moves = move_rows(("a", "b", "zhili", "langxi", None, SURE), ("c", "d", "zhili", "langxi", 2016, SURE))
    found = pathways(moves, PLACES, PathwaysParameters(), 1)
    row = found.pathways_status.set_index("reason").loc["no_year_or_place"]
    assert (row["n"], row["value"]) == (1, 1.0)


def test_no_moves_is_no_pathway_and_is_said():
    found = pathways(move_rows(), PLACES, PathwaysParameters(), 1)
    assert found.pathways.table.empty
    assert found.pathways_status["reason"].tolist() == ["no_moves"]
    estimate_tables("pathways", found.pathways)


def test_a_chain_of_two_sure_moves_has_one_first_and_one_second_hop():
    moves = move_rows(("a", "b", "zhili", "deqing", 2010, SURE), ("b", "c", "deqing", "langxi", 2015, SURE))
    found = pathways(moves, PLACES, PathwaysParameters(), 1)
    assert [value(found, "hop", hop)["value"] for hop in ("1", "2", "3+")] == [1.0, 1.0, 0.0]
    assert value(found, "second_hop", "zhili>deqing>langxi")["value"] == 1.0


def test_a_second_hop_has_the_product_of_the_probabilities():
    graph = HopGraph(np.array([0, 1, 2]), np.array([1, 2, 3]), 4)
    hops = hop_probabilities(np.array([0.5, 0.4, 0.9]), graph, 3)
    np.testing.assert_allclose(hops[1], [0.4 * 0.5, 0.4 * 0.5, 0.0])
    np.testing.assert_allclose(hops[2], [0.9 * 0.6, 0.9 * 0.4 * 0.5, 0.9 * 0.4 * 0.5])


def test_hops_of_a_pair_sum_to_its_probability_on_random_forests():
    rng = np.random.default_rng(4)
    n = 300
    origin = rng.integers(0, 100, n)
    destination = origin + rng.integers(1, 40, n)  # later records only: no circles
    graph = HopGraph(origin, destination, 200)
    p = rng.dirichlet(np.ones(5), n)[:, :4]
    q = continuing(p, graph)
    np.testing.assert_allclose(hop_probabilities(q, graph, 3).sum(axis=1), q)
    assert np.bincount(destination, weights=q).max() <= 1 + 1e-12


def test_competing_relocations_of_one_record_cannot_sum_to_more_than_one():
    graph = HopGraph(np.array([0, 0]), np.array([1, 2]), 3)
    p = np.array([[0.9, 0.0, 0.0, 0.0], [0.9, 0.0, 0.0, 0.0]])
    np.testing.assert_allclose(continuing(p, graph), [0.5, 0.5])
    branches = np.array([[0.0, 0.9, 0.0, 0.0], [0.0, 0.9, 0.0, 0.0]])
    np.testing.assert_allclose(continuing(branches, graph), [0.9, 0.9])


def test_a_pair_and_its_mirror_are_no_chain():
    moves = move_rows(("a", "b", "zhili", "deqing", 2010, SURE), ("b", "a", "deqing", "zhili", 2012, SURE))
    first, second = chains(hop_graph(moves))
    assert first.size == second.size == 0


def test_sorts_of_destination_follow_the_gazetteer():
    moves = move_rows(
        ("a", "b", "zhili", "wuxing", 2015, SURE),
        ("c", "d", "zhili", "deqing", 2015, SURE),
        ("e", "f", "zhili", "langxi", 2015, SURE),
        ("g", "h", "zhili", "langxi", 2016, SURE),
    )
    found = pathways(moves, PLACES, PathwaysParameters(), 1)
    shares = {sort: value(found, "destination_share", sort)["value"] for sort in ("same_county", "same_province")}
    assert shares == {"same_county": 0.25, "same_province": 0.25}
    assert value(found, "destination_share", "other_province:relocation")["value"] == 0.5


def test_less_developed_is_told_by_the_figure_before_the_move_and_unknown_stays_unknown():
    panel = pd.DataFrame(
        [("wuxing", 2013, "wage", 50.0), ("langxi", 2014, "wage", 30.0), ("langxi", 2016, "wage", 90.0)],
        columns=["place_id", "year", "indicator", "value"],
    )
    moves = move_rows(("a", "b", "zhili", "langxi", 2015, SURE), ("c", "d", "zhili", "deqing", 2015, SURE))
    found = pathways(moves, PLACES, PathwaysParameters(level_indicator="wage"), 1, panel)
    assert value(found, "destination_share", "less_developed")["value"] == 0.5
    assert value(found, "destination_share", "level_unknown")["value"] == 0.5


def test_places_that_only_their_common_province_speaks_for_are_not_compared():
    panel = pd.DataFrame([("zj", 2015, "wage", 50.0)], columns=["place_id", "year", "indicator", "value"])
    moves = move_rows(("a", "b", "zhili", "deqing", 2015, SURE))
    found = pathways(moves, PLACES, PathwaysParameters(level_indicator="wage"), 1, panel)
    assert value(found, "destination_share", "level_unknown")["value"] == 1.0


def test_the_same_inputs_give_the_same_bytes_whatever_the_order_of_rows():
    rng = np.random.default_rng(2)
    moves = move_rows(
        *(
            (
                f"a{i}",
                f"b{i}",
                "zhili",
                rng.choice(["langxi", "deqing"]),
                2010 + i % 5,
                {"relocation": float(rng.random())},
            )
            for i in range(60)
        ),
        basis="model",
    )
    one = pathways(moves, PLACES, PathwaysParameters(), 3)
    two = pathways(moves.sample(frac=1, random_state=1), PLACES, PathwaysParameters(), 3)
    pd.testing.assert_frame_equal(one.pathways.table, two.pathways.table)
    np.testing.assert_array_equal(one.pathways.draws, two.pathways.draws)


@pytest.mark.parametrize("seed", [1, 2])
def test_ninety_percent_intervals_of_a_cell_hold_the_true_number_nine_times_in_ten(seed):
    rng = np.random.default_rng(seed)
    held, n = 0, 200
    for _ in range(n // 20):
        p = rng.beta(1.0, 1.0, (20, 60))
        truth = (rng.random(p.shape) < p).sum(axis=1)
        moves = move_rows(
            *(
                (f"a{c}_{i}", f"b{c}_{i}", "zhili", "langxi", 2000 + c, {"relocation": float(p[c, i])})
                for c in range(20)
                for i in range(60)
            ),
            basis="model",
        )
        found = pathways(moves, PLACES, PathwaysParameters(levels=("place",)), seed, calibration=EXACT)
        rows = found.pathways.table
        rows = rows[rows["measure"] == "pathway"].sort_values("year_from")
        held += int(((rows["low"] <= truth) & (truth <= rows["high"])).sum())
    assert 0.85 <= held / n <= 0.98  # counts are whole numbers: intervals hold at least what they say


def test_estimates_keep_the_rules_everyone_shares():
    moves = move_rows(("a", "b", "zhili", "deqing", 2010, SURE), ("b", "c", "deqing", "langxi", 2015, SURE))
    estimate_tables("pathways", pathways(moves, PLACES, PathwaysParameters(), 1).pathways)


def test_a_circle_of_parents_ends():
    places = pd.DataFrame({"place_id": ["a", "b"], "kind": ["town", "town"], "parent_id": ["b", "a"]})
    assert holding(places, "county") == {}
    assert at_level(pd.Series(["a", None]), places, "place").tolist() == ["a", ""]


def test_a_degree_of_latitude_is_about_111_km():
    assert great_circle_km(np.array([100.0, 30.0]), np.array([100.0, 31.0])) == pytest.approx(111.195, abs=1e-3)


def test_planted_places_are_where_they_should_be():
    assert holding(grid_places(4, 2, 1), "province")["c003"] == "p1"
