"""What a registry fails to show: empty fields, slips of the pen, records entered twice, odd dates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from townshift.examples.registry_firms import SOLE_TRADER, Names, Records
from townshift.examples.registry_sampling import Bools, chance

FIELDS = ("word", "person", "holders", "phone", "address", "scope", "province", "city", "county", "number", "industry")


@dataclass(frozen=True, slots=True)
class Faults:
    """Share of records in which a field is empty or, for `word` and `mistyped`, wrong.

    Attributes:
        empty: by field, companies and sole traders alike; `word` is a trade word with a wrong letter.
        mistyped: representatives written with a wrong letter.
        twins: records entered twice.
        no_entry, no_exit: dates missing, of all and of closed records.
        reversed: closed before opened, of closed records.
        too_old: entered as 1900-01-01.
        wrong_code: registered numbers with a wrong check digit.
    """

    empty: dict[str, float]
    mistyped: float
    twins: float
    no_entry: float
    no_exit: float
    reversed: float
    too_old: float
    wrong_code: float


FAULTS = {
    "hard": Faults(
        dict(zip(FIELDS, (0.022, 0.045, 0.16, 0.24, 0.035, 0.03, 0.05, 0.06, 0.08, 0.06, 0.25), strict=True)),
        0.012, 0.012, 0.012, 0.05, 0.004, 0.002, 0.012,
    ),
    "plain": Faults(
        dict(zip(FIELDS, (0.008, 0.02, 0.08, 0.12, 0.015, 0.01, 0.02, 0.03, 0.03, 0.03, 0.12), strict=True)),
        0.004, 0.006, 0.006, 0.02, 0.002, 0.001, 0.005,
    ),
}  # fmt: skip
"""By difficulty."""


def draw_seen(rng: np.random.Generator, records: Records, faults: Faults) -> dict[str, Bools]:
    """Where each field is shown undisturbed; sole traders have fewer phones on record."""
    seen = {}
    for name, share in faults.empty.items():
        seen[name] = ~chance(rng, len(records), share)
    seen["phone"] &= ~((records.form == SOLE_TRADER) & chance(rng, len(records), faults.empty["phone"] / 2))
    return seen


def with_twins(rng: np.random.Generator, records: Records, size: int) -> Records:
    """The records and `size` that repeat one of them: same firm, same number, written anew."""
    chosen = rng.integers(0, len(records), size)
    twins = records.take(chosen)
    none = np.full(size, -1, dtype=np.int64)
    return records.joined(replace(twins, origin=none, kind=none, twin=chosen))


def mistyped(rng: np.random.Generator, names: Names, records: Records, faults: Faults) -> Records:
    """Records of which some representatives are written with another second given letter."""
    wrong = chance(rng, len(records), faults.mistyped)
    second = ((records.person & 1023) + rng.integers(0, 9, len(records))) % len(names.given.shares) + 1
    other = (records.person & ~np.int64(1023)) | second
    return replace(records, person=np.where(wrong & ~records.own_name, other, records.person))
