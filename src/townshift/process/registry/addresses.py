"""Addresses resolved to places: a compiled loop walks the text once and follows the gazetteer's hierarchy.

Chinese addresses run from the large to the small (浙江省湖州市吴兴区织里镇…路88号): names are taken from the left,
each must lie in what was named before it, a road ends the search. Addresses in Latin letters run the other way: every
name counts, the last wins over one that contradicts it, names of streets do not count. A name that several places
bear is settled by the others in the address, then by the columns for province, city and county; else it is flagged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from townshift.process.kernel import Column, Scalar, kernel
from townshift.process.registry.code_points import FIRST_CJK, CodePoints, Positions
from townshift.process.registry.data_rows import data_rows
from townshift.process.registry.place_index import (
    APPROXIMATE,
    FOREIGN,
    HOME,
    LEVEL,
    MORE,
    N_NEAR_CITIES,
    NEAR_CITIES,
    PLACE,
    RANK,
    SHORT,
    PlaceIndex,
)
from townshift.process.registry.word_trie import WordTrie, build_trie, is_latin_letter, longest_word

AMBIGUOUS, ABROAD, DISAGREES = 1, 2, 4
"""Bits of `ResolvedAddresses.flags`: a name of several places; another country; the columns say otherwise."""

_STREET_AFTER, _STREET_BEFORE = 1, 2
_LONGEST_GAP = 14
_ROADS = np.array([ord(char) for char in "路街巷弄"], dtype=np.uint32)
_SIDES = np.array([ord(char) for char in "东南西北中新老"], dtype=np.uint32)
_DAO, _DA, _MARKET, _CITY_SIGN, _JIE = (ord(sign) for sign in "道大场市街")
_STOPS = np.array([ord(char) for char in "号幢栋楼室弄"], dtype=np.uint32)


@dataclass(frozen=True, slots=True)
class ResolvedAddresses:
    """Where each address lies.

    Attributes:
        levels: shape (rows, 5); the place at each level (`place_index.LEVELS`), -1 = not known.
        flags: bits, see `AMBIGUOUS` and its neighbours.
        street_starts: where the part after the places begins, in the address's code points.
        street_ends: where it ends.
    """

    levels: npt.NDArray[np.int32]
    flags: npt.NDArray[np.uint8]
    street_starts: Positions
    street_ends: Positions


def resolve_addresses(
    addresses: CodePoints, index: PlaceIndex, context: npt.NDArray[np.int32] | None = None
) -> ResolvedAddresses:
    """The places each address lies in.

    Args:
        addresses: normalised; an empty one is placed by its context alone.
        index: the gazetteer.
        context: shape (rows, 5); what the columns for province, city and county say, -1 = nothing.
    """
    size = len(addresses)
    known = np.full((size, 5), -1, dtype=np.int32) if context is None else context
    levels = np.full((size, 5), -1, dtype=np.int32)
    flags = np.zeros(size, dtype=np.uint8)
    starts, ends = addresses.offsets[:-1].copy(), addresses.offsets[1:].copy()
    _resolve_rows(addresses.signs, starts, ends, index.trie, index.candidates, _street_words(), known, levels, flags)
    return ResolvedAddresses(levels, flags, starts, ends)


@cache
def _street_words() -> WordTrie:
    roles: Mapping[str, int] = {"street_after": _STREET_AFTER, "street_before": _STREET_BEFORE}
    rows = data_rows("latin_address_words.csv")
    return build_trie([row["word"] for row in rows], [roles[row["role"]] for row in rows])


@kernel
def _in(code: Scalar, signs: Column) -> bool:
    for sign in signs:  # noqa: SIM110 - numba compiles the loop
        if code == sign:
            return True
    return False


@kernel
def _road_at(text: Column, i: Scalar, stop: Scalar) -> bool:
    """Whether the name before `i` is that of a road: 北京路, 北京西路, 吴兴大道; not 织里街道."""
    if i < stop and _in(text[i], _SIDES):
        i += 1
    if i >= stop:
        return False
    following = text[i + 1] if i + 1 < stop else 0
    if text[i] == _MARKET and text[i - 1] == _CITY_SIGN:
        return True  # 中山市场 is no city
    if text[i] == _DA:
        return bool(following == _DAO or _in(following, _ROADS))
    return bool(_in(text[i], _ROADS) and following != _DAO)


@kernel
def _near_city(candidates: Column, k: Scalar, known: Column) -> bool:
    """Whether the city known is the estimated one of a town or one of its neighbours."""
    city = known[2]
    if city == candidates[k, LEVEL + 2]:
        return True
    for column in range(NEAR_CITIES, NEAR_CITIES + N_NEAR_CITIES):  # noqa: SIM110 - numba compiles the loop
        if city == candidates[k, column]:
            return True
    return False


@kernel
def _fits(candidates: Column, k: Scalar, known: Column) -> bool:
    """Whether a place contradicts none of the levels known; an estimated county is no contradiction within a city."""
    for level in range(1, 5):
        here, there = candidates[k, LEVEL + level], known[level]
        if here < 0 or there < 0 or here == there:
            continue
        if (
            candidates[k, APPROXIMATE]
            and (level == 2 or level == 3)
            and (known[2] < 0 or _near_city(candidates, k, known))
        ):
            continue
        return False
    return True


@kernel
def _elsewhere(candidates: Column, k: Scalar, known: Column) -> bool:
    """Whether a town's estimated city is not the one known: then its short name is not enough."""
    return bool(candidates[k, APPROXIMATE] and known[2] >= 0 and known[2] != candidates[k, LEVEL + 2])


