"""The rule that values that are there are read: by file and column, where sources unite. Counts, never values."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.compile import WARNING, Rule
from expectations.run import Outcome
from pipelines.core.losses import FEW, Loss
from pipelines.core.table import Table

if TYPE_CHECKING:
    from pipelines.core.lake import Lake

READ = "values_are_read"
SAYS = f"in each file and column, at most {FEW:.0%} of the values that are there become null"
ADVICE = "Look in bronze at how the file writes the column; give the reading rule that spelling, or mend the file."
TOLD = 20


def rule(table: type[Table]) -> Rule:
    """The rule as others are told."""
    return Rule(READ, table.address(), None, "read", WARNING, 1 - FEW, ADVICE, SAYS)


def outcome(table: type[Table], losses: Sequence[Loss]) -> Outcome:
    """What the losses of a table's last writing come to: `n_unexpected` values lost of `n_rows` told."""
    if not losses:
        return Outcome(rule(table), None, 0, 0, "no file holds a number or date that the table reads")
    many = [x for x in losses if x.share > FEW]
    said = "; ".join(f"{x.file}, {x.column}: {x.n_lost:,} of {x.n_told:,}" for x in many[:TOLD])
    return Outcome(rule(table), not many, sum(x.n_told for x in losses), sum(x.n_lost for x in losses), said)


def counted(lake: Lake, table: type[Table], count: Callable[[Any], list[Loss]], folder: Path) -> list[Loss]:
    """Losses of the table at its present version: those kept of that version, else counted now and kept."""
    lake = lake.today  # a union stands as it is when the past is shown
    version = lake.version(table.address())
    path = folder / "validation" / f"{table.address()}+{READ}.json"
    if path.exists():
        kept = json.loads(path.read_text())
        if kept["version"] == version:
            return [Loss(**x) for x in kept["losses"]]
    losses = count(lake)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"version": version, "outcomes": [outcome(table, losses).as_dict()], "losses": [vars(x) for x in losses]}
    path.write_text(json.dumps(content, indent=1))
    return losses


def lost(losses: Sequence[Loss]) -> dict[str, str]:
    """What was lost, for the asset's page: a line a file and column, the most first."""
    some = [x for x in losses if x.n_lost]
    lines = {f"lost: {x.file}, {x.column}": f"{x.n_lost:,} of {x.n_told:,}" for x in some[:TOLD]}
    return {"values lost": f"{sum(x.n_lost for x in losses):,} of {sum(x.n_told for x in losses):,}", **lines}
