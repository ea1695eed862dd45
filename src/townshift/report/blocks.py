"""What a section of the page is made of; each block knows both languages and no file."""

from __future__ import annotations

import base64
import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from townshift.report.style import Drawing
from townshift.report.words import Words, code, plain, say

if TYPE_CHECKING:
    from townshift.report.results import Results


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: what is shown, and the value that the CSV holds (what is shown, if `None`).

    Attributes:
        shade: -1..1 colours the cell (below 0 against, above 0 for); `None` leaves it white.
        anchor: id of a place in the page that the cell links to.
        url: web address that the cell links to.
        name: id of the cell, for others to link to.
    """

    shown: Words
    value: object = None
    shade: float | None = None
    anchor: str = ""
    url: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; numbers stand to the right, `lang_en` marks text in English only, `wide` whole sentences."""

    title: Words
    number: bool = False
    lang_en: bool = False
    wide: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its CSV.

    Attributes:
        name: file name of the CSV, without ending; unique in the page.
        heat: shown as a matrix of shaded cells.
    """

    name: str
    caption: Words
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    heat: bool = False

    def csv_uri(self, language: str) -> str:
        """The table as a `data:` address of a CSV file that a spreadsheet opens with Chinese intact."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\r\n")
        writer.writerow([column.title.of(language) for column in self.columns])
        for row in self.rows:
            writer.writerow([_inert(_raw(cell, language)) for cell in row])
        encoded = base64.b64encode(buffer.getvalue().encode("utf-8-sig")).decode("ascii")
        return f"data:text/csv;charset=utf-8;base64,{encoded}"


@dataclass(frozen=True)
class Panel:
    """One of the small pictures of a figure, with its own title, unit and remarks."""

    drawing: Drawing
    title: Words = field(default_factory=lambda: plain(""))
    unit: Words = field(default_factory=lambda: plain(""))
    remarks: Sequence[Words] = ()


@dataclass(frozen=True)
class Figure:
    """A figure: panels, how to read them, the source line, and the numbers behind them.

    Attributes:
        name: id in the page.
        alt: what a reader who cannot see it should know.
        legend: keys of `report.legend.*` that the figure needs.
        wide: one picture over the whole width, scrolled on a narrow screen.
    """

    name: str
    title: Words
    alt: Words
    panels: Sequence[Panel]
    table: Table
    source: Words
    legend: Sequence[str] = ()
    notes: Sequence[Words] = ()
    wide: bool = False


@dataclass(frozen=True)
class Matrix:
    """A table of counts or stances that is its own picture: shaded cells with the numbers in them."""

    name: str
    title: Words
    table: Table
    source: Words
    notes: Sequence[Words] = ()
    legend: Sequence[str] = ()


@dataclass(frozen=True)
class Listing:
    """A plain table under a title."""

    name: str
    title: Words
    table: Table
    notes: Sequence[Words] = ()
    source: Words = field(default_factory=lambda: plain(""))
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph; `missing` marks what was not studied."""

    text: Words
    missing: bool = False


Block = Figure | Matrix | Listing | Note


@dataclass(frozen=True)
class Section:
    """A section of the page: id, title, an opening sentence, blocks."""

    name: str
    title: Words
    lead: Words
    blocks: Sequence[Block]


def absent(results: Results, table: str) -> Note:
    """Says of a result that it was not studied and which table of the study it lacks, or that nothing came of it."""
    if results.result(table) is None:
        lacking = results.lacking(table)
        if lacking:
            tables = ", ".join(lacking)
            return Note(say("missing.needs", title=code("result", table), tables=tables), missing=True)
        return Note(say("missing.table", table=table), missing=True)
    return Note(say("missing.empty", title=code("result", table)), missing=True)


def cell(shown: object, value: object = None, **more: object) -> Cell:
    """A cell from anything that can be shown."""
    return Cell(plain(shown), value, **more)  # type: ignore[arg-type]


def _inert(raw: str) -> str:
    """Text that a spreadsheet would run as a formula, marked as text; numbers stay numbers."""
    if not raw.startswith(("=", "+", "-", "@", "\t", "\r")):
        return raw
    try:
        float(raw)
    except ValueError:
        return f"'{raw}"
    return raw


def _raw(one: Cell, language: str) -> str:
    if one.value is None:
        return one.shown.of(language)
    if isinstance(one.value, Words):
        return one.value.of(language)
    return "" if isinstance(one.value, float) and math.isnan(one.value) else str(one.value)
