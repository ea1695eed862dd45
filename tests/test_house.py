"""The house rules that a machine can keep."""

import re
import subprocess
import sys
from pathlib import Path

import townshift

ROOT = Path(__file__).parents[1]
HEAVY = ("pandas", "numpy", "scipy", "ibis", "duckdb", "pyarrow", "matplotlib", "jinja2", "pyproj", "fontTools")


def loaded_after(code: str) -> set[str]:
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in shown.stdout.split()}


def test_the_public_surface_is_the_chosen_one():
    assert townshift.__all__ == [
        "ClaimError",
        "EngineError",
        "Estimate",
        "Estimates",
        "Interval",
        "MeasureError",
        "OpenStudy",
        "Parameters",
        "Problem",
        "StudyError",
        "TownshiftError",
        "open_study",
    ]
    for name in townshift.__all__:
        assert getattr(townshift, name).__doc__


def test_importing_townshift_loads_nothing_heavy():
    assert loaded_after("import townshift").isdisjoint({*HEAVY, "pydantic", "typer", "rich"})


def test_naming_the_steps_loads_nothing_heavy():
    assert loaded_after("from townshift.pipeline import steps; steps()").isdisjoint(HEAVY)


def test_the_command_line_loads_nothing_heavy():
    assert loaded_after("import townshift.cli").isdisjoint(HEAVY)


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_no_tracked_file_names_a_registry_host_or_a_lock_with_addresses():
    hosts = re.compile("|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", "npmjs" + r"\.(org|com)")))
    texts = [path for path in tracked() if path.suffix in {"", ".py", ".txt", ".toml", ".md", ".yml", ".json", ".cfg"}]
    naming = [path.name for path in texts if hosts.search(path.read_text("utf-8", errors="replace"))]
    assert naming == []
    assert not (ROOT / "uv.lock").exists()


def test_every_pinned_version_has_a_hash():
    for name in ("requirements.txt", "requirements-spark.txt", "requirements-uv.txt"):
        lines = (ROOT / name).read_text("utf-8").splitlines()
        for number, line in enumerate(lines):
            if re.match(r"[a-z0-9]", line):
                assert "--hash=sha256:" in lines[number + 1], line


def test_the_source_holds_no_leftovers():
    marks = re.compile("TO" + "DO|FIX" + "ME|X" + "XX|HA" + "CK")
    assert [path.name for path in (ROOT / "src").rglob("*.py") if marks.search(path.read_text("utf-8"))] == []


def test_nothing_of_the_flagship_study_is_wired_into_the_library():
    places = re.compile("zhili|织里|wangjiang|望江|huzhou", re.IGNORECASE)
    offending = []
    for path in sorted((ROOT / "src").rglob("*.py")):
        code = [line for line in path.read_text("utf-8").splitlines() if ">>>" not in line]
        if places.search(re.sub(r'("""|\'\'\').*?\1', "", "\n".join(code), flags=re.DOTALL)):
            offending.append(path.name)
    assert offending == []


def test_the_reference_pages_are_what_the_code_says():
    checked = subprocess.run([sys.executable, ROOT / "docs" / "build_reference.py", "--check"], check=False)
    assert checked.returncode == 0, "run: make reference"


def test_every_command_has_a_section_in_both_guides():
    from townshift.cli import app

    for name in ("commands.md", "commands.zh.md"):
        guide = (ROOT / "docs" / "guide" / name).read_text("utf-8")
        for command in app.registered_commands:
            assert command.callback is not None
            assert f"## {command.name or command.callback.__name__}" in guide
