"""Repeated work gives the same answers however it is spread."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from engine.toy_town import ToyTown, load
from townshift import types
from townshift.engine.chunks import counter_seeds, map_chunks
from townshift.errors import EngineError


@pytest.fixture
def repeated(town: ToyTown):
    load(town.folder.parent)
    import importlib

    return importlib.import_module("toy_town_package.repeated")


SEEDS = list(range(40))
SQUARES = [seed * seed for seed in SEEDS]


@pytest.mark.parametrize("chunk_size", [1, 7, 40, 100])
def test_the_cut_into_chunks_changes_nothing(repeated, chunk_size: int) -> None:
    assert map_chunks(repeated.squares, SEEDS, chunk_size) == SQUARES
    assert types.serial(repeated.squares, SEEDS, chunk_size) == SQUARES


def test_one_worker_and_two_give_the_same_answers(repeated) -> None:
    alone = map_chunks(repeated.squares, SEEDS, 4, workers=1, serial_seconds=0)
    assert alone == map_chunks(repeated.squares, SEEDS, 4, workers=2, serial_seconds=0) == SQUARES


def test_short_work_starts_no_process(repeated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("townshift.engine.chunks._one_pool", None)
    assert map_chunks(repeated.squares, SEEDS, 4, workers=2) == SQUARES


def test_work_that_turns_out_long_moves_to_processes(repeated, monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[int] = []

    def pool(function, chunks, workers, answers) -> None:
        moved.append(len(chunks))
        answers.update({position: function(chunk) for position, chunk in chunks.items()})

    monkeypatch.setattr("townshift.engine.chunks._one_pool", pool)
    assert map_chunks(repeated.slow_squares, SEEDS, 4, workers=2, serial_seconds=0.2) == SQUARES
    assert moved == [9]


def test_a_killed_worker_changes_no_answer(repeated, tmp_path: Path) -> None:
    function = partial(repeated.killed_once, marker=str(tmp_path / "killed"))
    assert map_chunks(function, SEEDS, 4, workers=2, serial_seconds=0) == SQUARES
    assert (tmp_path / "killed").exists()


def test_workers_that_are_always_killed_end_the_run_with_a_reason(repeated) -> None:
    with pytest.raises(EngineError, match="TS-RUN-007"):
        map_chunks(repeated.killed_always, SEEDS, 20, workers=2, serial_seconds=0)


def test_a_defect_in_a_worker_comes_out_as_it_is_and_leaves_no_process(repeated) -> None:
    with pytest.raises(ZeroDivisionError):
        map_chunks(repeated.broken, SEEDS, 4, workers=2, serial_seconds=0)
    assert not multiprocessing.active_children()


def test_an_interrupt_ends_the_workers(repeated) -> None:
    main = threading.get_ident()
    timer = threading.Timer(2.5, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        map_chunks(repeated.very_slow_squares, SEEDS, 10, workers=2, serial_seconds=0)
    timer.join()
    assert time.monotonic() - started < 8  # one chunk takes 20 s
    assert not multiprocessing.active_children()


ORPHANS = """
import sys
sys.path.insert(0, {code!r})
from toy_town_package import repeated
from townshift.engine.chunks import map_chunks

if __name__ == "__main__":
    map_chunks(repeated.one_slow_square, [0, 1], 1, workers=2, serial_seconds=0)
"""


def test_workers_do_not_outlive_a_killed_parent(repeated, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(ORPHANS.format(code=str(Path(repeated.__file__).parents[1])))
    told = tmp_path / "told"
    told.mkdir()
    parent = subprocess.Popen([sys.executable, str(script)], env=os.environ | {"TOLD": str(told)})
    _until(lambda: len(list(told.iterdir())) == 2)
    workers = [int(path.name) for path in told.iterdir()]
    parent.kill()
    parent.wait()
    _until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_an_interrupt_of_the_whole_terminal_is_answered_by_the_parent_alone(repeated, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(ORPHANS.format(code=str(Path(repeated.__file__).parents[1])))
    told = tmp_path / "told"
    told.mkdir()
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        env=os.environ | {"TOLD": str(told)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    _until(lambda: len(list(told.iterdir())) == 2)
    os.killpg(parent.pid, signal.SIGINT)
    said = parent.communicate(timeout=20)[1]
    assert said.count("Traceback") == 1
    assert said.rstrip().endswith("KeyboardInterrupt")


def _until(holds) -> None:
    for _ in range(400):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("not within 20 s")


def test_a_function_that_no_worker_could_import_is_refused_even_for_short_work() -> None:
    with pytest.raises(TypeError, match="top of a module"):
        map_chunks(lambda chunk: list(chunk), SEEDS, 4, workers=2)


def test_a_missing_answer_is_refused() -> None:
    with pytest.raises(TypeError, match="4 seeds, 1 answers"):
        map_chunks(lambda chunk: [1], SEEDS[:4], 4, workers=1)


def test_no_seeds_no_answers(repeated) -> None:
    assert map_chunks(repeated.squares, [], 4) == []


def test_seeds_are_counted_and_not_drawn() -> None:
    seeds = counter_seeds(7, "a", 1000)
    assert len(set(seeds)) == 1000
    assert counter_seeds(7, "a", 10) == seeds[:10]
    assert not set(seeds) & set(counter_seeds(7, "b", 1000))
    assert not set(seeds) & set(counter_seeds(8, "a", 1000))
