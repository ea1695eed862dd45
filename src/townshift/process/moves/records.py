"""Establishments as narrow rows of whole numbers: what blocking and comparison work on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from townshift.process.moves.levels import SHAREHOLDER
from townshift.process.moves.parameters import TableMethods

if TYPE_CHECKING:
    import ibis
    import pandas as pd
    import pyarrow as pa

UNKNOWN_DAY = -(2**30)
"""A day (counted from 1970-01-01) that is not known."""

OPEN_DAY = 2**30
"""The day on which an establishment closes that is still open."""

KEYS = ("trade_key", "representative_key", "phone_key", "address_key", "firm_key", "name_key")
"""Keys with how many records share them (column `<name>_n`); 0 means that there is none."""

_PLACES = (
    "place_id",
    "county_id",
    "province_id",
    "name_place_id",
    "production_place_id",
    "code_county_id",
)
_CODES = {"place_id": "place", "county_id": "county", "province_id": "province", "name_place_id": "name_place",
          "production_place_id": "production_place", "code_county_id": "code_county"}  # fmt: skip

BRANCH_KINDS = ("branch", "workshop")
"""Kinds of establishments that belong to another firm."""


def records_schema() -> pa.Schema:
    """Columns of the narrow records, one row an establishment with a place, keys without their counts."""
    import pyarrow as pa

    whole = {"row": pa.int64(), "digest": pa.int64()}
    codes = dict.fromkeys((*_CODES.values(), "word", "entry", "exit"), pa.int32())
    keys = dict.fromkeys(KEYS, pa.int64())
    shareholders = {f"shareholder_{i}": pa.int64() for i in range(SHAREHOLDER)}
    flags = dict.fromkeys(("subordinate", "processes"), pa.int8())
    reals = dict.fromkeys(("lon", "lat"), pa.float64())
    return pa.schema({**whole, **codes, **keys, **shareholders, **flags, **reals, "trade_name": pa.string()})


def linkage_records(
    establishments: ibis.Table, methods: TableMethods, places: pd.DataFrame | None = None
) -> ibis.Table:
    """The establishments that have a place, as narrow rows.

    A row's number is its rank by `record_id`; text codes are ranks among the sorted values of the whole table, so
    that neither depends on the engine, its workers, or the cut into batches.

    Args:
        establishments: the step's result of that name.
        methods: the engine's methods.
        places: place_id, lon, lat: where a record stands that has no coordinates of its own. Optional.

    Returns:
        A kept table with `records_schema`.
    """
    codes: set[str] = set()
    for name in _PLACES:
        column = establishments[name]
        codes.update(_texts(methods, establishments.select(value=column).distinct()))
    word = establishments["industry_word"]
    words = _texts(methods, establishments.select(value=word).distinct())
    ordered = tuple(sorted(codes))
    function = partial(_narrow, places=ordered, words=tuple(sorted(words)), stands=_coordinates(ordered, places))
    numbered = record_numbers(establishments)
    chosen = numbered.drop_null(["place_id"]).select(
        "row", "record_id", "firm_id", "name_key", *_PLACES,
        "industry_word", "trade_key", "trade_name", "representative_key",
        "shareholder_keys", "phone_key", "address_key", "entry_from", "entry_to", "exit_from", "exit_to", "kind",
        "processes_for_others", "lon", "lat",
    )  # fmt: skip
    return methods.map_batches(chosen, function, records_schema())


def record_numbers(establishments: ibis.Table) -> ibis.Table:
    """The establishments with `row`, their rank by `record_id`, counted from 0."""
    import ibis

    return establishments.mutate(row=ibis.row_number().over(order_by=establishments["record_id"]).cast("int64"))


def key_counts(records: ibis.Table, key: str) -> ibis.Table:
    """How many records share each value of a key: columns `<key>`, `<key>_n`; rows without the key left out."""
    present = records.filter(records[key] != 0)
    return present.group_by(key).aggregate(present.count().cast("int64").name(f"{key}_n"))


def persons(records: ibis.Table) -> ibis.Table:
    """One row for each record and person, `row` and `person_key`: representatives and shareholders alike.

    A firm may be another's shareholder, so the record's own name counts among its persons.
    """
    import ibis

    names = ("representative_key", "name_key", *(f"shareholder_{i}" for i in range(SHAREHOLDER)))
    parts = [records.filter(records[name] != 0).select("row", person_key=records[name]) for name in names]
    return ibis.union(*parts, distinct=True)


def _texts(methods: TableMethods, table: ibis.Table) -> list[str]:
    return [str(value) for value in methods.frame(table)["value"].dropna()]


def _narrow(
    batches: Iterator[pa.RecordBatch],
    places: tuple[str, ...],
    words: tuple[str, ...],
    stands: npt.NDArray[np.float64],
) -> Iterable[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.compute as pc

    schema = records_schema()
    place_set, word_set = pa.array(places, pa.string()), pa.array(words, pa.string())
    for batch in batches:
        rows: dict[str, Any] = {"row": batch["row"], "trade_name": pc.fill_null(batch["trade_name"], "")}
        rows["digest"] = text_digests(batch["record_id"])
        for name, code in _CODES.items():
            rows[code] = _ranks(batch[name], place_set)
        rows["word"] = _ranks(batch["industry_word"], word_set)
        rows["entry"] = _middle_day(batch["entry_from"], batch["entry_to"], UNKNOWN_DAY)
        rows["exit"] = _middle_day(batch["exit_from"], batch["exit_to"], OPEN_DAY)
        for name in KEYS:
            rows[name] = text_digests(batch["firm_id"]) if name == "firm_key" else pc.fill_null(batch[name], 0)
        # A trade name that is a person's is masked: it says no more than the person, who is compared already.
        rows["trade_key"] = pc.if_else(pc.is_valid(batch["trade_name"]), rows["trade_key"], 0)
        for i, keys in enumerate(_first_items(batch["shareholder_keys"])):
            rows[f"shareholder_{i}"] = keys
        rows["subordinate"] = pc.fill_null(pc.is_in(batch["kind"], pa.array(BRANCH_KINDS, pa.string())), False)
        rows["processes"] = pc.fill_null(batch["processes_for_others"], False)
        place = rows["place"].to_numpy(zero_copy_only=False)
        for axis, name in enumerate(("lon", "lat")):
            own = pc.fill_null(batch[name], float("nan")).to_numpy(zero_copy_only=False)
            rows[name] = np.where(np.isnan(own), stands[axis][place], own)
        columns = [_typed(rows[field.name], field.type) for field in schema]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _coordinates(codes: tuple[str, ...], places: pd.DataFrame | None) -> npt.NDArray[np.float64]:
    """Longitude and latitude of each place, shape (2, places + 1); the last, of no place, is NaN."""
    out = np.full((2, len(codes) + 1), np.nan)
    if places is not None:
        known = places.drop_duplicates("place_id").set_index("place_id").reindex(list(codes))
        for axis, name in enumerate(("lon", "lat")):
            out[axis, :-1] = known[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return out


def _typed(values: pa.Array | npt.NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


def _ranks(column: pa.Array, values: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.fill_null(pc.index_in(column.cast(values.type), value_set=values, skip_nulls=True), -1)


def _middle_day(start: pa.Array, end: pa.Array, missing: int) -> npt.NDArray[np.int32]:
    """The middle of `[start, end)` in days since 1970; `missing` where neither bound is known."""
    import pyarrow as pa
    import pyarrow.compute as pc

    low = start.cast(pa.date32()).cast(pa.int32())
    high = pc.subtract(end.cast(pa.date32()).cast(pa.int32()), 1)
    low, high = pc.coalesce(low, high), pc.coalesce(high, low)
    middle = pc.shift_right(pc.add(low, high), pa.scalar(1, pa.int32()))
    return np.asarray(pc.fill_null(middle, missing).to_numpy(zero_copy_only=False), dtype=np.int32)


def _first_items(lists: pa.Array) -> list[npt.NDArray[np.int64]]:
    """The first `SHAREHOLDERS` items of each list, one array a position; 0 where there is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lists = lists.cast(pa.list_(pa.int64()))
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False), dtype=np.int64)
    flat = np.asarray(pc.fill_null(lists.flatten(), 0).to_numpy(zero_copy_only=False), dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    out = []
    for i in range(SHAREHOLDER):
        found = np.zeros(len(lengths), dtype=np.int64)
        present = lengths > i
        found[present] = flat[starts[present] + i]
        out.append(found)
    return out


def text_digests(column: pa.Array) -> npt.NDArray[np.int64]:
    """A 63-bit digest of each text (FNV-1a with a final mix), 0 where there is none; the same on every machine."""
    import pyarrow as pa

    from townshift.process.moves.kernels import digests

    column = column.cast(pa.string())
    offsets, data = text_buffers(column)
    found = digests(offsets, data)
    if column.null_count:
        found[np.asarray(column.is_null().to_numpy(zero_copy_only=False))] = 0
    return found


def text_buffers(column: pa.Array) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """Where each text of an Arrow array starts and ends, and the bytes of them all, without a copy."""
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    text = np.zeros(0, dtype=np.uint8) if data is None else np.frombuffer(data, dtype=np.uint8)
    return bounds, text
