"""Names, telephone numbers, plates, addresses and other things that tell who a person is, found in texts and masked.

Rules and dictionaries, Chinese and English. What is found is masked unless a person who looked at it said to keep it:
a name that was missed hurts somebody, a word masked for nothing only annoys a reader.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from townshift.surnames import chinese_surnames

Kind = Literal["name", "phone", "id_number", "account", "plate", "address", "email"]
KINDS: tuple[Kind, ...] = ("name", "phone", "id_number", "account", "plate", "address", "email")
Certainty = Literal["certain", "probable"]


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """A passage of a text that may tell who somebody is.

    Attributes:
        start, end: characters, half-open.
        kind: what it is.
        certainty: `certain` by its form or a known name; `probable` where only a dictionary or a tagger says so.
        rule: which rule found it, for a person who confirms it.
    """

    start: int
    end: int
    kind: Kind
    certainty: Certainty
    rule: str


REFERRED = "referred"
"""The rule for a whole name behind a verb of asking, finding or knowing somebody."""
_ALSO_WORDS = frozenset("和都时从向于过与同对那")
"""Surnames that are mostly other words (and, all, from …): a title or tag alone does not make them a name."""


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rules of the data files, compiled."""

    numbers: tuple[tuple[Kind, str, re.Pattern[str]], ...]
    chinese: tuple[tuple[Certainty, str, re.Pattern[str]], ...]
    english: tuple[tuple[Certainty, str, re.Pattern[str]], ...]
    common: frozenset[str]


@cache
def _rules() -> _Rules:
    folder = files(__package__)
    raw = tomllib.loads((folder / "patterns.toml").read_text("utf-8"))
    words = raw["names"]
    surname = "(?:" + "|".join(sorted(chinese_surnames(), key=len, reverse=True)) + ")"
    given_names = "|".join((folder / "given_names_en.csv").read_text("utf-8").split("\n")[2:]).rstrip("|")
    sign, word, stop = "[\u4e00-\u9fff]", r"[A-Z][a-z]+(?:[-'][A-Z][a-z]+)?", r"[，。、；：！？\s,.;:!?]"
    not_title = f"(?!{sign}?(?:{words['not_after_title_zh']}))"
    chinese: list[tuple[Certainty, str, str]] = [
        ("certain", "cue", rf"(?:{words['cues_zh']})({surname}{sign}{{1,2}}?)(?=[（(]|{stop}|$|是|的)"),
        (
            "probable",
            REFERRED,
            rf"(?:{words['referring_zh']})({surname}(?!{sign}?[的了得着过吗呢]){sign}{{2}})(?={stop}|$)",
        ),
        ("certain", "title", rf"({surname}某?某?)(?=(?:{words['titles_zh']}){not_title})"),
        (
            "certain",
            "short_title",
            rf"(?:{words['before_short_title_zh']})({surname})(?=[{words['short_titles_zh']}]{not_title})",
        ),
        ("probable", "familiar", rf"(?<!{sign})(?:老|小|阿)({surname})(?![{words['not_after_familiar_zh']}])"),
        ("probable", "familiar_given", rf"阿(?!{words['not_given_zh']}){sign}(?={stop}|说|讲|和|跟|是|的|也|都)"),
    ]
    english: list[tuple[Certainty, str, str]] = [
        ("certain", "title", rf"\b{words['titles_en']}\.? ({word}(?: {word})?)"),
        ("certain", "cue", rf"{words['cues_en']} ({word}(?: {word})?)"),
        ("probable", "given_name", rf"\b((?:{given_names})(?: (?:[A-Z]\. )?{word})?)\b"),
    ]
    return _Rules(
        tuple((one["kind"], one["rule"], re.compile(one["expression"])) for one in raw["pattern"]),
        tuple((certainty, rule, re.compile(pattern)) for certainty, rule, pattern in chinese),
        tuple((certainty, rule, re.compile(pattern)) for certainty, rule, pattern in english),
        frozenset((folder / "common_words_zh.csv").read_text("utf-8").split("\n")[2:]),
    )


