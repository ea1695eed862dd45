"""Landscapes with planted clusters and with none: what methods are chosen on (seeds 1-99) and judged on (>= 1000).

Written before any method. A landscape is a window of 20 km with establishments of one industry: planted clusters of
uniform or bell-shaped density, and noise. `truth` is the label by generation, noise -1. `ceiling` is the label that
someone would give who knew every density: the densest source at the spot. No method can be asked for more.

Landscapes:
    compact: six discs and bells of 80 to 400 establishments.
    non_convex: two rings, two crescents and an S along a road, 150 to 350 establishments each.
    unequal: six clusters of 100 to 300 establishments whose radius runs from 150 m to 2 km: density 1 to 200.
    uneven: two rings, a crescent and three discs before other industries in towns of their own. The noise of the
        industry lies where the others lie.
    null: no cluster, noise spread evenly.
    null_uneven: no cluster, noise where the other industries lie.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
import shapely.affinity

SIDE_M = 20_000.0
CORNER_M = (500_000.0, 3_400_000.0)
PLANTED = ("compact", "non_convex", "unequal", "uneven")
NULLS = ("null", "null_uneven")
GAP_M = 500.0
N_OTHERS = 12_000
TOWN_SHARE = 0.8


@dataclass(frozen=True)
class Landscape:
    x_m: np.ndarray
    y_m: np.ndarray
    truth: np.ndarray
    ceiling: np.ndarray
    reference: tuple[np.ndarray, np.ndarray] | None


@dataclass(frozen=True)
class Shape:
    """Uniform on a polygon, or, with `sd_m`, a bell around its middle."""

    polygon: shapely.Polygon
    n: int
    sd_m: float = 0.0

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        if self.sd_m:
            centre = self.polygon.centroid
            return np.column_stack([centre.x, centre.y]) + rng.normal(0, self.sd_m, (self.n, 2))
        x0, y0, x1, y1 = self.polygon.bounds
        found = np.empty((0, 2))
        while len(found) < self.n:
            tried = rng.uniform((x0, y0), (x1, y1), (4 * self.n, 2))
            found = np.r_[found, tried[shapely.contains_xy(self.polygon, tried[:, 0], tried[:, 1])]]
        return found[: self.n]

    def intensity(self, points: np.ndarray) -> np.ndarray:
        """Establishments per m²."""
        if self.sd_m:
            centre = self.polygon.centroid
            squared = ((points - (centre.x, centre.y)) ** 2).sum(axis=1) / self.sd_m**2
            return self.n * np.exp(-squared / 2) / (2 * np.pi * self.sd_m**2)
        inside = shapely.contains_xy(self.polygon, points[:, 0], points[:, 1])
        return np.where(inside, self.n / self.polygon.area, 0.0)


def ring(radius: float, width: float) -> shapely.Polygon:
    return shapely.Point(0, 0).buffer(radius, 32).difference(shapely.Point(0, 0).buffer(radius - width, 32))


def crescent(radius: float, width: float, angle: float) -> shapely.Polygon:
    at = np.linspace(0, angle, 40)
    return shapely.LineString(np.column_stack([radius * np.cos(at), radius * np.sin(at)])).buffer(width / 2)


def s_along_a_road(length: float, width: float) -> shapely.Polygon:
    at = np.linspace(0, length, 60)
    return shapely.LineString(np.column_stack([at, 0.2 * length * np.sin(2 * np.pi * at / length)])).buffer(width / 2)


def _shapes(kind: str, rng: np.random.Generator) -> list[tuple[shapely.Polygon, int, float]]:
    """Outline around the origin, establishments and spread of each cluster, largest outline first."""
    disc = lambda radius: shapely.Point(0, 0).buffer(radius, 32)  # noqa: E731
    many = lambda low, high: int(rng.integers(low, high + 1))  # noqa: E731
    if kind == "compact":
        bells = [(disc(3 * sd), many(80, 400), sd) for sd in rng.uniform(150, 400, 3)]
        return bells + [(disc(radius), many(80, 400), 0.0) for radius in rng.uniform(250, 700, 3)]
    if kind == "non_convex":
        return [
            (ring(rng.uniform(1200, 1800), 350), many(250, 350), 0.0),
            (s_along_a_road(rng.uniform(3500, 5000), 350), many(250, 350), 0.0),
            (crescent(rng.uniform(1000, 1500), 350, 4.0), many(200, 300), 0.0),
            (ring(rng.uniform(700, 900), 250), many(150, 250), 0.0),
            (crescent(rng.uniform(700, 900), 250, 4.5), many(150, 250), 0.0),
        ]
    if kind == "unequal":
        radii = [2000.0, 1200.0, 800.0, 450.0, 250.0, 150.0]
        return [(disc(radius), many(100, 300), 0.0) for radius in radii]
    if kind == "uneven":
        return [
            (ring(rng.uniform(1100, 1500), 350), many(250, 350), 0.0),
            (crescent(rng.uniform(900, 1300), 300, 4.0), many(150, 250), 0.0),
            (ring(rng.uniform(700, 900), 250), many(150, 250), 0.0),
            *[(disc(radius), many(80, 300), 0.0) for radius in rng.uniform(250, 600, 3)],
        ]
    return []


def _placed(kind: str, rng: np.random.Generator) -> list[Shape]:
    """Shapes turned and set down at random, at least `GAP_M` apart and within the window."""
    placed: list[Shape] = []
    for outline, n, sd in sorted(_shapes(kind, rng), key=lambda shape: -shape[0].area):
        turned = shapely.affinity.rotate(outline, float(rng.uniform(0, 360)), origin=(0, 0))
        x0, y0, x1, y1 = turned.bounds
        for _ in range(10_000):
            x, y = rng.uniform((-x0, -y0), (SIDE_M - x1, SIDE_M - y1))
            tried = shapely.affinity.translate(turned, x, y)
            # A hull keeps other clusters out of the hole of a ring: whether that would be one cluster is no truth.
            if all(tried.convex_hull.distance(other.polygon.convex_hull) >= GAP_M for other in placed):
                placed.append(Shape(tried, n, sd))
                break
        else:
            raise RuntimeError("no room for a cluster")
    return placed


class Others:
    """Other industries: eight towns, bell-shaped, and countryside."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.centres = rng.uniform(0.1 * SIDE_M, 0.9 * SIDE_M, (8, 2))
        self.sds = rng.uniform(400, 1500, 8)
        self.shares = rng.dirichlet(np.full(8, 3.0))

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        town = rng.choice(8, n, p=self.shares)
        points = self.centres[town] + rng.normal(0, 1, (n, 2)) * self.sds[town, None]
        rural = (rng.random(n) > TOWN_SHARE) | (points < 0).any(axis=1) | (points > SIDE_M).any(axis=1)
        points[rural] = rng.uniform(0, SIDE_M, (int(rural.sum()), 2))
        return points

    def density(self, points: np.ndarray) -> np.ndarray:
        """Per m²; what fell outside the window is neglected."""
        out = np.full(len(points), (1 - TOWN_SHARE) / SIDE_M**2)
        for centre, sd, share in zip(self.centres, self.sds, self.shares, strict=True):
            squared = ((points - centre) ** 2).sum(axis=1) / sd**2
            out += TOWN_SHARE * share * np.exp(-squared / 2) / (2 * np.pi * sd**2)
        return out


