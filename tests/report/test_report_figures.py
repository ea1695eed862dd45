"""Figures say what the numbers say: dashes for bridged years, arrows for bounds, names that do not overlap."""

from __future__ import annotations

import re
from itertools import combinations

import pandas as pd
import pytest

from report.fake_out import series_results
from townshift.report.blocks import Cell, Column, Table
from townshift.report.charts import Row, intervals, series_panel
from townshift.report.figures.map import KM_PER_DEGREE, MAP_WIDTH, Place, destinations_map, framed
from townshift.report.figures.timeline import Dot, timeline
from townshift.report.font import text_width
from townshift.report.legend import legend_mark, shade
from townshift.report.matrices import count_table, summed
from townshift.report.style import CYCLE, Drawing, drawing_style
from townshift.report.words import Words, code, join, listing, plain

NAME = Words("Pairs made", "产量")


def panel(years: pd.DataFrame, facts: pd.DataFrame | None = None) -> str:
    with drawing_style():
        return series_panel("s", years, facts).svg("en")


def years(*kinds: str, flags: str = "") -> pd.DataFrame:
    rows = [
        {"year_from": 2010 + i, "value": 100.0 + i, "low": 90.0, "high": 120.0, "kind": kind, "flags": flags}
        for i, kind in enumerate(kinds)
    ]
    return pd.DataFrame(rows)


def facts(*pairs: tuple[float, str], weight: float = 0.5) -> pd.DataFrame:
    return pd.DataFrame([{"year": 2010, "value": v, "qualifier": q, "weight": weight} for v, q in pairs])


def test_bridged_years_are_dashed_and_others_are_not() -> None:
    assert "stroke-dasharray" not in panel(years("estimated", "estimated"))
    assert panel(years("estimated", "bridged", "estimated", "estimated")).count("stroke-dasharray") == 2


def test_a_bound_is_drawn_otherwise_than_a_figure() -> None:
    drawn = {q: _last_marker(panel(years("estimated"), facts((100.0, q)))) for q in ("exact", "over", "under")}
    assert len(set(drawn.values())) == 3


def test_a_rounded_figure_is_hollow() -> None:
    assert "fill: #ffffff" in panel(years("estimated"), facts((100.0, "about")))
    assert "fill: #ffffff" not in panel(years("estimated"), facts((100.0, "exact")))


def test_a_two_peaked_year_is_marked() -> None:
    assert "#cc79a7" in panel(years("estimated", "estimated", flags="two_peaked"))
    assert "#cc79a7" not in panel(years("estimated", "estimated"))


def test_a_figure_far_above_the_band_does_not_flatten_it_but_is_named() -> None:
    svg = panel(years("estimated", "estimated"), facts((130_000.0, "exact")))
    assert ">130,000<" in svg
    assert max(float(tick) for tick in re.findall(r">(\d+)</text>", svg) if int(tick) < 2000) < 300


def test_ticks_keep_their_digits() -> None:
    small = years("estimated", "estimated").assign(value=0.02, low=0.011, high=0.034)
    ticks = set(re.findall(r">([\d.]+)</text>", panel(small)))
    assert "0.01" in ticks


def test_a_figure_is_drawn_once_and_worded_twice() -> None:
    with drawing_style():
        drawing = intervals("g", [Row(NAME, 0.1, 0.05, 0.2)], Words("percent", "百分比"), percent=True)
    english, chinese = drawing.svg("en"), drawing.svg("zh")
    assert "Pairs made" in english
    assert "产量" in chinese
    assert "Pairs made" not in chinese
    assert re.sub(r">[^<>]*</text>", "></text>", english) == re.sub(r">[^<>]*</text>", "></text>", chinese)


def test_words_in_a_figure_are_escaped() -> None:
    with drawing_style():
        svg = intervals("g", [Row(plain("<b>&"), 1.0, 0.0, 2.0)], plain("x")).svg("en")
    assert "&lt;b&gt;&amp;" in svg


