"""The synthetic registry: what it costs to make, and whether its truth can be found at all.

    python benchmarks/registry_synthetic.py                      # CPU-seconds and memory at 0.1, 1 and 10 million rows
    python benchmarks/registry_synthetic.py --oracle [--rows N]  # traces by kind, and an upper bound of F1

The oracle knows the rates by which the registry was made, the probability of every name, and which fields are spoiled.
It is no matcher: it reads the codes behind the texts. Its best F1 says what is left to find at a difficulty.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from townshift.examples.registry import latent_blocks, load_words, synthetic_registry
from townshift.examples.registry_firms import OWN_PHONES, POPULAR_POWER
from townshift.examples.registry_moves import END, KINDS, MONTH
from townshift.examples.registry_world import build_world

SIZES = (100_000, 1_000_000, 10_000_000)


def made(rows: int, country: str) -> None:
    """Make one registry in this process and print its cost."""
    folder = Path(tempfile.mkdtemp())
    start = time.process_time()
    found = synthetic_registry(folder, rows, 1, country=country)
    cpu = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = found.firms.stat().st_size / 1e6
    print(
        f"{country} rows {rows:>11,}  CPU {cpu:8.2f} s  peak {peak:7.0f} MB  firms.parquet {size:8.1f} MB", flush=True
    )
    shutil.rmtree(folder)


def costs(country: str) -> None:
    """Each size in a fresh process, so that peaks are its own."""
    for rows in SIZES:
        subprocess.run([sys.executable, __file__, "--made", str(rows), "--country", country], check=True)


def latent(rows: int, seed: int, country: str, difficulty: str) -> tuple[pd.DataFrame, object, object]:
    """All records but twins as codes, with where each stems from."""
    world = build_world(country, seed)
    words = load_words(world)
    parts, offset = [], 0
    for block in latent_blocks(world, words, rows, seed, difficulty):
        records, seen = block.records, block.seen
        keep = records.twin < 0
        place = np.where(keep, np.cumsum(keep) - 1, 0) + offset
        part = pd.DataFrame(
            {
                "site": records.site, "entry": records.entry, "exit": records.exit, "industry": records.industry,
                "form": records.form, "works_for": records.works_for, "kind": records.kind,
                "trade": np.where(seen["word"] & ~records.own_name, records.word * 1024 + records.third + 1, 0),
                "word_only": np.where(seen["word"] & ~records.own_name, records.word + 1, 0),
                "person": np.where(seen["person"] | records.own_name, records.person, 0),
                "phone": np.where(seen["phone"], records.phone, 0),
                "parent": np.where(
                    (records.parent >= 0) & (seen["holders"] | records.branch_name), place[records.parent], -1
                ),
                "origin": np.where(records.origin >= 0, place[records.origin], -1),
            }
        )  # fmt: skip
        for column in range(3):
            part[f"holder{column}"] = np.where(seen["holders"], records.holders[:, column], 0)
        parts.append(part[keep])
        offset += int(keep.sum())
    return pd.concat(parts, ignore_index=True), world, words


def name_probability(words, codes: np.ndarray) -> np.ndarray:
    """Probability that a drawn person bears a full name."""
    surname = words.surnames.shares[(codes >> 20) - 1]
    first, second = (codes >> 10) & 1023, codes & 1023
    given = words.given.shares[first - 1] * np.where(
        second > 0, 0.88 * words.given.shares[np.maximum(second, 1) - 1], 0.12
    )
    steps = np.linspace(0, 1, len(words.popular) + 1) ** (1 / POPULAR_POWER)
    popular = pd.Series(np.diff(steps)).groupby(words.popular).sum()
    known = popular.reindex(codes & ((1 << 20) - 1)).fillna(0).to_numpy()
    return surname * (0.84 * given + 0.16 * known)


def people(table: pd.DataFrame) -> pd.DataFrame:
    """One row a record and a person it names."""
    columns = ["person", "holder0", "holder1", "holder2"]
    long = pd.concat([pd.DataFrame({"row": table.index, "name": table[c].to_numpy()}) for c in columns])
    return long[long["name"] > 0].drop_duplicates()


def candidates(table: pd.DataFrame) -> pd.DataFrame:
    """Ordered pairs of records in different places that share a phone, a person or a parent."""
    lists = [people(table).rename(columns={"name": "key"})]
    phone = table[table["phone"] > 0]
    lists.append(pd.DataFrame({"row": phone.index, "key": -phone["phone"].to_numpy()}))
    pairs = []
    for part in lists:
        often = part.groupby("key")["row"].transform("size")
        part = part[(often > 1) & (often <= 400)]
        both = part.merge(part, on="key")
        pairs.append(both[both["row_x"] != both["row_y"]][["row_x", "row_y"]])
    owned = table[table["parent"] >= 0]
    pairs.append(pd.DataFrame({"row_x": owned["parent"].to_numpy(), "row_y": owned.index}))
    found = pd.concat(pairs).drop_duplicates().to_numpy()
    site, entry = table["site"].to_numpy(), table["entry"].to_numpy()
    later = (site[found[:, 0]] != site[found[:, 1]]) & (entry[found[:, 1]] > entry[found[:, 0]] + 180)
    return pd.DataFrame(found[later], columns=["origin", "destination"])


def compared(table: pd.DataFrame, pairs: pd.DataFrame, words) -> pd.DataFrame:
    """Agreements of pairs, and the log-probability that strangers would agree so."""
    a, b = (table.loc[pairs[end]].reset_index(drop=True) for end in ("origin", "destination"))
    found = pairs.reset_index(drop=True).copy()
    log_u = np.zeros(len(found))
    rows = len(table)

    def frequency(column: str) -> np.ndarray:
        counts = table[column].value_counts()
        return (counts.reindex(b[column]).fillna(1).to_numpy() - 1).clip(0) / rows

    def level(same, hidden):
        return np.where(hidden, 0, np.where(same, 2, 1))

    hidden = (a["phone"] == 0) | (b["phone"] == 0)
    same = ~hidden & (a["phone"] == b["phone"])
    agency = b["phone"] > OWN_PHONES
    found["phone"] = np.where(same & agency, 3, level(same, hidden))
    log_u += np.where(same, np.log(np.where(agency, np.maximum(frequency("phone"), 1e-6), 1 / OWN_PHONES)), 0)
    hidden = (a["trade"] == 0) | (b["trade"] == 0)
    same, near = ~hidden & (a["trade"] == b["trade"]), ~hidden & (a["word_only"] == b["word_only"])
    found["word"] = np.where(same, 3, np.where(near, 2, level(same, hidden)))
    share = words.trade_words.shares[np.maximum(b["word_only"].to_numpy() - 1, 0)]
    third = b["trade"].to_numpy() % 1024 > 1
    log_u += np.where(same, np.log(share * np.where(third, 0.38 / words.third_letters, 0.62)), 0)
    log_u += np.where(near & ~same, np.log(share), 0)
    hidden = (a["person"] == 0) | (b["person"] == 0)
    same = ~hidden & (a["person"] == b["person"])
    found["person"] = level(same, hidden)
    likely = np.maximum(name_probability(words, np.maximum(b["person"].to_numpy(), 1 << 20 | 1 << 10)), 1e-12)
    log_u += np.where(same, np.log(np.maximum(likely, (frequency("person") - 3 / rows).clip(0))), 0)
    partner, chance_log = np.zeros(len(found), dtype=int), np.zeros(len(found))
    for mine in ("person", "holder0", "holder1", "holder2"):
        code = b[mine].to_numpy()
        shared = np.zeros(len(found), dtype=bool)
        for yours in ("person", "holder0", "holder1", "holder2"):
            if mine != "person" or yours != "person":
                shared |= (code > 0) & (code == a[yours].to_numpy())
        shared &= ~(same & (code == b["person"].to_numpy()))
        if mine != "person":
            shared &= ~((code == b["person"].to_numpy()) & (partner > 0))
        partner += shared
        likely = np.maximum(name_probability(words, np.maximum(code, 1 << 20 | 1 << 10)), 1e-12)
        chance_log += np.where(shared, np.log(3 * likely), 0)
    found["partner"] = np.minimum(partner, 2)
    log_u += chance_log
    found["holders"] = (a["holder0"] > 0).astype(int) + 2 * (b["holder0"] > 0)
    found["parent"] = (b["parent"].to_numpy() == found["origin"]).astype(int)
    log_u += np.where(found["parent"] == 1, np.log(1 / rows), 0)
    found["trade_line"] = (a["industry"] == b["industry"]).astype(int) + 2 * b["works_for"].astype(int)
    found["form"] = b["form"].to_numpy()
    lag = ((b["entry"] - a["exit"]) / MONTH).clip(-999, 999)
    found["when"] = pd.cut(lag, [-1000, -6.5, -3, 0, 3, 6, 9, 12, 15, 18.5, 30, 1000], labels=False)
    found["closed"] = (a["exit"] < END).astype(int)
    found["log_u"] = log_u
    found["site_o"], found["site_d"] = a["site"], b["site"]
    found["true"] = (b["origin"].to_numpy() == found["origin"]).astype(int)
    found["kind"] = np.where(found["true"] == 1, b["kind"], -1)
    return found


AGREEMENT = ["phone", "word", "person", "partner", "parent", "holders"]
"""Fields whose joint pattern is learned by kind; those below are taken as independent of it."""
CIRCUMSTANCE = ["trade_line", "form", "when", "closed"]


def all_true(table: pd.DataFrame) -> pd.DataFrame:
    """The true pairs of a table."""
    rows = table.index[table["origin"] >= 0]
    return pd.DataFrame({"origin": table.loc[rows, "origin"].to_numpy(), "destination": rows})


def pattern_ratios(learn: pd.DataFrame, other: pd.DataFrame, pairs: pd.DataFrame, columns: list[str], base: bool):
    """Shape (pairs, kinds): probability of each pair's pattern by kind (over that among strangers if `base`)."""
    key = pairs[columns].astype(str).agg("|".join, axis=1)
    found = np.zeros((len(pairs), len(KINDS)))
    stranger = other[columns].astype(str).agg("|".join, axis=1).value_counts(normalize=True) if base else None
    for kind in range(len(KINDS)):
        mine = learn[learn["kind"] == kind][columns].astype(str).agg("|".join, axis=1).value_counts(normalize=True)
        found[:, kind] = key.map(mine).fillna(1e-6).to_numpy()
    if base:
        found /= key.map(stranger).fillna(1e-4).to_numpy()[:, None]
    return found


