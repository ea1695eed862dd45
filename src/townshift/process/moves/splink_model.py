"""Splink as it is used here: the comparisons of `moves_levels` in its settings, and its estimates as plain numbers.

Splink runs on DuckDB with one thread, so that sums of floats have one order.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from townshift.process.moves.levels import AGREEMENT, CLOSE_DAYS, NEAR_DAYS, SHAREHOLDER, TERM_FREQUENCY
from townshift.process.moves.model import MoveModel
from townshift.process.moves.records import UNKNOWN_DAY, text_buffers

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    import pandas as pd
    import pyarrow as pa
    from splink import Linker

_KEYS = ("trade_key", "representative_key", "phone_key", "address_key", "firm_key", "name_key")
_SHARED = "len(list_intersect(shareholders_l, shareholders_r))"
_BOTH = "CAST(list_contains(shareholders_l, {0}) AND list_contains(shareholders_r, {0}) AS INTEGER)"
_OTHERS = (
    f"{_SHARED} - coalesce({_BOTH.format('person_l')}, 0)"
    f" - coalesce(CASE WHEN person_l <> person_r THEN {_BOTH.format('person_r')} END, 0)"
)
_GAP = "CASE WHEN entry_l <= entry_r THEN entry_r - exit_l ELSE entry_l - exit_r END"
_CONDITIONS: dict[str, tuple[str, ...]] = {
    "trade_name": (
        "trade_key_l IS NULL OR trade_key_r IS NULL",
        "trade_key_l = trade_key_r",
        "name_level(trade_name_l, trade_name_r) = 2",
        "name_level(trade_name_l, trade_name_r) = 1",
    ),
    "representative": (
        "representative_key_l IS NULL OR representative_key_r IS NULL",
        "representative_key_l = representative_key_r",
        "list_contains(shareholders_r, representative_key_l) OR list_contains(shareholders_l, representative_key_r)",
    ),
    "shareholders": (
        "len(shareholders_l) = 0 OR len(shareholders_r) = 0",
        f"{_OTHERS} >= 2",
        f"{_OTHERS} = 1",
    ),
    "phone": ("phone_key_l IS NULL OR phone_key_r IS NULL", "phone_key_l = phone_key_r"),
    "address": ("address_key_l IS NULL OR address_key_r IS NULL", "address_key_l = address_key_r"),
    "industry_word": ("word_l IS NULL OR word_r IS NULL", "word_l = word_r"),
    "registered_number": ("firm_key_l IS NULL OR firm_key_r IS NULL", "firm_key_l = firm_key_r"),
    "ownership": (
        "len(shareholders_l) = 0 AND len(shareholders_r) = 0",
        "list_contains(shareholders_l, name_key_r) OR list_contains(shareholders_r, name_key_l)",
    ),
    "dates": (
        "entry_l IS NULL OR entry_r IS NULL",
        f"abs({_GAP}) <= {CLOSE_DAYS}",
        f"abs({_GAP}) <= {NEAR_DAYS}",
        f"{_GAP} > {NEAR_DAYS}",
    ),
}
"""Of each comparison the condition of the null level, then those of its levels from the strongest down to the last
but one; the weakest is whatever is left."""


@dataclass(frozen=True, slots=True)
class Session:
    """One session of expectation-maximisation: among pairs that agree on `key`, the basis of `comparison`."""

    comparison: str
    key: str


@contextmanager
def linkage_connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection of its own, with one thread and the function `name_level`."""
    import duckdb
    from duckdb.func import PythonUDFType
    from duckdb.sqltypes import INTEGER, VARCHAR

    logging.getLogger("splink").setLevel(logging.ERROR)
    connection = duckdb.connect(config={"threads": 1})
    try:
        level = lambda one, other: _name_level(one, other)  # noqa: E731  DuckDB evaluates a function's annotations
        connection.create_function("name_level", level, [VARCHAR, VARCHAR], INTEGER, type=PythonUDFType.ARROW)
        yield connection
    finally:
        connection.close()


