"""Codes of a lake as the walk compares them: brands, classes of substances, groups and concepts of events."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl

from models.evaluation.known import Ints
from pipelines.frames.names import stem


def brands(codes: pl.DataFrame) -> pl.DataFrame:
    """Brand of each code whose name no dictionary holds, null for others; `is_struck_out` where it was made unreadable.

    Of a medicine what stands before strength and form, of any other product the first two words.
    """
    reported = [key.removeprefix("reported:") if key.startswith("reported:") else "" for key in codes["key_coded"]]
    of = {True: [stem(name) or None for name in reported], False: [" ".join(n.split()[:2]) or None for n in reported]}
    parts = [
        codes.select("code", pl.Series("brand", names, pl.String), pl.lit(is_medicine).alias("is_medicine"))
        for is_medicine, names in of.items()
    ]
    return pl.concat(parts).with_columns(is_struck_out=pl.col("brand").str.starts_with("REDACTED").fill_null(False))


def _coded(values: pl.Series) -> Ints:
    return np.unique(values.to_numpy().astype(str), return_inverse=True)[1].astype(np.int64)


def classes(substances: pl.DataFrame) -> Ints:
    """Siblings: the chemical subgroup of ATC; of brands those of the same kind of product."""
    return _coded(substances.select(pl.coalesce("class", "key"))["class"])


def groups(events: pl.DataFrame) -> Ints:
    """Events of the same group of the dictionary."""
    return _coded(events.select(pl.coalesce("grouped", "key"))["grouped"])


def concepts(events: pl.DataFrame) -> Ints:
    """Events that are the same in all dictionaries, as numbers that mean the same in every domain."""
    keys = events.select(pl.coalesce("event", "key"))["event"].to_list()
    return np.array([int.from_bytes(hashlib.sha256(k.encode()).digest()[:7], "big") for k in keys], dtype=np.int64)
