"""A study as a Python user holds it: check, run, results, claims, explain, report. The command line only prints it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from townshift import study as on_disk
from townshift.engine import RunRecord, check_parameters, run_graph
from townshift.engine.atomic import write_bytes
from townshift.engine.lock import run_lock
from townshift.engine.parameters import on_command_line
from townshift.errors import ClaimError, EngineError, Problem, StudyError
from townshift.locales import current_language, text

if TYPE_CHECKING:
    import pandas as pd

    from townshift.engine.progress import Progress
    from townshift.evidence.staleness import Staleness
    from townshift.examples.registry_world import Country
    from townshift.readers.code_check import CodeCheck
    from townshift.readers.documents.document_import import DocumentsReport
    from townshift.readers.gazetteer import GazetteerReport
    from townshift.readers.loss import LossReport
    from townshift.readers.qda_import import QdaReport
    from townshift.readers.registries.guess import Guess
    from townshift.readers.registries.registry_import import Told
    from townshift.study import CheckReport

MINIMAL = Path(__file__).parent / "studies" / "minimal"
"""The study that `new_study` copies; in a checkout it lies in `studies/minimal`."""

COUNTRIES = ("cn", "uk")
"""Variants of the made-up registry."""

LARGEST_SEED = 2**31 - 1
"""A study's seed fits into 32 bits with a sign, as every program can write it down."""

LATE_RULES = {"changed": "TS-CLAIM-016", "added": "TS-CLAIM-019", "withdrawn": "TS-CLAIM-021"}
"""What a reader must know of a rule that did not stand before the first run."""

GAZETTEERS = ("china",)
"""Countries whose divisions townshift brings along."""


@dataclass(frozen=True)
class Run:
    """What a run did.

    Attributes:
        check: what was found wrong in the tables; a fatal problem stops the run before any step.
        record: every step with its state.
        reports: language → the report written or found up to date.
        late_rules: claims whose rule was changed, added or withdrawn after results were seen; fatal if no one can tell.
    """

    check: CheckReport
    record: RunRecord
    reports: Mapping[str, Path]
    late_rules: tuple[Problem, ...] = ()


class Results(Mapping[str, "pd.DataFrame"]):
    """The tables that the pipeline wrote, by name; each is read when asked for."""

    def __init__(self, out: Path) -> None:
        self._folder = out / "results"

    def __getitem__(self, name: str) -> pd.DataFrame:
        from townshift.engine.tables import read_frame

        path = self._folder / f"{name}.parquet"
        if not path.is_file():
            raise KeyError(name)
        return read_frame(path)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(path.stem for path in self._folder.glob("*.parquet")))

    def __len__(self) -> int:
        return len(list(iter(self)))


