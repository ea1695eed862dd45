"""The sheet on which a person decides what the model cannot: `out/review/moves.csv`, with how to fill it beside it."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.engine.answers import read_answers
from townshift.engine.atomic import write_bytes, write_text
from townshift.locales import has_text, text
from townshift.report.results import Record, Results, records, text_of
from townshift.report.words import Names

if TYPE_CHECKING:
    import pandas as pd

SHEET, STAMP = "review/moves.csv", "cache/review"
MEMBERSHIP_SHEET = "review/membership_rules.csv"
COLUMNS = (
    "move_id", "kind", "likely_kind", "probability", "origin_record_id", "destination_record_id", "origin_place",
    "destination_place", "origin_from", "origin_to", "destination_from", "distance_km", "reasons",
)  # fmt: skip
"""Columns of the sheet; a person fills `kind`, the others are there to decide by."""


def write_review(out_dir: Path, languages: Sequence[str], answers: Path | None = None) -> Path | None:
    """Write the sheet of borderline pairs and how to fill it in.

    What was answered already stands on top, so that the sheet can be filled on and saved as a whole; no name of a
    person is on it. A sheet made from the same results and answers is left as it is, and nothing heavy is imported.

    Args:
        out_dir: the folder `out/` of a study.
        languages: of the study; places, kinds and reasons are worded in the first, the explanation in each.
        answers: what was answered before.

    Returns:
        The sheet, or `None` where moves were not studied.

    Raises:
        EngineError: a file could not be written, or the earlier answers cannot be read.
    """
    sheet, stamp = out_dir / SHEET, out_dir / STAMP
    if not (out_dir / "results" / "review_moves.parquet").is_file():
        return None
    key = _key(out_dir, languages, answers)
    if sheet.is_file() and stamp.is_file() and stamp.read_text("ascii") == f"{key} {_digest([sheet])}":
        return sheet
    results = Results(out_dir)
    asked, found = results.result("review_moves"), results.result("moves")
    if asked is None or found is None:
        return None
    language = languages[0]
    names = Names(results)
    rows = [*_answered(found, answers, names, language), *(_asked(row, names, language) for row in records(asked))]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\r\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(sheet, buffer.getvalue().encode("utf-8-sig"))
    write_text(sheet.with_name("README.txt"), "\n".join(_explained(one) for one in languages))
    write_text(stamp, f"{key} {_digest([sheet])}")
    return sheet


def write_membership_sample(out_dir: Path, answers: Path | None = None) -> Path | None:
    """Write the sheet on which a person judges the rules of membership: a sample of what each rule catches.

    Judgements given before are kept in it, so that the sheet can be filled on and saved as a whole.

    Args:
        out_dir: the folder `out/` of a study.
        answers: what was judged before.

    Returns:
        The sheet, or `None` where there are no rules to judge.

    Raises:
        EngineError: the file could not be written, or the earlier answers cannot be read.
    """
    source, sheet = out_dir / "results" / "membership_sample.parquet", out_dir / MEMBERSHIP_SHEET
    if not source.is_file():
        return None
    newest = max(path.stat().st_mtime_ns for path in (source, answers) if path is not None)
    if sheet.is_file() and sheet.stat().st_mtime_ns > newest:
        return sheet
    sample = Results(out_dir).result("membership_sample")
    if sample is None:
        return None
    columns = ("rule_id", "record_id", "right")
    before = [] if answers is None else records(read_answers(answers, columns))
    given = {(text_of(row.rule_id), text_of(row.record_id)): text_of(row.right) for row in before}
    keys = [(str(row.rule_id), str(row.record_id)) for row in records(sample)]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([*key, given.get(key, "")] for key in keys)
    write_bytes(sheet, buffer.getvalue().encode("utf-8-sig"))
    return sheet


def _key(out_dir: Path, languages: Sequence[str], answers: Path | None) -> str:
    """Digest of everything that the sheet depends on."""
    package = Path(__file__).parents[1]
    texts = [package / "locales" / language / f"{name}.toml" for language in languages for name in ("moves", "report")]
    tables = [out_dir / "results" / f"{name}.parquet" for name in ("review_moves", "moves")]
    read = [Path(__file__), *texts, *tables, out_dir / "tables" / "places.parquet", *([answers] if answers else [])]
    return f"{','.join(languages)} {_digest(read)}"


def _digest(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes() if path.is_file() else b"").digest())
    return digest.hexdigest()


def _answered(found: pd.DataFrame, answers: Path | None, names: Names, language: str) -> list[dict[str, str]]:
    """Pairs that a person decided before, as they were decided."""
    if answers is None:
        return []
    given = read_answers(answers, ("move_id", "kind"))
    known = {str(row.move_id): row for row in records(found[found["move_id"].isin(given["move_id"].dropna())])}
    out = []
    for move, kind in zip(given["move_id"], given["kind"], strict=True):
        if not text_of(move) or not text_of(kind):
            continue
        shown = _shared(known[str(move)], names, language) if str(move) in known else {"move_id": str(move)}
        out.append({**shown, "kind": str(kind)})
    return out


def _asked(row: Record, names: Names, language: str) -> dict[str, str]:
    dates = {name: text_of(getattr(row, name))[:10] for name in ("origin_from", "origin_to", "destination_from")}
    return {
        **_shared(row, names, language),
        "likely_kind": str(row.likely_kind),
        "probability": f"{float(row.probability):.2f}",
        **dates,
    }


def _shared(row: Record, names: Names, language: str) -> dict[str, str]:
    reasons = [_reason(code, language) for code in text_of(row.reasons).split(";") if code]
    distance = text_of(row.distance_km)
    return {
        "move_id": str(row.move_id),
        "origin_record_id": str(row.origin_record_id),
        "destination_record_id": str(row.destination_record_id),
        "origin_place": names.place(row.origin_place_id).of(language),
        "destination_place": names.place(row.destination_place_id).of(language),
        "distance_km": f"{float(distance):.0f}" if distance else "",
        "reasons": text("report.review.join", language).join(reasons),
    }


def _reason(code: str, language: str) -> str:
    key = f"moves.reason.{code}"
    return text(key, language) if has_text(key) else code


def _explained(language: str) -> str:
    kinds = [
        f"  {kind}: {text(f'moves.kind.{kind}', language)}"
        for kind in ("relocation", "branch", "return_entrepreneurship", "outsourcing", "look_alike")
    ]
    return "\n".join([text("report.review.how", language), *kinds, ""])
