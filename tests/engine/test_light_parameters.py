"""A warm run looks at every step's parameters: the classes of the registry's steps load no heavy library."""

import json
import subprocess
import sys

import pytest

HEAVY = ("numba", "scipy", "ibis", "duckdb", "pandas", "pyarrow", "splink", "pyfixest", "lifelines")
STEPS = ("establishments", "membership_rules", "firm_years", "registry_coverage", "moves", "pathways", "drivers")

LOOK = """
import json, sys
from townshift.engine.code import CodeIndex, roots_of
from townshift.engine.parameters import parameters_class
from townshift.pipeline import steps
all_steps = steps()
code = CodeIndex(roots_of(step.module for step in all_steps))
wanted, heavy = json.loads(sys.argv[1]), json.loads(sys.argv[2])
found = [parameters_class(step, code).__name__ for step in all_steps if step.name in wanted]
print(json.dumps([found, [name for name in heavy if name in sys.modules]]))
"""


@pytest.mark.parametrize("step", STEPS)
def test_parameters_of_a_registry_step_are_read_without_heavy_libraries(step):
    command = [sys.executable, "-c", LOOK, json.dumps([step]), json.dumps(HEAVY)]
    found, loaded = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert len(found) == 1
    assert loaded == []
