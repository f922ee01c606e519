"""Versions of code: of all that makes tables, and of what one step comes from.

A step's version is the hash of its modules and of those of ours that they import, and the versions of the libraries
that any of these import. What it does not use may change without its table being made again.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGES = ("pipelines", "models", "expectations")
BESIDE = ("infra", "workbench")  # ours too, and no part of what makes tables
ROOT = Path(__file__).resolve().parents[2]
HASH_LETTERS = 12
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")  # parts of a statement that hold statements
OTHERWISE_CALLED = {"sklearn": "scikit-learn", "yaml": "PyYAML"}  # to ask every distribution takes a second


@cache
def code_version() -> str:
    """Hash of the code that makes the tables: the same code gives the same version wherever it stands."""
    return _hashed(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))


def version_of(modules: Iterable[str]) -> str:
    """Version of what some modules come from."""
    return _version_of(tuple(sorted(set(modules))))


@cache
def _version_of(modules: tuple[str, ...]) -> str:
    own, libraries = closure(modules)
    told = [f"{name} {_library(name)}" for name in sorted(libraries)]
    return _hashed((file for name in sorted(own) if (file := _file(name))), told)


def closure(modules: Iterable[str]) -> tuple[set[str], set[str]]:
    """Our own modules that these import, transitively and with themselves, and the libraries that any of them does.

    Imports for type checking alone are none; those inside functions are.
    """
    own: set[str] = set()
    libraries: set[str] = set()
    todo = list(modules)
    while todo:
        name = todo.pop()
        if name in own:
            continue
        own.add(name)
        for imported in _imports(name):
            if imported.split(".")[0] not in PACKAGES:
                libraries.add(imported.split(".")[0])
            else:
                todo.append(imported)
    return own, libraries - set(sys.stdlib_module_names)


@cache
def _imports(name: str) -> tuple[str, ...]:
    """Modules that one of ours names in its imports."""
    file = _file(name)
    if file is None:
        return ()
    found: set[str] = set()
    for node in _running(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found |= {inner for alias in node.names if _file(inner := f"{node.module}.{alias.name}")}
    return tuple(sorted(found))


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Statements of a module, without those under `if TYPE_CHECKING`."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        is_for_types = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for block in BLOCKS[1:] if is_for_types else BLOCKS:
            todo += getattr(node, block, ())


@cache
def _file(name: str) -> Path | None:
    """File of one of our modules; None for others and for packages without code of their own."""
    if name.split(".")[0] not in PACKAGES:
        return None
    path = ROOT.joinpath(*name.split("."))
    return next((f for f in (path.with_suffix(".py"), path / "__init__.py") if f.is_file()), None)


@cache
def _library(name: str) -> str:
    """Version of the distribution that a library comes with."""
    if name in BESIDE:
        return ""
    try:
        return metadata.version(OTHERWISE_CALLED.get(name, name))
    except metadata.PackageNotFoundError:
        return " ".join(f"{d} {metadata.version(d)}" for d in sorted(set(_distributions().get(name, ()))))


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())


def _hashed(files: Iterable[Path], told: Iterable[str] = ()) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    for line in told:
        digest.update(line.encode())
    return digest.hexdigest()[:HASH_LETTERS]
