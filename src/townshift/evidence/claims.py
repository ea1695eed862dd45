"""Claims as written in `claims.toml`: sentences, their necessary parts, and the one primary test of each part.

A claim is fixed before its test is run; this module only knows how to read and write one down. What the tests find is
worked out in `numbers`, `words` and `records`, what follows from it in `verdicts`.
"""

from __future__ import annotations

import hashlib
import json
from difflib import get_close_matches
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from townshift.errors import ClaimError

Question = Literal["process", "government", "labour", "outcomes"]
Direction = Literal["above", "below", "apart", "alike"]
Estimand = Literal["value", "change_per_year", "growth_since_turn", "recovery"]
Directness = Literal["direct", "proxy"]

_OPPOSITE: dict[Direction, Direction] = {"above": "below", "below": "above", "apart": "alike", "alike": "apart"}


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Bilingual(_Entry):
    """A text in English and Chinese; both are required."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)

    def in_language(self, language: str) -> str:
        """The text in one language.

        Example:
            >>> Bilingual(en="firm", zh="企业").in_language("zh")
            '企业'
        """
        return self.zh if language == "zh" else self.en


class RowFilter(_Entry):
    """Which rows of a table count: all conditions must hold.

    Attributes:
        table: name of the study's table.
        where: column to the values it may have.
        exclude: column to values; a row with one of them in any of these columns is left out.
        contains: column to words, one of which must occur in it, whatever its case.
        within: places; `within_column` must be one of them or lie inside one.
        within_column: the column that `within` looks at.
        from_: earliest partial date, written `from`; a date that only overlaps it does not count.
        until: latest partial date.
        before: name of a turn; the row's date must lie wholly before it.
        after: name of a turn; the row's date must lie wholly after it.
        over: the row's value must surely exceed this, in the unit of its definition.
        under: the row's value must surely stay below this.
    """

    table: str
    where: dict[str, tuple[str, ...]] = {}
    exclude: dict[str, tuple[str, ...]] = {}
    contains: dict[str, tuple[str, ...]] = {}
    within: tuple[str, ...] = ()
    within_column: str = "place_id"
    from_: str = Field(default="", alias="from")
    until: str = ""
    before: str = ""
    after: str = ""
    over: float | None = None
    under: float | None = None


class NumbersTest(_Entry):
    """A primary test on an estimate: is theta on the stated side of delta?

    Attributes:
        table: result that holds the estimate.
        measure: its measure; empty `group` or `place` selects all of them.
        group: its group.
        place: its place.
        estimand: `value` = the estimate itself (longest span, else latest year, no bridged year);
            `change_per_year` = difference of the last and the first year over the years between;
            `growth_since_turn` = log growth per year between the first and the last year after a turn;
            `recovery` = log of the level within `within_years` after `shock` over that within as many years before.
        turn: the turn of `growth_since_turn`.
        shock: year of the shock of `recovery`.
        within_years: how long before and after the shock.
        requires: tables of the study without which the estimate cannot exist.
        direction: `above` or `below` delta; `apart`, `alike`: absolute theta above or below delta.
        delta: smallest meaningful size, in `unit`.
        unit: unit of theta.
        directness: whether the estimate measures the part itself or stands in for it.
        raised_by: definitions whose larger figures raise theta; default = the estimate's own definition.
        lowered_by: definitions whose larger figures lower theta.
        why: why delta is the smallest meaningful size.
    """

    table: str
    measure: str
    group: str = ""
    place: str = ""
    estimand: Estimand = "value"
    turn: str = ""
    shock: int | None = None
    within_years: int | None = None
    requires: tuple[str, ...] = ()
    direction: Direction
    delta: float
    unit: str = Field(min_length=1)
    directness: Directness = "direct"
    raised_by: tuple[str, ...] = ()
    lowered_by: tuple[str, ...] = ()
    why: Bilingual

    @model_validator(mode="after")
    def _complete(self) -> NumbersTest:
        if self.estimand == "growth_since_turn" and not self.turn:
            raise ValueError("turn")
        if self.estimand == "recovery" and (self.shock is None or not self.within_years):
            raise ValueError("shock, within_years")
        if self.direction in ("apart", "alike") and not self.delta > 0:
            raise ValueError("delta > 0")
        return self

    def negated(self) -> NumbersTest:
        """The test of the opposite, with the same delta."""
        return self.model_copy(update={"direction": _OPPOSITE[self.direction]})


class WordsTest(_Entry):
    """A primary test on observations: who was placed to see it, and what did they see?

    Attributes:
        agree: concepts; agreeing with one speaks for the part, disagreeing against it.
        disagree: concepts; agreeing with one speaks against the part, disagreeing for it.
        places: where the speaker must stand; empty = anywhere.
        within: places inside which the speaker must stand; empty = anywhere.
        actor_groups: groups that may speak; empty = all.
        before: name of a turn; only observations dated wholly before it.
        after: name of a turn; only observations dated wholly after it.
        directness: whether the propositions are the part itself or stand in for it.
        why: why these concepts bear on the part.
    """

    agree: tuple[str, ...] = ()
    disagree: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    actor_groups: tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    directness: Directness = "direct"
    why: Bilingual

    @model_validator(mode="after")
    def _complete(self) -> WordsTest:
        if not self.agree and not self.disagree:
            raise ValueError("agree, disagree")
        return self

    def negated(self) -> WordsTest:
        """The test of the opposite."""
        return self.model_copy(update={"agree": self.disagree, "disagree": self.agree})


class RecordsTest(_Entry):
    """A primary test on published records: dated events, flows, destinations, single figures.

    Attributes:
        gain: the answer on which a self-interested originator gains; `either` = on both.
        for_: filters of rows that speak for the part, written `for`.
        against: filters of rows that would contradict it.
        directness: whether the records show the part itself or stand in for it.
        why: why these records bear on the part.
    """

    gain: Literal["for", "against", "either"]
    for_: tuple[RowFilter, ...] = Field(alias="for", min_length=1)
    against: tuple[RowFilter, ...] = Field(min_length=1)
    directness: Directness = "direct"
    why: Bilingual

    def negated(self) -> RecordsTest:
        """The test of the opposite."""
        gain = {"for": "against", "against": "for", "either": "either"}[self.gain]
        return self.model_copy(update={"for_": self.against, "against": self.for_, "gain": gain})


class Part(_Entry):
    """A necessary part of a claim with its primary test: a number, words, records, or several that must not disagree.

    Attributes:
        id: short name, unique within the claim.
        text: the part as a sentence.
        needs: the data that its test needs.
        contradicted_by: what would contradict it.
        numbers: the test on an estimate.
        words: the test on observations.
        records: the test on published records.
    """

    id: str = Field(min_length=1)
    text: Bilingual
    needs: Bilingual
    contradicted_by: Bilingual
    numbers: NumbersTest | None = None
    words: WordsTest | None = None
    records: RecordsTest | None = None

    @model_validator(mode="after")
    def _tested(self) -> Part:
        if self.numbers is None and self.words is None and self.records is None:
            raise ValueError("numbers, words, records")
        return self

    def negated(self) -> Part:
        """The part's opposite: each of its tests is negated."""
        tests = {name: getattr(self, name) for name in ("numbers", "words", "records")}
        return self.model_copy(update={name: test.negated() for name, test in tests.items() if test is not None})


