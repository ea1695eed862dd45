"""K-density finds planted localisation and dispersion, says how exact it is, and refuses what it cannot answer for."""

import numpy as np
import pytest

from process.concentration import direct
from townshift.engine.chunks import map_chunks
from townshift.errors import MeasureError
from townshift.process.concentration import k_choice
from townshift.process.concentration.k_density import k_density
from townshift.process.concentration.k_parameters import KDensityParameters
from townshift.process.concentration.points import Points, checked_points

CORNER = np.array([400_000.0, 3_000_000.0])
QUICK = {"relabellings": 199, "distances": 41}


def registry(seed, n=1_500, cases=150, pattern="chance") -> Points:
    """A registry of villages and scattered firms, with an industry at random, in one village, or kept apart."""
    draw = np.random.default_rng(seed)
    centres = draw.uniform(5_000, 45_000, (12, 2))
    village = draw.integers(0, 24, n)
    at = np.where((village < 12)[:, None], centres[village % 12] + draw.normal(0, 900, (n, 2)), 0)
    at[village >= 12] = draw.uniform(0, 50_000, (int((village >= 12).sum()), 2))
    case = np.zeros(n, dtype=bool)
    if pattern == "chance":
        case[draw.choice(n, cases, replace=False)] = True
    elif pattern == "localised":
        case[np.argsort(np.hypot(*(at - centres[0]).T))[:cases]] = True
    else:
        alone = []
        for row in draw.permutation(np.flatnonzero(village >= 12)):
            if all(np.hypot(*(at[row] - at[other])) > 2_500 for other in alone) and len(alone) < cases:
                alone.append(int(row))
        case[alone] = True
    return checked_points(*(at + CORNER).T, weight=draw.lognormal(2, 1, n), case=case)


