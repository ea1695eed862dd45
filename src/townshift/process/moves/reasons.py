"""Why a pair is taken for what it is, as codes; their texts are `moves.reason.<code>` in the locales."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from townshift.process.moves.levels import LEVELS
from townshift.process.moves.model import Levels

REASONS: tuple[tuple[str, str, str], ...] = (
    ("registered_number", "same", "same_registered_number"),
    ("trade_name", "exact", "same_trade_name"),
    ("trade_name", "contained", "contained_trade_name"),
    ("trade_name", "one_edit", "similar_trade_name"),
    ("trade_name", "different", "other_trade_name"),
    ("representative", "same", "same_representative"),
    ("representative", "crossed", "representative_holds_share"),
    ("representative", "different", "other_representative"),
    ("shareholders", "several_shared", "several_shareholders"),
    ("shareholders", "one_shared", "shared_shareholder"),
    ("ownership", "one_holds_the_other", "one_holds_the_other"),
    ("phone", "same", "same_phone"),
    ("address", "same", "same_street_address"),
    ("industry_word", "different", "other_industry_word"),
    ("time", "closed_long_before", "origin_closed_long_before"),
    ("time", "closed_before", "origin_closed_before"),
    ("time", "closes_then", "origin_closes_then"),
    ("time", "closes_soon_after", "origin_closes_soon_after"),
    ("time", "survives", "origin_survives"),
    ("time", "survives_long", "origin_survives"),
    ("destination_status", "subordinate", "destination_is_subordinate"),
    ("processing", "for_others", "destination_processes_for_others"),
    ("name_place", "origin_named", "name_says_origin"),
    ("code_place", "origin_coded", "number_says_origin"),
    ("production_place", "linked", "produces_at_the_other_place"),
)
"""Comparison, level and code, in the order in which they are given."""

COMMON_VALUE = 25
"""A trade name or phone that this many records share is called common."""

COMMON_REASONS = {"trade_name": "common_trade_name", "phone": "shared_phone"}

RIVALS = "rival_candidates"
SUCCESSION = "succession_link"
REVIEWED = "reviewed"
CODES: tuple[str, ...] = (
    *dict.fromkeys(code for _, _, code in REASONS), *COMMON_REASONS.values(), RIVALS, SUCCESSION, REVIEWED,
)  # fmt: skip
"""All codes."""


def reasons(
    levels: Levels, name_n: npt.NDArray[np.integer], phone_n: npt.NDArray[np.integer], rivals: npt.NDArray[np.bool_]
) -> list[str]:
    """The reasons of each pair, codes joined by `;`.

    Args:
        levels: shape (`LEVELS`, pairs).
        name_n: shape (pairs,), records that share the trade name, where the two do.
        phone_n: shape (pairs,), records that share the phone, where the two do.
        rivals: shape (pairs,), whether another candidate for the same destination is at least as likely.

    Example:
        >>> pair = np.full((len(LEVELS), 1), -1, dtype=np.int8)
        >>> pair[tuple(LEVELS).index("phone")] = 1
        >>> reasons(pair, np.array([0]), np.array([40]), np.array([False]))
        ['same_phone;shared_phone']
    """
    rank = {name: position for position, name in enumerate(LEVELS)}
    masks = [(levels[rank[name]] == LEVELS[name].index(level), code) for name, level, code in REASONS]
    trade = (levels[rank["trade_name"]] == LEVELS["trade_name"].index("exact")) & (name_n >= COMMON_VALUE)
    phone = (levels[rank["phone"]] == 1) & (phone_n >= COMMON_VALUE)
    masks += [(trade, COMMON_REASONS["trade_name"]), (phone, COMMON_REASONS["phone"]), (rivals, RIVALS)]
    out: list[list[str]] = [[] for _ in range(levels.shape[1])]
    for mask, code in masks:
        for pair in np.flatnonzero(mask):
            out[pair].append(code)
    return [";".join(codes) for codes in out]
