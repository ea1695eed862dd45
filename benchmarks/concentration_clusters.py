"""Clusters and tracks: rows of `benchmarks/concentration.py`.

    python benchmarks/concentration_clusters.py [--job JOB --n N]

A country of 1,500 km with 600 clusters that are born, grow and die, and 30 % of the firms in none, over 30 years.
Every row is a fresh process; the library fast-hdbscan, which finds clusters of one year, stands beside that row.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from concentration_rows import Row, measured

SIDE_M = 1_500_000.0
YEARS = range(1991, 2021)
JUDGED_SEED = 1000


def country(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, entry and exit years of `n` firms."""
    rng = np.random.default_rng(JUDGED_SEED)
    clusters = 600
    centre = rng.uniform(0.05 * SIDE_M, 0.95 * SIDE_M, (clusters, 2))
    spread = rng.lognormal(np.log(4_000), 0.6, clusters)
    born = rng.integers(1990, 2015, clusters)
    size = rng.lognormal(0, 1, clusters)
    of = rng.choice(clusters, n, p=size / size.sum())
    alone = rng.random(n) < 0.3
    points = centre[of] + rng.normal(0, 1, (n, 2)) * spread[of, None]
    points[alone] = rng.uniform(0, SIDE_M, (int(alone.sum()), 2))
    entry = np.where(alone, rng.integers(1985, 2021, n), born[of] + rng.geometric(0.12, n))
    points = np.array([100_000, 1_000_000]) + np.clip(points, 0, SIDE_M)
    return points, entry, entry + rng.geometric(0.07, n).astype(np.float64)


def yearly(n: int) -> str:
    from townshift.process.clusters.clusters_by_year import Lifetimes, clusters_by_year
    from townshift.process.clusters.parameters import ClustersParameters
    from townshift.process.evolution.tracks import cluster_tracks

    points, entry, leaving = country(n)
    firms = Lifetimes(points[:, 0], points[:, 1], entry, leaving)
    started = time.process_time()
    found = clusters_by_year(firms, YEARS, ClustersParameters(resamples=10), seed=JUDGED_SEED)
    clusters = time.process_time()
    followed = cluster_tracks(found.memberships, found.table, cells=found.cells)
    tracks = 0 if followed.tracks is None else followed.tracks["track"].nunique()
    return (
        f"clusters {clusters - started:.0f} s, tracks {time.process_time() - clusters:.0f} s: {len(found.table)} "
        f"clusters in {len(YEARS)} years, {tracks} tracks, {len(found.memberships):,} firm-years"
    )


def one_year(n: int) -> str:
    from townshift.process.clusters.find_clusters import find_clusters
    from townshift.process.clusters.parameters import ClustersParameters

    points, _, _ = country(n)
    found = find_clusters(points[:, 0], points[:, 1], ClustersParameters(resamples=0), seed=JUDGED_SEED)
    return f"{len(found.table)} clusters of 600, {np.mean(found.labels < 0):.0%} in none"


def one_year_peer(n: int) -> str:
    from fast_hdbscan import HDBSCAN

    points, _, _ = country(n)
    labels = HDBSCAN(min_cluster_size=50).fit_predict(points)
    return f"{labels.max() + 1} clusters of 600, {np.mean(labels < 0):.0%} in none"


JOBS = {"yearly": yearly, "one_year": one_year, "one_year_peer": one_year_peer}


def _run(job: str, n: int) -> tuple[float, float, str]:
    seconds, megabytes, printed = measured(str(Path(__file__).resolve()), "--job", job, "--n", str(n))
    return seconds, megabytes, printed.strip()


def rows() -> list[Row]:
    """The rows of this part of the table, growth with the number of firms among them."""
    out = []
    for n in (250_000, 1_000_000):
        seconds, megabytes, note = _run("yearly", n)
        bounds = (300.0, 4096.0) if n == 1_000_000 else (None, None)
        out.append(Row("clusters and tracks, 30 years", n, seconds, megabytes, *bounds, note=note))
    for n in (250_000, 1_000_000):
        seconds, megabytes, note = _run("one_year", n)
        peer_seconds, peer_megabytes, peer_note = _run("one_year_peer", n)
        out.append(
            Row(
                "clusters of one year, level sets",
                n,
                seconds,
                megabytes,
                peer="fast-hdbscan",
                peer_seconds=peer_seconds,
                peer_mb=peer_megabytes,
                note=f"{note}; {peer_note}",
            )
        )
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--job", choices=JOBS)
    parser.add_argument("--n", type=int, default=1_000_000)
    arguments = parser.parse_args()
    if arguments.job:
        print(JOBS[arguments.job](arguments.n))
        return
    for row in rows():
        print(row)


if __name__ == "__main__":
    main()
