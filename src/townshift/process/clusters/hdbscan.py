"""Clusters as groups of points that stay together over many densities: HDBSCAN, from the library fast-hdbscan."""

from __future__ import annotations

import numpy as np

from townshift.process.clusters.grid import Floats
from townshift.process.clusters.parameters import NOISE, ClustersParameters
from townshift.process.clusters.result import Labels


def hdbscan_labels(x_m: Floats, y_m: Floats, parameters: ClustersParameters) -> Labels:
    """Cluster of each point, -1 for noise.

    HDBSCAN knows no chance: it finds clusters in establishments set down at random as well, and compares with no
    other industry.

    Args:
        x_m: shape (n,), metres.
        y_m: shape (n,), metres.
        parameters: `min_firms`, `min_samples`, `selection`.

    Returns:
        Labels, shape (n,).

    Source: Campello, Moulavi and Sander (2013); McInnes and Healy (2017).
    """
    from fast_hdbscan import HDBSCAN

    if len(x_m) < parameters.min_firms:
        return np.full(len(x_m), NOISE, dtype=np.int64)
    model = HDBSCAN(
        min_cluster_size=parameters.min_firms,
        min_samples=min(parameters.min_samples or parameters.min_firms, len(x_m) - 1),
        cluster_selection_method=parameters.selection,
    )
    return np.asarray(model.fit_predict(np.column_stack([x_m, y_m])), dtype=np.int64)
