"""Repeated work on local processes, with answers that do not depend on how many there are."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from townshift.errors import EngineError

Result = TypeVar("Result")
ChunkFunction = Callable[[Sequence[int]], list[Result]]

SERIAL_SECONDS = 4.0
"""Work that is expected to take less than this is done in this process: starting others would take longer."""

ATTEMPTS = 3
"""Times that work whose worker was killed is tried before the run gives up."""


def counter_seeds(seed: int, name: str, count: int) -> list[int]:
    """Seeds number 0 to `count - 1` of a stream; seed i depends on `seed`, `name` and i alone.

    Example:
        >>> counter_seeds(7, "bootstrap", 3) == counter_seeds(7, "bootstrap", 9)[:3]
        True
    """
    return [
        int.from_bytes(hashlib.blake2b(f"{seed}/{name}/{counter}".encode(), digest_size=7).digest(), "big")
        for counter in range(count)
    ]


def map_chunks(
    function: ChunkFunction[Result],
    seeds: Sequence[int],
    chunk_size: int,
    workers: int | None = None,
    serial_seconds: float = SERIAL_SECONDS,
) -> list[Result]:
    """Apply `function` to chunks of `seeds` and join the answers in the order of `seeds`.

    The function must treat each seed by itself, so that no cut into chunks and no number of workers changes an answer.
    Chunks are done in this process as long as the rest promises to be quick, on fresh processes otherwise. The chunks
    of a worker that was killed are done again.

    Parameters:
        function: importable by name; gets seeds, returns one answer for each.
        seeds: one for each answer.
        chunk_size: seeds handed over at a time.
        workers: number of processes; as many as there are cores if `None`.
        serial_seconds: expected remaining time above which processes are started.

    Raises:
        TypeError: the function cannot be imported by a worker, or answers with a wrong number of results.
        EngineError: workers were killed `ATTEMPTS` times in a row.

    Example:
        >>> map_chunks(counter_like, [1, 2, 3], chunk_size=2, workers=1)
        [10, 20, 30]
    """
    chunks = chunks_of(seeds, chunk_size)
    answers: dict[int, list[Result]] = {}
    workers = min(workers or _cores(), len(chunks))
    if workers > 1:
        check_importable(function, "map_chunks")
    started = time.perf_counter()
    for position, chunk in enumerate(chunks):
        left = len(chunks) - position
        spent = time.perf_counter() - started
        if workers > 1 and left > 1 and (serial_seconds <= 0 or spent / max(position, 1) * left > serial_seconds):
            _on_processes(function, dict(list(enumerate(chunks))[position:]), workers, answers)
            break
        answers[position] = function(chunk)
    return joined(chunks, answers)


def chunks_of(seeds: Sequence[int], chunk_size: int) -> list[Sequence[int]]:
    """The seeds, `chunk_size` at a time.

    Example:
        >>> chunks_of([1, 2, 3], 2)
        [[1, 2], [3]]
    """
    return [seeds[start : start + chunk_size] for start in range(0, len(seeds), chunk_size)]


def joined(chunks: Sequence[Sequence[int]], answers: Mapping[int, list[Result]]) -> list[Result]:
    """The answers of all chunks in the order of the seeds.

    Raises:
        TypeError: a chunk has not as many answers as seeds.

    Example:
        >>> joined([[1, 2], [3]], {1: [30], 0: [10, 20]})
        [10, 20, 30]
    """
    for position, chunk in enumerate(chunks):
        if len(answers[position]) != len(chunk):
            raise TypeError(f"{len(chunk)} seeds, {len(answers[position])} answers")
    return [answer for position in range(len(chunks)) for answer in answers[position]]


def counter_like(seeds: Sequence[int]) -> list[int]:
    """Ten times each seed: the smallest function that a worker can import, for examples."""
    return [10 * seed for seed in seeds]


def _cores() -> int:
    """Cores that this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_importable(function: Callable[..., object], caller: str) -> None:
    """See that a worker can import the function.

    Raises:
        TypeError: it cannot.
    """
    try:
        pickle.dumps(function)
    except (pickle.PicklingError, AttributeError, TypeError) as problem:
        raise TypeError(f"a function for {caller} must be defined at the top of a module") from problem


def _on_processes(
    function: ChunkFunction[Result],
    chunks: dict[int, Sequence[int]],
    workers: int,
    answers: dict[int, list[Result]],
) -> None:
    failures = 0
    while left := {position: chunk for position, chunk in chunks.items() if position not in answers}:
        done_before = len(answers)
        try:
            _one_pool(function, left, min(workers, len(left)), answers)
        except BrokenProcessPool as broken:
            failures = 0 if len(answers) > done_before else failures + 1
            if failures == ATTEMPTS:
                raise EngineError.of("TS-RUN-007", attempts=ATTEMPTS) from broken


def _one_pool(
    function: ChunkFunction[Result],
    chunks: dict[int, Sequence[int]],
    workers: int,
    answers: dict[int, list[Result]],
) -> None:
    """Do as many chunks as this set of processes lives for; every finished one is kept."""
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_prepare_worker)
    try:
        waiting: dict[Future[list[Result]], int] = {
            pool.submit(function, chunk): position for position, chunk in chunks.items()
        }
        for future in as_completed(waiting):
            answers[waiting[future]] = future.result()
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _prepare_worker() -> None:
    """Leave Ctrl-C, which reaches every process of a terminal, to the parent; and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent cannot end its workers, and they would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
