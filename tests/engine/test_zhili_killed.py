"""The flagship study, killed again and again, ends with the bytes of an undisturbed run."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ZHILI = Path(__file__).parents[2] / "studies" / "zhili"
KILLS = 20
RUN = """
import sys
from townshift.engine import run_graph
from townshift.pipeline import steps
from townshift.study import open_study

record = run_graph(open_study(sys.argv[1]), steps())
assert not record.problems, record.problems
"""


def start(study: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", RUN, str(study)])


def bytes_of(study: Path) -> dict[str, bytes]:
    out = study / "out"
    files = [*out.glob("results/*"), *out.glob("tables/*"), *out.glob("quarantine/*"), *out.glob("cache/steps/*")]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted([*files, out / "run.json"])}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    shutil.copytree(ZHILI, tmp_path / "zhili", ignore=shutil.ignore_patterns("out"))
    return tmp_path / "zhili"


@pytest.mark.slow
def test_a_run_killed_twenty_times_ends_like_an_undisturbed_one(study: Path) -> None:
    started = time.monotonic()
    assert start(study).wait() == 0
    whole = time.monotonic() - started
    expected = bytes_of(study)
    shutil.rmtree(study / "out")
    moments = random.Random(2019)
    n_killed = n_whole = 0
    while n_killed < KILLS:
        process = start(study)
        try:
            status = process.wait(timeout=moments.uniform(0.1, 1.0) * whole / 2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            n_killed += 1
            whole *= 1.1  # a shared machine may have become slower than when the undisturbed run was timed
            continue
        assert status == 0
        n_whole += 1
        assert bytes_of(study) == expected
        shutil.rmtree(study / "out")
    assert start(study).wait() == 0
    assert bytes_of(study) == expected
    assert n_whole > 0  # kills that always start anew would never end
