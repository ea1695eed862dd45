"""The files of a project: in memory, or still in the archive they came from."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

DAMAGED = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, KeyError)
"""What reading a member raises when it is damaged, locked, packed in an unknown way, or its archive is gone."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a project. Its content is `data`, or stays in `archive` until it is wanted: recordings are large.

    Attributes:
        name: name inside `sources/`, such as `<GUID>.txt`.
        data: the content; None = it is in the archive.
        archive: the archive it came from.
        member: name of the member there, as written.
        size: bytes, unpacked.
        outside: it stood elsewhere than in `sources/`; `name` is its whole name then.
    """

    name: str
    data: bytes | None = None
    archive: Path | None = None
    member: str = ""
    size: int = 0
    outside: bool = False

    def open(self) -> IO[bytes]:
        """The content as a stream.

        Raises:
            OSError: the archive is gone.
            zipfile.BadZipFile: the archive is damaged here.

        Example:
            >>> SourceFile("a.txt", b"sewing").open().read()
            b'sewing'
        """
        if self.data is not None:
            return io.BytesIO(self.data)
        if self.archive is None:
            raise FileNotFoundError(self.name)
        return _Member(self.archive, self.member)

    def read(self) -> bytes:
        """The whole content."""
        with self.open() as stream:
            return stream.read()


class OpenArchives:
    """Archives kept open while many of their files are read: each opening reads the whole list of files."""

    def __init__(self) -> None:
        self._open: dict[Path, zipfile.ZipFile] = {}

    def __enter__(self) -> OpenArchives:
        return self

    def __exit__(self, *_: object) -> None:
        for archive in self._open.values():
            archive.close()
        self._open.clear()

    def open(self, file: SourceFile) -> IO[bytes]:
        """The content of a file as a stream; raises what `SourceFile.open` raises."""
        if file.data is not None or file.archive is None:
            return file.open()
        archive = self._open.get(file.archive)
        if archive is None:
            archive = self._open[file.archive] = zipfile.ZipFile(file.archive)
        return archive.open(file.member)

    def read(self, file: SourceFile) -> bytes:
        """The whole content of a file."""
        with self.open(file) as stream:
            return stream.read()


class _Member(io.BufferedReader):
    """A member of an archive that closes the archive with itself."""

    def __init__(self, archive: Path, member: str) -> None:
        self._archive = zipfile.ZipFile(archive)
        try:
            super().__init__(self._archive.open(member))  # type: ignore[arg-type]
        except BaseException:
            self._archive.close()
            raise

    def close(self) -> None:
        super().close()
        self._archive.close()
