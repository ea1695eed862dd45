"""What a user may set of the search for moves, and what a move is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from townshift.types import Parameters

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    BatchFunction = Callable[[Iterator[pa.RecordBatch]], Iterable[pa.RecordBatch]]

KINDS: tuple[str, ...] = ("relocation", "branch", "return_entrepreneurship", "outsourcing")
"""Kinds of moves, in the order of every matrix of probabilities; `look_alike` follows them as the last column."""

LOOK_ALIKE = "look_alike"
"""What a pair is that is no move: two records that agree by chance, by fashion or through an agent."""


class MovesParameters(Parameters):
    """Parameters of the step `moves`.

    Attributes:
        max_group: records that may share one blocking key before the key is narrowed by a second one.
        max_group_narrowed: the same for a key and its second key together; larger groups are dropped and reported.
        max_gap_days: days that may pass between the end of the origin and the start of the destination.
        training_pairs: pairs of records, drawn by digest, from which agreement by chance (u) is estimated.
        training_records: records, drawn by digest of their key, on which each session of expectation-maximisation runs.
        report_probability: pairs less probable than this are not written; the sums of probabilities leave them out.
        review_low: lowest probability of a pair that a person is asked about.
        review_high: highest probability of a pair that a person is asked about.
        review_pairs: pairs on the sheet at most, those nearest to one half first.
        shift_sd: how far all log odds may be off together before answers say more, as a standard deviation.
        slope_sd: how far log odds may be too extreme or too timid, as a standard deviation of their factor.
    """

    max_group: int = Field(default=40, ge=2)
    max_group_narrowed: int = Field(default=60, ge=2)
    max_gap_days: int = Field(default=1461, ge=0)
    training_pairs: int = Field(default=2_000_000, ge=1_000)
    training_records: int = Field(default=40_000, ge=1_000)
    report_probability: float = Field(default=0.01, ge=0, lt=1)
    review_low: float = Field(default=0.2, ge=0, le=1)
    review_high: float = Field(default=0.8, ge=0, le=1)
    review_pairs: int = Field(default=500, ge=0)
    shift_sd: float = Field(default=0.5, gt=0)
    slope_sd: float = Field(default=0.2, gt=0)


@dataclass(frozen=True, slots=True)
class TableMethods:
    """The two things that a measure of registry scale asks of an engine, so that it need not know one.

    Attributes:
        frame: a table in memory; the order of its rows is not promised.
        map_batches: a function of Arrow batches applied to a table, with the schema of its answer; the answer is
            kept, so it is also how an intermediate table is computed only once.
    """

    frame: Callable[[Any], pd.DataFrame]
    map_batches: Callable[[Any, BatchFunction, pa.Schema], Any]
