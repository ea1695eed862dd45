"""The sum of a Gaussian kernel over all pair distances, by Fourier transform on a grid: no loop over pairs.

The kernel reflected at zero, `g_r(|z|) = k(r - |z|) + k(r + |z|)`, is a smooth ring in the plane, so the sum over all
pairs is `sum_k G_r(|k|) |m(k)|² / area`: `m(k)` is the Fourier transform of the masses, `G_r` the transform of the
ring, which falls off as `exp(-k² h² / 2)`. Masses are spread on the grid by a smooth window whose transform is divided
out again (a non-uniform Fourier transform, Dutt and Rokhlin 1993; window of Barnett, Magland and af Klinteberg 2019).
Two settings: `EXACT` leaves out less than 1e-11 of the kernel; a coarser one has its error bounded from the sites.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.process.concentration.k_exact import PairSum, gaussian
from townshift.process.kernel import Column, Scalar, kernel

Floats = npt.NDArray[np.float64]

OVERSAMPLING = 1.5
"""Highest frequency that the grid can hold, in units of the highest that is used."""

_PANEL = 16
_AT_A_TIME = 1 << 16


@dataclass(frozen=True, slots=True)
class GridSetting:
    """How finely a Fourier sum is made.

    Attributes:
        cutoff: highest frequency used, times the bandwidth.
        width: cells over which a point is spread.
        single: whether the grid holds numbers of single precision.
    """

    cutoff: float
    width: int
    single: bool


EXACT = GridSetting(cutoff=8.0, width=16, single=False)
"""Agrees with the sum over pairs to 1e-10 of the curve's maximum."""

COARSE = tuple(
    GridSetting(cutoff, width, single=width < 12) for width in (6, 8, 12) for cutoff in (2.5, 3.0, 3.5, 4.0, 5.0, 6.0)
)
"""Coarse settings, of which the first that keeps the tolerance is taken; heaps of sites on one spot need later ones."""


