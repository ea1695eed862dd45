"""The commands. Thin: each opens a study, calls one method of `townshift.api`, and prints."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

import typer

from townshift.cli_import import import_app
from townshift.engine.interrupt import interrupted, watch
from townshift.errors import EngineError, StudyError, TownshiftError
from townshift.locales import LANGUAGES, set_language, text

if TYPE_CHECKING:
    import pandas as pd

    from townshift.api import OpenStudy, Run

QUESTIONS = ("process", "government", "labour", "outcomes")
"""The order in which claims are printed."""

EXAMPLES = ("minimal", "registry", "field")
"""Studies that `new` can write."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help=text("cli.about", "en"),
)

Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help=text("cli.study_folder", "en"), show_default=False, readable=False)
]
Language = Annotated[
    str, typer.Option("--lang", metavar="|".join(LANGUAGES), help=text("cli.language", "en"), show_default=True)
]

_Command = TypeVar("_Command", bound=Callable[..., None])


def _guarded(command: _Command) -> _Command:
    """Make every error of a command a readable text and an exit status; none is a traceback."""

    @functools.wraps(command)
    def run_command(*arguments: object, **options: object) -> None:
        try:
            command(*arguments, **options)
        except (typer.Exit, typer.BadParameter):
            raise
        except TownshiftError as error:
            raise _ended(1, error) from None
        except KeyboardInterrupt:
            raise _ended(130, text("cli.interrupted")) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(141) from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise _ended(1, EngineError.of("TS-CLI-001", reason=reason, file=error.filename or "")) from None
        except Exception as error:
            if interrupted():  # a library made an error of its own out of it
                raise _ended(130, text("cli.interrupted")) from None
            if os.environ.get("TOWNSHIFT_DEBUG"):
                raise
            raise _ended(1, EngineError.of("TS-CLI-002", kind=type(error).__name__)) from None

    return cast(_Command, run_command)


def _ended(status: int, said: object) -> typer.Exit:
    typer.echo(str(said), err=True)
    return typer.Exit(status)


@app.command(help=text("cli.new_help", "en"))
@_guarded
def new(
    folder: Folder,
    example: Annotated[
        str, typer.Option("--example", metavar="|".join(EXAMPLES), help=text("cli.new_example", "en"))
    ] = EXAMPLES[0],
    firms: Annotated[
        int | None, typer.Option("--firms", metavar="N", help=text("cli.new_firms", "en"), show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="S", help=text("cli.new_seed", "en"), show_default=False)
    ] = None,
    country: Annotated[
        str, typer.Option("--country", metavar="cn|uk", help=text("cli.new_country", "en"), show_default=False)
    ] = "",
    lang: Language = "en",
) -> None:
    """Write a new study: the minimal one, or an invented town with a made-up registry."""
    from townshift.api import new_field_study, new_registry_study, new_study
    from townshift.engine.progress import counting

    _speak(lang)
    if example not in EXAMPLES:
        raise typer.BadParameter(f"{example}: {' | '.join(EXAMPLES)}", param_hint="--example")
    if example == "registry":
        firms = 100_000 if firms is None else firms
        with counting(sys.stderr, firms) as count:
            made = new_registry_study(folder, firms, 1 if seed is None else seed, country or "cn", progress=count)
        typer.echo(text("cli.new_registry_done", path=made, firms=f"{firms:,}"))
        return
    given = {"--firms": firms is not None, "--country": bool(country)}
    if example != "field":
        given["--seed"] = seed is not None
    for option in (name for name, is_given in given.items() if is_given):
        raise typer.BadParameter(text("cli.new_only_registry"), param_hint=option)
    if example == "field":
        typer.echo(text("cli.new_field_done", path=new_field_study(folder, 1 if seed is None else seed)))
        return
    typer.echo(text("cli.new_done", path=new_study(folder)))


@app.command(help=text("cli.check_help", "en"))
@_guarded
def check(folder: Folder, lang: Language = "en") -> None:
    """Report every problem of a study at once."""
    from townshift.api import open_study

    _speak(lang)
    study = open_study(folder)
    found = study.check()
    rules = study.check_rules()
    typer.echo(found.told(rules))
    if found.fatal or any(problem.severity == "fatal" for problem in rules):
        raise typer.Exit(1)


