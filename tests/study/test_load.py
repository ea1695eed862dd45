import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from townshift.errors import StudyError
from townshift.study import open_study
from townshift.study.schemas import schema

RECORD = Path(__file__).parents[2] / "studies" / "zhili"


def loaded(folder, table):
    return pq.read_table(open_study(folder).load_table(table)).to_pandas()


def test_every_column_of_the_schema_is_there_in_its_type(folder):
    study = open_study(folder)
    kinds = {"string": "string", "date": "string", "integer": "int64", "number": "double"}
    for name in study.table_names:
        found = pq.read_schema(study.load_table(name))
        assert found.names == schema(name).names
        assert [str(kind) for kind in found.types] == [kinds[one.type] for one in schema(name).fields]


def test_what_a_study_leaves_out_is_derived(folder):
    facts = loaded(folder, "facts").set_index("fact_id")
    assert facts["definition_id"].to_dict() == facts["indicator"].to_dict()
    assert facts.loc["F3", ["value_std", "unit_std"]].tolist() == [2.0, "km2"]
    assert facts.loc["F4", ["value_std", "unit_std"]].tolist() == [200.0, "million_yuan"]
    assert facts.loc["F1", ["value_std", "unit_std"]].tolist() == [410.0, "count"]
    assert facts["lineage"].tolist() == ["L1", "L2", "L2", "L2", "L2"]
    assert set(facts["flag"]) == {"ok"}
    assert facts.loc["F1", "published"] == "2013-02"
    assert facts.loc["F5", "same_as"] == "F2"


def test_a_lineage_of_its_own_wins_and_a_source_without_one_is_its_own(study_with):
    folder = study_with(
        sources="source_id,lineage,package\nS1,,PK1\nS2,L2,\n",
        facts="fact_id,place_id,indicator,year,value,unit,source_id,lineage,qualifier\n"
        "F1,alder,firms,2010,1,firms,S1,,\nF2,alder,firms,2010,1,firms,S2,L9,over\nF3,alder,firms,2010,1,firms,S2,,\n",
    )
    facts = loaded(folder, "facts")
    assert facts["lineage"].tolist() == ["S1", "L9", "L2"]
    assert facts["package"].tolist() == ["PK1", None, None]
    assert facts["qualifier"].tolist() == ["exact", "over", "exact"]
    assert loaded(folder, "events")["lineage"].tolist() == ["S1", "L2"]


def test_without_indicators_units_are_brought_to_one_spelling(study_with):
    folder = study_with(
        indicators=None,
        facts="fact_id,place_id,indicator,year,value,unit,source_id\n"
        "F1,alder,output,2010,3,万元,S1\nF2,alder,output,2011,2,million_yuan,S1\n",
    )
    facts = loaded(folder, "facts")
    assert facts["value_std"].tolist() == [30_000.0, 2_000_000.0]
    assert set(facts["unit_std"]) == {"yuan"}


def test_rows_set_aside_are_gone_and_unusable_cells_are_empty(folder, edit):
    edit(folder, "facts", "2010,410", "2010,4l0")
    edit(folder, "facts", "F2,alder,firms,2012", "F2,alder,firms,20!2")
    edit(folder, "places", "116.7,30.13", "30.13,116.7")
    facts = loaded(folder, "facts").set_index("fact_id")
    assert list(facts.index) == ["F2", "F3", "F4", "F5"]
    assert np.isnan(facts.loc["F2", "year"])
    places = loaded(folder, "places").set_index("place_id")
    assert places.loc["hill", ["lon", "lat"]].isna().all()
    assert places.loc["alder", ["lon", "lat"]].tolist() == [120.27, 30.87]


def test_a_double_of_a_row_that_was_set_aside_stands_for_itself(folder, edit):
    edit(folder, "facts", "F2,alder,firms,2012,520", "F2,alder,firms,2012,many")
    facts = loaded(folder, "facts").set_index("fact_id")
    assert "F2" not in facts.index
    assert facts.loc["F5", "same_as"] is None


