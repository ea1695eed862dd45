"""A world that publishes conflicting figures about a town, with the truth kept aside.

Frozen on 2026-11-24, before the model of reconciled series (`townshift.evidence.series`) existed. Independence: this
file imports nothing of townshift, shares no code and no constant with the model, and was written without knowledge of
it; the model's authors must not tune it, and it changes only for a defect, which is then named here.
Defects mended since: none.

The world: a quantity of a town runs through regimes (slow growth, boom, plateau, decline, saturation) and is hit by
dips. The town's own account of it is off by one bias that every outlet shares. Voices (lineages) have a tier, an
interest, a bias and a carelessness of their own; a few count something else. They publish in bursts, mostly in late
years. A figure is believed first and printed second: printing rounds, turns it into "over" or "under" a nice number,
repeats an old number, or loses a zero. Others copy what was printed, seen or unseen by the coder of the record.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

COLUMNS = (
    *("fact_id", "year", "value", "qualifier", "tier", "lineage"),
    *("package", "originator", "interest", "flag", "same_as"),
)

# tier: share of voices, usual size of a voice's own bias, usual scatter of its figures (logarithms)
TIERS = {
    "official": (0.16, 0.035, 0.025),
    "original_press": (0.26, 0.055, 0.045),
    "press_origin": (0.18, 0.060, 0.050),
    "trade_press": (0.16, 0.090, 0.070),
    "mirror_or_aggregator": (0.18, 0.080, 0.060),
    "film": (0.06, 0.140, 0.110),
}
ORIGINATORS = {
    "official": ("town_government", "town_government", "statistics_office", "district_government"),
    "original_press": ("town_government", "provincial_press", "xinhua", "evening_news"),
    "press_origin": ("town_government", "provincial_press", "china_news_service"),
    "trade_press": ("trade_association", "town_government", "trade_weekly"),
    "mirror_or_aggregator": ("unknown", "unknown", "town_government", "xinhua"),
    "film": ("film",),
}
ROSY = ("town_government", "district_government", "trade_association")
FRACTIONS = np.array([25.0, 33.3, 50.0, 60.0, 66.7, 75.0, 80.0, 90.0])
NICE = np.array([1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0])
PAST = 6  # years of truth before the first figure: a late figure may tell of them


@dataclass(frozen=True)
class SimulatedRecord:
    """One published record and the truth behind it.

    `facts` is what a coder of the record would hand in; every other field is hidden from whoever reconciles it, but
    `scale` and `declared_breaks`. `truth` is the level of 31 December in natural units, from the first to the last
    fact, under the definition in force in each year. `copies` maps a copying fact to the fact that it copies.
    """

    facts: pd.DataFrame
    truth: pd.Series
    scale: str
    declared_breaks: tuple[int, ...]
    lost_zero_ids: frozenset[str]
    extra_zero_ids: frozenset[str]
    stale_ids: frozenset[str]
    copies: dict[str, str]
    breaks: tuple[int, ...]
    promotional_ids: frozenset[str]
    shared_bias: float


@dataclass(frozen=True)
class World:
    """How a world of records behaves; every field is an option of `simulate_record`."""

    n_facts: int | None = None
    n_years: int | None = None
    scale: str | None = None
    one_sided_share: float = 0.405
    stale_share: float = 0.12
    copy_share: float = 0.14
    lost_zero_share: float = 0.03
    extra_zero_share: float = 0.005
    break_share: float = 0.15
    declared_share: float = 0.5
    promotional_share: float = 0.05
    shared_bias_low: float = -0.12
    shared_bias_high: float = 0.20


@dataclass(frozen=True)
class _Voice:
    lineage: str
    tier: str
    originator: str
    interest: str
    bias: float
    scatter: float


@dataclass(frozen=True)
class _Print:
    """One printed figure: what a reader sees, and what really happened to it."""

    year: int
    value: float
    qualifier: str
    voice: _Voice
    package: str | None = None
    flag: str = "ok"
    copied: int | None = None
    copy_seen: bool = False
    stale: bool = False
    lost: bool = False
    extra: bool = False
    promotional: bool = False


@dataclass(frozen=True)
class _Truth:
    """Levels on the scale on which they move (`path`), from PAST years before the first figure."""

    first_year: int
    path: np.ndarray
    scale: str
    amplitude: float

    def natural(self, moved: np.ndarray | float) -> np.ndarray | float:
        if self.scale == "log":
            return np.exp(moved)
        if self.scale == "logit":
            return 100 / (1 + np.exp(-np.asarray(moved)))
        return np.asarray(moved) * 1.0

    def at(self, year: int, mid_year: bool = False) -> float:
        here = year - self.first_year + PAST
        return float(self.path[here] if not mid_year else (self.path[here] + self.path[here - 1]) / 2)


def simulate_record(seed: int, **options: object) -> SimulatedRecord:
    """Publish one record; the same seed and options give the same record, whatever ran before."""
    world = replace(World(), **options)
    rng = np.random.default_rng(np.random.SeedSequence([seed, 2209]))
    n_facts = world.n_facts or int(np.exp(rng.uniform(np.log(4), np.log(31))))
    n_years = world.n_years or int(rng.integers(6, 36))
    first_year = int(rng.integers(1988, 2026 - n_years + 1)) if n_years < 37 else 1988
    truth, breaks = _truth(rng, world, first_year, n_years)
    copies = min(int(rng.binomial(n_facts, world.copy_share)), n_facts - 4)
    years = _publication_years(rng, first_year, n_years, n_facts - copies)
    shared = float(rng.uniform(world.shared_bias_low, world.shared_bias_high))
    prints: list[_Print] = []
    voices = _voices(rng, len(years))
    for year, voice in zip(years, voices, strict=True):
        prints.append(_publish(rng, world, truth, year, voice, shared, prints))
    prints = [_slip(rng, world, one, truth.scale) for one in prints]
    for _ in range(copies):
        _copy(rng, prints)
    return _record(rng, world, truth, breaks, shared, prints)


def _truth(rng: np.random.Generator, world: World, first_year: int, n_years: int) -> tuple[_Truth, tuple[int, ...]]:
    scale = world.scale or str(rng.choice(["log", "logit", "identity"], p=[0.74, 0.16, 0.10]))
    growth = _regimes(rng, n_years + PAST)
    growth += rng.normal(0, rng.uniform(0.005, 0.04), n_years + PAST)
    _dips(rng, growth)
    if scale == "log":
        path = rng.uniform(np.log(20), np.log(2e6)) + np.cumsum(growth)
    elif scale == "logit":
        path = np.cumsum(growth) * rng.uniform(0.5, 1.0)
        path += rng.uniform(-2.5, 1.8) - path[-n_years:].mean()
    else:  # a rate of change or a balance, in percent: the growth itself
        path = 100 * np.convolve(growth, [0.25, 0.5, 0.25], mode="same")
    amplitude = 1.0 if scale != "identity" else float(2.0 + np.abs(path).mean())
    breaks: tuple[int, ...] = ()
    if rng.random() < world.break_share:
        at = int(rng.integers(2, n_years - 1))
        path[at + PAST :] += amplitude * rng.choice([-1, 1]) * rng.uniform(0.25, 0.8)
        breaks = (first_year + at,)
    return _Truth(first_year, path, scale, amplitude), breaks


def _regimes(rng: np.random.Generator, n: int) -> np.ndarray:
    """Growth a year (logarithm): either one saturating curve or a chain of regimes of 3 to 14 years."""
    if rng.random() < 0.2:
        middle, speed = rng.uniform(0.2, 0.8) * n, rng.uniform(0.15, 0.7)
        level = np.log(0.08 + 1 / (1 + np.exp(-speed * (np.arange(n + 1) - middle))))
        return np.diff(level)
    growth = np.empty(0)
    while growth.size < n:
        low, high = [(0.01, 0.06), (0.10, 0.28), (-0.01, 0.02), (-0.12, -0.03)][rng.choice(4, p=[0.4, 0.25, 0.2, 0.15])]
        growth = np.append(growth, np.full(int(rng.integers(3, 15)), rng.uniform(low, high)))
    return growth[:n]


def _dips(rng: np.random.Generator, growth: np.ndarray) -> None:
    """Shocks of one to three years (a fire, a slump, an epidemic), after which most of the loss is made good."""
    for _ in range(rng.choice(3, p=[0.55, 0.35, 0.10])):
        start, length, depth = int(rng.integers(1, growth.size - 2)), int(rng.integers(1, 4)), rng.uniform(0.08, 0.5)
        growth[start] -= depth
        if start + length < growth.size:
            growth[start + length] += depth * rng.uniform(0.5, 1.1)


def _publication_years(rng: np.random.Generator, first_year: int, n_years: int, n: int) -> list[int]:
    """Uneven attention: more in late years, bursts of campaigns, silent stretches; both ends are covered."""
    attention = np.exp(rng.uniform(0, 3) * np.arange(n_years) / n_years) * rng.gamma(1.6, 1, n_years)
    if n_years > 9 and rng.random() < 0.5:
        quiet, length = int(rng.integers(1, n_years - 6)), int(rng.integers(2, 6))
        attention[quiet : quiet + length] = 0
    attention += 1e-9
    inner = int(rng.integers(1, n_years - 1))
    others = rng.choice(n_years, size=n - 3, p=attention / attention.sum())
    return [first_year + int(k) for k in sorted([0, inner, n_years - 1, *others])]


def _voices(rng: np.random.Generator, n: int) -> list[_Voice]:
    """Who speaks: at least four lineages; most speak once, a yearbook or a long portrait speaks of several years."""
    fresh = np.concatenate([np.ones(4, bool), rng.random(n - 4) < 0.7])
    chosen: list[_Voice] = []
    for new in fresh:
        chosen.append(_voice(rng, f"V{len(chosen) + 1:03d}") if new else chosen[int(rng.integers(len(chosen)))])
    return [chosen[k] for k in rng.permutation(n)]


def _voice(rng: np.random.Generator, lineage: str, tier: str | None = None) -> _Voice:
    tier = tier or str(rng.choice(list(TIERS), p=[share for share, _, _ in TIERS.values()]))
    _, bias, scatter = TIERS[tier]
    originator = str(rng.choice(ORIGINATORS[tier]))
    interest = "none" if rng.random() < 0.6 else "unclear"
    if originator in ROSY:
        interest = "self_interested_for"
    elif rng.random() < 0.03:
        interest = "self_interested_against"
    own = float(rng.normal(0, bias))
    if rng.random() < 0.05:  # counts something else under the same name
        own += float(rng.choice([-1, 1]) * rng.uniform(0.25, 0.8))
    return _Voice(lineage, tier, originator, interest, own, float(scatter * rng.lognormal(0, 0.5)))


def _publish(
    rng: np.random.Generator,
    world: World,
    truth: _Truth,
    year: int,
    voice: _Voice,
    shared: float,
    earlier: list[_Print],
) -> _Print:
    flag = str(rng.choice(["ok", "unverified", "inferred_year"], p=[0.90, 0.06, 0.04]))
    told = year - (int(rng.integers(0, 2)) if flag == "inferred_year" else 0)
    older = [one for one in earlier if year - 8 <= one.year < year]
    stale = year > truth.first_year and rng.random() < world.stale_share
    if stale and older and rng.random() < 0.75:
        again = _stale_choice(rng, older, voice)
        seen = rng.random() < 0.5
        return replace(again, year=year, voice=voice, package=None, stale=True, flag="stale_repeat" if seen else "ok")
    if stale:
        told -= int(rng.integers(1, 5))
    promotional = rng.random() < world.promotional_share * (1.6 if voice.interest == "self_interested_for" else 0.6)
    off = shared + voice.bias + voice.scatter * float(rng.normal())
    off += float(rng.choice([-1, 1]) * rng.uniform(0.2, 0.8)) if rng.random() < 0.03 else 0.0
    off += float(rng.uniform(0.1, 0.5)) if promotional else 0.0
    mid_year = rng.random() < 0.15
    believed = float(truth.natural(truth.at(told, mid_year) + truth.amplitude * off))
    one_sided = rng.random() < world.one_sided_share
    if one_sided:
        qualifier = "over" if rng.random() < 0.85 else "under"
        if qualifier == "over" and rng.random() < 0.12:  # an old mark that has been passed for long
            back = truth.at(told - int(rng.integers(1, 4))) if told - 3 >= truth.first_year - PAST else truth.at(told)
            believed = min(believed, float(truth.natural(back + truth.amplitude * off)))
    else:
        qualifier = "exact" if rng.random() < 0.6 else "about"
    if promotional and rng.random() < 0.3:
        flag = "promotional"
    value = _printed(rng, believed, qualifier, truth)
    if any(one.value == value and one.year < year for one in earlier) and rng.random() < 0.2:
        flag = "stale_repeat"  # an honest figure that happens to equal an older one
    return _Print(year, value, qualifier, voice, flag=flag, stale=bool(stale), promotional=bool(promotional))


def _stale_choice(rng: np.random.Generator, older: list[_Print], voice: _Voice) -> _Print:
    """Which old figure is told again: one's own if there is one, else preferably a recent one."""
    own = [one for one in older if one.voice.lineage == voice.lineage]
    pool = own if own and rng.random() < 0.5 else older
    weight = np.array([one.year for one in pool], float)
    weight = np.exp((weight - weight.max()) / 3)
    return pool[int(rng.choice(len(pool), p=weight / weight.sum()))]


