"""The code that a registered model needs, beside it: so that it loads where this project is not installed."""

from __future__ import annotations

import ast
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "models"


def ship(module: str, folder: Path) -> str:
    """Copy a module of `models` and all of ours that it imports below a folder; return the copied package.

    Files get the rights that this process gives, not those of the checkout.
    """
    todo, seen = [f"{PACKAGE}.{module}"], set()
    while todo:
        name = todo.pop()
        parts = name.split(".")
        todo += [".".join(parts[:i]) for i in range(1, len(parts)) if ".".join(parts[:i]) not in seen]
        file = _file(name)
        if name in seen or file is None:
            continue
        seen.add(name)
        place = folder / file.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
        for data in file.parent.glob("*.json"):
            (place.parent / data.name).write_text(data.read_text(encoding="utf-8"), encoding="utf-8")
        todo += _imports(file)
    return str(folder / PACKAGE)


def pinned(names: tuple[str, ...]) -> list[str]:
    """Requirements at the versions that the model was made with."""
    return [f"{name}=={version(name)}" for name in names]


def _file(name: str) -> Path | None:
    path = ROOT.joinpath(*name.split("."))
    return next((f for f in (path.with_suffix(".py"), path / "__init__.py") if f.is_file()), None)


def _imports(file: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in found if name.split(".")[0] == PACKAGE]
