"""Codings within what people agreed to, without anybody's words: what everything later is counted from."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from townshift.evidence.disclosure.consent import consent_given, permitted
from townshift.frames import typed

CODING_TYPES = {
    "coding_id": "string",
    "document": "string",
    "code": "string",
    "concept": "string",
    "stance": "string",
    "participant_id": "string",
    "session_id": "string",
    "actor_group": "string",
    "role": "string",
    "place_id": "string",
    "date": "string",
    "year": "Int64",
    "start": "Int64",
    "end": "Int64",
    "level": "string",
    "round": "string",
    "coder": "string",
    "source_id": "string",
}
ATTENDANCE_TYPES = {
    "participant_id": "string",
    "session_id": "string",
    "actor_group": "string",
    "role": "string",
    "place_id": "string",
    "year": "Int64",
}
SOURCE_TYPES = {"document": "string", "session_id": "string", "actor_group": "string", "characters": "Int64"}
STATUS_TYPES = {"reason": "string", "table": "string", "n": "Int64"}
WITHDRAWN_TYPES = {"concept": "string", "n_passages": "Int64"}

SEVERAL, PUBLIC = "several", "document"
"""Group of a source in which several groups speak, and of one that no session made."""


@dataclass(frozen=True, slots=True)
class FieldRecord:
    """What may be used.

    Attributes:
        codings: `CODING_TYPES`; coders are called C1, C2 … in order of their names.
        attendance: `ATTENDANCE_TYPES`, one row a person and session that consent stands for.
        sources: `SOURCE_TYPES`, documents that may be counted; `characters` as far as turns and codings reach.
        status: `STATUS_TYPES`; what was left out and why: `withdrawn`, `no_consent`, `no_session`.
        withdrawn: `WITHDRAWN_TYPES`; concepts that bear on passages whose consent was taken back, so that a claim that
            rested on them can say so.
    """

    codings: pd.DataFrame
    attendance: pd.DataFrame
    sources: pd.DataFrame
    status: pd.DataFrame
    withdrawn: pd.DataFrame


def field_record(
    codings: pd.DataFrame,
    documents: pd.DataFrame | None,
    consent: pd.DataFrame | None,
    participants: pd.DataFrame | None,
    fieldwork: pd.DataFrame | None,
    codes: pd.DataFrame | None,
) -> FieldRecord:
    """Keep what people agreed to.

    A document that records a session stands under the consent of those who spoke; without a row in `consent` nothing of
    it is used. A document without a session is public. A passage of a person in a document without a session cannot be
    held against any consent and is left out.

    Args:
        codings: as the table; its words are not looked at.
        documents: as the table; `None` where a study has none, as below.
        consent: as the table.
        participants: as the table; names are not looked at.
        fieldwork: as the table.
        codes: as the table.

    Returns:
        The record, sorted by ids.

    Example:
        >>> coded = pd.DataFrame({"coding_id": ["1", "2"], "document": ["a", "law"], "code": ["rent", "rent"],
        ...     "coder": ["X", "X"], "start": [0, 0], "end": [4, 4], "participant_id": ["p", None]})
        >>> made = pd.DataFrame({"document": ["a", "law"], "session_id": ["s", None]})
        >>> found = field_record(coded, made, None, None, None, None)
        >>> found.codings[["coding_id", "level"]].values.tolist(), found.status.values.tolist()
        ([['2', 'quote_with_place']], [['no_consent', 'codings', 1]])
    """
    given = consent if consent is not None else _nothing("participant_id", "session_id", "level", "withdrawn")
    people = participants if participants is not None else _nothing("participant_id", "actor_group", "role", "place_id")
    sessions = fieldwork if fieldwork is not None else _nothing("session_id", "date", "place_id", "document")
    made = documents if documents is not None else _nothing("document", "session_id", "source_id")
    session_of = _sessions(made, sessions)
    rows = _columns(codings, "participant_id", "round")
    level = permitted(rows["document"], rows["participant_id"], session_of, given)
    alone = rows["participant_id"].notna() & ~rows["document"].astype(str).isin(list(session_of))
    level = level.mask(alone, "")
    taken_back = _taken_back(rows, session_of, given)
    status = [
        ("withdrawn", int(((level == "") & taken_back).sum())),
        ("no_session", int(alone.sum())),
        ("no_consent", int(((level == "") & ~taken_back & ~alone).sum())),
    ]
    kept = rows.assign(level=level)[level != ""]
    out = _joined(kept, session_of, people, sessions, made, codes)
    attendance = _attendance(given, people, sessions)
    sources = _sources(made, out, attendance, session_of, codings)
    told = [{"reason": reason, "table": "codings", "n": n} for reason, n in status if n]
    withdrawn = _withdrawn(rows[(level == "") & taken_back], codes)
    return FieldRecord(out, attendance, sources, typed(told, STATUS_TYPES), withdrawn)


def _withdrawn(lost: pd.DataFrame, codes: pd.DataFrame | None) -> pd.DataFrame:
    first = lost[lost["round"].fillna("first") == "first"]
    counted = first["code"].astype(str).map(_meaning(codes)[0]).dropna().value_counts().sort_index()
    return typed([{"concept": one, "n_passages": int(n)} for one, n in counted.items()], WITHDRAWN_TYPES)


def _nothing(*columns: str) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="string") for name in columns})


def _columns(table: pd.DataFrame, *names: str) -> pd.DataFrame:
    """The table with these columns, empty where it lacks them."""
    missing = {name: pd.Series(pd.NA, index=table.index, dtype="string") for name in names if name not in table}
    return table.assign(**missing)


def _sessions(documents: pd.DataFrame, fieldwork: pd.DataFrame) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in (fieldwork, documents):
        if "document" in table and "session_id" in table:
            named = table.dropna(subset=["document", "session_id"])[["document", "session_id"]].astype(str)
            found |= dict(zip(named["document"], named["session_id"], strict=True))
    return found


def _taken_back(rows: pd.DataFrame, session_of: dict[str, str], consent: pd.DataFrame) -> pd.Series:
    """Passages that would be usable had nobody taken consent back."""
    if consent.empty:
        return pd.Series(False, index=rows.index)
    before = permitted(rows["document"], rows["participant_id"], session_of, consent.assign(withdrawn=""))
    return before != ""


def _joined(
    kept: pd.DataFrame,
    session_of: dict[str, str],
    people: pd.DataFrame,
    sessions: pd.DataFrame,
    documents: pd.DataFrame,
    codes: pd.DataFrame | None,
) -> pd.DataFrame:
    document = kept["document"].astype(str)
    session = document.map(session_of)
    person = kept["participant_id"].astype("string")
    about_person = _columns(people, "actor_group", "role", "place_id").set_index("participant_id")
    about_session = _columns(sessions, "date", "place_id").set_index("session_id")
    about_document = _columns(documents, "source_id", "place_id", "date").set_index("document")
    place = person.map(about_person["place_id"]).fillna(session.map(about_session["place_id"]))
    date = session.map(about_session["date"]).fillna(document.map(about_document["date"]))
    concept, stance = _meaning(codes)
    coders = {name: f"C{at}" for at, name in enumerate(sorted(set(kept["coder"].astype(str))), 1)}
    code = kept["code"].astype(str)
    table = pd.DataFrame(
        {
            "coding_id": kept["coding_id"].astype(str),
            "document": document,
            "code": code,
            "concept": code.map(concept),
            "stance": code.map(stance),
            "participant_id": person,
            "session_id": session,
            "actor_group": person.map(about_person["actor_group"]),
            "role": person.map(about_person["role"]),
            "place_id": place.fillna(document.map(about_document["place_id"])),
            "date": date,
            "year": pd.to_numeric(date.astype("string").str.slice(0, 4), errors="coerce"),
            "start": kept["start"],
            "end": kept["end"],
            "level": kept["level"],
            "round": kept["round"].fillna("first"),
            "coder": kept["coder"].astype(str).map(coders),
            "source_id": document.map(about_document["source_id"]),
        }
    )
    table = table.sort_values("coding_id", kind="stable").reset_index(drop=True)
    return table[list(CODING_TYPES)].astype(CODING_TYPES)


def _meaning(codes: pd.DataFrame | None) -> tuple[dict[str, str], dict[str, str]]:
    """Concept and stance of each code, as its latest version has them."""
    if codes is None:
        return {}, {}
    last = _columns(codes, "concept", "stance", "version").sort_values("version", kind="stable")
    last = last.drop_duplicates("code", keep="last")

    def of_code(column: str) -> dict[str, str]:
        known = last.dropna(subset=[column])
        return dict(zip(known["code"].astype(str), known[column].astype(str), strict=True))

    return of_code("concept"), of_code("stance")


def _attendance(consent: pd.DataFrame, people: pd.DataFrame, sessions: pd.DataFrame) -> pd.DataFrame:
    stands = [key for key, level in consent_given(consent).items() if level]
    rows = pd.DataFrame(sorted(stands), columns=["participant_id", "session_id"])
    about_person = _columns(people, "actor_group", "role", "place_id").set_index("participant_id")
    about_session = _columns(sessions, "date", "place_id").set_index("session_id")
    date = rows["session_id"].map(about_session["date"]).astype("string")
    own = rows["participant_id"].map(about_person["place_id"])
    rows = rows.assign(
        actor_group=rows["participant_id"].map(about_person["actor_group"]),
        role=rows["participant_id"].map(about_person["role"]),
        place_id=own.fillna(rows["session_id"].map(about_session["place_id"])),
        year=pd.to_numeric(date.str.slice(0, 4), errors="coerce"),
    )
    return rows[list(ATTENDANCE_TYPES)].astype(ATTENDANCE_TYPES)


def _sources(
    documents: pd.DataFrame,
    kept: pd.DataFrame,
    attendance: pd.DataFrame,
    session_of: dict[str, str],
    codings: pd.DataFrame,
) -> pd.DataFrame:
    by_session = attendance.drop_duplicates(["session_id", "actor_group"]).groupby("session_id")["actor_group"]
    groups = by_session.first().where(by_session.size() == 1, SEVERAL)
    heard = set(attendance["session_id"])
    names = sorted({*documents["document"].astype(str), *kept["document"]})
    reach = codings.groupby("document")["end"].max()
    rows = []
    for name in names:
        session = session_of.get(name)
        if session is not None and session not in heard:
            continue
        group = PUBLIC if session is None else groups.get(session, SEVERAL)
        rows.append({"document": name, "session_id": session, "actor_group": group, "characters": reach.get(name, 0)})
    return typed(rows, SOURCE_TYPES)
