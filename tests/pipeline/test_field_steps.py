"""The steps of field evidence on the invented field study: what they write, and what consent does to all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from townshift import open_study
from townshift.engine import collect
from townshift.examples.field_study import write_field_example
from townshift.pipeline import field
from townshift.pipeline.coded_statements import with_coded_statements

STEPS = collect([field])
TABLES = {
    "field_codings", "field_attendance", "field_sources", "field_status", "field_withdrawn", "field_statements",
    "claims_withdrawn", "fieldwork_coverage", "fieldwork_routes", "saturation", "saturation_summary", "table_shares",
    "table_answers", "table_proposals", "episode_steps", "episode_outcomes", "episode_replies", "code_frequencies",
    "codes_together", "code_agreement", "quotes", "quotes_status",
}  # fmt: skip
EMPTY_FREE = TABLES - {"field_withdrawn", "claims_withdrawn", "field_status", "quotes_status"}

Results = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = write_field_example(tmp_path_factory.mktemp("field") / "study", 3).folder
    return ran(folder)


def ran(folder: Path) -> Results:
    open_study(folder).run()
    return lambda name: pd.read_parquet(folder / "out" / "results" / f"{name}.parquet")


def test_the_steps_write_exactly_these_tables_and_each_has_rows(results: Results) -> None:
    assert {name for step in STEPS for name in step.outputs} == TABLES
    assert [name for name in sorted(EMPTY_FREE) if results(name).empty] == []


def test_no_group_of_few_people_stands_alone_in_the_roundtables(results: Results) -> None:
    shares = results("table_shares")
    whole = shares[shares["session_id"] == ""]
    assert (whole["people"] >= 5).all()
    assert set(results("table_answers")["actor_group"]) <= set(whole["actor_group"])
    assert set(results("table_proposals")["actor_group"]) - {""} <= set(whole["actor_group"])


def test_over_all_roundtables_turns_add_up(results: Results) -> None:
    shares = results("table_shares")
    whole = shares[shares["session_id"] == ""].set_index("actor_group")["turns"]
    apart = shares[shares["session_id"] != ""].groupby("actor_group")["turns"].sum()
    pd.testing.assert_series_equal(whole, apart, check_names=False)


def test_what_was_withdrawn_is_told_by_concept_and_by_claim(results: Results) -> None:
    withdrawn = results("field_withdrawn").set_index("concept")["n_passages"]
    claims = results("claims_withdrawn").set_index("claim_id")["n_passages"]
    of_claim = {"1.1": "sewing_left", "3.2": "services_open", "2.5": "receiving_supported"}
    assert withdrawn.sum() > 0
    assert claims.to_dict() == {one: withdrawn[name] for one, name in of_claim.items() if name in withdrawn.index}


def test_statements_of_the_moment_are_those_of_the_last_run_until_consent_changes(tmp_path: Path) -> None:
    folder = write_field_example(tmp_path / "study", 3).folder
    tables = {path.stem: pd.read_csv(path, dtype={"year": "Int64"}) for path in (folder / "data").glob("*.csv")}
    given = {"no_interest": ["village_community", "migrant_worker"]}
    before = with_coded_statements(tables, given)
    session = tables["consent"]["session_id"] == "I03"
    tables["consent"] = tables["consent"].assign(withdrawn=tables["consent"]["withdrawn"].mask(session, "2024"))
    after = with_coded_statements(tables, given)
    gone = set(before["statement_id"]) - set(after["statement_id"])
    codings = tables["codings"].set_index("coding_id")["document"]
    assert gone
    assert {codings[one.removeprefix("coding:")] for one in gone} == {"I03.txt"}
    assert set(after["statement_id"]) < set(before["statement_id"])
