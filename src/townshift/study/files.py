"""What a file is, without reading it twice: content hash, encoding, lines; remembered by size and times."""

from __future__ import annotations

import codecs
import hashlib
import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from townshift.engine.atomic import write_text
from townshift.errors import EngineError

CHUNK = 1 << 20
BROKEN = "\ufffd".encode()
"""What programs write where bytes did not decode."""

SETTLED_NS = 2_000_000_000
"""A file changed less than this before it was hashed is hashed again: its times could hide a further change."""

DAMAGED_SHARE = 0.1
"""Text whose broken characters stay below this share of its non-ASCII ones is damaged UTF-8, not another encoding."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is known of a file's content. `lines` counts physical lines; `plain` = UTF-8, no NUL, nothing broken."""

    sha256: str
    size: int
    encoding: str = ""
    lines: int = 0
    plain: bool = True


@dataclass
class Hashes:
    """The index `out/cache/hashes.json`: fingerprints by path, valid while size and times of the file stand.

    A copy of what the files say, never a source: deleting it costs time only.
    """

    root: Path
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: bool = False

    @classmethod
    def read(cls, root: Path) -> Hashes:
        """The index of a study; empty where there is none or it is damaged."""
        try:
            entries = json.loads((root / "out" / "cache" / "hashes.json").read_text("utf-8"))
        except (OSError, ValueError):
            entries = {}
        return cls(root, entries if isinstance(entries, dict) else {})

    def of(self, path: Path, format_: str) -> Fingerprint:
        """The fingerprint of a file, from the index or by reading the file once.

        Raises:
            OSError: the file cannot be read.
        """
        stat = path.stat()
        key = path.relative_to(self.root).as_posix()
        state = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
        entry = self.entries.get(key)
        if isinstance(entry, dict) and entry.get("state") == state:
            return Fingerprint(**entry["fingerprint"])
        found = fingerprint(path, format_)
        if time.time_ns() - max(state[1:]) > SETTLED_NS:
            self.entries[key] = {"state": state, "fingerprint": asdict(found)}
            self.changed = True
        return found

    def write(self) -> None:
        """Store the index, atomically; a folder that cannot be written is met later, by what must write there."""
        if not self.changed:
            return
        try:
            write_text(self.root / "out" / "cache" / "hashes.json", json.dumps(self.entries, sort_keys=True, indent=1))
        except EngineError:
            return
        self.changed = False


def fingerprint(path: Path, format_: str) -> Fingerprint:
    """Read a file once, in pieces: its hash and, for CSV, its encoding and number of lines.

    Encodings: a byte order mark decides; else UTF-8 where it decodes; else GB18030 where that decodes and the text is
    not plainly UTF-8 with a few broken bytes. A file that is none of these keeps `utf-8` and `plain=False`: its broken
    characters are then found row by row.
    """
    digest = hashlib.sha256()
    strict = codecs.getincrementaldecoder("utf-8")("strict")
    size = lines = 0
    head, last = b"", b""
    valid, marked = True, False
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            digest.update(chunk)
            head = head or chunk[:4]
            last = chunk
            size += len(chunk)
            if format_ != "csv":
                continue
            lines += chunk.count(b"\n")
            marked = marked or b"\0" in chunk or BROKEN in chunk
            if valid:
                valid = _decodes(strict, chunk)
    if format_ != "csv":
        return Fingerprint(digest.hexdigest(), size)
    valid = valid and _decodes(strict, b"", final=True)
    lines += bool(last) and not last.endswith(b"\n")
    encoding = _encoding(path, head, valid)
    return Fingerprint(digest.hexdigest(), size, encoding, lines, plain=valid and not marked)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _encoding(path: Path, head: bytes, valid: bool) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if valid:
        return "utf-8"
    if _share_broken(path) < DAMAGED_SHARE:
        return "utf-8"
    return "gb18030" if _decodes_as(path, "gb18030") else "utf-8"


def _share_broken(path: Path) -> float:
    broken = foreign = 0
    with path.open("r", encoding="utf-8", errors="replace", newline="") as handle:
        while piece := handle.read(CHUNK):
            broken += piece.count("\ufffd")
            foreign += len(piece) - len(piece.encode("ascii", "ignore"))
    return broken / max(foreign, 1)


def _decodes_as(path: Path, encoding: str) -> bool:
    try:
        with path.open("r", encoding=encoding, newline="") as handle:
            while handle.read(CHUNK):
                pass
    except UnicodeDecodeError:
        return False
    return True
