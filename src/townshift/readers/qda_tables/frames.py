"""A qualitative project as study tables: documents, codes, codings, memos, and whom they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from townshift.readers.qda_tables.keys import Keys, text_of
from townshift.readers.refi_qda.attributes import set_attributes
from townshift.readers.refi_qda.guids import canonical
from townshift.readers.refi_qda.model import (
    MediaSource,
    Project,
    Source,
    TextSelection,
    TextSource,
    Transcript,
    TranscriptSelection,
    VariableValue,
)
from townshift.readers.refi_qda.passages import Coded, Selection, iter_codes, iter_codings, iter_holders

if TYPE_CHECKING:
    import pandas as pd

Row: TypeAlias = tuple[Any, ...]

COLUMNS: dict[str, dict[str, str]] = {
    "documents": dict.fromkeys(("document", "title", "kind", "language", "place_id", "date", "text_path"), "string"),
    "codes": dict.fromkeys(("code", "name", "parent_code", "definition", "colour"), "string") | {"version": "Int64"},
    "codings": dict.fromkeys(("coding_id", "document", "code", "coder"), "string")
    | {"start": "Int64", "end": "Int64", "participant_id": "string", "text": "string"},
    "memos": dict.fromkeys(("memo_id", "about_kind", "about", "author", "date", "text"), "string"),
    "participants": dict.fromkeys(
        ("participant_id", "actor_group", "role", "place_id", "birth_year", "gender", "occupation"), "string"
    ),
    "cases": dict.fromkeys(("case_id", "name", "description"), "string"),
    "case_members": dict.fromkeys(("case_id", "kind", "member"), "string"),
    "variables": dict.fromkeys(("variable", "name", "type", "definition"), "string"),
    "variable_values": dict.fromkeys(("about_kind", "about", "variable", "type", "value"), "string"),
    "links": dict.fromkeys(
        ("link_id", "name", "direction", "origin_kind", "origin", "target_kind", "target"), "string"
    ),
    "sets": dict.fromkeys(("set_id", "name", "kind", "member"), "string"),
}
"""Table → column → type."""

_PARTICIPANT = ("actor_group", "role", "place_id", "birth_year", "gender", "occupation")
_DOCUMENT = ("kind", "language", "place_id", "date")


def to_tables(
    project: Project, salt: bytes, names_are_codes: bool = False, version: int = 1
) -> dict[str, pd.DataFrame]:
    """A project as study tables, without anybody's name.

    `documents`, `codes`, `codings`, `memos` and `participants` have the columns of the study's tables of these names
    (and `text_path`); `cases`, `case_members`, `variables`, `variable_values`, `links` and `sets` hold the rest that
    is no drawing, rectangle or time. Ids are GUIDs as written; a code's key is its name. Positions are codepoints,
    `[start, end)`, in the text that `texts` gives. A passage that does not fit its text has no position, and the
    selection's name for a text.

    Args:
        project: a project.
        salt: secret of the study; users and cases appear as keyed digests of their names, in titles of documents, too.
            Texts, memos and descriptions are not searched for names.
        names_are_codes: names of users and cases are pseudonyms already, and stay.
        version: number of the codebook.

    Returns:
        Table → frame, in the order of the project.

    Raises:
        QdaError: a name must be hashed and there is no salt.

    Example:
        >>> from townshift.readers.refi_qda import model
        >>> coding = model.Coding(guid="c1", code="k")
        >>> selection = model.TextSelection(guid="p", start=4, end=9, codings=(coding,))
        >>> source = model.TextSource(guid="s", text="the wages fall", selections=(selection,))
        >>> project = Project(name="P", codes=(model.Code(guid="k", name="pay"),), sources=(source,))
        >>> to_tables(project, b"salt")["codings"].loc[0, ["code", "coder", "text"]].to_list()
        ['pay', 'unknown', 'wages']
    """
    keys = Keys(project, salt, names_are_codes)
    kinds = _Kinds(keys)
    rows: dict[str, Iterable[Row]] = {
        "documents": _documents(keys),
        "codes": _codes(keys, version),
        "codings": _codings(keys),
        "memos": _memos(keys),
        "participants": _participants(project),
        "cases": ((one.guid, keys.case_name(one), one.description) for one in project.cases),
        "case_members": _case_members(project, kinds),
        "variables": ((one.guid, one.name, one.type, one.description) for one in project.variables),
        "variable_values": _variable_values(keys),
        "links": (
            (one.guid, one.name, one.direction, *kinds.of(one.origin), *kinds.of(one.target)) for one in project.links
        ),
        "sets": _sets(project, kinds),
    }
    return {table: _frame(table, found) for table, found in rows.items()}


def texts(project: Project) -> dict[str, str]:
    """Name of every document → its text, as positions count in it; for the study's `documents/`.

    Example:
        >>> texts(Project(name="P", sources=(TextSource(guid="s", text="sewing"),)))
        {'s.txt': 'sewing'}
    """
    found = _texts(project)
    return {f"{canonical(holder.guid)}.txt": text for holder, text in found if text is not None}


def _frame(table: str, rows: Iterable[Row]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=list(COLUMNS[table]), dtype=object)
    return frame.astype(COLUMNS[table])


def _texts(project: Project) -> Iterator[tuple[Source | Transcript, str | None]]:
    """Every document with its text: sources, transcripts instead of recordings that have some, coded memos."""
    coded = [one for one in project.notes if one.codings or any(part.codings for part in one.selections)]
    for source in (*project.sources, *coded):
        if isinstance(source, MediaSource) and source.transcripts:
            for transcript in source.transcripts:
                yield transcript, transcript.text
        else:
            text = text_of(source)
            yield source, None if text is None else text.text


def _documents(keys: Keys) -> Iterator[Row]:
    names = {canonical(one.guid): one.name.strip().lower() for one in keys.project.variables}
    memos = {id(one) for one in keys.project.notes}
    for holder, text in _texts(keys.project):
        known = {} if isinstance(holder, Transcript) else _named(holder.variable_values, names)
        kind = "transcript" if isinstance(holder, Transcript) else "notes" if id(holder) in memos else known.get("kind")
        document = keys.document(holder)
        path = None if text is None else f"documents/{document}"
        yield (document, keys.without_names(holder.name), kind, *(known.get(one) for one in _DOCUMENT[1:]), path)


def _named(values: Iterable[VariableValue], names: dict[str, str]) -> dict[str, str]:
    """Name of each variable, in lower case → its value."""
    found = ((names.get(canonical(one.variable), ""), one.value) for one in values)
    return {name: value for name, value in found if value is not None}


def _codes(keys: Keys, version: int) -> Iterator[Row]:
    seen: set[str] = set()
    for code, above in iter_codes(keys.project.codes):
        guid = canonical(code.guid)
        if guid not in seen:
            seen.add(guid)
            parent = None if above is None else keys.codes[canonical(above.guid)]
            yield keys.codes[guid], code.name, parent, code.description, code.color, version


def _codings(keys: Keys) -> Iterator[Row]:
    ids = coding_ids(keys.project)
    speakers = _speakers(keys.project)
    for one, coding_id in zip(iter_codings(keys.project), ids, strict=True):
        selection, coding = one.selection, one.coding
        start, end, text = place_of(one)
        speaker = speakers.get(canonical(selection.guid)) if selection is not None else None
        if speaker is None:
            speaker = speakers.get(canonical(one.holder.guid)) or speakers.get(canonical(one.source.guid))
        yield (
            coding_id,
            document_of(keys, one),
            keys.codes.get(canonical(coding.code), coding.code),
            keys.coder(coding.creating_user, None if selection is None else selection.creating_user),
            *(start, end, speaker or None, text),
        )


def coding_ids(project: Project) -> list[str]:
    """Id of every coding in the order of the project: its GUID, numbered where two share one."""
    seen: defaultdict[str, int] = defaultdict(int)
    ids = []
    for one in iter_codings(project):
        key = canonical(one.coding.guid)
        seen[key] += 1
        ids.append(one.coding.guid if seen[key] == 1 else f"{one.coding.guid}-{seen[key]}")
    return ids


def document_of(keys: Keys, one: Coded) -> str:
    """The document in which a coding's passage stands."""
    return keys.document(one.holder if isinstance(one.holder, Transcript) else one.source)


