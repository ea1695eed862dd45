"""Comparison of pairs of records, compiled: the inner loops of `moves_comparisons`, nothing else.

Each function works on whole numbers or on bytes of one pair at a time, so its answer for a pair depends on no other
pair, no thread and no cut into batches.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from townshift.process.moves.levels import (
    ADDRESS,
    CLOSE_DAYS,
    CODE_LINK,
    DATES,
    DISTANCE,
    DISTANCE_BOUNDS_KM,
    FIRM,
    FIRST,
    HOLDER,
    LONG_NAME,
    NAME_LINK,
    NEAR_DAYS,
    ORIGIN_SUBORDINATE,
    OWNERSHIP,
    PHONE,
    PROCESSES,
    PRODUCTION_LINK,
    REPRESENTATIVE,
    SHAREHOLDER,
    SHORT_NAME,
    SUBORDINATE,
    SURVIVES_DAYS,
    TIME,
    TRADE,
    WORD,
)
from townshift.process.moves.levels import COLUMN as C

UNKNOWN_DAY = -(2**30)
OPEN_DAY = 2**30
EARTH_KM = 6371.0088
MAX_LETTERS = 48

(
    _ROW, _PLACE, _COUNTY, _NAME_PLACE, _PRODUCTION, _CODE, _WORD, _ENTRY, _EXIT, _TRADE, _PERSON, _PHONE, _ADDRESS,
    _FIRM, _SUBORDINATE, _PROCESSES,
) = (C[name] for name in (
    "row", "place", "county", "name_place", "production_place", "code_county", "word", "entry", "exit", "trade_key",
    "representative_key", "phone_key", "address_key", "firm_key", "subordinate", "processes",
))  # fmt: skip
_SHARE = C["shareholder_0"]
_NAME = C["name_key"]
_BOUNDS = np.array(DISTANCE_BOUNDS_KM)


@njit(cache=True)
def digests(offsets: npt.NDArray[np.int32], data: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """A 63-bit digest of each text, never 0."""
    n = len(offsets) - 1
    out = np.zeros(n, dtype=np.int64)
    for i in range(n):
        h = np.uint64(14695981039346656037)
        for j in range(offsets[i], offsets[i + 1]):
            h = (h ^ np.uint64(data[j])) * np.uint64(1099511628211)
        h = (h ^ (h >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
        h = (h ^ (h >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
        h = (h ^ (h >> np.uint64(33))) >> np.uint64(1)
        out[i] = np.int64(h) if h > np.uint64(0) else 1
    return out


@njit(cache=True)
def _letters(data: npt.NDArray[np.uint8], start: int, end: int, into: npt.NDArray[np.int32]) -> int:
    """Decode UTF-8 into code points; how many there are, at most `MAX_LETTERS`."""
    n = 0
    i = start
    while i < end and n < MAX_LETTERS:
        b = int(data[i])
        if b < 0x80:
            width, value = 1, b
        elif b < 0xE0:
            width, value = 2, b & 0x1F
        elif b < 0xF0:
            width, value = 3, b & 0x0F
        else:
            width, value = 4, b & 0x07
        for k in range(1, width):
            if i + k < end:
                value = (value << 6) | (int(data[i + k]) & 0x3F)
        into[n] = value
        n += 1
        i += width
    return n


@njit(cache=True)
def name_level(a: npt.NDArray[np.int32], n: int, b: npt.NDArray[np.int32], m: int) -> int:
    """How two different names agree: 0 not, 1 by one edit, 2 one contained in the other."""
    if n > m:
        a, n, b, m = b, m, a, n
    if n == 0:
        return 0
    latin = a[0] < 0x250
    short = LONG_NAME if latin else SHORT_NAME
    if n >= short and n < m:
        for start in range(m - n + 1):
            k = 0
            while k < n and a[k] == b[start + k]:
                k += 1
            if k == n:
                return 2
    if m - n > 1 or m < (LONG_NAME if latin else SHORT_NAME + 1):
        return 0
    head = 0
    while head < n and a[head] == b[head]:
        head += 1
    tail = 0
    while tail < n - head and a[n - 1 - tail] == b[m - 1 - tail]:
        tail += 1
    if head + tail >= m - 1:
        return 1
    if n == m and head + tail == n - 2 and a[head] == b[head + 1] and a[head + 1] == b[head]:
        return 1
    return 0


@njit(cache=True)
def name_levels(
    offsets_l: npt.NDArray[np.int32], data_l: npt.NDArray[np.uint8],
    offsets_r: npt.NDArray[np.int32], data_r: npt.NDArray[np.uint8],
) -> npt.NDArray[np.int8]:  # fmt: skip
    """`name_level` of each pair of texts."""
    n = len(offsets_l) - 1
    out = np.zeros(n, dtype=np.int8)
    a, b = np.zeros(MAX_LETTERS, np.int32), np.zeros(MAX_LETTERS, np.int32)
    for i in range(n):
        k = _letters(data_l, offsets_l[i], offsets_l[i + 1], a)
        out[i] = name_level(a, k, b, _letters(data_r, offsets_r[i], offsets_r[i + 1], b))
    return out


@njit(cache=True)
def _same(x: int, y: int) -> int:
    if x == 0 or y == 0:
        return -1
    return 1 if x == y else 0


@njit(cache=True)
def _representatives(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64], i: int) -> int:
    a, b = one[_PERSON, i], other[_PERSON, i]
    if a == 0 or b == 0:
        return -1
    if a == b:
        return 2
    for k in range(SHAREHOLDER):
        if one[_SHARE + k, i] == b or other[_SHARE + k, i] == a:
            return 1
    return 0


@njit(cache=True)
def _shareholders(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64], i: int) -> int:
    """Shareholders in common who represent neither: 0, 1, 2 for several, -1 where a side names none."""
    a, b = one[_PERSON, i], other[_PERSON, i]
    if one[_SHARE, i] == 0 or other[_SHARE, i] == 0:
        return -1
    shared = 0
    for k in range(SHAREHOLDER):
        x = one[_SHARE + k, i]
        if x in (0, a, b):
            continue
        for j in range(SHAREHOLDER):
            if other[_SHARE + j, i] == x:
                shared += 1
                break
    return min(shared, 2)


@njit(cache=True)
def _holds(holder: npt.NDArray[np.int64], held: npt.NDArray[np.int64], i: int) -> bool:
    """Whether the first record's firm is among the second's shareholders."""
    name = holder[_NAME, i]
    found = False
    for k in range(SHAREHOLDER):
        found = found or (name != 0 and held[_SHARE + k, i] == name)
    return found


@njit(cache=True)
def _ownership(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64], i: int) -> int:
    """Whether one record's firm is among the other's shareholders: 0, 1; -1 where neither names any."""
    if one[_SHARE, i] == 0 and other[_SHARE, i] == 0:
        return -1
    return 1 if _holds(one, other, i) or _holds(other, one, i) else 0


@njit(cache=True)
def date_level(entry_a: int, exit_a: int, entry_b: int, exit_b: int) -> int:
    """How the end of the earlier record fits the start of the later one; -1 where a start is unknown."""
    if entry_a == UNKNOWN_DAY or entry_b == UNKNOWN_DAY:
        return -1
    closed, opened = (exit_a, entry_b) if entry_a <= entry_b else (exit_b, entry_a)
    gap = opened - closed
    if gap < -NEAR_DAYS:
        return 0
    if gap > NEAR_DAYS:
        return 1
    return 3 if abs(gap) <= CLOSE_DAYS else 2


@njit(cache=True)
def _time(exit_a: int, entry_b: int) -> int:
    if entry_b == UNKNOWN_DAY:
        return -1
    gap = entry_b - exit_a
    if gap > NEAR_DAYS:
        return 0
    if gap > CLOSE_DAYS:
        return 1
    if gap >= -CLOSE_DAYS:
        return 2
    if gap >= -NEAR_DAYS:
        return 3
    return 4 if gap >= -SURVIVES_DAYS else 5


@njit(cache=True)
def distance_km(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Great-circle distance; NaN where a coordinate is missing."""
    x = math.radians(lon_b - lon_a)
    y = math.radians(lat_b - lat_a)
    h = math.sin(y / 2) ** 2 + math.cos(math.radians(lat_a)) * math.cos(math.radians(lat_b)) * math.sin(x / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(h)))


