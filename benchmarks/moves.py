"""Moves on synthetic registries: the project beside Splink, in one run; CPU-seconds and peak memory of whole processes.

    python benchmarks/moves.py [--records 1000000] [--growth 100000 300000 1000000 3000000] [--seed 1000]

Prints, for the plain and the hard registry, both precision-recall curves, F1 and calibration error; the precision of
both at equal recall; the growth of cost with size and its exponent; and the floor, that is blocking joins and
comparisons alone. The registries are judged once: seeds below 100 are those the matcher was made on. Cleaning is no
part of either side: both read the same `establishments`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
GROWTH_BOUND = 1.2


def measure(*command: str) -> tuple[float, float]:
    """CPU-seconds and peak memory in MB of one Python process.

    This process itself stays small: a child's peak is at least what its parent held when it was started.
    """
    process = subprocess.Popen([sys.executable, *command], stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed:\n{process.stderr.read().decode()}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def make(folder: Path, records: int, seed: int, difficulty: str) -> None:
    """Write a synthetic registry and its `establishments`, in record order."""
    import duckdb
    import pandas as pd
    import pyarrow.parquet as pq

    from townshift.examples.registry import synthetic_registry
    from townshift.examples.registry_world import gazetteer
    from townshift.process.registry.establishments import SCHEMA, clean_batches, cleaning_rules
    from townshift.process.registry.parameters import EstablishmentsParameters

    synthetic_registry(folder, records, seed, difficulty=difficulty)
    names = ("place_id", "name", "name_zh", "kind", "parent_id", "adcode", "lon", "lat")
    places = pd.DataFrame([{name: getattr(place, name) for name in names} for place in gazetteer("cn").values()])
    places.to_parquet(folder / "places.parquet")
    rules = cleaning_rules(places, b"0" * 32, EstablishmentsParameters())
    unordered = folder / "unordered.parquet"
    with pq.ParquetWriter(unordered, SCHEMA) as writer:
        for batch in clean_batches(pq.ParquetFile(folder / "data" / "firms.parquet").iter_batches(65_536), rules):
            writer.write_batch(batch)
    target = folder / "establishments.parquet"
    duckdb.sql(f"COPY (FROM read_parquet('{unordered}') ORDER BY record_id) TO '{target}'")


def project(folder: Path, floor: bool) -> None:
    """The project's moves; with `floor`, only records, blocking and comparisons."""
    import pandas as pd

    from townshift.engine.tables import DuckDBEngine
    from townshift.process.moves.blocking import candidate_pairs
    from townshift.process.moves.comparisons import compared_pairs
    from townshift.process.moves.find_moves import LOWEST_WEIGHT, counted_records, find_moves
    from townshift.process.moves.model import MoveModel
    from townshift.process.moves.parameters import MovesParameters, TableMethods
    from townshift.process.moves.records import linkage_records

    engine = DuckDBEngine(folder / "engine", workers=1)
    methods = TableMethods(engine.frame, engine.map_batches)
    table = engine.table(folder / "establishments.parquet")
    places = pd.read_parquet(folder / "places.parquet")
    if floor:
        model = MoveModel.from_json((folder / "model.json").read_text())
        records = counted_records(linkage_records(table, methods, places), methods)
        pairs = candidate_pairs(records, MovesParameters(), methods).pairs
        compared_pairs(pairs, records, model, LOWEST_WEIGHT, methods)
    else:
        found = find_moves(table, MovesParameters(), methods, places)
        found.moves.to_parquet(folder / "project.parquet")
        (folder / "model.json").write_text(found.model.to_json())
    engine.close()


def curves(folder: Path) -> None:
    """Print both curves and the precision at equal recall."""
    import pandas as pd

    from townshift.process.moves.evaluation import evaluate_moves
    from townshift.process.moves.parameters import KINDS

    truth = pd.read_parquet(folder / "truth" / "moves.parquet")
    records = pd.read_parquet(folder / "truth" / "records.parquet")
    found = pd.read_parquet(folder / "project.parquet")
    peer = pd.read_parquet(folder / "peer.parquet")
    peer = peer.assign(**{f"p_{kind}": 0.0 for kind in KINDS}, p_look_alike=1 - peer["probability"], kind=KINDS[0])
    ours, theirs = (evaluate_moves(moves, truth, records) for moves in (found, peer))
    print(
        f"  {'threshold':>9} | {'precision':>9} {'recall':>7} {'F1':>6}"
        f" | {'precision':>9} {'recall':>7} {'F1':>6} (peer)"
    )
    for one, other in zip(ours.curve.itertuples(), theirs.curve.itertuples(), strict=True):
        print(
            f"  {one.threshold:9.2f} | {one.precision:9.3f} {one.recall:7.3f} {one.f1:6.3f}"
            f" | {other.precision:9.3f} {other.recall:7.3f} {other.f1:6.3f}"
        )
    print(f"  F1 at 0.5 {ours.at(0.5)[2]:.3f} (peer {theirs.at(0.5)[2]:.3f})")
    print(f"  best F1 of the curve {ours.curve['f1'].max():.3f} (peer {theirs.curve['f1'].max():.3f})")
    print(f"  expected calibration error {ours.ece:.3f} (peer {theirs.ece:.3f})")
    print(f"  right kind, of pairs rightly found: {ours.kind_accuracy:.3f}")
    print(ours.by_kind.round(3).to_string(index=False))
    print(ours.calibration.round(3).to_string(index=False))
    worst = equal_recall(ranked(found, truth, records), ranked(peer, truth, records))
    print(f"  precision at equal recall, project less peer: {worst}")


