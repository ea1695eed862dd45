"""Hot spots by year: the peer's z, sizes under chance, exact trends, and every rule of the categories."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import kendalltau, norm

from townshift.errors import MeasureError
from townshift.process.concentration.neighbours_of_areas import from_pairs
from townshift.process.evolution.hot_spots import hot_spot_history, hot_spots
from townshift.process.evolution.hot_spots_trend import categories, mann_kendall


def _grid(side: int) -> sparse.csr_array:
    cells = np.arange(side * side).reshape(side, side)
    across = np.column_stack([cells[:, :-1].ravel(), cells[:, 1:].ravel()])
    down = np.column_stack([cells[:-1].ravel(), cells[1:].ravel()])
    return from_pairs(np.vstack([across, down]), side * side)


def _flags(text: str) -> np.ndarray:
    return np.array([[letter == "x" for letter in text]])


def test_z_is_the_peers_star_statistic():
    esda = pytest.importorskip("esda", reason="a development package, the reference here")
    libpysal = pytest.importorskip("libpysal")
    values = np.random.default_rng(61).lognormal(size=64)
    peer = libpysal.weights.WSP(sparse.csr_matrix(_grid(8))).to_W(silence_warnings=True)
    theirs = esda.G_Local(values, libpysal.weights.fill_diagonal(peer, 1.0), transform="B", star=True, permutations=0)
    np.testing.assert_allclose(hot_spots(values, _grid(8), 9).z, theirs.Zs, rtol=1e-10)


@pytest.mark.parametrize("unequal", [False, True])
def test_p_values_without_a_pattern_are_uniform_though_counts_are_skewed(unequal):
    generator, rejected, found = np.random.default_rng(62), [], 0
    weights = _grid(10)
    if unequal:
        weights.data = generator.uniform(0.2, 1, size=weights.nnz)
    for run in range(150):
        spots = hot_spots(generator.lognormal(0, 1.5, size=100), weights, 999, seed=run)
        rejected.append(np.mean(spots.p <= 0.05))
        found += bool((spots.hot | spots.cold).any())
    assert np.mean(rejected) == pytest.approx(0.05, abs=0.01)
    assert found / 150 <= 0.05 + 3 * 0.018


def test_the_normal_distribution_would_have_been_wrong_for_such_counts():
    generator = np.random.default_rng(63)
    extreme = [norm.sf(hot_spots(generator.lognormal(0, 1.5, size=100), _grid(10), 9).z) for _ in range(150)]
    assert np.mean(np.array(extreme) <= 0.001) > 0.005


def test_a_planted_hot_spot_is_found_where_it_is_and_only_there():
    values = np.random.default_rng(64).poisson(3, size=(15, 15)).astype(float)
    values[5:9, 5:9] += 15
    spots = hot_spots(values.ravel(), _grid(15))
    hot = spots.hot.reshape(15, 15)
    assert hot[5:9, 5:9].mean() >= 0.8
    assert not hot[:3].any()
    assert not hot[11:].any()


def test_an_area_next_to_all_others_is_neither_hot_nor_cold():
    spots = hot_spots([1.0, 2, 3, 9], sparse.csr_array(np.ones((4, 4))), 99)
    assert (spots.z == 0).all()
    assert (spots.p == 1).all()


@pytest.mark.parametrize("years", [3, 5, 6])
def test_trend_p_values_without_ties_are_those_of_all_orders(years):
    orders = np.array(list(itertools.permutations(range(years))), dtype=float)
    trend = mann_kendall(orders)
    for s in np.unique(np.abs(trend.s)):
        exact = np.mean(np.abs(trend.s) >= s)
        np.testing.assert_allclose(trend.p[np.abs(trend.s) == s], exact, rtol=1e-9)


def test_trend_p_values_are_those_of_kendalls_tau_with_time_and_ties_are_corrected():
    series = np.random.default_rng(65).normal(size=(20, 9))
    theirs = [kendalltau(np.arange(9), row, method="exact") for row in series]
    trend = mann_kendall(series)
    np.testing.assert_allclose(trend.tau, [result.statistic for result in theirs], atol=1e-12)
    np.testing.assert_allclose(trend.p, [result.pvalue for result in theirs], rtol=1e-9)
    # Four years, two equal: Var = (4·3·13 - 2·1·9) / 18 = 138 / 18; S = 5, so z = 4 / 2.769.
    tied = mann_kendall(np.array([[1.0, 1.0, 2.0, 3.0]]))
    assert tied.p[0] == pytest.approx(2 * norm.sf(4 / np.sqrt(138 / 18)))


@pytest.mark.parametrize(
    ("hot", "cold", "direction", "category"),
    [
        ("---------x", "----------", 0, "hot: new"),
        ("-------xxx", "----------", 0, "hot: consecutive"),
        ("xxxxxxxxxx", "----------", 1, "hot: intensifying"),
        ("xxxxxxxxxx", "----------", 0, "hot: persistent"),
        ("xx-xxxxxxx", "----------", -1, "hot: diminishing"),
        ("x--x---xxx", "----------", 0, "hot: sporadic"),
        ("x--x----xx", "-x--------", 0, "hot: oscillating"),
        ("xxxxxxxxx-", "----------", 0, "hot: historical"),
        ("xxxxx-----", "----------", 0, "none"),
        ("----------", "xxxxxxxxxx", -1, "cold: intensifying"),
        ("----------", "xxxxxxxxxx", 1, "cold: diminishing"),
        ("----------", "---------x", 0, "cold: new"),
        ("x---------", "---------x", 0, "cold: new"),
        ("----------", "----------", 1, "none"),
    ],
)
def test_each_history_has_the_category_that_the_rules_state(hot, cold, direction, category):
    assert categories(_flags(hot), _flags(cold), np.array([float(direction)])).tolist() == [category]


def test_a_spot_that_grows_year_by_year_is_intensifying_and_one_that_came_is_consecutive():
    generator = np.random.default_rng(66)
    values = generator.poisson(20, size=(12, 12, 10)).astype(float)
    for year in range(10):
        values[1:4, 1:4, year] += 40 + 15 * year
        values[8:11, 8:11, year] += 120 if year >= 6 else 0
    history = hot_spot_history(values.reshape(144, 10), _grid(12))
    category = history.category.reshape(12, 12)
    assert category[9, 9] == "hot: consecutive"
    assert category[2, 2] in {"hot: intensifying", "hot: persistent", "hot: diminishing"}
    assert np.isfinite(history.z).all()
    assert (history.category == "none").mean() > 0.5


def test_a_year_in_which_all_areas_are_alike_has_no_spots_and_is_named():
    values = np.random.default_rng(67).poisson(5, size=(36, 4)).astype(float)
    values[:, 1] = 7
    history = hot_spot_history(values, _grid(6), 99)
    assert history.years_without_variation == (1,)
    assert not history.hot[:, 1].any()
    assert (history.q[:, 1] == 1).all()


def test_the_same_seed_gives_the_same_spots_and_a_further_year_changes_no_earlier_one():
    values = np.random.default_rng(68).poisson(5, size=(36, 4)).astype(float)
    first, longer = hot_spot_history(values[:, :3], _grid(6), 199), hot_spot_history(values, _grid(6), 199)
    np.testing.assert_array_equal(first.q, longer.q[:, :3])


@pytest.mark.parametrize(
    ("values", "weights", "code"),
    [
        (np.ones((4, 1)) * np.arange(4)[:, None], np.ones((4, 4)), "TS-CONC-042"),
        (np.ones((4, 3)), np.ones((4, 4)), "TS-CONC-033"),
        (np.full((4, 3), np.nan), np.ones((4, 4)), "TS-CONC-030"),
        (np.ones((1, 3)), np.ones((1, 1)), "TS-CONC-034"),
        (np.arange(12.0).reshape(4, 3), np.zeros((4, 4)), "TS-CONC-039"),
    ],
)
def test_a_history_refuses_what_it_cannot_answer_for(values, weights, code):
    with pytest.raises(MeasureError) as problem:
        hot_spot_history(values, sparse.csr_array(weights))
    assert code in [found.code for found in problem.value.problems]
