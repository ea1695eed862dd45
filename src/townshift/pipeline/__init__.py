"""The steps: which measure reads which tables and names which result. The map of the whole system."""

from __future__ import annotations

from townshift.engine import Step, collect


def steps() -> tuple[Step, ...]:
    """All steps of townshift, in the order in which they are listed."""
    from townshift.pipeline import concentration, coordination, evidence, field, governance, labour, process, registry

    return collect([evidence, process, registry, concentration, governance, field, labour, coordination])
