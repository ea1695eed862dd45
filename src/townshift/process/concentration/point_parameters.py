"""What a user may set of the points that concentration and clusters are measured on; nothing is computed here."""

from __future__ import annotations

from pydantic import Field

from townshift.types import Parameters

POINT_TYPES = {
    "record_id": "string",
    "x_m": "float64",
    "y_m": "float64",
    "member": "bool",
    "employees": "float64",
    "entry_year": "Int64",
    "exit_year": "Int64",
    "place_id": "string",
    "use": "string",
}
"""Columns of `establishment_points`: exists at the end of each year from `entry_year` to before `exit_year`."""


class PointsParameters(Parameters):
    """Parameters of the step `establishment_points`.

    Attributes:
        within_km: how far from the focal place's own point establishments are taken; None for all there are.
        least_points: establishments of the industry with coordinates of their own below which no point is used: so few
            are more likely those whose owners cared for a map than a picture of the industry.
    """

    within_km: float | None = Field(default=30.0, gt=0)
    least_points: int = Field(default=30, ge=3)


class ConcentrationParameters(Parameters):
    """Parameters of the step `concentration`.

    Attributes:
        years: years whose K-density and M are computed; none for the first and last year with enough establishments
            and the one in the middle.
        relabellings: simulated industries behind each band of the K-density.
        m_relabellings: the same of M, whose curves cost several times as much.
        distance_max_m: longest distance, metres; None for the median distance between all sites.
        distances: points of each curve.
        permutations: of area-based tests.
        area_level: level of places on which area-based measures are taken.
        neighbours: nearest areas that count as neighbours.
    """

    years: tuple[int, ...] = ()
    relabellings: int = Field(default=500, ge=19)
    m_relabellings: int = Field(default=199, ge=19)
    distance_max_m: float | None = Field(default=None, gt=0)
    distances: int = Field(default=101, ge=2)
    permutations: int = Field(default=999, ge=19)
    area_level: str = "county"
    neighbours: int = Field(default=6, ge=1)