def find_identifiers(
    text: str, language: str, *, known_names: Collection[str] = (), public_names: Collection[str] = ()
) -> list[Identifier]:
    """What in a text may tell who a person is.

    Args:
        text: as it stands.
        language: `zh`, `en` or another BCP 47 tag; both sets of rules run over numbers, names by language.
        known_names: names of participants, in memory only; found wherever they stand, whole or as given name.
        public_names: names of places, firms and public bodies that no rule should take for a person.

    Returns:
        Passages in order of their start, none inside another.

    Example:
        >>> text = "我叫王建国，电话13812345678。"
        >>> [(one.kind, text[one.start : one.end]) for one in find_identifiers(text, "zh")]
        [('name', '王建国'), ('phone', '13812345678')]
    """
    plain = _half_width(text)
    found = list(_numbers(plain))
    found += _known(plain, known_names)
    found += _chinese_names(plain) if language.startswith("zh") or _mostly_chinese(plain) else _english_names(plain)
    public = [span for name in public_names for span in _places_of(plain, name)]
    kept = [one for one in found if one.kind != "name" or one.rule == "known" or not _inside(one, public)]
    return _without_overlaps(kept)


def plain_names(names: Iterable[str]) -> list[str]:
    """Names without what stands in brackets behind them, each once: what `find_identifiers` takes as public.

    Example:
        >>> plain_names(["Hill County (invented)", "丘陵县（虚构）", ""])
        ['Hill County', '丘陵县']
    """
    return sorted({name.split("（")[0].split(" (")[0] for name in names} - {""})


def mask(text: str, identifiers: Iterable[Identifier], words: Mapping[str, str] | None = None) -> str:
    """The text with each identifier replaced by what kind it is.

    Args:
        text: as given to `find_identifiers`.
        identifiers: passages, none overlapping.
        words: kind → word in the reader's language; the kinds themselves by default.

    Returns:
        The text, shorter or longer.

    Example:
        >>> mask("Call Mary Smith.", find_identifiers("Call Mary Smith.", "en"))
        'Call [name].'
    """
    out, at = [], 0
    for one in sorted(identifiers):
        out += [text[at : one.start], f"[{(words or {}).get(one.kind, one.kind)}]"]
        at = one.end
    return "".join([*out, text[at:]])


_TO_HALF_WIDTH = {**{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}, 0x3000: 0x20}


def _half_width(text: str) -> str:
    """Full-width signs as half-width ones; every character stays at its place."""
    return text.translate(_TO_HALF_WIDTH)


def _mostly_chinese(text: str) -> bool:
    letters = [sign for sign in text if sign.isalpha()]
    return sum("\u4e00" <= sign <= "\u9fff" for sign in letters) * 2 > len(letters)


def _numbers(text: str) -> Iterator[Identifier]:
    for kind, rule, pattern in _rules().numbers:
        for one in pattern.finditer(text):
            group = 1 if pattern.groups else 0
            if rule == "resident_id" and not _resident_id(one.group()):
                kind_found: Kind = "account"
            elif rule == "bank_card" and not _luhn(one.group()):
                continue
            else:
                kind_found = kind
            yield Identifier(one.start(group), one.end(group), kind_found, "certain", rule)


