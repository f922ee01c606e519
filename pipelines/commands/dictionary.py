"""The data dictionary: what every table and column means, in the terminal and as a page, from the table classes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core.axis import seen_from
from pipelines.core.catalog import tables
from pipelines.core.code import ROOT
from pipelines.lake.query import QueryError

if TYPE_CHECKING:
    from pipelines.core.table import Column, Table

PAGE = ROOT / "infra" / "docs" / "dictionary.md"


def show(name: str | None) -> None:
    """Print all tables, or one. Raises `QueryError` for a name that is none, with the nearest ones."""
    from rich.console import Console
    from rich.markdown import Markdown

    known = tables()
    console = Console()
    if name is None:
        console.print(_listing(known))
        return
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        raise QueryError(f"there is no table {name}; " + (f"near names: {', '.join(near)}" if near else "see them all"))
    table = known[name]
    console.print(f"[bold]{name}[/bold]  key: {', '.join(table.key)}  owner: {table.owner}")
    console.print(Markdown(f"{table.description()}\n\n{seen_from(table.axis)}"))
    console.print(_columns(table))


def _listing(known: Mapping[str, type[Table]]) -> object:
    from rich.table import Table as RichTable

    grid = RichTable("Table", "Columns", "One row is", show_edge=False, header_style="bold")
    for address, table in known.items():
        grid.add_row(address, str(len(table.columns)), table.summary())
    return grid


def _columns(table: type[Table]) -> object:
    from rich.table import Table as RichTable

    grid = RichTable("Column", "Type", "Meaning", "Rules", "Sensitivity", show_edge=False, header_style="bold")
    for name, column in table.columns.items():
        grid.add_row(name, column.type, meaning(column), rules(column), column.sensitivity)
    return grid


def meaning(column: Column) -> str:
    """Meaning of a column, with its unit."""
    return column.meaning + (f" ({column.unit})" if column.unit else "")


def rules(column: Column) -> str:
    """Rules of a column in words."""
    said = ["required"] if column.required else []
    if column.codes:
        said.append("one of " + ", ".join(column.codes))
    if column.minimum is not None:
        said.append(f"at least {column.minimum:g}")
    if column.maximum is not None:
        said.append(f"at most {column.maximum:g}")
    if column.pattern:
        said.append(f"matches {column.pattern}")
    if column.references:
        said.append(f"key of {column.references}")
    if column.pseudonymised:
        said.append("replaced by a pseudonym on entry")
    if column.mostly < 1:
        said.append(f"in {column.mostly:.0%} of rows")
    return "; ".join(said)


def markdown(known: Mapping[str, type[Table]]) -> str:
    """The whole dictionary as one Markdown page."""
    lines = ["# Data dictionary", "", "Made from the table classes by `make docs`; do not edit.", ""]
    layer = ""
    for address, table in known.items():
        if table.layer != layer:
            layer = table.layer
            lines += [f"## {layer}", ""]
        lines += [f"### {address}", "", table.description(), ""]
        lines += [f"Key: {', '.join(table.key)}. Owner: {table.owner}. {seen_from(table.axis)}", ""]
        lines += ["| column | type | meaning | rules | sensitivity |", "|---|---|---|---|---|"]
        lines += [
            f"| {name} | {c.type} | {_escaped(meaning(c))} | {_escaped(rules(c))} | {c.sensitivity} |"
            for name, c in table.columns.items()
        ]
        lines.append("")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def write_page(path: Path = PAGE) -> None:
    """Write the dictionary page of the documentation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(markdown(tables()), encoding="utf-8")


if __name__ == "__main__":
    write_page()
