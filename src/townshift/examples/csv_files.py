"""CSV files of invented studies: the same bytes on every system."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    r"""Write a table as UTF-8 with `\n` as line end; folders are made.

    Example:
        >>> from tempfile import mkdtemp
        >>> path = Path(mkdtemp()) / "data" / "a.csv"
        >>> write_csv(path, ("n", "word"), [(1, "wage")])
        >>> path.read_bytes()
        b'n,word\n1,wage\n'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
