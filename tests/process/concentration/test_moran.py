"""Moran's I of all and of each area: the peer's values, exact p-values by enumeration, sizes and false discoveries."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import sparse

from townshift.errors import MeasureError
from townshift.process.concentration.moran import local_moran, moran
from townshift.process.concentration.moran_permutation import neighbour_tails
from townshift.process.concentration.neighbours_of_areas import (
    contiguity,
    from_pairs,
    nearest,
    row_standardised,
    within_distance,
)


def _grid(side: int) -> sparse.csr_array:
    cells = np.arange(side * side).reshape(side, side)
    across = np.column_stack([cells[:, :-1].ravel(), cells[:, 1:].ravel()])
    down = np.column_stack([cells[:-1].ravel(), cells[1:].ravel()])
    return from_pairs(np.vstack([across, down]), side * side)


def _unequal(weights: sparse.csr_array, seed: int) -> sparse.csr_array:
    out = weights.copy()
    out.data = np.random.default_rng(seed).uniform(0.5, 2, size=out.nnz)
    return out


def _peer(weights: sparse.csr_array):
    libpysal = pytest.importorskip("libpysal", reason="a development package")
    peer = libpysal.weights.WSP(sparse.csr_matrix(weights)).to_W(silence_warnings=True)
    peer.transform = "r"
    return peer


BOTH_KINDS = pytest.mark.parametrize("weights", [_grid(12), _unequal(_grid(12), 4)], ids=["equal", "unequal"])


def _sloping() -> np.ndarray:
    return np.random.default_rng(5).normal(size=144) + np.repeat(np.linspace(0, 2, 12), 12)


@BOTH_KINDS
def test_local_values_and_quadrants_are_the_peers(weights):
    esda = pytest.importorskip("esda", reason="a development package, the reference here")
    ours, theirs = local_moran(_sloping(), weights, 9), esda.Moran_Local(_sloping(), _peer(weights), permutations=0)
    np.testing.assert_allclose(ours.values, theirs.Is, rtol=1e-12, atol=1e-14)
    codes = {"high-high": 1, "low-high": 2, "low-low": 3, "high-low": 4}
    np.testing.assert_array_equal([codes[name] for name in ours.quadrant], theirs.q)


@pytest.mark.slow  # the peer compiles for half a minute
@pytest.mark.filterwarnings("ignore:The alternative hypothesis:DeprecationWarning")
@BOTH_KINDS
def test_local_p_values_are_the_peers_within_chance(weights):
    esda = pytest.importorskip("esda", reason="a development package, the reference here")
    ours = local_moran(_sloping(), weights, permutations=9_999, seed=1).p
    theirs = esda.Moran_Local(_sloping(), _peer(weights), permutations=9_999, seed=2, n_jobs=1).p_sim
    sd = np.sqrt(2 * np.clip(ours * (2 - ours), 1e-4, 1) / 9_999)
    # The peer's p is that of one tail, chosen after the fact; twice that is two-sided.
    assert (np.abs(ours - np.minimum(1, 2 * theirs)) < 5 * sd).all()


def test_global_value_is_the_peers_and_so_are_mean_sd_and_p_within_chance():
    esda = pytest.importorskip("esda", reason="a development package, the reference here")
    values = np.random.default_rng(6).normal(size=144) + np.repeat(np.linspace(0, 1, 12), 12)
    ours, theirs = moran(values, _grid(12), 9_999), esda.Moran(values, _peer(_grid(12)), permutations=0)
    assert ours.value == pytest.approx(theirs.I, rel=1e-12)
    assert ours.expected == pytest.approx(theirs.EI, rel=1e-12)
    assert ours.sd == pytest.approx(np.sqrt(theirs.VI_rand), rel=0.03)


@pytest.mark.parametrize("weights", [_grid(3), _unequal(_grid(3), 7)], ids=["equal", "unequal"])
def test_shared_draws_give_each_area_the_p_value_of_all_its_own_permutations(weights):
    values = np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5])
    weights = row_standardised(weights)
    tails = neighbour_tails(values, weights, 40_000, np.random.default_rng(8), own_fixed=True)
    for area in range(9):
        row = weights[[area]].tocoo()
        others = np.delete(np.arange(9), area)
        orders = np.array(list(itertools.permutations(others, len(row.data))))
        sums = values[orders] @ row.data
        observed = float((values[row.coords[1]] * row.data).sum())
        exact = np.mean(sums >= observed - 1e-9), np.mean(sums <= observed + 1e-9)
        for seen, share in zip((tails.higher[area], tails.lower[area]), exact, strict=True):
            assert abs(seen / 40_000 - share) <= 5 * np.sqrt(share * (1 - share) / 40_000)


def test_an_area_whose_neighbours_are_all_others_has_no_layout_but_the_observed_one():
    everyone = sparse.csr_array(np.ones((5, 5)) - np.eye(5))
    assert (local_moran([1.0, 2, 3, 4, 9], everyone, 99).p == 1).all()


def test_results_do_not_depend_on_how_many_numbers_are_held_at_once(monkeypatch):
    values, weights = np.random.default_rng(9).normal(size=9), _unequal(_grid(3), 3)
    weights.data[:8] = 1.0
    whole = local_moran(values, weights, 499, seed=2)
    monkeypatch.setattr("townshift.process.concentration.moran_permutation.CELLS", 70)
    np.testing.assert_array_equal(local_moran(values, weights, 499, seed=2).p, whole.p)


def test_the_same_seed_gives_the_same_p_values_and_another_seed_others():
    values = np.random.default_rng(10).normal(size=144)
    first, again, other = (local_moran(values, _grid(12), 999, seed=seed).p for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_p_values_without_a_pattern_are_uniform_and_findings_are_rare():
    generator, rejected, any_found = np.random.default_rng(14), [], 0
    for run in range(200):
        result = local_moran(generator.normal(size=100), _grid(10), 999, seed=run)
        rejected.append(np.mean(result.p <= 0.05))
        any_found += bool(result.found.any())
    assert np.mean(rejected) == pytest.approx(0.05, abs=0.006)
    # With no true cluster every finding is false: at most 5 % of runs, give or take 3 binomial deviations of 1.5 %.
    assert any_found / 200 <= 0.05 + 3 * 0.0154


def test_false_discoveries_among_findings_stay_below_the_rate_beside_a_true_cluster():
    generator, false, recovered = np.random.default_rng(15), [], []
    planted = np.zeros((20, 20), dtype=bool)
    planted[4:9, 4:9] = True
    reach = planted.copy()
    reach[3:10, 4:9] = reach[4:9, 3:10] = True  # an area beside the cluster has high neighbours in truth
    for run in range(100):
        found = local_moran(generator.normal(size=400) + 3.0 * planted.ravel(), _grid(20), 9_999, seed=run).found
        false.append((found & ~reach.ravel()).sum() / max(1, found.sum()))
        recovered.append(found[planted.ravel()].mean())
    assert np.mean(false) <= 0.05
    assert np.mean(recovered) > 0.3


def test_the_global_test_without_a_pattern_rejects_at_its_nominal_rate():
    generator = np.random.default_rng(16)
    p = [moran(generator.lognormal(size=64), _grid(8), 99, seed=run).p for run in range(600)]
    assert 30 - 3.5 * 5.3 <= np.sum(np.array(p) <= 0.05) <= 30 + 3.5 * 5.3


def test_an_island_is_said_to_be_one_and_is_never_found():
    weights = sparse.csr_array(np.pad(_grid(4).toarray(), (0, 1)))
    result = local_moran(np.r_[np.arange(16.0), 500.0], weights, 99)
    assert (result.islands, result.quadrant[-1], result.p[-1], result.q[-1], result.found[-1]) == (1, "", 1, 1, False)
    assert np.isfinite(result.values).all()
    assert moran(np.r_[np.arange(16.0), 500.0], weights, 99).islands == 1


@pytest.mark.parametrize(
    ("values", "weights", "code"),
    [
        ([1.0, np.nan, 3, 4], np.ones((4, 4)), "TS-CONC-030"),
        ([2.0, 2, 2, 2], np.ones((4, 4)), "TS-CONC-033"),
        ([1.0], np.ones((1, 1)), "TS-CONC-034"),
        ([1.0, 2, 3, 4], np.zeros((4, 4)), "TS-CONC-039"),
        ([1.0, 2, 3, 4], np.ones((3, 3)), "TS-CONC-045"),
        ([1.0, 2, 3, 4], -np.ones((4, 4)), "TS-CONC-045"),
        ([1.0, 2, 3, 4], np.full((4, 4), np.nan), "TS-CONC-045"),
    ],
)
def test_both_refuse_what_they_cannot_answer_for(values, weights, code):
    for measure in (moran, local_moran):
        with pytest.raises(MeasureError) as problem:
            measure(values, sparse.csr_array(weights))
        assert code in [found.code for found in problem.value.problems]


def test_nearest_areas_are_those_of_all_distances_compared():
    x, y = np.random.default_rng(17).uniform(0, 10_000, size=(2, 200))
    distance = np.hypot(x[:, None] - x, y[:, None] - y) + np.diag(np.full(200, np.inf))
    expected = np.sort(np.argsort(distance, axis=1)[:, :5], axis=1)
    np.testing.assert_array_equal(nearest(x, y, 5).indices.reshape(200, 5), expected)


def test_nearest_never_takes_an_area_itself_even_where_many_share_one_spot():
    x = np.r_[np.full(50, 1_000.0), 9_000, 9_500]
    weights = nearest(x, np.zeros(52), 3)
    assert weights.diagonal().sum() == 0
    assert (np.diff(weights.indptr) == 3).all()


def test_areas_within_a_distance_are_those_of_all_distances_compared():
    x, y = np.random.default_rng(18).uniform(0, 10_000, size=(2, 200))
    near = np.hypot(x[:, None] - x, y[:, None] - y) <= 1_500
    np.testing.assert_array_equal(within_distance(x, y, 1_500).toarray(), near & ~np.eye(200, dtype=bool))


def test_tiles_of_a_chessboard_have_four_neighbours_by_edges_and_eight_by_corners():
    from shapely import box

    tiles = [box(i, j, i + 1, j + 1) for j in range(3) for i in range(3)]
    assert contiguity(tiles, "rook")[[4]].nnz == 4
    assert contiguity(tiles, "queen")[[4]].nnz == 8


@pytest.mark.parametrize("neighbours", [0, 5])
def test_nearest_refuses_a_number_of_neighbours_that_there_is_not(neighbours):
    with pytest.raises(MeasureError) as problem:
        nearest([1000, 2000, 3000, 4000, 5000], np.zeros(5), neighbours)
    assert [found.code for found in problem.value.problems] == ["TS-CONC-043"]


def test_weights_without_any_neighbour_are_refused():
    with pytest.raises(MeasureError) as problem:
        within_distance([1000, 2000, 3000], [0, 0, 0], 10)
    assert [found.code for found in problem.value.problems] == ["TS-CONC-039"]