def test_drawings_share_no_ids_and_carry_no_dates() -> None:
    with drawing_style():
        first, second = (series_panel(name, years("estimated", "bridged"), None).svg("en") for name in ("a", "b"))
    ids = [set(re.findall(r'id="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert "<metadata" not in first
    assert "font-family" not in first


def test_the_same_numbers_give_the_same_drawing() -> None:
    assert panel(years("estimated", "bridged")) == panel(years("estimated", "bridged"))


def places() -> list[Place]:
    near = [("Birch", "白桦县", 117.0, 30.0), ("Cedar", "雪松县", 117.05, 30.02), ("Elm", "榆县", 117.02, 30.05)]
    linked = [Place(Words(f"{en} County", zh), lon, lat, "single") for en, zh, lon, lat in near]
    return [Place(Words("Alder Town", "赤杨镇"), 120.0, 31.0, "focal"), *linked]


def test_names_on_the_map_do_not_cover_each_other() -> None:
    with drawing_style():
        drawing = destinations_map("m", places())
    boxes = _label_boxes(drawing)
    assert len(boxes) >= 4
    for one, other in combinations(boxes, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)


def test_names_on_the_map_stay_inside_it() -> None:
    with drawing_style():
        drawing = destinations_map("m", places())
    for left, _, right, _ in _label_boxes(drawing):
        assert left >= 0
        assert right <= MAP_WIDTH


def test_the_map_is_true_to_scale_at_its_middle() -> None:
    frame = framed(places())
    x, y = frame.xy(118.0, 30.5)
    east, north = frame.xy(119.0, 30.5)[0] - x, frame.xy(118.0, 31.5)[1] - y
    assert north / frame.points_per_km == pytest.approx(KM_PER_DEGREE)
    assert east / north == pytest.approx(0.8616, abs=1e-3)  # cosine of 30.5 degrees


def test_only_places_linked_by_the_record_are_joined_to_the_focal_place() -> None:
    def lines(evidence: str) -> int:
        with drawing_style():
            shown = [*places(), Place(plain("Far"), 114.0, 29.0, evidence)]
            return destinations_map("m", shown).svg("en").count("Q ")

    assert lines("strong") == lines("none") + 1


def test_events_of_one_year_are_stacked_and_keep_their_style() -> None:
    dots = [Dot("town", 2011, "governance"), Dot("town", 2011, "governance"), Dot("town", 2011, "clustering")]
    with drawing_style():
        svg = timeline("t", [("town", Words("town", "镇"))], dots).svg("en")
    spots = re.findall(r'<use href="#t-[^"]+" x="([\d.]+)" y="([\d.]+)" style="fill: (#\w+)', svg)
    marks = [(x, y) for x, y, fill in spots if fill in ("#d55e00", "#0072b2")]
    assert len(marks) == 3
    assert len({x for x, _ in marks}) == 1
    assert len({y for _, y in marks}) == 3


def test_a_matrix_prints_a_dot_for_silence_and_never_a_zero() -> None:
    table = count_table("m", NAME, NAME, [("a", NAME)], [("x", NAME), ("y", NAME)], {("a", "x"): 4.0})
    shown = [cell.shown.en for cell in table.rows[0][1:]]
    assert shown == ["4", "·"]
    assert table.rows[0][2].value == ""


def test_sums_in_a_matrix_are_by_hand() -> None:
    frame = pd.DataFrame({"row": ["a", "a", "b"], "column": ["x", "x", "y"], "n": [1, 2, 5]})
    assert summed(frame, "row", "column", "n") == {("a", "x"): 3.0, ("b", "y"): 5.0}


def test_shades_leave_black_text_readable() -> None:
    for value in (-1.0, -0.5, 0.5, 1.0):
        assert _contrast(shade(value).removeprefix("background:#"), "000000") >= 7


def test_colours_of_a_figure_are_those_of_okabe_and_ito() -> None:
    assert {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"} < set(CYCLE)


def test_a_long_label_is_neither_cut_nor_off_the_picture() -> None:
    long = "2016: District subsidises freight, labour and management of outsourced sewing in six counties and a city"
    with drawing_style():
        drawing = intervals("g", [Row(plain(long), 0.1, 0.05, 0.2)], plain("percent"))
    assert long in drawing.svg("en")
    assert min(left for left, *_ in _label_boxes(drawing)) >= 0


def test_a_declared_break_is_drawn_and_other_years_have_none() -> None:
    assert "#d55e00" in panel(years("estimated", "estimated", flags="definition_break"))
    assert "#d55e00" not in panel(years("estimated", "estimated"))


def test_text_that_a_spreadsheet_would_run_is_marked_as_text_and_numbers_stay_numbers() -> None:
    import base64

    cells = [Cell(plain("=HYPERLINK(A1)")), Cell(plain("−2"), -2.0), Cell(plain("+86"))]
    table = Table("t", NAME, [Column(NAME)] * 3, [cells])
    raw = base64.b64decode(table.csv_uri("en").partition("base64,")[2]).decode("utf-8-sig")
    assert raw.splitlines()[1].split(",")[:2] == ["'=HYPERLINK(A1)", "-2.0"]


def test_keys_of_a_legend_differ_in_shape() -> None:
    keys = ("exact", "about", "over", "under", "weightless", "two_peaked", "median", "bridged")
    assert len({re.sub(r'stroke="#\w+"', "", legend_mark(key)) for key in keys}) == len(keys)


def test_a_csv_opens_with_chinese_intact() -> None:
    import base64

    table = Table("t", NAME, [Column(NAME)], [[Cell(Words("a", "织里, 镇"))]])
    raw = base64.b64decode(table.csv_uri("zh").partition("base64,")[2])
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.decode("utf-8-sig") == '产量\r\n"织里, 镇"\r\n'


def test_words_join_and_list_as_each_language_does() -> None:
    assert join(NAME, " 2014") == Words("Pairs made 2014", "产量 2014")
    assert listing([NAME, plain("x")]) == Words("Pairs made, x", "产量、x")


def test_an_unknown_code_is_printed_readably() -> None:
    assert code("actor_group", "night_watch") == plain("night watch")
    assert code("actor_group", "migrant_worker").zh == "外来务工者"


def test_fake_series_has_what_the_panel_reads() -> None:
    results = series_results()
    frame = pd.DataFrame(results["series"])
    assert "stroke-dasharray" in panel(frame, pd.DataFrame(results["series_facts"]))


def _last_marker(svg: str) -> str:
    used = re.findall(r'<use href="#([^"]+)"', svg)
    shape = re.search(rf'<path id="{used[-1]}" d="([^"]+)"', svg)
    assert shape
    return shape[1]


def _label_boxes(drawing: Drawing) -> list[tuple[float, float, float, float]]:
    boxes = []
    pattern = r'font-size: ([\d.]+)px[^"]*?text-anchor: (\w+)[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)<'
    for size, anchor, x, y, text in re.findall(pattern, drawing.svg("en")):
        if "°" not in text:
            width = text_width(text, float(size))
            left = float(x) - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
            boxes.append((left, float(y) - float(size) * 0.7, left + width, float(y) + 1.0))
    return boxes


def _contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
