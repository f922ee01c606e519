"""Run a table's suite with Great Expectations, on Spark or in memory; tell counts, never values."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from expectations.compile import Rule, context, planned, suite
from pipelines.core.table import Table

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

COUNTS_ONLY = {"result_format": "SUMMARY", "partial_unexpected_count": 0}
QUICK = {"result_format": "BOOLEAN_ONLY"}
ONE = threading.Lock()  # Great Expectations has one context a process


@dataclass(frozen=True)
class Outcome:
    """What a rule found: `n_unexpected` of `n_rows` break it. `success` is None where it does not apply, with why."""

    rule: Rule
    success: bool | None
    n_rows: int
    n_unexpected: int
    detail: str = ""

    @property
    def percent(self) -> float:
        """Share of rows that break the rule, in percent."""
        return 100 * self.n_unexpected / self.n_rows if self.n_rows else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self.rule), "success": self.success, "n_rows": self.n_rows} | {
            "n_unexpected": self.n_unexpected,
            "detail": self.detail,
        }

    @classmethod
    def of_dict(cls, data: dict[str, Any]) -> Outcome:
        """Read back what `as_dict` gave."""
        own = ("success", "n_rows", "n_unexpected", "detail")
        return cls(Rule(**{k: v for k, v in data.items() if k not in own}), *(data[k] for k in own))


def validate(frame: DataFrame, table: type[Table]) -> list[Outcome]:
    """Check every planned rule of a table on a Spark frame; one outcome per rule, in the order of `planned`.

    All rules are first asked for a yes or no, which is cheap; only those that fail are asked for their counts. An
    empty frame makes every rule but the columns' not applicable. Works through classic Spark sessions.
    """
    held = frame.persist()
    try:
        return _outcomes(held, held.count(), table)
    finally:
        held.unpersist()


def validate_small(rows: pa.Table, table: type[Table]) -> list[Outcome]:
    """Check the same rules on rows that are in memory: for tables not worth an engine."""
    return _outcomes(rows.to_pandas(date_as_object=True), rows.num_rows, table)


def _outcomes(held: Any, n_rows: int, table: type[Table]) -> list[Outcome]:
    if n_rows == 0:
        return [_of_empty(rule, held, table) for rule in planned(table)]
    asked = {r.expectation_config.meta["rule"]: bool(r.success) for r in _run(held, table, QUICK)}
    failed = {name for name, success in asked.items() if not success}
    partly = {rule.name for rule in planned(table) if rule.threshold < 1}
    counts = _counts(held, table, failed | partly) if failed | partly else {}
    return [Outcome(rule, asked[rule.name], n_rows, *counts.get(rule.name, (0, ""))) for rule in planned(table)]


def _of_empty(rule: Rule, frame: Any, table: type[Table]) -> Outcome:
    if rule.kind == "columns":
        return Outcome(rule, list(frame.columns) == list(table.columns), 0, 0)
    return Outcome(rule, None, 0, 0, "the table is empty")


def _counts(frame: Any, table: type[Table], names: set[str]) -> dict[str, tuple[int, str]]:
    counted = {}
    for result in _run(frame, table, COUNTS_ONLY, names):
        name = result.expectation_config.meta["rule"]
        raised = (result.exception_info or {}).get("raised_exception")
        detail = "the rule could not be evaluated" if raised else ""
        counted[name] = (int((result.result or {}).get("unexpected_count") or 0), detail)
    return counted


def _run(frame: Any, table: type[Table], form: dict[str, Any], names: set[str] | None = None) -> list[Any]:
    import pandas as pd

    with ONE:
        chosen = suite(table)
        if names is not None:
            chosen.expectations = [e for e in chosen.expectations if (e.meta or {})["rule"] in names]
        batch = (_in_memory() if isinstance(frame, pd.DataFrame) else _of_engine()).get_batch({"dataframe": frame})
        return list(batch.validate(chosen, result_format=form).results)


@cache
def _in_memory() -> Any:
    """How frames in memory are handed over: said once, since to say it writes down all that was said before."""
    source = context().data_sources.add_or_update_pandas(name="memory")
    return source.add_dataframe_asset(name="table").add_batch_definition_whole_dataframe("whole")


def _of_engine() -> Any:
    """How frames of the engine are: said anew each time, since it holds to the session that it finds."""
    source = context().data_sources.add_or_update_spark(name="lake", persist=False)
    return source.add_dataframe_asset(name="table").add_batch_definition_whole_dataframe("whole")
