"""Texts in both languages at once: titles from the study's tables, sentences from the locales, names of codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from townshift.locales import has_text, text

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results


@dataclass(frozen=True, slots=True)
class Words:
    """One text in English and Chinese; the same twice where a study records it in one language only."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """The text in `language`."""
        return self.zh if language == "zh" else self.en

    def __add__(self, other: Words | str) -> Words:
        return join(self, other)


def plain(value: object) -> Words:
    """The same text in both languages."""
    return value if isinstance(value, Words) else Words(str(value), str(value))


def join(*parts: Words | str) -> Words:
    """Texts one after the other.

    Example:
        >>> join(Words("Zhili", "织里"), " 2014")
        Words(en='Zhili 2014', zh='织里 2014')
    """
    pieces = [plain(part) for part in parts]
    return Words("".join(piece.en for piece in pieces), "".join(piece.zh for piece in pieces))


def listing(parts: list[Words]) -> Words:
    """Texts as a list in a sentence, separated as each language does."""
    return Words(", ".join(part.en for part in parts), "、".join(part.zh for part in parts))


def say(key: str, **values: object) -> Words:
    """The text `report.<key>` in both languages; values may be `Words`.

    Raises:
        KeyError: no such key; a defect of townshift.
    """
    return phrase(f"report.{key}", **values)


def phrase(key: str, **values: object) -> Words:
    """The text under a whole key in both languages; values may be `Words`.

    Raises:
        KeyError: no such key; a defect of townshift.
    """
    return Words(*(_filled(key, language, values) for language in ("en", "zh")))


def _filled(key: str, language: str, values: Mapping[str, object]) -> str:
    return text(
        key,
        language,
        **{name: value.of(language) if isinstance(value, Words) else value for name, value in values.items()},
    )


def prettified(code: str) -> str:
    """A code as a reader would write it, where no title is known.

    Example:
        >>> prettified("sales_per_firm")
        'sales per firm'
    """
    return code.replace("_", " ").strip()


class Names:
    """Titles of everything that tables name by id or code."""

    def __init__(self, results: Results) -> None:
        self._places = _titles(results.input("places"), "place_id", "name", "name_zh")
        self._indicators = _titles(results.input("indicators"), "indicator", "title_en", "title_zh")
        self._concepts = _titles(results.input("concepts"), "concept", "proposition", "proposition_zh")
        self._events = _titles(results.input("events"), "event_id", "title", "title_zh")

        sources = results.input("sources")
        has = sources is not None and {"lineage", "originator"} <= set(sources.columns)
        pairs = zip(sources["lineage"], sources["originator"], strict=True) if sources is not None and has else ()
        self._originators = {str(lineage): str(originator) for lineage, originator in pairs}

    @property
    def indicators(self) -> list[str]:
        """Indicators in the order in which the study lists them."""
        return list(self._indicators)

    def lineage(self, lineage: object) -> Words:
        """A lineage with who first said it, where that is known."""
        originator = self._originators.get(str(lineage), "unknown")
        if originator == "unknown":
            return plain(lineage)
        return join(self.originator(originator), Words(" (", "（"), str(lineage), Words(")", "）"))

    def originator(self, originator: str) -> Words:
        """Who first said something: by name, or as the press or government of a place that the study knows."""
        for ending in ("press", "government"):
            place = originator.removesuffix(f"_{ending}")
            known = next((one for one in (place, place.rpartition("_")[0]) if one in self._places), "")
            if place != originator and known and not has_text(f"report.codes.originator.{originator}"):
                return say(f"words.{ending}_of", place=self._places[known])
        return code("originator", originator)

    def place(self, place_id: object) -> Words:
        """Name of a place; its id where the study gives none."""
        return self._places.get(str(place_id)) or plain(prettified(str(place_id)))

    def indicator(self, indicator: object) -> Words:
        """Title of an indicator or of one of its definitions."""
        return self._indicators.get(str(indicator)) or plain(prettified(str(indicator)))

    def concept(self, concept: object) -> Words:
        """Proposition that a concept stands for."""
        return self._concepts.get(str(concept)) or plain(prettified(str(concept)))

    def event(self, event_id: object) -> Words:
        """Title of an event."""
        return self._events.get(str(event_id)) or plain(prettified(str(event_id)))

    def measure(self, measure: object) -> Words:
        """Title of a measure: from the locales, the study's indicators, or the code itself."""
        named = str(measure)
        if has_text(f"report.codes.measure.{named}"):
            return code("measure", named)
        for ending in ("_growth_window", "_growth"):
            if named.endswith(ending):
                return join(self.measure(named.removesuffix(ending)), say("words.growth_of"))
        known = self._indicators.get(named)
        return known or plain(prettified(named).capitalize())


def code(kind: str, value: object) -> Words:
    """Name of a code such as `actor_group` `migrant_worker`; the code itself where townshift has no name for it.

    Names stand in the texts of the report or, for what claims are made of, in those of the claims.
    """
    if not isinstance(value, str) or not value:
        return Words("–", "–")
    for key in (f"report.codes.{kind}.{value}", f"claims.{kind}.{value}"):
        if has_text(key):
            return Words(text(key, "en"), text(key, "zh"))
    return plain(prettified(value))


def unit(value: object) -> Words:
    """A unit as printed beside a number."""
    return code("unit", value) if value and isinstance(value, str) else plain("")


def _titles(table: pd.DataFrame | None, key: str, en: str, zh: str) -> dict[str, Words]:
    if table is None or key not in table or en not in table:
        return {}
    chinese = table[zh] if zh in table else [None] * len(table)
    found: dict[str, Words] = {}
    for one, english, other in zip(table[key], table[en], chinese, strict=True):
        first, second = _given(english), _given(other)
        if first or second:
            found[str(one)] = Words(first or second, second or first)
    return found


def _given(value: object) -> str:
    return value if isinstance(value, str) else ""
