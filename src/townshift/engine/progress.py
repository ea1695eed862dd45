"""What a user sees while a run goes on: a moving line on a terminal, plain lines when piped, nothing in Python."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Protocol

from townshift.engine.record import StepRecord
from townshift.locales import text

if TYPE_CHECKING:
    from rich.progress import Progress as RichBar
    from rich.progress import TaskID


class Progress(Protocol):
    """Told of every step before and after it."""

    def begin(self, total: int) -> None:
        """A run of `total` steps starts."""
        ...

    def start(self, step: str) -> None:
        """A step is about to be computed."""
        ...

    def end(self, record: StepRecord) -> None:
        """A step is settled, computed or not."""
        ...

    def close(self) -> None:
        """The run is over, well or not."""
        ...


class Silent:
    """Says nothing."""

    def begin(self, total: int) -> None:
        """Say nothing."""

    def start(self, step: str) -> None:
        """Say nothing."""

    def end(self, record: StepRecord) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Say nothing."""


class Plain:
    """One line for every step that is not simply fresh, and a last one that counts."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._total = 0
        self._settled: dict[str, int] = {}

    def begin(self, total: int) -> None:
        """Remember how many steps there are."""
        self._total = total

    def start(self, step: str) -> None:
        """Say nothing: the line follows when the step is settled."""

    def end(self, record: StepRecord) -> None:
        """Print the step's line, with the time it took if it was computed."""
        self._settled[record.state] = self._settled.get(record.state, 0) + 1
        if record.state in ("fresh", "not_selected"):
            return
        place = f"[{sum(self._settled.values())}/{self._total}]"
        print(place, step_line(record), file=self._stream, flush=True)

    def close(self) -> None:
        """Print how many steps ended in which state."""
        if self._settled:
            print(counts(self._settled), file=self._stream, flush=True)


class Rich:
    """A bar with the step at work; lines above it for all that is not simply fresh."""

    def __init__(self, stream: IO[str]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

        self._bar: RichBar = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            console=Console(file=stream),
            transient=True,
        )
        self._task: TaskID | None = None
        self._settled: dict[str, int] = {}

    def begin(self, total: int) -> None:
        """Show the empty bar."""
        self._bar.start()
        self._task = self._bar.add_task("", total=total)

    def start(self, step: str) -> None:
        """Name the step at work."""
        if self._task is not None:
            self._bar.update(self._task, description=text("engine.progress.computing", name=step))

    def end(self, record: StepRecord) -> None:
        """Move the bar on and print the step's line."""
        self._settled[record.state] = self._settled.get(record.state, 0) + 1
        if self._task is not None:
            self._bar.advance(self._task)
        if record.state not in ("fresh", "not_selected"):
            self._bar.console.print(step_line(record), markup=False, highlight=False)

    def close(self) -> None:
        """Take the bar away and print how many steps ended in which state."""
        self._bar.stop()
        if self._settled:
            self._bar.console.print(counts(self._settled), markup=False, highlight=False)


def progress_for(stream: IO[str] | None = None) -> Progress:
    """The progress that suits a stream: a bar on a terminal, plain lines otherwise; standard error if none is given."""
    stream = stream or sys.stderr
    return Rich(stream) if stream.isatty() else Plain(stream)


@contextmanager
def counting(stream: IO[str], total: int) -> Iterator[Callable[[int], None] | None]:
    """A bar that counts up to `total` on a terminal; elsewhere nothing is shown and nothing is to be told.

    Args:
        stream: where the bar stands.
        total: the last number.
    """
    if not stream.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn

    columns = (SpinnerColumn(), BarColumn(bar_width=24), MofNCompleteColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, completed=done)


def step_line(record: StepRecord) -> str:
    """One step as a line of text."""
    if record.state != "computed":
        return str(record)
    return text("engine.progress.took", line=str(record), seconds=f"{record.seconds:.1f}")


def counts(settled: dict[str, int]) -> str:
    """How many steps ended in which state, as one line."""
    parts = [text("engine.progress.count", state=text(f"engine.state.{state}"), n=n) for state, n in settled.items()]
    return text("engine.progress.total", counts=text("engine.join").join(parts))
