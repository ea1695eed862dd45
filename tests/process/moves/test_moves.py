"""Moves: what is found in small registries with planted moves, and that nothing but the records decides it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from process.registry.small_establishments import PLACES, crowd, establishment, moved, opened
from townshift.errors import MeasureError
from townshift.locales import has_text
from townshift.process.moves.blocking import candidate_pairs
from townshift.process.moves.certain import COLUMNS, P_COLUMNS, REVIEW_COLUMNS
from townshift.process.moves.comparisons import compared_pairs
from townshift.process.moves.evaluation import evaluate_moves
from townshift.process.moves.find_moves import counted_records, find_moves
from townshift.process.moves.flows import move_flows
from townshift.process.moves.model import MoveModel
from townshift.process.moves.parameters import KINDS, MovesParameters
from townshift.process.moves.reasons import CODES
from townshift.process.moves.records import linkage_records
from townshift.process.moves.splink_model import linkage_connection, linker
from townshift.process.moves.training import train
from townshift.types import N_DRAWS

PARAMETERS = MovesParameters(training_pairs=200_000, training_records=5_000)
EACH = 40


def planted():
    rng = np.random.default_rng(5)
    rows, truth = crowd(4_000), []
    for number in range(EACH * len(KINDS)):
        kind = KINDS[number % len(KINDS)]
        pair = moved(number, kind, rng)
        rows += pair
        truth.append((pair[0]["record_id"], pair[1]["record_id"], kind))
    return rows, pd.DataFrame(truth, columns=["origin_record_id", "destination_record_id", "kind"])


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    rows, truth = planted()
    engine, table, methods = opened(tmp_path_factory.mktemp("moves"), rows)
    yield table, methods, truth
    engine.close()


@pytest.fixture(scope="module")
def found(registry):
    table, methods, _ = registry
    return find_moves(table, PARAMETERS, methods, PLACES)


def test_planted_moves_are_found_and_told_by_kind(found, registry):
    quality = evaluate_moves(found.moves, registry[2])
    precision, recall, _ = quality.at(0.5)
    assert precision >= 0.9
    assert recall >= 0.9
    assert quality.kind_accuracy >= 0.9


def test_probabilities_sum_to_one_and_the_kind_is_the_most_probable_one(found):
    p = found.moves[list(P_COLUMNS)].to_numpy()
    assert list(found.moves.columns) == list(COLUMNS)
    assert np.allclose(p.sum(axis=1), 1, atol=1e-12)
    assert (p >= 0).all()
    assert list(found.moves["kind"]) == [KINDS[k] for k in p[:, :-1].argmax(axis=1)]


def test_every_reason_has_a_text_and_every_text_is_a_reason(found):
    said = {code for codes in found.moves["reasons"] for code in codes.split(";") if code}
    assert said <= set(CODES)
    assert all(has_text(f"moves.reason.{code}") for code in CODES)


def test_the_same_bytes_for_any_number_of_threads(registry, found, tmp_path):
    for threads in (1, 2):
        engine, table, methods = opened(tmp_path / str(threads), planted()[0])
        engine._backend.con.execute(f"SET threads = {threads}")
        again = find_moves(table, PARAMETERS, methods, PLACES)
        engine.close()
        pd.testing.assert_frame_equal(again.moves, found.moves, check_exact=True)
        assert again.model.to_json() == found.model.to_json()
        pd.testing.assert_frame_equal(again.moves_blocking, found.moves_blocking)


def test_our_weights_are_those_that_splink_predicts(registry):
    table, methods, _ = registry
    records = counted_records(linkage_records(table, methods, PLACES), methods)
    model = train(records, PARAMETERS, methods)
    pairs = candidate_pairs(records, PARAMETERS, methods).pairs
    ours = methods.frame(compared_pairs(pairs, records, model, -1e9, methods))
    ours = ours.assign(l=ours[["origin", "destination"]].min(axis=1), r=ours[["origin", "destination"]].max(axis=1))
    ours = ours.drop_duplicates(["l", "r"])[["l", "r", "weight"]]
    with linkage_connection() as connection:
        rules = [("trade_key",), ("representative_key",), ("phone_key",)]
        predicted = linker(connection, methods.frame(records), model, rules).inference.predict().physical_name
        theirs = connection.execute(f"SELECT unique_id_l AS l, unique_id_r AS r, match_weight FROM {predicted}").df()
    both = ours.astype({"l": "int64", "r": "int64"}).merge(theirs, on=["l", "r"])
    assert len(both) > 3_000
    assert np.abs(both["weight"] - both["match_weight"]).max() < 1e-9


def test_a_name_shared_by_thousands_does_not_explode_and_is_reported(tmp_path):
    rows = [
        establishment(f"H{n:05d}", trade="鑫源", person=f"人{n}", place=f"P{n % 30}", start=9_000 + n)
        for n in range(5_000)
    ]
    engine, table, methods = opened(tmp_path, rows)
    records = linkage_records(table, methods)
    candidates = candidate_pairs(records, PARAMETERS, methods)
    n = int(methods.frame(candidates.pairs.aggregate(n=candidates.pairs.count()))["n"].iloc[0])
    engine.close()
    crowded = candidates.blocking.set_index(["rule", "outcome"]).loc[("trade_name", "crowded")]
    assert n == 0
    assert (crowded["n_groups"], crowded["largest_group"]) == (1, 5_000)


def test_an_empty_registry_has_no_moves(tmp_path):
    engine, table, methods = opened(tmp_path, [])
    found = find_moves(table, PARAMETERS, methods, PLACES)
    engine.close()
    assert found.moves.empty
    assert list(found.moves.columns) == list(COLUMNS)
    assert move_flows(found.moves, found.calibration, seed=1).table.empty


def test_a_double_in_one_place_is_no_move_and_hides_none(tmp_path):
    rows, _ = planted()
    first = next(row for row in rows if row["record_id"] == "M00000b")
    rows.append(first | {"record_id": "M00000c"})
    engine, table, methods = opened(tmp_path, rows)
    moves = find_moves(table, PARAMETERS, methods, PLACES).moves.set_index("move_id")
    engine.close()
    assert not any("M00000b>M00000c" in move or "M00000c" in move for move in moves.index)
    assert 1 - moves.loc["M00000a>M00000b", "p_look_alike"] > 0.5


def test_succession_links_are_certain_moves_and_leave_their_rivals_no_chance(registry):
    table, methods, truth = registry
    stated = pd.DataFrame(
        {"predecessor_id": ["C000001"], "successor_id": [truth["destination_record_id"].iloc[0]], "date": ["2012-05"],
         "seat_transfer": [1], "economic_continuity": [1]}
    )  # fmt: skip
    moves = find_moves(table, PARAMETERS, methods, PLACES, successions=stated).moves.set_index("move_id")
    link = moves.loc[f"C000001>{truth['destination_record_id'].iloc[0]}"]
    assert (link["p_relocation"], link["basis"], link["kind"], link["year"]) == (1.0, "succession", "relocation", 2012)
    assert moves.loc[f"M00000a>{truth['destination_record_id'].iloc[0]}", "p_relocation"] == 0


def test_flows_are_sums_of_probabilities_with_intervals(found):
    flows = move_flows(found.moves, found.calibration, seed=7)
    p = found.moves[[f"p_{kind}" for kind in KINDS]].to_numpy()
    assert flows.draws.shape == (len(flows.table), N_DRAWS)
    assert 0.8 * p.sum() <= flows.table["value"].sum() <= p.sum()
    assert (flows.table["low"] <= flows.table["value"]).all()
    assert (flows.table["value"] <= flows.table["high"]).all()
    assert np.allclose(flows.lineage.groupby("estimate_id")["share"].sum(), 1)


def test_the_model_of_agreement_survives_being_written(found):
    assert MoveModel.from_json(found.model.to_json()) == found.model


def test_names_of_persons_are_in_no_result(found):
    text = found.moves.to_csv() + found.review_moves.to_csv() + found.model.to_json()
    assert "人" not in text
    assert "主" not in text


def test_answers_settle_their_pairs_and_move_the_others(registry, found):
    table, methods, _ = registry
    sheet = found.moves.sort_values(["p_look_alike", "move_id"])
    refused, affirmed = sheet["move_id"].iloc[:30], sheet["move_id"].iloc[-1]
    answers = pd.DataFrame({"move_id": [*refused, affirmed], "kind": ["look_alike"] * 30 + ["branch"]})
    again = find_moves(table, PARAMETERS, methods, PLACES, answers=answers).moves.set_index("move_id")
    assert (again.loc[refused, "p_look_alike"] == 1).all()
    assert (again.loc[affirmed, "p_branch"], again.loc[affirmed, "basis"]) == (1.0, "reviewed")
    others = [move for move in found.moves["move_id"] if move not in set(answers["move_id"])]
    before = 1 - found.moves.set_index("move_id").loc[others, "p_look_alike"]
    assert (1 - again.loc[others, "p_look_alike"]).sum() < before.sum()


def test_an_unknown_answer_and_a_contradiction_are_both_reported(registry, found):
    table, methods, _ = registry
    first, second = found.moves["move_id"].iloc[:2]
    answers = pd.DataFrame({"move_id": [first, second, second], "kind": ["perhaps", "branch", "relocation"]})
    with pytest.raises(MeasureError) as caught:
        find_moves(table, PARAMETERS, methods, PLACES, answers=answers)
    assert [problem.code for problem in caught.value.problems] == ["TS-MOVES-001", "TS-MOVES-002"]


def test_the_review_sheet_asks_of_borderline_pairs_that_nobody_answered(registry, found):
    sheet = found.review_moves
    assert list(sheet.columns) == list(REVIEW_COLUMNS)
    assert sheet["probability"].between(PARAMETERS.review_low, PARAMETERS.review_high).all()
    assert sheet["kind"].isna().all()
    assert (sheet["probability"] - 0.5).abs().is_monotonic_increasing
    if len(sheet):
        table, methods, _ = registry
        answers = pd.DataFrame({"move_id": sheet["move_id"].iloc[:1], "kind": ["look_alike"]})
        again = find_moves(table, PARAMETERS, methods, PLACES, answers=answers)
        assert sheet["move_id"].iloc[0] not in set(again.review_moves["move_id"])
