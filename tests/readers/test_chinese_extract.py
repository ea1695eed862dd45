"""Chinese extracts as they come: many files, encodings, gaps, broken rows."""

import gzip
import json
import zipfile

import pyarrow.parquet as pq
import pytest

from readers.registers import (
    CHINESE,
    PERSONS,
    chinese,
    code,
    firm,
    imported,
    new_study,
    quarantined,
    records,
    refused,
    written,
)
from townshift.study.clean_parquet import loaded_schema


@pytest.fixture
def study(tmp_path):
    return new_study(tmp_path / "study")


def test_a_row_becomes_a_record_with_its_cells_read(study, tmp_path):
    (tmp_path / "a.csv").write_text(chinese(firm(1)), "utf-8")
    said = imported(study, tmp_path / "a.csv")
    assert "Kept 1" in said
    assert records(study) == {
        code(1): {
            "record_id": code(1), "registered_number": code(1), "registry": "cn", "name": "某市第1制衣有限公司",
            "legal_form": "有限责任公司", "kind": "firm", "from": "2010-05-01", "legal_representative": PERSONS[0],
            "capital_million_yuan": 1.0, "scope": "服装制造", "province": "某省", "city": "某市", "address": "某路1号",
        }
    }  # fmt: skip


def test_what_is_written_is_the_loaded_form(study, tmp_path):
    (tmp_path / "a.csv").write_text(chinese(*(firm(number, 法人代表="") for number in (3, 1, 2))), "utf-8")
    imported(study, tmp_path / "a.csv")
    table = pq.read_table(study / "data" / "firms.parquet")
    assert table.schema.equals(loaded_schema("firms"))
    assert table["record_id"].to_pylist() == sorted(code(number) for number in (1, 2, 3))
    assert table["legal_representative"].null_count == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_encoding_does_not_show_in_the_result(study, tmp_path, encoding, end):
    text = chinese(*(firm(number) for number in range(200))).replace("\n", end)
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    imported(study, tmp_path / "a.csv")
    found = records(study)
    assert len(found) == 200
    assert found[code(7)]["name"] == "某市第7制衣有限公司"
    assert found[code(7)]["address"] == "某路7号"


def test_a_file_that_is_ascii_for_long_and_chinese_late_is_read_right(study, tmp_path):
    rows = b"".join(b"Firm %d,1\n" % number for number in range(60_000))
    (tmp_path / "a.csv").write_bytes(b"name,lat\n" + rows + "迟到公司,2\n".encode("gb18030"))
    (tmp_path / "map.toml").write_text(
        'format = 1\nregistry = "other"\n[[table]]\ninto = "firms"\nneeds = ["name"]\n'
        '[table.columns]\nname = "name"\nlat = "lat"\n'
    )
    imported(study, tmp_path / "a.csv", map=str(tmp_path / "map.toml"))
    found = {row["name"] for row in records(study).values()}
    assert "迟到公司" in found
    assert len(found) == 60_001


def test_folders_globs_gz_and_zip_are_read_through_and_the_rest_is_named(study, tmp_path):
    data = tmp_path / "data"
    (data / "2019").mkdir(parents=True)
    (data / "2019" / "甲省.csv").write_text(chinese(firm(1)), "utf-8")
    (data / "2019" / "乙省.csv.gz").write_bytes(gzip.compress(chinese(firm(2)).encode("gb18030")))
    with zipfile.ZipFile(data / "more.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner/丙省.csv", chinese(firm(3)))
        archive.writestr("read.pdf", "x")
    (data / "notes.docx").write_bytes(b"PK")
    said = imported(study, data)
    assert set(records(study)) == {code(1), code(2), code(3)}
    assert "notes.docx" in said
    assert "read.pdf" in said
    other = new_study(tmp_path / "other")
    imported(other, data / "2019" / "*.csv*")
    assert set(records(other)) == {code(1), code(2)}


