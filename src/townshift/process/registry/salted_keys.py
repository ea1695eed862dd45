"""Salted keys of names, phones and addresses: what may leave memory in place of the text itself.

The key of a text is BLAKE2b (RFC 7693) of its UTF-8 bytes, keyed with the study's salt, cut to 63 bits so that it
fits a signed whole number. Equal texts have equal keys within a study; without the salt no list of names can be tried.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from townshift.process.kernel import Column, Scalar, kernel
from townshift.process.registry.code_points import utf8_buffers

_IV = np.array(
    [
        0x6A09E667F3BCC908,
        0xBB67AE8584CAA73B,
        0x3C6EF372FE94F82B,
        0xA54FF53A5F1D36F1,
        0x510E527FADE682D1,
        0x9B05688C2B3E6C1F,
        0x1F83D9ABFB41BD6B,
        0x5BE0CD19137E2179,
    ],
    dtype=np.uint64,
)
_SIGMA = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    ],
    dtype=np.int64,
)
_BLOCK = 128
_DIGEST_BYTES = 8
_MASK = np.uint64(0x7FFFFFFFFFFFFFFF)


def salted_key(text: str, salt: bytes, purpose: str) -> int:
    """The key of one text; `salted_keys` gives the same for a whole column.

    Example:
        >>> salted_key("织里", b"0" * 32, "trade") == salted_key("织里", b"0" * 32, "trade")
        True
        >>> salted_key("织里", b"0" * 32, "trade") == salted_key("织里", b"1" * 32, "trade")
        False
    """
    digest = hashlib.blake2b(
        text.encode("utf-8"), digest_size=_DIGEST_BYTES, key=salt, person=purpose.encode("ascii")
    ).digest()
    return int.from_bytes(digest, "little") & int(_MASK)


def salted_keys(column: pa.Array, salt: bytes, purpose: str) -> pa.Int64Array:
    """The salted key of every text of a column; null where there is none or it is empty.

    `key = BLAKE2b(text, key = salt, personalisation = purpose, 8 bytes) mod 2^63`.

    Args:
        column: text.
        salt: 1 to 64 bytes, secret, one a study.
        purpose: up to 16 ASCII letters; keys of different purposes cannot be compared.

    Source: Saarinen and Aumasson (2015), RFC 7693.

    Example:
        >>> keys = salted_keys(pa.array(["织里", None]), b"0" * 32, "trade").to_pylist()
        >>> keys == [salted_key("织里", b"0" * 32, "trade"), None]
        True
    """
    data, offsets = utf8_buffers(column)
    keys = np.empty(offsets.size - 1, dtype=np.uint64)
    _hash_rows(data, offsets, _keyed_state(salt, purpose), keys)
    empty = offsets[1:] == offsets[:-1]
    return pa.array(keys.view(np.int64), mask=empty)


def _keyed_state(salt: bytes, purpose: str) -> npt.NDArray[np.uint64]:
    """The state after the block that holds the key, from which every row starts."""
    block = np.zeros(64, dtype=np.uint8)
    block[:4] = (_DIGEST_BYTES, len(salt), 1, 1)
    person = np.frombuffer(purpose.encode("ascii"), dtype=np.uint8)
    block[48 : 48 + person.size] = person
    state: npt.NDArray[np.uint64] = _IV ^ block.view("<u8").astype(np.uint64)
    padded = np.zeros(_BLOCK, dtype=np.uint8)
    padded[: len(salt)] = np.frombuffer(salt, dtype=np.uint8)
    _compress(state, padded.view("<u8").astype(np.uint64), np.uint64(_BLOCK), False)
    return state


@kernel
def _rotated(value: Scalar, places: Scalar) -> Scalar:
    return (value >> np.uint64(places)) | (value << np.uint64(64 - places))


@kernel
def _mix(v: Column, a: Scalar, b: Scalar, c: Scalar, d: Scalar, x: Scalar, y: Scalar) -> None:
    v[a] = v[a] + v[b] + x
    v[d] = _rotated(v[d] ^ v[a], 32)
    v[c] = v[c] + v[d]
    v[b] = _rotated(v[b] ^ v[c], 24)
    v[a] = v[a] + v[b] + y
    v[d] = _rotated(v[d] ^ v[a], 16)
    v[c] = v[c] + v[d]
    v[b] = _rotated(v[b] ^ v[c], 63)


@kernel
def _compress_into(state: Column, words: Column, counted: Scalar, last: Scalar, v: Column) -> None:
    for i in range(8):
        v[i] = state[i]
        v[i + 8] = _IV[i]
    v[12] ^= counted
    if last:
        v[14] = ~v[14]
    for r in range(12):
        s = _SIGMA[r]
        _mix(v, 0, 4, 8, 12, words[s[0]], words[s[1]])
        _mix(v, 1, 5, 9, 13, words[s[2]], words[s[3]])
        _mix(v, 2, 6, 10, 14, words[s[4]], words[s[5]])
        _mix(v, 3, 7, 11, 15, words[s[6]], words[s[7]])
        _mix(v, 0, 5, 10, 15, words[s[8]], words[s[9]])
        _mix(v, 1, 6, 11, 12, words[s[10]], words[s[11]])
        _mix(v, 2, 7, 8, 13, words[s[12]], words[s[13]])
        _mix(v, 3, 4, 9, 14, words[s[14]], words[s[15]])
    for i in range(8):
        state[i] ^= v[i] ^ v[i + 8]


@kernel
def _compress(state: Column, words: Column, counted: Scalar, last: Scalar) -> None:
    _compress_into(state, words, counted, last, np.empty(16, dtype=np.uint64))


@kernel
def _hash_rows(data: Column, offsets: Column, keyed: Column, keys: Column) -> None:
    state = np.empty(8, dtype=np.uint64)
    words = np.empty(16, dtype=np.uint64)
    v = np.empty(16, dtype=np.uint64)
    for row in range(offsets.size - 1):
        state[:] = keyed
        size = offsets[row + 1] - offsets[row]
        done = 0
        while True:
            here = min(_BLOCK, size - done)
            words[:] = 0
            for i in range(here):
                byte = np.uint64(data[offsets[row] + done + i])
                words[i >> 3] |= byte << np.uint64(8 * (i & 7))
            done += here
            _compress_into(state, words, np.uint64(_BLOCK + done), done >= size, v)
            if done >= size:
                break
        keys[row] = state[0] & _MASK
