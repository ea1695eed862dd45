"""Tables on an engine, steps with their cache, chunks on processes, provenance. Nothing heavy is imported here."""

from townshift.engine.estimates import estimates
from townshift.engine.graph import run_graph
from townshift.engine.inputs import RunInputs
from townshift.engine.parameters import check_parameters
from townshift.engine.record import Reason, RunRecord, StepRecord
from townshift.engine.steps import QUESTIONS, Step, collect, step
from townshift.engine.tables import Engine, frame, limit_threads, optional_frame

__all__ = [
    "QUESTIONS",
    "Engine",
    "Reason",
    "RunInputs",
    "RunRecord",
    "Step",
    "StepRecord",
    "check_parameters",
    "collect",
    "estimates",
    "frame",
    "limit_threads",
    "optional_frame",
    "run_graph",
    "step",
]
