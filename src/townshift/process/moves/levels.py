"""What is compared of two records, in which levels, and how each level reads: data, no computation.

A level of -1 means that a side says nothing; it counts neither for nor against. Levels of `AGREEMENT` do not depend
on which of the two records is the origin and are the comparisons of the Splink model; those of `CIRCUMSTANCE` do, and
tell the kinds of moves apart.
"""

from __future__ import annotations

AGREEMENT: dict[str, tuple[str, ...]] = {
    "trade_name": ("different", "one_edit", "contained", "exact"),
    "representative": ("different", "crossed", "same"),
    "shareholders": ("none_shared", "one_shared", "several_shared"),
    "phone": ("different", "same"),
    "address": ("different", "same"),
    "industry_word": ("different", "same"),
    "registered_number": ("different", "same"),
    "ownership": ("none", "one_holds_the_other"),
    "dates": ("survives", "closed_before", "closes_within_a_year", "closes_within_months"),
}
"""Comparisons of the Splink model and their levels, weakest first."""

CIRCUMSTANCE: dict[str, tuple[str, ...]] = {
    "time": ("closed_long_before", "closed_before", "closes_then", "closes_soon_after", "survives", "survives_long"),
    "distance": ("same_district", "neighbouring", "same_region", "far", "very_far"),
    "destination_status": ("independent", "subordinate"),
    "origin_status": ("independent", "subordinate"),
    "processing": ("own_account", "for_others"),
    "name_place": ("elsewhere", "origin_named"),
    "code_place": ("elsewhere", "origin_coded"),
    "production_place": ("elsewhere", "linked"),
    "holder": ("destination_holds", "origin_holds"),
}
"""What hangs on the order of the two records, and its levels."""

LEVELS: dict[str, tuple[str, ...]] = {**AGREEMENT, **CIRCUMSTANCE}
"""All comparisons in the order of the rows of every matrix of levels."""

(TRADE, REPRESENTATIVE, FIRST, PHONE, ADDRESS, WORD, FIRM, OWNERSHIP, DATES) = range(len(AGREEMENT))
(TIME, DISTANCE, SUBORDINATE, ORIGIN_SUBORDINATE, PROCESSES, NAME_LINK, CODE_LINK, PRODUCTION_LINK, HOLDER) = range(
    len(AGREEMENT), len(LEVELS)
)

TERM_FREQUENCY: dict[tuple[str, str], str] = {
    ("trade_name", "exact"): "trade_key",
    ("representative", "same"): "representative_key",
    ("phone", "same"): "phone_key",
    ("address", "same"): "address_key",
}
"""Levels whose chance agreement is that of the very value on which the records agree, and the value's key."""

EXPECTED_M: dict[str, tuple[float, ...]] = {
    "trade_name": (0.25, 0.05, 0.1, 0.6),
    "representative": (0.25, 0.15, 0.6),
    "shareholders": (0.6, 0.25, 0.15),
    "phone": (0.5, 0.5),
    "address": (0.95, 0.05),
    "industry_word": (0.3, 0.7),
    "registered_number": (0.7, 0.3),
    "ownership": (0.9, 0.1),
    "dates": (0.5, 0.1, 0.1, 0.3),
}
"""Agreement of two records of one mover where training starts, and where a registry cannot tell."""

CLOSE_DAYS = 183
"""Within this many days an end and a start are one event."""

NEAR_DAYS = 365
"""Within this many days an end and a start are near each other."""

SURVIVES_DAYS = 1096
"""Beyond this many days after the start of the destination, the origin has survived it for long."""

DISTANCE_BOUNDS_KM: tuple[float, ...] = (30.0, 120.0, 300.0, 800.0)
"""Upper bounds of the bins of distance but the last."""

SHORT_NAME = 2
"""Fewest Chinese characters of a name that may be contained in another; one more for one edit."""

LONG_NAME = 5
"""The same in letters."""

SHAREHOLDER = 5
"""Shareholders compared of each record; the keys beyond, in the order of the table, are left out."""

COLUMN: dict[str, int] = {
    name: position
    for position, name in enumerate(
        (
            "row", "place", "county", "name_place", "production_place", "code_county", "word", "entry", "exit",
            "trade_key", "representative_key", "phone_key", "address_key", "firm_key", "name_key",
            "subordinate", "processes",
            *(f"shareholder_{i}" for i in range(SHAREHOLDER)),
        )
    )
}  # fmt: skip
"""Rows of the matrix of one side's whole numbers, as the kernels take it."""