def test_columns_may_stand_in_another_order_in_every_file(study, tmp_path):
    (tmp_path / "a.csv").write_text(chinese(firm(1)), "utf-8")
    (tmp_path / "b.csv").write_text(written(CHINESE[::-1], [firm(2)], "\t"), "utf-8")
    imported(study, tmp_path / "a.csv", tmp_path / "b.csv")
    found = records(study)
    assert found[code(2)]["address"] == "某路2号"
    assert found[code(1)].keys() == found[code(2)].keys()


def test_cells_that_say_nothing_are_empty(study, tmp_path):
    silent = ["N/A", "-", "—", "无", "空白", "  ", "　", " N/A ", "null", "暂无"]
    (tmp_path / "a.csv").write_text(chinese(*(firm(n, 经营范围=cell) for n, cell in enumerate(silent))), "utf-8")
    imported(study, tmp_path / "a.csv")
    assert [row for row in records(study).values() if "scope" in row] == []


def test_dates_that_cannot_be_true_are_kept_and_those_that_are_none_are_emptied_and_counted(study, tmp_path):
    given = [
        "1900-01-01",
        "2199-12-31",
        "2010/5/1",
        "20100501",
        "2010年5月1日",
        "40299",
        "2010-02-30",
        "soon",
        "01/05/2010",
    ]
    (tmp_path / "a.csv").write_text(chinese(*(firm(n, 注册日期=cell) for n, cell in enumerate(given))), "utf-8")
    imported(study, tmp_path / "a.csv")
    found = records(study)
    assert [found[code(n)].get("from") for n in range(9)] == [
        "1900-01-01", "2199-12-31", "2010-05-01", "2010-05-01", "2010-05-01", "2010-05-01", None, None, None,
    ]  # fmt: skip
    report = json.loads((study / "out" / "import_report.json").read_text("utf-8"))
    assert report["emptied"]["from"] == {"no_such_day": 1, "unreadable": 1, "ambiguous": 1}


def test_closed_before_opened_and_a_wrong_check_digit_are_kept_for_the_step_that_flags_them(study, tmp_path):
    header = (*CHINESE, "注销日期")
    (tmp_path / "a.csv").write_text(written(header, [firm(1, 注册日期="2010-05-01", 注销日期="2001-01-01")]), "utf-8")
    imported(study, tmp_path / "a.csv")
    assert records(study)[code(1)]["from"] == "2010-05-01"
    assert records(study)[code(1)]["to"] == "2001-01-01"


def test_capital_in_another_currency_is_not_converted_but_counted(study, tmp_path):
    given = ["100万元人民币", "500万美元", "1,000,000元", "人民币1亿元", "many"]
    (tmp_path / "a.csv").write_text(chinese(*(firm(n, 注册资金=cell) for n, cell in enumerate(given))), "utf-8")
    said = imported(study, tmp_path / "a.csv")
    assert [records(study)[code(n)].get("capital_million_yuan") for n in range(5)] == [1.0, None, 1.0, 100.0, None]
    assert "capital_million_yuan, in another currency: 1" in said


def test_a_bare_amount_takes_the_unit_in_the_columns_name(study, tmp_path):
    text = chinese(firm(1, 注册资金="50")).replace("注册资金", "注册资本（元）")
    (tmp_path / "a.csv").write_text(text, "utf-8")
    imported(study, tmp_path / "a.csv")
    assert records(study)[code(1)]["capital_million_yuan"] == pytest.approx(50 / 1e6)


def test_one_broken_quote_costs_only_its_own_line(study, tmp_path):
    lines = chinese(*(firm(number) for number in range(5_000))).splitlines()
    lines[1234] = lines[1234].replace("某市第", '"某市第')
    (tmp_path / "a.csv").write_text("\n".join(lines), "utf-8")
    imported(study, tmp_path / "a.csv")
    assert len(records(study)) == 4_999
    (row,) = quarantined(study)
    assert (row["line"], row["reason"]) == ("1235", "broken_quote")


