"""Level sets find what was planted, and nothing where nothing was."""

import numpy as np
import pandas as pd
import pytest
import shapely
from sklearn.metrics import adjusted_rand_score

from process.clusters.planted_clusters import planted_landscape
from townshift.errors import MeasureError
from townshift.process.clusters.find_clusters import find_clusters
from townshift.process.clusters.parameters import CLUSTER_COLUMNS, ClustersParameters

PLAIN = ClustersParameters(resamples=0)


def found_in(landscape, parameters=PLAIN, **options):
    return find_clusters(landscape.x_m, landscape.y_m, parameters, reference=landscape.reference, seed=1000, **options)


@pytest.fixture(scope="module")
def uneven():
    return planted_landscape("uneven", 0.3, 1001)


@pytest.fixture(scope="module")
def in_uneven(uneven):
    jobs = np.arange(len(uneven.x_m)) % 7
    return found_in(uneven, jobs=jobs), jobs


@pytest.mark.parametrize(("kind", "noise_share"), [("compact", 0.5), ("non_convex", 0.3), ("uneven", 0.3)])
def test_planted_clusters_are_recovered_at_the_documented_noise(kind, noise_share):
    landscape = planted_landscape(kind, noise_share, 1000)
    assert adjusted_rand_score(landscape.truth, found_in(landscape).labels) >= 0.9


@pytest.mark.parametrize("kind", ["null", "null_uneven"])
def test_no_cluster_is_found_where_none_was_planted(kind):
    found = sum(len(found_in(planted_landscape(kind, 1.0, seed, 600)).table) > 0 for seed in range(1000, 1010))
    assert found <= 2  # 5 % of ten: three or more would come by chance once in 90 times


def test_towns_are_clusters_only_while_no_reference_is_given():
    landscape = planted_landscape("null_uneven", 1.0, 1003)
    alone = find_clusters(landscape.x_m, landscape.y_m, PLAIN, seed=1)
    assert len(alone.table) > 0
    assert len(found_in(landscape).table) == 0


def test_every_establishment_of_a_cluster_lies_in_its_valid_polygon(uneven, in_uneven):
    found, _ = in_uneven
    for row in found.table.itertuples():
        polygon = shapely.from_wkb(row.polygon_wkb)
        members = found.labels == row.cluster
        assert polygon.is_valid
        assert row.area_m2 == pytest.approx(polygon.area)
        assert shapely.covers(polygon, shapely.points(uneven.x_m[members], uneven.y_m[members])).all()
        assert row.n == members.sum()
        assert row.density_per_km2 == pytest.approx(row.n / polygon.area * 1e6)


def test_a_ring_keeps_its_hole(uneven, in_uneven):
    found, _ = in_uneven
    holes = [len(getattr(shapely.from_wkb(wkb), "interiors", ())) for wkb in found.table["polygon_wkb"]]
    assert max(holes) >= 1


def test_jobs_are_summed_and_decide_no_cluster(uneven, in_uneven):
    found, jobs = in_uneven
    assert found.table["jobs"].tolist() == [jobs[found.labels == k].sum() for k in found.table["cluster"]]
    assert (found_in(uneven).labels == found.labels).all()


def test_specialisation_is_the_share_of_the_industry_in_the_area_over_its_share_everywhere(uneven, in_uneven):
    found, _ = in_uneven
    row = found.table.iloc[0]
    polygon = shapely.from_wkb(row["polygon_wkb"])
    n_all = shapely.contains_xy(polygon, *uneven.reference).sum()
    share = len(uneven.x_m) / len(uneven.reference[0])
    assert row["lq"] == pytest.approx(row["n"] / n_all / share)
    assert row["lq_low"] < row["lq"] < row["lq_high"]


def test_clusters_are_numbered_by_size(in_uneven):
    found, _ = in_uneven
    assert found.table.columns.tolist() == list(CLUSTER_COLUMNS)
    assert found.table["n"].is_monotonic_decreasing


def test_labels_do_not_depend_on_the_order_of_establishments(uneven, in_uneven):
    order = np.random.default_rng(1).permutation(len(uneven.x_m))
    again = find_clusters(uneven.x_m[order], uneven.y_m[order], PLAIN, reference=uneven.reference, seed=1000)
    assert (again.labels == in_uneven[0].labels[order]).all()


def test_two_runs_with_one_seed_are_equal(uneven, in_uneven):
    pd.testing.assert_frame_equal(found_in(uneven, jobs=in_uneven[1]).table, in_uneven[0].table)


def test_an_industry_that_is_the_whole_registry_is_refused(uneven):
    with pytest.raises(MeasureError, match="TS-CLUSTERS-001"):
        find_clusters(uneven.x_m, uneven.y_m, PLAIN, reference=(uneven.x_m, uneven.y_m), seed=1)


def test_a_reference_without_the_industry_is_refused(uneven):
    elsewhere = (uneven.reference[0] + 50_000, uneven.reference[1])
    with pytest.raises(MeasureError, match="TS-CLUSTERS-002"):
        find_clusters(uneven.x_m, uneven.y_m, PLAIN, reference=elsewhere, seed=1)


@pytest.mark.parametrize(
    ("x", "y", "jobs", "code"),
    [
        ([120.1, 120.2, 120.3], [30.1, 30.2, 30.3], None, "TS-CONC-003"),
        ([5e5, 5e5], [3e6, 3e6 + 9], None, "TS-CONC-004"),
        ([5e5] * 4, [3e6] * 4, None, "TS-CONC-005"),
        ([5e5, np.nan, 5e5 + 9], [3e6, 3e6, 3e6], None, "TS-CONC-002"),
        ([5e5, 5e5 + 5, 5e5 + 9], [3e6, 3e6, 3e6], [1, -1, 1], "TS-CONC-006"),
        ([5e5, 5e5 + 5, 5e5 + 9], [3e6, 3e6, 3e6], [0, 0, 0], "TS-CONC-007"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_its_code(x, y, jobs, code):
    with pytest.raises(MeasureError, match=code):
        find_clusters(x, y, PLAIN, jobs=jobs, seed=1)


def test_three_establishments_have_no_cluster_and_no_error():
    found = find_clusters([5e5, 5e5 + 5, 5e5 + 900], [3e6, 3e6, 3e6 + 100], PLAIN, seed=1)
    assert found.labels.tolist() == [-1, -1, -1]
    assert len(found.table) == 0


def test_establishments_along_one_line_are_answered():
    x = 5e5 + np.r_[np.linspace(0, 30_000, 60), np.linspace(10_000, 10_500, 60)]
    found = find_clusters(x, np.full(120, 3e6), PLAIN, seed=1)
    assert len(found.table) == 1
    assert found.table["n"].iloc[0] >= 60


def test_a_grid_never_holds_more_cells_than_allowed(uneven):
    small = found_in(uneven, ClustersParameters(resamples=0, max_cells=4096))
    assert small.bandwidths_m[0] > found_in(uneven).bandwidths_m[0]
