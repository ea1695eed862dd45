"""A qualitative project as REFI-QDA 1.5 knows it: every element and attribute of its schema has a field.

GUIDs, times and variable values are kept as they were written, so that a project goes back to its program unchanged;
`guids.same` compares GUIDs. Positions are indices of `TextSource.text`, half-open: `text[start:end]` is the passage.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from townshift.readers.refi_qda.files import SourceFile


@dataclass(frozen=True, slots=True)
class Extra:
    """What an element carried that the standard does not know, as it was written.

    Attributes:
        attributes: pairs of name (in Clark notation) and value.
        elements: child elements as XML.
    """

    attributes: tuple[tuple[str, str], ...] = ()
    elements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """Base of all elements; `extra` holds what the standard does not know."""

    extra: Extra | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited(Element):
    """Who made an element and who changed it last (GUIDs of users), and when (xsd:dateTime as written)."""

    creating_user: str | None = None
    creation_date_time: str | None = None
    modifying_user: str | None = None
    modified_date_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Element):
    """A person who worked on the project; `name` and `id` are personal."""

    guid: str
    name: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Code(Element):
    """A code, or a category where `is_codable` is false; `children` are its sub-codes, in order."""

    guid: str
    name: str = ""
    is_codable: bool = True
    color: str | None = None
    description: str | None = None
    notes: tuple[str, ...] = ()
    children: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable(Element):
    """An attribute that cases or sources can have; `type` is Text, Boolean, Integer, Float, Date or DateTime."""

    guid: str
    name: str = ""
    type: str = "Text"
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableValue(Element):
    """The value of a variable; `type` names the value's element and is None where the file gives no value."""

    variable: str = ""
    type: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Element):
    """A unit of analysis (firm, actor, town) with the codes, sources and selections that belong to it."""

    guid: str
    name: str | None = None
    description: str | None = None
    codes: tuple[str, ...] = ()
    variable_values: tuple[VariableValue, ...] = ()
    sources: tuple[str, ...] = ()
    selections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding(Element):
    """One code given to a passage or a source; `code` is the code's GUID."""

    guid: str
    code: str = ""
    creating_user: str | None = None
    creation_date_time: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSelection(Audited):
    """A passage `text[start:end]`, in codepoints; `name` is often the quote or its beginning."""

    guid: str
    name: str | None = None
    start: int | None = None
    end: int | None = None
    description: str | None = None
    codings: tuple[Coding, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSource(Audited):
    """A text: a document, a memo, or the text of a PDF, a PDF selection or a picture.

    Attributes:
        text: the plain text that positions count in; None where the file lacks it.
        plain_text_path: file of the text; None = the text stands in the XML itself.
        offset_rule: how the stored text was read so that positions fit, such as `crlf_as_lf`; empty = as stored.
    """

    guid: str
    name: str | None = None
    rich_text_path: str | None = None
    plain_text_path: str | None = None
    text: str | None = None
    offset_rule: str = ""
    description: str | None = None
    selections: tuple[TextSelection, ...] = ()
    codings: tuple[Coding, ...] = ()
    notes: tuple[str, ...] = ()
    variable_values: tuple[VariableValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSelection(Audited):
    """A rectangle in a picture, pixels from the upper left after rotation by EXIF."""

    guid: str
    name: str | None = None
    first_x: int | None = None
    first_y: int | None = None
    second_x: int | None = None
    second_y: int | None = None
    description: str | None = None
    codings: tuple[Coding, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSource(Audited):
    """A picture; `text_description` is its description as a text that can be coded."""

    guid: str
    name: str | None = None
    path: str | None = None
    current_path: str | None = None
    description: str | None = None
    text_description: TextSource | None = None
    selections: tuple[PictureSelection, ...] = ()
    codings: tuple[Coding, ...] = ()
    notes: tuple[str, ...] = ()
    variable_values: tuple[VariableValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfSelection(Audited):
    """A rectangle on a page, PDF points from the lower left of the media box."""

    guid: str
    name: str | None = None
    page: int | None = None
    first_x: int | None = None
    first_y: int | None = None
    second_x: int | None = None
    second_y: int | None = None
    description: str | None = None
    representation: TextSource | None = None
    codings: tuple[Coding, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfSource(Audited):
    """A PDF; `representation` is its plain text, in which passages can be coded."""

    guid: str
    name: str | None = None
    path: str | None = None
    current_path: str | None = None
    description: str | None = None
    selections: tuple[PdfSelection, ...] = ()
    representation: TextSource | None = None
    codings: tuple[Coding, ...] = ()
    notes: tuple[str, ...] = ()
    variable_values: tuple[VariableValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSelection(Audited):
    """A stretch of sound or film, `begin` and `end` in milliseconds."""

    guid: str
    name: str | None = None
    begin: int | None = None
    end: int | None = None
    description: str | None = None
    codings: tuple[Coding, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPoint(Element):
    """A point of a transcript: `time_stamp` in milliseconds, `position` in codepoints."""

    guid: str
    time_stamp: int | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptSelection(Audited):
    """A passage of a transcript between two sync points, given by their GUIDs."""

    guid: str
    name: str | None = None
    from_sync_point: str | None = None
    to_sync_point: str | None = None
    description: str | None = None
    codings: tuple[Coding, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript(Audited):
    """The text of a recording with its sync points; text, path and rule as in `TextSource`."""

    guid: str
    name: str | None = None
    rich_text_path: str | None = None
    plain_text_path: str | None = None
    text: str | None = None
    offset_rule: str = ""
    description: str | None = None
    sync_points: tuple[SyncPoint, ...] = ()
    selections: tuple[TranscriptSelection, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSource(Audited):
    """What recordings share: see `AudioSource` and `VideoSource`."""

    guid: str
    name: str | None = None
    path: str | None = None
    current_path: str | None = None
    description: str | None = None
    transcripts: tuple[Transcript, ...] = ()
    selections: tuple[MediaSelection, ...] = ()
    codings: tuple[Coding, ...] = ()
    notes: tuple[str, ...] = ()
    variable_values: tuple[VariableValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSource(MediaSource):
    """A sound recording with its transcripts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSource(MediaSource):
    """A film with its transcripts."""


Source: TypeAlias = TextSource | PictureSource | PdfSource | AudioSource | VideoSource
"""Any kind of source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Element):
    """A relation between any two things; `direction` is Associative, OneWay or Bidirectional."""

    guid: str
    name: str | None = None
    direction: str | None = None
    color: str | None = None
    origin: str | None = None
    target: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSet(Element):
    """A named set of codes, sources and memos; ATLAS.ti keeps attributes as sets named `age: 25`."""

    guid: str
    name: str = ""
    description: str | None = None
    codes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertex(Element):
    """A node of a drawn graph; `represents` is the GUID of what it stands for."""

    guid: str
    represents: str | None = None
    name: str | None = None
    first_x: int | None = None
    first_y: int | None = None
    second_x: int | None = None
    second_y: int | None = None
    shape: str | None = None
    color: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge(Element):
    """A line of a drawn graph between two vertices."""

    guid: str
    represents: str | None = None
    name: str | None = None
    source_vertex: str | None = None
    target_vertex: str | None = None
    color: str | None = None
    direction: str | None = None
    line_style: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph(Element):
    """A drawn network of codes, sources or cases."""

    guid: str
    name: str | None = None
    vertices: tuple[Vertex, ...] = ()
    edges: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project(Element):
    """A whole project; `files` are the files of its archive, left out of comparisons.

    Example:
        >>> project = Project(name="Towns", sources=(TextSource(guid="a" * 8, text="sewing"),))
        >>> project.sources[0].text
        'sewing'
    """

    name: str = ""
    origin: str | None = None
    creating_user: str | None = None
    creation_date_time: str | None = None
    modifying_user: str | None = None
    modified_date_time: str | None = None
    base_path: str | None = None
    users: tuple[User, ...] = ()
    codes: tuple[Code, ...] = ()
    variables: tuple[Variable, ...] = ()
    cases: tuple[Case, ...] = ()
    sources: tuple[Source, ...] = ()
    notes: tuple[TextSource, ...] = ()
    links: tuple[Link, ...] = ()
    sets: tuple[MemberSet, ...] = ()
    graphs: tuple[Graph, ...] = ()
    description: str | None = None
    note_refs: tuple[str, ...] = ()
    files: tuple[SourceFile, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Codebook(Element):
    """A codebook on its own (`.qdc`)."""

    origin: str | None = None
    codes: tuple[Code, ...] = ()
    sets: tuple[MemberSet, ...] = ()
