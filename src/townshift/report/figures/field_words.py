"""What all pages of field evidence share: their texts, groups large enough to be shown, agreement beside numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from townshift.locales import has_text, text
from townshift.report.blocks import Cell, Column, cell
from townshift.report.numbers import MINUS, percent
from townshift.report.results import Record, records, text_of
from townshift.report.words import Names, Words, code, listing, plain, prettified, say

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results

GROUPS = ("government", "association", "enterprise", "village_community", "migrant_worker", "media", "research")
SEVERAL, PUBLIC = "several", "document"
"""Groups of a source in which several groups speak, and of one that no session made, as `field_sources` has them."""
TENTATIVE = 0.667
"""Below this alpha not even tentative conclusions are advised (Krippendorff 2004)."""


def told(key: str, **values: object) -> Words:
    """The text `field.<key>` in both languages; values may be `Words`."""
    both = [
        text(f"field.{key}", language, **{n: v.of(language) if isinstance(v, Words) else v for n, v in values.items()})
        for language in ("en", "zh")
    ]
    return Words(*both)


def named(kind: str, value: object) -> Words:
    """Name of a code such as `act` `demand`; the code itself where there is no name, a dash where it is empty."""
    shown = text_of(value)
    if not shown:
        return plain("–")
    return told(f"{kind}.{shown}") if has_text(f"field.{kind}.{shown}") else plain(prettified(shown))


def group_words(group: object) -> Words:
    """Name of a group of people or of a kind of source."""
    return named("group", group) if has_text(f"field.group.{text_of(group)}") else code("actor_group", text_of(group))


def begun(words: Words) -> Words:
    """The words as they begin a sentence."""
    return Words(words.en[:1].upper() + words.en[1:], words.zh)


def columns(heads: Iterable[str], numbers: Iterable[str] = ()) -> list[Column]:
    """Columns by the keys of their titles; those in `numbers` stand to the right."""
    right = set(numbers)
    return [Column(told(f"columns.{head}"), head in right, wide=head == "quote") for head in heads]


def in_order(groups: Iterable[object]) -> list[str]:
    """Groups in the order of the report, others after them by name."""
    found = {text_of(one) for one in groups} - {""}
    return sorted(found, key=lambda one: (GROUPS.index(one) if one in GROUPS else len(GROUPS), one))


def people_by(attendance: pd.DataFrame, column: str = "actor_group") -> dict[str, int]:
    """People of each group, each counted once."""
    found = attendance.groupby(attendance[column].astype(str))["participant_id"].nunique()
    return {str(group): int(n) for group, n in found.items()}


def people_by_source_group(attendance: pd.DataFrame, sources: pd.DataFrame) -> dict[str, int]:
    """People behind the sources of each kind: interviews of a group, talks of several groups."""
    held = sources.dropna(subset=["session_id"])[["session_id", "actor_group"]].drop_duplicates("session_id")
    joined = attendance[["participant_id", "session_id"]].merge(held, on="session_id")
    return people_by(joined)


def withheld_note(people: Mapping[str, int], shown: Iterable[str], threshold: int) -> list[Words]:
    """Says which groups are withheld, if any."""
    hidden = [one for one in in_order(people) if people[one] > 0 and one not in set(shown)]
    return [told("withheld", groups=listing([group_words(one) for one in hidden]), n=threshold)] if hidden else []


def coefficient(row: Record) -> Words:
    """A coefficient of agreement with its interval, to two decimals.

    Example:
        >>> from types import SimpleNamespace
        >>> coefficient(SimpleNamespace(value=0.8, low=-0.004, high=1.0)).en
        '0.80 (0.00 to 1.00)'
    """
    value, low, high = (f"{float(one):.2f}".replace("-0.00", "0.00").replace("-", MINUS) for one in
                        (row.value, row.low, row.high))  # fmt: skip
    return say("numbers.interval", value=value, low=low, high=high)


class CodeWords:
    """Titles of codes, by the latest version of the codebook."""

    def __init__(self, results: Results) -> None:
        self.titles: dict[str, Words] = {}
        table = results.input("codes")
        if table is None or "name" not in table:
            return
        ordered = table.sort_values("version", kind="stable") if "version" in table else table
        for row in records(ordered):
            en, zh = text_of(row.name), text_of(getattr(row, "name_zh", ""))
            if en or zh:
                self.titles[text_of(row.code)] = Words(en or zh, zh or en)

    def of(self, value: object) -> Words:
        """Title of a code; the code itself where the codebook has none."""
        return self.titles.get(text_of(value)) or plain(prettified(text_of(value)))


class Agreement:
    """Agreement of the second coder, to be printed beside whatever rests on codings."""

    def __init__(self, results: Results) -> None:
        found = results.rows("code_agreement")
        self._rows: dict[str, Record] = {}
        if found is not None:
            alphas = found[found["measure"] == "krippendorff_alpha"]
            self._rows = {text_of(row.code): row for row in records(alphas)}

    def words(self, one: str = "") -> Words:
        """Alpha of a code with its interval, or why there is none; "" is all codes."""
        row = self._rows.get(one)
        if row is None or text_of(row.status) == "not_coded_twice":
            return told("agreement.not_coded_twice")
        if not text_of(row.value):
            return named("agreement_status", row.status)
        return coefficient(row)

    def cell(self, one: str) -> Cell:
        """The same as a cell."""
        row = self._rows.get(one)
        return cell(self.words(one), row.value if row is not None and text_of(row.value) else self.words(one))

    def several(self, codes: Sequence[str], titles: CodeWords) -> Words:
        """Alphas of some codes as a list in a sentence."""
        return listing([titles.of(one) + " " + self.words(one) for one in codes]) if codes else plain("–")

    def notes(self, titles: CodeWords) -> list[Words]:
        """How far coders agree over all codes, and which codes are to be read with care."""
        whole = self._rows.get("")
        if whole is None or not text_of(whole.value):
            return [told("agreement.none")]
        lines = [
            told(
                "agreement.overall", alpha=self.words(), documents=text_of(whole.n_documents),
                units=f"{int(whole.n_units):,}" if text_of(whole.n_units) else "–",
            )
        ]  # fmt: skip
        weak = [
            one
            for one, row in self._rows.items()
            if one and text_of(row.value) and not (math.isfinite(row.low) and row.low >= TENTATIVE)
        ]
        if weak:
            lines.append(told("agreement.weak", codes=listing([titles.of(one) for one in sorted(weak)])))
        return lines


def share_words(row: Record) -> Words:
    """A share with its interval, in per cent."""
    return say("numbers.interval", value=percent(row.share), low=percent(row.low), high=percent(row.high))


def period_words(names: Names, place_id: object, period: object) -> Words:
    """Where and when, as far as either may be told."""
    parts = [names.place(place_id)] if text_of(place_id) else []
    parts += [plain(text_of(period))] if text_of(period) else []
    return listing(parts) if parts else plain("–")
