"""Changes of a record that may not change an answer, and changes that may change it in one direction only."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from townshift.governance.discourse import discourse, voices_held
from townshift.governance.instruments import instruments
from townshift.governance.periods import declared
from townshift.governance.sequence import turn_sequence
from townshift.voices import voices_once

PERIODS = declared([[1990, 1999], [2000, 2009]])
days = st.dates(min_value=pd.Timestamp("1990-01-01").date(), max_value=pd.Timestamp("2009-12-31").date())
precision = st.sampled_from([4, 7, 10])


@st.composite
def histories(draw):
    """Up to ten events with dates of any precision, some undated."""
    n = draw(st.integers(1, 10))
    rows = []
    for i in range(n):
        written = draw(days).isoformat()[: draw(precision)] if draw(st.integers(0, 5)) else None
        rows.append(
            {
                "event_id": f"E{i:02}",
                "date": written,
                "event_type": draw(st.sampled_from(["accident", "policy"])),
                "actor_level": draw(st.sampled_from(["town", "firm"])),
                "instrument": draw(st.sampled_from(["land", "none"])),
                "turn": draw(st.sampled_from(["upgrading", "relocation", "none"])),
                "same_as": None,
                "lineage": f"L{i % 3}",
            }
        )
    return pd.DataFrame(rows)


def with_double(events, position):
    """The same history with one event told by a further page, dated and coded otherwise."""
    told = events.iloc[position]
    double = {
        **told.to_dict(),
        "event_id": "Z_double",
        "same_as": told["event_id"],
        "date": "1991-01-01",
        "instrument": "finance",
        "turn": "none",
        "lineage": "L_other",
    }
    return pd.concat([events, pd.DataFrame([double])], ignore_index=True)


def counted(events):
    return instruments(events, PERIODS, ["town"], {"all": None})


@settings(deadline=None, max_examples=40)
@given(histories(), st.integers(0, 9))
def test_a_further_page_on_an_event_adds_a_row_and_a_lineage_but_no_event(events, position):
    doubled = with_double(events, position % len(events))
    one, two = counted(events), counted(doubled)
    assert two["n_events"].sum() == one["n_events"].sum() == len(events)
    assert two["n_rows"].sum() == one["n_rows"].sum() + 1
    keys = ["period", "actor_level", "instrument", "n_events"]
    pd.testing.assert_frame_equal(one[keys], two[keys])
    told, again = (turn_sequence(each, {"all": None}) for each in (events, doubled))
    other_than = ["n_lineages", "row_ids"]
    pd.testing.assert_frame_equal(told.turns.drop(columns=other_than), again.turns.drop(columns=other_than))
    pd.testing.assert_frame_equal(told.sequence.drop(columns=other_than), again.sequence.drop(columns=other_than))


@settings(deadline=None, max_examples=40)
@given(histories())
def test_knowing_the_days_never_reverses_an_order_told_from_years(events):
    """What coarse dates call before or after stays so when every date is told to a day within them."""
    exact = events.assign(date=[_first_day(date) for date in events["date"]])
    keys = ["turn", "by", "value"]
    coarse = turn_sequence(events, {"all": None}).sequence.set_index(keys)
    fine = turn_sequence(exact, {"all": None}).sequence.set_index(keys)
    for name in ("pairs_before", "pairs_after"):
        assert (fine[name] >= coarse[name]).all()
    assert (fine["n_before"] >= coarse["n_before"]).all()
    assert (fine["n_after"] >= coarse["n_after"]).all()
    for name in ("first_order", "median_order"):
        settled = coarse[name].isin(["before", "after"])
        assert (fine[name][settled] == coarse[name][settled]).all()


def _first_day(date):
    return None if date is None or pd.isna(date) else f"{date}-01-01"[:10] if len(date) == 4 else f"{date}-01"[:10]


@settings(deadline=None, max_examples=40)
@given(histories())
def test_periods_share_out_the_events_between_them(events):
    found = counted(events)
    undated = found[found["period"] == "undated"]["n_events"].sum()
    assert undated == events["date"].isna().sum()
    assert "outside" not in set(found["period"])


@st.composite
def talk(draw):
    """Up to a dozen statements of a few actors in a few originals."""
    rows = []
    for i in range(draw(st.integers(1, 12))):
        rows.append(
            {
                "statement_id": f"T{i:02}",
                "date": draw(st.sampled_from(["1995", "2005-06", None])),
                "actor_id": draw(st.sampled_from("ABC")),
                "actor_group": "worker",
                "place_id": "town",
                "concept": draw(st.sampled_from(["levy", "order"])),
                "stance": draw(st.sampled_from(["agree", "disagree", "neutral"])),
                "speech_act": "report",
                "position_to_know": "direct",
                "interest": "none",
                "same_as": None,
                "lineage": draw(st.sampled_from(["L1", "L2"])),
            }
        )
    return pd.DataFrame(rows)


@settings(deadline=None, max_examples=40)
@given(talk(), st.integers(0, 11))
def test_coding_an_utterance_twice_changes_no_voice(statements, position):
    said = statements.iloc[position % len(statements)]
    again = {
        **said.to_dict(),
        "statement_id": "Z",
        "same_as": said["statement_id"],
        "stance": "neutral",
        "lineage": "L9",
    }
    doubled = pd.concat([statements, pd.DataFrame([again])], ignore_index=True)
    pd.testing.assert_frame_equal(voices_once(statements), voices_once(doubled))


@settings(deadline=None, max_examples=40)
@given(talk(), st.integers(1, 4))
def test_withholding_never_shows_a_cell_of_fewer_persons_than_the_threshold(statements, threshold):
    voices = voices_once(statements)
    found = discourse(voices, PERIODS, {}, ["worker"], threshold)
    shown = found[~found["suppressed"]]
    assert (shown["n_actors"] >= threshold).all()
    bare = discourse(voices, PERIODS, {}, [], threshold)
    assert (bare[found["suppressed"].to_numpy()]["n_actors"] < threshold).all()
    assert bare["n_voices"].sum() == len(voices)


@settings(deadline=None, max_examples=20)
@given(talk())
def test_voices_held_count_every_statement_once_on_each_level(statements):
    found = voices_held(voices_once(statements), {"town": "focal"}, ["worker", "government"])
    counts = found.groupby("level")["n_statements"].sum()
    assert counts["side"] == counts["place"] == len(statements)
