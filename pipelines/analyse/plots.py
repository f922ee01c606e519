"""Plots that several commands draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

BLUE, RED, GREY = "#1b6ca8", "#c1440e", "#bbbbbb"
MOST, LONGEST = 40, 70  # rows, letters of a label


def forest(
    found: pl.DataFrame,
    labels: Sequence[str],
    unit: str,
    bounds: tuple[str, str, str] = ("estimate", "lower", "upper"),
    ratio: bool = True,
) -> Figure:
    """Draw an interval a row, the first on top; `ratio` makes the axis logarithmic around 1."""
    from matplotlib.figure import Figure

    middle, low, high = bounds
    named = found.with_columns(label=_series(labels)).drop_nulls(middle).head(MOST).reverse()
    figure = Figure(figsize=(9, 1.2 + 0.28 * named.height), layout="constrained")
    axes = figure.subplots()
    at = range(named.height)
    axes.hlines(at, named[low], named[high], color=BLUE, linewidth=2)
    axes.plot(named[middle], at, "o", color=RED)
    axes.axvline(1 if ratio else 0, color="#888888", linewidth=1)
    if ratio:
        axes.set_xscale("log")
    axes.set_yticks(at, named["label"].to_list())
    axes.set_xlabel(unit)
    return figure


def bars(found: pl.DataFrame, labels: Sequence[str], column: str, unit: str) -> Figure:
    """Draw a bar a row, the first on top; red where it is a signal."""
    from matplotlib.figure import Figure

    shown = found.with_columns(label=_series(labels)).head(MOST).reverse()
    figure = Figure(figsize=(9, 1.2 + 0.26 * shown.height), layout="constrained")
    axes = figure.subplots()
    at = range(shown.height)
    axes.barh(at, shown[column], color=[RED if s else GREY for s in shown["is_signal"]])
    axes.set_yticks(at, shown["label"].to_list())
    axes.set_xlabel(unit)
    return figure


def _series(labels: Sequence[str]) -> pl.Series:
    import polars as pl

    return pl.Series("label", [f"{x[: LONGEST - 1]}…" if len(x) > LONGEST else x for x in labels], dtype=pl.String)
