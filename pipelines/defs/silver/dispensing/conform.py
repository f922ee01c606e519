"""Dispensed lines of all sources, united; flow by flow where the source comes so."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from pipelines.core.catalog import sources
from pipelines.core.conform import conformed, reads, reads_of
from pipelines.core.flow import Touched, touched
from pipelines.core.kept import release
from pipelines.core.run import tell
from pipelines.core.silver import union_of_sources
from pipelines.defs.silver.dispensing.tables import Dispensing, DispensingIssue, Insured, LongTermIllness

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables
    from pipelines.core.lake import Lake, Written
    from pipelines.core.run import Platform

insured = union_of_sources(Insured)
long_term_illness = union_of_sources(LongTermIllness)
dispensing_issue = union_of_sources(DispensingIssue)

ADDRESS = Dispensing.address()
GIVEN = {s.name: t for s in sources().values() if (t := s.transform(Dispensing.name)) is not None}


@reads(*sorted({address for transform in GIVEN.values() for address in reads_of(transform)}))
def dispensing(platform: Platform, inputs: Mapping[str, str]) -> Written:
    """Make again the flows that new deliveries touch; all of them at first, and where more than that changed."""
    lake = platform.lake
    before = lake.inputs_of(ADDRESS)
    dates = {name: _new_flows(lake, t, before, inputs) for name, t in GIVEN.items()} if before else {}
    try:
        if not dates or any(d is None for d in dates.values()):
            return lake.replace(Dispensing, _united({name: t(lake) for name, t in GIVEN.items()}), inputs)
        frames = {n: GIVEN[n](Touched(lake, _flow(GIVEN[n]), d)) for n, d in dates.items() if d}
        tell(f"{ADDRESS}: {sum(map(len, dates.values()))} flows are new or changed")
        if not frames:
            return lake.commit_files(Dispensing, [], inputs, replacing={})
        flows = sorted({date.isoformat() for d in dates.values() for date in d or ()})
        return lake.replace_partitions(
            Dispensing, _united(frames), inputs, {"source": sorted(frames), "flow_date": flows}
        )
    finally:
        release()


dispensing.writes = True  # type: ignore[attr-defined]


def _united(frames: Mapping[str, DataFrame]) -> DataFrame:
    return reduce(lambda a, b: a.unionByName(b), [conformed(f, Dispensing) for f in frames.values()])


def _new_flows(lake: Lake, transform: Any, before: Mapping[str, str], inputs: Mapping[str, str]) -> Any:
    """Dates of the flows to be made again; None for all, as where the source does not come by flow and has changed."""
    if all(before.get(address) == inputs[address] for address in reads_of(transform)):
        return []
    return touched(lake, _flow(transform), before) if _flow(transform) else None


def _flow(transform: Any) -> Any:
    """Return how a source says to which flow a row belongs; None where it does not come so."""
    return getattr(transform, "flow", None)


def lines_with_issues(lake: Tables) -> dict[str, int]:
    """Lines by fault, for the asset's page."""
    rows = lake["silver.dispensing_issue"].groupBy("issue").agg(F.sum("n_lines").alias("n")).collect()
    return {f"lines: {r['issue']}": int(r["n"]) for r in sorted(rows, key=lambda r: str(r["issue"]))}


dispensing_issue.measure = lines_with_issues  # type: ignore[attr-defined]
