"""One registry-scale question on both engines: firms of each place and year, by entry and exit.

    python benchmarks/engines.py [--rows 1000000 10000000] [--spark spark://local[2]]

Two kinds of work: an aggregation (an Ibis expression), and a function of Arrow batches whose result is stored sorted.
CPU-seconds and memory are those of all processes that took part, Java and Python workers included; memory is the sum
of their peaks. Seconds are elapsed. Answers are compared by the bytes of the stored files.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

AT_A_TIME = 1_000_000
N_PLACES = 2_900
YEARS = (1985, 2025)
TICKS = os.sysconf("SC_CLK_TCK")

AGED = pa.schema([("record_id", pa.string()), ("age", pa.int32()), ("long_name", pa.bool_())])


def write_registry(path: Path, rows: int) -> None:
    """A registry of that many records: places of unequal size, entry from 1985 on, two thirds closed again."""
    random = np.random.default_rng(20)
    weights = 1 / np.arange(1, N_PLACES + 1)
    names = pa.array([f"{330000 + place}" for place in range(N_PLACES)])
    words = pa.array(["祥和童装", "Deltexim", "宏达服饰有限公司", "Rue du Coton SARL", "金太阳"])
    with pq.ParquetWriter(path, schema(), compression="zstd") as writer:
        for start in range(0, rows, AT_A_TIME):
            count = min(AT_A_TIME, rows - start)
            entry = random.integers(*YEARS, count)
            closed = random.random(count) < 2 / 3
            exits = pa.array(entry + random.geometric(0.15, count), mask=~closed)
            columns = [
                pc.cast(pa.array(range(start, start + count)), pa.string()),
                names.take(pa.array(random.choice(N_PLACES, count, p=weights / weights.sum()))),
                words.take(pa.array(random.integers(0, len(words), count))),
                pa.array(entry),
                exits,
            ]
            writer.write_table(pa.table(columns, schema=schema()), row_group_size=122_880)


def schema() -> pa.Schema:
    """Columns of the registry."""
    text = [(name, pa.string()) for name in ("record_id", "place_id", "name")]
    return pa.schema([*text, ("entry_year", pa.int64()), ("exit_year", pa.int64())])


def firm_years(firms):
    """Entries, exits and the stock at the end of each year, by place: whole numbers only."""
    import ibis

    entries = firms.group_by("place_id", year="entry_year").aggregate(n_entry=firms.count(), n_exit=ibis.literal(0))
    gone = firms.drop_null("exit_year")
    exits = gone.group_by("place_id", year="exit_year").aggregate(n_entry=ibis.literal(0), n_exit=gone.count())
    both = entries.mutate(n_exit=entries.n_exit.cast("int64")).union(exits.mutate(n_entry=exits.n_entry.cast("int64")))
    flows = both.group_by("place_id", "year").aggregate(n_entry=both.n_entry.sum(), n_exit=both.n_exit.sum())
    window = ibis.window(group_by="place_id", order_by="year", preceding=None, following=0)
    return flows.mutate(n_stock=(flows.n_entry - flows.n_exit).sum().over(window))


def aged(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The age of every record, and whether its name is long."""
    for batch in batches:
        end = pc.fill_null(batch["exit_year"], YEARS[1])
        age = pc.cast(pc.subtract(end, batch["entry_year"]), pa.int32())
        yield pa.record_batch([batch["record_id"], age, pc.greater(pc.utf8_length(batch["name"]), 6)], schema=AGED)


def work(url: str, registry: Path, folder: Path) -> None:
    """The two kinds of work on one engine; prints what they took."""
    sys.path.insert(0, str(Path(__file__).parent))
    import engines  # the function of batches must have a name that workers can import

    from townshift.engine.tables import limit_threads, open_engine

    limit_threads()
    started = time.perf_counter()
    engine = open_engine(url, folder / "spill")
    firms = engine.table(registry)
    marks = [(started, 0.0), (time.perf_counter(), spent()[0])]
    stored = folder / "firm_years.parquet", folder / "aged.parquet"
    engine.write(firm_years(firms), stored[0])
    marks.append((time.perf_counter(), spent()[0]))
    engine.write(engine.map_batches(firms, engines.aged, engines.AGED), stored[1])
    marks.append((time.perf_counter(), spent()[0]))
    peak = spent()[1]
    engine.close()
    steps = [(later[0] - now[0], later[1] - now[1]) for now, later in itertools.pairwise(marks)]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in stored]
    print(json.dumps({"steps": steps, "peak_mb": peak, "sha256": digests}))


def spent() -> tuple[float, float]:
    """CPU-seconds and the sum of peak memories (MB) of this process and all below it."""
    parents: dict[int, int] = {}
    cpu: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
            cpu[int(entry.name)] = sum(int(ticks) for ticks in fields[11:15]) / TICKS
    seconds = megabytes = 0.0
    for pid in parents:
        above = pid
        while above not in (0, os.getpid()):
            above = parents.get(above, 0)
        if above == os.getpid():
            seconds += cpu[pid]
            status = Path(f"/proc/{pid}/status").read_text() if Path(f"/proc/{pid}").exists() else ""
            megabytes += int(status.partition("VmHWM:")[2].split()[0]) / 1024 if "VmHWM" in status else 0
    return seconds, megabytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--spark", default="spark://local[2]")
    parser.add_argument("--work", nargs=3, metavar=("URL", "REGISTRY", "FOLDER"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.work:
        work(chosen.work[0], Path(chosen.work[1]), Path(chosen.work[2]))
        return
    print(f"{'rows':>11} {'engine':18} {'work':22} {'seconds':>8} {'CPU-s':>8} {'peak MB':>8}")
    for rows in chosen.rows:
        digests = []
        with tempfile.TemporaryDirectory() as scratch:
            registry = Path(scratch) / "firms.parquet"
            write_registry(registry, rows)
            for number, url in enumerate(("duckdb", chosen.spark)):
                folder = Path(scratch) / str(number)
                folder.mkdir()
                command = [sys.executable, __file__, "--work", url, registry, folder]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                found = json.loads(done.stdout.splitlines()[-1])
                digests.append(found["sha256"])
                for name, (seconds, cpu) in zip(
                    ("start", "firm-years", "batches, stored"), found["steps"], strict=True
                ):
                    print(
                        f"{rows:11,} {url:18} {name:22} {seconds:8.1f} {cpu:8.1f} {found['peak_mb']:8.0f}", flush=True
                    )
        print(f"{rows:11,} the same bytes on both engines: {'yes' if digests[0] == digests[1] else 'NO'}", flush=True)


if __name__ == "__main__":
    main()
