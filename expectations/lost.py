"""The rule that values that are there are read: by file and column, where sources unite. Counts, never values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.compile import WARNING, Rule
from expectations.run import Outcome
from pipelines.core.catalog import tables
from pipelines.core.code import version_of
from pipelines.core.step import Step, giving
from pipelines.core.table import BronzeTable, Table
from pipelines.frames.losses import FEW, Loss, most_first

if TYPE_CHECKING:
    from pipelines.lake.lake import Lake

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


def counted(lake: Lake, step: Step, folder: Path) -> list[Loss]:
    """Losses of a union of sources: those kept of what each source gave then, else counted now and kept."""
    lake, table, feeds = lake.today, step.table, step.feeds or {}  # a union stands as it is when the past is shown
    code = version_of(step.modules)
    made = {name: {"code": code, **lake.versions(one.reads)} for name, one in feeds.items()}
    path = folder / "validation" / f"{table.address()}+{READ}.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    known = kept.get("made", {})
    new = [name for name in made if known.get(name) != made[name]]
    losses = [Loss(**x) for x in kept.get("losses", ())] if known else []
    losses = [x for x in losses if (source := _source(x)) in made and source not in new]
    if step.losses and (asked := giving(feeds, lake.holds) & set(new)):
        losses = most_first([*losses, *step.losses(lake, asked)])
    if known == made:
        return losses
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"made": made, "outcomes": [outcome(table, losses).as_dict()], "losses": [vars(x) for x in losses]}
    path.write_text(json.dumps(content, indent=1))
    return losses


def _source(loss: Loss) -> str:
    """Source that a loss is of: that of its bronze table, else the one it names instead of a file."""
    table = tables()[loss.place]
    return table.source if issubclass(table, BronzeTable) else loss.file


def lost(losses: Sequence[Loss]) -> dict[str, str]:
    """What was lost, for the asset's page: a line a file and column, the most first."""
    some = [x for x in losses if x.n_lost]
    lines = {f"lost: {x.file}, {x.column}": f"{x.n_lost:,} of {x.n_told:,}" for x in some[:TOLD]}
    return {"values lost": f"{sum(x.n_lost for x in losses):,} of {sum(x.n_told for x in losses):,}", **lines}
