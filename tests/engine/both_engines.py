"""The engines on which one test body runs, and the marks of what Spark does differently."""

from __future__ import annotations

import pytest

from townshift.engine.tables import check_engine
from townshift.errors import EngineError

LOCAL_SPARK = "spark://local[2]"

ENGINES = ["duckdb", pytest.param(LOCAL_SPARK, marks=pytest.mark.spark)]


def gap_on_spark(reason: str) -> pytest.MarkDecorator:
    """A test of both engines that Spark cannot pass, with the reason."""
    marks = [pytest.mark.spark, pytest.mark.skip(reason=reason)]
    return pytest.mark.parametrize("engine", ["duckdb", pytest.param(LOCAL_SPARK, marks=marks)], indirect=True)


def skip_without(url: str) -> None:
    """Skip the test where this machine lacks what the engine needs, and say what that is."""
    try:
        check_engine(url)
    except EngineError as problem:
        pytest.skip(str(problem.problems[0].part("what")))
