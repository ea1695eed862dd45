"""Do the references of a project hold? Duplicate GUIDs, references to nothing, codes that contain themselves."""

from __future__ import annotations

from dataclasses import dataclass, field

from townshift.readers.refi_qda.grammar import ANY
from townshift.readers.refi_qda.guids import canonical
from townshift.readers.refi_qda.loss import LossReport


@dataclass(slots=True)
class References:
    """GUIDs met and referred to, kind by kind: a coding may share the GUID of a case (NVivo), two codes may not."""

    defined: dict[str, set[str]] = field(default_factory=dict)
    referred: dict[tuple[str, tuple[str, ...]], set[str]] = field(default_factory=dict)
    twice: list[tuple[str, str]] = field(default_factory=list)
    cycles: list[str] = field(default_factory=list)

    def define(self, kind: str, guid: str) -> None:
        """Note the GUID of an element of this tag."""
        known = self.defined.get(kind)
        if known is None:
            known = self.defined[kind] = set()
        before = len(known)
        known.add(canonical(guid))
        if len(known) == before:
            self.twice.append((kind, guid))

    def refer(self, name: str, kinds: tuple[str, ...], guid: str) -> None:
        """Note that an attribute or element of this name points to an element of one of these tags."""
        key = (name, kinds)
        pointed = self.referred.get(key)
        if pointed is None:
            pointed = self.referred[key] = set()
        pointed.add(guid)

    def tell(self, report: LossReport) -> None:
        """Write what does not hold into the report."""
        for guid in self.cycles:
            report.lose("TS-QDA-016", "Code", guid)
        for kind, guid in self.twice:
            report.lose("TS-QDA-014", kind, guid)
        every = set().union(*self.defined.values())
        for (name, kinds), guids in sorted(self.referred.items()):
            known = every if kinds == ANY else set().union(*(self.defined.get(kind, set()) for kind in kinds))
            for guid in sorted(one for one in guids if canonical(one) not in known):
                report.lose("TS-QDA-015", name, guid)
