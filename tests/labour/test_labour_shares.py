"""A share is computed on joint draws, stays below its whole, and says when part and whole do not fit."""

import numpy as np
import pandas as pd
import pytest

from townshift.labour.labour_shares import EXTRA_COLUMNS, STATUS_COLUMNS, labour_shares
from townshift.labour.themes import Share
from townshift.types import ESTIMATE_COLUMNS, N_DRAWS, Estimates, estimate_id

SHARE = Share(name="migrant_share", part="migrants", whole="residents")
COLUMNS = [
    "estimate_id",
    "measure",
    "place_id",
    "definition_id",
    "year_from",
    "year_to",
    "group",
    "setting",
    "unit",
    "kind",
]
LINEAGE_OF = {"F_migrants_2020": "L1", "F_residents_2020": "L1", "F_migrants_2021": "L2", "F_residents_2021": "L3"}


def series(*rows):
    """Rows: (definition, year, draws, further keys); every estimate cites one fact of its own."""
    table, draws, lineage = [], [], []
    for definition, year, values, *more in rows:
        keys = {"place": "town", "setting": "base", "unit": "persons", "kind": "estimated", **(more[0] if more else {})}
        key = estimate_id(definition, keys["place"], year, year, "", keys["setting"])
        table.append(
            (key, definition, keys["place"], definition, year, year, "", keys["setting"], keys["unit"], keys["kind"])
        )
        draws.append(np.broadcast_to(np.asarray(values, dtype=float), N_DRAWS))
        lineage.append((key, "facts", f"F_{definition}_{year}", 1.0))
    return Estimates(
        pd.DataFrame(table, columns=COLUMNS),
        np.array(draws).reshape(len(table), N_DRAWS),
        pd.DataFrame(lineage, columns=["estimate_id", "table", "row_id", "share"]),
    )


def shares(*rows, declared=(SHARE,)):
    return labour_shares(declared, series(*rows), LINEAGE_OF)


UNIFORM = (np.arange(N_DRAWS) + 0.5) / N_DRAWS


def test_a_share_is_part_over_whole_draw_by_draw():
    found = shares(
        ("migrants", 2020, 300.0 + 100 * UNIFORM), ("residents", 2020, 2 * (300.0 + 100 * UNIFORM))
    ).labour_shares
    row = found.table.iloc[0]
    # the errors move together, so the share is sure although both figures are not
    assert (row["value"], row["low"], row["high"]) == (0.5, 0.5, 0.5)
    assert (row["estimate_id"], row["unit"], row["acceptance"]) == ("migrant_share@town/2020", "share", 1.0)
    assert (row["part"], row["whole"]) == ("migrants", "residents")


def test_a_share_stays_below_one_where_part_and_whole_overlap():
    found = shares(("migrants", 2020, 200 * UNIFORM), ("residents", 2020, 100.0)).labour_shares
    row = found.table.iloc[0]
    assert row["acceptance"] == pytest.approx(0.5)
    assert row["value"] == pytest.approx(0.5, abs=0.01)
    assert row["high"] <= 1
    assert np.nanmax(found.draws) <= 1
    assert np.isnan(found.draws).sum() == N_DRAWS // 2


def test_a_low_acceptance_is_flagged():
    part = np.where(UNIFORM < 0.2, 50.0, 150.0)
    row = shares(("migrants", 2020, part), ("residents", 2020, 100.0)).labour_shares.table.iloc[0]
    assert row["flags"] == "low_acceptance"
    assert row["acceptance"] == pytest.approx(0.2)
    assert row["value"] == 0.5


def test_a_part_above_its_whole_is_inconsistent_and_has_no_value():
    part = np.where(UNIFORM < 0.04, 50.0, 150.0)
    found = shares(("migrants", 2020, part), ("residents", 2020, 100.0))
    row = found.labour_shares.table.iloc[0]
    assert row["flags"] == "inconsistent"
    assert pd.isna(row["value"])
    assert np.isnan(found.labour_shares.draws).all()
    status = found.status.iloc[0]
    assert (status["status"], status["reason"], status["n_inconsistent"]) == ("not_estimable", "inconsistent", 1)


def test_flags_of_part_and_whole_are_carried_once():
    given = series(("migrants", 2020, 1.0), ("residents", 2020, 2.0))
    given.table["flags"] = ["over_only;two_peaked", "over_only"]
    found = labour_shares([SHARE], given, LINEAGE_OF).labour_shares.table.iloc[0]
    assert found["flags"] == "over_only;two_peaked"


