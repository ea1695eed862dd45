"""What a user may set of pathways."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from townshift.types import Parameters

Level = Literal["place", "town", "county", "city", "province"]
"""`place` leaves places as the moves have them; the others lift them to the place of that kind that holds them."""


class PathwaysParameters(Parameters):
    """Parameters of the step `pathways`.

    Attributes:
        levels: levels at which origins and destinations are named.
        least_expected: cells of which fewer moves are expected are no row of their own; they are counted together.
        max_hops: hops that are told apart; the last one is that hop or any later one.
        level_indicator: indicator of `panel` that tells how developed a place is (income, wage, output a head);
            empty = none does.
        level_years: years before a move from which a figure of the indicator still holds.
    """

    levels: tuple[Level, ...] = Field(default=("place", "province"), min_length=1)
    least_expected: float = Field(default=0.5, ge=0)
    max_hops: int = Field(default=3, ge=2, le=9)
    level_indicator: str = ""
    level_years: int = Field(default=3, ge=0)
