"""A row of the table of field evidence: what is measured in a fresh process, and what it must reach."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        what: what is done, in words.
        code: Python run in a fresh process with `arguments` in `sys.argv[1:]`. It prints JSON as its last line:
            `{"cpu_s": ..., "said": ...}`, the CPU-seconds of the work itself without preparing its input.
        arguments: given to the code.
        size: how large the input is, for growth; rows of one `group` are compared.
        group: name of the growth; empty = not compared.
        cpu_s: CPU-seconds that it may take; infinite = no bound.
        peak_mb: megabytes that the whole process may take.
    """

    what: str
    code: str
    arguments: tuple[str, ...] = ()
    size: int = 0
    group: str = ""
    cpu_s: float = math.inf
    peak_mb: float = math.inf


@dataclass(frozen=True)
class Cost:
    """CPU-seconds of the work and of the whole process, peak megabytes, and what the code said."""

    cpu_s: float
    process_s: float
    peak_mb: float
    said: str


def measure(row: Row) -> Cost:
    """Run the row in a fresh process on one thread."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "PYTHONPATH": str(HERE)}
    with tempfile.TemporaryFile("w+") as out:
        command = [sys.executable, "-c", row.code, *row.arguments]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        lines = out.read().strip().splitlines()
    if process.returncode:
        raise SystemExit(f"{row.what} ended with {process.returncode}:\n" + "\n".join(lines[-20:]))
    last = json.loads(lines[-1])
    return Cost(last["cpu_s"], usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, str(last.get("said", "")))
