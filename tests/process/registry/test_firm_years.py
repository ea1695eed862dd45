"""Firm-years on both engines' terms: stocks, entries, exits, survival, thin years, coverage against figures."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from engine.both_engines import LOCAL_SPARK, skip_without
from townshift.engine.atomic import write_parquet
from townshift.engine.tables import arrow_of, open_engine
from townshift.process.registry.coverage import flagged_years, stock_coverage, thin_years
from townshift.process.registry.firm_years import counted_events, firm_survival, firm_years
from townshift.process.registry.parameters import CoverageParameters, FirmYearsParameters

TYPES = {
    "record_id": "string",
    "place_id": "string",
    "county_id": "string",
    "province_id": "string",
    "member": "boolean",
    "size_band": "string",
    "entry_from": "date",
    "exit_from": "date",
    "date_flag": "string",
}


def registry(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    opened = rng.integers(1990, 2020, n)
    closed = opened + rng.integers(0, 15, n)
    flags = rng.choice(["ok", "missing_entry", "closed_before_opened", "future_exit"], n, p=[0.9, 0.04, 0.03, 0.03])
    places = rng.choice(["zhili", "wuxing", "wangjiang", "zhejiang"], n)
    return pd.DataFrame(
        {
            "record_id": [str(number) for number in range(n)],
            "place_id": places,
            "county_id": pd.Series(places).map({"zhili": "wuxing", "wuxing": "wuxing", "wangjiang": "wangjiang"}),
            "province_id": pd.Series(places).map(lambda place: "anhui" if place == "wangjiang" else "zhejiang"),
            "member": rng.random(n) < 0.4,
            "size_band": rng.choice(["1-9", "10-49", "unknown"], n),
            "entry_from": pd.Series(
                [
                    None if flag == "missing_entry" else dt.date(int(year), 7, 1)
                    for year, flag in zip(opened, flags, strict=True)
                ],
                dtype=object,
            ),
            "exit_from": pd.Series(
                [dt.date(int(year), 12, 31) if year < 2019 else None for year in closed], dtype=object
            ),
            "date_flag": flags,
        }
    )


def counted(rows: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    table = ibis.memtable(rows, schema=ibis.schema(TYPES))
    return tuple(expression.to_pandas() for expression in counted_events(table))


def test_stocks_agree_with_counting_record_by_record():
    rows = registry(3000, 1)
    found = firm_years(*counted(rows), FirmYearsParameters()).firm_years
    usable = rows[~rows["date_flag"].isin(["missing_entry", "closed_before_opened"])]
    opened = usable["entry_from"].map(lambda day: day.year)
    closed = usable["exit_from"].map(lambda day: 9999 if pd.isna(day) else day.year)
    for level, column in (("county", "county_id"), ("province", "province_id")):
        part = found[(found["level"] == level) & (found["size_band"] == "")]
        for row in part.sample(40, random_state=1).itertuples():
            here = (usable[column] == row.place_id) & (usable["member"] == row.member)
            assert row.n_stock == int((here & (opened <= row.year) & (closed > row.year)).sum())
            assert row.n_entry == int((here & (opened == row.year)).sum())
            assert row.n_exit == int((here & (closed == row.year)).sum())


def test_stock_is_last_years_plus_entries_less_exits_and_sizes_add_up():
    found = firm_years(*counted(registry(2000, 2)), FirmYearsParameters()).firm_years
    keys = ["level", "place_id", "member", "size_band"]
    change = found.groupby(keys)["n_stock"].diff()
    later = change.notna()
    assert (change[later] == (found["n_entry"] - found["n_exit"])[later]).all()
    by_size = found[found["size_band"] != ""].groupby([*keys[:3], "year"])["n_stock"].sum()
    whole = found[found["size_band"] == ""].set_index([*keys[:3], "year"])["n_stock"]
    assert by_size.sort_index().astype(int).tolist() == whole.sort_index().astype(int).tolist()


def test_a_town_is_counted_in_its_county_and_a_province_alone_in_no_county():
    found = firm_years(*counted(registry(2000, 3)), FirmYearsParameters()).firm_years
    assert set(found.loc[found["level"] == "town", "place_id"]) == {"zhili"}
    assert set(found.loc[found["level"] == "county", "place_id"]) == {"wuxing", "wangjiang"}
    assert set(found.loc[found["level"] == "province", "place_id"]) == {"anhui", "zhejiang"}


def test_years_before_the_first_asked_for_still_feed_the_stock():
    events = counted(registry(1000, 4))
    whole = firm_years(*events, FirmYearsParameters()).firm_years
    late = firm_years(*events, FirmYearsParameters(year_from=2005)).firm_years
    expected = whole[whole["year"] >= 2005].reset_index(drop=True)
    pd.testing.assert_frame_equal(late, expected)


def test_records_without_usable_dates_are_counted_and_in_no_stock():
    rows = registry(1000, 5)
    found = firm_years(*counted(rows), FirmYearsParameters())
    counts = found.date_counts.set_index("date_flag")
    assert int(counts["n"].sum()) == 1000
    assert counts["in_stock"].to_dict() == {
        "closed_before_opened": False,
        "future_exit": True,
        "missing_entry": False,
        "ok": True,
    }


def test_an_empty_registry_has_no_firm_years():
    found = firm_years(*counted(registry(0, 6)), FirmYearsParameters())
    assert len(found.firm_years) == len(found.spells) == 0


def test_survival_is_that_of_lifelines_with_and_without_truncation():
    from lifelines import KaplanMeierFitter

    rng = np.random.default_rng(3)
    opened = rng.integers(1990, 2010, 4000)
    closed = opened + rng.geometric(0.15, 4000)
    for observed_from in (None, 2000):
        seen = np.ones(4000, bool) if observed_from is None else closed >= observed_from
        spells = pd.DataFrame({"entry_year": opened[seen], "exit_year": closed[seen], "member": True, "n": 1})
        spells["exit_year"] = spells["exit_year"].where(spells["exit_year"] <= 2012).astype("Int64")
        found = firm_survival(spells, 2012, observed_from).set_index("age_years")
        ends = np.minimum(closed[seen], 2012) - opened[seen]
        # Whole years: an establishment at risk at age a entered the risk set before a, hence a half year earlier.
        start = np.full(seen.sum(), -0.5)
        if observed_from is not None:
            start = np.maximum(observed_from - opened[seen], 0) - 0.5
        reference = KaplanMeierFitter().fit(ends, closed[seen] <= 2012, entry=start)
        for age in (1, 5, 10):
            assert found.loc[age, "survival"] == pytest.approx(float(reference.predict(age)), abs=1e-9)
        assert abs(found.loc[5, "survival"] - 0.85**5) < 0.03


def stationary(n_places: int, seed: int, mean: float, spread: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    years = np.arange(1985, 2021)
    growth = np.exp(0.04 * (years - 1985))[None]
    means = mean * growth * rng.gamma(1 / spread**2, spread**2, (n_places, years.size))
    counts = rng.poisson(means)
    names = [f"p{number:03d}" for number in range(n_places)]
    return pd.DataFrame(
        {
            "place_id": np.repeat(names, years.size),
            "level": "county",
            "year": np.tile(years, n_places),
            "n": counts.ravel(),
        }
    )


@pytest.mark.parametrize(("mean", "spread"), [(30.0, 0.1), (300.0, 0.1), (300.0, 0.25)])
def test_sound_registries_seldom_raise_an_alarm(mean, spread):
    found = thin_years(stationary(200, 11, mean, spread), CoverageParameters())
    assert float(found["thin"].mean()) <= 0.005


def test_a_year_of_which_most_is_missing_is_found_where_it_is():
    entries = stationary(40, 12, 200.0, 0.1)
    gap = entries["year"].eq(2004) & entries["place_id"].isin(["p003", "p017"])
    entries.loc[gap, "n"] = entries.loc[gap, "n"] // 4
    found = thin_years(entries, CoverageParameters())
    thin = found[found["thin"]]
    assert {("p003", 2004), ("p017", 2004)} <= set(zip(thin["place_id"], thin["year"], strict=True))
    years = flagged_years(entries, found)
    assert years.loc[gap, "coverage"].eq("thin").all()
    assert years.loc[~gap, "coverage"].eq("thin").mean() <= 0.005


def test_two_thin_years_in_a_row_are_both_found():
    entries = stationary(40, 13, 200.0, 0.1)
    gap = entries["year"].isin([2004, 2005]) & entries["place_id"].eq("p003")
    entries.loc[gap, "n"] = entries.loc[gap, "n"] // 5
    found = thin_years(entries, CoverageParameters())
    thin = set(found.loc[found["thin"] & found["place_id"].eq("p003"), "year"])
    assert {2004, 2005} <= thin


def test_coverage_of_sole_traders_holds_the_true_share():
    facts = pd.DataFrame(
        {
            "fact_id": ["F1", "F2"],
            "place_id": ["zhili", "zhili"],
            "indicator": "sole_traders",
            "year": [2015, 2016],
            "value": [10000.0, 12000.0],
            "qualifier": ["about", "over"],
        }
    )
    stock = pd.DataFrame({"place_id": "zhili", "level": "town", "year": [2015, 2016], "n_stock": [2500, 2500]})
    found = stock_coverage(stock, facts, CoverageParameters(stock_definition="sole_traders"), seed=1)
    assert found["low"].iloc[0] < 0.25 < found["high"].iloc[0]
    assert found["high"].iloc[1] <= 2500 / 12000 * 1.1
    assert found["thin"].all()
    assert len(stock_coverage(stock, facts, CoverageParameters(), seed=1)) == 0


@pytest.mark.spark
def test_counts_are_the_same_on_spark(tmp_path: Path):
    skip_without(LOCAL_SPARK)
    rows = registry(2000, 8)
    write_parquet(tmp_path / "cleaned.parquet", arrow_of(rows))
    engine = open_engine(LOCAL_SPARK, tmp_path / "spill")
    try:
        found = [engine.frame(one) for one in counted_events(engine.table(tmp_path / "cleaned.parquet"))]
    finally:
        engine.close()
    for here, there in zip(counted(rows), found, strict=True):
        keys = list(here.columns)
        sort = [frame.astype("string").sort_values(keys).reset_index(drop=True) for frame in (here, there[keys])]
        sort = [frame.replace(r"\.0$", "", regex=True) for frame in sort]
        pd.testing.assert_frame_equal(*sort)
