"""Bodies of the counting tasks: coded reports to keys, keys to the files of a month. Loaded by workers: kept light."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from models.cube.kernels import NONE, Sparse, add, cells_of, negative
from models.cube.keys import month_of, unpack
from models.cube.months import month_code, month_end
from pipelines.defs.gold.pair_change.tables import PairChange
from pipelines.lake.file_output import write
from pipelines.lake.file_tasks import Piece, read
from pipelines.lake.lists import flat, lists
from pipelines.lake.shuffle import blocks, opened

COLUMNS = ("month_from", "month_to", "stratum", "substances", "terms")
REPORTS_AT_ONCE = 1_000_000  # keys of so many reports are sorted at once: about 100 MB


def contribution(reports: pa.Table | pa.RecordBatch) -> Sparse:
    """Count what report versions add to the cube: one in each cell when first known, less one when replaced."""
    parts = []
    for first in range(0, reports.num_rows, REPORTS_AT_ONCE):
        part = reports.slice(first, REPORTS_AT_ONCE)
        parts.append(_cells(part, "month_from"))
        replaced = part.filter(part["month_to"].is_valid())
        if replaced.num_rows:
            parts.append(negative(_cells(replaced, "month_to")))
    return add(parts)


def _cells(reports: pa.Table, month: str) -> Sparse:
    return cells_of(
        flat(reports[month]).to_numpy(zero_copy_only=False),
        flat(reports["stratum"]).to_numpy(zero_copy_only=False),
        lists(reports["substances"]),
        lists(reports["terms"]),
    )


def counting(n_places: int) -> Callable[[Sequence[Piece]], Iterator[pa.RecordBatch]]:
    """Task: count the reports of some pieces and hand each month to its place."""

    def work(pieces: Sequence[Piece]) -> Iterator[pa.RecordBatch]:
        keys, n = add(contribution(read(piece, COLUMNS)) for piece in pieces)
        place = month_of(keys) % n_places
        for at in np.unique(place):
            mine = place == at
            yield from blocks(int(at), "", keys[mine], n[mine])

    return work


def writing(root: str, until: dt.date | None = None) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Task: sum what came for its months and write a file for each."""

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        keys, n = add((keys, counts) for _, _, keys, counts in opened(batches))
        yield from written(root, keys, n, until)

    return work


def written(root: str, keys: np.ndarray, n: np.ndarray, until: dt.date | None = None) -> Iterator[pa.RecordBatch]:
    """Write sorted cells, a file a month."""
    months = month_of(keys)
    for code in np.unique(months):
        low, high = np.searchsorted(months, [code, code + 1])
        partition = {"month": month_end(int(code), until).isoformat()}
        yield write(root, partition, _rows(keys[low:high], n[low:high]), PairChange)


def _rows(keys: np.ndarray, n: np.ndarray) -> pa.Table:
    cells = unpack(keys, n)
    columns = {"substance": cells.substance, "term": cells.term, "stratum": cells.stratum, "n_change": cells.n}
    return pa.table({name: values.astype(np.int32) for name, values in columns.items()})


def stored(pieces: Sequence[Piece]) -> Sparse:
    """Read cells of the cube back as sorted keys."""
    from models.cube.keys import pack

    parts = [NONE]
    for piece in pieces:
        table = read(piece, ("substance", "term", "stratum", "n_change"))
        substance, term, stratum, n = (c.to_numpy().astype(np.int64) for c in table.columns)
        month = month_code(dt.date.fromisoformat(dict(piece.partition)["month"]))
        keys = pack(np.full(len(n), month), substance, term, stratum)
        parts.append((keys, n))
    return add(parts)
