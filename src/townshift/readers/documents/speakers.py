"""Who speaks where in a transcript that puts the speaker before a colon, as most do."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

_SIGNS = "，。,;；!?！？"
_TIME = r"(?:\[?\d{1,2}:\d{2}(?::\d{2})?\]?[ \t]*)?"
_LABEL = re.compile(rf"^[ \t]*{_TIME}([^\s:：.{_SIGNS}][^:：\n{_SIGNS}]{{0,23}}?)[ \t]*[:：][ \t]*", re.MULTILINE)
_USUAL = frozenset(("q", "a", "i", "r", "p", "m", "int", "interviewer", "respondent", "moderator")) | frozenset(
    ("chair", "问", "答", "访谈者", "受访者", "采访者", "被访者", "主持人", "提问", "回答", "访问员")
)
_NEVER = frozenset(("http", "https", "note", "date", "place", "time", "source")) | frozenset(
    ("注", "注意", "例如", "时间", "地点", "日期", "电话", "标题", "来源")
)


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of speech.

    Attributes:
        speaker: as the transcript calls them; may be a name, so it stays in memory.
        start, end: characters of what is said, half-open, without the speaker's label.
        seconds_from, seconds_to: time in the recording, where known.
    """

    speaker: str
    start: int
    end: int
    seconds_from: float | None = None
    seconds_to: float | None = None


def find_turns(text: str) -> list[Turn]:
    r"""Turns of speech in a text whose lines begin with a speaker and a colon.

    A label counts if it is usual (Q, A, 访谈者 …) or comes back at least twice; a text with fewer than three such lines
    is no transcript and has no turns. A turn ends where the next begins; lines without a label belong to it.

    Args:
        text: line ends `\n`.

    Returns:
        Turns in order.

    Example:
        >>> text = "访谈者：为什么来这里？\n受访者：这里有市场。\n也有老乡。\n访谈者：后来呢？"
        >>> [(turn.speaker, text[turn.start : turn.end]) for turn in find_turns(text)][1]
        ('受访者', '这里有市场。\n也有老乡。')
    """
    found = [(one.group(1).strip(), one.start(), one.end()) for one in _LABEL.finditer(text)]
    times = Counter(label for label, _, _ in found)
    kept = [one for one in found if one[0].lower() not in _NEVER and (one[0].lower() in _USUAL or times[one[0]] >= 2)]
    if len(kept) < 3 or len({label for label, _, _ in kept}) < 2:
        return []
    turns = []
    for at, (label, _, begin) in enumerate(kept):
        until = kept[at + 1][1] if at + 1 < len(kept) else len(text)
        end = begin + len(text[begin:until].rstrip())
        turns.append(Turn(label, begin, max(begin, end)))
    return turns
