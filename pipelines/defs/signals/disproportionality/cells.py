"""From the cube to what one task scores: the cells of some substances in one population, with all margins they need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from models.cube.keys import LIMITS, STRATUM_BITS, SUBSTANCE_BITS, SUBSTANCE_SHIFT
from pipelines.core.pieces import Piece, parcels
from pipelines.defs.gold.pair_count.count import stored
from pipelines.defs.signals.disproportionality.populations import Population

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
                yield from _handed(at * n_buckets, population.name, *_summed(without[mine], n[mine]), n_buckets)

    return work


def _summed(keys: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum runs of equal keys."""
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[first], np.add.reduceat(n, first)


def _handed(place: int, name: str, keys: np.ndarray, n: np.ndarray, n_buckets: int) -> Iterator[pa.RecordBatch]:
    substance = (keys >> np.uint64(SUBSTANCE_SHIFT)) & np.uint64((1 << SUBSTANCE_BITS) - 1)
    bucket = (substance % np.uint64(n_buckets)).astype(np.int64)
    for at in range(n_buckets):
        mine = (bucket == at) | (substance == 0)
        yield from parcels(place + at, name, keys[mine], n[mine])
