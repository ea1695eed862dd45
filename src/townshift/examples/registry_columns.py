"""Columns that are written alike in every country: dates, sizes, empty cells, identifiers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from townshift.examples.registry_firms import OPEN, Records
from townshift.examples.registry_moves import END
from townshift.examples.registry_noise import Faults
from townshift.examples.registry_sampling import Bools, Ints, Weighted, chance, day_text, digits, fixed_width

CAPITAL_MILLION = (0.03, 0.05, 0.1, 0.3, 0.5, 0.58, 1.0, 1.08, 2.0, 3.0, 5.0, 5.18, 10.0, 20.0, 50.0)
CAPITAL = Weighted((6, 8, 16, 6, 16, 2, 18, 2, 8, 5, 7, 1, 3, 1, 0.5))
TOO_OLD = "1900-01-01"
KINDS_OF_RECORD = pa.array(["firm", "sole_trader", "branch", "cooperative", "other"])
REVERSED_DAYS = 4_000
"""A date that precedes the entry does so by fewer days than this."""


def empty_cells(rng: np.random.Generator, column: pa.Array, empty: Bools, words: Sequence[str | None]) -> pa.Array:
    """The column with one of the registry's ways of saying nothing where `empty`.

    Args:
        rng: the stream.
        column: strings.
        empty: shape (rows,).
        words: what stands for nothing; None = a null.
    """
    rows = int(empty.sum())
    said = pa.array(list(words), pa.string()).take(pa.array(rng.integers(0, len(words), rows)))
    return pc.replace_with_mask(column.cast(pa.string()), pa.array(empty), said)


def replaced(column: pa.Array, mask: Bools, change: Sequence[tuple[str, str]]) -> pa.Array:
    """The column with letters exchanged in the rows of `mask`."""
    some = column.filter(pa.array(mask))
    for old, new in change:
        some = pc.replace_substring(some, old, new)
    return pc.replace_with_mask(column, pa.array(mask), some)


def joined(*parts: pa.Array | str, between: str = "") -> pa.Array:
    """Strings put together row by row; a null makes the whole null."""
    return pc.binary_join_element_wise(*parts, between)


def without_first(column: pa.Array) -> pa.Array:
    """The strings less their first letter; null where nothing is left.

    `binary_join_element_wise` with null_handling="skip" would say the same, but PyArrow 26 drops rows of nulls there.
    """
    text = pc.utf8_slice_codeunits(column, 1)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def record_ids(ids: Ints, letter: str, width: int) -> pa.StringArray:
    """Identifiers such as `R000000042`."""
    text = np.hstack([np.full((len(ids), 1), ord(letter), dtype=np.uint8), digits(ids, width)])
    return fixed_width(text)


def date_columns(rng: np.random.Generator, records: Records, faults: Faults) -> tuple[pa.Array, pa.Array]:
    """`from` and `to` as registered, with missing, shortened, reversed and impossible ones."""
    size = len(records)
    entry, closed = records.entry, records.exit < END
    exit_ = np.where(closed, records.exit, entry)
    reversed_ = closed & chance(rng, size, faults.reversed)
    exit_ = np.where(reversed_, entry - rng.integers(1, REVERSED_DAYS, size), exit_)
    begun, ended = day_text(entry), day_text(exit_)
    short = chance(rng, size, 0.015)
    begun = pc.replace_with_mask(
        begun, pa.array(short), pc.utf8_slice_codeunits(begun.filter(pa.array(short)), 0, int(rng.choice([4, 7])))
    )
    begun = pc.if_else(pa.array(chance(rng, size, faults.too_old)), TOO_OLD, begun)
    begun = pc.if_else(pa.array(chance(rng, size, faults.no_entry)), pa.scalar(None, pa.string()), begun)
    unsaid = ~closed | chance(rng, size, faults.no_exit)
    return begun, pc.if_else(pa.array(unsaid), pa.scalar(None, pa.string()), ended)


def size_columns(rng: np.random.Generator, records: Records) -> tuple[pa.Array, pa.Array]:
    """Employees (mostly unknown) and registered capital, million."""
    size = len(records)
    employees = np.ceil(rng.lognormal(1.6, 1.0, size))
    unknown = chance(rng, size, 0.6)
    capital = np.array(CAPITAL_MILLION)[CAPITAL.draw(rng, size)]
    hidden = (records.form == 1) & chance(rng, size, 0.7) | chance(rng, size, 0.08) | (records.form == 2)
    return pa.array(employees, mask=unknown), pa.array(capital, mask=hidden)


def status_column(rng: np.random.Generator, records: Records, words: Sequence[str]) -> pa.Array:
    """Registered status: `words` = two for existing, two for closed."""
    second = chance(rng, len(records), 0.25).astype(np.int64)
    closed = (records.exit != OPEN) & (records.exit < END)
    return pa.array(list(words)).take(pa.array(second + 2 * closed))
