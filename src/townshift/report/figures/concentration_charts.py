"""Pictures of concentration: curves of distance with their bands, numbers by year, the way of the centre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from townshift.report.charts import PANEL_PT, year_axis
from townshift.report.style import BLUE, GREY, INK, PALE, VERMILLION, Canvas, Drawing

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Values = npt.NDArray[np.float64]

WAY_PT = (252.0, 190.0)
"""Width and height of the picture of the centre's way, in points."""


def distance_panel(name: str, curve: pd.DataFrame, reference: float | None = None, per_km: bool = False) -> Drawing:
    """A curve by distance in kilometres, its local band as a surface, its global band as dashed lines.

    Args:
        name: unique in the page.
        curve: `distance_m, value, local_low, local_high, global_low, global_high`, one row a distance.
        reference: a line is drawn at it.
        per_km: values are densities a metre, shown a kilometre.
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    canvas = Canvas(name, *PANEL_PT)
    axes = canvas.axes(40, 22, 8, 8)
    data = curve.sort_values("distance_m")
    x = data["distance_m"].to_numpy(dtype=float) / 1000
    scale = 1000.0 if per_km else 1.0
    value, local_low, local_high, low, high = (
        data[column].to_numpy(dtype=float) * scale
        for column in ("value", "local_low", "local_high", "global_low", "global_high")
    )
    axes.fill_between(x, local_low, local_high, color=GREY, alpha=0.3, linewidth=0)
    for edge in (low, high):
        axes.plot(x, edge, color=INK, linewidth=0.8, linestyle=(0, (3, 2)))
    if reference is not None:
        axes.axhline(reference, color=GREY, linewidth=0.6)
    axes.plot(x, value, color=BLUE, linewidth=1.8)
    top = float(max(value.max(), high.max()))
    axes.set_ylim(0, top * 1.06)
    axes.set_xlim(0, float(x.max()))
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:g}"))
    axes.grid(axis="y")
    axes.tick_params(length=2.5, pad=2)
    return canvas.finish()


def band_panel(name: str, rows: pd.DataFrame, percent: bool = False, unit: float = 1.0, zero: bool = False) -> Drawing:
    """Values by year with their intervals; a missing year leaves a gap.

    Args:
        name: unique in the page.
        rows: `year, value, low, high`.
        percent: values are shares, shown in per cent from 0 to 100.
        unit: values are divided by it.
        zero: a line is drawn at nothing, and values may lie below it.
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    canvas = Canvas(name, *PANEL_PT)
    axes = canvas.axes(40, 20, 8, 8)
    scale = 100.0 if percent else 1 / unit
    years = rows["year"].to_numpy(dtype=int)
    whole = rows.assign(year=years).set_index("year").reindex(range(years.min(), years.max() + 1))
    x = whole.index.to_numpy(dtype=float)
    value, low, high = (whole[column].to_numpy(dtype=float) * scale for column in ("value", "low", "high"))
    axes.fill_between(x, low, high, color=BLUE, alpha=0.18, linewidth=0)
    axes.vlines(x, low, high, color=BLUE, alpha=0.4, linewidth=0.8)
    axes.plot(x, value, "-o", color=BLUE, markersize=2.4, linewidth=1.2)
    if percent:
        axes.set_ylim(0, 100)
    elif zero:
        axes.axhline(0, color=INK, linewidth=0.8)
    else:
        axes.set_ylim(0, float(np.nanmax(high)) * 1.06)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:,.6g}"))
    axes.grid(axis="y")
    axes.tick_params(length=2.5, pad=2)
    year_axis(axes, x.min(), x.max())
    return canvas.finish()


def way_panel(name: str, east: pd.DataFrame, north: pd.DataFrame, every: int = 10) -> Drawing:
    """The way of a centre over the ground, kilometres east and north of where it lay first, with crosses of intervals.

    Args:
        name: unique in the page.
        east: `year, value, low, high` in metres.
        north: the same, for the same years.
        every: years between those that are named and have their intervals drawn.
    """
    canvas = Canvas(name, *WAY_PT)
    axes = canvas.axes(34, 22, 8, 8)
    both = east.merge(north, on="year", suffixes=("_e", "_n")).sort_values("year")
    years = both["year"].to_numpy(dtype=int)
    numbers = {column: both[column].to_numpy(dtype=float) / 1000 for column in both if column != "year"}
    x, y = numbers["value_e"], numbers["value_n"]
    named = (years % every == 0) | (years == years[0]) | (years == years[-1])
    for at in np.flatnonzero(named):
        axes.plot([numbers["low_e"][at], numbers["high_e"][at]], [y[at], y[at]], color=GREY, linewidth=0.8)
        axes.plot([x[at], x[at]], [numbers["low_n"][at], numbers["high_n"][at]], color=GREY, linewidth=0.8)
    axes.plot(x, y, "-", color=BLUE, linewidth=1.2)
    axes.plot(x, y, "o", color=BLUE, markersize=2.2)
    axes.plot(x[named], y[named], "o", color=BLUE, markersize=5, zorder=4)
    axes.plot(x[:1], y[:1], "s", color=VERMILLION, markersize=6, zorder=5)
    ends = [numbers[key] for key in ("low_e", "high_e")], [numbers[key] for key in ("low_n", "high_n")]
    _same_scale(axes, ends)
    _year_labels(canvas, axes, np.column_stack([x, y]), years, np.flatnonzero(named))
    axes.grid(color=PALE)
    axes.set_axisbelow(True)
    axes.tick_params(length=2.5, pad=2)
    return canvas.finish()


def _same_scale(axes: Axes, ends: tuple[list[Values], list[Values]]) -> None:
    """Limits that hold everything, a kilometre as long in both directions."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    spans = [(min(float(one.min()) for one in side), max(float(one.max()) for one in side)) for side in ends]
    position = axes.get_position()
    wide, tall = position.width * WAY_PT[0], position.height * WAY_PT[1]
    per_point = max((spans[0][1] - spans[0][0]) / wide, (spans[1][1] - spans[1][0]) / tall, 1e-3) * 1.16
    middles = [(low + high) / 2 for low, high in spans]
    axes.set_xlim(middles[0] - per_point * wide / 2, middles[0] + per_point * wide / 2)
    axes.set_ylim(middles[1] - per_point * tall / 2, middles[1] + per_point * tall / 2)
    for one in (axes.xaxis, axes.yaxis):
        one.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        one.set_major_formatter(FuncFormatter(lambda at, _: f"{at:g}"))


def _year_labels(
    canvas: Canvas, axes: Axes, at: Values, years: npt.NDArray[np.int_], named: npt.NDArray[np.intp]
) -> None:
    """Name years beside their points where they cover neither a point nor each other; drop what finds no room."""
    to_points = axes.transData.transform
    spots = to_points(at)
    boxes: list[tuple[float, float, float, float]] = [(x - 3, y - 3, x + 3, y + 3) for x, y in spots[named]]
    inverse = axes.transData.inverted().transform
    wanted = sorted(named.tolist(), key=lambda one: (one not in (named[0], named[-1]), one))
    for one in wanted:
        x, y = spots[one]
        for dx, dy in ((7, 5), (-29, 5), (7, -13), (-29, -13), (-11, 8), (-11, -16), (16, 14), (-38, 14), (16, -22)):
            box = (x + dx, y + dy, x + dx + 22, y + dy + 9)
            if any(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in boxes):
                continue
            boxes.append(box)
            left, low = inverse((box[0], box[1] + 1))
            canvas.label(axes, left, low, str(years[one]), ha="left", va="baseline", color=INK)
            break
