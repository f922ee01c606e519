"""What recalls print of batches, read: the bodies of Spark tasks. Light to import: workers load it."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from pipelines.formats.batches import batches, key

SPREAD = pa.schema(
    [
        *[(c, pa.string()) for c in ("source", "event_id", "product_id")],
        ("valid_from", pa.date32()),
        *[(c, pa.string()) for c in ("batch", "batch_printed", "basis", "batch_key")],
        ("known_from", pa.date32()),
    ]
)
SPREAD_SQL = (
    "source string, event_id string, product_id string, valid_from date, batch string, batch_printed string, "
    "basis string, batch_key string, known_from date"
)


def scopes(rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Put the scope of what `scope_printed` says into `scope`."""
    for part in rows:
        found = pa.array([batches(text)[0] for text in part.column("scope_printed").to_pylist()], pa.string())
        at = part.schema.get_field_index("scope")
        columns = [found if i == at else column for i, column in enumerate(part.columns)]
        yield pa.RecordBatch.from_arrays(columns, schema=part.schema)


def spread_batches(rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """One row a batch that `scope_printed` names; the other columns are those of `SPREAD`."""
    for part in rows:
        spread = []
        for row in part.to_pylist():
            pack = row.pop("pack_key")
            for named in batches(row.pop("scope_printed"))[1]:
                number = key(named.batch)
                told = {"batch": number, "batch_printed": named.batch, "basis": named.basis}
                spread.append({**row, **told, "batch_key": pack and f"{pack}|{number}"})
        yield from pa.Table.from_pylist(spread, schema=SPREAD).to_batches()