def oracle(rows: int, country: str, difficulty: str) -> None:
    """Print the share of moves with each trace, and the oracle's best F1."""
    learn_table, _, words = latent(1_000_000, 91, country, difficulty)
    learn = compared(learn_table, all_true(learn_table), words)
    print(f"\n{country} {difficulty}: {len(learn):,} true moves of 1,000,000 records; share with each trace shown")
    shown = pd.DataFrame(
        {
            "kind": [KINDS[k] for k in learn["kind"]],
            "trade word": learn["word"] == 3, "representative": learn["person"] == 2,
            "another person": learn["partner"] > 0, "own phone": learn["phone"] == 2,
            "agency phone": learn["phone"] == 3, "parent named": learn["parent"] == 1,
        }
    )  # fmt: skip
    strong = shown["own phone"] | shown["parent named"]
    shown["2+ or unique"] = strong | (
        shown["trade word"].astype(int) + shown["representative"] + shown["another person"] >= 2
    )
    table = shown.groupby("kind").mean()
    table["share"] = shown["kind"].value_counts(normalize=True)
    print(table.round(3).to_string())
    truth, world, words = latent(rows, 92, country, difficulty)
    pairs = compared(truth, candidates(truth), words)
    rng = np.random.default_rng(0)
    random = pd.DataFrame(rng.integers(0, len(truth), (200_000, 2)), columns=["origin", "destination"])
    entry = truth["entry"].to_numpy()
    random = random[entry[random["destination"]] > entry[random["origin"]] + 180]
    strangers = compared(truth, random, words)
    agree = pattern_ratios(learn, strangers, pairs, AGREEMENT, base=False)
    around = pattern_ratios(learn, strangers, pairs, CIRCUMSTANCE, base=True)
    share = learn["kind"].value_counts(normalize=True).reindex(range(len(KINDS))).to_numpy()
    stock = truth["site"].value_counts(normalize=True).reindex(range(len(world.sites))).fillna(1e-4).to_numpy()
    origin, destination = pairs["site_o"].to_numpy(), pairs["site_d"].to_numpy()
    to = np.repeat(world.gravity[origin, destination][:, None], len(KINDS), axis=1)
    to[:, 2] = np.where(origin == 0, world.homes[destination], to[:, 2])
    leave = np.where(origin == 0, 3.0, 0.5)
    score = (share * agree * around * (to / stock[destination][:, None])).sum(axis=1) * leave
    score = np.log(np.maximum(score, 1e-300)) - pairs["log_u"].to_numpy()
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(pairs["true"].to_numpy()[order])
    total = int((truth["origin"] >= 0).sum())
    taken = np.arange(1, len(order) + 1)
    f1 = 2 * hits / (taken + total)
    best = int(f1.argmax())
    print(f"oracle on {rows:,} records: {total:,} true moves, {len(pairs):,} pairs looked at; best F1 {f1[best]:.3f}"
          f" (precision {hits[best] / taken[best]:.3f}, recall {hits[best] / total:.3f})", flush=True)  # fmt: skip


def main() -> None:
    """Read the arguments and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--oracle", action="store_true")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--country", default="cn", choices=["cn", "uk"])
    parser.add_argument("--difficulty", default="", choices=["", "plain", "hard"])
    parser.add_argument("--made", type=int, default=0)
    given = parser.parse_args()
    if given.made:
        made(given.made, given.country)
    elif given.oracle:
        for difficulty in [given.difficulty] if given.difficulty else ["plain", "hard"]:
            oracle(given.rows, given.country, difficulty)
    else:
        costs(given.country)


if __name__ == "__main__":
    main()
