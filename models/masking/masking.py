"""Masking: a product that fills an event's reports raises what is expected of all others, and hides them.

A masker's reports are set aside whole, as in Juhlin, Ye, Star, Norén 2013, Pharmacoepidemiol Drug Saf 22:1119-1129; how
much that changes an event's background is the masking ratio of Maignen, Hauben, Hung, Van Holle, Dogné 2014,
Pharmacoepidemiol Drug Saf 23:195-207.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from models.disproportionality.counts import from_counts, long_form
from models.disproportionality.ic import ic
from models.result import result

RATIO = 1.1  # smallest masking ratio that is looked at
FEWEST = 3  # reports of a masking pair
COUNTS = ("a", "n_product", "n_event", "n_total", "a_masker", "n_masker", "a_shared", "n_shared")


def masking_ratio(a: pl.Expr, n_product: pl.Expr, n_event: pl.Expr, n_total: pl.Expr) -> pl.Expr:
    """How often the event is reported in all reports, over how often in those without the product (1: no masking)."""
    return (n_event / n_total) / ((n_event - a) / (n_total - n_product))


def unmasked(case_ids: Any, products: Any, events: Any, ratio: float = RATIO) -> pl.DataFrame:
    """Score every pair of an event again without the reports of each of its maskers.

    A masker of an event is a product with at least 3 of its reports and a masking ratio of at least `ratio`. One row a
    masker and other product of the event, in the shape of `models.result`: `estimate`, `lower`, `upper` are the IC
    without the masker's reports, a signal is IC025 > 0. Before it: masker, product, event, a and ic025 with all
    reports, a_without, expected_without, masking_ratio, and is_revealed (a signal only without the masker).

    Raises:
        ValueError: arrays of different lengths, a null case id, or a ratio of 1 or less.
    """
    if ratio <= 1:
        raise ValueError(f"the masking ratio must be above 1, not {ratio}")
    rows = long_form(case_ids, products, events)
    total = rows["case"].n_unique()
    taken, had = (rows.select("case", name).drop_nulls().unique() for name in ("product", "event"))
    of_product, of_event = (f.group_by(f.columns[1]).len("n") for f in (taken, had))
    both = taken.join(had, on="case")
    pairs = (
        both.group_by("product", "event")
        .len("a")
        .join(of_product.rename({"n": "n_product"}), on="product")
        .join(of_event.rename({"n": "n_event"}), on="event")
        .with_columns(pl.col(pl.UInt32).cast(pl.Int64))
    )
    found = masking_ratio(pl.col("a"), pl.col("n_product"), pl.col("n_event"), pl.lit(total))
    maskers = pairs.with_columns(masking_ratio=found).filter(
        (pl.col("a") >= FEWEST) & (pl.col("masking_ratio") >= ratio) & pl.col("masking_ratio").is_finite()
    )
    maskers = maskers.rename({"product": "masker", "a": "a_masker", "n_product": "n_masker"}).drop("n_event")
    # What each masker's reports hold of other products, with the event and in all.
    with_masker = maskers.select("masker", "event").join(both.rename({"product": "masker"}), on=["masker", "event"])
    shared = with_masker.join(taken, on="case").group_by("masker", "product", "event").len("a_shared")
    of_masker = taken.rename({"product": "masker"}).join(maskers.select("masker").unique(), on="masker")
    n_shared = of_masker.join(taken, on="case").group_by("masker", "product").len("n_shared")
    table = (
        maskers.join(pairs, on="event")
        .filter(pl.col("product") != pl.col("masker"))
        .join(shared, on=["masker", "product", "event"], how="left")
        .join(n_shared, on=["masker", "product"], how="left")
        .with_columns(pl.col("a_shared", "n_shared").cast(pl.Int64).fill_null(0))
        .sort("event", "masker", "product")
        .with_columns(n_total=pl.lit(total, dtype=pl.Int64))
    )
    return without_masker(table.select("masker", "product", "event", "masking_ratio", *COUNTS))


def without_masker(table: pl.DataFrame) -> pl.DataFrame:
    """Score pairs again without the reports of a masker; one row each in the shape of `models.result`.

    Takes keys (masker, product, event, masking_ratio), which come first in the answer, and counts of reports: a,
    n_product, n_event and n_total; a_masker and n_masker of the masker; a_shared and n_shared of product and masker
    together, with the event and in all.
    """
    n = {name: table[name].to_numpy().astype(float) for name in COUNTS}
    before = from_counts(n["a"], n["n_product"], n["n_event"], n["n_total"])
    with np.errstate(invalid="ignore", over="ignore"):
        after = from_counts(
            n["a"] - n["a_shared"],
            n["n_product"] - n["n_shared"],
            n["n_event"] - n["a_masker"],
            n["n_total"] - n["n_masker"],
        )
    old, new = ic(before.a, before.expected), ic(after.a, after.expected)
    keys = table.select(pl.exclude(COUNTS), "a").with_columns(
        pl.Series("ic025", old.lower).fill_nan(None),
        pl.Series("a_without", after.a).fill_nan(None).cast(pl.Int64),
        pl.Series("expected_without", after.expected).fill_nan(None),
        pl.Series("is_revealed", (old.lower <= 0) & (new.lower > 0), dtype=pl.Boolean),
    )
    return result(
        "ic_unmasked",
        "IC025 > 0 without the masker's reports",
        np.where(after.n_product > 0, new.estimate, np.nan),
        lower=new.lower,
        upper=new.upper,
        is_signal=(new.lower > 0).tolist(),
        not_computed=[
            "every report names the masker" if x == 0 else "the counts form no 2x2 table" if np.isnan(x) else None
            for x in after.n_product
        ],
        keys=keys,
    )
