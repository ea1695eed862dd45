"""From coded passages to quotes that may be shown: consent, masks, descriptions, both sides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from townshift.evidence.disclosure.consent import at_least
from townshift.evidence.disclosure.masking import Identifier, find_identifiers, mask, plain_names
from townshift.evidence.disclosure.quotes import choose_quotes, speakers
from townshift.frames import typed

STATUS_TYPES = {"reason": "string", "n": "Int64"}


@dataclass(frozen=True, slots=True)
class SafeQuotes:
    """Quotes and what was left out.

    Attributes:
        quotes: as `choose_quotes`.
        status: `STATUS_TYPES`: passages without consent to be quoted, without a description that fits enough people,
            and identifiers masked.
    """

    quotes: pd.DataFrame
    status: pd.DataFrame


def safe_quotes(
    codings: pd.DataFrame,
    permitted_codings: pd.DataFrame,
    places: pd.DataFrame,
    participants: pd.DataFrame | None,
    decisions: pd.DataFrame | None,
    threshold: int,
    each: int,
    longest: int,
) -> SafeQuotes:
    """Quotes for and against each concept.

    Args:
        codings: coding_id, text: the words.
        permitted_codings: as `field_record` gives them.
        places: place_id, parent_id, name, name_zh.
        participants: participant_id, role, actor_group, place_id, name; names are used in memory only.
        decisions: kind, text, decision of a person who looked at what was found; `keep` leaves a text unmasked.
        threshold: people that a description must fit.
        each: quotes for and against each concept.
        longest: characters of a quote at most.

    Returns:
        The quotes and what was left out.
    """
    words = codings.assign(coding_id=codings["coding_id"].astype(str)).set_index("coding_id")
    has_words = permitted_codings["coding_id"].map(words["text"]) if "text" in words else None
    rows = permitted_codings[(permitted_codings["round"] == "first") & permitted_codings["concept"].notna()]
    if has_words is None or rows.empty:
        return SafeQuotes(choose_quotes(rows.iloc[:0], pd.DataFrame(), threshold), typed([], STATUS_TYPES))
    rows = rows.assign(text=has_words[rows.index]).dropna(subset=["text"])
    quotable = at_least(rows["level"].astype(str), "quote")
    people = participants if participants is not None else pd.DataFrame(columns=["participant_id", "name"])
    named = people["name"].dropna().astype(str).tolist() if "name" in people else []
    kept = kept_texts(decisions)
    told = [places[name].dropna().astype(str) for name in ("name", "name_zh") if name in places]
    public = plain_names(name for column in told for name in column)
    masked, n_masked = [], 0
    for text in rows["text"].astype(str):
        found = still_hidden(text, find_identifiers(text, "", known_names=named, public_names=public), kept)
        n_masked += len(found)
        masked.append(mask(text, found))
    described = _described(rows, people, places, threshold)
    chosen = choose_quotes(rows.assign(text=masked), described, threshold, each=each, longest=longest)
    fits = rows["participant_id"].isin(described.loc[described["people"] >= threshold, "participant_id"])
    status = [
        ("no_consent_to_quote", int((~quotable).sum())),
        ("too_few_people", int((quotable & rows["participant_id"].notna() & ~fits).sum())),
        ("identifiers_masked", n_masked),
    ]
    return SafeQuotes(chosen, typed([{"reason": reason, "n": n} for reason, n in status if n], STATUS_TYPES))


def kept_texts(decisions: pd.DataFrame | None) -> frozenset[str]:
    """Texts that a person said to keep.

    Example:
        >>> sorted(kept_texts(pd.DataFrame({"kind": ["name"] * 2, "text": ["A", "B"], "decision": ["keep", "mask"]})))
        ['A']
    """
    if decisions is None:
        return frozenset()
    said = decisions["decision"].fillna("").astype(str).str.strip().str.lower()
    return frozenset(decisions.loc[said == "keep", "text"].astype(str))


def still_hidden(text: str, found: Iterable[Identifier], kept: frozenset[str]) -> list[Identifier]:
    """Identifiers that nobody said to keep.

    Example:
        >>> still_hidden("Mr. Jones", [Identifier(4, 9, "name", "certain", "title")], frozenset(["Jones"]))
        []
    """
    return [one for one in found if text[one.start : one.end] not in kept]


def _described(rows: pd.DataFrame, people: pd.DataFrame, places: pd.DataFrame, threshold: int) -> pd.DataFrame:
    lacking = [name for name in ("role", "actor_group", "place_id") if name not in people]
    who = people.assign(**{name: pd.Series(pd.NA, index=people.index, dtype="string") for name in lacking})
    spoken = rows.dropna(subset=["participant_id"])
    sessions = spoken.assign(with_place=spoken["level"] == "quote_with_place")
    sessions = sessions[["participant_id", "session_id", "year", "with_place"]].drop_duplicates()
    parents = places.dropna(subset=["parent_id"])[["place_id", "parent_id"]].astype(str).to_numpy()
    # Everybody of the study counts as somebody a description may fit, not only those who were coded.
    heard = who[["participant_id", "role", "actor_group", "place_id"]]
    never = heard[~heard["participant_id"].isin(sessions["participant_id"])]
    others = pd.DataFrame(
        {"participant_id": never["participant_id"], "session_id": "", "year": pd.NA, "with_place": True}
    ).astype({"year": "Int64", "session_id": "string"})
    every = pd.concat([sessions, others], ignore_index=True) if len(others) else sessions
    return speakers(heard, every, {str(a): str(b) for a, b in parents}, threshold)
