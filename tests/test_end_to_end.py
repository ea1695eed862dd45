"""The flagship study from evidence to verdicts, and what an edited figure changes."""

import csv
import random
import shutil
from pathlib import Path

import pandas as pd
import pytest

from townshift import open_study
from townshift.locales import LANGUAGES

ROOT = Path(__file__).parents[1]
VERDICTS = {"supported", "contradicted", "mixed", "inconclusive", "untestable"}
EDITS = 20

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flagship") / "zhili"
    shutil.copytree(ROOT / "studies" / "zhili", folder, ignore=shutil.ignore_patterns("out"))
    open_study(folder).run()
    return folder


def edit_fact(folder: Path, fact_id: str) -> None:
    """Make one figure a twentieth larger, in the file and in nothing else."""
    path = folder / "data" / "facts.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["fact_id"] == fact_id:
            for column in ("value", "value_std"):
                row[column] = repr(round(float(row[column]) * 1.05, 6))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def walked_claims(results, fact_id: str) -> set[str]:
    """Claims that rest on a fact, found by walking the lineage tables and nothing that claims know of themselves."""
    lineages = [results[name] for name in results if name.endswith("_lineage") and name != "claim_lineage"]
    edges = pd.concat(lineages)
    resting = set(edges.loc[(edges["table"] == "facts") & (edges["row_id"] == fact_id), "estimate_id"])
    tests = results["claim_tests"]
    cited = {
        row["claim_id"]
        for row in tests.to_dict("records")
        if isinstance(row["estimate_ids"], str) and resting & set(row["estimate_ids"].split(";"))
    }
    evidence = results["claim_evidence"]
    direct = evidence[(evidence["table"] == "facts") & (evidence["row_id"] == fact_id)]
    return cited | set(direct["claim_id"])


def test_twenty_claims_get_a_verdict_and_a_report_in_both_languages(judged):
    study = open_study(judged)
    assert len(study.claims) == 20
    assert set(study.claims["verdict"]) <= VERDICTS
    assert set(study.results["claim_parts"]["claim_id"]) == set(study.claims["claim_id"])
    for language in LANGUAGES:
        assert study.report((language,))[language].stat().st_size > 100_000


def test_explain_leads_to_named_sources(judged):
    shown = open_study(judged).explain("2.2")
    sources = open_study(judged).results
    assert "S054" in shown
    assert "L046" in shown
    assert len(sources["claim_evidence"]) > 0


def test_a_second_run_computes_nothing_and_changes_no_byte(judged):
    before = {path: path.read_bytes() for path in sorted((judged / "out").rglob("*")) if path.suffix == ".parquet"}
    done = open_study(judged).run()
    assert done.record.named("computed") == ()
    assert all(path.read_bytes() == content for path, content in before.items())


def test_an_edited_fact_makes_stale_exactly_the_claims_that_rest_on_it(judged, tmp_path):
    results = open_study(judged).results
    facts = results["series_facts"]
    chosen = random.Random(20261124).sample(sorted(facts["fact_id"]), EDITS)
    used = sorted(facts.loc[facts["used"].to_numpy(dtype=bool), "fact_id"])
    chosen[: EDITS // 2] = random.Random(7).sample(used, EDITS // 2)
    expected = {fact_id: walked_claims(results, fact_id) for fact_id in chosen}
    assert any(expected.values())
    for number, fact_id in enumerate(chosen):
        folder = tmp_path / str(number)
        shutil.copytree(judged, folder)
        edit_fact(folder, fact_id)
        found = open_study(folder).stale_claims().stale
        assert set(found) == expected[fact_id], fact_id
        shutil.rmtree(folder)


def test_an_edited_fact_changes_what_rests_on_it_and_nothing_else(judged, tmp_path):
    before = open_study(judged).results
    lineage = before["series_lineage"]
    fact_id = sorted(lineage.loc[lineage["share"] > 0.2, "row_id"])[0]
    folder = tmp_path / "edited"
    shutil.copytree(judged, folder)
    edit_fact(folder, fact_id)
    open_study(folder).run()
    after = open_study(folder).results
    touched = set(lineage.loc[lineage["row_id"] == fact_id, "estimate_id"])
    old, new = (one["series"].set_index("estimate_id")["value"] for one in (before, after))
    assert set(old.index) == set(new.index)
    changed = set(old.index[(old != new.loc[old.index]).to_numpy()])
    places = before["series"].set_index("estimate_id")[["place_id", "definition_id"]].apply(tuple, axis=1)
    assert changed
    assert {places[one] for one in changed} == {places[one] for one in touched}


def test_results_do_not_depend_on_the_number_of_workers(judged, tmp_path):
    folder = tmp_path / "workers"
    shutil.copytree(judged, folder, ignore=shutil.ignore_patterns("out"))
    open_study(folder).run(workers=1)
    for path in sorted((judged / "out" / "results").glob("*.parquet")):
        assert (folder / "out" / "results" / path.name).read_bytes() == path.read_bytes(), path.name
