"""A study on disk: its folder, its manifest and the files of its tables."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from townshift.engine.atomic import write_text
from townshift.errors import Problem, StudyError
from townshift.study.files import Fingerprint, Hashes
from townshift.study.manifest import MANIFEST, Manifest, line_of, nearest, read_manifest
from townshift.study.schemas import TABLES
from townshift.types import Focus

Format = Literal["csv", "parquet"]
Result = TypeVar("Result")

SALT_BYTES = 32
"""Length of a study's salt: as long as the key of the hash it is for."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """One table of a study as it lies on disk.

    Attributes:
        name: the table's name, one of `schemas.TABLES`.
        path: the file, absolute.
        format: `csv` or `parquet`.
        encoding: `utf-8`, `utf-8-sig`, `gb18030`, or what the file seems to be where townshift cannot read it; empty
            for Parquet.
        sha256: hash of the content.
        size: bytes.
        lines: physical lines of a CSV, counting a last one without an end; 0 for Parquet.
        plain: the CSV is UTF-8 without NUL or broken bytes.
    """

    name: str
    path: Path
    format: Format
    encoding: str
    sha256: str
    size: int
    lines: int = 0
    plain: bool = True

    @property
    def label(self) -> str:
        """The file as messages name it: `data/facts.csv`."""
        return f"data/{self.path.name}"


@dataclass(frozen=True)
class Study:
    """A folder of evidence, opened: nothing of its tables has been checked yet (see `check_study`).

    Attributes:
        path: the folder, absolute.
        manifest: `study.toml`.
        tables: the files in `data/`, by table name, in the order of `schemas.TABLES`.
        warnings: what is odd about the folder and stops nothing.
    """

    path: Path
    manifest: Manifest
    tables: Mapping[str, TableFile]
    warnings: tuple[Problem, ...] = ()

    @property
    def out(self) -> Path:
        """The folder of everything computed; it need not exist."""
        return self.path / "out"

    @property
    def private(self) -> Path:
        """The folder of what is never exported: salts, answers of reviews, loaded tables with personal columns."""
        return self.path / "private"

    @property
    def salt(self) -> bytes:
        """The study's secret for hashes of personal values, `private/salt`; made at the first call.

        Raises:
            StudyError: the file is there and holds no salt.
            EngineError: `private` cannot be written.
        """
        return study_salt(self.private)

    def answers(self, step: str) -> Path | None:
        """What a person answered to the questions of a step: `private/answers/<step>.csv`, if it is there."""
        path = self.private / "answers" / f"{step}.csv"
        return path if path.is_file() else None

    @property
    def claims_file(self) -> Path | None:
        """`claims.toml`, where the study has one."""
        path = self.path / "claims.toml"
        return path if path.is_file() else None

    @property
    def focus(self) -> Focus:
        """What the study is about, as steps may ask."""
        about = self.manifest.study
        return Focus(
            place_id=about.place,
            industry=about.industry,
            year_from=about.period[0],
            year_to=about.period[1],
            seed=about.seed,
            languages=about.languages,
            privacy_threshold=about.privacy_threshold,
            projection=about.projection,
            titles={
                "en": about.title,
                "zh": about.title_zh or about.title,
                "industry_en": about.industry,
                "industry_zh": about.industry_zh or about.industry,
            },
        )

    @property
    def breaks(self) -> list[dict[str, Any]]:
        """The declared breaks, as `study.toml` gives them."""
        return [one.model_dump() for one in self.manifest.breaks]

    def parameters(self, step: str) -> dict[str, Any]:
        """`[parameters.<step>]` of `study.toml`, raw; empty where the study says nothing about the step."""
        return dict(self.manifest.parameters.get(step, {}))

    def where_given(self, place: tuple[int | str, ...]) -> str:
        """The line of `study.toml` that gives a parameter; `place` is its step, and then its place among them."""
        return line_of(self.path / MANIFEST, ("parameters", *place))

    @property
    def table_names(self) -> list[str]:
        """Names of the tables that the study has."""
        return list(self.tables)

    def load_table(self, name: str) -> Path:
        """The cleaned, typed rows of a table as a Parquet file; cheap when nothing has changed.

        Raises:
            StudyError: the study has a fatal problem.
            EngineError: `out` cannot be written.
        """
        from townshift.study.load import load_table

        return load_table(self, name)


def open_study(path: str | Path) -> Study:
    """Open the study in a folder: read `study.toml`, find its tables, fingerprint their files.

    Args:
        path: the study's folder.

    Raises:
        StudyError: the folder is missing, a file or empty; `study.toml` is wrong; a path leaves the study; a table
            exists twice; or there is nothing to study. All problems at once.
    """
    folder = Path(path)
    _require_folder(folder)
    root = folder.resolve()
    problems: list[Problem] = []
    manifest = _collected(problems, lambda: read_manifest(_inside(root / MANIFEST, root)))
    _collected(problems, lambda: _require_readable(root / "claims.toml", root))
    _collected(problems, lambda: _require_own_out(root))
    found = _collected(problems, lambda: _table_files(root))
    files, warnings = found if found is not None else ({}, [])
    if found is not None:
        problems += _too_few(files)
    hashes = Hashes.read(root)
    tables = {}
    for name in TABLES:
        file = _collected(problems, partial(_table_file, name, files[name], hashes)) if name in files else None
        if file is not None:
            tables[name] = file
    if manifest is None or problems:
        raise StudyError(*problems)
    hashes.write()
    return Study(root, manifest, tables, tuple(warnings))


def _collected(problems: list[Problem], read: Callable[[], Result]) -> Result | None:
    """What `read` gives; None, and its problems beside the others, where it cannot."""
    try:
        return read()
    except StudyError as error:
        problems += error.problems
        return None


def _too_few(files: Mapping[str, Path]) -> list[Problem]:
    if not files:
        return [Problem("TS-STUDY-009", "data", {"tables": ", ".join(TABLES)})]
    if "places" not in files:
        return [Problem("TS-STUDY-010", "data", {"found": ", ".join(sorted(files))})]
    return [Problem("TS-STUDY-014", "data")] if len(files) == 1 else []


def _require_folder(folder: Path) -> None:
    shown = {"path": str(folder)}
    try:
        if not folder.exists():
            raise StudyError(Problem("TS-STUDY-001", "", dict(shown)))
        if not folder.is_dir():
            raise StudyError(Problem("TS-STUDY-002", "", dict(shown)))
        entries = {entry.name for entry in folder.iterdir()}
    except OSError as error:
        raise StudyError(Problem("TS-STUDY-016", "", {"file": str(folder), "reason": error.strerror})) from None
    if MANIFEST not in entries:
        raise StudyError(Problem("TS-STUDY-003", "", dict(shown)))


def _inside(path: Path, root: Path) -> Path:
    """`path`, unless it or a folder on the way is a link that leaves the study, or that leads to itself."""
    target = _target(path)
    if not target.is_relative_to(root):
        raise StudyError(Problem("TS-STUDY-011", path.relative_to(root).as_posix(), {"target": str(target)}))
    return path


def _target(path: Path) -> Path:
    """Where a path leads once every link is followed; a link that leads to itself leads nowhere."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path


