"""`gerland interact`: do two products together get more of an event than either explains?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.analyse import files, plots
from pipelines.analyse.files import FileError
from pipelines.core.log import progress
from pipelines.output.near import did_you_mean

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

SHOWN = ("product_1", "product_2", "event", "n111", "expected", "method", "estimate", "lower", "is_signal")


def command(
    file: Annotated[
        Path, typer.Argument(help="CSV, .xlsx or Parquet, a case listing: a row a case, product and event.")
    ],
    case: Annotated[str, typer.Option(help="Column with the case number.")] = "case_id",
    product: Annotated[str, typer.Option(help="Column with the product, substance, plant or class.")] = "product",
    event: Annotated[str, typer.Option(help="Column with the event.")] = "event",
    of: Annotated[str | None, typer.Option(help="Only with this product, such as a plant.")] = None,
    minimum: Annotated[int, typer.Option(min=1, help="Fewest reports of both products and the event.")] = 3,
    out: files.Out = None,
) -> None:
    """Interactions of two products (Omega, and logistic regression with a shrunk interaction term).

    Example: gerland interact examples/cases.csv --of CARIMOPRIL
    """
    import polars as pl

    from models.interaction.count import count_triples
    from models.interaction.methods import interactions

    listed = files.listing(file, case, product, event)
    say = progress()
    triples = count_triples(listed["case"], listed["product"], listed["event"], minimum)
    if of is not None:
        known = listed["product"].drop_nulls().unique()
        if of not in known:
            raise FileError(f"column {product!r} holds no {of!r}{did_you_mean(of, known)}")
        triples = triples.filter((pl.col("product_1") == of) | (pl.col("product_2") == of))
    if triples.is_empty():
        raise FileError(f"no two products share {minimum} reports of an event" + (f" with {of!r}" if of else ""))
    say(f"{triples.height:,} pairs of products with an event")
    found = interactions(triples).sort("method", "lower", descending=[True, True], nulls_last=True)
    files.write(found, out, plot, SHOWN)


def plot(found: pl.DataFrame) -> Figure:
    """Draw Omega of the strongest with its interval."""
    shown = found.filter(found["method"] == "omega")
    labels = [f"{a} + {b} — {e}  ({n})" for a, b, e, n in shown.select(SHOWN[:4]).iter_rows()]
    return plots.forest(shown, labels, "Omega (log2), 95 % interval", ratio=False)
