"""What is wrong with a delivery: what its tasks met, or counts that disagree; and how it is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.core.catalog import SourceFolder
from pipelines.core.ledger import Quarantine
from pipelines.intake.landing import Landed
from pipelines.intake.task import (
    CHANGED,
    FAILED,
    GRAVITY,
    REFUSED,
    STORAGE,
)

MOST_TOLD = 20  # files that are told one by one
Row = dict[str, Any]


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a delivery: its kind, the table at fault (empty for the whole file), and why."""

    kind: str
    table_name: str
    reason: str
    trace: str = ""


def disagree(table_name: str, n_counted: int, n_read: int) -> str:
    """Say that counter and reader of a file do not agree."""
    return f"{table_name}: {n_counted:,} records counted in it, {n_read:,} read from it; nothing of it is kept"


def verdicts(done: Sequence[Row], work: Iterable[Landed]) -> dict[str, Wrong]:
    """What is wrong with each delivery that is not taken in: what its tasks met, the gravest first, or its counts."""
    wrong: dict[str, Wrong] = {}
    for row in sorted((r for r in done if r["kind"]), key=lambda r: GRAVITY.index(r["kind"])):
        told = Wrong(row["kind"], row["table_name"], row["reason"], row["trace"] or "")
        wrong.setdefault(row["delivery_id"], told)
    counts = counts_of(done)
    for file in work:
        for table in file.tables:
            n_read, n_kept, n_aside = counts[file.delivery_id, table.name]
            if n_read != n_kept + n_aside:
                why = disagree(table.name, n_read, n_kept + n_aside)
                wrong.setdefault(file.delivery_id, Wrong(REFUSED, table.name, why))
    return wrong


def counts_of(done: Iterable[Row]) -> dict[tuple[str, str], list[int]]:
    """Records counted, kept, quarantined, by delivery and table."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in done:
        of = counts[row["delivery_id"], row["table_name"]]
        of[0] += row["n_read"] or 0
        if row["goes_to"]:
            of[2 if row["goes_to"] == Quarantine.name else 1] += row["n_rows"]
    return counts


def kind_of(wrong: dict[str, Wrong], file: Landed) -> str:
    """Kind of what is wrong with a file; empty where nothing is."""
    return wrong[file.delivery_id].kind if file.delivery_id in wrong else ""


def in_words(source: SourceFolder, work: Iterable[Landed], wrong: dict[str, Wrong]) -> Iterator[str]:
    """A line for each file that was not taken in, and the traces of what readers failed on, each once."""
    bad = [(f.path, wrong[f.delivery_id]) for f in work if f.delivery_id in wrong]
    said = {CHANGED: "left for the next run", STORAGE: "left for the next run", FAILED: "failed", REFUSED: "refused"}
    yield from (f"{source.name}: {said[at.kind]}: {path}: {at.reason}" for path, at in bad[:MOST_TOLD])
    if len(bad) > MOST_TOLD:
        yield f"{source.name}: and {len(bad) - MOST_TOLD:,} more files; `gerland deliveries` lists them"
    yield from sorted({f"{source.name}: {at.trace}" for _, at in bad if at.trace})
