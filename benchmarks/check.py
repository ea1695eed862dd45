"""`townshift check` on millions of rows: CPU-seconds, peak memory, growth with size, beside frictionless in one run.

    python benchmarks/check.py                # 0.5, 1 and 5 million rows of `firms`, sound and with broken rows
    python benchmarks/check.py --rows 100000  # quick

Every measurement is a process of its own, its start included. The tables are the same in every run: values follow
from the row number. The peer checks a smaller table of the same kind with the same published schema; the ratio is per
row. Memory is the peak resident set of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROWS = (500_000, 1_000_000, 5_000_000)
PEER_ROWS = 20_000
BROKEN_EVERY = 500
CPU_TARGET_S = 15.0
MEMORY_TARGET_MB = 1024.0
PLACES = 97
BLOCK = 50_000

MANIFEST = """format = 1
[study]
title = "Benchmark"
place = "p0"
industry = "shoes"
period = [1990, 2020]
"""
HEADER = "record_id,firm_id,name,place_id,lon,lat,from,to,industry,employees,output_million_yuan\n"

TOWNSHIFT = """
from townshift.study import check_study
report = check_study({folder!r})
print(len(report.findings), sum(report.set_aside.values()))
"""
FRICTIONLESS = """
import json
from frictionless import Package, Resource, Schema
from townshift.study.schemas import schema
resources = []
for name in ("places", "firms"):
    raw = json.loads(json.dumps(schema(name).raw))
    header = open({folder!r} + "/data/" + name + ".csv").readline().strip().split(",")
    raw["fields"] = [one for column in header for one in raw["fields"] if one["name"] == column]
    raw["foreignKeys"] = [one for one in raw.get("foreignKeys", []) if one["fields"][0] in header
                          and one["reference"]["resource"] == "places"]
    resources.append(Resource(name=name, path="data/" + name + ".csv", schema=Schema.from_descriptor(raw)))
report = Package(resources=resources, basepath={folder!r}).validate(limit_errors=1_000_000)
print(sum(len(task.errors) for task in report.tasks), 0)
"""


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=list(ROWS))
    parser.add_argument(
        "--folder", type=Path, default=None, help="where the tables are written; a temporary one if none"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
        folder = Path(temporary)
        print(f"check: targets for 5,000,000 rows are {CPU_TARGET_S:g} CPU-seconds and {MEMORY_TARGET_MB:g} MB\n")
        heads = f"{'rows':>10} {'table':>8} {'file MB':>8} {'CPU s':>7} {'µs/row':>7}"
        print(f"{heads} {'peak MB':>8} {'found':>6} {'aside':>6}")
        per_row = 0.0
        for rows in options.rows:
            for broken in (False, True):
                study = write_study(folder / f"{rows}_{broken}", rows, broken)
                measured = measure(TOWNSHIFT.format(folder=str(study)))
                per_row = measured["cpu_s"] / rows
                print(row_text(rows, "broken" if broken else "sound", study, measured))
        print()
        study = write_study(folder / "peer", PEER_ROWS, broken=True)
        peer = measure(FRICTIONLESS.format(folder=str(study)))
        start = measure("import frictionless\nprint(0, 0)")
        print(row_text(PEER_ROWS, "peer", study, peer) + "   frictionless")
        peer_per_row = (peer["cpu_s"] - start["cpu_s"]) / PEER_ROWS
        print(
            f"\nper row: townshift {per_row * 1e6:.1f} µs, frictionless {peer_per_row * 1e6:.1f} µs without its start"
        )
        print(f"frictionless needs {peer_per_row / per_row:.0f} times as long a row")


def row_text(rows: int, kind: str, study: Path, measured: dict[str, float]) -> str:
    """One line of the printed table."""
    size = (study / "data" / "firms.csv").stat().st_size / 1e6
    verdict = ""
    if rows == ROWS[-1]:
        reached = measured["cpu_s"] <= CPU_TARGET_S and measured["peak_mb"] <= MEMORY_TARGET_MB
        verdict = "   reached" if reached else "   MISSED"
    return (
        f"{rows:>10,} {kind:>8} {size:>8.0f} {measured['cpu_s']:>7.2f} {measured['cpu_s'] / rows * 1e6:>7.2f} "
        f"{measured['peak_mb']:>8.0f} {measured['findings']:>6.0f} {measured['aside']:>6.0f}{verdict}"
    )


def write_study(folder: Path, rows: int, broken: bool) -> Path:
    """A study with `rows` firms; of every `BROKEN_EVERY` rows one is broken, in turn in seven ways."""
    (folder / "data").mkdir(parents=True)
    (folder / "study.toml").write_text(MANIFEST, encoding="utf-8")
    with (folder / "data" / "places.csv").open("w", encoding="utf-8") as handle:
        handle.write("place_id,name,kind\n")
        handle.writelines(f"p{number},Place {number},town\n" for number in range(PLACES))
    with (folder / "data" / "firms.csv").open("w", encoding="utf-8") as handle:
        handle.write(HEADER)
        for start in range(0, rows, BLOCK):
            handle.writelines(firm(number, broken) for number in range(start, min(start + BLOCK, rows)))
    return folder


def firm(number: int, broken: bool) -> str:
    """One firm record, as its number has it."""
    cells = [
        f"R{number:08d}",
        f"F{number * 7919 % 4_000_037:07d}",
        f"织里童装{number % 100_003}厂",
        f"p{number % PLACES}",
        f"{120 + number % 1_000 / 10_000:.4f}",
        f"{30.8 + number % 777 / 10_000:.4f}",
        f"{1990 + number % 30}-{1 + number % 12:02d}",
        "" if number % 3 else "2023",
        f"C18{number % 10}",
        str(number % 200),
        f"{number % 5_000 / 100:g}",
    ]
    if broken and number % BROKEN_EVERY == 0:
        column, value = (
            (3, "p999"),
            (5, "120.2"),
            (6, "2011-02-30"),
            (9, "many"),
            (7, "1950"),
            (10, "-3"),
            (4, "1e999"),
        )[number // BROKEN_EVERY % 7]
        cells[column] = value
    return ",".join(cells) + "\n"


def measure(program: str) -> dict[str, float]:
    """Run a program as a process of its own: CPU-seconds, peak memory, and the two numbers it prints."""
    wrapped = (
        f"{program}\nimport json, resource\nused = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss]))\n"
    )
    done = subprocess.run([sys.executable, "-c", wrapped], capture_output=True, text=True, check=True, env=os.environ)
    *_, numbers, used = done.stdout.strip().splitlines()
    findings, aside = numbers.split()
    cpu_s, peak_kb = json.loads(used)
    return {"cpu_s": cpu_s, "peak_mb": peak_kb / 1024, "findings": float(findings), "aside": float(aside)}


if __name__ == "__main__":
    main()
