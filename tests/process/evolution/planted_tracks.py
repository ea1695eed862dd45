"""Clusters whose life is known: born, fed, grown, split, merged, shrunk and dead, and shown with documented noise.

Seeds 1 to 99 are for development, 1000 and above for judging. The noise is what `DOCUMENTED_NOISE` says and nothing
else; the sizes, rates and years of the plans are drawn by the seed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

FIRST_YEAR, YEARS = 1995, 30
SURVIVING = 0.92
METRES_PER_ROOT_FIRM = 60.0
BACKGROUND_FIRMS = 600
EMERGING_YEARS = 3
SMALLEST = 12
"""Firms below which a shrinking cluster is none any more."""


@dataclass(frozen=True)
class Noise:
    """What stands between the truth and what is seen; shares are probabilities.

    Attributes:
        miss: a membership is seen as in no cluster that year.
        wrong: a membership is seen in the nearest other cluster that year.
        flicker: a whole cluster is not seen that year.
        fusion: a cluster is seen as one with its nearest neighbour that year.
        spurious: a year shows a cluster of some firms that stand in none.
        jitter: relative standard deviation of radius, and of the centre in radii.
        link_miss: a true move or spin-off is not among the links.
        link_false: an entrant has a link to a random firm that stands for nothing.
    """

    miss: float = 0.10
    wrong: float = 0.02
    flicker: float = 0.02
    fusion: float = 0.01
    spurious: float = 0.10
    jitter: float = 0.10
    link_miss: float = 0.20
    link_false: float = 0.02


DOCUMENTED_NOISE = Noise()


@dataclass
class Plan:
    """The life of one track: years are positions, `rate[t]` is the change of ln(firms) from t - 1 to t."""

    track: int
    x_m: float
    y_m: float
    size: int
    start: int = 0
    begins: str = ""
    parent: int = -1
    share: float = 0.0
    end: int = YEARS
    ends: str = ""
    into: int = -1
    rate: np.ndarray = field(default_factory=lambda: np.zeros(YEARS))
    phases: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Planted:
    """What is seen, and the truth.

    Attributes:
        memberships, clusters, links: as `cluster_tracks` takes them.
        truth: record, year, true_track of every membership; -1 = in no cluster.
        events: track, year, kind, other of what was planted.
        stages: track, year, stage.
    """

    memberships: pd.DataFrame
    clusters: pd.DataFrame
    links: pd.DataFrame
    truth: pd.DataFrame
    events: pd.DataFrame
    stages: pd.DataFrame


def planted_tracks(seed: int, noise: Noise = DOCUMENTED_NOISE, *, null: bool = False) -> Planted:
    """Thirty years of some forty clusters; `null` = stable clusters alone, with the same noise."""
    rng = np.random.default_rng([seed, 4])
    plans = _null_plans(rng) if null else _plans(rng)
    lives = _Lives(rng, plans, noise)
    lives.run()
    truth = pd.DataFrame(lives.rows, columns=["record", "year", "true_track"])
    links = pd.DataFrame(lives.links, columns=["origin_record", "destination_record", "year", "probability"])
    memberships, clusters = _seen(rng, truth, plans, lives.sizes, noise)
    return Planted(memberships, clusters, links, truth, _events(plans), _stages(plans))


def _sites(rng: np.random.Generator, count: int) -> np.ndarray:
    """Cells of a grid 20 km wide, so that only planted neighbours are near each other."""
    cells = rng.permutation(14 * 14)[:count]
    return np.stack([cells // 14, cells % 14], axis=1) * 20_000.0 + 500_000.0 + rng.uniform(-3e3, 3e3, (count, 2))


def _phase(plan: Plan, first: int, length: int, rate: float) -> None:
    last = min(first + length, plan.end, YEARS)
    if last <= first:
        return
    plan.rate[first:last] = rate
    plan.phases.append((first, last - 1, "growth" if rate > 0 else "decline"))


def _null_plans(rng: np.random.Generator) -> list[Plan]:
    sites = _sites(rng, 25)
    return [Plan(i, *sites[i], size=int(rng.integers(50, 300))) for i in range(25)]


def _plans(rng: np.random.Generator) -> list[Plan]:
    sites, plans = _sites(rng, 50), []

    def new(**values: object) -> Plan:
        at = sites[len(plans)]
        plan = Plan(len(plans), float(at[0]), float(at[1]), size=int(rng.integers(60, 300)))
        for name, value in values.items():
            setattr(plan, name, value)
        plans.append(plan)
        return plan

    for _ in range(6):
        new()
    for _ in range(4):
        plan = new(start=int(rng.integers(3, 18)), begins="birth", size=int(rng.integers(20, 45)))
        _phase(plan, plan.start + 1, int(rng.integers(5, 9)), rng.uniform(0.15, 0.25))
    for _ in range(4):
        _phase(new(), int(rng.integers(6, 20)), int(rng.integers(5, 9)), rng.uniform(0.12, 0.2))
    for _ in range(4):
        _phase(new(), int(rng.integers(6, 18)), int(rng.integers(5, 9)), -rng.uniform(0.12, 0.2))
    for _ in range(2):
        plan = new(size=int(rng.integers(60, 120)))
        _phase(plan, int(rng.integers(6, 14)), YEARS, -rng.uniform(0.2, 0.3))
        plan.ends = "death"
    for _ in range(2):
        new(end=int(rng.integers(6, 24)), ends="death")
    for _ in range(4):
        keeps = new()
        goes = new(size=int(keeps.size * rng.uniform(0.3, 0.75)), end=int(rng.integers(5, 25)), ends="merge")
        goes.into = keeps.track
        reach = METRES_PER_ROOT_FIRM * (np.sqrt(keeps.size) + np.sqrt(goes.size))
        goes.x_m, goes.y_m = keeps.x_m + 1.2 * reach, keeps.y_m
    for _ in range(4):
        parent = new(size=int(rng.integers(100, 300)))
        new(start=int(rng.integers(5, 25)), begins="split", parent=parent.track, share=rng.uniform(0.25, 0.42))
    for _ in range(4):
        parent = new(size=int(rng.integers(120, 300)))
        child = new(
            start=int(rng.integers(4, 20)), begins="spill_over", parent=parent.track, size=int(rng.integers(20, 45))
        )
        child.share = rng.uniform(0.45, 0.8)
        _phase(child, child.start + 1, int(rng.integers(4, 8)), rng.uniform(0.15, 0.25))
    return plans


class _Lives:
    """The firms of all tracks, year by year."""

    def __init__(self, rng: np.random.Generator, plans: list[Plan], noise: Noise) -> None:
        self.rng, self.plans, self.noise = rng, plans, noise
        self.next_record = BACKGROUND_FIRMS
        self.background = np.arange(BACKGROUND_FIRMS)
        self.members: dict[int, np.ndarray] = {}
        self.rows: list[tuple[int, int, int]] = []
        self.links: list[tuple[int, int, int, float]] = []
        self.sizes: dict[tuple[int, int], int] = {}

    def run(self) -> None:
        for t in range(YEARS):
            before = {track: firms.copy() for track, firms in self.members.items()}
            came = self._turn_over(t)
            for plan in self.plans:
                self._begin(plan, t, before)
            for plan in self.plans:
                self._end(plan, t)
            self._false_links(t, came, np.concatenate([self.background, *before.values()]))
            self._count(t)

    def _entrants(self, count: int) -> np.ndarray:
        self.next_record += count
        return np.arange(self.next_record - count, self.next_record)

    def _turn_over(self, t: int) -> np.ndarray:
        """Firms close and open so that the expected number follows the plan; returns those that opened."""
        fresh = [np.zeros(0, dtype=int)]
        for plan in self.plans:
            if plan.track in self.members and t < plan.end:
                firms, growth = self.members[plan.track], np.exp(plan.rate[t])
                surviving = min(SURVIVING, growth - 0.03)
                kept = firms[self.rng.random(len(firms)) < surviving]
                fresh.append(self._entrants(self.rng.poisson(len(firms) * (growth - surviving))))
                self.members[plan.track] = np.concatenate([kept, fresh[-1]])
        kept = self.background[self.rng.random(len(self.background)) < SURVIVING]
        self.background = np.concatenate([kept, self._entrants(self.rng.poisson(BACKGROUND_FIRMS * (1 - SURVIVING)))])
        return np.concatenate(fresh)

    def _begin(self, plan: Plan, t: int, before: dict[int, np.ndarray]) -> None:
        if plan.start == t and plan.begins == "split":
            firms = self.rng.permutation(self.members[plan.parent])
            cut = int(plan.share * len(firms))
            self.members[plan.track], self.members[plan.parent] = firms[:cut], firms[cut:]
        elif plan.start == t:
            self.members[plan.track] = self._entrants(plan.size)
        if plan.begins == "spill_over" and plan.start <= t < plan.start + EMERGING_YEARS:
            newest = np.setdiff1d(self.members[plan.track], before.get(plan.track, np.zeros(0, dtype=int)))
            fed = newest[self.rng.random(len(newest)) < plan.share]
            origins = self.rng.choice(before[plan.parent], len(fed))
            seen = self.rng.random(len(fed)) >= self.noise.link_miss
            p = self.rng.beta(8, 2, int(seen.sum()))
            self._link(t, origins[seen], fed[seen], p)

    def _end(self, plan: Plan, t: int) -> None:
        if plan.track not in self.members or not plan.ends:
            return
        shrunk = plan.ends == "death" and len(self.members[plan.track]) < SMALLEST
        if plan.end != t and not shrunk:
            return
        plan.end = t
        plan.phases = [(first, min(last, t - 1), kind) for first, last, kind in plan.phases]
        gone = self.members.pop(plan.track)
        if plan.ends == "merge":
            kept = gone[self.rng.random(len(gone)) < SURVIVING]
            self.members[plan.into] = np.concatenate([self.members[plan.into], kept])
        else:
            self.background = np.concatenate([self.background, gone[self.rng.random(len(gone)) < 0.3]])

    def _false_links(self, t: int, came: np.ndarray, everyone: np.ndarray) -> None:
        false = came[self.rng.random(len(came)) < self.noise.link_false]
        self._link(t, self.rng.choice(everyone, len(false)), false, self.rng.beta(2, 6, len(false)))

    def _link(self, t: int, origins: np.ndarray, destinations: np.ndarray, p: np.ndarray) -> None:
        found = zip(origins.tolist(), destinations.tolist(), p.tolist(), strict=True)
        self.links += [(o, d, FIRST_YEAR + t, float(value)) for o, d, value in found]

    def _count(self, t: int) -> None:
        for track, firms in self.members.items():
            self.sizes[track, t] = len(firms)
            self.rows += [(int(firm), FIRST_YEAR + t, track) for firm in firms]
        self.rows += [(int(firm), FIRST_YEAR + t, -1) for firm in self.background]


def _seen(
    rng: np.random.Generator, truth: pd.DataFrame, plans: list[Plan], sizes: dict[tuple[int, int], int], noise: Noise
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Memberships and clusters as a clustering of each year alone might give them."""
    member_parts, cluster_rows = [], []
    for t in range(YEARS):
        year = FIRST_YEAR + t
        mine = truth[truth["year"] == year]
        track = mine["true_track"].to_numpy()
        here = sorted(number for number, at in sizes if at == t)
        discs = {number: _disc(plans, number, t, sizes) for number in here}
        shown = {number: number for number in here}
        for number in here:
            draw = rng.random(2)
            if draw[0] < noise.flicker:
                shown[number] = -1
            elif draw[1] < noise.fusion:
                shown[number] = _nearest(discs, number)
        label = np.array([shown.get(int(number), -1) for number in track])
        moved = (rng.random(len(label)) < noise.wrong) & (track >= 0)
        near = {number: shown[_nearest(discs, number)] for number in here}
        label[moved] = [near[int(number)] for number in track[moved]]
        label[(rng.random(len(label)) < noise.miss) & (track >= 0)] = -1
        groups = {number: [other for other in here if shown[other] == number] for number in set(shown.values()) - {-1}}
        if rng.random() < noise.spurious:
            standing = np.flatnonzero(track < 0)
            label[rng.choice(standing, 15, replace=False)] = 10_000
            spot = _sites(rng, 1)[0]
            discs[10_000] = (float(spot[0]), float(spot[1]), 240.0)
            groups[10_000] = [10_000]
        names = dict(zip(sorted(groups), rng.permutation(len(groups)).tolist(), strict=True))
        member_parts.append(
            pd.DataFrame(
                {"record": mine["record"].to_numpy(), "year": year, "cluster": [names.get(int(v), -1) for v in label]}
            )
        )
        for number, parts in sorted(groups.items()):
            cluster_rows.append((year, names[number], *_shape(rng, [discs[part] for part in parts], noise.jitter)))
    clusters = pd.DataFrame(cluster_rows, columns=["year", "cluster", "x_m", "y_m", "area_m2", "polygon_wkb"])
    return pd.concat(member_parts, ignore_index=True), clusters


