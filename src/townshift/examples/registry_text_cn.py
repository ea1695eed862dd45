"""A Chinese registry written out: names, persons, addresses, unified social credit codes, scope of business."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import cached_property
from importlib.resources import files
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from townshift.examples.registry_columns import empty_cells, joined, replaced, without_first
from townshift.examples.registry_firms import (
    BRANCH,
    COOPERATIVE,
    FIRM,
    OWN_PHONES,
    PARK_STREET,
    PARTNERSHIP,
    SOLE_TRADER,
    TRADE_WORDS,
    UNITS,
    Records,
    trade_word_weights,
)
from townshift.examples.registry_sampling import Bools, Ints, Weighted, chance, digits, fixed_width, mixed, scattered
from townshift.examples.registry_world import Place, World

EMPTY = ("N/A", "空白", "-", "", None, None)
CODE_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015: digits and capitals without I, O, S, V, Z."""
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
UNIFIED_SINCE = int(np.datetime64("2015-10-01").astype("datetime64[D]").astype(np.int64))
PREFIXES, ADDRESSES = 6, 8
PROCESSING = ["来料加工", "加工承揽", "服装来料加工", "承接来料加工业务"]
FULL_WIDTH = [(str(digit), chr(ord("０") + digit)) for digit in range(10)]


def short_name(name: str) -> str:
    """A division's name without its kind: 德清县 → 德清; two letters keep it.

    >>> short_name("德清县"), short_name("吉县")
    ('德清', '吉县')
    """
    for kind in ("自治县", "街道", "市", "县", "区", "镇", "乡"):
        if name.endswith(kind) and len(name) - len(kind) >= 2:
            return name.removesuffix(kind)
    return name


