"""Moves whose pairs are uncertain, drawn as whole moves: what pathways and drivers do with probabilities."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.process.moves.calibration import Calibration, recalibrated
from townshift.process.moves.parameters import KINDS, LOOK_ALIKE, MovesParameters
from townshift.types import keyed_seed

Real = npt.NDArray[np.float64]

NO_MOVE = len(KINDS)
"""What a drawn pair is that is no move; kinds are their positions in `KINDS`."""


def unchecked() -> Calibration:
    """How sure probabilities are that nobody has checked: the default priors of the step `moves`."""
    chosen = MovesParameters()
    return Calibration(0.0, 1.0, np.diag([chosen.shift_sd**2, chosen.slope_sd**2]), 0)


def kind_probabilities(moves: pd.DataFrame) -> Real:
    """Probabilities of each kind, the look-alike last; shape (moves, kinds + 1)."""
    columns = [f"p_{kind}" for kind in (*KINDS, LOOK_ALIKE)]
    return moves[columns].to_numpy(dtype=np.float64).reshape(-1, len(KINDS) + 1)


def drawn_kinds(
    moves: pd.DataFrame, calibration: Calibration | None, seed: int, n_draws: int, *keys: str
) -> Iterator[npt.NDArray[np.int8]]:
    """Every pair drawn as a move of one kind or as none, `n_draws` times.

    Each draw first moves all log odds by one draw of the calibration, common to all pairs that the model found; pairs
    that a registry or a person vouches for are moved by no calibration. Then pairs are drawn independently.

    Args:
        moves: the table `moves`, in any fixed order.
        calibration: how sure the probabilities are; none = nobody has checked them.
        seed: the study's seed.
        n_draws: number of draws.
        keys: what the draws are for; other keys, other draws.

    Yields:
        Shape (moves,): position in `KINDS`, or `NO_MOVE`.

    Source: multiple imputation (Rubin 1987) of the unknown truth of each pair.

    Example:
        >>> sure = pd.DataFrame({"p_relocation": [1.0, 0.0], "p_branch": 0.0, "p_return_entrepreneurship": 0.0,
        ...     "p_outsourcing": 0.0, "p_look_alike": [0.0, 1.0], "basis": "reviewed"})
        >>> next(drawn_kinds(sure, None, 7, 1)).tolist()
        [0, 4]
    """
    p = kind_probabilities(moves)
    modelled = moves["basis"].to_numpy() == "model"
    chosen = calibration or unchecked()
    rng = np.random.default_rng(keyed_seed(seed, "drawn_kinds", *keys))
    root = np.linalg.cholesky(chosen.covariance)
    for _ in range(n_draws):
        shift, slope = root @ rng.standard_normal(2)
        moved = recalibrated(p, Calibration(float(shift), 1.0 + float(slope), chosen.covariance, 0))
        bounds = np.cumsum(np.where(modelled[:, None], moved, p)[:, :-1], axis=1)
        yield np.asarray((rng.random(len(p))[:, None] >= bounds).sum(axis=1), dtype=np.int8)
