"""Candidate pairs compared, ordered in time and weighed, as a function of Arrow batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from townshift.process.moves.levels import AGREEMENT, COLUMN, LEVELS
from townshift.process.moves.model import Levels, MoveModel, match_weights
from townshift.process.moves.parameters import TableMethods
from townshift.process.moves.records import UNKNOWN_DAY, text_buffers

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

COUNTS = ("trade_key_n", "representative_key_n", "phone_key_n", "address_key_n")
"""How many records share the value on which the pair agrees; meaningful where it agrees."""


RARE = 8
"""A value that at most this many records share is rare."""

LEVEL_BITS = 3
"""Bits of a level in the one number that holds all levels of a pair."""


def compared_schema() -> pa.Schema:
    """Columns of compared pairs: rows of origin and destination, levels, counts, distance and Splink's weight."""
    import pyarrow as pa

    return pa.schema(
        {
            "origin": pa.int32(),
            "destination": pa.int32(),
            "near": pa.bool_(),
            "levels": pa.int64(),
            **dict.fromkeys((*COUNTS, "person_n"), pa.int32()),
            "distance_km": pa.float64(),
            "weight": pa.float64(),
        }
    )


def compared_pairs(
    pairs: ibis.Table, records: ibis.Table, model: MoveModel, lowest_weight: float, methods: TableMethods
) -> ibis.Table:
    """The pairs with their levels of agreement and circumstance and their match weight.

    A pair of two places is given from the earlier start to the later one, and in both orders where the starts are
    the same, or one is unknown and no end tells. A pair in one place (`near`) can only be a double and is given once.

    Args:
        pairs: columns l, r, person_n.
        records: `moves_records.linkage_records` with the counts of `moves_records.key_counts`.
        model: weights of agreement.
        lowest_weight: pairs with a lower match weight (bits) are left out, unless they agree on something that few
            records do by chance: the kinds of moves differ, and one trace may be all that one of them leaves.
        methods: the engine's methods.
    """
    sides = [*COLUMN, "lon", "lat", "trade_name"]
    left = records.select(**{f"l_{name}": records[name] for name in (*sides, *COUNTS)})
    right = records.select(**{f"r_{name}": records[name] for name in sides})
    joined = pairs.join(left, pairs["l"] == left["l_row"]).join(right, pairs["r"] == right["r_row"])
    joined = joined.select("person_n", *left.columns, *right.columns)
    function = partial(_compare, model=model, lowest_weight=lowest_weight)
    return methods.map_batches(joined, function, compared_schema())


def _compare(batches: Iterator[pa.RecordBatch], model: MoveModel, lowest_weight: float) -> Iterable[pa.RecordBatch]:
    import pyarrow as pa

    from townshift.process.moves import kernels

    schema = compared_schema()
    for batch in batches:
        left, right = _side(batch, "l_"), _side(batch, "r_")
        agreement = np.zeros((len(AGREEMENT), batch.num_rows), dtype=np.int8)
        names = kernels.name_levels(*text_buffers(batch["l_trade_name"]), *text_buffers(batch["r_trade_name"]))
        kernels.compare(left, right, names, agreement)
        counts = np.stack([batch[f"l_{name}"].to_numpy() for name in COUNTS])
        weights = match_weights(model, agreement, counts)
        chosen = (weights >= lowest_weight) | _telling(agreement, counts)
        near = _near(left, right)
        first = chosen & (near | _starts_first(left, right))
        second = chosen & ~near & _starts_first(right, left)
        place = np.stack([_real(batch, name) for name in ("l_lon", "l_lat", "r_lon", "r_lat")])
        person_n = np.asarray(batch["person_n"].to_numpy())
        for origin, destination, where, order in (
            (left, right, first, (0, 1, 2, 3)),
            (right, left, second, (2, 3, 0, 1)),
        ):
            picked = np.flatnonzero(where)
            a, b = origin[:, picked], destination[:, picked]
            levels = np.full((len(LEVELS), len(picked)), -1, dtype=np.int8)
            levels[: len(AGREEMENT)] = agreement[:, picked]
            distances = np.empty(len(picked))
            kernels.orient(a, b, place[list(order)][:, picked], levels, distances)
            columns: list[Any] = [a[COLUMN["row"]], b[COLUMN["row"]], near[picked], packed_levels(levels)]
            columns += [*counts[:, picked], person_n[picked], distances, weights[picked]]
            arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def packed_levels(levels: Levels) -> npt.NDArray[np.int64]:
    """All levels of each pair as one whole number, which rises with the first level, then with the second and so on.

    Args:
        levels: shape (`LEVELS`, pairs).

    Example:
        >>> levels = np.array([[-1, 3]] * len(LEVELS), dtype=np.int8)
        >>> bool((unpacked_levels(packed_levels(levels)) == levels).all())
        True
    """
    packed = np.zeros(levels.shape[1], dtype=np.int64)
    for row in levels:
        packed <<= LEVEL_BITS
        packed |= row + 1
    return packed


def unpacked_levels(packed: npt.NDArray[np.int64]) -> Levels:
    """The levels that `packed_levels` packed, shape (`LEVELS`, pairs)."""
    levels = np.empty((len(LEVELS), len(packed)), dtype=np.int8)
    for position, row in enumerate(reversed(levels)):
        row[:] = ((packed >> (LEVEL_BITS * position)) & (2**LEVEL_BITS - 1)) - 1
    return levels


def _telling(agreement: npt.NDArray[np.int8], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Agreement that few records show by chance: a rare phone or person, a share, a holding, a number."""
    rank = {name: position for position, name in enumerate(AGREEMENT)}
    rare = counts <= RARE
    phone = (agreement[rank["phone"]] == 1) & rare[COUNTS.index("phone_key_n")]
    person = (agreement[rank["representative"]] == 2) & rare[COUNTS.index("representative_key_n")]
    crossed = (agreement[rank["representative"]] == 1) | (agreement[rank["shareholders"]] >= 1)
    held = (agreement[rank["ownership"]] == 1) | (agreement[rank["registered_number"]] == 1)
    return np.asarray(phone | person | crossed | held)


def _side(batch: pa.RecordBatch, prefix: str) -> npt.NDArray[np.int64]:
    out = np.empty((len(COLUMN), batch.num_rows), dtype=np.int64)
    for name, position in COLUMN.items():
        out[position] = batch[prefix + name].to_numpy(zero_copy_only=False)
    return out


def _real(batch: pa.RecordBatch, name: str) -> npt.NDArray[np.float64]:
    return np.asarray(batch[name].to_numpy(zero_copy_only=False), dtype=np.float64)


def _near(left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """One place, or a place and the county that holds it: no move can be seen between them."""
    place, county = COLUMN["place"], COLUMN["county"]
    whole = (left[place] == left[county]) | (right[place] == right[county])
    return np.asarray((left[place] == right[place]) | ((left[county] == right[county]) & whole))


def _starts_first(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether the first may be the origin: it starts no later; if a start is unknown, before the other's end."""
    start, end = COLUMN["entry"], COLUMN["exit"]
    unknown = (one[start] == UNKNOWN_DAY) | (other[start] == UNKNOWN_DAY)
    return np.asarray(np.where(unknown, one[start] <= other[end], one[start] <= other[start]))
