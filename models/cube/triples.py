"""Keys of two substances and a term, and of all that they are compared with, counted over reports.

18 bits each for the lower substance, the higher one and the term. Code 0 stands for any: (0, 0, 0) counts reports,
(0, s, 0) those of a substance, (0, s, t) those of a pair, (s, s', 0) those that name both substances.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.cube.kernels import Sparse, runs
from models.cube.keys import SUBSTANCE_BITS, TERM_BITS, Ints, Keys, checked

HIGHER_SHIFT = TERM_BITS
LOWER_SHIFT = TERM_BITS + SUBSTANCE_BITS


def triples_of(
    substances: tuple[NDArray[np.integer], NDArray[np.integer]], terms: tuple[NDArray[np.integer], NDArray[np.integer]]
) -> Sparse:
    """Count reports in every key that they touch.

    Args:
        substances: offsets (n + 1) and values: the distinct sorted substance codes (> 0) of each report.
        terms: offsets and values of the distinct term codes (> 0).

    Returns sorted distinct keys and how many reports hold each.

    Raises:
        ValueError: a code that does not fit into a key.
    """
    (s_at, s), (t_at, t) = substances, terms
    s_at, t_at = s_at.astype(np.int64), t_at.astype(np.int64)
    n_s, n_t = np.diff(s_at), np.diff(t_at)
    keys = np.empty(int(((1 + n_s + n_s * (n_s - 1) // 2) * (1 + n_t)).sum()), dtype=np.uint64)
    _expand(s_at, checked("substance", s), t_at, checked("term", t), keys)
    keys.sort()
    return runs(keys)


def split(keys: Keys) -> tuple[Ints, Ints, Ints]:
    """Lower substance, higher substance and term of each key."""
    mask = np.uint64((1 << SUBSTANCE_BITS) - 1)
    parts = (keys >> np.uint64(LOWER_SHIFT), (keys >> np.uint64(HIGHER_SHIFT)) & mask, keys & mask)
    lower, higher, term = (part.astype(np.int64) for part in parts)
    return lower, higher, term


def both(keys: Keys) -> Keys:
    """Key of the same two substances with any term."""
    return (keys >> np.uint64(TERM_BITS)) << np.uint64(TERM_BITS)


@njit(cache=True, nogil=True)
def _expand(s_at, s, t_at, t, keys):  # type: ignore[no-untyped-def]  # pragma: no cover
    at = 0
    for i in range(s_at.size - 1):
        for x in range(s_at[i] - 1, s_at[i + 1]):
            first = np.uint64(0) if x < s_at[i] else s[x] << np.uint64(LOWER_SHIFT)
            begin = s_at[i] - 1 if x < s_at[i] else x + 1
            for y in range(begin, s_at[i + 1]):
                row = first if y < s_at[i] else first | (s[y] << np.uint64(HIGHER_SHIFT))
                keys[at] = row
                at += 1
                for z in range(t_at[i], t_at[i + 1]):
                    keys[at] = row | t[z]
                    at += 1
