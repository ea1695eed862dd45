"""What the rows of study tables change in a qualitative project, gathered table by table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from townshift.readers.qda_tables.codes import with_codes
from townshift.readers.qda_tables.edits import Addition, Edits
from townshift.readers.qda_tables.frames import coding_ids
from townshift.readers.qda_tables.keys import UNKNOWN_CODER, Keys
from townshift.readers.refi_qda.guids import canonical, is_guid, stable_guid
from townshift.readers.refi_qda.loss import LossReport
from townshift.readers.refi_qda.model import (
    Case,
    Code,
    Coding,
    Link,
    MediaSource,
    Project,
    TextSource,
    User,
    Variable,
    VariableValue,
)
from townshift.readers.refi_qda.passages import Coded, iter_codes, iter_codings

Rows = list[dict[str, Any]]
_SPOKEN_OF = ("actor_group", "role", "place_id", "occupation")
"""What is told of a participant: nothing personal."""


def _guid(kind: str, key: object) -> str:
    return key if isinstance(key, str) and is_guid(key) else stable_guid(kind, key)


@dataclass
class Maker:
    """Gathers what changes, then makes the project in one stroke.

    Attributes:
        base: what is there already.
        keys: keys of what is there already.
        texts: document → text.
        report: told of what has no place.
        edits: changes to codings.
        sources: GUIDs of documents: key → canonical GUID of the source or transcript.
        coders: coder → GUID of the user.
        known_codes: code → GUID.
        cases: id → case.
        code_notes: canonical GUID of a code → memos to refer to.
        speakers: canonical GUID of a case → selections, or codings whose selections, it holds now.
    """

    base: Project
    keys: Keys
    texts: dict[str, str]
    report: LossReport
    edits: Edits = field(default_factory=Edits)
    sources: dict[str, str] = field(default_factory=dict)
    coders: dict[str, str] = field(default_factory=dict)
    known_codes: dict[str, str] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    code_notes: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    speakers: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    new_users: list[User] = field(default_factory=list)
    new_sources: list[TextSource] = field(default_factory=list)
    new_notes: list[TextSource] = field(default_factory=list)
    new_links: dict[str, Link] = field(default_factory=dict)
    new_variables: dict[str, Variable] = field(default_factory=dict)
    changed_notes: dict[str, str] = field(default_factory=dict)
    project_notes: list[str] = field(default_factory=list)
    coding_guids: dict[str, str] = field(default_factory=dict)
    tree: tuple[Code, ...] = ()

    def __post_init__(self) -> None:
        for source in (*self.base.notes, *self.base.sources):
            self.sources[self.keys.document(source)] = canonical(source.guid)
            for transcript in source.transcripts if isinstance(source, MediaSource) else ():
                self.sources[self.keys.document(transcript)] = canonical(transcript.guid)
        self.coders = {key: one.guid for one in self.base.users for key in (self.keys.coder(one.guid),)}
        for code, _ in iter_codes(self.base.codes):
            self.known_codes.setdefault(self.keys.codes[canonical(code.guid)], code.guid)
        for case in self.base.cases:
            self.cases.setdefault(canonical(case.guid), case)
        self.edits.referred = {
            canonical(guid)
            for guid in (
                *(one for case in self.base.cases for one in case.selections),
                *(end for link in self.base.links for end in (link.origin, link.target) if end is not None),
            )
        }

    def lost(self, code: str, table: str, number: int, **values: object) -> None:
        """Note a row that cannot be said; rows are counted from 1."""
        self.report.lose(code, table, f"row {number}", **values)

    def documents(self, documents: Rows, codings: Rows) -> None:
        """New documents become text sources; a table of codings alone names them, too."""
        titles = {row["document"]: row.get("title") for row in documents}
        for row in codings:
            titles.setdefault(row["document"], None)
        for document, title in titles.items():
            if document in self.sources or document is None:
                continue
            guid = _guid("document", document.removesuffix(".txt"))
            text = self.texts.get(document)
            if text is None:
                self.report.lose("TS-QDA-031", "TextSource", guid)
            path = None if text is None else f"internal://{guid.strip('{}')}.txt"
            name = title if title is not None else document
            self.new_sources.append(TextSource(guid=guid, name=name, plain_text_path=path, text=text))
            self.sources[document] = canonical(guid)

    def codes(self, codes: Rows, codings: Rows, shown: Rows) -> None:
        """New and changed codes; a code that only codings name stands at the top."""
        named = {row["code"] for row in codes}
        extra: Rows = []
        for row in codings:
            if row["code"] is not None and row["code"] not in named and row["code"] not in self.known_codes:
                named.add(row["code"])
                extra.append({"code": row["code"]})
        self.tree = with_codes(self.base.codes, self.known_codes, [*codes, *extra], shown, self.report)

    def coder(self, coder: str | None) -> str | None:
        """GUID of a coder, who becomes a user if there is none."""
        if coder is None or coder == UNKNOWN_CODER:
            return None
        if coder not in self.coders:
            self.coders[coder] = _guid("coder", coder)
            self.new_users.append(User(guid=self.coders[coder], name=coder))
        return self.coders[coder]

    def codings(self, codings: Rows, shown: Rows) -> None:
        """Codings that are new, changed or gone."""
        there = dict(zip(coding_ids(self.base), iter_codings(self.base), strict=True))
        self.coding_guids = {key: one.coding.guid for key, one in there.items()}
        before = {row["coding_id"]: row for row in shown}
        wanted = {row["coding_id"] for row in codings}
        self.edits.swapped |= {id(one.coding): None for key, one in there.items() if key not in wanted}
        for number, row in enumerate(codings, 1):
            if row["code"] not in self.known_codes and row["coding_id"] not in there:
                self.lost("TS-QDA-060", "codings", number, field="code", wanted="codes")
            elif row["coding_id"] in there:
                self._changed(row, before[row["coding_id"]], there[row["coding_id"]])
            elif row["document"] not in self.sources:
                self.lost("TS-QDA-060", "codings", number, field="document", wanted="documents")
            else:
                self._added(row, Coding(guid=_guid("coding", row["coding_id"])))

    def _changed(self, row: dict[str, Any], before: dict[str, Any], there: Coded) -> None:
        code = self.known_codes.get(row["code"], there.coding.code)
        coding = there.coding
        if row["code"] != before["code"] and row["code"] in self.known_codes:
            coding = replace(coding, code=code)
        if row.get("coder", before["coder"]) != before["coder"]:
            coding = replace(coding, creating_user=self.coder(row["coder"]))
        moved = any(row.get(name, before[name]) != before[name] for name in ("document", "start", "end"))
        if moved and row["document"] in self.sources:
            self.edits.swapped[id(there.coding)] = None
            self._added(row, coding, keep=True)
        elif coding is not there.coding:
            self.edits.swapped[id(there.coding)] = coding
        speaker = row.get("participant_id", before["participant_id"])
        if speaker is not None and speaker != before["participant_id"] and not moved and there.selection is not None:
            self.speakers[self._speaker(speaker)].append(there.selection.guid)

    def _added(self, row: dict[str, Any], coding: Coding, keep: bool = False) -> None:
        if not keep:
            coding = replace(coding, code=self.known_codes[row["code"]], creating_user=self.coder(row.get("coder")))
        start, end = row.get("start"), row.get("end")
        first, last = (None, None) if start is None or end is None else (int(start), int(end))
        self.edits.added[self.sources[row["document"]]].append(Addition(first, last, coding))
        speaker = row.get("participant_id")
        if speaker is not None:
            self.speakers[self._speaker(speaker)].append(coding.guid)

    def _speaker(self, participant: str) -> str:
        if canonical(participant) in self.cases:
            return canonical(participant)
        guid = _guid("participant", participant)
        self.cases.setdefault(canonical(guid), Case(guid=guid, name=participant))
        return canonical(guid)

    def participants(self, participants: Rows) -> None:
        """Cases for participants; what is told of them becomes variables."""
        there = {canonical(one.guid) for one in self.base.cases}
        for row in participants:
            key = self._speaker(row["participant_id"])
            if key in there:
                continue
            values = []
            for name in _SPOKEN_OF:
                if row.get(name) is not None:
                    variable = self._variable(name)
                    values.append(VariableValue(variable=variable, type="Text", value=str(row[name])))
            self.cases[key] = replace(self.cases[key], variable_values=tuple(values))

    def _variable(self, name: str) -> str:
        known = next((one.guid for one in self.base.variables if one.name.strip().lower() == name), None)
        if known is not None:
            return known
        return self.new_variables.setdefault(name, Variable(guid=stable_guid("variable", name), name=name)).guid

    def memos(self, memos: Rows, shown: Rows) -> None:
        """New memos, and new texts of old ones."""
        before = {row["memo_id"]: row for row in shown}
        for number, row in enumerate(memos, 1):
            old = before.get(row["memo_id"])
            if old is None:
                self._new_memo(number, row)
            elif row.get("text") != old["text"] and row.get("text") is not None:
                if row["memo_id"].endswith("-description"):
                    self.lost("TS-QDA-061", "memos", number)
                self.changed_notes[canonical(row["memo_id"])] = row["text"]

    def _new_memo(self, number: int, row: dict[str, Any]) -> None:
        guid = _guid("memo", row["memo_id"])
        date = row.get("date")
        self.new_notes.append(
            TextSource(
                guid=guid,
                text=row.get("text") or "",
                creating_user=self.coder(row.get("author")),
                creation_date_time=f"{date}T00:00:00" if date is not None and len(date) == 10 else None,
            )
        )
        kind, about = row.get("about_kind") or "study", row.get("about")
        if kind == "study":
            self.project_notes.append(guid)
        elif kind == "code" and about in self.known_codes:
            self.code_notes[canonical(self.known_codes[about])].append(guid)
        elif kind == "document" and about in self.sources:
            self.edits.notes[self.sources[about]].append(guid)
        elif kind == "coding" and about is not None:
            self.edits.notes[canonical(self.coding_guids.get(about) or _guid("coding", about))].append(guid)
        elif kind == "participant" and about is not None:
            self._link(guid, self.cases[self._speaker(about)].guid, None)
        else:
            self.lost("TS-QDA-061", "memos", number)

    def _link(self, origin: str, target: str, name: str | None) -> None:
        guid = stable_guid("link", canonical(origin), canonical(target), name)
        self.new_links.setdefault(guid, Link(guid=guid, name=name, direction="OneWay", origin=origin, target=target))

    def statements(self, statements: Rows) -> None:
        """An actor's stance on a concept becomes a link from case to code; the rest of a statement has no element."""
        for number, row in enumerate(statements, 1):
            actor = row.get("actor_id") or row.get("actor_group")
            if actor is not None and row.get("concept") in self.known_codes:
                case = self.cases[self._speaker(actor)].guid
                self._link(case, self.known_codes[row["concept"]], row.get("stance"))
            self.lost("TS-QDA-061", "statements", number)

    def project(self) -> Project:
        """The project with all changes."""
        base, apply = self.base, self.edits.apply
        sources = tuple(apply(one) for one in (*base.sources, *self.new_sources))
        notes = tuple(self._note(one) for one in (*base.notes, *self.new_notes))
        self._tell_unplaced()
        known = {canonical(one.guid) for one in base.links}
        return replace(
            base,
            users=(*base.users, *self.new_users),
            codes=_noted(self.tree, self.code_notes) if self.code_notes else self.tree,
            variables=(*base.variables, *self.new_variables.values()),
            cases=self._all_cases(),
            sources=sources,
            notes=notes,
            links=(*base.links, *(one for one in self.new_links.values() if canonical(one.guid) not in known)),
            note_refs=(*base.note_refs, *self.project_notes),
        )

    def _all_cases(self) -> tuple[Case, ...]:
        """Cases with the passages that are theirs now; of two cases of one GUID the first is meant."""
        for key, guids in self.speakers.items():
            case = self.cases[key]
            held = {canonical(one): one for one in case.selections}
            for guid in guids:
                passage = self.edits.passages.get(canonical(guid), guid)
                held.setdefault(canonical(passage), passage)
            self.cases[key] = replace(case, selections=tuple(held.values()))
        waiting = dict(self.cases)
        there = [waiting.pop(canonical(one.guid), one) for one in self.base.cases]
        return (*there, *waiting.values())

    def _tell_unplaced(self) -> None:
        """Codings of a stretch of a document that has no text to hold it."""
        for additions in self.edits.added.values():
            for one in additions:
                self.report.lose("TS-QDA-064", "Coding", one.coding.guid)

    def _note(self, note: TextSource) -> TextSource:
        changed = self.edits.apply(note)
        text = self.changed_notes.get(canonical(note.guid))
        return changed if text is None else replace(changed, text=text)


def _noted(codes: Iterable[Code], notes: Mapping[str, list[str]]) -> tuple[Code, ...]:
    noted = partial(_noted, notes=notes)
    return tuple(
        replace(one, notes=(*one.notes, *notes.get(canonical(one.guid), ())), children=noted(one.children))
        for one in codes
    )
