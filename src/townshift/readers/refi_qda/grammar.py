"""The schema as a table: which element has which attributes and children, in which order. Reading and writing share it.

A rule belongs to a type of the schema; several tags can share one, as a memo and a document are both a `TextSource`.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from townshift.readers.refi_qda import model
from townshift.readers.refi_qda.guids import is_guid

PROJECT_NAMESPACE = "urn:QDA-XML:project:1.0"
CODEBOOK_NAMESPACE = "urn:QDA-XML:codebook:1.0"

Kind = Literal[
    "string", "guid", "integer", "boolean", "datetime", "color", "direction", "shape", "line", "variable_type"
]
Form = Literal["text", "reference", "references", "one", "many", "value"]

Held: TypeAlias = Any
"""What a field of the model holds; its rule says what that is."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: its name in the file, its field, what it may hold and, if it refers, to which kinds of things."""

    xml: str
    field: str
    kind: Kind = "string"
    required: bool = False
    refers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """Children of one field.

    Attributes:
        tags: tag → rule of the child; a reference has no rule.
        field: where they are kept.
        form: text, a reference or several, an element or several, or the value of a variable.
        inside: the containers around them, outermost first.
        refers: kinds of things that a reference points to.
        key: the attribute that holds the GUID of a reference.
    """

    tags: dict[str, str]
    field: str
    form: Form
    inside: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()
    key: str = "targetGUID"


@dataclass(frozen=True, slots=True)
class Rule:
    """A type of the schema."""

    model: type[model.Element]
    attributes: tuple[Attribute, ...]
    parts: tuple[Part, ...]


ANY: tuple[str, ...] = ("*",)
"""A reference that may point to anything."""

_GUID = Attribute("guid", "guid", "guid", True)
_NAME = Attribute("name", "name")
_MUST_NAME = Attribute("name", "name", required=True)
_COLOR = Attribute("color", "color", "color")
_DIRECTION = Attribute("direction", "direction", "direction")
_USER = ("User",)
_CREATED = (
    Attribute("creatingUser", "creating_user", "guid", refers=_USER),
    Attribute("creationDateTime", "creation_date_time", "datetime"),
)
_AUDIT = (
    *_CREATED,
    Attribute("modifyingUser", "modifying_user", "guid", refers=_USER),
    Attribute("modifiedDateTime", "modified_date_time", "datetime"),
)
_BOX = tuple(
    Attribute(xml, field, "integer", True)
    for xml, field in (("firstX", "first_x"), ("firstY", "first_y"), ("secondX", "second_x"), ("secondY", "second_y"))
)
_TEXT_PATHS = (Attribute("richTextPath", "rich_text_path"), Attribute("plainTextPath", "plain_text_path"))
_PATHS = (Attribute("path", "path"), Attribute("currentPath", "current_path"))

_DESCRIPTION = Part({"Description": ""}, "description", "text")
_TEXT = Part({"PlainTextContent": ""}, "text", "text")
_NOTE_REFS = Part({"NoteRef": ""}, "notes", "references", refers=("Note",))
_CODINGS = Part({"Coding": "Coding"}, "codings", "many")
_VALUES = Part({"VariableValue": "VariableValue"}, "variable_values", "many")
VALUE_TAGS = ("TextValue", "BooleanValue", "IntegerValue", "FloatValue", "DateValue", "DateTimeValue")
SOURCE_TAGS = ("TextSource", "PictureSource", "PDFSource", "AudioSource", "VideoSource")
SELECTION_TAGS = (
    *("PlainTextSelection", "PictureSelection", "PDFSelection"),
    *("AudioSelection", "VideoSelection", "TranscriptSelection"),
)


def _many(tag: str, field: str, *inside: str) -> Part:
    return Part({tag: tag}, field, "many", inside)


def _references(tag: str, field: str, refers: tuple[str, ...], key: str = "targetGUID") -> Part:
    return Part({tag: ""}, field, "references", refers=refers, key=key)


def _selection(about: type[model.Element], *attributes: Attribute, extra: tuple[Part, ...] = ()) -> Rule:
    return Rule(about, (_GUID, _NAME, *attributes, *_AUDIT), (_DESCRIPTION, *extra, _CODINGS, _NOTE_REFS))


def _media(about: type[model.Element], selection: str) -> Rule:
    parts = (_DESCRIPTION, _many("Transcript", "transcripts"), _many(selection, "selections"))
    return Rule(about, (_GUID, _NAME, *_PATHS, *_AUDIT), (*parts, _CODINGS, _NOTE_REFS, _VALUES))


_STRETCH = (Attribute("begin", "begin", "integer", True), Attribute("end", "end", "integer", True))
_SYNC = ("SyncPoint",)
_TEXT_PLACES = (Attribute("startPosition", "start", "integer", True), Attribute("endPosition", "end", "integer", True))

