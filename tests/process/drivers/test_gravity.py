"""Gravity and destination choice: planted elasticities come back, what carries nothing is pruned and counted."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from process.moves.planted_moves import drawn_flows, grid_places, move_rows
from townshift.process.drivers.destination_choice import choice_log_likelihood, destination_choice, pull_terms, stocks
from townshift.process.drivers.gravity import gravity, ppml
from townshift.process.drivers.gravity_cells import TooManyCells, flow_cells, pruned, with_terms
from townshift.process.drivers.pooling import pooled
from townshift.process.moves.calibration import Calibration
from townshift.process.pathways.places import coordinates, great_circle_km

SURE = {"relocation": 1.0}
YEARS = (2010, 2011, 2012)
BOTH = ("origin_year", "destination_year")
EXACT = Calibration(0.0, 1.0, np.eye(2) * 1e-12, 100)


def planted_mean(places, rng, elasticity, size, years=YEARS):
    names = sorted(place for place in places["place_id"] if place.startswith("c0"))
    points = coordinates(names, places)
    km = great_circle_km(points[:, None], points[None])
    push, pull = rng.normal(0, 0.7, (2, len(years), len(names)))
    mean = np.exp(elasticity * np.log(np.maximum(km, 1.0)) + push[:, :, None] + pull[:, None, :])
    mean[:, np.arange(len(names)), np.arange(len(names))] = 0.0
    return mean * size / mean.sum()


def test_a_planted_elasticity_comes_back():
    rng = np.random.default_rng(1)
    places = grid_places(40, 4, 1)
    moves = drawn_flows(places, planted_mean(places, rng, -1.3, 20_000), YEARS, rng)
    found = gravity(flow_cells(moves, places, "county"), BOTH, moves)
    at = found.pooled.names.index("ln_km")
    low, high = found.pooled.interval(at, 0.99)
    assert low < -1.3 < high
    assert high - low < 0.15


def test_ppml_agrees_with_pyfixest_called_directly_on_unpruned_data():
    import pyfixest

    rng = np.random.default_rng(2)
    places = grid_places(15, 3, 2)
    moves = drawn_flows(places, planted_mean(places, rng, -1.0, 800), YEARS, rng)
    cells = pruned(flow_cells(moves, places, "county"), BOTH)
    fit = ppml(cells, BOTH)
    frame = pd.DataFrame({"y": cells.moves, **cells.terms, "a": cells.groups("origin_year")})
    frame["b"], frame["pair"] = cells.groups("destination_year"), cells.origin * 100 + cells.destination
    peer = pyfixest.fepois("y ~ ln_km + same_province | a + b", data=frame, vcov={"CRV1": "pair"})
    np.testing.assert_allclose(fit.coefficients, peer.coef().to_numpy(), rtol=1e-6)
    # pyfixest also divides by the degrees of freedom that the fixed effects cost
    ratio = peer.se().to_numpy() / np.sqrt(np.diag(fit.covariance))
    assert ratio[0] == pytest.approx(ratio[1], rel=1e-6)
    assert 1.0 <= ratio[0] < 1.25


def test_one_step_from_expected_flows_is_what_refitting_every_completed_data_set_gives():
    rng = np.random.default_rng(3)
    places = grid_places(20, 4, 3)
    moves = drawn_flows(places, planted_mean(places, rng, -1.0, 6_000), YEARS, rng, chance=(6, 2))
    cells = flow_cells(moves, places, "county")
    found = gravity(cells, BOTH, moves, imputations=10, seed=5, calibration=EXACT)
    from townshift.process.pathways.draws import NO_MOVE, drawn_kinds

    refitted = []
    for drawn in drawn_kinds(moves, EXACT, 5, 10, "drivers"):
        kept = moves[drawn != NO_MOVE].assign(p_relocation=1.0, p_look_alike=0.0)
        refitted.append(ppml(pruned(flow_cells(kept, places, "county"), BOTH), BOTH).coefficients)
    direct = np.array(refitted)
    np.testing.assert_allclose(found.pooled.coefficients, direct.mean(axis=0), atol=0.01)
    between = pooled(("a", "b"), direct, np.zeros((2, 2))).covariance
    ours = found.pooled.between_share * np.diag(found.pooled.covariance)
    np.testing.assert_allclose(ours, np.diag(between), rtol=0.35)


def test_groups_without_flow_and_flows_alone_in_their_group_are_pruned_and_counted():
    places = grid_places(4, 1, 4)
    moves = move_rows(
        ("a", "b", "c000", "c001", 2010, SURE),
        ("c", "d", "c000", "c002", 2010, SURE),
        ("e", "f", "c003", "c001", 2010, SURE),
        ("g", "h", "c003", "c002", 2010, SURE),
        ("i", "j", "c000", "c001", 2011, SURE),  # the only flow of its year: alone in both groups
    )
    cells = pruned(flow_cells(moves, places, "county"), BOTH)
    assert cells.left_out["singletons"] == 1
    assert cells.moves.sum() == 4.0
    assert cells.uncertain_cell[4] == -1


def test_pruning_goes_on_until_nothing_more_falls_away():
    places = grid_places(5, 1, 5)
    # c000 sends to c001 only; without that singleton's column others become singletons in turn
    moves = move_rows(("a", "b", "c000", "c001", 2010, SURE), ("c", "d", "c002", "c003", 2010, SURE))
    cells = pruned(flow_cells(moves, places, "county"), ("origin_year", "destination_year"))
    for effect in BOTH:
        group = cells.groups(effect)
        assert not group.size or (np.bincount(group)[group] > 1).all()
        assert not group.size or (np.bincount(group, weights=cells.moves)[group] > 0).all()


def test_a_flag_under_which_nothing_moved_is_left_out_with_its_flows():
    places = grid_places(6, 2, 6)
    rows = []
    for i in range(6):
        for j in range(6):
            if i % 2 != j % 2:  # never within a province
                rows.extend((f"a{i}{j}{k}", f"b{i}{j}{k}", f"c00{i}", f"c00{j}", 2010, SURE) for k in range(1 + j))
    cells = pruned(flow_cells(move_rows(*rows), places, "county"), BOTH)
    assert cells.left_out["separated_by_same_province"] == 12
    assert list(cells.terms) == ["ln_km"]


def test_pairs_within_a_place_or_without_coordinates_are_counted_as_left_out():
    places = grid_places(3, 1, 7)
    places.loc[places["place_id"] == "c002", ["lon", "lat"]] = np.nan
    moves = move_rows(
        ("a", "b", "c000", "c000", 2010, SURE),
        ("c", "d", "c000", "c002", 2010, SURE),
        ("e", "f", "c000", "c001", None, SURE),
        ("g", "h", "c000", "c001", 2010, SURE),
    )
    out = flow_cells(moves, places, "county").left_out
    assert out == {"without_year_or_place": 1, "within_one_place": 1, "without_coordinates": 1}


def test_a_grid_that_would_not_fit_is_not_built():
    places = grid_places(30, 3, 8)
    rng = np.random.default_rng(8)
    moves = drawn_flows(places, planted_mean(places, rng, -1.0, 2_000), YEARS, rng)
    found = flow_cells(moves, places, "county", max_cells=1_000)
    assert isinstance(found, TooManyCells)
    assert found.n_cells > 1_000


def choice_data(seed, size=4_000):
    rng = np.random.default_rng(seed)
    places = grid_places(12, 3, seed)
    names = sorted(place for place in places["place_id"] if place.startswith("c0"))
    points = coordinates(names, places)
    km = np.maximum(great_circle_km(points[:, None], points[None]), 1.0)
    stock = rng.integers(1, 200, len(names)).astype(float)
    mean = np.exp(-0.8 * np.log(km) + 0.6 * np.log1p(stock)[None, :])[None].repeat(len(YEARS), axis=0)
    mean[:, np.arange(len(names)), np.arange(len(names))] = 0.0
    moves = drawn_flows(places, mean * size / mean.sum(), YEARS, rng)
    firm_years = pd.DataFrame(
        [(n, "county", y - 1, True, "", s) for n, s in zip(names, stock, strict=True) for y in YEARS],
        columns=["place_id", "level", "year", "member", "size_band", "n_stock"],
    )
    return places, moves, firm_years, names


def choice_cells(places, moves, firm_years, names):
    cells = flow_cells(moves, places, "county", candidates=names)
    return pruned(with_terms(cells, pull_terms(cells, places, "county", firm_years), 0.8)[0], ("origin_year",))


def test_the_poisson_equivalent_has_the_maximum_of_the_conditional_logit_likelihood():
    from scipy.optimize import minimize

    cells = choice_cells(*choice_data(11, 400))
    fit = ppml(cells, ("origin_year",))
    direct = minimize(
        lambda b: -choice_log_likelihood(b, cells), np.zeros(len(cells.terms)), method="BFGS", options={"gtol": 1e-7}
    )
    assert list(cells.terms) == list(fit.names)
    np.testing.assert_allclose(fit.coefficients, direct.x, atol=2e-5)


def test_the_poisson_equivalent_has_the_information_of_the_conditional_logit():
    cells = choice_cells(*choice_data(12, 400))
    fit = ppml(cells, ("origin_year",))
    b, h, k = fit.coefficients, 1e-3, len(fit.names)
    steps = np.eye(k) * h
    hessian = np.array(
        [
            [
                choice_log_likelihood(b + steps[i] + steps[j], cells)
                - choice_log_likelihood(b + steps[i] - steps[j], cells)
                - choice_log_likelihood(b - steps[i] + steps[j], cells)
                + choice_log_likelihood(b - steps[i] - steps[j], cells)
                for j in range(k)
            ]
            for i in range(k)
        ]
    ) / (4 * h * h)
    np.testing.assert_allclose(np.linalg.inv(-hessian), fit.bread, rtol=1e-3)


def test_planted_tastes_for_near_and_large_places_come_back():
    places, moves, firm_years, names = choice_data(13)
    found = destination_choice(choice_cells(places, moves, firm_years, names), moves, cluster="pair").pooled
    for name, truth in (("ln_km", -0.8), ("ln_stock", 0.6)):
        low, high = found.interval(found.names.index(name), 0.99)
        assert low < truth < high, name


def test_stock_of_the_year_before_is_taken_and_no_later_one():
    places, moves, _, names = choice_data(14, 200)
    firm_years = pd.DataFrame(
        [("c000", "county", 2009, True, "", 10), ("c000", "county", 2010, True, "", 99)],
        columns=["place_id", "level", "year", "member", "size_band", "n_stock"],
    )
    cells = flow_cells(moves, places, "county", candidates=names)
    given = pull_terms(cells, places, "county", firm_years)["ln_stock"]
    at = (cells.destination == cells.places.index("c000")) & (cells.year == 2010)
    assert np.unique(given[at]) == pytest.approx([np.log(11.0)])


def test_stocks_of_counties_add_up_to_their_province():
    places = grid_places(4, 2, 1)
    firm_years = pd.DataFrame(
        [
            ("c000", "county", 2010, True, "", 3),
            ("c002", "county", 2010, True, "", 4),
            ("c000", "county", 2010, False, "", 9),
        ],
        columns=["place_id", "level", "year", "member", "size_band", "n_stock"],
    )
    assert stocks(firm_years, places, "province") == {("p0", 2010): 7.0}


def test_a_regressor_known_for_too_few_flows_is_not_taken():
    places, moves, _, names = choice_data(15, 200)
    panel = pd.DataFrame([("c000", 2010, "wage", 5.0)], columns=["place_id", "year", "indicator", "value"])
    cells = flow_cells(moves, places, "county", candidates=names)
    given = pull_terms(cells, places, "county", panel=panel, indicators=("wage",))
    kept, unknown = with_terms(cells, given, 0.8)
    assert set(unknown) == {"ln_wage"}
    assert kept.moves.size == cells.moves.size


def test_not_knowing_which_pairs_are_moves_widens_the_interval():
    rng = np.random.default_rng(16)
    places = grid_places(20, 4, 16)
    moves = drawn_flows(places, planted_mean(places, rng, -1.0, 3_000), YEARS, rng, chance=(2, 2))
    sure = moves[rng.random(len(moves)) < 0.5].assign(p_relocation=1.0, p_look_alike=0.0)
    wide = gravity(flow_cells(moves, places, "county"), BOTH, moves, calibration=EXACT).pooled
    narrow = gravity(flow_cells(sure, places, "county"), BOTH, sure, calibration=EXACT).pooled
    assert wide.between_share[0] > 0.2
    assert narrow.between_share[0] < 1e-6


@pytest.mark.slow
def test_ninety_percent_intervals_of_the_elasticity_hold_it_nine_times_in_ten():
    held, n = 0, 200
    for seed in range(n):
        rng = np.random.default_rng([99, seed])
        places = grid_places(25, 5, seed)
        moves = drawn_flows(places, planted_mean(places, rng, -1.0, 2_500), YEARS, rng, chance=(5, 1))
        found = gravity(
            flow_cells(moves, places, "county"), BOTH, moves, imputations=20, seed=seed, calibration=EXACT
        ).pooled
        low, high = found.interval(found.names.index("ln_km"))
        held += low < -1.0 < high
    assert 0.84 <= held / n <= 0.96


def test_a_fit_has_the_same_bytes_in_every_process():
    script = (
        "import numpy as np\n"
        "from process.drivers.test_gravity import BOTH, YEARS, flow_cells, planted_mean, ppml, pruned\n"
        "from process.moves.planted_moves import drawn_flows, grid_places\n"
        "rng = np.random.default_rng(1); places = grid_places(15, 3, 1)\n"
        "moves = drawn_flows(places, planted_mean(places, rng, -1.0, 900), YEARS, rng)\n"
        "fit = ppml(pruned(flow_cells(moves, places, 'county'), BOTH), BOTH)\n"
        "print(fit.coefficients.tobytes().hex(), fit.covariance.tobytes().hex())\n"
    )
    answers = set()
    for hash_seed, threads in ((0, 1), (1, 2)):  # pyfixest's own fepois differs between these two
        fixed = {
            "PYTHONHASHSEED": str(hash_seed),
            "OPENBLAS_NUM_THREADS": str(threads),
            "RAYON_NUM_THREADS": str(threads),
        }
        here = {**os.environ, **fixed, "PYTHONPATH": str(Path(__file__).parents[2])}
        run = subprocess.run([sys.executable, "-c", script], env=here, capture_output=True, text=True, check=True)
        answers.add(run.stdout)
    assert len(answers) == 1
