"""Derived on joint draws: ratios and shares, before and after an event, a further published figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from townshift.evidence.series_inputs import Array, Fact, significant_digits
from townshift.evidence.series_likelihood import OUTLIER_SD, noise_sd
from townshift.types import LEVEL, Kind

if TYPE_CHECKING:
    from townshift.evidence.series_result import SeriesResult

PAIRINGS = 25
CONSISTENT_FROM = 0.05


@dataclass(frozen=True, slots=True)
class Ratio:
    """A yearly ratio of two series.

    Attributes:
        years: common years, shape (T,).
        draws: joint draws, shape (T, m); NaN where a share is impossible in every pairing.
        kind: `bridged` where either side is, shape (T,).
        acceptance: share of the pairings with part ≤ whole in every common year; 1 for a plain ratio.
        consistent: False where a share's acceptance is below 5 %: the two series contradict each other.
    """

    years: npt.NDArray[np.int64]
    draws: Array
    kind: tuple[Kind, ...]
    acceptance: float
    consistent: bool


def ratio(numerator: SeriesResult, denominator: SeriesResult, share: bool) -> Ratio:
    """Numerator over denominator in every common year, draw by draw.

    The common bias of draw i stays with draw i on both sides, so that errors of common pages cancel as they should.
    A share is conditioned on part ≤ whole in every common year: the trend draws of both sides are paired anew (25
    fixed rotations) and the pairs that hold are kept.

    Returns:
        The ratio in units of the numerator per unit of the denominator.

    Raises:
        ValueError: the two series hold different numbers of draws (a defect of the caller).
    """
    if numerator.draws.shape[1] != denominator.draws.shape[1]:
        raise ValueError("both series must hold the same number of draws")
    years = np.intersect1d(numerator.years, denominator.years)
    top, bottom = np.searchsorted(numerator.years, years), np.searchsorted(denominator.years, years)
    kind: tuple[Kind, ...] = tuple(
        "bridged" if "bridged" in (numerator.kind[i], denominator.kind[j]) else "estimated"
        for i, j in zip(top, bottom, strict=True)
    )
    m = numerator.draws.shape[1]
    upper, lower = numerator.draws[top], denominator.draws[bottom]
    if not len(years):
        return Ratio(years, np.zeros((0, m)), kind, 1.0, True)
    if not share:
        return Ratio(years, upper / lower, kind, 1.0, True)
    kept, tried = [], 0
    plain = denominator.transform.forward(lower) - denominator.bias
    for rotation in range(PAIRINGS):
        turned = np.roll(plain, rotation * 16, axis=1)
        whole = lower if rotation == 0 else denominator.transform.backward(turned + denominator.bias)
        quotient = upper / whole
        holds = (quotient <= 1).all(axis=0) & (quotient >= 0).all(axis=0)
        kept.append(quotient[:, holds])
        tried += m
        if sum(part.shape[1] for part in kept) >= m and rotation:
            break
    joined = np.concatenate(kept, axis=1)
    acceptance = joined.shape[1] / tried
    if not joined.shape[1]:
        return Ratio(years, np.full((len(years), m), np.nan), kind, 0.0, False)
    draws = joined[:, np.linspace(0, joined.shape[1] - 1, m).round().astype(int)]
    return Ratio(years, draws, kind, acceptance, acceptance >= CONSISTENT_FROM)


def ratio_draws(numerator: SeriesResult, denominator: SeriesResult, share: bool) -> tuple[npt.NDArray[np.int64], Array]:
    """Common years and joint draws of a ratio; see `ratio`, which also says whether a share is consistent."""
    result = ratio(numerator, denominator, share)
    return result.years, result.draws


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """Average yearly growth before and after an event.

    Attributes:
        estimable: False when the record cannot say.
        reason: empty, or `no_series`, `few_unbridged_years`, `definition_break`.
        years_before: unbridged years used before the event.
        years_after: unbridged years used after it.
        before: draws of growth before, model-scale units a year (log points on the log scale), shape (m,).
        after: draws of growth after.
        change: after − before.
        value: median of `change`; NaN when not estimable. `low` and `high` hold it with 90 %.
    """

    estimable: bool
    reason: Literal["", "no_series", "few_unbridged_years", "definition_break"]
    years_before: tuple[int, ...]
    years_after: tuple[int, ...]
    before: Array
    after: Array
    change: Array
    value: float
    low: float
    high: float


def before_after(result: SeriesResult, year: int, k: int = 3) -> BeforeAfter:
    """Growth over the nearest k unbridged years before `year` against the k after it; the year itself is neither.

    Growth is the least-squares slope over those years within each draw. It is a comparison in time, not an effect.

    Args:
        result: a series.
        year: year of the event.
        k: unbridged years asked for on each side.
    """
    solid = [int(y) for y, kind in zip(result.years, result.kind, strict=True) if kind == "estimated"]
    before = tuple(y for y in solid if y < year)[-k:]
    after = tuple(y for y in solid if y > year)[:k]
    nothing = np.full(result.draws.shape[1], np.nan)
    reason: Literal["", "no_series", "few_unbridged_years", "definition_break"] = ""
    if result.status != "series":
        reason = "no_series"
    elif len(before) < k or len(after) < k:
        reason = "few_unbridged_years"
    elif any(before[0] < b <= after[-1] for b in result.breaks):
        reason = "definition_break"
    if reason:
        nan = float("nan")
        return BeforeAfter(False, reason, before, after, nothing, nothing, nothing, nan, nan, nan)
    path = result.transform.forward(result.draws)
    sides = [_slope(path, result.years, years) for years in (before, after)]
    change = sides[1] - sides[0]
    low, value, high = np.quantile(change, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    return BeforeAfter(True, "", before, after, sides[0], sides[1], change, float(value), float(low), float(high))


def _slope(path: Array, years: npt.NDArray[np.int64], chosen: tuple[int, ...]) -> Array:
    rows = np.searchsorted(years, chosen)
    x = np.array(chosen, dtype=np.float64) - np.mean(chosen)
    return np.asarray(x @ path[rows] / (x @ x))


def predictive_draws(
    result: SeriesResult, year: int, tier: str, qualifier: str, seed_entropy: tuple[int, ...] = (0,)
) -> Array:
    """Draws of one further figure that a new lineage would publish for `year`, in natural units, shape (m,).

    The further figure shares the common bias of the others, so the trend is taken without it; the lineage's offset,
    the noise of its qualifier and tier, outliers and lost zeros are added.

    Raises:
        ValueError: the year lies outside the series.
    """
    if year not in result.years:
        raise ValueError(f"year {year} lies outside the series")
    rng = np.random.default_rng([*seed_entropy, 3])
    m = result.draws.shape[1]
    row = int(np.searchsorted(result.years, year))
    parameters = result.parameters
    path = result.transform.forward(result.draws[row]) - result.bias
    typical = float(f"{float(np.median(result.draws[row])):.2g}")
    fact = Fact("", year, typical, qualifier, tier, "", "", "", "")
    fact.digits, fact.grain = significant_digits(typical)
    sd = float(noise_sd([fact], result.transform, parameters)[0])
    pick = rng.random(m)
    wide = pick < parameters.outlier_weight
    middling = (pick >= 0.5) & (pick < 0.65)
    noise = np.where(wide, OUTLIER_SD, np.where(middling, np.hypot(sd, 0.25), sd)) * rng.standard_normal(m)
    noise += result.lineage_sd * rng.standard_normal(m)
    if qualifier in ("over", "under"):
        excess = np.abs(rng.standard_normal(m)) * np.where(rng.random(m) < 0.3, parameters.excess_wide, 0.07)
        noise += -excess if qualifier == "over" else excess
    out = result.transform.backward(path + noise)
    zero = rng.random(m)
    if result.transform.scale == "log":
        out = np.where(zero < parameters.lost_zero_weight, out / 10, out)
        out = np.where(zero > 1 - parameters.extra_zero_weight, out * 10, out)
    return out
