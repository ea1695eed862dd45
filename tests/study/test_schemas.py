import csv
from pathlib import Path

import pytest
from frictionless import Schema as PublishedSchema

from townshift.study.schemas import TABLES, schema, schema_text

RECORD = Path(__file__).parents[2] / "studies" / "zhili" / "data"
PRODUCT_TABLES = (
    "places, sources, indicators, facts, deflators, destinations, searches, firms, successions, flows, land, "
    "panel, plots, orders, events, policies, actors, concepts, statements, positions, fieldwork, participants, "
    "consent, sampling_plan, documents, speech_turns, codes, codings, memos, episodes, moves_at_table, respondents, "
    "answers, accounts, context"
)


def test_every_table_of_the_product_has_a_schema():
    assert sorted(TABLES) == sorted(PRODUCT_TABLES.split(", "))


@pytest.mark.parametrize("table", TABLES)
def test_a_schema_is_a_valid_frictionless_table_schema(table):
    raw = schema(table).raw
    PublishedSchema.validate_descriptor(raw)
    assert schema_text(table).endswith("}\n")


@pytest.mark.parametrize("table", TABLES)
def test_every_field_says_in_both_languages_what_it_is_and_in_which_unit(table):
    found = schema(table)
    assert found.title
    assert found.title_zh
    assert len({one.name for one in found.fields}) == len(found.fields)
    for one in found.fields:
        assert one.title, one.name
        assert any("\u4e00" <= sign <= "\u9fff" for sign in one.title_zh), one.name
        assert one.description.endswith("."), one.name
        if one.type == "date":
            assert "YYYY" in one.description or "day" in one.description, one.name
        elif one.type == "string" and not one.name.startswith(("value", "unit")):
            assert "unit" in one.description.lower(), f"{table}.{one.name} does not say that it has no unit"


@pytest.mark.parametrize("table", TABLES)
def test_keys_point_to_columns_that_exist(table):
    found = schema(table)
    assert found.primary_key
    assert all(found.field(name).required for name in found.primary_key)
    for key in found.foreign_keys:
        parent = schema(key.table or table)
        assert key.field in found.names
        assert parent.primary_key == (key.target,)


@pytest.mark.parametrize("table", TABLES)
def test_parents_are_checked_before_the_tables_that_refer_to_them(table):
    for key in schema(table).foreign_keys:
        assert not key.table or TABLES.index(key.table) < TABLES.index(table)


@pytest.mark.parametrize("path", sorted(RECORD.glob("*.csv")), ids=lambda path: path.stem)
def test_columns_of_the_real_record_are_exactly_those_of_the_schema(path):
    with path.open(encoding="utf-8", newline="") as handle:
        header = next(csv.reader(handle))
    assert header == schema(path.stem).names


def test_names_of_persons_are_marked_personal():
    assert schema("participants").field("name").personal
    assert schema("firms").field("legal_representative").personal
    assert not schema("facts").field("value").personal
