"""What code a step rests on, read from the source without importing it.

A module is parsed once; its digest is that of its syntax tree without docstrings, so that neither comments, layout nor
prose make a result stale.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import townshift
from townshift.engine.atomic import write_text

EXCLUDED = ("townshift.engine", "townshift.errors", "townshift.locales")
"""Code that changes no result. What a result owes to the engine is named by `cachekey.ENGINE_FORMAT`."""

LOCALES = "townshift.locales"
FORMAT = 1
"""Form of the stored code index; another form is read anew."""


@dataclass(frozen=True, slots=True)
class Name:
    """A top-level name of a module.

    Attributes:
        digest: of the syntax tree that defines it; empty if it is only an import.
        refers: names that the definition mentions.
        imports: dotted names imported by the definition or inside it.
    """

    digest: str
    refers: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModuleCode:
    """What one source file says, as far as a cache key is concerned.

    Attributes:
        source: sha256 of the file.
        digest: of the whole syntax tree without docstrings.
        imports: dotted names that the module imports at run time, at its top or inside functions.
        names: what each top-level name is; the name "" stands for statements that define none.
    """

    source: str
    digest: str
    imports: tuple[str, ...]
    names: Mapping[str, Name]


@dataclass(frozen=True, slots=True)
class CodeClosure:
    """The code that one function rests on: (label, digest) of each part and the modules among them.

    Attributes:
        parts: label → digest; a label is a module, or `module:name` for parts of the function's own module.
        uses_texts: whether any module of it reads `townshift.locales`, so that a changed text changes a result.
        folders: where these modules lie, for the data files that they may read.
    """

    parts: Mapping[str, str]
    uses_texts: bool
    folders: tuple[Path, ...]


@dataclass
class CodeIndex:
    """Parses modules once per content and walks their imports.

    Attributes:
        roots: root package → its folder, as `roots_of` gives them; code elsewhere is a library, known by its version.
        path: where the index is stored, a JSON file; `None` for one that is not kept.
        stored: what an earlier run found, module → the JSON of its `ModuleCode`; used if the source is the same.
    """

    roots: Mapping[str, Path]
    path: Path | None = None
    stored: dict[str, Any] = field(default_factory=dict)
    changed: bool = False
    _modules: dict[str, ModuleCode | None] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path, roots: Mapping[str, Path]) -> CodeIndex:
        """The stored index; an empty one if there is none, or it is of another form or another Python."""
        try:
            read = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            read = None
        if isinstance(read, dict) and read.get("form") == _form():
            return cls(roots, path, dict(read["modules"]))
        return cls(roots, path)

    def save(self) -> None:
        """Store the index if anything in it changed."""
        if self.changed and self.path is not None:
            write_text(self.path, json.dumps({"form": _form(), "modules": self.stored}, sort_keys=True))
            self.changed = False

    def closure(self, module: str, function: str) -> CodeClosure:
        """All code that `function` of `module` rests on.

        Of its own module only the names that it reaches count, so that a change to one step leaves its neighbours
        fresh; of every imported module the whole counts.

        Raises:
            LookupError: the module has no source or no such name at its top; a defect of the pipeline.
        """
        own = self.module(module)
        if own is None or function not in own.names:
            raise LookupError(f"no source of {module}:{function}")
        parts: dict[str, str] = {}
        imports: list[str] = []
        waiting, seen = ["", function], {"", function}
        while waiting:
            name = waiting.pop()
            found = own.names.get(name)
            if found is None:
                continue
            if found.digest:
                parts[f"{module}:{name}"] = found.digest
            imports.extend(found.imports)
            fresh = [refers for refers in found.refers if refers not in seen]
            seen.update(fresh)
            waiting.extend(fresh)
        uses_texts = self._walk(imports, parts)
        files = (self._source_file(label.partition(":")[0]) for label in parts)
        folders = sorted({file.parent for file in files if file is not None})
        return CodeClosure(dict(sorted(parts.items())), uses_texts, tuple(folders))

    def _walk(self, imports: Iterable[str], parts: dict[str, str]) -> bool:
        uses_texts = False
        waiting = list(imports)
        while waiting:
            dotted = waiting.pop()
            uses_texts |= dotted == LOCALES or dotted.startswith(LOCALES + ".")
            for name in self._modules_of(dotted):
                if name in parts:
                    continue
                code = self.module(name)
                if code is not None:
                    parts[name] = code.digest
                    waiting.extend(code.imports)
        return uses_texts

    def _modules_of(self, dotted: str) -> Iterator[str]:
        """The modules that importing `dotted` (a module, or a name in one) runs, without the root package."""
        pieces = dotted.split(".")
        for end in range(2, len(pieces) + 1):
            name = ".".join(pieces[:end])
            if not _is_excluded(name) and self._source_file(name) is not None:
                yield name

    def _source_file(self, module: str) -> Path | None:
        """The file of a module of ours; `None` for all others."""
        root, *rest = module.split(".")
        base = self.roots.get(root)
        if base is None:
            return None
        base = base.joinpath(*rest)
        candidates = (base, base.with_suffix(".py"), base / "__init__.py")
        return next((path for path in candidates if path.suffix == ".py" and path.is_file()), None)

    def module(self, name: str) -> ModuleCode | None:
        """What the source of a module says; `None` if it is none of ours."""
        if name not in self._modules:
            path = self._source_file(name)
            self._modules[name] = None if path is None else self._read(name, path)
        return self._modules[name]

    def _read(self, name: str, path: Path) -> ModuleCode:
        text = path.read_bytes()
        source = hashlib.sha256(text).hexdigest()
        stored = self.stored.get(name)
        if isinstance(stored, dict) and stored.get("source") == source:
            names = {key: Name(value[0], tuple(value[1]), tuple(value[2])) for key, value in stored["names"].items()}
            return ModuleCode(source, stored["digest"], tuple(stored["imports"]), names)
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        code = _parse(text, source, package)
        self.stored[name] = {
            **asdict(code),
            "names": {key: [value.digest, value.refers, value.imports] for key, value in code.names.items()},
        }
        self.changed = True
        return code


def roots_of(modules: Iterable[str]) -> dict[str, Path]:
    """Where the source of townshift, and of the packages that hold the given loaded modules, lies.

    A package is its folder; a module outside any package is its file and counts alone.
    """
    roots = {"townshift": Path(townshift.__file__).parent}
    for module in modules:
        root = module.split(".")[0]
        if root not in roots:
            file = Path(sys.modules[root].__file__ or "")
            roots[root] = file.parent if file.name == "__init__.py" else file
    return roots


def _form() -> list[int]:
    """Form of the stored index; syntax trees differ between versions of Python, so the version is part of it."""
    return [FORMAT, *sys.version_info[:2]]


def _is_excluded(module: str) -> bool:
    return any(module == name or module.startswith(name + ".") for name in EXCLUDED)


def _parse(text: bytes, source: str, package: str) -> ModuleCode:
    tree = ast.parse(text)
    _drop_docstrings(tree)
    definitions: dict[str, _Definition] = {}
    _collect(tree.body, package, definitions)
    return ModuleCode(
        source=source,
        digest=_digest(tree),
        imports=tuple(sorted(set(_run_time_imports(tree, package)))),
        names={name: found.freeze() for name, found in sorted(definitions.items())},
    )


@dataclass
class _Definition:
    digests: list[str] = field(default_factory=list)
    refers: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)

    def freeze(self) -> Name:
        joined = self.digests[0] if len(self.digests) == 1 else hashlib.sha256("".join(self.digests).encode())
        digest = "" if not self.digests else joined if isinstance(joined, str) else joined.hexdigest()
        return Name(digest, tuple(sorted(self.refers)), tuple(sorted(self.imports)))


def _collect(body: Iterable[ast.stmt], package: str, into: dict[str, _Definition]) -> None:
    """Sort the statements at the top of a module by the names that they define."""
    for statement in body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for bound, dotted in _imported(statement, package):
                into.setdefault(bound, _Definition()).imports.add(dotted)
        elif isinstance(statement, ast.If) and _is_type_checking(statement.test):
            _collect(statement.body, package, into)
        else:
            own = _own_names(statement) if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) else set()
            for name in _defined(statement):
                found = into.setdefault(name, _Definition())
                found.digests.append(_digest(statement))
                found.refers.update(_names(statement) - own)
                found.imports.update(_run_time_imports(statement, package))


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _own_names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Names that a function binds itself, so that they mean nothing at the top of the module.

    A table that a step reads is called like the step that makes it: without this every step would seem to call it.
    Names in annotations and decorators are looked up outside and stay.
    """
    arguments = [node for node in ast.walk(function.args) if isinstance(node, ast.arg)]
    bound = {argument.arg for argument in arguments}
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound.update(name for name, _ in _imported(node, ""))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif not isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            waiting.extend(ast.iter_child_nodes(node))
    outside = [*function.decorator_list, *function.args.defaults, *(node.annotation for node in arguments)]
    outside.extend([function.returns, *function.args.kw_defaults])
    return bound - {name for node in outside if node is not None for name in _names(node)}


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return names if names and len(names) == len(targets) else [""]


def _run_time_imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Dotted names of all imports in a tree, those inside functions too, those for type checkers only left out."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (dotted for _, dotted in _imported(node, package))
        elif isinstance(node, ast.If) and _is_type_checking(node.test):
            waiting.extend(node.orelse)
        else:
            waiting.extend(ast.iter_child_nodes(node))


def _imported(node: ast.Import | ast.ImportFrom, package: str) -> list[tuple[str, str]]:
    """(name bound, dotted name imported) of one import statement; a star binds the name ""."""
    if isinstance(node, ast.Import):
        return [(alias.asname or alias.name.split(".")[0], alias.name) for alias in node.names]
    base = node.module or ""
    if node.level:
        parent = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*parent, base]) if base else ".".join(parent)
    return [
        ("", base) if alias.name == "*" else (alias.asname or alias.name, f"{base}.{alias.name}")
        for alias in node.names
    ]


def _is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _drop_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [item for item in node.body if not _is_text(item)]


def _is_text(item: ast.stmt) -> bool:
    """A string that stands alone: a docstring of a module, class, function or constant."""
    return isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) and isinstance(item.value.value, str)


def _digest(tree: ast.AST) -> str:
    return hashlib.sha256(ast.dump(tree).encode("utf-8")).hexdigest()
