"""What a pair is: one of four kinds of moves, or two records that only look alike.

Formula: a mixture, `Pr(class | pair) ∝ share_class · Π_c p_class,c(level_c)`. Each kind of move has two classes, of
moves that keep their traces and of moves whose traces faded together. Of look-alikes, agreement is that of two random
records (`u`, on a value its own frequency), circumstance that of two random records; all else is estimated by
expectation-maximisation on the candidate pairs, from the profiles of `moves_profiles`.

Source: Dempster, Laird and Rubin (1977); Larsen and Rubin (2001) for mixtures of more than two classes in linkage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.process.moves.levels import AGREEMENT, CIRCUMSTANCE, LEVELS, TERM_FREQUENCY
from townshift.process.moves.model import SIZE_BOUNDS, Levels, MoveModel, size_class
from townshift.process.moves.parameters import KINDS
from townshift.process.moves.profiles import (
    DEFINING,
    FADED,
    FADED_DEFINING,
    FADED_SHARE,
    FIRST_BY_CHANCE,
    FIXED,
    HOLD,
    LEAST_BY_CHANCE,
    PAIR_SHARE,
    PROFILE_PAIRS,
    PROFILES,
)

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.integer]

ITERATIONS = 60
TOLERANCE = 1e-3

ALL_SEEN = np.array([True, True, True, False, False, False])
"""Classes of sizes of which every pair that can be a move is in memory: agreement on a rare value weighs enough."""

USED = tuple(name for name in LEVELS if name != "dates")
"""Comparisons of the mixture: `time` says in order what `dates` says without it."""

VALUES: dict[str, tuple[str, str, int]] = {
    name: (level, key, position) for position, ((name, level), key) in enumerate(TERM_FREQUENCY.items())
}
"""Of each comparison with term frequencies: the level of agreement on a value, the value's key, its row of counts."""

SETTING = ("industry_word", *CIRCUMSTANCE)
"""Comparisons that depend among look-alikes on what else these share."""

K = len(KINDS)
SIZES = len(SIZE_BOUNDS) + 1


@dataclass(frozen=True, slots=True)
class KindModel:
    """The fitted mixture; classes are the kinds with traces, then the kinds with faded traces.

    Attributes:
        shares: share of each class among all pairs of records, shape (2 kinds,).
        p: of each comparison, shape (2 kinds, levels); agreement on a value has one level for each `size_class`.
        by_chance: of each comparison of `TERM_FREQUENCY`, log2 of the probability that two random records agree on a
            value of each `size_class`.
        ownership_bits: how much likelier than the model says it is that of two records of no move one holds the
            other, in bits: investors hold firms elsewhere, and no sample of random pairs meets one.
        look_alike: of each comparison of `SETTING`, shape (3, levels): of two random records, of look-alikes that share
            a trade name, and of those that share a representative. Names are in fashion by trade and region.
        usual_n: of each comparison of `TERM_FREQUENCY` and size class, mean number of records that share a value.
    """

    shares: Real
    p: dict[str, Real]
    by_chance: dict[str, Real]
    ownership_bits: float
    look_alike: dict[str, Real]
    usual_n: dict[str, Real]


def chance_bits(model: MoveModel, levels: Levels, person_n: Whole) -> Real:
    """log2 of the probability that two random records agree as each pair does, shape (pairs,).

    Agreement on a value of `TERM_FREQUENCY` is left out: `class_odds` adds it. A person who represents one record and
    holds a share of the other, or of both, makes chance likelier by the number of records that name the person.

    Args:
        model: the model of agreement.
        levels: shape (`LEVELS`, pairs).
        person_n: shape (pairs,), records that name the rarest person both share; 0 where none was seen.
    """
    total = np.zeros(levels.shape[1])
    for name in AGREEMENT:
        if name in USED:
            bits = np.append(np.log2(model.u[name]), 0.0)
            if name in SETTING:
                continue
            if name in VALUES:
                bits[AGREEMENT[name].index(VALUES[name][0])] = 0.0
            total += bits[levels[_row(name)]]
    usual = model.u["representative"][2] * model.totals["representative_key"]
    representative, shareholders = levels[_row("representative")], levels[_row("shareholders")]
    shared = ((representative == 1) | ((shareholders > 0) & (representative != 2))) & (person_n > 0)
    total[shared] += np.log2(np.maximum(person_n[shared], 2) / max(usual, 1e-12))
    return total


