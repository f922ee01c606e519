"""`gerland lrt`: likelihood ratio tests on a table of counts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.analyse import files, plots
from pipelines.analyse.files import FileError
from pipelines.core.log import Say, progress

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

SHOWN = ("product", "event", "a", "expected", "llr", "p_value", "is_signal")


def command(
    file: Annotated[Path, typer.Argument(help="CSV, .xlsx or Parquet: a row an event, a column of counts a product.")],
    event: Annotated[str, typer.Option(help="Column with the event.")] = "event",
    reference: Annotated[str | None, typer.Option(help="Column of all other products: margins only.")] = None,
    form: Annotated[str, typer.Option(help="rrr (count against expected) or rr (share against share).")] = "rrr",
    zero_inflated: Annotated[bool, typer.Option("--zero-inflated", help="Allow for structural zeros.")] = False,
    over: Annotated[
        str, typer.Option(help="Allow for looking at all events of a product, or of the table.")
    ] = "product",
    simulations: Annotated[int, typer.Option(min=99, help="Data sets drawn under the null.")] = 9999,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 1,
    out: files.Out = None,
) -> None:
    """Likelihood ratio tests of every product and event, with simulated p.

    Example: gerland lrt examples/table.csv --reference Other
    """
    from models.disproportionality.lrt import lrt

    frame = files.read(file, [event], "name it with --event")
    products = [c for c in frame.columns if c != event]
    if reference is not None and reference not in products:
        raise FileError(f"{file.name} has no column {reference!r}")
    if over not in ("product", "table"):
        raise FileError(f"--over must be product or table, got {over!r}")
    summed = _summed(frame, event, products, progress())
    table, events = summed.select(products).to_numpy(), summed[event].to_list()
    try:
        found = lrt(table, products, events, form, zero_inflated, reference, over, simulations, seed)  # type: ignore[arg-type]
    except ValueError as error:
        raise FileError(str(error)) from None
    files.write(found.sort("llr", descending=True), out, plot, SHOWN)


def _summed(frame: pl.DataFrame, event: str, products: list[str], say: Say) -> pl.DataFrame:
    """One row an event, its counts summed over the rows that name it, as `gerland score --count` does."""
    import polars as pl

    names = files.names(frame, event)
    files.refuse(event, {"no event": names.is_null()})
    counts = [files.counts(frame, c, missing=0).alias(c) for c in products]
    summed = pl.DataFrame([names.alias(event), *counts]).group_by(event, maintain_order=True).agg(pl.all().sum())
    if repeated := names.len() - summed.height:
        say(f"events named again, in {repeated:,} of {names.len():,} rows: their counts are summed")
    return summed


def plot(found: pl.DataFrame) -> Figure:
    """Draw the largest ratios; red where significant."""
    shown = found.drop_nulls("estimate")
    labels = [f"{p} — {e}" for p, e in shown.select("product", "event").iter_rows()]
    return plots.bars(shown, labels, "llr", "log-likelihood ratio; red: simulated p < 0.05")
