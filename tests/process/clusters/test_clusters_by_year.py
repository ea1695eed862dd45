"""Clusters by year on one grid."""

import numpy as np
import pandas as pd
import pytest
import shapely

from townshift.errors import MeasureError
from townshift.process.clusters.clusters_by_year import Lifetimes, clusters_by_year
from townshift.process.clusters.find_clusters import find_clusters
from townshift.process.clusters.parameters import ClustersParameters

PARAMETERS = ClustersParameters(resamples=0)


def two_clusters(seed=1000):
    """One cluster from 2000 to 2009, another from 2005 on, before noise in all years."""
    rng = np.random.default_rng(seed)
    noise = rng.uniform(0, 20_000, (300, 2))
    old = rng.normal((5_000, 5_000), 300, (150, 2))
    young = rng.normal((15_000, 15_000), 300, (150, 2))
    xy = np.r_[noise, old, young] + (500_000, 3_400_000)
    entry = np.repeat([2000, 2000, 2005], [300, 150, 150])
    leaving = np.repeat([np.nan, 2010, np.nan], [300, 150, 150])
    return Lifetimes(xy[:, 0], xy[:, 1], entry, leaving)


@pytest.fixture(scope="module")
def found():
    return clusters_by_year(two_clusters(), range(2000, 2013), PARAMETERS, seed=1)


def test_clusters_exist_in_the_years_in_which_they_were_planted(found):
    number = found.table.groupby("year").size().reindex(range(2000, 2013), fill_value=0)
    assert number.tolist() == [1] * 5 + [2] * 5 + [1] * 3


def test_a_firm_is_counted_at_the_end_of_its_entry_year_and_no_longer_at_the_end_of_its_exit_year(found):
    years = found.memberships.groupby("record")["year"].agg(["min", "max"])
    assert years.loc[300].tolist() == [2000, 2009]
    assert years.loc[450].tolist() == [2005, 2012]


def test_cells_of_a_cluster_are_its_polygon(found):
    for row in found.table.itertuples():
        cells = found.cells.query("year == @row.year and cluster == @row.cluster")["cell"].to_numpy()
        x = found.origin_m[0] + (cells % found.columns + 0.5) * found.cell_m
        y = found.origin_m[1] + (cells // found.columns + 0.5) * found.cell_m
        assert shapely.contains_xy(shapely.from_wkb(row.polygon_wkb), x, y).all()
        assert len(cells) * found.cell_m**2 == pytest.approx(row.area_m2)


def test_members_by_year_are_the_members_of_the_table(found):
    members = found.memberships.query("cluster >= 0").groupby(["year", "cluster"]).size()
    assert members.tolist() == found.table["n"].tolist()


def test_one_year_gives_the_clusters_of_that_year():
    firms = two_clusters()
    one = clusters_by_year(firms, [2004], PARAMETERS, seed=1)
    present = (firms.entry_year <= 2004) & ~(firms.exit_year <= 2004)
    alone = find_clusters(firms.x_m[present], firms.y_m[present], PARAMETERS, seed=1)
    assert len(one.table) == len(alone.table) == 1
    assert one.levels["year"].tolist() == [2004]


def test_stability_is_that_of_the_last_year_alone():
    found = clusters_by_year(two_clusters(), [2006, 2007], ClustersParameters(resamples=3), seed=1)
    assert found.table.groupby("year")["stability"].apply(lambda column: column.notna().all()).tolist() == [False, True]


def test_a_year_without_establishments_has_no_cluster_and_says_so():
    found = clusters_by_year(two_clusters(), [1990, 2000], PARAMETERS, seed=1)
    assert found.levels["n"].tolist() == [0, 450]
    assert np.isnan(found.levels["level"].iloc[0])


def test_two_runs_are_equal(found):
    again = clusters_by_year(two_clusters(), range(2000, 2013), PARAMETERS, seed=1)
    pd.testing.assert_frame_equal(again.memberships, found.memberships)
    pd.testing.assert_frame_equal(again.table, found.table)


def test_specialisation_by_year_is_against_the_reference_of_that_year():
    firms = two_clusters()
    rng = np.random.default_rng(5)
    others = np.array([500_000, 3_400_000]) + rng.uniform(0, 20_000, (2000, 2))
    everyone = Lifetimes(
        np.r_[firms.x_m, others[:, 0]],
        np.r_[firms.y_m, others[:, 1]],
        np.r_[firms.entry_year, np.full(2000, 1990)],
        np.r_[firms.exit_year, np.full(2000, np.nan)],
    )
    found = clusters_by_year(firms, [2004, 2006], PARAMETERS, reference=everyone, seed=1)
    assert (found.table["lq_low"] > 1).all()
    assert found.table.groupby("year").size().tolist() == [1, 2]


@pytest.mark.parametrize(
    ("years", "change", "code"),
    [
        ([], {}, "TS-CLUSTERS-003"),
        ([2000], {"entry_year": np.full(600, np.nan)}, "TS-CLUSTERS-004"),
        ([2000], {"exit_year": np.full(600, 1999)}, "TS-CLUSTERS-004"),
        ([2000], {"exit_year": np.full(6, 1999)}, "TS-CONC-001"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_its_code(years, change, code):
    firms = two_clusters()
    given = {name: getattr(firms, name) for name in ("x_m", "y_m", "entry_year", "exit_year")} | change
    with pytest.raises(MeasureError, match=code):
        clusters_by_year(Lifetimes(**given), years, PARAMETERS, seed=1)


def test_hdbscan_by_year_is_refused_because_it_has_no_cells():
    with pytest.raises(MeasureError, match="TS-CLUSTERS-005"):
        clusters_by_year(two_clusters(), [2000], ClustersParameters(method="hdbscan"), seed=1)
