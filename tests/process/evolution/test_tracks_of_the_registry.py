"""Tracks found from the points of a synthetic registry fit the nuclei that its model meant, inside the town."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from process.evolution.nuclei_truth import NucleiTruth, nuclei_matches, nuclei_truth, tracks_without_nucleus
from townshift.api import new_registry_study
from townshift.examples.registry_points import RADIUS_KM
from townshift.process.clusters.parameters import ClustersParameters
from townshift.process.clusters.point_clusters import PointClusters, point_clusters
from townshift.process.concentration.establishment_points import projected_system
from townshift.process.evolution.tracks import Tracks, cluster_tracks

CENTRE = (120.25, 30.85)
YEARS = range(1985, 2025)
ALIVE = 30
"""Firms from which a nucleus must be found: three times those that make a cluster."""
NEAR_M = 500.0
SEED = 1001

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[NucleiTruth, PointClusters, Tracks]:
    folder = new_registry_study(tmp_path_factory.mktemp("registry") / "study", 100_000, SEED)
    truth = nuclei_truth(folder, CENTRE, YEARS)
    clusters = point_clusters(truth.points, YEARS, ClustersParameters(resamples=0), SEED)
    tracks = cluster_tracks(clusters.members.rename(columns={"record_id": "record"}), clusters.clusters)
    shown = nuclei_matches(truth, clusters.clusters, tracks.tracks, ALIVE, NEAR_M)
    logging.getLogger(__name__).info("\n%s", shown.to_string())
    return truth, clusters, tracks


def matches(found: tuple[NucleiTruth, PointClusters, Tracks]):
    truth, clusters, tracks = found
    return nuclei_matches(truth, clusters.clusters, tracks.tracks, ALIVE, NEAR_M)


def test_each_nucleus_is_found_in_the_years_in_which_it_is_alive(found):
    rows = matches(found)
    assert {"old_street", "village", "village_between", "market", "park"} <= set(rows["kind"])
    assert (rows["found_years"] >= 0.95 * rows["alive_years"]).all(), rows.to_string()


def test_nuclei_of_the_town_that_stand_alone_are_born_within_three_years(found):
    rows = matches(found)
    alone = rows[(rows["place"] == "lingxi") & (rows["kind"] != "village_between")]
    assert len(alone) == 5
    assert ((alone["found_from"] - alone["alive_from"]).abs() <= 3).all(), alone.to_string()


def test_two_villages_begin_as_tracks_of_their_own_and_end_as_one(found):
    _, _, tracks = found
    rows = matches(found)
    villages = rows[(rows["place"] == "lingxi") & (rows["kind"] == "village")]
    names = [{one.split()[0] for one in row.split("; ")} for row in villages["tracks"]]
    both = names[0] & names[1]
    own = (names[0] | names[1]) - both
    assert len(both) == 1
    assert own
    merged = tracks.events[(tracks.events["kind"] == "merge") & tracks.events["track"].isin(own)]
    assert set(merged["other_track"]) == both


def test_tracks_without_a_nucleus_are_few_and_lie_on_the_ground_of_the_town(found):
    """A fifth of the town's firms stand anywhere within its radius, which is denser than the country around it."""
    truth, clusters, tracks = found
    without = tracks_without_nucleus(truth, clusters.clusters, tracks.tracks, NEAR_M)
    rows = tracks.tracks
    share = rows.loc[rows["track"].isin(without["track"]), "n"].sum() / rows["n"].sum()
    logging.getLogger(__name__).info("\n%s\nshare of firm-years %.4f", without.to_string(), share)
    assert share <= 0.05
    middle = Transformer.from_crs("EPSG:4326", projected_system(*CENTRE), always_xy=True).transform(*CENTRE)
    shapes = rows[rows["track"].isin(without["track"])].merge(clusters.clusters, on=["year", "cluster"])["polygon_wkb"]
    away = [shapely.from_wkb(one).centroid.distance(shapely.Point(middle)) for one in shapes]
    assert np.max(away, initial=0) <= RADIUS_KM["focal"] * 1000


def test_the_old_street_declines_after_firms_stopped_entering_it(found):
    _, _, tracks = found
    rows = matches(found)
    street = rows.loc[rows["kind"] == "old_street", "tracks"].item().split()[0]
    declines = tracks.events[(tracks.events["track"] == street) & (tracks.events["kind"] == "decline")]
    assert len(declines) >= 1
    assert int(declines["year"].min()) >= 1994