class OpenStudy:
    """A study folder, opened.

    Example:
        >>> from townshift import open_study
        >>> study = open_study("studies/zhili")                     # doctest: +SKIP
        >>> study.run().record.named("failed")                      # doctest: +SKIP
        ()
        >>> study.claims[["claim_id", "verdict"]]                   # doctest: +SKIP
    """

    def __init__(self, path: str | Path) -> None:
        self.study = on_disk.open_study(path)
        self.results = Results(self.study.out)

    def check(self) -> CheckReport:
        """Every problem of the study's tables at once; nothing is computed."""
        return on_disk.check_study(self.study)

    def check_rules(self) -> list[Problem]:
        """What is wrong with the parameters in `study.toml` and with `claims.toml`, all at once.

        Names in `claims.toml` are looked up in the study's tables, unless these have a fatal problem themselves; the
        names of results are looked up by a run.
        """
        from townshift.pipeline import steps

        found = check_parameters(steps(), self.study.manifest.parameters, self.study.where_given)
        if self.study.claims_file is None:
            return found
        from townshift.evidence.claims_check import check_claims, vocabulary
        from townshift.evidence.claims_read import load_claims
        from townshift.pipeline.verdict_tables import DECLARED_RESULTS, FIXED_MEASURES
        from townshift.study.schemas import TABLES

        try:
            claims = load_claims(self.study.claims_file)
        except ClaimError as error:
            return [*found, *error.problems]
        if self.check().fatal:
            return found
        try:
            tables = {name: self._rows(name) for name in self.study.table_names}
        except EngineError as error:
            return [*found, *(replace(one, severity="warning") for one in error.problems)]
        measures = {**FIXED_MEASURES, **dict.fromkeys(DECLARED_RESULTS, ())}
        return [*found, *check_claims(claims, vocabulary(tables, measures, TABLES), self.study.claims_file.name)]

    def run(
        self,
        *,
        only: Sequence[str] = (),
        plan: bool = False,
        overrides: Mapping[str, Mapping[str, Any]] | None = None,
        engine: str = "duckdb",
        workers: int | None = None,
        progress: Progress | None = None,
    ) -> Run:
        """Check, compute what is stale, and write the reports.

        Args:
            only: questions to which the run is confined; all if empty.
            plan: say what would be done, and do nothing.
            overrides: step → parameter → value; wins over `study.toml`.
            engine: where tables are computed.
            workers: processes for repeated work; no result depends on it.
            progress: is told of every step.

        Raises:
            StudyError: the tables have a fatal problem, or a parameter is wrong; nothing was computed or removed.
            EngineError: another run is going on, or `out` cannot be written.
        """
        from townshift.pipeline import steps

        with run_lock(self.study.out):
            found = self.check()
            fatal = [*found.fatal, *check_parameters(steps(), self.study.manifest.parameters, self.study.where_given)]
            fatal += check_parameters(steps(), overrides or {}, on_command_line)
            if fatal:
                raise StudyError(*fatal)
            record = run_graph(
                self.study,
                steps(),
                only=only,
                plan=plan,
                overrides=overrides,
                engine=engine,
                workers=workers,
                progress=progress,
            )
            if plan:
                return Run(found, record, {})
            reports = self.report() if len(self.results) else {}
            self._write_review()
            return Run(found, record, reports, self._register())

    def _register(self) -> tuple[Problem, ...]:
        """Keep the hashes of the claims at their first run; a warning for each rule that is not as it was.

        That they cannot be kept is fatal, but no reason to hide what was computed.
        """
        if self.study.claims_file is None or "claims" not in self.results:
            return ()
        from townshift.evidence.claims_lock import LOCK_NAME, register
        from townshift.evidence.claims_read import load_claims

        try:
            found = register(load_claims(self.study.claims_file), self.study.claims_file.with_name(LOCK_NAME))
        except ClaimError as error:
            return error.problems
        return tuple(
            Problem(LATE_RULES[status], "claims.toml", {"name": claim}, "warning")
            for claim, status in found.status.items()
            if status in LATE_RULES
        )

    def report(self, languages: Sequence[str] = ()) -> dict[str, Path]:
        """Write the report in each language where it is out of date; language → path.

        Raises:
            StudyError: nothing has been computed yet.
        """
        from townshift.report import write_reports

        if not len(self.results):
            raise StudyError.of("TS-CLI-005", path=str(self.study.path))
        return write_reports(self.study.out, tuple(languages or self.study.focus.languages), self.study.focus)

    def _write_review(self) -> None:
        """Write what a person is asked to decide, where a step asks anything."""
        if "review_moves" in self.results:
            from townshift.report.review import write_review

            write_review(self.study.out, self.study.focus.languages, self.study.answers("moves"))
        if "membership_sample" in self.results:
            from townshift.report.review import write_membership_sample

            write_membership_sample(self.study.out, self.study.answers("membership_rules"))

    @property
    def claims(self) -> pd.DataFrame:
        """The claims with their verdicts and strength; empty until a run has judged them."""
        return self.results["claims"]

    def stale_claims(self) -> Staleness:
        """Which claims cite a row that was edited or removed since they were judged."""
        from townshift.evidence.staleness import staleness

        judged = self._judged("claim_lineage")
        tables = {name: self._rows(name) for name in self.study.table_names}
        if "codings" in tables:
            from townshift.pipeline.coded_statements import with_coded_statements

            tables["statements"] = with_coded_statements(tables, self.study.parameters("field_statements"))
        return staleness(judged, tables)

    def explain(self, claim_id: str, language: str | None = None) -> str:
        """The chain from a claim to its parts, tests, results, steps, rows and sources, as text.

        Raises:
            StudyError: there is no such claim, or nothing has been computed yet.
        """
        from townshift.evidence.explain import explain as chain

        known = self._judged("claims")["claim_id"].tolist()
        if claim_id not in known:
            raise StudyError.of("TS-CLI-004", claim=claim_id, known=", ".join(known))
        names = ("claims", "claim_parts", "claim_tests", "claim_evidence")
        tables = {name: self._judged(name) for name in names}
        tables |= {name: self._rows(name) for name in self.study.table_names}
        shown = chain(claim_id, tables, language or current_language())
        edited = self.stale_claims().stale.get(claim_id, ())
        if not edited:
            return shown
        rows = ", ".join(f"{table} {row}" for table, row in edited)
        return f"{text('cli.stale', language, rows=rows)}\n\n{shown}"

    def _judged(self, name: str) -> pd.DataFrame:
        if name not in self.results:
            raise StudyError.of("TS-CLI-005", path=str(self.study.path))
        return self.results[name]

    def _rows(self, name: str) -> pd.DataFrame:
        from townshift.engine.tables import read_frame

        return read_frame(self.study.load_table(name))


