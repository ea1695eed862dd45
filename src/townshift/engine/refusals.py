"""What a pydantic model refused, in words of a reader's own language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from townshift.locales import has_text, text


def reason(error: Mapping[str, Any]) -> str:
    """Why a value was refused, in the current language; pydantic's own words where it is a kind without a text.

    Args:
        error: one of `ValidationError.errors()`.
    """
    key = f"engine.refused.{error['type']}"
    if not has_text(key):
        return str(error["msg"]).removeprefix("Value error, ")
    return text(key, **{name: str(value) for name, value in error.get("ctx", {}).items()})


def dotted(place: Sequence[int | str]) -> str:
    """Where a value stands, entries of a list counted from one.

    Example:
        >>> dotted(("ratio", 0, "unit"))
        'ratio.1.unit'
    """
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place)


def fields_at(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """Names that may stand at a place inside a model: of its fields, or of the model nested there."""
    found: type[BaseModel] = model
    for part in place:
        if isinstance(part, str) and part in found.model_fields:
            found = _nested(found.model_fields[part].annotation) or found
    return list(found.model_fields)


def _nested(annotation: object) -> type[BaseModel] | None:
    """The model in an annotation such as `tuple[Ratio, ...]`."""
    if isinstance(annotation, type) and not get_origin(annotation) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in get_args(annotation) if (found := _nested(one)) is not None), None)
