from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from townshift.study.datum import gcj02, to_wgs84
from townshift.study.units import canonical_unit, conversion, parse_unit

UNITS = (
    "yuan 万元 亿元 million_yuan mu ha km2 m2 percent persons 万人 pieces million_pieces yuan_per_month CNY_per_year "
    "tonnes_per_day spools million_pairs rank"
)


@pytest.mark.parametrize(
    ("unit", "to", "factor"),
    [
        ("万元", "million_yuan", Fraction(1, 100)),
        ("亿元", "million_yuan", 100),
        ("CNY", "yuan", 1),
        ("CNY_per_month", "yuan_per_month", 1),
        ("yuan_per_month", "yuan_per_year", 12),
        ("元/月", "yuan_per_month", 1),
        ("mu", "ha", Fraction(1, 15)),
        ("亩", "km2", Fraction(1, 1500)),
        ("km2", "ha", 100),
        ("yuan_per_mu", "yuan_per_m2", Fraction(3, 2000)),
        ("persons_per_km2", "persons_per_ha", Fraction(1, 100)),
        ("亿件", "million_pieces", 100),
        ("pieces_per_year", "million_pieces", Fraction(1, 1_000_000)),
        ("thousand_persons", "万人", Fraction(1, 10)),
        ("firms", "count", 1),
        ("家", "count", 1),
        ("万户", "count", 10_000),
        ("count", "pieces", 1),
        ("hours", "hours_per_day", 1),
        ("million_pairs", "pairs", 1_000_000),
        ("spools", "spools", 1),
        ("‰", "percent", Fraction(1, 10)),
    ],
)
def test_units_convert_as_worked_by_hand(unit, to, factor):
    assert conversion(unit, to) == factor


@pytest.mark.parametrize(
    ("unit", "to"),
    [
        ("persons", "count"),
        ("yuan", "usd"),
        ("m2", "m"),
        ("count", "yuan"),
        ("percent", "count"),
        ("percent_change", "percent"),
        ("yuan_per_month", "yuan"),
        ("pieces", "sets"),
        ("ratio", "percent"),
        ("spools", "bobbins"),
        ("", "count"),
    ],
)
def test_units_of_different_things_do_not_convert(unit, to):
    assert conversion(unit, to) is None


@given(st.sampled_from(UNITS.split()), st.sampled_from(UNITS.split()))
def test_conversion_there_and_back_is_the_identity(unit, to):
    there, back = conversion(unit, to), conversion(to, unit)
    if there is not None and back is not None:
        assert there * back == 1


@given(st.text(max_size=20))
def test_any_text_is_a_unit_that_fits_itself(text):
    assert conversion(text, text) == 1
    assert conversion(text, canonical_unit(text)) in (None, parse_unit(text).factor)


@given(st.floats(73.5, 135), st.floats(18, 53))
def test_a_point_turned_into_a_chinese_datum_and_back_is_where_it_was(lon, lat):
    there = gcj02(np.array([lon]), np.array([lat]))
    back = to_wgs84(*there, "gcj02")
    assert abs(back[0][0] - lon) < 1e-8
    assert abs(back[1][0] - lat) < 1e-8


def test_the_datum_shift_agrees_with_the_test_points_of_eviltransform():
    given = [(121.5272106, 31.1774276), (113.912316, 22.543847)]
    told = [(121.531541859215, 31.17530398364597), (113.9171764808363, 22.540796131694766)]
    lon, lat = gcj02(*np.array(given).T)
    assert np.abs(lon - np.array(told)[:, 0]).max() * 111_000 < 0.01
    assert np.abs(lat - np.array(told)[:, 1]).max() * 111_000 < 0.01


def test_points_outside_china_are_not_shifted():
    lon, lat = to_wgs84(np.array([11.1, np.nan]), np.array([43.88, np.nan]), "bd09")
    assert (lon[0], lat[0]) == (11.1, 43.88)
    assert np.isnan(lon[1])
