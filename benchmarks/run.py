"""Every benchmark there is, one after the other, at small sizes; `make bench` calls it.

    python benchmarks/run.py                   # small sizes, about ten minutes in all
    python benchmarks/run.py --full            # the sizes of docs/benchmarks.md: hours
    python benchmarks/run.py moves registry    # only these
    python benchmarks/run.py --list            # what would run

A benchmark is a file beside this one that can be started (`if __name__ == "__main__"`). They are found, not listed; how
each is started stands in `STARTS`, and a benchmark without an entry there is an error. Each writes its own
table; at the end stand the CPU-seconds, children included, and the peak memory of its largest process. A benchmark that
fails does not stop the others, but the answer is then a failure. Small sizes show that everything runs and where a
peer stands; the bounds hold for the full sizes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
STARTED = 'if __name__ == "__main__":'


@dataclass(frozen=True)
class Start:
    """How a benchmark is started.

    Attributes:
        small: arguments of `make bench`.
        full: arguments with which the figures of docs/benchmarks.md are measured.
    """

    small: str = ""
    full: str = ""


STARTS: dict[str, Start] = {
    "check": Start("--rows 50000 100000"),
    "clusters_choice": Start("--seeds 1 --nulls 5 --first 1"),
    "concentration": Start(),
    "concentration_areas": Start(),
    "concentration_clusters": Start(),
    "drivers": Start("--places 60 --years 20 --spells 50000"),
    "engines": Start("--rows 100000"),
    "field": Start(),
    "flagship": Start("--repeat 1", "--repeat 3"),
    "moves": Start(
        "--records 50000 --difficulty hard --growth 30000 60000 --seed 21",
        "--records 1000000 --growth 100000 300000 1000000 3000000 --seed 1000",
    ),
    "registry": Start("--rows 50000 100000 --aggregate 1000000"),
    "registry_import": Start("--rows 200000"),
    "registry_parsing": Start("100000 2", "1000000 2"),
    "registry_synthetic": Start("--oracle --rows 20000"),
    "series": Start("--quick --development", "--records 1000"),
}
"""How each benchmark is started, by the name of its file."""

OF_ANOTHER = {"moves_peer": "moves"}
"""Files that can be started but are called by the benchmark named here."""


def benchmarks() -> list[str]:
    """The names of all benchmarks, in alphabetical order.

    Raises:
        SystemExit: if one has no entry in `STARTS`.
    """
    started = {path.stem for path in HERE.glob("*.py") if STARTED in path.read_text("utf-8")}
    found = sorted(started - {Path(__file__).stem} - set(OF_ANOTHER))
    unknown = [name for name in found if name not in STARTS]
    if unknown:
        raise SystemExit(f"no entry in STARTS of benchmarks/run.py for: {', '.join(unknown)}")
    return found


def run(name: str, arguments: list[str]) -> tuple[int, float, float, float]:
    """Exit status, seconds elapsed, CPU-seconds and peak memory in MB of one benchmark, which prints as it goes."""
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, str(HERE / f"{name}.py"), *arguments], cwd=HERE.parent)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    return status, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="benchmarks; all of them if none is named")
    parser.add_argument("--full", action="store_true", help="the sizes of docs/benchmarks.md")
    parser.add_argument("--list", action="store_true", help="print what would run")
    given = parser.parse_args()
    every = benchmarks()
    strange = sorted(set(given.names) - set(every))
    if strange:
        raise SystemExit(f"no such benchmark: {', '.join(strange)}; there are: {', '.join(every)}")
    rows = []
    for name in given.names or every:
        start = STARTS[name]
        arguments = (start.full if given.full else start.small).split()
        print(f"\n=== benchmarks/{name}.py {' '.join(arguments)}".rstrip(), flush=True)
        if not given.list:
            rows.append((name, *run(name, arguments)))
    if given.list:
        return
    print(f"\n{'benchmark':24} {'seconds':>8} {'CPU-s':>8} {'peak MB':>8}")
    for name, status, seconds, cpu, memory in rows:
        print(f"{name:24} {seconds:8.0f} {cpu:8.1f} {memory:8.0f}{'  FAILED' if status else ''}")
    print(f"{'in all':24} {sum(row[2] for row in rows):8.0f} {sum(row[3] for row in rows):8.1f}")
    if any(row[1] for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
