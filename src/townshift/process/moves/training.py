"""Training of the model of agreement with Splink: chance agreement from random pairs, true agreement by EM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from townshift.process.moves.levels import AGREEMENT, CIRCUMSTANCE, COLUMN, EXPECTED_M, LEVELS, TERM_FREQUENCY
from townshift.process.moves.model import SIZE_BOUNDS, MoveModel
from townshift.process.moves.parameters import MovesParameters, TableMethods
from townshift.process.moves.records import UNKNOWN_DAY
from townshift.process.moves.splink_model import Session, chance_levels, linkage_connection, trained_levels

if TYPE_CHECKING:
    import ibis
    import pandas as pd

DIGEST_SPACE = 2**20
"""Digests are cut to this many classes, of which a sample takes the first ones."""

PRIOR_MOVES = 0.02
"""Expected share of records that come from another record, where training starts; EM moves it."""

BATCH_PAIRS = 20_000
"""Pairs of random records looked at at a time, to bound memory."""

LEAST = 1e-7
"""No level is impossible."""


def train(records: ibis.Table, parameters: MovesParameters, methods: TableMethods) -> MoveModel:
    """Train the model of agreement, without labels.

    `u` is estimated by Splink on all pairs of a sample of records, drawn by digest of their id; of levels with term
    frequencies it is the chance that two random records agree, which the counts of the whole table give exactly. `m`
    is estimated by Splink's expectation-maximisation in two sessions, one among records that share a trade name, one
    among records that share a representative, each drawn by digest of that key, so that pairs stay together; a
    comparison's `m` is the mean over the sessions that did not block on it.

    Args:
        records: narrow records with counts.
        parameters: sizes of the samples.
        methods: the engine's methods.

    Source: Linacre et al. (2022), Splink; Fellegi and Sunter (1969).
    """
    facts = _facts(records, methods)
    sampled = _sample(records, facts, parameters, methods)
    return _trained(sampled, facts, parameters)


def _facts(records: ibis.Table, methods: TableMethods) -> dict[str, int]:
    """Records, and of each key how many records have it and how many pairs of records agree on it."""
    measures: dict[str, Any] = {"records": records.count().cast("int64")}
    for key in dict.fromkeys(TERM_FREQUENCY.values()):
        present = records[key] != 0
        others = (records[f"{key}_n"] - 1).cast("decimal(38, 0)")
        measures[f"{key}_total"] = present.sum().cast("int64")
        measures[f"{key}_pairs"] = present.ifelse(others, 0).sum()
        for size, (low, high) in enumerate(zip((2, *SIZE_BOUNDS), (*SIZE_BOUNDS, 2**62), strict=True)):
            within = (records[f"{key}_n"] >= low) & (records[f"{key}_n"] < high)
            alone = (records[f"{key}_n"] == 1) if size == 0 else within
            measures[f"{key}_records_{size}"] = (within | alone).sum().cast("int64")
            measures[f"{key}_pairs_{size}"] = within.ifelse(others, 0).sum()
    row = methods.frame(records.aggregate(**measures)).fillna(0).iloc[0]
    return {name: int(row[name]) for name in measures}


def _sample(
    records: ibis.Table, facts: dict[str, int], parameters: MovesParameters, methods: TableMethods
) -> pd.DataFrame:
    """Records drawn by digest, marked with the samples they belong to."""
    wanted = int(np.ceil(np.sqrt(2 * parameters.training_pairs)))
    share = _classes(wanted, facts["records"])
    by_row = records["digest"] % DIGEST_SPACE < share
    by_key = {}
    for key in ("trade_key", "representative_key"):
        fits = (records[f"{key}_n"] > 1) & (records[f"{key}_n"] <= parameters.max_group)
        total = methods.frame(records.filter(fits).aggregate(n=records.filter(fits).count()))["n"].iloc[0]
        by_key[key] = fits & (records[key] % DIGEST_SPACE < _classes(parameters.training_records, int(total)))
    marked = records.mutate(
        in_random=by_row.cast("int8"),
        in_trade=by_key["trade_key"].cast("int8"),
        in_person=by_key["representative_key"].cast("int8"),
    )
    chosen = marked.filter((marked["in_random"] + marked["in_trade"] + marked["in_person"]) > 0)
    return methods.frame(chosen).sort_values("row", kind="stable").reset_index(drop=True)


def _classes(wanted: int, total: int) -> int:
    return DIGEST_SPACE if total <= wanted else int(DIGEST_SPACE * wanted / total)


def _trained(sampled: pd.DataFrame, facts: dict[str, int], parameters: MovesParameters) -> MoveModel:
    totals = {key: max(facts[f"{key}_total"], 1) for key in dict.fromkeys(TERM_FREQUENCY.values())}
    prior = min(PRIOR_MOVES / max(facts["records"], 2), 0.5)
    with linkage_connection() as connection:
        random = sampled[sampled["in_random"].to_numpy() == 1]
        u = _chance(chance_levels(connection, random), facts)
        circumstances, possible = chance_circumstances(random, parameters.max_gap_days)
        classes = range(len(SIZE_BOUNDS) + 1)
        sizes = {key: tuple(float(facts[f"{key}_records_{size}"]) for size in classes) for key in totals}
        pairs = {key: tuple(possible * facts[f"{key}_pairs_{size}"] / 2 for size in classes) for key in totals}
        start = MoveModel(dict(EXPECTED_M), u, prior, totals, circumstances, possible, sizes, pairs)
        found = [
            (blocked, trained_levels(connection, sampled[sampled[mark].to_numpy() == 1], Session(blocked, key), start))
            for blocked, mark, key in (
                ("trade_name", "in_trade", "trade_key"),
                ("representative", "in_person", "representative_key"),
            )
        ]
    m = {}
    for name in AGREEMENT:
        parts = [levels[name] for blocked, levels in found if blocked != name and name in levels]
        m[name] = _shares(np.mean(parts, axis=0) if parts else np.array(EXPECTED_M[name]))
    return MoveModel(m, u, prior, totals, circumstances, possible, sizes, pairs)


def chance_circumstances(records: pd.DataFrame, max_gap_days: int) -> tuple[dict[str, tuple[float, ...]], float]:
    """How often two random records that could be a move stand at each level of circumstance, the earlier the origin.

    Args:
        records: narrow records, of which all pairs are looked at.
        max_gap_days: longest gap between the end of the origin and the start of the destination.

    Returns:
        Shares of the levels of each comparison of circumstance, and the share of pairs that lie in two places and
        whose dates can follow each other.
    """
    from townshift.process.moves import kernels

    left, right = np.triu_indices(len(records), 1)
    side = np.array([records[name].to_numpy(dtype=np.int64) for name in COLUMN], dtype=np.int64)
    place = records[["lon", "lat"]].to_numpy(dtype=np.float64).T
    known = side[COLUMN["entry"]] != UNKNOWN_DAY
    apart = (side[COLUMN["place"]][left] != side[COLUMN["place"]][right]) & known[left] & known[right]
    n_pairs = len(left)
    left, right = left[apart], right[apart]
    later = side[COLUMN["entry"]][left] > side[COLUMN["entry"]][right]
    origin, destination = np.where(later, right, left), np.where(later, left, right)
    follow = side[COLUMN["entry"]][destination] - side[COLUMN["exit"]][origin] <= max_gap_days
    origin, destination = origin[follow], destination[follow]
    rank = {name: position for position, name in enumerate(LEVELS)}
    counts = {name: np.full(len(levels_of), 0.5) for name, levels_of in CIRCUMSTANCE.items()}
    for start in range(0, len(origin), BATCH_PAIRS):
        a, b = origin[start : start + BATCH_PAIRS], destination[start : start + BATCH_PAIRS]
        levels = np.full((len(LEVELS), len(a)), -1, dtype=np.int8)
        where = np.concatenate([place[:, a], place[:, b]])
        kernels.orient(side[:, a], side[:, b], where, levels, np.empty(len(a)))
        for name, count in counts.items():
            count += np.bincount(levels[rank[name]] + 1, minlength=len(count) + 1)[1:]
    possible = max(len(origin), 1) / max(n_pairs, 1)
    return {name: _shares(count / count.sum()) for name, count in counts.items()}, possible


def _chance(estimated: dict[str, tuple[float, ...]], facts: dict[str, int]) -> dict[str, tuple[float, ...]]:
    """Chance agreement: the sample's, but of levels with term frequencies that of the counts of the whole table."""
    u = {}
    for name, levels in AGREEMENT.items():
        shares = np.array(estimated.get(name, EXPECTED_M[name]))  # never compared: says nothing
        for (comparison, level), key in TERM_FREQUENCY.items():
            total = facts[f"{key}_total"]
            if comparison == name and total > 1:
                rank = levels.index(level)
                exact = min(facts[f"{key}_pairs"] / (total * (total - 1)), 1 - LEAST)
                rest = shares.sum() - shares[rank]
                shares = shares * ((1 - exact) / rest if rest > 0 else 1.0)
                shares[rank] = exact
        u[name] = _shares(shares)
    return u


def _shares(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Shares that sum to 1, none below `LEAST`, rounded so that they are the same wherever they are written."""
    bounded = np.maximum(values, LEAST)
    return tuple(float(f"{share:.10g}") for share in bounded / bounded.sum())
