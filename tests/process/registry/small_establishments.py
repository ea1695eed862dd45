"""Small tables of establishments for tests of moves: rows of plain words, cleaned by nothing, keys by digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from townshift.engine.tables import DuckDBEngine
from townshift.process.moves.parameters import TableMethods
from townshift.process.moves.records import text_digests
from townshift.process.registry.establishments import SCHEMA

PLACES = pd.DataFrame(
    {"place_id": [f"P{n}" for n in range(30)], "lon": [100.0 + n * 0.7 for n in range(30)], "lat": [30.0] * 30}
)


def key(text: str) -> int | None:
    """A key of a text, as the salted ones are; none of an empty text."""
    return int(text_digests(pa.array([text], pa.string()))[0]) if text else None


def establishment(record_id: str, **given: Any) -> dict[str, Any]:
    """A row: trade, person, holders (a list), phone, firm, place, start and end (days since 1970), kind, processes."""
    start, end = given.get("start", 14_000), given.get("end")
    holders = [key(name) for name in given.get("holders", ())]
    row = {
        "record_id": record_id, "firm_id": given.get("firm"), "trade_key": key(given.get("trade", "")),
        "trade_name": given.get("trade") or None, "name_key": key(given.get("name", "")),
        "industry_word": given.get("word", "服饰"), "place_id": given.get("place", "P0"),
        "county_id": given.get("county", given.get("place", "P0")), "representative_key": key(given.get("person", "")),
        "shareholder_keys": holders or None, "phone_key": key(given.get("phone", "")),
        "entry_from": start, "entry_to": None if start is None else start + 1, "exit_from": end,
        "exit_to": None if end is None else end + 1, "kind": given.get("kind", "firm"),
        "processes_for_others": given.get("processes", False),
    }  # fmt: skip
    return row


def table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The rows as the table `establishments`, in record order."""
    columns = []
    for field in SCHEMA:
        values = [row.get(field.name) for row in rows]
        through = pa.int32() if pa.types.is_date(field.type) else field.type
        columns.append(pa.array(values, through).cast(field.type))
    return pa.table(dict(zip(SCHEMA.names, columns, strict=True))).sort_by("record_id")


def opened(folder: Path, rows: Sequence[Mapping[str, Any]]) -> tuple[DuckDBEngine, Any, TableMethods]:
    """An engine, the table on it, and the methods that a measure of moves is given."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table(rows), folder / "establishments.parquet")
    engine = DuckDBEngine(folder / "engine", workers=1)
    return engine, engine.table(folder / "establishments.parquet"), TableMethods(engine.frame, engine.map_batches)


def crowd(size: int, seed: int = 1) -> list[dict[str, Any]]:
    """Firms that have nothing to do with each other, with names and persons as often shared as such are."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, 1501) ** 0.8
    weights /= weights.sum()
    rows = []
    for number in range(size):
        word, person = rng.choice(1500, p=weights), rng.integers(0, size)
        end = int(rng.integers(10_000, 19_500))
        start = int(rng.integers(8_000, end))
        rows.append(
            establishment(
                f"C{number:06d}", trade=f"{chr(0x5000 + word % 90)}{chr(0x6000 + word // 90)}", person=f"人{person}",
                holders=[f"人{person}", f"股{rng.integers(0, 2 * size)}"][: int(rng.integers(0, 3))],
                phone=f"{rng.integers(10**10)}" if rng.random() < 0.7 else "", place=f"P{rng.integers(0, 30)}",
                start=start, end=end if rng.random() < 0.5 else None, processes=bool(rng.random() < 0.02),
            )
        )  # fmt: skip
    return rows


def moved(number: int, kind: str, rng: np.random.Generator) -> list[dict[str, Any]]:
    """An origin and a destination of a move of one kind, that share what such moves leave behind."""
    start = int(rng.integers(9_000, 14_000))
    later = start + int(rng.integers(1_500, 4_000))
    a, b = rng.choice(30, 2, replace=False)
    base = {
        "trade": f"{chr(0x7000 + number % 97)}{chr(0x7100 + number // 97)}{chr(0x7200 + number % 11)}",
        "person": f"主{number}", "holders": [f"主{number}", f"伴{number}"], "phone": f"9{number:09d}",
    }  # fmt: skip
    end = later + int(rng.integers(-60, 60)) if kind == "relocation" else None
    origin = establishment(f"M{number:05d}a", **base, place=f"P{a}", start=start, end=end)
    changed: dict[str, Any] = {}
    if kind in ("return_entrepreneurship", "outsourcing"):
        changed = {"trade": f"{chr(0x8000 + number)}{chr(0x8500 + number % 50)}"}
    if kind == "outsourcing":
        changed |= {"person": f"外{number}", "holders": [f"外{number}"], "processes": True}
    if kind == "return_entrepreneurship":
        changed |= {"phone": ""}
    return [origin, establishment(f"M{number:05d}b", **(base | changed), place=f"P{b}", start=later)]
