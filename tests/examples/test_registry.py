"""The synthetic registry: same bytes, a truth that fits its records, rates as stated, nobody real."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from townshift.examples import registry
from townshift.examples.registry import synthetic_registry
from townshift.examples.registry_moves import KIND_SHARES, KINDS
from townshift.examples.registry_noise import FAULTS
from townshift.examples.registry_sampling import scattered
from townshift.examples.registry_study import write_example
from townshift.examples.registry_text_cn import CODE_LETTERS
from townshift.examples.registry_world import build_world, gazetteer
from townshift.study import open_study
from townshift.study.check import check_study
from townshift.study.clean_parquet import is_clean, loaded_schema

ROWS = 60_000


@pytest.fixture(scope="module")
def chinese(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cn")
    write_example(folder, ROWS, 7)
    return folder


@pytest.fixture(scope="module")
def british(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uk")
    write_example(folder, 20_000, 7, "uk")
    return folder


def asked(folder: Path, question: str):
    names = {name: f"'{folder}/data/{name}.parquet'" for name in ("firms",)}
    names |= {name: f"'{folder}/truth/{name}.parquet'" for name in ("moves", "records")}
    return duckdb.sql(question.format(**names)).fetchall()


def fingerprints(folder: Path):
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "out" not in path.parts)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("country", ["cn", "uk"])
def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(tmp_path, country):
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        write_example(tmp_path / name, 3_000, seed, country)
    one, two, three = (fingerprints(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    assert one["data/firms.parquet"] != three["data/firms.parquet"]


def test_a_block_does_not_depend_on_the_blocks_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "BLOCK", 1 << 10)
    world = build_world("cn", 3)
    words = registry.load_words(world)
    blocks = list(registry.latent_blocks(world, words, 3_000, 3, "hard"))
    again = list(registry.latent_blocks(world, words, 3_000, 3, "hard"))
    assert [block.number for block in blocks] == [0, 1, 2]
    assert (blocks[2].records.person == again[2].records.person).all()
    assert len(np.unique(np.concatenate([block.ids for block in blocks]))) == 3_000


@pytest.mark.parametrize("country", ["cn", "uk"])
@pytest.mark.parametrize("points", [False, True])
def test_the_file_is_already_what_loading_would_write(tmp_path, country, points):
    written = synthetic_registry(tmp_path, 3_000, 5, country=country, points=points, as_loaded=True)
    assert pq.read_schema(written.firms).equals(loaded_schema("firms"))
    for batch in pq.ParquetFile(written.firms).iter_batches():
        texts = [column for column in batch.columns if pa.types.is_string(column.type)]
        assert not any(pc.any(pc.equal(column, "")).as_py() for column in texts)


@pytest.mark.parametrize("folder", ["chinese", "british"])
def test_the_registry_is_used_where_it_lies_and_not_copied(folder, request):
    study = open_study(request.getfixturevalue(folder))
    assert is_clean(study, study.tables["firms"], check_study(study))


@pytest.mark.parametrize("folder", ["chinese", "british"])
def test_the_study_checks_without_a_fatal_problem(folder, request):
    report = check_study(request.getfixturevalue(folder))
    assert report.ok, report.findings


@pytest.mark.parametrize("folder", ["chinese", "british"])
def test_ids_are_unique_and_every_record_has_its_truth(folder, request):
    folder = request.getfixturevalue(folder)
    [(rows, ids, matched)] = asked(
        folder,
        "select count(*), count(distinct f.record_id), count(r.record_id) from {firms} f left join {records} r"
        " using (record_id)",
    )
    assert rows == ids == matched


@pytest.mark.parametrize("folder", ["chinese", "british"])
def test_true_moves_tie_records_of_different_places_in_the_order_their_kind_demands(folder, request):
    folder = request.getfixturevalue(folder)
    found = asked(
        folder,
        "select m.kind, o.true_place_id, d.true_place_id, o.true_entry, o.true_exit, d.true_entry, m.date,"
        " o.duplicate_of, d.duplicate_of from {moves} m join {records} o on o.record_id = m.origin_record_id"
        " join {records} d on d.record_id = m.destination_record_id",
    )
    assert len(found) == asked(folder, "select count(*) from {moves}")[0][0] > 500
    for kind, here, there, entry, exit_, later, date, twin, other_twin in found:
        assert here != there
        assert later == date
        assert entry < later
        assert twin is None
        assert other_twin is None
        if kind == "relocation":
            assert exit_ is not None
            assert -6 * 31 <= (later - exit_).days <= 18 * 31
        elif kind in ("branch", "outsourcing"):
            assert exit_ is None or exit_ > later


def test_a_relocated_firm_stays_the_same_firm_and_an_outsourced_workshop_is_another(chinese):
    same = dict(
        asked(
            chinese,
            "select m.kind, avg((o.true_firm = d.true_firm)::int) from {moves} m join {records} o on"
            " o.record_id = m.origin_record_id join {records} d on d.record_id = m.destination_record_id group by 1",
        )
    )
    assert same["relocation"] == 1
    assert same["outsourcing"] == same["return_entrepreneurship"] == 0
    assert 0.3 < same["branch"] < 0.6


def test_a_destination_belongs_to_one_move_only(chinese):
    assert asked(chinese, "select count(*) - count(distinct destination_record_id) from {moves}") == [(0,)]


def test_kinds_and_faults_come_at_the_stated_rates(chinese):
    counts = dict(asked(chinese, "select kind, count(*) from {moves} group by 1"))
    total = sum(counts.values())
    for kind, share in zip(KINDS, KIND_SHARES, strict=True):
        assert counts[kind] / total == pytest.approx(share, abs=4 * (share * (1 - share) / total) ** 0.5)
    faults = FAULTS["hard"]
    [(person, province, code, no_entry, old)] = asked(
        chinese,
        "select avg((coalesce(legal_representative, '') in ('', 'N/A', '空白', '-'))::int),"
        " avg((coalesce(province, '') in ('', 'N/A', '空白', '-'))::int), count(*) filter (registered_number = 'N/A'),"
        " avg((\"from\" is null)::int), avg((coalesce(\"from\", '') = '1900-01-01')::int) from {firms}",
    )
    assert person == pytest.approx(faults.empty["person"], abs=0.004)
    assert province == pytest.approx(faults.empty["province"], abs=0.004)
    assert no_entry == pytest.approx(faults.no_entry, abs=0.002)
    assert old == pytest.approx(faults.too_old, abs=0.001)
    assert code > 0


def test_twins_repeat_a_record_under_another_id_with_the_same_number(chinese):
    [(twins, alike)] = asked(
        chinese,
        "select count(*), avg((a.registered_number = b.registered_number)::int) from {records} r"
        " join {firms} a on a.record_id = r.record_id join {firms} b on b.record_id = r.duplicate_of"
        " where length(a.registered_number) = 18 and length(b.registered_number) = 18",
    )
    assert twins > 300
    assert alike > 0.95


def test_check_digits_fail_for_the_stated_share_only(chinese):
    codes = [row[0] for row in asked(chinese, "select registered_number from {firms}") if row[0] and len(row[0]) == 18]
    values = np.array([[CODE_LETTERS.find(letter) for letter in code] for code in codes])
    assert values.min() >= 0
    weights = np.array([3**place % 31 for place in range(17)])
    right = (31 - (values[:, :17] @ weights) % 31) % 31 == values[:, 17]
    assert 1 - right.mean() == pytest.approx(FAULTS["hard"].wrong_code, abs=0.003)


def test_registered_numbers_repeat_only_in_twins(chinese):
    assert asked(
        chinese,
        "select count(*) from (select registered_number[9:16] n from {firms} join {records} r using (record_id)"
        " where length(registered_number) = 18 and r.duplicate_of is null group by 1 having count(*) > 1)",
    ) == [(0,)]


def test_full_names_and_trade_words_are_shared_as_in_life(chinese):
    # Wang Wei's share of all Chinese is about 2 to 3 in 10,000.
    [(share,)] = asked(
        chinese,
        "select max(n) / sum(n) from (select legal_representative, count(*) n from {firms} where"
        " length(legal_representative) >= 2 and legal_representative not in ('N/A', '空白') group by 1)",
    )
    assert 0.0001 < share < 0.002


def test_the_regulation_raises_exits_and_moves_of_the_focal_town(chinese):
    [(before, during)] = asked(
        chinese,
        "select count(*) filter (year(true_exit) in (2011, 2012, 2013)) / 3, count(*) filter (year(true_exit) in"
        " (2014, 2015, 2016)) / 3 from {records} where true_place_id = 'lingxi' and member",
    )
    assert during > 1.4 * before


def test_no_one_real_can_be_meant(british):
    """Company numbers lie above all allotted ones, postcodes begin with letters that no postcode area begins with,
    and the focal towns are in no gazetteer; names are drawn letter by letter, from no list of firms or people."""
    numbers = asked(british, "select min(registered_number) from {firms} where length(registered_number) = 8")
    assert numbers[0][0] >= "30000000"
    codes = asked(
        british, "select distinct regexp_extract(address, ', ([A-Z])[A-Z][0-9]+ ?[0-9][A-Z]J$', 1) from {firms}"
    )
    assert {code for (code,) in codes if code} == {"Q", "V", "X"}
    for country in ("cn", "uk"):
        places = list(gazetteer(country).values())
        focal = places[-1]
        assert focal.name not in {place.name for place in places[:-1]}


def test_too_few_or_too_many_firms_are_refused(tmp_path):
    for firms in (99, 10**9):
        with pytest.raises(ValueError, match="outside"):
            synthetic_registry(tmp_path, firms, 1)


def test_scattered_numbers_are_a_permutation():
    for total in (1, 2, 7, 1000):
        assert sorted(scattered(np.arange(total), total, 9).tolist()) == list(range(total))


def test_the_yearbook_counts_more_sole_traders_than_the_registry_shows(chinese):
    counted = duckdb.sql(
        f"select value from '{chinese}/data/facts.csv' where indicator = 'member_sole_traders' and year = 2024"
    ).fetchone()[0]
    [(registered,)] = asked(
        chinese,
        "select count(*) from {records} join {firms} using (record_id) where member and true_place_id = 'lingxi' and"
        " true_exit is null and duplicate_of is null and kind = 'sole_trader'",
    )
    thinnest, fullest = duckdb.sql(
        f"select min(coverage), max(coverage) from '{chinese}/truth/coverage.csv' where kind = 'sole_trader'"
    ).fetchone()
    assert registered / fullest * 0.94 < counted < registered / thinnest * 1.06
    assert counted > 1.5 * registered


FROZEN = {
    "cn": "19d05040de0d060878cc3a79376ae531961e20e953a3ed0bf0072933e628996d",
    "uk": "090161b680c5f5d567da1e209b3b2c1f7d4c986adf77e57009be8943a0914dd2",
}
"""SHA-256 of the rows of 2,000 records of seed 11 as frozen before the matcher was made: not to be changed lightly."""
FROZEN_COLUMNS = {
    "cn": (
        "record_id", "name", "from", "to", "industry", "kind", "employees", "capital_million_yuan", "source_id",
        "registry", "registered_number", "legal_form", "legal_representative", "shareholders", "phone", "scope",
        "address", "production_address", "province", "city", "county", "status",
    ),
    "uk": (
        "record_id", "name", "from", "to", "industry", "kind", "employees", "source_id", "registry",
        "registered_number", "legal_form", "legal_representative", "shareholders", "phone", "scope", "address",
        "province", "county", "status",
    ),
}  # fmt: skip
"""Of `FROZEN`: the columns that the registry had when it was frozen."""


@pytest.mark.parametrize("country", ["cn", "uk"])
def test_the_frozen_registry_is_still_the_one_that_was_frozen(tmp_path, country):
    written = synthetic_registry(tmp_path, 2_000, 11, country=country)
    columns = {written.firms: ", ".join(f'"{name}"' for name in FROZEN_COLUMNS[country])}
    paths = (written.firms, written.moves, written.records)
    rows = [duckdb.sql(f"select {columns.get(path, '*')} from '{path}'").fetchall() for path in paths]
    assert hashlib.sha256(repr(rows).encode()).hexdigest() == FROZEN[country]
