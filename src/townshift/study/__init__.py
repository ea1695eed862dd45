"""A study on disk: its manifest, the schemas of its tables, checking and loading."""

from townshift.study.manifest import Manifest
from townshift.study.study import Study, TableFile, open_study

__all__ = ["Manifest", "Study", "TableFile", "open_study"]
