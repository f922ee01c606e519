"""Botanical names of Arrow batches, one row a species: the body of a Spark task."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from pipelines.formats.plants import botanicals, parts

NAMED_SQL = (
    "printed_plant string, product_name string, plant string, genus string, author string, variety string, "
    "synonyms array<string>, part string"
)
SCHEMA = pa.schema(
    [
        *[(c, pa.string()) for c in ("printed_plant", "product_name", "plant", "genus", "author", "variety")],
        ("synonyms", pa.list_(pa.string())),
        ("part", pa.string()),
    ]
)


def named(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows of `printed_plant` and `product_name` (Latin), one with each plant that is read, or without any."""
    for batch in batches:
        rows = []
        for told in batch.to_pylist():
            drug = told | {"part": ", ".join(parts(told["product_name"] or "")) or None}
            found = botanicals(told["printed_plant"] or "")
            rows += [
                drug
                | {"plant": b.binomial, "genus": b.genus, "author": b.author or None, "variety": b.variety or None}
                | {"synonyms": list(b.synonyms)}
                for b in found
            ] or [drug]
        yield from pa.Table.from_pylist(rows, SCHEMA).to_batches()
