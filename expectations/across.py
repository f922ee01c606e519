"""Ask the rules across tables: what no single table can say of itself."""

from __future__ import annotations

from expectations.compile import Rule
from expectations.run import Outcome
from pipelines.core.across import Across
from pipelines.frames.conform import Tables
from pipelines.lake.lake import Lake
from pipelines.lake.query import query

SMALL = 1_000_000  # rows of all tables of a rule that are compared without the engine


def rule_of(across: Across) -> Rule:
    """The rule as single-table rules are told."""
    says = across.says or across.name.replace("_", " ")
    return Rule(across.name, across.table, None, "across", across.severity, 1.0, across.advice, says)


def check(across: Across, tables: Tables) -> Outcome:
    """Count the rows that break a rule; it does not apply to an empty table."""
    rule = rule_of(across)
    if isinstance(tables, Lake) and across.sql and sum(map(tables.n_rows, (across.table, *across.reads))) <= SMALL:
        n_rows, n_broken = _without_engine(across, tables)
    else:
        n_rows = tables[across.table].count()
        n_broken = across.broken(tables).count() if n_rows else 0
    if n_rows == 0:
        return Outcome(rule, None, 0, 0, "the table is empty")
    return Outcome(rule, n_broken == 0, n_rows, n_broken)


def _without_engine(across: Across, lake: Lake) -> tuple[int, int]:
    """Rows of the table, and those of them that break the rule."""
    if not lake.n_rows(across.table):
        return 0, 0
    as_of = str(lake.as_of) if lake.as_of else None
    sql = f"SELECT (SELECT count(*) FROM {across.table}) AS n, (SELECT count(*) FROM ({across.sql})) AS broken"
    (row,) = query(lake.root, sql, as_of).to_pylist()
    return row["n"], row["broken"]
