"""`gerland power`: what a sequential design can find, and how soon, before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.analyse import files
from pipelines.analyse.files import FileError

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

SHOWN = ("relative_risk", "boundary", "error", "power", "time_to_signal", "length")


def command(
    limit: Annotated[float | None, typer.Option(help="Expected count at which continuous monitoring ends.")] = None,
    relative_risk: Annotated[
        str, typer.Option(help="Relative risks that may be true, with commas; 1 gives the error.")
    ] = "1,1.5,2,3,4",
    alpha: Annotated[float, typer.Option(help="Largest chance of a false signal.")] = 0.05,
    minimum: Annotated[int, typer.Option(min=1, help="Fewest events that may signal.")] = 1,
    delay: Annotated[float, typer.Option(min=0, help="Expected count before which nothing may signal.")] = 0.0,
    looks: Annotated[
        str | None, typer.Option(help="Instead of --limit: expected counts at which alone one looks, with commas.")
    ] = None,
    out: files.Out = None,
) -> None:
    """Plan a MaxSPRT: power, and the expected count at a signal and at the end, by relative risk.

    Example: gerland power --limit 20 --minimum 4 --relative-risk 1.5,2,3
    """
    from models.surveillance.power import poisson_power

    if looks and delay:
        raise FileError("--delay goes with continuous looks; let --looks begin there")
    chosen = _numbers(looks, "--looks") if looks else None
    if (limit is None) == (looks is None):
        raise FileError("give either --limit (continuous looks) or --looks")
    try:
        found = poisson_power(_numbers(relative_risk, "--relative-risk"), limit, alpha, minimum, delay, chosen)
    except ValueError as error:
        raise FileError(str(error)) from None
    files.write(found, out, plot, SHOWN, top=found.height)


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise FileError(f"{option} is {text!r}: numbers with commas between") from None


def plot(found: pl.DataFrame) -> Figure:
    """Draw the power by relative risk."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    ordered = found.sort("relative_risk")
    axes.plot(ordered["relative_risk"], ordered["power"], "o-", color="#1b6ca8")
    axes.set(xlabel="relative risk", ylabel="chance of a signal", ylim=(0, 1.02))
    return figure
