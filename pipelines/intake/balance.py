"""Nothing is lost: rows in = rows kept + rows quarantined, for every delivery of every bronze table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from pipelines.core.ledger import KEPT, Quarantine
from pipelines.core.table import Table
from pipelines.intake.deliveries import ledger
from pipelines.lake import file_tasks
from pipelines.lake.opened import by_version

if TYPE_CHECKING:
    from pipelines.lake.lake import Lake

KEY = ("table_name", "delivery_id")
Counts = Counter[tuple[str, str]]


@dataclass(frozen=True)
class Balance:
    """Rows of a bronze table over all its accepted deliveries, each side counted where it lies."""

    n_read: int
    n_kept: int
    n_quarantined: int
    n_unbalanced: int

    @property
    def is_balanced(self) -> bool:
        """No delivery has lost or gained a row."""
        return self.n_unbalanced == 0


def balances(lake: Lake, tables: Sequence[type[Table]]) -> dict[str, Balance]:
    """Compare rows counted in the files with those in the tables and in quarantine, by delivery; keyed by table name.

    Each side is counted where it lies: the tables' rows in their own files, without the engine.
    """
    n_read: Counter[tuple[str, str]] = Counter()
    for row in ledger(lake):
        if row["status"] in KEPT:
            n_read[row["table_name"], row["delivery_id"]] += row["n_rows_read"]
    n_refused = _refused(lake)
    n_kept: Counter[tuple[str, str]] = Counter()
    for table in tables:
        for piece in file_tasks.cut(lake.files(table.address())):
            n_kept[table.name, dict(piece.partition)["delivery_id"]] += piece.n_rows
    return {t.name: _balance(t.name, n_read, n_kept, n_refused) for t in tables}


@by_version(Quarantine.address())
def _refused(lake: Lake) -> Counts:
    """Records quarantined, by table and delivery."""
    refused = lake.small(Quarantine.address(), [*KEY, "line_number"])
    refused = refused.filter(pc.greater(refused["line_number"], 0))
    return Counter(zip(*(refused[c].to_pylist() for c in KEY), strict=True))


def _balance(name: str, read: Counts, kept: Counts, refused: Counts) -> Balance:
    keys = {k for side in (read, kept, refused) for k in side if k[0] == name}
    unbalanced = sum(read[k] != kept[k] + refused[k] for k in keys)
    n_read, n_kept, n_refused = (sum(side[k] for k in keys) for side in (read, kept, refused))
    return Balance(n_read, n_kept, n_refused, unbalanced)


def balance(lake: Lake, table: type[Table]) -> Balance:
    """Return the balance of one table."""
    return balances(lake, [table])[table.name]
