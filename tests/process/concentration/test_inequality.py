"""Inequality between places: published values, the test's size, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from process.concentration.published import mexico, mexico_incomes
from townshift.errors import MeasureError
from townshift.process.concentration.inequality import between_test, theil
from townshift.process.concentration.inequality_gini import gini, gini_test, hoover, spatial_gini

PUBLISHED_T = [0.20894344, 0.15222451, 0.10472941, 0.10194725, 0.09560113, 0.10511256, 0.10660832]
PUBLISHED_BETWEEN = [0.0345889, 0.02816853, 0.05260921, 0.05931219, 0.03205257, 0.02963731, 0.03635872]
PUBLISHED_P = [0.4, 0.344, 0.001, 0.001, 0.034, 0.072, 0.032]


def _codes(problem: pytest.ExceptionInfo[MeasureError]) -> list[str]:
    return [found.code for found in problem.value.problems]


def _regions() -> sparse.csr_array:
    regions = mexico()["hanson98"].to_numpy()
    return sparse.csr_array((regions[:, None] == regions) & ~np.eye(len(regions), dtype=bool), dtype=float)


def test_theil_of_mexican_states_is_the_published_one():
    result = theil(mexico_incomes(), mexico()["hanson98"].to_numpy(), permutations=9)
    np.testing.assert_allclose(result.total, PUBLISHED_T, atol=1e-7)
    np.testing.assert_allclose(result.between, PUBLISHED_BETWEEN, atol=1e-7)
    np.testing.assert_allclose(result.within, result.total - result.between, atol=1e-12)


def test_p_values_over_the_published_permutations_are_the_published_ones():
    incomes, regions = mexico_incomes(), mexico()["hanson98"].to_numpy()
    codes = np.unique(regions, return_inverse=True)[1]
    by_region = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[by_region], np.arange(codes.max() + 1))
    legacy = np.random.RandomState(10)
    orders = (legacy.permutation(len(codes))[by_region] for _ in range(999))
    observed = theil(incomes, regions, permutations=1).between
    _, p = between_test(incomes, starts, observed, orders)
    np.testing.assert_allclose(p, PUBLISHED_P, atol=1e-12)


def test_own_p_values_lie_where_the_published_ones_do():
    p = theil(mexico_incomes(), mexico()["hanson98"].to_numpy(), seed=3).p
    sd = np.sqrt(np.array(PUBLISHED_P) * (1 - np.array(PUBLISHED_P)) / 999)
    assert (np.abs(p - PUBLISHED_P) < 4.5 * np.sqrt(2) * sd + 0.002).all()


def test_within_is_the_groups_own_theil_weighted_by_their_shares():
    incomes, regions = mexico_incomes(), mexico()["hanson98"].to_numpy()
    result = theil(incomes, regions, permutations=1)
    shares = np.array([incomes[regions == float(name)].sum(axis=0) for name in result.groups]) / incomes.sum(axis=0)
    np.testing.assert_allclose((shares * result.group_theil).sum(axis=0), result.within, atol=1e-12)


def test_the_same_seed_gives_the_same_p_and_another_seed_another_one():
    values, groups = np.arange(1.0, 21.0), np.tile([0, 1], 10)
    first, again, other = (theil(values, groups, seed=seed).expected for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_grouping_without_meaning_is_rejected_at_its_nominal_rate():
    generator = np.random.default_rng(11)
    p = [theil(generator.lognormal(size=60), np.repeat(range(6), 10), 99, seed=i).p[0] for i in range(600)]
    # Binomial: 5 % of 600 is 30 with a standard deviation of 5.3.
    assert 30 - 3.5 * 5.3 <= np.sum(np.array(p) <= 0.05) <= 30 + 3.5 * 5.3


def test_a_grouping_that_explains_everything_has_the_smallest_p_there_is():
    assert theil(np.repeat([1.0, 5.0, 9.0], 10), np.repeat(["a", "b", "c"], 10), 999).p[0] == 0.001


def test_equal_places_have_no_inequality_and_no_finding():
    result = theil(np.ones(12), np.repeat([0, 1], 6))
    assert result.total[0] == pytest.approx(0, abs=1e-12)
    assert result.p[0] == 1


def test_places_without_income_count_as_zero_and_not_as_missing():
    assert theil([0.0, 0.0, 0.0, 1.0], [0, 0, 1, 1], 9).total[0] == pytest.approx(np.log(4))


@pytest.mark.parametrize(
    ("values", "groups", "code"),
    [
        ([1.0, np.nan, 2.0], [0, 0, 1], "TS-CONC-030"),
        ([1.0, -1.0, 2.0], [0, 0, 1], "TS-CONC-031"),
        ([0.0, 0.0, 0.0], [0, 0, 1], "TS-CONC-032"),
        ([1.0], [0], "TS-CONC-034"),
        ([1.0, 2.0], [0], "TS-CONC-035"),
        ([1.0, 2.0], [0, 0], "TS-CONC-038"),
        ([1.0, 2.0], [0, 1], "TS-CONC-038"),
        ([1.0, 2.0, 3.0], ["a", "a", None], "TS-CONC-030"),
        ([1.0, 2.0, 3.0], [0, 0, np.nan], "TS-CONC-030"),
    ],
)
def test_theil_refuses_what_it_cannot_answer_for(values, groups, code):
    with pytest.raises(MeasureError) as problem:
        theil(values, groups)
    assert code in _codes(problem)


def test_gini_and_its_parts_for_mexico_are_the_published_ones():
    incomes = mexico_incomes()[:, 0]
    result = spatial_gini(incomes, _regions(), permutations=9)
    assert gini(incomes) == pytest.approx(0.3537237117, abs=1e-9)
    assert result.gini == pytest.approx(0.3537237117, abs=1e-9)
    assert (result.neighbour_part, result.other_part) == (884130.0, 4353856.0)


def test_the_spatial_gini_over_the_published_orders_has_the_published_p_and_mean():
    legacy, order, orders = np.random.RandomState(12345), np.arange(32), []
    for _ in range(99):
        legacy.shuffle(order)
        orders.append(order.copy())
    result = gini_test(mexico_incomes()[:, 0], _regions(), orders)
    assert result.p == 0.04
    assert result.expected == pytest.approx(4170356.7474747472, rel=1e-12)


def test_weights_that_go_one_way_only_count_each_direction_by_itself():
    one_way = sparse.csr_array(np.array([[0.0, 1, 0], [0, 0, 0], [0, 0, 0]]))
    assert spatial_gini([1.0, 3.0, 9.0], one_way, 9).neighbour_part == 2.0


def test_the_gini_test_without_a_pattern_rejects_at_its_nominal_rate():
    generator = np.random.default_rng(12)
    ring = sparse.csr_array(np.roll(np.eye(40), 1, axis=1) + np.roll(np.eye(40), -1, axis=1))
    p = [spatial_gini(generator.lognormal(size=40), ring, 99, seed=i).p for i in range(600)]
    assert 30 - 3.5 * 5.3 <= np.sum(np.array(p) <= 0.05) <= 30 + 3.5 * 5.3


@pytest.mark.parametrize(
    ("values", "code"), [([2.0, 2.0, 2.0], "TS-CONC-033"), ([0.0, 0.0, 0.0], "TS-CONC-032"), ([1.0], "TS-CONC-034")]
)
def test_the_spatial_gini_refuses_what_has_no_pattern(values, code):
    with pytest.raises(MeasureError) as problem:
        spatial_gini(values, sparse.csr_array(np.ones((len(values), len(values)))))
    assert code in _codes(problem)


def test_the_spatial_gini_refuses_weights_without_neighbours_or_of_other_areas():
    for weights, code in ((np.eye(3), "TS-CONC-039"), (np.ones((2, 2)), "TS-CONC-045")):
        with pytest.raises(MeasureError) as problem:
            spatial_gini([1.0, 2.0, 3.0], sparse.csr_array(weights))
        assert code in _codes(problem)


def test_hoover_is_the_share_that_would_have_to_move():
    assert hoover([30, 10, 0], [100, 100, 200]).value == pytest.approx(0.5)


def test_hoover_of_an_industry_dealt_out_at_random_is_rejected_at_its_nominal_rate():
    generator = np.random.default_rng(13)
    whole = generator.lognormal(5, 1, size=50)
    p = [hoover(generator.multinomial(80, whole / whole.sum()), whole, 99, seed=i).p for i in range(600)]
    assert np.sum(np.array(p) <= 0.05) <= 30 + 3.5 * 5.3  # the index is discrete: it may reject less often


def test_hoover_refuses_an_industry_that_is_the_whole_registry():
    with pytest.raises(MeasureError) as problem:
        hoover([3, 4], [3, 4])
    assert _codes(problem) == ["TS-CONC-037"]
