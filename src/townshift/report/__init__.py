"""The written account of a study: one self-contained HTML file per language, from what the pipeline wrote."""

from townshift.report.write import write_report, write_reports

__all__ = ["write_report", "write_reports"]
