"""The commands. Thin: each opens a study, calls one method of `townshift.api`, and prints."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from townshift.errors import EngineError, Problem, TownshiftError
from townshift.locales import LANGUAGES, set_language, text

if TYPE_CHECKING:
    import pandas as pd

QUESTIONS = ("process", "government", "labour", "outcomes")
"""The order in which claims are printed."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help=text("cli.about", "en"),
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help=text("cli.study_folder", "en"), show_default=False)]
Language = Annotated[
    str, typer.Option("--lang", metavar="|".join(LANGUAGES), help=text("cli.language", "en"), show_default=True)
]


@app.command(help=text("cli.new_help", "en"))
def new(folder: Folder, lang: Language = "en") -> None:
    """Copy the minimal study into a new folder."""
    from townshift.api import new_study

    _speak(lang)
    typer.echo(text("cli.new_done", path=new_study(folder)))


@app.command(help=text("cli.check_help", "en"))
def check(folder: Folder, lang: Language = "en") -> None:
    """Report every problem of a study at once."""
    from townshift.api import open_study

    _speak(lang)
    found = open_study(folder).check()
    typer.echo(str(found))
    if found.fatal:
        raise typer.Exit(1)


@app.command(help=text("cli.run_help", "en"))
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
    done = study.run(
        only=only or (),
        plan=plan,
        overrides=_overrides(settings or []),
        engine=engine,
        workers=workers,
        progress=None if plan else progress_for(sys.stderr),
    )
    if plan:
        for step in done.record.steps:
            typer.echo(str(step))
        return
    if done.check.set_aside:
        aside = sum(done.check.set_aside.values())
        typer.echo(text("cli.set_aside", count=aside, path=study.study.out / "quarantine"), err=True)
    if done.check.problems:
        typer.echo(text("cli.warnings", count=len(done.check.problems), path=folder), err=True)
    if "claims" in study.results:
        for line in _claim_lines(study.claims, study.results["claim_parts"], lang):
            typer.echo(line)
    elif study.study.claims_file is None:
        typer.echo(text("cli.no_claims"))
    if done.changed_rules:
        typer.echo(text("cli.rule_changed", claims=", ".join(done.changed_rules)))
    for path in done.reports.values():
        typer.echo(text("cli.report_written", path=path))
    if done.record.problems:
        raise EngineError(*done.record.problems)


@app.command(help=text("cli.explain_help", "en"))
def explain(
    folder: Folder,
    claim: Annotated[str, typer.Argument(metavar="CLAIM", help=text("cli.explain_claim", "en"), show_default=False)],
    lang: Language = "en",
) -> None:
    """Follow a claim down to the published rows."""
    from townshift.api import open_study

    _speak(lang)
    typer.echo(open_study(folder).explain(claim))


@app.command(help=text("cli.report_help", "en"))
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


def _guarded(command: Callable[[], object]) -> int:
    """Run the command line; the exit status, with every error as a readable text and none as a traceback."""
    try:
        status = command()
    except TownshiftError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the error text is the output
        return 1
    except KeyboardInterrupt:
        print(text("cli.interrupted"), file=sys.stderr)  # noqa: T201 - as above
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        values: Mapping[str, object] = {"reason": error.strerror or type(error).__name__, "file": error.filename or ""}
        print(EngineError(Problem("TS-CLI-001", "", dict(values))), file=sys.stderr)  # noqa: T201 - as above
        return 1
    except Exception as error:
        print(EngineError(Problem("TS-CLI-002", "", {"kind": type(error).__name__})), file=sys.stderr)  # noqa: T201
        if os.environ.get("TOWNSHIFT_DEBUG"):
            raise
        return 1
    return status if isinstance(status, int) else 0


def main() -> None:
    """The entry point of the command `townshift`."""
    import click

    def command() -> object:
        try:
            return app(standalone_mode=False)
        except click.exceptions.Abort:
            raise KeyboardInterrupt from None
        except click.ClickException as error:
            error.show()
            return error.exit_code

    sys.exit(_guarded(command))


if __name__ == "__main__":
    main()