@app.command(help=text("cli.run_help", "en"))
@_guarded
def run(
    folder: Folder,
    plan: Annotated[bool, typer.Option("--plan", help=text("cli.run_plan", "en"))] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="QUESTION", help=text("cli.run_only", "en"))
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="STEP.NAME=VALUE", help=text("cli.run_set", "en"))
    ] = None,
    engine: Annotated[str, typer.Option("--engine", metavar="URL", help=text("cli.run_engine", "en"))] = "duckdb",
    workers: Annotated[int | None, typer.Option("--workers", min=1, help=text("cli.run_workers", "en"))] = None,
    lang: Language = "en",
) -> None:
    """Compute what is stale and print the claims with their verdicts."""
    from townshift.api import open_study
    from townshift.engine.progress import progress_for

    _speak(lang)
    study = open_study(folder)
    try:
        done = study.run(
            only=only or (),
            plan=plan,
            overrides=_overrides(settings or []),
            engine=engine,
            workers=workers,
            progress=None if plan else progress_for(sys.stderr),
        )
    except StudyError as error:
        raise _ended(1, f"{error}\n{text('cli.refused', path=folder)}") from None
    if plan:
        for step in done.record.steps:
            typer.echo(str(step))
        return
    _print_run(study, done, lang)


@app.command(help=text("cli.explain_help", "en"))
@_guarded
def explain(
    folder: Folder,
    claim: Annotated[str, typer.Argument(metavar="CLAIM", help=text("cli.explain_claim", "en"), show_default=False)],
    lang: Language = "en",
) -> None:
    """Follow a claim down to the published rows."""
    from townshift.api import open_study

    _speak(lang)
    typer.echo(open_study(folder).explain(claim))


@app.command("code-check", help=text("code_check.help", "en"))
@_guarded
def code_check(
    folder: Folder,
    share: Annotated[float, typer.Option("--share", metavar="S", help=text("code_check.help_share", "en"))] = 0.2,
    take: Annotated[
        str, typer.Option("--take", metavar="CODER", help=text("code_check.help_take", "en"), show_default=False)
    ] = "",
    lang: Language = "en",
) -> None:
    """Write a blind sheet for a second coder, or take it back."""
    from townshift.api import code_check as check_codes

    _speak(lang)
    typer.echo(check_codes(folder, share, take).told())


@app.command(help=text("code_check.help_identifiers", "en"))
@_guarded
def identifiers(folder: Folder, lang: Language = "en") -> None:
    """List what may tell who somebody is, for a person to confirm."""
    from townshift.api import list_identifiers

    _speak(lang)
    path, n = list_identifiers(folder)
    typer.echo(text("code_check.identifiers", n=n, path=path, answers=path.parent.parent / "answers" / "quotes.csv"))


@app.command(help=text("code_check.help_passages", "en"))
@_guarded
def passages(
    folder: Folder,
    code: Annotated[
        str, typer.Argument(metavar="[CODE]", help=text("code_check.help_code", "en"), show_default=False)
    ] = "",
    context: Annotated[
        int, typer.Option("--context", min=0, metavar="N", help=text("code_check.help_context", "en"))
    ] = 120,
    by_case: Annotated[bool, typer.Option("--by-case", help=text("code_check.help_by_case", "en"))] = False,
    lang: Language = "en",
) -> None:
    """Print coded passages with the words around them; nothing is written."""
    from townshift.api import cases_by_code, coded_passages

    _speak(lang)
    if by_case:
        typer.echo(cases_by_code(folder).to_string())
        return
    found = coded_passages(folder, code, context)
    for document, coding, before, passage, after in found[
        ["document", "coding_id", "before", "passage", "after"]
    ].itertuples(index=False):
        values = {"before": before, "passage": passage, "after": after}
        line = text("code_check.passage", document=document, coding=coding, **values)
        typer.echo(" ".join(line.split()))
    typer.echo(text("code_check.passages", n=len(found), code=code))


