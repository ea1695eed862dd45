"""K-density, areas and clusters: what each costs, beside peers, in one run; CPU-seconds and memory of fresh processes.

    python benchmarks/concentration.py [--only k_density] [--quick]

There is no peer for K-density among Python packages. The reference is `KdEnvelope` of the R package dbmss; its figures
for 20,000 points and 1,000 relabellings (about 28,600 CPU-seconds, 6.5 GB) were measured on the same machine when
the project was planned, and are stored here, as R is not part of this run. Its memory says that all pairs of 20,000
points were held. Both readings are timed: an industry of N / 10 and of N / 2 of 20,000 sites, and one of all N sites
whose weights are dealt anew. As a peer in the same run stands the direct formula in numpy, at sizes it can hold.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

from concentration_rows import Row, measured

HERE = str(Path(__file__).resolve())
DBMSS = ("dbmss (R), stored", 28_600.0, 6_500.0)
DISTANCES = 512  # as many as dbmss takes by default


def industry(sites: int, cases: int):
    """Sites of a made-up plane of 100 km, and which of them are the industry's."""
    import numpy as np

    draw = np.random.default_rng(1_000)
    x, y = draw.uniform(400_000, 500_000, sites), draw.uniform(3_000_000, 3_100_000, sites)
    case = np.zeros(sites, dtype=bool)
    case[draw.choice(sites, cases, replace=False)] = True
    return x, y, draw.lognormal(2, 1, sites), case


def project(sites: int, cases: int, computation: str, relabellings: int, weighted: bool) -> None:
    """One K-density with its bands; prints how it was computed and how far from exact it may be."""
    from townshift.process.concentration.k_density import k_density
    from townshift.process.concentration.k_parameters import KDensityParameters
    from townshift.process.concentration.points import checked_points

    x, y, weight, case = industry(sites, cases)
    given = KDensityParameters(
        computation=computation, relabellings=relabellings, distances=DISTANCES, weighted=weighted
    )
    found = k_density(checked_points(x, y, weight, case), given, seed=1_000)
    print(json.dumps({
        "how": found.computation, "deviation": found.deviation,
        "bound": float(found.error_bound.max() / found.density.max()),
    }))  # fmt: skip


def relabellings_only(sites: int, cases: int, way: str, count: int) -> None:
    """CPU-seconds of one relabelled curve, over pairs or by Fourier transform, without start and setting up."""
    import numpy as np

    from townshift.process.concentration.bandwidth import pair_distances, silverman_bandwidth
    from townshift.process.concentration.k_choice import ByFourier, OverPairs
    from townshift.process.concentration.k_exact import PairSum, spatial_order
    from townshift.process.concentration.k_grid import EXACT, fourier_sum
    from townshift.process.concentration.relabelling import drawn_sites

    x, y, weight, case = industry(sites, cases)
    order = spatial_order(x, y)
    x, y = x[order], y[order]
    rows = np.flatnonzero(case[order]) if cases < sites else np.arange(sites)
    apart = pair_distances(x[rows], y[rows])
    curve = PairSum(DISTANCES, apart.quartiles_m[1] / (DISTANCES - 1), silverman_bandwidth(apart))
    if way == "pairs":
        method = OverPairs(curve, x, y)
    else:
        fourier = fourier_sum(x, y, curve, EXACT)
        method = ByFourier(fourier, fourier.windows(x, y))
    draw = np.random.default_rng(1_000)
    method(rows[:100], weight[:100])
    started = time.process_time()
    for _ in range(count):
        method(drawn_sites(draw, sites, cases), draw.permutation(weight[:cases]))
    print((time.process_time() - started) / count)


def direct(cases: int) -> None:
    """The direct formula in numpy, O(pairs x distances), one distance at a time; CPU-seconds without start."""
    import numpy as np

    x, y, _, _ = industry(cases, cases)
    started = time.process_time()
    first, second = np.triu_indices(cases, 1)
    d = np.hypot(x[first] - x[second], y[first] - y[second])
    bandwidth = 0.9 * d.std() * len(d) ** -0.2
    r = np.linspace(0, np.median(d), DISTANCES)
    for at in r:
        np.exp(-0.5 * ((at - d) / bandwidth) ** 2).sum() + np.exp(-0.5 * ((at + d) / bandwidth) ** 2).sum()
    print(time.process_time() - started)


def limit() -> None:
    """The bare loops: distances of pairs per second, and bytes per second of a copy larger than the cache."""
    import numba
    import numpy as np

    @numba.njit
    def bare(x, y, row):
        for i in range(len(x)):
            for j in range(i + 1, len(x)):
                dx, dy = x[j] - x[i], y[j] - y[i]
                row[j] = np.sqrt(dx * dx + dy * dy)

    x, y, _, _ = industry(20_000, 1_000)
    bare(x[:10], y[:10], np.empty(10))
    started = time.process_time()
    bare(x, y, np.empty(len(x)))
    pairs = len(x) * (len(x) - 1) / 2 / (time.process_time() - started)
    large = np.ones(100_000_000)
    target = np.empty_like(large)
    started = time.process_time()
    np.copyto(target, large)
    print(json.dumps({"pairs": pairs, "bytes": 16 * len(large) / (time.process_time() - started)}))


