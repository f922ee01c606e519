"""What Spark tasks do to names, batch by batch. Light to import: workers load it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.frames.names import binomial, forms, normalise, parts, stem, without_salt

NEAREST = 0.93


def prepare(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Add the normalised name and the base of the display name, without salt or plant part: the body of a Spark task.

    A whole plant is also known by its bare binomial.
    """
    for batch in batches:
        columns: dict[str, list[Any]] = batch.to_pydict()
        columns["display_name"] = [normalise(n) for n in columns["display_name"]]
        columns["normalised"] = [normalise(n) for n in columns["substance_name"]]
        plants = [binomial(n) for n in columns["display_name"]]
        columns["base"] = [plant or without_salt(n) for plant, n in zip(plants, columns["display_name"], strict=True)]
        columns["is_plant"] = [plant is not None for plant in plants]
        made = pa.Table.from_pydict(columns)
        whole = pc.and_(pc.equal(made["normalised"], made["display_name"]), pc.ends_with(made["normalised"], " WHOLE"))
        bare = made.filter(pc.and_(whole, made["is_plant"]))
        named = bare.set_column(made.column_names.index("normalised"), "normalised", bare["base"])
        synonym = pa.array(["cn"] * named.num_rows, pa.string())
        named = named.set_column(made.column_names.index("name_type"), "name_type", synonym)
        yield from pa.concat_tables([made, named.cast(made.schema)]).combine_chunks().to_batches()


def stems(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Keep the brand of each product's name: the body of a Spark task."""
    for batch in batches:
        names = [stem(normalise(n)) for n in batch.column("product_name").to_pylist()]
        yield pa.RecordBatch.from_arrays(
            [batch.column("product_key"), pa.array(names, pa.string())], ["product_key", "stem"]
        )


def spread_forms(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """One row per form of each name, ranked; rank 0 is the normalised name itself: the body of a Spark task."""
    for batch in batches:
        rows = [
            (original, rank, form, method)
            for original in batch.column("original").to_pylist()
            for rank, (form, method) in enumerate(forms(normalise(original)) or [(normalise(original), "exact")])
        ]
        columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
        types = (pa.string(), pa.int32(), pa.string(), pa.string())
        arrays = [pa.array(c, t) for c, t in zip(columns, types, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, ["original", "rank", "form", "method"])


def nearest_names(asked: pa.Table, known: pa.Table) -> pa.Table:
    """Known names that are near enough to each asked one: the body of a Spark task."""
    from rapidfuzz import fuzz, process

    names = sorted(known["normalised_name"].to_pylist())
    found = []
    for form in asked["form"].to_pylist():
        near = process.extract(form, names, scorer=fuzz.ratio, score_cutoff=100 * NEAREST, limit=None)
        found += [(form, name, score / 100) for name, score, _ in near]
    columns = list(zip(*found, strict=True)) if found else [(), (), ()]
    types = (pa.string(), pa.string(), pa.float64())
    return pa.table([pa.array(c, t) for c, t in zip(columns, types, strict=True)], names=["form", "matched", "score"])


def spread_parts(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """One row per attempt, part and form of each reported name: the body of a Spark task."""
    names = ["source", "reported_name", "reported_substance", "n_records"]
    schema = pa.schema(
        [(n, pa.string()) for n in names[:3]]
        + [("n_records", pa.int64())]
        + [(n, pa.int32()) for n in ("attempt", "part", "n_parts", "rank")]
        + [("form", pa.string()), ("method", pa.string())]
    )
    for batch in batches:
        rows = []
        for given in zip(*(batch.column(n).to_pylist() for n in names), strict=True):
            name = normalise(given[1])
            split = parts(name)
            attempts = [parts(normalise(given[2])), [name] if name else [], split if len(split) > 1 else []]
            rows += [
                (*given, attempt, i, len(found), rank, form, method)
                for attempt, found in enumerate(attempts)
                for i, part in enumerate(found)
                for rank, (form, method) in enumerate(forms(part))
            ]
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
        yield pa.RecordBatch.from_arrays(
            [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema
        )
