"""Which claims a changed row makes stale: the rows that claims cite, compared with the rows as they stand."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, SupportsIndex

from townshift.evidence.claims_inputs import Row, key_column, read_rows

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Staleness:
    """What changed since the claims were judged.

    Attributes:
        stale: claim to the rows it cites that changed or vanished, as (table, row id).
        new_rows: table to the number of rows that were not there; no claim cites them yet.
    """

    stale: dict[str, tuple[tuple[str, str], ...]]
    new_rows: dict[str, int]


def canonical_value(value: object) -> str:
    """A cell as it would be written in a CSV file, whatever type it was loaded with.

    Example:
        >>> canonical_value(2019.0), canonical_value(2019), canonical_value("2019"), canonical_value(None)
        ('2019', '2019', '2019', '')
        >>> canonical_value(0.1 + 0.2), canonical_value(True)
        ('0.3', 'true')
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "true" if value else "false"
    if isinstance(value, SupportsIndex):
        return str(int(value))
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.15g}"
    return str(value).strip()


def row_digest(row: Mapping[str, Any]) -> str:
    """A stable hash of a row's canonical values; empty cells and the order of columns make no difference.

    Example:
        >>> row_digest({"a": 1, "b": None}) == row_digest({"b": "", "a": "1"}) == row_digest({"a": 1.0})
        True
    """
    written = {str(name): canonical_value(value) for name, value in row.items()}
    kept = sorted((name, value) for name, value in written.items() if value)
    canonical = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()[:32]


def digests(rows: Iterable[Row], key: str) -> dict[str, str]:
    """Row id to digest; rows that share an id, or have none, are digested together or go by their number."""
    found: dict[str, list[str]] = {}
    for number, row in enumerate(rows):
        found.setdefault(str(row[key]) if key else str(number), []).append(row_digest(row))
    return {
        name: parts[0] if len(parts) == 1 else hashlib.sha256("".join(sorted(parts)).encode()).hexdigest()[:32]
        for name, parts in found.items()
    }


def table_digests(tables: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, str]]:
    """Table to row id to digest, of all rows of some tables.

    Args:
        tables: cleaned tables by name.
    """
    out: dict[str, dict[str, str]] = {}
    for name in sorted(tables):
        out[name] = digests(read_rows(tables[name]), key_column(name, list(map(str, tables[name].columns))))
    return out


def staleness(
    claim_lineage: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    known_rows: Mapping[str, Collection[str]] | None = None,
) -> Staleness:
    """Which claims cite a row that is no longer as it was.

    Args:
        claim_lineage: columns claim_id, table, row_id, digest, as `judge` wrote it.
        tables: the tables as they stand.
        known_rows: table to the ids of the rows it had when the claims were judged; without it no new row is counted.
    """
    asked = set(claim_lineage["table"]) | set(known_rows or {})
    now = table_digests({name: tables[name] for name in tables if name in asked})
    stale: dict[str, list[tuple[str, str]]] = {}
    columns = (claim_lineage[name] for name in ("claim_id", "table", "row_id", "digest"))
    for claim_id, table, row_id, digest in zip(*columns, strict=True):
        # What was no row of the study's tables had no digest: computed rows go stale with their step, not here.
        if now.get(str(table), {}).get(str(row_id), "") != digest:
            stale.setdefault(str(claim_id), []).append((str(table), str(row_id)))
    new = {name: len(set(now.get(name, {})) - set(known)) for name, known in (known_rows or {}).items()}
    return Staleness(
        {claim: tuple(sorted(rows)) for claim, rows in sorted(stale.items())},
        {name: count for name, count in sorted(new.items()) if count},
    )
