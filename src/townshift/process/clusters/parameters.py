"""What a user may set of the search for clusters, and what a cluster is said to have."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from townshift.types import Parameters

Method = Literal["level_set", "hdbscan"]

NOISE = -1
"""Label of an establishment that belongs to no cluster."""

CLUSTER_COLUMNS: tuple[str, ...] = (
    "cluster",
    "n",
    "jobs",
    "area_m2",
    "density_per_km2",
    "lq",
    "lq_low",
    "lq_high",
    "x_m",
    "y_m",
    "stability",
    "polygon_wkb",
)
"""Columns of every table of clusters; `year` stands before them in tables by year."""


class ClustersParameters(Parameters):
    """Parameters of the step `clusters`.

    Attributes:
        method: `level_set`, areas denser than chance allows, or `hdbscan`, groups of points denser than what
            surrounds them. docs/decisions/0006 says why the first is the default.
        min_firms: establishments that make a cluster; smaller ones are noise.
        significance: chance that a landscape without clusters shows one, over all places and scales (level sets).
        excess_ratio: density of a cluster relative to the background, at least; at 2 an establishment in a
            cluster owes its place rather to the cluster than to the background (level sets).
        extent_level: excess, in standard deviations, of a place that belongs to a cluster; its peak must pass the level
            of `significance` (level sets).
        edge_share: density over that of the densest place within two bandwidths, below which a place is taken for
            the smear of a kernel (level sets).
        bandwidth_m: standard deviation of the finest kernel, metres; None for a quarter of the mean spacing of
            establishments in the window, or what `max_cells` allows (level sets).
        octaves: bandwidths that are tried, each twice the one before (level sets).
        max_cells: cells of the finest grid, at most; sets memory and time (level sets).
        null_runs: landscapes without clusters from which the level is taken (level sets).
        min_samples: neighbours that define the density at a point; None for `min_firms` (HDBSCAN).
        selection: how the tree is cut: `eom`, excess of mass, or `leaf`, the finest clusters (HDBSCAN).
        resamples: samples of the establishments from which stability is taken; 0 to leave it out.
    """

    method: Method = "level_set"
    min_firms: int = Field(default=10, ge=3)
    significance: float = Field(default=0.05, gt=0, lt=0.5)
    excess_ratio: float = Field(default=2.0, gt=1)
    extent_level: float = Field(default=2.5, ge=0)
    edge_share: float = Field(default=0.3, ge=0, lt=1)
    bandwidth_m: float | None = Field(default=None, gt=0)
    octaves: int = Field(default=4, ge=1, le=8)
    max_cells: int = Field(default=2**21, ge=2**10, le=2**26)
    null_runs: int = Field(default=40, ge=20)
    min_samples: int | None = Field(default=None, ge=1)
    selection: Literal["eom", "leaf"] = "eom"
    resamples: int = Field(default=50, ge=0)
