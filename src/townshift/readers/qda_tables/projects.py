"""Study tables as a qualitative project, new or laid over the one that the tables came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from townshift.readers.qda_tables.frames import to_tables
from townshift.readers.qda_tables.keys import Keys, text_of
from townshift.readers.qda_tables.making import Maker, Rows
from townshift.readers.refi_qda.anchors import with_text
from townshift.readers.refi_qda.loss import LossReport
from townshift.readers.refi_qda.model import PdfSource, PictureSource, Project, Source

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class ProjectMade:
    """A project made from tables, and what of the tables it cannot hold."""

    project: Project
    report: LossReport


def from_tables(
    tables: Mapping[str, pd.DataFrame],
    texts: Mapping[str, str] | None = None,
    base: Project | None = None,
    salt: bytes = b"",
    names_are_codes: bool = False,
) -> ProjectMade:
    """A project that other programs can read, from the tables of a study.

    With `base`, the project that the tables came from, everything that no table changes stays as it was: GUIDs, times,
    rectangles, graphs, names. Codings missing from the table are taken out; codes and memos missing from it stay.
    Without it a project is made whose GUIDs depend on the ids alone; ids that are GUIDs are kept.

    Args:
        tables: `codings`, and as far as there are any `documents`, `codes`, `memos`, `participants`, `statements`.
        texts: document → its text. Where it differs from that of `base`, old passages move with their words, and
            positions of new codings count in the new text.
        base: the project that the tables came from.
        salt: the salt that `to_tables` was given; needed with `base` unless names are codes.
        names_are_codes: as `to_tables` was told.

    Returns:
        The project, and what could not be said in it.

    Example:
        >>> import pandas as pd
        >>> codings = pd.DataFrame({"coding_id": ["1"], "document": ["a.txt"], "code": ["pay"], "coder": ["A"],
        ...                         "start": [4], "end": [9]})
        >>> made = from_tables({"codings": codings}, {"a.txt": "the wages fall"}).project
        >>> made.codes[0].name, made.sources[0].selections[0].name
        ('pay', 'wages')
    """
    before = base if base is not None else Project(name="townshift", origin="townshift")
    keys, report = Keys(before, salt, names_are_codes), LossReport()
    maker = Maker(_with_texts(keys, texts or {}, report), keys, dict(texts or {}), report)
    rows = {table: _rows(frame) for table, frame in tables.items()}
    shown = {table: _rows(frame) for table, frame in to_tables(before, salt, names_are_codes).items()}
    maker.documents(rows.get("documents", []), rows.get("codings", []))
    maker.codes(rows.get("codes", []), rows.get("codings", []), shown["codes"])
    if "codings" in rows:
        maker.codings(rows["codings"], shown["codings"])
    maker.participants(rows.get("participants", []))
    maker.memos(rows.get("memos", []), shown["memos"])
    maker.statements(rows.get("statements", []))
    return ProjectMade(maker.project(), maker.report)


def _with_texts(keys: Keys, texts: Mapping[str, str], report: LossReport) -> Project:
    """The project with the texts that documents have now; transcripts keep theirs, their sync points are not known."""

    def changed(source: Source) -> Source:
        text, held = texts.get(keys.document(source)), text_of(source)
        if text is None or held is None or held.text == text:
            return source
        new = with_text(held, text, report)
        if isinstance(source, PdfSource):
            return replace(source, representation=new)
        return replace(source, text_description=new) if isinstance(source, PictureSource) else new

    return replace(keys.project, sources=tuple(changed(one) for one in keys.project.sources))


def _rows(frame: pd.DataFrame) -> Rows:
    plain = frame.astype(object).where(frame.notna(), None)  # type: ignore[call-overload]
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]
