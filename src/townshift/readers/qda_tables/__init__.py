"""Qualitative projects as study tables, and study tables as qualitative projects; no name of a person in between."""

from townshift.readers.qda_tables.frames import texts, to_tables
from townshift.readers.qda_tables.projects import ProjectMade, from_tables

__all__ = ["ProjectMade", "from_tables", "texts", "to_tables"]
