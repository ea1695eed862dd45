"""Estimates from several completed data sets put together, and joint draws of coefficients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.types import LEVEL, N_DRAWS, keyed_seed

Real = npt.NDArray[np.float64]

MOST_DF = 1e6
"""Degrees of freedom from which on Student's t is the normal distribution to all digits shown."""


@dataclass(frozen=True, slots=True)
class Pooled:
    """Coefficients with what the unknown truth of the moves adds to their uncertainty.

    Attributes:
        names: shape (k,), the coefficients.
        coefficients: shape (k,).
        covariance: shape (k, k), within and between completed data together.
        df: shape (k,), degrees of freedom of Student's t.
        between_share: shape (k,), the part of the variance that comes from not knowing which pairs are moves.
    """

    names: tuple[str, ...]
    coefficients: Real
    covariance: Real
    df: Real
    between_share: Real

    def interval(self, position: int, level: float = LEVEL) -> tuple[float, float]:
        """The interval of one coefficient."""
        from scipy.stats import t

        reach = float(t.ppf((1 + level) / 2, self.df[position])) * float(np.sqrt(self.covariance[position, position]))
        return float(self.coefficients[position] - reach), float(self.coefficients[position] + reach)

    def draws(self, seed: int, *keys: str) -> Real:
        """Joint draws, shape (k, `N_DRAWS`), symmetric about the coefficients."""
        rng = np.random.default_rng(keyed_seed(seed, "pooled", *keys))
        half = rng.standard_normal((len(self.names), N_DRAWS // 2))
        scale = np.sqrt(self.df / rng.chisquare(self.df, size=(N_DRAWS // 2, len(self.df)))).T
        spread = root(self.covariance) @ half * scale
        return np.asarray(self.coefficients[:, None] + np.concatenate([spread, -spread], axis=1))


def pooled(names: tuple[str, ...], coefficients: Real, covariances: Real) -> Pooled:
    """Rubin's rules: one answer from several completed data sets.

    Formula: `b = mean b_m`, `T = W + (1 + 1/M) B` with W the mean of the covariances and B the covariance of the b_m;
    `df = (M - 1) (1 + W / ((1 + 1/M) B))²` for each coefficient.

    Args:
        names: the coefficients.
        coefficients: shape (M, k), of each completed data set.
        covariances: shape (M, k, k), or (k, k) if they hardly differ.

    Source: Rubin (1987), Multiple Imputation for Nonresponse in Surveys, chapter 3.

    Example:
        >>> found = pooled(("a",), np.array([[1.0], [3.0]]), np.array([[4.0]]))
        >>> found.coefficients, found.covariance     # W = 4, B = 2, T = 4 + 1.5 * 2
        (array([2.]), array([[7.]]))
    """
    m = len(coefficients)
    within = covariances if covariances.ndim == 2 else covariances.mean(axis=0)
    centred = coefficients - coefficients.mean(axis=0)
    between = centred.T @ centred / (m - 1) if m > 1 else np.zeros_like(within)
    total = within + (1 + 1 / m) * between
    w, b = np.diag(within), (1 + 1 / m) * np.diag(between)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = np.where(b > 0, (m - 1) * (1 + w / b) ** 2, MOST_DF)
        share = np.where(np.diag(total) > 0, b / np.diag(total), 0.0)
    return Pooled(names, coefficients.mean(axis=0), total, np.minimum(df, MOST_DF), share)


def root(covariance: Real) -> Real:
    """A matrix whose product with its transpose is the covariance, also where that is singular."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray(vectors * np.sqrt(np.clip(values, 0.0, None)))


def sandwich(sums: Real, bread: Real) -> Real:
    """Clustered covariance: `G/(G-1) · A⁻¹ (Σ_g s_g s_g') A⁻¹`.

    Args:
        sums: shape (G, k), the score of each cluster.
        bread: shape (k, k), the inverse of the information A.

    Source: Liang and Zeger (1986), Biometrika 73 (1), 13-22.

    Example:
        >>> sandwich(np.array([[1.0], [-1.0]]), np.array([[0.5]]))    # 2/1 * .5 * 2 * .5
        array([[1.]])
    """
    n = len(sums)
    return np.asarray(bread @ (sums.T @ sums) @ bread * (n / max(n - 1, 1)), dtype=np.float64)


def widened(covariance: Real, variances: Real) -> Real:
    """A covariance none of whose variances is below those given; the rest of it unchanged.

    Clustered variances are far too small where one cluster holds most of the events: its score is nearly 0 at the
    maximum, whatever the truth. The model's own variances are the least that is believed. Of two, the larger.

    Args:
        covariance: shape (k, k).
        variances: shape (k,).

    Source: Angrist and Pischke (2009), Mostly Harmless Econometrics, section 8.2.3; one dominant cluster, MacKinnon and
    Webb (2017), Journal of Applied Econometrics 32 (2), 233-254.

    Example:
        >>> widened(np.array([[1.0, 0.5], [0.5, 4.0]]), np.array([3.0, 2.0]))
        array([[3. , 0.5],
               [0.5, 4. ]])
    """
    missing = np.maximum(variances - np.diag(covariance), 0.0)
    return np.asarray(covariance + np.diag(missing), dtype=np.float64)
