"""Makes TownshiftSans-Regular.ttf: Noto Sans CJK SC for hanzi and Latin, other Noto fonts for what it lacks.

Run once, on a machine with Debian's fonts-noto-cjk and fonts-noto-core; the result is committed:

    python src/townshift/report/fonts/build.py tests/report/standard_characters.txt

Outlines become TrueType because fontTools reads those lazily: a report's subset then takes 0.1 s instead of 2.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont

HANZI = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
SIMPLIFIED_CHINESE = 2
OTHERS = tuple(
    Path("/usr/share/fonts/truetype/noto") / f"{name}-Regular.ttf"
    for name in ("NotoSans", "NotoSansMath", "NotoSansSymbols2", "NotoSansSymbols")
)
UNITS_PER_EM = 1000
BLOCKS = (
    (0x20, 0x7F), (0xA0, 0x250), (0x2B0, 0x300), (0x370, 0x460), (0x1E00, 0x1F00), (0x2010, 0x2028),
    (0x202F, 0x205F), (0x2070, 0x209D), (0x20A0, 0x20C1), (0x2100, 0x2300), (0x2460, 0x27C0), (0x3000, 0x3040),
    (0xFF01, 0xFF5F), (0xFFE0, 0xFFE7),
)  # fmt: skip
"""Latin with pinyin and European letters, Greek, Cyrillic, punctuation, arrows, mathematics, shapes, full-width."""


LATIN_FORMS = {
    0xB7: 0xE000,
    0x2018: 0xE001,
    0x2019: 0xE002,
    0x201C: 0xE003,
    0x201D: 0xE004,
    0x2026: 0xE005,
    0x2014: 0xE006,
}
"""Punctuation that Chinese sets full-width: its Latin forms, kept in the private use area for pages in English."""


def wanted(standard: str) -> set[int]:
    """Code points of the font: the standard characters, GB 2312 and `BLOCKS`."""
    points = {ord(character) for character in standard}
    for first in range(0xA1, 0xF8):
        points.update(
            map(ord, bytes(b for second in range(0xA1, 0xFF) for b in (first, second)).decode("gb2312", "ignore"))
        )
    for start, stop in BLOCKS:
        points.update(range(start, stop))
    return points


def hanzi_font(points: set[int]) -> TTFont:
    """Noto Sans CJK SC reduced to `points`, without layout tables and hints."""
    font = TTCollection(HANZI).fonts[SIMPLIFIED_CHINESE]
    options = subset.Options(
        layout_features=[], glyph_names=False, notdef_outline=True, hinting=False, desubroutinize=True
    )
    options.drop_tables += ["VORG", "vhea", "vmtx", "BASE", "GDEF", "GPOS", "GSUB"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=points)
    subsetter.subset(font)
    return font


def build(standard: str, target: Path) -> None:
    """Write the merged font to `target`."""
    points = wanted(standard)
    base = hanzi_font(points)
    outlines, order, cmap = base.getGlyphSet(), list(base.getGlyphOrder()), dict(base.getBestCmap())
    glyphs: dict[str, Any] = {}
    widths: dict[str, int] = {}
    for name in order:
        pen = TTGlyphPen(None)
        outlines[name].draw(Cu2QuPen(pen, max_err=1.0, reverse_direction=True))
        glyphs[name], widths[name] = pen.glyph(), base["hmtx"][name][0]
    latin = TTFont(OTHERS[0])
    for point, private in LATIN_FORMS.items():
        name = f"u{private:04X}x"
        glyphs[name], widths[name] = _copied(latin, point)
        order.append(name)
        cmap[private] = name
    for path in OTHERS:
        other = TTFont(path)
        for point in sorted(points & other.getBestCmap().keys() - cmap.keys()):
            name = f"u{point:04X}x"
            glyphs[name], widths[name] = _copied(other, point)
            order.append(name)
            cmap[point] = name
    _assemble(order, cmap, glyphs, widths, base["hhea"].ascent, base["hhea"].descent).save(target)


def _copied(font: TTFont, point: int) -> tuple[Any, int]:
    """Outline and width of a character of another font with the same units per em."""
    outlines = font.getGlyphSet()
    outline = outlines[font.getBestCmap()[point]]
    recording, pen = DecomposingRecordingPen(outlines), TTGlyphPen(None)
    outline.draw(recording)
    recording.replay(pen)
    return pen.glyph(), round(outline.width)


def _assemble(
    order: list[str], cmap: dict[int, str], glyphs: dict[str, Any], widths: dict[str, int], ascent: int, descent: int
) -> TTFont:
    made = FontBuilder(UNITS_PER_EM, isTTF=True)
    made.setupGlyphOrder(order)
    made.setupCharacterMap(cmap)
    made.setupGlyf(glyphs)
    made.setupHorizontalMetrics({name: (widths[name], getattr(glyphs[name], "xMin", 0) or 0) for name in order})
    made.setupHorizontalHeader(ascent=ascent, descent=descent)
    made.setupNameTable(
        {
            "familyName": "Townshift Sans",
            "styleName": "Regular",
            "uniqueFontIdentifier": "TownshiftSans-Regular-1",
            "fullName": "Townshift Sans",
            "psName": "TownshiftSans-Regular",
            "version": "Version 1.000; from Noto Sans CJK SC 2.004, Noto Sans, Math, Symbols, Symbols 2",
            "copyright": "Copyright 2014-2021 Adobe (http://www.adobe.com/). Copyright 2022 The Noto Project Authors.",
            "licenseDescription": "This Font Software is licensed under the SIL Open Font License, Version 1.1.",
            "licenseInfoURL": "https://openfontlicense.org",
        }
    )
    made.setupOS2(sTypoAscender=ascent, sTypoDescender=descent, usWinAscent=ascent, usWinDescent=-descent)
    made.setupPost(keepGlyphNames=False)
    made.font["head"].created = made.font["head"].modified = 3_000_000_000
    made.font.recalcTimestamp = False
    return made.font


if __name__ == "__main__":
    build(Path(sys.argv[1]).read_text("utf-8"), Path(__file__).with_name("TownshiftSans-Regular.ttf"))
