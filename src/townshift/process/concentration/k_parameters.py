"""What a user may set of a K-density."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from townshift.types import Parameters


class KDensityParameters(Parameters):
    """Parameters of `k_density`.

    Attributes:
        weighted: whether a pair counts by the product of its weights (employment) or as one.
        computation: `exact`, to 1e-10 of the direct formula; `grid`, within `tolerance`; `auto` is exact as long as it
            promises to be affordable.
        bandwidth_m: standard deviation of the kernel in metres; Silverman's rule if None.
        distance_max_m: longest distance of the curve in metres; the median distance between all sites if None.
        distances: points of the curve, evenly from 0 to the longest distance.
        relabellings: simulated industries.
        alpha: level of the bands.
        tolerance: how far a relabelled curve may be expected to be off on the grid, as a share of the curve's maximum.
    """

    weighted: bool = False
    computation: Literal["auto", "exact", "grid"] = "auto"
    bandwidth_m: float | None = Field(default=None, gt=0)
    distance_max_m: float | None = Field(default=None, gt=0)
    distances: int = Field(default=101, ge=2)
    relabellings: int = Field(default=1000, ge=19)
    alpha: float = Field(default=0.05, gt=0, lt=1)
    tolerance: float = Field(default=0.002, gt=0, lt=1)
