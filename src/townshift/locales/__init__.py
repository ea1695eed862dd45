"""Every text that a user sees, by key and language: `locales/<language>/<area>.toml`."""

from __future__ import annotations

import tomllib
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES: tuple[str, ...] = ("en", "zh")
"""Languages in which every text exists."""

_language: ContextVar[str] = ContextVar("townshift_language", default="en")


def set_language(language: str) -> None:
    """Choose the language of all texts from here on; one of `LANGUAGES`."""
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
    _language.set(language)


def current_language() -> str:
    """The language chosen by `set_language`, English if none was."""
    return _language.get()


@cache
def catalogue(language: str) -> dict[str, str]:
    """All texts of one language as a flat mapping of dotted keys; the first key part is the file's name."""
    texts: dict[str, str] = {}
    folder = files(__package__) / language
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            _flatten(entry.name.removesuffix(".toml"), tomllib.loads(entry.read_text("utf-8")), texts)
    return texts


def _flatten(prefix: str, node: dict[str, Any], into: dict[str, str]) -> None:
    for key, value in node.items():
        if isinstance(value, dict):
            _flatten(f"{prefix}.{key}", value, into)
        else:
            into[f"{prefix}.{key}"] = value


def text(key: str, language: str | None = None, /, **values: object) -> str:
    """The text under `key`, its `{placeholders}` filled from `values`.

    Raises:
        KeyError: no such key; a defect of townshift, never of a study.
    """
    found = catalogue(language or current_language())[key]
    return found.format(**values) if values else found


def has_text(key: str) -> bool:
    """Whether a text exists under `key`."""
    return key in catalogue("en")