def _name_level(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    from townshift.process.moves.kernels import name_levels

    one, other = (pc.fill_null(side.combine_chunks().cast(pa.string()), "") for side in (left, right))
    return pa.array(name_levels(*text_buffers(one), *text_buffers(other)).astype(np.int32))


def splink_records(records: pd.DataFrame) -> pa.Table:
    """Narrow records as Splink takes them: what is missing is null, shareholders are a list."""
    import pyarrow as pa

    columns: dict[str, Any] = {"unique_id": records["row"].to_numpy(dtype=np.int64)}
    for name in _KEYS:
        keys = records[name].to_numpy(dtype=np.int64)
        columns[name] = pa.array(keys, mask=keys == 0)
    columns["person"] = columns["representative_key"]
    columns["place"] = records["place"].to_numpy(dtype=np.int64)
    word = records["word"].to_numpy(dtype=np.int64)
    columns["word"] = pa.array(word, mask=word < 0)
    for name in ("entry", "exit"):
        days = records[name].to_numpy(dtype=np.int64)
        columns[name] = pa.array(days, mask=days == UNKNOWN_DAY)
    lists = records[[f"shareholder_{i}" for i in range(SHAREHOLDER)]].to_numpy(dtype=np.int64)
    ends = np.append(0, np.cumsum((lists != 0).sum(axis=1))).astype(np.int32)
    columns["shareholders"] = pa.ListArray.from_arrays(ends, lists[lists != 0])
    columns["trade_name"] = pa.array([str(name) for name in records["trade_name"].fillna("")], pa.string())
    return pa.table(columns)


def comparison_settings(model: MoveModel | None) -> list[dict[str, Any]]:
    """The comparisons as Splink's settings, with the probabilities of a model or to be estimated."""
    return [_comparison(name, model) for name in AGREEMENT]


def _comparison(name: str, model: MoveModel | None) -> dict[str, Any]:
    null, *conditions = _CONDITIONS[name]
    levels = list(reversed(AGREEMENT[name]))
    rows: list[dict[str, Any]] = [{"sql_condition": null, "label_for_charts": "null", "is_null_level": True}]
    for level, condition in zip(levels, [*conditions, "ELSE"], strict=True):
        row: dict[str, Any] = {"sql_condition": condition, "label_for_charts": level}
        if (name, level) in TERM_FREQUENCY:
            row["tf_adjustment_column"] = TERM_FREQUENCY[name, level]
        if model is not None:
            rank = AGREEMENT[name].index(level)
            row.update(m_probability=model.m[name][rank], u_probability=model.u[name][rank])
        rows.append(row)
    return {"output_column_name": name, "comparison_levels": rows}


def linker(
    connection: duckdb.DuckDBPyConnection, records: pd.DataFrame, model: MoveModel | None, rules: list[tuple[str, ...]]
) -> Linker:
    """A Splink linker over records, with the term frequencies of the whole table."""
    import pyarrow as pa
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    api = DuckDBAPI(connection)
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[*comparison_settings(model)],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
        probability_two_random_records_match=0.01 if model is None else model.prior,
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
        em_convergence=1e-4,
        max_iterations=30,
    )
    found = Linker(api.register(splink_records(records)), settings, log_level=None, validate_settings=False)
    if model is not None:
        for key in dict.fromkeys(TERM_FREQUENCY.values()):
            counts = records.loc[records[key] != 0, [key, f"{key}_n"]].drop_duplicates().sort_values(key)
            shares = counts[f"{key}_n"].to_numpy(dtype=np.float64) / model.totals[key]
            lookup = pa.table({key: counts[key].to_numpy(dtype=np.int64), f"tf_{key}": shares})
            found.table_management.register_term_frequency_lookup(api.register(lookup), key)
    return found


def chance_levels(connection: duckdb.DuckDBPyConnection, records: pd.DataFrame) -> dict[str, tuple[float, ...]]:
    """How often two random records agree at each level, from all pairs of the given records."""
    if len(records) < 2:
        return {}
    found = linker(connection, records, None, [])
    found.training.estimate_u_using_random_sampling(max_pairs=len(records) ** 2, min_count_per_level=None, num_chunks=1)
    return _estimates(found, "u_probability")


def trained_levels(
    connection: duckdb.DuckDBPyConnection, records: pd.DataFrame, session: Session, start: MoveModel
) -> dict[str, tuple[float, ...]]:
    """How often records of one firm agree at each level, by expectation-maximisation with `u` held fixed.

    Comparisons for which the records give no estimate are left out; all are where no pair shares the key.
    """
    from splink.internals.exceptions import EMTrainingException

    if len(records) < 2:
        return {}
    found = linker(connection, records, start, [])
    rule = f"l.{session.key} = r.{session.key} AND l.place <> r.place"
    try:
        found.training.estimate_parameters_using_expectation_maximisation(rule)
    except EMTrainingException:
        return {}
    levels = _estimates(found, "m_probability")
    levels.pop(session.comparison, None)
    return levels


def _estimates(found: Linker, kind: str) -> dict[str, tuple[float, ...]]:
    out: dict[str, tuple[float, ...]] = {}
    for comparison in found.misc.save_model_to_json()["comparisons"]:
        name = comparison["output_column_name"]
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        shares = [level.get(kind) for level in reversed(levels)]
        seen = [share for share in shares if isinstance(share, float)]
        if seen and len(seen) < len(shares):
            seen = [share if isinstance(share, float) else 0.0 for share in shares]  # a level that no pair reached
        if sum(seen) > 0 and len(seen) == len(shares):
            out[name] = tuple(seen)
    return out