@kernel
def _score(candidates: Column, k: Scalar, known: Column, context: Column) -> Scalar:
    """How well a candidate suits: what the columns say first, then a full and current name, then the larger place."""
    score = 10 * (5 - candidates[k, RANK])
    if _fits(candidates, k, context):
        score += 100
        for level in range(1, 5):
            if context[level] >= 0 and context[level] == candidates[k, LEVEL + level]:
                score += 100
    level = candidates[k, LEVEL]
    if candidates[k, RANK] >= SHORT:
        return score + 4 - level  # 吉林 alone is the province, 湖州 the city rather than a town of that name
    for above in range(2, 4):  # towns of one name: the one whose estimated city and county are those named
        if known[above] >= 0 and known[above] == candidates[k, LEVEL + above]:
            score += 2
    return score + (5 if known[level] == candidates[k, PLACE] else 0)


@kernel
def best_candidate(candidates: Column, first: Scalar, known: Column, context: Column, short: bool) -> Scalar:
    """Row of the place a name means: -1 = none fits, -4 = several fit equally, `FOREIGN` or `HOME`.

    Args:
        candidates: of the gazetteer.
        first: row of the name's first candidate.
        known: places by level that are settled; a candidate may not contradict them.
        context: places by level that merely settle which of several is meant.
        short: whether names without 省, 市, 县 count.
    """
    if candidates[first, PLACE] < 0:
        return np.int64(candidates[first, PLACE])
    best, best_score, ties = np.int64(-1), np.int64(-1), 0
    k = np.int64(first)
    while True:
        if _fits(candidates, k, known) and (
            candidates[k, RANK] < SHORT or (short and not _elsewhere(candidates, k, known))
        ):
            score = np.int64(_score(candidates, k, known, context))
            if score > best_score:
                best, best_score, ties = k, score, 0
            elif score == best_score and known[candidates[k, LEVEL]] != candidates[k, PLACE]:
                ties += 1
        if candidates[k, MORE] == 0:
            break
        k += 1
    return np.int64(-4) if ties else best


@kernel
def fill_levels(candidates: Column, k: Scalar, known: Column) -> None:
    """Note a place and all that contains it; what is known already stays."""
    if _elsewhere(candidates, k, known):
        known[4] = candidates[k, PLACE]  # its county is only estimated, and in another city
        return
    for level in range(1, 5):
        if known[level] < 0:
            known[level] = candidates[k, LEVEL + level]


@kernel
def _street_begins(code: Scalar, following: Scalar) -> bool:
    return bool(48 <= code <= 57 or _in(code, _STOPS) or (_in(code, _ROADS) and following != _DAO))


