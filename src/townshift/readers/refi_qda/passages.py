"""Walks through a project, and the check of its passages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from townshift.readers.refi_qda.loss import LossReport
from townshift.readers.refi_qda.model import (
    Code,
    Coding,
    MediaSelection,
    MediaSource,
    PdfSelection,
    PdfSource,
    PictureSelection,
    PictureSource,
    Project,
    Source,
    TextSelection,
    TextSource,
    Transcript,
    TranscriptSelection,
)

Selection: TypeAlias = TextSelection | PictureSelection | PdfSelection | MediaSelection | TranscriptSelection
"""Any kind of selection."""


class Coded(NamedTuple):
    """A coding where it stands.

    Attributes:
        source: the source it belongs to; a memo is one too.
        holder: the text, transcript or source that carries the selection.
        selection: the coded selection; None = the whole source.
        coding: the coding.
    """

    source: Source
    holder: Source | Transcript
    selection: Selection | None
    coding: Coding


def iter_codes(codes: tuple[Code, ...], parent: Code | None = None) -> Iterator[tuple[Code, Code | None]]:
    """Every code with its parent, in the order of the codebook.

    Example:
        >>> from townshift.readers.refi_qda.model import Code
        >>> tree = (Code(guid="1", name="work", children=(Code(guid="2", name="wages"),)),)
        >>> [(code.name, parent and parent.name) for code, parent in iter_codes(tree)]
        [('work', None), ('wages', 'work')]
    """
    for code in codes:
        yield code, parent
        yield from iter_codes(code.children, code)


def iter_holders(source: Source) -> Iterator[Source | Transcript]:
    """A source and the texts inside it: description of a picture, text of a PDF and its selections, transcripts."""
    yield source
    if isinstance(source, PictureSource) and source.text_description is not None:
        yield source.text_description
    elif isinstance(source, PdfSource):
        if source.representation is not None:
            yield source.representation
        for selection in source.selections:
            if selection.representation is not None:
                yield selection.representation
    elif isinstance(source, MediaSource):
        yield from source.transcripts


def iter_codings(project: Project) -> Iterator[Coded]:
    """Every coding of a project, memos included, in the order of the file."""
    for source in (*project.sources, *project.notes):
        for holder in iter_holders(source):
            for selection in holder.selections:
                for coding in selection.codings:
                    yield Coded(source, holder, selection, coding)
            if not isinstance(holder, Transcript):
                for coding in holder.codings:
                    yield Coded(source, holder, None, coding)


def check_passages(project: Project, report: LossReport) -> None:
    """Report passages that reach beyond their text, run backwards, or cut a line end in two."""
    for source in (*project.sources, *project.notes):
        for holder in iter_holders(source):
            if isinstance(holder, TextSource) and holder.text is not None:
                _check(holder, holder.text, report)
            elif isinstance(holder, Transcript) and holder.text is not None:
                for point in holder.sync_points:
                    if point.position is not None and not 0 <= point.position <= len(holder.text):
                        report.lose("TS-QDA-033", "SyncPoint", point.guid)


def _check(source: TextSource, text: str, report: LossReport) -> None:
    length, has_cr = len(text), "\r\n" in text
    for one in source.selections:
        if one.start is None or one.end is None or not 0 <= one.start <= one.end <= length:
            report.lose("TS-QDA-033", "PlainTextSelection", one.guid)
        elif has_cr and "\r\n" in (
            text[max(one.start - 1, 0) : one.start + 1],
            text[max(one.end - 1, 0) : one.end + 1],
        ):
            report.lose("TS-QDA-034", "PlainTextSelection", one.guid)
