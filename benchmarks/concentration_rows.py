"""A row of the table that `benchmarks/concentration.py` prints, and the measuring of one row in a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One job at one size: what the project took, and what a peer took for the same in the same run.

    Attributes:
        job: what is computed, with its setting.
        n: size, in points or areas.
        cpu_seconds: user and system time of a fresh process, start included unless `note` says otherwise.
        peak_mb: largest memory of that process.
        bound_seconds, bound_mb: what the issue allows; None where it sets nothing.
        peer: name of the peer; empty where there is none.
        peer_seconds, peer_mb: the same figures of the peer, measured in the same run or stored with their source.
        note: how far from exact, F1, or where a stored figure comes from.
    """

    job: str
    n: int
    cpu_seconds: float
    peak_mb: float
    bound_seconds: float | None = None
    bound_mb: float | None = None
    peer: str = ""
    peer_seconds: float | None = None
    peer_mb: float | None = None
    note: str = ""


def measured(*command: str) -> tuple[float, float, str]:
    """CPU-seconds, peak memory in MB and printed text of `python *command`, children included."""
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, close_fds=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    printed = process.stdout.read()
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{complaint}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, printed
