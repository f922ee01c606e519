"""`gerland watch`: is a series of counts rising?"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.analyse import files, periods
from pipelines.analyse.files import FileError

if TYPE_CHECKING:
    import datetime as dt

    import polars as pl
    from matplotlib.figure import Figure

FARRINGTON = ("farrington", "farrington_flexible", "farrington_flexible_nb", "farrington_flexible_muan")
BAYES = ("bayes", "bayes2", "bayes3")
EXPOSED = ("glr", "maxsprt", "maxsprt_grouped")  # need expected counts
METHODS = ("ears_c1", "ears_c2", "ears_c3", "cusum", *EXPOSED, *FARRINGTON, *BAYES)
SHOWN = ("time", "count", "method", "estimate", "upper", "is_signal", "not_computed")
GAPS = ("zero", "refuse")


@dataclass(frozen=True)
class Series:
    """A regular series in order of time: a row a period."""

    table: pl.DataFrame  # time, count, is_filled
    expected: pl.Series | None
    days: list[dt.date] | None
    frequency: int | None


def command(
    file: Annotated[Path, typer.Argument(help="CSV, .xlsx or Parquet: a row a period.")],
    method: Annotated[str, typer.Option(help=f"One of {', '.join(METHODS)}, or several with commas.")] = "ears_c1",
    time: Annotated[
        str | None, typer.Option(help=f"Column with the period: {periods.FORMS}; the order of rows without.")
    ] = None,
    gaps: Annotated[
        str, typer.Option(help="Periods that the column of periods passes over: zero (no case), or refuse.")
    ] = "zero",
    count: Annotated[str, typer.Option(help="Column with the counts.")] = "count",
    expected: Annotated[str | None, typer.Option(help="Column with expected counts; maxsprt and glr need it.")] = None,
    start: Annotated[
        int, typer.Option(min=1, help="Period at which cusum starts; the mean is that of the periods before.")
    ] = 2,
    alpha: Annotated[
        float | None, typer.Option(help="Error: ears 0.001 (C3 0.025), maxsprt, farrington and bayes 0.05.")
    ] = None,
    limit: Annotated[
        float | None, typer.Option(help="maxsprt: expected count at which it ends; all rows without.")
    ] = None,
    minimum: Annotated[int, typer.Option(min=1, help="maxsprt: fewest events that may signal.")] = 1,
    delay: Annotated[float, typer.Option(min=0, help="maxsprt: expected count before which nothing may signal.")] = 0.0,
    years: Annotated[int | None, typer.Option(min=0, help="Years looked back: farrington 4, bayes 0.")] = None,
    window: Annotated[
        int | None,
        typer.Option(min=0, help="Half width of the windows, in periods: farrington three weeks, bayes 6."),
    ] = None,
    left_out: Annotated[
        int | None, typer.Option(min=0, help="farrington: latest periods that are no reference; half a year.")
    ] = None,
    recent: Annotated[
        int | None, typer.Option(min=1, help="farrington: periods that must hold 5 cases; four weeks.")
    ] = None,
    frequency: Annotated[
        int | None, typer.Option(min=1, help="farrington, bayes: periods in a year; what --time says, or 52.")
    ] = None,
    season_levels: Annotated[int | None, typer.Option(min=1, help="farrington: levels of the season.")] = None,
    residual_limit: Annotated[
        float | None, typer.Option(help="farrington: residual above which a past count weighs less.")
    ] = None,
    trend_level: Annotated[float | None, typer.Option(help="farrington: p below which the trend is kept.")] = None,
    errors: Annotated[
        str | None, typer.Option(help="farrington: pearson, or working as R's surveillance 1.20 computes them.")
    ] = None,
    out: files.Out = None,
) -> None:
    """Watch a series: EARS, cumulative sums, likelihood ratio, MaxSPRT, Farrington, Bayes.

    Example: gerland watch examples/weeks.csv --time week --method ears_c1,farrington_flexible
    """
    import polars as pl

    methods = files.chosen(method, METHODS)
    if not expected and (needing := [name for name in methods if name in EXPOSED]):
        raise FileError(f"{needing[0]} needs expected counts: name their column with --expected")
    if errors not in (None, "pearson", "working"):
        raise FileError(f"--errors is {errors!r}: pearson or working")
    frame = files.read(file, [c for c in (time, count, expected) if c], "name them with --time, --count, --expected")
    series = read(frame, time, count, expected, gaps)
    if frequency and series.frequency and frequency != series.frequency:
        raise FileError(f"--frequency is {frequency}, but column {time!r} has {series.frequency} periods a year")
    given = {
        **{"alpha": alpha, "years": years, "window": window, "left_out": left_out, "recent": recent},
        **{"frequency": frequency or series.frequency, "season_levels": season_levels, "errors": errors},
        **{"residual_limit": residual_limit, "trend_level": trend_level},
    }
    changed = {name: value for name, value in given.items() if value is not None}
    design = {"limit": limit, "minimum": minimum, "delay": delay}
    try:
        parts = [_scored(m, series, start, changed, design) for m in methods]
    except ValueError as error:
        raise FileError(str(error)) from None
    shown = [_named(part, series.table) for part in parts]
    files.write(pl.concat(shown, how="diagonal"), out, plot, SHOWN, top=sum(part.height for part in shown))


def read(frame: pl.DataFrame, time: str | None, count: str, expected: str | None, gaps: str) -> Series:
    """Put the series of a file in order of time; where the file passes over periods, they had no case.

    Raises:
        FileError: what is no count or no period; periods without a row where `gaps` is ``refuse`` or where expected
            counts would be missing for them; events where nothing is expected.
    """
    import polars as pl

    if gaps not in GAPS:
        raise FileError(f"--gaps is {gaps!r}: {' or '.join(GAPS)}")
    counts = files.counts(frame, count)
    exposure = files.numbers(frame, expected) if expected else None
    if expected and exposure is not None:
        faults = {"no expected count": exposure.is_null(), "an expected count below 0": exposure < 0}
        faults |= {"not an expected count": exposure.is_finite().not_()}
        files.refuse(expected, faults | {"nothing is expected, but something came": (exposure == 0) & (counts > 0)})
    if time is None:
        table = pl.DataFrame({"time": range(1, frame.height + 1), "count": counts, "is_filled": False})
        return Series(table, exposure, None, None)
    found = periods.read(files.names(frame, time).alias(time))
    if missing := found.missing():
        told = f"column {time!r}: no row for {periods.listed(missing)}, at steps of {found.step}"
        if gaps == "refuse" or exposure is not None:
            why = "--gaps is refuse" if exposure is None else "expected counts can't be made up"
            raise FileError(f"{told}; {why}")
        sys.stderr.write(f"{told}: counted as 0 (--gaps refuse stops here)\n")
    if not found.is_usual:
        sys.stderr.write(f"column {time!r}: periods of {found.step}, the largest step that reaches every row\n")
    filled = pl.Series("is_filled", [row is None for row in found.rows])
    rows = pl.Series(found.rows, dtype=pl.UInt32)
    ordered = counts.gather(rows).fill_null(0)
    table = pl.DataFrame({"time": found.labels, "count": ordered, "is_filled": filled})
    return Series(table, None if exposure is None else exposure.gather(rows), found.days, found.frequency)


def _scored(
    method: str, series: Series, start: int, changed: Mapping[str, Any], design: Mapping[str, Any]
) -> pl.DataFrame:
    from models.surveillance import bayes, farrington
    from models.surveillance.cusum import cusum, poisson_glr
    from models.surveillance.ears import ears
    from models.surveillance.maxsprt import poisson_maxsprt

    counts, alpha = series.table["count"].to_numpy(), changed.get("alpha", 0.05)
    if method.startswith("ears"):
        return ears(counts, method[-2:].upper(), changed.get("alpha"))  # type: ignore[arg-type]
    if method == "cusum":
        return cusum(counts, start=start - 1)
    if method in FARRINGTON:
        control = farrington.CONTROLS[method]
        return farrington.farrington(counts, replace(control, **_known(control, changed)), method, series.days)
    if method in BAYES:
        past = bayes.CONTROLS[method]
        return bayes.bayes(counts, replace(past, **_known(past, changed)), method, series.days)
    assert series.expected is not None
    expected = series.expected.to_numpy()
    if method == "glr":
        return poisson_glr(counts, expected)
    total = float(expected.sum())
    if total <= design["delay"]:
        raise FileError(f"{method}: all rows together expect {total:g}, which is not more than the delay")
    end = total * (1 + 1e-12) if design["limit"] is None else design["limit"]
    return poisson_maxsprt(
        counts, expected, end, alpha, design["minimum"], design["delay"], grouped=method != "maxsprt"
    )


def _known(control: Any, changed: Mapping[str, Any]) -> dict[str, Any]:
    """The options that this method has."""
    return {field.name: changed[field.name] for field in fields(control) if field.name in changed}


def _named(part: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Put the periods' own names on the rows that a method gave: the last of the series."""
    n = part.height
    return part.drop("count", "period", "expected", strict=False).with_columns(table.tail(n).get_columns())


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
