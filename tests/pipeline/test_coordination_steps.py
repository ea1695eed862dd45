"""The steps of question 4 on a town and the county its work moved to."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from pipeline.linked_town import linked_town, run
from townshift.engine import collect, run_graph
from townshift.engine.tables import read_frame
from townshift.pipeline import coordination

STEPS = collect([coordination])
TABLES = {
    "level_gaps",
    "level_gaps_draws",
    "level_gaps_lineage",
    "level_record",
    "level_status",
    "dependence",
    "asymmetry",
    "asymmetry_draws",
    "asymmetry_lineage",
    "not_sayable",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run(tmp_path_factory.mktemp("town"))


def test_the_steps_write_exactly_the_tables_of_question_4(results):
    assert {name for step in STEPS for name in step.outputs} == TABLES
    assert set(results) >= TABLES
    assert {step.question for step in STEPS} == {"outcomes"}


def test_the_gap_is_that_of_the_two_figures(results):
    base = results["level_gaps"].query("setting == 'base'")
    assert base["estimate_id"].tolist() == ["level_gap[gdp]@far/2020"]
    assert base["value"].iloc[0] == pytest.approx(np.log(2), abs=0.05)
    assert set(results["level_gaps_lineage"]["row_id"]) == {"G1", "G2"}
    assert set(results["level_record"]["fact_id"]) == {"G1", "G2"}


def test_dependence_is_told_from_flows_and_statements(results):
    found = results["dependence"].set_index("table")
    assert found.loc["flows", ["place_id", "side", "n_counted"]].tolist() == ["far", "dependence", 1]
    assert found.loc["statements", "counted_row_ids"] == "S1"


def test_one_published_share_is_no_asymmetry_and_is_said_so(results):
    assert results["asymmetry"].empty
    assert "asymmetry" in set(results["not_sayable"]["topic_id"])


def test_what_cannot_be_said_follows_from_the_other_results(results):
    reasons = results["not_sayable"].set_index("topic_id")["reason_code"].to_dict()
    assert reasons["table:firms"] == "no_table"
    assert reasons["series:wage:town"] == "too_thin"
    assert reasons["ratio:online:sales:town"] == "counterpart_missing"
    assert "level:gdp" not in reasons
    assert reasons["links"] == "link_not_named"
    assert "growth:sales:town" not in reasons


def test_titles_come_in_both_languages(results):
    row = results["not_sayable"].set_index("topic_id").loc["series:wage:town"]
    assert row["topic"] == "The course of: Monthly pay, Town"
    assert row["topic_zh"] == "镇的变化过程：月工资"


def test_a_break_makes_growth_unsayable(tmp_path):
    found = run(tmp_path, breaks=({"definition": "sales", "year": 2010},))
    reasons = found["not_sayable"].set_index("topic_id")["reason_code"]
    assert reasons["growth:sales:town"] == "break_between"


def test_a_table_that_the_study_has_is_not_missing(tmp_path):
    town = linked_town(tmp_path)
    town.write("firms", pa.table({"firm_id": ["A"]}))
    run_graph(town, STEPS, debug=True)
    topics = set(read_frame(town.out / "results" / "not_sayable.parquet")["topic_id"])
    assert "table:firms" not in topics
    assert "table:orders" in topics


def test_the_steps_stand_without_optional_tables(tmp_path):
    gone = ("flows", "statements", "facts", "indicators", "series_status", "series", "series_draws", "series_lineage")
    town = linked_town(tmp_path, without=gone)
    run_graph(town, STEPS, debug=True)
    names = {path.stem for path in (town.out / "results").glob("*.parquet")}
    assert {"dependence", "not_sayable"} <= names
    assert "level_gaps" not in names


def test_without_destinations_there_are_no_receiving_places(tmp_path):
    town = linked_town(tmp_path, without=("destinations",))
    run_graph(town, STEPS, debug=True)
    assert read_frame(town.out / "results" / "level_gaps.parquet").empty
    assert not (town.out / "results" / "dependence.parquet").exists()


def test_the_same_town_gives_the_same_bytes(tmp_path):
    towns = [linked_town(tmp_path / name) for name in ("a", "b")]
    for town in towns:
        run_graph(town, STEPS, debug=True)
    first, second = ({p.name: p.read_bytes() for p in (t.out / "results").glob("*.parquet")} for t in towns)
    assert first == second


def test_naming_the_steps_loads_no_heavy_library():
    code = "import sys, townshift.pipeline.coordination; sys.exit(bool({'pandas', 'numpy', 'ibis'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
