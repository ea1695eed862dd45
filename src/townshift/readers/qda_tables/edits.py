"""Changes to the codings of a project: what is not touched stays the very same object, drawings and all."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from townshift.readers.refi_qda.grammar import Held
from townshift.readers.refi_qda.guids import canonical, stable_guid
from townshift.readers.refi_qda.model import (
    Coding,
    MediaSource,
    PdfSource,
    PictureSource,
    Source,
    SyncPoint,
    TextSelection,
    TextSource,
    Transcript,
    TranscriptSelection,
)

AnySource = TypeVar("AnySource", bound=Source)


class Addition(NamedTuple):
    """A new coding of `[start, end)`, or of the whole text."""

    start: int | None
    end: int | None
    coding: Coding


@dataclass
class Edits:
    """What changes.

    Attributes:
        swapped: id of a coding object → the coding in its place; None = it goes.
        added: canonical GUID of a source or transcript → new codings.
        notes: canonical GUID of a source, transcript or coding → memos to refer to.
        referred: canonical GUIDs of selections that cases, links or memos point to: they stay without codings.
        passages: id of a new coding → GUID of its selection; filled in here.
    """

    swapped: dict[int, Coding | None] = field(default_factory=dict)
    added: defaultdict[str, list[Addition]] = field(default_factory=lambda: defaultdict(list))
    notes: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    referred: set[str] = field(default_factory=set)
    passages: dict[str, str] = field(default_factory=dict)

    def apply(self, source: AnySource) -> AnySource:
        """The source with the changes; itself if there are none for it."""
        key = canonical(source.guid)
        changed: AnySource = self._holder(source, key)
        if isinstance(source, TextSource):
            return changed
        whole = [one for one in self.added.get(key, ()) if one.start is None or one.end is None]
        if whole:
            self.added[key] = [one for one in self.added[key] if one not in whole]
            changed = replace(changed, codings=(*changed.codings, *self._codings(tuple(one.coding for one in whole))))
        return changed

    def _holder(self, holder: Held, added_to: str) -> Held:
        changes: dict[str, Any] = {}
        self._set(changes, holder, "selections", self._selections(holder.selections))
        if isinstance(holder, PictureSource) and holder.text_description is not None:
            self._set(changes, holder, "text_description", self._holder(holder.text_description, added_to))
        elif isinstance(holder, PdfSource):
            if holder.representation is not None:
                self._set(changes, holder, "representation", self._holder(holder.representation, added_to))
            selections = changes.get("selections", holder.selections)
            self._set(changes, holder, "selections", tuple(self._represented(one) for one in selections))
        elif isinstance(holder, MediaSource):
            transcripts = tuple(self._holder(one, canonical(one.guid)) for one in holder.transcripts)
            self._set(changes, holder, "transcripts", transcripts)
        if isinstance(holder, TextSource | Transcript) and self.added.get(added_to):
            changes |= self._with_additions(replace(holder, **changes), self._taken(added_to, holder))
        if not isinstance(holder, Transcript):
            codings = self._codings(changes.get("codings", holder.codings))
            self._set(changes, holder, "codings", codings)
        if notes := self.notes.pop(canonical(holder.guid), None):
            changes["notes"] = (*holder.notes, *notes)
        return replace(holder, **changes) if changes else holder

    def _taken(self, added_to: str, holder: TextSource | Transcript) -> list[Addition]:
        """Additions that this text can hold; a coding of a whole PDF or picture belongs to the source itself."""
        everything = self.added.pop(added_to)
        if isinstance(holder, Transcript) or canonical(holder.guid) == added_to:
            return everything
        self.added[added_to] = [one for one in everything if one.start is None or one.end is None]
        return [one for one in everything if one.start is not None and one.end is not None]

    @staticmethod
    def _set(changes: dict[str, Any], holder: object, name: str, value: object) -> None:
        if value != getattr(holder, name) or name in changes:
            changes[name] = value

    def _represented(self, selection: Held) -> Held:
        if selection.representation is None:
            return selection
        inner = self._holder(selection.representation, "")
        return selection if inner is selection.representation else replace(selection, representation=inner)

    def _selections(self, selections: tuple[Any, ...]) -> tuple[Any, ...]:
        kept = []
        for one in selections:
            codings = self._codings(one.codings)
            if codings == one.codings:
                kept.append(one)
            elif codings or one.description or one.notes or canonical(one.guid) in self.referred:
                kept.append(replace(one, codings=codings))
        return tuple(kept)

    def _codings(self, codings: tuple[Coding, ...]) -> tuple[Coding, ...]:
        found = []
        for one in codings:
            new = self.swapped.get(id(one), one)
            if new is None:
                continue
            notes = self.notes.pop(canonical(new.guid), None)
            found.append(replace(new, notes=(*new.notes, *notes)) if notes else new)
        return tuple(found)

    def _with_additions(self, holder: TextSource | Transcript, additions: list[Addition]) -> dict[str, Any]:
        whole = [one.coding for one in additions if one.start is None or one.end is None]
        placed: defaultdict[tuple[int, int], list[Coding]] = defaultdict(list)
        for one in additions:
            if one.start is not None and one.end is not None:
                placed[one.start, one.end].append(one.coding)
        if isinstance(holder, Transcript):
            if whole:
                placed[0, len(holder.text or "")] += whole
            return self._in_transcript(holder, placed)
        changes: dict[str, Any] = {"selections": self._in_text(holder, placed)}
        return changes | ({"codings": (*holder.codings, *self._codings(tuple(whole)))} if whole else {})

    def _in_text(self, holder: TextSource, placed: dict[tuple[int, int], list[Coding]]) -> tuple[TextSelection, ...]:
        selections = []
        for old in holder.selections:
            new = placed.pop((old.start, old.end), []) if old.start is not None and old.end is not None else []
            self._note_passages(new, old.guid)
            selections.append(replace(old, codings=(*old.codings, *self._codings(tuple(new)))) if new else old)
        for (start, end), codings in sorted(placed.items(), key=lambda item: item[0]):
            guid = stable_guid("passage", canonical(holder.guid), start, end)
            self._note_passages(codings, guid)
            quote = (holder.text or "")[start:end]
            selections.append(
                TextSelection(guid=guid, name=quote, start=start, end=end, codings=self._codings(tuple(codings)))
            )
        return tuple(selections)

    def _in_transcript(self, holder: Transcript, placed: dict[tuple[int, int], list[Coding]]) -> dict[str, Any]:
        points, selections = list(holder.sync_points), list(holder.selections)
        known = {one.position: one.guid for one in reversed(points) if one.position is not None}
        for (start, end), codings in sorted(placed.items(), key=lambda item: item[0]):
            for place in (start, end):
                if place not in known:
                    known[place] = stable_guid("point", canonical(holder.guid), place)
                    points.append(SyncPoint(guid=known[place], position=place))
            guid = stable_guid("passage", canonical(holder.guid), start, end)
            self._note_passages(codings, guid)
            selections.append(
                TranscriptSelection(
                    guid=guid,
                    name=(holder.text or "")[start:end],
                    from_sync_point=known[start],
                    to_sync_point=known[end],
                    codings=self._codings(tuple(codings)),
                )
            )
        return {"sync_points": tuple(points), "selections": tuple(selections)}

    def _note_passages(self, codings: list[Coding], guid: str) -> None:
        self.passages |= {canonical(one.guid): guid for one in codings}