@njit(cache=True)
def _bin(distance: float) -> int:
    if math.isnan(distance):
        return -1
    k = 0
    while k < len(_BOUNDS) and distance >= _BOUNDS[k]:
        k += 1
    return k


@njit(cache=True)
def _link(code: int, place: int, county: int) -> int:
    if code < 0:
        return -1
    return 1 if code in (place, county) else 0


@njit(cache=True)
def compare(
    one: npt.NDArray[np.int64],
    other: npt.NDArray[np.int64],
    names: npt.NDArray[np.int8],
    out: npt.NDArray[np.int8],
) -> None:
    """Fill the levels on which the order of the two records has no bearing; `names` are their `name_levels`."""
    for i in range(one.shape[1]):
        exact = _same(one[_TRADE, i], other[_TRADE, i])
        out[TRADE, i] = 3 if exact == 1 else (-1 if exact < 0 else names[i])
        out[REPRESENTATIVE, i] = _representatives(one, other, i)
        out[FIRST, i] = _shareholders(one, other, i)
        out[PHONE, i] = _same(one[_PHONE, i], other[_PHONE, i])
        out[ADDRESS, i] = _same(one[_ADDRESS, i], other[_ADDRESS, i])
        out[WORD, i] = _same(one[_WORD, i] + 1, other[_WORD, i] + 1)
        out[FIRM, i] = _same(one[_FIRM, i], other[_FIRM, i])
        out[OWNERSHIP, i] = _ownership(one, other, i)
        out[DATES, i] = date_level(one[_ENTRY, i], one[_EXIT, i], other[_ENTRY, i], other[_EXIT, i])


