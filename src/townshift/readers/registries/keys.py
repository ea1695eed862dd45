"""Ids of records: the registered number where it is the record's own, and a digest of the row's content."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

BETWEEN = "-"
"""Stands between a number and a digest. In a number, it and all that sorts before it become `_`: records of one
number stay together in the order of ids."""

WITHOUT_NUMBER = "row"
"""What the id of a record without a number begins with."""

DIGEST_BYTES = 8

_FIELD, _ABSENT = "\x1f", "\x00"
_SIGNS = "".join(chr(code) for code in range(ord(BETWEEN) + 1))
_SAME_SIGN = tuple(sign * length for sign in "0123456789X" for length in range(1, 21))
_SHORTEST = 3


def content_digests(table: pa.Table) -> list[str]:
    """A digest of each row over all columns, in hexadecimal.

    Example:
        >>> import pyarrow as pa
        >>> first, second = content_digests(pa.table({"a": ["x", None], "b": [1.0, 1.0]}))
        >>> len(first), first == second
        (16, False)
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    absent = pa.scalar(_ABSENT, pa.string())
    columns = [pc.fill_null(column.cast(pa.string()), absent) for column in table.combine_chunks().columns]
    joined = pc.binary_join_element_wise(*columns, _FIELD).cast(pa.binary())
    blake = hashlib.blake2b
    return [blake(row, digest_size=DIGEST_BYTES).hexdigest() for row in joined.to_pylist()]


def number_keys(numbers: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Registered numbers as they are compared, null where a number tells nothing.

    A number of one repeated sign, such as 000000000000000000, or of fewer than three signs, is none.

    Returns:
        The keys, and which given numbers are none.

    Example:
        >>> import pyarrow as pa
        >>> keys, none = number_keys(pa.array(["91330502ma2b-x", "0000000", None, "ａ１２３"]))
        >>> keys.to_pylist(), none.to_pylist()
        (['91330502MA2B_X', None, None, 'A123'], [False, True, False, False])
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    keys = numbers
    if _has_sign(keys, lambda signs: signs >= 128):
        keys = pc.utf8_normalize(keys, "NFKC")
    keys = pc.ascii_upper(keys)
    if _has_sign(keys, lambda signs: signs <= ord(BETWEEN)):
        keys = pc.replace_substring_regex(keys, r"[\x00-\x2d]", "_")
    short = pc.less(pc.binary_length(keys), _SHORTEST)
    none = pc.fill_null(pc.or_(pc.is_in(keys, value_set=pa.array(_SAME_SIGN)), short), False)
    return pc.if_else(none, pa.scalar(None, pa.string()), keys), none


def _has_sign(column: pa.Array, wanted: object) -> bool:
    data = column.buffers()[2]
    return data is not None and bool(np.any(wanted(np.frombuffer(data, np.uint8))))  # type: ignore[operator]


def boundary(key: str, group_characters: int) -> str:
    """The part of a key at which records may be parted without parting those of one number or firm.

    Example:
        >>> boundary("91330502-00ab", 0), boundary("12345678900012", 9)
        ('91330502', '123456789')
    """
    cut = next((place for place, sign in enumerate(key) if sign in _SIGNS), len(key))
    return key[: min(cut, group_characters or cut)]
