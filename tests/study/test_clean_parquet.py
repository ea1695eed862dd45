import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from townshift.study import check_study, open_study
from townshift.study.clean_parquet import loaded_schema
from townshift.study.load import table_file


def firms(**changed):
    columns = {name: [None, None] for name in loaded_schema("firms").names}
    columns |= {"record_id": ["R1", "R2"], "name": ["One Ltd", "Two Ltd"], "lon": [1.0, 2.0], "lat": [3.0, 4.0]}
    return pa.table({**columns, **changed}, schema=loaded_schema("firms"))


@pytest.fixture
def with_firms(folder):
    def write(table):
        pq.write_table(table, folder / "data" / "firms.parquet")
        return open_study(folder)

    return write


def test_a_parquet_file_in_loaded_form_is_used_where_it_lies(with_firms):
    study = with_firms(firms())
    assert study.load_table("firms") == study.tables["firms"].path
    assert study.load_table("firms") == study.tables["firms"].path
    assert not table_file(study, "firms").exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"record_id": ["R2", "R1"]},
        {"name": ["One Ltd", ""]},
        {"lon": [float("nan"), 2.0]},
        {"lon": [1000.0, 2.0]},
        {"kind": ["firm", "no such kind"]},
        {"place_id": ["nowhere", None]},
    ],
    ids=["unsorted", "empty text", "NaN", "out of range", "unknown word", "broken reference"],
)
def test_any_other_file_is_cleaned_into_a_copy(with_firms, changed):
    study = with_firms(firms(**changed))
    assert study.load_table("firms") == table_file(study, "firms")


def test_a_missing_column_or_another_type_is_cleaned_into_a_copy(with_firms):
    study = with_firms(firms().drop_columns(["phone"]))
    assert study.load_table("firms") == table_file(study, "firms")
    assert "phone" in pq.read_schema(study.load_table("firms")).names


def test_a_file_in_loaded_form_is_what_loading_writes(with_firms):
    study = with_firms(firms(record_id=["R2", "R1"], name=["Two Ltd", "One Ltd"], lon=[2.0, 1.0], lat=[4.0, 3.0]))
    assert pq.read_table(study.load_table("firms")).equals(firms())


def test_points_of_another_datum_are_turned_in_a_copy(with_firms, folder):
    manifest = folder / "study.toml"
    manifest.write_text(manifest.read_text().replace("[study]", '[study]\ncrs_datum = "gcj02"'))
    study = with_firms(firms(lon=[120.0, 121.0], lat=[30.0, 31.0]))
    assert study.load_table("firms") == table_file(study, "firms")
    assert pq.read_table(study.load_table("firms"))["lon"][0].as_py() != 120.0


def test_odd_dates_of_a_register_are_told_and_kept_for_the_cleaning(with_firms):
    study = with_firms(firms(**{"from": ["2005-01-01", "1900-01-01"], "to": ["2004-01-01", "9999-12-31"]}))
    told = check_study(study)
    assert [problem.code for problem in told.problems] == ["TS-DATA-025"]
    assert not told.set_aside
    assert study.load_table("firms") == study.tables["firms"].path
