import pytest

from townshift.errors import StudyError
from townshift.locales import set_language
from townshift.study.manifest import read_manifest

GOOD = """format = 1
[study]
title = "Shoes"
place = "alder"
industry = "shoes"
period = [1990, 2020]

[[breaks]]
place = "alder"
definition = "firms"
year = 2004
reason = "census counts workshops from here on"

[parameters.series]
bias_sd = 0.1

[[parameters.ratios.ratio]]
name = "a"
"""


def problems(tmp_path, content):
    path = tmp_path / "study.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(StudyError) as caught:
        read_manifest(path)
    return {(one.code, one.where): str(one) for one in caught.value.problems}


def test_a_manifest_is_read_with_its_breaks_and_raw_parameters(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(GOOD)
    found = read_manifest(path)
    assert found.study.period == (1990, 2020)
    assert found.study.privacy_threshold == 5
    assert found.breaks[0].year == 2004
    assert found.parameters["series"] == {"bias_sd": 0.1}
    assert found.parameters["ratios"]["ratio"] == [{"name": "a"}]
    assert not found.columns.swap_xy


def test_malformed_toml_is_shown_with_its_line(tmp_path):
    found = problems(tmp_path, GOOD.replace('"shoes"', "shoes"))
    assert list(found) == [("TS-STUDY-004", "study.toml line 5")]
    assert "industry = shoes" in found["TS-STUDY-004", "study.toml line 5"]


def test_malformed_toml_at_the_end_of_the_file_has_a_line_too(tmp_path):
    ((code, where),) = problems(tmp_path, GOOD + "\nx = [1,\n")
    assert code == "TS-STUDY-004"
    assert where.startswith("study.toml line ")


@pytest.mark.parametrize(("first", "given"), [("format = 2", "2"), ('format = "1"', "1"), ("format = true", "True")])
def test_another_format_is_refused_before_anything_else_is_judged(tmp_path, first, given):
    found = problems(tmp_path, GOOD.replace("format = 1", first).replace("title", "tilte"))
    assert [code for code, _ in found] == ["TS-STUDY-005"]
    assert f"format {given};" in next(iter(found.values()))


def test_a_manifest_without_a_format_is_told_to_say_it(tmp_path):
    ((code, where),) = problems(tmp_path, GOOD.replace("format = 1", ""))
    assert (code, where) == ("TS-STUDY-022", "study.toml")


def test_a_nul_byte_is_shown_where_it_stands(tmp_path):
    found = problems(tmp_path, "format = 1\n\0[study]\n")
    assert "␀[study]" in found["TS-STUDY-004", "study.toml line 2"]


def test_all_slips_are_told_at_once_each_with_its_line(tmp_path):
    content = (
        GOOD.replace("title =", "tilte =").replace("[1990, 2020]", "[2020, 1990]").replace("year = 2004", "year = 'x'")
    )
    found = problems(tmp_path, content)
    assert set(found) == {
        ("TS-STUDY-006", "study.toml line 3"),
        ("TS-STUDY-007", "study.toml line 2"),
        ("TS-STUDY-008", "study.toml line 6"),
        ("TS-STUDY-008", "study.toml line 11"),
    }
    assert "title" in found["TS-STUDY-006", "study.toml line 3"]
    assert "the first year is after the last" in found["TS-STUDY-008", "study.toml line 6"]


def test_a_period_that_ends_before_it_begins_is_refused(tmp_path):
    found = problems(tmp_path, GOOD.replace("[1990, 2020]", "[2020, 1990]"))
    assert [code for code, _ in found] == ["TS-STUDY-008"]
    assert "2020" in next(iter(found.values()))


def test_a_misspelt_section_gets_the_nearest_name(tmp_path):
    found = problems(tmp_path, GOOD.replace("[parameters.series]", "[paramters.series]"))
    assert "parameters" in found["TS-STUDY-006", "study.toml line 14"]


def test_other_encodings_of_the_manifest_are_refused_with_a_line(tmp_path):
    found = problems(tmp_path, GOOD.replace('"Shoes"', '"赤杨镇的鞋业"').encode("gb18030"))
    assert list(found) == [("TS-STUDY-017", "study.toml line 3")]


def test_messages_exist_in_chinese(tmp_path):
    set_language("zh")
    try:
        found = problems(tmp_path, GOOD.replace("title =", "tilte =").replace("year = 2004", "year = 'x'"))
    finally:
        set_language("en")
    assert "不是 study.toml 的设置项" in found["TS-STUDY-006", "study.toml 第 3 行"]
    assert "必须是整数" in found["TS-STUDY-008", "study.toml 第 11 行"]
