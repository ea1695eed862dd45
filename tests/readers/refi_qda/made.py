"""Generated projects, archives made by hand, and the schema where it is at hand."""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st
from lxml import etree

from townshift.readers.refi_qda import model as m
from townshift.readers.refi_qda.files import SourceFile

SCHEMAS = Path(__file__).parents[4] / "shared" / "reference"
NS = 'xmlns="urn:QDA-XML:project:1.0"'


def schema(name: str) -> etree.XMLSchema:
    path = SCHEMAS / name
    if not path.is_file():
        pytest.skip(f"{name} is not at hand: {path}")
    return etree.XMLSchema(etree.parse(path))


def markup_of(path: Path) -> bytes:
    return zipfile.ZipFile(path).read("project.qde")


def guid(*keys: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, repr(keys)))


def qdpx(path: Path, markup: str | bytes, files: dict[str, bytes] | None = None, name: str = "project.qde") -> Path:
    """An archive with this markup and these files; names as given."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, markup)
        for member, content in (files or {}).items():
            archive.writestr(member, content)
    return path


def project_markup(body: str, attributes: str = 'name="P"') -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<Project {NS} {attributes}>{body}</Project>'


def text_source(text_guid: str, body: str, path: str | None = None, text: str | None = None) -> str:
    held = "" if text is None else f"<PlainTextContent>{text}</PlainTextContent>"
    named = "" if path is None else f' plainTextPath="{path}"'
    return f'<Sources><TextSource guid="{text_guid}"{named}>{held}{body}</TextSource></Sources>'


def passage(name: str, start: int, end: int, quote: str = "", body: str = "") -> str:
    said = f' name="{quote}"' if quote else ""
    places = f'startPosition="{start}" endPosition="{end}"'
    return f'<PlainTextSelection guid="{guid(name)}"{said} {places}>{body}</PlainTextSelection>'


SIGNS = st.one_of(
    st.sampled_from("ab 织里𠮷😀é\n\t\r&<>\"'…"),
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
)
WORDS = st.text(SIGNS, max_size=12)
MAYBE_WORDS = st.none() | WORDS
NUMBERS = st.none() | st.integers(-(2**40), 2**40)
TIMES = st.none() | st.sampled_from(
    ["2024-05-01T10:00:00Z", "2019-02-28T23:59:59.123+08:00", "1999-12-31T24:00:00", "2024-02-29T00:00:00"]
)
COLORS = st.none() | st.sampled_from(["#AABBCC", "#abc", "#001122"])
DIRECTIONS = st.none() | st.sampled_from(["Associative", "OneWay", "Bidirectional"])
SHAPES = st.none() | st.sampled_from(["Person", "Oval", "Rectangle", "RoundedRectangle", "Star", "Note", "UpTriangle"])
VALUES = {
    "Text": WORDS,
    "Boolean": st.sampled_from(["true", "false", "1", "0"]),
    "Integer": st.integers().map(str),
    "Float": st.decimals(allow_nan=False, allow_infinity=False, places=3).map(lambda one: format(one, "f")),
    "Date": st.sampled_from(["2024-05-01", "1999-12-31Z"]),
    "DateTime": st.sampled_from(["2024-05-01T10:00:00Z"]),
}


class Maker:
    """Makes the parts of one project, with fresh GUIDs in every spelling and references that hold."""

    def __init__(self, draw: Callable[..., object]) -> None:
        self.draw = draw
        self.made: dict[str, list[str]] = {}
        self.files: list[SourceFile] = []
        self.count = 0

    def new(self, kind: str) -> str:
        self.count += 1
        fresh = guid(kind, self.count)
        spelt = self.draw(st.sampled_from([fresh, fresh.upper(), f"{{{fresh}}}", f"{{{fresh.upper()}}}"]))
        self.made.setdefault(kind, []).append(spelt)
        return spelt

    def any_of(self, *kinds: str) -> str | None:
        known = [one for kind in kinds for one in self.made.get(kind, [])]
        return self.draw(st.sampled_from(known)) if known else None

    def some_of(self, *kinds: str) -> tuple[str, ...]:
        known = [one for kind in kinds for one in self.made.get(kind, [])]
        return tuple(self.draw(st.lists(st.sampled_from(known), max_size=3))) if known else ()

    def many(self, make: Callable[[], object], most: int = 3) -> tuple:
        return tuple(make() for _ in range(self.draw(st.integers(0, most))))

    def audit(self) -> dict[str, object]:
        return {
            "creating_user": self.any_of("user"),
            "creation_date_time": self.draw(TIMES),
            "modifying_user": self.any_of("user"),
            "modified_date_time": self.draw(TIMES),
        }

    def user(self) -> m.User:
        return m.User(guid=self.new("user"), name=self.draw(MAYBE_WORDS), id=self.draw(MAYBE_WORDS))

    def code(self, depth: int = 0) -> m.Code:
        return m.Code(
            guid=self.new("code"),
            name=self.draw(WORDS),
            is_codable=self.draw(st.booleans()),
            color=self.draw(COLORS),
            description=self.draw(MAYBE_WORDS),
            notes=self.some_of("note"),
            children=self.many(lambda: self.code(depth + 1), 2) if depth < 3 else (),
        )

    def variable(self) -> m.Variable:
        kind = self.draw(st.sampled_from(sorted(VALUES)))
        return m.Variable(
            guid=self.new("variable"), name=self.draw(WORDS), type=kind, description=self.draw(MAYBE_WORDS)
        )

    def values(self) -> tuple[m.VariableValue, ...]:
        return self.many(self.value) if self.made.get("variable") else ()

    def value(self) -> m.VariableValue:
        kind = self.draw(st.none() | st.sampled_from(sorted(VALUES)))
        held = None if kind is None else self.draw(VALUES[kind])
        return m.VariableValue(variable=self.any_of("variable"), type=kind, value=held)

    def codings(self) -> tuple[m.Coding, ...]:
        return self.many(self.coding) if self.made.get("code") else ()

    def coding(self) -> m.Coding:
        return m.Coding(
            guid=self.new("coding"),
            code=self.any_of("code"),
            creating_user=self.any_of("user"),
            creation_date_time=self.draw(TIMES),
            notes=self.some_of("note"),
        )

    def marked(self) -> dict[str, object]:
        """What all selections share."""
        return self.audit() | {
            "guid": self.new("selection"),
            "description": self.draw(MAYBE_WORDS),
            "codings": self.codings(),
            "notes": self.some_of("note"),
        }

    def passage(self, text: str) -> m.TextSelection:
        start = self.draw(st.integers(0, len(text)))
        end = self.draw(st.integers(start, len(text)))
        return m.TextSelection(**self.marked(), name=text[start:end], start=start, end=end)

    def text(self, kind: str) -> m.TextSource:
        text = self.draw(WORDS)
        own = self.new(kind)
        inline = self.draw(st.booleans())
        path = None if inline else self.file(own, text.replace("\r\n", "\n").encode(), ".txt")
        text = text if inline else text.replace("\r\n", "\n")
        return m.TextSource(
            **self.audit(),
            guid=own,
            name=self.draw(MAYBE_WORDS),
            text=text,
            plain_text_path=path,
            rich_text_path=self.draw(st.none() | st.just("absolute:///C:/a/rich.docx")),
            description=self.draw(MAYBE_WORDS),
            selections=self.many(lambda: self.passage(text)),
            codings=self.codings(),
            notes=self.some_of("note"),
            variable_values=self.values(),
        )

    def file(self, own: str, content: bytes, ending: str) -> str:
        name = f"{own.strip('{}')}{ending}"
        self.files.append(SourceFile(name, content, size=len(content)))
        return f"internal://{name}"

    def source(self) -> m.Source:
        make = self.draw(st.sampled_from([self.text_source, self.picture, self.pdf, self.recording]))
        return make()

    def text_source(self) -> m.TextSource:
        return self.text("source")

    def shared(self, ending: str) -> dict[str, object]:
        """What all sources but texts share."""
        own = self.new("source")
        return self.audit() | {
            "guid": own,
            "name": self.draw(MAYBE_WORDS),
            "path": self.file(own, self.draw(st.binary(max_size=20)), ending),
            "current_path": self.draw(st.none() | st.just("relative:///x.bin")),
            "description": self.draw(MAYBE_WORDS),
            "codings": self.codings(),
            "notes": self.some_of("note"),
            "variable_values": self.values(),
        }

    def box(self, names: tuple[str, ...] = ("first_x", "first_y", "second_x", "second_y")) -> dict[str, object]:
        return {name: self.draw(st.integers(-10, 5000)) for name in names}

    def picture(self) -> m.PictureSource:
        return m.PictureSource(
            **self.shared(".png"),
            text_description=self.text("text") if self.draw(st.booleans()) else None,
            selections=self.many(
                lambda: m.PictureSelection(**self.marked(), **self.box(), name=self.draw(MAYBE_WORDS))
            ),
        )

    def pdf(self) -> m.PdfSource:
        return m.PdfSource(
            **self.shared(".pdf"),
            representation=self.text("text") if self.draw(st.booleans()) else None,
            selections=self.many(self.pdf_selection),
        )

    def pdf_selection(self) -> m.PdfSelection:
        return m.PdfSelection(
            **self.marked(),
            **self.box(),
            name=self.draw(MAYBE_WORDS),
            page=self.draw(st.integers(0, 500)),
            representation=self.text("text") if self.draw(st.booleans()) else None,
        )

    def recording(self) -> m.AudioSource | m.VideoSource:
        make, ending = self.draw(st.sampled_from([(m.AudioSource, ".mp3"), (m.VideoSource, ".mp4")]))
        return make(
            **self.shared(ending),
            transcripts=self.many(self.transcript, 2),
            selections=self.many(
                lambda: m.MediaSelection(**self.marked(), **self.box(("begin", "end")), name=self.draw(MAYBE_WORDS))
            ),
        )

    def transcript(self) -> m.Transcript:
        text = self.draw(WORDS)
        own = self.new("text")
        points = self.many(
            lambda: m.SyncPoint(
                guid=self.new("point"),
                time_stamp=self.draw(NUMBERS),
                position=self.draw(st.none() | st.integers(0, len(text))),
            )
        )
        return m.Transcript(
            **self.audit(),
            guid=own,
            name=self.draw(MAYBE_WORDS),
            text=text,
            description=self.draw(MAYBE_WORDS),
            sync_points=points,
            selections=self.many(
                lambda: m.TranscriptSelection(
                    **self.marked(),
                    name=self.draw(MAYBE_WORDS),
                    from_sync_point=self.any_of("point"),
                    to_sync_point=self.any_of("point"),
                )
            ),
            notes=self.some_of("note"),
        )

    def case(self) -> m.Case:
        return m.Case(
            guid=self.new("case"),
            name=self.draw(MAYBE_WORDS),
            description=self.draw(MAYBE_WORDS),
            codes=self.some_of("code"),
            variable_values=self.values(),
            sources=self.some_of("source"),
            selections=self.some_of("selection"),
        )

    def link(self) -> m.Link:
        anything = sorted(self.made)
        return m.Link(
            guid=self.new("link"),
            name=self.draw(MAYBE_WORDS),
            direction=self.draw(DIRECTIONS),
            color=self.draw(COLORS),
            origin=self.any_of(*anything),
            target=self.any_of(*anything),
            notes=self.some_of("note"),
        )

    def member_set(self) -> m.MemberSet:
        return m.MemberSet(
            guid=self.new("set"),
            name=self.draw(WORDS),
            description=self.draw(MAYBE_WORDS),
            codes=self.some_of("code"),
            sources=self.some_of("source"),
            notes=self.some_of("note"),
        )

    def graph(self) -> m.Graph:
        vertices = self.many(
            lambda: m.Vertex(
                guid=self.new("vertex"),
                represents=self.any_of("code", "source"),
                name=self.draw(MAYBE_WORDS),
                **self.box(("first_x", "first_y")),
                second_x=self.draw(NUMBERS),
                second_y=self.draw(NUMBERS),
                shape=self.draw(SHAPES),
                color=self.draw(COLORS),
            )
        )
        edges = self.many(self.edge) if vertices else ()
        return m.Graph(guid=self.new("graph"), name=self.draw(MAYBE_WORDS), vertices=vertices, edges=edges)

    def edge(self) -> m.Edge:
        return m.Edge(
            guid=self.new("edge"),
            represents=self.any_of("link"),
            name=self.draw(MAYBE_WORDS),
            source_vertex=self.any_of("vertex"),
            target_vertex=self.any_of("vertex"),
            color=self.draw(COLORS),
            direction=self.draw(DIRECTIONS),
            line_style=self.draw(st.none() | st.sampled_from(["dotted", "dashed", "solid"])),
        )


@st.composite
def projects(draw: Callable[..., object]) -> m.Project:
    """A whole project: every element and attribute of the schema can occur."""
    make = Maker(draw)
    users = make.many(make.user)
    notes = make.many(lambda: make.text("note"))
    codes, variables = make.many(make.code), make.many(make.variable)
    sources = make.many(make.source)
    return m.Project(
        name=draw(WORDS),
        origin=draw(MAYBE_WORDS),
        **make.audit(),
        base_path=draw(MAYBE_WORDS),
        users=users,
        codes=codes,
        variables=variables,
        cases=make.many(make.case),
        sources=sources,
        notes=notes,
        links=make.many(make.link),
        sets=make.many(make.member_set),
        graphs=make.many(make.graph, 2),
        description=draw(MAYBE_WORDS),
        note_refs=make.some_of("note"),
        files=tuple(make.files),
    )
