r"""One document as plain text: txt, md, docx, pdf, html, vtt, srt; with who speaks where, if it says so.

Whatever a file is, its text has `\n` as line end and is what codings count their characters in.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from townshift.errors import Problem, StudyError
from townshift.readers.documents.speakers import Turn, find_turns

if TYPE_CHECKING:
    from lxml.etree import _Element

FORMATS = (".txt", ".md", ".docx", ".pdf", ".html", ".htm", ".vtt", ".srt")
LARGEST_BYTES = 256 << 20
"""A file, or what a packed file unfolds to, may be this large; a document of the field is never."""

_BLOCKS = frozenset(
    "p,div,li,tr,h1,h2,h3,h4,h5,h6,section,article,blockquote,table,ul,ol,dl,dt,dd,pre,hr".split(",")  # noqa: SIM905
)
_UNSEEN = frozenset(["script", "style", "noscript", "template", "head", "svg", "nav"])


@dataclass(frozen=True, slots=True)
class TextDocument:
    r"""A document that was read.

    Attributes:
        name: of the file.
        text: all of it, line ends `\n`.
        language: BCP 47 tag, `zh` or `en`, by its letters; "" where there are too few.
        turns: who speaks where, in order; empty where the text does not say.
        problems: what could not be read in it; the rest was.
    """

    name: str
    text: str
    language: str
    turns: tuple[Turn, ...]
    problems: tuple[Problem, ...] = ()


def read_document(path: Path) -> TextDocument:
    r"""Read one document.

    Args:
        path: a file with one of the endings of `FORMATS`.

    Returns:
        The document. A scanned PDF has pages without text: the problem says which; the others are read.

    Raises:
        StudyError: an ending that is not known, a file that is broken, locked by a password, or far too large.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "note.txt"
        >>> _ = path.write_text("Q: Why here?\nA: The market.\nQ: And now?", encoding="utf-8")
        >>> [turn.speaker for turn in read_document(path).turns]
        ['Q', 'A', 'Q']
    """
    ending = path.suffix.lower()
    reader = _READERS.get(ending)
    if reader is None:
        raise StudyError(
            Problem("TS-DOCS-001", path.name, {"ending": ending or path.name, "known": ", ".join(FORMATS)})
        )
    try:
        size = path.stat().st_size
    except OSError as error:
        raise StudyError(Problem("TS-DOCS-002", path.name, {"reason": error.strerror or str(error)})) from error
    if size > LARGEST_BYTES:
        raise StudyError(Problem("TS-DOCS-003", path.name, {"megabytes": size >> 20, "most": LARGEST_BYTES >> 20}))
    text, turns, problems = reader(path)
    if not text.strip():
        problems = [*problems, Problem("TS-DOCS-004", path.name, severity="warning")]
    return TextDocument(path.name, text, language_of(text), tuple(turns or find_turns(text)), tuple(problems))


def language_of(text: str) -> str:
    """`zh` if more than a fifth of the letters are Chinese, else `en`; "" with fewer than ten letters.

    Example:
        >>> [language_of(one) for one in ("镇上的童装业始于八十年代。", "The trade began in the 1980s.", "1983")]
        ['zh', 'en', '']
    """
    letters = [sign for sign in text[:20000] if sign.isalpha()]
    chinese = sum("\u4e00" <= sign <= "\u9fff" for sign in letters)
    return "" if len(letters) < 10 else "zh" if chinese * 5 > len(letters) else "en"


def decoded(data: bytes, where: str) -> tuple[str, list[Problem]]:
    """Bytes as text: a byte order mark decides, else UTF-8, else GB18030; signs that fit neither are named, not lost.

    Example:
        >>> decoded("童装".encode("gb18030"), "a.txt")
        ('童装', [])
    """
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if data.startswith(mark):
            return lines(data.decode(encoding, "replace")), []
    for encoding in ("gb18030", "utf-8") if _rather_chinese(data) else ("utf-8", "gb18030"):
        try:
            return lines(data.decode(encoding)), []
        except UnicodeDecodeError:
            continue
    text = data.decode("utf-8", "replace")
    return lines(text), [Problem("TS-DOCS-005", where, {"signs": text.count("\ufffd")}, severity="warning")]


def _rather_chinese(data: bytes) -> bool:
    """Whether bytes that are UTF-8 by chance are Chinese words: 童装 in GB 2312 reads as a mix of scripts in UTF-8."""
    import unicodedata

    try:
        scripts = {unicodedata.name(one, "? ").split()[0] for one in data.decode("utf-8") if one > "\u024f"}
        chinese = [one for one in data.decode("gb2312") if one > "\x7f"]
    except UnicodeDecodeError:
        return False
    return len(scripts - {"CJK"}) > 1 and "CJK" not in scripts and all("\u4e00" <= one <= "\u9fff" for one in chinese)


def lines(text: str) -> str:
    r"""The text with `\n` as its only line end and without null signs."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


