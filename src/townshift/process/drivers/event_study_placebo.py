"""Inference when one or a few places are treated: what the same estimate shows where nothing was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

from townshift.process.drivers.event_study import Controls, GroupTime, group_time_effects
from townshift.types import LEVEL

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Placebo:
    """Estimates for untreated places as if they had been treated.

    Attributes:
        names: shape (k,), the aggregates.
        effects: shape (placebos, k).
    """

    names: tuple[str, ...]
    effects: Real

    def rescaled(self, thinness: Real, thinness_of_treated: float) -> Placebo:
        """Placebos spread as those of a place of the size of the treated one would be.

        Rates of small places vary more. The variance of a placebo, over the mean of its kind, is taken as
        `a + b · thinness`, both at least 0 and fitted by least squares to the squares of all kinds together; each
        placebo is stretched to the variance of the treated place. A place larger than all others is given the
        variance of the largest of them: beyond it the line is not known.

        Args:
            thinness: shape (placebos,), mean of one over the stock of the places chosen, over their number.
            thinness_of_treated: the same of the places treated.

        Source: Ferman and Pinto (2019), Review of Economics and Statistics 101 (3), 452-467.
        """
        from scipy.optimize import nnls

        centred = self.effects - self.effects.mean(axis=0)
        mean = (centred**2).mean(axis=0)
        squares = np.divide(centred**2, mean, out=np.zeros_like(centred), where=mean > 0).mean(axis=1)
        weights, _ = nnls(np.stack([np.ones_like(thinness), thinness], axis=1), squares)
        spread = weights[0] + weights[1] * thinness
        wanted = weights[0] + weights[1] * max(thinness_of_treated, float(thinness.min()))
        ratio = np.divide(wanted, spread, out=np.ones_like(spread), where=spread > 0)
        out = centred * np.sqrt(ratio)[:, None]
        return Placebo(self.names, out)

    def p_value(self, position: int, att: float) -> float:
        """The share of placebos, with the true one among them, that are at least as far from 0.

        Example:
            >>> Placebo(("x",), np.array([[0.1], [-0.5], [0.2]])).p_value(0, 0.4)    # itself and -0.5, of 4
            0.5
        """
        far = np.abs(self.effects[:, position]) >= abs(att) * (1 - 1e-9)
        return float((1 + far.sum()) / (1 + len(far)))

    def interval(self, position: int, att: float, level: float = LEVEL) -> tuple[float, float]:
        """The effects that would leave the rest of the estimate an ordinary placebo."""
        low, high = np.quantile(self.effects[:, position], [(1 - level) / 2, (1 + level) / 2])
        return float(att - high), float(att - low)


def placebos(
    outcome: Real,
    years: Whole,
    first: Whole,
    aggregate: Callable[[GroupTime], dict[str, float]],
    controls: Controls,
    n_placebos: int,
    rng: np.random.Generator,
    stock: Real | None = None,
) -> Placebo:
    """Give the years of treatment to untreated places at random, the treated left out, and estimate anew each time.

    Where there are no more ways to choose than `n_placebos`, each untreated place takes its turn (one treated place),
    otherwise choices are drawn.

    Args:
        outcome: shape (units, years).
        years: shape (years,).
        first: shape (units,), 0 = never.
        aggregate: the estimates wanted of group-time effects.
        controls: as in `group_time_effects`.
        n_placebos: how many at most.
        rng: source of the choices.
        stock: shape (units, years), over which the outcome is a rate; placebos are then spread as befits the size of
            the treated places. None = all places are taken to vary alike.

    Source: Conley and Taber (2011), Review of Economics and Statistics 93 (1), 113-125; Ferman and Pinto (2019).
    """
    donors = np.flatnonzero(first == 0)
    pattern = np.sort(first[first > 0])
    names: tuple[str, ...] = ()
    effects, thinness = [], []
    thin = np.ones(first.size) if stock is None else (1.0 / stock).mean(axis=1)
    one = pattern.size == 1 and donors.size <= n_placebos
    times = donors.size if one else n_placebos
    if comb(donors.size, pattern.size) < 2 or donors.size <= pattern.size:
        return Placebo((), np.zeros((0, 0)))
    for i in range(times):
        chosen = np.array([i]) if one else rng.choice(donors.size, pattern.size, replace=False)
        given = np.zeros(donors.size, dtype=np.int64)
        given[chosen] = pattern
        found = aggregate(group_time_effects(outcome[donors], years, given, controls))
        names = tuple(found)
        effects.append(list(found.values()))
        thinness.append(float(thin[donors[chosen]].mean()) / pattern.size)
    made = Placebo(names, np.array(effects, dtype=np.float64).reshape(len(effects), len(names)))
    if stock is None:
        return made
    return made.rescaled(np.array(thinness), float(thin[first > 0].mean()) / pattern.size)
