"""The one font of the report: which characters it has, how wide a text is, and the subset that a page carries."""

from __future__ import annotations

import base64
import io
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.errors import Problem, TownshiftError

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

FAMILY = "Townshift Sans"
FONT_FILE = Path(__file__).parent / "fonts" / "TownshiftSans-Regular.ttf"
_INVISIBLE = frozenset("\n\r\t")


class ReportError(TownshiftError, ValueError):
    """A report cannot be written as it stands."""


@cache
def _font() -> TTFont:
    from fontTools.ttLib import TTFont

    return TTFont(FONT_FILE, lazy=True)


@cache
def characters() -> frozenset[int]:
    """Code points that the font can show."""
    return frozenset(_font().getBestCmap())


def assert_glyphs(texts: Iterable[str]) -> str:
    """Make sure that every character of `texts` can be shown.

    Args:
        texts: what a page prints, in any number of pieces.

    Returns:
        The distinct characters, sorted: what the page's subset must hold.

    Raises:
        ReportError: a character has no glyph; all such characters are named.

    Example:
        >>> assert_glyphs(["织里", "里"])
        '织里'
    """
    used = sorted(set().union(*map(set, texts)) - _INVISIBLE)
    missing = [character for character in used if ord(character) not in characters()]
    if missing:
        named = ", ".join(f"{one} (U+{ord(one):04X} {unicodedata.name(one, '?')})" for one in missing)
        raise ReportError(Problem("TS-REPORT-001", "", {"characters": named, "n": len(missing)}))
    return "".join(used)


@cache
def text_width(text: str, size: float) -> float:
    """Width of one line of text in points, at a font size in points.

    Example:
        >>> text_width("织里", 10.0)
        20.0
    """
    font = _font()
    cmap, metrics = font.getBestCmap(), font["hmtx"]
    advance = sum(metrics[cmap.get(ord(character), ".notdef")][0] for character in text)
    return float(advance * size / font["head"].unitsPerEm)


_LATIN_FORMS = {
    0xB7: 0xE000,
    0x2018: 0xE001,
    0x2019: 0xE002,
    0x201C: 0xE003,
    0x201D: 0xE004,
    0x2026: 0xE005,
    0x2014: 0xE006,
}
"""Punctuation that Chinese sets full-width, and where the font keeps its Latin form; see fonts/build.py."""


def subset_woff2(used: str, latin_punctuation: bool = False) -> str:
    """The font reduced to `used`, as WOFF2 in base64; the same bytes for the same characters.

    Args:
        used: the distinct characters of a page.
        latin_punctuation: quotation marks, dash, dots and ellipsis as English sets them, not full-width.
    """
    import logging

    from fontTools import subset
    from fontTools.ttLib import TTFont

    font = TTFont(FONT_FILE, lazy=True, recalcTimestamp=False)
    # Another library may have turned every logger on; the glyphs of a page are nobody's news.
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    options = subset.Options(layout_features=[], notdef_outline=True, glyph_names=False, hinting=False)
    subsetter = subset.Subsetter(options)
    forms = {point: form for point, form in _LATIN_FORMS.items() if latin_punctuation and chr(point) in used}
    subsetter.populate(text=used, unicodes=list(forms.values()))
    subsetter.subset(font)
    for table in font["cmap"].tables:
        table.cmap.update({point: table.cmap.pop(form) for point, form in forms.items() if form in table.cmap})
    font.flavor = "woff2"
    buffer = io.BytesIO()
    font.save(buffer)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
