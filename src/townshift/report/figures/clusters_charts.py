"""Pictures of clusters: outlines on the ground by year, and the lives of tracks as bars with their events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from townshift.report.figures.map import KM_PER_DEGREE
from townshift.report.style import BLUE, CYCLE, GREEN, GREY, INK, ORANGE, PALE, VERMILLION, Canvas, Drawing, widest
from townshift.report.words import Words, phrase

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform
    from shapely.geometry.base import BaseGeometry

MAP_PT = (252.0, 216.0)
"""Width and height of the map of one year, in points."""
LIVES_WIDTH = 640.0
ROW_PT = 22.0

STAGE_STYLES: dict[str, tuple[str, float, bool]] = {
    "emerging": (ORANGE, 0.26, True),
    "growing": (GREEN, 0.42, True),
    "mature": (BLUE, 0.58, True),
    "declining": (GREY, 0.42, False),
    "none": (GREY, 0.2, True),
}
"""Colour, height of the bar as a share of its row, and whether it is filled, of each stage of a cluster's life."""

EVENT_STYLES: dict[str, tuple[str, str]] = {
    "birth": ("o", INK),
    "split": ("D", INK),
    "spill_over": (">", INK),
    "merge": ("v", VERMILLION),
    "death": ("x", VERMILLION),
}
"""Marker and colour of each event that begins or ends a track."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A cluster on the map of one year.

    Attributes:
        label: printed at its centre.
        colour: of its track.
        shape: polygon in degrees, a shapely geometry.
    """

    label: str
    colour: str
    shape: BaseGeometry


@dataclass(frozen=True, slots=True)
class Ground:
    """What every map of a figure shows: kilometres from its south-west corner, true to scale at its middle."""

    lon_0: float
    lat_0: float
    cosine: float
    points_per_km: float

    def xy(self, lon: float, lat: float) -> tuple[float, float]:
        """Points from the lower left corner."""
        scale = KM_PER_DEGREE * self.points_per_km
        return (lon - self.lon_0) * self.cosine * scale, (lat - self.lat_0) * scale

    def holds(self, lon: float, lat: float) -> bool:
        """Whether a point is on the map."""
        x, y = self.xy(lon, lat)
        return 0 < x < MAP_PT[0] and 0 < y < MAP_PT[1]


@dataclass(frozen=True, slots=True)
class Life:
    """A track as a bar.

    Attributes:
        label: of its row.
        stages: year to stage.
        years: first and last year in which it was seen.
        events: year and kind of what began or ended it.
    """

    label: Words
    stages: dict[int, str]
    years: tuple[int, int]
    events: Sequence[tuple[int, str]]


def track_colour(number: int) -> str:
    """Colour of the track with a number from 1; they come round again after seven."""
    return CYCLE[(number - 1) % len(CYCLE)]


def ground_of(bounds: Sequence[tuple[float, float, float, float]]) -> Ground:
    """The ground that holds all boxes `west, south, east, north` in degrees, with a margin.

    Example:
        >>> ground = ground_of([(120.0, 30.0, 120.1, 30.1)])
        >>> [round(one) for one in ground.xy(120.05, 30.05)]
        [126, 108]
    """
    west, south = min(box[0] for box in bounds), min(box[1] for box in bounds)
    east, north = max(box[2] for box in bounds), max(box[3] for box in bounds)
    cosine = math.cos(math.radians((south + north) / 2))
    wide, tall = (east - west) * cosine * KM_PER_DEGREE, (north - south) * KM_PER_DEGREE
    per_km = min((MAP_PT[0] - 36) / max(wide, 0.5), (MAP_PT[1] - 50) / max(tall, 0.5))
    middle = ((west + east) / 2, (south + north) / 2)
    return Ground(
        middle[0] - MAP_PT[0] / 2 / per_km / KM_PER_DEGREE / cosine,
        middle[1] - MAP_PT[1] / 2 / per_km / KM_PER_DEGREE,
        cosine,
        per_km,
    )


