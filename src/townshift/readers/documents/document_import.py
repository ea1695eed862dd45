"""`townshift import documents`: files into `documents/` and rows of `documents` and `speech_turns`.

The text that codings count their characters in is stored as UTF-8 beside the original, so that another version of a
library that reads docx or pdf moves no coding.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from townshift.engine.atomic import write_text
from townshift.engine.lock import run_lock
from townshift.errors import Problem, StudyError
from townshift.locales import text
from townshift.readers.documents.reading import TextDocument, read_document
from townshift.readers.study_rows import merge_rows
from townshift.study.manifest import MANIFEST
from townshift.study.schemas import schema

ORIGINALS = "originals"
SPEAKERS = "speakers.csv"


@dataclass(frozen=True)
class DocumentsReport:
    """What an import of documents did.

    Attributes:
        read: documents taken in: name, characters, language, turns, speakers.
        problems: what could not be read, file by file.
    """

    read: list[tuple[str, int, str, int, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def told(self) -> str:
        """The report in the current language."""
        rows = [
            text(
                "documents.read", name=name, characters=f"{n:,}", language=language or "?", turns=turns, speakers=people
            )
            for name, n, language, turns, people in self.read
        ]
        rows.append(text("documents.summary", n=len(self.read), problems=len(self.problems)))
        return "\n".join([*rows, *(str(problem) for problem in self.problems)])


def import_documents(files: Sequence[Path], into: Path, kind: str = "") -> DocumentsReport:
    """Take documents into a study.

    Each file is copied to `documents/originals/`, its text written to `documents/<name>.txt`, a row added to
    `data/documents.csv`, and one to `data/speech_turns.csv` for each turn of speech. Speakers are called S1, S2, … in
    the order in which they speak; what the transcript calls them goes to `private/speakers.csv`, nowhere else. A
    document taken in before is replaced, its rows with it; other rows stay.

    Args:
        files: documents.
        into: the study's folder.
        kind: of all of them, one of the values that the schema of `documents` allows; "" leaves it open.

    Returns:
        What was read and what could not be.

    Raises:
        StudyError: no study there, no file, a kind that is not known, or none of the files could be read.
    """
    _refuse(files, into, kind)
    done: list[tuple[Path, TextDocument]] = []
    report = DocumentsReport()
    for path in files:
        try:
            document = read_document(path)
        except StudyError as error:
            report.problems.extend(error.problems)
            continue
        done.append((path, document))
        report.problems.extend(document.problems)
    if not done:
        raise StudyError(*report.problems)
    with run_lock(into / "out"):
        rows, turns, people = [], [], []
        for path, document in done:
            stored = f"{path.name}.txt" if path.suffix.lower() != ".txt" else path.name
            folder = into / "documents"
            (folder / ORIGINALS).mkdir(parents=True, exist_ok=True)
            if path.resolve() != (folder / stored).resolve():
                shutil.copyfile(path, folder / ORIGINALS / path.name)
            write_text(folder / stored, document.text)
            rows.append({"document": stored, "title": path.stem, "kind": kind, "language": document.language})
            names = list(dict.fromkeys(turn.speaker for turn in document.turns))
            said = {name: f"S{at}" for at, name in enumerate(names, 1)}
            people += [{"document": stored, "speaker": said[name], "called": name} for name in names]
            turns += [
                {
                    "turn_id": f"{path.stem}#{at}",
                    "session_id": path.stem,
                    "order": at,
                    "participant_id": f"{path.stem}:{said[turn.speaker]}",
                    "document": stored,
                    "start": turn.start,
                    "end": turn.end,
                }
                for at, turn in enumerate(document.turns, 1)
            ]
            report.read.append((stored, len(document.text), document.language, len(document.turns), len(names)))
        names_of = {row["document"] for row in rows}
        merge_rows(into / "data" / "documents.csv", schema("documents").names, rows, "document", names_of)
        if turns:
            merge_rows(into / "data" / "speech_turns.csv", schema("speech_turns").names, turns, "document", names_of)
            merge_rows(into / "private" / SPEAKERS, ["document", "speaker", "called"], people, "document", names_of)
    return report


def _refuse(files: Sequence[Path], into: Path, kind: str) -> None:
    problems = []
    if not (into / MANIFEST).is_file():
        problems.append(Problem("TS-DOCS-009", str(into), {"manifest": MANIFEST}))
    if not files:
        problems.append(Problem("TS-DOCS-010"))
    allowed = schema("documents").field("kind").enum
    if kind and kind not in allowed:
        problems.append(Problem("TS-DOCS-011", values={"kind": kind, "known": ", ".join(allowed)}))
    twice = sorted({one.name for one in files if sum(other.name == one.name for other in files) > 1})
    problems += [Problem("TS-DOCS-012", name) for name in twice]
    if problems:
        raise StudyError(*problems)
