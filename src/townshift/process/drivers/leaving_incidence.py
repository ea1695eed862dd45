"""Which part of establishments has left, and which part has closed, by age: cumulative incidence of competing risks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


def risk_table(entry: Whole, last: Whole, cause: Whole, n_causes: int) -> tuple[Whole, Whole]:
    """Numbers at risk and events by time, with left truncation: at risk at t are those with `entry < t <= last`.

    Args:
        entry: shape (spells,), time at which each came under observation, whole units.
        last: shape (spells,), time of its event or of the end of observation, after `entry`.
        cause: shape (spells,), -1 = none.
        n_causes: number of causes.

    Returns:
        At risk, shape (times,), and events, shape (n_causes, times), for times 0, 1, ….

    Example:
        >>> n, d = risk_table(np.array([0, 0, 2]), np.array([1, 3, 3]), np.array([0, 1, -1]), 2)
        >>> n.tolist(), d.tolist()
        ([0, 2, 1, 2], [[0, 1, 0, 0], [0, 0, 0, 1]])
    """
    size = int(last.max(initial=0)) + 1
    came, went = np.bincount(entry, minlength=size)[:size], np.bincount(last, minlength=size)[:size]
    before = np.concatenate([[0], np.cumsum(came)[:-1]])
    gone = np.concatenate([[0], np.cumsum(went)[:-1]])
    events = np.stack([np.bincount(last[cause == k], minlength=size)[:size] for k in range(n_causes)])
    return np.asarray(before - gone, dtype=np.int64), np.asarray(events, dtype=np.int64)


def cumulative_incidence(at_risk: Real | Whole, events: Real | Whole) -> Real:
    """Aalen–Johansen: the probability that each cause has ended a spell by each time.

    Formula: `CIF_k(t) = Σ_{t_j <= t} S(t_{j-1}) d_kj / n_j`, `S(t) = Π (1 - d_j / n_j)`. lifelines moves tied times
    apart at random and so changes the answer of registers, whose dates are mostly tied; without ties the two agree.

    Args:
        at_risk: shape (times,).
        events: shape (causes, times), or (causes, times, draws).

    Returns:
        The shape of `events`.

    Source: Aalen and Johansen (1978).

    Example:
        >>> cumulative_incidence(np.array([0, 4, 2]), np.array([[0, 1, 0], [0, 1, 1]]))
        array([[0.  , 0.25, 0.25],
               [0.  , 0.25, 0.5 ]])
    """
    n = np.asarray(at_risk, dtype=np.float64).reshape((1, -1) + (1,) * (events.ndim - 2))
    hazard = np.divide(events, n, out=np.zeros(events.shape), where=n > 0)
    total = hazard.sum(axis=0)
    hazard = hazard / np.maximum(total, 1.0)  # draws may hold more events than there are spells at risk
    survival = np.cumprod(1.0 - np.minimum(total, 1.0), axis=0)
    before = np.concatenate([np.ones_like(survival[:1]), survival[:-1]])
    return np.asarray(np.cumsum(before * hazard, axis=1))


def incidence_draws(at_risk: Whole, events: Whole, n_draws: int, rng: np.random.Generator) -> Real:
    """Draws of the cumulative incidence: wild bootstrap, each event counted Poisson(1) times.

    Returns:
        Shape (causes, times, draws).

    Source: Beyersmann, Di Termini and Pauly (2013), Scandinavian Journal of Statistics 40 (3), 387-402.
    """
    drawn = rng.poisson(np.repeat(events[..., None], n_draws, axis=-1)).astype(np.float64)
    return cumulative_incidence(at_risk, drawn)
