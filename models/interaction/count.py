"""Reports that name two products and an event: the eight counts that every interaction method needs."""

from __future__ import annotations

from typing import Any

import polars as pl

from models.disproportionality.counts import long_form

EIGHT = ("n111", "n110", "n101", "n100", "n011", "n010", "n001", "n000")


def count_triples(case_ids: Any, products: Any, events: Any, minimum: int = 3) -> pl.DataFrame:
    """Count distinct reports by product 1, product 2 and event, from one row a product and event of a case.

    Returns one row for every two products and event that at least `minimum` reports hold together, sorted: product_1
    < product_2, event, and `EIGHT` counts n[product 1][product 2][event] (Int64, reports).

    Raises:
        ValueError: arrays of different lengths, a null case id, or `minimum` below 1.
    """
    if minimum < 1:
        raise ValueError(f"minimum must be at least 1, not {minimum}")
    rows = long_form(case_ids, products, events)
    taken = rows.select("case", "product").drop_nulls().unique()
    had = rows.select("case", "event").drop_nulls().unique()
    of_product, of_event = (f.group_by(f.columns[1]).len("n") for f in (taken, had))
    common = taken.join(of_product.filter(pl.col("n") >= minimum), on="product", how="semi")
    both = common.join(common, on="case", suffix="_2").filter(pl.col("product") < pl.col("product_2"))
    of_both = both.group_by("product", "product_2").len("n_both").filter(pl.col("n_both") >= minimum)
    triples = both.join(of_both, on=["product", "product_2"], how="semi").join(had, on="case")
    found = triples.group_by("product", "product_2", "event").len("n111").filter(pl.col("n111") >= minimum)
    of_pair = taken.join(had, on="case").group_by("product", "event").len("n")
    found = (
        found.join(of_both, on=["product", "product_2"])
        .join(of_product.rename({"n": "n_1"}), on="product")
        .join(of_product.rename({"product": "product_2", "n": "n_2"}), on="product_2")
        .join(of_event.rename({"n": "n_event"}), on="event")
        .join(of_pair.rename({"n": "n_1_event"}), on=["product", "event"])
        .join(of_pair.rename({"product": "product_2", "n": "n_2_event"}), on=["product_2", "event"])
        .with_columns(pl.col(pl.UInt32).cast(pl.Int64))
    )
    found = found.with_columns(n_total=pl.lit(rows["case"].n_unique(), dtype=pl.Int64))
    keys = (pl.col("product").alias("product_1"), pl.col("product_2"), pl.col("event"))
    return found.select(*keys, *eight()).sort("product_1", "product_2", "event")


def eight() -> list[pl.Expr]:
    """`EIGHT` from n111, n_both (reports of both products), n_1, n_2, n_1_event, n_2_event, n_event and n_total."""
    c = pl.col
    counts = {
        "n111": c("n111"),
        "n110": c("n_both") - c("n111"),
        "n101": c("n_1_event") - c("n111"),
        "n100": c("n_1") - c("n_1_event") - c("n_both") + c("n111"),
        "n011": c("n_2_event") - c("n111"),
        "n010": c("n_2") - c("n_2_event") - c("n_both") + c("n111"),
        "n001": c("n_event") - c("n_1_event") - c("n_2_event") + c("n111"),
        "n000": c("n_total")
        - c("n_event")
        - c("n_1")
        - c("n_2")
        + c("n_both")
        + c("n_1_event")
        + c("n_2_event")
        - c("n111"),
    }
    return [expression.alias(name) for name, expression in counts.items()]
