"""What a file holds, as a digest; a file whose size and times have not moved is not read again."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from townshift.engine.atomic import write_text

SETTLED_SECONDS = 2.0
"""A file changed this shortly before it was read might change again within one tick of the clock: it is read again."""


def digest(value: object) -> str:
    """The sha256 of a value as canonical JSON (sorted keys, no spaces).

    Example:
        >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
        True
    """
    return hashlib.sha256(canonical(value).encode("utf-8")).hexdigest()


def canonical(value: object) -> str:
    """A value as JSON with one spelling: sorted keys, no spaces; dates and paths as text.

    Example:
        >>> canonical({"b": (1, 2), "a": None})
        '{"a":null,"b":[1,2]}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def file_sha256(path: Path) -> str:
    """The sha256 of a file's content, as hexadecimal digits."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@dataclass
class FileIndex:
    """Digests of files, remembered with the size and times at which they were taken.

    Content decides: an entry is used only if size, both times and inode are the same and the file had settled when it
    was read.

    Attributes:
        path: where the index is stored, a JSON file.
        entries: path → [size, mtime_ns, ctime_ns, inode, sha256].
    """

    path: Path
    entries: dict[str, list[Any]] = field(default_factory=dict)
    changed: bool = False

    @classmethod
    def load(cls, path: Path) -> FileIndex:
        """The stored index; an empty one if there is none or it cannot be read, for it only saves time."""
        try:
            entries = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            entries = {}
        return cls(path, entries if isinstance(entries, dict) else {})

    def sha256(self, path: Path) -> str:
        """The sha256 of the file's content.

        Raises:
            OSError: there is no such file, or it cannot be read.
        """
        key = str(path)
        stat = path.stat()
        stamp = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        entry = self.entries.get(key)
        if isinstance(entry, list) and entry[:4] == stamp:
            return str(entry[4])
        found = file_sha256(path)
        if time.time_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns) > SETTLED_SECONDS * 1e9:
            self.entries[key] = [*stamp, found]
            self.changed = True
        else:
            self.changed |= self.entries.pop(key, None) is not None
        return found

    def save(self) -> None:
        """Store the index if anything in it changed."""
        if self.changed:
            write_text(self.path, json.dumps(self.entries, sort_keys=True, indent=0))
            self.changed = False
