"""Many words looked up in running text at once: a trie that a compiled loop walks over code points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from townshift.process.kernel import Column, Scalar, kernel
from townshift.process.registry.code_points import FIRST_CJK

WordTrie = npt.NDArray[np.int64]
"""A trie of words as one array, because compiled loops pass one array cheaply and a structure of many dearly.

An open hash table of edges: `trie[0]` is its number of slots less one; slot s holds at `1 + 2 s` the key
`node * 2^21 + code point` (0 = free) and at `2 + 2 s` the node the edge leads to times 2^32, plus one more than the
number of the word that ends there (0 = none).
"""

_MULTIPLIER = 0x9E3779B97F4A7C15
_CODE_BITS = 21


def build_trie(
    words: Sequence[str], numbers: Sequence[int], confusable: Mapping[str, str] | None = None, reverse: bool = False
) -> WordTrie:
    """A trie of normalised words.

    Args:
        words: as `code_points.normalise` writes them.
        numbers: the number each word is found under; of equal words the first counts.
        confusable: characters read as others (`{"末": "未"}`), in words and in text alike.
        reverse: read words from their end, to find the word a text ends with.
    """
    same = confusable or {}
    misread = defaultdict(list)
    for char, other in same.items():
        misread[other].append(char)
    edges: dict[tuple[int, str], int] = {}
    ends: list[int] = [-1]
    for word, number in zip(words, numbers, strict=True):
        node = 0
        for char in reversed(word) if reverse else word:
            edge = (node, same.get(char, char))
            node = edges.setdefault(edge, len(ends))
            if node == len(ends):
                ends.append(-1)
        if ends[node] < 0 and node:
            ends[node] = number
    for (node, char), target in list(edges.items()):
        for other in misread[char]:
            edges[node, other] = target
    return _flat(edges, ends)


def _flat(edges: Mapping[tuple[int, str], int], ends: Sequence[int]) -> WordTrie:
    size = 1 << max(4, (3 * len(edges)).bit_length())
    trie = np.zeros(1 + 2 * size, dtype=np.int64)
    trie[0] = size - 1
    for (node, char), target in edges.items():
        key = (node << _CODE_BITS) + ord(char)
        slot = (key * _MULTIPLIER & 0xFFFFFFFFFFFFFFFF) >> 32 & (size - 1)
        while trie[1 + 2 * slot]:
            slot = (slot + 1) & (size - 1)
        trie[1 + 2 * slot] = key
        trie[2 + 2 * slot] = (target << 32) + ends[target] + 1
    return trie


@kernel
def is_latin_letter(code: Scalar) -> bool:
    """Whether a normalised code point belongs to a word that spaces delimit."""
    return bool(48 <= code <= 57 or 65 <= code <= 90 or 0xC0 <= code < FIRST_CJK)


@kernel
def _next(trie: WordTrie, node: Scalar, code: Scalar) -> Scalar:
    """What lies behind an edge, node and word in one number; 0 = no such edge."""
    key = np.int64((node << _CODE_BITS) + code)
    mask = np.uint64(trie[0])
    slot = ((np.uint64(key) * np.uint64(_MULTIPLIER)) >> np.uint64(32)) & mask
    while True:
        found = trie[np.uint64(1) + np.uint64(2) * slot]
        if found == key:
            return trie[np.uint64(2) + np.uint64(2) * slot]
        if found == 0:
            return np.int64(0)
        slot = (slot + np.uint64(1)) & mask


@kernel
def longest_word(trie: WordTrie, text: Column, start: Scalar, stop: Scalar) -> tuple[Scalar, Scalar]:
    """The longest word that begins at `start`: its number (-1 = none) and where it ends (exclusive)."""
    number, end = np.int64(-1), start
    node = np.int64(0)
    i = start
    while i < stop:
        code = np.int64(text[i])
        edge = _next(trie, node, code)
        if edge == 0:
            break
        node = edge >> 32
        i += 1
        word = (edge & 0xFFFFFFFF) - 1
        if word >= 0 and not (i < stop and is_latin_letter(code) and is_latin_letter(text[i])):
            number, end = word, i
    return number, end


@kernel
def longest_ending(trie: WordTrie, text: Column, start: Scalar, stop: Scalar) -> tuple[Scalar, Scalar]:
    """The longest word of a reversed trie that ends at `stop`: its number (-1 = none) and where it begins."""
    number, begin = np.int64(-1), stop
    node = np.int64(0)
    i = stop
    while i > start:
        code = np.int64(text[i - 1])
        edge = _next(trie, node, code)
        if edge == 0:
            break
        node = edge >> 32
        i -= 1
        word = (edge & 0xFFFFFFFF) - 1
        if word >= 0 and not (i > start and is_latin_letter(code) and is_latin_letter(text[i - 1])):
            number, begin = word, i
    return number, begin
