"""Write the reference pages (tables, errors, steps) in English and Chinese from the code: `make reference`.

A test compares the committed pages with what this writes, so that no table, error, step or parameter lacks a page.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from pathlib import Path
from typing import Any

from townshift.engine.steps import Step
from townshift.locales import LANGUAGES, catalogue
from townshift.pipeline import steps
from townshift.study.schemas import TABLES, schema

HERE = Path(__file__).parent

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "written": "Written by `make reference` from the code.",
        "tables": "Tables", "errors": "Errors", "steps": "Steps",
        "column": "column", "type": "type", "title": "title", "holds": "what it holds", "limits": "limits",
        "key": "Key", "refers": "Refers to", "required": "required", "personal": "personal",
        "why": "Why it matters", "do": "What to do", "question": "Question", "needs": "Needs",
        "uses": "Uses if present", "writes": "Writes", "parameters": "Parameters", "default": "default", "none": "none",
    },
    "zh": {
        "written": "由 `make reference` 根据代码生成。",
        "tables": "数据表", "errors": "错误", "steps": "步骤",
        "column": "列", "type": "类型", "title": "名称", "holds": "内容（英文）", "limits": "限制",
        "key": "主键", "refers": "引用", "required": "必填", "personal": "个人信息",
        "why": "为何要紧", "do": "如何处理", "question": "问题", "needs": "需要", "uses": "可选",
        "writes": "写出", "parameters": "参数", "default": "默认值", "none": "无",
    },
}  # fmt: skip


def cell(value: object) -> str:
    """A value as it may stand in a Markdown table."""
    return str(value).replace("|", "\\|").replace("\n", " ")


def tables_page(language: str) -> str:
    """Every table with its columns."""
    words = WORDS[language]
    lines = [f"# {words['tables']}", "", words["written"], ""]
    for name in TABLES:
        table = schema(name)
        title = table.title if language == "en" else table.title_zh
        lines += [f"## {name}", "", f"{title}. {table.description}" if language == "en" else f"{title}。", ""]
        lines += [f"{words['key']}: `{'`, `'.join(table.primary_key)}`", ""] if table.primary_key else []
        for key in table.foreign_keys:
            lines += [f"{words['refers']}: `{key.field}` → `{key.table}.{key.target}`", ""]
        head = [words[part] for part in ("column", "type", "title", "holds", "limits")]
        lines += ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        for field in table.fields:
            limits = [words["required"]] if field.required else []
            if field.minimum is not None or field.maximum is not None:
                low = "" if field.minimum is None else f"{field.minimum:g}"
                limits.append(f"{low}..{'' if field.maximum is None else f'{field.maximum:g}'}")
            limits += ["`" + "` `".join(field.enum) + "`"] if field.enum else []
            limits += [words["personal"]] if field.personal else []
            shown = field.title if language == "en" else field.title_zh
            row = (f"`{field.name}`", field.type, shown, field.description, ", ".join(limits))
            lines.append("| " + " | ".join(cell(part) for part in row) + " |")
        lines.append("")
    return "\n".join(lines)


def errors_page(language: str) -> str:
    """Every error code with its three texts."""
    words = WORDS[language]
    texts = catalogue(language)
    lines = [f"# {words['errors']}", "", words["written"], ""]
    for key in sorted(key for key in texts if key.startswith("errors_") and key.endswith(".what")):
        area, number, _ = key.split(".")
        stem = f"{area}.{number}"
        code = f"TS-{area.removeprefix('errors_').upper()}-{number}"
        lines += [f"## {code}", "", texts[key], "", f"*{words['why']}*: {texts[stem + '.why']}", ""]
        lines += [f"*{words['do']}*: {texts[stem + '.do']}", ""]
    return "\n".join(lines)


def steps_page(language: str) -> str:
    """Every step of the pipeline with what it reads, writes and takes as parameters."""
    words = WORDS[language]
    lines = [f"# {words['steps']}", "", words["written"], ""]
    for step in steps():
        lines += [f"## {step.name}", "", inspect.cleandoc(step.function.__doc__ or ""), ""]
        for label, names in (("needs", step.needs), ("uses", step.uses), ("writes", step.outputs)):
            shown = ", ".join(f"`{name}`" for name in names) or words["none"]
            lines.append(f"- {words[label]}: {shown}")
        lines += [f"- {words['question']}: `{step.question}`", ""]
        if "parameters" in step.special:
            lines += _parameters(step, words)
    return "\n".join(lines)


def _parameters(step: Step, words: dict[str, str]) -> list[str]:
    from townshift.engine.code import CodeIndex, roots_of
    from townshift.engine.parameters import parameters_class

    model: Any = parameters_class(step, CodeIndex(roots_of(one.module for one in steps())))
    lines = [f"| `[parameters.{step.name}]` | {words['default']} |", "|---|---|"]
    for name, field in model.model_fields.items():
        default = words["required"] if field.is_required() else field.get_default(call_default_factory=True)
        lines.append(f"| `{name}` | `{cell(default)}` |")
    doc = inspect.cleandoc(model.__doc__ or "")
    return [*lines, "", "```text", doc, "```", ""] if doc else [*lines, ""]


def pages() -> dict[Path, str]:
    """Every reference page by its path."""
    builders = {"tables": tables_page, "errors": errors_page, "steps": steps_page}
    found: dict[Path, str] = {}
    for language in LANGUAGES:
        suffix = "" if language == "en" else f".{language}"
        for name, build in builders.items():
            found[HERE / "reference" / f"{name}{suffix}.md"] = build(language).rstrip() + "\n"
    return found


def main() -> int:
    """Write every page that is out of date, or with `--check` only say whether one is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is out of date")
    check = parser.parse_args().check
    stale = [path for path, text in pages().items() if not path.is_file() or path.read_text("utf-8") != text]
    if check:
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(pages()[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
