"""The generator of the invented field study: the same seed, the same bytes; truth that fits the texts."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from townshift import open_study
from townshift.examples.field_coding import FIRST, SECOND
from townshift.examples.field_study import GROUPS, SECOND_CODED, write_field_example


def fingerprints(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_field_example(tmp_path_factory.mktemp("field"), 1).folder


def table(study: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(study / f"{name}.csv")


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path: Path, study: Path) -> None:
    again, other = write_field_example(tmp_path / "a", 1).folder, write_field_example(tmp_path / "b", 2).folder
    assert fingerprints(again) == fingerprints(study)
    changed = [name for name, one in fingerprints(other).items() if one != fingerprints(study).get(name)]
    assert len([name for name in changed if name.startswith("documents/")]) > 40


def test_it_has_forty_interviews_three_roundtables_and_two_bargains_in_two_languages(study: Path) -> None:
    kinds = table(study, "data/fieldwork")["kind"].value_counts()
    assert kinds.to_dict() == {"interview": 40, "roundtable": 3}
    assert table(study, "data/episodes")["episode_id"].tolist() == ["E1", "E2"]
    assert set(table(study, "data/documents")["language"]) == {"en", "zh"}
    assert len(list((study / "documents").glob("*.txt"))) == 43


def test_every_table_passes_the_check_of_a_study(study: Path) -> None:
    assert not open_study(study).check().fatal


def test_codings_turns_and_truth_lie_inside_their_texts(study: Path) -> None:
    texts = {path.name: path.read_text("utf-8") for path in (study / "documents").glob("*.txt")}
    for name in ("data/codings", "data/speech_turns", "truth/passages", "truth/identifiers"):
        for row in table(study, name).itertuples():
            assert 0 <= row.start < row.end <= len(texts[row.document])
    codings = table(study, "data/codings")
    assert [texts[row.document][row.start : row.end] for row in codings.itertuples()] == codings["text"].tolist()


def test_planted_shares_come_up_in_the_interviews_as_often_as_meant(tmp_path: Path) -> None:
    seeds = range(11, 19)
    meant, hits, of = {}, {}, {}
    for seed in seeds:
        folder = write_field_example(tmp_path / str(seed), seed).folder
        people = table(folder, "data/participants").set_index("participant_id")["actor_group"]
        consent = table(folder, "data/consent")
        spoke = consent[consent["session_id"].str.startswith("I")].set_index("session_id")["participant_id"]
        group_of = spoke.map(people)
        planted = set(map(tuple, table(folder, "truth/passages")[["document", "code"]].to_numpy()))
        for row in table(folder, "truth/shares").itertuples():
            key = (row.code, row.group)
            meant[key] = row.share
            for session in group_of.index[group_of == row.group]:
                hits[key] = hits.get(key, 0) + ((f"{session}.txt", row.code) in planted)
                of[key] = of.get(key, 0) + 1
    assert {group for _, group in meant} == set(GROUPS)
    n = np.array([of[key] for key in meant])
    seen = np.array([hits[key] for key in meant]) / n
    wanted = np.array([meant[key] for key in meant])
    # Four standard errors for each of the 48 cells; shares of nought must stay nought.
    assert (np.abs(seen - wanted) <= 4 * np.sqrt(wanted * (1 - wanted) / n) + 1e-9).all()


def test_coders_miss_and_confuse_as_often_as_their_habits_say(tmp_path: Path) -> None:
    found = {"first": [0, 0], "second": [0, 0]}
    for seed in range(21, 29):
        folder = write_field_example(tmp_path / str(seed), seed).folder
        truth, codings = table(folder, "truth/passages"), table(folder, "data/codings")
        twice = set(codings.loc[codings["round"] == "second", "document"])
        assert len(twice) <= SECOND_CODED
        for name, counts in found.items():
            mine = codings[codings["round"] == name]
            planted = truth if name == "first" else truth[truth["document"].isin(twice)]
            marked: dict[tuple[str, str], list[int]] = {}
            for row in mine.itertuples():
                marked.setdefault((row.document, row.code), []).append(row.start)
            hit = [
                any(abs(start - row.start) <= 3 for start in marked.get((row.document, row.code), []))
                for row in planted.itertuples()
            ]
            counts[0] += sum(hit)
            counts[1] += len(hit)
    for (hit_n, n), habits in zip(found.values(), (FIRST, SECOND), strict=True):
        wanted = (1 - habits.missed) * (1 - habits.confused)
        assert abs(hit_n / n - wanted) <= 4 * (wanted * (1 - wanted) / n) ** 0.5 + 0.01


def test_refusals_consent_levels_and_a_withdrawal_are_planted(study: Path) -> None:
    assert table(study, "data/fieldwork")["refusals"].fillna(0).sum() > 5
    consent = table(study, "data/consent")
    assert set(consent["level"]) == {"analysis", "paraphrase", "quote", "quote_with_place"}
    assert set(consent.loc[consent["withdrawn"].notna(), "session_id"]) == {"I07"}
