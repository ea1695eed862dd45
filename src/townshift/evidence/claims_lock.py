"""Registration of claims: which rules stood before the first run, and which were changed after results were seen."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from townshift.errors import ClaimError
from townshift.evidence.claims import ClaimsFile

LOCK_NAME = "claims.lock.json"
"""The file beside `claims.toml` that holds the hashes of the first run."""

Status = Literal["registered", "unchanged", "changed", "added", "withdrawn"]
"""`registered` = first run; `added` and `withdrawn` = after results were seen."""


@dataclass(frozen=True)
class Registration:
    """What became of the claims since the first run.

    Attributes:
        status: claim id to status.
        lock: the text to keep as `claims.lock.json`; what was once registered is never overwritten.
    """

    status: dict[str, Status]
    lock: str


def registration(file: ClaimsFile, earlier: str | None) -> Registration:
    """Compare the rules of all claims with those that were registered at the first run.

    Args:
        file: the claims as they stand.
        earlier: text of `claims.lock.json`, None at the first run.

    Raises:
        ClaimError: the lock file cannot be read.
    """
    now = {claim.id: file.rule_hash(claim) for claim in file.claims}
    if earlier is None:
        return Registration(dict.fromkeys(now, "registered"), _lock(now, {}))
    try:
        content = json.loads(earlier)
        first = {str(name): str(value) for name, value in content["claims"].items()}
        added = {str(name): str(value) for name, value in content["added"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ClaimError.of("TS-CLAIM-018", LOCK_NAME, reason=str(error)) from None
    status: dict[str, Status] = {}
    for name, value in now.items():
        if name not in first:
            status[name] = "added"
        else:
            status[name] = "unchanged" if first[name] == value else "changed"
    status.update({name: "withdrawn" for name in first if name not in now})
    late = {name: value for name, value in now.items() if name not in first and name not in added}
    return Registration(status, _lock(first, {**added, **late}))


def register(file: ClaimsFile, path: Path) -> Registration:
    """`registration` against the lock file at `path`, which is written when it is new or claims were added.

    Args:
        file: the claims as they stand.
        path: where `claims.lock.json` lies or shall lie.

    Raises:
        ClaimError: the lock file cannot be read or written.
    """
    try:
        earlier = path.read_text("utf-8") if path.exists() else None
        found = registration(file, earlier)
        if found.lock != earlier:
            fresh = path.with_name(f"{path.name}.{os.getpid()}.tmp")
            fresh.write_text(found.lock, "utf-8")
            fresh.replace(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ClaimError.of("TS-CLAIM-018", path.name, reason=str(error)) from None
    return found


def _lock(first: dict[str, str], added: dict[str, str]) -> str:
    content = {"format": 1, "claims": first, "added": added}
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
