"""A dated act bears its Chinese title in the Chinese report where the study has one, and its other title elsewhere."""

import pandas as pd

from townshift.report.words import _titles
from townshift.study.schemas import schema


def test_an_event_has_a_title_in_each_language_and_the_one_there_is_where_the_other_is_missing():
    assert "title_zh" in schema("events").names
    assert not schema("events").field("title_zh").required
    events = pd.DataFrame(
        {"event_id": ["a", "b"], "title": ["Rules of 2014", "Fair"], "title_zh": ["2014 年规定", None]}
    )
    found = _titles(events, "event_id", "title", "title_zh")
    assert (found["a"].en, found["a"].zh) == ("Rules of 2014", "2014 年规定")
    assert (found["b"].en, found["b"].zh) == ("Fair", "Fair")