def test_one_inconsistent_year_does_not_spoil_the_others():
    found = shares(
        ("migrants", 2020, 150.0), ("residents", 2020, 100.0), ("migrants", 2021, 50.0), ("residents", 2021, 100.0)
    )
    status = found.status.iloc[0]
    assert (status["status"], status["n_years"], status["n_inconsistent"]) == ("ok", 2, 1)
    assert found.labour_shares.table["flags"].tolist() == ["inconsistent", ""]


def test_only_years_of_both_series_have_a_share():
    found = shares(("migrants", 2019, 1.0), ("migrants", 2020, 1.0), ("residents", 2020, 2.0), ("residents", 2021, 2.0))
    assert found.labour_shares.table["year_from"].tolist() == [2020]


def test_a_year_is_bridged_if_either_figure_is():
    bridged = {"kind": "bridged"}
    found = shares(
        ("migrants", 2019, 1.0, bridged), ("residents", 2019, 2.0),
        ("migrants", 2020, 1.0), ("residents", 2020, 2.0, bridged),
        ("migrants", 2021, 1.0), ("residents", 2021, 2.0),
    )  # fmt: skip
    assert found.labour_shares.table["kind"].tolist() == ["bridged", "bridged", "estimated"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([("migrants", 2020, 1.0)], "no_whole"),
        ([("residents", 2020, 1.0)], "no_part"),
        ([("migrants", 2020, 1.0), ("residents", 2021, 2.0)], "no_common_year"),
        ([("migrants", 2020, 1.0, {"unit": "households"}), ("residents", 2020, 2.0)], "units_differ"),
    ],
)
def test_what_cannot_be_computed_is_listed_with_the_reason(rows, reason):
    found = shares(*rows)
    assert found.labour_shares.table.empty
    assert found.status[["status", "reason", "n_years"]].to_numpy().tolist() == [["not_estimable", reason, 0]]


def test_places_and_settings_are_never_mixed():
    found = shares(
        ("migrants", 2020, 1.0), ("residents", 2020, 2.0),
        ("migrants", 2020, 3.0, {"setting": "pure_bounds"}), ("residents", 2020, 4.0, {"setting": "pure_bounds"}),
        ("migrants", 2020, 9.0, {"place": "county"}),
    )  # fmt: skip
    assert found.labour_shares.table[["place_id", "setting", "value"]].to_numpy().tolist() == [
        ["town", "base", 0.5],
        ["town", "pure_bounds", 0.75],
    ]
    assert found.status["reason"].tolist() == ["no_whole", "", ""]


def test_part_and_whole_are_cited_half_and_half_and_one_lineage_counts_once():
    found = shares(
        ("migrants", 2020, 1.0), ("residents", 2020, 2.0), ("migrants", 2021, 1.0), ("residents", 2021, 2.0)
    ).labour_shares
    assert found.lineage["row_id"].tolist() == [
        "F_migrants_2020", "F_residents_2020", "F_migrants_2021", "F_residents_2021",
    ]  # fmt: skip
    assert found.lineage["share"].tolist() == [0.5] * 4
    assert found.table["n"].tolist() == [2, 2]
    assert found.table["n_lineages"].tolist() == [1, 2]


def test_several_shares_of_one_whole_each_have_their_measure():
    local = Share(name="local_share", part="locals", whole="residents")
    found = shares(
        ("migrants", 2020, 3.0), ("locals", 2020, 1.0), ("residents", 2020, 4.0), declared=(SHARE, local)
    ).labour_shares.table
    assert found["measure"].tolist() == ["local_share", "migrant_share"]
    assert found["value"].sum() == pytest.approx(1.0)


def test_no_series_and_no_declared_share_make_empty_tables():
    for found in (shares(), shares(("migrants", 2020, 1.0), ("residents", 2020, 2.0), declared=())):
        assert found.labour_shares.table.empty
        assert tuple(found.labour_shares.table.columns) == (*ESTIMATE_COLUMNS, *EXTRA_COLUMNS)
        assert list(found.status.columns) == list(STATUS_COLUMNS)


def test_the_order_of_rows_changes_nothing():
    rows = [
        ("migrants", 2020, 60 * UNIFORM),
        ("residents", 2020, 50.0),
        ("migrants", 2021, 1.0),
        ("residents", 2021, 2.0),
    ]
    one, two = shares(*rows).labour_shares, shares(*rows[::-1]).labour_shares
    pd.testing.assert_frame_equal(one.table, two.table)
    np.testing.assert_array_equal(one.draws, two.draws)
