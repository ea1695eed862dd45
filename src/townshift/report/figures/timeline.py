"""Dated events as marks along time, one line per level of actor; shape and colour say which turn they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from townshift.report.style import BLUE, GREEN, GREY, INK, ORANGE, PALE, PURPLE, VERMILLION, Canvas, Drawing, widest
from townshift.report.words import Words

if TYPE_CHECKING:
    from matplotlib.transforms import Transform

TURN_STYLES: dict[str, tuple[str, str]] = {
    "clustering": ("o", BLUE),
    "upgrading": ("^", GREEN),
    "relocation": (">", ORANGE),
    "governance": ("s", VERMILLION),
    "labour_services": ("D", PURPLE),
    "none": ("x", GREY),
}
"""Marker and colour of each turn of the story; others are drawn like `none`."""

WIDTH = 640.0
_STACK_PT = 6.5


@dataclass(frozen=True, slots=True)
class Dot:
    """One event: on which row, in which year, in which style."""

    row: str
    year: int
    style: str


def timeline(name: str, rows: Sequence[tuple[str, Words]], dots: Sequence[Dot]) -> Drawing:
    """Events along time; events of one row and year are stacked.

    Args:
        name: unique in the page.
        rows: key and title of each row, top to bottom.
        dots: the events.
    """
    stacks: dict[tuple[str, int], list[Dot]] = defaultdict(list)
    for dot in sorted(dots, key=lambda one: (one.year, one.style)):
        stacks[dot.row, dot.year].append(dot)
    depth = {row: max((len(s) for (key, _), s in stacks.items() if key == row), default=1) for row, _ in rows}
    heights = [max(18.0, (depth[row] + 1.2) * _STACK_PT) for row, _ in rows]
    left = widest([title for _, title in rows]) + 16
    height = sum(heights) + 26
    canvas = Canvas(name, WIDTH, height)
    axes = canvas.axes(left, 22, 10, 4)
    top = sum(heights)
    floors: dict[str, float] = {}
    for (row, title), tall in zip(rows, heights, strict=True):
        top -= tall
        floors[row] = top
        axes.axhline(top, color=PALE, linewidth=0.6, zorder=0)
        canvas.label(axes, -6, top + tall / 2, title, transform=_beside(canvas, left), ha="right", va="center_baseline")
    for (row, year), stack in sorted(stacks.items()):
        for level, dot in enumerate(stack):
            marker, colour = TURN_STYLES.get(dot.style, TURN_STYLES["none"])
            height_pt = floors[row] + _STACK_PT * (level + 0.8)
            axes.plot([year], [height_pt], marker, color=colour, markersize=4.6, markeredgecolor=_edge(marker, colour))
    years = [dot.year for dot in dots]
    axes.set_xlim(min(years) - 1, max(years) + 1)
    axes.set_ylim(0, sum(heights))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.tick_params(length=2.5, pad=2)
    return canvas.finish()


def _edge(marker: str, colour: str) -> str:
    return colour if marker == "x" else INK


def _beside(canvas: Canvas, left: float) -> Transform:
    """X in points from the left edge of the axes, y in data."""
    from matplotlib.transforms import Affine2D, blended_transform_factory

    points = Affine2D().translate(left, 0).scale(1 / 72) + canvas.figure.dpi_scale_trans
    return blended_transform_factory(points, canvas.figure.axes[-1].transData)
