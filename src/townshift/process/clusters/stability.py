"""How stable a cluster is: whether samples of the establishments show it again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from townshift.process.clusters.grid import Floats
from townshift.process.clusters.result import Labels
from townshift.process.clusters.search import Search
from townshift.types import ChunkMapper, keyed_seed, serial

SAMPLE_SHARE = 0.632
"""Share of the establishments in a sample: as many different ones as a bootstrap sample holds, `1 - 1/e`."""

CHUNK = 5
"""Samples per task of a worker."""


def cluster_stability(
    x_m: Floats, y_m: Floats, labels: Labels, search: Search, resamples: int, seed: int, chunks: ChunkMapper = serial
) -> Floats:
    """Mean likeness of each cluster to the cluster most like it in samples of the establishments.

    Likeness is the Jaccard index of members, `|A and B| / |A or B|`, among the establishments in the sample. Samples
    are drawn without replacement: doubles of one establishment would be a cluster of their own. Below 0.6 a cluster
    should not be trusted, from 0.75 it is stable (Hennig's rule of thumb).

    Args:
        x_m: shape (n,), metres.
        y_m: shape (n,), metres.
        labels: shape (n,), the clusters to be judged, numbered from 0; -1 for none.
        search: finds clusters in a sample; it keeps its level.
        resamples: samples.
        seed: the study's.
        chunks: maps over samples; any number of workers gives the same bytes.

    Returns:
        Stability of each cluster, shape (clusters,), between 0 and 1.

    Source: Hennig (2007).
    """
    if not resamples or labels.max(initial=-1) < 0:
        return np.full(int(labels.max(initial=-1)) + 1, np.nan)
    function = partial(_of_samples, x_m=x_m, y_m=y_m, labels=labels, search=search, seed=seed)
    return np.asarray(np.mean(chunks(function, range(resamples), CHUNK), axis=0))


def _of_samples(
    samples: Sequence[int], x_m: Floats, y_m: Floats, labels: Labels, search: Search, seed: int
) -> list[Floats]:
    size = max(1, round(SAMPLE_SHARE * len(x_m)))
    out = []
    for sample in samples:
        rng = np.random.default_rng(keyed_seed(seed, "clusters", "stability", str(sample)))
        rows = np.sort(rng.choice(len(x_m), size, replace=False))
        again = search.labels(x_m[rows], y_m[rows])
        out.append(best_jaccard(labels[rows], again, int(labels.max()) + 1))
    return out


def best_jaccard(labels: Labels, again: Labels, n_clusters: int) -> Floats:
    """Jaccard index of each cluster with the cluster of `again` most like it; 0 where it has no member left.

    Example:
        >>> best_jaccard(np.array([0, 0, 0, 1, -1]), np.array([5, 5, 2, -1, 5]), 2)
        array([0.5, 0. ])
    """
    n_again = int(again.max(initial=-1)) + 1
    if n_again == 0:
        return np.zeros(n_clusters)
    both = (labels >= 0) & (again >= 0)
    pairs, shared = np.unique(labels[both] * n_again + again[both], return_counts=True)
    first, second = pairs // n_again, pairs % n_again
    sizes = np.bincount(labels[labels >= 0], minlength=n_clusters)
    sizes_again = np.bincount(again[again >= 0], minlength=n_again)
    best = np.zeros(n_clusters)
    np.maximum.at(best, first, shared / (sizes[first] + sizes_again[second] - shared))
    return best