def fit_kinds(model: MoveModel, levels: Levels, counts: Whole, chance: Real, n_records: int) -> KindModel:
    """Fit the mixture on candidate pairs.

    Only pairs with two traces, or one that hardly arises by chance, teach what moves look like: on a single name the
    mixture could explain chance by moves as well as moves by chance, and would drift from one to the other.

    Args:
        model: the model of agreement, with the circumstances of two random records.
        levels: shape (`LEVELS`, pairs), from origin to destination.
        counts: shape (`TERM_FREQUENCY`, pairs), records that share the value.
        chance: shape (pairs,), `chance_bits`.
        n_records: records compared; there are half its square of pairs.

    Returns:
        The fitted mixture, the same for the same pairs in the same order.
    """
    total = max(model.possible * n_records * (n_records - 1) / 2, 1.0)
    profiles = {name: _profile(name, model) for name in USED}
    agreed = _agreed_pairs(model, levels, counts)
    fitted = _first(model, profiles, levels, counts, n_records, total)
    taught = np.flatnonzero(_corroborated(levels, counts))
    levels, counts, chance = levels[:, taught], counts[:, taught], chance[taught]
    ranks = {name: _ranks(name, levels, counts) for name in USED}
    holds = levels[_row("ownership")] == 1
    for _ in range(ITERATIONS):
        odds = class_odds(fitted, levels, counts, chance, ranks)
        weights = odds / (1.0 + odds.sum(axis=0))
        shares = (weights.sum(axis=1) + 1.0) / total
        p = {name: _refitted(name, profiles[name], ranks[name], weights) for name in USED}
        moved = float(np.abs(np.log(shares / fitted.shares)).max())
        move = weights.sum(axis=0)
        investors = max(float((1.0 - move)[holds].sum()), LEAST_BY_CHANCE["ownership"] * float(holds.sum()))
        bits = _ownership_bits(model, investors, total)
        by_chance = {name: _by_chance(name, agreed[name], levels, counts, move, total) for name in VALUES}
        fitted = KindModel(shares, p, by_chance, bits, fitted.look_alike, fitted.usual_n)
        if moved < TOLERANCE:
            break
    return fitted


def _corroborated(levels: Levels, counts: Whole) -> npt.NDArray[np.bool_]:
    """Two traces, or a phone that few give, a registered number or a holding."""
    names = ("trade_name", "representative", "shareholders", "name_place", "code_place", "production_place")
    traces = np.zeros(levels.shape[1], dtype=np.int64)
    for name in names:
        traces += levels[_row(name)] >= 1
    few = ALL_SEEN[size_class(counts[VALUES["phone"][2]])]
    traces += (levels[_row("phone")] == 1) * np.where(few, 2, 1)
    for name in ("ownership", "registered_number"):
        traces += (levels[_row(name)] == 1) * 2
    return np.asarray(traces >= 2)


def kind_odds(model: KindModel, levels: Levels, counts: Whole, chance: Real) -> Real:
    """Odds of each kind against a look-alike, shape (kinds, pairs), before rivals are weighed."""
    odds = class_odds(model, levels, counts, chance, {name: _ranks(name, levels, counts) for name in USED})
    return odds[:K] + odds[K:]