def _printed(rng: np.random.Generator, believed: float, qualifier: str, truth: _Truth) -> float:
    """The number on the page: rounded, or the nice number that the believed one is above or below."""
    if qualifier in ("over", "under"):
        sign = 1 if qualifier == "over" else -1
        slack = rng.choice([0.0, rng.uniform(0.02, 0.15), rng.uniform(0.15, 0.6)], p=[0.62, 0.25, 0.13])
        if sign < 0:
            slack = min(slack, 0.3)
        shift = truth.amplitude * slack
        if truth.scale == "log":
            return _nice(rng, believed * np.exp(-sign * shift), sign)
        if truth.scale == "logit":
            odds = np.log(believed / (100 - believed)) - sign * shift
            return _nice_percent(rng, float(truth.natural(odds)), sign)
        step = float(rng.choice([0.5, 1.0, 2.0, 5.0], p=[0.25, 0.4, 0.2, 0.15]))
        return float(sign * np.floor(sign * (believed - sign * shift) / step) * step)
    if truth.scale == "log":
        digits = rng.choice([1, 2, 3, 4], p=[0.3, 0.5, 0.2, 0.0] if qualifier == "about" else [0.08, 0.27, 0.35, 0.30])
        return _significant(believed, int(digits))
    coarse = rng.random() < (0.6 if qualifier == "about" else 0.2)
    if truth.scale == "logit":
        if coarse and believed > 20:
            return float(FRACTIONS[np.abs(FRACTIONS - believed).argmin()])
        return float(np.clip(np.round(believed, 0 if believed > 5 and rng.random() < 0.6 else 1), 0.1, 99.5))
    return float(np.round(believed, 0 if coarse else 1))


