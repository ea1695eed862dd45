"""A registry through the whole run: its steps, what a person answers, and that no person's name leaves `private/`."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from townshift import open_study
from townshift.api import new_registry_study
from townshift.engine.answers import read_answers
from townshift.errors import EngineError

FIRMS = 1_500
PLANTED = {
    "legal_representative": "欧阳锹瓿",
    "shareholders": "司徒蘅甍;夏侯篾鬯",
    "phone": "13977700042",
    "address": "浙江省湖州市吴兴区绫溪镇鳜鳐弄77号",
    "production_address": "浙江省湖州市吴兴区绫溪镇鸬鹚坞3号",
    "name": "尉迟鼙鼓",
}
"""What stands in columns that are personal, in characters that nothing else uses."""
NEEDLES = ("欧阳锹瓿", "锹瓿", "司徒蘅甍", "夏侯篾鬯", "13977700042", "鳜鳐弄", "鸬鹚坞", "尉迟鼙鼓")


def study_with_persons(folder: Path, as_csv: bool = False) -> Path:
    """A small invented registry into which persons are planted: a company and sole traders named after themselves."""
    new_registry_study(folder, FIRMS, 11)
    path = folder / "data" / "firms.parquet"
    table = pq.read_table(path).to_pandas()
    town = table["address"].notna() & table["address"].fillna("").str.contains("绫溪")
    here = table.index[town][:12]
    for column in ("legal_representative", "shareholders", "phone", "address", "production_address"):
        table.loc[here, column] = PLANTED[column]
    table.loc[here[:3], "kind"] = "sole_trader"
    table.loc[here[0], "name"] = PLANTED["name"]
    table.loc[here[1], "name"] = f"吴兴区绫溪{PLANTED['name']}童装店"
    table.loc[here[2], "name"] = f"湖州绫溪{PLANTED['name']}制衣厂"
    table.loc[here[3], "name"] = f"{PLANTED['name']}（个体工商户）"
    if as_csv:
        path.unlink()
        table.to_csv(path.with_suffix(".csv"), index=False)
    else:
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path)
    return folder


def leaks(folder: Path) -> list[str]:
    """Every file under a folder in which a planted value stands: in its bytes, or decoded if it is Parquet."""
    found = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        raw = path.read_bytes()
        texts = [raw.decode("utf-8", "ignore"), raw.decode("gb18030", "ignore"), raw.decode("utf-16-le", "ignore")]
        if path.suffix == ".parquet":
            texts.append("\n".join(str(row) for row in pq.read_table(path).to_pylist()))
        found += [f"{path.name}: {needle}" for needle in NEEDLES for text in texts if needle in text]
    return found


def townshift(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "townshift", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, **options)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with planted persons after one run from the command line, its temporary files in a folder of its own."""
    folder = tmp_path_factory.mktemp("registry") / "study"
    scratch = folder.with_name("scratch")
    scratch.mkdir()
    study_with_persons(folder)
    done = townshift("run", folder, env={**os.environ, "TMPDIR": str(scratch)})
    (folder.with_name("printed.txt")).write_text(done.stdout + done.stderr, "utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_planted_persons_are_read_and_can_be_found_where_they_are_allowed(ran: Path) -> None:
    assert leaks(ran / "data")


def test_no_personal_value_leaves_private_in_a_run(ran: Path) -> None:
    assert leaks(ran / "out") == []
    assert leaks(ran.with_name("scratch")) == []
    assert not any(needle in ran.with_name("printed.txt").read_text("utf-8") for needle in NEEDLES)


@pytest.mark.slow
def test_from_csv_with_rows_set_aside_no_personal_value_leaves_private(tmp_path: Path) -> None:
    folder = study_with_persons(tmp_path / "study", as_csv=True)
    path = folder / "data" / "firms.csv"
    table = pd.read_csv(path, dtype="string", keep_default_na=False)
    planted = table.index[table["phone"] == PLANTED["phone"]]
    table.loc[planted[:6], "employees"] = "many"
    table.to_csv(path, index=False)
    checked = townshift("check", folder)
    study = open_study(folder)
    study.run(only=["process"])
    assert (folder / "out" / "quarantine" / "firms.csv").is_file()
    assert leaks(folder / "data")
    assert leaks(folder / "out") == []
    assert not any(needle in checked.stdout + checked.stderr for needle in NEEDLES)


@pytest.mark.slow
def test_a_run_that_fails_half_way_leaves_no_personal_value(tmp_path: Path) -> None:
    folder = study_with_persons(tmp_path / "study")
    answers = folder / "private" / "answers" / "moves.csv"
    answers.parent.mkdir(parents=True)
    answers.write_text(f"move_id,kind\nR1>R2,{PLANTED['legal_representative']}\n", "utf-8")
    record = open_study(folder).run(only=["process"]).record
    assert [problem.code for problem in record.problems] == ["TS-MOVES-001"]
    assert leaks(folder / "out") == []


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_no_personal_value(tmp_path: Path) -> None:
    folder = study_with_persons(tmp_path / "study")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for seconds in (4.0, 8.0):
        process = subprocess.Popen(
            [sys.executable, "-m", "townshift", "run", str(folder)],
            env={**os.environ, "TMPDIR": str(scratch)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert leaks(folder / "out") == []
        assert leaks(scratch) == []


def test_the_steps_of_a_registry_write_their_results(ran: Path) -> None:
    results = open_study(ran).results
    for name in (
        "establishments", "firm_years", "firm_survival", "registry_dates", "registry_coverage", "membership_rules",
        "moves", "moves_blocking", "moves_calibration", "move_flows", "move_totals", "pathways", "drivers",
        "driver_sentences", "review_moves", "claims",
    ):  # fmt: skip
        assert name in set(results), name


def test_sums_over_kinds_and_years_are_the_moves_expected(ran: Path) -> None:
    results = open_study(ran).results
    totals, moves = results["move_totals"], results["moves"]
    dated = moves[moves["year"].notna() & moves["origin_place_id"].notna() & moves["destination_place_id"].notna()]
    by_kind = totals.loc[totals["measure"] == "moves_by_kind", "value"].sum()
    assert by_kind == pytest.approx((1 - dated["p_look_alike"]).sum())
    shares = totals.loc[totals["measure"] == "kind_share", "value"]
    assert shares.sum() == pytest.approx(1.0)


def test_the_sheet_asks_about_every_borderline_pair_and_names_no_person(ran: Path) -> None:
    sheet = ran / "out" / "review" / "moves.csv"
    assert sheet.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(sheet.read_text("utf-8-sig").splitlines()))
    asked = open_study(ran).results["review_moves"]
    assert [row["move_id"] for row in rows] == asked["move_id"].tolist()
    assert all(row["kind"] == "" for row in rows)
    explained = sheet.with_name("README.txt").read_text("utf-8")
    assert "private/answers/moves.csv" in explained
    assert "look_alike" in explained
    assert "仅为相似" in explained


@pytest.mark.slow
def test_answers_on_the_sheet_hold_and_change_the_flows(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    new_registry_study(folder, FIRMS, 11)
    study = open_study(folder)
    study.run(only=["process"])
    before = study.results["moves"].set_index("move_id")
    sheet = pd.read_csv(folder / "out" / "review" / "moves.csv", dtype="string", encoding="utf-8-sig")
    assert len(sheet) >= 2
    yes, no = sheet["move_id"].iloc[0], sheet["move_id"].iloc[1]
    sheet.loc[0, "kind"], sheet.loc[1, "kind"] = (
        "迁移",
        "look_alike",
    )  # as a word of the sheet's language, and as a code
    answers = folder / "private" / "answers" / "moves.csv"
    answers.parent.mkdir(parents=True)
    sheet.to_csv(answers, index=False, sep=";", encoding="gb18030")
    drawn = pd.read_csv(folder / "out" / "review" / "membership_rules.csv", dtype="string", encoding="utf-8-sig")
    rule = drawn["rule_id"].iloc[0]
    of_rule = drawn.index[drawn["rule_id"] == rule][:5]
    drawn.loc[of_rule, "right"] = ["是", "1", "yes", "否", None]
    drawn.to_csv(answers.with_name("membership_rules.csv"), index=False)
    study = open_study(folder)
    study.run(only=["process"])
    after = study.results["moves"].set_index("move_id")
    assert after.loc[yes, "basis"] == "reviewed"
    assert after.loc[yes, "p_relocation"] == 1.0
    assert after.loc[no, "p_look_alike"] == 1.0
    assert before.loc[yes, "p_relocation"] < 1.0
    assert int(study.results["moves_calibration"]["n_labels"].iloc[0]) == 2
    judged = study.results["membership_precision"].set_index("rule_id").loc[rule]
    assert (int(judged["n_judged"]), int(judged["n_right"])) == (4, 3)
    assert judged["low"] < judged["precision"] == 0.75 < judged["high"]
    kept = pd.read_csv(folder / "out" / "review" / "membership_rules.csv", dtype="string", encoding="utf-8-sig")
    assert kept.loc[of_rule, "right"].fillna("").tolist() == ["是", "1", "yes", "否", ""]
    again = list(csv.DictReader((folder / "out" / "review" / "moves.csv").read_text("utf-8-sig").splitlines()))
    assert {row["move_id"]: row["kind"] for row in again[:2]} == {yes: "迁移", no: "look_alike"}
    assert len({row["move_id"] for row in again}) == len(again)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_sheet_is_read_however_a_spreadsheet_saved_it(tmp_path: Path, encoding: str, separator: str) -> None:
    path = tmp_path / "moves.csv"
    lines = [("move_id", "kind", "place"), ("R1>R2", " branch ", "绫溪镇"), ("R3>R4", "", "吴兴区"), ("R5>R6",)]
    path.write_bytes("\r\n".join(separator.join(line) for line in lines).encode(encoding))
    found = read_answers(path, ("move_id", "kind"))
    assert found["move_id"].tolist() == ["R1>R2", "R3>R4", "R5>R6"]
    assert found["kind"].fillna("").tolist() == ["branch", "", ""]


def test_a_sheet_without_its_columns_and_one_that_is_no_text_are_told(tmp_path: Path) -> None:
    path = tmp_path / "moves.csv"
    for content, code in (
        (b"pair,answer\nR1>R2,branch\n", "TS-RUN-025"),
        (b"", "TS-RUN-025"),
        (b"\xff\xff", "TS-RUN-026"),
    ):
        path.write_bytes(content)
        with pytest.raises(EngineError) as refused:
            read_answers(path, ("move_id", "kind"))
        assert refused.value.problems[0].code == code
