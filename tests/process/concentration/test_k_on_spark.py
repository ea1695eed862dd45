"""Bands of a K-density are the same bytes on Spark."""

from pathlib import Path

import numpy as np
import pytest

from engine.both_engines import LOCAL_SPARK, skip_without
from townshift.engine.tables import open_engine
from townshift.process.concentration.k_density import k_density
from townshift.process.concentration.k_parameters import KDensityParameters
from townshift.process.concentration.points import checked_points


@pytest.mark.spark
def test_relabellings_on_spark_give_the_bands_of_one_process(tmp_path: Path) -> None:
    skip_without(LOCAL_SPARK)
    draw = np.random.default_rng(1)
    points = checked_points(*draw.uniform(1_000, 21_000, (2, 400)), case=np.arange(400) < 60)
    engine = open_engine(LOCAL_SPARK, tmp_path / "spill")
    try:
        for computation in ("exact", "grid"):
            given = KDensityParameters(computation=computation, relabellings=99, distances=21)
            alone, together = k_density(points, given, 5), k_density(points, given, 5, engine.map_chunks)
            assert alone.bands.global_high.tobytes() == together.bands.global_high.tobytes()
    finally:
        engine.close()
