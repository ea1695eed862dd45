"""The steps on firm points: what they find in a planted town, and what they say where nothing can be said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.point_town import LAT, LON, establishments, run

STATUS = ("points_status", "concentration_status", "area_status", "clusters_status", "tracks_status", "uses_status")


def reasons(results: dict, table: str) -> list[str]:
    return results[table]["reason"].tolist()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run(tmp_path_factory.mktemp("town"), establishments())


def test_both_planted_clusters_are_found_where_and_when_they_stand(results):
    last = results["clusters"][results["clusters"]["year"] == 2012]
    assert len(last) == 2
    assert abs(last["x_m"].max() - last["x_m"].min() - 4000) < 150
    assert results["clusters"].groupby("year").size().loc[2007] == 1
    births = results["track_events"][results["track_events"]["kind"] == "birth"]
    assert births["year"].tolist() == [2008]


def test_outlines_are_stored_in_degrees_around_the_town(results):
    import shapely

    bounds = np.array([shapely.from_wkb(one).bounds for one in results["clusters"]["polygon_wkb"]])
    assert np.abs(bounds[:, [0, 2]] - LON).max() < 0.1
    assert np.abs(bounds[:, [1, 3]] - LAT).max() < 0.1


def test_the_industry_is_told_from_all_establishments_by_distance(results):
    summary = results["concentration_summary"]
    local = summary[(summary["measure"] == "localisation") & (summary["year"] == 2012)]
    assert local["value"].item() > 0
    assert local["p_value"].item() <= 0.05
    assert set(results["distance_curves"]["measure"]) == {"k_density", "m_function"}


def test_the_centre_moves_with_the_park_by_half_the_way(results):
    centre = results["centre"].set_index("estimate_id")
    east = centre.loc["centre_east_m@town/2012"]
    assert east["value"] == pytest.approx(2000, abs=100)
    assert east["low"] < east["value"] < east["high"]


def test_the_way_from_village_to_park_is_half(results):
    shift = results["use_shift"].set_index("year")["share"]
    assert (shift[2007], shift[2012]) == (0.0, 0.5)


def test_areas_have_quotients_and_measures_of_inequality(results):
    assert {"hoover", "theil", "moran_of_shares"} <= set(results["area_summary"]["measure"])
    quotients = results["location_quotients"]
    assert quotients.loc[quotients["place_id"] == "county0", "value"].min() > 1


def test_a_registry_without_coordinates_is_told_and_no_step_fails(tmp_path):
    got = run(tmp_path, establishments().assign(lon=np.nan, lat=np.nan))
    assert reasons(got, "points_status") == ["no_coordinates"]
    assert reasons(got, "concentration_status") == ["no_points", "no_points"]
    assert reasons(got, "clusters_status") == ["no_points"]
    assert reasons(got, "tracks_status") == ["no_cluster"]
    assert reasons(got, "uses_status") == ["no_uses"]
    assert len(got["clusters"]) == len(got["clustering"]) == len(got["centre"]) == 0


def test_a_focal_place_without_coordinates_is_told_and_no_step_fails(tmp_path):
    got = run(tmp_path, establishments(), at=(None, None))
    assert reasons(got, "points_status") == ["no_focal_coordinates"]
    assert reasons(got, "clusters_status") == ["no_points"]
    assert len(got["establishment_points"]) == len(got["clusters"]) == len(got["centre"]) == 0


def test_an_industry_that_is_the_whole_registry_has_clusters_and_no_curve(tmp_path):
    rows = establishments()
    got = run(tmp_path, rows[rows["member"]].reset_index(drop=True))
    assert got["distance_curves"].empty
    assert all(reason.startswith("TS-CONC-008") for reason in reasons(got, "concentration_status"))
    assert "industry_is_registry" in reasons(got, "clusters_status")
    assert len(got["clusters"]) > 0
    assert got["clusters"]["lq"].isna().all()


def test_years_in_which_all_are_of_the_industry_are_left_out_alone(tmp_path):
    rows = establishments()
    rows.loc[~rows["member"], "entry_from"] = pd.Timestamp("2005-01-01")
    got = run(tmp_path, rows)
    assert [reason for reason in reasons(got, "clusters_status") if reason.startswith("industry")] == [
        f"industry_is_registry {year}" for year in range(2000, 2005)
    ]
    assert got["clusters"]["year"].min() == 2005


def test_one_year_gives_clusters_and_says_that_nothing_can_be_followed(tmp_path):
    got = run(tmp_path, establishments(), (2012, 2012))
    assert len(got["clusters"]) == 2
    assert "one_year" in reasons(got, "tracks_status")
    assert got["track_events"].empty


def test_a_registry_without_uses_is_told(tmp_path):
    assert reasons(run(tmp_path, establishments(), (2012, 2012), uses=False), "uses_status") == ["no_uses"]


def test_records_that_closed_before_they_opened_are_left_out_and_counted(tmp_path):
    rows = establishments()
    rows.loc[:6, "exit_from"] = pd.Timestamp("1990-01-01")
    got = run(tmp_path, rows, (2012, 2012))
    status = got["points_status"].set_index("reason")["n"]
    assert status["closed_before_opened"] == 7
    assert len(got["establishment_points"]) == 513


def test_no_status_is_a_silent_nan(results):
    for name in STATUS:
        assert not results[name].isna().to_numpy().any(), name
