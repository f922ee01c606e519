"""Dispensed lines of all sources, united; flow by flow where the source comes so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.catalog import sources
from pipelines.core.log import log
from pipelines.core.step import AnyFeed, FlowFeed, reads_of, writing_step
from pipelines.defs.silver.dispensing.tables import Dispensing, DispensingIssue, Insured, LongTermIllness
from pipelines.frames.cache import release
from pipelines.frames.conform import conformed
from pipelines.frames.union import union_of_sources

if TYPE_CHECKING:
    from pipelines.frames.conform import Tables
    from pipelines.lake.commit import Written
    from pipelines.lake.lake import Lake
    from pipelines.lake.platform import Platform

insured = union_of_sources(Insured)
long_term_illness = union_of_sources(LongTermIllness)

ADDRESS, ABSENT = Dispensing.address(), "absent"
FEEDS = {source.name: one for source in sources().values() if (one := source.feed(Dispensing))}


@writing_step(Dispensing, *reads_of(FEEDS.values()), feeds=FEEDS)
def dispensing(platform: Platform, inputs: Mapping[str, str]) -> Written:
    """Bring what each source tells up to date: the flows that are new or changed, else all of the source.

    The last commit alone says what the table was made from, so that a run that is cut off is done again.
    """
    lake = platform.lake
    stood = lake.version(ADDRESS)
    before = lake.written_from(ADDRESS, inputs)
    lake.create(Dispensing)
    try:
        for name, one in FEEDS.items():
            if any((before or {}).get(a, ABSENT) != inputs[a] for a in one.reads):
                _update(lake, name, one, before)
    finally:
        release()
    done = lake.commit_files(Dispensing, [], inputs, replacing={})
    return replace(done, changed=lake.version(ADDRESS) != stood)


def _update(lake: Lake, name: str, one: AnyFeed, before: Mapping[str, str] | None) -> None:
    """Put what a source tells now in place of what it told."""
    if not isinstance(one, FlowFeed):
        lake.replace_partitions(Dispensing, conformed(one(lake), Dispensing), {}, {"source": [name]})
        return
    added, dates = one(lake, before)
    if dates is not None:
        log(f"{ADDRESS}: {len(dates)} flows of {name} are new or changed")
    of_flows = {} if dates is None else {"flow_date": [date.isoformat() for date in dates]}
    if dates is None or dates:
        lake.commit_files(Dispensing, added, {}, replacing={"source": [name], **of_flows})


def lines_with_issues(lake: Tables) -> dict[str, int]:
    """Lines by fault, for the asset's page."""
    rows = lake["silver.dispensing_issue"].groupBy("issue").agg(F.sum("n_lines").alias("n")).collect()
    return {f"lines: {r['issue']}": int(r["n"]) for r in sorted(rows, key=lambda r: str(r["issue"]))}


dispensing_issue = union_of_sources(DispensingIssue, measure=lines_with_issues)
