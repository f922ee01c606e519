"""Texts as 128 bits that are the same on every machine, so that tasks on several can meet."""

from __future__ import annotations

import numba
import numpy as np
import polars as pl
import pyarrow as pa

FNV_OFFSET, FNV_PRIME = np.uint64(14695981039346656037), np.uint64(1099511628211)
MIX, MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
SHIFT, SHIFT_2 = np.uint64(29), np.uint64(32)


def hashed(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Two 64-bit hashes of each text, named `key` and `key_2`; null for null.

    The first is FNV-1a (Fowler, Noll, Vo; IETF draft), the second a multiply-xorshift of SplitMix's constants (Steele
    2014). Texts that differ meet in both about once in 2^128.
    """
    array = texts.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.large_string())
    _, offsets, data = array.buffers()
    n, first = len(array), array.offset
    at = np.frombuffer(offsets, dtype=np.int64)[first : first + n + 1] if n else np.zeros(1, np.int64)
    content = np.frombuffer(data, dtype=np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    key, key_2 = _hash(at, content)
    is_none = texts.is_null()
    return tuple(  # type: ignore[return-value]
        pl.select(pl.when(is_none).then(None).otherwise(pl.Series(values)).alias(name))[name]
        for name, values in (("key", key), ("key_2", key_2))
    )


@numba.njit(cache=True, nogil=True)
def _hash(at: np.ndarray, content: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = at.size - 1
    key, key_2 = np.empty(n, np.uint64), np.empty(n, np.uint64)
    for i in range(n):
        h, g = FNV_OFFSET, MIX
        for j in range(at[i], at[i + 1]):
            byte = np.uint64(content[j])
            h = (h ^ byte) * FNV_PRIME
            g = (g ^ (g >> SHIFT) ^ byte) * MIX_2
        key[i], key_2[i] = h, (g ^ (g >> SHIFT_2)) * MIX
    return key, key_2
