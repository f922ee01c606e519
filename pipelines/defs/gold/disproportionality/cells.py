"""To what one task scores: the cells of some substances in one population, with all margins they need.

From the cube for every month, or straight from the coded reports for the last one, which needs no cube.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.cube.kernels import Sparse, add, summed
from models.cube.keys import LIMITS, STRATUM_BITS, SUBSTANCE_BITS, SUBSTANCE_SHIFT
from models.cube.levels import Groups
from pipelines.defs.gold.disproportionality.populations import Levels, Population
from pipelines.defs.gold.pair_change.count import COLUMNS, contribution, stored
from pipelines.lake.file_tasks import Piece, read
from pipelines.lake.lists import lists
from pipelines.lake.shuffle import blocks

CELLS_PER_BUCKET = 20_000_000


def splitting(
    populations: Sequence[Population], n_buckets: int
) -> Callable[[Sequence[Piece]], Iterator[pa.RecordBatch]]:
    """Task: sum cells over the strata of each population and hand each bucket of substances to its place.

    Margins of events and the total go to every bucket of the population. Place = population x buckets + bucket.
    """
    members = [np.zeros(LIMITS["stratum"], dtype=bool) for _ in populations]
    for member, population in zip(members, populations, strict=True):
        member[list(population.strata)] = True

    def work(pieces: Sequence[Piece]) -> Iterator[pa.RecordBatch]:
        keys, n = stored(pieces)
        stratum = (keys & np.uint64(LIMITS["stratum"] - 1)).astype(np.int64)
        without = (keys >> np.uint64(STRATUM_BITS)) << np.uint64(STRATUM_BITS)
        for at, (population, member) in enumerate(zip(populations, members, strict=True)):
            mine = member[stratum]
            if mine.any():
                yield from _handed(at * n_buckets, population.label, *summed(without[mine], n[mine]), n_buckets)

    return work


def counting_last(
    populations: Sequence[Population], n_buckets: int, last: int, groups: Mapping[str, Groups] | None = None
) -> Callable[[Sequence[Piece]], Iterator[pa.RecordBatch]]:
    """Task: count the reports that stand at the end of the last month, and those of the month before.

    Hands over the same as `splitting`, with all that came before the last month put together. `groups` by level raise
    codes to the levels of a population.
    """

    def work(pieces: Sequence[Piece]) -> Iterator[pa.RecordBatch]:
        found: list[list[Sparse]] = [[] for _ in populations]
        for piece in pieces:
            reports = read(piece, COLUMNS)
            stands = pc.or_kleene(pc.is_null(reports["month_to"]), pc.greater_equal(reports["month_to"], last))
            reports = _clamped(_kept(reports, stands), last)
            at_levels = {levels: _raised(reports, levels, groups or {}) for levels in {p.levels for p in populations}}
            for parts, population in zip(found, populations, strict=True):
                given = at_levels[population.levels]
                mine = pc.is_in(given["stratum"], value_set=pa.array(population.strata, pa.int32()))
                chosen = _kept(given, mine)
                one = pa.array(np.zeros(chosen.num_rows, np.int32))
                parts.append(contribution(chosen.set_column(chosen.schema.get_field_index("stratum"), "stratum", one)))
        for at, (parts, population) in enumerate(zip(found, populations, strict=True)):
            yield from _handed(at * n_buckets, population.label, *add(parts), n_buckets)

    return work


def _kept(rows: pa.Table, mask: pa.ChunkedArray) -> pa.Table:
    """The rows of a mask; without a copy where these are all."""
    return rows if pc.all(mask, skip_nulls=False).as_py() else rows.filter(mask)


def _raised(reports: pa.Table, levels: Levels, groups: Mapping[str, Groups]) -> pa.Table:
    """Put groups for codes where a level is named in `groups`."""
    for column, level in zip(("substances", "terms"), levels, strict=True):
        if level in groups:
            at, values = groups[level].raised(lists(reports[column]))
            raised = pa.ListArray.from_arrays(pa.array(at.astype(np.int32)), pa.array(values.astype(np.int32)))
            reports = reports.set_column(reports.schema.get_field_index(column), column, raised)
    return reports


def _clamped(reports: pa.Table, last: int) -> pa.Table:
    """Count every month before the last as the one before it."""
    month = pc.max_element_wise(reports["month_from"], pa.scalar(last - 1, pa.int32()))
    return reports.set_column(reports.schema.get_field_index("month_from"), "month_from", month)


def _handed(place: int, name: str, keys: np.ndarray, n: np.ndarray, n_buckets: int) -> Iterator[pa.RecordBatch]:
    substance = (keys >> np.uint64(SUBSTANCE_SHIFT)) & np.uint64((1 << SUBSTANCE_BITS) - 1)
    bucket = (substance % np.uint64(n_buckets)).astype(np.int64)
    for at in range(n_buckets):
        mine = (bucket == at) | (substance == 0)
        yield from blocks(place + at, name, keys[mine], n[mine])