RULES: dict[str, Rule] = {
    "Project": Rule(
        model.Project,
        (
            _MUST_NAME,
            Attribute("origin", "origin"),
            Attribute("creatingUserGUID", "creating_user", "guid", refers=_USER),
            Attribute("creationDateTime", "creation_date_time", "datetime"),
            Attribute("modifyingUserGUID", "modifying_user", "guid", refers=_USER),
            Attribute("modifiedDateTime", "modified_date_time", "datetime"),
            Attribute("basePath", "base_path"),
        ),
        (
            _many("User", "users", "Users"),
            _many("Code", "codes", "CodeBook", "Codes"),
            _many("Variable", "variables", "Variables"),
            _many("Case", "cases", "Cases"),
            Part({tag: tag for tag in SOURCE_TAGS}, "sources", "many", ("Sources",)),
            Part({"Note": "TextSource"}, "notes", "many", ("Notes",)),
            _many("Link", "links", "Links"),
            _many("Set", "sets", "Sets"),
            _many("Graph", "graphs", "Graphs"),
            _DESCRIPTION,
            _references("NoteRef", "note_refs", ("Note",)),
        ),
    ),
    "User": Rule(model.User, (_GUID, _NAME, Attribute("id", "id")), ()),
    "Code": Rule(
        model.Code,
        (_GUID, _MUST_NAME, Attribute("isCodable", "is_codable", "boolean", True), _COLOR),
        (_DESCRIPTION, _NOTE_REFS, _many("Code", "children")),
    ),
    "Variable": Rule(
        model.Variable, (_GUID, _MUST_NAME, Attribute("typeOfVariable", "type", "variable_type", True)), (_DESCRIPTION,)
    ),
    "VariableValue": Rule(
        model.VariableValue,
        (),
        (
            Part({"VariableRef": ""}, "variable", "reference", refers=("Variable",)),
            Part(dict.fromkeys(VALUE_TAGS, ""), "value", "value"),
        ),
    ),
    "Case": Rule(
        model.Case,
        (_GUID, _NAME),
        (
            _DESCRIPTION,
            _references("CodeRef", "codes", ("Code",)),
            _VALUES,
            _references("SourceRef", "sources", (*SOURCE_TAGS, "Representation", "Transcript")),
            _references("SelectionRef", "selections", SELECTION_TAGS),
        ),
    ),
    "Coding": Rule(
        model.Coding,
        (_GUID, *_CREATED),
        (Part({"CodeRef": ""}, "code", "reference", refers=("Code",)), _NOTE_REFS),
    ),
    "TextSource": Rule(
        model.TextSource,
        (_GUID, _NAME, *_TEXT_PATHS, *_AUDIT),
        (_DESCRIPTION, _TEXT, _many("PlainTextSelection", "selections"), _CODINGS, _NOTE_REFS, _VALUES),
    ),
    "PlainTextSelection": _selection(model.TextSelection, *_TEXT_PLACES),
    "PictureSource": Rule(
        model.PictureSource,
        (_GUID, _NAME, *_PATHS, *_AUDIT),
        (
            _DESCRIPTION,
            Part({"TextDescription": "TextSource"}, "text_description", "one"),
            _many("PictureSelection", "selections"),
            *(_CODINGS, _NOTE_REFS, _VALUES),
        ),
    ),
    "PictureSelection": _selection(model.PictureSelection, *_BOX),
    "PDFSource": Rule(
        model.PdfSource,
        (_GUID, _NAME, *_PATHS, *_AUDIT),
        (
            _DESCRIPTION,
            _many("PDFSelection", "selections"),
            Part({"Representation": "TextSource"}, "representation", "one"),
            *(_CODINGS, _NOTE_REFS, _VALUES),
        ),
    ),
    "PDFSelection": _selection(
        model.PdfSelection,
        Attribute("page", "page", "integer", True),
        *_BOX,
        extra=(Part({"Representation": "TextSource"}, "representation", "one"),),
    ),
    "AudioSource": _media(model.AudioSource, "AudioSelection"),
    "VideoSource": _media(model.VideoSource, "VideoSelection"),
    "AudioSelection": _selection(model.MediaSelection, *_STRETCH),
    "VideoSelection": _selection(model.MediaSelection, *_STRETCH),
    "Transcript": Rule(
        model.Transcript,
        (_GUID, _NAME, *_TEXT_PATHS, *_AUDIT),
        (
            _DESCRIPTION,
            _TEXT,
            _many("SyncPoint", "sync_points"),
            _many("TranscriptSelection", "selections"),
            _NOTE_REFS,
        ),
    ),
    "SyncPoint": Rule(
        model.SyncPoint,
        (_GUID, Attribute("timeStamp", "time_stamp", "integer"), Attribute("position", "position", "integer")),
        (),
    ),
    "TranscriptSelection": _selection(
        model.TranscriptSelection,
        Attribute("fromSyncPoint", "from_sync_point", "guid", refers=_SYNC),
        Attribute("toSyncPoint", "to_sync_point", "guid", refers=_SYNC),
    ),
    "Link": Rule(
        model.Link,
        (
            *(_GUID, _NAME, _DIRECTION, _COLOR),
            Attribute("originGUID", "origin", "guid", refers=ANY),
            Attribute("targetGUID", "target", "guid", refers=ANY),
        ),
        (_NOTE_REFS,),
    ),
    "Set": Rule(
        model.MemberSet,
        (_GUID, _MUST_NAME),
        (
            _DESCRIPTION,
            _references("MemberCode", "codes", ("Code",)),
            _references("MemberSource", "sources", SOURCE_TAGS),
            _references("MemberNote", "notes", ("Note",)),
        ),
    ),
    "Graph": Rule(model.Graph, (_GUID, _NAME), (_many("Vertex", "vertices"), _many("Edge", "edges"))),
    "Vertex": Rule(
        model.Vertex,
        (
            _GUID,
            Attribute("representedGUID", "represents", "guid", refers=ANY),
            _NAME,
            *(_BOX[:2]),
            *(Attribute(one.xml, one.field, "integer") for one in _BOX[2:]),
            Attribute("shape", "shape", "shape"),
            _COLOR,
        ),
        (),
    ),
    "Edge": Rule(
        model.Edge,
        (
            _GUID,
            Attribute("representedGUID", "represents", "guid", refers=ANY),
            _NAME,
            Attribute("sourceVertex", "source_vertex", "guid", True, ("Vertex",)),
            Attribute("targetVertex", "target_vertex", "guid", True, ("Vertex",)),
            *(_COLOR, _DIRECTION),
            Attribute("lineStyle", "line_style", "line"),
        ),
        (),
    ),
    # A codebook on its own knows neither memos of codes nor sources and memos as members of sets.
    "CodeBook": Rule(
        model.Codebook,
        (Attribute("origin", "origin"),),
        (Part({"Code": "QDC:Code"}, "codes", "many", ("Codes",)), Part({"Set": "QDC:Set"}, "sets", "many", ("Sets",))),
    ),
    "QDC:Code": Rule(
        model.Code,
        (_GUID, _MUST_NAME, Attribute("isCodable", "is_codable", "boolean", True), _COLOR),
        (_DESCRIPTION, Part({"Code": "QDC:Code"}, "children", "many")),
    ),
    "QDC:Set": Rule(
        model.MemberSet, (_GUID, _MUST_NAME), (_DESCRIPTION, _references("MemberCode", "codes", ("Code",), "guid"))
    ),
}
"""Type of the schema → its rule."""

