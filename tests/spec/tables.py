"""Examples in Markdown: the comment `spec: NAME` names what is asked, the tables behind it what is given and expected.

In one table, columns that begin with an arrow are expected, row by row. Of several tables, each has its name in a line
above; the one whose name begins with an arrow holds all rows that are expected, in their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ARROW = "→ "
MARK = re.compile(r"<!-- spec: (\w+) -->")
NAME = re.compile(r"\*(.+):\*")
Row = dict[str, str | None]


@dataclass
class Example:
    """One example: the page and heading that it stands under, what is asked, its tables by name."""

    page: str
    heading: str
    asks: str
    tables: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def given(self) -> dict[str, list[Row]]:
        """Tables without what is expected."""
        kept = {name: rows for name, rows in self.tables.items() if not name.startswith(ARROW)}
        return {n: [{c: v for c, v in r.items() if not c.startswith(ARROW)} for r in rows] for n, rows in kept.items()}

    @property
    def expected(self) -> list[Row]:
        """Rows that are expected."""
        for name, rows in self.tables.items():
            if name.startswith(ARROW):
                return rows
        (rows,) = self.tables.values()
        return [{c.removeprefix(ARROW): v for c, v in row.items() if c.startswith(ARROW)} for row in rows]


def examples(page: Path) -> Iterator[Example]:
    """Examples of a page."""
    heading, name, header, found = "", "", [], None
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            if found:
                yield found
            heading, found = line.lstrip("# "), None
        elif mark := MARK.match(line):
            if found:
                yield found
            found, name, header = Example(page.stem, heading, mark[1]), "", []
        elif named := NAME.fullmatch(line):
            name, header = named[1].split(",")[0], []
        elif found and line.startswith("|"):
            cells = [cell.strip() or None for cell in line.strip("|").split("|")]
            if not header:
                header = [cell or "" for cell in cells]
                found.tables[name] = []
            elif set(line) != {"|", "-"}:
                assert len(cells) == len(header), line
                found.tables[name].append(dict(zip(header, cells, strict=True)))
    if found:
        yield found
