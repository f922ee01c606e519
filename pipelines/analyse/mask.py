"""`gerland mask`: which product hides other products' signals of an event?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.analyse import files, plots

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

SHOWN = ("event", "masker", "masking_ratio", "product", "a", "ic025", "a_without", "lower", "is_revealed")


def command(
    file: Annotated[
        Path, typer.Argument(help="CSV, .xlsx or Parquet, a case listing: a row a case, product and event.")
    ],
    case: Annotated[str, typer.Option(help="Column with the case number.")] = "case_id",
    product: Annotated[str, typer.Option(help="Column with the product or substance.")] = "product",
    event: Annotated[str, typer.Option(help="Column with the event.")] = "event",
    ratio: Annotated[float, typer.Option(help="Smallest masking ratio looked at.")] = 1.1,
    out: files.Out = None,
) -> None:
    """Score pairs again without the reports of the product that masks them; those revealed come first.

    Example: gerland mask examples/cases.csv
    """
    from models.masking.masking import unmasked

    listed = files.listing(file, case, product, event)
    try:
        found = unmasked(listed["case"], listed["product"], listed["event"], ratio)
    except ValueError as error:
        raise files.FileError(str(error)) from None
    if found.is_empty():
        raise files.FileError(f"no product has a masking ratio of {ratio:g} on any event")
    order = ["is_revealed", "masking_ratio", "lower"]
    files.write(found.sort(order, descending=True, nulls_last=True), out, plot, SHOWN)


def plot(found: pl.DataFrame) -> Figure:
    """Draw the IC without the masker of the pairs that it hid, else of the first."""
    hidden = found.filter("is_revealed")
    shown = hidden if hidden.height else found
    named = shown.select("product", "event", "masker", "ic025")
    labels = [f"{p} — {e} without {m}  (IC025 was {was:.2f})" for p, e, m, was in named.iter_rows()]
    return plots.forest(shown, labels, "IC without the masker's reports, 95 % interval", ratio=False)