_WORDS: dict[str, tuple[str, ...]] = {
    "direction": ("Associative", "OneWay", "Bidirectional"),
    "line": ("dotted", "dashed", "solid"),
    "variable_type": ("Text", "Boolean", "Integer", "Float", "Date", "DateTime"),
    "shape": (
        *("Person", "Oval", "Rectangle", "RoundedRectangle", "Star"),
        *("LeftTriangle", "RightTriangle", "UpTriangle", "DownTriangle", "Note"),
    ),
}
_DAY = r"-?(?!0000)[0-9]{4,}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_PATTERNS = {
    "integer": re.compile(r"[+-]?[0-9]+"),
    "datetime": re.compile(rf"{_DAY}T(?:{_CLOCK}|24:00:00(?:\.0+)?){_ZONE}"),
    "date": re.compile(_DAY + _ZONE),
    "decimal": re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"),
    "boolean": re.compile(r"true|false|1|0"),
    "color": re.compile(r"#(?:[A-Fa-f0-9]{6}|[A-Fa-f0-9]{3})"),
}
VALUE_KINDS = {
    **{"TextValue": "string", "BooleanValue": "boolean", "IntegerValue": "integer"},
    **{"FloatValue": "decimal", "DateValue": "date", "DateTimeValue": "datetime"},
}
"""Element of a variable's value → what it may hold."""


def fits(kind: str, text: str) -> bool:
    """Whether the schema takes the text for a value of this kind.

    Example:
        >>> fits("color", "#AABBCC"), fits("datetime", "2024-05-01 10:00"), fits("decimal", "1e5")
        (True, False, False)
    """
    if kind == "string":
        return True
    if kind == "guid":
        return is_guid(text)
    words = _WORDS.get(kind)
    if words is not None:
        return text in words
    if _PATTERNS[kind].fullmatch(text) is None:
        return False
    return _is_day(text) if kind in ("date", "datetime") else True


def _is_day(text: str) -> bool:
    """Whether the month has such a day; years beyond four digits are taken as they are."""
    year, month, day = text.lstrip("-").split("-", 2)
    return int(day[:2]) <= 28 or len(year) > 4 or int(day[:2]) <= monthrange(int(year), int(month))[1]