def k_density_rows(quick: bool) -> list[Row]:
    """The rows of K-density."""
    jobs: list[tuple[int, int, str, bool, float | None, float | None]] = [
        (20_000, 2_000, "exact", False, 170, 1_000),
        (20_000, 10_000, "exact", False, 170, 1_000),
        (40_000, 20_000, "exact", True, 170, 1_000),
        (20_000, 2_000, "grid", False, 20, None),
        (20_000, 10_000, "grid", False, 20, None),
    ]
    if not quick:
        jobs += [(1_000_000, 100_000, "grid", False, 60, None), (1_000_000, 500_000, "grid", False, 60, None)]
    rows = []
    for sites, cases, computation, weighted, seconds, memory in jobs:
        cpu, peak, printed = measured(
            HERE, "--project", str(sites), str(cases), computation, "1000", str(int(weighted))
        )
        told = json.loads(printed)
        note = told["how"]
        if computation == "grid":
            note += f"; off by {told['deviation']:.1e} of the maximum, bound {told['bound']:.1e}"
        peer, peer_cpu, peer_mb = DBMSS if sites < 100_000 else ("", None, None)
        job = f"K-density, {cases:,} cases, 1,000 relabellings, {computation}{', weighted' if weighted else ''}"
        rows.append(Row(job, sites, cpu, peak, seconds, memory, peer, peer_cpu, peer_mb, note))
    for cases in (2_000, 4_000):
        cpu, peak, printed = measured(HERE, "--direct", str(cases))
        own = {way: float(measured(HERE, "--one", str(cases), str(cases), way, "5")[2]) for way in ("pairs", "Fourier")}
        for way, seconds in own.items():
            rows.append(Row(f"one exact curve by {way}, {DISTANCES} distances", cases, seconds, 0.0, None, None,
                            "numpy, direct formula", float(printed), peak, "without start"))  # fmt: skip
    for cases in (5_000, 10_000, 20_000):
        for way in ("pairs", "Fourier"):
            seconds = float(measured(HERE, "--one", str(cases), str(cases), way, "5")[2])
            each = f"{cases * (cases - 1) / 2 / seconds:.2e} pairs a second"
            rows.append(Row(f"one exact curve by {way}, {DISTANCES} distances", cases, seconds, 0.0, note=each))
    told = json.loads(measured(HERE, "--limit")[2])
    rows.append(Row("limit: distances of pairs alone, a second", 20_000, 2e8 / told["pairs"], 0.0,
                    note=f"{told['pairs']:.2e} pairs, {told['bytes']:.2e} bytes a second"))  # fmt: skip
    return rows


def shown(row: Row) -> str:
    """A row of the printed table."""

    def number(value: float | None, form: str) -> str:
        return "" if value is None or not value else format(value, form)

    ratio = row.peer_seconds / row.cpu_seconds if row.peer_seconds else None
    return (
        f"{row.job:<62} {row.n:>9,} {row.cpu_seconds:>9.3f} {number(row.bound_seconds, '.0f'):>6}"
        f" {number(row.peak_mb, '.0f'):>6} {number(row.peer_seconds, '.2f'):>10} {number(ratio, '.0f'):>6}"
        f"  {row.peer}{'; ' if row.peer and row.note else ''}{row.note}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["k_density", "areas", "clusters"])
    parser.add_argument("--quick", action="store_true", help="leave out a million points")
    parser.add_argument("--project", nargs=5)
    parser.add_argument("--one", nargs=4)
    parser.add_argument("--direct", type=int)
    parser.add_argument("--limit", action="store_true")
    given = parser.parse_args()
    if given.project:
        sites, cases, computation, relabellings, weighted = given.project
        project(int(sites), int(cases), computation, int(relabellings), bool(int(weighted)))
    elif given.one:
        relabellings_only(int(given.one[0]), int(given.one[1]), given.one[2], int(given.one[3]))
    elif given.direct:
        direct(given.direct)
    elif given.limit:
        limit()
    else:
        print(f"{'job':<62} {'n':>9} {'CPU-s':>9} {'bound':>6} {'MB':>6} {'peer CPU-s':>10} {'ratio':>6}  peer; note")
        for name in ("k_density", "areas", "clusters"):
            if given.only in (None, name):
                found = k_density_rows(given.quick) if name == "k_density" else _rows_of(name)
                print("\n".join(shown(row) for row in found), flush=True)


def _rows_of(name: str) -> list[Row]:
    rows: list[Row] = importlib.import_module(f"concentration_{name}").rows()
    return rows


if __name__ == "__main__":
    sys.path.insert(0, str(Path(HERE).parent))
    main()
