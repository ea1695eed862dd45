"""What a pair is: one of four kinds of moves, or two records that only look alike.

Formula: a mixture of five classes, `Pr(class | pair) ∝ share_class · Π_c p_class,c(level_c)`. Of look-alikes, agreement
is that of two random records (`u`, on a value its own frequency); all else is estimated by expectation-maximisation
on the candidate pairs, from the profiles below, which say what each kind is and count as `PROFILE_PAIRS` pairs.

Source: Dempster, Laird and Rubin (1977); Larsen and Rubin (2001) for mixtures of more than two classes in linkage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.process.moves_levels import AGREEMENT, CIRCUMSTANCE, LEVELS, TERM_FREQUENCY
from townshift.process.moves_model import Levels, MoveModel
from townshift.process.moves_parameters import KINDS

Real = npt.NDArray[np.float64]

PROFILE_PAIRS = 150.0
"""Pairs that the profile of a kind counts as, against the pairs of the registry."""

DEFINING = ("time", "trade_name", "processing", "destination_status")
"""Comparisons by which the kinds are defined: their profiles hold, or a class could drift into another's meaning."""

HOLD = 10.0
"""How much more than the pairs of a kind the profile of a defining comparison counts."""

PAIR_SHARE = 0.005
"""Share of records that come by each kind of move, where expectation-maximisation starts."""

ITERATIONS = 40
TOLERANCE = 1e-5

PROFILES: dict[str, dict[str, tuple[float, ...]]] = {
    "relocation": {
        "trade_name": (0.12, 0.04, 0.04, 0.8),
        "representative": (0.2, 0.1, 0.7),
        "shareholders": (0.6, 0.25, 0.15),
        "phone": (0.5, 0.5),
        "address": (0.97, 0.03),
        "industry_word": (0.2, 0.8),
        "registered_number": (0.6, 0.4),
        "time": (0.02, 0.06, 0.74, 0.1, 0.05, 0.03),
        "destination_status": (0.97, 0.03),
        "processing": (0.85, 0.15),
        "production_place": (0.9, 0.1),
        "code_place": (0.6, 0.4),
    },
    "branch": {
        "trade_name": (0.04, 0.02, 0.04, 0.9),
        "representative": (0.4, 0.2, 0.4),
        "shareholders": (0.6, 0.25, 0.15),
        "phone": (0.6, 0.4),
        "address": (0.98, 0.02),
        "industry_word": (0.15, 0.85),
        "registered_number": (0.9, 0.1),
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
        "time": (0.005, 0.005, 0.03, 0.02, 0.14, 0.8),
        "destination_status": (0.9, 0.1),
        "processing": (0.15, 0.85),
        "production_place": (0.6, 0.4),
        "code_place": (0.98, 0.02),
    },
}
"""What each kind leaves behind, as shares of the levels of a comparison; of one that a profile
does not name, those of two random records."""

USED = tuple(name for name in LEVELS if name != "dates")
"""Comparisons of the mixture: `time` says in order what `dates` says without it."""


@dataclass(frozen=True, slots=True)
class KindModel:
    """The fitted mixture.

    Attributes:
        shares: share of each kind among all pairs that could be compared, in the order of `KINDS`.
        p: of each comparison, shape (kinds, levels).
        look_alike: of each comparison of circumstance, shape (levels,), for two random records.
    """

    shares: Real
    p: dict[str, Real]
    look_alike: dict[str, Real]


