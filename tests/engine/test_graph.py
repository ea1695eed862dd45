"""Which steps run, in what order, and what becomes of those that cannot."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.toy_town import ToyTown, states, stored_bytes
from townshift.engine import check_parameters, run_graph
from townshift.engine.chunks import map_chunks
from townshift.engine.graph import in_order
from townshift.engine.provenance import to_prov
from townshift.engine.tables import read_frame
from townshift.errors import EngineError
from townshift.locales import set_language

WAGES = """

@step(question="labour")
def wages(doubled: ibis.Table, respondents: ibis.Table) -> pd.DataFrame:
    return frame(respondents)


@step(question="labour")
def wage_gap(wages: ibis.Table) -> pd.DataFrame:
    return frame(wages)
"""


def stored(town: ToyTown) -> set[str]:
    return {path.stem for path in (town.study.out / "results").iterdir()}


def test_results_are_what_the_steps_returned(town: ToyTown) -> None:
    town.run()
    results = {name: read_frame(town.study.out / "results" / f"{name}.parquet") for name in stored(town)}
    assert sorted(results) == ["doubled", "levels", "levels_draws", "levels_lineage", "means", "squares"]
    assert results["doubled"]["value"].tolist() == [2, 4, 6]
    assert results["squares"]["square"].tolist() == [seed * seed for seed in range(40)]
    assert results["means"]["estimate_id"].tolist() == [f"level@{place}/2000" for place in "pqr"]


def test_a_missing_table_leaves_its_steps_not_studied_and_says_which(town: ToyTown) -> None:
    (town.folder / "steps.py").write_text((town.folder / "steps.py").read_text() + WAGES)
    record = town.run()
    assert record.named("not_studied") == ("wages", "wage_gap")
    assert str(record["wage_gap"]) == "wage_gap: not studied (no respondents table)"
    assert record["wage_gap"].missing == ("respondents",)
    set_language("zh")
    try:
        assert str(record["wage_gap"]) == "wage_gap：未研究（没有 respondents 表）"
    finally:
        set_language("en")
    town.study.write("respondents", {"wage": [1.0]})
    assert town.run().named("computed") == ("wages", "wage_gap")


def test_results_whose_table_is_gone_are_gone_too(town: ToyTown) -> None:
    (town.folder / "steps.py").write_text((town.folder / "steps.py").read_text() + WAGES)
    town.study.write("respondents", {"wage": [1.0]})
    town.run()
    assert {"wages", "wage_gap"} <= stored(town)
    town.study.load_table("respondents").unlink()
    town.run()
    assert not {"wages", "wage_gap"} & stored(town)


def test_results_of_a_step_that_was_renamed_are_removed(town: ToyTown) -> None:
    town.run()
    town.edit("steps", "def means(", "def middles(")
    town.run()
    assert "means" not in stored(town)
    assert "middles" in stored(town)
    assert not (town.study.out / "cache" / "steps" / "means.json").exists()


def test_one_question_runs_with_all_that_it_needs(town: ToyTown) -> None:
    record = town.run(only=["government"])
    assert states(record) == {"doubled": "computed", "all_levels": "computed", "means": "not_selected"}
    assert states(town.run()) == {"doubled": "fresh", "all_levels": "fresh", "means": "computed"}
    record = town.run(only=["process"])
    assert states(record) == {"doubled": "fresh", "all_levels": "fresh", "means": "fresh"}
    town.edit("measures", "FACTOR = 2", "FACTOR = 3")
    record = town.run(only=["process"])
    assert states(record) == {"doubled": "computed", "all_levels": "not_selected", "means": "not_selected"}
    assert {"levels", "means"} <= stored(town)  # what was left out stays, and the next whole run mends it
    assert states(town.run()) == {"doubled": "fresh", "all_levels": "computed", "means": "computed"}


def test_a_question_that_is_none_is_named_with_those_that_are(town: ToyTown) -> None:
    with pytest.raises(EngineError, match=r"no question wages[\s\S]*labour[\s\S]*TS-RUN-008"):
        town.run(only=["wages"])


def test_a_step_that_cannot_answer_stops_only_those_that_need_it(town: ToyTown) -> None:
    town.run()
    town.edit("steps", "    found = frame(doubled)\n", "    raise MeasureError.of('TS-RUN-005', engine='x')\n")
    town.edit(
        "steps",
        "from townshift.types import Focus,",
        "from townshift.errors import MeasureError\nfrom townshift.types import Focus,",
    )
    (town.folder / "steps.py").write_text((town.folder / "steps.py").read_text() + WAGES)
    town.study.write("respondents", {"wage": [1.0]})
    record = town.run()
    assert states(record) == {
        "doubled": "fresh",
        "all_levels": "failed",
        "means": "blocked",
        "wages": "computed",
        "wage_gap": "computed",
    }
    assert [problem.code for problem in record.problems] == ["TS-RUN-005"]
    assert str(record["means"]) == "means: waits for a failed step (all_levels failed)"
    assert not {"levels", "means"} & stored(town)
    assert states(town.run())["all_levels"] == "failed"


def test_a_defect_is_reported_with_its_place_and_without_any_value(town: ToyTown) -> None:
    town.edit("measures", "return values * FACTOR", "return {}['张三 earns 3000']")
    record = town.run()
    assert [problem.code for problem in record.problems] == ["TS-RUN-010"]
    log = (town.study.out / "run.log").read_text("utf-8")
    assert "builtins.KeyError" in log
    assert "measures.py" in log
    assert "in twice" in log
    for text in (log, str(record.problems[0]), (town.study.out / "run.json").read_text("utf-8")):
        assert "3000" not in text
    with pytest.raises(KeyError, match="3000"):
        town.run(debug=True)


@pytest.mark.parametrize(
    ("raised", "code"), [("MemoryError", "TS-RUN-011"), ("OSError('IO Error: No space left on device')", "TS-RUN-001")]
)
def test_a_machine_that_is_too_small_is_said_whatever_the_library_calls_it(
    town: ToyTown, raised: str, code: str
) -> None:
    town.edit("measures", "return values * FACTOR", f"raise {raised}")
    if code == "TS-RUN-011":
        assert town.run().problems[0].code == code
    else:
        with pytest.raises(EngineError, match=code):
            town.run()


def test_files_of_others_in_the_cache_folder_stay(town: ToyTown) -> None:
    other = town.study.out / "cache" / "hashes.json"
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    town.run()
    assert other.exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('sort_values("fact_id")', 'assign(value=[1, "secret", 2.0])', "column value holds values of several types"),
        ('-> pd.DataFrame:\n    """Twice', '-> Estimates:\n    """Twice', "an Estimates was declared"),
    ],
)
def test_a_result_that_is_not_what_was_declared_is_refused(town: ToyTown, old: str, new: str, said: str) -> None:
    town.edit("steps", old, new)
    if "secret" in new:
        town.edit("steps", 'found["value"] = twice', 'found["other"] = twice')
        town.edit("steps", 'twice(found["value"])', "1")
    record = town.run()
    assert record.problems[0].code == "TS-RUN-009"
    assert said in str(record.problems[0])
    assert "secret" not in str(record.problems[0])


def test_wrong_parameters_are_all_named_with_the_nearest_right_name(town: ToyTown) -> None:
    given = {"doubled": {"pluss": 1, "plus": "many"}, "all_levels": {"x": 1}, "doubledd": {}}
    said = "\n".join(str(problem) for problem in check_parameters(town.steps(), given))
    assert said.count("TS-RUN") == 4
    assert "Did you mean plus?" in said
    assert "Did you mean doubled?" in said
    assert "Parameter plus of step doubled cannot be many" in said
    town.study.given = given
    record = town.run()
    assert states(record)["doubled"] == "failed"
    assert {problem.code for problem in record.problems} == {"TS-RUN-022", "TS-RUN-023"}


def test_parameters_may_be_annotated_with_a_class_imported_for_type_checkers_only(town: ToyTown) -> None:
    (town.folder / "heavy.py").write_text(
        "from townshift.types import Parameters\n\n\nclass HeavyParameters(Parameters):\n    plus: int = 40\n"
    )
    town.edit("steps", "parameters: DoubledParameters", "parameters: HeavyParameters")
    heavy_import = "    from toy_town_package.heavy import HeavyParameters\n    from townshift.types import ChunkMapper"
    town.edit("steps", "    from townshift.types import ChunkMapper", heavy_import)
    record = town.run()
    assert record["doubled"].parameters == {"plus": 40}
    (town.folder / "heavy.py").write_text((town.folder / "heavy.py").read_text().replace("40", "41"))
    assert town.run()["doubled"].reasons[0].name == "toy_town_package.heavy"


VERDICTS = """

