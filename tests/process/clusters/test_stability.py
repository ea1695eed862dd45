"""Stability by resampling, the same for any number of workers."""

import pickle

import numpy as np
import pytest

from process.clusters.planted_clusters import planted_landscape
from townshift.process.clusters.find_clusters import find_clusters
from townshift.process.clusters.parameters import ClustersParameters
from townshift.process.clusters.stability import best_jaccard


@pytest.fixture(scope="module")
def compact():
    return planted_landscape("compact", 0.3, 1000)


def test_planted_clusters_are_stable(compact):
    found = find_clusters(compact.x_m, compact.y_m, ClustersParameters(resamples=5), seed=1)
    assert found.table["stability"].between(0.75, 1).all()


def test_stability_is_the_same_for_any_chunking(compact):
    parameters = ClustersParameters(resamples=6)

    def backwards(function, seeds, chunk_size):
        """Workers that get the work as bytes, take single samples, and begin with the last."""
        sent = pickle.loads(pickle.dumps(function))
        return [sent([seed])[0] for seed in reversed(seeds)][::-1]

    one = find_clusters(compact.x_m, compact.y_m, parameters, seed=1)
    other = find_clusters(compact.x_m, compact.y_m, parameters, seed=1, chunks=backwards)
    assert one.table["stability"].tolist() == other.table["stability"].tolist()


def test_a_cluster_that_samples_do_not_show_has_no_stability():
    assert best_jaccard(np.array([0, 0, 1]), np.array([-1, -1, 0]), 2).tolist() == [0.0, 1.0]