def planted_landscape(kind: str, noise_share: float, seed: int, null_firms: int = 1500) -> Landscape:
    """A landscape; `noise_share` of its establishments lie in no cluster (nulls: all of `null_firms`)."""
    rng = np.random.default_rng([seed, 20_260_411])
    uneven = kind in {"uneven", "null_uneven"}
    others = Others(rng) if uneven else None
    shapes = _placed(kind, rng)
    clustered = [shape.sample(rng) for shape in shapes]
    n_clustered = sum(len(points) for points in clustered)
    n_noise = round(n_clustered * noise_share / (1 - noise_share)) if shapes else null_firms
    noise = others.sample(n_noise, rng) if others else rng.uniform(0, SIDE_M, (n_noise, 2))
    points = np.concatenate([*clustered, noise])
    truth = np.repeat(np.r_[np.arange(len(shapes)), -1], [*map(len, clustered), n_noise])
    background = n_noise * (others.density(points) if others else np.full(len(points), SIDE_M**-2))
    sources = np.column_stack([background, *[shape.intensity(points) for shape in shapes]])
    order = rng.permutation(len(points))
    points = points + CORNER_M
    reference = None
    if others:
        elsewhere = others.sample(N_OTHERS, rng) + CORNER_M
        reference = (np.r_[points[order, 0], elsewhere[:, 0]], np.r_[points[order, 1], elsewhere[:, 1]])
    ceiling = sources.argmax(axis=1) - 1
    return Landscape(points[order, 0], points[order, 1], truth[order], ceiling[order], reference)