@step(question='outcomes')
def verdicts(doubled: ibis.Table, *, claims_file: Path{default}) -> pd.DataFrame:
    return frame(doubled).assign(text={text})
"""


def test_a_step_that_asks_for_the_claims_is_not_studied_without_them(town: ToyTown) -> None:
    path = town.folder / "steps.py"
    plain = path.read_text().replace("from dataclasses", "from pathlib import Path\nfrom dataclasses")
    path.write_text(plain + VERDICTS.format(default=" | None = None", text="str(claims_file)"))
    assert states(town.run())["verdicts"] == "computed"
    path.write_text(plain + VERDICTS.format(default="", text="claims_file.read_text()"))
    assert str(town.run()["verdicts"]) == "verdicts: not studied (no claims table)"
    town.study.claims_file = town.study.root / "claims.toml"
    town.study.claims_file.write_text("a = 1")
    assert states(town.run())["verdicts"] == "computed"
    town.study.claims_file.write_text("a = 2")
    reasons = [str(reason) for reason in town.run()["verdicts"].reasons]
    assert reasons == ["study.toml or claims.toml changed: claims_file"]


def test_steps_are_done_after_those_they_need_whatever_their_order(town: ToyTown) -> None:
    steps = town.steps()
    assert [step.name for step in in_order(steps[::-1])] == ["doubled", "all_levels", "means"]
    circle = WAGES.replace("doubled: ibis.Table, respondents", "wage_gap")
    (town.folder / "steps.py").write_text((town.folder / "steps.py").read_text() + circle)
    with pytest.raises(ValueError, match="circle: wages, wage_gap"):
        in_order(town.steps())


def test_the_number_of_workers_changes_no_byte(town: ToyTown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("townshift.engine.tables.map_chunks", _always_on_processes)
    found = []
    for workers in (1, 2):
        town.run(workers=workers)
        found.append(stored_bytes(town.study.out))
        shutil.rmtree(town.study.out)
    assert found[0] == found[1]


def _always_on_processes(function, seeds, chunk_size, workers=None):
    return map_chunks(function, seeds, chunk_size, workers, serial_seconds=0)


def test_run_json_says_what_the_results_rest_on_and_no_time(town: ToyTown) -> None:
    town.study.given = {"doubled": {"plus": 1}}
    town.run()
    text = (town.study.out / "run.json").read_text("utf-8")
    run = json.loads(text)
    doubled = run["steps"]["doubled"]
    assert doubled["parameters"] == {"plus": {"value": 1, "origin": "study.toml"}}
    assert doubled["outputs"]["doubled"]["rows"] == 3
    assert run["steps"]["all_levels"]["inputs"]["doubled"] == doubled["outputs"]["doubled"]["sha256"]
    assert "toy_town_package.measures" in doubled["code"]
    assert run["libraries"]["numpy"]
    assert str(town.study.root) not in text
    (town.study.out / "run.json").unlink()
    town.run()
    assert (town.study.out / "run.json").read_text("utf-8") == text


def test_provenance_chains_every_result_to_the_tables_of_the_study(town: ToyTown) -> None:
    town.run()
    prov = to_prov(json.loads((town.study.out / "run.json").read_text("utf-8")))
    made = {one["prov:entity"]: one["prov:activity"] for one in prov["wasGeneratedBy"].values()}
    used: dict[str, set[str]] = {}
    for one in prov["used"].values():
        used.setdefault(one["prov:activity"], set()).add(one["prov:entity"])
    assert set(made) <= set(prov["entity"])
    assert set(made.values()) <= set(prov["activity"])
    waiting = [entity for entity in prov["entity"] if entity.startswith("ts:table/means/")]
    seen: set[str] = set()
    while waiting:
        entity = waiting.pop()
        seen.add(entity)
        waiting.extend(used[made[entity]] if entity in made else ())
    assert any(entity.startswith("ts:table/facts/") for entity in seen)


PLAN = """
import sys
from pathlib import Path
from engine.toy_town import ToyStudy, load
from townshift.engine import collect, run_graph

