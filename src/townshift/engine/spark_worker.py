"""What Spark's workers do for the engine; every function here is imported on the workers, so it must be light."""

from __future__ import annotations

import base64
import pickle
import platform
import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa

    from townshift.engine.tables import BatchFunction

Result = TypeVar("Result")

SHARED_LIBRARIES = ("numba", "numpy", "pandas", "pyarrow", "scipy")
"""Distributions that must have the same version on every worker: functions of batches and chunks may use them."""

SIGHT_SECONDS = 5
"""How long a worker looks for a file that the driver wrote."""

_CARRIED = re.compile(r"townshift-carried:([A-Za-z0-9+/=]+):")


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """How a worker stands.

    Attributes:
        host: its machine.
        versions: `townshift`, `python` (major.minor) and the shared libraries → version.
        sees: whether it reads in the engine's folder what the driver wrote there.
    """

    host: str
    versions: dict[str, str]
    sees: bool


def versions() -> dict[str, str]:
    """The versions that driver and workers must share, read without importing anything heavy."""
    from importlib.metadata import PackageNotFoundError, version

    import townshift

    found = {"townshift": townshift.__version__, "python": ".".join(platform.python_version_tuple()[:2])}
    for name in SHARED_LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "–"
    return found


def report(token: Path, content: str, _: int) -> WorkerReport:
    """How this worker stands; `token` is a file that the driver wrote with `content`."""
    return WorkerReport(socket.gethostname(), versions(), _sees(token, content))


def _sees(token: Path, content: str) -> bool:
    """Whether the file can be read; network disks show a new one after a few seconds."""
    for _ in range(SIGHT_SECONDS):
        try:
            return token.read_text("utf-8") == content
        except OSError:
            time.sleep(1)
    return False


def on_batches(
    function: BatchFunction, taken: pa.Schema, given: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """A function of batches as Spark calls it: with the types of the table, checked, its errors carried home.

    Parameters:
        function: what `map_batches` was given.
        taken: schema of the batches that it gets.
        given: schema of the batches that it promised.
        batches: what Spark hands over.
    """
    from townshift.engine.tables import cast, checked, storable_schema

    stored = storable_schema(given)
    try:
        for batch in checked(function(cast(batch, taken) for batch in batches), given):
            yield cast(batch, stored)
    except Exception as problem:
        raise carried(problem) from problem


def on_chunk(
    function: Callable[[Sequence[int]], list[Result]], chunk: tuple[int, Sequence[int]]
) -> tuple[int, list[Result]]:
    """A function of seeds as Spark calls it: the number of the chunk with its answers, its errors carried home."""
    position, seeds = chunk
    try:
        return position, function(seeds)
    except Exception as problem:
        raise carried(problem) from problem


def packed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Each batch as one row with one value, its bytes in Arrow's stream format: the driver then gets whole batches."""
    import pyarrow as pa

    for batch in batches:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        yield pa.record_batch({"rows": pa.array([sink.getvalue().to_pybytes()], pa.binary())})


def unpacked(rows: bytes) -> Iterator[pa.RecordBatch]:
    """The batches that one value of `packed` holds."""
    import pyarrow as pa

    with pa.ipc.open_stream(rows) as reader:
        yield from reader


def carried(problem: Exception) -> RuntimeError:
    """The problem in a message, for Spark brings home from a worker nothing but text.

    Example:
        >>> carried_home(f"Job aborted: {carried(KeyError('name'))} at line 7")
        KeyError('name')
    """
    try:
        data = pickle.dumps(problem)
        pickle.loads(data)
    except Exception:  # an exception may refuse to be stored in any way it likes
        data = pickle.dumps(RuntimeError(type(problem).__name__))
    return RuntimeError(f"townshift-carried:{base64.b64encode(data).decode()}:")


def carried_home(message: str) -> Exception | None:
    """The problem that a worker met, taken out of Spark's message; `None` if the message holds none."""
    found = _CARRIED.search(message)
    problem: Any = pickle.loads(base64.b64decode(found.group(1))) if found else None
    return problem if isinstance(problem, Exception) else None
