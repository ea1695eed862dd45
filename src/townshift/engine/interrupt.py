"""Ctrl-C that no library can swallow.

Python tells of Ctrl-C by an exception, and a compiled library that is just being loaded or is at work may drop it, or
turn it into an error of its own. A flag is kept beside the exception, so that a run stops all the same.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

_asked = threading.Event()


def watch() -> None:
    """From here on keep in mind that Ctrl-C was pressed; only the main thread may ask for it."""
    _asked.clear()
    signal.signal(signal.SIGINT, _handle)


def interrupted() -> bool:
    """Whether Ctrl-C was pressed since `watch`."""
    return _asked.is_set()


def stop_if_interrupted() -> None:
    """Go on unless Ctrl-C was pressed.

    Raises:
        KeyboardInterrupt: it was.
    """
    if _asked.is_set():
        raise KeyboardInterrupt


def _handle(_signal: int, _frame: FrameType | None) -> None:
    _asked.set()
    raise KeyboardInterrupt
