"""Functions of batches and of seeds that a worker can import, some of which end the worker that does them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from townshift.errors import MeasureError

HALVED = pa.schema([("firm", pa.int64()), ("half", pa.float64())])


def halved(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Half the size of every firm with an even number."""
    for batch in batches:
        kept = batch.filter(pc.equal(pc.bit_wise_and(batch["firm"], 1), 0))
        yield pa.record_batch({"firm": kept["firm"], "half": pc.divide(kept["size"].cast(pa.float64()), 2)})


def kinds(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The types that the function was given, as one text."""
    for batch in batches:
        names = [f"list<{kind.value_type}>" if pa.types.is_list(kind) else str(kind) for kind in batch.schema.types]
        yield pa.record_batch({"kinds": [" ".join(names)]})


def stumbling(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Meets what it cannot answer for."""
    next(iter(batches))
    raise MeasureError.of("TS-RUN-011", step="stumbling")
    yield


def halved_once_killed(batches: Iterator[pa.RecordBatch], marker: Path, victim: str) -> Iterator[pa.RecordBatch]:
    """`halved`; the first worker that has given a batch is killed."""
    for batch in halved(batches):
        yield batch
        kill_once(marker, victim)


def squares(seeds: Sequence[int]) -> list[int]:
    return [seed * seed for seed in seeds]


def squares_and_shares(seeds: Sequence[int]) -> list[tuple[int, int]]:
    """Each square with the number of seeds that were handed over together."""
    return [(seed * seed, len(seeds)) for seed in seeds]


def squares_once_killed(seeds: Sequence[int], marker: Path, victim: str) -> list[int]:
    """`squares`; the first worker that gets seed 70 is killed."""
    if 70 in seeds:
        kill_once(marker, victim)
    return squares(seeds)


def always_killed(seeds: Sequence[int]) -> list[int]:
    os.kill(os.getpid(), signal.SIGKILL)
    return []


def broken(seeds: Sequence[int]) -> list[int]:
    raise ZeroDivisionError("a defect")


def too_few(seeds: Sequence[int]) -> list[int]:
    return squares(seeds[1:])


def kill_once(marker: Path, victim: str) -> None:
    """Kill this Python process, or the Java process of the executor that it works for, unless that was done before."""
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return
    pid = os.getpid()
    if victim == "executor":
        while b"CoarseGrainedExecutorBackend" not in Path(f"/proc/{pid}/cmdline").read_bytes():
            status = Path(f"/proc/{pid}/status").read_text()
            pid = int(status.partition("PPid:")[2].split()[0])
            assert pid > 1, "this worker belongs to no executor"
    marker.write_text(str(pid))
    os.kill(pid, signal.SIGKILL)
