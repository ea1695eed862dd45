"""Where work moved, as a map: places at their longitude and latitude, lines from the focal place, no base map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from townshift.report.font import text_width
from townshift.report.style import BLUE, FONT_PT, GREY, INK, PALE, VERMILLION, Canvas, Drawing
from townshift.report.words import Words, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KM_PER_DEGREE = 111.195
"""Length of a degree of latitude on a sphere of 6,371 km."""

MAP_WIDTH = 620.0
LINE_WIDTHS = {"strong": 2.2, "single": 1.2}
_GAP = 5.0
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the map; `evidence` is `focal`, `strong`, `single` or `none`, `line_width` in points if not by it."""

    name: Words
    lon: float
    lat: float
    evidence: str
    line_width: float | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """A plate carrée true to scale at `lat_0`: kilometres east and north of the south-west corner, in points."""

    lon_0: float
    lat_0: float
    cosine: float
    points_per_km: float
    height: float

    def xy(self, lon: float, lat: float) -> tuple[float, float]:
        """Points from the lower left corner."""
        scale = KM_PER_DEGREE * self.points_per_km
        return (lon - self.lon_0) * self.cosine * scale, (lat - self.lat_0) * scale


def framed(places: Sequence[Place], width: float = MAP_WIDTH) -> Frame:
    """The frame that holds all places with a margin.

    Args:
        places: at least one.
        width: in points.
    """
    lons, lats = [one.lon for one in places], [one.lat for one in places]
    middle = math.cos(math.radians((min(lats) + max(lats)) / 2))
    span = max(max(lons) - min(lons), (max(lats) - min(lats)) * 0.9 / middle, 0.6)
    margin = 0.16 * span
    centre = (min(lons) + max(lons)) / 2
    tall = max(max(lats) - min(lats), span * middle * 0.45)
    south = (min(lats) + max(lats)) / 2 - tall / 2 - margin * middle * 0.6
    degrees = span + 2 * margin
    per_km = width / (degrees * middle * KM_PER_DEGREE)
    height = (tall + 1.2 * margin * middle) * KM_PER_DEGREE * per_km
    return Frame(centre - degrees / 2, south, middle, per_km, height)


def destinations_map(name: str, places: Sequence[Place]) -> Drawing:
    """Places and the lines from the focal place to those that the record links to it.

    Args:
        name: unique in the page.
        places: one of them `focal`.
    """
    frame = framed(places)
    canvas = Canvas(name, MAP_WIDTH, frame.height)
    axes = canvas.axes(0, 0, 0, 0)
    axes.set_xlim(0, MAP_WIDTH)
    axes.set_ylim(0, frame.height)
    axes.axis("off")
    taken: list[Box] = [_scale_bar(canvas, axes, frame)]
    taken += _graticule(canvas, axes, frame)
    focal = next((one for one in places if one.evidence == "focal"), None)
    if focal is not None:
        for one in places:
            if one.evidence in LINE_WIDTHS:
                taken += _arc(axes, frame.xy(focal.lon, focal.lat), frame.xy(one.lon, one.lat), one)
    order = {"focal": 0, "strong": 1, "single": 2}
    ranked = sorted(places, key=lambda one: (order.get(one.evidence, 3), one.name.en))
    spots = [frame.xy(one.lon, one.lat) for one in ranked]
    taken += [(x - 4, y - 4, x + 4, y + 4) for x, y in spots]
    for one, (x, y) in zip(ranked, spots, strict=True):
        _mark(axes, x, y, one.evidence)
        _place_label(canvas, axes, one, (x, y), taken, frame)
    return canvas.finish()


def _mark(axes: Axes, x: float, y: float, evidence: str) -> None:
    marker, size, face, edge = {
        "focal": ("*", 13, VERMILLION, INK),
        "strong": ("o", 7, BLUE, BLUE),
        "single": ("o", 6, "white", BLUE),
    }.get(evidence, ("s", 4, "white", GREY))
    axes.plot([x], [y], marker, markersize=size, markerfacecolor=face, markeredgecolor=edge, zorder=5)


