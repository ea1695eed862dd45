"""The model of agreement (Fellegi and Sunter 1969): trained by Splink without labels, kept as numbers.

Formula: the match weight of a pair, in bits, is `log2(prior / (1 - prior)) + sum over comparisons of log2(m / u)`,
where `m` is how often records of one firm agree at this level and `u` how often two random records do. Where the
records agree on a value, `u` is that value's own frequency: a rare name says more than a common one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from townshift.process.moves.levels import AGREEMENT, TERM_FREQUENCY

Levels = npt.NDArray[np.int8]
"""Levels of pairs, shape (comparisons, pairs); -1 where a side says nothing."""


@dataclass(frozen=True, slots=True)
class MoveModel:
    """Weights of agreement.

    Attributes:
        m: of each comparison of `AGREEMENT`, the share of pairs of one firm at each level, weakest first; sums to 1.
        u: the same of two random records.
        prior: probability that two random records belong to one move.
        totals: of each key with term frequencies, how many records have it.
        circumstances: of each comparison of `CIRCUMSTANCE`, the share of two random records, the earlier one taken
            for the origin, at each level.
        possible: share of all pairs of records that lie in two places and whose dates can follow each other.
        sizes: of each key with term frequencies, how many records have a value that 1 or 2, 3 to 4, 5 to 8, 9 to 16,
            17 to 32 or more records share.
        pairs: the same of the possible pairs of records that share such a value.
    """

    m: dict[str, tuple[float, ...]]
    u: dict[str, tuple[float, ...]]
    prior: float
    totals: dict[str, int]
    circumstances: dict[str, tuple[float, ...]]
    possible: float
    sizes: dict[str, tuple[float, ...]]
    pairs: dict[str, tuple[float, ...]]

    def to_json(self) -> str:
        """The model as text, the same bytes for the same numbers."""
        return json.dumps(asdict(self), sort_keys=True, indent=1)

    @classmethod
    def from_json(cls, text: str) -> MoveModel:
        """The model that `to_json` wrote.

        Example:
            >>> m, u = {"phone": (0.2, 0.8)}, {"phone": (0.99, 0.01)}
            >>> model = MoveModel(m, u, 1e-6, {"phone_key": 10}, {}, 0.5, {}, {})
            >>> MoveModel.from_json(model.to_json()) == model
            True
        """
        read: dict[str, Any] = json.loads(text)
        tables = ("m", "u", "circumstances", "sizes", "pairs")
        read.update({key: {name: tuple(shares) for name, shares in read[key].items()} for key in tables})
        return cls(**read)


SIZE_BOUNDS: tuple[int, ...] = (3, 5, 9, 17, 33)
"""Records that share a value, lower bounds of the classes of `MoveModel.pairs` but the first."""


def size_class(counts: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
    """The class of `MoveModel.pairs` of each number of records that share a value.

    Example:
        >>> size_class(np.array([2, 4, 5, 100]))
        array([0, 1, 2, 5])
    """
    return np.asarray(np.digitize(counts, SIZE_BOUNDS))


def match_weights(model: MoveModel, levels: Levels, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The match weight of each pair, in bits; as Splink predicts it.

    Args:
        model: the trained model.
        levels: shape (comparisons of `AGREEMENT`, pairs).
        counts: shape (keys of `TERM_FREQUENCY`, pairs): records that share the value on which the pair agrees.

    Returns:
        Shape (pairs,).

    Source: Fellegi and Sunter (1969); Winkler (2000) for frequency-based weights; Linacre et al. (2022), Splink.
    """
    total = np.full(levels.shape[1], np.log2(model.prior / (1 - model.prior)))
    for (name, levels_of), found in zip(AGREEMENT.items(), levels, strict=True):
        total += level_weights(model, name)[found]
        for position, (level, key) in enumerate(TERM_FREQUENCY.items()):
            if level[0] == name:
                rank = levels_of.index(level[1])
                agree = found == rank
                share = np.maximum(counts[position][agree], 1) / model.totals[key]
                total[agree] += np.log2(model.u[name][rank] / share)
    return total


def level_weights(model: MoveModel, name: str) -> npt.NDArray[np.float64]:
    """`log2(m / u)` of each level of a comparison; the last entry, which level -1 reaches, is 0."""
    ratio = np.log2(np.array(model.m[name]) / np.array(model.u[name]))
    return np.append(ratio, 0.0)


def probabilities(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Probabilities of match weights in bits.

    Example:
        >>> probabilities(np.array([0.0, 1.0, -1000.0])).round(4)
        array([0.5   , 0.6667, 0.    ])
    """
    from scipy.special import expit

    return np.asarray(expit(weights * np.log(2.0)), dtype=np.float64)
