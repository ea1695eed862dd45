"""What the pipeline wrote, read back table by table; a missing table is `None`, never an error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from townshift.types import BASE_SETTING

if TYPE_CHECKING:
    import pandas as pd

Record: TypeAlias = Any
"""A row of a table as `DataFrame.itertuples` gives it: its attributes are the columns, so it has no static type."""


def records(table: pd.DataFrame) -> Iterator[Record]:
    """The rows of a table, one after the other."""
    yield from table.itertuples(index=False)


class Results:
    """The folder `out/` of a study: results, cleaned input tables, provenance.

    Args:
        out: the folder itself.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self._read: dict[Path, pd.DataFrame | None] = {}
        record = out / "run.json"
        self.run: dict[str, Any] = json.loads(record.read_text("utf-8")) if record.is_file() else {}

    def result(self, name: str) -> pd.DataFrame | None:
        """A table that a step wrote, or `None` where it was not studied."""
        return self._table(self.out / "results" / f"{name}.parquet")

    def input(self, name: str) -> pd.DataFrame | None:
        """A cleaned table of the study, or `None` where the study has none.

        A table with personal columns lies in `private/`; what is shown of it is for the caller to choose.
        """
        shared = self._table(self.out / "tables" / f"{name}.parquet")
        return self._table(self.out.parent / "private" / "tables" / f"{name}.parquet") if shared is None else shared

    def rows(self, name: str) -> pd.DataFrame | None:
        """A result with at least one row, else `None`."""
        found = self.result(name)
        return None if found is None or found.empty else found

    def estimates(self, name: str, setting: str = BASE_SETTING) -> pd.DataFrame | None:
        """Estimates of one setting that have a value; `None` where there is none."""
        found = self.rows(name)
        if found is None:
            return None
        shown = found[(found["setting"] == setting) & found["value"].notna()]
        return None if shown.empty else shown

    def lacking(self, step: str) -> list[str]:
        """Tables of the study for want of which a step was not run, as `run.json` records them."""
        reasons = self.run.get("steps", {}).get(step, {}).get("reasons") or []
        return [str(reason.get("name")) for reason in reasons if reason.get("kind") == "no_table"]

    def _table(self, path: Path) -> pd.DataFrame | None:
        if path not in self._read:
            self._read[path] = _read(path) if path.is_file() else None
        return self._read[path]


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    nullable = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame: pd.DataFrame = pq.read_table(path).to_pandas(types_mapper=nullable.get)
    return frame


def text_of(value: object) -> str:
    """A cell as text; empty where it is null.

    Example:
        >>> text_of(None), text_of(float("nan")), text_of("a")
        ('', '', 'a')
    """
    shown = str(value)
    return "" if shown in ("None", "nan", "<NA>", "NaT") else shown