Read = tuple[str, list[Turn], list[Problem]]


def _plain(path: Path) -> Read:
    text, problems = decoded(path.read_bytes(), path.name)
    return text, [], problems


def _word(path: Path) -> Read:
    import docx
    from docx.opc.exceptions import PackageNotFoundError
    from docx.table import Table

    _refuse_bomb(path)
    try:
        document = docx.Document(str(path))
    except (PackageNotFoundError, KeyError, ValueError, zipfile.BadZipFile, SyntaxError) as error:
        raise StudyError(Problem("TS-DOCS-006", path.name)) from error
    parts: list[str] = []
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            parts += ["\t".join(cell.text.replace("\n", " ") for cell in row.cells) for row in block.rows]
        else:
            parts.append(block.text)
    return lines("\n".join(parts)), [], []


def _refuse_bomb(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(one.file_size for one in packed.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise StudyError(Problem("TS-DOCS-006", path.name)) from error
    if size > LARGEST_BYTES:
        raise StudyError(Problem("TS-DOCS-003", path.name, {"megabytes": size >> 20, "most": LARGEST_BYTES >> 20}))


def _pdf(path: Path) -> Read:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise StudyError(Problem("TS-DOCS-007", path.name))
        pages = [page.extract_text() for page in reader.pages]
    except StudyError:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, RecursionError, OSError) as error:
        raise StudyError(Problem("TS-DOCS-006", path.name)) from error
    blank = [number for number, page in enumerate(pages, 1) if not page.strip()]
    problems = []
    if blank:
        told = ", ".join(map(str, blank[:12])) + (" …" if len(blank) > 12 else "")
        problems.append(
            Problem("TS-DOCS-008", path.name, {"pages": told, "n": len(blank), "of": len(pages)}, "warning")
        )
    return lines("\n\n".join(pages)), [], problems


def _page(path: Path) -> Read:
    from lxml import html
    from lxml.etree import LxmlError

    # The parser follows a page's own statement of its encoding; no network, no entities of a document type.
    parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True)
    data = path.read_bytes()
    try:
        stated = re.search(rb"<meta[^>]+charset", data[:4096], re.IGNORECASE)
        root = html.document_fromstring(data if stated else decoded(data, path.name)[0], parser=parser)
    except (LxmlError, ValueError) as error:
        raise StudyError(Problem("TS-DOCS-006", path.name)) from error
    told = "".join(_told(root))
    told = re.sub(r"[ \t\f\v\u00a0]+", " ", lines(told))
    told = re.sub(r" ?\n ?", "\n", told)
    return re.sub(r"\n{3,}", "\n\n", told).strip(), [], []


def _told(element: _Element) -> Iterator[str]:
    name: Any = element.tag
    if isinstance(name, str) and name not in _UNSEEN:
        if name in _BLOCKS or name == "br":
            yield "\n"
        # A line end in the source is a space on the page.
        yield re.sub(r"\s+", " ", element.text or "")
        for child in element:
            yield from _told(child)
        if name in _BLOCKS:
            yield "\n"
    yield re.sub(r"\s+", " ", element.tail or "")


def _captions(path: Path) -> Read:
    import io

    import webvtt
    from webvtt.errors import MalformedCaptionError, MalformedFileError

    told, problems = decoded(path.read_bytes(), path.name)
    try:
        parsed = webvtt.from_buffer(io.StringIO(told), format=path.suffix.lower()[1:])
        captions = [(one.voice or "", one.text, _seconds(one.start), _seconds(one.end)) for one in parsed.captions]
    except (MalformedCaptionError, MalformedFileError, ValueError, AttributeError, IndexError) as error:
        raise StudyError(Problem("TS-DOCS-006", path.name)) from error
    return *_spoken(captions), problems


def _seconds(stamp: str) -> float:
    """`01:02:03.500` as seconds."""
    total = 0.0
    for part in stamp.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total


def _spoken(captions: list[tuple[str, str, float, float]]) -> tuple[str, list[Turn]]:
    """Captions joined; those that follow each other with one voice are one turn."""
    parts: list[str] = []
    turns: list[Turn] = []
    at = 0
    for voice, told, since, until in captions:
        told = lines(told).strip()
        if not told:
            continue
        if parts:
            parts.append("\n")
            at += 1
        if voice and turns and turns[-1].speaker == voice and turns[-1].end == at - 1:
            last = turns[-1]
            turns[-1] = Turn(voice, last.start, at + len(told), last.seconds_from, float(until))
        elif voice:
            turns.append(Turn(voice, at, at + len(told), float(since), float(until)))
        parts.append(told)
        at += len(told)
    return "".join(parts), turns


_READERS: dict[str, Callable[[Path], Read]] = {
    ".txt": _plain,
    ".md": _plain,
    ".docx": _word,
    ".pdf": _pdf,
    ".html": _page,
    ".htm": _page,
    ".vtt": _captions,
    ".srt": _captions,
}
