"""Markdown: tables, links between pages, names of tables that become links."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Sequence
from itertools import cycle

FENCE = re.compile(r"^\s*(```|~~~)")
NAMED_TABLE = re.compile(r"(?<!\[)`((?:bronze|silver|gold|evaluation)\.\w+)`(?!\])")


def grid(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines of a Markdown table."""
    lines = [f"| {' | '.join(headers)} |", f"|{'---|' * len(headers)}"]
    return [*lines, *(f"| {' | '.join(_cell(value) for value in row)} |" for row in rows)]


def _cell(value: object) -> str:
    """Text of a cell: a bar is escaped but in code, where it stands as it is."""
    parts = " ".join(str(value).split()).split("`")
    return "`".join(part if is_code else part.replace("|", "\\|") for part, is_code in zip(parts, cycle((0, 1))))


def table_page(address: str) -> str:
    """Page of a table."""
    return f"reference/tables/{address}.md"


def source_page(name: str) -> str:
    """Page of a source."""
    return f"reference/sources/{name}.md"


def method_page(name: str) -> str:
    """Page of a pairwise method."""
    return f"reference/methods/{name}.md"


def command_page(name: str) -> str:
    """Page of a command."""
    return f"reference/commands/{name}.md"


def link(text: str, page: str, here: str) -> str:
    """Link to a page from another."""
    return f"[{text}]({posixpath.relpath(page, posixpath.dirname(here))})"


def to_table(address: str, here: str) -> str:
    """Link to a table's page."""
    return link(f"`{address}`", table_page(address), here)


def with_links(markdown: str, here: str, tables: Collection[str]) -> str:
    """Make each name of a table a link to its page, but in headings, in code and on that page itself."""

    def linked(found: re.Match[str]) -> str:
        address = found.group(1)
        return to_table(address, here) if address in tables and table_page(address) != here else found.group(0)

    lines, is_code = [], False
    for line in markdown.splitlines():
        if FENCE.match(line):
            is_code = not is_code
        lines.append(line if is_code or line.startswith("#") else NAMED_TABLE.sub(linked, line))
    return "\n".join(lines) + "\n"
