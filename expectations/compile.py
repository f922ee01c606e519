"""From a table class to its rules, and from the rules to a Great Expectations suite.

Belongs here: which rules follow from a declaration. Does not: running them (`run`). Great Expectations is imported in
functions: planning must be light, for the Dagster code location and the dictionary read it.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pipelines.core.across import CRITICAL, WARNING
from pipelines.core.rules import CODES, GIVEN, KEY, PATTERN, RANGE
from pipelines.core.table import Column, Table

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

CODES_SAID = 8
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
    """One rule of a table: what it looks at, what it says with its bounds, how grave a breach is, how to mend it."""

    name: str
    table: str
    column: str | None
    kind: str
    severity: str
    threshold: float
    advice: str
    says: str = ""  # what must be true, with its bounds, as a person reads it


def planned(table: type[Table]) -> list[Rule]:
    """Rules that follow from a table's declaration, in the order of its columns, the key last."""
    rules = [_rule(table, "columns_as_declared", None, "columns", 1.0)]
    for name, column in table.columns.items():
        if column.required:
            rules.append(_rule(table, GIVEN.format(name), name, "required", 1.0))
        if column.codes and column.type == "string":
            rules.append(_rule(table, CODES.format(name), name, "codes", column.mostly))
        if column.minimum is not None or column.maximum is not None:
            rules.append(_rule(table, RANGE.format(name), name, "range", column.mostly))
        if column.pattern:
            rules.append(_rule(table, PATTERN.format(name), name, "pattern", column.mostly))
    rules.append(_rule(table, KEY, None, "key", 1.0))
    return rules


def _rule(table: type[Table], name: str, column: str | None, kind: str, threshold: float) -> Rule:
    severity = CRITICAL if threshold == 1.0 else WARNING
    says = _says(table, column, kind, threshold)
    return Rule(name, table.address(), column, kind, severity, threshold, ADVICE[kind], says)


def _says(table: type[Table], name: str | None, kind: str, threshold: float) -> str:
    """Say what must be true, with its bounds and in how many of the rows."""
    if kind == "columns":
        return f"has its {len(table.columns)} declared columns and no other"
    if kind == "key":
        return f"{', '.join(table.key)}: no two rows have the same"
    column = table.columns[str(name)]
    rows = "every row" if threshold == 1.0 else f"{round(100 * threshold, 6):g} % of rows"
    if kind == "required":
        return f"{name}: given in {rows}"
    if kind == "codes":
        codes = list(column.codes or ())
        more = f" … ({len(codes)} codes)" if len(codes) > CODES_SAID else ""
        return f"{name}: one of {', '.join(codes[:CODES_SAID])}{more} in {rows}, where given"
    if kind == "pattern":
        return f"{name}: written as {column.pattern} in {rows}, where given"
    unit = f" {column.unit}" if column.unit else ""
    if column.minimum is None:
        bounds = f"at most {column.maximum:g}"
    elif column.maximum is None:
        bounds = f"at least {column.minimum:g}"
    else:
        bounds = f"between {column.minimum:g} and {column.maximum:g}"
    return f"{name}: {bounds}{unit} in {rows}, where given"


def suite(table: type[Table]) -> ExpectationSuite:
    """Great Expectations suite of a table: one expectation per planned rule, named in its `meta`."""
    import great_expectations as gx

    context()
    # To add them one by one compares each with all before it.
    return gx.ExpectationSuite(name=table.address(), expectations=[_expectation(table, r) for r in planned(table)])


def _expectation(table: type[Table], rule: Rule) -> Any:
    import great_expectations.expectations as gxe

    shared: dict[str, Any] = {"severity": rule.severity, "meta": {"rule": rule.name, "advice": rule.advice}}
    if rule.kind == "columns":
        # A set: a column that came later stands last in a table that stood before.
        return gxe.ExpectTableColumnsToMatchSet(column_set=list(table.columns), exact_match=True, **shared)
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


@cache
def context() -> Any:
    """Great Expectations without a project folder or a progress bar; suites can be made once it is there."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    made = gx.get_context(mode="ephemeral")
    made.variables.progress_bars = ProgressBarsConfig(globally=False)
    return made
