"""A study on disk: its manifest, the schemas of its tables, checking and loading."""

from townshift.study.check import check_study
from townshift.study.findings import CheckReport, Finding
from townshift.study.manifest import Manifest
from townshift.study.study import Study, TableFile, open_study, study_salt

__all__ = ["CheckReport", "Finding", "Manifest", "Study", "TableFile", "check_study", "open_study", "study_salt"]
