"""How every figure looks: colours that colour-blind readers tell apart (Okabe and Ito 2008), one font, fixed SVG.

A figure is drawn once for all languages. Text that differs between languages is drawn by `label`, which reserves the
width of the longer one; `Drawing.svg` then puts in the language's text. Bytes are the same for the same numbers.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from townshift.report.font import FAMILY, FONT_FILE, text_width
from townshift.report.words import Words, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Transform

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
INK, GREY, PALE = "#1a1a1a", "#6b6b6b", "#d9d9d9"
CYCLE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
FONT_PT = 8.5
"""Size of text in figures, in points of the drawing; panels are shown at about 1.3 times their size."""

_RC: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "townshift",
    "font.family": FAMILY,
    "font.size": FONT_PT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.6,
    "axes.labelcolor": INK,
    "axes.unicode_minus": True,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "grid.color": PALE,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.4,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}
_OPENING = r'<svg viewBox="\1" aria-hidden="true" focusable="false">'
_TAG, _LONG_NUMBER = re.compile(r"<[^>]*>"), re.compile(r"(\d+\.\d)\d+")
_GID = "words-"
_LABEL = re.compile(rf'<g id="{_GID}(\d+)">(\s*<text[^>]*>)[^<]*(</text>)')


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as SVG with places for its words.

    Attributes:
        name: unique in the page; every id inside starts with it.
        template: the SVG element.
        words: texts of the places, in their order.
        width: natural width in points; a page scrolls rather than shrink it below a readable size.
    """

    name: str
    template: str
    words: tuple[Words, ...]
    width: float

    def svg(self, language: str) -> str:
        """The SVG element with its texts in `language`."""
        return _LABEL.sub(
            lambda found: f"<g>{found[2]}{html.escape(self.words[int(found[1])].of(language))}{found[3]}", self.template
        )


@contextmanager
def drawing_style() -> Iterator[None]:
    """Within the block, matplotlib draws in the style and font of the report."""
    import matplotlib as mpl
    from matplotlib import font_manager

    if FAMILY not in font_manager.fontManager.get_font_names():
        font_manager.fontManager.addfont(FONT_FILE)
    with mpl.rc_context(_RC):  # type: ignore[arg-type]
        yield


class Canvas:
    """One figure being drawn, within `drawing_style`: a matplotlib figure of fixed size and the texts in it.

    Args:
        name: unique in the page.
        width: in points.
        height: in points.
    """

    def __init__(self, name: str, width: float, height: float) -> None:
        from matplotlib.figure import Figure

        self.name, self.width, self.height = name, width, height
        self.figure: Figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        self.words: list[Words] = []

    def axes(self, left: float, bottom: float, right: float, top: float) -> Axes:
        """Axes with margins in points on each side."""
        box = (
            left / self.width,
            bottom / self.height,
            (self.width - left - right) / self.width,
            (self.height - bottom - top) / self.height,
        )
        axes: Axes = self.figure.add_axes(box)
        return axes

    def label(self, axes: Axes, x: float, y: float, words: Words | str, **style: str | float | Transform) -> None:
        """Text at a point of `axes`, in whichever language the page is."""
        both = plain(words)
        drawn = max((both.en, both.zh), key=lambda one: text_width(one, FONT_PT)) or " "
        text = axes.text(x, y, drawn, rotation_mode="anchor", parse_math=False, **style)  # type: ignore[arg-type]
        text.set_gid(f"{_GID}{len(self.words)}")
        self.words.append(both)

    def finish(self) -> Drawing:
        """The drawing; the canvas is of no further use."""
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        FigureCanvasSVG(self.figure)
        buffer = io.StringIO()
        self.figure.savefig(
            buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
        return Drawing(self.name, _tidied(buffer.getvalue(), self.name), tuple(self.words), self.width)


def widest(labels: list[Words], size: float = FONT_PT) -> float:
    """Width in points of the widest text of a list, in either language; 0 of an empty list."""
    return max((text_width(text, size) for label in labels for text in (label.en, label.zh)), default=0.0)


def _tidied(svg: str, name: str) -> str:
    """The bare element: no prologue, no metadata, short numbers, ids unique in the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<svg [^>]*viewBox="([^"]*)"[^>]*>', _OPENING, svg, count=1)
    svg = svg.replace("xlink:href", "href")
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else _kept(m), svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = _TAG.sub(lambda tag: _LONG_NUMBER.sub(r"\1", tag[0]), svg)
    svg = svg.replace(f"font-family: '{FAMILY}'; ", "").replace(f"; font-family: '{FAMILY}'", "")
    return re.sub(r"\s*\n\s*", "\n", svg).strip()


def _kept(match: re.Match[str]) -> str:
    return match[0] if match[1].startswith(_GID) else ""
