"""Field evidence: what reading, writing and agreement cost; CPU-seconds, peak memory, growth with size.

    python benchmarks/field.py [module ...]

Every row runs in a fresh process on one thread. A module named `field_*` gives its rows through `rows()`.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections import defaultdict

from field_row import HERE, measure


def modules() -> list[str]:
    """Every `field_*.py` beside this file that gives rows."""
    return [path.stem for path in sorted(HERE.glob("field_*.py")) if "\ndef rows()" in path.read_text("utf-8")]


def main() -> None:
    grown: dict[str, list[tuple[int, float]]] = defaultdict(list)
    missed = 0
    print(f"{'':58}{'CPU-s':>8}{'process':>9}{'peak MB':>9}  bound")
    for name in sys.argv[1:] or modules():
        for row in importlib.import_module(name).rows():
            cost = measure(row)
            bound = ""
            if not math.isinf(row.cpu_s) or not math.isinf(row.peak_mb):
                met = cost.cpu_s <= row.cpu_s and cost.peak_mb <= row.peak_mb
                missed += not met
                bound = f"<= {row.cpu_s:g} s, <= {row.peak_mb:,.0f} MB: {'met' if met else 'NOT MET'}"
            print(
                f"{row.what:58}{cost.cpu_s:8.2f}{cost.process_s:9.2f}{cost.peak_mb:9,.0f}  {bound}  {cost.said}",
                flush=True,
            )
            if row.group:
                grown[f"{name}: {row.group}"].append((row.size, cost.cpu_s))
    for name, points in grown.items():
        (first, before), (last, after) = points[0], points[-1]
        if last > first and before > 0:
            power = math.log(after / before) / math.log(last / first)
            print(f"{name} grows with N^{power:.2f} from {first:,} to {last:,}")
    print(f"bounds not met: {missed}")


if __name__ == "__main__":
    main()
