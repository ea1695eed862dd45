"""Rows that an import could not read: `out/quarantine/import_<table>.csv`, with file, line and reason."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from townshift.engine.atomic import remove, writing
from townshift.locales import text
from townshift.readers.loss import LossReport
from townshift.study.schemas import schema


def import_quarantine_file(out: Path, table: str) -> Path:
    """Where the rows of a table that an import set aside lie."""
    return out / "quarantine" / f"import_{table}.csv"


class Quarantine:
    """Rows set aside, written in the order of their lines.

    Columns: `file`, `line`, `reason`, `why` (in words), then the table's columns that are never personal. They are
    filled only where it is certain which cell is which: in a row of the wrong width any cell may be a name.
    """

    def __init__(self, handle: IO[bytes], table: str, report: LossReport) -> None:
        self._columns = [one.name for one in schema(table).fields if not one.personal and one.name != "record_id"]
        self._writer = csv.writer(codecs.getwriter("utf-8-sig")(handle), lineterminator="\n")
        self._writer.writerow(["file", "line", "reason", "why", *self._columns])
        self._report = report
        self._waiting: list[tuple[int, list[object]]] = []

    def row(self, file: str, line: int, reason: str, cells: Mapping[str, str | None] | None = None) -> None:
        """Set one row of the block at hand aside."""
        self._report.set_aside[reason] += 1
        self._report.rows_read += 1
        shown = [(cells or {}).get(name) or "" for name in self._columns]
        self._waiting.append((line, [file, line, reason, text(f"readers.reason.{reason}"), *shown]))

    def flush(self) -> None:
        """Write the rows of a block out, by line."""
        self._waiting.sort(key=lambda one: one[0])
        self._writer.writerows(row for _, row in self._waiting)
        self._waiting.clear()


@contextmanager
def quarantine(out: Path, table: str, report: LossReport) -> Iterator[Quarantine]:
    """A quarantine for one table; the file is there when the block ends well, and only if a row was set aside.

    Raises:
        EngineError: it cannot be written.
    """
    target = import_quarantine_file(out, table)
    before = report.set_aside.total()
    with writing(target) as handle:
        aside = Quarantine(handle, table, report)
        yield aside
        aside.flush()
    if report.set_aside.total() == before:
        remove(target)
