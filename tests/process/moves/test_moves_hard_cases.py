"""Five hundred hand-made hard pairs, none from a generator, judged in a crowd of other firms."""

from __future__ import annotations

from collections import Counter

import pyarrow.parquet as pq
import pytest

from process.moves.hard_registry import establishments, read_cases
from townshift.engine.tables import DuckDBEngine
from townshift.process.moves.find_moves import find_moves
from townshift.process.moves.parameters import KINDS, LOOK_ALIKE, MovesParameters, TableMethods

FLOOR_MOVE, FLOOR_KIND, CEILING_TAKEN = 0.94, 0.90, 0.03
"""Seen when written: 0.966, 0.944 and 0.000; most that is missed has a former partner as its only trace."""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hard")
    table, places, pairs = establishments()
    pq.write_table(table, folder / "establishments.parquet")
    engine = DuckDBEngine(folder / "engine", workers=1)
    methods = TableMethods(engine.frame, engine.map_batches)
    found = find_moves(engine.table(folder / "establishments.parquet"), MovesParameters(), methods, places)
    engine.close()
    said = {
        (row.origin_record_id, row.destination_record_id): (1 - row.p_look_alike, row.kind)
        for row in found.moves.itertuples()
    }
    out = []
    for origin, destination, case in pairs:
        p, kind = said.get((origin, destination), (0.0, LOOK_ALIKE))
        out.append((case, p, kind if p >= 0.5 else LOOK_ALIKE))
    return out


def test_the_file_holds_cases_of_every_kind_and_many_traps():
    cases = read_cases()
    assert {case["kind"] for case in cases} == {*KINDS, LOOK_ALIKE}
    assert len({case["case_id"] for case in cases}) == len(cases) == 500
    assert len({case["trap"] for case in cases}) >= 40


def test_most_hard_pairs_are_told_to_be_a_move_or_none(verdicts):
    right = [(kind != LOOK_ALIKE) == (case["kind"] != LOOK_ALIKE) for case, _, kind in verdicts]
    assert sum(right) / len(right) >= FLOOR_MOVE


def test_most_hard_pairs_are_told_by_kind(verdicts):
    right = [kind == case["kind"] for case, _, kind in verdicts]
    assert sum(right) / len(right) >= FLOOR_KIND


def test_look_alikes_are_seldom_taken_for_moves(verdicts):
    taken = Counter(case["trap"] for case, _, kind in verdicts if case["kind"] == LOOK_ALIKE and kind != LOOK_ALIKE)
    alike = sum(case["kind"] == LOOK_ALIKE for case, _, _ in verdicts)
    assert sum(taken.values()) / alike <= CEILING_TAKEN, taken
