"""Many words looked up in running text at once: a trie that a compiled loop walks over code points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from townshift.process.code_points import FIRST_CJK
from townshift.process.kernel import Column, Scalar, kernel

_MULTIPLIER = 0x9E3779B97F4A7C15


class WordTrie(NamedTuple):
    """A trie of words as flat arrays.

    Attributes:
        classes: shape (65536,); the letter class of each code point, 0 = in no word. Confusable characters share one.
        first: node after the first letter, by class; 0 = none.
        keys: open hash table of edges, `node * 65536 + class`; 0 = free.
        targets: node at the end of each edge.
        words: by node, the number of the word that ends there; -1 = none.
    """

    classes: npt.NDArray[np.uint16]
    first: npt.NDArray[np.int32]
    keys: npt.NDArray[np.uint64]
    targets: npt.NDArray[np.int32]
    words: npt.NDArray[np.int32]


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
    classes = np.zeros(65536, dtype=np.uint16)
    same = confusable or {}
    for char in sorted({same.get(char, char) for word in words for char in word}):
        classes[ord(char)] = classes.max() + 1
    for char, other in same.items():
        classes[ord(char)] = classes[ord(other)]
    edges: dict[tuple[int, int], int] = {}
    ends: list[int] = [-1]
    for word, number in zip(words, numbers, strict=True):
        node = 0
        for char in reversed(word) if reverse else word:
            edge = (node, int(classes[ord(char)]))
            node = edges.setdefault(edge, len(ends))
            if node == len(ends):
                ends.append(-1)
        if ends[node] < 0 and node:
            ends[node] = number
    return _flat(classes, edges, ends)


def _flat(classes: npt.NDArray[np.uint16], edges: Mapping[tuple[int, int], int], ends: Sequence[int]) -> WordTrie:
    size = 1 << max(4, (2 * len(edges)).bit_length())
    first = np.zeros(int(classes.max()) + 1, dtype=np.int32)
    keys = np.zeros(size, dtype=np.uint64)
    targets = np.zeros(size, dtype=np.int32)
    for (node, letter), target in edges.items():
        if node == 0:
            first[letter] = target
            continue
        key = node * 65536 + letter
        slot = (key * _MULTIPLIER & 0xFFFFFFFFFFFFFFFF) >> 32 & (size - 1)
        while keys[slot]:
            slot = (slot + 1) & (size - 1)
        keys[slot], targets[slot] = key, target
    return WordTrie(classes, first, keys, targets, np.array(ends, dtype=np.int32))


@kernel
def is_latin_letter(code: Scalar) -> bool:
    """Whether a normalised code point belongs to a word that spaces delimit."""
    return bool(48 <= code <= 57 or 65 <= code <= 90 or 0xC0 <= code < FIRST_CJK)


@kernel
def _next(trie: WordTrie, node: Scalar, letter: Scalar) -> Scalar:
    if node == 0:
        return trie.first[letter]
    key = np.uint64(node) * np.uint64(65536) + np.uint64(letter)
    mask = np.uint64(trie.keys.size - 1)
    slot = (key * np.uint64(_MULTIPLIER)) >> np.uint64(32) & mask
    while trie.keys[slot] != 0:
        if trie.keys[slot] == key:
            return trie.targets[slot]
        slot = (slot + np.uint64(1)) & mask
    return 0


@kernel
def longest_word(trie: WordTrie, text: Column, start: Scalar, stop: Scalar) -> tuple[Scalar, Scalar]:
    """The longest word that begins at `start`: its number (-1 = none) and where it ends (exclusive)."""
    found, end = -1, start
    node: Scalar = 0
    i = start
    while i < stop:
        code = text[i]
        letter = trie.classes[code] if code < 65536 else 0
        if letter == 0:
            break
        node = _next(trie, node, letter)
        if node == 0:
            break
        i += 1
        inside = i < stop and is_latin_letter(code) and is_latin_letter(text[i])
        if trie.words[node] >= 0 and not inside:
            found, end = trie.words[node], i
    return found, end


@kernel
def longest_ending(trie: WordTrie, text: Column, start: Scalar, stop: Scalar) -> tuple[Scalar, Scalar]:
    """The longest word of a reversed trie that ends at `stop`: its number (-1 = none) and where it begins."""
    found, begin = -1, stop
    node: Scalar = 0
    i = stop
    while i > start:
        code = text[i - 1]
        letter = trie.classes[code] if code < 65536 else 0
        if letter == 0:
            break
        node = _next(trie, node, letter)
        if node == 0:
            break
        i -= 1
        inside = i > start and is_latin_letter(code) and is_latin_letter(text[i - 1])
        if trie.words[node] >= 0 and not inside:
            found, begin = trie.words[node], i
    return found, begin
