"""HDBSCAN behind the same result."""

import numpy as np
import pytest
import shapely
from sklearn.metrics import adjusted_rand_score

from process.clusters.planted_clusters import planted_landscape
from townshift.process.clusters.find_clusters import find_clusters
from townshift.process.clusters.parameters import ClustersParameters

PARAMETERS = ClustersParameters(method="hdbscan", min_firms=40, resamples=0)


@pytest.fixture(scope="module")
def compact():
    return planted_landscape("compact", 0.3, 1000)


@pytest.fixture(scope="module")
def found(compact):
    return find_clusters(compact.x_m, compact.y_m, PARAMETERS, seed=1)


def test_compact_clusters_are_recovered(compact, found):
    assert adjusted_rand_score(compact.truth, found.labels) >= 0.8


def test_outlines_hold_their_members(compact, found):
    for row in found.table.itertuples():
        members = found.labels == row.cluster
        polygon = shapely.from_wkb(row.polygon_wkb)
        assert polygon.is_valid
        assert shapely.covers(polygon, shapely.points(compact.x_m[members], compact.y_m[members])).all()
    assert np.isnan(found.level)


def test_establishments_at_one_address_are_answered():
    x = np.r_[np.full(60, 5e5), 5e5 + np.linspace(1_000, 90_000, 60)]
    found = find_clusters(x, np.full(120, 3e6), ClustersParameters(method="hdbscan", resamples=0), seed=1)
    assert (found.labels[:60] == found.labels[0]).all()
    assert (found.table["area_m2"] > 0).all()
