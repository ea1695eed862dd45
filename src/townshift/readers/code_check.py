"""The queue of a second coder: a blind sheet of units to code, and the codes taken back as a second coding."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from townshift.engine.atomic import write_text
from townshift.engine.lock import run_lock
from townshift.errors import Problem, StudyError
from townshift.locales import text
from townshift.readers.study_rows import merge_rows, read_rows
from townshift.study.manifest import MANIFEST
from townshift.study.schemas import schema

SHEET = Path("private") / "review" / "code_check.csv"
COLUMNS = ("unit_id", "document", "start", "end", "text", "codes")
BETWEEN = ";"


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """What was written or taken back.

    Attributes:
        path: the sheet.
        documents, units: what stands on it.
        codings: codings taken back; 0 when it was written.
    """

    path: Path
    documents: int
    units: int
    codings: int = 0

    def told(self) -> str:
        """In the current language."""
        key = "taken" if self.codings else "written"
        return text(
            f"code_check.{key}", path=self.path, documents=self.documents, units=self.units, codings=self.codings
        )


def write_sheet(study: Path, share: float = 0.2, seed: int = 0) -> CodeCheck:
    """Write a blind sheet: units of a share of the coded documents, without the codes they were given.

    Whole documents are drawn, by digest of their name, so that the same seed draws the same ones whatever else was
    added. A unit is a turn of speech where turns are known, else a paragraph.

    Args:
        study: the study's folder.
        share: of the coded documents, above 0 and at most 1; at least one document.
        seed: of the draw.

    Raises:
        StudyError: no study there, nothing coded, no text of the coded documents, or a share out of its range.
    """
    if not (study / MANIFEST).is_file():
        raise StudyError(Problem("TS-DOCS-009", str(study), {"manifest": MANIFEST}))
    if not 0 < share <= 1:
        raise StudyError(Problem("TS-DOCS-015", "--share", {"share": share}))
    coded = sorted(
        {row["document"] for row in read_rows(study / "data" / "codings.csv") if row.get("round") != "second"}
    )
    if not coded:
        raise StudyError(Problem("TS-DOCS-013", str(study)))
    chosen = sorted(sorted(coded, key=lambda name: _digest(seed, name))[: max(1, round(share * len(coded)))])
    turns: dict[str, list[tuple[int, int]]] = {}
    for row in read_rows(study / "data" / "speech_turns.csv"):
        if row.get("document") in chosen and row.get("start") and row.get("end"):
            turns.setdefault(row["document"], []).append((int(row["start"]), int(row["end"])))
    sheet = []
    for name in chosen:
        path = study / "documents" / name
        if not path.is_file():
            continue
        words = path.read_text("utf-8")
        for start, end in sorted(turns.get(name) or _paragraphs(words)):
            key = f"{name}#{start}"
            sheet.append(
                {"unit_id": key, "document": name, "start": start, "end": end, "text": words[start:end], "codes": ""}
            )
    if not sheet:
        raise StudyError(Problem("TS-DOCS-016", str(study / "documents")))
    path = study / SHEET
    write_text(path, _as_csv(COLUMNS, sheet))
    return CodeCheck(path, len({row["document"] for row in sheet}), len(sheet))


def take_back(study: Path, coder: str, sheet: Path | None = None) -> CodeCheck:
    """Take a filled sheet into `data/codings.csv` as the second coding of its documents.

    Several codes of a unit stand with `;` between them. An earlier second coding of the same documents is replaced; the
    first coding stays as it is.

    Args:
        study: the study's folder.
        coder: name or initials of the second coder.
        sheet: the filled sheet; by default where `write_sheet` put it.

    Raises:
        StudyError: no sheet, columns missing, or codes that the codebook does not know, all of them at once.
    """
    path = sheet or study / SHEET
    if not path.is_file():
        raise StudyError(Problem("TS-DOCS-017", str(path)))
    rows = read_rows(path)
    lacking = [name for name in COLUMNS if rows and name not in rows[0]]
    if lacking or not rows:
        raise StudyError(Problem("TS-DOCS-018", str(path), {"columns": ", ".join(lacking or COLUMNS)}))
    known = {row["code"] for row in read_rows(study / "data" / "codes.csv")}
    known |= {row["code"] for row in read_rows(study / "data" / "codings.csv")}
    version = max((int(row.get("version") or 1) for row in read_rows(study / "data" / "codes.csv")), default=1)
    out: list[dict[str, object]] = []
    strange: dict[str, int] = {}
    for line, row in enumerate(rows, 2):
        for code in filter(None, (one.strip() for one in (row["codes"] or "").replace("；", BETWEEN).split(BETWEEN))):
            if code not in known:
                strange.setdefault(code, line)
                continue
            out.append({
                "coding_id": f"second:{row['unit_id']}:{code}", "document": row["document"], "code": code,
                "coder": coder, "start": row["start"], "end": row["end"], "text": row["text"],
                "round": "second", "codebook_version": version,
            })  # fmt: skip
    if strange:
        raise StudyError(
            *(Problem("TS-DOCS-019", f"{path.name}:{line}", {"code": code}) for code, line in strange.items())
        )
    documents = {row["document"] for row in rows}
    data = study / "data" / "codings.csv"
    older = {r["coding_id"] for r in read_rows(data) if r.get("round") == "second" and r["document"] in documents}
    with run_lock(study / "out"):
        merge_rows(data, schema("codings").names, _with_people(study, out), "coding_id", older)
    return CodeCheck(path, len(documents), len(rows), len(out))


def _with_people(study: Path, rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Codings of turns with the person who speaks in them, so that consent holds for them too."""
    speaker = {
        (row.get("document", ""), row.get("start", "")): row.get("participant_id", "")
        for row in read_rows(study / "data" / "speech_turns.csv")
    }
    return [{**row, "participant_id": speaker.get((str(row["document"]), str(row["start"])), "")} for row in rows]


def _paragraphs(words: str) -> list[tuple[int, int]]:
    """Where paragraphs lie; lines that hold only spaces part them."""
    found, at = [], 0
    for line in words.split("\n"):
        if line.strip():
            found.append((at, at + len(line)))
        at += len(line) + 1
    return found


def _digest(seed: int, name: str) -> str:
    return hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).hexdigest()


def _as_csv(columns: tuple[str, ...], rows: list[dict[str, object]] | list[Mapping[str, object]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
