"""The cleaned registry: contract of columns, dates, masking, places; the answer for a row depends on that row alone."""

from __future__ import annotations

import datetime as dt
import pickle

import pandas as pd
import pyarrow as pa
import pytest

from townshift.errors import MeasureError
from townshift.process.registry.establishments import SCHEMA, clean_batches, cleaning_rules
from townshift.process.registry.parameters import EstablishmentsParameters, MembershipRule
from townshift.process.registry.salted_keys import salted_key

SALT = bytes(range(32))
PLACES = pd.DataFrame(
    [
        ("zhejiang", "Zhejiang", "浙江省", "province", "", "330000"),
        ("huzhou", "Huzhou", "湖州市", "city", "zhejiang", "330500"),
        ("wuxing", "Wuxing", "吴兴区", "county", "huzhou", "330502"),
        ("zhili", "Zhili", "织里镇", "town", "wuxing", ""),
        ("anhui", "Anhui", "安徽省", "province", "", "340000"),
        ("anqing", "Anqing", "安庆市", "city", "anhui", "340800"),
        ("wangjiang", "Wangjiang", "望江县", "county", "anqing", "340827"),
    ],
    columns=["place_id", "name", "name_zh", "kind", "parent_id", "adcode"],
)


def cleaned(*rows: dict[str, object], **parameters: object) -> list[dict[str, object]]:
    rules = cleaning_rules(PLACES, SALT, EstablishmentsParameters(**parameters))
    names = sorted({name for row in rows for name in row} | {"record_id"})
    columns = {name: pa.array([None if row.get(name) is None else str(row[name]) for row in rows]) for name in names}
    columns["record_id"] = pa.array([str(number) for number in range(len(rows))])
    batch = pa.RecordBatch.from_pydict({name: column.cast(pa.string()) for name, column in columns.items()})
    return [row for out in clean_batches([batch], rules) for row in out.to_pylist()]


def test_the_columns_are_exactly_those_of_the_contract():
    rules = cleaning_rules(PLACES, SALT, EstablishmentsParameters())
    batch = pa.RecordBatch.from_pydict({"record_id": ["1"]})
    assert [out.schema for out in clean_batches([batch], rules)] == [SCHEMA]


def test_an_empty_registry_gives_no_rows_and_no_error():
    rules = cleaning_rules(PLACES, SALT, EstablishmentsParameters())
    empty = pa.RecordBatch.from_pydict({"record_id": pa.array([], pa.string())})
    assert list(clean_batches([empty], rules)) == []


@pytest.mark.parametrize(
    ("opened", "closed", "flag"),
    [
        ("2010-05-06", None, "ok"),
        ("2010", "2011-03", "ok"),
        (None, None, "missing_entry"),
        ("2010-13-01", None, "unreadable"),
        ("2010/05/06", None, "unreadable"),
        ("2010-02-30", None, "unreadable"),
        ("1900-01-01", None, "too_old"),
        ("2199-12-31", None, "future"),
        ("2010", "2199-12-31", "future_exit"),
        ("2010", "never", "unreadable_exit"),
        ("2010-05", "2009", "closed_before_opened"),
        ("2010-05", "2010", "ok"),
    ],
)
def test_dates_that_cannot_be_are_said(opened, closed, flag):
    (row,) = cleaned({"from": opened, "to": closed})
    assert row["date_flag"] == flag


def test_a_date_known_to_the_year_is_the_whole_year():
    (row,) = cleaned({"from": "2008", "to": "2009-02"})
    assert (row["entry_from"], row["entry_to"]) == (dt.date(2008, 1, 1), dt.date(2009, 1, 1))
    assert (row["exit_from"], row["exit_to"]) == (dt.date(2009, 2, 1), dt.date(2009, 3, 1))


def test_a_sole_trader_named_after_a_person_keeps_only_a_key():
    (row,) = cleaned({"name": "织里王小芳服装店", "legal_form": "个体工商户", "legal_representative": "王小芳"})
    assert row["trade_name"] is None
    assert row["trade_key"] == salted_key("王小芳", SALT, "trade")
    assert "name_masked" in row["flags"]


def test_a_company_named_after_its_representative_is_masked_and_another_is_not():
    masked, clear = cleaned(
        {"name": "湖州王小芳服饰有限公司", "legal_representative": "王小芳"},
        {"name": "湖州王小芳服饰有限公司", "legal_representative": "李大力"},
    )
    assert (masked["trade_name"], clear["trade_name"]) == (None, "王小芳")