def _significant(value: float, digits: int) -> float:
    power = 10.0 ** (np.floor(np.log10(value)) - digits + 1)
    return float(np.round(value / power) * power)


def _nice(rng: np.random.Generator, bound: float, sign: int) -> float:
    """The nearest nice number on the safe side: below for `over` (sign 1), above for `under`."""
    power = 10.0 ** np.floor(np.log10(bound))
    lead = bound / power
    marks = NICE if rng.random() < 0.5 else np.arange(10, 101) / 10
    kept = marks[marks <= lead + 1e-9] if sign > 0 else marks[marks >= lead - 1e-9]
    return float(_significant((kept.max() if sign > 0 else kept.min()) * power, 3))


def _nice_percent(rng: np.random.Generator, bound: float, sign: int) -> float:
    if bound < 12:
        return min(_nice(rng, bound, sign), 99.0)
    step = float(rng.choice([1.0, 5.0, 10.0], p=[0.3, 0.45, 0.25]))
    return float(np.clip(sign * np.floor(sign * bound / step) * step, 1.0, 99.0))


def _slip(rng: np.random.Generator, world: World, one: _Print, scale: str) -> _Print:
    """A typist's slip: a zero lost or added. A rate of change has no zero to lose; a share stays below 100."""
    slip = rng.random()
    if scale == "identity" or (scale == "logit" and one.value < 2 and slip < world.lost_zero_share):
        return one
    if slip < world.lost_zero_share:
        return replace(one, value=one.value / 10, lost=True)
    if slip < world.lost_zero_share + world.extra_zero_share and (scale == "log" or one.value < 9.9):
        return replace(one, value=one.value * 10, extra=True)
    return one


