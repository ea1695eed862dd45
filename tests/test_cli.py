"""What a user meets at the command line, right and wrong: whole processes, as they would be started."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MINIMAL = ROOT / "studies" / "minimal"


def townshift(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "townshift", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **options)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    copy = tmp_path / "study"
    shutil.copytree(MINIMAL, copy, ignore=shutil.ignore_patterns("out"))
    return copy


def refused(result: subprocess.CompletedProcess[str], code: str) -> str:
    assert result.returncode == 1, result.stdout + result.stderr
    shown = result.stdout + result.stderr
    assert "Traceback" not in shown
    assert code in shown, shown
    return shown


def test_new_then_run_gives_claims_and_a_report(tmp_path):
    assert townshift("new", tmp_path / "x").returncode == 0
    done = townshift("run", tmp_path / "x")
    assert done.returncode == 0, done.stderr
    assert "1.1" in done.stdout
    assert (tmp_path / "x" / "out" / "report.html").is_file()
    assert (tmp_path / "x" / "out" / "report.zh.html").is_file()


def test_new_never_overwrites(study):
    refused(townshift("new", study), "TS-CLI-003")


def test_a_missing_folder_an_empty_one_and_a_file_are_told_apart(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    refused(townshift("run", tmp_path / "missing"), "TS-STUDY-001")
    refused(townshift("run", tmp_path / "file"), "TS-STUDY-002")
    refused(townshift("run", tmp_path / "empty"), "TS-STUDY-003")


def test_malformed_toml_names_the_line(study):
    (study / "study.toml").write_text("format = 1\n[study\n")
    assert "line 2" in refused(townshift("check", study), "TS-STUDY-004")


def test_a_study_of_another_format_is_refused(study):
    manifest = study / "study.toml"
    manifest.write_text(manifest.read_text("utf-8").replace("format = 1", "format = 2"), "utf-8")
    refused(townshift("check", study), "TS-STUDY-")


def test_a_table_that_is_a_link_out_of_the_study_is_refused(study, tmp_path):
    outside = tmp_path / "outside.csv"
    outside.write_text((study / "data" / "facts.csv").read_text("utf-8"), "utf-8")
    (study / "data" / "facts.csv").unlink()
    (study / "data" / "facts.csv").symlink_to(outside)
    refused(townshift("run", study), "TS-STUDY-011")


def test_a_broken_claims_file_is_told_with_the_claim(study):
    claims = study / "claims.toml"
    claims.write_text(claims.read_text("utf-8").replace("delta =", "dleta =", 1), "utf-8")
    shown = refused(townshift("run", study), "TS-CLAIM-")
    assert "dleta" in shown


def test_ten_thousand_broken_rows_stay_readable(study):
    facts = study / "data" / "facts.csv"
    rows = facts.read_text("utf-8").rstrip("\n").splitlines()
    rows += [f"X{number},alder,firms,not_a_year,{number},count,exact,S01,2013-02," for number in range(10_000)]
    facts.write_text("\n".join(rows) + "\n", "utf-8")
    checked = townshift("check", study)
    assert "Traceback" not in checked.stderr
    assert "10,000" in checked.stdout or "10000" in checked.stdout
    assert len(checked.stdout.splitlines()) < 60
    townshift("run", study)
    assert len((study / "out" / "quarantine" / "facts.csv").read_text("utf-8").splitlines()) == 10_001


def test_a_ragged_row_and_a_nul_byte_are_set_aside_and_the_rest_is_read(study):
    facts = study / "data" / "facts.csv"
    facts.write_bytes(facts.read_bytes() + b"X1,alder\nX2,alder,firms,2015,7\x0000,count,exact,S01,2013-02,\n")
    checked = townshift("check", study)
    assert "facts.csv line 18" in checked.stdout
    assert "facts.csv line 19" in checked.stdout


def test_two_runs_at_once_the_second_says_so(study):
    import fcntl

    (study / "out").mkdir()
    with (study / "out" / "run.lock").open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused(townshift("run", study), "TS-RUN-004")


def test_a_misspelt_parameter_is_told_with_the_nearest_name(study):
    with (study / "study.toml").open("a", encoding="utf-8") as manifest:
        manifest.write("\n[parameters.series]\ncommon_bias = 0.2\n")
    shown = refused(townshift("run", study), "TS-RUN-")
    assert "common_bias_sd" in shown


def test_an_unknown_language_or_setting_is_a_usage_error(study):
    assert townshift("run", study, "--lang", "fr").returncode == 2
    assert townshift("run", study, "--set", "nonsense").returncode == 2


def test_a_disk_that_is_full_is_told_and_the_next_run_is_whole(study, tmp_path):
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root to mount a small disk")
    disk = study / "out"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        refused(townshift("run", study), "TS-RUN-")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    assert townshift("run", study).returncode == 0


def test_explain_before_a_run_says_what_to_do(study):
    refused(townshift("explain", study, "1.1"), "TS-CLI-005")


def test_explain_of_an_unknown_claim_names_the_known_ones(study):
    townshift("run", study)
    assert "1.1" in refused(townshift("explain", study, "9.9"), "TS-CLI-004")


def test_everything_speaks_chinese_when_asked(study):
    done = townshift("run", study, "--lang", "zh")
    assert done.returncode == 0
    assert "镇上制鞋业快速增长" in done.stdout
    assert "报告" in done.stdout


def test_plan_computes_nothing(study):
    planned = townshift("run", study, "--plan")
    assert planned.returncode == 0
    assert "series" in planned.stdout
    assert not (study / "out" / "results").exists()


def without_privileges(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command as someone whom file permissions bind, which they do not bind root."""
    if os.geteuid() and shutil.which("setpriv") is None:
        return townshift(*arguments)
    if shutil.which("setpriv") is None:
        pytest.skip("permissions do not bind root, and setpriv is not there")
    command = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", sys.executable, "-m", "townshift"]
    return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def read_only(study: Path) -> Iterator[Path]:
    study.chmod(0o555)
    yield study
    study.chmod(0o755)