def class_odds(model: KindModel, levels: Levels, counts: Whole, chance: Real, ranks: dict[str, Levels]) -> Real:
    """Odds of each class against a look-alike, shape (2 kinds, pairs); `ranks` as `_ranks` gives them."""
    shared = chance.copy()
    for name, (level, _, position) in VALUES.items():
        agree = levels[_row(name)] == AGREEMENT[name].index(level)
        n = counts[position][agree]
        classes = size_class(n)
        shared[agree] += model.by_chance[name][classes] + np.log2(n / model.usual_n[name][classes])
    shared += model.ownership_bits * (levels[_row("ownership")] == 1)
    bits = np.log2(model.shares)[:, None] - shared
    group = _groups(levels)
    for name in USED:
        logs = np.log2(model.p[name])
        if name in SETTING:
            usual = np.concatenate([np.log2(model.look_alike[name]), np.zeros((len(SHARED) + 1, 1))], axis=1)
            bits -= usual[group, levels[_row(name)]]
        bits += np.concatenate([logs, np.zeros((2 * K, 1))], axis=1).take(ranks[name], axis=1, mode="wrap")
    return np.exp2(np.minimum(bits, 200.0))


def _first(
    model: MoveModel, profiles: dict[str, Real], levels: Levels, counts: Whole, n_records: int, total: float
) -> KindModel:
    share = PAIR_SHARE * max(n_records, 1) / total
    shares = np.repeat([share * (1 - FADED_SHARE), share * FADED_SHARE], K)
    look_alike = _settings(model, levels, counts)
    bits = _ownership_bits(model, float((levels[_row("ownership")] == 1).sum()), total)
    agreed = _agreed_pairs(model, levels, counts)
    by_chance = {name: np.log2(FIRST_BY_CHANCE * pairs / total) for name, pairs in agreed.items()}
    usual_n = {
        name: 1.0 + 2.0 * np.array(model.pairs[key]) / (model.possible * np.maximum(model.sizes[key], 1.0))
        for name, (_, key, _) in VALUES.items()
    }
    usual_n = {name: np.maximum(n, (2, *SIZE_BOUNDS)) for name, n in usual_n.items()}
    return KindModel(shares, profiles, by_chance, bits, look_alike, usual_n)


def _ownership_bits(model: MoveModel, investors: float, total: float) -> float:
    return float(np.log2(investors + 1.0) - np.log2(model.u["ownership"][1] * total))


def _agreed_pairs(model: MoveModel, levels: Levels, counts: Whole) -> dict[str, Real]:
    """How many pairs that can be a move agree on a value, by how many records share it, shape (size classes,)."""
    out = {}
    for name, (_, key, _) in VALUES.items():
        seen = np.bincount(_sizes_of_agreed(name, levels, counts)[1], minlength=SIZES)
        all_seen = ALL_SEEN & (name != "address")  # which is looked for within a county only
        out[name] = np.maximum(np.where(all_seen, seen, np.maximum(model.pairs[key], seen)), 1.0)
    return out


def _sizes_of_agreed(name: str, levels: Levels, counts: Whole) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp]]:
    """Which pairs agree on a value, and the size class of each that does."""
    level, _, position = VALUES[name]
    agree = levels[_row(name)] == AGREEMENT[name].index(level)
    return agree, size_class(counts[position][agree])


def _by_chance(name: str, agreed: Real, levels: Levels, counts: Whole, move: Real, total: float) -> Real:
    """log2 of the probability that two random records agree on a value that so many records share.

    It is the number of pairs that agree on such values, less those that are moves, of all pairs. A value's frequency
    alone would count the moves in: a phone that two records give is mostly one mover's.
    """
    agree, classes = _sizes_of_agreed(name, levels, counts)
    found = np.bincount(classes, weights=move[agree], minlength=SIZES)
    return np.asarray(np.log2(np.maximum(agreed - found, LEAST_BY_CHANCE[name] * agreed) / total))


SHARED: tuple[str, ...] = ("trade_name", "representative")
"""What look-alikes may share so that their setting is learned apart, the first that holds."""


def _groups(levels: Levels) -> npt.NDArray[np.intp]:
    """Which of `SHARED` each pair shares, counted from 1; 0 for none."""
    found = np.zeros(levels.shape[1], dtype=np.intp)
    for number, name in reversed(list(enumerate(SHARED, 1))):
        found[levels[_row(name)] == len(AGREEMENT[name]) - 1] = number
    return found


