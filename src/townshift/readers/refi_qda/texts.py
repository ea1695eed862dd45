"""Which text do the positions count in? Decided by agreement with the quotes that many programs keep as names.

Programs differ: some count CR and LF as one character, some count a byte order mark, some count UTF-16 units, some
give the last character instead of the one after it. Every reading of a stored text is tried; the one whose passages
agree with most quotes is taken. A text without a telling quote follows the others of its project.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

BOM = "\ufeff"
MIN_QUOTE = 8
"""Shorter names are no evidence that a passage begins with them."""

_SPACE = re.compile(r"\s+")
_PREFERRED = ("bom_kept", "utf16", "crlf_as_lf")

Passage = tuple[int, int, str]
"""Start, end and name of a selection, as written."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a stored text.

    Attributes:
        rule: its parts joined by `+`; empty = as stored.
        text: the text that positions count in.
        units: where positions are UTF-16 units: for each codepoint the unit it starts at, then the end; else empty.
    """

    rule: str
    text: str
    units: tuple[int, ...] = ()

    @property
    def length(self) -> int:
        """The largest position."""
        return self.units[-1] if self.units else len(self.text)

    def codepoint(self, position: int, end: bool = False) -> tuple[int, bool]:
        """A written position as an index of the text, and whether it lies inside a surrogate pair.

        A position inside a pair moves outwards: a start to before the pair, an end to behind it.
        """
        if not self.units:
            return position, False
        if position >= self.units[-1]:
            return position - self.units[-1] + len(self.text), False
        if position < 0:
            return position, False
        place = bisect_left(self.units, position)
        if self.units[place] == position:
            return place, False
        return (place if end else place - 1), True


@dataclass(slots=True)
class Stored:
    """A text as stored, with the passages that were selected in it.

    Attributes:
        text: the decoded text, line ends as stored.
        passages: what was selected.
        chosen: the reading that was taken.
        evidence: how far quotes agree with it, two points for each that does.
    """

    text: str
    passages: Sequence[Passage] = ()
    chosen: Reading = field(default_factory=lambda: Reading("", ""))
    evidence: int = 0


def decode(data: bytes) -> tuple[str, str]:
    r"""A text file as text, its byte order mark kept, and its encoding.

    UTF-8 where it decodes, UTF-16 where a mark says so, else GB18030 where that decodes, else Windows-1252 with its
    holes filled from Latin-1.

    Example:
        >>> decode("织里".encode()), decode("织里".encode("gb18030")), decode(b"caf\xe9 ")
        (('织里', 'utf-8'), ('织里', 'gb18030'), ('café ', 'cp1252'))
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return data.decode("utf-16"), "utf-16"
        except UnicodeDecodeError:
            pass
    for encoding in ("utf-8", "gb18030", "cp1252"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def readings(text: str) -> list[Reading]:
    r"""All ways to read a stored text that differ, the likeliest first.

    Example:
        >>> [(one.rule, len(one.text)) for one in readings("one\r\ntwo")]
        [('', 8), ('crlf_as_lf', 7)]
    """
    bodies = [("", text.removeprefix(BOM))]
    if text.startswith(BOM):
        bodies.append(("bom_kept", text))
    if "\r\n" in text:
        bodies += [(_joined(rule, "crlf_as_lf"), body.replace("\r\n", "\n")) for rule, body in bodies]
    found = [Reading(rule, body) for rule, body in bodies]
    if not text.isascii() and max(text, default="") > "\uffff":
        found += [Reading(_joined(one.rule, "utf16"), one.text, _units(one.text)) for one in found]
    return found


def read_by(rule: str, text: str) -> str | None:
    """The stored text as the rule reads it; None if the text allows no such reading."""
    return next((one.text for one in readings(text) if one.rule == rule), None)


def choose(texts: Iterable[Stored], origin: str = "") -> bool:
    """Choose a reading for every text of a project, by its own quotes, else by those of the others.

    Args:
        texts: the texts; `chosen` and `evidence` are set.
        origin: the program that wrote the project; ATLAS.ti counts CR and LF as one, for texts without any evidence.

    Returns:
        Whether the program gives the last character of a passage instead of the one after it.
    """
    votes: Counter[str] = Counter()
    open_choices: list[tuple[Stored, list[Reading]]] = []
    everything = list(texts)
    for stored in everything:
        ways = readings(stored.text)
        if len(ways) == 1:
            stored.chosen, stored.evidence = ways[0], 0
            continue
        scores = [_score(way, stored.passages) for way in ways]
        best = max(scores)
        tied = [way for way, score in zip(ways, scores, strict=True) if score == best]
        stored.chosen, stored.evidence = tied[0], best[1]
        if len(tied) == 1:
            votes.update(part if part in tied[0].rule.split("+") else f"not {part}" for part in _PREFERRED)
        else:
            open_choices.append((stored, tied))
    if "atlas" in origin.lower() and not votes["crlf_as_lf"] and not votes["not crlf_as_lf"]:
        votes["crlf_as_lf"] = 1
    for stored, tied in open_choices:
        stored.chosen = max(tied, key=lambda way: _popularity(way.rule, votes))
    return _gives_last_character(everything)


def ends_at(reading: Reading, start: int, end: int, name: str, inclusive: bool) -> bool:
    """Whether `end` is the last character of the passage instead of the one after it."""
    text = reading.text
    if not 0 <= start <= end < len(text):
        return False
    if name and text[start:end] == name:
        return False
    return inclusive or (bool(name) and text[start : end + 1] == name)


def _joined(*parts: str) -> str:
    return "+".join(part for part in parts if part)


def _units(text: str) -> tuple[int, ...]:
    return (0, *accumulate(2 if sign > "\uffff" else 1 for sign in text))


def _popularity(rule: str, votes: Counter[str]) -> int:
    parts = rule.split("+")
    return sum((votes[part] - votes[f"not {part}"]) * (1 if part in parts else -1) for part in _PREFERRED)


def _score(way: Reading, passages: Sequence[Passage]) -> tuple[int, int]:
    """Minus the passages that reach beyond the text, and how far passages agree with their names."""
    beyond = agree = 0
    for start, end, name in passages:
        if end > way.length:
            beyond += 1
        elif name:
            agree += _agreement(way, start, end, name)
    return -beyond, agree


def _agreement(way: Reading, start: int, end: int, name: str) -> int:
    """2 where the passage is or begins with the quote, 1 where white space at the ends has to be forgiven, else 0."""
    first, split = way.codepoint(start)
    last, split_end = way.codepoint(end, end=True)
    if split or split_end or not 0 <= first <= last:
        return 0
    passage = way.text[first:last]
    if passage == name or way.text[first : last + 1] == name:
        return 2
    quote, cut = _without_ellipsis(name)
    quote, passage = _SPACE.sub(" ", quote), _SPACE.sub(" ", passage)
    for points in (2, 1):
        if passage == quote or (passage.startswith(quote) and (cut or len(quote) >= MIN_QUOTE)):
            return points
        quote, passage = quote.strip(), passage.strip()
    return 0


def _without_ellipsis(name: str) -> tuple[str, bool]:
    for mark in ("...", "…"):
        if name.endswith(mark):
            return name.removesuffix(mark).rstrip(), True
    return name, False


def _gives_last_character(texts: Sequence[Stored]) -> bool:
    """At least two quotes need the character at `end`, and none ends before it."""
    after = at = 0
    for stored in texts:
        text, place = stored.chosen.text, stored.chosen.codepoint
        for start, end, name in stored.passages:
            if not name:
                continue
            first, last = place(start)[0], place(end, end=True)[0]
            if not 0 <= first <= last <= len(text):
                continue
            if text[first:last] == name:
                after += 1
            elif text[first : last + 1] == name:
                at += 1
    return at >= 2 and after == 0
