"""Tracks of clusters: small cases worked by hand, planted lives, and what must not matter."""

import itertools
import logging

import numpy as np
import pandas as pd
import pytest

from process.evolution.planted_tracks import planted_tracks
from process.evolution.track_scores import (
    f1,
    labelled,
    matched_events,
    stage_calibration,
    tracks_agreement,
    true_track_of,
)
from townshift.errors import MeasureError
from townshift.locales import set_language
from townshift.process.evolution.assignment import optimal_assignment
from townshift.process.evolution.events import share_interval
from townshift.process.evolution.stages import trend
from townshift.process.evolution.tracks import Tracks, cluster_tracks
from townshift.process.evolution.tracks_parameters import EVENT_TYPES, STAGE_TYPES, TRACK_TYPES, TracksParameters


def town(*years: dict[int, range], first: int = 2000, everyone: range = range(0)) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Memberships and clusters from who stands in which cluster in each year; cluster k is centred at 10 k km."""
    members, clusters = [], []
    for year, groups in enumerate(years, start=first):
        standing = {firm: label for label, firms in groups.items() for firm in firms}
        members += [(firm, year, standing.get(firm, -1)) for firm in sorted({*standing, *everyone})]
        clusters += [(year, label, 10_000.0 * label, 5_000.0) for label in groups]
    return (
        pd.DataFrame(members, columns=["record", "year", "cluster"]),
        pd.DataFrame(clusters, columns=["year", "cluster", "x_m", "y_m"]),
    )


def told(found: Tracks) -> list[tuple[str, int, str]]:
    return [(str(e.track), int(e.year), str(e.kind)) for e in found.events.itertuples()]


def scores(seeds: range) -> dict[str, float]:
    """Mean scores over planted data sets; logged, so that `pytest -o log_cli=true --log-cli-level=INFO` shows them."""
    event_f1, rand, stages, null = [], [], [], []
    for seed in seeds:
        planted = planted_tracks(seed)
        found = cluster_tracks(planted.memberships, planted.clusters, links=planted.links)
        rows = labelled(planted.memberships, planted.truth, found.tracks)
        names = true_track_of(rows)
        event_f1.append(f1(matched_events(found.events, planted.events, names)))
        rand.append(tracks_agreement(rows))
        stages.append(stage_calibration(found.stages, planted.stages, names))
        still = planted_tracks(seed, null=True)
        null.append(len(cluster_tracks(still.memberships, still.clusters, links=still.links).events))
    right, calibration = np.mean(stages, axis=0)
    result = {
        "event_f1": float(np.mean(event_f1)),
        "least_event_f1": float(np.min(event_f1)),
        "adjusted_rand": float(np.mean(rand)),
        "least_adjusted_rand": float(np.min(rand)),
        "stages_right": float(right),
        "stages_ece": float(calibration),
        "null_events": float(np.mean(null)),
    }
    logging.getLogger(__name__).info({name: round(value, 3) for name, value in result.items()})
    return result


def test_the_assignment_reaches_the_largest_sum_of_all_ways_to_pair():
    rng = np.random.default_rng(3)
    for _ in range(50):
        weight = rng.random((4, 4)) * (rng.random((4, 4)) < 0.5)
        left, right = np.nonzero(weight)
        kept = optimal_assignment(left, right, weight[left, right])
        best = max(sum(weight[i, j] for i, j in enumerate(way)) for way in itertools.permutations(range(4)))
        assert weight[left[kept], right[kept]].sum() == pytest.approx(best)
        assert len(set(left[kept])) == len(set(right[kept])) == len(kept)


def test_the_larger_part_of_a_merger_goes_on_and_the_smaller_ends_in_it():
    members, clusters = town(*[{0: range(20), 1: range(20, 30)}] * 3, *[{7: range(30)}] * 4)
    found = cluster_tracks(members, clusters)
    assert told(found) == [("2000-1", 2003, "merge")]
    event = found.events.iloc[0]
    assert event["other_track"] == "2000-0"
    assert event["strength"] == pytest.approx(1.0)
    assert event["low"] < 1.0
    assert event["status"] == "confirmed"


def test_a_part_that_comes_off_has_split_and_is_not_born():
    members, clusters = town(*[{0: range(30)}] * 4, *[{0: range(20), 1: range(20, 30)}] * 3)
    found = cluster_tracks(members, clusters)
    assert told(found) == [("2004-1", 2004, "split")]
    assert found.events.iloc[0]["other_track"] == "2000-0"


def test_mergers_and_splits_are_no_growth_and_no_decline():
    members, clusters = town(
        *[{0: range(200), 1: range(200, 350)}] * 4, *[{0: range(350)}] * 4, *[{0: range(180), 1: range(180, 350)}] * 4
    )
    kinds = {kind for _, _, kind in told(cluster_tracks(members, clusters))}
    assert kinds == {"merge", "split"}


def test_a_cluster_missing_for_two_years_is_the_same_one_and_has_no_events():
    members, clusters = town(
        *[{0: range(40), 1: range(40, 80)}] * 3,
        *[{0: range(40)}] * 2,
        *[{0: range(40), 5: range(40, 80)}] * 4,
        everyone=range(80),
    )
    found = cluster_tracks(members, clusters)
    assert told(found) == []
    assert found.tracks["track"].nunique() == 2
    again = found.tracks[(found.tracks["track"] == "2000-1") & (found.tracks["year"] == 2005)].iloc[0]
    assert again["bridged"] == 2


def test_a_cluster_missing_longer_than_is_bridged_has_died():
    members, clusters = town(*[{0: range(40), 1: range(40, 80)}] * 3, *[{0: range(40)}] * 5, everyone=range(80))
    found = cluster_tracks(members, clusters)
    assert told(found) == [("2000-1", 2003, "death")]
    assert found.events.iloc[0]["probability"] > 0.99


def test_two_clusters_seen_as_one_for_a_year_have_neither_merged_nor_split():
    members, clusters = town(
        *[{0: range(40), 1: range(40, 70)}] * 4, {0: range(70)}, *[{0: range(40), 1: range(40, 70)}] * 4
    )
    found = cluster_tracks(members, clusters)
    assert told(found) == []
    assert found.tracks["track"].nunique() == 2


def test_a_cluster_of_one_year_is_flicker_and_is_counted_as_left_out():
    members, clusters = town(
        *[{0: range(40)}] * 4, {0: range(40), 1: range(40, 60)}, *[{0: range(40)}] * 4, everyone=range(60)
    )
    found = cluster_tracks(members, clusters)
    assert told(found) == []
    assert set(found.tracks.loc[found.tracks["track"] == "2004-1", "status"]) == {"flicker"}
    assert found.status.loc[found.status["reason"] == "flicker", "n"].tolist() == [1]


def fed_town(links: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    members, clusters = town(*[{0: range(100)}] * 4, *[{0: range(100), 1: range(100, 130)}] * 5)
    link = pd.DataFrame(
        {
            "origin_record": range(links),
            "destination_record": range(100, 100 + links),
            "year": 2004,
            "probability": 0.9,
        }
    )
    return members, clusters, link


def test_a_new_cluster_fed_by_moves_from_an_old_one_is_a_spill_over():
    members, clusters, links = fed_town(15)
    event = cluster_tracks(members, clusters, links=links).events.iloc[0]
    assert (event["track"], event["kind"], event["other_track"]) == ("2004-1", "spill_over", "2000-0")
    assert event["strength"] == pytest.approx(15 * 0.9 / 30)
    assert event["low"] < event["strength"] < event["high"]


def test_a_new_cluster_with_few_moves_into_it_is_a_birth():
    members, clusters, links = fed_town(4)
    assert told(cluster_tracks(members, clusters, links=links)) == [("2004-1", 2004, "birth")]


def test_without_links_it_is_said_that_spill_over_could_not_be_told():
    members, clusters, _ = fed_town(0)
    found = cluster_tracks(members, clusters)
    assert "no_links" in found.status["reason"].tolist()


def test_firms_that_moved_under_their_own_record_feed_a_new_cluster():
    from shapely import Point, to_wkb

    members, clusters = town(*[{0: range(100)}] * 4, *[{0: range(20, 100), 1: [*range(20), *range(100, 115)]}] * 5)
    discs = [to_wkb(Point(x, y).buffer(2_000)) for x, y in zip(clusters["x_m"], clusters["y_m"], strict=True)]
    event = cluster_tracks(members, clusters.assign(polygon_wkb=discs)).events.iloc[0]
    assert (event["kind"], event["other_track"]) == ("spill_over", "2000-0")


def test_ground_alone_follows_a_cluster_whose_firms_all_changed():
    from shapely import Point, to_wkb

    members, clusters = town(*[{0: range(100 * year, 100 * year + 50)} for year in range(4)])
    disc = to_wkb(Point(0, 5_000).buffer(2_000))
    assert len(set(cluster_tracks(members, clusters).tracks["track"])) == 4
    assert set(cluster_tracks(members, clusters.assign(polygon_wkb=disc)).tracks["track"]) == {"2000-0"}


def test_cells_of_a_grid_follow_clusters_as_polygons_of_the_same_ground_do():
    from shapely import box, to_wkb, union_all

    members, clusters = town(*[{0: range(100 * year, 100 * year + 50), 3: range(2000, 2030)} for year in range(6)])
    covered = {
        (int(row.year), int(row.cluster)): [10 * int(row.cluster) + k + (int(row.year) - 2000) % 2 for k in range(4)]
        for row in clusters.itertuples()
    }
    squares = {cell: box(1_000 * cell, 0, 1_000 * (cell + 1), 1_000) for own in covered.values() for cell in own}
    outlines = [to_wkb(union_all([squares[cell] for cell in own])) for own in covered.values()]
    rows = [(*key, cell) for key, own in covered.items() for cell in own]
    cells = pd.DataFrame(rows, columns=["year", "cluster", "cell"])
    by_cells = cluster_tracks(members, clusters, cells=cells)
    by_polygons = cluster_tracks(members, clusters.assign(polygon_wkb=outlines))
    pd.testing.assert_frame_equal(by_cells.tracks, by_polygons.tracks)
    assert set(by_cells.tracks["track"]) == {"2000-0", "2000-3"}
    unknown = cells.assign(cluster=cells["cluster"] + 1)
    with pytest.raises(MeasureError, match="does not have"):
        cluster_tracks(members, clusters, cells=unknown)


def test_growth_sets_in_and_ends_where_it_was_planted():
    sizes = [100] * 6 + [int(100 * 1.2**k) for k in range(1, 7)] + [298] * 6
    members, clusters = town(*[{0: range(n)} for n in sizes])
    found = cluster_tracks(members, clusters)
    growth = found.events.iloc[0]
    assert told(found) == [("2000-0", 2006, "growth")]
    assert growth["year_to"] == 2011
    assert growth["low"] < np.log(1.2) < growth["high"]
    stages = dict(zip(found.stages["year"], found.stages["stage"], strict=True))
    assert [stages[year] for year in (2003, 2008, 2015)] == ["mature", "growing", "mature"]


def test_the_probabilities_of_phases_are_those_of_all_ways_of_cutting():
    rng = np.random.default_rng(8)
    parameters = TracksParameters(phase_years=3.0)
    r, v = rng.normal(0, 0.1, 5), rng.uniform(0.001, 0.01, 5)
    found = trend(r[None], np.ones((1, 5)), v[None], parameters)
    growing, whole = np.zeros(5), 0.0
    for cuts in itertools.product([False, True], repeat=4):
        bounds = [0, *(i + 1 for i, cut in enumerate(cuts) if cut), 5]
        weight = np.prod([1 / 3 if cut else 2 / 3 for cut in cuts])
        share = np.zeros(5)
        for a, b in itertools.pairwise(bounds):
            weight_of, above = phase_by_grid(r[a:b], v[a:b], parameters)
            weight *= weight_of
            share[a:b] = above
        growing += weight * share
        whole += weight
    assert found.growing[0] == pytest.approx(growing / whole, abs=2e-4)


def phase_by_grid(r: np.ndarray, v: np.ndarray, parameters: TracksParameters) -> tuple[float, float]:
    """Evidence of one phase and its probability of growth, by summing over a fine grid of rates."""
    g = np.linspace(-1, 1, 40_001)
    likelihood = np.exp((-((r[:, None] - g) ** 2) / (2 * v[:, None])).sum(axis=0)) * (g[1] - g[0]) / np.sqrt(2 * np.pi)
    prior = sum(0.5 * np.exp(-((g / sd) ** 2) / 2) / sd for sd in (parameters.stable_rate / 2, parameters.rate_sd))
    product = likelihood * prior
    return float(product.sum()), float(product[g > parameters.stable_rate].sum() / product.sum())


def test_the_interval_of_a_share_is_that_of_resampled_firms():
    rng = np.random.default_rng(4)
    share, low, high, _ = share_interval(np.array([120]), np.array([200]), np.array([np.nan]), 0.5, 0.4, 0.9)
    again = rng.binomial(200, 0.6, 20_000) / 200
    assert share[0] == pytest.approx(0.6)
    assert (low[0], high[0]) == pytest.approx(np.quantile(again, [0.05, 0.95]), abs=0.006)


def test_one_year_only_is_answered_with_tracks_and_a_clear_statement():
    members, clusters = town({0: range(20), 1: range(20, 40)})
    found = cluster_tracks(members, clusters)
    assert len(found.tracks) == 2
    assert len(found.events) == len(found.stages) == 0
    assert found.status["reason"].tolist() == ["one_year", "one_year"]
    assert "one year only (2000)" in str(found.warnings[0])
    set_language("zh")
    try:
        assert "2000" in str(found.warnings[0])
    finally:
        set_language("en")


def test_no_cluster_at_all_is_answered_with_empty_tables_and_a_clear_statement():
    members, clusters = town({}, {}, everyone=range(10))
    found = cluster_tracks(members, clusters)
    assert "no cluster in any year" in str(found.warnings[0])
    for table, types in ((found.tracks, TRACK_TYPES), (found.events, EVENT_TYPES), (found.stages, STAGE_TYPES)):
        assert len(table) == 0
        assert list(table.columns) == list(types)


def refused(members: pd.DataFrame, clusters: pd.DataFrame, links: pd.DataFrame | None = None) -> set[str]:
    with pytest.raises(MeasureError) as caught:
        cluster_tracks(members, clusters, links=links)
    return {problem.code for problem in caught.value.problems}


def test_bad_tables_are_refused_with_every_problem_at_once():
    members, clusters = town(*[{0: range(20), 1: range(20, 40)}] * 2)
    assert refused(members.drop(columns="year"), clusters.drop(columns="x_m")) == {"TS-EVOLUTION-001"}
    holes = members.astype({"year": "float64"})
    holes.loc[3, "year"] = np.nan
    assert refused(holes, clusters.assign(y_m=np.inf)) == {"TS-EVOLUTION-002"}
    twice = pd.concat([members, members.iloc[:2]], ignore_index=True).assign(
        cluster=lambda t: t["cluster"].replace(1, 9)
    )
    assert refused(twice, clusters) == {"TS-EVOLUTION-003", "TS-EVOLUTION-004"}
    degrees = clusters.assign(x_m=120.1 + clusters["cluster"], y_m=30.8)
    assert refused(members, degrees) == {"TS-EVOLUTION-005"}
    link = {"origin_record": [1], "destination_record": [2], "year": [2001], "probability": [1.5]}
    assert refused(members, clusters, pd.DataFrame(link)) == {"TS-EVOLUTION-006"}
    assert refused(members, clusters.assign(polygon_wkb=b"no polygon")) == {"TS-EVOLUTION-007"}


@pytest.fixture(scope="module")
def planted():
    return planted_tracks(5)


def test_the_order_of_rows_and_the_names_of_clusters_do_not_matter(planted):
    found = cluster_tracks(planted.memberships, planted.clusters, links=planted.links)
    mixed = [table.sample(frac=1, random_state=2) for table in (planted.memberships, planted.clusters, planted.links)]
    again = cluster_tracks(mixed[0], mixed[1], links=mixed[2])
    for name in ("tracks", "events", "stages", "status"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(again, name))
    cluster = planted.memberships["cluster"]
    other = cluster_tracks(
        planted.memberships.assign(
            record="r" + planted.memberships["record"].astype(str), cluster=cluster.where(cluster < 0, cluster + 50)
        ),
        planted.clusters.assign(cluster=planted.clusters["cluster"] + 50),
        links=planted.links.assign(
            origin_record="r" + planted.links["origin_record"].astype(str),
            destination_record="r" + planted.links["destination_record"].astype(str),
        ),
    )
    pd.testing.assert_frame_equal(
        found.events.drop(columns=["track", "other_track"]), other.events.drop(columns=["track", "other_track"])
    )


def test_every_track_begins_and_ends_at_most_once_and_stages_sum_to_one(planted):
    found = cluster_tracks(planted.memberships, planted.clusters, links=planted.links)
    for kinds in (["birth", "split", "spill_over"], ["merge", "death"]):
        assert not found.events[found.events["kind"].isin(kinds)]["track"].duplicated().any()
    p = found.stages[["p_emerging", "p_growing", "p_mature", "p_declining"]].to_numpy(dtype=float)
    assert p.sum(axis=1) == pytest.approx(1.0)
    assert found.events["probability"].between(0.5, 1).all()
    assert (found.events["low"] <= found.events["strength"] + 1e-12).all()
    assert (found.events["strength"] <= found.events["high"] + 1e-12).all()
    assert not found.tracks.duplicated(["track", "year"]).any()
    assert len(found.tracks) == len(planted.clusters)


def test_planted_tracks_and_events_are_recovered_at_the_documented_noise():
    found = scores(range(1000, 1003))
    assert found["event_f1"] >= 0.9
    assert found["least_adjusted_rand"] >= 0.9
    assert found["null_events"] <= 2


@pytest.mark.slow
def test_planted_tracks_and_events_are_recovered_in_many_data_sets():
    found = scores(range(1000, 1040))
    assert found["event_f1"] >= 0.9
    assert found["least_adjusted_rand"] >= 0.9
    assert found["stages_right"] >= 0.9
    assert found["stages_ece"] <= 0.05
    assert found["null_events"] <= 1
