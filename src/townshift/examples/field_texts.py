"""Transcripts of an invented field study: what was said, which codes are in it, and who could be recognised by it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from townshift.examples import field_words

ASKS = {"zh": "访谈者", "en": "Interviewer"}
SAYS = {"zh": "受访者", "en": "Respondent"}
CHAIR = {"zh": "主持人", "en": "Chair"}
COLON = {"zh": "：", "en": ": "}
PERSONAL_SHARE = 0.4
"""Share of sources in which somebody gives a name, number, address or plate."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A passage and what is in it: a code, or a kind of identifier."""

    what: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """A turn of speech in a transcript."""

    person: int | None
    start: int
    end: int
    act: str = "other"
    proposal: str = ""
    answers: int | None = None


@dataclass(slots=True)
class Transcript:
    """A transcript in the making; `codes`, `identifiers` are its truth."""

    language: str
    parts: list[str] = field(default_factory=list)
    length: int = 0
    turns: list[Spoken] = field(default_factory=list)
    codes: list[Mark] = field(default_factory=list)
    identifiers: list[Mark] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.parts)

    def add(self, text: str) -> int:
        """Write on; where it began."""
        begin = self.length
        self.parts.append(text)
        self.length += len(text)
        return begin


@cache
def sentences() -> dict[str, Any]:
    """The sentences of `field_sentences.toml`."""
    return tomllib.loads((files("townshift.examples") / "field_sentences.toml").read_text("utf-8"))


def interview(rng: np.random.Generator, language: str, group: str, person: int) -> Transcript:
    """An interview with one person: questions, and answers that bring up the codes of their group.

    Args:
        rng: stream of this source.
        language: `zh` or `en`.
        group: of the person; decides which codes come up how often.
        person: number of the person.
    """
    out = Transcript(language)
    held = [code for code, about in sentences()["codes"].items() if rng.random() < about["groups"].get(group, 0)]
    rng.shuffle(held)
    answers = [_answer(rng, language, code) for code in held]
    answers += [_answer(rng, language, "") for _ in range(int(rng.integers(2, 5)))]
    if rng.random() < PERSONAL_SHARE:
        answers.append(_answer(rng, language, "personal"))
    rng.shuffle(answers)
    questions = sentences()["questions"][language]
    for at, answer in enumerate(answers):
        _turn(out, ASKS[language], [("", str(questions[at % len(questions)]), ())], None)
        _turn(out, SAYS[language], answer, person)
    return out


Piece = tuple[str, str, tuple[tuple[str, str], ...]]
"""A sentence: its code ("" = none), its text, and the identifiers in it as (kind, text)."""


def _answer(rng: np.random.Generator, language: str, code: str) -> list[Piece]:
    """One to three sentences, one of them on the code."""
    pieces: list[Piece] = [
        ("", str(rng.choice(sentences()["filler"][language])), ()) for _ in range(int(rng.integers(0, 3)))
    ]
    if code == "personal":
        pieces.append(_personal(rng, language))
    elif code:
        pieces.append((code, _filled(rng, language, str(rng.choice(sentences()["codes"][code][language]))), ()))
    elif not pieces:
        pieces.append(("", str(rng.choice(sentences()["filler"][language])), ()))
    return [pieces[int(at)] for at in rng.permutation(len(pieces))]


def _filled(rng: np.random.Generator, language: str, sentence: str) -> str:
    return sentence.format(
        n=int(rng.integers(3, 90)) * 100,
        year=int(rng.integers(2008, 2022)),
        place=field_words.place_name(rng, language),
    )


def _personal(rng: np.random.Generator, language: str) -> Piece:
    sentence = str(rng.choice(sentences()["personal"][language]))
    values = {
        "name": field_words.person_name(rng, language),
        "phone": field_words.phone(rng, language),
        "address": field_words.address(rng, language),
        "plate": field_words.plate(rng, language),
    }
    return "", sentence.format(**values), tuple((key, one) for key, one in values.items() if f"{{{key}}}" in sentence)


def _turn(
    out: Transcript,
    label: str,
    pieces: list[Piece],
    person: int | None,
    act: str = "other",
    proposal: str = "",
    answers: int | None = None,
) -> None:
    out.add(label + COLON[out.language])
    begin = out.length
    for at, (code, text, found) in enumerate(pieces):
        if at and out.language == "en":
            out.add(" ")
        start = out.add(text)
        if code:
            out.codes.append(Mark(code, start, out.length))
        for kind, value in found:
            place = start + text.index(value)
            out.identifiers.append(Mark(kind, place, place + len(value)))
    out.turns.append(Spoken(person, begin, out.length, act, proposal, answers))
    out.add("\n")


def roundtable(
    rng: np.random.Generator, language: str, people: list[tuple[int, str]], proposals: list[str]
) -> Transcript:
    """A roundtable: the chair opens, proposals are made, agreed with or objected to; workers speak least.

    Args:
        rng: stream of this source.
        language: `zh` or `en`.
        people: number and group of everybody at the table.
        proposals: short ids of what is proposed, by the officials.
    """
    out = Transcript(language)
    weight = np.array([{"government": 3.0, "enterprise": 2.5, "village_community": 1.2}.get(g, 0.4) for _, g in people])
    officials = [at for at, (_, group) in enumerate(people) if group == "government"]
    filler, codes = sentences()["filler"][language], sentences()["codes"]

    def say(at: int, act: str, proposal: str, answers: int | None) -> None:
        group = people[at][1]
        held = [code for code, about in codes.items() if rng.random() < about["groups"].get(group, 0) / 2]
        pieces: list[Piece] = [("", str(rng.choice(filler)), ())]
        if held:
            code = str(rng.choice(held))
            pieces.append((code, _filled(rng, language, str(rng.choice(codes[code][language]))), ()))
        label = f"{SAYS[language]}{people[at][0] + 1}" if language == "zh" else f"{SAYS[language]} {people[at][0] + 1}"
        _turn(out, label, pieces, people[at][0], act, proposal, answers)

    opening = sentences()["questions"][language]
    _turn(out, CHAIR[language], [("", str(opening[1]), ())], None, "chairing")
    for number, proposal in enumerate(proposals):
        maker = officials[number % len(officials)]
        say(maker, "proposal", proposal, None)
        made = len(out.turns) - 1
        for _ in range(int(rng.integers(8, 13))):
            at = int(rng.choice(len(people), p=weight / weight.sum()))
            if at == maker:
                continue
            agrees = rng.random() < {"government": 0.9, "enterprise": 0.3, "village_community": 0.5}.get(
                people[at][1], 0.6
            )
            act = "agreement" if agrees else "objection"
            last = len(out.turns) - 1
            target = made if rng.random() < 0.6 or out.turns[last].person is None else last
            say(at, act, proposal, target if out.turns[target].person != people[at][0] else made)
    return out
