"""GUIDs: written in upper or lower case, with or without braces, and still the same; stable ones for what has none."""

from __future__ import annotations

import re
import uuid

_PATTERN = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BRACED = re.compile(rf"\{{{_PATTERN.pattern}\}}|{_PATTERN.pattern}")
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:townshift:refi-qda")
"""Namespace of the GUIDs that are made here."""


def canonical(guid: str) -> str:
    """A GUID in the form in which it is compared: lower case, no braces.

    Example:
        >>> canonical("{0F8FAD5B-D9CB-469F-A165-70867728950E}")
        '0f8fad5b-d9cb-469f-a165-70867728950e'
    """
    return guid.strip().strip("{}").lower()


def same(first: str, second: str) -> bool:
    """Whether two spellings name one GUID.

    Example:
        >>> same("0F8FAD5B-D9CB-469F-A165-70867728950E", "{0f8fad5b-d9cb-469f-a165-70867728950e}")
        True
    """
    return canonical(first) == canonical(second)


def is_guid(text: str) -> bool:
    """Whether the schema takes the text as a GUID.

    Example:
        >>> is_guid("0f8fad5b-d9cb-469f-a165-70867728950e"), is_guid("code-17")
        (True, False)
    """
    return _BRACED.fullmatch(text) is not None


def stable_guid(*keys: object) -> str:
    """A GUID that depends on nothing but the keys, so that repeated exports give one thing one GUID (RFC 9562, v5).

    Example:
        >>> stable_guid("codes", "wages") == stable_guid("codes", "wages") != stable_guid("codes", "rent")
        True
    """
    return str(uuid.uuid5(NAMESPACE, "\x1f".join(map(str, keys))))