def _resident_id(digits: str) -> bool:
    """Whether the last sign is the check sign of GB 11643."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(digit) for weight, digit in zip(weights, digits[:17], strict=True))
    return "10X98765432"[total % 11] == digits[17].upper()


def _luhn(digits: str) -> bool:
    numbers = [int(sign) for sign in digits if sign.isdigit()][::-1]
    return sum(n if at % 2 == 0 else sum(divmod(2 * n, 10)) for at, n in enumerate(numbers)) % 10 == 0


@lru_cache(maxsize=1 << 16)
def _sought(name: str) -> str:
    """A name as it would stand in a text with half-width signs."""
    return _half_width(name).strip()


def _places_of(text: str, name: str) -> list[tuple[int, int]]:
    name = _sought(name)
    # A study may name thousands of places, and a passage hardly one of them: look before an expression is made.
    if not name or name not in text:
        return []
    pattern = re.escape(name)
    if name.isascii():
        pattern = rf"(?<!\w){pattern}(?!\w)"
    return [one.span() for one in re.finditer(pattern, text)]


def _known(text: str, names: Collection[str]) -> Iterator[Identifier]:
    for name in sorted(set(names)):
        parts = [name]
        if not name.isascii() and len(name) >= 3:
            parts.append(name[1:] if name[:2] not in _compound_surnames() else name[2:])
        elif name.isascii() and " " in name:
            parts += [part for part in name.split() if len(part) > 2]
        for part in parts:
            if len(part) >= 2:
                for start, end in _places_of(text, part):
                    yield Identifier(start, end, "name", "certain", "known")


@cache
def _compound_surnames() -> frozenset[str]:
    return frozenset(one for one in chinese_surnames() if len(one) == 2)


def _chinese_names(text: str) -> Iterator[Identifier]:
    for certainty, rule, pattern in _rules().chinese:
        for one in pattern.finditer(text):
            group = 1 if pattern.groups else 0
            # 问钱的事, 找黄金地段: what follows a surname's sign may make it another word.
            other = rule == REFERRED and (
                one[1][0] in _ALSO_WORDS or {one[1], one[1][:2], one[1][1:]} & _rules().common
            )
            if one.group(group) not in _ALSO_WORDS and not other:
                yield Identifier(one.start(group), one.end(group), "name", certainty, rule)
    yield from _tagged_names(text)


def _tagged_names(text: str) -> Iterator[Identifier]:
    """Words that the tagger takes for persons, if they begin with a surname and are no common word."""
    import rjieba

    surnames, common, at = frozenset(chinese_surnames()), _rules().common, 0
    tagged: Sequence[tuple[str, str]] = rjieba.tag(text)
    for number, (word, tag) in enumerate(tagged):
        start, at = at, at + len(word)
        if word[:1] in _ALSO_WORDS and word[1:2] in surnames:
            word, start = word[1:], start + 1
        begins = (word[:1] in surnames and word[:1] not in _ALSO_WORDS) or word[:2] in _compound_surnames()
        if not begins or word in common or word[:2] in common:
            continue
        if tag == "nr" and 2 <= len(word) <= 4:
            # The tagger glues a verb of speech to a short name: 张三说.
            end = at - 1 if word[-1] in "说讲问答笑" and len(word) > 2 else at
            yield Identifier(start, end, "name", "probable", "tagger")
        elif word in surnames and number + 1 < len(tagged) and len(tagged[number + 1][0]) <= 2:
            given, kind = tagged[number + 1]
            if kind in ("nr", "x", "nrt", "nrfg") and all("\u4e00" <= sign <= "\u9fff" for sign in given):
                yield Identifier(start, at + len(given), "name", "probable", "tagger")


def _english_names(text: str) -> Iterator[Identifier]:
    for certainty, rule, pattern in _rules().english:
        for one in pattern.finditer(text):
            yield Identifier(one.start(1), one.end(1), "name", certainty, rule)


def _inside(one: Identifier, spans: list[tuple[int, int]]) -> bool:
    return any(start <= one.start and one.end <= end for start, end in spans)


def _without_overlaps(found: list[Identifier]) -> list[Identifier]:
    """Of passages that overlap, one that covers them all; certain if one of them is."""
    out: list[Identifier] = []
    for one in sorted(found, key=lambda item: (item.start, -item.end, item.certainty, item.kind)):
        if out and one.start < out[-1].end:
            last = out[-1]
            longer = last if last.end - last.start >= one.end - one.start else one
            certain: Certainty = "certain" if "certain" in (last.certainty, one.certainty) else "probable"
            out[-1] = Identifier(last.start, max(last.end, one.end), longer.kind, certain, longer.rule)
        else:
            out.append(one)
    return out
