"""Chinese surnames: what tells a person's name from a firm's, and finds names in texts that must not leave a study."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def chinese_surnames() -> tuple[str, ...]:
    """Chinese surnames in simplified characters, the commonest first; compound ones too. The list is our own.

    Example:
        >>> chinese_surnames()[0], "欧阳" in chinese_surnames()
        ('王', True)
    """
    text = (files(__package__) / "surnames.csv").read_text("utf-8")
    return tuple(line for line in text.splitlines()[2:] if line)
