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

from townshift.process.code_points import FIRST_CJK, CodePoints, Positions
from townshift.process.data_rows import data_rows
from townshift.process.kernel import Column, Scalar, kernel
from townshift.process.place_index import FOREIGN, HOME, PlaceIndex
from townshift.process.word_trie import WordTrie, build_trie, is_latin_letter, longest_word

AMBIGUOUS, ABROAD, DISAGREES = 1, 2, 4
"""Bits of `ResolvedAddresses.flags`: a name of several places; another country; the columns say otherwise."""

_STREET_AFTER, _STREET_BEFORE = 1, 2
_LONGEST_GAP = 14
_LONGEST_NAMED = 3
_ROADS = np.array([ord(char) for char in "路街巷弄"], dtype=np.uint32)
_SIDES = np.array([ord(char) for char in "东南西北中新老"], dtype=np.uint32)
_DAO, _DA, _MARKET, _CITY_SIGN = ord("道"), ord("大"), ord("场"), ord("市")
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
    _resolve_rows(addresses.signs, starts, ends, index, _street_words(), known, levels, flags)
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
    if text[i] == _DA:
        return bool(following == _DAO or _in(following, _ROADS))
    return bool(_in(text[i], _ROADS) and following != _DAO)


@kernel
def _fits(index: PlaceIndex, place: Scalar, known: Column) -> bool:
    """Whether a place contradicts none of the levels known; an estimated county is no contradiction within a city."""
    for level in range(1, 5):
        here, there = index.ancestors[place, level], known[level]
        if here < 0 or there < 0 or here == there:
            continue
        same_city = known[2] >= 0 and index.ancestors[place, 2] == known[2]
        if level == 3 and index.approximate[place] and (known[2] < 0 or same_city):
            continue
        return False
    return True


@kernel
def best_candidate(index: PlaceIndex, entry: Scalar, known: Column, context: Column, short: bool) -> Scalar:
    """The place an entry means: -1 = none fits, -4 = several fit equally, `FOREIGN` or `HOME`."""
    best, best_score, ties = -1, -1, 0
    for k in range(index.starts[entry], index.starts[entry + 1]):
        place = index.candidates[k]
        if place < 0:
            return place
        if (index.rank[k] >= 2 and not short) or not _fits(index, place, known):
            continue
        score = 10 * (3 - index.rank[k])
        if _fits(index, place, context):
            score += 100
            for level in range(1, 5):
                if context[level] >= 0 and context[level] == index.ancestors[place, level]:
                    score += 100
        level = index.levels[place]
        if index.rank[k] >= 2:
            score += 4 - level  # 吉林 alone is the province, 湖州 the city rather than a town of that name
        elif known[level] == place:
            score += 5
        if score > best_score:
            best, best_score, ties = place, score, 0
        elif score == best_score and known[level] != place:
            ties += 1
    return -4 if ties else best


@kernel
def fill_levels(index: PlaceIndex, place: Scalar, known: Column) -> None:
    """Note a place and all that contains it; what is known already stays."""
    for level in range(1, 5):
        if known[level] < 0:
            known[level] = index.ancestors[place, level]


@kernel
def _chinese(
    text: Column, start: Scalar, stop: Scalar, index: PlaceIndex, context: Column, known: Column
) -> tuple[Scalar, Scalar, Scalar]:
    """Places from the left: where the street begins, the first name of several places (-1 = none), flags."""
    i, street, pending, flags = start, start, -1, 0
    adjoining = True
    named = 0
    while i < stop and i - street <= _LONGEST_GAP:
        entry, end = longest_word(index.trie, text, i, stop)
        if entry >= 0 and end < stop and text[end - 1] == _CITY_SIGN and text[end] == _MARKET:
            entry = -1
        if entry >= 0 and _road_at(text, end, stop):
            break
        place = -1
        if entry >= 0:
            place = best_candidate(index, entry, known, context, adjoining)
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
            fill_levels(index, place, known)
            named += 1
        if place >= 0 or place == -4:
            i, street, adjoining = end, end, True
            continue
        following = text[i + 1] if i + 1 < stop else 0
        if 48 <= text[i] <= 57 or _in(text[i], _STOPS) or (_in(text[i], _ROADS) and following != _DAO):
            break
        adjoining = adjoining and (text[i] == 40 or text[i] == 41)
        i += 1
    return street, pending, flags


@kernel
def _latin(
    text: Column, start: Scalar, stop: Scalar, index: PlaceIndex, words: WordTrie, context: Column, known: Column
) -> tuple[Scalar, Scalar, Scalar]:
    """Names anywhere: where the places begin, the last name of several places (-1 = none), flags."""
    i, first, pending, flags, weak = start, stop, -1, 0, -1
    in_street = False
    nothing = np.full(5, -1, dtype=np.int32)
    while i < stop:
        begins = is_latin_letter(text[i]) and (i == start or not is_latin_letter(text[i - 1]))
        if not begins:
            i += 1
            continue
        if 48 <= text[i] <= 57 and i > start:
            in_street = False
        role, role_end = longest_word(words, text, i, stop)
        entry, end = longest_word(index.trie, text, i, stop)
        if role == _STREET_BEFORE and role_end >= end:
            in_street = True
        if entry < 0:
            i += 1
            continue
        after, _ = longest_word(words, text, end + 1, stop) if end + 1 < stop else (-1, 0)
        place = best_candidate(index, entry, known, context, True)
        if place == FOREIGN and end >= stop - 1:
            flags |= ABROAD
        if place == -1 and not in_street and after != _STREET_AFTER:
            place = best_candidate(index, entry, nothing, context, True)
            if place >= 0:
                known[:] = -1
                first = i
        if after == _STREET_AFTER:
            i = end
            continue
        if in_street:
            weak = place if place >= 0 else weak
        elif place >= 0:
            fill_levels(index, place, known)
            first = min(first, i)
        elif place == -4:
            pending = entry
            first = min(first, i)
        i = end
    if weak >= 0 and known.max() < 0 and pending < 0:
        fill_levels(index, weak, known)
    return first, pending, flags


@kernel
def _resolve_rows(
    text: Column,
    starts: Column,
    ends: Column,
    index: PlaceIndex,
    words: WordTrie,
    context: Column,
    levels: Column,
    flags: Column,
) -> None:
    for row in range(starts.size):
        start, stop = starts[row], ends[row]
        known, around = levels[row], context[row]
        chinese = False
        for i in range(start, stop):
            if text[i] >= FIRST_CJK:
                chinese = True
                break
        if chinese:
            street, pending, bits = _chinese(text, start, stop, index, around, known)
            starts[row] = street
        else:
            street, pending, bits = _latin(text, start, stop, index, words, around, known)
            ends[row] = street
        if pending >= 0:
            place = best_candidate(index, pending, known, around, True)
            if place >= 0:
                fill_levels(index, place, known)
            else:
                bits |= AMBIGUOUS
        for level in range(1, 5):
            if around[level] >= 0 and known[level] >= 0 and known[level] != around[level] and level < 4:
                bits |= DISAGREES
        if not bits & (ABROAD | DISAGREES):
            for level in range(1, 5):
                if known[level] < 0:
                    known[level] = around[level]
        flags[row] = bits
