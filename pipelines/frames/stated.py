"""From what deliveries state to rows of a versioned table: one rule for registers without versions of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from pipelines.core.table import Table
from pipelines.frames.conform import conformed, in_columns
from pipelines.frames.history import extracted_versions, known_since

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PLACE: dict[str, Any] = {"known_date": "date", "slot": "string", "file": "string", "line_number": "bigint"}
VERSION = ("valid_from", "valid_to", "is_current", "known_from")


@dataclass(frozen=True)
class Stated:
    """Sources give what their deliveries state, a row a fact and delivery; where they unite it becomes versions.

    A feed gives the table's key and what it knows of the other columns, with `known_date`, `slot` (of which each
    delivery is the full state), `file` and `line_number`. `day` names the column of the date of a dated fact, which may
    be none of the table's: then the row is known since the rule of `known_since` says.
    """

    day: str | None = None

    def observed(self, rows: DataFrame, table: type[Table], source: str) -> DataFrame:
        """Rows of a source in the columns that all sources share.

        Raises ValueError for a column that neither the table declares nor this rule needs.
        """
        types = {f.name: f.dataType for f in table.spark_schema().fields if f.name not in VERSION}
        types |= PLACE | ({self.day: "date"} if self.day else {})
        told = {"source": F.lit(source), "slot": F.concat_ws("/", F.lit(source), "slot")}
        return in_columns(rows.withColumns(told), types, table)

    def versions(self, rows: DataFrame, table: type[Table]) -> DataFrame:
        """Rows of the table, with their versions.

        Of rows of one key and delivery the first in the file stands. Rows whose key has a null are left out: what
        could not be read of it is counted where it is read.
        """
        key = [c for c in table.key if c not in ("valid_from", "source")] + ["source"]
        shown = extracted_versions(rows.dropna(subset=key), key, first=("file", "line_number"))
        if self.day:
            shown = known_since(shown, key, F.col(self.day)).drop(*{self.day} - set(table.columns))
        return conformed(shown, table)
