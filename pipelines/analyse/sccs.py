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
    file: Annotated[
        Path, typer.Argument(help="CSV, .xlsx or Parquet: a row an event or an exposure of a case; days of age.")
    ],
    windows: Annotated[
        str, typer.Option(help="Days after exposure at which risk windows start, such as 0,15,29.")
    ] = "0",
    last: Annotated[int, typer.Option(help="Days after exposure at which the last window ends.")] = 42,
    washout: Annotated[
        str, typer.Option(help="Last day of each washout period, in days after that end, such as 91,181.")
    ] = "",
    ages: Annotated[str, typer.Option(help="Last day of each age group but the last, such as 426,487.")] = "",
    person: Annotated[str, typer.Option(help="Column with the person.")] = "person",
    event: Annotated[str, typer.Option(help="Column with the day of the event.")] = "event",
    start: Annotated[str, typer.Option(help="Column with the first day observed.")] = "start",
    end: Annotated[str, typer.Option(help="Column with the last day observed.")] = "end",
    exposure: Annotated[str, typer.Option(help="Column with the day of exposure; empty: never.")] = "exposure",
    exposure_end: Annotated[
        str | None, typer.Option(help="Column with the last day of the last window, instead of --last.")
    ] = None,
    out: files.Out = None,
) -> None:
    """Relative incidence in risk windows after exposures, each case its own control.

    Several events or exposures of a case are several rows, in any order; an event or exposure day that several rows
    name counts once.

    Example: gerland sccs examples/people.csv --windows 0,15,29 --last 42
    """
    import polars as pl

    from models.sccs.intervals import intervals
    from models.sccs.sccs import relative_incidence

    columns = [event, start, end, exposure, *([exposure_end] if exposure_end else [])]
    frame = files.read(file, [person, *columns], "name them with --person, --event, --start, --end, --exposure")
    people = files.names(frame, person)
    files.refuse(person, {"no person": people.is_null()})
    days = [files.numbers(frame, c, whole=True) for c in columns]
    for column, values in zip(columns[:3], days, strict=False):
        files.refuse(column, {"no day": values.is_null()})
    at, first, final, exposed, *until = (d.cast(pl.Float64).fill_null(float("nan")).to_numpy() for d in days)
    try:
        cut = intervals(
            people.to_numpy(),
            at,
            first,
            final,
            exposed,
            windows=_whole(windows),
            exposure_end=until[0] if exposure_end else last,
            ages=_whole(ages),
            washout=_whole(washout),
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
