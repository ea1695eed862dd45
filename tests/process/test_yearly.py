"""Reconciled series as the measures see them."""

import numpy as np
import pytest

from process.planted import Planted, constant, together
from townshift.process.yearly import Span, break_years, breaks_between, widest_span, yearly_series
from townshift.types import Estimates


def one(years, bridged=(), **more):
    return yearly_series(together(Planted("firms", years, constant([1.0] * len(years)), bridged=bridged, **more)))[0]


def test_no_estimates_are_no_series():
    empty = together()
    assert yearly_series(empty) == []


def test_base_comes_first_and_the_rest_in_order_of_setting_place_and_definition():
    draws = constant([1.0])
    found = together(
        Planted("b", [2000], draws, setting="loose_prior"),
        Planted("b", [2000], draws),
        Planted("a", [2000], draws, place="z"),
        Planted("a", [2000], draws),
    )
    keys = [(s.setting, s.place_id, s.definition_id) for s in yearly_series(found)]
    assert keys == [("base", "town", "a"), ("base", "town", "b"), ("base", "z", "a"), ("loose_prior", "town", "b")]


def test_rows_in_any_order_give_ascending_years_with_their_own_draws():
    found = together(Planted("firms", [2001, 1999, 2000], constant([2001.0, 1999.0, 2000.0])))
    series = yearly_series(found)[0]
    assert series.years.tolist() == [1999, 2000, 2001]
    assert series.draws[:, 0].tolist() == [1999.0, 2000.0, 2001.0]
    assert series.ids == ("firms@town/1999", "firms@town/2000", "firms@town/2001")


def test_a_year_without_draws_is_left_out():
    draws = constant([1.0, 2.0])
    draws[0] = np.nan
    assert yearly_series(together(Planted("firms", [2000, 2001], draws)))[0].years.tolist() == [2001]


def test_missing_flags_are_no_flags():
    found = together(Planted("firms", [2000], constant([1.0]), flags="two_peaked;few"))
    assert yearly_series(found)[0].flags == (("two_peaked", "few"),)
    blank = found.table.assign(flags=None)
    assert yearly_series(Estimates(blank, found.draws, found.lineage))[0].flags == ((),)


def test_position_of_a_year_that_is_not_there_is_none():
    assert one([2000, 2002]).position(2001) is None
    assert one([2000, 2002]).position(2002) == 1


@pytest.mark.parametrize(
    ("entry", "taken"),
    [
        ({"year": 2001}, True),
        ({"place": "town", "year": 2001}, True),
        ({"place": "other", "year": 2001}, False),
        ({"place": "town", "definition": "firms", "year": 2001}, True),
        ({"place": "town", "definition": "sales", "year": 2001}, False),
        ({"place": "town", "indicator": "firms_of_all_kinds", "year": 2001}, True),
        ({"place": "town", "indicator": "firms_of_all_kinds", "definition": "sales", "year": 2001}, False),
        ({"place": "town", "indicator": "", "definition": "firms", "year": "2001"}, True),
    ],
)
def test_a_break_applies_to_what_it_names_and_to_all_it_leaves_open(entry, taken):
    assert break_years(one([2000, 2002], indicator="firms_of_all_kinds"), [entry]) == ((2001,) if taken else ())


def test_breaks_are_sorted_and_each_counted_once():
    assert break_years(one([2000, 2010]), [{"year": 2005}, {"year": 2002}, {"year": 2005}]) == (2002, 2005)


def test_the_setting_that_takes_no_breaks_has_none():
    assert break_years(one([2000, 2002], setting="breaks_not_taken"), [{"year": 2001}]) == ()


def test_a_break_belongs_to_the_first_year_of_the_new_meaning():
    assert breaks_between((2005,), 2004, 2005) == (2005,)
    assert breaks_between((2005,), 2005, 2006) == ()
    assert breaks_between((2005,), 2000, 2004) == ()


def test_the_span_ends_at_years_with_facts_though_the_series_reach_further():
    long = one(list(range(1998, 2012)), bridged=[1998, 2011])
    other = one(list(range(2000, 2012)), bridged=[2000, 2010])
    assert widest_span(long, other) == Span(2001, 2009, False)


def test_one_common_year_with_facts_falls_back_to_a_bridged_span():
    first = one([2000, 2001, 2002], bridged=[2002])
    other = one([2000, 2001, 2002], bridged=[2001])
    assert widest_span(first, other) == Span(2000, 2002, True)


def test_series_without_two_common_years_share_no_span():
    assert widest_span(one([2000, 2001]), one([2001, 2002])) is None
    assert widest_span(one([2000])) is None
