"""Moves on Spark are those on DuckDB: pairs, probabilities, blocking and model."""

from __future__ import annotations

import pandas as pd
import pytest

from process.moves.test_moves import PARAMETERS, planted
from process.registry.small_establishments import PLACES, opened
from townshift.process.moves.find_moves import find_moves
from townshift.process.moves.parameters import TableMethods


@pytest.mark.spark
def test_spark_finds_the_same_moves_with_the_same_model(tmp_path):
    from townshift.engine.spark import SparkEngine

    engine, table, methods = opened(tmp_path, planted()[0])
    here = find_moves(table, PARAMETERS, methods, PLACES)
    engine.close()
    cluster = SparkEngine("spark://local[2]", tmp_path / "spark")
    try:
        there = find_moves(
            cluster.table(tmp_path / "establishments.parquet"),
            PARAMETERS,
            TableMethods(cluster.frame, cluster.map_batches),
            PLACES,
        )
    finally:
        cluster.close()
    pd.testing.assert_frame_equal(here.moves, there.moves, rtol=1e-9)
    pd.testing.assert_frame_equal(here.moves_blocking, there.moves_blocking)
    assert here.model == there.model
