"""Moves: which of two records is the origin, and who holds whom."""

from __future__ import annotations

import numpy as np
import pytest

from process.moves.test_moves import PARAMETERS, planted
from process.registry.small_establishments import PLACES, establishment, key, opened
from townshift.process.moves.blocking import candidate_pairs
from townshift.process.moves.comparisons import compared_pairs, unpacked_levels
from townshift.process.moves.doubles import pairs_of_two_places
from townshift.process.moves.find_moves import counted_records, find_moves
from townshift.process.moves.levels import HOLDER, OWNERSHIP
from townshift.process.moves.parameters import MovesParameters
from townshift.process.moves.records import linkage_records
from townshift.process.moves.rivals import settle_rivals
from townshift.process.moves.training import train


def compared(folder, *rows):
    """The compared pairs of a few records, whatever they weigh."""
    engine, table, methods = opened(folder, rows)
    records = counted_records(linkage_records(table, methods, PLACES), methods)
    pairs = candidate_pairs(records, MovesParameters(), methods).pairs
    found = compared_pairs(pairs, records, train(records, PARAMETERS, methods), -1e9, methods).to_pyarrow()
    engine.close()
    return found


def orders(folder, *rows):
    found = compared(folder, *rows)
    return sorted(zip(found["origin"].to_pylist(), found["destination"].to_pylist(), strict=True))


def test_of_a_pair_given_in_both_orders_at_most_one_is_a_move():
    origin, destination = np.array([1, 9, 4]), np.array([9, 1, 5])
    odds = np.array([[1e6, 0, 1e6], [0, 1e6, 0], [0, 0, 0], [0, 0, 0.0]])
    p = settle_rivals(origin, destination, odds, np.arange(3))
    assert p[:2, :-1].sum() <= 1
    assert p[0, 0] == pytest.approx(p[1, 1])
    assert p[2, 0] > 0.99


def test_a_record_of_unknown_start_is_no_destination_of_one_that_starts_after_its_end(tmp_path):
    ended = establishment("A", trade="杏溪", start=None, end=10_000, place="P1")
    later = establishment("B", trade="杏溪", start=10_500, place="P2")
    assert orders(tmp_path / "told", ended, later) == [(0, 1)]
    assert orders(tmp_path / "open", ended | {"exit_from": None, "exit_to": None}, later) == [(0, 1), (1, 0)]


def test_only_a_holding_by_the_earlier_firm_counts_as_a_trace(tmp_path):
    for folder, held, levels in (("origin", "later", (1, 1)), ("destination", "earlier", (-1, 0))):
        holders = {"earlier": (), "later": ()} | {held: ("杏溪甲" if held == "later" else "杏溪乙",)}
        earlier = establishment("A", trade="杏溪", name="杏溪甲", start=9_000, place="P1", holders=holders["earlier"])
        later = establishment("B", trade="杏溪", name="杏溪乙", start=12_000, place="P2", holders=holders["later"])
        found = unpacked_levels(compared(tmp_path / folder, earlier, later)["levels"].to_numpy())
        assert (found[OWNERSHIP, 0], found[HOLDER, 0]) == levels


def test_firms_that_later_namesakes_hold_did_not_move_to_them(tmp_path):
    rows, _ = planted()
    for number in range(60):
        word = f"{chr(0x9000 + number)}{chr(0x9100 + number)}{chr(0x9200 + number)}"
        rows.append(
            establishment(f"V{number:03d}a", trade=word, person=f"甲{number}", start=11_000, holders=[f"乙业{number}"])
        )
        rows.append(
            establishment(f"V{number:03d}b", trade=word, person=f"乙{number}", start=12_500, place="P20",
                          name=f"乙业{number}", end=15_000)
        )  # fmt: skip
    engine, table, methods = opened(tmp_path, rows)
    moves = find_moves(table, PARAMETERS, methods, PLACES).moves
    engine.close()
    taken = moves["origin_record_id"].str.startswith("V") & (moves["p_look_alike"] < 0.5)
    assert not taken.any()


def test_one_street_name_in_two_counties_makes_no_candidates(tmp_path):
    street = {"address_key": key("人民路8号")}
    rows = [
        establishment("A", place="P1", county="P1", start=9_000) | street,
        establishment("B", place="P2", county="P2", start=9_000) | street,
        establishment("C", place="P3", county="P2", start=9_020) | street,
    ]
    assert orders(tmp_path, *rows) == [(1, 2)]


def test_where_a_start_is_unknown_a_holding_tells_the_origin(tmp_path):
    pairs = compared(
        tmp_path,
        establishment("A", trade="杏溪", name="杏溪甲", start=None, end=16_000, place="P1"),
        establishment("B", trade="杏溪", start=14_000, place="P2", holders=["杏溪甲"]),
    )
    levels = pairs_of_two_places(pairs).levels
    assert list(levels[HOLDER]) == [1, 0]
    assert list(levels[OWNERSHIP]) == [1, -1]
