"""Write the report, unless the one that stands was made from the same results by the same code."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import townshift
from townshift.engine.atomic import write_text

if TYPE_CHECKING:
    from townshift.types import Focus

FILES = {"en": "report.html", "zh": "report.zh.html"}
"""Name of the file in `out/`, by language."""

_STAMP = "\n<!-- townshift report "
_UNREAD = ("_draws.parquet", "_lineage.parquet")
"""Ends of the names of tables that no page prints."""


def write_report(out_dir: Path, language: str, focus: Focus | None = None) -> Path:
    """Write the report in one language; see `write_reports`.

    Args:
        out_dir: the folder `out/` of a study.
        language: `en` or `zh`.
        focus: what the study is about; without it the page has a general title.

    Returns:
        The file written, or found up to date.

    Raises:
        ReportError: a character of the page has no glyph in its font.
        EngineError: the file could not be written.
    """
    return write_reports(out_dir, (language,), focus)[language]


def write_reports(out_dir: Path, languages: Sequence[str], focus: Focus | None = None) -> dict[str, Path]:
    """Write the report in several languages, every figure drawn once.

    A table that is not there is printed as not studied, never an error. A file that was made from the same results by
    the same code is left as it is, and nothing heavy is imported then.

    Args:
        out_dir: the folder `out/` of a study.
        languages: of `en` and `zh`.
        focus: what the study is about.

    Returns:
        Language to file, written or found up to date.

    Raises:
        ReportError: a character of a page has no glyph in its font.
        EngineError: a file could not be written.
    """
    key = _key(out_dir, focus)
    paths = {language: out_dir / FILES[language] for language in languages}
    stale = [language for language, path in paths.items() if not _stands(path, key)]
    if stale:
        from townshift.report.document import build_document
        from townshift.report.render import render
        from townshift.report.results import Results

        document = build_document(Results(out_dir), focus)
        for language in stale:
            page = render(document, language)
            write_text(paths[language], f"{page}{_stamp(page, key)}")
    return paths


def _key(out_dir: Path, focus: Focus | None) -> str:
    """Digest of everything a page depends on: results, cleaned tables, provenance, this package, its texts."""
    digest = hashlib.sha256(f"{townshift.__version__} {focus!r}".encode())
    package = Path(__file__).parent
    code = [path for path in package.rglob("*") if path.suffix in (".py", ".j2", ".ttf")]
    texts = list(package.parent.joinpath("locales").glob("*/*.toml"))
    tables = [path for path in out_dir.glob("*/*.parquet") if not path.name.endswith(_UNREAD)]
    for path in sorted([*code, *texts, *tables, out_dir / "run.json"]):
        if path.is_file():
            digest.update(f"{path.name} ".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _stamp(page: str, key: str) -> str:
    return f"{_STAMP}{key} {hashlib.sha256(page.encode('utf-8')).hexdigest()} -->\n"


def _stands(path: Path, key: str) -> bool:
    """Whether a whole, unchanged page with this key lies at `path`."""
    if not path.is_file():
        return False
    page, found, _ = path.read_bytes().decode("utf-8", "replace").rpartition(_STAMP)
    return bool(found) and path.read_bytes() == f"{page}{_stamp(page, key)}".encode()
