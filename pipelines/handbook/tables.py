"""A page a table: what one row is, columns, lineage, rules, a query to begin with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipelines.commands.dictionary import meaning, rules
from pipelines.core.across import Across
from pipelines.core.axis import seen_from
from pipelines.core.catalog import SourceFolder
from pipelines.core.step import Step
from pipelines.core.table import BronzeTable, Table
from pipelines.handbook.example import example
from pipelines.handbook.text import grid, link, source_page, table_page, to_table

LAYERS = {
    "bronze": "As sent: every row of every file, all texts, or quarantined with its reason",
    "ops": "What people wrote in the workbench, as it stood at the last run",
    "silver": "One language: what the sources told, united, coded and versioned",
    "gold": "For readers: counts, scores, rates, exposure",
    "evaluation": "What is true, what each method would have raised, and what that was worth",
}


def pages(
    tables: Mapping[str, type[Table]],
    steps: Mapping[str, Step],
    across: tuple[Across, ...],
    sources: Mapping[str, SourceFolder],
) -> Iterator[tuple[str, str]]:
    """Path and Markdown of the page of each table, and of their list."""
    yield "reference/tables/index.md", _listing(tables)
    for address, table in tables.items():
        here = table_page(address)
        lines = [f"# {address}", "", table.description(), ""]
        lines += ['!!! info "On a past date"', f"    {seen_from(table.axis)}", ""]
        lines += [f"Key: {', '.join(f'`{k}`' for k in table.key)}. Owner: {table.owner}.", ""]
        lines += ["## To begin with", "", "```sql", example(table), "```", ""]
        lines += [*_columns(table), "", *_lineage(table, here, steps, sources), "", *_rules(table, across), ""]
        yield here, "\n".join(lines)


def _listing(tables: Mapping[str, type[Table]]) -> str:
    here = "reference/tables/index.md"
    lines = ["# Tables", "", "`gerland tables` prints the same in a terminal.", ""]
    for layer, says in LAYERS.items():
        own = [t for t in tables.values() if t.layer == layer]
        rows = [(to_table(t.address(), here), len(t.columns), t.summary()) for t in own]
        lines += [
            f"## {layer}",
            "",
            f"{says}. {len(own)} tables.",
            "",
            *grid(("Table", "Columns", "One row is"), rows),
            "",
        ]
    return "\n".join(lines)


def _columns(table: type[Table]) -> list[str]:
    rows = [(f"`{n}`", c.type, meaning(c), rules(c), c.sensitivity) for n, c in table.columns.items()]
    listed = grid(("Column", "Type", "Meaning", "Rules", "Sensitivity"), rows)
    lines = ["## Columns", "", '<div class="columns" markdown>', "", *listed, "", "</div>"]
    for name, column in table.columns.items():
        if column.codes:
            lines += ["", f"### Values of `{name}`", "", *grid(("Value", "Means"), column.codes.items())]
    return lines


def _lineage(
    table: type[Table], here: str, steps: Mapping[str, Step], sources: Mapping[str, SourceFolder]
) -> list[str]:
    address = table.address()
    lines = ["## Where it comes from, where it goes", ""]
    if issubclass(table, BronzeTable):
        lines += [f"Read from files of {link(table.source, source_page(table.source), here)}: `{table.files.pattern}`."]
    elif address in steps:
        lines += _made(steps[address], here)
    else:
        lines += ["Written by the platform itself."]
    readers = [other for other, step in steps.items() if address in step.reads and other != address]
    told = ", ".join(to_table(r, here) for r in readers)
    return [*lines, "", f"Read by: {told}." if told else "Read by people only: no step reads it."]


def _made(step: Step, here: str) -> list[str]:
    lines = []
    if step.feeds:
        rows = [
            (link(name, source_page(name), here), ", ".join(to_table(a, here) for a in one.reads))
            for name, one in step.feeds.items()
        ]
        lines += ["United of what these sources give:", "", *grid(("Source", "From"), rows)]
    others = [a for a in step.reads if a not in {b for one in (step.feeds or {}).values() for b in one.reads}]
    if others:
        lines += ["", f"Made from: {', '.join(to_table(a, here) for a in others)}."]
    code = dict.fromkeys([step.table.__module__.rsplit(".", 1)[0]])
    lines += ["", f"Code: {', '.join(f'`{m}`' for m in code)}."]
    if step.settings:
        lines += ["", f"Settings that it depends on: {', '.join(f'`GERLAND_{s.upper()}`' for s in step.settings)}."]
    return lines


def _rules(table: type[Table], across: tuple[Across, ...]) -> list[str]:
    key = ", ".join(f"`{k}`" for k in table.key)
    rows = [("key", f"{key}: no two rows share it" if table.has_unique_key else f"{key}: rows may share it", "")]
    own = [
        (f"`{r.name}`", f"{r.says or r.name} ({r.severity})", r.advice) for r in across if r.table == table.address()
    ]
    lines = [
        "## Rules",
        "",
        "Those of single columns stand with the columns. All are asked before rows are published, and of what stands.",
        "",
    ]
    return [*lines, *grid(("Rule", "Says", "Where it is broken"), rows + own)]
