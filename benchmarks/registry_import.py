"""What it costs to import a registry: CSV files by year and province → `data/firms.parquet`, sorted by id.

    python benchmarks/registry_import.py                     # 2 million rows, UTF-8 and GB18030
    python benchmarks/registry_import.py --rows 10000000
    python benchmarks/registry_import.py --one-file          # the same rows in one file

The rows are those of the synthetic registry, with the values written as registers write them. CPU-seconds and the peak
of memory are those of a fresh process that does nothing but the import, its start included.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

COLUMNS = {
    "name": "企业名称", "registered_number": "统一社会信用代码", "from": "注册日期", "to": "注销日期",
    "legal_form": "企业类型", "legal_representative": "法人代表", "capital_million_yuan": "注册资金",
    "scope": "经营范围", "province": "所在省份", "city": "所在城市", "county": "所在区县", "address": "注册地址",
    "phone": "联系电话", "shareholders": "股东", "industry": "行业代码", "status": "登记状态",
}  # fmt: skip
ENCODINGS = ("utf-8", "gb18030")
STUDY = Path(__file__).parents[1] / "studies" / "minimal"


def as_registers_write(table: pa.Table) -> pa.Table:
    """The columns of an extract; capital with its unit, gaps as registers fill them."""
    capital = pc.multiply(table["capital_million_yuan"], 100.0)
    shown = pc.binary_join_element_wise(pc.cast(capital, pa.string()), "万元人民币", "")
    table = table.set_column(table.schema.get_field_index("capital_million_yuan"), "capital_million_yuan", shown)
    columns = [pc.fill_null(table[name].cast(pa.string()), "N/A") for name in COLUMNS]
    return pa.table(columns, names=list(COLUMNS.values()))


def write_files(source: Path, folder: Path, encoding: str, one_file: bool) -> None:
    """The registry as CSV files, one a year and province."""
    table = pq.read_table(source, columns=list(COLUMNS))
    years = pc.fill_null(pc.utf8_slice_codeunits(table["from"], 0, 4), "N")
    places = pc.fill_null(table["province"], "N")
    groups = pc.binary_join_element_wise(years, places, "_").combine_chunks().dictionary_encode()
    codes = groups.indices.to_numpy() if not one_file else np.zeros(len(table), np.int64)
    order = np.argsort(codes, kind="stable")
    table = as_registers_write(table).take(pa.array(order))
    starts = np.searchsorted(codes[order], np.arange(codes.max() + 2))
    for number in range(codes.max() + 1):
        part = table.slice(starts[number], starts[number + 1] - starts[number])
        year = str(groups.dictionary[number])[:4] if not one_file else "all"
        path = folder / year / f"{number:04d}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        sink = pa.BufferOutputStream()
        pyarrow.csv.write_csv(part, sink, pyarrow.csv.WriteOptions(quoting_style="needed"))
        data = sink.getvalue().to_pybytes()
        data = data if encoding == "utf-8" else data.decode().encode(encoding)
        path.write_bytes(data)


def imported(files: str, study: str) -> None:
    """Import in this process and print its cost."""
    from townshift.api import import_registry

    report = import_registry([files], study, "cn")
    assert report.accounted == report.rows_read
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime
    print(json.dumps({"rows": report.rows_read, "kept": report.kept, "cpu": cpu, "mb": used.ru_maxrss / 1024}))


def made(rows: int, folder: Path, one_file: bool) -> None:
    """Make the files in this process, so that its memory is not counted with the import's."""
    from townshift.examples.registry import synthetic_registry

    registry = synthetic_registry(folder / "made", rows, 1)
    for encoding in ENCODINGS:
        write_files(registry.firms, folder / encoding, encoding, one_file)


def again(*arguments: object) -> str:
    """This file in a fresh process; what it prints."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Make the files and import them, each encoding in a fresh process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--one-file", action="store_true")
    parser.add_argument("--made", metavar="FOLDER")
    parser.add_argument("--imported", nargs=2)
    chosen = parser.parse_args()
    if chosen.imported:
        return imported(*chosen.imported)
    if chosen.made:
        return made(chosen.rows, Path(chosen.made), chosen.one_file)
    folder = Path(tempfile.mkdtemp())
    try:
        again("--made", folder, "--rows", chosen.rows, *(["--one-file"] if chosen.one_file else []))
        for encoding in ENCODINGS:
            study = folder / f"study_{encoding}"
            (study / "data").mkdir(parents=True)
            shutil.copy(STUDY / "study.toml", study)
            start = time.perf_counter()
            cost = json.loads(again("--imported", folder / encoding, study))
            seconds = time.perf_counter() - start
            files = [path.stat().st_size for path in (folder / encoding).rglob("*.csv")]
            print(
                f"{encoding:8} rows {cost['rows']:>11,}  files {len(files):>5}  {sum(files) / 1e6:8.0f} MB"
                f"  CPU {cost['cpu']:7.2f} s  {cost['cpu'] / cost['rows'] * 1e6:5.2f} µs/row"
                f"  wall {seconds:6.1f} s  peak {cost['mb']:6.0f} MB",
                flush=True,
            )
            shutil.rmtree(folder / encoding)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
