"""`townshift check`: every problem of a study at once, remembered until one of its files changes."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from townshift import __version__
from townshift.engine.atomic import remove, write_text, writing
from townshift.engine.hashing import digest
from townshift.errors import EngineError, Problem
from townshift.locales import current_language
from townshift.study.findings import CheckReport, Finding
from townshift.study.manifest import MANIFEST, nearest
from townshift.study.quarantine import quarantine_file, write_quarantine
from townshift.study.reading import ROW, quoted
from townshift.study.schemas import TABLES
from townshift.study.study import Study, open_study

if TYPE_CHECKING:
    import duckdb

    from townshift.study.examination import Examination, Examined

MEMORY_LIMIT = "500MB"
"""What DuckDB may use before it spills to a temporary folder; reading and the rest of Python come on top."""


def check_study(study: Study | str | Path, *, careful: bool = False) -> CheckReport:
    """Read every table of a study and report every problem at once.

    *Fatal* is what leaves a table, or the ties between tables, in doubt: a file that is no table, a column missing, one
    id for several different rows, more than half of the rows unusable, coordinates swapped throughout. Everything else
    is a *warning*: a row that cannot be used is set aside, a cell that cannot be used and whose absence means nothing
    is left empty (see `rules.cell_rules`), and both are written to `out/quarantine/<table>.csv`. A run goes on with
    warnings and says so.

    The report is kept in `out/cache/check.json` under a key of contents: data, manifest, schemas, version.

    Args:
        study: the study, or its folder.
        careful: read every file record by record, also where DuckDB's own reading would do.

    Raises:
        StudyError: the folder is no study.
    """
    found = study if isinstance(study, Study) else open_study(study)
    key = check_key(found)
    stored = _stored(found, key)
    if stored is not None:
        return stored
    with examination(found, careful=careful) as exam:
        for file in found.tables.values():
            exam.examine(file)
        findings = [*_folder_findings(found), *_study_findings(found, exam)]
        for done in exam.tables.values():
            findings += done.findings
        report = CheckReport(
            tuple(sorted(findings, key=_order)),
            {name: done.rows.n_rows for name, done in exam.tables.items() if done.rows},
            {name: done.set_aside for name, done in exam.tables.items() if done.set_aside},
            {name: done.emptied for name, done in exam.tables.items() if done.emptied},
        )
        try:
            _store(found, key, report, exam)
        except EngineError as error:
            told = tuple(Finding(one.code, "warning", "out", values=dict(one.values)) for one in error.problems)
            return CheckReport((*report.findings, *told), report.rows, report.set_aside, report.emptied)
    return report


@contextmanager
def examination(study: Study, *, careful: bool = False) -> Iterator[Examination]:
    """An examination with its DuckDB connection and temporary folder, both given back at the end."""
    import duckdb

    from townshift.study.examination import Examination

    folder = Path(tempfile.mkdtemp(prefix="townshift-"))
    con = duckdb.connect(
        config={
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(folder / "spill"),
            "threads": min(os.cpu_count() or 1, 4),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    try:
        yield Examination(con, study, folder, careful=careful)
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        # Both mean that there was no room to put intermediate rows; DuckDB gives the cause in its first line.
        values: dict[str, object] = {"path": folder, "folder": folder.parent, "reason": str(error).splitlines()[0]}
        raise EngineError(Problem("TS-RUN-003", str(folder), values)) from error
    finally:
        con.close()
        shutil.rmtree(folder, ignore_errors=True)


def _order(finding: Finding) -> tuple[bool, int, bool, int]:
    """Fatal first, then the folder, then table by table from the first line to the last, and what follows from them."""
    table = TABLES.index(finding.table) if finding.table else -1
    return finding.severity != "fatal", table, finding.code == "TS-DATA-024", finding.line


def set_aside_file(out: Path, table: str) -> Path:
    """Where the numbers of a table's rows that were set aside lie, for loading."""
    return out / "cache" / "check" / f"{table}.parquet"


