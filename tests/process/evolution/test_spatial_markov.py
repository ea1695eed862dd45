"""Chains of classes: published values, the peer's test, long runs by power, coverage, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from process.concentration.published import us_incomes
from townshift.errors import MeasureError
from townshift.process.concentration.neighbours_of_areas import from_pairs
from townshift.process.evolution.spatial_markov import markov, spatial_markov, steady_state
from townshift.process.evolution.spatial_markov_classes import classes_by_year
from townshift.process.evolution.spatial_markov_rank import rank_mobility

PUBLISHED_STEADY = [0.20774716, 0.18725774, 0.20740537, 0.18821787, 0.20937187]
CHAIN = np.array([[0.8, 0.15, 0.05], [0.1, 0.8, 0.1], [0.05, 0.25, 0.7]])


def _walk(generator: np.random.Generator, areas: int, years: int, p: np.ndarray = CHAIN) -> np.ndarray:
    out = np.zeros((areas, years), dtype=int)
    out[:, 0] = generator.integers(0, len(p), size=areas)
    for year in range(1, years):
        reached = generator.random(areas)[:, None] > np.cumsum(p[out[:, year - 1]], axis=1)
        out[:, year] = np.minimum(reached.sum(axis=1), len(p) - 1)
    return out


def _ring(areas: int) -> sparse.csr_array:
    return from_pairs(np.column_stack([np.arange(areas), (np.arange(areas) + 1) % areas]), areas)


def _states() -> sparse.csr_array:
    libpysal = pytest.importorskip("libpysal", reason="a development package; its examples hold the data")
    weights = libpysal.io.open(libpysal.examples.get_path("states48.gal")).read()
    return sparse.csr_array(weights.sparse)


def test_yearly_quintiles_of_us_states_give_the_published_chain_and_long_run():
    chain = markov(classes_by_year(us_incomes(), 5), draws=10)
    assert chain.p[0, :2] == pytest.approx((0.91011236, 0.0886392), abs=1e-7)
    assert chain.p[4, 4] == pytest.approx(0.92740926, abs=1e-7)
    np.testing.assert_allclose(chain.steady, PUBLISHED_STEADY, atol=1e-7)
    assert chain.counts.sum() == 48 * 80


def test_chains_apart_by_neighbours_and_their_test_are_the_peers():
    giddy = pytest.importorskip("giddy.markov", reason="a development package, the reference here")
    libpysal = pytest.importorskip("libpysal")
    incomes = us_incomes()
    weights = libpysal.io.open(libpysal.examples.get_path("states48.gal")).read()
    weights.transform = "r"
    theirs = giddy.Spatial_Markov(incomes / incomes.mean(axis=0), weights, fixed=True, k=5, m=5)
    ours = spatial_markov(incomes, _states(), draws=10)
    np.testing.assert_allclose(ours.limits, theirs.cutoffs, rtol=1e-12)
    np.testing.assert_allclose(ours.lag_limits, theirs.lag_cutoffs, rtol=1e-12)
    np.testing.assert_array_equal([chain.counts for chain in ours.by_lag], theirs.T)
    np.testing.assert_allclose([chain.p for chain in ours.by_lag], theirs.P, atol=1e-12)
    np.testing.assert_allclose(ours.all.steady, theirs.s, atol=1e-10)
    assert (ours.q, ours.likelihood_ratio, ours.degrees_of_freedom) == pytest.approx(
        (theirs.Q, theirs.LR, theirs.dof_hom), rel=1e-10
    )


def test_rank_mobility_of_us_states_is_the_published_one():
    incomes = us_incomes()
    result = rank_mobility(incomes[:, 0], incomes[:, -1])
    assert result.tau == pytest.approx(0.5188470577, abs=1e-9)
    assert result.low < result.tau < result.high
    assert result.reversed_pairs == pytest.approx((1 - result.tau) / 2, abs=0.01)


def test_the_long_run_is_where_many_steps_lead():
    steady = steady_state(CHAIN, np.ones(3, dtype=bool))
    np.testing.assert_allclose(steady, np.linalg.matrix_power(CHAIN, 500)[0], atol=1e-12)


def test_a_class_that_is_passed_through_has_no_share_in_the_long_run():
    p = np.array([[0.5, 0.5, 0], [0, 0.5, 0.5], [0, 0.5, 0.5]])
    np.testing.assert_allclose(steady_state(p, np.ones(3, dtype=bool)), [0, 0.5, 0.5])


def test_a_long_run_that_depends_on_the_start_is_said_to_be_unknown():
    chain = markov([[0, 0, 0], [1, 1, 1]], draws=5)
    assert not chain.steady_identified
    assert (chain.steady == 0).all()
    assert (chain.sojourn == np.inf).all()


def test_a_class_entered_in_the_last_year_only_leaves_the_long_run_unknown_and_one_never_seen_does_not():
    assert not markov([[0, 0, 1], [0, 0, 0]], draws=5).steady_identified
    chain = markov([[0, 1, 0], [1, 0, 1]], classes=3, draws=5)
    assert chain.steady_identified
    assert chain.visited.tolist() == [True, True, False]
    np.testing.assert_allclose(chain.steady, [0.5, 0.5, 0])


def test_intervals_hold_transitions_and_the_long_run_as_often_as_they_say():
    generator, held, runs = np.random.default_rng(51), np.zeros(4), 200
    truth = np.r_[CHAIN[0, 0], CHAIN[2, 1], np.linalg.matrix_power(CHAIN, 500)[0, :2]]
    for run in range(runs):
        chain = markov(_walk(generator, 80, 12), draws=200, seed=run)
        draws = np.stack([chain.p_draws[0, 0], chain.p_draws[2, 1], *chain.steady_draws[:2]])
        low, high = np.nanquantile(draws, [0.05, 0.95], axis=1)
        held += (low <= truth) & (truth <= high)
    assert held / runs == pytest.approx(0.9, abs=0.065)


def test_neighbours_without_influence_are_rejected_at_the_nominal_rate():
    generator, p = np.random.default_rng(52), []
    for _ in range(300):
        ids = _walk(generator, 100, 8)
        result = spatial_markov(
            ids.astype(float), _ring(100), classes=[0.5, 1.5], lag_classes=[0.75, 1.25], relative=False, draws=1
        )
        p.append(result.q_p)
    assert np.sum(np.array(p) <= 0.05) <= 15 + 3.5 * 3.8


def test_neighbours_that_pull_are_found():
    generator = np.random.default_rng(53)
    values = np.cumsum(generator.normal(size=(60, 1)), axis=0) + np.zeros((60, 10))
    for year in range(1, 10):
        pulled = 0.5 * values[:, year - 1] + 0.25 * (np.roll(values[:, year - 1], 1) + np.roll(values[:, year - 1], -1))
        values[:, year] = pulled + generator.normal(scale=0.5, size=60)
    result = spatial_markov(values - values.min() + 1, _ring(60), 3, 3, draws=1)
    assert result.q_p < 0.001


def test_the_same_seed_gives_the_same_draws_however_many_are_held_at_once(monkeypatch):
    ids = _walk(np.random.default_rng(54), 40, 6)
    whole = markov(ids, draws=30, seed=1)
    monkeypatch.setattr("townshift.process.evolution.spatial_markov.CELLS", 100)
    again, other = markov(ids, draws=30, seed=1), markov(ids, draws=30, seed=2)
    np.testing.assert_array_equal(again.p_draws, whole.p_draws)
    assert (other.p_draws != whole.p_draws).any()


def test_quantile_classes_are_those_of_pandas():
    values = np.random.default_rng(55).lognormal(size=(97, 3))
    expected = np.stack([pd.qcut(year, 4, labels=False) for year in values.T], axis=1)
    np.testing.assert_array_equal(classes_by_year(values, 4), expected)


def test_values_that_cannot_form_the_classes_are_refused():
    for values in ([0.0, 0, 0, 0, 1, 2], [1.0, 1, 1, 1, 1, 1]):
        with pytest.raises(MeasureError) as problem:
            classes_by_year(np.array(values)[:, None], 3)
        assert [found.code for found in problem.value.problems] == ["TS-CONC-044"]


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ([[0], [1]], "TS-CONC-042"),
        ([[0, 1]], "TS-CONC-034"),
        ([[0, np.nan], [1, 1]], "TS-CONC-030"),
        ([[0, 0.5], [1, 1]], "TS-CONC-046"),
    ],
)
def test_a_chain_refuses_what_does_not_move(ids, code):
    with pytest.raises(MeasureError) as problem:
        markov(ids)
    assert code in [found.code for found in problem.value.problems]


def test_a_class_outside_the_range_is_refused():
    with pytest.raises(MeasureError) as problem:
        markov([[0, 3], [1, 1]], classes=2)
    assert [found.code for found in problem.value.problems] == ["TS-CONC-043"]


def test_the_spatial_chain_refuses_one_year_gaps_and_empty_weights():
    values = np.arange(1.0, 13).reshape(6, 2)
    for given, weights, code in (
        (values[:, :1], _ring(6), "TS-CONC-042"),
        (np.where(values == 3, np.nan, values), _ring(6), "TS-CONC-030"),
        (values * [1, 0], _ring(6), "TS-CONC-032"),
        (values, sparse.csr_array((6, 6)), "TS-CONC-039"),
    ):
        with pytest.raises(MeasureError) as problem:
            spatial_markov(given, weights, 2, 2)
        assert code in [found.code for found in problem.value.problems]


def test_intervals_of_rank_mobility_hold_the_truth_as_often_as_they_say():
    generator, held = np.random.default_rng(56), 0
    truth = 2 / np.pi * np.arcsin(0.6)
    for _ in range(600):
        first = generator.normal(size=60)
        result = rank_mobility(first, 0.6 * first + 0.8 * generator.normal(size=60))
        held += result.low <= truth <= result.high
    assert held / 600 == pytest.approx(0.9, abs=0.035)


def test_reversed_ranks_are_all_reversed_pairs_and_ties_count_for_neither():
    assert rank_mobility([1, 2, 3, 4, 5], [5, 4, 3, 2, 1]).reversed_pairs == pytest.approx(1)
    assert rank_mobility([1, 1, 2, 3, 4], [9, 8, 1, 2, 3]).reversed_pairs == pytest.approx(6 / 9)


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ([1, 2, 3], [1, 2, 3], "TS-CONC-034"),
        ([1, 1, 1, 1, 1], [1, 2, 3, 4, 5], "TS-CONC-033"),
        ([1, 2, 3, 4, np.nan], [1, 2, 3, 4, 5], "TS-CONC-030"),
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6], "TS-CONC-035"),
    ],
)
def test_rank_mobility_refuses_what_has_no_order(first, last, code):
    with pytest.raises(MeasureError) as problem:
        rank_mobility(first, last)
    assert code in [found.code for found in problem.value.problems]