def open_study(path: str | Path) -> OpenStudy:
    """Open the study in a folder.

    Raises:
        StudyError: there is no study there, or `study.toml` is wrong; all problems at once.
    """
    return OpenStudy(path)


def new_study(path: str | Path) -> Path:
    """Copy the small, complete study into a folder that does not exist yet, or is empty.

    Raises:
        StudyError: the folder holds something already.
        EngineError: the folder cannot be written; nothing is left behind.
    """
    source = MINIMAL if MINIMAL.is_dir() else Path(__file__).parents[2] / "studies" / "minimal"
    files = [path.relative_to(source) for path in sorted(source.rglob("*")) if path.is_file()]
    with _whole_or_not_at_all(path) as target:
        for file in files:
            if file.parts[0] not in ("out", "private"):
                write_bytes(target / file, (source / file).read_bytes())
    return target


def new_registry_study(
    path: str | Path, firms: int, seed: int, country: str = "cn", *, progress: Callable[[int], None] | None = None
) -> Path:
    """Make a study of an invented town with a made-up registry, into a folder that does not exist yet, or is empty.

    Args:
        path: the folder.
        firms: records of the registry.
        seed: whole number; the same seed gives the same bytes, the salt in `private/` included.
        country: `cn` or `uk`.
        progress: is told how many records have been written.

    Raises:
        StudyError: the folder holds something already, or a value is out of its range; all problems at once.
        EngineError: the folder cannot be written; nothing is left behind.
    """
    from townshift.examples.registry import LARGEST, SMALLEST
    from townshift.examples.registry_study import write_example

    found = []
    if not SMALLEST <= firms <= LARGEST:
        bounds = {"option": "--firms", "value": firms, "least": f"{SMALLEST:,}", "most": f"{LARGEST:,}"}
        found.append(Problem("TS-CLI-006", "", bounds))
    if not 0 <= seed <= LARGEST_SEED:
        bounds = {"option": "--seed", "value": seed, "least": "0", "most": f"{LARGEST_SEED:,}"}
        found.append(Problem("TS-CLI-006", "", bounds))
    if country not in COUNTRIES:
        found.append(
            Problem("TS-CLI-007", "", {"option": "--country", "value": country, "known": ", ".join(COUNTRIES)})
        )
    if found:
        raise StudyError(*found)
    with _whole_or_not_at_all(path) as target:
        write_example(target, firms, seed, cast("Country", country), progress=progress)
    return target


def new_field_study(path: str | Path, seed: int) -> Path:
    """Make an invented field study with interviews, roundtables and two coders, into a folder that is new or empty.

    Args:
        path: the folder.
        seed: whole number; the same seed gives the same bytes.

    Raises:
        StudyError: the folder holds something already, or the seed is out of its range.
        EngineError: the folder cannot be written; nothing is left behind.
    """
    from townshift.examples.field_study import write_field_example

    if not 0 <= seed <= LARGEST_SEED:
        bounds = {"option": "--seed", "value": seed, "least": "0", "most": f"{LARGEST_SEED:,}"}
        raise StudyError(Problem("TS-CLI-006", "", bounds))
    with _whole_or_not_at_all(path) as target:
        write_field_example(target, seed)
    return target


@contextmanager
def _whole_or_not_at_all(path: str | Path) -> Iterator[Path]:
    """A folder for a new study, empty at first; if anything goes wrong, nothing of it is left.

    Half a study would be taken for a whole one, and stand in the way of the next try.

    Raises:
        StudyError: the folder holds something already.
    """
    target = Path(path)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StudyError.of("TS-CLI-003", path=str(target))
    existed = target.exists()
    try:
        yield target
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        if existed:
            target.mkdir(exist_ok=True)
        raise


