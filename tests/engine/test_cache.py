"""What makes a stored result stale, and what does not."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.toy_town import ToyTown, states, stored_bytes
from townshift.engine import cachekey

ALL_COMPUTED = {"doubled": "computed", "all_levels": "computed", "means": "computed"}
ALL_FRESH = {"doubled": "fresh", "all_levels": "fresh", "means": "fresh"}


def test_a_second_run_computes_nothing_and_leaves_the_same_bytes(town: ToyTown) -> None:
    assert states(town.run()) == ALL_COMPUTED
    before = stored_bytes(town.study.out)
    assert states(town.run()) == ALL_FRESH
    assert stored_bytes(town.study.out) == before


def test_a_plan_says_why_and_does_nothing(town: ToyTown) -> None:
    planned = town.run(plan=True)
    assert states(planned) == {"doubled": "stale", "all_levels": "stale", "means": "stale"}
    assert str(planned["doubled"]) == "doubled: stale (not computed before)"
    assert str(planned["all_levels"]) == "all_levels: stale (doubled comes first)"
    assert not (town.study.out / "results").exists()
    town.run()
    assert states(town.run(plan=True)) == ALL_FRESH


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("measures", '"""What it says."""', '"""Twice the values."""'),
        ("measures", '"""Measures of a toy."""', ""),
        ("steps", '"""Twice every value."""', '"""Doubles."""'),
        ("measures", "FACTOR = 2", "FACTOR  =  2  # two"),
        ("repeated", "import time\n", "import time\n\n\n"),
    ],
)
def test_prose_and_layout_make_nothing_stale(town: ToyTown, module: str, old: str, new: str) -> None:
    town.run()
    town.edit(module, old, new)
    assert states(town.run()) == ALL_FRESH


def test_a_constant_of_an_imported_module_makes_its_step_stale_and_those_that_read_it(town: ToyTown) -> None:
    town.run()
    town.edit("measures", "FACTOR = 2", "FACTOR = 3")
    planned = town.run(plan=True)
    assert str(planned["doubled"]) == "doubled: stale (code changed: toy_town_package.measures)"
    record = town.run()
    assert states(record) == ALL_COMPUTED
    assert [str(reason) for reason in record["all_levels"].reasons] == ["table changed: doubled"]


def test_a_module_imported_only_inside_a_measure_counts(town: ToyTown) -> None:
    town.edit(
        "measures", "    return values * FACTOR", "    from .deep import more\n\n    return values * FACTOR + more()"
    )
    (town.folder / "deep.py").write_text("def more():\n    return 1\n")
    town.run()
    (town.folder / "deep.py").write_text("def more():\n    return 2\n")
    record = town.run()
    assert [reason.name for reason in record["doubled"].reasons] == ["toy_town_package.deep"]


def test_code_that_gives_the_same_table_stops_there(town: ToyTown) -> None:
    town.run()
    town.edit("measures", "return values * FACTOR", "return FACTOR * values")
    assert states(town.run()) == {"doubled": "computed", "all_levels": "fresh", "means": "fresh"}


def test_a_step_leaves_its_neighbours_in_the_file_fresh(town: ToyTown) -> None:
    town.run()
    town.edit("steps", "found.draws.mean(axis=1)", "found.draws.mean(axis=1) + 1")
    assert states(town.run()) == {"doubled": "fresh", "all_levels": "fresh", "means": "computed"}


def test_a_helper_and_a_dataclass_of_the_same_file_count(town: ToyTown) -> None:
    town.edit("steps", "class DoubledParameters", "def shift(x):\n    return x + 1\n\n\nclass DoubledParameters")
    town.edit("steps", "+ parameters.plus", "+ shift(parameters.plus)")
    town.run()
    town.edit("steps", "return x + 1", "return x + 2")
    assert town.run()["doubled"].reasons[0].name == "toy_town_package.steps:shift"
    town.edit("steps", "plus: int = 0", "plus: int = 1")
    assert town.run()["doubled"].reasons[0].name == "toy_town_package.steps:DoubledParameters"


def test_a_parameter_makes_its_step_stale_and_the_command_line_wins(town: ToyTown) -> None:
    town.run()
    town.study.given = {"doubled": {"plus": 1}}
    record = town.run()
    assert [str(reason) for reason in record["doubled"].reasons] == ["parameter changed: plus"]
    record = town.run(overrides={"doubled": {"plus": 5}})
    assert record["doubled"].parameters == {"plus": 5}
    assert record["doubled"].origins == {"plus": "command line"}


def test_what_a_step_asks_of_the_study_counts_only_for_it(town: ToyTown) -> None:
    town.run()
    town.study.focus = replace(town.study.focus, seed=8)
    assert states(town.run()) == {"doubled": "fresh", "all_levels": "computed", "means": "computed"}


def test_a_library_version_makes_everything_stale(town: ToyTown, monkeypatch: pytest.MonkeyPatch) -> None:
    town.run()
    cachekey.libraries.cache_clear()
    monkeypatch.setattr(cachekey, "version", lambda name: "9.9" if name == "numpy" else "1.0")
    try:
        record = town.run(plan=True)
    finally:
        cachekey.libraries.cache_clear()
    assert {"libraries"} == {reason.kind for reason in record["doubled"].reasons}
    assert "numpy" in {reason.name for reason in record["doubled"].reasons}


def test_content_decides_and_not_the_time_of_a_file(town: ToyTown) -> None:
    town.run()
    os.utime(town.study.load_table("facts"), (1, 1))
    assert states(town.run()) == ALL_FRESH
    town.study.write("facts", {"fact_id": ["f1"], "place_id": ["p"], "value": [9]})
    os.utime(town.study.load_table("facts"), (1, 1))
    assert states(town.run()) == ALL_COMPUTED


def test_an_optional_table_that_appears_and_goes_again_is_noticed(town: ToyTown) -> None:
    town.run()
    town.study.write("events", {"event_id": ["e1", "e2"]})
    assert states(town.run()) == {"doubled": "fresh", "all_levels": "fresh", "means": "computed"}
    town.study.load_table("events").unlink()
    record = town.run()
    assert [str(reason) for reason in record["means"].reasons] == ["table changed: events"]


def _shorten(town: ToyTown) -> None:
    path = town.study.out / "results" / "squares.parquet"
    path.write_bytes(path.read_bytes()[:-1])


def _flip_one_byte(town: ToyTown) -> None:
    path = town.study.out / "results" / "levels_draws.parquet"
    stat = path.stat()
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _remove(town: ToyTown) -> None:
    (town.study.out / "results" / "levels.parquet").unlink()


def _spoil_manifest(town: ToyTown) -> None:
    (town.study.out / "cache" / "steps" / "all_levels.json").write_text('{"key": ')


@pytest.mark.parametrize("damage", [_shorten, _flip_one_byte, _remove, _spoil_manifest])
def test_a_stored_file_that_was_altered_or_lost_is_computed_anew(
    town: ToyTown, damage: Callable[[ToyTown], None]
) -> None:
    town.run()
    before = stored_bytes(town.study.out)
    damage(town)
    assert states(town.run()) == {"doubled": "fresh", "all_levels": "computed", "means": "fresh"}
    assert stored_bytes(town.study.out) == before


def test_spoiled_indexes_cost_time_and_nothing_else(town: ToyTown) -> None:
    town.run()
    for path in (town.study.out / "cache" / "index").iterdir():
        path.write_text("[1, 2")
    assert states(town.run()) == ALL_FRESH


def test_texts_count_where_a_measure_reads_them(town: ToyTown) -> None:
    town.edit("measures", "FACTOR = 2", "from townshift.locales import text\n\nFACTOR = 2")
    record = town.run()
    assert record["doubled"].ingredients is not None
    assert "locales/zh/engine.toml" in record["doubled"].ingredients.files
    assert record["all_levels"].ingredients is not None
    assert not record["all_levels"].ingredients.files


def test_a_data_file_beside_a_module_counts(town: ToyTown) -> None:
    town.run()
    (town.folder / "words.toml").write_text("a = 1")
    record = town.run()
    assert [str(reason) for reason in record["doubled"].reasons] == [
        "data file of the code changed: toy_town_package/words.toml"
    ]
    (town.folder / "notes.md").write_text("prose")
    assert states(town.run()) == ALL_FRESH


def test_a_line_names_a_few_reasons_and_counts_the_others(town: ToyTown) -> None:
    town.run()
    for name in "abcde":
        (town.folder / f"{name}.json").write_text("1")
    line = str(town.run(plan=True)["doubled"])
    assert line.count("data file") == 3
    assert line.endswith("; and 2 more)")
