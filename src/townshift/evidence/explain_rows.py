"""Published rows as a reader takes them in: places, indicators, concepts and codes by their names in one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from townshift.evidence.claims_inputs import Row, key_column, read_rows
from townshift.locales import has_text, text

if TYPE_CHECKING:
    import pandas as pd

_SEPARATOR = " · "


class PublishedRows:
    """The rows of a study's tables, told in one line each."""

    def __init__(self, tables: Mapping[str, pd.DataFrame], language: str) -> None:
        self.tables = tables
        self.language = language
        self._rows: dict[str, dict[str, Row]] = {}

    def row(self, table: str, row_id: str) -> Row:
        """A row by its id; empty where it is lacking."""
        if table not in self._rows:
            rows = read_rows(self.tables[table]) if table in self.tables else []
            key = key_column(table, list(rows[0])) if rows else ""
            self._rows[table] = {str(row[key]) if key else str(number): row for number, row in enumerate(rows)}
        return self._rows[table].get(row_id, {})

    def word(self, kind: str, name: object) -> str:
        """A code in words; the code itself, without underscores, where a study brings its own."""
        for key in (f"claims.{kind}.{name}", f"report.codes.{kind}.{name}"):
            if has_text(key):
                return text(key, self.language)
        return str(name).replace("_", " ")

    def title(self, table: str, row_id: object, column: str, chinese: str) -> str:
        """The name of a place, indicator or concept; its id without underscores where the study gives none."""
        row = self.row(table, str(row_id))
        ordered = (chinese, column) if self.language == "zh" else (column, chinese)
        named = next((str(row[name]) for name in ordered if row.get(name)), "")
        return named or str(row_id).replace("_", " ")

    def place(self, place_id: object) -> str:
        """The name of a place."""
        return self.title("places", place_id, "name", "name_zh") if place_id else ""

    def originator(self, name: str) -> str:
        """Who first said something: by name, or as the press or government of a place that the study knows."""
        for ending in ("press", "government"):
            place = name.removesuffix(f"_{ending}")
            known = next((one for one in (place, place.rpartition("_")[0]) if self.row("places", one)), "")
            if place != name and known and not has_text(f"report.codes.originator.{name}"):
                return text(f"report.words.{ending}_of", self.language, place=self.place(known))
        return self.word("originator", name)

    def summary(self, table: str, row: Row) -> str:
        """A published row in one line; what people said is paraphrased and carries no quotation marks."""
        told = _TELLERS.get(table)
        if told is None or not row:
            return ""
        return _SEPARATOR.join(piece for piece in told(self, row) if piece)

    def codes(self, row: Row, *columns: str) -> Iterable[str]:
        """The codes in some columns of a row, in words."""
        return (self.word(_KINDS.get(name, name), row[name]) for name in columns if row.get(name))

    def amount(self, row: Row, value: str, unit: str) -> str:
        """A figure with what qualifies it and its unit."""
        qualifier = "" if row.get("qualifier") == "exact" else " ".join(self.codes(row, "qualifier"))
        number, units = row.get(value, ""), " ".join(self.codes(row, unit))
        if number == "":
            return f"{qualifier} ({units})" if units else qualifier
        written = f"{number:,.15g}" if isinstance(number, int | float) else str(number)
        return " ".join(piece for piece in (qualifier, written, units) if piece)


_KINDS = {"actor_level": "level", "unit_std": "unit"}


def _fact(rows: PublishedRows, row: Row) -> Iterable[str]:
    named = rows.title("indicators", row.get("definition_id") or row.get("indicator"), "title_en", "title_zh")
    value, unit = ("value_std", "unit_std") if "value_std" in row else ("value", "unit")
    return (rows.place(row.get("place_id")), named, _year(row.get("year")), rows.amount(row, value, unit))


def _event(rows: PublishedRows, row: Row) -> Iterable[str]:
    title = str((row.get("title_zh") if rows.language == "zh" else "") or row.get("title", ""))
    codes = rows.codes(row, "actor_level", "instrument")
    return (str(row.get("date", "")), rows.place(row.get("place_id")), *codes, title)


def _flow(rows: PublishedRows, row: Row) -> Iterable[str]:
    joined = f"{rows.place(row.get('origin_id'))} → {rows.place(row.get('destination_id'))}"
    return (joined, _year(row.get("year")), *rows.codes(row, "flow"), rows.amount(row, "value", "unit"))


def _destination(rows: PublishedRows, row: Row) -> Iterable[str]:
    codes = rows.codes(row, "relation", "link")
    return (rows.place(row.get("place_id")), _year(row.get("first_year")), *codes, str(row.get("summary", "")))


def _statement(rows: PublishedRows, row: Row) -> Iterable[str]:
    speaker = (str(row.get("date", "")), *rows.codes(row, "actor_group"), rows.place(row.get("place_id")))
    concept = rows.title("concepts", row.get("concept", ""), "proposition", "proposition_zh")
    said = f"{' '.join(rows.codes(row, 'stance'))}: {concept}"
    return (*speaker, *rows.codes(row, "speech_act"), said, str(row.get("paraphrase", "")))


_TELLERS = {
    "facts": _fact, "events": _event, "flows": _flow, "destinations": _destination, "statements": _statement,
}  # fmt: skip


def _year(value: object) -> str:
    return str(int(value)) if isinstance(value, int | float) else str(value or "")
