"""The four kinds of moves, and the traces that each leaves in a registry."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from townshift.examples.registry_firms import (
    BRANCH,
    FIRM,
    OPEN,
    OWN_PHONES,
    SOLE_TRADER,
    Names,
    Records,
    draw_address,
    draw_exit,
    draw_persons,
    draw_trade,
    month_of,
    month_start,
    own_phones,
)
from townshift.examples.registry_sampling import Bools, Floats, Ints, Weighted, chance
from townshift.examples.registry_world import MONTHS, World

KINDS = ("relocation", "branch", "return_entrepreneurship", "outsourcing")
RELOCATION, BRANCHING, RETURN, OUTSOURCING = range(4)
KIND_SHARES = (0.38, 0.22, 0.22, 0.18)
END = int(np.datetime64("2025-01-01").astype("datetime64[D]").astype(np.int64))
"""Day after the last registered one."""
MONTH = 30.4
LATER_HOPS = 0.12
"""Share of the moves that may start from where an earlier move ended."""


@dataclass(frozen=True, slots=True)
class Traces:
    """Probability that a trace of the origin is left in the destination's record, by kind of move.

    Attributes:
        word: the same trade word.
        varied: of those, with a letter added or dropped.
        person: the same representative; for return entrepreneurship, one of the origin's people represents it.
        holder: a person of the origin is among the shareholders (companies).
        phone: the same phone.
        parent: the origin itself is a shareholder (companies).
        branch_name: the name is the origin's with a branch suffix.
        kept: share of moves left as they fell although the registry shows less than two independent traces.
    """

    word: tuple[float, ...]
    varied: float
    person: tuple[float, ...]
    holder: tuple[float, ...]
    phone: tuple[float, ...]
    parent: tuple[float, ...]
    branch_name: float
    kept: float


TRACES = {
    "hard": Traces(
        (0.82, 0.97, 0.0, 0.08), 0.09, (0.66, 0.15, 0.85, 0.06), (0.52, 0.25, 0.45, 0.45), (0.42, 0.34, 0.42, 0.48),
        (0.05, 0.58, 0.0, 0.0), 0.45, 0.14,
    ),
    "plain": Traces(
        (0.92, 0.99, 0.0, 0.08), 0.03, (0.80, 0.15, 0.95, 0.06), (0.65, 0.30, 0.55, 0.55), (0.55, 0.45, 0.55, 0.60),
        (0.05, 0.70, 0.0, 0.0), 0.55, 0.05,
    ),
}  # fmt: skip
"""By difficulty."""


def draw_moves(
    rng: np.random.Generator, world: World, names: Names, records: Records, size: int, block: int, traces: Traces
) -> Records:
    """Destinations of `size` moves whose origins are among `records`.

    Args:
        rng: the stream of the block.
        world: places and rates.
        names: what the variant's words allow.
        records: possible origins, by position.
        size: how many moves.
        block: number of the block.
        traces: what the destinations keep.
    """
    kind = np.sort(Weighted(KIND_SHARES).draw(rng, size))
    when = _event_days(rng, world, records)
    origin, day = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    for code in range(4):
        mine = np.flatnonzero(kind == code)
        days = _entry_days(rng, records, when, code)
        key = rng.exponential(1.0, len(records)) / np.maximum(_origin_weights(world, records, days, code), 1e-12)
        chosen = np.argpartition(key, len(mine))[: len(mine)] if len(mine) else mine
        origin[mine], day[mine] = chosen, days[chosen]
    site = _destinations(rng, world, records.site[origin], kind)
    return _destination_records(rng, world, names, records, (origin, kind, site, day), block, traces)


def _event_days(rng: np.random.Generator, world: World, records: Records) -> Ints:
    """For each possible origin, the day on which it would move if it does."""
    found = np.empty(len(records), dtype=np.int64)
    for row, mine in enumerate((records.site != 0, records.site == 0)):
        here = np.flatnonzero(mine)
        found[here] = month_start(Weighted(world.leaving[row]).draw(rng, len(here)))
    return found + rng.integers(0, 28, len(records))


def _entry_days(rng: np.random.Generator, records: Records, when: Ints, kind: int) -> Ints:
    """Day on which a destination would be registered; a relocation's follows its origin's exit by -6 to 18 months."""
    if kind != RELOCATION:
        return when
    lag = rng.triangular(-6 * MONTH, 1.5 * MONTH, 18 * MONTH, len(records)).astype(np.int64)
    return np.where(records.exit == OPEN, OPEN, records.exit + lag)


def _origin_weights(world: World, records: Records, day: Ints, kind: int) -> Floats:
    """How likely each record is the origin of a move of a kind on a day; 0 where the order of dates forbids it."""
    town, member = records.site == 0, records.industry == 0
    weights = np.where(town, np.where(member, 1.0, 0.35), 0.08)
    possible = (day < END) & (day > records.entry + 180)
    if kind == RELOCATION:
        month = np.clip(month_of(np.minimum(records.exit, END - 1)), 0, MONTHS - 1)
        weights = weights * world.leaving[town.astype(np.int64), month] * (records.exit < END)
    elif kind == RETURN:
        possible &= day < records.exit + 900
    else:
        possible &= day < records.exit - 180
    if kind == BRANCHING:
        weights = weights * (records.form == FIRM)
    elif kind == OUTSOURCING:
        weights = weights * member
    return np.asarray(weights * possible, dtype=np.float64)


def _destinations(rng: np.random.Generator, world: World, origin_site: Ints, kind: Ints) -> Ints:
    """Sites by distance, cost and ties; returnees from the focal town go home."""
    sites = len(world.sites)
    ladder = (np.cumsum(world.gravity, axis=1) / 1.0000001 + np.arange(sites)[:, None]).ravel()
    found = np.searchsorted(ladder, origin_site + rng.random(len(kind)) * 0.9999998) % sites
    home = np.flatnonzero((kind == RETURN) & (origin_site == 0))
    found[home] = Weighted(world.homes).draw(rng, len(home))
    return np.asarray(found, dtype=np.int64)


def _destination_records(
    rng: np.random.Generator, world: World, names: Names, records: Records,
    moves: tuple[Ints, Ints, Ints, Ints], block: int, traces: Traces,
) -> Records:  # fmt: skip
    """The new records: fresh ones that keep what the traces say of their origins."""
    origin, kind, site, day = moves
    size, old = len(origin), records.take(moves[0])

    def kept(shares: tuple[float, ...]) -> Bools:
        return chance(rng, size, np.array(shares)[kind])

    form = _forms(rng, world, old, kind, traces.branch_name)
    word, third = draw_trade(rng, names, size)
    same_word = kept(traces.word)
    word[same_word], third[same_word] = old.word[same_word], old.third[same_word]
    varied = same_word & chance(rng, size, traces.varied)
    third[varied] = np.where(old.third[varied] > 0, 0, rng.integers(1, names.third_letters + 1, int(varied.sum())))
    person = draw_persons(rng, names, size)
    own_name = (form == SOLE_TRADER) & np.where(same_word, old.own_name, chance(rng, size, 0.42))
    same_person = kept(traces.person)
    known = np.where((old.holders[:, 1] > 0) & chance(rng, size, 0.3), old.holders[:, 1], old.person)
    person[same_person] = np.where(kind == RETURN, known, old.person)[same_person]
    holders = _holders(rng, names, old, form, person, kept(traces.holder))
    branch_name = (kind == BRANCHING) & (form == BRANCH)
    parent = np.where(kept(traces.parent) & (form == FIRM), origin, np.where(branch_name, origin, -1))
    phone = np.where(kept(traces.phone), old.phone, own_phones(block, size, 1))
    same_trade = (kind != RETURN) | chance(rng, size, 0.75)
    industry = np.where(same_trade, old.industry, names.industries.draw(rng, size) + 1)
    street, number, unit = draw_address(rng, names, size)
    none = np.full(size, -1, dtype=np.int64)
    return Records(
        site, day, draw_exit(rng, world, none * 0, day), industry, form, word, third, own_name, person, holders, phone,
        parent, branch_name, street, number, unit, none * 0, kind == OUTSOURCING, origin, kind, none,
    )  # fmt: skip


def _forms(rng: np.random.Generator, world: World, old: Records, kind: Ints, branches: float) -> Ints:
    """Legal forms: mostly the origin's; branches are branches or subsidiaries, workshops often sole traders."""
    size = len(kind)
    traders = world.country == "cn"
    form = np.where(old.form == BRANCH, FIRM, old.form)
    form = np.where((kind == RELOCATION) & (form == SOLE_TRADER) & chance(rng, size, 0.2), FIRM, form)
    new = np.where(chance(rng, size, 0.5) & traders, SOLE_TRADER, FIRM)
    form = np.where((kind == RETURN) | (kind == OUTSOURCING), new, form)
    return np.where(kind == BRANCHING, np.where(chance(rng, size, branches), BRANCH, FIRM), form)


