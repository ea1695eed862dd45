"""An invented field study with its truth: interviews, roundtables, bargains, two coders, consent and refusals.

Nobody was asked and nobody is in it. Texts, codes, errors of coders and identifiers are planted, so that the whole
chain from a transcript to a claim runs, and can be held against what was meant, without anybody's real words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from townshift.examples import field_words
from townshift.examples.csv_files import write_csv
from townshift.examples.field_coding import FIRST, SECOND, coded
from townshift.examples.field_texts import Transcript, interview, roundtable, sentences

INTERVIEWS, ROUNDTABLES = 40, 3
SECOND_CODED = 14
"""Sources that a second coder coded too."""
GROUPS = ("enterprise", "migrant_worker", "government", "village_community")
GROUP_SHARES = (0.35, 0.35, 0.18, 0.12)
ROUTES = ("purposive", "snowball", "gatekeeper", "walk_in")
LEVELS = ("analysis", "paraphrase", "quote", "quote_with_place")
LEVEL_SHARES = (0.1, 0.15, 0.5, 0.25)
PROPOSALS = (("levy_cut", "rent_cap"), ("night_check", "dormitory"), ("school_fund",))

Rows = list[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class FieldExample:
    """What was written: the folder, and how many sources, people, codings and planted passages there are."""

    folder: Path
    sources: int
    people: int
    codings: int
    planted: int


@dataclass(slots=True)
class _Person:
    number: int
    group: str
    role: str
    place: str
    language: str
    name: str

    @property
    def id(self) -> str:
        return f"P{self.number + 1:02d}"


@dataclass(slots=True)
class _Source:
    session: str
    kind: str
    place: str
    year: int
    people: list[_Person]
    text: Transcript

    @property
    def document(self) -> str:
        return f"{self.session}.txt"


def write_field_example(folder: Path, seed: int) -> FieldExample:
    """Lay out the study.

    Args:
        folder: of the study; made if need be, files of the same names are replaced.
        seed: whole number; the same seed gives the same bytes.

    Returns:
        What was written. `truth/` holds what no step reads: passages.csv (document, code, start, end), identifiers.csv
        (document, kind, start, end) and shares.csv (code, group, share of sources meant).

    Example:
        >>> from tempfile import mkdtemp
        >>> made = write_field_example(Path(mkdtemp()), 1)
        >>> made.sources, made.planted > 100
        (43, True)
    """
    folder = Path(folder)
    sources = _sources(seed)
    people = sorted({one.number: one for source in sources for one in source.people}.values(), key=lambda p: p.number)
    codes = list(sentences()["codes"])
    first, second = _codings(seed, sources, codes)
    for source in sources:
        _write(folder / "documents" / source.document, source.text.text)
    tables: dict[str, tuple[Sequence[str], Rows]] = {
        "places": (field_words.PLACE_COLUMNS, list(field_words.PLACES)),
        "sources": _source_rows(),
        "concepts": _concept_rows(),
        "participants": _participant_rows(people),
        "fieldwork": _fieldwork_rows(seed, sources),
        "consent": _consent_rows(seed, sources),
        "sampling_plan": _plan_rows(),
        "documents": _document_rows(sources),
        "speech_turns": _turn_rows(sources),
        "codes": _code_rows(),
        "codings": (_CODING_COLUMNS, first + second),
        "memos": _memo_rows(),
        "episodes": _EPISODES,
        "moves_at_table": _MOVES,
    }
    for name, (columns, rows) in tables.items():
        write_csv(folder / "data" / f"{name}.csv", columns, rows)
    planted: Rows = [(s.document, m.what, m.start, m.end) for s in sources for m in s.text.codes]
    found: Rows = [(s.document, m.what, m.start, m.end) for s in sources for m in s.text.identifiers]
    write_csv(folder / "truth" / "passages.csv", ("document", "code", "start", "end"), planted)
    write_csv(folder / "truth" / "identifiers.csv", ("document", "kind", "start", "end"), found)
    meant: Rows = [(c, g, about["groups"].get(g, 0)) for c, about in sentences()["codes"].items() for g in GROUPS]
    write_csv(folder / "truth" / "shares.csv", ("code", "group", "share"), meant)
    for name in ("study.toml", "claims.toml", "README.md"):
        text = files("townshift.examples").joinpath("field_templates").joinpath(name).read_text(encoding="utf-8")
        _write(folder / name, text.replace("@SEED@", str(seed)))
    return FieldExample(folder, len(sources), len(people), len(first) + len(second), len(planted))


def _sources(seed: int) -> list[_Source]:
    rng = np.random.default_rng([seed, 81])
    made: list[_Source] = []
    people: list[_Person] = []
    for number in range(INTERVIEWS):
        group = GROUPS[int(rng.choice(len(GROUPS), p=GROUP_SHARES))]
        away = group != "village_community" and rng.random() < 0.35
        place = str(rng.choice(("hepo", "nanqiu"))) if away else ("shangcun" if rng.random() < 0.3 else "lingxi")
        language = "en" if rng.random() < 0.3 else "zh"
        name = field_words.person_name(rng, language)
        role = str(rng.choice(field_words.ROLES[group]))
        person = _Person(number, group, role, place, language, name)
        people.append(person)
        text = interview(np.random.default_rng([seed, 82, number]), language, group, number)
        made.append(_Source(f"I{number + 1:02d}", "interview", place, int(rng.integers(2016, 2023)), [person], text))
    for number, proposals in enumerate(PROPOSALS):
        language = "en" if number == 1 else "zh"
        chosen = [one for one in people if one.place in ("lingxi", "shangcun")]
        picked = [chosen[int(at)] for at in rng.permutation(len(chosen))[:8]]
        picked += [one for one in chosen if one.group == "government" and one not in picked][:1]
        if not any(one.group == "government" for one in picked):
            picked.append(next(one for one in people if one.group == "government"))
        table = [(one.number, one.group) for one in picked]
        text = roundtable(np.random.default_rng([seed, 83, number]), language, table, list(proposals))
        made.append(_Source(f"R{number + 1}", "roundtable", "lingxi", 2018 + number, picked, text))
    return made


_CODING_COLUMNS = (
    "coding_id", "document", "code", "coder", "start", "end", "participant_id", "text", "round", "codebook_version",
)  # fmt: skip


def _codings(seed: int, sources: list[_Source], codes: list[str]) -> tuple[Rows, Rows]:
    twice = set(np.random.default_rng([seed, 84]).permutation(len(sources))[:SECOND_CODED].tolist())
    first: Rows = []
    second: Rows = []
    for at, source in enumerate(sources):
        for round_, out, habits in (("first", first, FIRST), ("second", second, SECOND)):
            if round_ == "second" and at not in twice:
                continue
            rng = np.random.default_rng([seed, 85, at, int(round_ == "second")])
            whole = source.text.text
            for mark in coded(rng, source.text.codes, codes, len(whole), habits):
                said = next((t for t in source.text.turns if t.start <= mark.start < t.end), None)
                person = "" if said is None or said.person is None else f"P{said.person + 1:02d}"
                row = (source.document, mark.what, "A" if round_ == "first" else "B", mark.start, mark.end, person)
                passage = whole[mark.start : mark.end]
                out.append((f"{round_[0].upper()}{len(out) + 1:04d}", *row, passage, round_, 1))
    return first, second


def _participant_rows(people: list[_Person]) -> tuple[Sequence[str], Rows]:
    columns = ("participant_id", "actor_group", "role", "place_id", "name")
    return columns, [(one.id, one.group, one.role, one.place, one.name) for one in people]


def _fieldwork_rows(seed: int, sources: list[_Source]) -> tuple[Sequence[str], Rows]:
    rng = np.random.default_rng([seed, 86])
    columns = (
        "session_id", "date", "place_id", "kind", "site", "sampling_route", "recruited_by", "refusals",
        "gatekeeper_present", "language", "translation", "transcript_version", "minutes", "document",
    )  # fmt: skip
    rows: Rows = []
    for source in sources:
        route = str(rng.choice(ROUTES, p=(0.4, 0.3, 0.2, 0.1)))
        refused = int(rng.poisson(0.8)) if rng.random() < 0.85 else ""
        near = "yes" if route == "gatekeeper" and rng.random() < 0.7 else "no"
        date = f"{source.year}-{int(rng.integers(1, 13)):02d}"
        rows.append((
            source.session, date, source.place, source.kind, "workshop" if source.kind == "interview" else "town hall",
            route, "official" if route == "gatekeeper" else "researcher", refused, near, source.text.language, "none",
            "1", int(rng.integers(35, 120)), source.document,
        ))  # fmt: skip
    return columns, rows


def _consent_rows(seed: int, sources: list[_Source]) -> tuple[Sequence[str], Rows]:
    rng = np.random.default_rng([seed, 87])
    rows: Rows = []
    for source in sources:
        for person in source.people:
            level = LEVELS[int(rng.choice(len(LEVELS), p=LEVEL_SHARES))]
            record = "yes" if rng.random() < 0.8 else "no"
            # One interview is taken back, so that what a run does with it can be seen.
            withdrawn = "2023-03" if source.session == "I07" else ""
            rows.append((person.id, source.session, str(source.year), record, level, withdrawn))
    return ("participant_id", "session_id", "date", "record", "level", "withdrawn"), rows


def _plan_rows() -> tuple[Sequence[str], Rows]:
    planned = {"enterprise": 12, "migrant_worker": 14, "government": 6, "village_community": 6}
    rows: Rows = [(group, "lingxi", "2016", "2023", n) for group, n in planned.items()]
    rows += [("migrant_worker", place, "2016", "2023", 5) for place in ("hepo", "nanqiu")]
    rows.append(("association", "lingxi", "2016", "2023", 3))
    return ("actor_group", "place_id", "from", "to", "planned"), rows


def _document_rows(sources: list[_Source]) -> tuple[Sequence[str], Rows]:
    columns = ("document", "title", "kind", "language", "place_id", "date", "session_id", "source_id")
    rows: Rows = [
        (s.document, s.session, "transcript", s.text.language, s.place, str(s.year), s.session, "field")
        for s in sources
    ]
    return columns, rows


def _turn_rows(sources: list[_Source]) -> tuple[Sequence[str], Rows]:
    columns = (
        "turn_id", "session_id", "order", "participant_id", "answers", "act", "proposal", "document", "start", "end",
    )  # fmt: skip
    rows: Rows = []
    for source in sources:
        for at, turn in enumerate(source.text.turns):
            person = "" if turn.person is None else f"P{turn.person + 1:02d}"
            answers = "" if turn.answers is None else f"{source.session}#{turn.answers + 1}"
            rows.append((
                f"{source.session}#{at + 1}", source.session, at + 1, person, answers, turn.act, turn.proposal,
                source.document, turn.start, turn.end,
            ))  # fmt: skip
    return columns, rows


def _code_rows() -> tuple[Sequence[str], Rows]:
    columns = ("code", "version", "name", "name_zh", "parent_code", "definition", "concept", "stance", "colour")
    rows: Rows = [
        (code, 1, one["name"], one["name_zh"], "", one["definition"], one["concept"], one["stance"], "")
        for code, one in sentences()["codes"].items()
    ]
    return columns, rows


_PROPOSITIONS = {
    "sewing_left": (1, "Sewing left the town", "缝制离开了镇上"),
    "pay_improved": (3, "Workers' pay improved", "工人收入改善"),
    "space_short": (1, "Space in the town became short", "镇上空间变得紧张"),
    "safety_enforced": (2, "Fire rules are enforced", "消防规定得到执行"),
    "receiving_supported": (2, "Receiving places support what arrives", "承接地扶持迁入企业"),
    "services_open": (3, "Services are open to migrant workers", "公共服务向外来工开放"),
    "front_shop_back_factory": (4, "The town sells what other places sew", "前店后厂：镇上销售，外地生产"),
}


def _concept_rows() -> tuple[Sequence[str], Rows]:
    rows: Rows = [(concept, *one) for concept, one in _PROPOSITIONS.items()]
    return ("concept", "question", "proposition", "proposition_zh"), rows


def _source_rows() -> tuple[Sequence[str], Rows]:
    columns = ("source_id", "tier", "title_in_own_words", "originator", "lineage", "published", "interest")
    return columns, [("field", "fieldwork", "Invented fieldwork", "townshift_model", "", "2024", "none")]


def _memo_rows() -> tuple[Sequence[str], Rows]:
    columns = ("memo_id", "about_kind", "about", "author", "date", "text")
    rows: Rows = [
        (
            "M1",
            "code",
            "rules_bent",
            "A",
            "2021-05",
            "Told mostly when no official is near; compare sessions with one.",
        ),
        ("M2", "session", "R2", "A", "2019-06", "Workers sat at the wall and were asked last."),
        ("M3", "study", "", "B", "2022-01", "No association was heard; the plan asked for three people."),
    ]
    return columns, rows


_EPISODES: tuple[Sequence[str], Rows] = (
    (
        "episode_id", "issue", "place_id", "from", "to", "low_end", "high_end", "outcome", "agreed", "happened",
        "source_id",
    ),
    [
        ("E1", "levy on machines", "lingxi", "2011-10", "2011-11", "no levy", "full levy", 40,
         "levy halved and put off to the next year", "the halved levy was collected in 2012", "field"),
        ("E2", "rent of village plants", "shangcun", "2017-03", "", "rent free", "market rent", "",
         "", "half of the plants stood empty a year later", "field"),
    ],
)  # fmt: skip
_MOVES: tuple[Sequence[str], Rows] = (
    ("move_id", "episode_id", "order", "date", "actor_group", "act", "about", "answers", "document", "source_id"),
    [
        ("E1-1", "E1", 1, "2011-10", "government", "demand", "full levy per machine", "", "R1.txt", "field"),
        ("E1-2", "E1", 2, "2011-10", "enterprise", "threaten", "to close and walk out", "E1-1", "R1.txt", "field"),
        ("E1-3", "E1", 3, "2011-10", "government", "offer", "levy in two parts", "E1-2", "R1.txt", "field"),
        ("E1-4", "E1", 4, "2011-11", "enterprise", "block", "payment in the workshops", "E1-3", "R1.txt", "field"),
        ("E1-5", "E1", 5, "2011-11", "government", "concede", "half the levy, next year", "E1-4", "R1.txt", "field"),
        ("E1-6", "E1", 6, "2011-11", "enterprise", "agree", "half the levy, next year", "E1-5", "R1.txt", "field"),
        ("E2-1", "E2", 1, "2017-03", "village_community", "demand", "market rent", "", "R3.txt", "field"),
        ("E2-2", "E2", 2, "2017-04", "enterprise", "demand", "rent cap", "E2-1", "R3.txt", "field"),
        ("E2-3", "E2", 3, "2017-06", "government", "offer", "subsidy for one year", "E2-2", "R3.txt", "field"),
        ("E2-4", "E2", 4, "2017-09", "enterprise", "withdraw", "moves inland", "", "R3.txt", "field"),
    ],
)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
