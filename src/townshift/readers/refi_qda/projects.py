"""Read a project (`.qdpx`, `.qde`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lxml import etree

from townshift.errors import Problem
from townshift.readers.refi_qda.archive import Limits, open_archive
from townshift.readers.refi_qda.files import DAMAGED, OpenArchives, SourceFile
from townshift.readers.refi_qda.grammar import PROJECT_NAMESPACE
from townshift.readers.refi_qda.loss import LossReport, QdaError
from townshift.readers.refi_qda.model import Project
from townshift.readers.refi_qda.parsing import Parser, parse_markup
from townshift.readers.refi_qda.passages import check_passages
from townshift.readers.refi_qda.paths import inside_name, split_path
from townshift.readers.refi_qda.texts import Passage, Stored, choose, decode

_TEXT_TAGS = ("TextSource", "Note", "Representation", "TextDescription", "Transcript")
_MEDIA_TAGS = ("PictureSource", "PDFSource", "AudioSource", "VideoSource")


@dataclass(frozen=True, slots=True)
class ProjectRead:
    """A project and what became of every element of its file."""

    project: Project
    report: LossReport


def read_project(path: str | Path, limits: Limits | None = None) -> ProjectRead:
    """Read a REFI-QDA project as NVivo, ATLAS.ti, MAXQDA, QualCoder and others write it.

    Nothing is unpacked to disk and nothing outside the file is opened. Recordings, pictures and PDF files stay in the
    archive until a `SourceFile` is opened.

    Args:
        path: a `.qdpx`, or a bare `.qde`.
        limits: how much the archive may unpack to.

    Returns:
        The project, and a report of what was lost, changed or read on an assumption.

    Raises:
        QdaError: the file cannot be read at all: missing, no archive, a bomb, no or several `project.qde`, a document
            type declaration, not well-formed, not a project.
    """
    path = Path(path)
    report = LossReport()
    opened = open_archive(path, limits or Limits(), report)
    root = parse_markup(opened.markup, path.name, report)
    namespace = require_root(root, "Project", PROJECT_NAMESPACE, path.name, report)
    count_elements(root, report)
    parser = Parser(namespace, report)
    parser.texts = _texts(root, namespace, opened.files, report, limits or Limits())
    parser.inclusive = choose(parser.texts.values(), root.get("origin") or "")
    _tell_readings(parser, report)
    _check_media(root, namespace, opened.files, report)
    project: Project = parser.element(root, "Project", "Project")
    parser.references.tell(report)
    check_passages(project, report)
    if not (project.sources or project.codes or project.cases or project.notes):
        report.lose("TS-QDA-025", "Project")
    return ProjectRead(replace(project, files=tuple(opened.files.values())), report)


def require_root(root: etree._Element, tag: str, wanted: str, where: str, report: LossReport) -> str:
    """The namespace of the root; another version of the format or none at all is read, and told.

    Elements without a namespace below a root that has one are taken into it: some programs set it on the root alone.

    Raises:
        QdaError: the file holds something else.
    """
    name = etree.QName(root)
    if name.localname != tag:
        raise QdaError(Problem("TS-QDA-027", where, {"element": name.localname[:40], "wanted": tag}))
    namespace = name.namespace or ""
    stranded = root.xpath("//*[namespace-uri()='']") if namespace else []
    for node in stranded:
        node.tag = f"{{{namespace}}}{node.tag}"
    if stranded or namespace != wanted:
        report.lose("TS-QDA-029", tag)
    return namespace


def count_elements(root: etree._Element, report: LossReport) -> None:
    """Count the elements of the file, and texts where none may stand, before anything is read from it."""
    for node in root.iter(etree.Element):
        report.read[node.tag.rpartition("}")[2]] += 1
    texts = "Description|PlainTextContent|TextValue|BooleanValue|IntegerValue|FloatValue|DateValue|DateTimeValue"
    allowed = " or ".join(f"ancestor::*[local-name()='{name}']" for name in texts.split("|"))
    for stray in root.xpath(f"//text()[normalize-space() and not({allowed})]"):
        report.lose("TS-QDA-026", stray.getparent().tag.rpartition("}")[2])


def _texts(
    root: etree._Element, namespace: str, files: dict[str, SourceFile], report: LossReport, limits: Limits
) -> dict[etree._Element, Stored]:
    """Every element that carries a text → the text as stored and the passages selected in it."""
    prefix = f"{{{namespace}}}" if namespace else ""
    found: dict[etree._Element, Stored] = {}
    with OpenArchives() as archives:
        texts = _TextFiles(files, report, limits, archives)
        for node in root.iter(*(prefix + tag for tag in _TEXT_TAGS)):
            text = _stored_text(node, prefix, texts)
            if text is not None:
                found[node] = Stored(text, list(_passages(node, prefix)))
    return found


def _stored_text(node: etree._Element, prefix: str, texts: _TextFiles) -> str | None:
    inline = node.findtext(f"{prefix}PlainTextContent")
    path, tag, guid = node.get("plainTextPath"), node.tag.rpartition("}")[2], node.get("guid", "")
    text = None if path is None else texts.read(path, tag, guid)
    if text is not None and inline is not None and inline != text:
        texts.report.lose("TS-QDA-030", tag, guid)
    if text is None and inline is None and path is None:
        texts.report.lose("TS-QDA-031", tag, guid)
    return inline if text is None else text


def _passages(node: etree._Element, prefix: str) -> Iterator[Passage]:
    for one in node.iterchildren(f"{prefix}PlainTextSelection"):
        try:
            yield int(one.get("startPosition", "")), int(one.get("endPosition", "")), one.get("name", "")
        except ValueError:
            continue


@dataclass(slots=True)
class _TextFiles:
    """Reads the files of texts, as long as they are not too large in all; `spent` counts their bytes."""

    files: dict[str, SourceFile]
    report: LossReport
    limits: Limits
    archives: OpenArchives
    spent: int = 0

    def read(self, path: str, tag: str, guid: str) -> str | None:
        """The text of the file that a path means; None if there is none or it cannot be read."""
        file = _held(path, self.files, self.report, tag, guid)
        if file is None:
            return None
        self.spent += file.size
        if file.size > self.limits.text_bytes or self.spent > self.limits.texts_bytes:
            self.report.lose("TS-QDA-007", tag, guid, bytes=file.size)
            return None
        try:
            data = self.archives.read(file)
        except DAMAGED:
            self.report.lose("TS-QDA-008", tag, guid)
            return None
        text, encoding = decode(data)
        if encoding not in ("utf-8", "utf-16"):
            self.report.lose("TS-QDA-012", tag, guid, encoding=encoding)
        return text


def _held(path: str, files: dict[str, SourceFile], report: LossReport, tag: str, guid: str) -> SourceFile | None:
    """The archive's file that a path means; a path that leads outside is not followed."""
    name = inside_name(path)
    if name is None:
        scheme, rest = split_path(path)
        file = files.get(rest.rpartition("/")[2].lower()) if scheme == "relative" else None
        if file is None:
            report.lose("TS-QDA-032", tag, guid, scheme=scheme)
        return file
    file = files.get(name) or files.get(f"/{name}") or files.get(name.rpartition("/")[2])
    if file is None:
        report.lose("TS-QDA-019", tag, guid)
    return file


def _check_media(root: etree._Element, namespace: str, files: dict[str, SourceFile], report: LossReport) -> None:
    prefix = f"{{{namespace}}}" if namespace else ""
    for node in root.iter(*(prefix + tag for tag in (*_MEDIA_TAGS, *_TEXT_TAGS))):
        for name in ("path", "richTextPath"):
            if node.get(name):
                _held(node.get(name), files, report, node.tag.rpartition("}")[2], node.get("guid", ""))


def _tell_readings(parser: Parser, report: LossReport) -> None:
    for node, stored in parser.texts.items():
        if stored.chosen.rule:
            code = "TS-QDA-023" if stored.evidence else "TS-QDA-024"
            tag = node.tag.rpartition("}")[2]
            report.lose(code, tag, node.get("guid", ""), rule=stored.chosen.rule)
        elif not stored.evidence and stored.passages and "\r\n" in stored.text:
            report.lose("TS-QDA-024", node.tag.rpartition("}")[2], node.get("guid", ""), rule="crlf")
