"""Effect of a dated act by group and time, when places are treated in different years and effects differ."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

Controls = Literal["never", "not_yet"]


@dataclass(frozen=True, slots=True)
class GroupTime:
    """Effects by group (first year treated) and year.

    Attributes:
        group, year: shape (cells,).
        att: shape (cells,), average effect on the treated, in units of the outcome.
        influence: shape (units, cells); its mean square over units² is the variance.
        share: shape (cells,), share of units in the group.
        member: shape (units, cells), 1 where the unit is of the group.
    """

    group: Whole
    year: Whole
    att: Real
    influence: Real
    share: Real
    member: Real

    @property
    def event_time(self) -> Whole:
        """Years since the act, shape (cells,); negative before it."""
        return self.year - self.group


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An average of group-time effects: name, effect, and its influence function, shape (units,)."""

    name: str
    att: float
    influence: Real

    @property
    def se(self) -> float:
        """Standard error, clustered by unit."""
        return float(np.sqrt(np.mean(self.influence**2) / self.influence.size))


def group_time_effects(outcome: Real, years: Whole, first: Whole, controls: Controls = "never") -> GroupTime:
    """Callaway and Sant'Anna's group-time effects, without covariates, against the year before the act.

    Formula: `ATT(g, t) = E[Y_t - Y_{g-1} | G = g] - E[Y_t - Y_{g-1} | C]`, for every year but `g - 1`, before the act
    too: those must be near 0 if places would have gone in parallel. C are units never treated, or not treated by then.

    Args:
        outcome: shape (units, years), balanced.
        years: shape (years,), rising by 1.
        first: shape (units,), first year treated, 0 = never.
        controls: who stands for what would have happened.

    Returns:
        The effects of all groups that have a year before; groups without controls are left out.

    Source: Callaway and Sant'Anna (2021), Journal of Econometrics 225 (2), 200-230.

    Example:
        >>> y = np.array([[1.0, 1.0, 4.0], [2.0, 3.0, 4.0], [2.0, 3.0, 4.0]])
        >>> found = group_time_effects(y, np.array([2001, 2002, 2003]), np.array([2003, 0, 0]))
        >>> dict(zip(found.year.tolist(), found.att.tolist()))    # (4 - 1) - (4 - 3) in 2003
        {2001: 1.0, 2003: 2.0}
    """
    n = len(first)
    groups = [int(g) for g in np.unique(first) if g > 0 and (g - 1) in years and g <= years[-1]]
    cells: list[tuple[int, int, float, Real, Real]] = []
    for g in groups:
        base = int(np.searchsorted(years, g - 1))
        treated = first == g
        for t, year in enumerate(years):
            free = first == 0 if controls == "never" else (first == 0) | (first > max(int(year), g - 1))
            control = free & ~treated
            if t == base or not control.any():
                continue
            change = outcome[:, t] - outcome[:, base]
            up, down = change[treated].mean(), change[control].mean()
            influence = np.where(treated, (change - up) / treated.mean(), 0.0)
            influence = influence - np.where(control, (change - down) / control.mean(), 0.0)
            cells.append((g, int(year), float(up - down), influence, treated.astype(np.float64)))
    member = np.stack([cell[4] for cell in cells], axis=1) if cells else np.zeros((n, 0))
    return GroupTime(
        group=np.array([cell[0] for cell in cells], dtype=np.int64),
        year=np.array([cell[1] for cell in cells], dtype=np.int64),
        att=np.array([cell[2] for cell in cells], dtype=np.float64),
        influence=np.stack([cell[3] for cell in cells], axis=1) if cells else np.zeros((n, 0)),
        share=member.mean(axis=0), member=member,
    )  # fmt: skip


def simple(found: GroupTime) -> Aggregate:
    """All effects after the act, weighted by the size of the group: `Σ P(G=g) ATT(g,t) / Σ P(G=g)` over `t >= g`."""
    return _weighted("simple", found, found.event_time >= 0)


def dynamic(found: GroupTime, event_time: int) -> Aggregate:
    """The effect a number of years after the act (negative: before), over the groups seen then, weighted by size."""
    return _weighted(f"{event_time:+d}" if event_time else "0", found, found.event_time == event_time)