def test_two_broken_quotes_close_together_cost_two_lines_and_what_is_between_stays(study, tmp_path):
    lines = chinese(*(firm(number) for number in range(100))).splitlines()
    for line in (40, 45):
        lines[line] = lines[line].replace("某市第", '"某市第')
    (tmp_path / "a.csv").write_text("\n".join(lines), "utf-8")
    imported(study, tmp_path / "a.csv")
    assert len(records(study)) == 98
    assert [row["line"] for row in quarantined(study)] == ["41", "46"]


def test_cells_with_line_breaks_and_quotes_are_read(study, tmp_path):
    rows = [firm(number) for number in range(50)]
    rows[20]["注册地址"] = '某路\n二十号,"甲"座\n三层'
    rows[30]["经营范围"] = '销售"名牌"服装,鞋'
    (tmp_path / "a.csv").write_text(chinese(*rows), "utf-8")
    imported(study, tmp_path / "a.csv")
    found = records(study)
    assert len(found) == 50
    assert found[code(20)]["address"] == rows[20]["注册地址"]
    assert found[code(30)]["scope"] == rows[30]["经营范围"]
    assert quarantined(study) == []


def test_a_record_that_lies_across_two_blocks_is_read(study, tmp_path, monkeypatch):
    from townshift.readers.registries import decoding

    rows = [firm(number, 注册地址=f"某路\n{number}\n号") for number in range(200)]
    (tmp_path / "a.csv").write_text(chinese(*rows), "utf-8")
    monkeypatch.setattr(decoding.read_blocks, "__defaults__", ("", 1_000))
    imported(study, tmp_path / "a.csv")
    assert {row["address"] for row in records(study).values()} == {row["注册地址"] for row in rows}


def test_shifted_rows_are_set_aside_with_their_reason(study, tmp_path):
    lines = chinese(*(firm(number) for number in range(10))).splitlines()
    cells = lines[5].split(",")
    lines[5] = ",".join([*cells, "one more"])
    lines[7] = ",".join(["", *lines[7].split(",")[:-1]])
    (tmp_path / "a.csv").write_text("\n".join(lines), "utf-8")
    imported(study, tmp_path / "a.csv")
    assert [(row["line"], row["reason"]) for row in quarantined(study)] == [("6", "width"), ("8", "shifted")]
    assert len(records(study)) == 8


def test_a_line_that_does_not_decode_costs_only_itself(study, tmp_path):
    lines = [line.encode() for line in chinese(*(firm(number) for number in range(10))).splitlines()]
    lines[4] = lines[4][:12] + b"\xff\xfe" + lines[4][12:]
    (tmp_path / "a.csv").write_bytes(b"\n".join(lines))
    imported(study, tmp_path / "a.csv")
    assert [(row["line"], row["reason"]) for row in quarantined(study)] == [("5", "undecodable")]
    assert len(records(study)) == 9


def test_every_row_is_accounted_for(study, tmp_path):
    rows = [firm(number % 40, 经营范围=str(number % 3)) for number in range(300)]
    lines = chinese(*rows).splitlines()
    lines[10] += ',"'
    lines[20] += ",x"
    lines[30] = "," * 9
    lines[40] = ""
    (tmp_path / "a.csv").write_text("\n".join(lines), "utf-8")
    imported(study, tmp_path / "a.csv")
    report = json.loads((study / "out" / "import_report.json").read_text("utf-8"))
    assert report["rows_read"] == 299
    assert report["accounted"] == 299
    assert report["set_aside"] == {"broken_quote": 1, "width": 1, "nameless": 1}
    assert report["kept"] == len(records(study))


def test_a_shared_number_gets_a_digest_and_an_exact_copy_is_dropped(study, tmp_path):
    rows = [firm(1), firm(1), firm(1, 注册地址="别处"), firm(2)]
    (tmp_path / "a.csv").write_text(chinese(*rows), "utf-8")
    said = imported(study, tmp_path / "a.csv")
    assert "exact copies dropped 1" in said
    ids = sorted(records(study))
    assert ids[2] == code(2)
    assert all(one.startswith(f"{code(1)}-") for one in ids[:2])


