"""The steps of question 3 on a small town: which tables they write, and what they do without optional ones."""

import subprocess
import sys

import pandas as pd
import pytest

from pipeline.small_town import small_town
from townshift.engine import collect, run_graph
from townshift.engine.tables import read_frame
from townshift.pipeline import labour

STEPS = collect([labour])
TABLES = {
    "labour_themes",
    "labour_record",
    "labour_statements",
    "labour_events",
    "labour_gaps",
    "labour_shares",
    "labour_shares_draws",
    "labour_shares_lineage",
    "labour_shares_status",
}
WAGES = {
    "theme": "wages",
    "title_en": "Wages",
    "title_zh": "工资",
    "definitions": ["wage"],
    "concepts": ["pay"],
    "event_types": ["protest"],
    "context": ["wage_survey"],
}
HOURS = {"theme": "hours", "title_en": "Hours", "title_zh": "工时"}
RECORD = {"themes": [WAGES, HOURS], "personal_groups": ["worker"], "worker_groups": ["worker"]}
SHARES = {"shares": [{"name": "migrant_share", "part": "migrants", "whole": "residents"}]}


def run(tmp_path, *, without=(), record=RECORD, shares=SHARES):
    town = small_town(tmp_path, without=without, labour_record=record, labour_shares=shares)
    run_graph(town, STEPS, debug=True)
    return {path.stem: read_frame(path) for path in (town.out / "results").glob("*.parquet")}


def test_the_steps_write_exactly_the_tables_of_question_3(tmp_path):
    assert {name for step in STEPS for name in step.outputs} == TABLES
    assert set(run(tmp_path)) == TABLES
    assert {step.question for step in STEPS} == {"labour"}


def test_figures_are_listed_by_theme_and_proxies_kept_apart(tmp_path):
    found = run(tmp_path)["labour_record"]
    assert found["row_id"].tolist() == ["F3", "F1", "wage_survey@nation/2006"]
    assert found["basis"].tolist() == ["figure", "figure", "proxy"]
    assert found["side"].tolist() == ["receiving", "focal", "containing"]
    assert found["tier"].fillna("").tolist() == ["film", "official", ""]


def test_workers_few_as_they_are_are_withheld_as_opinions_but_not_as_a_gap(tmp_path):
    found = run(tmp_path)
    workers = found["labour_statements"].query("actor_group == 'worker'")
    assert workers["suppressed"].all()
    assert workers["agree"].isna().all()
    gaps = found["labour_gaps"].set_index(["theme", "place_id"])
    assert gaps.loc[("wages", "town"), "n_worker_voices"] == 1


def test_gaps_are_named_for_the_focal_and_every_receiving_place(tmp_path):
    gaps = run(tmp_path)["labour_gaps"].set_index(["theme", "place_id"])
    assert set(gaps.index) == {("hours", "county"), ("hours", "town"), ("wages", "county"), ("wages", "town")}
    assert gaps.loc[("hours", "town"), "status"] == "no_record"
    assert gaps.loc[("wages", "town"), "gaps"] == "one_lineage;one_year"


def test_events_and_themes_come_along(tmp_path):
    found = run(tmp_path)
    assert found["labour_events"]["row_id"].tolist() == ["E4"]
    assert found["labour_themes"]["theme"].tolist() == ["wages", "hours"]


def test_a_share_is_computed_in_every_setting(tmp_path):
    found = run(tmp_path)
    table = found["labour_shares"]
    assert set(table["setting"]) == {"base", "pure_bounds"}
    assert set(table["value"]) == {0.5}
    assert len(table) == 22
    assert found["labour_shares_status"]["status"].tolist() == ["ok", "ok"]
    assert found["labour_shares_lineage"]["row_id"].unique().tolist() == ["F2"]


def test_a_share_of_what_the_study_lacks_is_listed_not_guessed(tmp_path):
    shares = {"shares": [{"name": "s", "part": "children", "whole": "residents"}]}
    found = run(tmp_path, shares=shares)
    assert found["labour_shares"].empty
    assert set(found["labour_shares_status"]["reason"]) == {"no_part"}


def test_without_parameters_the_tables_are_empty(tmp_path):
    found = run(tmp_path, record={}, shares={})
    assert set(found) == TABLES
    assert all(table.empty for table in found.values())


def test_without_optional_tables_the_record_is_shorter_not_absent(tmp_path):
    lacking = ("indicators", "sources", "statements", "concepts", "events", "destinations", "context")
    record = {**RECORD, "themes": [{**WAGES, "concepts": [], "event_types": [], "context": []}, HOURS]}
    found = run(tmp_path, without=lacking, record=record)
    assert found["labour_record"]["row_id"].tolist() == ["F3", "F1"]
    assert found["labour_statements"].empty
    assert set(found["labour_gaps"]["side"]) == {"focal", "elsewhere"}


@pytest.mark.parametrize("kind", ["definitions", "concepts", "event_types", "context"])
def test_a_misspelt_name_of_a_theme_is_refused(tmp_path, kind):
    themes = [{**WAGES, kind: ["misspelt"]}]
    town = small_town(tmp_path, labour_record={"themes": themes})
    record = run_graph(town, STEPS)
    assert "TS-LAB-002" in str([problem.code for step in record.steps for problem in step.problems])


def test_a_shared_definition_keeps_its_year_type(tmp_path):
    found = run(tmp_path)["labour_record"]
    assert str(found["year"].dtype) == "Int64"
    assert not pd.isna(found["value"]).any()


def test_the_module_imports_nothing_heavy():
    code = "import sys, townshift.pipeline.labour; print(sorted({'pandas','numpy','ibis','scipy'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
