"""Firms before they move: where and when they enter, how long they live, who stands behind them.

Everything is an array of codes; texts are made in `registry_text_*`. A person is one number (surname, two given
letters), so two records name the same full name exactly if the numbers are equal, whoever is meant.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Protocol

import numpy as np
import pyarrow as pa

from townshift.examples.registry_sampling import Bools, Floats, Ints, Weighted, chance, mixed, stream
from townshift.examples.registry_world import FIRST_YEAR, MONTHS, World

OPEN = np.int64(1 << 30)
"""Exit of a firm that still exists."""
FIRM, SOLE_TRADER, BRANCH, COOPERATIVE, PARTNERSHIP = range(5)
FORM_SHARES = {"cn": (0.44, 0.51, 0.0, 0.02, 0.03), "uk": (0.93, 0.0, 0.0, 0.01, 0.06)}
TRADE_WORDS = 40_000
"""Two-letter trade words in use; the commonest tenth of a percent names one firm in fifteen."""
NOMINEE_SHARE = 0.012
"""Share of firms represented by a nominee."""
AGENCY_SHARE = {"cn": 0.10, "uk": 0.12}
"""Share of firms that give the phone of the agency which registered them."""
SPIN_OFF_SHARE = 0.07
"""Share of entrants founded by somebody of an older firm of the same site."""
HOLDING_SHARE = 0.02
"""Share of companies with a company of the same block among the shareholders that is no move: an investor."""
PARK_SHARE = 0.06
POPULAR_POWER = 1.1
"""How far the commonest given names lead: the commonest full name has some 0.03 percent, as in the census."""
NOMINEES = 4096
OWN_PHONES = 7 * 10**9
UNITS = 14
PARK_STREET = 100_000
"""Street codes from here on are parks; all firms of a park may share one number."""


class Names(Protocol):
    """What the draws need to know of a variant's words."""

    surnames: Weighted
    given: Weighted
    popular: Ints
    trade_words: Weighted
    third_letters: int
    industries: Weighted
    streets: int
    parks: int

    def columns(
        self, rng: np.random.Generator, records: Records, seen: dict[str, Bools], wrong: Bools
    ) -> dict[str, pa.Array]:
        """The columns of `firms` that depend on the language; `wrong` = spoil the registered number."""


@dataclass(frozen=True, slots=True)
class Records:
    """Records as arrays of equal length; `holders` has three columns. 0 or -1 stands for none.

    Attributes:
        site, entry, exit: position of the site; days since 1970-01-01.
        industry, form, word, third: codes of industry, legal form, trade word, further letter of the trade word.
        own_name: the trade name is the representative's name.
        person, holders, phone: codes of persons and of the phone; 0 = none.
        parent: position in the block of the company among the shareholders, -1 = none.
        branch_name: the name is the parent's with a branch suffix.
        street, number, unit: parts of the address.
        serial: number that the registered number is made of.
        works_for: 1 = independent workshop working on others' materials.
        origin, kind: position of the record it stems from and code of the kind of move (truth); -1.
        twin: position of the record it repeats (truth); -1.
    """

    site: Ints
    entry: Ints
    exit: Ints
    industry: Ints
    form: Ints
    word: Ints
    third: Ints
    own_name: Bools
    person: Ints
    holders: Ints
    phone: Ints
    parent: Ints
    branch_name: Bools
    street: Ints
    number: Ints
    unit: Ints
    serial: Ints
    works_for: Bools
    origin: Ints
    kind: Ints
    twin: Ints

    def __len__(self) -> int:
        return len(self.site)

    def take(self, rows: Ints) -> Records:
        """The records at some positions; references to positions are kept as they are."""
        return Records(*(getattr(self, each.name)[rows] for each in fields(self)))

    def reordered(self, order: Ints) -> Records:
        """The records in another order, references to positions following them."""
        place = np.empty(len(order) + 1, dtype=np.int64)
        place[order], place[-1] = np.arange(len(order)), -1
        found = self.take(order)
        return replace(found, **{name: place[getattr(found, name)] for name in ("parent", "origin", "twin")})

    def joined(self, more: Records) -> Records:
        """These records, then `more`."""
        return Records(*(np.concatenate([getattr(self, f.name), getattr(more, f.name)]) for f in fields(self)))