def import_registry(
    files: Sequence[str | Path], into: str | Path, mapping: str | None = None, told: Told | None = None
) -> LossReport:
    """Read files of a firm register into a study; see `townshift.readers.registries.registry_import`.

    Raises:
        StudyError: no study, no file, or files that cannot be read; nothing is written then.
        EngineError: another run is going on, or the disk is full.
    """
    from townshift.readers.registries.registry_import import import_registry as read

    return read(files, into, mapping, told)


def guess_map(files: Sequence[str | Path], into: str | Path) -> Guess:
    """Write a first `map.toml` into a study, guessed from the files' columns and cells; nothing is imported.

    Raises:
        StudyError: no study, no file that can be read, or the study has a map already.
    """
    from townshift.readers.registries.guess import guess_map as guessed

    return guessed(files, into)


def import_documents(files: Sequence[str | Path], into: str | Path, kind: str = "") -> DocumentsReport:
    """Take documents of the field into a study; see `townshift.readers.documents.document_import`.

    Raises:
        StudyError: no study there, a kind that is not known, or none of the files could be read.
    """
    from townshift.readers.documents.document_import import import_documents as read

    return read([Path(file) for file in files], Path(into), kind)


def import_coded(kind: str, file: str | Path, into: str | Path) -> QdaReport:
    """Take coded work of another program into a study: `qda` (.qdpx), `dna` (.dna) or `codebook` (.qdc, CSV).

    Raises:
        StudyError: no study there, or the file cannot be read at all.
    """
    from townshift.readers import qda_import

    path, target = Path(file), Path(into)
    if kind == "codebook":
        return qda_import.import_codebook(path, target)
    salt = on_disk.study_salt(target / "private")
    return (qda_import.import_qda if kind == "qda" else qda_import.import_dna)(path, target, salt)


def export_qda(study: str | Path, file: str | Path) -> QdaReport:
    """Write what is coded in a study as a REFI-QDA project that other programs read.

    Raises:
        StudyError: no study there, or nothing coded.
        QdaError: the file cannot be written.
    """
    from townshift.readers.qda_import import export_qda as write

    return write(Path(study), Path(file), on_disk.study_salt(Path(study) / "private"))


def code_check(study: str | Path, share: float = 0.2, take: str = "") -> CodeCheck:
    """Write a blind sheet for a second coder, or take the filled sheet of the coder called `take` back.

    Raises:
        StudyError: nothing coded, no texts, no sheet, or codes that the codebook does not know.
    """
    from townshift.readers.code_check import take_back, write_sheet

    folder = Path(study)
    if take:
        return take_back(folder, take)
    return write_sheet(folder, share, on_disk.open_study(folder).focus.seed)


def coded_passages(study: str | Path, code: str, context: int = 120) -> pd.DataFrame:
    """Passages of a code with the words around them, within consent; for the researcher, written nowhere.

    Raises:
        StudyError: nothing is coded, or the code is not used.
    """
    from townshift.pipeline.passages import passages_of

    return passages_of(Path(study), code, context)


def cases_by_code(study: str | Path) -> pd.DataFrame:
    """How often each case brings up each code, within consent: cases in rows, codes in columns.

    Raises:
        StudyError: nothing is coded.
    """
    from townshift.pipeline.passages import cases_by_code as counted

    return counted(Path(study))


def list_identifiers(study: str | Path) -> tuple[Path, int]:
    """Write what may tell who somebody is in coded passages to `private/review/identifiers.csv`, to be confirmed.

    Raises:
        StudyError: nothing is coded.
    """
    from townshift.pipeline.identifiers import identifiers_sheet

    opened = on_disk.open_study(Path(study))
    return identifiers_sheet(opened.path, opened.private)


def import_gazetteer(country: str, into: str | Path) -> GazetteerReport:
    """Add the administrative divisions of a country to a study's places; its own places stay as they are.

    Raises:
        StudyError: no study, or a country without a gazetteer.
    """
    from townshift.process.registry.gazetteer import SOURCES, china_gazetteer
    from townshift.readers.gazetteer import add_places

    if country.lower() not in GAZETTEERS:
        raise StudyError.of("TS-READ-023", country=country, known=", ".join(GAZETTEERS))
    return add_places(china_gazetteer(), country.lower(), SOURCES, into)