def overall_dynamic(found: GroupTime, last: int | None = None) -> Aggregate:
    """The mean of the effects 0, 1, … years after the act, each year after it counting alike.

    Args:
        found: the effects.
        last: last year after the act that counts; none = all.
    """
    after = [int(e) for e in np.unique(found.event_time) if e >= 0 and (last is None or e <= last)]
    return _mean("dynamic", [dynamic(found, e) for e in after])


def by_group(found: GroupTime) -> Aggregate:
    """The mean effect of each group after its act, groups weighted by size."""
    groups = [int(g) for g in np.unique(found.group)]
    parts = [_weighted(str(g), found, (found.group == g) & (found.event_time >= 0)) for g in groups]
    share = np.array([found.share[found.group == g][0] for g in groups])
    member = np.stack([found.member[:, found.group == g][:, 0] for g in groups], axis=1)
    att = np.array([part.att for part in parts])
    weights = share / share.sum()
    influence = np.stack([part.influence for part in parts], axis=1) @ weights + _weight_influence(member, share) @ att
    return Aggregate("group", float(weights @ att), influence)


def by_year(found: GroupTime) -> Aggregate:
    """The mean over calendar years of the effect on those treated by then, weighted by size."""
    years = np.unique(found.year[found.event_time >= 0])
    return _mean("calendar", [_weighted(str(y), found, (found.year == y) & (found.event_time >= 0)) for y in years])


def pre_trend(found: GroupTime, first: int) -> tuple[float, int]:
    """Test that all effects before the act are 0: the p value and the number of years tested.

    Formula: Wald's statistic W of k effects, referred as `W (m - k) / (m k)` to F with k and m - k degrees of freedom,
    m the effective number of places: with twenty treated places and four years the chi-squared distribution would
    reject a true null twice as often as it says.

    Args:
        found: the effects.
        first: years before the act that are looked at, as a negative number.

    Returns:
        NaN and 0 where no year before the act but the last is seen, or there are no more places than years.

    Source: Hotelling (1931), Annals of Mathematical Statistics 2 (3), 360-378.
    """
    from scipy.stats import f

    before = [int(e) for e in np.unique(found.event_time) if first <= e < -1]
    places = effective_places(found)
    if not before:
        return float("nan"), 0
    parts = [dynamic(found, e) for e in before]
    att = np.array([part.att for part in parts])
    influence = np.stack([part.influence for part in parts], axis=1)
    covariance = influence.T @ influence / influence.shape[0] ** 2
    rank = max(int(np.linalg.matrix_rank(covariance, hermitian=True)), 1)
    if places <= rank:
        return float("nan"), 0
    statistic = float(att @ np.linalg.pinv(covariance, rcond=1e-10, hermitian=True) @ att)
    return float(f.sf(statistic * (places - rank) / (places * rank), rank, places - rank)), len(before)


def effective_places(found: GroupTime) -> int:
    """Places on which the precision of a difference hangs: Welch's degrees of freedom, and one, for equal variances.

    Formula: `(1/a + 1/b)² / (1/a² / (a - 1) + 1/b² / (b - 1))` with a places treated and b untreated.

    Source: Welch (1947), Biometrika 34 (1/2), 28-35.
    """
    treated = int(found.member.any(axis=1).sum()) if found.att.size else 0
    a, b = treated, len(found.member) - treated
    if a < 2 or b < 2:
        return a if a < b else b
    welch: float = (1 / a + 1 / b) ** 2 / (1 / a**2 / (a - 1) + 1 / b**2 / (b - 1))
    return 1 + math.floor(welch)


def _weighted(name: str, found: GroupTime, chosen: npt.NDArray[np.bool_]) -> Aggregate:
    share = found.share[chosen]
    weights = share / share.sum()
    influence = found.influence[:, chosen] @ weights
    influence = influence + _weight_influence(found.member[:, chosen], share) @ found.att[chosen]
    return Aggregate(name, float(weights @ found.att[chosen]), influence)


def _weight_influence(member: Real, share: Real) -> Real:
    """What not knowing the sizes of the groups adds; shape (units, cells)."""
    off = member - share
    return np.asarray(off / share.sum() - off.sum(axis=1, keepdims=True) * share / share.sum() ** 2)


def _mean(name: str, parts: list[Aggregate]) -> Aggregate:
    return Aggregate(
        name,
        float(np.mean([part.att for part in parts])),
        np.asarray(np.mean([part.influence for part in parts], axis=0), dtype=np.float64),
    )