def test_a_study_that_may_not_be_written_is_checked_all_the_same_and_a_run_says_why_not(read_only):
    checked = without_privileges("check", read_only)
    assert "Traceback" not in checked.stderr
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "Tables read: 9" in checked.stdout
    assert "TS-RUN-002" in checked.stdout
    assert "write permission" in refused(without_privileges("run", read_only), "TS-RUN-002")


@pytest.mark.parametrize("name", [".", "study.toml", "claims.toml", "data", "data/facts.csv"])
def test_whatever_may_not_be_read_is_named(study, name):
    path = study / name
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        shown = refused(without_privileges("check", study, "--lang", "zh"), "TS-STUDY-016")
    finally:
        path.chmod(mode)
    assert (str(study) if name == "." else name) in shown


def test_claims_are_printed_even_if_their_registration_cannot_be_written(read_only):
    read_only.chmod(0o755)
    (read_only / "out").mkdir()
    (read_only / "private").mkdir()
    read_only.chmod(0o555)
    shown = refused(without_privileges("run", read_only), "TS-CLAIM-018")
    assert "supported" in shown
    assert (read_only / "out" / "report.html").is_file()


def test_new_on_a_full_disk_leaves_no_half_study(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs root to mount a small disk")
    try:
        refused(townshift("new", disk / "x"), "TS-RUN-001")
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize(
    ("setting", "code"),
    [("series.nope=1", "TS-RUN-022"), ("nope.x=1", "TS-RUN-020"), ("series.common_bias_sd=much", "TS-RUN-023")],
)
def test_a_wrong_setting_is_refused_before_any_result_is_touched(study, setting, code):
    assert townshift("run", study).returncode == 0
    before = {path: path.read_bytes() for path in sorted((study / "out" / "results").iterdir())}
    shown = refused(townshift("run", study, "--set", setting), code)
    assert f"--set {setting.split('=')[0].removesuffix('.x')}" in shown
    assert {path: path.read_bytes() for path in sorted((study / "out" / "results").iterdir())} == before


def test_check_tells_wrong_tables_parameters_and_claims_at_once_with_their_lines(study):
    with (study / "study.toml").open("a", encoding="utf-8") as manifest:
        manifest.write("\n[parameters.series]\ncommon_bias = 0.2\n")
    line = len((study / "study.toml").read_text("utf-8").splitlines())
    events = study / "data" / "events.csv"
    events.write_text(events.read_text("utf-8").replace("E02,", "E01,"), "utf-8")
    claims = study / "claims.toml"
    claims.write_text(claims.read_text("utf-8").replace("delta =", "dleta =", 1), "utf-8")
    shown = refused(townshift("check", study), "TS-DATA-011")
    assert f"study.toml line {line}: Step series has no parameter common_bias." in shown
    assert "TS-CLAIM-002" in shown
    assert "Nothing is wrong" not in shown
    assert "4 fatal" in shown


@pytest.mark.parametrize("seconds", [0.3, 0.8, 1.3, 2.0, 3.0])
def test_ctrl_c_stops_at_any_moment_without_a_traceback_and_the_next_run_is_whole(study, seconds):
    with subprocess.Popen(
        [sys.executable, "-m", "townshift", "run", str(study)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=120)
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert "Nothing is lost" in told
    assert townshift("run", study).returncode == 0