@dataclass(frozen=True, slots=True, eq=False)
class FourierSum:
    """Sums over pairs as `PairSum`, for masses on a plane of given extent; built by `fourier_sum`.

    Attributes:
        origin_m, cell_m: corner of the grid and side of a cell.
        shape: cells (rows, columns) of the periodic grid.
        setting: cutoff, width and precision.
        shell: number of the shell of equal frequency for every frequency in use, -1 outside; shape (rows, columns).
        frequency: of every shell, in radians per metre.
        counts: frequencies in every shell, which is the power of one point of mass 1.
        panels, weights: where and how a shell is interpolated from the nodes.
        ring: transform of `g_r` at the nodes, over the area: shape (nodes, steps).
        row_gain, column_gain: what the window does to the power of a frequency, inverted.
    """

    origin_m: tuple[float, float]
    cell_m: float
    shape: tuple[int, int]
    setting: GridSetting
    shell: npt.NDArray[np.int32]
    frequency: Floats
    counts: Floats
    panels: npt.NDArray[np.int32]
    weights: Floats
    ring: Floats
    row_gain: Floats
    column_gain: Floats

    def windows(self, x_m: Floats, y_m: Floats) -> Windows:
        """The window of every point: where it begins on the grid, and its weights along rows and columns."""
        kind = np.float32 if self.setting.single else np.float64
        first = np.empty((len(x_m), 2), dtype=np.int32)
        spread = np.empty((len(x_m), 2, self.setting.width), dtype=kind)
        across, along = (x_m - self.origin_m[0]) / self.cell_m, (y_m - self.origin_m[1]) / self.cell_m
        _windows(across, along, _steepness(self.setting.width), first, spread)
        return Windows(first, spread)

    def power(self, windows: Windows, chosen: npt.NDArray[np.intp], mass: Floats) -> Floats:
        """Sum of `|m(k)|²` over the frequencies of every shell, for masses at chosen points; shape (shells,)."""
        grid = self._empty_grid()
        _spread(windows.first, windows.spread, chosen, mass.astype(grid.dtype), grid)
        return self._power_of(grid)

    def power_at(self, x_m: Floats, y_m: Floats, mass: Floats) -> Floats:
        """`power` for masses whose windows need not be kept."""
        grid = self._empty_grid()
        for start in range(0, len(x_m), _AT_A_TIME):
            part = slice(start, start + _AT_A_TIME)
            windows = self.windows(x_m[part], y_m[part])
            _spread(windows.first, windows.spread, np.arange(len(windows.first)), mass[part].astype(grid.dtype), grid)
        return self._power_of(grid)

    def curve(self, power: Floats) -> Floats:
        """Sum over all ordered pairs, self pairs included, of `g_r`, from the power of the shells; shape (steps,)."""
        curve = np.zeros(self.ring.shape[1])
        _to_curve(power, self.panels, self.weights, self.ring, np.zeros(len(self.ring)), curve)
        return curve

    def pairs(self, power: Floats, mass: Floats) -> Floats:
        """Sum over pairs `i < j` of `mass_i mass_j g_r(d_ij)`; shape (steps,), in 1 per metre."""
        own = float(mass @ mass)
        return self.curve(power - own * self.counts) / 2

    def bounded_curve(self, power: Floats) -> Floats:
        """An upper bound of `curve` for powers of either sign: the largest ring of a panel times all its power."""
        largest = np.abs(self.ring).reshape(-1, _PANEL, self.ring.shape[1]).max(axis=1)
        return np.asarray(np.bincount(self.panels, weights=power, minlength=len(largest)) @ largest)

    def _empty_grid(self) -> npt.NDArray[np.floating]:
        return np.zeros(self.shape, dtype=np.float32 if self.setting.single else np.float64)

    def _power_of(self, grid: npt.NDArray[np.floating]) -> Floats:
        from scipy import fft

        columns = self.shell.shape[1]
        filled = np.flatnonzero(grid.any(axis=1))
        used = grid[: filled[-1] + 1] if len(filled) else grid[:1]
        seen = fft.rfft(used, axis=1)[:, :columns]
        seen = fft.fft(seen, n=self.shape[0], axis=0)
        power = np.zeros(len(self.frequency))
        _power(seen, self.shell, self.row_gain, self.column_gain, power)
        return power


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Windows of points: first cell, shape (n, 2), and weights, shape (n, 2, width), along rows and along columns."""

    first: npt.NDArray[np.int32]
    spread: npt.NDArray[np.floating]


def grid_shape(
    extent_m: tuple[float, float], reach_m: float, bandwidth_m: float, setting: GridSetting
) -> tuple[float, tuple[int, int]]:
    """Side of a cell in metres and numbers of rows and columns of the grid that a Fourier sum needs.

    Example:
        >>> grid_shape((1000.0, 1000.0), 500.0, 10.0, GridSetting(3.0, 6, True))[1]
        (225, 225)
    """
    from scipy import fft

    cell = math.pi * bandwidth_m / (setting.cutoff * OVERSAMPLING)
    # Images of the masses in the next period must be out of reach of each other.
    columns, rows = (math.ceil((extent + reach_m) / cell) + setting.width + 2 for extent in extent_m)
    short = fft.next_fast_len(min(rows, columns), real=True)
    # A whole ratio of the sides makes squared frequencies whole numbers, of which few differ.
    long = short * math.ceil(max(rows, columns) / short)
    return cell, ((short, long) if rows < columns else (long, short))


def fourier_sum(x_m: Floats, y_m: Floats, curve: PairSum, setting: GridSetting) -> FourierSum:
    """Prepare Fourier sums for masses at any of the given sites.

    Args:
        x_m: shape (n,), metres east of all sites that will ever carry mass.
        y_m: shape (n,), metres north.
        curve: distances and bandwidth.
        setting: how finely.
    """
    extent = (float(np.ptp(x_m)), float(np.ptp(y_m)))
    cell, (rows, columns) = grid_shape(extent, curve.reach_m, curve.bandwidth_m, setting)
    highest = setting.cutoff / curve.bandwidth_m
    ratio = max(rows, columns) // min(rows, columns)
    unit = 2 * math.pi / (max(rows, columns) * cell)
    row_step, column_step = (1, ratio) if rows > columns else (ratio, 1)
    row_last, column_last = int(highest / (unit * row_step)), int(highest / (unit * column_step))
    row_number, column_number = np.arange(-row_last, row_last + 1), np.arange(column_last + 1)
    squares = (row_number * row_step)[:, None] ** 2 + (column_number * column_step)[None, :] ** 2
    inside = squares <= (highest / unit) ** 2
    found, shell_of = np.unique(squares[inside], return_inverse=True)
    shell = np.full(squares.shape, -1, dtype=np.int32)
    shell[inside] = shell_of
    frequency = unit * np.sqrt(found.astype(np.float64))
    twice = np.where(column_number > 0, 2.0, 1.0)[None, :] * np.ones((len(row_number), 1))
    counts = np.bincount(shell_of.ravel(), weights=twice[inside], minlength=len(found)).astype(np.float64)
    panels, weights, nodes = _interpolation(frequency, 4.0 / curve.reach_m)
    ring = ring_transform(nodes, curve, math.ceil(setting.cutoff) + 14) / (rows * columns * cell * cell)
    return FourierSum(
        origin_m=(float(x_m.min()), float(y_m.min())),
        cell_m=cell,
        shape=(rows, columns),
        setting=setting,
        shell=shell,
        frequency=frequency,
        counts=counts,
        panels=panels,
        weights=weights,
        ring=ring,
        row_gain=window_transform(2 * math.pi * row_number / rows, setting.width) ** -2.0,
        column_gain=window_transform(2 * math.pi * column_number / columns, setting.width) ** -2.0,
    )


def ring_transform(frequency: Floats, curve: PairSum, order: int = 24) -> Floats:
    """Fourier transform in the plane of the rings `g_r(|z|)`, in metres: shape (frequencies, steps).

    Formula: `2 pi integral_0^inf rho J0(q rho) g_r(rho) d rho`, by Gauss-Legendre quadrature of `order` points over
    two bandwidths at a time.
    """
    from scipy.special import j0

    point, weight = np.polynomial.legendre.leggauss(order)
    pieces = math.ceil(curve.reach_m / (2 * curve.bandwidth_m))
    half = curve.reach_m / pieces / 2
    rho = ((2 * np.arange(pieces)[:, None] + 1 + point) * half).ravel()
    r = np.arange(curve.steps)[:, None] * curve.step_m
    rings = gaussian(r - rho, curve.bandwidth_m) + gaussian(r + rho, curve.bandwidth_m)
    rings *= 2 * math.pi * rho * np.tile(weight, pieces) * half
    out = np.empty((len(frequency), curve.steps))
    for start in range(0, len(frequency), 1024):
        part = slice(start, start + 1024)
        out[part] = j0(frequency[part, None] * rho) @ rings.T
    return out


def window_transform(phase: Floats, width: int) -> Floats:
    """Fourier transform of the window at `phase` radians per cell; shape of `phase`.

    Example:
        >>> window_transform(np.array([0.0, 1.0]), 6).round(3)
        array([2.08 , 1.499])
    """
    point, weight = np.polynomial.legendre.leggauss(600)
    at = point * width / 2
    window = np.exp(_steepness(width) * (np.sqrt(1 - point**2) - 1)) * weight * width / 2
    return np.asarray(np.cos(np.multiply.outer(phase, at)) @ window)


def aliasing(width: int) -> float:
    """Largest share of a folded frequency's amplitude that the window lets in, over both axes, in use up to the cutoff.

    Example:
        >>> aliasing(16) < 1e-10 < aliasing(6) < 1e-3
        True
    """
    phase = np.linspace(0, math.pi / OVERSAMPLING, 65)
    turns = np.array([turn for turn in range(-6, 7) if turn]) * 2 * math.pi
    folded = np.abs(window_transform(phase[:, None] + turns, width)).sum(axis=1)
    one = float(np.max(folded / window_transform(phase, width)))
    return 2 * one + one * one


def _steepness(width: int) -> float:
    return 0.976 * math.pi * width * (1 - 0.5 / OVERSAMPLING)


def _interpolation(frequency: Floats, panel: float) -> tuple[npt.NDArray[np.int32], Floats, Floats]:
    """Panels of Chebyshev nodes over the frequencies: panel and weights of each frequency, and all nodes."""
    panels = (frequency / panel).astype(np.int32)
    angle = (2 * np.arange(_PANEL) + 1) * math.pi / (2 * _PANEL)
    node, sign = np.cos(angle), (-1.0) ** np.arange(_PANEL) * np.sin(angle)
    gap = (frequency / panel - panels)[:, None] * 2 - 1 - node
    hit = np.abs(gap) < 1e-14
    weights = sign / np.where(hit, 1.0, gap)
    weights[hit.any(axis=1)] = 0.0
    weights[hit] = 1.0
    weights /= weights.sum(axis=1, keepdims=True)
    nodes = ((np.arange(panels.max() + 1)[:, None] + (node + 1) / 2) * panel).ravel()
    return panels, weights, nodes


@kernel
def _windows(across: Column, along: Column, steepness: Scalar, first: Column, spread: Column) -> None:
    width = spread.shape[2]
    for i in range(across.shape[0]):
        for axis in range(2):
            place = along[i] if axis == 0 else across[i]
            begin = math.ceil(place)
            first[i, axis] = begin
            # The grid is shifted by half a window, so that no window begins before cell 0.
            for cell in range(width):
                off = (begin + cell - place - width / 2) / (width / 2)
                inside = 1 - off * off
                spread[i, axis, cell] = math.exp(steepness * (math.sqrt(inside) - 1)) if inside > 0 else 0.0


@kernel
def _spread(first: Column, spread: Column, chosen: Column, mass: Column, grid: Column) -> None:
    width = spread.shape[2]
    for place in range(chosen.shape[0]):
        point = chosen[place]
        row, column = first[point, 0], first[point, 1]
        for down in range(width):
            share = mass[place] * spread[point, 0, down]
            cells = grid[row + down, column : column + width]
            for right in range(width):
                cells[right] += share * spread[point, 1, right]


@kernel
def _power(seen: Column, shell: Column, row_gain: Column, column_gain: Column, power: Column) -> None:
    half = shell.shape[0] // 2
    for down in range(shell.shape[0]):
        row = (down - half) % seen.shape[0]
        for column in range(shell.shape[1]):
            found = shell[down, column]
            if found >= 0:
                value = seen[row, column]
                real, imaginary = np.float64(value.real), np.float64(value.imag)
                size = (real * real + imaginary * imaginary) * row_gain[down] * column_gain[column]
                # The half plane of negative columns mirrors this one.
                power[found] += size if column == 0 else 2 * size


@kernel
def _to_curve(power: Column, panels: Column, weights: Column, ring: Column, nodes: Column, curve: Column) -> None:
    """Shells to nodes, nodes to distances; a loop of our own, as a library's order of sums varies with its threads."""
    many = weights.shape[1]
    for shell in range(power.shape[0]):
        begin = panels[shell] * many
        for node in range(many):
            nodes[begin + node] += weights[shell, node] * power[shell]
    for node in range(nodes.shape[0]):
        amount = nodes[node]
        line = ring[node]
        for step in range(curve.shape[0]):
            curve[step] += amount * line[step]