def test_a_row_without_a_number_is_known_by_its_content(study, tmp_path):
    rows = [
        firm(1, 统一社会信用代码=""),
        firm(1, 统一社会信用代码="N/A"),
        firm(2, 统一社会信用代码="000000000000000000"),
    ]
    (tmp_path / "a.csv").write_text(chinese(*rows), "utf-8")
    imported(study, tmp_path / "a.csv")
    assert len(records(study)) == 2
    assert all(one.startswith("row") for one in records(study))


def test_the_same_import_again_gives_the_same_bytes(study, tmp_path):
    rows = [firm(number % 40, 经营范围=str(number % 3)) for number in range(300)]
    rows += [firm(number, 统一社会信用代码="") for number in range(20)]
    (tmp_path / "a.csv").write_text(chinese(*rows), "utf-8")
    imported(study, tmp_path / "a.csv")
    before = (study / "data" / "firms.parquet").read_bytes()
    said = imported(study, tmp_path / "a.csv")
    assert (study / "data" / "firms.parquet").read_bytes() == before
    assert "Kept 0" in said


def test_files_and_blocks_of_another_cut_give_the_same_bytes(study, tmp_path, monkeypatch):
    from townshift.readers.registries import decoding, runs

    rows = [firm(number * 7919 % 1000, 经营范围=str(number % 2)) for number in range(1_500)]
    (tmp_path / "one").mkdir()
    (tmp_path / "many").mkdir()
    (tmp_path / "one" / "a.csv").write_text(chinese(*rows), "utf-8")
    for part in range(5):
        (tmp_path / "many" / f"{part}.csv").write_bytes(chinese(*rows[part::5]).encode("gb18030"))
    imported(study, tmp_path / "one")
    monkeypatch.setattr(decoding.read_blocks, "__defaults__", ("", 3_000))
    monkeypatch.setattr(runs, "RUN_ROWS", 100)
    monkeypatch.setattr(runs, "RANGE_ROWS", 150)
    monkeypatch.setattr(runs, "SAMPLED", 4)
    other = new_study(tmp_path / "other")
    imported(other, tmp_path / "many")
    assert (other / "data" / "firms.parquet").read_bytes() == (study / "data" / "firms.parquet").read_bytes()


def test_a_later_import_adds_and_the_newer_record_wins(study, tmp_path):
    (tmp_path / "a.csv").write_text(chinese(firm(1), firm(2)), "utf-8")
    (tmp_path / "b.csv").write_text(chinese(firm(2, 注册地址="新址"), firm(3)), "utf-8")
    imported(study, tmp_path / "a.csv")
    said = imported(study, tmp_path / "b.csv")
    assert "replaced by newer ones: 1" in said
    assert set(records(study)) == {code(1), code(2), code(3)}
    assert records(study)[code(2)]["address"] == "新址"


def test_planted_names_stay_out_of_quarantine_report_and_what_is_printed(study, tmp_path):
    bad = [
        firm(1, 法人代表=PERSONS[3], 企业名称=PERSONS[5]),
        firm(2, 法人代表=PERSONS[3], 企业名称="", 统一社会信用代码="", 注册地址=PERSONS[5]),
    ]
    lines = chinese(*bad, firm(3), firm(4), firm(5, 注册日期=PERSONS[5]), firm(6, 注册资金=PERSONS[3])).splitlines()
    lines[1] += "," + PERSONS[3]
    lines[3] = '"' + lines[3]
    lines[4] = ",".join([PERSONS[3], *lines[4].split(",")[:-1]])
    (tmp_path / "a.csv").write_text("\n".join(lines), "utf-8")
    said = imported(study, tmp_path / "a.csv")
    assert sorted(row["reason"] for row in quarantined(study)) == ["broken_quote", "nameless", "shifted", "width"]
    shown = said + "".join(path.read_text("utf-8", "replace") for path in (study / "out").rglob("*") if path.is_file())
    assert [name for name in PERSONS if name in shown] == []
    assert not list((study / "private").rglob("*"))


