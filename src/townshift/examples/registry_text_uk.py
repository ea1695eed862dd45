"""A British registry written out: names with Ltd and LLP, officers, company numbers, addresses with postcodes."""

from __future__ import annotations

import tomllib
from functools import cached_property
from importlib.resources import files
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from townshift.examples.registry_columns import empty_cells, joined, replaced, without_first
from townshift.examples.registry_firms import (
    BRANCH,
    COOPERATIVE,
    PARK_STREET,
    PARTNERSHIP,
    TRADE_WORDS,
    Records,
    trade_word_weights,
)
from townshift.examples.registry_sampling import Bools, Ints, Weighted, chance, digits, fixed_width, mixed, scattered
from townshift.examples.registry_world import Place, World

EMPTY = ("N/A", "", "-", None, None, None)
ADDRESSES = 5
NEVER_ALLOTTED = 30_000_000
"""Company numbers from here on belong to nobody: the register of 2025 ends below 17 million."""
SLIPS = [("i", "l"), ("rn", "m"), ("O", "0")]
LONGER = [(" LIMITED", " LTD"), (" AND ", " & ")]
PROCESSING = ["Cut, make and trim for other companies", "Garment finishing on commission"]


class BritishWords:
    """Words of the English variant; satisfies `registry_firms.Names`."""

    def __init__(self, world: World) -> None:
        text = files("townshift.examples").joinpath("registry_words_uk.toml").read_text(encoding="utf-8")
        self.data: dict[str, Any] = tomllib.loads(text)
        self.world = world
        pairs = [(item.rstrip("0123456789."), item) for item in self.data["surnames"].split()]
        self.surname_list = [name.upper() for name, _ in pairs]
        self.surnames = Weighted([float(item.removeprefix(name)) for name, item in pairs])
        self.letters = list(dict.fromkeys(self.data["given"].split()))
        self.given = Weighted([1 / (rank + 9.0) for rank in range(len(self.letters))])
        place = {name: number + 1 for number, name in enumerate(self.letters)}
        names = [each.split("-") for each in self.data["popular"].split()]
        self.popular: Ints = np.array(
            [place[each[0]] << 10 | (place[each[1]] if len(each) > 1 else 0) for each in names], dtype=np.int64
        )
        self.first_words = list(dict.fromkeys(self.data["first_words"].split()))
        self.second_words = list(dict.fromkeys(self.data["second_words"].split()))
        self.third_words = [" & Co", " Group", " Bros", " & Sons", " International", " UK", " Direct", " Solutions",
                            *(f" {word}" for word in self.second_words)]  # fmt: skip
        self.third_letters = len(self.third_words)
        self.trade_words = Weighted(trade_word_weights(), bits=20)
        self.industries = Weighted([float(each["weight"]) for each in self.data["industries"][1:]])
        self.street_list = [*self.data["streets"].split("|"), *self.data["villages"].split("|")]
        self.park_list = self.data["parks"].split("|")
        self.streets, self.parks = len(self.street_list), len(self.park_list)

    @cached_property
    def given_texts(self) -> pa.Array:
        """Given names by `first · 2¹⁰ + second`."""
        later = ["", *(f" {name}" for name in self.letters), *[""] * (1023 - len(self.letters))]
        return pa.array([first + second for first in ["", *self.letters] for second in later])

    def _pairs(self, shift: int) -> pa.Array:
        ones, twos = len(self.first_words), len(self.second_words)
        chosen = scattered(np.arange(TRADE_WORDS), ones * twos, 5)
        first, second = pa.array(chosen // twos), pa.array((chosen % twos + shift) % twos)
        # One name in three writes the two words as one, always in the same way.
        parts = [pa.array(self.first_words).take(first), pa.array(self.second_words).take(second)]
        together = pa.array(chosen % 3 == 0)
        return pc.if_else(together, joined(parts[0], pc.utf8_lower(parts[1])), joined(*parts, between=" "))

    @cached_property
    def words(self) -> pa.Array:
        """Trade words by code."""
        return self._pairs(0)

    @cached_property
    def wrong_words(self) -> pa.Array:
        """Trade words by code, the second wrong."""
        return self._pairs(1)

    def line(self, site: Place) -> tuple[str, str, str]:
        """Nation, district and post town of a site."""
        district = self.world.places[site.parent_id] if site.kind == "town" else site
        return self.world.places[district.parent_id].name, district.name, site.name

    @cached_property
    def address_ends(self) -> pa.Array:
        """What follows the street, `ADDRESSES` spellings a site; postcode areas are of no existing kind (Q, V, X)."""
        found = []
        for number, site in enumerate(self.world.sites):
            nation, district, town = self.line(site)
            code = (
                f"{'QVX'[number % 3]}{chr(65 + number // 3 % 26)}{number % 19 + 1} {number % 9}{'ABDEF'[number % 5]}J"
            )
            both = town if town == district else f"{town}, {district}"
            found += [
                f", {both}, {nation}, {code}", f", {both}, {code}", f", {town}, {code}",
                f", {both.upper()}, {code}", f", {both}, United Kingdom, {code.replace(' ', '')}",
            ]  # fmt: skip
        return pa.array(found)

    @cached_property
    def scopes(self) -> pa.Array:
        """Descriptions of business: 64 an industry, then 64 an industry of workshops that work for others."""
        found = []
        for work in ([""], PROCESSING):
            for industry in self.data["industries"]:
                picks = [*combinations(industry["scope"], 1), *combinations(industry["scope"], 2)]
                for number in range(64):
                    found.append("; ".join(x for x in (work[number % len(work)], *picks[number % len(picks)]) if x))
        return pa.array(found)

    @cached_property
    def trade_lines(self) -> pa.Array:
        """Industry words, six for each industry."""
        return pa.array([each["words"][n % len(each["words"])] for each in self.data["industries"] for n in range(6)])

    def columns(
        self, rng: np.random.Generator, records: Records, seen: dict[str, Bools], wrong: Bools
    ) -> dict[str, pa.Array]:
        """See `registry_firms.Names`."""
        return columns(rng, self, records, seen, wrong)


def persons(words: BritishWords, codes: Ints, before: str = "", nobody: str | None = None) -> pa.Array:
    """Officers as `SURNAME, Given Names` with `before` in front; `nobody` where the code is 0."""
    surnames = pa.array([nobody, *(f"{before}{each}, " for each in words.surname_list)])
    return joined(surnames.take(pa.array(codes >> 20)), words.given_texts.take(pa.array(codes & ((1 << 20) - 1))))


def firm_names(rng: np.random.Generator, words: BritishWords, records: Records, seen: dict[str, Bools]) -> pa.Array:
    """Registered names in capitals or not: trade words, industry word, place at times, legal form."""
    size = len(records)
    right, wrong = (each.take(pa.array(records.word)) for each in (words.words, words.wrong_words))
    trade = pc.if_else(pa.array(seen["word"]), right, wrong)
    third = pa.array(["", *words.third_words]).take(pa.array(records.third))
    line = words.trade_lines.take(pa.array(records.industry * 6 + mixed(records.word + records.third * 7, 3) % 6))
    places = [words.line(site)[2] for site in words.world.sites]
    inside = pa.array(["", *(f" ({place})" for place in places)])
    inside = inside.take(pa.array(np.where(chance(rng, size, 0.06), records.site + 1, 0)))
    endings = pa.array([" Limited", " Ltd", " Ltd.", " CIC", " LLP", ""])
    ending = Weighted((55, 40, 5)).draw(rng, size)
    for form, number in ((COOPERATIVE, 3), (PARTNERSHIP, 4), (BRANCH, 5)):
        ending[records.form == form] = number
    names = joined(trade, third, " ", line, inside, endings.take(pa.array(ending)))
    branch = np.flatnonzero(records.branch_name & (records.parent >= 0))
    branches = pa.array([f" ({place} Branch)" for place in places]).take(pa.array(records.site[branch]))
    mask = np.zeros(size, dtype=bool)
    mask[branch] = True
    names = pc.replace_with_mask(names, pa.array(mask), joined(names.take(pa.array(records.parent[branch])), branches))
    names = pc.if_else(pa.array(chance(rng, size, 0.7)), pc.utf8_upper(names), names)
    names = replaced(names, chance(rng, size, 0.05), LONGER)
    return replaced(names, ~seen["word"] & chance(rng, size, 0.4), SLIPS)


def addresses(rng: np.random.Generator, words: BritishWords, records: Records) -> pa.Array:
    """Registered offices: unit, number, street, town, district, postcode."""
    size = len(records)
    end = words.address_ends.take(pa.array(records.site * ADDRESSES + Weighted((30, 35, 20, 10, 5)).draw(rng, size)))
    units = pa.array([f"{each}, " if each else "" for each in words.data["units"].split("|")])
    street = np.where(records.street >= PARK_STREET, words.streets + records.street - PARK_STREET, records.street)
    numbers = pa.array([f"{number} " for number in range(1000)])
    streets = pa.array([*words.street_list, *words.park_list])
    return joined(
        units.take(pa.array(records.unit)), numbers.take(pa.array(records.number)), streets.take(pa.array(street)), end
    )


def columns(
    rng: np.random.Generator, words: BritishWords, records: Records, seen: dict[str, Bools], wrong: Bools
) -> dict[str, pa.Array]:
    """The columns of `firms` that depend on the language."""
    lines = [words.line(site) for site in words.world.sites]
    people = [persons(words, records.holders[:, column], ";", "") for column in range(3)]
    names = firm_names(rng, words, records, seen)
    parents = pc.fill_null(joined(";", names.take(pa.array(records.parent, mask=records.parent < 0))), "")
    forms = ["Private Limited Company", "Sole Trader", "Other company type", "Community Interest Company",
             "Limited Liability Partnership"]  # fmt: skip
    work = records.works_for * len(words.data["industries"]) + records.industry
    # A wrong number has lost its last digit.
    numbers = fixed_width(digits(NEVER_ALLOTTED + records.serial, 8))
    numbers = pc.if_else(pa.array(wrong), pc.utf8_slice_codeunits(numbers, 0, 7), numbers)
    area = np.full((len(records), 1), 48, dtype=np.uint8)
    codes = pa.array([each["code"] for each in words.data["industries"]])
    found = {
        "name": names,
        "registered_number": numbers,
        "legal_form": pa.array(forms).take(pa.array(records.form)),
        "legal_representative": persons(words, records.person),
        "shareholders": without_first(joined(*people, parents)),
        "phone": fixed_width(np.hstack([area, digits(records.phone, 10)])),
        "scope": words.scopes.take(pa.array(work * 64 + mixed(records.word, 9) % 64)),
        "address": addresses(rng, words, records),
        "industry": codes.take(pa.array(records.industry)),
        "province": pa.array([line[0] for line in lines]).take(pa.array(records.site)),
        "county": pa.array([line[1] for line in lines]).take(pa.array(records.site)),
    }
    fields = {
        "registered_number": "number", "legal_representative": "person", "shareholders": "holders", "phone": "phone",
        "scope": "scope", "address": "address", "province": "province", "county": "county",
    }  # fmt: skip
    for name, field in fields.items():
        found[name] = empty_cells(rng, found[name], ~seen[field], EMPTY)
    found["industry"] = empty_cells(rng, found["industry"], ~seen["industry"], (None,))
    return found
