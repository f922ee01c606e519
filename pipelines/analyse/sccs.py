"""`gerland sccs`: self-controlled case series."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.analyse import files, plots
from pipelines.analyse.files import FileError

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

SHOWN = ("term", "n_events", "estimate", "lower", "upper", "p_value", "is_signal", "not_computed")


def command(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet: a row an event of a case; days of age.")],
    windows: Annotated[
        str, typer.Option(help="Days after exposure at which risk windows start, such as 0,15,29.")
    ] = "0",
    last: Annotated[int, typer.Option(help="Days after exposure at which the last window ends.")] = 42,
    ages: Annotated[str, typer.Option(help="Last day of each age group but the last, such as 426,487.")] = "",
    person: Annotated[str, typer.Option(help="Column with the person.")] = "person",
    event: Annotated[str, typer.Option(help="Column with the day of the event.")] = "event",
    start: Annotated[str, typer.Option(help="Column with the first day observed.")] = "start",
    end: Annotated[str, typer.Option(help="Column with the last day observed.")] = "end",
    exposure: Annotated[str, typer.Option(help="Column with the day of exposure; empty: never.")] = "exposure",
    out: Annotated[Path | None, typer.Option(help="Result: .csv, .parquet, or a plot .png, .svg, .pdf.")] = None,
) -> None:
    """Relative incidence in risk windows after an exposure, each case its own control.

    Example: gerland sccs itpdat.csv --person case --event itp --start sta --end end --exposure mmr
    --windows 0,15,29 --last 42 --ages 426,487,548,609,670
    """
    from models.sccs.sccs import intervals, relative_incidence

    columns = [event, start, end, exposure]
    frame = files.read(file, [person, *columns], "name them with --person, --event, --start, --end, --exposure")
    days = [files.numbers(frame, c) for c in columns]
    for column, values in zip(columns[:3], days, strict=False):
        if values.null_count():
            raise FileError(f"column {column!r}, row {values.is_null().arg_true()[0] + 1}: no day")
    numbers = [d.fill_null(float("nan")).to_numpy() for d in days]
    try:
        cut = intervals(
            frame[person].to_numpy(),
            *numbers,  # type: ignore[arg-type, misc]
            windows=_whole(windows),
            exposure_end=last,
            ages=_whole(ages),
        )
        found = relative_incidence(cut)
    except (ValueError, ArithmeticError) as error:
        raise FileError(str(error)) from None
    files.write(found, out, plot, SHOWN)


def _whole(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise FileError(f"{text!r} is no list of whole numbers") from None


def plot(found: pl.DataFrame) -> Figure:
    """Draw the relative incidences with their intervals."""
    labels = [f"{t}  ({n})" for t, n in found.select("term", "n_events").iter_rows()]
    return plots.forest(found, labels, "relative incidence, 95 % interval")
