"""`out/run.log`: when what was done, and where a step broke; never a cell value."""

from __future__ import annotations

import time
import traceback
from pathlib import Path

from townshift.engine.atomic import remove, write_error

LOG_FILE = "run.log"
LONGEST_BYTES = 1_000_000
"""A longer log is begun anew."""


class RunLog:
    """Lines with times, added at the end of a file."""

    def __init__(self, out: Path) -> None:
        self.path = out / LOG_FILE
        try:
            too_long = self.path.stat().st_size > LONGEST_BYTES
        except OSError:
            too_long = False
        if too_long:
            remove(self.path)

    def line(self, text: str) -> None:
        """Add one line.

        Raises:
            EngineError: the log cannot be written.
        """
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        try:
            with self.path.open("a", encoding="utf-8") as handle:
                handle.write(f"{stamp} {text}\n")
        except OSError as problem:
            raise write_error(self.path, problem) from problem

    def trace(self, step: str, defect: BaseException) -> None:
        """Add where a defect was raised: files, lines and functions, and the kind of error.

        Its message is left out, because libraries quote cell values in theirs.
        """
        self.line(f"{step}: {type(defect).__module__}.{type(defect).__qualname__}")
        for frame in traceback.extract_tb(defect.__traceback__):
            self.line(f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}')
