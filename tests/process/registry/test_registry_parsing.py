"""Names and addresses taken apart: accuracy on lists made by hand, and the cases that once went wrong."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from townshift.process.registry.addresses import ABROAD, AMBIGUOUS
from townshift.process.registry.code_points import normalise, text_of
from townshift.process.registry.establishments import without_blanks
from townshift.process.registry.gazetteer import china_gazetteer
from townshift.process.registry.organisation_names import FORM_CLASSES, PERSON_SHAPED, split_names
from townshift.process.registry.place_index import PlaceIndex, place_index
from townshift.process.registry.record_places import RecordPlaces, record_places

DATA = Path(__file__).parent / "data"
COUNTRY = {"zh": "CN", "en": "GB", "fr": "FR"}
HUZHOU = [("huzhou", "Huzhou", "city"), ("zhejiang", "Zhejiang", "province"), ("zhili", "Zhili", "town")]


@cache
def china() -> pd.DataFrame:
    return china_gazetteer()


@cache
def gazetteer(language: str) -> tuple[pd.DataFrame, PlaceIndex]:
    if language == "zh":
        places = china()
    else:
        places = pd.read_csv(DATA / "registry_places_europe.csv", dtype=str, keep_default_na=False)
        more = pd.DataFrame(HUZHOU, columns=["place_id", "name", "kind"]).assign(name_zh="", parent_id="", adcode="")
        places = pd.concat([places, more], ignore_index=True)
    return places, place_index(places, COUNTRY[language])


def rows_of(name: str) -> list[dict[str, str]]:
    lines = (DATA / name).read_text("utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def split(language: str, names: list[str]) -> list[dict[str, str]]:
    places, index = gazetteer(language)
    found = split_names(normalise(pa.array(names)), index)
    shown = places["name_zh" if language == "zh" else "name"].tolist()
    trades, trade_words = text_of(found.trade).to_pylist(), text_of(found.industry).to_pylist()
    out = []
    for row in range(len(names)):
        deepest = [place for place in found.places[row] if place >= 0]
        out.append(
            {
                "place": shown[deepest[-1]] if deepest else "",
                "trade": trades[row],
                "industry": trade_words[row],
                "form": FORM_CLASSES[found.form[row]] if found.form[row] >= 0 else "",
                "may_be_person": str(int(found.flags[row] & PERSON_SHAPED)),
            }
        )
    return out


def resolve(language: str, rows: list[dict[str, str]]) -> RecordPlaces:
    places, index = gazetteer(language)

    def column(name: str) -> pa.Array:
        return pa.array([row.get(name) or None for row in rows], pa.string())

    names = normalise(pa.array([""] * len(rows)))
    columns = [column(name) for name in ("province", "city", "county")]
    addresses = without_blanks(normalise(column("address")))
    nothing = pa.nulls(len(rows), pa.string())
    no_code = np.full(len(rows), -1, dtype=np.int32)
    ids = pa.array(places["place_id"].tolist(), pa.string())
    return record_places(names, columns, addresses, nothing, no_code, index, ids)[0]


@pytest.mark.parametrize(
    ("language", "least"),
    [
        ("zh", {"place": 0.97, "trade": 0.97, "industry": 0.97, "form": 0.98, "may_be_person": 0.9}),
        ("en", {"place": 0.97, "trade": 0.97, "industry": 0.97, "form": 0.98, "may_be_person": 0.9}),
        ("fr", {"place": 0.97, "trade": 0.97, "industry": 0.97, "form": 0.98, "may_be_person": 0.9}),
    ],
)
def test_names_made_by_hand_are_taken_apart_as_a_reader_would(language, least):
    rows = rows_of(f"registry_names_{language}.csv")
    assert len(rows) >= 120
    found = split(language, [row["name"] for row in rows])
    shares = {}
    for part in least:
        judged = [
            (got, row) for got, row in zip(found, rows, strict=True) if part != "may_be_person" or row[part] == "1"
        ]
        shares[part] = sum(got[part] == row[part] for got, row in judged) / len(judged)
    assert all(shares[part] >= least[part] for part in least), shares


@pytest.mark.parametrize(("language", "least"), [("zh", 0.95), ("en", 0.95), ("fr", 0.95)])
def test_addresses_made_by_hand_lie_where_a_reader_would_put_them(language, least):
    rows = rows_of(f"registry_addresses_{language}.csv")
    assert len(rows) >= 120
    where = resolve(language, rows)
    shown = gazetteer(language)[0]["name_zh" if language == "zh" else "name"].tolist()
    right = 0
    for row, place, flags in zip(rows, where.place, where.flags, strict=True):
        flag = "outside" if flags & ABROAD else "ambiguous" if flags & AMBIGUOUS else ""
        right += (shown[place] if place >= 0 else "", flag) == (row["place"], row["flag"])
    assert right / len(rows) >= least


def test_a_district_of_several_cities_is_settled_by_the_columns_and_else_flagged():
    rows = [{"address": "鼓楼区湖南路1号"}, {"address": "鼓楼区湖南路1号", "province": "江苏省", "city": "南京市"}]
    where = resolve("zh", rows)
    ids = china()["place_id"].tolist()
    assert (where.place[0], where.flags[0]) == (-1, AMBIGUOUS)
    assert (ids[where.place[1]], where.flags[1]) == ("320106", 0)


def test_a_road_named_after_a_city_is_no_place():
    where = resolve("zh", [{"address": "上海市南京东路1号"}, {"address": "杭州市上城区湖州街1号"}])
    assert [china()["name_zh"].iloc[place] for place in where.place] == ["上海市", "上城区"]


def test_a_former_county_is_found_under_its_present_id():
    where = resolve("zh", [{"address": "江苏省吴江市1号"}, {"address": "浙江省绍兴县1号"}])
    assert [china()["name_zh"].iloc[place] for place in where.place] == ["吴江区", "柯桥区"]


def test_confusable_and_traditional_signs_find_the_same_place():
    rows = [
        {"address": "浙江省湖州市吳興區織里鎮"},
        {"address": "浙江省杭州市馀杭区"},
        {"address": "浙江省杭州市余杭区"},
    ]
    where = resolve("zh", rows)
    assert china()["name_zh"].iloc[where.place[0]] == "织里镇"
    assert where.place[1] == where.place[2]


def test_an_empty_gazetteer_places_nothing_and_fails_nowhere():
    places = pd.DataFrame({"place_id": [], "name": [], "name_zh": [], "kind": []}, dtype=str)
    found = split_names(normalise(pa.array(["湖州云裳服饰有限公司", None])), place_index(places))
    assert text_of(found.trade).to_pylist() == ["湖州云裳", ""]
    assert (found.places == -1).all()


def test_bytes_that_are_no_utf8_and_very_long_names_are_survived():
    raw = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(np.array([0, 4], np.int32)), pa.py_buffer(b"A\xff\xe6B")]
    )
    assert text_of(normalise(raw)).to_pylist() == ["AB"]
    assert len(split("zh", ["金" * 5000 + "有限公司"])[0]["trade"]) <= 512