def _arc(axes: Axes, start: tuple[float, float], end: tuple[float, float], place: Place) -> list[Box]:
    """Draw a bent line from `start` to `end`, where `place` is; returns what it covers, for the labels to keep off."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    bend = 0.12
    middle = (
        (start[0] + end[0]) / 2 - bend * (end[1] - start[1]),
        (start[1] + end[1]) / 2 + bend * (end[0] - start[0]),
    )
    path = Path([start, middle, end], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
    style: Any = "-" if place.evidence == "strong" else (0, (4, 2))
    width = LINE_WIDTHS[place.evidence] if place.line_width is None else place.line_width
    axes.add_patch(PathPatch(path, fill=False, edgecolor=BLUE, linewidth=width, linestyle=style, alpha=0.7))
    along = [step / 60 for step in range(61)]
    points = [
        tuple((1 - t) ** 2 * start[i] + 2 * t * (1 - t) * middle[i] + t**2 * end[i] for i in (0, 1)) for t in along
    ]
    return [(x - 1, y - 1, x + 1, y + 1) for x, y in points]


def _place_label(
    canvas: Canvas, axes: Axes, place: Place, spot: tuple[float, float], taken: list[Box], frame: Frame
) -> None:
    """Put the name beside the place where it covers nothing; a thin line leads to it where it stands far off."""
    width = max(text_width(text, FONT_PT) for text in (place.name.en, place.name.zh))
    reach = 120 if place.evidence != "none" else 16
    for distance in range(0, reach, 8):
        for dx, dy in ((-1, 0), (1, 0), (0, 1), (0, -1), (0.8, 0.6), (-0.8, 0.6), (0.8, -0.6), (-0.8, -0.6)):
            x, y = spot[0] + dx * (_GAP + 2 + distance), spot[1] + dy * (_GAP + 4 + distance)
            left = x if dx > 0 else x - width if dx < 0 else x - width / 2
            box = (left - 1, y - FONT_PT * 0.62, left + width + 1, y + FONT_PT * 0.62)
            inside = box[0] >= 2 and box[2] <= MAP_WIDTH - 2 and box[1] >= 2 and box[3] <= frame.height - 2
            if not inside or any(_overlap(box, other) for other in taken):
                continue
            taken.append(box)
            side = "left" if dx > 0 else "right" if dx < 0 else "center"
            if distance > 8:
                axes.plot([spot[0], x], [spot[1], y], color=GREY, linewidth=0.5, zorder=2)
            colour = INK if place.evidence != "none" else GREY
            canvas.label(axes, x, y, place.name, ha=side, va="center_baseline", color=colour)
            return


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _graticule(canvas: Canvas, axes: Axes, frame: Frame) -> list[Box]:
    east = frame.lon_0 + MAP_WIDTH / (frame.cosine * KM_PER_DEGREE * frame.points_per_km)
    north = frame.lat_0 + frame.height / (KM_PER_DEGREE * frame.points_per_km)
    step = next(one for one in (0.25, 0.5, 1, 2, 5, 10, 20, 30) if (east - frame.lon_0) / one <= 8)
    boxes: list[Box] = []
    for lon in _multiples(frame.lon_0, east, step):
        x, _ = frame.xy(lon, frame.lat_0)
        axes.axvline(x, color=PALE, linewidth=0.5, zorder=0)
        if 20 < x < MAP_WIDTH - 30:
            canvas.label(axes, x + 2, frame.height - 9, _degrees(lon, "E", "W"), color=GREY, fontsize=7)
            boxes.append((x, frame.height - 11, x + 30, frame.height))
    for lat in _multiples(frame.lat_0, north, step):
        _, y = frame.xy(frame.lon_0, lat)
        axes.axhline(y, color=PALE, linewidth=0.5, zorder=0)
        if 30 < y < frame.height - 20:
            canvas.label(axes, 2, y + 2, _degrees(lat, "N", "S"), color=GREY, fontsize=7)
            boxes.append((0, y, 28, y + 10))
    return boxes


def _multiples(first: float, last: float, step: float) -> list[float]:
    start = math.ceil(first / step)
    return [step * index for index in range(start, math.floor(last / step) + 1)]


def _degrees(value: float, positive: str, negative: str) -> str:
    return f"{abs(value):g}°{positive if value >= 0 else negative}"


def _scale_bar(canvas: Canvas, axes: Axes, frame: Frame) -> Box:
    length = next(
        km for km in (1000, 500, 200, 100, 50, 20, 10, 5, 1) if km * frame.points_per_km <= MAP_WIDTH / 4 or km == 1
    )
    x, y, points = MAP_WIDTH - 16.0, 14.0, length * frame.points_per_km
    axes.plot([x - points, x], [y, y], color=INK, linewidth=2, solid_capstyle="butt")
    canvas.label(axes, x - points / 2, y + 4, say("map.scale", km=length), ha="center", va="bottom")
    return (x - points - 4, y - 4, x + 4, y + 18)
