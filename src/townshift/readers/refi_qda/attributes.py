"""Attributes that a program keeps as sets: `age: 25` is a set of the sources that have it (ATLAS.ti)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from townshift.readers.refi_qda.model import Project

_NAMED = re.compile(r"\s*([^:：]{1,60}?)\s*[:：]\s*(.+?)\s*", re.DOTALL)


class SetAttribute(NamedTuple):
    """An attribute of one member of a set, with the GUID of both."""

    name: str
    value: str
    kind: Literal["source", "code", "note"]
    member: str
    guid: str


def set_attributes(project: Project) -> Iterator[SetAttribute]:
    """What the sets of a project say about their members, where a set's name reads `name: value`.

    Example:
        >>> from townshift.readers.refi_qda.model import MemberSet
        >>> sets = (MemberSet(guid="1", name="age: 25", sources=("s",)), MemberSet(guid="2", name="mine"))
        >>> [(one.name, one.value, one.member) for one in set_attributes(Project(name="P", sets=sets))]
        [('age', '25', 's')]
    """
    for group in project.sets:
        found = _NAMED.fullmatch(group.name)
        if found is None:
            continue
        for member in group.sources:
            yield SetAttribute(found[1], found[2], "source", member, group.guid)
        for member in group.codes:
            yield SetAttribute(found[1], found[2], "code", member, group.guid)
        for member in group.notes:
            yield SetAttribute(found[1], found[2], "note", member, group.guid)
