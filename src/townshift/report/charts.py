"""The kinds of picture that several figures share: a yearly series with its facts, and intervals side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from townshift.report.results import records
from townshift.report.style import (
    BLUE,
    GREY,
    INK,
    PALE,
    PURPLE,
    VERMILLION,
    Canvas,
    Drawing,
    widest,
)
from townshift.report.words import Words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

PANEL_PT = (252.0, 168.0)
"""Width and height of one small picture, in points."""

QUALIFIER_MARKS = {"exact": "o", "about": "o", "over": "^", "under": "v"}
FARTHEST = 1.6
"""A figure more than so many times above the band is marked at the upper edge with its value, not drawn to scale."""

LOG_SPAN = 25.0
"""A series whose highest figure is more than so many times its lowest is drawn on a logarithmic axis."""


@dataclass(frozen=True, slots=True)
class Row:
    """One interval of a chart of intervals.

    Attributes:
        label: what it is.
        value: median.
        low: lower end.
        high: upper end.
        bridged: drawn dashed and hollow.
        colour: of point and bar.
        group: heading above the first row of a group.
        marker: shape of the point, as matplotlib names it.
        placebo: range of the same figure where nothing is known to have happened, drawn in grey below the bar.
    """

    label: Words
    value: float
    low: float
    high: float
    bridged: bool = False
    colour: str = BLUE
    group: Words | None = None
    placebo: tuple[float, float] | None = None
    marker: str = "o"


def series_panel(name: str, years: pd.DataFrame, facts: pd.DataFrame | None, percent: bool = False) -> Drawing:
    """One reconciled series: median and interval band, bridged years dashed, declared breaks, published facts as marks.

    Args:
        name: unique in the page.
        years: `year_from, value, low, high, kind, flags`, one row per year.
        facts: `year, value, qualifier, weight` of the published figures; `None` where there are none to show.
        percent: values are shares 0..1 to be shown in per cent.
    """
    canvas = Canvas(name, *PANEL_PT)
    axes = canvas.axes(40, 20, 8, 8)
    data = years.sort_values("year_from")
    scale = 100.0 if percent else 1.0
    x = data["year_from"].to_numpy(dtype=float)
    value, low, high = (data[column].to_numpy(dtype=float) * scale for column in ("value", "low", "high"))
    bridged = (data["kind"] == "bridged").to_numpy(dtype=bool)
    axes.fill_between(x, low, high, color=BLUE, alpha=0.18, linewidth=0)
    for edge in (low, high):
        axes.plot(x, edge, color=BLUE, alpha=0.5, linewidth=0.6)
    for start in range(len(x) - 1):
        over_gap = bridged[start] or bridged[start + 1] or x[start + 1] - x[start] > 1
        style: Any = (0, (3, 2)) if over_gap else "-"
        axes.plot(x[start : start + 2], value[start : start + 2], color=BLUE, linestyle=style)
    if len(x) == 1:
        axes.errorbar(x, value, yerr=[value - low, high - value], fmt="_", color=BLUE, capsize=3)
    for year in x[data["flags"].fillna("").str.contains("definition_break").to_numpy(dtype=bool)]:
        axes.axvline(year - 0.5, color=VERMILLION, linewidth=1.2, linestyle=(0, (1, 1.5)))
    peaked = data["flags"].fillna("").str.contains("two_peaked").to_numpy(dtype=bool)
    axes.plot(x[peaked], value[peaked], "D", color=PURPLE, markersize=5, markerfacecolor="white", zorder=4)
    top, bottom = float(high.max()), float(low.min())
    if facts is not None and len(facts):
        top, bottom = _facts(axes, facts, top, bottom, scale)
    scaled(axes, bottom, top)
    year_axis(axes, x.min(), x.max())
    return canvas.finish()


def change_panel(name: str, years: pd.DataFrame) -> Drawing:
    """Probability of a change of growth in each candidate year, as bars; those above one half stand out.

    Args:
        name: unique in the page.
        years: `year, probability`, one row per candidate year.
    """
    canvas = Canvas(name, PANEL_PT[0], 110)
    axes = canvas.axes(30, 20, 8, 8)
    data = years.sort_values("year")
    x, y = data["year"].to_numpy(dtype=float), data["probability"].to_numpy(dtype=float)
    axes.bar(x, y, width=0.7, color=[BLUE if one >= 0.5 else PALE for one in y], edgecolor=GREY, linewidth=0.5)
    axes.axhline(0.5, color=INK, linewidth=0.6, linestyle=(0, (3, 2)))
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1])
    axes.tick_params(length=2.5, pad=2)
    year_axis(axes, x.min(), x.max())
    return canvas.finish()


def _facts(axes: Axes, facts: pd.DataFrame, top: float, bottom: float, scale: float) -> tuple[float, float]:
    counted = facts[facts["weight"].fillna(0) >= 0.05]["value"].astype(float) * scale
    near = counted[counted <= FARTHEST * top]
    if len(near):
        top, bottom = max(top, float(near.max())), min(bottom, float(near.min()))
    for row in records(facts):
        y = float(row.value) * scale
        off = y > top * 1.05
        if off:
            axes.annotate(f"{y:,.6g}", (int(row.year), top * 1.03), (4, -3), textcoords="offset points", fontsize=7)
        weak = not (row.weight == row.weight and float(row.weight) >= 0.05)
        hollow = row.qualifier == "about" or weak
        axes.plot(
            [int(row.year)],
            [top * 1.03 if off else y],
            "x" if weak else QUALIFIER_MARKS.get(str(row.qualifier), "o"),
            color=GREY if weak else INK,
            markerfacecolor="white" if hollow else INK,
            markersize=4.5,
            markeredgewidth=0.9,
            zorder=5,
            clip_on=False,
        )
    return top, bottom


def scaled(axes: Axes, bottom: float, top: float) -> None:
    """Give `axes` a vertical scale from 0, or a logarithmic one where the figures span too much, with few ticks."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    if bottom > 0 and top / bottom > LOG_SPAN:
        axes.set_yscale("log")
        axes.set_ylim(bottom / 1.15, top * 1.15)
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if top / bottom < 1000 else (1.0,)))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(min(0.0, bottom * 1.08), top * 1.08 if top > 0 else 1.0)
        axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.6g}"))
    axes.grid(axis="y")
    axes.tick_params(length=2.5, pad=2)


