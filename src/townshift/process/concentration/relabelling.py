"""Random relabelling: an industry's establishments put on sites drawn from those of all establishments."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from townshift.process.kernel import Column, Scalar, kernel
from townshift.types import keyed_seed

FEW = 20
"""One site in this many, and fewer, are drawn one by one; more by going through all sites once."""


def relabelling_seeds(seed: int, count: int, measure: str) -> list[int]:
    """One seed for each relabelling; seed i depends on `seed`, `measure` and i alone.

    Example:
        >>> relabelling_seeds(7, 2, "k_density") == relabelling_seeds(7, 5, "k_density")[:2]
        True
    """
    drawn = np.random.SeedSequence(keyed_seed(seed, "relabelling", measure)).generate_state(count, np.uint64)
    return [int(value) for value in drawn]


def drawn_sites(draw: np.random.Generator, sites: int, cases: int) -> npt.NDArray[np.intp]:
    """Row numbers of `cases` different sites, every set of them equally probable, in ascending order.

    Source: selection sampling (Knuth 1997, section 3.4.2, algorithm S).

    Example:
        >>> drawn_sites(np.random.default_rng(7), 4, 4).tolist()
        [0, 1, 2, 3]
    """
    if cases * FEW <= sites:
        return np.sort(draw.choice(sites, cases, replace=False, shuffle=False)).astype(np.intp)
    chosen = np.empty(cases + 1, dtype=np.intp)
    _select(draw, sites, cases, chosen)
    return chosen[:cases]


@kernel
def _select(draw: Column, sites: Scalar, cases: Scalar, chosen: Column) -> None:
    taken = 0
    for site in range(sites):
        chosen[taken] = site  # written over unless taken: no branch to mispredict
        taken += (sites - site) * draw.random() < cases - taken
