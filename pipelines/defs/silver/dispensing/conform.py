"""Dispensed lines of all sources, united; flow by flow where the source comes so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.catalog import sources
from pipelines.core.conform import conformed, reads, reads_of
from pipelines.core.kept import release
from pipelines.core.run import tell
from pipelines.core.silver import union_of_sources
from pipelines.defs.silver.dispensing.tables import Dispensing, DispensingIssue, Insured, LongTermIllness

if TYPE_CHECKING:
    from pipelines.core.conform import Tables, Transform
    from pipelines.core.lake import Lake, Written
    from pipelines.core.run import Platform

insured = union_of_sources(Insured)
long_term_illness = union_of_sources(LongTermIllness)
dispensing_issue = union_of_sources(DispensingIssue)

ADDRESS, ABSENT = Dispensing.address(), "absent"
GIVEN = {s.name: t for s in sources().values() if (t := s.transform(Dispensing.name)) is not None}


@reads(*sorted({address for transform in GIVEN.values() for address in reads_of(transform)}))
def dispensing(platform: Platform, inputs: Mapping[str, str]) -> Written:
    """Bring what each source tells up to date: the flows that are new or changed, else all of the source.

    The last commit alone says what the table was made from, so that a run that is cut off is done again.
    """
    lake = platform.lake
    before = lake.inputs_of(ADDRESS)
    lake.create(Dispensing)
    try:
        for name, transform in GIVEN.items():
            if any((before or {}).get(a, ABSENT) != inputs[a] for a in reads_of(transform)):
                _update(lake, name, transform, before)
    finally:
        release()
    return lake.commit_files(Dispensing, [], inputs, replacing={})


dispensing.writes = True  # type: ignore[attr-defined]
dispensing.fed_by = tuple(GIVEN)  # type: ignore[attr-defined]


def _update(lake: Lake, name: str, transform: Transform, before: Mapping[str, str] | None) -> None:
    """Put what a source tells now in place of what it told."""
    if not getattr(transform, "by_flow", False):
        lake.replace_partitions(Dispensing, conformed(transform(lake), Dispensing), {}, {"source": [name]})
        return
    added, dates = transform(lake, before)
    if dates is not None:
        tell(f"{ADDRESS}: {len(dates)} flows of {name} are new or changed")
    of_flows = {} if dates is None else {"flow_date": [date.isoformat() for date in dates]}
    if dates is None or dates:
        lake.commit_files(Dispensing, added, {}, replacing={"source": [name], **of_flows})


def lines_with_issues(lake: Tables) -> dict[str, int]:
    """Lines by fault, for the asset's page."""
    rows = lake["silver.dispensing_issue"].groupBy("issue").agg(F.sum("n_lines").alias("n")).collect()
    return {f"lines: {r['issue']}": int(r["n"]) for r in sorted(rows, key=lambda r: str(r["issue"]))}


dispensing_issue.measure = lines_with_issues  # type: ignore[attr-defined]
