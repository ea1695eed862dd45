"""From the model to markup that the schema accepts: elements in order, no empty lists, no value of a wrong kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import IO

from lxml import etree

from townshift.readers.refi_qda import model
from townshift.readers.refi_qda.grammar import RULES, VALUE_KINDS, Attribute, Held, Part, Rule, fits
from townshift.readers.refi_qda.guids import is_guid, stable_guid
from townshift.readers.refi_qda.loss import LossReport
from townshift.readers.refi_qda.references import References

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 cannot carry in any form."""

_DEFAULTS = {"integer": "0", "boolean": "true", "variable_type": "Text", "string": ""}


@dataclass(slots=True)
class Serialiser:
    """Builds the markup of a project or codebook.

    Attributes:
        namespace: of all elements.
        report: told of everything that could not be written as it was.
        foreign: also write what the standard does not know; the schema will not accept the file then.
        path: name of a path attribute, its value and its element → the path to write; None = none.
    """

    namespace: str
    report: LossReport
    foreign: bool = False
    path: Callable[[str, str | None, Held], str | None] = lambda _name, path, _owner: path
    references: References = field(default_factory=References)
    _guids: dict[str, str] = field(default_factory=dict)

    def write(self, value: model.Element, type_name: str, stream: IO[bytes]) -> None:
        """Write a whole document; the lists of the root are written one item at a time."""
        rule = RULES[type_name]
        with etree.xmlfile(stream, encoding="utf-8") as out:
            out.write_declaration()
            self._count(type_name)
            attributes = self._attributes(value, rule, type_name)
            if self.foreign and value.extra is not None:
                attributes |= {name: self._clean(text, type_name, "") for name, text in value.extra.attributes}
            with out.element(self._name(type_name), attributes, nsmap={None: self.namespace}):
                for part in rule.parts:
                    self._root_part(value, part, out)
                for extra in self._extra_elements(value, type_name):
                    out.write(extra)

    def _root_part(self, value: model.Element, part: Part, out: Held) -> None:
        held = getattr(value, part.field)
        if held is None or held == ():
            return
        if not part.inside:
            parent = etree.Element("parent", nsmap={None: self.namespace})
            self._part(parent, held, part, value)
            for one in parent:
                out.write(one, with_tail=False)
            return
        self._inside(held, part, part.inside, out)

    def _inside(self, held: Held, part: Part, containers: tuple[str, ...], out: Held) -> None:
        if containers:
            self._count(containers[0])
            with out.element(self._name(containers[0])):
                self._inside(held, part, containers[1:], out)
            return
        for one in held:
            tag = _tag_of(one, part)
            node = etree.Element(self._name(tag), nsmap={None: self.namespace})
            self._fill(node, one, part.tags[tag], tag)
            out.write(node)
            out.write("\n")

    def _name(self, tag: str) -> str:
        return f"{{{self.namespace}}}{tag}"

    def _count(self, tag: str) -> None:
        self.report.read[tag] += 1
        self.report.kept[tag] += 1

    def _fill(self, node: etree._Element, value: Held, type_name: str, tag: str) -> None:
        self._count(tag)
        rule = RULES[type_name]
        for name, text in self._attributes(value, rule, tag).items():
            node.set(name, text)
        for part in rule.parts:
            held = getattr(value, part.field)
            if held is not None and held != ():
                self._part(node, held, part, value)
        if value.extra is not None:
            if self.foreign:
                for name, text in value.extra.attributes:
                    node.set(name, self._clean(text, tag, ""))
            node.extend(self._extra_elements(value, tag))

    def _extra_elements(self, value: Held, tag: str) -> list[etree._Element]:
        extra: model.Extra | None = value.extra
        if extra is None:
            return []
        if not self.foreign:
            for what in [f"@{_local(name)}" for name, _ in extra.attributes] + [
                _first_tag(one) for one in extra.elements
            ]:
                self.report.lose("TS-QDA-040", tag, getattr(value, "guid", ""), what=what)
            return []
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
        found = [etree.fromstring(one, parser) for one in extra.elements]
        for one in found:
            for below in one.iter(etree.Element):
                self._count(_local(below.tag))
        return found

    def _part(self, node: etree._Element, held: Held, part: Part, value: Held) -> None:
        form = part.form
        if form == "many" or form == "one":
            for one in held if form == "many" else (held,):
                child = _tag_of(one, part)
                self._fill(etree.SubElement(node, self._name(child)), one, part.tags[child], child)
        elif form == "reference" or form == "references":
            child = next(iter(part.tags))
            for guid in held if form == "references" else (held,):
                self._count(child)
                written = self._guid(guid)
                self.references.refer(child, part.refers, written)
                etree.SubElement(node, self._name(child)).set(part.key, written)
        elif form == "value":
            self._value(node, value)
        else:
            child = next(iter(part.tags))
            if child == "PlainTextContent" and self.path("plainTextPath", value.plain_text_path, value) is not None:
                return
            self._count(child)
            etree.SubElement(node, self._name(child)).text = self._clean(held, child, getattr(value, "guid", ""))

    def _value(self, node: etree._Element, value: model.VariableValue) -> None:
        tag = f"{value.type or 'Text'}Value"
        text = value.value or ""
        kind = VALUE_KINDS.get(tag)
        if kind is not None and not fits(kind, text.strip()):
            text = _mended(kind, text.strip()) or ""
        self.report.read[tag] += 1
        if kind is None or (kind != "string" and not fits(kind, text.strip())):
            self.report.aside[tag] += 1
            self.report.lose("TS-QDA-041", "VariableValue", value.variable, what=tag)
            return
        self.report.kept[tag] += 1
        etree.SubElement(node, self._name(tag)).text = self._clean(text, tag, value.variable)

    def _attributes(self, value: Held, rule: Rule, tag: str) -> dict[str, str]:
        written: dict[str, str] = {}
        for attribute in rule.attributes:
            held = getattr(value, attribute.field)
            if attribute.xml.endswith("Path") or attribute.xml == "path":
                held = self.path(attribute.xml, held, value) if attribute.xml != "basePath" else held
            if held is None:
                if not attribute.required:
                    continue
                written[attribute.xml] = self._default(attribute, value, tag)
            elif (text := self._written(attribute, held, value, tag)) is not None:
                written[attribute.xml] = text
        if "guid" in written:
            self.references.define(tag, written["guid"])
        return written

    def _written(self, attribute: Attribute, held: Held, value: Held, tag: str) -> str | None:
        kind = attribute.kind
        if kind == "string":
            return self._clean(held, tag, getattr(value, "guid", ""))
        if kind == "guid":
            if not held and not attribute.required:
                self.report.lose("TS-QDA-041", tag, getattr(value, "guid", ""), what=f"@{attribute.xml}")
                return None
            guid = self._guid(held)
            if attribute.refers:
                self.references.refer(attribute.xml, attribute.refers, guid)
            return guid
        if kind == "integer":
            return str(held)
        if kind == "boolean":
            return "true" if held else "false"
        if fits(kind, held):
            return str(held)
        mended = _mended(kind, held)
        self.report.lose(
            "TS-QDA-042" if mended else "TS-QDA-041", tag, getattr(value, "guid", ""), what=f"@{attribute.xml}"
        )
        return mended or (_DEFAULTS[kind] if attribute.required else None)

    def _default(self, attribute: Attribute, value: Held, tag: str) -> str:
        self.report.lose("TS-QDA-043", tag, getattr(value, "guid", ""), what=f"@{attribute.xml}")
        known = _DEFAULTS.get(attribute.kind)
        return stable_guid("missing", tag, getattr(value, "guid", "")) if known is None else known

    def _guid(self, guid: str) -> str:
        """The GUID verbatim; one that is none is replaced by the same GUID wherever it occurs."""
        if is_guid(guid):
            return guid
        known = self._guids.get(guid)
        if known is None:
            known = self._guids[guid] = stable_guid("id", guid)
            self.report.lose("TS-QDA-044", "guid", known)
        return known

    def _clean(self, text: str, tag: str, guid: str) -> str:
        if text.isascii() and text.isprintable():
            return text
        cleaned = FORBIDDEN.sub("", text)
        if len(cleaned) != len(text):
            self.report.lose("TS-QDA-045", tag, guid)
        return cleaned


_TAGS_OF = {
    model.TextSource: "TextSource",
    model.PictureSource: "PictureSource",
    model.PdfSource: "PDFSource",
    model.AudioSource: "AudioSource",
    model.VideoSource: "VideoSource",
}


def _tag_of(value: Held, part: Part) -> str:
    return next(iter(part.tags)) if len(part.tags) == 1 else _TAGS_OF[type(value)]


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _first_tag(markup: str) -> str:
    found = re.match(r"<(?:[\w.-]+:)?([\w.-]+)", markup)
    return found[1] if found else "?"


def _mended(kind: str, text: str) -> str | None:
    """The text in the form the schema wants, if it can only mean one thing."""
    tried = text.strip()
    if kind == "datetime":
        tried = tried.replace(" ", "T", 1)
        if fits("date", tried):
            tried += "T00:00:00"
    elif kind == "color":
        tried = f"#{tried.removeprefix('#')}"
    elif kind == "boolean":
        tried = tried.lower()
    elif kind == "decimal":
        try:
            tried = format(Decimal(tried), "f")
        except InvalidOperation:
            return None
    return tried if fits(kind, tried) else None
