"""The commands `townshift import …`. Thin, as all commands: each calls one function of `townshift.api`, and prints."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from townshift.locales import LANGUAGES, text

Into = Annotated[Path, typer.Option("--into", metavar="DIR", help=text("readers.help_into", "en"), show_default=False)]
Language = Annotated[
    str, typer.Option("--lang", metavar="|".join(LANGUAGES), help=text("cli.language", "en"), show_default=True)
]


def import_app(
    guarded: Callable[[Callable[..., None]], Callable[..., None]], speak: Callable[[str], None]
) -> typer.Typer:
    """The group of commands; `guarded` makes errors readable texts, `speak` chooses the language."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=text("readers.help_group", "en"))

    def registry(
        files: Annotated[
            list[str], typer.Argument(metavar="FILES", help=text("readers.help_files", "en"), show_default=False)
        ],
        into: Into,
        mapping: Annotated[
            str | None, typer.Option("--map", metavar="MAP", help=text("readers.help_map", "en"), show_default=False)
        ] = None,
        guess: Annotated[bool, typer.Option("--guess", help=text("readers.help_guess", "en"))] = False,
        lang: Language = "en",
    ) -> None:
        """Read an extract of a firm register into a study."""
        from townshift.api import guess_map, import_registry

        speak(lang)
        if guess:
            typer.echo(guess_map(files, into).told())
            return
        with _progress() as told:
            done = import_registry(files, into, mapping, told)
        typer.echo(done.told(into / "out" / "quarantine"))
        typer.echo(text("readers.written", path=into / "out" / "import_report.json"))

    def gazetteer(
        country: Annotated[
            str, typer.Argument(metavar="COUNTRY", help=text("readers.help_country", "en"), show_default=False)
        ],
        into: Into,
        lang: Language = "en",
    ) -> None:
        """Write the divisions of a country as the study's places."""
        from townshift.api import import_gazetteer

        speak(lang)
        typer.echo(import_gazetteer(country, into).told())

    def documents(
        files: Annotated[
            list[str], typer.Argument(metavar="FILES", help=text("documents.help_files", "en"), show_default=False)
        ],
        into: Into,
        kind: Annotated[
            str, typer.Option("--kind", metavar="KIND", help=text("documents.help_kind", "en"), show_default=False)
        ] = "",
        lang: Language = "en",
    ) -> None:
        """Take documents of the field into a study."""
        from townshift.api import import_documents

        speak(lang)
        typer.echo(import_documents(files, into, kind).told())

    def coded(kind: str) -> Callable[..., None]:
        def command(
            file: Annotated[
                str, typer.Argument(metavar="FILE", help=text("documents.help_file", "en"), show_default=False)
            ],
            into: Into,
            lang: Language = "en",
        ) -> None:
            from townshift.api import import_coded

            speak(lang)
            typer.echo(import_coded(kind, file, into).told())

        command.__name__ = kind
        return command

    group.command(help=text("documents.help_documents", "en"))(guarded(documents))
    for kind in ("qda", "dna", "codebook"):
        group.command(help=text(f"documents.help_{kind}", "en"))(guarded(coded(kind)))
    group.command(help=text("readers.help_registry", "en"))(guarded(registry))
    group.command(help=text("readers.help_gazetteer", "en"))(guarded(gazetteer))
    return group


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int, int], None]]:
    """A bar on a terminal, nothing where the output is piped."""
    if not sys.stderr.isatty():
        yield lambda _file, _done, _total, _rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(bar_width=24), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def told(file: str, done: int, total: int, rows: int) -> None:
            said = text("readers.progress", file=Path(file).name) if file else text("readers.sorting")
            bar.update(task, completed=done, total=max(total, 1), description=f"{said} · {rows:,}")

        yield told