record = run_graph(ToyStudy(Path({study!r})), collect([load(Path({code!r}))]))
assert len(record.named("fresh")) == 3, record
print([name for name in ("numpy", "pandas", "pyarrow", "ibis", "duckdb", "scipy", "rich") if name in sys.modules])
"""


def test_a_run_with_nothing_to_do_imports_nothing_heavy(town: ToyTown) -> None:
    town.run()
    code = PLAN.format(study=str(town.study.root), code=str(town.folder.parent))
    environment = {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_run_needs_an_engine_that_exists_before_it_touches_anything(town: ToyTown) -> None:
    with pytest.raises(EngineError, match="TS-RUN-005"):
        run_graph(town.study, town.steps(), engine="postgres")
    assert not town.study.out.exists()


@pytest.mark.parametrize("code", ["TS-RUN-013", "TS-RUN-018"])
def test_an_engine_that_is_gone_ends_the_run_and_takes_no_result_with_it(
    town: ToyTown, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    town.run()
    before = stored_bytes(town.study.out)
    town.edit("measures", "FACTOR = 2", "FACTOR = 3")

    def gone(url: str, *_: object) -> None:
        raise EngineError.of(code, engine=url, reason="refused")

    monkeypatch.setattr("townshift.engine.graph.open_engine", gone)
    with pytest.raises(EngineError, match=code):
        town.run()
    assert stored_bytes(town.study.out) == before


HASHED = """

@step(question="process")
def hashed(doubled: ibis.Table, *, salt: bytes, answers: Path | None) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"salt": [salt.hex()], "answers": ["" if answers is None else answers.read_text()]})
"""


def test_a_step_gets_salt_and_answers_and_is_stale_when_one_changes(town: ToyTown) -> None:
    path = town.folder / "steps.py"
    path.write_text(path.read_text() + HASHED)
    town.run()
    assert read_frame(town.study.out / "results" / "hashed.parquet")["answers"].tolist() == [""]
    answers = town.study.root / "private" / "answers" / "hashed.csv"
    answers.parent.mkdir(parents=True)
    answers.write_text("yes")
    assert states(town.run())["hashed"] == "computed"
    assert read_frame(town.study.out / "results" / "hashed.parquet")["answers"].tolist() == ["yes"]
    town.study.salt = b"another"
    assert states(town.run())["hashed"] == "computed"
    assert states(town.run())["hashed"] == "fresh"
    assert b"another".hex() not in (town.study.out / "run.json").read_text()
