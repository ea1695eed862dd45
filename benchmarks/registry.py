"""A registry from its file to firm-years: check, load, clean, count; CPU-seconds, peak memory, growth with size.

    python benchmarks/registry.py [--rows N ...] [--csv] [--aggregate N]

Each size runs in a fresh process on the synthetic registry, with the steps and the cache of a study. `--csv` starts
from CSV files and adds `townshift import registry` to the bill. `--aggregate` counts firms by place and year in that
many cleaned records (those of the largest size, repeated). The peer does the same count with pandas in memory.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SEED = 1001
SIZES = (100_000, 1_000_000, 10_000_000)
BOUNDS = {10_000_000: (240.0, 3000.0)}
AGGREGATE_MB = 2000.0

STEPS = """
import os, sys
from townshift.engine import run_graph
from townshift.engine.progress import Silent
from townshift.pipeline import steps
from townshift.study import check_study, open_study
from townshift.study.load import load_table
def spent():
    return sum(os.times()[:4])
said, last = [], spent()
def stop(what):
    global last
    said.append(f"{what} {spent() - last:.1f}")
    last = spent()
class Clock(Silent):
    def end(self, record):
        if record.name in wanted:
            stop(record.name)
wanted = ("establishments", "firm_years")
study, chosen = open_study(sys.argv[1]), [step for step in steps() if step.name in wanted]
stop("start")
check_study(study)
stop("check")
where = load_table(study, "firms")
stop("load, in place" if where == study.tables["firms"].path else "load, copied")
done = run_graph(study, chosen, progress=Clock())
assert not done.problems, done.problems
assert set(done.named("computed")) == set(wanted), done
print(", ".join(said))
"""

COUNT = """
import sys, tempfile
from pathlib import Path
from townshift.engine import frame
from townshift.engine.tables import open_engine
from townshift.process.registry.firm_years import counted_events, firm_years
from townshift.process.registry.parameters import FirmYearsParameters
with tempfile.TemporaryDirectory() as folder:
    engine = open_engine("duckdb", Path(folder) / "spill")
    entries, exits, flags, spells = (frame(one) for one in counted_events(engine.table(Path(sys.argv[1]))))
    found = firm_years(entries, exits, flags, spells, FirmYearsParameters()).firm_years
    whole = found[(found["level"] == "province") & (found["size_band"] == "")]
    print(len(found), int(whole["n_entry"].sum()))
    engine.close()
"""

PEER = """
import sys
import pandas as pd
rows = pd.read_parquet(sys.argv[1], columns=["place_id", "member", "size_band", "entry_from", "exit_from"])
rows["entry"], rows["exit"] = pd.to_datetime(rows["entry_from"]).dt.year, pd.to_datetime(rows["exit_from"]).dt.year
keys = ["place_id", "member", "size_band"]
print(len(rows.groupby([*keys, "entry"]).size()), len(rows.groupby([*keys, "exit"]).size()))
"""


def cost(code: str, *arguments: str) -> tuple[float, float, str]:
    """CPU-seconds and peak megabytes of a fresh process that runs `code`, and what it printed last."""
    return measured([sys.executable, "-c", code, *arguments])


def measured(command: list[str]) -> tuple[float, float, str]:
    """The same of any command."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read().strip()
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:3])} ended with {process.returncode}:\n{said[-2000:]}")
    last = said.splitlines()[-1] if said else ""
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, last


def make_study(folder: Path, rows: int) -> None:
    """The invented town with a registry of `rows` records, made in a process of its own."""
    code = "import sys; from pathlib import Path; from townshift.examples.registry_study import write_example\n"
    code += "write_example(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))"
    cost(code, str(folder), str(rows), str(SEED))


def as_csv(firms: Path, folder: Path) -> None:
    """The registry as CSV files of half a million rows, the way registers hand theirs over."""
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    folder.mkdir()
    for number, batch in enumerate(pq.ParquetFile(firms).iter_batches(500_000)):
        csv.write_csv(batch, folder / f"part_{number:03}.csv")


def repeated(path: Path, target: Path, rows: int) -> int:
    """Cleaned records written again and again until there are `rows` of them."""
    import pyarrow.parquet as pq

    written = 0
    with pq.ParquetWriter(target, pq.read_schema(path), compression="zstd") as writer:
        while written < rows:
            for batch in pq.ParquetFile(path).iter_batches(1 << 17):
                writer.write_batch(batch)
                written += len(batch)
    return written


def line(what: str, cpu: float, peak: float, bound: tuple[float, float] | None = None) -> None:
    said = ""
    if bound is not None:
        met = cpu <= bound[0] and peak <= bound[1]
        limits = f"<= {bound[1]:,.0f} MB" if math.isinf(bound[0]) else f"<= {bound[0]:g} s, {bound[1]:,.0f} MB"
        said = f"   {limits}: {'met' if met else 'NOT MET'}"
    print(f"{what:58}{cpu:10.1f} CPU-s{peak:9,.0f} MB{said}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--csv", action="store_true")
    parser.add_argument("--aggregate", type=int, default=50_000_000)
    chosen = parser.parse_args()
    spent: list[tuple[int, float]] = []
    with tempfile.TemporaryDirectory() as name:
        for rows in chosen.rows:
            study = Path(name) / "study"
            shutil.rmtree(study, ignore_errors=True)
            make_study(study, rows)
            total, peak = 0.0, 0.0
            if chosen.csv:
                shutil.rmtree(Path(name) / "csv", ignore_errors=True)
                as_csv(study / "data" / "firms.parquet", Path(name) / "csv")
                (study / "data" / "firms.parquet").unlink()
                command = [sys.executable, "-m", "townshift", "import", "registry", str(Path(name) / "csv")]
                total, peak, _ = measured([*command, "--into", str(study), "--map", str(own_map(Path(name)))])
                line(f"import of {rows:,} rows", total, peak)
            cpu, high, parts = cost(STEPS, str(study))
            total, peak = total + cpu, max(peak, high)
            line(f"check, load, clean, firm-years of {rows:,} rows", total, peak, BOUNDS.get(rows))
            print(f"  of them CPU-s: {parts}", flush=True)
            spent.append((rows, total))
        if len(spent) > 1:
            (first, before), (last, after) = spent[0], spent[-1]
            print(
                f"cost grows with N^{math.log(after / before) / math.log(last / first):.2f} from {first:,} to {last:,}"
            )
        if chosen.aggregate:
            cleaned, many = study / "out" / "results" / "establishments.parquet", Path(name) / "many.parquet"
            rows = repeated(cleaned, many, chosen.aggregate)
            cpu, peak, said = cost(COUNT, str(many))
            line(f"place x year of {rows:,} records (rows, entries: {said})", cpu, peak, (math.inf, AGGREGATE_MB))
            cpu, peak, _ = cost(PEER, str(cleaned))
            line(f"peer: pandas, the same groups of {chosen.rows[-1]:,} records", cpu, peak)


def own_map(folder: Path) -> Path:
    """A map for files whose columns carry townshift's own names."""
    from townshift.study.schemas import schema

    path = folder / "map.toml"
    columns = "\n".join(f'"{name}" = "{name}"' for name in schema("firms").names if name != "record_id")
    head = 'format = 1\nregistry = "cn"\ncapital_unit = "百万元"\n\n[[table]]\ninto = "firms"\nneeds = ["name"]\n'
    path.write_text(f"{head}\n[table.columns]\n{columns}\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