@kernel
def _chinese(
    text: Column, start: Scalar, stop: Scalar, trie: Column, candidates: Column, context: Column, known: Column
) -> tuple[Scalar, Scalar, Scalar]:
    """Places from the left: where the street begins, the first name of several places (-1 = none), flags."""
    i, street, pending, flags = start, start, -1, 0
    adjoining = True
    while i < stop and i - street <= _LONGEST_GAP:
        entry, end = longest_word(trie, text, i, stop)
        if entry >= 0 and _road_at(text, end, stop):
            break
        place = -1
        if entry >= 0:
            place = best_candidate(candidates, entry, known, context, adjoining)
        if place == FOREIGN:
            if i == start:
                flags |= ABROAD
                break
            place = -1
        if place == HOME:
            i, street = end, end
            continue
        if place == -4 and pending < 0:
            pending = entry
        if place >= 0:
            fill_levels(candidates, place, known)
            if candidates[place, LEVEL] == 4 and end + 1 < stop and text[end] == _JIE and text[end + 1] == _DAO:
                end += 2
        if place >= 0 or place == -4:
            i, street, adjoining = end, end, True
            continue
        following = text[i + 1] if i + 1 < stop else 0
        if _street_begins(text[i], following):
            break
        adjoining = adjoining and (text[i] == 40 or text[i] == 41)
        i += 1
    return street, pending, flags


@kernel
def _settle_latin(
    candidates: Column, entry: Scalar, known: Column, context: Column, nothing: Column, weak: bool
) -> tuple[Scalar, bool]:
    """The place a name means and whether it contradicts, and so replaces, what was known."""
    place = best_candidate(candidates, entry, known, context, True)
    if place != -1 or weak:
        return place, False
    place = best_candidate(candidates, entry, nothing, context, True)
    return place, bool(place >= 0)


@kernel
def _latin(
    text: Column,
    start: Scalar,
    stop: Scalar,
    trie: Column,
    candidates: Column,
    words: Column,
    context: Column,
    known: Column,
    nothing: Column,
) -> tuple[Scalar, Scalar, Scalar]:
    """Names anywhere: where the places begin, the last name of several places (-1 = none), flags."""
    i, first, pending, flags, weak = start, stop, np.int64(-1), 0, np.int64(-1)
    in_street = False
    while i < stop:
        if not is_latin_letter(text[i]) or (i > start and is_latin_letter(text[i - 1])):
            i += 1
            continue
        in_street = in_street and not (48 <= text[i] <= 57)
        role, role_end = longest_word(words, text, i, stop)
        entry, end = longest_word(trie, text, i, stop)
        in_street = in_street or (role == _STREET_BEFORE and role_end >= end)
        if entry < 0:
            i += 1
            continue
        begin, i = i, end
        after, _ = longest_word(words, text, end + 1, stop)
        if after == _STREET_AFTER:
            continue
        place, replaces = _settle_latin(candidates, entry, known, context, nothing, in_street)
        if place == FOREIGN and end >= stop - 1:
            flags |= ABROAD
        if in_street:
            weak = place if place >= 0 else weak
            continue
        if replaces:
            known[:] = -1
            first = begin
        if place >= 0:
            fill_levels(candidates, place, known)
        if place == -4:
            pending = entry
        if place >= 0 or place == -4:
            first = min(first, begin)
    if weak >= 0 and known.max() < 0 and pending < 0:
        fill_levels(candidates, weak, known)
    return first, pending, flags


@kernel
def _is_chinese(text: Column, start: Scalar, stop: Scalar) -> bool:
    for i in range(start, stop):  # noqa: SIM110 - numba compiles the loop
        if text[i] >= FIRST_CJK:
            return True
    return False


@kernel
def _resolve_rows(
    text: Column,
    starts: Column,
    ends: Column,
    trie: Column,
    candidates: Column,
    words: Column,
    context: Column,
    levels: Column,
    flags: Column,
) -> None:
    known, around = np.empty(5, dtype=np.int32), np.empty(5, dtype=np.int32)
    nothing = np.full(5, -1, dtype=np.int32)
    for row in range(starts.size):
        start, stop = starts[row], ends[row]
        known[:] = -1
        around[:] = context[row]
        if _is_chinese(text, start, stop):
            street, pending, bits = _chinese(text, start, stop, trie, candidates, around, known)
            starts[row] = street
        else:
            street, pending, bits = _latin(text, start, stop, trie, candidates, words, around, known, nothing)
            ends[row] = street
        if pending >= 0:
            place = best_candidate(candidates, pending, known, around, True)
            if place >= 0:
                fill_levels(candidates, place, known)
            else:
                bits |= AMBIGUOUS
        for level in range(1, 4):
            if around[level] >= 0 and known[level] >= 0 and known[level] != around[level]:
                bits |= DISAGREES
        if not bits & (ABROAD | DISAGREES):
            for level in range(1, 5):
                if known[level] < 0:
                    known[level] = around[level]
        flags[row] = bits
        levels[row] = known
