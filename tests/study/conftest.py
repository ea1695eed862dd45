"""A small sound study to break in one place at a time."""

import pytest

MANIFEST = """format = 1

[study]
title = "Shoes in Alder Town"
place = "alder"
industry = "shoes"
period = [1990, 2020]
"""

TABLES = {
    "places": "place_id,name,kind,parent_id,adcode,lon,lat\n"
    "coast,Coast,province,,330000,,\n"
    "alder,Alder Town,town,coast,330502100,120.27,30.87\n"
    "hill,Hill County,county,coast,340827,116.7,30.13\n",
    "sources": "source_id,tier,lineage,published,interest\nS1,official,L1,2013-02,none\nS2,press_origin,L2,2014,none\n",
    "indicators": "indicator,title_en,kind,scale,unit\n"
    "firms,Firms,stock,log,count\narea,Built-up area,stock,log,km2\noutput,Output,flow,log,million_yuan\n",
    "facts": "fact_id,place_id,indicator,year,value,unit,qualifier,source_id,same_as,note\n"
    "F1,alder,firms,2010,410,firms,exact,S1,,\n"
    "F2,alder,firms,2012,520,firms,over,S2,,\n"
    "F3,alder,area,2012,3000,mu,about,S2,,from a map\n"
    "F4,alder,output,2012,2,亿元,about,S2,,\n"
    "F5,alder,firms,2012,520,firms,over,S2,F2,told again\n",
    "events": "event_id,date,place_id,title,source_id\nE1,2009,alder,Market opens,S1\nE2,2013-05,alder,Rule,S2\n",
}


@pytest.fixture
def manifest():
    """`study.toml` of the small sound study."""
    return MANIFEST


@pytest.fixture
def sound_tables():
    """The tables of the small sound study, as texts."""
    return dict(TABLES)


@pytest.fixture
def folder(tmp_path):
    """The small sound study, as files."""
    return write_study(tmp_path / "study")


def write_study(path, manifest=MANIFEST, **tables):
    (path / "data").mkdir(parents=True)
    (path / "study.toml").write_text(manifest, encoding="utf-8")
    for name, content in {**TABLES, **tables}.items():
        if content is not None:
            (path / "data" / f"{name}.csv").write_text(content, encoding="utf-8")
    return path


@pytest.fixture
def study_with(tmp_path):
    """Write the small study with some of its tables replaced (None = left out)."""
    made = []

    def write(manifest=MANIFEST, **tables):
        made.append(1)
        return write_study(tmp_path / f"study{len(made)}", manifest, **tables)

    return write


@pytest.fixture
def edit():
    """Replace a text in one table of a study; it must be there."""

    def replace(folder, table, old, new):
        path = folder / "data" / f"{table}.csv"
        content = path.read_text(encoding="utf-8")
        assert old in content, f"{old!r} is not in {table}"
        path.write_text(content.replace(old, new, 1), encoding="utf-8")
        return folder

    return replace
