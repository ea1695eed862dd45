"""Statements of a study together with those that stand in the coded passages that people agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def with_coded(statements: pd.DataFrame | None, coded: pd.DataFrame) -> pd.DataFrame:
    """Statements of the study and those that stand in coded passages, as one table."""
    import pandas as pd

    parts = [part for part in (statements, coded) if part is not None and len(part)]
    return pd.concat(parts, ignore_index=True) if parts else coded


def with_coded_statements(tables: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> pd.DataFrame:
    """Statements as claims would count them now, from the tables as they stand.

    Args:
        tables: cleaned tables by name; `codings` is among them.
        parameters: of the step `field_statements`, as the study gives them.

    Returns:
        Rows of `statements` and of coded passages; those whose consent was taken back are not among them.
    """
    from townshift.evidence.disclosure.field_record import field_record
    from townshift.governance.field.parameters import StatementsParameters
    from townshift.governance.field.statements import coded_statements

    wanted = ("documents", "consent", "participants", "fieldwork", "codes")
    record = field_record(tables["codings"], *(tables.get(name) for name in wanted))
    coded = coded_statements(record.codings, StatementsParameters.model_validate(dict(parameters)))
    return with_coded(tables.get("statements"), coded)
