"""What a user may set of the uses inside a town. Light: nothing is computed here."""

from __future__ import annotations

from pydantic import Field

from townshift.types import Parameters


class TownUsesParameters(Parameters):
    """Parameters of the step `town_uses`.

    Attributes:
        cell_m: side of the cells on which uses are mixed, metres.
        min_points: points below which a cell is suppressed: its mix would say little, and would show single owners.
        draws: draws behind every interval.
    """

    cell_m: float = Field(default=500.0, gt=0)
    min_points: int = Field(default=10, ge=2)
    draws: int = Field(default=400, ge=100)
