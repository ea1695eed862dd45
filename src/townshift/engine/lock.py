"""One run at a time in one study."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from townshift.engine.atomic import write_error
from townshift.errors import EngineError, Problem

LOCK_FILE = "run.lock"

_held: set[Path] = set()


@contextmanager
def run_lock(out: Path) -> Iterator[None]:
    """Hold the study whose results are in `out` while the block runs; nested use in one process is fine.

    The lock belongs to the open file and not to its name: it ends with the process, however that ends, so that no
    stale lock ever has to be removed by hand.

    Raises:
        EngineError: another run holds it, or `out` cannot be written.
    """
    import fcntl

    path = (out / LOCK_FILE).resolve()
    if path in _held:
        yield
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a+b", buffering=0)
    except OSError as problem:
        raise write_error(path, problem) from problem
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            handle.truncate(0)
            handle.write(str(os.getpid()).encode("ascii"))  # unbuffered: nothing is left to fail at closing
        except BlockingIOError as busy:
            handle.seek(0)
            pid = handle.read().decode("ascii", "replace").strip() or "?"
            raise EngineError(Problem("TS-RUN-004", "", {"pid": pid, "folder": out})) from busy
        except OSError as problem:
            raise write_error(path, problem) from problem
        _held.add(path)
        try:
            yield
        finally:
            _held.discard(path)
