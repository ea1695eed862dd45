"""Functions that numba compiles: one decorator, so that every loop over registry rows is built the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Scalar = Any
"""A number inside a kernel; numba infers its width."""

Column = Any
"""An array inside a kernel; numba infers its type."""

_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(function: _Function) -> _Function:
    """Compile a loop to machine code, kept on disk between runs; `nogil`, never `fastmath`: results must not vary.

    Example:
        >>> @kernel
        ... def doubled(x):
        ...     return 2 * x
        >>> doubled(21)
        42
    """
    # Doctests and functions typed at a prompt have no file in which a compiled form could be kept.
    on_disk = function.__code__.co_filename.endswith(".py")
    return cast(_Function, numba.njit(cache=on_disk, nogil=True)(function))
