"""What the report shows of concentration and clusters, and what it withholds or says it cannot show."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.point_town import establishments, run
from townshift.report.blocks import Figure, Listing, Note
from townshift.report.figures.clusters import cluster_blocks, track_numbers
from townshift.report.figures.concentration import concentration_blocks, status_listing
from townshift.report.figures.concentration_charts import band_panel, distance_panel
from townshift.report.legend import legend_mark
from townshift.report.results import Results
from townshift.report.style import drawing_style
from townshift.report.words import Names

FIGURES = ["figure-distance", "figure-centre", "figure-quotients", "figure-clusters", "figure-tracks",
           "figure-clustering", "figure-uses"]  # fmt: skip


def blocks(out: Path, threshold: int = 5) -> list:
    results = Results(out)
    names = Names(results)
    with drawing_style():
        return [
            *concentration_blocks(results, names, threshold),
            *cluster_blocks(results, "town", threshold),
            *status_listing(results),
        ]


def figures(shown: list) -> dict[str, Figure]:
    return {one.name: one for one in shown if isinstance(one, Figure)}


def texts(one: Figure | Listing | Note, language: str) -> str:
    notes = [one.text] if isinstance(one, Note) else [one.title, *one.notes]
    return " ".join(note.of(language) for note in notes)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    run(folder, establishments())
    return folder / "out"


@pytest.fixture(scope="module")
def shown(out: Path) -> list:
    return blocks(out)


def test_every_figure_of_the_planted_town_is_there_in_order(shown):
    assert list(figures(shown)) == FIGURES


def test_no_text_lacks_its_numbers_and_chinese_is_chinese(shown):
    for one in shown:
        for language in ("en", "zh"):
            assert not re.search(r"[{}]|\bnan\b|None|<NA>", texts(one, language)), texts(one, language)
        assert re.search(r"[\u4e00-\u9fff]", texts(one, "zh"))


def test_each_legend_key_has_a_picture_and_each_picture_its_drawing(shown):
    for one in figures(shown).values():
        assert all("<svg" in legend_mark(key) for key in one.legend)
        for panel in one.panels:
            assert panel.drawing.svg("en").startswith("<svg")
            assert "nan" not in panel.drawing.svg("zh").lower()


def test_names_of_pictures_are_unique_in_the_page(shown):
    names = [panel.drawing.name for one in figures(shown).values() for panel in one.panels]
    assert len(names) == len(set(names))


def test_the_centre_is_said_to_have_gone_east_with_its_interval(shown):
    said = texts(figures(shown)["figure-centre"], "en")
    found = re.search(r"the centre went ([\d.]+) km east \(([\d.]+)–([\d.]+)\)", said)
    assert found
    value, low, high = (float(one) for one in found.groups())
    assert low <= value <= high
    assert abs(value - 2) < 0.15
    assert "does not say which" in said


def test_the_tracks_of_maps_and_lives_bear_the_same_numbers(shown):
    table = figures(shown)["figure-clusters"].table.rows
    assert {row[1].shown.en for row in table} == {"1", "2"}
    lives = figures(shown)["figure-tracks"].panels[0].drawing.words
    assert [word.en[0] for word in lives[:2]] == ["1", "2"]


def test_the_way_into_the_park_is_told_as_half(shown):
    assert "in 2012, 50\xa0%" in texts(figures(shown)["figure-uses"], "en")


def test_a_high_threshold_withholds_every_small_number(out):
    told = blocks(out, threshold=1_000)
    shown = figures(told)
    assert not [one for one in told if isinstance(one, Listing) and one.name == "list-use-distances"]
    assert "figure-distance" not in shown
    assert "figure-clusters" not in shown
    assert "figure-quotients" not in shown
    assert "figure-clustering" not in shown
    assert "figure-uses" not in shown


def test_a_part_below_the_threshold_is_withheld_beside_its_whole(out):
    rows = figures(blocks(out, threshold=61))["figure-uses"].table.rows
    last = next(row for row in rows if row[0].shown.en == "2012")
    assert last[1].shown.en == "120"
    assert last[2].shown.en == "< 61"


def test_a_registry_without_coordinates_says_so_in_plain_words(tmp_path):
    run(tmp_path, establishments().assign(lon=np.nan, lat=np.nan))
    shown = blocks(tmp_path / "out")
    assert not {"figure-distance", "figure-centre", "figure-clusters", "figure-tracks"} & set(figures(shown))
    listing = next(one for one in shown if isinstance(one, Listing) and one.name == "list-concentration-status")
    said = [" ".join(cell.shown.en for cell in row) for row in listing.table.rows]
    assert any("no establishment of the industry has usable coordinates" in one for one in said)


def test_an_industry_that_is_the_registry_is_explained_and_not_drawn(tmp_path):
    rows = establishments()
    run(tmp_path, rows[rows["member"]].reset_index(drop=True), (2012, 2012))
    shown = blocks(tmp_path / "out")
    assert "figure-distance" not in figures(shown)
    assert "figure-clusters" in figures(shown)
    listing = next(one for one in shown if isinstance(one, Listing) and one.name == "list-concentration-status")
    assert not any("TS-" in cell.shown.en for row in listing.table.rows for cell in row)


def test_a_study_without_firms_shows_nothing_of_points(tmp_path):
    assert blocks(tmp_path) == []


def test_numbers_of_tracks_follow_their_first_years():
    rows = pd.DataFrame({"track": ["2004-0", "1990-1", "1990-0", "1990-1"], "year": [2004, 1990, 1990, 1991]})
    assert track_numbers(rows) == {"1990-0": 1, "1990-1": 2, "2004-0": 3}


def test_the_same_numbers_draw_the_same_picture():
    rows = pd.DataFrame({"year": [2000, 2001, 2003], "value": [0.1, 0.2, 0.3], "low": [0.0, 0.1, 0.2],
                         "high": [0.2, 0.3, 0.4]})  # fmt: skip
    columns = ("value", "local_low", "local_high", "global_low", "global_high")
    curve = pd.DataFrame({"distance_m": [0.0, 500.0, 1000.0], **{name: [0.1, 0.2, 0.1] for name in columns}})
    with drawing_style():
        pictures = [(band_panel("a", rows, percent=True), distance_panel("b", curve)) for _ in range(2)]
    assert pictures[0] == pictures[1]
