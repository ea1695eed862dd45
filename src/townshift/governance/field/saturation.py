"""Saturation: how many new codes a further source would bring, and how many are still unseen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.errors import MeasureError, Problem
from townshift.types import LEVEL, keyed_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

Real = npt.NDArray[np.float64]
CURVE_COLUMNS = ("n_sources", "codes", "low", "high", "new_codes", "kind")


@dataclass(frozen=True, slots=True)
class Saturation:
    """What the sources so far say of those to come.

    Attributes:
        curve: `CURVE_COLUMNS`; expected codes in 1, 2, … sources in any order (`kind` = "rarefied"), then in more than
            there are ("extrapolated"); `new_codes` is what the last of them adds.
        n_sources, n_codes: sources and codes seen.
        expected_codes: lower bound of the codes there are (Chao 1987), with interval.
        next_source: codes that one further source is expected to add, with interval.
        share_covered: share of all code appearances that fall on codes already seen (Good's coverage).
    """

    curve: pd.DataFrame
    n_sources: int
    n_codes: int
    expected_codes: tuple[float, float, float]
    next_source: tuple[float, float, float]
    share_covered: float


def saturation(
    sources: Sequence[Sequence[str]], *, ahead: int = 10, replicates: int = 400, seed: int = 0
) -> Saturation:
    """Whether going on would still bring new codes.

    Codes are species and sources are samples. With Q_j codes found in exactly j of T sources: unseen codes
    Q̂₀ = (T−1)/T · Q₁² / (2 Q₂), or (T−1)/T · Q₁(Q₁−1)/2 if Q₂ = 0 (Chao 1987); codes in t ≤ T sources by exact
    rarefaction Σ_i [1 − C(T−y_i, t)/C(T, t)]; in T + h by S + Q̂₀ [1 − (1 − Q₁/(T Q̂₀ + Q₁))^h] (Colwell et al. 2012).
    Intervals: sources drawn anew from the estimated frequencies, unseen codes included (Chao et al. 2014). The next
    source is expected to add Q₁/T (Good 1953); as its error has variance (Q₁ + 2 Q₂)/T², the interval is
    (Q₁ + z²/2 ± z √(Q₁ + 2 Q₂ + z²/4)) / T, which does not shrink to nothing where no code is rare.
    It holds for further sources of the same kind; a group nobody has heard is outside it.

    Args:
        sources: the codes found in each source; repeats within a source do not count.
        ahead: further sources to look at.
        replicates: draws behind each interval.
        seed: of the study.

    Returns:
        The curve and its ends.

    Raises:
        MeasureError: fewer than two sources, or no code in any.

    Example:
        >>> found = saturation([["a", "b"], ["a"], ["a", "c"], ["a", "b"]], replicates=50)
        >>> found.n_codes, round(found.expected_codes[0], 3), round(found.next_source[0], 3)
        (3, 3.375, 0.25)
    """
    sets = [sorted(set(one)) for one in sources]
    names = sorted({code for one in sets for code in one})
    if len(sets) < 2 or not names:
        raise MeasureError(Problem("TS-FIELD-001", values={"sources": len(sets), "codes": len(names)}))
    place = {name: at for at, name in enumerate(names)}
    times = np.bincount([place[code] for one in sets for code in one], minlength=len(names)).astype(np.float64)
    t = len(sets)
    shares = _estimated_shares(times, t)
    rng = np.random.default_rng(keyed_seed(seed, "saturation"))
    drawn = rng.binomial(t, np.broadcast_to(shares, (replicates, len(shares)))).astype(np.float64)
    steps = np.arange(1, t + ahead + 1)
    curve = _curve(times[None, :], t, steps)[0]
    curves = _curve(drawn, t, steps)
    low, high = _ends(curves, curve)
    unseen = _unseen(times[None, :], t)[0]
    totals = (drawn > 0).sum(axis=1) + _unseen(drawn, t)
    new = np.diff(curve, prepend=0.0)
    kind = np.where(steps <= t, "rarefied", "extrapolated")
    table = pd.DataFrame({"n_sources": steps, "codes": curve, "low": low, "high": high, "new_codes": new, "kind": kind})
    return Saturation(
        table[list(CURVE_COLUMNS)],
        t,
        len(names),
        _at_least(len(names), (float(len(names) + unseen), *_end_pair(totals, float(len(names) + unseen)))),
        _next(times, t),
        float(1 - _missed(times, t)),
    )


def _unseen(times: Real, t: int) -> Real:
    once, twice = (times == 1).sum(axis=1), (times == 2).sum(axis=1)
    with_twice = once**2 / (2 * np.maximum(twice, 1))
    return np.asarray((t - 1) / t * np.where(twice > 0, with_twice, once * (once - 1) / 2))


def _missed(times: Real, t: int) -> float:
    """Share of appearances on codes not yet seen (Chao & Jost 2012)."""
    once, twice = float((times == 1).sum()), float((times == 2).sum())
    if once == 0:
        return 0.0
    share = once / float(times.sum())
    if twice == 0:
        return share * (t - 1) * (once - 1) / ((t - 1) * (once - 1) + 2)
    return share * (t - 1) * once / ((t - 1) * once + 2 * twice)


def _estimated_shares(times: Real, t: int) -> Real:
    """Shares of sources in which each code comes up, shrunk for having been seen, and those of unseen codes."""
    missed = _missed(times, t) * times.sum() / t
    seen = times / t
    room = (seen * (1 - seen) ** t).sum()
    shrunk = seen * (1 - (missed / room if room > 0 else 0.0) * (1 - seen) ** t)
    hidden = int(np.ceil(_unseen(times[None, :], t)[0]))
    return np.concatenate([np.clip(shrunk, 0, 1), np.full(hidden, min(1.0, missed / hidden) if hidden else 0.0)])


def _at_least(seen: int, found: tuple[float, float, float]) -> tuple[float, float, float]:
    """There are at least as many codes as were seen."""
    return found[0], max(found[1], float(seen)), found[2]


def _next(times: Real, t: int) -> tuple[float, float, float]:
    from scipy.special import ndtri

    once, twice = float((times == 1).sum()), float((times == 2).sum())
    z = float(ndtri(1 - (1 - LEVEL) / 2))
    middle, half = once + z**2 / 2, z * (once + 2 * twice + z**2 / 4) ** 0.5
    return once / t, max(0.0, middle - half) / t, (middle + half) / t


def _curve(times: Real, t: int, steps: npt.NDArray[np.int64]) -> Real:
    from scipy.special import gammaln

    seen = (times > 0).sum(axis=1)
    out = np.empty((len(times), len(steps)))
    unseen = _unseen(times, t)
    once = (times == 1).sum(axis=1)
    base = t * unseen + once
    share = np.where(base > 0, once / np.where(base > 0, base, 1.0), 0.0)
    for at, n in enumerate(steps.tolist()):
        if n > t:
            out[:, at] = seen + unseen * (1 - (1 - share) ** (n - t))
            continue
        rest = t - times
        possible = rest >= n
        held = np.where(possible, rest, n)
        absent = gammaln(held + 1) - gammaln(held - n + 1) - gammaln(t + 1) + gammaln(t - n + 1)
        out[:, at] = ((times > 0) * (1 - np.where(possible, np.exp(absent), 0.0))).sum(axis=1)
    return out


def _ends(curves: Real, curve: Real) -> tuple[Real, Real]:
    # Normal interval around the estimate, as in Chao et al. (2014): draws are biased low, their spread is not.
    from scipy.special import ndtri

    half = float(ndtri(1 - (1 - LEVEL) / 2)) * curves.std(axis=0, ddof=1)
    return np.maximum(curve - half, 0.0), curve + half


def _end_pair(draws: Real, value: float) -> tuple[float, float]:
    low, high = _ends(draws[:, None], np.array([value]))
    return float(low[0]), float(high[0])