def check_key(study: Study) -> str:
    """What a check depends on, as one hash: contents of tables and manifest, schemas and code of the checker."""
    tables = {name: [file.path.name, file.sha256] for name, file in study.tables.items()}
    warnings = [problem.where for problem in study.warnings]
    return digest([__version__, _code(), study.manifest.model_dump(mode="json"), tables, warnings])


@cache
def _code() -> str:
    """Hash of the checker itself and of the published schemas."""
    parts = []
    for folder in (files("townshift.study"), files("townshift.study.schemas")):
        for entry in sorted(folder.iterdir(), key=lambda one: one.name):
            if entry.name.endswith((".py", ".json")):
                parts.append([entry.name, entry.read_text("utf-8")])
    return digest(parts)


def _stored(study: Study, key: str) -> CheckReport | None:
    try:
        stored = json.loads((study.out / "cache" / "check.json").read_text("utf-8"))
        if stored["key"] != key:
            return None
        report = CheckReport.from_json(stored["report"])
        if (report.set_aside or report.emptied) and stored["language"] != current_language():
            return None  # the quarantine files say their reasons in the other language
    except (OSError, ValueError, KeyError, TypeError):
        return None
    aside = [quarantine_file(study.out, table) for table in {*report.set_aside, *report.emptied}]
    aside += [set_aside_file(study.out, table) for table in report.set_aside]
    return report if all(path.is_file() for path in aside) else None


def _store(study: Study, key: str, report: CheckReport, exam: Examination) -> None:
    remove(study.out / "cache" / "check.json")
    for done in exam.tables.values():
        write_quarantine(exam.con, study.out, done)
        _write_set_aside(exam.con, study.out, done)
    for folder in (study.out / "quarantine", study.out / "cache" / "check"):
        for path in sorted(folder.glob("*.*")) if folder.is_dir() else ():
            if path.stem not in study.tables:
                remove(path)
    stored = {"key": key, "language": current_language(), "report": report.to_json()}
    write_text(study.out / "cache" / "check.json", json.dumps(stored, indent=1))


def _write_set_aside(con: duckdb.DuckDBPyConnection, out: Path, done: Examined) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = set_aside_file(out, done.file.name)
    if not done.set_aside:
        remove(target)
        return
    numbers = [number for number, rule in enumerate(done.rules) if rule.effect == "set_aside"]
    table = pa.table({"row": pa.array([], pa.int64())})
    if done.found:
        table = con.execute(
            f"SELECT {ROW} AS row FROM {quoted(done.found)} "
            f"WHERE list_has_any(rules, {numbers}::USMALLINT[]) ORDER BY 1"
        ).to_arrow_table()
    with writing(target) as handle:
        pq.write_table(table, handle)


def _folder_findings(study: Study) -> list[Finding]:
    return [Finding(one.code, "warning", one.where, values=dict(one.values)) for one in study.warnings]


def _study_findings(study: Study, exam: Examination) -> list[Finding]:
    """What `study.toml` says against what the tables hold."""
    wanted = [("TS-STUDY-019", "study.place", study.focus.place_id, "places")]
    for one in study.manifest.breaks:
        wanted.append(("TS-STUDY-020", "breaks.place", one.place, "places"))
        wanted.append(("TS-STUDY-020", "breaks.definition", one.definition, "indicators"))
    findings = []
    for code, key, value, table in wanted:
        done = exam.tables.get(table)
        if done is None or done.rows is None:
            continue
        keys: list[Any] = exam.con.execute(f"SELECT v FROM {quoted(f'keys_{table}')} ORDER BY v").fetchall()
        known = [str(row[0]) for row in keys]
        if value not in known:
            severity = "fatal" if code == "TS-STUDY-019" else "warning"
            values: dict[str, object] = {"key": key, "value": value, "table": table, "nearest": _near(value, known)}
            findings.append(Finding(code, severity, MANIFEST, values=values))  # type: ignore[arg-type]
    return findings


def _near(value: str, known: list[str]) -> str:
    return nearest(value, known) if len(known) <= 5 else (nearest(value, known).split(", ")[0] or "-")
