"""The share of an industry that stands in clusters."""

import numpy as np
import pandas as pd
import pytest

from townshift.process.clusters.cluster_estimates import cluster_estimates
from townshift.process.clusters.result import YearlyClusters


def yearly():
    """Ten firms in 2001: five in one cluster, two in another, three in none."""
    cluster = [0] * 5 + [1] * 2 + [-1] * 3
    return YearlyClusters(
        memberships=pd.DataFrame({"record": range(10), "year": 2001, "cluster": cluster}),
        cells=pd.DataFrame({"year": [], "cluster": [], "cell": []}),
        table=pd.DataFrame({"year": [2001, 2001], "cluster": [0, 1], "n": [5, 2]}),
        cell_m=50.0,
        origin_m=(0.0, 0.0),
        columns=10,
        levels=pd.DataFrame({"year": [2001], "n": [10], "level": [3.0], "background": [1.0]}),
    )


def test_firms_in_no_cluster_are_of_the_industry_and_not_of_its_clusters():
    found = cluster_estimates(yearly(), pd.Series([f"r{at}" for at in range(10)]), "town", 7)
    value = found.table.set_index("measure")["value"]
    assert value["clustered_share"] == pytest.approx(0.7)
    assert value["largest_cluster_share"] == pytest.approx(0.5)
    assert value["clusters"] == 2
    rows = found.table.reset_index(drop=True)
    share = int(np.flatnonzero(rows["measure"] == "clustered_share")[0])
    assert rows["low"][share] < 0.7 < rows["high"][share]
    assert np.isfinite(found.draws[share]).all()