def clusters_map(name: str, ground: Ground, outlines: Sequence[Outline], focal: tuple[float, float] | None) -> Drawing:
    """The clusters of one year: outlines in the colour of their track with its number, the focal place, a scale bar.

    Args:
        name: unique in the page.
        ground: the same for all years of a figure.
        outlines: of the year.
        focal: longitude and latitude of the focal place's own point.
    """
    import numpy as np
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    canvas = Canvas(name, *MAP_PT)
    axes = canvas.axes(1, 1, 1, 1)
    axes.set_xlim(0, MAP_PT[0])
    axes.set_ylim(0, MAP_PT[1])
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(visible=True, color=PALE, linewidth=1)
    if focal is not None:
        axes.plot(*ground.xy(*focal), "*", markersize=10, markerfacecolor="white", markeredgecolor=INK, zorder=6)
    for one in outlines:
        for ring in _rings(one.shape):
            points = np.array([ground.xy(lon, lat) for lon, lat in ring])
            style: Any = {"facecolor": one.colour, "edgecolor": one.colour, "linewidth": 1.2}
            axes.add_patch(PathPatch(Path(points, closed=True), alpha=0.22, zorder=1, **{**style, "linewidth": 0}))
            axes.add_patch(PathPatch(Path(points, closed=True), fill=False, zorder=2, **style))
    taken = [ground.xy(*focal)] if focal is not None else []
    for one in outlines:
        centre = ground.xy(one.shape.centroid.x, one.shape.centroid.y)
        if not ground.holds(one.shape.centroid.x, one.shape.centroid.y):
            continue
        x, y = _free_spot(centre, taken)
        if (x, y) != centre:
            axes.plot([centre[0], x], [centre[1], y], color=one.colour, linewidth=0.8, zorder=3)
        axes.plot([x], [y], "o", markersize=11, markerfacecolor="white", markeredgecolor=one.colour, zorder=4)
        canvas.label(axes, x, y + 1.0, one.label, ha="center", va="center_baseline", zorder=5)
    _scale_bar(canvas, axes, ground)
    return canvas.finish()


def _free_spot(at: tuple[float, float], taken: list[tuple[float, float]]) -> tuple[float, float]:
    """The place for a label nearest to `at` that is free of others, which it then takes."""
    for away in (0.0, 15.0, 24.0, 33.0):
        for turn in range(8):
            angle = math.pi / 4 + turn * math.pi / 4
            spot = (at[0] + away * math.cos(angle), at[1] + away * math.sin(angle)) if away else at
            if all(math.hypot(spot[0] - x, spot[1] - y) >= 13 for x, y in taken):
                taken.append(spot)
                return spot
    return at


def _rings(shape: BaseGeometry) -> list[Any]:
    parts = getattr(shape, "geoms", [shape])
    return [part.exterior.coords for part in parts]


def _scale_bar(canvas: Canvas, axes: Axes, ground: Ground) -> None:
    longest = MAP_PT[0] / 3
    length = next(km for km in (500, 200, 100, 50, 20, 10, 5, 2, 1, 0.5, 0.2) if km * ground.points_per_km <= longest)
    x, y, points = MAP_PT[0] - 10.0, 10.0, length * ground.points_per_km
    axes.plot([x - points, x], [y, y], color=INK, linewidth=2, solid_capstyle="butt")
    canvas.label(axes, x - points / 2, y + 4, phrase("report.map.scale", km=f"{length:g}"), ha="center", va="bottom")


def lives_chart(name: str, lives: Sequence[Life]) -> Drawing:
    """Tracks as bars along time, thicker as they mature, hollow in decline; how each began and ended as marks.

    Args:
        name: unique in the page.
        lives: top to bottom.
    """
    left = widest([one.label for one in lives]) + 16
    height = len(lives) * ROW_PT + 28
    canvas = Canvas(name, LIVES_WIDTH, height)
    axes = canvas.axes(left, 22, 12, 6)
    for row, life in enumerate(lives):
        axes.axhline(row, color=PALE, linewidth=0.6, zorder=0)
        for first, last, stage in _spells(life):
            colour, share, filled = STAGE_STYLES[stage]
            face = colour if filled else "white"
            axes.barh(
                row, last - first + 1, share, left=first - 0.5, facecolor=face, edgecolor=colour, linewidth=1, zorder=2
            )
        for year, kind in life.events:
            marker, colour = EVENT_STYLES[kind]
            # A track begins at the left end of its bar and ends at the right one, a year after it was last seen.
            axes.plot([year - 0.5], [row], marker, color=colour, markersize=6, markeredgewidth=1.4, zorder=4)
        canvas.label(axes, -8, row, life.label, transform=_beside(canvas, left), ha="right", va="center_baseline")
    first, last = min(one.years[0] for one in lives), max(one.years[1] for one in lives)
    axes.set_xlim(first - 1.5, last + 1.5)
    axes.set_ylim(len(lives) - 0.5, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.tick_params(length=2.5, pad=2)
    return canvas.finish()


def _spells(life: Life) -> list[tuple[int, int, str]]:
    """Runs of years in one stage; years of a life without a stage are a run of none."""
    out: list[tuple[int, int, str]] = []
    for year in range(life.years[0], life.years[1] + 1):
        stage = life.stages.get(year, "none")
        if out and out[-1][2] == stage:
            out[-1] = (out[-1][0], year, stage)
        else:
            out.append((year, year, stage))
    return out


def _beside(canvas: Canvas, left: float) -> Transform:
    """X in points from the left edge of the axes, y in data."""
    from matplotlib.transforms import Affine2D, blended_transform_factory

    points = Affine2D().translate(left, 0).scale(1 / 72) + canvas.figure.dpi_scale_trans
    return blended_transform_factory(points, canvas.figure.axes[-1].transData)
