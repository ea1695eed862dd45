"""`townshift import qda`, `dna` and `codebook`: coded work from other programs into a study's tables, and back out."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from townshift.engine.atomic import write_text
from townshift.engine.lock import run_lock
from townshift.errors import Problem, StudyError
from townshift.locales import text
from townshift.readers.study_rows import merge_rows, read_rows
from townshift.study.manifest import MANIFEST
from townshift.study.schemas import schema

if TYPE_CHECKING:
    import pandas as pd

    from townshift.readers.refi_qda.model import Code

PROJECT = "project.qdpx"
"""The project as it came, in `documents/`: what an export lays the tables over, so that nothing of it is lost."""

REPORT = "qda_report.json"
KEYS = {
    "documents": "document",
    "codes": "code",
    "codings": "coding_id",
    "memos": "memo_id",
    "participants": "participant_id",
    "statements": "statement_id",
    "concepts": "concept",
}
"""Column by which rows of each table replace older ones."""


@dataclass
class QdaReport:
    """What an import or export of coded work did.

    Attributes:
        rows: table → rows written.
        problems: what was lost, changed or assumed, and what could not be read.
    """

    rows: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def told(self) -> str:
        """The report in the current language."""
        counted = [text("documents.rows", table=name, n=f"{n:,}") for name, n in self.rows.items() if n]
        return "\n".join([*counted, *(str(problem) for problem in self.problems)])


def import_qda(path: Path, into: Path, salt: bytes) -> QdaReport:
    """Take a REFI-QDA project (`.qdpx`) into a study.

    Texts go to `documents/`, the project itself to `documents/project.qdpx`, its codes, codings, memos and documents to
    `data/`. Users and cases are called by salted digests of their names. Rows of the same ids are replaced. What was
    lost is told and kept in `out/qda_report.json`.

    Raises:
        StudyError: no study there.
        QdaError: the file cannot be read at all.
    """
    from townshift.readers.qda_tables import texts, to_tables
    from townshift.readers.refi_qda import read_project

    _refuse(into)
    read = read_project(path)
    frames = to_tables(read.project, salt)
    report = QdaReport(problems=read.report.problems())
    with run_lock(into / "out"):
        (into / "documents").mkdir(parents=True, exist_ok=True)
        if path.resolve() != (into / "documents" / PROJECT).resolve():
            shutil.copyfile(path, into / "documents" / PROJECT)
        for name, words in texts(read.project).items():
            write_text(into / "documents" / Path(name).name, words)
        for table in ("documents", "codes", "codings", "memos", "participants"):
            report.rows[table] = _written(into, table, _records(frames[table]))
        write_text(into / "out" / REPORT, read.report.to_json())
    return report


def export_qda(study: Path, path: Path, salt: bytes) -> QdaReport:
    """Write a study's documents, codes and codings as a REFI-QDA project.

    Laid over `documents/project.qdpx` where there is one, so that everything no table changed goes back as it came.

    Raises:
        StudyError: no study there, or nothing coded.
        QdaError: the file cannot be written.
    """
    import pandas as pd

    from townshift.readers.qda_tables import from_tables
    from townshift.readers.refi_qda import read_project, write_project

    _refuse(study)
    tables = {
        name: pd.read_csv(study / "data" / f"{name}.csv", dtype="string", keep_default_na=False, na_values=[""])
        for name in KEYS
        if (study / "data" / f"{name}.csv").is_file()
    }
    if "codings" not in tables:
        raise StudyError(Problem("TS-DOCS-013", str(study)))
    for column in ("start", "end"):
        tables["codings"][column] = pd.to_numeric(tables["codings"][column]).astype("Int64")
    named = set(tables["codings"]["document"].dropna()) | set(
        tables.get("documents", pd.DataFrame({"document": []}))["document"]
    )
    words = {
        name: (study / "documents" / name).read_text("utf-8")
        for name in sorted(map(str, named))
        if (study / "documents" / name).is_file()
    }
    base = study / "documents" / PROJECT
    made = from_tables(tables, words, read_project(base).project if base.is_file() else None, salt)
    written = write_project(made.project, path)
    rows = {name: len(table) for name, table in tables.items() if name in ("documents", "codes", "codings", "memos")}
    return QdaReport(rows, [*made.report.problems(), *written.problems()])


def import_dna(path: Path, into: Path, salt: bytes) -> QdaReport:
    """Take a project of the Discourse Network Analyzer into a study.

    Documents become texts, statements become codings of their concept, and rows of `statements` with stance. Actors are
    called by salted digests; whether somebody observed what they say, and with which interest, no such project knows:
    these columns stay empty, so nothing of it counts as an observation before a person has filled them in. The file
    itself is kept in `documents/originals/`.

    Raises:
        StudyError: no study there, or the file cannot be read at all.
    """
    from townshift.readers.discourse_network import read_dna
    from townshift.readers.dna_tables import dna_tables

    _refuse(into)
    project = read_dna(path)
    frames, texts, problems = dna_tables(project, path.stem, salt)
    report = QdaReport(problems=[*project.problems, *problems])
    with run_lock(into / "out"):
        folder = into / "documents" / "originals"
        folder.mkdir(parents=True, exist_ok=True)
        if path.resolve() != (folder / path.name).resolve():
            shutil.copyfile(path, folder / path.name)
        for name, words in texts.items():
            write_text(into / "documents" / name, words)
        for table, rows in frames.items():
            report.rows[table] = _written(into, table, rows)
    return report


def import_codebook(path: Path, into: Path) -> QdaReport:
    """Take a codebook into a study: `.qdc` (REFI-QDA, as Taguette and others write), or CSV.

    A CSV needs a column for the code's name (code, tag or name) and may have a description or definition and a parent.
    Each import of changed codes becomes the next version of the codebook; codes of earlier versions stay.

    Raises:
        StudyError: no study there, or no column that names codes.
        QdaError: the `.qdc` cannot be read.
    """
    _refuse(into)
    report = QdaReport()
    if path.suffix.lower() == ".qdc":
        from townshift.readers.refi_qda import read_codebook

        read = read_codebook(path)
        report.problems = read.report.problems()
        found = [row for code in read.codebook.codes for row in _codes_of(code, "")]
    else:
        found = _codes_of_csv(path)
    target = into / "data" / "codes.csv"
    known = read_rows(target)
    last = max((int(row.get("version") or 1) for row in known), default=0)
    current = {row["code"]: row for row in known if int(row.get("version") or 1) == last}
    changed = {row["code"] for row in found} != set(current) or any(
        row.get(name, "") != (current[row["code"]].get(name) or "")
        for row in found
        for name in ("definition", "parent_code")
        if row["code"] in current
    )
    if not changed:
        return report
    with run_lock(into / "out"):
        rows = [{**current.get(row["code"], {}), **row, "version": last + 1} for row in found]
        merge_rows(target, schema("codes").names, rows, "code", set())
    report.rows["codes"] = len(found)
    return report


def _refuse(into: Path) -> None:
    if not (into / MANIFEST).is_file():
        raise StudyError(Problem("TS-DOCS-009", str(into), {"manifest": MANIFEST}))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    plain = table.astype(object).where(table.notna(), "")
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def _written(into: Path, table: str, rows: Sequence[Mapping[str, Any]]) -> int:
    if rows:
        key = KEYS[table]
        names = schema(table).names
        merge_rows(into / "data" / f"{table}.csv", names, rows, key, {str(row[key]) for row in rows})
    return len(rows)


def _codes_of(code: Code, parent: str) -> list[dict[str, str]]:
    mine = {"code": code.name, "name": code.name, "parent_code": parent, "definition": code.description or ""}
    mine["colour"] = code.color or ""
    return [mine, *(row for child in code.children for row in _codes_of(child, code.name))]


def _codes_of_csv(path: Path) -> list[dict[str, str]]:
    from townshift.readers.documents.reading import decoded

    try:
        told, _ = decoded(path.read_bytes(), path.name)
    except OSError as error:
        raise StudyError(Problem("TS-DOCS-002", path.name, {"reason": error.strerror or str(error)})) from error
    reader = csv.DictReader(io.StringIO(told))
    columns = {str(name).strip().lower(): name for name in reader.fieldnames or []}
    named = next((columns[one] for one in ("code", "tag", "name", "代码", "编码") if one in columns), None)
    if named is None:
        raise StudyError(Problem("TS-DOCS-014", path.name, {"columns": ", ".join(columns) or "–"}))
    about = next((columns[one] for one in ("definition", "description", "定义", "说明") if one in columns), None)
    above = next((columns[one] for one in ("parent_code", "parent", "上级代码") if one in columns), None)
    rows = [row for row in reader if (row.get(named) or "").strip()]
    return [
        {
            "code": row[named].strip(),
            "name": row[named].strip(),
            "definition": (row.get(about) or "").strip() if about else "",
            "parent_code": (row.get(above) or "").strip() if above else "",
        }
        for row in rows
    ]
