"""What people agreed to: which passages may be counted, paraphrased or quoted, and which may not be used at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

LEVELS: tuple[str, ...] = ("", "analysis", "paraphrase", "quote", "quote_with_place")
"""What may be done, each including those before it; "" = nothing."""


def consent_given(consent: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Level of each person in each session; "" where it was withdrawn.

    Args:
        consent: columns participant_id, session_id, level, withdrawn. Any date in `withdrawn` counts: a run has no
            clock, and who took consent back should not wait for one.

    Returns:
        (participant, session) → one of `LEVELS`.

    Example:
        >>> rows = {"participant_id": ["p", "q"], "session_id": "s", "level": "quote", "withdrawn": [None, "2024-05"]}
        >>> consent_given(pd.DataFrame(rows))
        {('p', 's'): 'quote', ('q', 's'): ''}
    """
    taken_back = consent["withdrawn"].notna() & (consent["withdrawn"].astype(str) != "")
    levels = consent["level"].astype(str).mask(taken_back, "")
    keys = zip(consent["participant_id"].astype(str), consent["session_id"].astype(str), strict=True)
    given: dict[tuple[str, str], str] = {}
    for key, level in zip(keys, levels, strict=True):
        # Of two rows the narrower holds: nobody is quoted on the wider of two papers.
        given[key] = min(given.get(key, LEVELS[-1]), level, key=LEVELS.index)
    return given


def permitted(
    documents: pd.Series, participants: pd.Series, session_of: Mapping[str, str], consent: pd.DataFrame
) -> pd.Series:
    """What may be done with each passage, turn or statement.

    A document that records no session is public: everything may be done. In a session, a passage of a known person
    stands under that person's consent; without a row there is none. A passage of nobody in particular stands under the
    narrowest consent of the session, which is nothing as soon as one person withdrew, since their words may be in it.

    Args:
        documents: document of each passage.
        participants: person who speaks in it; missing where not known.
        session_of: document → session, for documents that record one.
        consent: as for `consent_given`.

    Returns:
        One of `LEVELS` for each passage.

    Example:
        >>> rows = {"participant_id": ["p"], "session_id": ["s"], "level": ["analysis"], "withdrawn": None}
        >>> documents, people = pd.Series(["a.txt", "a.txt", "law.pdf"]), pd.Series(["p", "q", None])
        >>> permitted(documents, people, {"a.txt": "s"}, pd.DataFrame(rows)).tolist()
        ['analysis', '', 'quote_with_place']
    """
    given = consent_given(consent)
    narrowest: dict[str, str] = {}
    for (_, held), given_level in given.items():
        narrowest[held] = min(narrowest.get(held, LEVELS[-1]), given_level, key=LEVELS.index)
    out: list[str] = []
    for document, person in zip(documents.astype(str), participants, strict=True):
        session = session_of.get(document)
        if session is None:
            out.append(LEVELS[-1])
        elif pd.isna(person) or person == "":
            out.append(narrowest.get(session, ""))
        else:
            out.append(given.get((str(person), session), ""))
    return pd.Series(out, index=documents.index, dtype=object)


def at_least(levels: pd.Series, level: str) -> pd.Series:
    """Which passages may be used at `level`.

    Example:
        >>> at_least(pd.Series(["", "analysis", "quote_with_place"]), "quote").tolist()
        [False, False, True]
    """
    return levels.map(LEVELS.index) >= LEVELS.index(level)
