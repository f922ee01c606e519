"""Outcomes that are kept: each table version is validated once, and what was found stays readable."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.compile import Rule, planned
from expectations.run import Outcome, validate, validate_small
from pipelines.core.table import Table
from pipelines.lake.query import query

if TYPE_CHECKING:
    from pipelines.lake.lake import Lake

SMALL = 200_000  # rows that are checked in memory; more are worth the engine


def validated(lake: Lake, table: type[Table], folder: Path) -> list[Outcome]:
    """Outcomes of a table's rules at its present version: those kept of that version, else found now and kept."""
    address = table.address()
    version = f"{lake.version(address)} {lake.as_of or ''}".strip()
    path = folder / "validation" / f"{address}.json"
    if path.exists():
        kept = json.loads(path.read_text())
        outcomes = [Outcome.of_dict(o) for o in kept["outcomes"]]
        if kept["version"] == version and [o.rule for o in outcomes] == planned(table):
            return outcomes
    if lake.n_rows(address) <= SMALL:
        as_of = str(lake.as_of) if lake.as_of else None
        outcomes = validate_small(query(lake.root, f"SELECT * FROM {address}", as_of), table)
    else:
        outcomes = validate(lake[address], table)
    _write(path, version, outcomes)
    return outcomes


def refused(table: type[Table], broken: Mapping[str, int], folder: Path) -> list[Outcome]:
    """Outcomes of the rules that kept rows from being published, kept in place of those of the version that stands."""
    said = "refused before it was published; the table stands as it was"
    outcomes = [
        Outcome(r, False, 0, broken[r.name], said) if r.name in broken else Outcome(r, None, 0, 0, said)
        for r in planned(table)
    ]
    _write(folder / "validation" / f"{table.address()}.json", "", outcomes)
    return outcomes


def keep(outcome: Outcome, folder: Path, version: str = "") -> None:
    """Keep the outcome of a rule that no table class states, across tables or of a balance, beside the others.

    `version` says what it was found in, so that `kept_of` finds it again as long as that is the same.
    """
    _write(_place(outcome.rule, folder), version, [outcome])


def kept_of(rule: Rule, folder: Path, version: str) -> Outcome | None:
    """The outcome that was kept of this very rule in this very version; None where there is none."""
    path = _place(rule, folder)
    if not version or not path.exists():
        return None
    kept = json.loads(path.read_text())
    found = Outcome.of_dict(kept["outcomes"][0])
    return found if kept["version"] == version and found.rule == rule else None


def _place(rule: Rule, folder: Path) -> Path:
    return folder / "validation" / f"{rule.table}+{rule.name}.json"


def _write(path: Path, version: str, outcomes: Sequence[Outcome]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": version, "outcomes": [o.as_dict() for o in outcomes]}))


def all_kept(folder: Path) -> list[Outcome]:
    """Every outcome that is kept, table by table."""
    files = sorted((folder / "validation").glob("*.json"))
    return [Outcome.of_dict(o) for f in files for o in json.loads(f.read_text())["outcomes"]]
