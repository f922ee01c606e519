"""`gerland watch`: is a series of counts rising?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.analyse import files
from pipelines.analyse.files import FileError

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

FARRINGTON = ("farrington", "farrington_flexible", "farrington_flexible_nb", "farrington_flexible_muan")
METHODS = ("ears_c1", "ears_c2", "ears_c3", "cusum", "glr", "maxsprt", "maxsprt_grouped", *FARRINGTON)
SHOWN = ("time", "count", "method", "estimate", "upper", "is_signal", "not_computed")


def command(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet: a row a period, in order of time.")],
    method: Annotated[str, typer.Option(help=f"One of {', '.join(METHODS)}, or several with commas.")] = "ears_c1",
    time: Annotated[str | None, typer.Option(help="Column with the period; the row's number without.")] = None,
    count: Annotated[str, typer.Option(help="Column with the counts.")] = "count",
    expected: Annotated[str | None, typer.Option(help="Column with expected counts; maxsprt and glr need it.")] = None,
    start: Annotated[
        int, typer.Option(min=1, help="Row at which cusum starts; the mean is that of the rows before.")
    ] = 2,
    alpha: Annotated[
        float | None, typer.Option(help="Error: ears 0.001 (C3 0.025), maxsprt and farrington 0.05.")
    ] = None,
    limit: Annotated[
        float | None, typer.Option(help="maxsprt: expected count at which it ends; all rows without.")
    ] = None,
    minimum: Annotated[int, typer.Option(min=1, help="maxsprt: fewest events that may signal.")] = 1,
    years: Annotated[int | None, typer.Option(min=1, help="farrington: years looked back; 4.")] = None,
    window: Annotated[int | None, typer.Option(min=0, help="farrington: half width of the window; 3.")] = None,
    frequency: Annotated[int | None, typer.Option(min=2, help="farrington: periods in a year; 52.")] = None,
    season_levels: Annotated[int | None, typer.Option(min=1, help="farrington: levels of the season.")] = None,
    residual_limit: Annotated[
        float | None, typer.Option(help="farrington: residual above which a past count weighs less.")
    ] = None,
    trend_level: Annotated[float | None, typer.Option(help="farrington: p below which the trend is kept.")] = None,
    errors: Annotated[
        str | None, typer.Option(help="farrington: pearson, or working as R's surveillance 1.20 computes them.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Result: .csv, .parquet, or a plot .png, .svg, .pdf.")] = None,
) -> None:
    """Watch a series of counts: EARS, cumulative sums, likelihood ratio, MaxSPRT (continuous or grouped), Farrington.

    Example: gerland watch salmonella_agona.csv --time idx --count observed --method ears_c1,farrington_flexible
    """
    import polars as pl

    methods = files.chosen(method, METHODS)
    frame = files.read(file, [c for c in (time, count, expected) if c], "name them with --time, --count, --expected")
    counts = files.numbers(frame, count)
    if counts.null_count():
        raise FileError(f"column {count!r}, row {counts.is_null().arg_true()[0] + 1}: no count")
    times = frame[time] if time else pl.Series("time", range(1, frame.height + 1))
    exposure = files.numbers(frame, expected) if expected else None
    if errors not in (None, "pearson", "working"):
        raise FileError(f"--errors is {errors!r}: pearson or working")
    names = ("alpha", "years", "window", "frequency", "season_levels", "residual_limit", "trend_level", "errors")
    given = (alpha, years, window, frequency, season_levels, residual_limit, trend_level, errors)
    changed = {name: value for name, value in zip(names, given, strict=True) if value is not None}
    try:
        parts = [_scored(m, counts, exposure, start, alpha, limit, minimum, changed) for m in methods]
    except ValueError as error:
        raise FileError(str(error)) from None
    shown = [_dated(part, times, counts) for part in parts]
    files.write(pl.concat(shown, how="diagonal"), out, plot, SHOWN, top=frame.height)


def _scored(
    method: str,
    counts: pl.Series,
    expected: pl.Series | None,
    start: int,
    alpha: float | None,
    limit: float | None,
    minimum: int,
    changed: dict[str, Any],
) -> pl.DataFrame:
    from models.surveillance.cusum import cusum, poisson_glr
    from models.surveillance.ears import ears
    from models.surveillance.farrington import CONTROLS, farrington
    from models.surveillance.maxsprt import poisson_maxsprt

    if method.startswith("ears"):
        return ears(counts.to_numpy(), method[-2:].upper(), alpha)  # type: ignore[arg-type]
    if method == "cusum":
        return cusum(counts.to_numpy(), start=start - 1)
    if method in CONTROLS:
        return farrington(counts.to_numpy(), replace(CONTROLS[method], **changed), method)
    if expected is None:
        raise FileError(f"{method} needs expected counts: name their column with --expected")
    if method == "glr":
        return poisson_glr(counts.to_numpy(), expected.to_numpy())
    end = float(expected.sum()) * (1 + 1e-12) if limit is None else limit
    return poisson_maxsprt(
        counts.to_numpy(), expected.to_numpy(), end, alpha or 0.05, minimum, grouped=method != "maxsprt"
    )


def _dated(part: pl.DataFrame, times: pl.Series, counts: pl.Series) -> pl.DataFrame:
    """Put the periods' own names on the rows that a method gave: the last of the series."""
    n = part.height
    keys = (times.tail(n).alias("time"), counts.tail(n).alias("count"))
    return part.drop("count", "period", strict=False).with_columns(*keys)


def plot(found: pl.DataFrame) -> Figure:
    """Draw the counts, each method's bound and its signals, one panel a method."""
    from matplotlib.figure import Figure

    methods = found["method"].unique(maintain_order=True).to_list()
    figure = Figure(figsize=(10, 2.6 * len(methods)), layout="constrained")
    for axes, method in zip(figure.subplots(len(methods), squeeze=False).ravel(), methods, strict=True):
        part = found.filter(found["method"] == method)
        at = range(part.height)
        axes.bar(at, part["count"], color="#9db8cc", width=0.9)
        if part["upper"].is_not_null().any():
            axes.step(
                at, part["upper"].fill_null(float("nan")), color="#333333", linewidth=1, where="mid", label="bound"
            )
        signals = part["is_signal"].fill_null(False).arg_true()
        axes.plot(signals, part["count"].gather(signals), "v", color="#c1440e", label="signal")
        axes.set_title(f"{method}: {part['rule'][0]}", fontsize=9, loc="left")
        axes.legend(fontsize=8, frameon=False)
    return figure
