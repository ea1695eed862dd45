"""Intervals of shares, for everything that is counted over people, sources or moves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from townshift.types import LEVEL


def wilson(
    hits: npt.NDArray[np.float64], of: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Wilson's (1927) interval of shares at `LEVEL`.

    Example:
        >>> low, high = wilson(np.array([5.0]), np.array([10.0]))
        >>> round(float(low[0]), 3), round(float(high[0]), 3)
        (0.269, 0.731)
    """
    from scipy.special import ndtri

    z = float(ndtri(1 - (1 - LEVEL) / 2))
    middle = (hits + z**2 / 2) / (of + z**2)
    half = z / (of + z**2) * np.sqrt(hits * (of - hits) / of + z**2 / 4)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