@pytest.mark.parametrize("content", [b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", b"PK\x03\x04" + bytes(100)])
def test_a_pdf_or_a_spreadsheet_called_csv_is_refused_and_the_good_files_wait(study, tmp_path, content):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.csv").write_bytes(content)
    (tmp_path / "in" / "good.csv").write_text(chinese(firm(1)), "utf-8")
    (tmp_path / "in" / "none.csv").write_bytes(b"")
    said = refused(study, tmp_path / "in")
    assert "TS-READ-010" in said
    assert "TS-READ-014" in said
    assert "bad.csv" in said


def test_bytes_of_no_known_encoding_are_refused_rather_than_garbled(study, tmp_path):
    text = chinese(*(firm(number, 企业名称="Société générale à Orléans é è ç") for number in range(20)))
    ascii_header = text.replace("企业名称", "CompanyName").split("\n", 1)[1]
    latin = "".join(sign for sign in "CompanyName,é\n" + ascii_header if ord(sign) < 256)
    (tmp_path / "a.csv").write_bytes(latin.encode("latin-1"))
    assert "TS-READ-011" in refused(study, tmp_path / "a.csv")


def test_an_empty_registry_is_told_and_nothing_is_written(study, tmp_path):
    (tmp_path / "a.csv").write_text(chinese(), "utf-8")
    assert "TS-READ-017" in refused(study, tmp_path / "a.csv")
    assert not (study / "out" / "import_report.json").exists()


def test_a_folder_without_tables_and_a_name_that_fits_nothing_are_told_apart(study, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "TS-READ-006" in refused(study, tmp_path / "empty")
    assert "TS-READ-005" in refused(study, tmp_path / "nowhere")
    assert "TS-READ-005" in refused(study, tmp_path / "20*" / "*.csv")


def test_a_folder_that_is_no_study_is_refused_and_the_way_out_named(tmp_path):
    (tmp_path / "a.csv").write_text(chinese(firm(1)), "utf-8")
    said = refused(tmp_path / "no study", tmp_path / "a.csv")
    assert "TS-READ-020" in said
    assert "townshift new" in said


def test_firms_written_by_hand_are_not_overwritten(study, tmp_path):
    (study / "data").mkdir()
    (study / "data" / "firms.csv").write_text("record_id,name\n1,x\n")
    (tmp_path / "a.csv").write_text(chinese(firm(1)), "utf-8")
    assert "TS-READ-021" in refused(study, tmp_path / "a.csv")


def test_an_archive_that_leads_out_of_itself_or_unpacks_without_end_is_refused(study, tmp_path):
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.writestr("../../a.csv", chinese(firm(1)))
    assert "TS-READ-009" in refused(study, tmp_path / "out.zip")
    line = b",".join([b"x"] * 10) + b"\n"
    with gzip.open(tmp_path / "bomb.csv.gz", "wb") as bomb:
        bomb.write(chinese(firm(1)).encode())
        for _ in range(100):
            bomb.write(line * 50_000)
    assert "TS-READ-008" in refused(study, tmp_path / "bomb.csv.gz")


def test_a_damaged_archive_is_told(study, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 broken")
    whole = gzip.compress(chinese(*(firm(number) for number in range(3000))).encode())
    (tmp_path / "b.csv.gz").write_bytes(whole[: len(whole) // 2])
    assert "TS-READ-007" in refused(study, tmp_path / "a.zip")
    assert "TS-READ-007" in refused(study, tmp_path / "b.csv.gz")


def test_ctrl_c_leaves_nothing_half_written(study, tmp_path, monkeypatch):
    from townshift.readers.registries import registry_import

    (tmp_path / "a.csv").write_text(chinese(firm(1)), "utf-8")
    imported(study, tmp_path / "a.csv")
    before = (study / "data" / "firms.parquet").read_bytes()
    (tmp_path / "b.csv").write_text(chinese(firm(2)), "utf-8")

    def pressed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(registry_import, "resolved", pressed)
    with pytest.raises(KeyboardInterrupt):
        registry_import.import_registry([tmp_path / "b.csv"], study)
    assert (study / "data" / "firms.parquet").read_bytes() == before
    assert [path.name for path in (study / "data").iterdir()] == ["firms.parquet"]
    assert not list((study / "private").iterdir())
