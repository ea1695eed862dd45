"""Draws in bulk: streams that a seed and a block number fix, tables of weights, strings of digits without a loop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

TABLE_BITS = 16


def stream(seed: int, *path: int) -> np.random.Generator:
    """The random stream of one part of the registry: the same whatever was drawn elsewhere.

    Args:
        seed: the registry's seed.
        path: numbers that name the part (stage, block).

    >>> int(stream(1, 2).integers(100)) == int(stream(1, 2).integers(100))
    True
    """
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, *path])))


class Weighted:
    """Draws from a list of weights by a look-up of 65,536 cells: shares are met to 1/65,536.

    Args:
        weights: shape (n,), relative, not negative.

    >>> int(Weighted([0.0, 1.0]).draw(stream(1), 3).sum())
    3
    """

    def __init__(self, weights: Sequence[float] | Floats, bits: int = TABLE_BITS) -> None:
        shares = np.asarray(weights, dtype=np.float64)
        self.shares: Floats = shares / shares.sum()
        edges = np.cumsum(self.shares)
        cells = (np.arange(1 << bits) + 0.5) / (1 << bits)
        self._cells = np.minimum(np.searchsorted(edges, cells), len(shares) - 1).astype(np.int32)

    def draw(self, rng: np.random.Generator, size: int) -> Ints:
        """`size` positions in the list of weights."""
        return self._cells[rng.integers(0, len(self._cells), size, dtype=np.int32)].astype(np.int64)


def chance(rng: np.random.Generator, size: int, share: float | Floats) -> Bools:
    """True with probability `share`, for each of `size`."""
    return rng.random(size, dtype=np.float32) < share


def fixed_width(letters: npt.NDArray[np.uint8]) -> pa.StringArray:
    """Rows of ASCII codes as strings of equal length.

    Args:
        letters: shape (rows, width), ASCII codes.

    >>> fixed_width(np.array([[72, 105]], dtype=np.uint8)).to_pylist()
    ['Hi']
    """
    rows, width = letters.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * width
    data = np.ascontiguousarray(letters)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data))


def digits(numbers: Ints, width: int) -> npt.NDArray[np.uint8]:
    """Numbers as rows of ASCII digits, padded with zeros on the left.

    >>> digits(np.array([42]), 4).tolist() == [[48, 48, 52, 50]]
    True
    """
    found = np.empty((len(numbers), width), dtype=np.uint8)
    rest = numbers.astype(np.uint64)
    for column in range(width - 1, -1, -1):
        rest, last = np.divmod(rest, 10)
        found[:, column] = last + 48
    return found


def day_text(days: Ints) -> pa.StringArray:
    """Days since 1970-01-01 as `YYYY-MM-DD`.

    >>> day_text(np.array([0])).to_pylist()
    ['1970-01-01']
    """
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    month = months.astype(np.int64)
    dash = np.full((len(days), 1), 45, dtype=np.uint8)
    year, day = month // 12 + 1970, (dates - months).astype(np.int64) + 1
    return fixed_width(np.hstack([digits(year, 4), dash, digits(month % 12 + 1, 2), dash, digits(day, 2)]))


def mixed(numbers: Ints, salt: int) -> Ints:
    """A hash of whole numbers (splitmix64), for traits that follow from an id; not negative."""
    with np.errstate(over="ignore"):
        found = numbers.astype(np.uint64) + np.uint64(salt) * np.uint64(0x9E3779B97F4A7C15)
        found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        found ^= found >> np.uint64(31)
    return (found >> np.uint64(1)).astype(np.int64)


def scattered(positions: Ints, total: int, seed: int) -> Ints:
    """A one-to-one mapping of 0..total-1 onto itself, so that ids in order say nothing.

    A Feistel network on the next even power of two, walked until the value is below `total`.

    >>> sorted(scattered(np.arange(10), 10, 3).tolist()) == list(range(10))
    True
    """
    half = max(1, (int(total - 1).bit_length() + 1) // 2)
    mask = np.int64((1 << half) - 1)

    def rounds(values: Ints) -> Ints:
        left, right = values >> half, values & mask
        for turn in range(4):
            left, right = right, left ^ (mixed(right, seed * 8 + turn + 1) & mask)
        return (left << half) | right

    found = rounds(positions.astype(np.int64))
    outside = np.flatnonzero(found >= total)
    while len(outside):
        found[outside] = rounds(found[outside])
        outside = outside[found[outside] >= total]
    return found