class ChineseWords:
    """Words of the Chinese variant; satisfies `registry_firms.Names`."""

    def __init__(self, world: World) -> None:
        text = files("townshift.examples").joinpath("registry_words_cn.toml").read_text(encoding="utf-8")
        self.data: dict[str, Any] = tomllib.loads(text)
        self.world = world
        self.surname_list = [item[0] for item in self.data["surnames"].split()]
        self.surnames = Weighted([float(item[1:]) for item in self.data["surnames"].split()])
        self.letters = list(dict.fromkeys(self.data["given"] + self.data["popular"].replace(" ", "")))
        self.given = Weighted([1 / (rank + 14.0) for rank in range(len(self.letters))])
        place = {letter: number + 1 for number, letter in enumerate(self.letters)}
        pairs = [(place[each[0]], place[each[1]] if len(each) > 1 else 0) for each in self.data["popular"].split()]
        self.popular: Ints = np.array([first << 10 | second for first, second in pairs], dtype=np.int64)
        self.trade_letters = list(dict.fromkeys(self.data["trade_letters"]))
        self.third_letters = len(self.trade_letters)
        self.trade_words = Weighted(trade_word_weights(), bits=20)
        self.industries = Weighted([float(each["weight"]) for each in self.data["industries"][1:]])
        self.street_list = [*self.data["streets"].split(), *self.data["villages"].split()]
        self.park_list = self.data["parks"].split()
        self.streets, self.parks = len(self.street_list), len(self.park_list)

    @cached_property
    def given_texts(self) -> pa.Array:
        """Given names by `first · 2¹⁰ + second`."""
        letters = ["", *self.letters, *[""] * (1023 - len(self.letters))]
        return pa.array([first + second for first in letters[: len(self.letters) + 1] for second in letters])

    def _pairs(self, shift: int) -> pa.Array:
        count = self.third_letters
        chosen = scattered(np.arange(TRADE_WORDS), count * count, 5)
        first, second = chosen // count, (chosen % count + shift) % count
        letters = pa.array(self.trade_letters)
        return joined(letters.take(pa.array(first)), letters.take(pa.array(second)))

    @cached_property
    def words(self) -> pa.Array:
        """Trade words by code."""
        return self._pairs(0)

    @cached_property
    def wrong_words(self) -> pa.Array:
        """Trade words by code, the second letter wrong."""
        return self._pairs(1)

    def line(self, site: Place) -> tuple[str, str, str, str]:
        """Province, city, county and town of a site in full; no town = empty."""
        town = site.name_zh if site.kind == "town" else ""
        county = self.world.places[site.parent_id] if town else site
        city = self.world.places[county.parent_id]
        return self.world.places[city.parent_id].name_zh, city.name_zh, county.name_zh, town

    def _town_of(self, number: int, site: Place) -> tuple[str, str, str, str]:
        province, city, county, town = self.line(site)
        inside = int(self.world.towns[number])
        return province, city, county, town or (self.world.town_names[inside].name_zh if inside >= 0 else "")

    @cached_property
    def name_prefixes(self) -> pa.Array:
        """Places at the head of names, `PREFIXES` spellings a site."""
        found = []
        for site in self.world.sites:
            _, city, county, town = self.line(site)
            c, q, t = short_name(city), short_name(county), short_name(town)
            found += [c + t, city, q + t, f"{city}{county}{town}", c + (t or q), county + t]
        return pa.array(found)

    @cached_property
    def address_prefixes(self) -> pa.Array:
        """Places at the head of addresses, `ADDRESSES` spellings a site."""
        found = []
        for number, site in enumerate(self.world.sites):
            p, c, q, t = self._town_of(number, site)
            low = t if site.kind == "town" else ""
            found += [
                f"{p}{c}{q}{t}", f"{c}{q}{t}", f"{p}{c}{q}{low}", f"{q}{t}", f"{c}{q}{low}",
                f"{short_name(p)}{short_name(c)}{q}{low}", f"{p} {c} {q} {t} ", f"{p}{c}{c}{q}{low}",
            ]  # fmt: skip
        return pa.array(found)

    @cached_property
    def scopes(self) -> pa.Array:
        """Scopes of business: 64 an industry, then 64 an industry of workshops that work for others."""
        tails = ["", "（依法须经批准的项目，经相关部门批准后方可开展经营活动）", "。", "；货物进出口、技术进出口。"]
        found = []
        for work in ([""], PROCESSING):
            for industry in self.data["industries"]:
                picks = [*combinations(industry["scope"], 2), *combinations(industry["scope"], 3)]
                for number in range(64):
                    mark = "、；，"[number % 3]
                    phrases = [each for each in (work[number % len(work)], *picks[number * 5 % len(picks)]) if each]
                    found.append(mark.join(phrases) + tails[number % 4])
        return pa.array(found)

    @cached_property
    def trade_lines(self) -> tuple[pa.Array, pa.Array, int]:
        """Industry words of companies and of sole traders, `width` for each industry."""
        width = 6
        lists = [[each[key][n % len(each[key])] for each in self.data["industries"] for n in range(width)]
                 for key in ("words", "trader")]  # fmt: skip
        return pa.array(lists[0]), pa.array(lists[1]), width

    def columns(
        self, rng: np.random.Generator, records: Records, seen: dict[str, Bools], wrong: Bools
    ) -> dict[str, pa.Array]:
        """See `registry_firms.Names`."""
        return columns(rng, self, records, seen, wrong)


def persons(words: ChineseWords, codes: Ints, before: str = "", nobody: str | None = None) -> pa.Array:
    """Full names with `before` in front; `nobody` where the code is 0."""
    surnames = pa.array([nobody, *(before + each for each in words.surname_list)])
    given = words.given_texts.take(pa.array(codes & ((1 << 20) - 1)))
    return joined(surnames.take(pa.array(codes >> 20)), given)


