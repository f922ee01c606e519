"""What tasks hand each other through the engine: sorted counts and frames, in blocks that stay small."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BLOCK_SQL = "place int, about string, keys binary, counts binary"
BLOCK = pa.schema([("place", pa.int32()), ("about", pa.string()), ("keys", pa.binary()), ("counts", pa.binary())])
FRAMES_SQL = "place int, name string, rows binary"
FRAMES = pa.schema([("place", pa.int32()), ("name", pa.string()), ("rows", pa.binary())])
FRAME_ROWS = 100_000
BLOCK_KEYS = 1 << 19  # 4 MB of keys: many rows for the engine would cost more than their content, huge ones memory


def blocks(place: int, about: str, keys: np.ndarray, counts: np.ndarray) -> Iterator[pa.RecordBatch]:
    """Hand sorted counts to the task at `place`, in parts that stay small."""
    for first in range(0, keys.size, BLOCK_KEYS):
        part = slice(first, first + BLOCK_KEYS)
        yield pa.RecordBatch.from_pydict(
            {
                "place": [place],
                "about": [about],
                "keys": [keys[part].astype(np.uint64).tobytes()],
                "counts": [counts[part].astype(np.int32).tobytes()],
            },
            schema=BLOCK,
        )


def opened(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, str, np.ndarray, np.ndarray]]:
    """Open what other tasks handed over: place, about, keys, counts."""
    for batch in batches:
        for place, about, keys, counts in zip(*(batch.column(c) for c in BLOCK.names), strict=True):
            yield (
                place.as_py(),
                about.as_py(),
                np.frombuffer(keys.as_buffer(), dtype=np.uint64),
                np.frombuffer(counts.as_buffer(), dtype=np.int32).astype(np.int64),
            )


def frame_blocks(rows: pl.DataFrame, place: pl.Series, name: str) -> Iterator[pa.RecordBatch]:
    """Hand rows to the tasks at their places, as Arrow bytes in parts that stay small; those of no place are left."""
    for (at,), own in rows.with_columns(place.alias("_place")).drop_nulls("_place").group_by("_place"):
        for first in range(0, own.height, FRAME_ROWS):
            out = io.BytesIO()
            own.slice(first, FRAME_ROWS).drop("_place").write_ipc_stream(out, compression="uncompressed")
            yield pa.RecordBatch.from_pydict({"place": [at], "name": [name], "rows": [out.getvalue()]}, schema=FRAMES)


def opened_frames(batches: Iterable[pa.RecordBatch]) -> dict[int, dict[str, list[pl.DataFrame]]]:
    """Open what other tasks handed over: frames by place and name."""
    found: dict[int, dict[str, list[pl.DataFrame]]] = {}
    for batch in batches:
        for row in batch.to_pylist():
            frame = pl.read_ipc_stream(io.BytesIO(row["rows"]))
            found.setdefault(row["place"], {}).setdefault(row["name"], []).append(frame)
    return found


def shuffled(
    frame: DataFrame, n_places: int, work: Callable[[Iterator[pa.RecordBatch]], Iterator[Any]], schema: str
) -> DataFrame:
    """Bring the blocks of each place together and run `work` on them, one task a place."""
    return frame.repartitionById(n_places, frame["place"]).mapInArrow(work, schema)