@pytest.mark.parametrize("computation", ["exact", "grid"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_curve_is_that_of_the_direct_formula(computation, weighted):
    points = registry(1)
    found = k_density(points, KDensityParameters(computation=computation, weighted=weighted, **QUICK), seed=1)
    rows = points.cases
    mass = points.masses[rows] if weighted else np.ones(len(rows))
    expected = direct.k_density(points.x_m[rows], points.y_m[rows], mass, found.distance_m, found.bandwidth_m)
    assert np.max(np.abs(found.density - expected)) <= 1e-10 * expected.max()


def test_bandwidth_and_longest_distance_follow_their_rules():
    points = registry(2)
    found = k_density(points, KDensityParameters(**QUICK), seed=1)
    pairs = np.triu_indices(len(points), 1)
    assert found.distance_m[-1] == pytest.approx(np.median(direct.distances(points.x_m, points.y_m)[pairs]), rel=1e-4)
    rows = points.cases
    d = direct.distances(points.x_m[rows], points.y_m[rows])[np.triu_indices(len(rows), 1)]
    spread = min(d.std(), np.subtract(*np.quantile(d, [0.75, 0.25])) / 1.34)
    assert found.bandwidth_m == pytest.approx(0.9 * spread * len(d) ** -0.2, rel=1e-3)


def test_given_bandwidth_and_distance_are_used():
    given = KDensityParameters(bandwidth_m=750, distance_max_m=12_000, distances=13, relabellings=19)
    found = k_density(registry(3), given, seed=1)
    assert found.bandwidth_m == 750
    assert found.distance_m.tolist() == [1_000.0 * step for step in range(13)]


def test_an_industry_of_one_village_is_localised_at_short_distances():
    found = k_density(registry(4, pattern="localised"), KDensityParameters(**QUICK), seed=1)
    assert found.bands.p_value <= 0.05
    assert found.localisation_index > 0.2
    assert found.localisation.argmax() < 10
    assert found.dispersion_index == 0


def test_an_industry_that_keeps_apart_is_dispersed():
    found = k_density(registry(5, cases=120, pattern="dispersed"), KDensityParameters(**QUICK), seed=1)
    assert found.bands.p_value <= 0.05
    assert found.dispersion_index > 0
    assert found.localisation_index == 0


def test_localisation_is_where_the_curve_is_above_the_global_band():
    found = k_density(registry(4, pattern="localised"), KDensityParameters(**QUICK), seed=1)
    above = found.density > found.bands.global_high
    assert ((found.localisation > 0) == above).all()
    area = np.sum((found.localisation[1:] + found.localisation[:-1]) / 2 * np.diff(found.distance_m))
    assert found.localisation_index == pytest.approx(area)


def test_the_global_band_holds_the_local_one():
    found = k_density(registry(6), KDensityParameters(**QUICK), seed=1).bands
    assert (found.global_low <= found.local_low).all()
    assert (found.global_high >= found.local_high).all()
    assert 0 < found.local_share < 0.05


@pytest.mark.parametrize("weighted", [False, True])
def test_grid_and_pairs_give_the_same_bands_within_the_bound(weighted, monkeypatch):
    points = registry(7, n=3_000, cases=600)
    grid = k_density(points, KDensityParameters(computation="grid", weighted=weighted, **QUICK), seed=3)
    monkeypatch.setattr(k_choice, "_PAIR_SECONDS", 1.0)
    exact = k_density(points, KDensityParameters(computation="exact", weighted=weighted, **QUICK), seed=3)
    monkeypatch.setattr(k_choice, "_PAIR_SECONDS", 0.0)
    pairs = k_density(points, KDensityParameters(computation="exact", weighted=weighted, **QUICK), seed=3)
    assert (pairs.computation, exact.computation, grid.computation) == ("exact: pairs", "exact: Fourier", "grid")
    most = pairs.density.max()
    assert np.max(np.abs(exact.bands.mean - pairs.bands.mean)) <= 1e-10 * most
    assert np.max(np.abs(exact.bands.global_high - pairs.bands.global_high)) <= 1e-10 * most
    assert (np.abs(grid.bands.mean - pairs.bands.mean) <= grid.error_bound).all()
    assert grid.error_bound.max() <= 0.005 * most
    assert 0 < grid.deviation <= 0.005


def test_relabelled_curves_stay_within_the_error_bound_where_sites_are_heaped_on_few_spots():
    draw = np.random.default_rng(8)
    spots = draw.uniform(0, 50_000, (40, 2))
    at = spots[draw.integers(0, 40, 4_000)]
    points = checked_points(*(at + CORNER).T, case=np.arange(4_000) < 500)
    given = {"bandwidth_m": 600.0, "distances": 41, "relabellings": 99}
    exact = k_density(points, KDensityParameters(computation="exact", **given), seed=3)
    grid = k_density(points, KDensityParameters(computation="grid", **given), seed=3)
    assert grid.error_bound.max() <= 0.005 * exact.density.max()
    for name in ("mean", "global_low", "global_high"):
        assert (np.abs(getattr(grid.bands, name) - getattr(exact.bands, name)) <= 3 * grid.error_bound).all(), name
    assert grid.deviation <= 0.005


def test_auto_takes_the_grid_only_where_exact_is_not_affordable(monkeypatch):
    points = registry(9)
    assert k_density(points, KDensityParameters(**QUICK)).computation.startswith("exact")
    monkeypatch.setattr(k_choice, "AFFORDABLE_SECONDS", 0.0)
    assert k_density(points, KDensityParameters(**QUICK)).computation == "grid"


def test_a_result_does_not_depend_on_workers_or_chunks():
    points, given = registry(10), KDensityParameters(**QUICK)

    def on_two(function, seeds, chunk_size):
        return map_chunks(function, seeds, 13, workers=2, serial_seconds=0)

    for computation in ("exact", "grid"):
        chosen = given.model_copy(update={"computation": computation})
        alone, together = k_density(points, chosen, seed=5), k_density(points, chosen, seed=5, chunks=on_two)
        assert alone.bands.global_high.tobytes() == together.bands.global_high.tobytes()
        assert alone.bands.mean.tobytes() == together.bands.mean.tobytes()


def test_another_seed_draws_other_industries_and_leaves_the_curve():
    points, given = registry(11), KDensityParameters(**QUICK)
    one, other = k_density(points, given, seed=5), k_density(points, given, seed=6)
    assert (one.density == other.density).all()
    assert (one.bands.mean != other.bands.mean).any()


def plain(n=40, weight=None):
    draw = np.random.default_rng(1)
    return (
        draw.uniform(4e5, 4.1e5, n),
        draw.uniform(3e6, 3.01e6, n),
        weight,
        np.arange(n) < 10,
    )


@pytest.mark.parametrize(
    ("points", "given", "code"),
    [
        (lambda: checked_points(*plain()[:2]), {}, "TS-CONC-011"),
        (lambda: checked_points(*plain()), {"weighted": True}, "TS-CONC-012"),
        (lambda: checked_points(*plain(weight=np.arange(40.0) == 3)), {"weighted": True}, "TS-CONC-013"),
        (
            lambda: checked_points(np.r_[np.full(10, 4e5), plain()[0][:30]], np.r_[np.full(10, 3e6), plain()[1][:30]],
                                   case=np.arange(40) < 10),
            {}, "TS-CONC-010",
        ),
        (
            lambda: checked_points(np.r_[np.full(38, 4e5), 4.1e5, 4.2e5], np.full(40, 3e6), case=np.arange(40) > 35),
            {}, "TS-CONC-014",
        ),
        (lambda: checked_points(*plain()), {"bandwidth_m": 1e-3, "computation": "grid"}, "TS-CONC-015"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_for_is_refused(points, given, code):
    with pytest.raises(MeasureError, match=code):
        k_density(points(), KDensityParameters(relabellings=19, **given))


def test_no_number_of_a_result_is_missing():
    found = k_density(registry(12, n=12, cases=3), KDensityParameters(relabellings=19, distances=11))
    for values in (found.density, found.localisation, found.error_bound, found.bands.global_low, found.bands.mean):
        assert np.isfinite(values).all()


def test_localisation_is_what_rises_above_the_global_band_and_not_the_local_one():
    draw = np.random.default_rng(5)
    x, y = draw.uniform(0, 10_000, (2, 400))
    x[:40], y[:40] = draw.uniform(4_000, 5_500, (2, 40))
    points = checked_points(x, y, case=np.arange(400) < 40)
    found = k_density(points, KDensityParameters(relabellings=199, distances=41))
    above = np.maximum(found.density - found.bands.global_high, 0)
    assert (found.bands.global_high > found.bands.local_high).any()
    assert np.array_equal(found.localisation, above)
    assert found.localisation_index == pytest.approx(np.trapezoid(above, found.distance_m))
