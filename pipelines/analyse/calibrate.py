"""`gerland calibrate`: estimates seen against negative controls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.analyse import files
from pipelines.analyse.files import FileError
from pipelines.core.log import progress

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

SHOWN = ("log_rr", "se_log_rr", "is_control", "estimate", "lower", "upper", "p_value", "is_signal", "not_computed")


def command(
    file: Annotated[Path, typer.Argument(help="CSV, .xlsx or Parquet: a row an estimate, controls among them.")],
    log_rr: Annotated[str, typer.Option(help="Column with the natural logarithm of the ratio.")] = "log_rr",
    se: Annotated[str, typer.Option(help="Column with its standard error.")] = "se_log_rr",
    truth: Annotated[
        str, typer.Option(help="Column: 0 for a negative control; with --errors the true log ratio.")
    ] = "truth",
    errors: Annotated[bool, typer.Option("--errors", help="Fit the error to controls of any known effect.")] = False,
    out: files.Out = None,
) -> None:
    """Calibrated p-values and intervals: the bias that negative controls show is taken off.

    Example: gerland calibrate examples/estimates.csv
    """
    import polars as pl

    from models.calibration.calibration import (
        TooFewControls,
        answer,
        expected_absolute_error,
        fit_error_model,
        fit_null,
    )

    frame = files.read(file, [log_rr, se, truth], "name them with --log-rr, --se, --truth")
    y, s, t = (files.numbers(frame, c).fill_null(float("nan")).to_numpy() for c in (log_rr, se, truth))
    is_control = t == 0
    try:
        null = fit_null(y[is_control], s[is_control])
        model = fit_error_model(y, s, t) if errors else None
    except TooFewControls as error:
        raise FileError(f"column {truth!r}: {error}") from None
    say = progress()
    say(f"null: mean {null.mean:.6f}, sd {null.sd:.6f} from {null.n} negative controls")
    say(f"expected absolute systematic error {expected_absolute_error(null):.4f}")
    kept = frame.with_columns(
        pl.Series("log_rr", y).fill_nan(None),
        pl.Series("se_log_rr", s).fill_nan(None),
        pl.Series("is_control", is_control),
    )
    files.write(pl.concat([kept, answer(y, s, null, model)], how="horizontal"), out, plot, SHOWN, top=frame.height)


def plot(found: pl.DataFrame) -> Figure:
    """Draw estimates against standard errors; below the line is significant, before and after calibration."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    shown = found.drop_nulls("estimate")
    for flag, colour, name in ((True, "#1b6ca8", "negative control"), (False, "#e0a100", "other")):
        part = shown.filter(shown["is_control"] == flag)
        axes.plot(part["log_rr"].exp(), part["se_log_rr"], "o", color=colour, label=name)
    marked = shown.filter(shown["is_signal"])
    axes.plot(
        marked["log_rr"].exp(),
        marked["se_log_rr"],
        "o",
        markersize=11,
        fillstyle="none",
        color="#c1440e",
        label="calibrated p < 0.05",
    )
    heights = [0.0, float(shown["se_log_rr"].max() or 1) * 1.05]  # type: ignore[arg-type]
    for side in (1.96, -1.96):
        axes.plot([2.718281828 ** (side * h) for h in heights], heights, "--", color="#888888", linewidth=1)
    axes.set_xscale("log")
    axes.set_ylim(heights[0], heights[1])
    axes.set_xlabel("ratio")
    axes.set_ylabel("standard error; above the dashed lines is not significant uncalibrated")
    axes.legend(fontsize=8, frameon=False)
    return figure
