"""What every floor shares: estimates with their uncertainty and lineage, parameters, the chunk mapper.

Nothing here knows a file, a study or an engine.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

LEVEL = 0.90
"""Probability inside every interval that townshift prints, unless a column `level` says otherwise."""

N_DRAWS = 400
"""Joint, seeded draws per estimate: uncertainty travels as draws and is summarised last."""

BASE_SETTING = "base"
"""Name of the setting whose numbers are shown; the others only test whether a verdict is fragile."""

Kind = Literal["observed", "estimated", "bridged", "simulated"]

ESTIMATE_COLUMNS: tuple[str, ...] = (
    "estimate_id",
    "measure",
    "place_id",
    "year_from",
    "year_to",
    "group",
    "setting",
    "unit",
    "value",
    "low",
    "high",
    "level",
    "n",
    "n_lineages",
    "kind",
    "flags",
)
"""Columns of every table of estimates, in this order. `flags` is one string, words separated by `;`."""

LINEAGE_COLUMNS: tuple[str, ...] = ("estimate_id", "table", "row_id", "share")
"""Columns of every lineage table: which published rows an estimate rests on, and how much (shares sum to 1)."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval `[low, high]` that holds the quantity with probability `level`."""

    low: float
    high: float
    level: float = LEVEL


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number of a result with its uncertainty; the row of every table of estimates.

    Years are inclusive calendar years; a stock is that of 31 December. `n` counts the rows used, `n_lineages` the
    independent originals among them. `value` is the median of the draws.
    """

    measure: str
    place_id: str
    year_from: int
    year_to: int
    unit: str
    value: float
    low: float
    high: float
    group: str = ""
    setting: str = BASE_SETTING
    level: float = LEVEL
    n: int = 0
    n_lineages: int = 0
    kind: Kind = "estimated"
    flags: tuple[str, ...] = ()

    @property
    def estimate_id(self) -> str:
        """The id, built from the keys and never from a row number."""
        return estimate_id(self.measure, self.place_id, self.year_from, self.year_to, self.group, self.setting)

    def row(self) -> dict[str, Any]:
        """The estimate as a row with `ESTIMATE_COLUMNS`."""
        values: dict[str, Any] = {name: getattr(self, name) for name in ESTIMATE_COLUMNS}
        values["flags"] = ";".join(self.flags)
        return values


def estimate_id(
    measure: str, place_id: str, year_from: int, year_to: int, group: str = "", setting: str = BASE_SETTING
) -> str:
    """Build the id of an estimate from its keys.

    Example:
        >>> estimate_id("pieces_produced", "zhili", 2014, 2014)
        'pieces_produced@zhili/2014'
        >>> estimate_id("growth", "zhili", 2006, 2019, group="sales", setting="pure_bounds")
        'growth[sales]@zhili/2006-2019~pure_bounds'
    """
    years = f"{year_from}" if year_from == year_to else f"{year_from}-{year_to}"
    bracket = f"[{group}]" if group else ""
    tail = "" if setting == BASE_SETTING else f"~{setting}"
    return f"{measure}{bracket}@{place_id}/{years}{tail}"


@dataclass(frozen=True)
class Estimates:
    """A table of estimates with its draws and its lineage; a step may return one under its own name.

    The engine stores three tables: `<name>`, `<name>_draws` and `<name>_lineage`.

    Attributes:
        table: one row per estimate, `ESTIMATE_COLUMNS` first, further columns allowed.
        draws: shape (rows of `table`, `N_DRAWS`); row i belongs to row i of `table`. NaN rows where none exist.
        lineage: `LINEAGE_COLUMNS`; one row per estimate and published row.
    """

    table: pd.DataFrame
    draws: npt.NDArray[np.float64]
    lineage: pd.DataFrame


class Parameters(BaseModel):
    """Base of every step's parameters: frozen, and a misspelt name is an error.

    Values come from `[parameters.<step>]` of `study.toml`; the command line wins, the class default is last.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


Item = TypeVar("Item")
Result = TypeVar("Result")


class ChunkMapper(Protocol):
    """Applies a function to chunks of seeds, in processes or on a cluster, and joins the answers in order."""

    def __call__(
        self, function: Callable[[Sequence[int]], list[Result]], seeds: Sequence[int], chunk_size: int
    ) -> list[Result]:
        """Return `function` of every seed, in the order of `seeds`, whatever the number of workers."""
        ...


def serial(function: Callable[[Sequence[int]], list[Result]], seeds: Sequence[int], chunk_size: int) -> list[Result]:
    """Apply `function` chunk by chunk in this process: the default `ChunkMapper`.

    Example:
        >>> serial(lambda chunk: [seed * seed for seed in chunk], [1, 2, 3], chunk_size=2)
        [1, 4, 9]
    """
    out: list[Result] = []
    for start in range(0, len(seeds), chunk_size):
        out.extend(function(seeds[start : start + chunk_size]))
    return out


def keyed_seed(seed: int, *keys: str) -> list[int]:
    """Derive the entropy of a random stream from the study's seed and the names of what is drawn.

    A stream depends on its own keys only, so that a further series, worker or step changes no other draw. Pass the
    result to `numpy.random.default_rng`.

    Example:
        >>> keyed_seed(7, "series", "zhili", "sales") == keyed_seed(7, "series", "zhili", "sales")
        True
    """
    return [seed, *(zlib.crc32(key.encode("utf-8")) for key in keys)]


@dataclass(frozen=True, slots=True)
class Focus:
    """What a study is about, as its steps may ask: a step takes it under the parameter name `focus`."""

    place_id: str
    industry: str
    year_from: int
    year_to: int
    seed: int
    languages: tuple[str, ...] = ("en",)
    privacy_threshold: int = 5
    projection: str = ""
    titles: dict[str, str] = field(default_factory=dict)
