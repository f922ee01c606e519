"""Everything that exists, found by looking: sources, tables, transforms. No list of them is kept anywhere."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from pipelines.core.conform import Transform
from pipelines.core.ledger import Acknowledgement, Delivery, DeliveryAction, Erasure, Quarantine
from pipelines.core.source import Source
from pipelines.core.table import BronzeTable, Table

DEFS = "pipelines.defs"
PACKAGES = ("pipelines", "models", "expectations")
ROOT = Path(__file__).resolve().parents[2]
AnyTable = TypeVar("AnyTable", bound=Table)


@dataclass(frozen=True)
class SourceFolder:
    """One source as it stands in its folder: its card, bronze tables and the names of its modules."""

    card: Source
    tables: tuple[type[BronzeTable], ...]
    package: str

    @property
    def name(self) -> str:
        """Name of the source."""
        return self.card.name

    def module(self, name: str) -> ModuleType | None:
        """Module of the folder (`read`, `conform`, `simulate`), or None where there is no such file."""
        try:
            return importlib.import_module(f"{self.package}.{name}")
        except ModuleNotFoundError as error:
            if error.name == f"{self.package}.{name}":
                return None
            raise

    def transform(self, entity: str) -> Transform | None:
        """Return the function of `conform.py` that feeds an entity, if the source feeds it."""
        return getattr(self.module("conform"), entity, None)


@cache
def sources() -> dict[str, SourceFolder]:
    """All sources by name, in alphabetical order."""
    package = importlib.import_module(f"{DEFS}.sources")
    found = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        name = f"{DEFS}.sources.{module.name}"
        card = getattr(importlib.import_module(name), "SOURCE", None)
        if card is not None:
            found[card.name] = SourceFolder(card, tuple(_tables_in(f"{name}.tables", BronzeTable)), name)
    return found


@cache
def tables() -> dict[str, type[Table]]:
    """All tables by address, layer by layer."""
    own = (Delivery, DeliveryAction, Quarantine, Acknowledgement, Erasure)
    found: dict[str, type[Table]] = {t.address(): t for t in own}
    for source in sources().values():
        found |= {t.address(): t for t in source.tables}
    for layer in ("silver", "gold", "signals"):
        package = importlib.import_module(f"{DEFS}.{layer}")
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
            if module.ispkg:
                found |= {t.address(): t for t in _tables_in(f"{DEFS}.{layer}.{module.name}.tables", Table)}
    return found


def _tables_in(module: str, base: type[AnyTable]) -> Iterator[type[AnyTable]]:
    """Named table classes that a module defines itself, in the order they are written."""
    loaded = importlib.import_module(module)
    for value in vars(loaded).values():
        if inspect.isclass(value) and issubclass(value, base) and value.name and value.__module__ == module:
            yield value


@cache
def code_version() -> str:
    """Hash of the code that makes the tables: the same code gives the same version wherever it stands."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            digest.update(str(path.relative_to(ROOT)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
