"""From markup to the model. What the standard does not know is set aside word for word, never dropped."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from townshift.errors import Problem
from townshift.readers.refi_qda import model
from townshift.readers.refi_qda.grammar import RULES, Attribute, Held, Part, Rule, fits
from townshift.readers.refi_qda.guids import canonical, stable_guid
from townshift.readers.refi_qda.loss import LossReport, QdaError
from townshift.readers.refi_qda.references import References
from townshift.readers.refi_qda.texts import Stored, decode, ends_at

MAX_DEPTH = 150
"""Codes nested deeper are kept on this level; a programming language cannot follow for ever."""

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_PROLOG = re.compile(rb"\s*(?:<\?.*?\?>|<!--.*?-->)", re.DOTALL)
_DOCTYPE = re.compile(rb"\s*<!DOCTYPE", re.IGNORECASE)
_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


def parse_markup(data: bytes, where: str, report: LossReport) -> etree._Element:
    """Markup as a tree; no DTD, no entities, no network.

    Args:
        data: the file.
        where: its name, for messages.
        report: told when the encoding is not the declared one.

    Raises:
        QdaError: a document type declaration stands in it, or it is not well-formed.
    """
    data = _as_utf8(data, report)
    start = 0
    while (found := _PROLOG.match(data, start)) is not None:
        start = found.end()
    if _DOCTYPE.match(data, start):
        raise QdaError(Problem("TS-QDA-010", where))
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as problem:
        line, column = problem.position
        raise QdaError(Problem("TS-QDA-011", where, {"line": line, "column": column})) from problem


def _as_utf8(data: bytes, report: LossReport) -> bytes:
    declared = _DECLARED.match(data[:512].lstrip(b"\xef\xbb\xbf"))
    wanted = declared[1].decode("ascii").lower() if declared else "utf-8"
    if wanted not in ("utf-8", "utf8", "utf-16", "utf16"):
        try:
            return data.decode(wanted).encode("utf-8")
        except (UnicodeDecodeError, LookupError):
            pass
    text, encoding = decode(data)
    if encoding != "utf-8":
        if encoding != "utf-16":
            report.lose("TS-QDA-012", "project", encoding=encoding)
        return text.removeprefix("\ufeff").encode("utf-8", "replace")
    return data.removeprefix(b"\xef\xbb\xbf")


@dataclass(slots=True)
class _Compiled:
    """A rule made ready for one namespace."""

    name: str
    rule: Rule
    attributes: dict[str, Attribute]
    required: tuple[Attribute, ...]
    children: dict[str, tuple[Part, str, str]]
    containers: dict[str, dict[str, Any]]


@dataclass(slots=True)
class Parser:
    """Builds the model of one tree.

    Attributes:
        namespace: of the root; elements of another are unknown.
        report: told of everything that is not as it should be.
        texts: for elements that carry a text, the text as it was read.
        inclusive: positions give the last character of a passage.
    """

    namespace: str
    report: LossReport
    texts: dict[etree._Element, Stored] = field(default_factory=dict)
    inclusive: bool = False
    references: References = field(default_factory=References)
    _compiled: dict[str, _Compiled] = field(default_factory=dict)
    _above: list[str] = field(default_factory=list)

    def element(self, node: etree._Element, type_name: str, tag: str) -> Held:
        """The model of one element and all below it."""
        compiled = self._compiled.get(type_name) or self._compile(type_name)
        self.report.kept[tag] += 1
        values: dict[str, Any] = {}
        aside: list[tuple[str, str]] = []
        for name, raw in node.items():
            attribute = compiled.attributes.get(name)
            if attribute is None:
                if not name.startswith(_XSI):
                    aside.append((name, raw))
                    self.report.lose("TS-QDA-013", tag, node.get("guid", ""), what=f"@{_local(name)}")
            elif attribute.kind == "string":
                values[attribute.field] = raw
            elif not self._convert(attribute, raw, values, tag, node):
                aside.append((name, raw))
        guid = self._identity(compiled, values, node, tag)
        unknown: list[str] = []
        if tag == "Code":
            if canonical(guid) in self._above:
                self.references.cycles.append(guid)
            self._above.append(canonical(guid))
        if len(node):
            self._children(node, compiled.children, compiled.containers, values, unknown)
        if tag == "Code":
            self._above.pop()
        if aside or unknown:
            values["extra"] = model.Extra(tuple(aside), tuple(unknown))
        return self._finished(compiled, node, values, tag)

    def _identity(self, compiled: _Compiled, values: dict[str, Any], node: etree._Element, tag: str) -> str:
        guid: str | None = values.get("guid")
        if "guid" not in compiled.attributes:
            return ""
        if guid is None:
            guid = values["guid"] = stable_guid("missing", node.getroottree().getpath(node))
            self.report.lose("TS-QDA-017", tag, guid, what="@guid")
        self.references.define(tag, guid)
        return guid

    def _convert(self, attribute: Attribute, raw: str, values: dict[str, Any], tag: str, node: etree._Element) -> bool:
        """Read an attribute that is no plain text; False if its field cannot hold it."""
        text = raw.strip()
        good = fits(attribute.kind, text)
        if not good:
            self.report.lose("TS-QDA-018", tag, node.get("guid", ""), what=f"@{attribute.xml}")
        if attribute.kind == "integer" or attribute.kind == "boolean":
            if good:
                values[attribute.field] = int(text) if attribute.kind == "integer" else text in ("true", "1")
            return good
        values[attribute.field] = text
        if attribute.refers and text:
            self.references.refer(attribute.xml, attribute.refers, text)
        return True

    def _children(
        self,
        node: etree._Element,
        children: dict[str, tuple[Part, str, str]],
        containers: dict[str, Any],
        values: dict[str, Any],
        unknown: list[str],
    ) -> None:
        for child in node:
            tag = child.tag
            if tag.__class__ is not str:
                continue
            found = children.get(tag)
            if found is not None:
                self._child(child, found, values, unknown)
            elif tag in containers:
                inner = containers[tag]
                self.report.kept[_local(tag)] += 1
                self._children(child, inner["children"], inner["containers"], values, unknown)
                for name in child.attrib:
                    self.report.lose("TS-QDA-020", _local(tag), what=f"@{_local(name)}")
            else:
                self._set_aside(child, unknown)

    def _set_aside(self, node: etree._Element, unknown: list[str]) -> None:
        copy = etree.tostring(node, encoding="unicode", with_tail=False)
        unknown.append(copy)
        self.report.lose("TS-QDA-013", _local(node.getparent().tag), node.get("guid", ""), what=_local(node.tag))
        for one in node.iter(etree.Element):
            self.report.aside[_local(one.tag)] += 1

    def _child(
        self, child: etree._Element, found: tuple[Part, str, str], values: dict[str, Any], unknown: list[str]
    ) -> None:
        part, tag, type_name = found
        name, form = part.field, part.form
        if form == "many":
            if tag == "Code" and len(self._above) >= MAX_DEPTH:
                self._deep(child, type_name, values.setdefault(name, []))
            else:
                values.setdefault(name, []).append(self.element(child, type_name, tag))
            return
        if form == "references":
            self.report.kept[tag] += 1
            values.setdefault(name, []).append(self._pointed(child, part, tag))
            return
        if name in values:
            self._set_aside(child, unknown)
            return
        if form == "one":
            values[name] = self.element(child, type_name, tag)
            return
        self.report.kept[tag] += 1
        if form == "reference":
            values[name] = self._pointed(child, part, tag)
        elif form == "value":
            values["type"], values[name] = tag.removesuffix("Value"), self._text(child, tag)
        else:
            values[name] = self._text(child, tag)

    def _text(self, child: etree._Element, tag: str) -> str:
        """The text of an element, that of markup inside it included."""
        for one in child.iterdescendants(etree.Element):
            self.report.aside[_local(one.tag)] += 1
            self.report.lose("TS-QDA-020", tag, what=_local(one.tag))
        return "".join(child.itertext()) if len(child) else child.text or ""

    def _pointed(self, child: etree._Element, part: Part, tag: str) -> str:
        guid = child.get(part.key) or child.get("targetGUID") or child.get("guid") or ""
        guid = guid.strip()
        self.references.refer(tag, part.refers, guid)
        for key in child.attrib:
            if key not in ("targetGUID", "guid"):
                self.report.lose("TS-QDA-020", tag, guid, what=f"@{_local(key)}")
        return guid

    def _deep(self, child: etree._Element, type_name: str, into: list[Any]) -> None:
        """Codes below the deepest level are kept on it, side by side."""
        pending = [child]
        while pending:
            node = pending.pop(0)
            below = [one for one in node if one.tag == node.tag]
            for one in below:
                node.remove(one)
            pending[:0] = below
            into.append(self.element(node, type_name, "Code"))
            self.report.lose("TS-QDA-028", "Code", node.get("guid", ""), depth=MAX_DEPTH)

    def _finished(self, compiled: _Compiled, node: etree._Element, values: dict[str, Any], tag: str) -> Held:
        for name, value in values.items():
            if value.__class__ is list:
                values[name] = tuple(value)
        about = compiled.rule.model
        for attribute in compiled.required:
            if attribute.field not in values:
                self.report.lose("TS-QDA-017", tag, values.get("guid", ""), what=f"@{attribute.xml}")
        if about is model.TextSource or about is model.Transcript:
            self._give_text(node, values, tag)
        return about(**values)

    def _give_text(self, node: etree._Element, values: dict[str, Any], tag: str) -> None:
        stored = self.texts.get(node)
        if stored is None:
            return
        reading = stored.chosen
        values["text"], values["offset_rule"] = reading.text, reading.rule
        if tag == "Transcript":
            if reading.units:
                values["sync_points"] = tuple(self._moved_point(one, stored) for one in values.get("sync_points", ()))
        elif reading.units or self.inclusive or values.get("selections"):
            values["selections"] = tuple(self._moved(one, stored) for one in values.get("selections", ()))

    def _moved_point(self, point: model.SyncPoint, stored: Stored) -> model.SyncPoint:
        if point.position is None:
            return point
        position, split = stored.chosen.codepoint(point.position)
        if split:
            self.report.lose("TS-QDA-021", "SyncPoint", point.guid)
        return replace(point, position=position)

    def _moved(self, passage: model.TextSelection, stored: Stored) -> model.TextSelection:
        """The passage with positions in codepoints, half-open."""
        if passage.start is None or passage.end is None:
            return passage
        start, end, split = passage.start, passage.end, False
        if stored.chosen.units:
            (start, first), (end, last) = stored.chosen.codepoint(start), stored.chosen.codepoint(end, end=True)
            split = first or last
        if split:
            self.report.lose("TS-QDA-021", "PlainTextSelection", passage.guid)
        if ends_at(stored.chosen, start, end, passage.name or "", self.inclusive):
            self.report.lose("TS-QDA-022", "PlainTextSelection", passage.guid)
            end += 1
        same = start == passage.start and end == passage.end
        return passage if same else replace(passage, start=start, end=end)

    def _compile(self, type_name: str) -> _Compiled:
        rule = RULES[type_name]
        prefix = f"{{{self.namespace}}}" if self.namespace else ""
        required = tuple(one for one in rule.attributes if one.required)
        compiled = _Compiled(type_name, rule, {one.xml: one for one in rule.attributes}, required, {}, {})
        for part in rule.parts:
            children, containers = compiled.children, compiled.containers
            for name in part.inside:
                inner = containers.setdefault(prefix + name, {"children": {}, "containers": {}})
                children, containers = inner["children"], inner["containers"]
            for tag, child_type in part.tags.items():
                children[prefix + tag] = (part, tag, child_type)
        self._compiled[type_name] = compiled
        return compiled


def _local(name: str) -> str:
    return name.rpartition("}")[2]
