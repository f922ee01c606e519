"""Pseudonyms on entry: identifying columns are replaced before the first byte is written to the lake.

HMAC-SHA-256 with a key from the environment (`GERLAND_PSEUDONYM_KEY`); the key's version stands before each pseudonym,
so that keys can be rotated. The same identifier and key give the same pseudonym, in every delivery and on every worker.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

import pyarrow as pa

from pipelines.core.reading import BLANKS
from pipelines.core.table import BronzeTable

DEMONSTRATION_KEY = "gerland demonstration key: set GERLAND_PSEUDONYM_KEY before real identifiers are read"
WITHHELD = "withheld: the table holds identifying columns"


@dataclass(frozen=True)
class Pseudonymiser:
    """A key and its version. The key never shows in a representation, a log or an error."""

    key: str = field(default=DEMONSTRATION_KEY, repr=False)
    version: int = 1

    def __call__(self, identifier: str) -> str:
        """Pseudonym of one identifier, blanks around it taken off: `p<version>_` and 32 hexadecimal digits."""
        digest = hmac.digest(self.key.encode(), identifier.strip(BLANKS).encode(), "sha256").hex()
        return f"p{self.version}_{digest[:32]}"


def pseudonymised(rows: pa.Table, table: type[BronzeTable], pseudonymise: Pseudonymiser) -> pa.Table:
    """Replace identifying columns of an Arrow table of read rows; the raw text of rejects is withheld with them."""
    identifying = [name for name, c in table.columns.items() if c.sensitivity == "identifying"]
    if not identifying:
        return rows
    for name in identifying:
        column = rows[name].combine_chunks().dictionary_encode()
        values = pa.array([None if v is None else pseudonymise(v) for v in column.dictionary.to_pylist()], pa.string())
        replaced = pa.DictionaryArray.from_arrays(column.indices, values).cast(pa.string())
        rows = rows.set_column(rows.schema.get_field_index(name), name, replaced)
    withheld = pa.array([None if r is None else WITHHELD for r in rows["raw"].to_pylist()], pa.string())
    return rows.set_column(rows.schema.get_field_index("raw"), "raw", withheld)
