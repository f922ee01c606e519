"""`gerland frequency`: is an event a larger share of a product's reports than it used to be?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.analyse import files, plots

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

SHOWN = ("product", "event", "n_12_months", "rp_before", "estimate", "is_signal", "not_computed")


def command(
    file: Annotated[
        Path, typer.Argument(help="CSV, .xlsx or Parquet, a case listing: a row a case, product and event.")
    ],
    case: Annotated[str, typer.Option(help="Column with the case number.")] = "case_id",
    product: Annotated[str, typer.Option(help="Column with the product or substance.")] = "product",
    event: Annotated[str, typer.Option(help="Column with the event.")] = "event",
    date: Annotated[str, typer.Option(help="Column with the day of receipt, YYYY-MM-DD.")] = "date",
    until: Annotated[str | None, typer.Option(help="Last day looked at; the last of the file without.")] = None,
    out: files.Out = None,
) -> None:
    """Compare the last 12 months of every pair with its product's own past.

    Example: gerland frequency examples/cases.csv --until 2024-12-31
    """
    import polars as pl

    from models.surveillance.increase import increased

    listed = files.listing(file, case, product, event, dates=date)
    last = files.day(until) if until else listed["date"].max()
    listed = listed.filter(pl.col("date") <= last)
    if listed.drop_nulls().is_empty():
        raise files.FileError(f"no case of a product and an event is dated {last!s} or before")
    ends = [pl.lit(last).dt.offset_by(f"-{months}mo") for months in (12, 24)]
    span = pl.when(pl.col("date") > ends[0]).then(0).when(pl.col("date") > ends[1]).then(1).otherwise(2)
    first = listed.group_by("case", "product", "event").agg(pl.col("date").min()).with_columns(span=span)
    pairs = _by_span(first.drop_nulls(["product", "event"]), ["product", "event"])
    per_product = first.drop_nulls("product").unique(["case", "product"])
    both = pairs.join(_by_span(per_product, ["product"]), on="product", suffix="_product")
    keys = both.select("product", "event", n_12_months="span_0")
    pair = both["span_0"], both["span_1"], both["span_2"]
    of_product = both["span_0_product"], both["span_1_product"], both["span_2_product"]
    found = increased(pair, of_product, keys)
    files.write(found.sort("is_signal", "estimate", descending=True, nulls_last=True), out, plot, SHOWN)


def _by_span(reports: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    import polars as pl

    counts = [(pl.col("span") == at).sum().cast(pl.Int64).alias(f"span_{at}") for at in range(3)]
    return reports.group_by(keys).agg(counts).sort(keys)


def plot(found: pl.DataFrame) -> Figure:
    """Draw the share of the product's reports in the last 12 months; red where the rule is met."""
    shown = found.drop_nulls("estimate")
    labels = [f"{p} — {e}  ({n})" for p, e, n in shown.select("product", "event", "n_12_months").iter_rows()]
    return plots.bars(shown, labels, "estimate", "share of the product's reports in the last 12 months")