class Assessment(_Entry):
    """What a person makes of a claim. It stands beside the computed verdict and never alters it."""

    who: str = Field(min_length=1)
    when: str = Field(min_length=1)
    verdict: Literal["supported", "contradicted", "mixed", "inconclusive", "untestable"]
    why: Bilingual


class Claim(_Entry):
    """A sentence that evidence can decide.

    Attributes:
        id: such as `2.2`.
        question: which of the four questions it answers.
        origin: who makes the claim, such as `abstract` or `ours`.
        text: the sentence.
        rivals: other explanations of the same evidence; at least one.
        parts: its necessary parts; at least one.
        assessments: what persons make of it.
    """

    holds: ClassVar[Literal["all", "any"]] = "all"

    id: str = Field(min_length=1)
    question: Question
    origin: str = Field(min_length=1)
    text: Bilingual
    rivals: tuple[Bilingual, ...] = Field(min_length=1)
    parts: tuple[Part, ...] = Field(min_length=1)
    assessments: tuple[Assessment, ...] = ()

    def negated(self) -> Claim:
        """The opposite claim. All parts are necessary to a claim, so any failing part suffices to its opposite."""
        opposite: type[Claim] = NegatedClaim if self.holds == "all" else Claim
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return opposite.model_construct(**{**values, "parts": tuple(part.negated() for part in self.parts)})


class NegatedClaim(Claim):
    """The opposite of a claim: it holds if any of its parts holds (De Morgan). Never written in a file."""

    holds: ClassVar[Literal["all", "any"]] = "any"


class Turn(_Entry):
    """A turn of the story, dated by the events that a filter selects.

    Attributes:
        title: its name.
        events: the acts that make it up; the turn is dated by the act with which `min_lineages` lineages have
            documented acts.
        min_lineages: how many lineages it takes.
    """

    title: Bilingual
    events: RowFilter
    min_lineages: int = Field(default=2, ge=1)


class Organisations(_Entry):
    """Originators that are one organisation, and so one vote; the others name a class of speakers."""

    names: tuple[str, ...] = ()


class ClaimsFile(_Entry):
    """A whole `claims.toml`.

    Attributes:
        format: version of this format; 1.
        originators: group of speakers to the originators that belong to it.
        organisations: originators that are one organisation.
        turns: dated turns by name.
        claims: the claims, in order.
    """

    format: Literal[1]
    originators: dict[str, tuple[str, ...]] = {}
    organisations: Organisations = Organisations()
    turns: dict[str, Turn] = {}
    claims: tuple[Claim, ...] = Field(min_length=1)

    def claim(self, claim_id: str) -> Claim:
        """The claim of this id.

        Raises:
            ClaimError: there is none; the nearest id is named.
        """
        for claim in self.claims:
            if claim.id == claim_id:
                return claim
        ids = [claim.id for claim in self.claims]
        raise ClaimError.of("TS-CLAIM-020", name=claim_id, nearest=nearest(claim_id, ids), known=", ".join(ids))

    def negated(self) -> ClaimsFile:
        """The file with every claim replaced by its opposite."""
        return self.model_copy(update={"claims": tuple(claim.negated() for claim in self.claims)})

    def rule_hash(self, claim: Claim) -> str:
        """Hash of everything that decides a claim: its text, its parts, the turns and the classes of speakers.

        Rival explanations and assessments may be added later; they decide nothing.

        Args:
            claim: a claim of this file.
        """
        body: dict[str, Any] = claim.model_dump(mode="json", by_alias=True, exclude={"rivals", "assessments"})
        body["turns"] = {name: turn.model_dump(mode="json", by_alias=True) for name, turn in self.turns.items()}
        body["originators"] = {group: sorted(names) for group, names in self.originators.items()}
        body["organisations"] = sorted(self.organisations.names)
        canonical = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def nearest(name: str, known: list[str]) -> str:
    """The known name that looks most like `name`, or an empty text.

    Example:
        >>> nearest("sales_industy", ["sales_industry", "sales_park"])
        'sales_industry'
    """
    found = get_close_matches(name, sorted(known), n=1, cutoff=0.4)
    return found[0] if found else ""
