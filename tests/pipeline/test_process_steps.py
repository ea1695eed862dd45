"""The steps of question 1 on a town with planted series."""

import subprocess
import sys

import numpy as np
import pytest

from pipeline.linked_town import linked_town, run
from townshift.engine import check_parameters, collect, run_graph
from townshift.pipeline import process

STEPS = collect([process])
TABLES = {
    "growth",
    "growth_draws",
    "growth_lineage",
    "phases",
    "ratios",
    "ratios_draws",
    "ratios_lineage",
    "ratio_status",
    "land_consumption",
    "land_consumption_draws",
    "land_consumption_lineage",
    "land_status",
    "receiving_places",
    "receiving_summary",
    "flow_summary",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run(tmp_path_factory.mktemp("town"))


def value(table, estimate):
    found = table.loc[table["estimate_id"] == estimate]
    assert len(found) == 1, table["estimate_id"].tolist()
    return found.iloc[0]


def test_the_steps_write_exactly_the_tables_of_question_1(results):
    assert {name for step in STEPS for name in step.outputs} == TABLES
    assert set(results) >= TABLES
    assert {step.question for step in STEPS} == {"process"}


def test_growth_of_the_whole_span_and_of_the_window_are_the_planted_ones(results):
    assert value(results["growth"], "growth[sales]@town/2000-2014")["value"] == pytest.approx(0.1)
    boom = value(results["growth"], "growth_window[sales]@town/2000-2007")
    assert boom["value"] == pytest.approx(0.2)
    assert boom["window"] == "boom"


def test_growth_counts_originals_not_rows(results):
    found = value(results["growth"], "growth[sales]@town/2000-2014")
    assert (found["n"], found["n_lineages"]) == (3, 1)


def test_every_setting_of_the_series_reaches_every_result(results):
    for name in ("growth", "ratios", "land_consumption", "phases"):
        assert set(results[name]["setting"]) == {"base", "loose_prior"}, name


def test_the_planted_turn_is_found(results):
    sales = results["phases"].query("definition_id == 'sales' and setting == 'base'")
    assert sales.loc[sales["probability"].idxmax(), "year"] == 2007


def test_ratios_are_computed_where_both_series_exist_and_reported_where_not(results):
    assert value(results["ratios"], "sales_per_firm@town/2007")["value"] == pytest.approx(10 / np.exp(0.35))
    status = results["ratio_status"].set_index("ratio")["status"]
    assert status.to_dict() == {"online_share": "no_numerator", "sales_per_firm": "ok"}


def test_land_is_held_against_people_and_output(results):
    found = results["land_consumption"]
    assert value(found, "output_minus_land_growth@town/2000-2014")["value"] == pytest.approx(0.1 - 0.03)
    assert value(found, "land_minus_population_growth@town/2000-2014")["value"] == pytest.approx(0.01)
    assert set(results["land_status"]["status"]) == {"ok"}


def test_receiving_places_know_the_level_gap_of_question_4(results):
    places = results["receiving_places"].set_index("county_id")
    assert places.loc["far", "evidence"] == "strong"
    assert bool(places.loc["far", "less_developed"])
    assert places.loc["far", "distance_km"] == pytest.approx(289.4, abs=0.5)
    assert places.loc["other", "evidence"] == "none"


def test_receiving_places_stand_without_level_gaps(tmp_path):
    town = linked_town(tmp_path)
    run_graph(town, STEPS, debug=True)
    assert (town.out / "results" / "receiving_places.parquet").is_file()


def test_the_draws_of_a_derived_figure_are_stored_row_for_row(results):
    assert results["growth_draws"]["estimate_id"].tolist() == results["growth"]["estimate_id"].tolist()


def test_shares_of_lineage_sum_to_one(results):
    for name in ("growth", "ratios", "land_consumption"):
        sums = results[f"{name}_lineage"].groupby("estimate_id")["share"].sum()
        assert sums.to_numpy() == pytest.approx(np.ones(len(sums)))


def test_declared_breaks_reach_the_measures(tmp_path):
    found = run(tmp_path, breaks=({"place": "town", "definition": "land", "year": 2005, "reason": "merged"},))
    assert value(found["growth"], "growth[land]@town/2000-2014")["status"] == "not_identified"
    assert value(found["growth"], "growth_segment[land]@town/2005-2014")["value"] == pytest.approx(0.03)
    assert set(found["land_consumption"]["status"]) == {"not_identified"}


def test_a_study_without_published_figures_is_not_studied_for_growth(tmp_path):
    town = linked_town(tmp_path, without=("facts",))
    run_graph(town, STEPS, debug=True)
    names = {path.stem for path in (town.out / "results").glob("*.parquet")}
    assert "growth" not in names
    assert {"receiving_places", "flow_summary"} <= names


def test_the_same_town_gives_the_same_bytes(tmp_path):
    towns = [linked_town(tmp_path / name) for name in ("a", "b")]
    for town in towns:
        run_graph(town, STEPS, debug=True)
    first, second = ({p.name: p.read_bytes() for p in (t.out / "results").glob("*.parquet")} for t in towns)
    assert first == second


def test_misspelt_parameters_are_reported():
    wrong = {"ratios": {"ratio": [{"name": "r", "numerator": "a", "denominatr": "b", "unit": "u"}]}}
    assert check_parameters(STEPS, wrong)
    assert check_parameters(STEPS, {"growth": {"window": [{"name": "w", "year_from": 1, "year_to": 2}]}}) == []


def test_naming_the_steps_loads_no_heavy_library():
    heavy = {"pandas", "numpy", "ibis", "pyproj"}
    code = f"import sys, townshift.pipeline.process; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
