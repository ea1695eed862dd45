"""REFI-QDA 1.5: qualitative projects (`.qdpx`) and codebooks (`.qdc`), read and written without loss.

Rests on lxml, the standard library and `townshift.errors` with its texts; usable alone::

    done = read_project("interviews.qdpx")
    print(done.report.told())
    write_project(done.project, "again.qdpx")
"""

from townshift.readers.refi_qda.archive import Limits
from townshift.readers.refi_qda.codebooks import CodebookRead, codebook_of, read_codebook, write_codebook
from townshift.readers.refi_qda.loss import Loss, LossReport, QdaError
from townshift.readers.refi_qda.model import Codebook, Project
from townshift.readers.refi_qda.projects import ProjectRead, read_project
from townshift.readers.refi_qda.writing import write_project

__all__ = [
    "Codebook",
    "CodebookRead",
    "Limits",
    "Loss",
    "LossReport",
    "Project",
    "ProjectRead",
    "QdaError",
    "codebook_of",
    "read_codebook",
    "read_project",
    "write_codebook",
    "write_project",
]