def ranked(moves, truth, records) -> tuple[np.ndarray, np.ndarray]:
    """Recall and precision after each pair, the most probable first."""
    from townshift.process.moves.evaluation import _keyed

    true = set(_keyed(truth, records)["pair"])
    found = _keyed(moves, records).sort_values(["p_look_alike", "pair"]).drop_duplicates("pair")
    right = found["pair"].isin(true).to_numpy()
    return np.cumsum(right) / len(true), np.cumsum(right) / np.arange(1, len(right) + 1)


def equal_recall(ours: tuple[np.ndarray, np.ndarray], theirs: tuple[np.ndarray, np.ndarray]) -> str:
    """The difference at recalls 0.05, 0.10, ... that both reach, and the highest recall of each."""
    parts = []
    for recall in np.arange(0.05, 1.0, 0.05):
        at = [np.searchsorted(side[0], recall) for side in (ours, theirs)]
        if at[0] < len(ours[0]) and at[1] < len(theirs[0]):
            parts.append(f"{recall:.2f}: {ours[1][at[0]] - theirs[1][at[1]]:+.3f}")
    return f"{', '.join(parts)}; highest recall {ours[0][-1]:.3f} (peer {theirs[0][-1]:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--growth", type=int, nargs="*", default=[100_000, 300_000, 1_000_000, 3_000_000])
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--difficulty", nargs="*", default=["plain", "hard"])
    parser.add_argument("--make", nargs=4)
    parser.add_argument("--curves", type=Path)
    parser.add_argument("--project", type=Path)
    parser.add_argument("--floor", type=Path)
    given = parser.parse_args()
    if given.make:
        make(Path(given.make[0]), int(given.make[1]), int(given.make[2]), given.make[3])
        return
    if given.curves:
        curves(given.curves)
        return
    if given.project or given.floor:
        project(given.project or given.floor, given.floor is not None)
        return
    with tempfile.TemporaryDirectory() as top:
        for number, difficulty in enumerate(given.difficulty):
            folder = Path(top) / difficulty
            measure(__file__, "--make", str(folder), str(given.records), str(given.seed + number), difficulty)
            print(f"{difficulty} registry, {given.records} records, seed {given.seed + number}", flush=True)
            spent = {"project": measure(__file__, "--project", str(folder))}
            spent["floor"] = measure(__file__, "--floor", str(folder))
            peer = [str(HERE / "moves_peer.py"), str(folder / "establishments.parquet"), str(folder / "peer.parquet")]
            spent["peer"] = measure(*peer)
            for name, (cpu, memory) in spent.items():
                print(f"  {name:8} {cpu:8.1f} CPU-s {memory:8.0f} MB")
            print(f"  project / floor: {spent['project'][0] / spent['floor'][0]:.2f} of its CPU", flush=True)
            measure(__file__, "--curves", str(folder))
            shutil.rmtree(folder)
        growth(Path(top), given.growth, given.seed + 10)


def growth(top: Path, sizes: list[int], seed: int) -> None:
    """Print the cost of the project at several sizes and the exponent of its growth."""
    costs = []
    for size in sizes:
        folder = top / f"n{size}"
        measure(__file__, "--make", str(folder), str(size), str(seed), "hard")
        cpu, memory = measure(__file__, "--project", str(folder))
        costs.append(cpu)
        print(f"growth: {size:9d} records {cpu:8.1f} CPU-s {memory:8.0f} MB", flush=True)
        shutil.rmtree(folder)
    if len(sizes) > 1:
        steps = np.diff(np.log(costs)) / np.diff(np.log(sizes))
        slope = np.polyfit(np.log(sizes), np.log(costs), 1)[0]
        print(
            f"growth: cost ~ N^{slope:.2f} (bound {GROWTH_BOUND}); step by step {', '.join(f'{s:.2f}' for s in steps)}"
        )


if __name__ == "__main__":
    main()
