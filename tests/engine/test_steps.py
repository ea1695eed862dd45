"""A step says by its signature what it needs and what it names."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from townshift.engine import Step, collect, step
from townshift.types import Parameters

if TYPE_CHECKING:
    from pathlib import Path

    import ibis
    import pandas as pd

    from townshift import types
    from townshift.types import ChunkMapper, Estimates, Focus


class SomeParameters(Parameters):
    years: int = 3


@dataclass(frozen=True)
class SomeTables:
    gaps: Estimates
    listed: pd.DataFrame
    large: ibis.Table


@dataclass(frozen=True)
class NotTables:
    number: int


@step(question="labour", reads_files=("labour/words.toml",))
def several(
    facts: ibis.Table,
    series: ibis.Table,
    events: ibis.Table | None = None,
    *,
    parameters: SomeParameters,
    focus: Focus,
    chunks: ChunkMapper,
    breaks: list[dict[str, object]],
    claims_file: Path | None = None,
) -> SomeTables:
    raise NotImplementedError


@step(question="process")
def single(facts: ibis.Table) -> types.Estimates:
    raise NotImplementedError


def described(function: object) -> Step:
    return function.__step__  # type: ignore[attr-defined]


def test_a_signature_names_tables_and_results_without_importing_anything() -> None:
    found = described(several)
    assert found.needs == ("facts", "series")
    assert found.uses == ("events",)
    assert found.special == ("parameters", "focus", "chunks", "breaks", "claims_file")
    assert found.outputs == ("gaps", "gaps_draws", "gaps_lineage", "listed", "large")
    assert found.claims_optional
    assert found.reads_files == ("labour/words.toml",)
    assert described(single).outputs == ("single", "single_draws", "single_lineage")


def test_a_step_stays_a_plain_function() -> None:
    @step(question="process")
    def twice(facts: int) -> pd.DataFrame:
        return 2 * facts

    assert twice(21) == 42
    assert described(twice).outputs == ("twice",)


def test_steps_that_cannot_be_described_are_refused() -> None:
    def any_return(facts: ibis.Table) -> dict[str, object]: ...
    def not_tables(facts: ibis.Table) -> NotTables: ...
    def some_default(facts: ibis.Table = 3) -> pd.DataFrame: ...
    def any_number(*facts: ibis.Table) -> pd.DataFrame: ...

    for function, said in [
        (any_return, "no dataclass"),
        (not_tables, "NotTables.number"),
        (some_default, "only default to None"),
        (any_number, "cannot be given by name"),
    ]:
        with pytest.raises(TypeError, match=said):
            step(question="process")(function)
    with pytest.raises(TypeError, match="is not one of"):
        step(question="towns")(single)  # type: ignore[arg-type]


def test_steps_are_collected_in_the_order_in_which_they_are_written() -> None:
    assert [found.name for found in collect([sys.modules[__name__]])] == ["several", "single"]


def test_two_steps_may_not_write_one_table() -> None:
    module = ModuleType("elsewhere")

    def listed(facts: ibis.Table) -> pd.DataFrame: ...

    listed.__module__ = "elsewhere"
    module.listed = step(question="process")(listed)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="'listed' is written by 'several' and by 'listed'"):
        collect([sys.modules[__name__], module])


def test_a_step_imported_from_another_module_is_collected_once() -> None:
    module = ModuleType("elsewhere")
    module.single = single  # type: ignore[attr-defined]
    assert collect([module]) == ()