def place_of(one: Coded) -> tuple[int | None, int | None, str | None]:
    """Start and end of a coded passage in its document, and its text."""
    selection = one.selection
    if selection is None:
        return None, None, None
    start, end = _bounds(one.holder, selection)
    text = one.holder.text if isinstance(one.holder, TextSource | Transcript) else None
    if text is None or start is None or end is None or not 0 <= start <= end <= len(text):
        inner = getattr(selection, "representation", None)
        return None, None, selection.name if inner is None or inner.text is None else inner.text
    passage = text[start:end]
    if isinstance(one.holder, TextSource) and one.holder is not text_of(one.source):
        return None, None, passage
    return start, end, passage


def _bounds(holder: Source | Transcript, selection: Selection) -> tuple[int | None, int | None]:
    if isinstance(selection, TextSelection):
        return selection.start, selection.end
    if isinstance(selection, TranscriptSelection) and isinstance(holder, Transcript):
        points = {canonical(one.guid): one.position for one in holder.sync_points}
        first, last = selection.from_sync_point, selection.to_sync_point
        return points.get(canonical(first or "")), points.get(canonical(last or ""))
    return None, None


def _speakers(project: Project) -> dict[str, str]:
    """Canonical GUID of a selection or source → the only case that holds it; empty where several do."""
    found: dict[str, str] = {}
    for case in project.cases:
        for member in (*case.selections, *case.sources):
            key = canonical(member)
            found[key] = case.guid if found.get(key, case.guid) == case.guid else ""
    return found


