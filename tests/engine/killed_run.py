"""A run in a process of its own that is killed at a chosen moment; started by a fork server, so that it starts fast."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from engine.toy_town import load, toy_study
from townshift.engine import collect, run_graph

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["ibis", "ibis.backends.duckdb", "pandas", "pyarrow.parquet", "engine.killed_run"])

WRITE_POINTS = ("fsync", "replace")


def start(function: Callable[..., None], *arguments: object) -> ForkServerProcess:
    process = CONTEXT.Process(target=function, args=arguments)
    process.start()
    return process


def run(root: Path) -> None:
    """The toy run, undisturbed."""
    run_graph(toy_study_at(root), collect([load(root / "code")]))


def toy_study_at(root: Path):
    from engine.toy_town import ToyStudy

    return ToyStudy(root / "study")


def run_killed_at_write(root: Path, nth: int, after: bool) -> None:
    """Killed right before or after the nth time that anything reaches the disk."""
    count = 0

    def deadly(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            nonlocal count
            count += 1
            if count == nth and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            found = real(*arguments)
            if count == nth:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return call

    for name in WRITE_POINTS:
        setattr(os, name, deadly(getattr(os, name)))
    run(root)


def run_killed_after(root: Path, seconds: float) -> None:
    """Killed after a time, wherever it is then."""

    def kill() -> None:
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()
    run(root)


def run_waiting(root: Path) -> None:
    """Holds the study until it is killed."""
    from townshift.engine.lock import run_lock

    with run_lock(toy_study_at(root).out):
        (root / "holding").touch()
        time.sleep(60)


def count_writes(root: Path) -> int:
    """How often an undisturbed run in this process makes anything reach the disk."""
    count = 0
    real = {name: getattr(os, name) for name in WRITE_POINTS}

    def counting(name: str) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            nonlocal count
            count += 1
            return real[name](*arguments)

        return call

    try:
        for name in WRITE_POINTS:
            setattr(os, name, counting(name))
        run(root)
    finally:
        for name in WRITE_POINTS:
            setattr(os, name, real[name])
    return count


__all__ = ["count_writes", "run", "run_killed_after", "run_killed_at_write", "run_waiting", "start", "toy_study"]