def firm_names(rng: np.random.Generator, words: ChineseWords, records: Records, seen: dict[str, Bools]) -> pa.Array:
    """Registered names: place, trade word, industry word, legal form; brackets, traditional letters, slips."""
    size = len(records)
    spelling = Weighted((45, 6, 22, 3, 18, 6)).draw(rng, size)
    place = words.name_prefixes.take(pa.array(records.site * PREFIXES + spelling))
    right, wrong = (each.take(pa.array(records.word)) for each in (words.words, words.wrong_words))
    letters = pa.array(["", *words.trade_letters])
    trade = joined(pc.if_else(pa.array(seen["word"]), right, wrong), letters.take(pa.array(records.third)))
    own = records.own_name & (records.person > 0)
    trade = pc.replace_with_mask(trade, pa.array(own), persons(words, records.person[own]))
    company, trader, width = words.trade_lines
    pick = records.industry * width + mixed(records.word + records.third * 7, 3) % width
    trader_form = records.form == SOLE_TRADER
    line = pc.if_else(pa.array(trader_form), trader.take(pa.array(pick)), company.take(pa.array(pick)))
    endings = pa.array(["有限公司", "有限责任公司", "股份有限公司", "", "专业合作社", "企业（有限合伙）", "分公司"])
    ending = Weighted((88, 10, 2)).draw(rng, size)
    for form, number in ((SOLE_TRADER, 3), (COOPERATIVE, 4), (PARTNERSHIP, 5), (BRANCH, 6)):
        ending[records.form == form] = number
    ending = endings.take(pa.array(ending))
    names = joined(place, trade, line, ending)
    inner = chance(rng, size, 0.04) & (records.form == FIRM)
    some = [each.filter(pa.array(inner)) for each in (trade, place, line, ending)]
    names = pc.replace_with_mask(names, pa.array(inner), joined(some[0], "（", some[1], "）", *some[2:]))
    branch = np.flatnonzero(records.branch_name & (records.parent >= 0))
    counties = pa.array([short_name(words.line(site)[2]) for site in words.world.sites])
    of_parent = joined(
        names.take(pa.array(records.parent[branch])), counties.take(pa.array(records.site[branch])), "分公司"
    )
    mask = np.zeros(size, dtype=bool)
    mask[branch] = True
    names = pc.replace_with_mask(names, pa.array(mask), of_parent)
    names = replaced(names, chance(rng, size, 0.02), [("（", "("), ("）", ")")])
    names = replaced(names, chance(rng, size, 0.015), list(words.data["traditional"].items()))
    return replaced(names, ~seen["word"] & chance(rng, size, 0.5), list(words.data["ocr"].items()))


def addresses(rng: np.random.Generator, words: ChineseWords, records: Records) -> pa.Array:
    """Registered addresses in eight spellings of the place, some in full-width digits or traditional letters."""
    size = len(records)
    spelling = Weighted((34, 22, 10, 8, 14, 6, 3, 3)).draw(rng, size)
    place = words.address_prefixes.take(pa.array(records.site * ADDRESSES + spelling))
    streets = pa.array([*words.street_list, *words.park_list])
    street = np.where(records.street >= PARK_STREET, words.streets + records.street - PARK_STREET, records.street)
    numbers = pa.array([str(number) for number in range(1000)])
    units = pa.array(words.data["agency_units"].split()[:UNITS])
    text = joined(
        place,
        streets.take(pa.array(street)),
        numbers.take(pa.array(records.number)),
        units.take(pa.array(records.unit)),
    )
    text = replaced(text, chance(rng, size, 0.02), FULL_WIDTH)
    return replaced(text, chance(rng, size, 0.008), list(words.data["traditional"].items()))


def production_addresses(rng: np.random.Generator, words: ChineseWords, records: Records) -> pa.Array:
    """Where work is done: said of one record in ten, mostly another street of the site."""
    rows = np.flatnonzero(chance(rng, len(records), 0.1))
    some = records.take(rows)
    moved = chance(rng, len(rows), 0.7)
    street = np.where(moved, rng.integers(0, words.streets, len(rows)), some.street)
    number = np.where(moved, rng.integers(1, 900, len(rows)), some.number)
    text = addresses(rng, words, replace(some, street=street, number=number))
    place = np.full(len(records), len(rows), dtype=np.int64)
    place[rows] = np.arange(len(rows))
    place[(place == len(rows)) & chance(rng, len(records), 0.25)] += 1
    return pa.concat_arrays([text, pa.array([None, "-"])]).take(pa.array(place))


def phones(codes: Ints) -> pa.Array:
    """Mobile numbers, or land lines with an area code for agencies and one own phone in eight."""
    mobile = np.hstack([np.full((len(codes), 1), 49, dtype=np.uint8), digits(3 * 10**9 + codes % OWN_PHONES, 10)])
    land = (mixed(codes, 41) % 8 == 0) | ((codes > OWN_PHONES) & (mixed(codes, 42) % 2 == 0))
    some = codes[land]
    area = np.hstack([digits(510 + mixed(some, 43) % 400, 4), np.full((len(some), 1), 45, dtype=np.uint8)])
    text = fixed_width(np.hstack([area, digits(2 * 10**7 + some % (6 * 10**7), 8)]))
    return pc.replace_with_mask(fixed_width(mobile), pa.array(land), text)


