"""Projects of the Discourse Network Analyzer (`.dna`, SQLite): documents and statements with all their variables.

Versions 2 and 3 store short texts in three ways (the text itself, or the number of an attribute or an entity) and
variables in two (directly, or through a role); what a file has is looked up, not guessed from its version.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from townshift.errors import Problem, StudyError

_DATA = ("DATASHORTTEXT", "DATALONGTEXT", "DATABOOLEAN", "DATAINTEGER")
_NEEDED = ("DOCUMENTS", "STATEMENTS", "STATEMENTTYPES", "VARIABLES")


@dataclass(frozen=True, slots=True)
class DnaStatement:
    """A statement: a passage with the values of its variables.

    Attributes:
        number: in the file.
        type: name of its statement type.
        document: number of its document.
        start, end: codepoints of the document's text, half-open; `None` where they lie outside it.
        coder: number of the coder.
        values: variable → value; texts, whole numbers, and booleans as 0 or 1.
    """

    number: int
    type: str
    document: int
    start: int | None
    end: int | None
    coder: int
    values: dict[str, str | int]


@dataclass(frozen=True, slots=True)
class DnaDocument:
    """A document with what was noted of it; `date` is YYYY-MM-DD or ""."""

    number: int
    title: str
    text: str
    date: str
    author: str
    source: str
    section: str
    notes: str
    kind: str


@dataclass(frozen=True, slots=True)
class DnaProject:
    """All of a file: documents, statements, variables by statement type, and what could not be read."""

    documents: tuple[DnaDocument, ...]
    statements: tuple[DnaStatement, ...]
    variables: dict[str, dict[str, str]]
    problems: tuple[Problem, ...] = field(default=())


def read_dna(path: Path) -> DnaProject:
    """Read a project of the Discourse Network Analyzer.

    Positions are UTF-16 units in the file, as Java counts, and codepoints here. The file is opened read-only.

    Args:
        path: the `.dna` file.

    Returns:
        The project; unknown kinds of data are told and the rest is read.

    Raises:
        StudyError: no such file, no SQLite database, or not one of this program.
    """
    if not path.is_file():
        raise StudyError(Problem("TS-DNA-001", path.name))
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)) as base:
            return _Reader(base, path.name).project()
    except sqlite3.DatabaseError as error:
        raise StudyError(Problem("TS-DNA-002", path.name)) from error


class _Reader:
    def __init__(self, base: sqlite3.Connection, name: str) -> None:
        self.base, self.name = base, name
        base.text_factory = lambda data: data.decode("utf-8", "replace")
        found = base.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        self.tables = {str(one[0]).upper() for one in found}
        missing = [one for one in _NEEDED if one not in self.tables]
        if missing:
            raise StudyError(Problem("TS-DNA-003", name, {"tables": ", ".join(missing)}))
        self.problems: list[Problem] = []

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table, columns by their names in lower case."""
        if table not in self.tables:
            return []
        cursor = self.base.execute(f"SELECT * FROM {table}")
        names = [str(one[0]).lower() for one in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def project(self) -> DnaProject:
        types = {row["id"]: str(row.get("label") or row["id"]) for row in self.rows("STATEMENTTYPES")}
        variables = {row["id"]: row for row in self.rows("VARIABLES")}
        by_type: dict[str, dict[str, str]] = {}
        for row in variables.values():
            of = types.get(row.get("statementtypeid"), "")
            by_type.setdefault(of, {})[str(row["variable"])] = str(row.get("datatype") or "")
        documents = [self._document(row) for row in sorted(self.rows("DOCUMENTS"), key=lambda one: one["id"])]
        texts = {one.number: one.text for one in documents}
        values = self._values(variables)
        statements = [
            self._statement(row, types, texts, values.get(row["id"], {}))
            for row in sorted(self.rows("STATEMENTS"), key=lambda one: one["id"])
        ]
        outside = sum(one.start is None for one in statements)
        if outside:
            self.problems.append(Problem("TS-DNA-005", self.name, {"n": outside}, "warning"))
        return DnaProject(tuple(documents), tuple(statements), by_type, tuple(self.problems))

    def _document(self, row: dict[str, Any]) -> DnaDocument:
        told = {name: str(row.get(name) or "") for name in ("title", "text", "author", "source", "section", "notes")}
        text = told.pop("text").replace("\r\n", "\n").replace("\r", "\n")
        return DnaDocument(
            number=int(row["id"]), text=text, date=_day(row.get("date")), kind=str(row.get("type") or ""), **told
        )

    def _statement(
        self, row: dict[str, Any], types: dict[Any, str], texts: dict[int, str], values: dict[str, str | int]
    ) -> DnaStatement:
        number = int(row.get("documentid") or -1)
        start, end = _codepoints(texts.get(number, ""), row.get("start"), row.get("stop"))
        kind = types.get(row.get("statementtypeid"), "")
        return DnaStatement(int(row["id"]), kind, number, start, end, int(row.get("coder") or 0), values)

    def _values(self, variables: dict[Any, dict[str, Any]]) -> dict[int, dict[str, str | int]]:
        named = {
            row["id"]: str(row.get("value") or "") for table in ("ATTRIBUTES", "ENTITIES") for row in self.rows(table)
        }
        links = {row["id"]: row.get("variableid") for row in self.rows("ROLEVARIABLELINKS")}
        out: dict[int, dict[str, str | int]] = {}
        unknown: Counter[str] = Counter()
        for table in _DATA:
            for row in self.rows(table):
                variable = row.get("variableid", links.get(row.get("rolevariablelinkid")))
                if variable not in variables:
                    unknown[table] += 1
                    continue
                value = row.get("entity", row.get("value"))
                if table == "DATASHORTTEXT" and isinstance(value, int):
                    value = named.get(value, "")
                name = str(variables[variable]["variable"])
                plain = value if isinstance(value, int) else str(value or "")
                out.setdefault(int(row["statementid"]), {})[name] = plain
        known = {*_DATA, *_NEEDED}
        strange = sorted(one for one in self.tables - known if one.startswith("DATA"))
        for table in strange:
            unknown[table] += len(self.rows(table))
        for table, n in sorted(unknown.items()):
            if n:
                self.problems.append(Problem("TS-DNA-004", self.name, {"table": table, "n": n}, "warning"))
        return out


def _day(stamp: object) -> str:
    """Seconds or milliseconds since 1970 as a day.

    Example:
        >>> _day(1318636800), _day(1318636800000), _day(None)
        ('2011-10-15', '2011-10-15', '')
    """
    if not isinstance(stamp, int):
        return ""
    # No date that anybody codes lies beyond the year 5138, where seconds reach this number.
    seconds = stamp / 1000 if abs(stamp) > 10**11 else stamp
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return ""


def _codepoints(text: str, start: object, stop: object) -> tuple[int | None, int | None]:
    r"""UTF-16 units as codepoints; none where they lie outside the text or cut a character.

    Example:
        >>> _codepoints("a\U0001f9f5b", 1, 3), _codepoints("abc", 2, 9)
        ((1, 2), (None, None))
    """
    if not isinstance(start, int) or not isinstance(stop, int) or not 0 <= start < stop:
        return None, None
    if text.isascii() or max(text) < "\U00010000":
        return (start, stop) if stop <= len(text) else (None, None)
    units = text.encode("utf-16-le")
    if stop * 2 > len(units):
        return None, None
    try:
        before = units[: start * 2].decode("utf-16-le")
        inside = units[start * 2 : stop * 2].decode("utf-16-le")
    except UnicodeDecodeError:
        return None, None
    return len(before), len(before) + len(inside)
