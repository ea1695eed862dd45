"""Measures of areas beside PySAL: Theil's permutation test (inequality), local Moran (esda); growth with the areas.

    python benchmarks/concentration_areas.py            the table
    python benchmarks/concentration_areas.py JOB N      one job in this process; prints the CPU-seconds of its measure

Every figure is of a fresh process: start, imports, weights and, for esda, compilation included. None of the project's
measures of areas is compiled, so a cold and a warm start cost the same.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from concentration_rows import Row, measured

PERMUTATIONS = 999
GROUPS = 32
NEIGHBOURS = 8
SEED = 1_001


def _areas(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(SEED)
    x_m, y_m = generator.uniform(0, 1_000_000, size=(2, n))
    return x_m, y_m, generator.lognormal(0, 1, size=n), generator.integers(0, GROUPS, size=n)


def _theil(n: int) -> tuple[float, str]:
    from townshift.process.concentration.inequality import theil

    _, _, values, groups = _areas(n)
    start = time.process_time()
    result = theil(values, groups, PERMUTATIONS)
    return time.process_time() - start, f"T {result.total[0]:.6f}, between {result.between[0]:.6f}, p {result.p[0]:.3f}"


def _theil_peer(n: int) -> tuple[float, str]:
    from inequality.theil import TheilDSim

    _, _, values, groups = _areas(n)
    np.random.seed(SEED)  # noqa: NPY002 - the peer draws from the global stream
    start = time.process_time()
    result = TheilDSim(values, groups, PERMUTATIONS)
    between, p = float(np.ravel(result.bg[0])[0]), float(np.ravel(result.bg_pvalue)[0])
    return time.process_time() - start, f"T {float(np.ravel(result.T)[0]):.6f}, between {between:.6f}, p {p:.3f}"


def _local_moran(n: int, unequal: bool = False) -> tuple[float, str]:
    from townshift.process.concentration.moran import local_moran
    from townshift.process.concentration.neighbours_of_areas import nearest

    x_m, y_m, values, _ = _areas(n)
    weights = nearest(x_m, y_m, NEIGHBOURS)
    if unequal:
        weights.data = np.random.default_rng(SEED).uniform(0.5, 1, size=weights.nnz)
    start = time.process_time()
    result = local_moran(values, weights, PERMUTATIONS)
    return (
        time.process_time() - start,
        f"sum of I {result.values.sum():.6f}, p below .05 {np.mean(result.p <= 0.05):.4f}",
    )


def _local_moran_unequal(n: int) -> tuple[float, str]:
    return _local_moran(n, unequal=True)


def _local_moran_peer(n: int) -> tuple[float, str]:
    import esda
    import libpysal

    x_m, y_m, values, _ = _areas(n)
    weights = libpysal.weights.KNN(np.column_stack([x_m, y_m]), k=NEIGHBOURS)
    weights.transform = "r"
    start = time.process_time()
    result = esda.Moran_Local(values, weights, permutations=PERMUTATIONS, n_jobs=1, seed=SEED)
    cold = time.process_time() - start
    start = time.process_time()
    esda.Moran_Local(values, weights, permutations=PERMUTATIONS, n_jobs=1, seed=SEED)
    warm = time.process_time() - start
    share = np.mean(np.minimum(1, 2 * result.p_sim) <= 0.05)
    return cold, f"sum of I {result.Is.sum():.6f}, p below .05 {share:.4f}; warm {warm:.1f} CPU-s"


def _global_moran(n: int) -> tuple[float, str]:
    from townshift.process.concentration.moran import moran
    from townshift.process.concentration.neighbours_of_areas import nearest

    x_m, y_m, values, _ = _areas(n)
    weights = nearest(x_m, y_m, NEIGHBOURS)
    start = time.process_time()
    result = moran(values, weights, PERMUTATIONS)
    return time.process_time() - start, f"I {result.value:.6f}, p {result.p:.3f}"


def _spatial_gini(n: int) -> tuple[float, str]:
    from townshift.process.concentration.inequality_gini import spatial_gini
    from townshift.process.concentration.neighbours_of_areas import nearest

    x_m, y_m, values, _ = _areas(n)
    weights = nearest(x_m, y_m, NEIGHBOURS)
    start = time.process_time()
    result = spatial_gini(values, weights, PERMUTATIONS)
    return time.process_time() - start, f"G {result.gini:.6f}, p {result.p:.3f}"


JOBS = {
    "theil": _theil,
    "theil_peer": _theil_peer,
    "local_moran": _local_moran,
    "local_moran_unequal": _local_moran_unequal,
    "local_moran_peer": _local_moran_peer,
    "moran": _global_moran,
    "spatial_gini": _spatial_gini,
}


def _run(job: str, n: int) -> tuple[float, float, str]:
    return measured(str(Path(__file__).resolve()), job, str(n))


def _row(job: str, n: int, title: str, bound: float | None = None, peer: str = "", peer_job: str = "") -> Row:
    seconds, megabytes, said = _run(job, n)
    if not peer_job:
        return Row(title, n, seconds, megabytes, bound, note=said.strip())
    peer_seconds, peer_megabytes, peer_said = _run(peer_job, n)
    note = f"{said.strip()}; {peer}: {peer_said.strip()}"
    return Row(title, n, seconds, megabytes, bound, None, peer, peer_seconds, peer_megabytes, note)


def rows() -> list[Row]:
    """The rows of this part of the table; the notes give the CPU-seconds of the measure alone and its result."""
    theil, local = "Theil between groups, 999 permutations", "local Moran, 8 neighbours, 999 permutations"
    return [
        _row("theil", 12_500, theil),
        _row("theil", 50_000, theil, 1.0, "inequality", "theil_peer"),
        _row("theil", 200_000, theil),
        _row("local_moran", 12_500, local),
        _row("local_moran", 50_000, local, 6.0, "esda", "local_moran_peer"),
        _row("local_moran", 200_000, local),
        _row("local_moran_unequal", 50_000, f"{local}, unequal weights", 6.0),
        _row("moran", 50_000, "Moran's I, 8 neighbours, 999 permutations"),
        _row("spatial_gini", 50_000, "spatial Gini, 8 neighbours, 999 permutations"),
    ]


def main() -> None:
    """Print the table, or run one job."""
    if len(sys.argv) == 3:
        seconds, said = JOBS[sys.argv[1]](int(sys.argv[2]))
        print(f"measure alone {seconds:.2f} CPU-s, {said}")
        return
    for row in rows():
        peer = f"{row.peer} {row.peer_seconds:.1f} s {row.peer_mb:.0f} MB" if row.peer_seconds else ""
        print(
            f"{row.job:60} {row.n:>8,} {row.cpu_seconds:6.2f} s {row.peak_mb:5.0f} MB  {peer}  [{row.note}]", flush=True
        )


if __name__ == "__main__":
    main()
