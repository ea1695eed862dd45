"""Tracks of the synthetic registry's clusters fit what the registry's own model meant."""

import logging

import numpy as np
import pandas as pd
import pytest

from process.evolution.registry_truth import RegistryTruth, registry_scores, registry_truth
from townshift.examples.registry import synthetic_registry
from townshift.examples.registry_world import SHOCK_YEAR, SHOCK_YEARS, gazetteer
from townshift.process.evolution.tracks import Tracks, cluster_tracks

LEAST, YEARS = 15, range(1990, 2025)
MISSED, MISSED_LINKS = 0.05, 0.10
"""Shares of memberships and of moves that are not seen."""


def seen_in_places(truth: RegistryTruth, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Memberships and clusters as a clustering of place centres gives them: a place with enough members is one."""
    places = gazetteer("cn")
    number = {place: code for code, place in enumerate(truth.stock.index)}
    members = truth.memberships.copy()
    members["n"] = members.groupby(["place", "year"])["record"].transform("size")
    seen = (members["n"] >= LEAST) & (rng.random(len(members)) >= MISSED)
    members["cluster"] = members["place"].map(number).where(seen, -1)
    clusters = members[seen].drop_duplicates(["year", "cluster"])[["year", "cluster", "place"]]
    clusters["x_m"] = [95_000.0 * places[place].lon for place in clusters["place"]]
    clusters["y_m"] = [111_000.0 * places[place].lat for place in clusters["place"]]
    return members[["record", "year", "cluster"]], clusters


@pytest.fixture(scope="module")
def registry(tmp_path_factory) -> tuple[RegistryTruth, pd.DataFrame, pd.DataFrame, Tracks]:
    folder = tmp_path_factory.mktemp("registry")
    synthetic_registry(folder, 60_000, 1001)
    truth = registry_truth(folder, YEARS, LEAST)
    rng = np.random.default_rng(1001)
    members, clusters = seen_in_places(truth, rng)
    moves = pd.read_parquet(folder / "truth" / "moves.parquet")
    links = pd.DataFrame(
        {
            "origin_record": moves["origin_record_id"],
            "destination_record": moves["destination_record_id"],
            "year": pd.to_datetime(moves["date"]).dt.year,
            "probability": 0.85,
        }
    )[rng.random(len(moves)) >= MISSED_LINKS]
    found = cluster_tracks(members, clusters.drop(columns="place"), links=links)
    return truth, members, clusters, found


def test_tracks_of_the_registry_match_its_truth(registry):
    truth, members, _, found = registry
    scores = registry_scores(truth, members, found.tracks, found.events)
    logging.getLogger(__name__).info({name: round(value, 3) for name, value in scores.items()})
    assert scores["adjusted_rand"] >= 0.9
    assert scores["kept"] >= 0.9
    assert scores["found"] >= 0.9
    assert scores["begins_within_2"] >= 0.9
    assert scores["begins_as"] >= 0.8
    assert scores["phases_right"] >= 0.9


def test_the_focal_town_declines_in_the_years_of_the_regulation(registry):
    _, _, clusters, found = registry
    rows = found.tracks.astype({"year": "int64", "cluster": "int64"}).merge(clusters, on=["year", "cluster"])
    town = rows.loc[rows["place"] == "lingxi", "track"].unique()
    assert len(town) == 1
    declines = found.events[(found.events["track"] == town[0]) & (found.events["kind"] == "decline")]
    assert len(declines) == 1
    assert abs(int(declines["year"].iloc[0]) - SHOCK_YEAR) <= 1
    assert abs(int(declines["year_to"].iloc[0]) - (SHOCK_YEAR + SHOCK_YEARS - 1)) <= 1


def test_receiving_places_are_told_as_fed_from_the_focal_town(registry):
    _, _, clusters, found = registry
    rows = found.tracks.astype({"year": "int64", "cluster": "int64"}).merge(clusters, on=["year", "cluster"])
    town = rows.loc[rows["place"] == "lingxi", "track"].iloc[0]
    fed = found.events[found.events["kind"] == "spill_over"]
    assert len(fed) >= 10
    assert (fed["other_track"] == town).mean() >= 0.9
