"""Keys of the study tables for what a project knows by GUIDs: readable for codes, pseudonyms for persons."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from townshift.errors import Problem
from townshift.readers.refi_qda.guids import canonical
from townshift.readers.refi_qda.loss import QdaError
from townshift.readers.refi_qda.model import Case, MediaSource, PdfSource, Project, Source, TextSource, Transcript
from townshift.readers.refi_qda.passages import iter_codes

UNKNOWN_CODER = "unknown"
HIDDEN = "•••"


def pseudonym(kind: str, name: str, salt: bytes) -> str:
    """A stable pseudonym: a keyed digest of the name, case and outer white space aside.

    Args:
        kind: word in front of it, `coder` or `case`.
        name: the name; it cannot be computed back without the salt.
        salt: secret of the study.

    Raises:
        QdaError: there is no salt; without one, names could be found out by trying.

    Example:
        >>> pseudonym("coder", "Li", b"s") == pseudonym("coder", " li ", b"s") != pseudonym("coder", "Li", b"t")
        True
    """
    if not salt:
        raise QdaError(Problem("TS-QDA-063"))
    key = hashlib.blake2b(salt).digest()
    return f"{kind}_{hashlib.blake2b(name.strip().casefold().encode(), key=key, digest_size=8).hexdigest()}"


@dataclass(frozen=True)
class Keys:
    """Keys of one project.

    Attributes:
        project: the project.
        salt: secret for pseudonyms.
        names_are_codes: names of users and cases are pseudonyms already and stay.
    """

    project: Project
    salt: bytes
    names_are_codes: bool = False

    @cached_property
    def codes(self) -> dict[str, str]:
        """Canonical GUID of a code → its name; the path from the top where names repeat, numbered where paths do."""
        paths: dict[str, tuple[str, ...]] = {}
        for code, above in iter_codes(self.project.codes):
            before = paths[canonical(above.guid)] if above is not None else ()
            paths.setdefault(canonical(code.guid), (*before, code.name.strip() or code.guid))
        names = Counter(path[-1] for path in paths.values())
        wanted = {guid: path[-1] if names[path[-1]] == 1 else " / ".join(path) for guid, path in paths.items()}
        return _numbered(wanted)

    @cached_property
    def coders(self) -> dict[str, str]:
        """Canonical GUID of a user → the coder's key."""
        return {
            canonical(one.guid): self._person("coder", one.name or one.id or canonical(one.guid))
            for one in self.project.users
        }

    def coder(self, *guids: str | None) -> str:
        """Key of the first user that is named."""
        for guid in guids:
            if guid is not None:
                found = self.coders.get(canonical(guid))
                return found if found is not None else self._person("coder", canonical(guid))
        return UNKNOWN_CODER

    def case_name(self, case: Case) -> str | None:
        """Name of a case, hashed; None if it has none."""
        return None if case.name is None else self._person("case", case.name)

    def without_names(self, title: str | None) -> str | None:
        """A title in which names of users and cases gave way to their pseudonyms: documents are called after people."""
        if title is None or self.names_are_codes or self._names is None:
            return title
        return self._names.sub(lambda found: self._pseudonyms.get(found[0].casefold(), HIDDEN), title)

    @cached_property
    def _pseudonyms(self) -> dict[str, str]:
        users = {
            one.name.strip().casefold(): self.coders[canonical(one.guid)] for one in self.project.users if one.name
        }
        cases = {one.name.strip().casefold(): self._person("case", one.name) for one in self.project.cases if one.name}
        return {name: hidden for name, hidden in (cases | users).items() if len(name) > 1}

    @cached_property
    def _names(self) -> re.Pattern[str] | None:
        longest_first = sorted(self._pseudonyms, key=lambda name: (-len(name), name))
        return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if longest_first else None

    def _person(self, kind: str, name: str) -> str:
        return name if self.names_are_codes else pseudonym(kind, name, self.salt)

    def document(self, holder: Source | Transcript) -> str:
        """Name of the plain text of a source or transcript in the study's `documents/`."""
        return f"{canonical(holder.guid)}.txt"


def text_of(source: Source) -> TextSource | None:
    """The text that stands for a source; None for a recording, which has transcripts instead."""
    if isinstance(source, TextSource):
        return source
    if isinstance(source, MediaSource):
        return None
    return source.representation if isinstance(source, PdfSource) else source.text_description


def _numbered(wanted: dict[str, str]) -> dict[str, str]:
    """The wanted names, a number behind all but the first of those that repeat."""
    taken: set[str] = set(wanted.values())
    given: set[str] = set()
    found = {}
    for guid, name in wanted.items():
        free, number = name, 1
        while free in given or (number > 1 and free in taken):
            number += 1
            free = f"{name} ({number})"
        given.add(free)
        found[guid] = free
    return found
