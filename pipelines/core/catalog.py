"""Everything that exists, found by looking: sources, tables, transforms. No list of them is kept anywhere."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, TypeVar

from pipelines.core.across import Across, references
from pipelines.core.ledger import Acknowledgement, Delivery, DeliveryAction, Erasure, Quarantine
from pipelines.core.source import Source
from pipelines.core.step import AnyFeed, Feed, FlowFeed, Step, StepError
from pipelines.core.table import BronzeTable, Table

DEFS = "pipelines.defs"
OWN = (Delivery, DeliveryAction, Quarantine, Acknowledgement, Erasure)  # the platform writes them itself
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
        return _module(f"{self.package}.{name}")

    @property
    def feeds(self) -> list[AnyFeed]:
        """What the source's `conform.py` gives to tables."""
        return _declared_in(self.module("conform"), (Feed, FlowFeed))

    def feed(self, table: type[Table]) -> AnyFeed | None:
        """What the source gives to a table, if anything.

        Raises `StepError` where it gives to it twice.
        """
        found = [one for one in self.feeds if one.table is table]
        if len(found) > 1:
            raise StepError(f"{self.package}.conform feeds {table.address()} twice: {found[0].name}, {found[1].name}")
        return found[0] if found else None


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
    found: dict[str, type[Table]] = {t.address(): t for t in OWN}
    for source in sources().values():
        found |= {t.address(): t for t in source.tables}
    for layer in ("ops", "silver", "gold", "evaluation"):
        package = importlib.import_module(f"{DEFS}.{layer}")
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
            if module.ispkg:
                found |= {t.address(): t for t in _tables_in(f"{DEFS}.{layer}.{module.name}.tables", Table)}
    return found


@cache
def steps() -> dict[str, Step]:
    """The step of each derived table, by address.

    Raises `StepError` for a table that no step makes, a step whose table is not of its folder or that another step
    makes too, and a feed that no step takes: each would be left out unseen.
    """
    found: dict[str, Step] = {}
    for package in dict.fromkeys(t.__module__.rsplit(".", 1)[0] for t in tables().values() if t.layer != "bronze"):
        for name in ("conform", "build"):
            for step in _declared_in(_module(f"{package}.{name}"), (Step,)):
                if step.address in found:
                    raise StepError(f"{step.address} is made by two steps: keep one of those in {package}.{name}")
                found[step.address] = step
    check(found, tables(), [(s.package, one) for s in sources().values() for one in s.feeds])
    return found


@cache
def rules() -> tuple[Across, ...]:
    """Rules across tables: those that follow from what columns refer to, then those of the entities' `rules.py`."""
    known = tables()
    declared = [reference.rule() for table in known.values() for reference in references(table, known)]
    packages = dict.fromkeys(step.table.__module__.rsplit(".", 1)[0] for step in steps().values())
    own = [rule for p in packages if (module := _module(f"{p}.rules")) for rule in module.RULES]
    return (*declared, *own)


def check(found: Mapping[str, Step], known: Mapping[str, type[Table]], feeds: Sequence[tuple[str, AnyFeed]]) -> None:
    """Refuse what nothing joins; see `steps`."""
    made_by_hand = {t.address() for t in OWN}
    for address, table in known.items():
        if table.layer != "bronze" and address not in made_by_hand and address not in found:
            raise StepError(f"no step makes {address}: declare one with @step in {table.__module__.rsplit('.', 1)[0]}")
    for address, step in found.items():
        if known.get(address) is not step.table:
            raise StepError(f"{step.modules[0]} makes {address}, which is no table of the folders under {DEFS}")
        if absent := [a for a in (*step.reads, *step.measured_on) if a not in known]:
            raise StepError(f"the step of {address} reads {absent[0]}, which is no table; `gerland tables` lists them")
    for package, one in feeds:
        taken = found.get(one.table.address())
        if taken is None or one not in (taken.feeds or {}).values():
            raise StepError(
                f"{package}.conform: {one.name} feeds {one.table.address() or one.table.__name__}, which takes no "
                "feeds: its step is no union of sources"
            )


def _module(name: str) -> ModuleType | None:
    """The module, or None where there is no such file."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return None
        raise


def _declared_in(module: ModuleType | None, kinds: tuple[type[Any], ...]) -> list[Any]:
    """Objects of some kinds that a module holds, under whatever name, each once, in the order they are written."""
    held = vars(module).values() if module else ()
    return list({id(value): value for value in held if isinstance(value, kinds)}.values())


def _tables_in(module: str, base: type[AnyTable]) -> Iterator[type[AnyTable]]:
    """Named table classes that a module defines itself, in the order they are written."""
    loaded = importlib.import_module(module)
    for value in vars(loaded).values():
        if inspect.isclass(value) and issubclass(value, base) and value.name and value.__module__ == module:
            yield value
