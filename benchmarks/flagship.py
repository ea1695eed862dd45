"""What the flagship study costs: cold run, warm run, import; CPU-seconds and peak memory of whole processes.

    python benchmarks/flagship.py [--repeat 3]

There is no peer that does the same job; the figures stand beside the bounds that the project set itself. Each row is
the median of the repeats, children included.

Python compiles a module when it first loads it and keeps the result. The rows without a note load what an earlier start
compiled, as every start but the first of an installation does. "Nothing compiled" is that first start, and every
start where PYTHONDONTWRITEBYTECODE is set and the packages were installed uncompiled.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOWNSHIFT = [sys.executable, "-m", "townshift"]


def measure(command: list[str], compiled: Path | None) -> tuple[float, float]:
    """CPU-seconds (user + system, waited-for children included) and peak memory in MB of one command.

    `compiled` is where compiled modules are kept; without it every module is compiled anew.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as empty:
        environment["PYTHONPYCACHEPREFIX"] = str(compiled or empty)
        if compiled is None:
            environment["PYTHONDONTWRITEBYTECODE"] = "1"
        return _measure(command, environment)


def _measure(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed:\n{process.stderr.read().decode()}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def median_of(runs: list[tuple[float, float]]) -> tuple[float, float]:
    """The median of each figure."""
    return statistics.median(cpu for cpu, _ in runs), statistics.median(memory for _, memory in runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    rows: list[tuple[str, tuple[float, float], float | None]] = []
    with tempfile.TemporaryDirectory() as folder:
        study, compiled = Path(folder) / "zhili", Path(folder) / "compiled"
        shutil.copytree(ROOT / "studies" / "zhili", study, ignore=shutil.ignore_patterns("out"))
        run = [*TOWNSHIFT, "run", str(study)]
        measure(run, compiled)
        for note, kept in (("", compiled), (", nothing compiled", None)):
            cold = []
            for _ in range(repeat):
                shutil.rmtree(study / "out", ignore_errors=True)
                cold.append(measure(run, kept))
            rows.append((f"cold run of studies/zhili{note}", median_of(cold), 20.0))
            rows.append((f"warm run{note}", median_of([measure(run, kept) for _ in range(repeat)]), 2.0))
        for name, command in (("check, warm", ["check", str(study)]), ("explain 2.2", ["explain", str(study), "2.2"])):
            runs = [measure([*TOWNSHIFT, *command], compiled) for _ in range(repeat)]
            rows.append((name, median_of(runs), None))
        bare = median_of([measure([sys.executable, "-c", "pass"], compiled) for _ in range(repeat)])
        imported = median_of([measure([sys.executable, "-c", "import townshift"], compiled) for _ in range(repeat)])
    rows.append(("import townshift (bare Python taken off)", (imported[0] - bare[0], imported[1]), 0.5))
    print(f"{'what':45} {'CPU-s':>8} {'bound':>7} {'met':>4} {'peak MB':>8}")
    for name, (cpu, memory), bound in rows:
        met = "" if bound is None else ("yes" if cpu <= bound else "NO")
        print(f"{name:45} {cpu:8.2f} {'' if bound is None else f'{bound:g}':>7} {met:>4} {memory:8.0f}")


if __name__ == "__main__":
    main()