@njit(cache=True)
def orient(
    a: npt.NDArray[np.int64], b: npt.NDArray[np.int64], place: npt.NDArray[np.float64], out: npt.NDArray[np.int8],
    distances: npt.NDArray[np.float64],
) -> None:  # fmt: skip
    """Fill what hangs on the order: `a` the origin, `b` the destination, `place` lon, lat of `a` and of `b`.

    Ownership is filled in before; it is taken back where only the order shows that it says nothing.
    """
    for i in range(a.shape[1]):
        distances[i] = distance_km(place[0, i], place[1, i], place[2, i], place[3, i])
        out[TIME, i] = _time(a[_EXIT, i], b[_ENTRY, i])
        out[DISTANCE, i] = _bin(distances[i])
        out[SUBORDINATE, i] = b[_SUBORDINATE, i]
        out[ORIGIN_SUBORDINATE, i] = a[_SUBORDINATE, i]
        out[PROCESSES, i] = b[_PROCESSES, i]
        out[NAME_LINK, i] = _link(b[_NAME_PLACE, i], a[_PLACE, i], a[_COUNTY, i])
        out[CODE_LINK, i] = _link(b[_CODE, i], a[_PLACE, i], a[_COUNTY, i])
        there = _link(a[_PRODUCTION, i], b[_PLACE, i], b[_COUNTY, i])
        here = _link(b[_PRODUCTION, i], a[_PLACE, i], a[_COUNTY, i])
        out[PRODUCTION_LINK, i] = max(there, here)
        if _ownership(a, b, i) == 1:
            out[HOLDER, i] = 1 if _holds(a, b, i) else 0
            if out[HOLDER, i] == 0:
                out[OWNERSHIP, i] = -1  # a destination that holds its origin is an investor: no trace of a move