def test_an_optional_reference_to_a_row_that_was_set_aside_is_emptied(folder, edit):
    edit(folder, "places", "coast,Coast,", "coast,,")
    places = loaded(folder, "places").set_index("place_id")
    assert sorted(places.index) == ["alder", "hill"]
    assert places["parent_id"].isna().all()


def test_rows_are_sorted_by_key_and_bytes_do_not_depend_on_the_order_in_the_file(folder, study_with):
    lines = (folder / "data" / "facts.csv").read_text(encoding="utf-8").splitlines()
    other = study_with(facts="\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    first = open_study(folder).load_table("facts").read_bytes()
    assert open_study(other).load_table("facts").read_bytes() == first
    shutil.rmtree(folder / "out")
    assert open_study(folder).load_table("facts").read_bytes() == first


def test_loading_twice_reads_nothing_again_and_a_changed_file_is_read(folder, edit, monkeypatch):
    from townshift.study import load

    study = open_study(folder)
    path = study.load_table("facts")
    monkeypatch.setattr(load, "_load_all", lambda *_: pytest.fail("loaded again"))
    assert open_study(folder).load_table("facts") == path
    monkeypatch.undo()
    edit(folder, "facts", "2010,410", "2010,411")
    assert loaded(folder, "facts")["value"].tolist()[0] == 411.0


def test_a_lost_or_cut_table_is_written_again(folder):
    path = open_study(folder).load_table("facts")
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    assert open_study(folder).load_table("facts").read_bytes() == whole
    path.unlink()
    assert open_study(folder).load_table("facts").read_bytes() == whole


def test_a_fatal_problem_stops_loading_and_names_it(folder, edit):
    edit(folder, "events", "E2,2013", "E1,2013")
    with pytest.raises(StudyError) as caught:
        open_study(folder).load_table("facts")
    assert [one.code for one in caught.value.problems] == ["TS-DATA-011", "TS-DATA-024"]


def test_a_table_that_the_study_lacks_is_a_key_error(folder):
    with pytest.raises(KeyError):
        open_study(folder).load_table("firms")


def test_nothing_of_the_real_record_is_changed_by_loading(tmp_path):
    shutil.copytree(RECORD, tmp_path / "zhili", ignore=shutil.ignore_patterns("out"))
    study = open_study(tmp_path / "zhili")
    for name in study.table_names:
        before = pd.read_csv(RECORD / "data" / f"{name}.csv", dtype=str).astype(object)
        after = pq.read_table(study.load_table(name)).to_pandas()
        numbers = [one.name for one in schema(name).fields if one.type in ("integer", "number")]
        before[numbers] = before[numbers].astype(float)
        after[numbers] = after[numbers].astype(float)
        key = list(schema(name).primary_key)
        before = before.sort_values(key, key=lambda column: column.map(_bytes)).reset_index(drop=True)
        pd.testing.assert_frame_equal(
            before.where(before.notna(), None), after.where(after.notna(), None), check_dtype=False
        )


def _bytes(value):
    return value.encode() if isinstance(value, str) else value


def test_points_of_a_chinese_map_are_turned_into_wgs84(study_with, manifest):
    folder = study_with(manifest.replace("period", 'crs_datum = "gcj02"\nperiod'))
    places = loaded(folder, "places").set_index("place_id")
    shift_m = (120.27 - places.loc["alder", "lon"]) * 95_500, (30.87 - places.loc["alder", "lat"]) * 111_000
    assert 300 < np.hypot(*shift_m) < 700
    assert np.isnan(places.loc["coast", "lon"])


def test_swapped_columns_are_put_right_when_the_study_says_so(study_with, manifest):
    folder = study_with(
        manifest + "\n[columns]\nswap_xy = true\n",
        places="place_id,name,kind,lon,lat\nalder,Alder,town,30.87,120.27\n",
        facts=None,
        indicators=None,
    )
    assert loaded(folder, "places")[["lon", "lat"]].to_numpy().tolist() == [[120.27, 30.87]]
