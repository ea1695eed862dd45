"""Units of published figures: what a unit is made of, and how one is turned into another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

COUNT = "count"
"""The unit of things that are simply counted."""

_TIMES = {
    "": 1,
    "thousand": 1_000,
    "ten_thousand": 10_000,
    "wan": 10_000,
    "million": 1_000_000,
    "ten_million": 10_000_000,
    "hundred_million": 100_000_000,
    "yi": 100_000_000,
    "billion": 1_000_000_000,
    "千": 1_000,
    "万": 10_000,
    "百万": 1_000_000,
    "千万": 10_000_000,
    "亿": 100_000_000,
    "万亿": 1_000_000_000_000,
}
_BASES: dict[str, tuple[str, Fraction]] = {
    **dict.fromkeys(("yuan", "cny", "rmb", "元", "人民币", "元人民币"), ("yuan", Fraction(1))),
    **dict.fromkeys(("usd", "dollar", "dollars", "us_dollar", "美元"), ("usd", Fraction(1))),
    **dict.fromkeys(("euro", "euros", "eur", "欧元"), ("euro", Fraction(1))),
    **dict.fromkeys(("m2", "sqm", "square_metre", "square_metres", "平方米", "平米"), ("m2", Fraction(1))),
    **dict.fromkeys(("km2", "square_km", "平方公里", "平方千米"), ("m2", Fraction(1_000_000))),
    **dict.fromkeys(("ha", "hectare", "hectares", "公顷"), ("m2", Fraction(10_000))),
    **dict.fromkeys(("mu", "亩"), ("m2", Fraction(2_000, 3))),
    **dict.fromkeys(("m", "metre", "metres", "米"), ("m", Fraction(1))),
    **dict.fromkeys(("km", "公里", "千米"), ("m", Fraction(1_000))),
    **dict.fromkeys(("li", "里"), ("m", Fraction(500))),
    **dict.fromkeys(("kg", "公斤", "千克"), ("kg", Fraction(1))),
    **dict.fromkeys(("tonne", "tonnes", "t", "吨"), ("kg", Fraction(1_000))),
    **dict.fromkeys(("percent", "%", "per_cent", "百分之"), ("percent", Fraction(1))),
    **dict.fromkeys(("permille", "‰"), ("percent", Fraction(1, 10))),
    **dict.fromkeys(("share", "fraction"), ("percent", Fraction(100))),
    **dict.fromkeys(("year", "years", "年"), ("year", Fraction(1))),
    **dict.fromkeys(("month", "months", "月", "个月"), ("year", Fraction(1, 12))),
    **dict.fromkeys(("day", "days", "天", "日"), ("day", Fraction(1))),
    **dict.fromkeys(("hour", "hours", "小时", "时"), ("hour", Fraction(1))),
    **dict.fromkeys(
        ("person", "persons", "people", "worker", "workers", "job", "jobs", "employees", "residents", "人", "名"),
        ("person", Fraction(1)),
    ),
    **dict.fromkeys(("piece", "pieces", "件"), ("piece", Fraction(1))),
    **dict.fromkeys(("set", "sets", "套"), ("set", Fraction(1))),
    **dict.fromkeys(("pair", "pairs", "双"), ("pair", Fraction(1))),
    **dict.fromkeys(("parcel", "parcels", "单", "包裹"), ("parcel", Fraction(1))),
}  # fmt: skip
_COUNTED = frozenset(
    {
        "count", "number", "items", "firms", "enterprises", "companies", "market_entities", "establishments",
        "households", "shops", "stores", "workshops", "plants", "factories", "machines", "buildings", "berths",
        "calls", "clusters", "associations", "projects", "trucks", "vehicles", "rotors", "spindles", "parks",
        "villages", "towns", "brands", "patents", "events", "cases", "个", "家", "户", "台", "栋", "辆", "条", "项",
        "间", "处", "座",
    }
)  # fmt: skip
_NEVER_COUNTED = ("yuan", "usd", "euro", "m2", "m", "kg", "percent", "year", "day", "hour")
_PLURALS = ("person", "piece", "set", "pair", "parcel", "year", "day", "hour")
_YEARLY = ("_per_year", "/year", "/年", "每年")
_SPLIT_PER = re.compile(r"_per_|/|每")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit taken apart: `base` names what is measured, `factor` how many of it one unit is."""

    base: str
    factor: Fraction


@cache
def parse_unit(unit: str) -> Unit:
    """Take a unit apart: multiplier, base, and what it is per.

    An unknown word is a base of its own, so that every unit fits itself.

    Args:
        unit: as written in a table: `million_yuan`, `万元`, `mu`, `yuan_per_month`, `firms`.

    Example:
        >>> parse_unit("万元")
        Unit(base='yuan', factor=Fraction(10000, 1))
        >>> parse_unit("yuan_per_m2").base
        'yuan/m2'
    """
    parts = [part for part in _SPLIT_PER.split(unit.strip().lower().replace(" ", "_")) if part]
    if not parts:
        return Unit("", Fraction(1))
    first, *others = [_simple(part) for part in parts]
    factor = first.factor
    for other in others:
        factor /= other.factor
    return Unit("/".join([first.base, *(other.base for other in others)]), factor)


def _simple(word: str) -> Unit:
    if word in _COUNTED:
        return Unit(COUNT, Fraction(1))
    if word in _BASES:
        return Unit(*_BASES[word])
    for prefix, times in sorted(_TIMES.items(), key=lambda item: -len(item[0])):
        rest = word.removeprefix(prefix).removeprefix("_") if prefix and word.startswith(prefix) else ""
        if rest and (rest != word[len(prefix) :] or not prefix.isascii()):
            base = _simple(rest)
            return Unit(base.base, base.factor * times)
    return Unit(word, Fraction(1))


def conversion(unit: str, to: str) -> Fraction | None:
    """By what a value in `unit` is multiplied to stand in `to`; None where the two do not measure the same.

    Three habits of published figures are allowed for: a bare count may stand for any counted thing (`count` of
    pieces), a yearly total may or may not say so (`pieces_per_year`), and hours of work are per day unless said.

    Example:
        >>> conversion("pieces", "million_pieces")
        Fraction(1, 1000000)
        >>> conversion("mu", "km2")
        Fraction(1, 1500)
        >>> conversion("persons", "km2") is None
        True
    """
    if unit == to:
        return Fraction(1)
    given, wanted = parse_unit(unit), parse_unit(to)
    if given.base == wanted.base:
        return given.factor / wanted.factor
    if given.base == COUNT and "/" not in wanted.base and wanted.base not in _NEVER_COUNTED:
        return given.factor / wanted.factor
    if _of_a_year(unit, given.base) == _of_a_year(to, wanted.base):
        return given.factor / wanted.factor
    if (given.base, wanted.base) in (("hour", "hour/day"), ("hour/day", "hour")):
        return given.factor / wanted.factor
    return None


def _of_a_year(unit: str, base: str) -> str:
    """The base without "per year", where that is how the unit is written."""
    return base.removesuffix("/year") if unit.lower().endswith(_YEARLY) else base


def canonical_unit(unit: str) -> str:
    """The unit in which figures of `unit` are kept where no indicator says which: known spellings only are changed.

    Example:
        >>> canonical_unit("万元"), canonical_unit("firms"), canonical_unit("spools")
        ('yuan', 'count', 'spools')
    """
    return _plural(parse_unit(unit).base)


def _plural(base: str) -> str:
    first, *others = base.split("/")
    written = f"{first}s" if first in _PLURALS else first
    return "_per_".join([written, *others])