@app.command("export", help=text("documents.help_export", "en"))
@_guarded
def export(
    folder: Folder,
    target: Annotated[
        Path, typer.Argument(metavar="FILE", help=text("documents.help_target", "en"), show_default=False)
    ],
    lang: Language = "en",
) -> None:
    """Write what is coded as a REFI-QDA project."""
    from townshift.api import export_qda

    _speak(lang)
    typer.echo(export_qda(folder, target).told())
    typer.echo(text("documents.written", path=target))


@app.command(help=text("cli.report_help", "en"))
@_guarded
def report(
    folder: Folder,
    lang: Annotated[
        str, typer.Option("--lang", metavar="|".join(LANGUAGES), help=text("cli.language", "en"), show_default=False)
    ] = "",
) -> None:
    """Write the report again."""
    from townshift.api import open_study

    _speak(lang or "en")
    for path in open_study(folder).report([lang] if lang else ()).values():
        typer.echo(text("cli.report_written", path=path))


def _print_run(study: OpenStudy, done: Run, lang: str) -> None:
    """What a run has to say at its end: rows left out, the claims, the reports, and what went wrong."""
    if done.check.set_aside:
        aside = sum(done.check.set_aside.values())
        typer.echo(text("cli.set_aside", count=aside, path=study.study.out / "quarantine"), err=True)
    if done.check.problems:
        typer.echo(text("cli.warnings", count=len(done.check.problems), path=study.study.path), err=True)
    if "claims" in study.results:
        for line in _claim_lines(study.claims, study.results["claim_parts"], lang):
            typer.echo(line)
    elif study.study.claims_file is None:
        typer.echo(text("cli.no_claims"))
    for late in done.late_rules:
        if late.severity == "warning":
            typer.echo(str(late))
    for path in done.reports.values():
        typer.echo(text("cli.report_written", path=path))
    failed = [*done.record.problems, *(late for late in done.late_rules if late.severity == "fatal")]
    if failed:
        raise EngineError(*failed)


def _claim_lines(claims: pd.DataFrame, parts: pd.DataFrame, language: str) -> Iterator[str]:
    """The claims by question with verdict and strength, each part with its outcome beneath."""
    question = ""
    order = {name: place for place, name in enumerate(QUESTIONS)}
    for claim in sorted(claims.to_dict("records"), key=lambda row: order[row["question"]]):
        if claim["question"] != question:
            question = claim["question"]
            yield ""
            yield text(f"cli.question.{question}")
        strength = text("cli.strength", word=text(f"claims.strength.{claim['strength']}")) if claim["strength"] else ""
        verdict = text(f"claims.verdict.{claim['verdict']}")
        yield text(
            "cli.claim", id=claim["claim_id"], text=claim[f"text_{language}"], verdict=verdict, strength=strength
        )
        for part in parts[parts["claim_id"] == claim["claim_id"]].to_dict("records"):
            outcome = text(f"claims.outcome.{part['outcome']}")
            fragile = [text(f"claims.setting.{name}") for name in part["fragile_to"].split(";") if name]
            tail = text("cli.fragile", settings=text("cli.join").join(fragile)) if fragile else ""
            yield text("cli.part", outcome=outcome, text=part[f"text_{language}"], fragile=tail)


def _speak(language: str) -> None:
    if language not in LANGUAGES:
        raise typer.BadParameter(f"{language}: {' | '.join(LANGUAGES)}", param_hint="--lang")
    set_language(language)


def _overrides(settings: list[str]) -> dict[str, dict[str, Any]]:
    """`step.name=value` as step → name → value; a value is read as TOML and, if it is none, taken as text."""
    import tomllib

    chosen: dict[str, dict[str, Any]] = {}
    for setting in settings:
        key, equals, shown = setting.partition("=")
        step, dot, name = key.strip().partition(".")
        if not (equals and dot and step and name):
            raise typer.BadParameter(f"{setting}: STEP.NAME=VALUE", param_hint="--set")
        try:
            value = tomllib.loads(f"value = {shown}")["value"]
        except tomllib.TOMLDecodeError:
            value = shown
        chosen.setdefault(step, {})[name] = value
    return chosen


app.add_typer(import_app(_guarded, _speak), name="import")


def main() -> None:
    """The entry point of the command `townshift`."""
    from townshift.engine import limit_threads

    limit_threads()
    watch()
    app()


if __name__ == "__main__":
    main()
