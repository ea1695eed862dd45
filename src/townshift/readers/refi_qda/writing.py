"""Write a project (`.qdpx`): the same project gives the same bytes."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from townshift.errors import Problem
from townshift.readers.refi_qda import model
from townshift.readers.refi_qda.archive import FOLDER, PROJECT_FILE, Limits, is_safe
from townshift.readers.refi_qda.files import DAMAGED, OpenArchives, SourceFile
from townshift.readers.refi_qda.grammar import PROJECT_NAMESPACE, Held
from townshift.readers.refi_qda.guids import canonical, is_guid, stable_guid
from townshift.readers.refi_qda.loss import LossReport, QdaError
from townshift.readers.refi_qda.passages import check_passages
from townshift.readers.refi_qda.paths import INTERNAL, inside_name, split_path, suffix
from townshift.readers.refi_qda.serialising import FORBIDDEN, Serialiser
from townshift.readers.refi_qda.texts import decode, read_by

_WHEN = (1980, 1, 1, 0, 0, 0)
_PACKED_ALREADY = (".jpg", ".jpeg", ".png", ".gif", ".mp3", ".m4a", ".ogg", ".mp4", ".mov", ".docx", ".pdf", ".zip")
_CHUNK = 1 << 20


def write_project(
    project: model.Project, path: str | Path, foreign: bool = False, limits: Limits | None = None
) -> LossReport:
    """Write a project for NVivo, ATLAS.ti, MAXQDA, QualCoder and every other program that reads REFI-QDA.

    GUIDs and times go out as they came in, texts in the bytes they came in. The schema accepts the file, unless
    `foreign` is set. `path` may be the file that the project was read from.

    Args:
        project: what to write.
        path: the `.qdpx`; what is there is replaced in one stroke, or left as it is if anything fails.
        foreign: also write elements and attributes that the standard does not know.
        limits: files larger than `member_bytes` are told, because other programs cannot read them.

    Returns:
        What could not be written as it was.

    Raises:
        QdaError: the file cannot be written.
    """
    path = Path(path)
    report = LossReport()
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as problem:
        raise QdaError(Problem("TS-QDA-050", path.name, {"reason": problem.strerror or "?"})) from problem
    try:
        with os.fdopen(descriptor, "wb") as stream:
            _write(project, stream, foreign, limits or Limits(), report)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as problem:
        raise QdaError(Problem("TS-QDA-050", path.name, {"reason": problem.strerror or "?"})) from problem
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
    check_passages(project, report)
    return report


def _write(project: model.Project, stream: IO[bytes], foreign: bool, limits: Limits, report: LossReport) -> None:
    files = {(f"/{one.name}" if one.outside else one.name).lower(): one for one in project.files}
    with OpenArchives() as origin, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        plan = _Plan(files, report, origin)
        writer = Serialiser(PROJECT_NAMESPACE, report, foreign, plan.path)
        with archive.open(_member(PROJECT_FILE), "w", force_zip64=True) as markup:
            writer.write(project, "Project", markup)
        writer.references.tell(report)
        for name, content in plan.contents():
            _add(archive, name, content, limits, plan)


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _WHEN)
    info.external_attr = 0o644 << 16
    info.compress_type = zipfile.ZIP_STORED if suffix(name) in _PACKED_ALREADY else zipfile.ZIP_DEFLATED
    return info


def _add(archive: zipfile.ZipFile, name: str, content: bytes | SourceFile, limits: Limits, plan: _Plan) -> None:
    """One file; a recording is copied piece by piece, and one that is damaged or gone is left out and told."""
    if isinstance(content, bytes):
        archive.writestr(_member(FOLDER + name), content)
        return
    if content.size > limits.member_bytes:
        plan.report.lose("TS-QDA-046", "file", bytes=content.size)
    try:
        with plan.origin.open(content) as source, tempfile.SpooledTemporaryFile(max_size=_CHUNK * 8) as spool:
            while chunk := source.read(_CHUNK):
                spool.write(chunk)
            spool.seek(0)
            with archive.open(_member(FOLDER + name), "w", force_zip64=content.size >= limits.member_bytes) as target:
                while chunk := spool.read(_CHUNK):
                    target.write(chunk)
    except DAMAGED:
        plan.report.lose("TS-QDA-008", "file")


@dataclass(slots=True)
class _Plan:
    """Which files the archive will hold, and under which names.

    Attributes:
        files: files of the project by name in lower case.
        report: told of files that are renamed, missing, or have no place.
        origin: archives that the files are still in.
        names: name of a file of the project → name in the archive.
        texts: name in the archive → text to write instead of a file.
        asked: (id of an element, attribute) → its path, asked for more than once.
    """

    files: dict[str, SourceFile]
    report: LossReport
    origin: OpenArchives
    names: dict[str, str] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)
    asked: dict[tuple[int, str], str | None] = field(default_factory=dict)

    def path(self, attribute: str, path: str | None, owner: Held) -> str | None:
        """The path to write for an attribute of an element."""
        key = (id(owner), attribute)
        if key not in self.asked:
            text_path = attribute == "plainTextPath" and owner.text is not None
            self.asked[key] = self._text_path(path, owner) if text_path else self._path(path, owner)
        return self.asked[key]

    def contents(self) -> Iterable[tuple[str, bytes | SourceFile]]:
        """Name and content of every file, sorted by name; files that nothing points to are kept."""
        held: dict[str, bytes | SourceFile] = {}
        for key, file in self.files.items():
            name = self.names.get(key)
            if name is None and (file.outside or not is_safe(file.name)):
                self.report.lose("TS-QDA-047", "file")
                continue
            held[name or file.name] = file
        return sorted((held | self.texts).items())

    def _held(self, path: str) -> str | None:
        """Key of the project's file that a path means."""
        name = inside_name(path)
        if name is None:
            name = split_path(path)[1].rpartition("/")[2].lower()
            return name if split_path(path)[0] == "relative" and name in self.files else None
        return next((one for one in (name, f"/{name}", name.rpartition("/")[2]) if one in self.files), None)

    def _path(self, path: str | None, owner: Held) -> str | None:
        key = None if path is None else self._held(path)
        if key is None or path is None:
            return path
        if split_path(path)[0] == "none" or self.files[key].outside:
            return self._renamed(key, path, owner)
        self.names[key] = self.files[key].name
        return path

    def _renamed(self, key: str, path: str, owner: Held) -> str:
        """A name as the standard wants it, GUID and suffix, for a file whose path names no scheme."""
        if key not in self.names:
            guid = canonical(owner.guid) if is_guid(owner.guid) else stable_guid("id", owner.guid)
            self.names[key] = self._free(guid, suffix(path))
            self.report.lose("TS-QDA-048", "file", owner.guid)
        return INTERNAL + self.names[key]

    def _free(self, guid: str, ending: str) -> str:
        taken = {*self.names.values(), *self.texts}
        name = f"{guid}{ending}"
        return name if name not in taken else f"{stable_guid(guid, ending, len(taken))}{ending}"

    def _text_path(self, path: str | None, owner: Held) -> str | None:
        """Where a text goes: its own file unchanged, a file written anew, or the markup itself."""
        if path is None and FORBIDDEN.search(owner.text) is None:
            return None
        key = self._held(path) if path is not None else None
        if key is not None and path is not None:
            text, encoding = self._decoded(self.files[key])
            rule = owner.offset_rule.replace("utf16", "").strip("+")
            if encoding == "utf-8" and read_by(rule, text) == owner.text:
                return self._path(path, owner)
        return self._written_anew(key, path, owner)

    def _written_anew(self, key: str | None, path: str | None, owner: Held) -> str:
        guid = canonical(owner.guid) if is_guid(owner.guid) else stable_guid("id", owner.guid)
        own = path is not None and split_path(path)[0] == "internal"
        name = split_path(path)[1] if own and path is not None and is_safe(split_path(path)[1]) else ""
        if not name or "/" in name or name in self.texts:
            name = self._free(guid, ".txt")
        if key is not None:
            self.files.pop(key)
            self.report.lose("TS-QDA-049", "TextSource", owner.guid)
        elif path is None:
            self.report.lose("TS-QDA-051", "TextSource", owner.guid)
        self.texts[name] = owner.text.encode("utf-8", "replace")
        return INTERNAL + name

    def _decoded(self, file: SourceFile) -> tuple[str, str]:
        try:
            return decode(self.origin.read(file))
        except DAMAGED:
            return "", ""
