"""Gravity of moves: how flows fall with distance and rise with what draws firms, by PPML with fixed effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.process.drivers.gravity_cells import Effect, FlowCells, pruned
from townshift.process.drivers.pooling import Pooled, pooled, sandwich
from townshift.process.moves.calibration import Calibration
from townshift.process.moves.parameters import KINDS
from townshift.process.pathways.draws import drawn_kinds

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

Cluster = Literal["pair", "origin", "destination"]


class NotConvergedError(ArithmeticError):
    """The fit found no end: what is left of the flows does not identify the fixed effects."""


@dataclass(frozen=True, slots=True)
class Ppml:
    """A Poisson pseudo-likelihood with fixed effects, at its maximum.

    Attributes:
        names: shape (k,), regressors; those that fixed effects explain fully are not among them.
        coefficients: shape (k,).
        covariance: shape (k, k), clustered.
        mu: shape (cells,), expected flows.
        residual_terms: shape (cells, k), what fixed effects leave of the regressors, weighted by `mu`.
        bread: shape (k, k), inverse of `Σ mu x̃ x̃'`.
    """

    names: tuple[str, ...]
    coefficients: Real
    covariance: Real
    mu: Real
    residual_terms: Real
    bread: Real


@dataclass(frozen=True, slots=True)
class Gravity:
    """A gravity model of moves.

    Attributes:
        pooled: the coefficients with all their uncertainty.
        cells: the cells used, and what was left out.
        effects: the fixed effects.
    """

    pooled: Pooled
    cells: FlowCells
    effects: tuple[Effect, ...]


def ppml(cells: FlowCells, effects: Sequence[Effect], cluster: Cluster = "pair") -> Ppml:
    """Fit `E[y] = exp(x'b + fixed effects)` by Poisson pseudo-maximum likelihood.

    Args:
        cells: pruned cells.
        effects: fixed effects.
        cluster: cells that may err together: the same origin and destination, origin, or destination.

    Returns:
        Coefficients; of the logarithm of a distance, the elasticity of flows.

    Raises:
        NotConvergedError: the fit found no end.

    Fitted by iteratively reweighted least squares, fixed effects swept out by pyfixest's weighted alternating
    projections; its own `fepois` sweeps them in an order that differs from one process to the next.

    Source: Santos Silva and Tenreyro (2006); Correia, Guimarães and Zylkin (2020).
    """
    codes = [pd.factorize(cells.groups(effect), sort=True)[0] for effect in effects]
    groups = np.stack(codes, axis=1).astype(np.uint64)
    names, y = list(cells.terms), cells.moves
    terms = np.stack(list(cells.terms.values()), axis=1)
    mu = (y + y.mean()) / 2
    eta = np.log(mu)
    deviance, b, kept = np.inf, np.zeros(len(names)), np.arange(len(names))
    for _ in range(MAX_ITERATIONS):
        working = eta + (y - mu) / mu
        swept = _swept(np.column_stack([working, terms[:, kept]]), groups, mu)
        if not np.isfinite(deviance):  # the first pass shows what the fixed effects explain fully
            kept, swept = _not_explained(terms, swept)
        left = swept[:, 1:]
        weighted = left * mu[:, None]
        b = _solved(np.einsum("ij,ik->jk", left, weighted), np.einsum("ij,i->j", weighted, swept[:, 0]))
        eta = working - swept[:, 0] + np.einsum("ij,j->i", left, b)
        mu = np.exp(eta)
        before, deviance = deviance, _deviance(y, mu)
        if abs(before - deviance) < 1e-10 * (0.1 + abs(deviance)):
            break
    else:
        raise NotConvergedError(f"{MAX_ITERATIONS} iterations")
    residual = _swept(terms[:, kept], groups, mu)
    information = np.einsum("ij,ik->jk", residual, residual * mu[:, None])
    bread = _solved(information, np.eye(len(kept)))
    scores = _cluster_sums(residual, y - mu, clusters_of(cells, cluster))
    return Ppml(tuple(names[int(i)] for i in kept), b, sandwich(scores, bread), mu, residual, bread)


MAX_ITERATIONS = 100
"""Steps of reweighting at most; pruned data need about ten."""

DEMEAN_TOLERANCE = 1e-8
"""To what the alternating projections of the fixed effects are carried."""


def _swept(columns: Real, groups: npt.NDArray[np.uint64], weights: Real) -> Real:
    """What fixed effects leave of columns."""
    swept, found_end = _quiet_pyfixest().estimation.demean(columns, groups, weights, tol=DEMEAN_TOLERANCE)
    if not found_end or not np.isfinite(swept).all():
        raise NotConvergedError("fixed effects")
    return np.asarray(swept, dtype=np.float64)


def _solved(information: Real, right: Real) -> Real:
    try:
        return np.asarray(np.linalg.solve(information, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise NotConvergedError("regressors that are combinations of each other") from None


def _not_explained(terms: Real, swept: Real) -> tuple[Whole, Real]:
    """Positions of the regressors of which fixed effects leave something, and the columns swept without the others."""
    left = (swept[:, 1:] ** 2).sum(axis=0) > 1e-9 * ((terms - terms.mean(axis=0)) ** 2).sum(axis=0)
    kept = np.flatnonzero(left).astype(np.int64)
    return kept, swept[:, np.concatenate([[0], kept + 1])]


def _deviance(y: Real, mu: Real) -> float:
    some = y > 0
    return float(2.0 * ((y[some] * np.log(y[some] / mu[some])).sum() - (y - mu).sum()))


def _quiet_pyfixest() -> ModuleType:
    """The library; a module of it sets the root logger to INFO as it is loaded, and every library would then talk."""
    import logging

    import pyfixest

    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    import pyfixest.estimation.models.feols_compressed_

    root.setLevel(level)
    root.handlers[:] = handlers
    return pyfixest


def gravity(
    cells: FlowCells,
    effects: Sequence[Effect],
    moves: pd.DataFrame,
    kinds: Sequence[str] = KINDS,
    cluster: Cluster = "pair",
    imputations: int = 40,
    seed: int = 0,
    calibration: Calibration | None = None,
) -> Gravity:
    """A gravity model whose intervals hold both what flows leave open and which pairs are moves at all.

    Formula: `E[y_odt] = exp(a_ot + g_dt + b'x_od)` on expected moves; for each completed data set m, in which every
    pair is drawn as a move or as none, one Newton step from there, `b_m = b + A⁻¹ Σ x̃ (y_m - mu)`, where x̃ is what
    fixed effects leave of x; then Rubin's rules. One step suffices because x̃ is free of the fixed effects.

    Args:
        cells: the cells; they are pruned here.
        effects: fixed effects, for example origin_year and destination_year.
        moves: the table `moves`, in the order that `cells.uncertain_cell` has.
        kinds: the kinds that `cells` counts.
        cluster: cells that may err together.
        imputations: completed data sets.
        seed: the study's seed.
        calibration: how sure the probabilities are.

    Source: Santos Silva and Tenreyro (2006); Rubin (1987); one-step estimators, Le Cam (1956).
    """
    used = pruned(cells, effects)
    fit = ppml(used, effects, cluster)
    group = clusters_of(used, cluster)
    base = _cluster_sums(fit.residual_terms, used.moves - fit.mu, group)
    counted = np.isin(np.arange(len(KINDS) + 1), [KINDS.index(kind) for kind in kinds])
    inside = used.uncertain_cell >= 0
    at, position = np.unique(used.uncertain_cell[inside], return_inverse=True)
    terms, expected, cluster_at = fit.residual_terms[at], used.moves[at], group[at]
    coefficients, covariances = [], []
    for drawn in drawn_kinds(moves, calibration, seed, imputations, "drivers"):
        counts = np.bincount(position[counted[drawn[inside]]], minlength=at.size)
        sums = base + _cluster_sums(terms, counts - expected, cluster_at, len(base))
        coefficients.append(fit.coefficients + fit.bread @ sums.sum(axis=0))
        covariances.append(sandwich(sums, fit.bread))
    return Gravity(pooled(fit.names, np.array(coefficients), np.array(covariances)), used, tuple(effects))


def clusters_of(cells: FlowCells, cluster: Cluster) -> Whole:
    """The cluster of each cell, numbered from 0 without gaps."""
    key = {
        "pair": cells.origin * len(cells.places) + cells.destination,
        "origin": cells.origin,
        "destination": cells.destination,
    }[cluster]
    return np.asarray(pd.factorize(key, sort=True)[0], dtype=np.int64)


def _cluster_sums(terms: Real, residual: Real, clusters: Whole, n: int = 0) -> Real:
    columns = [np.bincount(clusters, weights=terms[:, j] * residual, minlength=n) for j in range(terms.shape[1])]
    return np.stack(columns, axis=1)
