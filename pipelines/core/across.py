"""Rules across tables: those that follow from what columns refer to, and the rare ones that an entity's folder adds.

A rule gives the rows of its table that break it. `expectations.across` asks them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.core.table import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

CRITICAL, WARNING = "critical", "warning"


@dataclass(frozen=True)
class Across:
    """A rule over several tables: `broken` gives the rows that break it, out of the rows of `table`.

    `sql`, where it is given, asks DuckDB for the same rows: what is small needs no engine.
    """

    name: str
    table: str
    reads: tuple[str, ...]
    broken: Callable[[Tables], DataFrame]
    advice: str
    severity: str = CRITICAL
    says: str = ""
    sql: str = ""


@dataclass(frozen=True)
class Reference:
    """Columns of a table, each value of which is to be found in a parent's: null refers to nothing.

    Of a column of lists each entry refers.
    """

    table: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    of_lists: bool = False

    @property
    def name(self) -> str:
        """Name of the rule that follows."""
        return f"{'_and_'.join(self.columns)}_in_{self.parent.split('.')[1]}"

    def rule(self) -> Across:
        """The rule that every row finds its parent."""
        return Across(
            self.name,
            self.table,
            (self.parent,),
            self._broken,
            f"A step gives {' and '.join(self.columns)} that {self.parent} lacks: compare what the two are made from.",
            says=f"each {' with '.join(self.columns)} is one of {self.parent}",
            sql=self._sql(),
        )

    def _broken(self, tables: Tables) -> DataFrame:
        from pyspark.sql import functions as F

        named = dict(zip(self.columns, self.parent_columns, strict=True))
        given = tables[self.table].select(
            *[(F.explode(own) if self.of_lists else F.col(own)).alias(theirs) for own, theirs in named.items()]
        )
        told = given.filter(" AND ".join(f"{c} IS NOT NULL" for c in self.parent_columns))
        parents = tables[self.parent].select(*self.parent_columns)
        return told.join(parents, on=list(self.parent_columns), how="left_anti")

    def _sql(self) -> str:
        named = ", ".join(
            f"{f'unnest({own})' if self.of_lists else own} AS {theirs}"
            for own, theirs in zip(self.columns, self.parent_columns, strict=True)
        )
        told = " AND ".join(f"{c} IS NOT NULL" for c in self.parent_columns)
        return (
            f"SELECT * FROM (SELECT {named} FROM {self.table}) AS child "
            f"ANTI JOIN {self.parent} USING ({', '.join(self.parent_columns)}) WHERE {told}"
        )


def references(table: type[Table], known: Mapping[str, type[Table]]) -> list[Reference]:
    """What a table's columns refer to, as they declare it (`Column.references`, the address of the parent).

    Columns named as those of the parent's key refer together; any other column refers to the first of that key.
    Raises ValueError where the parent is no table.
    """
    together: dict[str, list[str]] = {}
    found = []
    for name, column in table.columns.items():
        parent = column.references
        if parent is None:
            continue
        if parent not in known:
            raise ValueError(f"{table.address()}.{name} refers to {parent}, which is no table")
        if name in known[parent].key:
            together.setdefault(parent, []).append(name)
        else:
            is_list = column.type.startswith("array")
            found.append(Reference(table.address(), (name,), parent, known[parent].key[:1], is_list))
    return [Reference(table.address(), tuple(names), p, tuple(names)) for p, names in together.items()] + found
