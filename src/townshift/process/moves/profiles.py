"""What each kind of move leaves behind in a registry, before anything is learned from one: data, no computation."""

from __future__ import annotations

PROFILE_PAIRS = 150.0
"""Pairs that the profile of a kind counts as, against the pairs of the registry."""

DEFINING: dict[str, tuple[str, ...]] = {
    "relocation": ("trade_name", "holder"),
    "branch": ("trade_name", "holder"),
    "return_entrepreneurship": ("trade_name", "holder"),
    "outsourcing": ("trade_name", "processing", "holder"),
}
"""Comparisons by which a kind is defined: there its profile holds, or a class could drift into another's meaning."""

FIXED: tuple[tuple[str, str], ...] = (
    ("relocation", "time"),
    ("branch", "time"),
    ("outsourcing", "time"),
    ("relocation", "holder"),
    ("branch", "holder"),
    ("return_entrepreneurship", "holder"),
    ("outsourcing", "holder"),
)
"""Kinds and comparisons of which nothing is learned: whether the origin closes or goes on is the very definition, and
a firm that starts later and holds the earlier one is an investor or a parent. Pairs of that sort are many where trade
names are in fashion; learned from, they would teach the classes that a destination may hold its origin."""

HOLD = 10.0
"""How much more than the pairs of a kind the profile of a defining comparison counts."""

PAIR_SHARE = 0.005
"""Share of records that come by each kind of move, where expectation-maximisation starts."""

FADED_SHARE = 0.3
"""Share of the moves of a kind of which the registry shows hardly a trace, where expectation-maximisation starts."""

FADED: dict[str, tuple[float, ...]] = {
    "trade_name": (0.9, 0.03, 0.03, 0.04),
    "representative": (0.9, 0.05, 0.05),
    "shareholders": (0.85, 0.1, 0.05),
    "phone": (0.1, 0.9),
    "address": (0.97, 0.03),
    "industry_word": (0.3, 0.7),
    "registered_number": (0.9, 0.1),
    "ownership": (0.95, 0.05),
}
"""Agreement of a move that changed its name and its people: traces fade together, not one by one."""

FADED_DEFINING: tuple[str, ...] = ("trade_name", "representative")
"""Comparisons on which faded traces hold to their profile."""

LEAST_BY_CHANCE: dict[str, float] = {
    "trade_name": 0.95,
    "representative": 0.95,
    "phone": 0.005,
    "address": 0.5,
    "ownership": 0.25,
}
"""Of the pairs that agree on a value, at least this share is taken to do so without a move."""

FIRST_BY_CHANCE = 0.8
"""The same share where expectation-maximisation starts."""

PROFILES: dict[str, dict[str, tuple[float, ...]]] = {
    "relocation": {
        "trade_name": (0.12, 0.04, 0.04, 0.8),
        "representative": (0.2, 0.1, 0.7),
        "shareholders": (0.6, 0.25, 0.15),
        "phone": (0.5, 0.5),
        "address": (0.97, 0.03),
        "industry_word": (0.2, 0.8),
        "registered_number": (0.6, 0.4),
        "ownership": (0.97, 0.03),
        "holder": (0.00001, 0.99999),
        "time": (0.02, 0.06, 0.76, 0.12, 0.03, 0.01),
        "destination_status": (0.97, 0.03),
        "processing": (0.85, 0.15),
        "production_place": (0.9, 0.1),
        "code_place": (0.6, 0.4),
    },
    "branch": {
        "trade_name": (0.04, 0.02, 0.04, 0.9),
        "representative": (0.35, 0.15, 0.5),
        "shareholders": (0.6, 0.25, 0.15),
        "phone": (0.6, 0.4),
        "address": (0.98, 0.02),
        "industry_word": (0.15, 0.85),
        "registered_number": (0.9, 0.1),
        "ownership": (0.5, 0.5),
        "holder": (0.00001, 0.99999),
        "time": (0.005, 0.005, 0.03, 0.02, 0.14, 0.8),
        "destination_status": (0.5, 0.5),
        "processing": (0.8, 0.2),
        "production_place": (0.8, 0.2),
        "code_place": (0.95, 0.05),
    },
    "return_entrepreneurship": {
        "trade_name": (0.96, 0.015, 0.015, 0.01),
        "representative": (0.1, 0.3, 0.6),
        "shareholders": (0.6, 0.3, 0.1),
        "phone": (0.6, 0.4),
        "address": (0.98, 0.02),
        "industry_word": (0.4, 0.6),
        "registered_number": (0.99, 0.01),
        "ownership": (0.995, 0.005),
        "holder": (0.00001, 0.99999),
        "time": (0.05, 0.05, 0.15, 0.05, 0.2, 0.5),
        "destination_status": (0.97, 0.03),
        "processing": (0.8, 0.2),
        "production_place": (0.95, 0.05),
        "code_place": (0.98, 0.02),
    },
    "outsourcing": {
        "trade_name": (0.9, 0.02, 0.04, 0.04),
        "representative": (0.85, 0.1, 0.05),
        "shareholders": (0.6, 0.3, 0.1),
        "phone": (0.5, 0.5),
        "address": (0.97, 0.03),
        "industry_word": (0.4, 0.6),
        "registered_number": (0.99, 0.01),
        "ownership": (0.97, 0.03),
        "holder": (0.00001, 0.99999),
        "time": (0.005, 0.005, 0.03, 0.02, 0.14, 0.8),
        "destination_status": (0.9, 0.1),
        "processing": (0.15, 0.85),
        "production_place": (0.6, 0.4),
        "code_place": (0.98, 0.02),
    },
}
"""What each kind leaves behind, as shares of the levels of a comparison; of one that a profile
does not name, those of two random records."""
