"""From a table class to its rules, and from the rules to a Great Expectations suite.

Belongs here: which rules follow from a declaration. Does not: running them (`run`). Great Expectations is imported in
functions: planning must be light, for the Dagster code location and the dictionary read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.core.table import Column, Table

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

CRITICAL, WARNING = "critical", "warning"
ADVICE = {
    "columns": "The table was written by other code than this: run the step again.",
    "required": "Look in bronze for the rows without a value; repair the source's conform step, or relax the column.",
    "codes": "An unknown code came in: add it to the code list as standard or repaired, or refuse it at reading.",
    "range": "Look for a unit or a decimal mark read wrongly; repair the conform step, or set the value to null there.",
    "pattern": "Look at how the source writes the value now; repair the conform step.",
    "key": "Two rows share the key: look for a delivery that repeats records, or for a join that multiplies rows.",
}


@dataclass(frozen=True)
class Rule:
    """One rule of a table: what it looks at, how grave a breach is, and how to mend it."""

    name: str
    table: str
    column: str | None
    kind: str
    severity: str
    threshold: float
    advice: str


def planned(table: type[Table]) -> list[Rule]:
    """Rules that follow from a table's declaration, in the order of its columns, the key last."""
    rules = [_rule(table, "columns_as_declared", None, "columns", 1.0)]
    for name, column in table.columns.items():
        if column.required:
            rules.append(_rule(table, f"{name}_is_given", name, "required", 1.0))
        if column.codes and column.type == "string":
            rules.append(_rule(table, f"{name}_is_a_known_code", name, "codes", column.mostly))
        if column.minimum is not None or column.maximum is not None:
            rules.append(_rule(table, f"{name}_is_in_range", name, "range", column.mostly))
        if column.pattern:
            rules.append(_rule(table, f"{name}_matches_pattern", name, "pattern", column.mostly))
    rules.append(_rule(table, "key_is_unique", None, "key", 1.0))
    return rules


def _rule(table: type[Table], name: str, column: str | None, kind: str, threshold: float) -> Rule:
    severity = CRITICAL if threshold == 1.0 else WARNING
    return Rule(name, table.address(), column, kind, severity, threshold, ADVICE[kind])


def suite(table: type[Table]) -> ExpectationSuite:
    """Great Expectations suite of a table: one expectation per planned rule, named in its `meta`."""
    import great_expectations as gx

    made = gx.ExpectationSuite(name=table.address())
    for rule in planned(table):
        made.add_expectation(_expectation(table, rule))
    return made


def _expectation(table: type[Table], rule: Rule) -> Any:
    import great_expectations.expectations as gxe

    shared: dict[str, Any] = {"severity": rule.severity, "meta": {"rule": rule.name, "advice": rule.advice}}
    if rule.kind == "columns":
        return gxe.ExpectTableColumnsToMatchOrderedList(column_list=list(table.columns), **shared)
    if rule.kind == "key":
        if len(table.key) == 1:
            return gxe.ExpectColumnValuesToBeUnique(column=table.key[0], **shared)
        return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(table.key), **shared)
    column: Column = table.columns[str(rule.column)]
    shared |= {"column": rule.column, "mostly": rule.threshold}
    if rule.kind == "required":
        return gxe.ExpectColumnValuesToNotBeNull(**shared)
    if rule.kind == "codes":
        return gxe.ExpectColumnValuesToBeInSet(value_set=list(column.codes or ()), **shared)
    if rule.kind == "range":
        return gxe.ExpectColumnValuesToBeBetween(min_value=column.minimum, max_value=column.maximum, **shared)
    return gxe.ExpectColumnValuesToMatchRegex(regex=str(column.pattern), **shared)
