"""Lists held in memory: the rows of one month are read once, and every filter, order and page is asked of them.

What is held came through the policy of its reader and lies under it (`lake.OpenLake.held`); nothing here knows a right.
A page of a list costs a millisecond or two so, where its query over the files costs fifteen.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

ALL = "true"  # the condition that leaves every row
MOST_FILTERS = 128  # of one list; a filter is a byte a row


@dataclass(frozen=True)
class Listing:
    """Rows of a table, filtered and in an order without ties.

    `within` says which rows are held together, `where` which of them are listed; `needed` are columns that `where` and
    `order` name and `columns` does not hold. `ties` puts rows in order that are equal by `order`.
    """

    table: str
    columns: str
    within: str
    where: str
    order: str
    ties: str
    needed: str

    @property
    def held(self) -> str:
        """SQL of what is held."""
        return f"SELECT {self.columns}, {self.needed} FROM {self.table} WHERE {self.within} ORDER BY {self.ties}"

    @property
    def count(self) -> str:
        """SQL that counts the rows."""
        return f"SELECT count(*) AS n FROM {self.table} WHERE {self.within} AND {self.where}"

    def page(self, first: int, most: int) -> str:
        """SQL of some of the rows, from the place `first` on."""
        return (
            f"SELECT {self.columns}\nFROM {self.table}\nWHERE {self.within} AND {self.where}\n"
            f"ORDER BY {self.order}, {self.ties}\nLIMIT {most} OFFSET {first}"
        )


class Held:
    """The rows of a list, in the order of its ties."""

    def __init__(self, rows: pa.Table, needed: int):
        """Hold the answer to `Listing.held`, whose last `needed` columns are not shown."""
        rows = rows.combine_chunks()
        names, columns = rows.column_names, [_coded(column) for column in rows.columns]
        shown = len(names) - needed
        self._shown = pa.table(columns[:shown], names[:shown])
        place = pa.array(np.arange(len(rows), dtype=np.int32))
        self._asked = pa.table([place, *columns], ["place", *names])
        self._filters: dict[Hashable, NDArray[np.bool_]] = {}
        self._orders: dict[str, NDArray[np.int32]] = {}
        self._lock, self._ordering = threading.Lock(), threading.Lock()

    def __len__(self) -> int:
        """How many rows are held."""
        return len(self._shown)

    def page(
        self,
        cursor: duckdb.DuckDBPyConnection,
        listing: Listing,
        given: Mapping[str, Any],
        first: int,
        most: int,
        state: Hashable = (),
    ) -> tuple[int, list[dict[str, Any]]]:
        """How many rows are listed, and some of them.

        `cursor` is of the database that the filter asks, `state` what of it the filter's answer depends on.
        """
        order, kept = self._order(cursor, listing.order), self._filter(cursor, listing.where, given, state)
        places = order[kept[order]]
        rows = self._shown.take(pa.array(places[first : first + most]))
        return len(places), pa.table([_spelled(column) for column in rows.columns], rows.column_names).to_pylist()

    def prepare(self, cursor: duckdb.DuckDBPyConnection, before: Held) -> None:
        """Have the orders in which the rows of an earlier version were asked."""
        for order in list(before._orders):
            self._order(cursor, order)

    def _order(self, cursor: duckdb.DuckDBPyConnection, order: str) -> NDArray[np.int32]:
        """Places of all rows in an order."""
        with self._ordering:
            if (known := self._orders.get(order)) is None:
                known = self._orders[order] = self._places(cursor, f"ORDER BY {order}, place", {})
        return known

    def _filter(
        self, cursor: duckdb.DuckDBPyConnection, where: str, given: Mapping[str, Any], state: Hashable
    ) -> NDArray[np.bool_]:
        """Whether each row is listed."""
        if where == ALL:
            return np.ones(len(self), dtype=bool)
        used = named(where, given)
        name = (where, repr(used), state)
        with self._lock:
            known = self._filters.get(name)
        if known is None:
            known = np.zeros(len(self), dtype=bool)
            known[self._places(cursor, f"WHERE {where}", used)] = True
            with self._lock:
                self._filters[name] = known
                while len(self._filters) > MOST_FILTERS:
                    self._filters.pop(next(iter(self._filters)))
        return known

    def _places(self, cursor: duckdb.DuckDBPyConnection, rest: str, given: Mapping[str, Any]) -> NDArray[np.int32]:
        cursor.register("held", self._asked)
        found: NDArray[np.int32] = cursor.execute(f"SELECT place FROM held {rest}", dict(given)).fetchnumpy()["place"]
        cursor.unregister("held")
        return found


def named(sql: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some values that a statement names, as `$name`."""
    return {name: value for name, value in given.items() if re.search(rf"\${name}\b", sql)}


def _spelled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _coded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text by its few different values: half the memory, and each value is searched once."""
    return column.dictionary_encode() if pa.types.is_string(column.type) else column
