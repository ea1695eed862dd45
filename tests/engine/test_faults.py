"""Kills, full disks, forbidden places, two runs at once: nothing lost, and a clear word."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from engine import killed_run
from engine.toy_town import ToyTown, states, stored_bytes
from townshift.engine import atomic, interrupt, run_graph
from townshift.engine.lock import run_lock
from townshift.errors import EngineError

MOMENTS = random.Random(20061021)


@pytest.fixture
def undisturbed(town: ToyTown) -> tuple[dict[str, bytes], int]:
    """What the toy run stores, and how often it makes anything reach the disk."""
    n_writes = killed_run.count_writes(town.study.root.parent)
    found = stored_bytes(town.study.out)
    shutil.rmtree(town.study.out)
    return found, n_writes


def _resume(town: ToyTown, expected: dict[str, bytes]) -> dict[str, str]:
    finished = {path.stem for path in (town.study.out / "cache" / "steps").glob("*.json")}
    record = town.run()
    assert stored_bytes(town.study.out) == expected
    assert not list(town.study.out.rglob("*.partial"))
    assert {name for name, state in states(record).items() if state == "fresh"} == finished
    return states(record)


def test_a_run_killed_at_random_writes_resumes_to_the_same_bytes(
    town: ToyTown, undisturbed: tuple[dict[str, bytes], int]
) -> None:
    expected, n_writes = undisturbed
    assert n_writes > 20
    resumed = []
    for nth in sorted(MOMENTS.sample(range(1, n_writes + 1), 10)):
        process = killed_run.start(killed_run.run_killed_at_write, town.study.root.parent, nth, nth % 2 == 0)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        resumed.append(tuple(_resume(town, expected).values()))
        shutil.rmtree(town.study.out)
    assert len(set(resumed)) > 2  # the kills met the run in different places


def test_a_run_killed_at_random_times_resumes_to_the_same_bytes(
    town: ToyTown, undisturbed: tuple[dict[str, bytes], int]
) -> None:
    expected, _ = undisturbed
    started = time.monotonic()
    killed_run.start(killed_run.run, town.study.root.parent).join()
    whole = time.monotonic() - started
    assert stored_bytes(town.study.out) == expected
    n_killed = 0
    for _ in range(10):
        shutil.rmtree(town.study.out)
        process = killed_run.start(killed_run.run_killed_after, town.study.root.parent, MOMENTS.uniform(0, whole))
        process.join()
        n_killed += process.exitcode == -signal.SIGKILL
        _resume(town, expected)
    assert n_killed >= 1


def test_two_runs_at_once_the_second_says_so_and_a_killed_one_holds_nothing(town: ToyTown) -> None:
    process = killed_run.start(killed_run.run_waiting, town.study.root.parent)
    while not (town.study.root.parent / "holding").exists():
        time.sleep(0.02)
    try:
        with pytest.raises(EngineError, match=rf"process {process.pid}\)[\s\S]*TS-RUN-004"):
            town.run()
    finally:
        process.kill()
        process.join()
    assert set(states(town.run()).values()) == {"computed"}


def test_a_lock_may_be_taken_again_by_its_holder(tmp_path: Path) -> None:
    with run_lock(tmp_path), run_lock(tmp_path):
        pass
    with run_lock(tmp_path):
        pass


def _failing(real: Callable[..., Any], number: int, nth: int) -> Callable[..., Any]:
    left = nth

    def call(*arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError(number, os.strerror(number))
        return real(*arguments)

    return call


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("nth", [1, 4, 9, 11])
@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "001"), (errno.EACCES, "002"), (errno.EROFS, "002"), (errno.EIO, "003")]
)
def test_a_write_that_fails_is_said_and_the_next_run_goes_on(
    town: ToyTown, monkeypatch: pytest.MonkeyPatch, call: str, nth: int, number: int, code: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, call, _failing(getattr(os, call), number, nth))
        if call == "fsync" and nth % 2 == 0:
            town.run()  # every second sync is that of a folder, which some systems refuse
            return
        with pytest.raises(EngineError, match=f"TS-RUN-{code}") as problem:
            town.run()
    assert "Traceback" not in str(problem.value)
    assert not list(town.study.out.rglob("*.partial"))
    n_finished = len(list((town.study.out / "cache" / "steps").glob("*.json")))
    record = town.run()
    assert len(record.named("fresh")) == n_finished


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", folder], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("a small disk can only be mounted by root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_really_full_is_said_and_nothing_is_lost(town: ToyTown, small_disk: Path) -> None:
    expected = town.run() and stored_bytes(town.study.out)
    shutil.move(town.study.root / "data", small_disk / "data")
    town.study.root = small_disk
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(24_000))
    with pytest.raises(EngineError, match="The disk is full"):
        town.run()
    finished = {path.stem for path in (small_disk / "out" / "cache" / "steps").glob("*.json")}
    assert "doubled" in finished
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=4m", small_disk], check=True)
    record = town.run()
    assert set(record.named("fresh")) == finished
    assert stored_bytes(small_disk / "out") == expected


def test_a_disk_that_is_really_read_only_is_said(town: ToyTown, small_disk: Path) -> None:
    shutil.move(town.study.root / "data", small_disk / "data")
    town.study.root = small_disk
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(EngineError, match="write permission"):
        town.run()


def test_an_output_folder_that_is_a_file_is_said(town: ToyTown) -> None:
    town.study.out.write_text("")
    with pytest.raises(EngineError, match="TS-RUN-003"):
        town.run()


def test_leftovers_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    for pid in (dead.pid, os.getppid()):
        (tmp_path / f".x.parquet.{pid}.partial").touch()
    (tmp_path / "mine.partial").touch()
    atomic.clean(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".x.parquet.{os.getppid()}.partial", "mine.partial"]


def test_a_write_that_is_broken_off_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.txt"
    atomic.write_text(path, "旧")

    def broken_off() -> None:
        with atomic.writing(path) as handle:
            handle.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert path.read_text("utf-8") == "旧"
    assert [entry.name for entry in path.parent.iterdir()] == ["x.txt"]


def test_a_ctrl_c_that_a_library_turned_into_an_error_of_its_own_still_stops_the_run(
    town: ToyTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGINT)

    def swallowing(*_arguments: Any, **_options: Any) -> Any:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise RuntimeError("query interrupted")

    steps = town.steps()
    plain = next(step for step in steps if "parameters" not in step.special)
    monkeypatch.setattr(sys.modules[plain.module], plain.name, swallowing)
    interrupt.watch()
    try:
        with pytest.raises(KeyboardInterrupt):
            run_graph(town.study, steps)
    finally:
        interrupt.watch()
        signal.signal(signal.SIGINT, before)
    assert not (town.study.out / "cache" / "steps" / f"{plain.name}.json").exists()
    log = town.study.out / "run.log"
    assert not log.exists() or f"{plain.name}: failed" not in log.read_text("utf-8")


def test_a_lock_that_cannot_be_written_on_a_full_disk_is_said(small_disk: Path) -> None:
    (small_disk / "out").mkdir()
    (small_disk / "out" / "run.lock").touch()
    with suppress(OSError):
        (small_disk / "ballast").write_bytes(bytes(200_000))
    with pytest.raises(EngineError, match="TS-RUN-001"), run_lock(small_disk / "out"):
        pass
