"""What a user may set of the field evidence. Light: nothing is computed here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from townshift.types import Parameters


class StatementsParameters(Parameters):
    """Parameters of the step `field_statements`: how what people told is taken.

    Attributes:
        observations: codes whose passages tell what somebody saw; none = all codes that name a concept.
        no_interest: groups that gain nothing if a proposition were believed; all others count as unclear.
    """

    observations: tuple[str, ...] = ()
    no_interest: tuple[str, ...] = ()


class CoverageParameters(Parameters):
    """Parameters of the step `fieldwork_coverage`.

    Attributes:
        periods: `[first year, last year]` pairs; without any, the whole of the fieldwork is one period.
    """

    periods: tuple[tuple[int, int], ...] = ()


class SaturationParameters(Parameters):
    """Parameters of the step `saturation`.

    Attributes:
        ahead: further sources that are looked at.
        replicates: draws behind each interval.
    """

    ahead: int = Field(default=10, ge=1)
    replicates: int = Field(default=400, ge=20)


class InteractionParameters(Parameters):
    """Parameters of the step `interaction`.

    Attributes:
        permutations: of the people among the turns of a session.
    """

    permutations: int = Field(default=999, ge=19)


class QuotesParameters(Parameters):
    """Parameters of the step `quotes`.

    Attributes:
        each: quotes for and against each concept.
        longest: characters of a quote at most.
    """

    each: int = Field(default=2, ge=1)
    longest: int = Field(default=280, ge=40)


class CodeAgreementParameters(Parameters):
    """Parameters of the step `code_agreement`.

    Attributes:
        replicates: resamples of the documents behind every interval.
        unit: what a unit is for coefficients on units: a document, or a turn of speech.
    """

    replicates: int = Field(default=1000, ge=0)
    unit: Literal["document", "turn"] = "turn"
