"""A query to begin with, for each table: the one that its class gives, else one compiled from what the class says."""

from __future__ import annotations

import inspect

from pipelines.core.table import BronzeTable, Table

SHOWN = 6  # columns
LIMIT = "LIMIT 20"


def example(table: type[Table]) -> str:
    """SQL that `gerland sql` answers, its first line a comment that says what it shows.

    What a class inherits is about its base: it is not taken.
    """
    own = vars(table).get("example", "")
    return inspect.cleandoc(own) if own else _compiled(table)


def _compiled(table: type[Table]) -> str:
    address, axis = table.address(), table.axis
    if issubclass(table, BronzeTable):
        return "\n".join(
            [
                "-- what each file told, the newest first",
                "SELECT known_date, file, count(*) AS n_rows",
                f"FROM {address}",
                "GROUP BY ALL",
                "ORDER BY known_date DESC, file",
                LIMIT,
            ]
        )
    columns = list(dict.fromkeys([*table.key, *table.columns]))[: max(SHOWN, len(table.key))]
    title, where = "the first rows", []
    if axis.flag or "is_current" in table.columns:
        title, where = "what stands today", [f"WHERE {axis.flag or 'is_current'}"]
    elif "is_latest" in table.columns:
        title, where = "the last month end", ["WHERE is_latest"]
    elif axis.kind == "flows":
        title, where = "what became known in the last year", [f"WHERE {axis.start} >= current_date - INTERVAL 1 YEAR"]
    selected = [f"-- {title}", f"SELECT {', '.join(columns)}", f"FROM {address}"]
    return "\n".join([*selected, *where, f"ORDER BY {', '.join(table.key)}", LIMIT])
