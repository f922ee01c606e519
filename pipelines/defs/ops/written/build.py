"""Rows of the store as they stand in the lake."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.core.step import WritingStep, writing_step
from pipelines.core.table import Table
from pipelines.defs.ops.written import store
from pipelines.defs.ops.written.tables import Audit, Decision, LinkVerdict, Reading, SavedQuery
from pipelines.lake.few import replaced

if TYPE_CHECKING:
    from pipelines.lake.commit import Written
    from pipelines.lake.platform import Platform

Row = dict[str, Any]
SAID = ("who", "text", "verdict", "reason")


def _copied(table: type[Table], held: str, make: Callable[[list[Row]], list[Row]], *changes: str) -> WritingStep:
    """The step that copies rows of `held`, made into rows of `table`; `changes` are columns that tell of new ones."""

    @writing_step(table, also={"workbench": lambda platform: store.state(platform.settings.workbench, *changes)})
    def copy(platform: Platform, inputs: Mapping[str, str]) -> Written:
        made = make(store.rows(platform.settings.workbench, held))
        frame = pl.from_arrow(table.arrow_schema().empty_table())
        assert isinstance(frame, pl.DataFrame)
        return replaced(platform.lake, table, pl.DataFrame(made, schema=frame.schema), inputs)

    return copy


def decisions(rows: list[Row]) -> list[Row]:
    """Decisions, each with the day on which the one that supersedes it was written."""
    after = {row["supersedes"]: _day(row["at"]) for row in rows if row["supersedes"] is not None}
    return [
        {
            **_same(row, "population", "substance_key", "term_key", "stage", "snapshot", *SAID),
            **_same(json.loads(row["snapshot"]), "substance_name", "term_name"),
            "decision_id": row["id"],
            "domain": row["population"].partition(":")[0],
            "decided_at": _moment(row["at"]),
            "decided_on": _day(row["at"]),
            "superseded_on": after.get(row["id"]),
            "is_standing": row["id"] not in after,
            "due": dt.date.fromisoformat(row["due"]) if row["due"] else None,
            "audit_row": row["audit_seq"],
        }
        for row in rows
    ]


def readings(rows: list[Row]) -> list[Row]:
    """What second readers said."""
    return [
        {
            **_same(row, "decision_id", "who", "text"),
            "reading_id": row["id"],
            "read_at": _moment(row["at"]),
            "read_on": _day(row["at"]),
            "agrees": bool(row["agrees"]),
            "audit_row": row["audit_seq"],
        }
        for row in rows
    ]


def verdicts(rows: list[Row]) -> list[Row]:
    """What was said of linked cases."""
    return [
        {
            **_same(row, "report_key", "other_report_key", "domain", *SAID),
            "verdict_id": row["id"],
            "said_at": _moment(row["at"]),
            "said_on": _day(row["at"]),
            "audit_row": row["audit_seq"],
        }
        for row in rows
    ]


def saved_queries(rows: list[Row]) -> list[Row]:
    """Addresses that are kept, or were."""
    return [
        {
            **_same(row, "who", "agencies", "title", "place"),
            "query_id": row["id"],
            "kept_on": _day(row["at"]),
            "ended_on": _day(row["ended"]) if row["ended"] else None,
            "is_kept": row["ended"] is None,
            "is_shared": bool(row["is_shared"]),
            "audit_row": row["audit_seq"],
        }
        for row in rows
    ]


def audit_rows(rows: list[Row]) -> list[Row]:
    """The audit without the text of its queries."""
    return [
        {
            **_same(row, "who", "role", "agencies", "purpose", "act", "object", "result", "hash"),
            "audit_row": row["seq"],
            "written_at": _moment(row["at"]),
            "written_on": _day(row["at"]),
            "versions_read": row["versions"],
        }
        for row in rows
    ]


decision = _copied(Decision, "decision", decisions, "decision.id")
reading = _copied(Reading, "reading", readings, "reading.id")
link_verdict = _copied(LinkVerdict, "link_verdict", verdicts, "link_verdict.id")
saved_query = _copied(SavedQuery, "watch", saved_queries, "watch.id", "watch.ended")
audit = _copied(Audit, "audit", audit_rows, "audit.seq")


def _same(row: Mapping[str, Any], *names: str) -> Row:
    return {name: row.get(name) for name in names}


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _day(text: str) -> dt.date:
    return _moment(text).date()