def _copy(rng: np.random.Generator, prints: list[_Print]) -> None:
    """One more page that hands on a printed figure of the same year: a mirror, an unseen mirror, or a press package."""
    originals = [k for k, one in enumerate(prints) if one.copied is None]
    source = originals[int(rng.integers(len(originals)))]
    one = prints[source]
    way = rng.choice(["mirror", "unseen", "package"], p=[0.45, 0.25, 0.30])
    lineage = f"V{len(prints) + 101:03d}"
    tier = "mirror_or_aggregator" if way != "package" and rng.random() < 0.7 else None
    voice = _voice(rng, lineage, tier)
    if way == "mirror":
        voice = replace(voice, lineage=one.voice.lineage, originator=one.voice.originator, interest=one.voice.interest)
    package = None
    if way == "package" and rng.random() < 0.65:
        package = one.package or f"PK{one.year}"
        prints[source] = replace(one, package=package)
    qualifier = one.qualifier
    if rng.random() < 0.12:  # the little word is dropped or added in copying
        qualifier = str(rng.choice(["exact", "about", "over"]))
    prints.append(
        replace(
            one,
            voice=voice,
            qualifier=qualifier,
            package=package,
            copied=source,
            copy_seen=bool(way == "mirror" and rng.random() < 0.5),
            flag=one.flag if one.flag != "inferred_year" else "ok",
        )
    )


