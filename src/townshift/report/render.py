"""From blocks to one self-contained HTML file."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from townshift.locales import text
from townshift.report.font import assert_glyphs, subset_woff2
from townshift.report.words import Words, code

if TYPE_CHECKING:
    from jinja2 import Environment

    from townshift.report.document import Document

_TAGS = re.compile(r"<(style|script)\b.*?</\1>|<[^>]*>", re.DOTALL)
FONT_PLACE = "@@font@@"
LANG_TAGS = {"en": "en", "zh": "zh-Hans"}


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("townshift.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(document: Document, language: str) -> str:
    """The page in one language, font included.

    Args:
        document: all sections, in both languages.
        language: `en` or `zh`.

    Raises:
        ReportError: a character of the page has no glyph.
    """

    def say(key: str, **values: object) -> str:
        return text(f"report.{key}", language, **values)

    def words(value: Words) -> str:
        return value.of(language)

    def named(kind: str, value: str) -> str:
        return code(kind, value).of(language)

    context: dict[str, Any] = {
        "document": document,
        "language": language,
        "lang": LANG_TAGS[language],
        "say": say,
        "w": words,
        "named": named,
        "font_place": FONT_PLACE,
    }
    page = _environment().get_template("page.html.j2").render(context)
    return page.replace(FONT_PLACE, subset_woff2(assert_glyphs([_visible(page)]), language == "en"), 1)


def _visible(page: str) -> str:
    """All text that a reader can see, attributes such as `alt` included where the browser shows them."""
    from html import unescape

    return unescape(_TAGS.sub(" ", page)) + " 0123456789.,%()…–−"
