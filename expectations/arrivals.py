"""Rules of what arrives: no file refused or failed, no table fed much less than before, no source late.

Counted in the ledger, never in the files. A source whose newest delivery was simulated is of another time than ours:
whether it comes in time is not asked.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from statistics import median
from typing import Any

from expectations.compile import CRITICAL, WARNING, Rule
from expectations.run import Outcome
from pipelines.core.catalog import SourceFolder
from pipelines.core.ledger import KEPT
from pipelines.core.table import BronzeTable

LEAST_SHARE, LEAST_BEFORE = 0.5, 3
REFUSED, FAILED, VOLUME, LATE = "files_refused", "files_failed", "volume_holds", "delivered_in_time"
SEVERITY = {REFUSED: WARNING, FAILED: CRITICAL, VOLUME: WARNING, LATE: WARNING}
SAYS = {
    REFUSED: "no landed file is refused whole",
    FAILED: "the reader fails on no landed file",
    VOLUME: f"the newest date brings at least {LEAST_SHARE:.0%} of the median rows of the dates before it, where there "
    f"are {LEAST_BEFORE} or more",
    LATE: "the newest delivery is no older than the source's cadence and lag together, where its card promises them",
}
ADVICE = {
    REFUSED: "See why with `gerland deliveries --status refused`; land the file as it should be, or withdraw it.",
    FAILED: "Mend the reader at the place that `gerland deliveries --status failed` names; every run tries it again.",
    VOLUME: "Look whether the delivery is whole: compare it with the sender, then land the rest or withdraw it.",
    LATE: "Ask the publisher, or look whether the landing zone is still fed; mend the card where the rhythm changed.",
}
MOST_TOLD = 5
Row = dict[str, Any]


def rules(source: SourceFolder, table: type[BronzeTable]) -> list[Rule]:
    """Rules of a table of a source; what concerns the whole source is told by its first table."""
    names = [REFUSED, FAILED, VOLUME, *([LATE] if table is source.tables[0] else [])]
    return [
        Rule(name, table.address(), None, "arrival", SEVERITY[name], 1.0, ADVICE[name], _says(name, source))
        for name in names
    ]


def _says(name: str, source: SourceFolder) -> str:
    if name == LATE and (due := source.card.due) is not None:
        return f"the newest delivery is at most {due} days old: the source's cadence and lag"
    return SAYS[name]


def outcomes(
    source: SourceFolder, table: type[BronzeTable], ledger: Sequence[Row], day: dt.date, simulated: Collection[str]
) -> list[Outcome]:
    """What the ledger of a source says of a table on a day: counts of files or rows.

    `simulated` are hashes of contents that the simulator wrote.
    """
    found = {
        REFUSED: lambda rule: _files(rule, source, table, ledger, "refused"),
        FAILED: lambda rule: _files(rule, source, table, ledger, "failed"),
        VOLUME: lambda rule: _volume(rule, table, ledger),
        LATE: lambda rule: _late(rule, source, ledger, day, simulated),
    }
    return [found[rule.name](rule) for rule in rules(source, table)]


def _files(rule: Rule, source: SourceFolder, table: type[BronzeTable], ledger: Sequence[Row], status: str) -> Outcome:
    """Files of that status; one that was refused unread is of no table, and told by the source's first."""
    names = {table.name, *([""] if table is source.tables[0] else [])}
    rows = [r for r in ledger if r["table_name"] in names and r["status"] in (*KEPT, "refused", "failed")]
    if not rows:
        return Outcome(rule, None, 0, 0, "no file has come")
    bad = [r for r in rows if r["status"] == status]
    more = f"; and {len(bad) - MOST_TOLD} more" if len(bad) > MOST_TOLD else ""
    told = "; ".join(f"{r['file']}: {r['reason']}" for r in bad[:MOST_TOLD]) + more
    return Outcome(rule, not bad, len(rows), len(bad), told)


def _volume(rule: Rule, table: type[BronzeTable], ledger: Sequence[Row]) -> Outcome:
    by_day: dict[dt.date, int] = defaultdict(int)
    for row in ledger:
        if row["table_name"] == table.name and row["status"] in KEPT:
            by_day[row["known_date"]] += row["n_rows_read"]
    if len(by_day) <= LEAST_BEFORE:
        return Outcome(rule, None, 0, 0, f"fewer than {LEAST_BEFORE} dates before the newest")
    *before, newest = sorted(by_day)
    usual, n = median(by_day[d] for d in before), by_day[newest]
    lacking = 0 if n >= LEAST_SHARE * usual else round(usual) - n
    return Outcome(rule, not lacking, round(usual), lacking, f"{newest}: {n:,} rows; median of before: {usual:,.0f}")


def _late(rule: Rule, source: SourceFolder, ledger: Sequence[Row], day: dt.date, simulated: Collection[str]) -> Outcome:
    fed = [r for r in ledger if r["status"] in KEPT and r["known_date"] <= day]
    if not fed:
        return Outcome(rule, None, 0, 0, "it has never been fed")
    last, due = max(fed, key=lambda r: (r["known_date"], r["sha256"])), source.card.due
    newest = last["known_date"]
    if due is None:
        return Outcome(rule, None, 0, 0, f"no rhythm is promised; the newest is of {newest}")
    if last["sha256"] in simulated:
        return Outcome(rule, None, 0, 0, f"simulated; the newest is of {newest}")
    until = newest + dt.timedelta(days=due)
    return Outcome(rule, day <= until, 1, int(day > until), f"the newest is of {newest}, the next was due by {until}")