def _participants(project: Project) -> Iterator[Row]:
    names = {canonical(one.guid): one.name.strip().lower() for one in project.variables}
    for case in project.cases:
        known = _named(case.variable_values, names)
        yield (case.guid, *(known.get(name) for name in _PARTICIPANT))


def _variable_values(keys: Keys) -> Iterator[Row]:
    project = keys.project
    for case in project.cases:
        for one in case.variable_values:
            yield "participant", case.guid, one.variable, one.type, one.value
    for source in (*project.sources, *project.notes):
        for holder in iter_holders(source):
            if not isinstance(holder, Transcript):
                for one in holder.variable_values:
                    yield "document", keys.document(source), one.variable, one.type, one.value
    for found in set_attributes(project):
        if found.kind == "source":
            yield "document", f"{canonical(found.member)}.txt", found.name, "Text", found.value


class _Kinds:
    """What a GUID stands for: its kind and the key it has in the tables."""

    def __init__(self, keys: Keys) -> None:
        project = keys.project
        found: dict[str, tuple[str, str]] = {}
        for source in (*project.notes, *project.sources):
            for holder in iter_holders(source):
                for selection in holder.selections:
                    found[canonical(selection.guid)] = ("selection", selection.guid)
        found |= {canonical(one.guid): ("memo", one.guid) for one in project.notes}
        for source in project.sources:
            found[canonical(source.guid)] = ("document", keys.document(source))
            if isinstance(source, MediaSource):
                found |= {canonical(one.guid): ("document", keys.document(one)) for one in source.transcripts}
        found |= {canonical(one.guid): ("participant", one.guid) for one in project.cases}
        found |= {guid: ("code", name) for guid, name in keys.codes.items()}
        self._found = found

    def of(self, guid: str | None) -> tuple[str | None, str | None]:
        """Kind and key; `other` for what has no table."""
        if guid is None:
            return None, None
        return self._found.get(canonical(guid), ("other", guid))


