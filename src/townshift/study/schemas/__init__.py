"""The published schemas of the tables: one Frictionless Table Schema each, in the JSON files of this folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

TABLES: tuple[str, ...] = (
    "places", "sources", "indicators", "facts", "deflators", "destinations", "searches", "firms", "successions",
    "flows", "land", "panel", "plots", "orders", "events", "policies", "actors", "concepts", "statements",
    "positions", "fieldwork", "participants", "consent", "sampling_plan", "documents", "speech_turns", "codes",
    "codings", "memos", "episodes", "moves_at_table", "respondents", "answers", "accounts", "context",
)  # fmt: skip
"""Names of all tables that a study may hold, in the order in which they are checked and listed."""


@dataclass(frozen=True)
class ForeignKey:
    """A column whose values must be found in a column of another table, where the study has that table."""

    field: str
    table: str
    target: str


@dataclass(frozen=True)
class Field:
    """One column of a table.

    Attributes:
        name: the column's name.
        type: `string`, `integer`, `number` or `date` (partial: `YYYY[-MM[-DD]]`; a string with a pattern in the JSON).
        title: English title; `title_zh` Chinese.
        description: what it holds, with the unit.
        required: a row without it is no row of this table; the column itself must be there too.
        minimum, maximum: bounds, inclusive.
        enum: the only values allowed; empty = any.
        pattern: regular expression that the whole value must match; empty = any.
        unique: no value may stand in two rows.
        personal: shown as `•••` wherever townshift prints values.
    """

    name: str
    type: str
    title: str
    title_zh: str
    description: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    enum: tuple[str, ...] = ()
    pattern: str = ""
    unique: bool = False
    personal: bool = False


@dataclass(frozen=True)
class Schema:
    """The schema of one table; `raw` is the published JSON."""

    table: str
    title: str
    title_zh: str
    description: str
    fields: tuple[Field, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    raw: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [field.name for field in self.fields]

    def field(self, name: str) -> Field:
        """The column called `name`."""
        return next(field for field in self.fields if field.name == name)


def schema_text(table: str) -> str:
    """The published JSON of a table's schema, as it is."""
    return (files(__package__) / f"{table}.json").read_text("utf-8")


@cache
def schema(table: str) -> Schema:
    """The schema of a table, read when first asked for.

    Example:
        >>> schema("places").primary_key
        ('place_id',)
    """
    raw = json.loads(schema_text(table))
    return Schema(
        table=table,
        title=raw["title"],
        title_zh=raw["title_zh"],
        description=raw["description"],
        fields=tuple(_field(one) for one in raw["fields"]),
        primary_key=tuple(raw.get("primaryKey", ())),
        foreign_keys=tuple(
            ForeignKey(one["fields"][0], one["reference"]["resource"], one["reference"]["fields"][0])
            for one in raw.get("foreignKeys", ())
        ),
        raw=raw,
    )


def _field(raw: dict[str, Any]) -> Field:
    limits = raw.get("constraints", {})
    return Field(
        name=raw["name"],
        type="date" if raw.get("partialDate") else raw["type"],
        title=raw["title"],
        title_zh=raw["title_zh"],
        description=raw["description"],
        required=limits.get("required", False),
        minimum=limits.get("minimum"),
        maximum=limits.get("maximum"),
        enum=tuple(limits.get("enum", ())),
        pattern=limits.get("pattern", ""),
        unique=limits.get("unique", False),
        personal=raw.get("personal", False),
    )