def unified_codes(rng: np.random.Generator, records: Records, adcodes: Ints, wrong: Bools) -> pa.Array:
    """18 characters after GB 32100-2015 with both check digits; null for firms closed before the code existed.

    Args:
        rng: the stream.
        records: `serial` gives the organisation code.
        adcodes: shape (rows,), registering county.
        wrong: where the last digit is spoiled.
    """
    letters = np.frombuffer(CODE_LETTERS.encode(), dtype=np.uint8)
    values = np.zeros((len(records), 18), dtype=np.int64)
    values[:, 0] = 9
    values[:, 1] = np.where(records.form == SOLE_TRADER, 2, np.where(records.form == COOPERATIVE, 3, 1))
    values[:, 2:8] = digits(adcodes, 6).astype(np.int64) - 48
    values[:, 8:16] = digits(records.serial, 8).astype(np.int64) - 48
    new = records.entry >= UNIFIED_SINCE
    rest = records.serial.copy()
    for column in range(15, 9, -1):
        values[:, column] = np.where(new, rest % 31, values[:, column])
        rest //= 31
    values[new, 8], values[new, 9] = CODE_LETTERS.index("M"), CODE_LETTERS.index("A")
    text = letters[values]
    text[:, 16] = _organisation_check(text[:, 8:16])
    lookup = np.zeros(128, dtype=np.int64)
    lookup[letters] = np.arange(31)
    weights = np.array([pow(3, place, 31) for place in range(17)])
    check = (31 - (lookup[text[:, :17]] @ weights) % 31) % 31
    text[:, 17] = letters[np.where(wrong, (check + 1 + rng.integers(0, 29, len(records))) % 31, check)]
    early = (records.exit < UNIFIED_SINCE) & chance(rng, len(records), 0.85)
    return pc.if_else(pa.array(early), pa.scalar(None, pa.string()), fixed_width(text))


def _organisation_check(text: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Check characters of organisation codes (GB 11714-1997), ASCII; letters count from A = 10."""
    values = np.where(text >= 65, text.astype(np.int64) - 55, text.astype(np.int64) - 48)
    check = 11 - (values @ np.array(ORGANISATION_WEIGHTS)) % 11
    return np.where(check == 10, ord("X"), np.where(check == 11, ord("0"), check + 48)).astype(np.uint8)


def columns(
    rng: np.random.Generator, words: ChineseWords, records: Records, seen: dict[str, Bools], wrong: Bools
) -> dict[str, pa.Array]:
    """The columns of `firms` that depend on the language."""
    size, world = len(records), words.world
    lines = [words.line(site) for site in world.sites]
    adcodes = np.array([int(world.places[s.parent_id].adcode if s.kind == "town" else s.adcode) for s in world.sites])
    elsewhere = np.where(chance(rng, size, 0.012), rng.integers(0, len(lines), size), records.site)
    people = [persons(words, records.holders[:, column], ";", "") for column in range(3)]
    parents = records.parent >= 0
    names = firm_names(rng, words, records, seen)
    owners = pc.fill_null(joined(";", names.take(pa.array(records.parent, mask=~parents))), "")
    holders = without_first(joined(*people, owners))
    forms = pa.array(
        ["有限责任公司(自然人投资或控股)", "个体工商户", "有限责任公司分公司", "农民专业合作社", "有限合伙企业"]
    )
    found = {
        "name": names,
        "registered_number": unified_codes(rng, records, adcodes[elsewhere], wrong),
        "legal_form": forms.take(pa.array(records.form)),
        "legal_representative": persons(words, records.person),
        "shareholders": holders,
        "phone": phones(records.phone),
        "scope": words.scopes.take(
            pa.array(
                (records.works_for * len(words.data["industries"]) + records.industry) * 64
                + mixed(records.word, 9) % 64
            )
        ),
        "address": addresses(rng, words, records),
        "production_address": production_addresses(rng, words, records),
        "industry": pa.array([each["code"] for each in words.data["industries"]]).take(pa.array(records.industry)),
    }
    for level, name in enumerate(("province", "city", "county")):
        found[name] = pa.array([line[level] for line in lines]).take(pa.array(records.site))
    fields = {
        "registered_number": "number", "legal_representative": "person", "shareholders": "holders", "phone": "phone",
        "scope": "scope", "address": "address", "province": "province", "city": "city", "county": "county",
    }  # fmt: skip
    for name, field in fields.items():
        found[name] = empty_cells(rng, found[name], ~seen[field], EMPTY)
    found["industry"] = empty_cells(rng, found["industry"], ~seen["industry"], (None,))
    return found
