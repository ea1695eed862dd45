"""Pictures of a registry: counts by year with its thin years, expected numbers with intervals, survival by age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from townshift.report.charts import PANEL_PT, scaled, year_axis
from townshift.report.style import BLUE, GREEN, GREY, INK, VERMILLION, Canvas, Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = npt.NDArray[np.float64]

LINE_STYLES = {
    "stock": (BLUE, "-"),
    "entries": (GREEN, "-"),
    "exits": (VERMILLION, "--"),
    "members": (BLUE, "-"),
    "others": (GREY, "--"),
}
"""Colour and line of each key of the legend."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a picture; NaN leaves a gap.

    Attributes:
        key: of `LINE_STYLES` and of the legend.
        values: one a position.
        low, high: its band, if it has one.
    """

    key: str
    values: Values
    low: Values | None = None
    high: Values | None = None


def counts_panel(name: str, years: Values, lines: Sequence[Line], thin_years: Sequence[int] = ()) -> Drawing:
    """Counts by year; years in which the registry is thin are shaded.

    Args:
        name: unique in the page.
        years: shape (years,).
        lines: what is counted.
        thin_years: years to shade.
    """
    canvas = Canvas(name, *PANEL_PT)
    axes = canvas.axes(44, 20, 8, 8)
    for year in thin_years:
        axes.axvspan(year - 0.5, year + 0.5, color=GREY, alpha=0.25, linewidth=0)
    _draw(axes, years, lines)
    _vertical(axes, lines)
    year_axis(axes, float(years.min()), float(years.max()))
    return canvas.finish()


def expected_panel(name: str, years: Values, line: Line) -> Drawing:
    """Expected numbers by year with their intervals; a year that is not shown leaves a gap.

    Args:
        name: unique in the page.
        years: shape (years,).
        line: values with a band.
    """
    canvas = Canvas(name, *PANEL_PT)
    axes = canvas.axes(44, 20, 8, 8)
    _draw(axes, years, [line])
    if line.low is not None and line.high is not None:
        axes.vlines(years, line.low, line.high, color=BLUE, alpha=0.4, linewidth=0.8)
    axes.plot(years, line.values, "o", color=BLUE, markersize=2.6)
    _vertical(axes, [line])
    year_axis(axes, float(years.min()), float(years.max()))
    return canvas.finish()


def survival_panel(name: str, ages: Sequence[Values], lines: Sequence[Line]) -> Drawing:
    """Share of firms still active by age in years, with 90 % intervals.

    Args:
        name: unique in the page.
        ages: for each line, shape (ages,).
        lines: shares 0 to 1.
    """
    from matplotlib.ticker import MaxNLocator

    canvas = Canvas(name, PANEL_PT[0], PANEL_PT[1])
    axes = canvas.axes(44, 20, 8, 8)
    for x, line in zip(ages, lines, strict=True):
        scaled_line = Line(line.key, line.values * 100, _percent(line.low), _percent(line.high))
        _draw(axes, x, [scaled_line])
    axes.set_ylim(0, 100)
    axes.set_xlim(-0.5, max(float(x.max()) for x in ages) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.grid(axis="y")
    axes.tick_params(length=2.5, pad=2)
    return canvas.finish()


def _percent(values: Values | None) -> Values | None:
    return None if values is None else values * 100


def _draw(axes: Axes, x: Values, lines: Sequence[Line]) -> None:
    for line in lines:
        colour, style = LINE_STYLES[line.key]
        if line.low is not None and line.high is not None:
            axes.fill_between(x, line.low, line.high, color=colour, alpha=0.18, linewidth=0)
            for edge in (line.low, line.high):
                axes.plot(x, edge, color=colour, alpha=0.5, linewidth=0.6)
        axes.plot(x, line.values, color=colour, linestyle=style)


def _vertical(axes: Axes, lines: Sequence[Line]) -> None:
    """From 0 to the highest value or end of an interval; counts are never drawn on a logarithmic scale."""
    shown = [one for line in lines for one in (line.values, line.high) if one is not None]
    top = max((float(np.nanmax(one)) for one in shown if np.isfinite(one).any()), default=0.0)
    scaled(axes, 0.0, top)


def effect_panel(name: str, times: Values, line: Line) -> Drawing:
    """An effect by years since an act, with its intervals; a line at no effect and one at the act.

    Args:
        name: unique in the page.
        times: years since the act.
        line: values with a band.
    """
    from matplotlib.ticker import MaxNLocator

    canvas = Canvas(name, *PANEL_PT)
    axes = canvas.axes(44, 20, 8, 8)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.axvline(-0.5, color=VERMILLION, linewidth=1.2, linestyle=(0, (1, 1.5)))
    if line.low is not None and line.high is not None:
        axes.vlines(times, line.low, line.high, color=BLUE, linewidth=1.6)
    axes.plot(times, line.values, "o", color=BLUE, markersize=3.4)
    axes.set_xlim(float(times.min()) - 0.7, float(times.max()) + 0.7)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.grid(axis="y")
    axes.tick_params(length=2.5, pad=2)
    return canvas.finish()
