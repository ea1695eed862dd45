"""Rows that an import brings into a study's CSV tables: those of the same key are replaced, all others stay."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from townshift.engine.atomic import write_text


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV table, texts as they stand; none where there is no such file.

    Example:
        >>> read_rows(Path("no") / "such.csv")
        []
    """
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def merge_rows(
    path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, object]], key: str, replaced: Set[str]
) -> None:
    """Write rows into a table, in place of those whose `key` is in `replaced`; unknown columns stay as they are.

    Args:
        path: the CSV file; made if need be.
        columns: of the table, in order.
        rows: to be written; missing values are `None` or "".
        key: column that tells which old rows go.
        replaced: its values.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "codes.csv"
        >>> merge_rows(path, ["code", "name"], [{"code": "a", "name": "old"}, {"code": "b"}], "code", set())
        >>> merge_rows(path, ["code", "name"], [{"code": "a", "name": "new"}], "code", {"a"})
        >>> path.read_text().split()
        ['code,name', 'b,', 'a,new']
    """
    kept: list[Mapping[str, object]] = []
    header = list(columns)
    if path.is_file():
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            header += [name for name in reader.fieldnames or [] if name not in header]
            kept = [dict(row) for row in reader if row.get(key) not in replaced]
    out = io.StringIO()
    writer = csv.DictWriter(out, header, restval="", lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows([*kept, *rows])
    write_text(path, out.getvalue())
