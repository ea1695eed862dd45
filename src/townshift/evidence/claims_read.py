"""Reading `claims.toml`: everything that is wrong with the file is reported at once."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from townshift.errors import ClaimError, Problem
from townshift.evidence.claims import (
    Assessment,
    Bilingual,
    Claim,
    ClaimsFile,
    NumbersTest,
    Organisations,
    Part,
    RecordsTest,
    RowFilter,
    Turn,
    WordsTest,
    nearest,
)


def load_claims(path: Path) -> ClaimsFile:
    """Read `claims.toml`.

    Args:
        path: the file.

    Returns:
        The claims, complete in both languages; whether the names in them exist is for `check_claims`.

    Raises:
        ClaimError: with all problems of the file at once.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return parse_claims(tomllib.loads(text), path.name)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ClaimError.of("TS-CLAIM-001", path.name, reason=str(error)) from None


def parse_claims(content: dict[str, Any], file_name: str = "claims.toml") -> ClaimsFile:
    """Turn the content of a claims file into claims; see `load_claims`.

    Args:
        content: the parsed TOML.
        file_name: how the file is named in problems.

    Raises:
        ClaimError: with all problems of the file at once.
    """
    try:
        found = ClaimsFile.model_validate(content)
    except ValidationError as error:
        raise ClaimError(*_problems(error, content, file_name)) from None
    twice = _duplicates(found, file_name)
    if twice:
        raise ClaimError(*twice)
    return found


_MODELS: tuple[type[BaseModel], ...] = (
    ClaimsFile, Claim, Part, NumbersTest, WordsTest, RecordsTest, RowFilter, Turn, Bilingual, Assessment, Organisations,
)  # fmt: skip
_LANGUAGES = ("en", "zh")


def _problems(error: ValidationError, content: dict[str, Any], file_name: str) -> list[Problem]:
    known = sorted({field.alias or name for model in _MODELS for name, field in model.model_fields.items()})
    found: list[Problem] = []
    for item in error.errors(include_url=False):
        steps = [str(step) for step in item["loc"]]
        where = f"{file_name}, {_where(item['loc'], content)}"
        last = steps[-1] if steps else ""
        kind = item["type"]
        if kind == "too_short" and item["input"]:
            continue  # the list has entries, but none is valid: those are reported one by one
        if kind == "extra_forbidden":
            found.append(Problem("TS-CLAIM-002", where, {"name": last, "nearest": nearest(last, known)}))
        elif last in _LANGUAGES and kind in ("missing", "string_too_short"):
            found.append(Problem("TS-CLAIM-005", where, {"language": last}))
        elif kind == "missing":
            found.append(Problem("TS-CLAIM-003", where, {"name": last}))
        elif kind == "too_short" and last == "rivals":
            found.append(Problem("TS-CLAIM-008", where))
        elif kind == "value_error":
            found.append(Problem("TS-CLAIM-007", where, {"needs": str(item.get("ctx", {}).get("error", ""))}))
        else:
            found.append(Problem("TS-CLAIM-004", where, {"name": last, "reason": item["msg"]}))
    return found


def _where(loc: tuple[int | str, ...], content: dict[str, Any]) -> str:
    """The place of an error as a reader looks for it: the ids of the claim and of the part, then the field."""
    node: Any = content
    words: list[str] = []
    for step in loc:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            node = None
        if isinstance(step, int):
            name = node.get("id") if isinstance(node, dict) else None
            words[-1] = f"{words[-1].rstrip('s')} {name if name else step + 1}"
        else:
            words.append(step)
    return ", ".join(words)


def _duplicates(found: ClaimsFile, file_name: str) -> list[Problem]:
    problems: list[Problem] = []
    seen: set[str] = set()
    for claim in found.claims:
        if claim.id in seen:
            problems.append(Problem("TS-CLAIM-006", file_name, {"name": claim.id}))
        seen.add(claim.id)
        parts: set[str] = set()
        for part in claim.parts:
            if part.id in parts:
                problems.append(Problem("TS-CLAIM-006", f"{file_name}, claim {claim.id}", {"name": part.id}))
            parts.add(part.id)
    return problems
