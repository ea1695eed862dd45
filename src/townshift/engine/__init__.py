"""Tables on an engine, steps with their cache, chunks on processes, provenance. Nothing heavy is imported here."""

from townshift.engine.steps import Step, collect, step

__all__ = ["Step", "collect", "step"]
