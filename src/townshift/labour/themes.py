"""Themes of work: which definitions, concepts and events of a study speak of wages, hours, shortage and the rest.

Imports nothing heavy, so that the parameters of a step may use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from townshift.errors import MeasureError, Problem
from townshift.types import Parameters


class Theme(Parameters):
    """One theme of the labour record, as a study declares it.

    Attributes:
        theme: its id.
        title_en, title_zh: what readers see.
        definitions: definition ids of `facts` that speak of it.
        single_cases: those of them that tell of one person, plant or dispute and stand for nobody else.
        concepts: concepts of `statements` that speak of it.
        event_types, turns, events: events that speak of it, by kind, by turn, or by id.
        context: indicators of `context`, proxies from elsewhere.
    """

    theme: str
    title_en: str
    title_zh: str
    definitions: tuple[str, ...] = ()
    single_cases: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
    turns: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    context: tuple[str, ...] = ()


def check_themes(themes: Sequence[Theme], known: Mapping[str, Iterable[str]]) -> None:
    """Refuse themes that are declared twice or name what the study does not have, all problems at once.

    Args:
        themes: as declared.
        known: for each of `definitions`, `concepts`, `event_types`, `turns`, `events` and `context` the ids that the
            study has; a kind that is absent is not checked.

    Raises:
        MeasureError: with one problem for each theme and kind.

    Example:
        >>> wages = Theme(theme="wages", title_en="Wages", title_zh="工资", concepts=("pay",))
        >>> check_themes([wages], {"concepts": ["pay", "hours"]})
    """
    names = [theme.theme for theme in themes]
    problems = [
        Problem("TS-LAB-001", values={"theme": name}) for name in sorted({n for n in names if names.count(n) > 1})
    ]
    for theme in themes:
        for kind, ids in sorted({**known, "single_cases": theme.definitions}.items()):
            unknown = sorted(set(getattr(theme, kind)) - set(ids))
            if unknown:
                values: dict[str, object] = {"theme": theme.theme, "kind": kind, "ids": ", ".join(unknown)}
                problems.append(Problem("TS-LAB-002", values=values))
    if problems:
        raise MeasureError(*problems)


class Share(Parameters):
    """One share that a study declares: what part of a whole, both names of definitions in one unit.

    Attributes:
        name: the measure's name in results.
        part, whole: definition ids of reconciled series.
    """

    name: str
    part: str
    whole: str


def check_shares(shares: Sequence[Share]) -> None:
    """Refuse two shares of one name.

    Raises:
        MeasureError: with one problem for each such name.

    Example:
        >>> check_shares([Share(name="migrant_share", part="migrants", whole="residents")])
    """
    names = [share.name for share in shares]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise MeasureError(*(Problem("TS-LAB-003", values={"share": name}) for name in twice))
