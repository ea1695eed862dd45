"""The code that a step rests on is what Python would import, and no more."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import townshift
from townshift.engine.code import CodeIndex, roots_of

FILES = {
    "__init__.py": "from own import never_counted",
    "never_counted.py": "",
    "steps.py": """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        import own.plain
        import own.renamed as other
        from . import sibling
        from .deep.inner import name as alias
        from own.starred import *
        if TYPE_CHECKING:
            from own.only_types import Shape
            from own.parameters import Settings
        LIMIT = 3
        table, second = 1, 2

        def helper(x):
            return x + LIMIT

        def uses_plain(facts): return own.plain.f(facts)
        def uses_renamed(facts): return other.f(facts)
        def uses_sibling(facts): return sibling.f(facts)
        def uses_alias(facts): return alias(facts)
        def uses_settings(facts, parameters: Settings): return facts
        def uses_helper(facts): return [helper(x) for x in facts]
        def shadows(helper, uses_plain):
            LIMIT = 4
            def nested(): return LIMIT + uses_plain
            return helper + nested()
        def imports_inside(facts):
            if facts:
                from own.late import late
                return late(facts)
        def decorated(facts=LIMIT): return facts
        def reads_second(): return second
        def uses_townshift(facts):
            from townshift.errors import MeasureError
            from townshift.engine import frame
            from townshift.types import Estimate
            return Estimate
        """,
    "plain.py": "from own.under_plain import g\ndef f(x): return g(x)",
    "under_plain.py": "def g(x):\n    import own.deep\n    return x",
    "renamed.py": "def f(x): return x",
    "sibling.py": "from __future__ import annotations\nfrom typing import TYPE_CHECKING\n"
    "if TYPE_CHECKING:\n    from own.only_types import Shape\nelse:\n    import own.otherwise\ndef f(x): return x",
    "otherwise.py": "",
    "deep/__init__.py": "from .. import renamed",
    "deep/inner.py": "from ..under_plain import g\ndef name(x): return x",
    "starred.py": "A = 1",
    "late.py": "import own.steps",
    "only_types.py": "Shape = int",
    "parameters.py": "class Settings: pass",
}


@pytest.fixture
def code(tmp_path: Path) -> CodeIndex:
    for name, text in FILES.items():
        path = tmp_path / "own" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return CodeIndex({"own": tmp_path / "own", "townshift": Path(townshift.__file__).parent}, tmp_path / "code.json")


@pytest.mark.parametrize(
    ("function", "rests_on"),
    [
        ("uses_plain", {"own.plain", "own.under_plain", "own.deep", "own.renamed"}),
        ("uses_renamed", {"own.renamed"}),
        ("uses_sibling", {"own.sibling", "own.otherwise"}),
        ("uses_alias", {"own.deep", "own.deep.inner", "own.under_plain", "own.renamed"}),
        ("uses_settings", {"own.parameters"}),
        ("uses_helper", {"own.steps:helper", "own.steps:LIMIT"}),
        ("shadows", set()),
        ("decorated", {"own.steps:LIMIT"}),
        ("uses_townshift", {"townshift.types"}),
    ],
)
def test_a_function_rests_on_what_it_reaches(code: CodeIndex, function: str, rests_on: set[str]) -> None:
    found = set(code.closure("own.steps", function).parts)
    unconditional = {"own.starred", "own.steps:"}  # a star, and a statement that binds several names at once
    assert found - unconditional == rests_on | {f"own.steps:{function}"}
    assert unconditional <= found


def test_importing_a_module_of_steps_counts_it_whole(code: CodeIndex) -> None:
    found = code.closure("own.steps", "imports_inside")
    assert {"own.late", "own.steps"} <= set(found.parts)


def test_what_is_read_from_the_source_is_what_python_imports(code: CodeIndex, tmp_path: Path) -> None:
    script = "import own.steps, sys, json; own.steps.imports_inside([1]); print(json.dumps(sorted(sys.modules)))"
    environment = {"PYTHONPATH": str(tmp_path)}
    program = FILES["late.py"] + "\ndef late(x): return own.plain.f(x)"
    (tmp_path / "own" / "late.py").write_text(program)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, env=environment)
    imported = {name for name in json.loads(done.stdout) if name.startswith("own.")}
    parts = code.closure("own.steps", "imports_inside").parts
    found = {name for name in parts if name.startswith("own.") and ":" not in name}
    assert imported - {"own.never_counted"} == found


def test_the_index_is_used_as_long_as_the_source_is_the_same(code: CodeIndex, tmp_path: Path) -> None:
    before = code.closure("own.steps", "uses_plain")
    code.save()
    again = CodeIndex.load(tmp_path / "code.json", code.roots)
    assert again.closure("own.steps", "uses_plain") == before
    assert not again.changed
    (tmp_path / "own" / "under_plain.py").write_text("def g(x): return x + 1")
    changed = CodeIndex.load(tmp_path / "code.json", code.roots)
    after = changed.closure("own.steps", "uses_plain").parts
    assert {name for name in after if after[name] != before.parts[name]} == {"own.under_plain"}
    assert changed.changed


def test_roots_are_packages_and_lone_files(tmp_path: Path) -> None:
    roots = roots_of(["json.decoder", "textwrap", "townshift.types"])
    assert roots["json"] == Path(json.__file__).parent
    assert roots["textwrap"] == Path(textwrap.__file__)
    lone = CodeIndex(roots)
    assert list(lone.closure("textwrap", "dedent").parts)[-1] == "textwrap:dedent"
    with pytest.raises(LookupError, match="no_such"):
        lone.closure("textwrap", "no_such")
