"""The steps of question 2 on a small town: which tables they write, and what they do without optional ones."""

import sys

import pandas as pd
import pytest

from pipeline.small_town import small_town
from townshift.engine import collect, run_graph
from townshift.engine.tables import read_frame
from townshift.pipeline import governance

STEPS = collect([governance])
TABLES = {
    "instruments",
    "turns",
    "sequence",
    "before_after",
    "before_after_draws",
    "before_after_lineage",
    "before_after_status",
    "before_after_placebo",
    "discourse",
    "voices",
}


def run(tmp_path, **given):
    town = small_town(tmp_path, **given)
    run_graph(town, STEPS, debug=True)
    return {path.stem: read_frame(path) for path in (town.out / "results").glob("*.parquet")}


def test_the_steps_write_exactly_the_tables_of_question_2(tmp_path):
    assert {name for step in STEPS for name in step.outputs} == TABLES
    assert set(run(tmp_path)) == TABLES


def test_all_steps_belong_to_the_question_of_governments():
    assert {step.question for step in STEPS} == {"government"}


def test_events_are_counted_by_declared_periods(tmp_path):
    found = run(tmp_path, instruments={"periods": [[2000, 2009], [2010, 2019]]})["instruments"]
    assert set(found["period"]) == {"2000-2009", "2010-2019"}
    assert set(found["scope"]) == {"all", "focal"}
    focal = found[found["scope"] == "focal"]
    # the nation contains the town, the county does not
    assert sorted(";".join(focal["row_ids"]).split(";")) == ["E1", "E2", "E3"]


def test_periods_may_follow_the_turns(tmp_path):
    found = run(tmp_path, instruments={"period_by": "turns"})["instruments"]
    assert {"2005-2013", "2014-2015", "2016"} <= set(found["period"])


def test_decades_are_the_default(tmp_path):
    assert set(run(tmp_path)["instruments"]["period"]) == {"2000-2009", "2010-2019"}


def test_turns_and_their_order_are_told(tmp_path):
    found = run(tmp_path)
    assert set(found["turns"]["turn"]) == {"governance", "upgrading", "relocation"}
    fires = found["sequence"].query("scope == 'focal' and turn == 'upgrading' and value == 'accident'").iloc[0]
    assert (fires.n_before, fires.first_order) == (1, "before")


def test_growth_before_and_after_an_event_is_compared_in_every_setting(tmp_path):
    found = run(tmp_path, before_after={"events": ["E1"]})
    table = found["before_after"].query("definition_id == 'sales'")
    assert table["setting"].tolist() == ["base", "pure_bounds"]
    assert table["value"].tolist() == pytest.approx([-0.08, -0.08])
    assert table["group"].unique().tolist() == ["sales|E1"]
    assert set(found["before_after_lineage"]["row_id"]) == {"F2"}
    assert table["n_lineages"].tolist() == [1, 1]
    assert len(found["before_after_draws"]) == len(found["before_after"])


def test_accidents_and_protests_are_compared_by_default_where_they_concern_the_series(tmp_path):
    found = run(tmp_path)["before_after_status"]
    assert set(found["event_id"]) == {"E1"}  # the protest of another county does not concern the town


def test_an_event_of_a_containing_place_concerns_the_series(tmp_path):
    found = run(tmp_path, before_after={"events": ["E2", "E3"]})["before_after_status"]
    assert set(found["event_id"]) == {"E2", "E3"}
    late = found[found["event_id"] == "E3"]
    assert set(late["reason"]) == {"too_few_after"}


def test_a_misspelt_event_stops_its_step_and_no_other(tmp_path):
    town = small_town(tmp_path, before_after={"events": ["E1", "E99"]})
    record = run_graph(town, STEPS)
    assert "TS-GOV-003" in str([problem.code for step in record.steps for problem in step.problems])
    assert (town.out / "results" / "voices.parquet").exists()
    assert not (town.out / "results" / "before_after.parquet").exists()


def test_discourse_counts_voices_by_period_and_withholds_small_cells_of_persons(tmp_path):
    found = run(tmp_path, discourse={"personal_groups": ["worker"], "periods": [[2000, 2009], [2010, 2019]]})[
        "discourse"
    ]
    rows = found.set_index(["actor_group", "period"])
    assert rows.loc[("government", "2000-2009"), "agree"] == 1
    assert rows.loc[("worker", "2010-2019"), "suppressed"]
    assert pd.isna(rows.loc[("worker", "2010-2019"), "disagree"])
    assert set(found["question"]) == {"3"}


def test_a_statement_dated_by_its_act_counts_as_undated(tmp_path):
    found = run(tmp_path, discourse={"dated_by_act": ["T1"], "personal_groups": []})["discourse"]
    assert set(found["period"]) == {"2010-2019", "undated"}


def test_voices_that_the_record_lacks_are_listed(tmp_path):
    found = run(tmp_path, voices={"expected_groups": ["government", "worker"]})["voices"]
    lacking = found[found["status"] == "lacking"]
    assert lacking[["side", "actor_group"]].to_numpy().tolist() == [["receiving", "government"]]


def test_without_optional_tables_the_steps_still_answer(tmp_path):
    found = run(tmp_path, without=("indicators", "concepts", "destinations"))
    assert found["discourse"]["question"].isna().all()
    assert set(found["voices"]["side"]) == {"focal", "elsewhere"}
    assert set(found["before_after"]["scale"]) == {"identity"}


def test_without_events_only_what_needs_no_events_is_answered(tmp_path):
    assert set(run(tmp_path, without=("events",))) == {"discourse", "voices"}


def test_without_series_nothing_is_compared(tmp_path):
    assert "before_after" not in run(tmp_path, without=("series",))


def test_a_second_run_computes_nothing(tmp_path):
    town = small_town(tmp_path)
    run_graph(town, STEPS, debug=True)
    assert {step.state for step in run_graph(town, STEPS, debug=True).steps} == {"fresh"}


def test_the_module_imports_nothing_heavy():
    import subprocess

    code = (
        "import sys, townshift.pipeline.governance; print(sorted({'pandas','numpy','ibis','scipy'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
