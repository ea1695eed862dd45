"""The files of an import: files, folders, globs, and what lies in .gz and .zip, as streams."""

from __future__ import annotations

import glob
import gzip
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from townshift.errors import Problem, StudyError

SUFFIXES = (".csv", ".tsv", ".txt")
"""What a table of a register is called."""

LARGEST_BYTES = 200 * 1024**3
"""No register is larger than this when unpacked."""

HIGHEST_RATIO = 250
"""Text of a register shrinks to a tenth or so; what shrinks far more is made to fill a disk."""

RATIO_FROM_BYTES = 64 * 1024**2
"""A small file may shrink as it likes."""

_BROKEN = (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError)
"""What Python says of a file or an archive that cannot be read; an encrypted one is a RuntimeError."""


@dataclass(frozen=True)
class Member:
    """One table in a file or in an archive.

    Attributes:
        shown: how it is named to the user.
        path: the file on disk.
        inside: its name in the archive, empty if the file is none.
        size: bytes that it takes on disk.
    """

    shown: str
    path: Path
    inside: str
    size: int

    @contextmanager
    def open(self) -> Iterator[Stream]:
        """Its bytes, unpacked as they are read.

        Raises:
            StudyError: it cannot be read, or unpacks to far more than a table would.
        """
        with ExitStack() as opened:
            try:
                stream: IO[bytes]
                if self.inside:
                    archive = opened.enter_context(zipfile.ZipFile(self.path))
                    stream = opened.enter_context(archive.open(self.inside))
                elif self.path.suffix.lower() == ".gz":
                    stream = cast(IO[bytes], opened.enter_context(gzip.open(self.path, "rb")))
                else:
                    stream = opened.enter_context(self.path.open("rb"))
            except _BROKEN as error:
                raise StudyError(_unreadable(self.shown, error)) from None
            yield Stream(stream, self)


class Stream:
    """The bytes of a member; reading is given up when they unpack to too much.

    Attributes:
        taken: bytes read so far, unpacked.
    """

    def __init__(self, stream: IO[bytes], member: Member) -> None:
        self._stream = stream
        self._member = member
        self._packed = bool(member.inside) or member.path.suffix.lower() == ".gz"
        self.taken = 0

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end.

        Raises:
            StudyError: the file is broken, or unpacks to far more than a table would.
        """
        try:
            found: bytes = self._stream.read(size)
        except _BROKEN as error:
            raise StudyError(_unreadable(self._member.shown, error)) from None
        self.taken += len(found)
        if self._packed and self._is_bomb():
            values: dict[str, object] = {"ratio": HIGHEST_RATIO, "gigabytes": LARGEST_BYTES // 1024**3}
            raise StudyError(Problem("TS-READ-008", self._member.shown, values))
        return found

    def _is_bomb(self) -> bool:
        shrunk = self.taken > RATIO_FROM_BYTES and self.taken > HIGHEST_RATIO * max(self._member.size, 1)
        return shrunk or self.taken > LARGEST_BYTES


def _unreadable(shown: str, error: Exception) -> Problem:
    why = getattr(error, "strerror", None) or type(error).__name__
    return Problem("TS-READ-007", shown, {"reason": why})


def find_members(given: Sequence[str | Path]) -> tuple[list[Member], dict[str, str]]:
    """The tables in what was given, in the order of their names, and the files that are no tables with the reason.

    Args:
        given: files, folders (searched to the bottom) and patterns such as `2019/*.csv`.

    Raises:
        StudyError: nothing is there, an archive is broken or leads out of itself; all problems at once.
    """
    problems: list[Problem] = []
    paths: dict[Path, str] = {}
    for one in given:
        found = _paths(Path(one))
        if not found and not Path(one).is_dir():
            problems.append(Problem("TS-READ-005", str(one)))
        paths.update(found)
    members: list[Member] = []
    skipped: dict[str, str] = {}
    for path, shown in sorted(paths.items(), key=lambda item: item[1]):
        try:
            found_here = list(_members(path, shown, skipped))
        except StudyError as error:
            problems += error.problems
            continue
        members += found_here
    if not members and not problems:
        where = ", ".join(str(one) for one in given)
        problems.append(Problem("TS-READ-006", where, {"suffixes": ", ".join((*SUFFIXES, ".gz", ".zip"))}))
    if problems:
        raise StudyError(*problems)
    return members, skipped


def _paths(given: Path) -> dict[Path, str]:
    if given.is_dir():
        inside = (path for path in given.rglob("*") if path.is_file() and not path.name.startswith((".", "~$")))
        return {path: path.as_posix() for path in inside}
    if given.is_file():
        return {given: given.as_posix()}
    fitting = map(Path, glob.glob(str(given), recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    return {path: path.as_posix() for path in fitting if path.is_file()}


def _members(path: Path, shown: str, skipped: dict[str, str]) -> Iterator[Member]:
    suffix = path.suffix.lower()
    if suffix == ".zip":
        yield from _archived(path, shown, skipped)
    elif suffix in SUFFIXES or (suffix == ".gz" and Path(path.stem).suffix.lower() in (*SUFFIXES, "")):
        yield Member(shown, path, "", path.stat().st_size)
    else:
        skipped[shown] = "suffix"


def _archived(path: Path, shown: str, skipped: dict[str, str]) -> Iterator[Member]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = sorted(archive.infolist(), key=lambda entry: entry.filename)
    except (OSError, zipfile.BadZipFile) as error:
        raise StudyError(_unreadable(shown, error)) from None
    for entry in entries:
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        where = f"{shown}!{entry.filename}"
        if entry.is_dir():
            continue
        if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
            raise StudyError(Problem("TS-READ-009", shown, {"name": entry.filename}))
        if entry.flag_bits & 1:
            raise StudyError(Problem("TS-READ-007", where, {"reason": "encrypted"}))
        if name.suffix.lower() not in SUFFIXES or name.name.startswith((".", "~$")) or "__MACOSX" in name.parts:
            skipped[where] = "suffix"
            continue
        yield Member(where, path, entry.filename, entry.compress_size)
