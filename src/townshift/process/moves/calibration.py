"""Answers of a person taken back as labels: how far probabilities are moved, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float64]

_EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Calibration:
    """`log odds' = shift + slope · log odds`, with the covariance of the two, shape (2, 2), and the labels used."""

    shift: float
    slope: float
    covariance: Real
    n_labels: int


def calibrate(probability: Real, is_move: npt.NDArray[np.bool_], shift_sd: float, slope_sd: float) -> Calibration:
    """How the probabilities of pairs that a person decided must be moved: Platt's sigmoid, shrunk to no change.

    Formula: the maximum of `Σ log Pr(label) - shift² / 2 shift_sd² - (slope - 1)² / 2 slope_sd²`; the covariance is
    the inverse of its curvature there. Without labels nothing moves and the covariance is that of the priors, which
    is what is assumed of a model that nobody checked.

    Args:
        probability: shape (labels,), of being a move, as the model gave it.
        is_move: shape (labels,), what the person answered.
        shift_sd: prior standard deviation of the shift, log odds.
        slope_sd: prior standard deviation of the slope.

    Source: Platt (1999); the normal priors make it the posterior mode with a Laplace approximation.

    Example:
        >>> none = calibrate(np.array([]), np.array([], dtype=bool), 0.5, 0.2)
        >>> none.shift, none.slope, none.covariance.diagonal().round(2)
        (0.0, 1.0, array([0.25, 0.04]))
        >>> calibrate(np.full(200, 0.5), np.arange(200) < 140, 0.5, 0.2).shift > 0.5
        True
    """
    x = log_odds(probability)
    design = np.stack([np.ones_like(x), x], axis=1)
    precision = np.diag([shift_sd**-2, slope_sd**-2])
    prior = np.array([0.0, 1.0])
    theta = prior.copy()
    labels = is_move.astype(np.float64)
    curvature = precision
    for _ in range(50):
        p = _expit(design @ theta)
        gradient = design.T @ (labels - p) - precision @ (theta - prior)
        curvature = design.T @ (design * (p * (1 - p))[:, None]) + precision
        step = np.linalg.solve(curvature, gradient)
        theta = theta + step
        if float(np.abs(step).max()) < 1e-10:
            break
    return Calibration(float(theta[0]), float(theta[1]), np.linalg.inv(curvature), len(x))


def recalibrated(probabilities: Real, calibration: Calibration) -> Real:
    """Probabilities of kinds after calibration: that of being a move moves, the kinds keep their proportions.

    Args:
        probabilities: shape (pairs, kinds + 1), the look-alike last; rows sum to 1.
        calibration: as fitted.

    Example:
        >>> recalibrated(np.array([[0.4, 0.1, 0.5]]), Calibration(np.log(3), 1.0, np.eye(2), 9)).round(3)
        array([[0.6 , 0.15, 0.25]])
    """
    move = 1.0 - probabilities[:, -1]
    moved = _expit(calibration.shift + calibration.slope * log_odds(move))
    factor = np.divide(moved, move, out=np.zeros_like(move), where=move > 0)
    return np.concatenate([probabilities[:, :-1] * factor[:, None], (1.0 - moved)[:, None]], axis=1)


def log_odds(probability: Real) -> Real:
    """log(p / (1 - p)), with p kept off 0 and 1.

    Example:
        >>> log_odds(np.array([0.5]))
        array([0.])
    """
    bounded = np.clip(probability, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(bounded / (1 - bounded)))


def _expit(x: Real) -> Real:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -500, 500))))
