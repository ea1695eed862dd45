"""What a reconciled series costs in CPU-seconds and peak memory: part (c) of `benchmarks/series.py`."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from evidence.simulated_records import simulate_record

FIRST_SEED = 40_000
DISTINCT = 500  # records of the mass run, each told again under other seeds


def peak_mb() -> float:
    """Peak resident memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one_series(n_facts: int, repeat: int, search: bool = False) -> tuple[float, float, float]:
    """CPU-seconds of the first call in a fresh process and the median of later ones; peak memory in MB.

    With `search` the time is that of the search for breaks alone.
    """
    from townshift.evidence.series import SeriesParameters, reconcile

    parameters = SeriesParameters()
    spent = []
    for k in range(repeat + 1):
        record = simulate_record(FIRST_SEED + k, n_facts=n_facts, n_years=30, scale="log")
        started = time.process_time()
        result = reconcile(record.facts, record.scale, parameters, seed_entropy=[k])
        if search:
            started = time.process_time()
            _ = result.proposed_breaks
        spent.append(time.process_time() - started)
    return spent[0], statistics.median(spent[1:]), peak_mb()


def many_series(count: int) -> tuple[float, float, float]:
    """CPU-seconds of `count` series of 20 facts (warm), those of making the input, and peak memory in MB."""
    from townshift.evidence.series import SeriesInput, reconcile_many
    from townshift.evidence.series_parameters import SeriesParameters

    started = time.process_time()
    records = [simulate_record(FIRST_SEED + k, n_facts=20) for k in range(min(DISTINCT, count))]
    groups = [
        SeriesInput(facts=record.facts, scale=record.scale, seed_entropy=[k], breaks=record.declared_breaks)
        for k in range(count)
        for record in [records[k % len(records)]]
    ]
    made = time.process_time() - started
    reconcile_many(groups[:5], SeriesParameters())
    started = time.process_time()
    reconcile_many(groups, SeriesParameters())
    return time.process_time() - started, made, peak_mb()


def fresh(function: Callable, *arguments: object) -> tuple[float, float, float]:
    """Run in a process of its own, so that peak memory and first calls are its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _row(name: str, cpu: float, bound: float | None, memory: float, note: str = "") -> None:
    met = "" if bound is None else ("met" if cpu <= bound else "NOT MET")
    print(f"  {name:46s} {cpu:9.3f}  {'' if bound is None else f'<= {bound:g}':9s} {met:8s} {memory:7.0f} MB  {note}")


def measure_speed(quick: bool) -> None:
    """Print the table of costs."""
    repeat = 5 if quick else 20
    count = 1_000 if quick else 10_000
    print("\n(c) SPEED (log records over 30 years; CPU-seconds; peak memory of the whole process)")
    first, usual, memory = fresh(one_series, 50, repeat)
    _row("one series of 50 facts", usual, 0.050, memory, f"first call of a process {first:.3f}")
    cpu, made, memory = fresh(many_series, count)
    _row(f"{count} series of 20 facts", cpu, 60.0 * count / 10_000, memory, f"making the input took {made:.1f} more")
    for n_facts in (20, 50):
        _, usual, memory = fresh(one_series, n_facts, max(repeat // 4, 3), True)
        _row(f"search for breaks, series of {n_facts} facts", usual, 0.3, memory, "search alone")
    for n_facts in (10, 20, 50, 100):
        first, usual, memory = fresh(one_series, n_facts, repeat)
        _row(f"growth with size: {n_facts} facts", usual, None, memory)