def _record(
    rng: np.random.Generator,
    world: World,
    truth: _Truth,
    breaks: tuple[int, ...],
    shared: float,
    prints: list[_Print],
) -> SimulatedRecord:
    """Number the facts in the order in which a coder met them, and set truth and record apart."""
    order = rng.permutation(len(prints))
    ids = {int(k): f"F{place + 1:04d}" for place, k in enumerate(order)}
    rows = [
        (
            *(ids[k], one.year, one.value, one.qualifier, one.voice.tier, one.voice.lineage, one.package),
            *(one.voice.originator, one.voice.interest, one.flag),
            ids[one.copied] if one.copied is not None and one.copy_seen else None,
        )
        for k, one in enumerate(prints)
    ]
    facts = pd.DataFrame(rows, columns=list(COLUMNS)).sort_values("fact_id", ignore_index=True)
    facts = facts.astype({name: "string" for name in COLUMNS if name not in ("year", "value")})
    facts = facts.astype({"year": "int64", "value": "float64"})
    years = np.arange(truth.first_year, truth.first_year + truth.path.size - PAST)
    level = pd.Series(np.asarray(truth.natural(truth.path[PAST:])), index=pd.Index(years, name="year"), name="truth")
    declared = breaks if rng.random() < world.declared_share else ()

    def having(field: str) -> frozenset[str]:
        return frozenset(ids[k] for k, one in enumerate(prints) if getattr(one, field))

    return SimulatedRecord(
        facts=facts,
        truth=level,
        scale=truth.scale,
        declared_breaks=declared,
        lost_zero_ids=having("lost"),
        extra_zero_ids=having("extra"),
        stale_ids=having("stale"),
        copies={ids[k]: ids[one.copied] for k, one in enumerate(prints) if one.copied is not None},
        breaks=breaks,
        promotional_ids=having("promotional"),
        shared_bias=shared,
    )
