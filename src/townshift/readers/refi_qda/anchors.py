"""Find a passage again after its text was changed: quote, what stood around it, and a digest of the text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from townshift.readers.refi_qda.loss import LossReport
from townshift.readers.refi_qda.model import TextSelection, TextSource

AROUND = 32


@dataclass(frozen=True, slots=True)
class Anchor:
    """A passage that can be found again.

    Attributes:
        sha256: of the text in UTF-8; as long as it holds, `start` and `end` do.
        start: index of the first character.
        end: index after the last character.
        quote: the passage.
        prefix: what stood before it.
        suffix: what stood behind it.
    """

    sha256: str
    start: int
    end: int
    quote: str
    prefix: str
    suffix: str


def digest(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal.

    Example:
        >>> digest("")[:8]
        'e3b0c442'
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def anchor(text: str, start: int, end: int) -> Anchor:
    """The anchor of the passage `text[start:end]`.

    Source: W3C (2017), Web Annotation Data Model, Text Quote Selector.

    Example:
        >>> anchor("the wages fall", 4, 9).quote
        'wages'
    """
    before, behind = text[max(start - AROUND, 0) : start], text[end : end + AROUND]
    return Anchor(digest(text), start, end, text[start:end], before, behind)


def find_again(kept: Anchor, text: str) -> tuple[int, int] | None:
    """Where the passage is in a text that may have changed; None if it is gone or cannot be told from another.

    The quote must stand there word for word. Of several places the one wins with most of the old surroundings.

    Example:
        >>> find_again(anchor("the wages fall", 4, 9), "Now the wages fall.")
        (8, 13)
    """
    if digest(text) == kept.sha256:
        return kept.start, kept.end
    if not kept.quote:
        return None
    places: list[tuple[int, int]] = []
    place = text.find(kept.quote)
    while place >= 0:
        places.append((_agreement(kept, text, place), place))
        place = text.find(kept.quote, place + 1)
    places.sort(reverse=True)
    if not places or (len(places) > 1 and places[0][0] == places[1][0]):
        return None
    start = places[0][1]
    return start, start + len(kept.quote)


def with_text(source: TextSource, text: str, report: LossReport) -> TextSource:
    """The source with another text, its passages moved to where they stand now.

    Args:
        source: a text with its passages.
        text: the new text.
        report: told of every passage that is gone or cannot be told from another; it keeps its old place.

    Returns:
        The source; a passage named by its quote keeps its name.

    Example:
        >>> passage = TextSelection(guid="p", start=4, end=9)
        >>> moved = with_text(TextSource(guid="s", text="the wages fall", selections=(passage,)),
        ...                   "Now: the wages fall", LossReport())
        >>> moved.selections[0].start, moved.selections[0].end
        (9, 14)
    """
    if source.text is None or source.text == text:
        return replace(source, text=text)
    moved = tuple(_moved(one, source.text, text, report) for one in source.selections)
    return replace(source, text=text, offset_rule="", selections=moved)


def _moved(passage: TextSelection, old: str, new: str, report: LossReport) -> TextSelection:
    start, end = passage.start, passage.end
    if start is None or end is None or not 0 <= start <= end <= len(old):
        return passage
    place = find_again(anchor(old, start, end), new)
    if place is None:
        report.lose("TS-QDA-035", "PlainTextSelection", passage.guid)
        return passage
    return replace(passage, start=place[0], end=place[1])


def _agreement(kept: Anchor, text: str, start: int) -> int:
    """Characters before and behind that are as they were, counted outwards from the passage."""
    end = start + len(kept.quote)
    before = text[max(start - len(kept.prefix), 0) : start]
    behind = text[end : end + len(kept.suffix)]
    return _common(before[::-1], kept.prefix[::-1]) + _common(behind, kept.suffix)


def _common(first: str, second: str) -> int:
    return next(
        (place for place, (one, other) in enumerate(zip(first, second, strict=False)) if one != other),
        min(len(first), len(second)),
    )
