"""The invented town: what `new --example registry` writes and refuses, and what a run of it finds against its truth."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from townshift import StudyError, open_study
from townshift.api import new_registry_study
from townshift.examples import registry_study

FLOOR = 0.7
"""Least precision and recall of pairs with probability one half, of a registry as small as this: seven in ten."""


def townshift(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "townshift", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)


def fingerprints(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_writes_the_same_study_with_its_salt(tmp_path: Path) -> None:
    for name, seed in (("one", 4), ("two", 4), ("three", 5)):
        new_registry_study(tmp_path / name, 300, seed)
    one, two, three = (fingerprints(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    assert one["private/salt"] != three["private/salt"]
    assert len(open_study(tmp_path / "one").study.salt) == 32


@pytest.mark.parametrize("country", ["cn", "uk"])
def test_a_new_study_has_no_problem_and_a_policy_with_its_date(tmp_path: Path, country: str) -> None:
    study = open_study(new_registry_study(tmp_path / country, 300, 4, country))
    assert not study.check().fatal
    assert study.check_rules() == []
    for table, column in (("events", "date"), ("policies", "issued")):
        rows = pd.read_csv(tmp_path / country / "data" / f"{table}.csv")
        assert rows[column].tolist() == ["2014-01-01"]
        assert rows["place_id"].tolist() == [study.study.manifest.study.place]


def test_wrong_values_are_all_told_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as refused:
        new_registry_study(tmp_path / "x", 3, -1, "fr")
    assert [problem.code for problem in refused.value.problems] == ["TS-CLI-006", "TS-CLI-006", "TS-CLI-007"]
    assert not (tmp_path / "x").exists()


def test_a_folder_that_holds_something_is_never_written_into(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(StudyError) as refused:
        new_registry_study(tmp_path, 300, 1)
    assert refused.value.problems[0].code == "TS-CLI-003"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_study_that_breaks_off_is_not_left_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(registry_study, "_write_tables", interrupted)
    with pytest.raises(KeyboardInterrupt):
        new_registry_study(tmp_path / "x", 300, 1)
    assert not (tmp_path / "x").exists()


def test_options_of_the_registry_are_refused_for_the_minimal_study(tmp_path: Path) -> None:
    refused = townshift("new", tmp_path / "x", "--firms", 300)
    assert refused.returncode == 2
    assert "--firms" in refused.stderr
    assert not (tmp_path / "x").exists()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of 5,000 records after a run from the command line; what was printed stands beside it."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    assert townshift("new", folder, "--example", "registry", "--firms", 5_000, "--seed", 3).returncode == 0
    done = townshift("run", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    folder.with_name("printed.txt").write_text(done.stdout, "utf-8")
    return folder


def true_and_found(demo: Path) -> tuple[set[tuple[str, str]], pd.DataFrame]:
    """True moves between members, and the pairs found with their probability; repeated records stand for one firm."""
    records = pd.read_parquet(demo / "truth" / "records.parquet").set_index("record_id")
    twin = records["duplicate_of"].dropna().to_dict()
    members = set(records.index[records["member"]])
    true = pd.read_parquet(demo / "truth" / "moves.parquet")
    true = true[true["origin_record_id"].isin(members) & true["destination_record_id"].isin(members)]

    def pairs(frame: pd.DataFrame) -> list[tuple[str, str]]:
        ends = zip(frame["origin_record_id"], frame["destination_record_id"], strict=True)
        return [(twin.get(a, a), twin.get(b, b)) for a, b in ends]

    found = open_study(demo).results["moves"]
    found = pd.DataFrame({"pair": pairs(found), "p": 1 - found["p_look_alike"].to_numpy(dtype=float)})
    return set(pairs(true)), found


@pytest.mark.slow
def test_moves_of_the_demo_are_found_and_few_are_invented(demo: Path) -> None:
    true, found = true_and_found(demo)
    said = set(found.loc[found["p"] >= 0.5, "pair"])
    assert len(true) > 80
    assert len(said & true) / len(said) >= FLOOR
    assert len(said & true) / len(true) >= FLOOR


@pytest.mark.slow
def test_expected_moves_of_the_demo_are_near_the_true_number(demo: Path) -> None:
    true, found = true_and_found(demo)
    assert abs(found["p"].sum() - len(true)) / len(true) < 0.25


@pytest.mark.slow
def test_no_claim_about_the_demo_is_decided_against_the_truth(demo: Path) -> None:
    verdicts = open_study(demo).claims.set_index("claim_id")["verdict"]
    assert len(verdicts) == 9
    for claim in ("1.1", "1.5", "1.6", "1.7", "1.8", "1.9"):  # true in the model that made the town
        assert verdicts[claim] != "contradicted", claim
    for claim in ("1.2", "1.4"):  # false in it: 38 % of moves are relocations; returnees scatter over the country
        assert verdicts[claim] != "supported", claim
    decided = verdicts[verdicts.isin(["supported", "contradicted"])]
    assert len(decided) >= 3


@pytest.mark.slow
def test_the_demo_ends_with_claims_and_the_way_to_the_report(demo: Path) -> None:
    printed = demo.with_name("printed.txt").read_text("utf-8")
    assert "More firms left Lingxi than came" in printed
    assert str(demo / "out" / "report.html") in printed


@pytest.mark.slow
def test_a_second_run_computes_nothing_and_loads_nothing_heavy(demo: Path) -> None:
    code = (
        "import sys; from townshift import open_study; done = open_study(sys.argv[1]).run(); "
        "heavy = {'duckdb', 'matplotlib', 'splink', 'pyfixest', 'lifelines'}; "
        "print(len(done.record.named('computed')), sorted(heavy & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code, str(demo)], capture_output=True, text=True, check=True)
    assert shown.stdout.split(maxsplit=1)[0] == "0"
    assert shown.stdout.strip().endswith("[]"), shown.stdout
