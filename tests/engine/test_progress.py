"""What a user sees of a run."""

from __future__ import annotations

import io
import re

import pytest

from engine.toy_town import ToyTown
from townshift.engine.progress import Plain, Rich, progress_for
from townshift.locales import set_language


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_plain_lines(town: ToyTown) -> None:
    stream = io.StringIO()
    progress = progress_for(stream)
    assert isinstance(progress, Plain)
    town.run(progress=progress)
    lines = [re.sub(r"\d+\.\d s", "_ s", line) for line in stream.getvalue().splitlines()]
    assert lines == [
        "[1/3] doubled: computed (not computed before), _ s",
        "[2/3] all_levels: computed (not computed before), _ s",
        "[3/3] means: computed (not computed before), _ s",
        "Steps: computed: 3",
    ]
    assert "\x1b" not in stream.getvalue()


def test_a_run_with_nothing_to_do_is_one_line(town: ToyTown) -> None:
    town.run()
    stream = io.StringIO()
    town.run(progress=Plain(stream))
    assert stream.getvalue() == "Steps: fresh: 3\n"


def test_a_terminal_gets_a_bar_and_the_same_words(town: ToyTown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    progress = progress_for(stream)
    assert isinstance(progress, Rich)
    town.run(progress=progress)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    assert "doubled: computed (not computed before)" in plain
    assert "Steps: computed: 3" in plain
    assert "━" in plain


def test_the_lines_follow_the_language(town: ToyTown) -> None:
    stream = io.StringIO()
    set_language("zh")
    try:
        town.run(progress=Plain(stream))
    finally:
        set_language("en")
    assert stream.getvalue().endswith("步骤：已计算 3 个\n")


def test_the_bar_is_taken_away_when_a_step_breaks(town: ToyTown) -> None:
    town.edit("measures", "return values * FACTOR", "raise KeyboardInterrupt")
    stream = Terminal()
    with pytest.raises(KeyboardInterrupt):
        town.run(progress=Rich(stream))
    assert stream.getvalue().rstrip().endswith("\x1b[2K") or "\x1b[?25h" in stream.getvalue()
