"""What a user may set of the steps that read a registry. No heavy library: every run reads these classes."""

from __future__ import annotations

from pydantic import Field

from townshift.types import Parameters


class MembershipRule(Parameters):
    """One rule of membership; words are written in simplified characters or capitals without accents.

    Attributes:
        rule_id: short name that the report and `member_rule` use.
        names_any: words of which the firm's name must hold one; empty = the name decides nothing.
        names_none: words that the name may not hold.
        scope_any: words of which the registered scope must hold one; empty = the scope decides nothing.
        scope_none: words that the scope may not hold.
        codes: beginnings of industry codes (GB/T 4754, NACE, NAICS; dots and letters in front do not count).
    """

    rule_id: str
    names_any: tuple[str, ...] = ()
    names_none: tuple[str, ...] = ()
    scope_any: tuple[str, ...] = ()
    scope_none: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


class MembershipParameters(Parameters):
    """The rules of membership, and the words that tell work on customers' materials.

    Attributes:
        rules: a record is a member if one catches it; without rules every record is.
        processing_words: words of a scope that say the firm works on materials of others.
    """

    rules: tuple[MembershipRule, ...] = ()
    processing_words: tuple[str, ...] = (
        "来料加工",
        "来样加工",
        "代加工",
        "受托加工",
        "委托加工",
        "加工服务",
        "CONTRACT MANUFACTURING",
        "SUBCONTRACT",
        "FACON",
    )


class MembershipRulesParameters(Parameters):
    """How much of what the rules catch is put before a person.

    Attributes:
        sample_per_rule: records drawn for each rule.
    """

    sample_per_rule: int = Field(default=50, ge=0)


class EstablishmentsParameters(MembershipParameters):
    """How records are cleaned.

    Attributes:
        country: ISO 3166-1 code of the study's country; addresses in others are flagged and get no place.
        earliest_year: entries before it are taken as not known (registries write 1900 for "no date").
        latest_year: entries after it are taken as not known, exits after it as open.
        size_bands: least number of employees of each band but the first.
    """

    country: str = "CN"
    earliest_year: int = Field(default=1911, ge=1)
    latest_year: int = Field(default=2035, le=9998)
    size_bands: tuple[int, ...] = (10, 50, 250)


class FirmYearsParameters(Parameters):
    """Which years are counted, and what the registry could have seen.

    Attributes:
        year_from: first year counted; `None` = the first entry of the registry.
        year_to: last year counted; `None` = the last year with an entry or exit.
        observed_from: the registry holds no establishment that closed before this year; survival is then counted only
            from here on (left truncation). `None` = it holds all.
        by_size: whether size bands are counted apart as well.
    """

    year_from: int | None = None
    year_to: int | None = None
    observed_from: int | None = None
    by_size: bool = True


class CoverageParameters(Parameters):
    """When a year counts as thin, and which published stock the registry is held against.

    Attributes:
        window_years: years on either side that a year is compared with.
        false_alarms: share of sound years that may be flagged, per place.
        substantial: a thin year holds at most this share of the entries expected.
        least_expected: places and years with fewer expected entries are not judged.
        stock_definition: `definition_id` of the published stock of sole traders in `facts`; empty = none.
    """

    window_years: int = Field(default=4, ge=2)
    false_alarms: float = Field(default=0.002, gt=0, lt=0.5)
    substantial: float = Field(default=0.7, gt=0, le=1)
    least_expected: float = Field(default=10.0, gt=0)
    stock_definition: str = ""
