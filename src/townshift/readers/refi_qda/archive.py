"""The archive of a project: looked at before it is unpacked, never unpacked to disk, its names never trusted."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from townshift.errors import Problem
from townshift.readers.refi_qda.files import SourceFile
from townshift.readers.refi_qda.loss import LossReport, QdaError

FOLDER = "sources/"
PROJECT_FILE = "project.qde"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an archive may unpack to.

    Attributes:
        member_bytes: the largest file, as the standard has it.
        text_bytes: the largest file that is read into memory: `project.qde` or a text.
        texts_bytes: all texts together.
        total_bytes: all files together.
        ratio: unpacked to packed, of one file and of all; texts of speech reach about 10, markup about 30.
        ratio_from_bytes: smaller files may have any ratio.
        total_ratio_from_bytes: smaller archives may have any ratio.
        members: how many files.
    """

    member_bytes: int = 2**31 - 1
    text_bytes: int = 2**29
    texts_bytes: int = 2**31
    total_bytes: int = 2**36
    ratio: float = 200.0
    ratio_from_bytes: int = 2**24
    total_ratio_from_bytes: int = 2**28
    members: int = 200_000


@dataclass(frozen=True, slots=True)
class Opened:
    """What is in an archive: the markup, and the files by their name in lower case."""

    markup: bytes
    files: dict[str, SourceFile]


def open_archive(path: Path, limits: Limits, report: LossReport) -> Opened:
    """Look into a `.qdpx`, or read a bare `.qde`.

    Args:
        path: the file.
        limits: how much it may unpack to.
        report: told of members that are not read.

    Returns:
        The markup and the files; what is unsafe, damaged or locked is not among them.

    Raises:
        QdaError: no such file, neither archive nor markup, a bomb, or no `project.qde` in it.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
        if start[:2] != b"PK":
            return Opened(read_markup(path, limits), {})
        with zipfile.ZipFile(path) as archive:
            return _look(path, archive, limits, report)
    except OSError as problem:
        raise QdaError(Problem("TS-QDA-001", path.name, {"reason": problem.strerror or "?"})) from problem
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error, RuntimeError) as problem:
        raise QdaError(Problem("TS-QDA-002", path.name)) from problem


def read_markup(path: Path, limits: Limits) -> bytes:
    """A bare XML file (`.qdc`, `.qde`).

    Raises:
        QdaError: no such file, too large, or no XML at all.
    """
    try:
        size = path.stat().st_size
        if size > limits.text_bytes:
            raise QdaError(Problem("TS-QDA-004", path.name, {"bytes": size, "limit": limits.text_bytes}))
        data = path.read_bytes()
    except OSError as problem:
        raise QdaError(Problem("TS-QDA-001", path.name, {"reason": problem.strerror or "?"})) from problem
    if b"<" not in data[:1024]:
        raise QdaError(Problem("TS-QDA-002", path.name))
    return data


def _look(path: Path, archive: zipfile.ZipFile, limits: Limits, report: LossReport) -> Opened:
    members = [one for one in archive.infolist() if not one.is_dir()]
    total, packed = (
        sum(getattr(one, name) for one in members if not _is_bomb(one, limits))
        for name in ("file_size", "compress_size")
    )
    most = min(limits.total_bytes, int(max(limits.ratio * packed, limits.total_ratio_from_bytes)))
    if total > most:
        raise QdaError(Problem("TS-QDA-004", path.name, {"bytes": total, "limit": most}))
    if len(members) > limits.members:
        raise QdaError(Problem("TS-QDA-005", path.name, {"members": len(members), "limit": limits.members}))
    markup: list[zipfile.ZipInfo] = []
    files: dict[str, SourceFile] = {}
    for one in members:
        if not is_safe(one.orig_filename):
            report.lose("TS-QDA-006", "file")
            continue
        if _is_bomb(one, limits):
            if one.filename.lower().endswith(".qde"):
                raise QdaError(Problem("TS-QDA-004", path.name, {"bytes": one.file_size, "limit": _limit(one, limits)}))
            report.lose("TS-QDA-007", "file", bytes=one.file_size)
            continue
        if one.flag_bits & 1:
            report.lose("TS-QDA-008", "file")
            continue
        name = one.filename.replace("\\", "/")
        if "/" not in name and name.lower().endswith(".qde"):
            markup.append(one)
        elif not (one.file_size == 0 and PurePosixPath(name).name.startswith(".")):
            inside = name.lower().startswith(FOLDER)
            name = name[len(FOLDER) :] if inside else name
            key = name.lower() if inside else f"/{name.lower()}"
            if key in files:
                report.lose("TS-QDA-009", "file")
            else:
                files[key] = SourceFile(name, None, path, one.filename, one.file_size, not inside)
    return Opened(archive.read(_project_file(path, markup, limits)), files)


def _project_file(path: Path, markup: list[zipfile.ZipInfo], limits: Limits) -> zipfile.ZipInfo:
    named = [one for one in markup if one.filename.lower() == PROJECT_FILE] or markup
    if len(named) != 1:
        raise QdaError(Problem("TS-QDA-003", path.name, {"count": len(named)}))
    size = named[0].file_size
    if size > limits.text_bytes:
        raise QdaError(Problem("TS-QDA-004", path.name, {"bytes": size, "limit": limits.text_bytes}))
    return named[0]


def is_safe(name: str) -> bool:
    r"""Whether a member's name stays inside the archive.

    Example:
        >>> is_safe("sources/a.txt"), is_safe("../a.txt"), is_safe("/etc/x"), is_safe("C:\\x"), is_safe("a/../../x")
        (True, False, False, False, False)
    """
    plain = name.replace("\\", "/")
    return not (plain.startswith("/") or plain[1:2] == ":" or "\x00" in plain or ".." in plain.split("/"))


def _limit(member: zipfile.ZipInfo, limits: Limits) -> int:
    return min(limits.member_bytes, int(max(limits.ratio * member.compress_size, limits.ratio_from_bytes)))


def _is_bomb(member: zipfile.ZipInfo, limits: Limits) -> bool:
    return member.file_size > _limit(member, limits)