def _case_members(project: Project, kinds: _Kinds) -> Iterator[Row]:
    for case in project.cases:
        for member in (*case.codes, *case.sources, *case.selections):
            yield (case.guid, *kinds.of(member))


def _sets(project: Project, kinds: _Kinds) -> Iterator[Row]:
    for one in project.sets:
        members = (*one.codes, *one.sources, *one.notes)
        for member in members:
            yield (one.guid, one.name, *kinds.of(member))
        if not members:
            yield one.guid, one.name, None, None


def _memos(keys: Keys) -> Iterator[Row]:
    """Memos by what they are about, one row for each pair; descriptions of sources and passages are memos, too."""
    about = _abouts(keys)
    for note in keys.project.notes:
        author = keys.coder(note.creating_user)
        date = (note.creation_date_time or "")[:10] or None
        targets = list(dict.fromkeys(about.get(canonical(note.guid), []))) or [("study", None)]
        for number, (kind, target) in enumerate(targets, 1):
            memo_id = note.guid if number == 1 else f"{note.guid}-{number}"
            yield memo_id, kind, target, author, date, note.text if note.text is not None else note.name
    for kind, target, guid, user, description in _descriptions(keys):
        yield f"{guid}-description", kind, target, keys.coder(user), None, description


def _abouts(keys: Keys) -> dict[str, list[tuple[str, str | None]]]:
    """Canonical GUID of a memo → what it is about, as kind and key."""
    project = keys.project
    found: defaultdict[str, list[tuple[str, str | None]]] = defaultdict(list)

    def note(refs: Iterable[str], kind: str, target: str | None) -> None:
        """What the memos are about, once more."""
        for ref in refs:
            found[canonical(ref)].append((kind, target))

    note(project.note_refs, "study", None)
    for code, _ in iter_codes(project.codes):
        note(code.notes, "code", keys.codes[canonical(code.guid)])
    passages: dict[str, tuple[str, str | None]] = {}
    for source in (*project.sources, *project.notes):
        for holder in iter_holders(source):
            document = keys.document(holder if isinstance(holder, Transcript) else source)
            note(holder.notes, "document", document)
            for selection in holder.selections:
                coding = selection.codings[0].guid if selection.codings else None
                target: tuple[str, str | None] = ("document", document) if coding is None else ("coding", coding)
                passages[canonical(selection.guid)] = target
                note(selection.notes, *target)
                for one in selection.codings:
                    note(one.notes, "coding", one.guid)
            for one in () if isinstance(holder, Transcript) else holder.codings:
                note(one.notes, "coding", one.guid)
    kinds, memos = _Kinds(keys), {canonical(one.guid) for one in project.notes}
    for link in project.links:
        note(link.notes, "study", None)
        for memo, other in ((link.origin, link.target), (link.target, link.origin)):
            if memo is not None and other is not None and canonical(memo) in memos and canonical(other) not in memos:
                kind, key = kinds.of(other)
                target = passages.get(canonical(other), (kind or "study", key))
                note((memo,), *(target if target[0] != "other" else ("study", None)))
    return found


def _descriptions(keys: Keys) -> Iterator[tuple[str, str, str, str | None, str]]:
    """Kind, key, GUID, author and text of every description of a source or passage."""
    for source in keys.project.sources:
        for holder in iter_holders(source):
            document = keys.document(holder if isinstance(holder, Transcript) else source)
            if holder.description:
                yield "document", document, holder.guid, holder.creating_user, holder.description
            for one in holder.selections:
                if one.description:
                    target = ("coding", one.codings[0].guid) if one.codings else ("document", document)
                    yield (*target, one.guid, one.creating_user, one.description)
