"""Results of a study as tables in memory, read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.engine.store import RESULTS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Results(Mapping[str, "pd.DataFrame"]):
    """What a run stored: table name → pandas frame, with the dtypes of `townshift.engine.frame`.

    Each access reads the file anew; nothing is kept.
    """

    def __init__(self, out: Path) -> None:
        self._folder = out / RESULTS

    def __getitem__(self, table: str) -> pd.DataFrame:
        """The table in memory.

        Raises:
            KeyError: no step stored such a table.
        """
        from townshift.engine.tables import frame_of

        return frame_of(self.arrow(table))

    def arrow(self, table: str) -> pa.Table:
        """The table as Arrow, as it is stored.

        Raises:
            KeyError: no step stored such a table.
        """
        import pyarrow.parquet as pq

        path = self._folder / f"{table}.parquet"
        if not path.is_file():
            raise KeyError(table)
        return pq.read_table(path)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(path.stem for path in self._folder.glob("*.parquet") if not path.name.startswith(".")))

    def __len__(self) -> int:
        return sum(1 for _ in self)
