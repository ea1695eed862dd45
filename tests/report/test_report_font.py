"""The font shows every standard character, and a character that it lacks fails the report by name."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from report.fake_out import FOCUS, write_out
from townshift.locales import LANGUAGES, catalogue
from townshift.report import write_report
from townshift.report.font import FONT_FILE, ReportError, assert_glyphs, characters, subset_woff2, text_width

STANDARD = (Path(__file__).parent / "standard_characters.txt").read_text("utf-8").strip()
"""The Table of General Standard Chinese Characters (2013) in its order: property kTGH of Unicode's Unihan data."""

RARE = "𪚥"
"""Four dragons: 64 strokes, in no standard table."""


def test_the_font_has_all_8105_standard_characters() -> None:
    assert len(STANDARD) == len(set(STANDARD)) == 8105
    assert assert_glyphs([STANDARD]) == "".join(sorted(STANDARD))


def test_the_font_has_all_6763_characters_of_gb_2312() -> None:
    pairs = (bytes([first, second]) for first in range(0xB0, 0xF8) for second in range(0xA1, 0xFF))
    hanzi = {pair.decode("gb2312", "ignore") for pair in pairs} - {""}
    assert len(hanzi) == 6763
    assert_glyphs(hanzi)


def test_the_font_has_european_letters_pinyin_greek_and_signs() -> None:
    assert_glyphs(
        [
            "Łódź Čakovec İzmir Ångström ß ŵ Ő",
            "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ",
            "αβγδΔΣωθ",
            "±×÷≤≥≠≈∑√∫∈∞−",
            "▲▼●○◆◇■□→←↑↓²³₂",
        ]
    )


def test_a_character_without_a_glyph_is_named() -> None:
    with pytest.raises(ReportError) as caught:
        assert_glyphs(["织里", RARE])
    shown = str(caught.value)
    assert f"{RARE} (U+2A6A5 CJK UNIFIED IDEOGRAPH-2A6A5)" in shown
    assert "TS-REPORT-001" in shown
    assert "织" not in shown


def test_a_study_with_such_a_character_gets_no_page(tmp_path: Path) -> None:
    out = write_out(tmp_path)
    with pytest.raises(ReportError):
        write_report(out, "zh", FOCUS.__class__(**{**_fields(), "titles": {"en": "x", "zh": f"{RARE}镇"}}))
    assert not (out / "report.zh.html").exists()


def _fields() -> dict[str, object]:
    return {name: getattr(FOCUS, name) for name in FOCUS.__dataclass_fields__}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_townshift_can_be_shown(language: str) -> None:
    assert_glyphs(catalogue(language).values())


def test_a_subset_holds_its_characters_and_little_else() -> None:
    font = _subset("织里 2014")
    assert set(map(ord, "织里 2014")) == set(font.getBestCmap())


def test_english_pages_have_narrow_quotation_marks_and_chinese_pages_wide_ones() -> None:
    narrow, wide = (_subset("’“", latin_punctuation=latin) for latin in (True, False))
    for mark in "’“":
        width = [font["hmtx"][font.getBestCmap()[ord(mark)]][0] for font in (narrow, wide)]
        assert width[0] < 600
        assert width[1] == 1000
    assert set(narrow.getBestCmap()) == set(map(ord, "’“"))


def test_a_subset_is_the_same_bytes_each_time() -> None:
    assert subset_woff2("织里") == subset_woff2("织里")


def test_width_of_a_text_adds_up_its_characters() -> None:
    assert text_width("织里镇", 8.0) == pytest.approx(24.0)
    assert text_width("il", 10.0) < text_width("WM", 10.0)


def test_the_committed_font_is_small_and_has_its_licence() -> None:
    assert FONT_FILE.stat().st_size < 6_000_000
    licence = (FONT_FILE.parent / "OFL.txt").read_text("utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "Source" not in str(TTFont(FONT_FILE)["name"].getDebugName(1))
    assert len(characters()) > 10_000


def _subset(text: str, latin_punctuation: bool = False) -> TTFont:
    return TTFont(io.BytesIO(base64.b64decode(subset_woff2(text, latin_punctuation))))