@pytest.mark.parametrize("person", ["赵钱孙", "欧阳晓雯", "Jean Dupont", "DUPONT Jean"])
def test_no_planted_person_leaves_in_clear(person):
    rows = cleaned(
        {"name": f"织里{person}服装店", "kind": "sole_trader", "legal_representative": person},
        {"name": f"{person} Couture", "kind": "sole_trader", "registry": "sirene"},
        {"name": person, "shareholders": f"{person};{person}", "phone": "13800001111"},
    )
    for row in rows:
        written = ";".join(str(value) for value in row.values())
        assert person not in written
        assert person.upper() not in written
        assert "13800001111" not in written


def test_shareholders_are_keys_in_order_without_blanks():
    (row,) = cleaned({"shareholders": "王小芳；无;李大力;N/A"})
    assert row["shareholder_keys"] == sorted(salted_key(name, SALT, "person") for name in ("王小芳", "李大力"))
    assert cleaned({"shareholders": "N/A"})[0]["shareholder_keys"] is None


@pytest.mark.parametrize("marker", ["空白", "空缺", "缺失", "暂无信息", "未提供", "未登记", "不明", "NULL"])
def test_a_word_for_nothing_is_no_person_and_no_name_that_records_share(marker):
    keys = ("name_key", "trade_key", "representative_key", "shareholder_keys")
    named, blank = cleaned(
        *({"name": text, "legal_representative": text, "shareholders": text} for text in ("王小芳", marker))
    )
    assert all(named[key] is not None for key in keys)
    assert all(blank[key] is None for key in keys)


def test_the_given_place_wins_over_the_address_and_that_over_name_and_code():
    code = "91330502MA2B0AAA1X"
    rows = cleaned(
        {"place_id": "wangjiang", "address": "湖州市吴兴区织里镇1号"},
        {"name": "望江县云裳童装厂", "address": "湖州市吴兴区织里镇1号"},
        {"name": "望江县云裳童装厂", "address": "N/A"},
        {"registry": "cn", "registered_number": code, "name": "N/A"},
    )
    assert [row["place_id"] for row in rows[:3]] == ["wangjiang", "zhili", "wangjiang"]
    assert [row["place_basis"] for row in rows[:3]] == ["given", "address", "registered_name"]
    assert rows[1]["name_place_id"] == "wangjiang"
    assert [row["county_id"] for row in rows[:3]] == ["wangjiang", "wuxing", "wangjiang"]


def test_the_production_address_stays_apart():
    (row,) = cleaned({"address": "湖州市吴兴区织里镇1号", "production_address": "安徽省望江县1号"})
    assert (row["place_id"], row["production_place_id"]) == ("zhili", "wangjiang")


def test_an_address_abroad_has_no_place_and_says_so():
    (row,) = cleaned({"name": "湖州云裳服饰有限公司", "address": "日本东京都1号"})
    assert (row["place_id"], row["place_basis"]) == (None, "none")
    assert "outside_country" in row["flags"]


def test_a_wrong_check_digit_is_flagged_and_never_lost():
    (row,) = cleaned({"registry": "cn", "registered_number": "91350100M000100Y44"})
    assert (row["code_valid"], row["code_county_id"]) == (False, None)
    assert "code_invalid" in row["flags"]


def test_rules_say_who_belongs_and_which_rule_caught_it():
    rules = (
        MembershipRule(rule_id="name", names_any=("童装",), names_none=("贸易",)),
        MembershipRule(rule_id="scope", scope_any=("童装",)),
        MembershipRule(rule_id="code", codes=("C181",)),
    )
    rows = cleaned(
        {"name": "云裳童裝厂", "scope": "童装来料加工"},
        {"name": "云裳童装贸易", "industry": "1819"},
        {"name": "面馆", "scope": "餐饮"},
        rules=rules,
    )
    assert [row["member_rule"] for row in rows] == ["name;scope", "code", None]
    assert [row["member"] for row in rows] == [True, True, False]
    assert [row["processes_for_others"] for row in rows] == [True, None, False]


def test_a_rule_that_can_catch_nothing_is_refused():
    with pytest.raises(MeasureError, match="TS-REG-001"):
        cleaned({"name": "云裳"}, rules=(MembershipRule(rule_id="empty"),))


def test_the_answer_for_a_row_does_not_depend_on_the_cut_and_survives_a_journey_to_a_worker():
    rules = pickle.loads(pickle.dumps(cleaning_rules(PLACES, SALT, EstablishmentsParameters())))
    names = [f"湖州云裳{number}服饰有限公司" for number in range(50)]
    batch = pa.RecordBatch.from_pydict(
        {"record_id": [str(number) for number in range(50)], "name": names, "shareholders": ["王小芳;李大力"] * 50}
    )
    whole = pa.Table.from_batches(clean_batches([batch], rules))
    pieces = [batch.slice(0, 1), batch.slice(1, 30), batch.slice(31)]
    assert pa.Table.from_batches(clean_batches(pieces, rules)).equals(whole)