def _holders(rng: np.random.Generator, names: Names, old: Records, form: Ints, person: Ints, linked: Bools) -> Ints:
    """Shareholders of destinations: the representative, somebody of the origin where linked, others."""
    size = len(form)
    holders = np.stack([draw_persons(rng, names, size) for _ in range(3)], axis=1)
    first = chance(rng, size, 0.78)
    holders[first, 0] = person[first]
    partner = np.where(old.holders[:, 0] > 0, old.holders[:, 0], old.person)
    partner = np.where((partner == person) & (old.holders[:, 1] > 0), old.holders[:, 1], partner)
    count = rng.integers(1, 4, size)
    holders[:, 1] = np.where(linked, partner, np.where(count > 1, holders[:, 1], 0))
    holders[:, 2] = np.where(count > 2, holders[:, 2], 0)
    holders[(form == SOLE_TRADER) | (form == BRANCH)] = 0
    return holders


def evident(records: Records, seen: dict[str, Bools], rows: Ints) -> Bools:
    """Whether the registry shows two independent traces (or one that is nearly unique) of the moves in `rows`.

    Args:
        records: all records of the block.
        seen: for `word`, `person`, `holders`, `phone`: where the record shows it undisturbed.
        rows: positions of destinations.
    """
    old = records.origin[rows]

    def both(what: str) -> Bools:
        return np.asarray(seen[what][rows] & seen[what][old], dtype=np.bool_)

    a, b = records.take(old), records.take(rows)
    phone = both("phone") & (a.phone == b.phone) & (a.phone <= OWN_PHONES)
    word = both("word") & (a.word == b.word) & (a.third == b.third) & ~a.own_name & ~b.own_name
    person = both("person") & (a.person == b.person)
    partner = np.zeros(len(rows), dtype=bool)
    for column in range(3):
        held = (b.holders[:, column] > 0) & (b.holders[:, column] != b.person)
        known = (b.holders[:, column, None] == a.holders).any(axis=1) & seen["holders"][old]
        partner |= held & seen["holders"][rows] & (known | (b.holders[:, column] == a.person))
    parent = (b.parent == old) & (b.branch_name & seen["word"][rows] | seen["holders"][rows]) & seen["word"][old]
    return np.asarray(phone | parent | (word.astype(int) + person + partner >= 2), dtype=np.bool_)


def mend(rng: np.random.Generator, records: Records, seen: dict[str, Bools], block: int, kept: float) -> Records:
    """Give most moves without evident traces more of them: a phone of their own, or trade word and representative.

    `seen` is changed in place where a field must now be shown.
    """
    rows = np.flatnonzero(records.origin >= 0)
    rows = rows[~evident(records, seen, rows)]
    rows = rows[~chance(rng, len(rows), kept)]
    old = records.origin[rows]
    by_phone = (records.kind[rows] >= RETURN) | chance(rng, len(rows), 0.35) | records.own_name[old]
    phone, person = records.phone.copy(), records.person.copy()
    word, third, own_name = records.word.copy(), records.third.copy(), records.own_name.copy()
    fresh = own_phones(block, len(rows), 2)
    for ends in (rows, old):
        phone[ends[by_phone]] = fresh[by_phone]
        seen["phone"][ends[by_phone]] = True
        seen["word"][ends[~by_phone]] = True
        seen["person"][ends[~by_phone]] = True
    new, from_ = rows[~by_phone], old[~by_phone]
    word[new], third[new], person[new] = word[from_], third[from_], person[from_]
    own_name[new] = False
    return replace(records, phone=phone, person=person, word=word, third=third, own_name=own_name)
