"""Reactions as committees print them, and the forms under which a dictionary of terms may hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from pipelines.defs.silver.term_bridge.names import METHODS, exact, forms

LEAD = re.compile(r"^(?:(?:increased|potential|possible|serious) )*risks? of (?:an? |the )?")
JOINTS = re.compile(r"\s*[,;]\s*|\s+and\s+|\s+or\s+")
SPREAD = pa.schema(
    [
        ("printed", pa.string()),
        ("attempt", pa.int32()),
        ("part", pa.int32()),
        ("n_parts", pa.int32()),
        ("rank", pa.int32()),
        ("form", pa.string()),
    ]
)
SPREAD_SQL = "printed string, attempt int, part int, n_parts int, rank int, form string"


def attempts(printed: str) -> list[list[str]]:
    """What to look up, the likeliest first: the whole text, without its lead, and its parts where it joins several.

    `Increased risk of neutropenia, febrile neutropenia` gives the whole, `neutropenia, febrile neutropenia`, and both
    parts: as one attempt, all of whose parts a dictionary must hold.
    """
    whole = exact(printed)
    bare = LEAD.sub("", whole)
    pieces = [piece for piece in JOINTS.split(bare) if piece]
    found = [[whole], [bare], pieces if len(pieces) > 1 else []]
    return [list(attempt) for attempt in dict.fromkeys(tuple(a) for a in found if a and all(a))]


def spread_reactions(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """One row per attempt, part and form of each printed text; the body of a Spark task. Column in: printed."""
    for batch in batches:
        rows = [
            (text, attempt, part, len(pieces), rank, form)
            for text in batch.column(0).to_pylist()
            for attempt, pieces in enumerate(attempts(text))
            for part, piece in enumerate(pieces)
            for rank, form in enumerate(forms(piece))
            if form
        ]
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(SPREAD)
        arrays = [pa.array(c, f.type) for c, f in zip(columns, SPREAD, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=SPREAD)


__all__ = ["METHODS", "SPREAD_SQL", "attempts", "spread_reactions"]