def _settings(model: MoveModel, levels: Levels, counts: Whole) -> dict[str, Real]:
    """Settings of look-alikes: those of two random records, moved by what is seen where they share a name.

    Only pairs of which all are in memory are counted: the rarer names. The few moves among them are counted in; taking
    them out by their probabilities would let the classes explain each other away.
    """
    group = _groups(levels)
    seen = np.zeros(levels.shape[1], dtype=bool)
    for number, name in enumerate(SHARED, 1):
        seen |= (group == number) & ALL_SEEN[size_class(counts[VALUES[name][2]])]
    out = {}
    for name in SETTING:
        base = np.array(model.circumstances[name] if name in CIRCUMSTANCE else model.u[name])
        rows = [base]
        for number in range(1, len(SHARED) + 1):
            chosen = seen & (group == number)
            found = levels[_row(name)][chosen].astype(np.int64) + 1
            counted = np.bincount(found, minlength=len(base) + 1)[1:]
            joined = counted + PROFILE_PAIRS * base
            rows.append(joined / joined.sum())
        out[name] = np.array(rows)
    return out


def _ranks(name: str, levels: Levels, counts: Whole) -> npt.NDArray[np.int8]:
    """The level of each pair, agreement on a value split by how many records share it; -1 where nothing is said."""
    found: npt.NDArray[np.int8] = levels[_row(name)].copy()
    if name in VALUES:
        agree, classes = _sizes_of_agreed(name, levels, counts)
        found[agree] += classes.astype(np.int8)
    return found


_ROWS = {name: row for row, name in enumerate(LEVELS)}


def _row(name: str) -> int:
    return _ROWS[name]


def _profile(name: str, model: MoveModel) -> Real:
    """What each class leaves behind, shape (2 kinds, levels); what a profile does not name is as of random records.

    Whether many or few share the value on which a move agrees, before anything is learned, is as of all records.
    """
    random = model.circumstances[name] if name in CIRCUMSTANCE else model.u[name]
    clear = [PROFILES[kind].get(name, random) for kind in KINDS]
    shares = np.array(clear + ([FADED[name]] * K if name in AGREEMENT else clear))
    if name not in VALUES:
        return shares
    sizes = np.array(model.sizes[VALUES[name][1]]) + 1.0
    return np.concatenate([shares[:, :-1], shares[:, -1:] * sizes / sizes.sum()], axis=1)


def _refitted(name: str, profile: Real, found: npt.NDArray[np.int8], weights: Real) -> Real:
    """Shares of levels after one round; circumstances of a kind are those of both its classes, faded traces of all."""
    size = profile.shape[1]
    places = found.astype(np.intp) + 1
    counts = np.array([np.bincount(places, weights=row, minlength=size + 1)[1:] for row in weights])
    if name in CIRCUMSTANCE:
        counts = np.tile(counts[:K] + counts[K:], (2, 1))
    else:
        counts[K:] = counts[K:].sum(axis=0)
    defining = np.array([name in DEFINING[kind] for kind in KINDS] * 2)
    if name in AGREEMENT:
        defining[K:] = name in FADED_DEFINING
    held = profile
    if name in VALUES:
        held = _with_sizes(profile, counts)
    fixed = np.array([(kind, name) in FIXED for kind in KINDS] * 2)
    counts = np.where(fixed[:, None], 0.0, counts)
    strength = np.where(defining, HOLD * counts.sum(axis=1), 0.0)
    joined = counts + PROFILE_PAIRS * profile + strength[:, None] * held
    return np.asarray(joined / joined.sum(axis=1, keepdims=True))


def _with_sizes(profile: Real, counts: Real) -> Real:
    """The profile with its agreement on a value spread over the size classes as counted: these define no kind."""
    agreed = counts[:, -SIZES:] + PROFILE_PAIRS * profile[:, -SIZES:]
    spread = agreed / agreed.sum(axis=1, keepdims=True) * profile[:, -SIZES:].sum(axis=1, keepdims=True)
    return np.concatenate([profile[:, :-SIZES], spread], axis=1)