def _require_readable(path: Path, root: Path) -> None:
    """A file that a study may lack; where something has its name, it must be a file that can be opened."""
    if not os.path.lexists(path):
        return
    where = _inside(path, root).relative_to(root).as_posix()
    if not path.is_file():
        raise StudyError(Problem("TS-STUDY-018", where))
    try:
        path.open("rb").close()
    except OSError as error:
        raise StudyError(Problem("TS-STUDY-016", where, {"file": where, "reason": error.strerror})) from None


def _require_own_out(root: Path) -> None:
    """`out` and all that lies in it belong to the study: a run removes and overwrites files there."""
    problems = []
    for folder, names, files in os.walk(root / "out"):
        for name in [*names, *files]:
            path = Path(folder, name)
            if path.is_symlink():
                problems.append(_leaves(path, root))
    if (root / "out").is_symlink():
        problems.append(_leaves(root / "out", root))
    found = [problem for problem in problems if problem]
    if found:
        raise StudyError(*found)


def _leaves(path: Path, root: Path) -> Problem | None:
    target = _target(path)
    if target.is_relative_to(root / "out") and target != path:
        return None
    return Problem("TS-STUDY-021", "", {"path": path.relative_to(root).as_posix(), "target": str(target)})


def _table_files(root: Path) -> tuple[dict[str, Path], list[Problem]]:
    folder = root / "data"
    if not folder.is_dir():
        return {}, []
    _inside(folder, root)
    found: dict[str, Path] = {}
    fatal: list[Problem] = []
    warnings: list[Problem] = []
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise StudyError(Problem("TS-STUDY-016", "data", {"file": "data", "reason": error.strerror})) from None
    for entry in entries:
        if entry.name.startswith((".", "~$")):
            continue
        where = f"data/{entry.name}"
        name, format_ = entry.stem, entry.suffix.lower().lstrip(".")
        if name not in TABLES or format_ not in ("csv", "parquet"):
            warnings.append(_unknown_file(entry, where))
        elif not _target(entry).is_relative_to(root):
            fatal.append(Problem("TS-STUDY-011", where, {"target": str(_target(entry))}))
        elif not entry.is_file():
            fatal.append(Problem("TS-STUDY-018", where))
        elif name in found:
            fatal.append(Problem("TS-STUDY-012", where, {"table": name, "other": f"data/{found[name].name}"}))
        else:
            found[name] = entry
    if fatal:
        raise StudyError(*fatal)
    return found, warnings


def _unknown_file(entry: Path, where: str) -> Problem:
    if entry.suffix.lower() in (".csv", ".parquet"):
        return Problem("TS-STUDY-013", where, {"nearest": nearest(entry.stem, list(TABLES))}, "warning")
    return Problem("TS-STUDY-015", where, {"suffix": entry.suffix or entry.name}, "warning")


def _table_file(name: str, path: Path, hashes: Hashes) -> TableFile:
    format_: Format = "parquet" if path.suffix.lower() == ".parquet" else "csv"
    try:
        print_: Fingerprint = hashes.of(path, format_)
    except OSError as error:
        where = f"data/{path.name}"
        raise StudyError(Problem("TS-STUDY-016", where, {"file": where, "reason": error.strerror})) from None
    return TableFile(name, path, format_, print_.encoding, print_.sha256, print_.size, print_.lines, print_.plain)


def study_salt(private: Path) -> bytes:
    """The secret in a study's `private/salt`; made at the first call.

    Raises:
        StudyError: the file is there and holds no salt.
    """
    path = private / "salt"
    if not path.is_file():
        write_text(path, secrets.token_hex(SALT_BYTES) + "\n")
    try:
        salt = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        salt = b""
    if len(salt) != SALT_BYTES:
        raise StudyError(Problem("TS-STUDY-023", "private/salt", {"bytes": SALT_BYTES}))
    return salt