def draw_persons(rng: np.random.Generator, names: Names, size: int) -> Ints:
    """Full names as numbers: surname · 2²⁰ + first given letter · 2¹⁰ + second (0 = none); never 0."""
    surname = names.surnames.draw(rng, size) + 1
    first, second = names.given.draw(rng, size) + 1, names.given.draw(rng, size) + 1
    second[chance(rng, size, 0.12)] = 0
    given = (first << 10) | second
    popular = np.flatnonzero(chance(rng, size, 0.16))
    given[popular] = names.popular[(rng.random(len(popular)) ** POPULAR_POWER * len(names.popular)).astype(np.int64)]
    return (surname << 20) | given


def draw_trade(rng: np.random.Generator, names: Names, size: int) -> tuple[Ints, Ints]:
    """Trade words (Zipf) and a further letter, without which 62 percent are."""
    third = rng.integers(1, names.third_letters + 1, size)
    third[chance(rng, size, 0.62)] = 0
    return names.trade_words.draw(rng, size), third


def trade_word_weights() -> Floats:
    """Zipf-Mandelbrot weights of the trade words."""
    return np.asarray(1.0 / (np.arange(TRADE_WORDS) + 12.0) ** 0.95, dtype=np.float64)


def month_start(months: Ints) -> Ints:
    """First day of the months counted from January of the first year, as days since 1970-01-01."""
    return (months + 12 * (FIRST_YEAR - 1970)).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def month_of(days: Ints) -> Ints:
    """Months since January of the first year in which days lie."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) - 12 * (FIRST_YEAR - 1970)


def draw_exit(rng: np.random.Generator, world: World, group: Ints, entry: Ints) -> Ints:
    """Days of exit under the monthly hazards of the world, `OPEN` beyond the end.

    Args:
        rng: the stream.
        world: its `hazard` has one row per group.
        group: 1 for members in the focal town, else 0.
        entry: days.
    """
    found = np.empty(len(entry), dtype=np.int64)
    months = month_of(entry)
    for row in (0, 1):
        mine = np.flatnonzero(group == row)
        total = np.concatenate([[0.0], np.cumsum(world.hazard[row])])
        target = total[months[mine]] + rng.exponential(1.0, len(mine))
        found[mine] = np.searchsorted(total, target)
    days = month_start(np.minimum(found, MONTHS)) + rng.integers(0, 28, len(entry))
    return np.where(found > MONTHS, OPEN, np.maximum(days, entry + 30))


def agency_phone(site: Ints, rng: np.random.Generator, firms: int) -> Ints:
    """Phones of registration agencies: a few in each site, more in larger registries."""
    agencies = np.where(site == 0, 3 + firms // 20_000, 1 + firms // 300_000)
    chosen = (rng.random(len(site)) ** 1.5 * agencies).astype(np.int64)
    return OWN_PHONES + mixed(site * 100_000 + chosen, 17) % 10**9 + 1


def base_firms(rng: np.random.Generator, world: World, names: Names, size: int, firms: int, block: int) -> Records:
    """`size` firms that stem from no move.

    Args:
        rng: the stream of the block.
        world: places and rates.
        names: what the variant's words allow.
        size: how many.
        firms: records of the whole registry; pools of agencies and nominees grow with it.
        block: number unlike that of any other block, for phones that nobody else has.
    """
    site, entry, member, trader = _entries(rng, world, size)
    shares = np.array(FORM_SHARES[world.country])
    shares[SOLE_TRADER] = 0
    form = Weighted(shares).draw(rng, size)
    form[trader] = SOLE_TRADER
    industry = np.where(member, 0, names.industries.draw(rng, size) + 1)
    word, third = draw_trade(rng, names, size)
    person = draw_persons(rng, names, size)
    holders = _holders(rng, names, person, form)
    nominee = np.flatnonzero(chance(rng, size, NOMINEE_SHARE))
    pool = mixed(rng.integers(0, max(8, firms // 5000), len(nominee)), 23)
    person[nominee] = draw_persons(stream(0, 3), names, NOMINEES)[pool % NOMINEES]
    phone = own_phones(block, size, 0)
    agency = np.flatnonzero(chance(rng, size, AGENCY_SHARE[world.country]))
    phone[agency] = agency_phone(site[agency], rng, firms)
    street, number, unit = draw_address(rng, names, size)
    records = Records(
        site, entry, draw_exit(rng, world, (member & (site == 0)).astype(np.int64), entry), industry, form, word, third,
        (form == SOLE_TRADER) & chance(rng, size, 0.42), person, holders, phone,
        np.full(size, -1, dtype=np.int64), np.zeros(size, dtype=bool), street, number, unit,
        np.zeros(size, dtype=np.int64), np.zeros(size, dtype=bool),
        np.full(size, -1, dtype=np.int64), np.full(size, -1, dtype=np.int64), np.full(size, -1, dtype=np.int64),
    )  # fmt: skip
    return _spin_offs(rng, records)


def own_phones(block: int, size: int, salt: int) -> Ints:
    """Phones that (almost) nobody else has: codes from 1 to `OWN_PHONES`; those of agencies lie above."""
    return mixed(np.arange(size, dtype=np.int64) + (np.int64(block) << 32), 31 + salt) % OWN_PHONES + 1


def draw_address(rng: np.random.Generator, names: Names, size: int) -> tuple[Ints, Ints, Ints]:
    """Street, number and unit; one firm in sixteen sits in a park whose firms share a number."""
    street = (rng.random(size) ** 1.3 * names.streets).astype(np.int64)
    number = (rng.random(size) ** 1.5 * 900).astype(np.int64) + 1
    unit = rng.integers(0, UNITS * 3, size)
    park = np.flatnonzero(chance(rng, size, PARK_SHARE))
    street[park] = PARK_STREET + rng.integers(0, names.parks, len(park))
    number[park] = rng.integers(1, 6, len(park))
    return street, number, np.where(unit >= UNITS, 0, unit)


def _entries(rng: np.random.Generator, world: World, size: int) -> tuple[Ints, Ints, Bools, Bools]:
    """Site, day of entry, membership and whether a sole trader, thinned by what the registry holds."""
    years = world.entry.shape[1]
    traders = FORM_SHARES[world.country][SOLE_TRADER]
    kept = world.coverage * np.array([1 - traders, traders])
    weights = world.entry[:, :, :, None] * kept[None, :, None, :]
    cell = Weighted(weights.ravel(), bits=20).draw(rng, size)
    rest, trader = np.divmod(cell, 2)
    rest, member = np.divmod(rest, 2)
    site, year = np.divmod(rest, years)
    entry = month_start(12 * year + rng.integers(0, 12, size)) + rng.integers(0, 28, size)
    return site, entry, member.astype(bool), trader.astype(bool)


def _holders(rng: np.random.Generator, names: Names, person: Ints, form: Ints) -> Ints:
    """One to three shareholders of whom the first mostly is the representative; none of sole traders."""
    size = len(person)
    count = rng.integers(1, 4, size)
    holders = np.stack([draw_persons(rng, names, size) for _ in range(3)], axis=1)
    first = chance(rng, size, 0.78)
    holders[first, 0] = person[first]
    holders[count < 2, 1] = 0
    holders[count < 3, 2] = 0
    holders[form == SOLE_TRADER] = 0
    return holders


def _spin_offs(rng: np.random.Generator, records: Records) -> Records:
    """Entrants founded by somebody of an older firm of the site; companies whose shareholder is an investor there."""
    size = len(records)
    order = np.lexsort([records.entry, records.site])
    older = np.empty(size, dtype=np.int64)
    older[order] = order[np.maximum(np.arange(size) - rng.integers(1, 30, size), 0)]
    same_site = records.site[older] == records.site
    born = np.flatnonzero(chance(rng, size, SPIN_OFF_SHARE) & same_site)
    heir = np.where(records.holders[older[born], 1] > 0, records.holders[older[born], 1], records.person[older[born]])
    person, holders, parent = records.person.copy(), records.holders.copy(), records.parent.copy()
    person[born] = heir
    company = records.form[born] != SOLE_TRADER
    holders[born[company], 0] = heir[company]
    held = chance(rng, size, HOLDING_SHARE) & same_site & (records.form == FIRM) & (records.form[older] == FIRM)
    parent[held] = older[held]
    return replace(records, person=person, holders=holders, parent=parent)