def chance_bits(
    model: MoveModel, levels: Levels, counts: npt.NDArray[np.int64], person_n: npt.NDArray[np.int64]
) -> Real:
    """log2 of the probability that two random records agree as each pair does; shape (pairs,).

    Where a pair agrees on a value, the probability is that value's frequency; a person who represents one record and
    holds a share of the other, or of both, makes it rarer or likelier by the number of records that name the person.

    Args:
        model: the model of agreement.
        levels: shape (`LEVELS`, pairs).
        counts: shape (`TERM_FREQUENCY`, pairs), records that share the value.
        person_n: shape (pairs,), records that name the rarest person both share; 0 where none was seen.
    """
    total = np.zeros(levels.shape[1])
    for name, found in zip(AGREEMENT, levels, strict=False):
        if name in USED:
            total += np.append(np.log2(model.u[name]), 0.0)[found]
    for position, ((name, level), key) in enumerate(TERM_FREQUENCY.items()):
        rank = AGREEMENT[name].index(level)
        agree = levels[_row(name)] == rank
        share = np.maximum(counts[position][agree], 2) / model.totals[key]
        total[agree] += np.log2(share / model.u[name][rank])
    usual = model.u["representative"][2] * model.totals["representative_key"]
    representative, shareholders = levels[_row("representative")], levels[_row("shareholders")]
    shared = ((representative == 1) | ((shareholders > 0) & (representative != 2))) & (person_n > 0)
    total[shared] += np.log2(np.maximum(person_n[shared], 2) / max(usual, 1e-12))
    return total


def fit_kinds(model: MoveModel, levels: Levels, chance: Real, n_records: int) -> KindModel:
    """Fit the mixture on candidate pairs.

    Args:
        model: the model of agreement, with the circumstances of two random records.
        levels: shape (`LEVELS`, pairs), from origin to destination.
        chance: shape (pairs,), `chance_bits`.
        n_records: records compared; there are half its square of pairs.

    Returns:
        The fitted mixture, the same for the same pairs in the same order.
    """
    total = max(n_records * (n_records - 1) / 2, 1.0)
    look_alike = {name: np.array(model.circumstances[name]) for name in CIRCUMSTANCE}
    profiles = {name: _profile(name, model) for name in USED}
    fitted = KindModel(np.full(len(KINDS), PAIR_SHARE * n_records / total), profiles, look_alike)
    for _ in range(ITERATIONS):
        odds = kind_odds(fitted, levels, chance)
        weights = odds / (1.0 + odds.sum(axis=0))
        shares = (weights.sum(axis=1) + 1.0) / total
        p = {name: _refitted(name, profiles[name], levels[_row(name)], weights) for name in USED}
        moved = float(np.abs(np.log(shares / fitted.shares)).max())
        fitted = KindModel(shares, p, look_alike)
        if moved < TOLERANCE:
            break
    return fitted


def kind_odds(model: KindModel, levels: Levels, chance: Real) -> Real:
    """Odds of each kind against a look-alike, shape (kinds, pairs), before rivals are weighed."""
    bits = np.repeat(np.log2(model.shares)[:, None], levels.shape[1], axis=1) - chance
    for name in USED:
        logs = np.log2(model.p[name])
        if name in CIRCUMSTANCE:
            logs = logs - np.log2(model.look_alike[name])
        bits += np.concatenate([logs, np.zeros((len(KINDS), 1))], axis=1)[:, levels[_row(name)]]
    return np.exp2(np.minimum(bits, 200.0))


def _row(name: str) -> int:
    return tuple(LEVELS).index(name)


def _profile(name: str, model: MoveModel) -> Real:
    """What each kind leaves behind, shape (kinds, levels); what a profile does not name is as of random records."""
    random = model.circumstances[name] if name in CIRCUMSTANCE else model.u[name]
    return np.array([PROFILES[kind].get(name, random) for kind in KINDS])


def _refitted(name: str, profile: Real, found: npt.NDArray[np.int8], weights: Real) -> Real:
    counts = np.array([np.bincount(found + 1, weights=row, minlength=len(LEVELS[name]) + 1)[1:] for row in weights])
    strength = PROFILE_PAIRS + (HOLD * weights.sum(axis=1, keepdims=True) if name in DEFINING else 0.0)
    joined = counts + strength * profile
    return np.asarray(joined / joined.sum(axis=1, keepdims=True))