def year_axis(axes: Axes, first: float, last: float) -> None:
    """Give `axes` a horizontal scale of whole years."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_xlim(first - 0.7, last + 0.7)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}"))


def intervals(name: str, rows: Sequence[Row], unit: Words, percent: bool = False, reference: float = 0.0) -> Drawing:
    """Intervals side by side: point = median, bar = interval, hollow and dashed = bridged.

    Args:
        name: unique in the page.
        rows: top to bottom.
        unit: printed below the axis.
        percent: values are rates to be shown in per cent.
        reference: a line is drawn here.
    """
    scale = 100.0 if percent else 1.0
    line = 17.0
    heads = sum(1 for before, row in zip([None, *rows], rows, strict=False) if _heads(before, row))
    left = max(widest([row.label for row in rows]) + 18, 120.0)
    width, height = max(560.0, left + 280), (len(rows) + heads) * line + 46
    canvas = Canvas(name, width, height)
    axes = canvas.axes(left, 34, 14, 6)
    y = 0.0
    before: Row | None = None
    for row in rows:
        if _heads(before, row):
            canvas.label(axes, 2 / width, y, row.group or "", transform=_across(axes), va="center_baseline")
            y += 1
        ends = [row.low * scale, row.high * scale]
        axes.plot(ends, [y, y], color=row.colour, linewidth=2.4, linestyle=(0, (2, 1.4)) if row.bridged else "-")
        if row.placebo is not None:
            axes.plot([one * scale for one in row.placebo], [y + 0.3, y + 0.3], color=GREY, linewidth=1.2)
        face = "white" if row.bridged else row.colour
        axes.plot(
            [row.value * scale], [y], row.marker, color=row.colour, markerfacecolor=face, markersize=5.5, zorder=3
        )
        canvas.label(axes, (left - 8) / width, y, row.label, transform=_across(axes), va="center_baseline", ha="right")
        before, y = row, y + 1
    axes.axvline(reference * scale, color=INK, linewidth=0.8)
    axes.set_ylim(y - 0.4, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.tick_params(length=2.5, pad=2)
    canvas.label(axes, 0.5, -28, unit, transform=_below(axes, height), ha="center", va="baseline")
    return canvas.finish()


def _heads(before: Row | None, row: Row) -> bool:
    return row.group is not None and (before is None or before.group != row.group)


def _across(axes: Axes) -> Transform:
    """X as a share of the figure, y in data."""
    from matplotlib.transforms import blended_transform_factory

    return blended_transform_factory(axes.figure.transFigure, axes.transData)


def _below(axes: Axes, height: float) -> Transform:
    """X as a share of the axes, y in points from the axes' bottom."""
    from matplotlib.transforms import Affine2D, blended_transform_factory

    bottom = axes.get_position().y0 * height / 72
    points = Affine2D().scale(1 / 72).translate(0, bottom) + axes.figure.dpi_scale_trans
    return blended_transform_factory(axes.transAxes, points)
