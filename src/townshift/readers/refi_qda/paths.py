"""Paths of sources: `internal://` names a file of the archive; nothing outside the archive is ever opened."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

Scheme = Literal["internal", "relative", "absolute", "none"]
INTERNAL = "internal://"


def split_path(path: str) -> tuple[Scheme, str]:
    """How a path is meant, and the path itself with `/` between folders.

    A path without a scheme, as old files of some programs have it, is taken for a file of the archive.

    Example:
        >>> split_path("internal://ab.txt"), split_path("relative:///film.mp4"), split_path("town.txt")
        (('internal', 'ab.txt'), ('relative', 'film.mp4'), ('none', 'town.txt'))
        >>> split_path("absolute:///C:/a/film.mp4")
        ('absolute', 'C:/a/film.mp4')
    """
    scheme, found, rest = path.strip().replace("\\", "/").partition("://")
    if found and scheme.lower() in ("internal", "relative", "absolute"):
        return scheme.lower(), rest.lstrip("/")  # type: ignore[return-value]
    if found or path.startswith(("/", "\\")) or path[1:2] == ":":
        return "absolute", path
    return "none", path.strip().replace("\\", "/")


def inside_name(path: str) -> str | None:
    """Name of the archive's file that a path means, in lower case; None if it is outside.

    Example:
        >>> inside_name("internal://AB.txt"), inside_name("Sources/town.txt"), inside_name("absolute:///C:/x.txt")
        ('ab.txt', 'town.txt', None)
    """
    scheme, rest = split_path(path)
    if scheme not in ("internal", "none"):
        return None
    name = rest.lower()
    return name.removeprefix("sources/")


def suffix(path: str) -> str:
    """The file's suffix with its dot, in lower case; empty if it has none.

    Example:
        >>> suffix("internal://AB.TXT")
        '.txt'
    """
    return PurePosixPath(split_path(path)[1]).suffix.lower()