def _disc(plans: list[Plan], number: int, t: int, sizes: dict[tuple[int, int], int]) -> tuple[float, float, float]:
    """Centre and radius; a merged cluster stands on both sites, the parts of a split share the old one."""
    plan = plans[number]
    x, y, radius = plan.x_m, plan.y_m, METRES_PER_ROOT_FIRM * np.sqrt(sizes[number, t])
    for other in plans:
        if other.into == number and t >= other.end:
            x, radius = (x + other.x_m) / 2, 1.3 * radius
        if other.begins == "split" and other.parent == number and t >= other.start:
            x -= METRES_PER_ROOT_FIRM * np.sqrt(sizes[number, t]) * 0.4
    if plan.begins == "split":
        parent = plans[plan.parent]
        whole = METRES_PER_ROOT_FIRM * np.sqrt(parent.size)
        x, y = parent.x_m + 0.75 * whole, parent.y_m
    return float(x), float(y), float(radius)


def _nearest(discs: dict[int, tuple[float, float, float]], number: int) -> int:
    others = [other for other in discs if other != number]
    x, y, _ = discs[number]
    return min(others, key=lambda other: (discs[other][0] - x) ** 2 + (discs[other][1] - y) ** 2)


def _shape(
    rng: np.random.Generator, discs: list[tuple[float, float, float]], jitter: float
) -> tuple[float, float, float, bytes]:
    from shapely import Point, to_wkb, union_all

    shapes = []
    for x, y, radius in discs:
        draw = rng.normal(size=3)
        centre = Point(x + jitter * radius * draw[0], y + jitter * radius * draw[1])
        shapes.append(centre.buffer(max(radius * (1 + jitter * draw[2]), 30.0), quad_segs=8))
    whole = union_all(shapes)
    return whole.centroid.x, whole.centroid.y, whole.area, to_wkb(whole)


def _events(plans: list[Plan]) -> pd.DataFrame:
    rows = []
    for plan in plans:
        if plan.begins:
            rows.append((plan.track, FIRST_YEAR + plan.start, plan.begins, plan.parent))
        if plan.ends and plan.end < YEARS:
            rows.append((plan.track, FIRST_YEAR + plan.end, plan.ends, plan.into))
        rows += [(plan.track, FIRST_YEAR + first, kind, -1) for first, _, kind in plan.phases]
    return pd.DataFrame(rows, columns=["track", "year", "kind", "other"])


def _stages(plans: list[Plan]) -> pd.DataFrame:
    rows = []
    for plan in plans:
        for t in range(plan.start, min(plan.end, YEARS)):
            rate = plan.rate[min(t + 1, YEARS - 1)] if t == plan.start else plan.rate[t]
            emerging = plan.begins in ("birth", "spill_over") and t < plan.start + EMERGING_YEARS
            stage = "declining" if rate < 0 else "emerging" if emerging else "growing" if rate > 0 else "mature"
            rows.append((plan.track, FIRST_YEAR + t, stage))
    return pd.DataFrame(rows, columns=["track", "year", "stage"])
