"""Where firms moved: relocations, branches, firms founded by returnees and work given out, each with a probability.

Candidate pairs share a key (`moves_blocking`); they are compared (`moves_comparisons`), weighed by a model that
Splink trained without labels (`moves_training`), told apart by what each kind of move leaves behind (`moves_kinds`)
and by their rivals (`moves_rivals`). No name of a person is read: keys are salted hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.process.moves.blocking import candidate_pairs, keep
from townshift.process.moves.calibration import Calibration
from townshift.process.moves.certain import (
    COLUMNS,
    P_COLUMNS,
    calibration_of,
    review_moves,
    with_answers,
    with_calibration,
    with_successions,
)
from townshift.process.moves.comparisons import compared_pairs
from townshift.process.moves.doubles import Pairs, pairs_of_two_places
from townshift.process.moves.kinds import chance_bits, fit_kinds, kind_odds
from townshift.process.moves.model import MoveModel, probabilities
from townshift.process.moves.parameters import KINDS, MovesParameters, TableMethods
from townshift.process.moves.reasons import reasons
from townshift.process.moves.records import KEYS, key_counts, linkage_records, persons, record_numbers
from townshift.process.moves.rivals import settle_rivals
from townshift.process.moves.training import train

if TYPE_CHECKING:
    import ibis

BATCH_PAIRS = 150_000
"""Pairs whose odds are worked out at a time, to bound memory."""

LOWEST_WEIGHT = -15.0
"""Pairs whose agreement alone weighs less (bits) are not brought into memory."""


@dataclass(frozen=True)
class Moves:
    """The moves of a registry.

    Attributes:
        moves: one row a pair, `COLUMNS`, sorted by `move_id`.
        moves_blocking: what blocking kept, narrowed and dropped.
        review_moves: pairs that a person is asked about, `moves_certain.REVIEW_COLUMNS`.
        model: the model of agreement.
        calibration: how answers moved the probabilities, and how sure they are.
    """

    moves: pd.DataFrame
    moves_blocking: pd.DataFrame
    review_moves: pd.DataFrame
    model: MoveModel
    calibration: Calibration


def find_moves(
    establishments: ibis.Table,
    parameters: MovesParameters,
    methods: TableMethods,
    places: pd.DataFrame | None = None,
    successions: pd.DataFrame | None = None,
    answers: pd.DataFrame | None = None,
) -> Moves:
    """Find the moves between the establishments of a registry.

    Args:
        establishments: one row a record, as the step `establishments` gives them.
        parameters: caps, samples, thresholds.
        methods: `frame` and `map_batches` of the engine on which the table lives.
        places: place_id, lon, lat: where a record stands that has no coordinates of its own.
        successions: predecessor_id, successor_id, seat_transfer, economic_continuity: links that a registry states.
        answers: move_id, kind (one of `KINDS` or `look_alike`): what a person decided of pairs asked about.

    Returns:
        The moves with probabilities and reasons; the same bytes for the same records, whatever the engine's workers.

    Source: Fellegi and Sunter (1969); Linacre et al. (2022), Splink; Larsen and Rubin (2001).
    """
    records = counted_records(linkage_records(establishments, methods, places), methods)
    candidates = candidate_pairs(records, parameters, methods)
    model = train(records, parameters, methods)
    compared = compared_pairs(candidates.pairs, records, model, LOWEST_WEIGHT, methods)
    n_records = int(methods.frame(records.aggregate(n=records.count()))["n"].iloc[0])
    pairs = pairs_of_two_places(compared.to_pyarrow())
    odds = _odds(pairs, model, n_records)
    chosen = _reportable(odds, parameters.report_probability)
    p = settle_rivals(pairs.origin, pairs.destination, odds, chosen)
    reported = 1 - p[:, -1] >= parameters.report_probability
    chosen, p = chosen[reported], p[reported]
    rows = _described(
        establishments, np.unique(np.concatenate([pairs.origin[chosen], pairs.destination[chosen]])), methods
    )
    moves = _modelled(pairs, odds, rows, chosen, p)
    calibration = calibration_of(moves, answers, parameters)
    moves = with_calibration(moves, calibration)
    review = review_moves(moves, rows, answers, parameters)
    moves = with_answers(moves, answers)
    if successions is not None and len(successions):
        moves = with_successions(moves, successions, _ends(establishments, successions, methods))
    return Moves(moves, candidates.blocking, review, model, calibration)


def _ends(establishments: ibis.Table, successions: pd.DataFrame, methods: TableMethods) -> pd.DataFrame:
    """Place, coordinates and start of the records that successions name; index: record_id."""
    import ibis
    import pyarrow as pa

    ids = sorted({str(record) for side in ("predecessor_id", "successor_id") for record in successions[side].dropna()})
    wanted = ibis.memtable(pa.table({"record_id": pa.array(ids, pa.string())}))
    columns = establishments.select("record_id", "place_id", "county_id", "lon", "lat", "entry_from", "exit_from")
    return methods.frame(columns.semi_join(wanted, "record_id")).set_index("record_id").sort_index()


def counted_records(records: ibis.Table, methods: TableMethods) -> ibis.Table:
    """Narrow records with `<key>_n`, how many records share each key; a person counts in every role."""
    counted = records
    for key in KEYS:
        if key in ("firm_key", "name_key"):
            continue
        if key == "representative_key":
            people = persons(records)
            counts = people.group_by("person_key").aggregate(representative_key_n=people.count().cast("int64"))
            counts = counts.rename(representative_key="person_key")
        else:
            counts = key_counts(records, key)
        joined = counted.left_join(counts, key)
        counted = joined.select(*counted.columns, counts[f"{key}_n"].coalesce(0).name(f"{key}_n"))
    return keep(counted, methods)


def _odds(pairs: Pairs, model: MoveModel, n_records: int) -> npt.NDArray[np.float64]:
    """Odds of the kinds of each pair, by the mixture fitted on all of them."""
    chance = chance_bits(model, pairs.levels, pairs.person_n)
    kinds = fit_kinds(model, pairs.levels, pairs.counts, chance, n_records)
    odds = np.empty((len(KINDS), len(chance)))
    for start in range(0, len(chance), BATCH_PAIRS):
        here = slice(start, start + BATCH_PAIRS)
        odds[:, here] = kind_odds(kinds, pairs.levels[:, here], pairs.counts[:, here], chance[here])
    return odds


def _reportable(odds: npt.NDArray[np.float64], report_probability: float) -> npt.NDArray[np.intp]:
    """The pairs that reach the probability if they have no rival; rivals only take from it."""
    alone = report_probability / (1 - report_probability)
    return np.flatnonzero(odds.sum(axis=0) >= alone * (1 - 1e-6))


def _described(establishments: ibis.Table, rows: npt.NDArray[np.integer], methods: TableMethods) -> pd.DataFrame:
    """Record, place, year and dates of rows; index: the row."""
    import ibis
    import pyarrow as pa

    dates = ("entry_from", "entry_to", "exit_from")
    numbered = record_numbers(establishments).select("row", "record_id", "place_id", *dates)
    wanted = ibis.memtable(pa.table({"row": rows.astype(np.int64)}))
    found = methods.frame(numbered.semi_join(wanted, "row"))
    starts = pd.to_datetime(found["entry_from"].where(found["entry_from"].notna(), found["entry_to"]))
    found["year"] = starts.dt.year.astype("Int64")
    return found.set_index("row").sort_index()


def _modelled(
    pairs: Pairs, odds: npt.NDArray[np.float64], rows: pd.DataFrame, chosen: npt.NDArray[np.intp],
    p: npt.NDArray[np.float64],
) -> pd.DataFrame:  # fmt: skip
    """The chosen pairs as rows of `moves`."""
    origin, destination = rows.loc[pairs.origin[chosen]], rows.loc[pairs.destination[chosen]]
    rivals = odds.sum(axis=0)[chosen] * p[:, -1] > 1.0
    frame = pd.DataFrame(
        {
            "move_id": [f"{a}>{b}" for a, b in zip(origin["record_id"], destination["record_id"], strict=True)],
            "origin_record_id": origin["record_id"].to_numpy(),
            "destination_record_id": destination["record_id"].to_numpy(),
            "origin_place_id": origin["place_id"].to_numpy(),
            "destination_place_id": destination["place_id"].to_numpy(),
            "year": destination["year"].to_numpy(),
            "distance_km": pairs.distance_km[chosen],
            "match_probability": probabilities(pairs.weight[chosen]),
            **dict(zip(P_COLUMNS, p.T, strict=True)),
            "kind": np.array(KINDS, dtype=object)[p[:, :-1].argmax(axis=1)],
            "reasons": reasons(pairs.levels[:, chosen], pairs.counts[0][chosen], pairs.counts[2][chosen], rivals),
            "basis": "model",
        }
    )
    return frame[list(COLUMNS)].sort_values("move_id", kind="stable").reset_index(drop=True)
