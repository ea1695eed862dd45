"""How specialised a cluster is: the location quotient of its area against all industries, with an interval."""

from __future__ import annotations

import numpy as np

from townshift.process.clusters.grid import Floats, Ints
from townshift.types import LEVEL


def cluster_quotients(n: Ints, n_all: Ints, share: float, level: float = LEVEL) -> tuple[Floats, Floats, Floats]:
    """How many times its usual share the industry has in each cluster's area: `(n / n_all) / share`.

    The interval takes `n` of `n_all` as binomial (Jeffreys, closed where `n` is none or all). It says how sure the
    quotient is of this area, not that the area was chosen for being dense, which raises every quotient of a cluster.

    Args:
        n: shape (clusters,), establishments of the industry in the area.
        n_all: shape (clusters,), establishments of all industries in the area, the industry's own among them.
        share: the industry's share in all establishments, between 0 and 1.
        level: probability inside the interval.

    Returns:
        Quotient, low and high, shape (clusters,) each, dimensionless.

    Source: location quotient: Florence (1939); interval: Brown, Cai and DasGupta (2001).

    Example:
        >>> quotient, low, high = cluster_quotients(np.array([30]), np.array([60]), share=0.1)
        >>> quotient, low.round(2), high.round(2)
        (array([5.]), array([3.95]), array([6.05]))
    """
    from scipy.stats import beta

    others = n_all - n
    tail = (1 - level) / 2
    low = np.where(n == 0, 0.0, beta.ppf(tail, n + 0.5, others + 0.5))
    high = np.where(others == 0, 1.0, beta.ppf(1 - tail, n + 0.5, others + 0.5))
    return n / n_all / share, np.asarray(low) / share, np.asarray(high) / share
