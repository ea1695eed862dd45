"""One piece of the evidence that bears on a claim, as a joint display shows it."""

from __future__ import annotations

from dataclasses import dataclass

from townshift.report.words import Words


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row that bears on a part of a claim.

    Attributes:
        row_id: id in the study's table; empty where the piece stands for several rows.
        said: the paraphrase, title or summary, as recorded; empty where `speaker` says it all.
        speaker: actor group and place, or what and where; never a person's name.
        lineage: which original it comes from.
        counted: whether it has a vote; if not, `why_not` says why.
        paraphrase: whether `said` is somebody's speech in the collector's words.
    """

    row_id: str
    said: str
    speaker: Words
    lineage: str
    counted: bool
    why_not: Words
    paraphrase: bool
