"""REFI-QDA rows of `field.py`: an invented project is written, read, and taken into tables."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable
from pathlib import Path

from field_row import Row

from townshift.readers.refi_qda import Project
from townshift.readers.refi_qda.guids import stable_guid
from townshift.readers.refi_qda.model import Case, Code, Coding, TextSelection, TextSource, User

SIZES = ((50, 10_000), (200, 40_000), (800, 160_000))
BOUND = (200, 40_000)
WORDS = [
    *("rent", "wage", "order", "sewing", "workshop", "dormitory", "season", "piece", "fire"),
    *("工价", "订单", "车间", "宿舍", "旺季", "消防", "老板", "搬迁", "园区"),
]

CLOCK = """
import json, sys, time
from pathlib import Path
def done(start, said=""):
    print(json.dumps({"cpu_s": time.process_time() - start, "said": said}))
"""
WRITE = (
    CLOCK
    + """
from field_qda import invented
from townshift.readers.refi_qda import write_project
project = invented(int(sys.argv[1]), int(sys.argv[2]))
start = time.process_time()
report = write_project(project, sys.argv[3])
done(start, f"{Path(sys.argv[3]).stat().st_size / 1e6:.1f} MB, losses {len(report.losses)}")
"""
)
READ = (
    CLOCK
    + """
start = time.process_time()
from townshift.readers.refi_qda import read_project
from townshift.readers.refi_qda.passages import iter_codings
found = read_project(sys.argv[3])
quotes = [one.holder.text[one.selection.start : one.selection.end] for one in iter_codings(found.project)]
assert len(quotes) == int(sys.argv[2])
done(start, f"{len(quotes):,} codings with quotes, losses {len(found.report.losses)}")
"""
)
TABLES = (
    CLOCK
    + """
import pandas
from townshift.readers.qda_tables import to_tables
from townshift.readers.refi_qda import read_project
project = read_project(sys.argv[3]).project
start = time.process_time()
tables = to_tables(project, salt=b"benchmark")
done(start, f"{len(tables['codings']):,} rows of codings")
"""
)

BACK = (
    CLOCK
    + """
from townshift.readers.qda_tables import from_tables, to_tables
from townshift.readers.refi_qda import read_project
project = read_project(sys.argv[3]).project
tables = to_tables(project, salt=b"benchmark")
tables["codings"].loc[::2, "code"] = "new code"
start = time.process_time()
made = from_tables(tables, base=project, salt=b"benchmark")
done(start, f"half of the codings changed, losses {len(made.report.losses)}")
"""
)


def invented(documents: int, codings: int, seed: int = 1) -> Project:
    """A project of Chinese and English words, two codings a passage, 100 codes in 10 branches, 4 coders."""
    draw = random.Random(seed)
    users = tuple(User(guid=stable_guid("user", n), name=f"coder {n}") for n in range(4))
    codes = tuple(
        Code(guid=stable_guid("branch", b), name=f"branch {b}", children=tuple(_code(b, n) for n in range(10)))
        for b in range(10)
    )
    leaves = [one.guid for branch in codes for one in branch.children]
    passages = codings // documents // 2
    sources = tuple(_source(draw, n, passages, leaves, users) for n in range(documents))
    cases = tuple(Case(guid=stable_guid("case", n), sources=(one.guid,)) for n, one in enumerate(sources))
    return Project(name="invented", origin="benchmark", users=users, codes=codes, sources=sources, cases=cases)


def _code(branch: int, number: int) -> Code:
    return Code(guid=stable_guid("code", branch, number), name=f"code {branch}.{number}", color="#204060")


def _source(draw: random.Random, number: int, passages: int, codes: list[str], users: tuple[User, ...]) -> TextSource:
    text = "\n".join(" ".join(draw.choices(WORDS, k=14)) for _ in range(max(passages, 60)))
    guid = stable_guid("source", number)
    selections = []
    for place in range(passages):
        start = draw.randrange(len(text) - 120)
        end = start + draw.randrange(20, 120)
        codings = tuple(
            Coding(
                guid=stable_guid("coding", number, place, n),
                code=draw.choice(codes),
                creating_user=draw.choice(users).guid,
                creation_date_time="2024-05-01T10:00:00Z",
            )
            for n in range(2)
        )
        selections.append(
            TextSelection(
                guid=stable_guid("passage", number, place),
                name=text[start:end].replace("\n", " "),
                start=start,
                end=end,
                creating_user=users[0].guid,
                codings=codings,
            )
        )
    path = f"internal://{guid}.txt"
    return TextSource(guid=guid, name=f"{number}", plain_text_path=path, text=text, selections=tuple(selections))


def rows() -> Iterable[Row]:
    """Write, read with quotes, and take into tables, at three sizes; the bounds are those of the middle one."""
    with tempfile.TemporaryDirectory() as folder:
        for documents, codings in SIZES:
            path = str(Path(folder) / f"{documents}.qdpx")
            arguments = (str(documents), str(codings), path)
            bound = {"cpu_s": 3.0, "peak_mb": 500.0} if (documents, codings) == BOUND else {}
            size = f"{documents} documents, {codings:,} codings"
            yield Row(f".qdpx write, {size}", WRITE, arguments, codings, "write", **bound)
            yield Row(f".qdpx read, {size}", READ, arguments, codings, "read", **bound)
            yield Row(f".qdpx to tables, {size}", TABLES, arguments, codings, "tables")
            yield Row(f".qdpx from tables, {size}", BACK, arguments, codings, "back")
