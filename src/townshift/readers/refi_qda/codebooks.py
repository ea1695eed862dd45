"""Read and write a codebook on its own (`.qdc`), as Taguette, ATLAS.ti, MAXQDA, NVivo and others exchange it."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from townshift.errors import Problem
from townshift.readers.refi_qda.archive import Limits, read_markup
from townshift.readers.refi_qda.grammar import CODEBOOK_NAMESPACE
from townshift.readers.refi_qda.loss import LossReport, QdaError
from townshift.readers.refi_qda.model import Codebook, Project
from townshift.readers.refi_qda.parsing import Parser, parse_markup
from townshift.readers.refi_qda.passages import iter_codes
from townshift.readers.refi_qda.projects import count_elements, require_root
from townshift.readers.refi_qda.serialising import Serialiser


@dataclass(frozen=True, slots=True)
class CodebookRead:
    """A codebook and what became of every element of its file."""

    codebook: Codebook
    report: LossReport


def read_codebook(path: str | Path, limits: Limits | None = None) -> CodebookRead:
    """Read a REFI-QDA codebook.

    Args:
        path: the `.qdc`.
        limits: how large it may be.

    Returns:
        The codebook, and a report of what was lost, changed or read on an assumption.

    Raises:
        QdaError: no such file, a document type declaration, not well-formed, no codebook.
    """
    path = Path(path)
    report = LossReport()
    root = parse_markup(read_markup(path, limits or Limits()), path.name, report)
    namespace = require_root(root, "CodeBook", CODEBOOK_NAMESPACE, path.name, report)
    count_elements(root, report)
    parser = Parser(namespace, report)
    codebook: Codebook = parser.element(root, "CodeBook", "CodeBook")
    parser.references.tell(report)
    if not codebook.codes:
        report.lose("TS-QDA-025", "CodeBook")
    return CodebookRead(codebook, report)


def codebook_of(project: Project) -> Codebook:
    """The codebook of a project, with its sets of codes.

    Example:
        >>> from townshift.readers.refi_qda.model import Code
        >>> codebook_of(Project(name="Towns", codes=(Code(guid="1", name="wages"),))).codes[0].name
        'wages'
    """
    return Codebook(origin=project.origin, codes=project.codes, sets=tuple(one for one in project.sets if one.codes))


def write_codebook(codebook: Codebook, path: str | Path, foreign: bool = False) -> LossReport:
    """Write a codebook; the format has no memos of codes and no sources or memos in sets.

    Args:
        codebook: what to write; of a project, `codebook_of(project)`.
        path: the `.qdc`.
        foreign: also write what the standard does not know.

    Returns:
        What could not be written.

    Raises:
        QdaError: the codebook has no code, which the format does not allow, or the file cannot be written.
    """
    path = Path(path)
    if not codebook.codes:
        raise QdaError(Problem("TS-QDA-052", path.name))
    report = LossReport()
    _tell_unsayable(codebook, report)
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                writer = Serialiser(CODEBOOK_NAMESPACE, report, foreign)
                writer.write(codebook, "CodeBook", stream)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        finally:
            with suppress(FileNotFoundError):
                Path(name).unlink()
    except OSError as problem:
        raise QdaError(Problem("TS-QDA-050", path.name, {"reason": problem.strerror or "?"})) from problem
    writer.references.tell(report)
    return report


def _tell_unsayable(codebook: Codebook, report: LossReport) -> None:
    for code, _ in iter_codes(codebook.codes):
        for _ in code.notes:
            report.lose("TS-QDA-053", "Code", code.guid, what="NoteRef")
    for group in codebook.sets:
        for what, members in (("MemberSource", group.sources), ("MemberNote", group.notes)):
            for _ in members:
                report.lose("TS-QDA-053", "Set", group.guid, what=what)
