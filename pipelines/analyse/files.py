"""Files in and out: what every command of this package shares."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

PLOTS = (".png", ".svg", ".pdf")
TREESCAN = (".cas", ".ctl", ".tre")


class FileError(Exception):
    """The file can't be analysed; the message says why."""


def read(path: Path, needed: Sequence[str], hint: str = "", bare: Sequence[str] = ()) -> pl.DataFrame:
    """Read a CSV (any of `, ; tab | $`, plain or gzipped) or Parquet file; CSV columns come as strings.

    `bare` names the columns of TreeScan's files (.cas, .ctl, .tre), which have no header.

    Raises `FileError` where there is no such file, it can't be read, holds no row, or lacks a `needed` column; `hint`
    says which options name columns.
    """
    import polars as pl

    if not path.exists():
        raise FileError(f"there is no file {path}")
    try:
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else _read_csv(path, bare)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FileError(f"{path.name} can't be read as CSV or Parquet: {str(error).splitlines()[0]}") from None
    if missing := [c for c in needed if c not in frame.columns]:
        told = f" ({hint})" if hint else ""
        raise FileError(f"{path.name} has no column {missing[0]!r}; it has {', '.join(frame.columns)}{told}")
    if frame.is_empty():
        raise FileError(f"{path.name} holds no row")
    return frame


def _read_csv(path: Path, bare: Sequence[str]) -> pl.DataFrame:
    import gzip

    import polars as pl

    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
        head = stream.readline()
    separator = max(b",;\t|$", key=head.count)
    has_header = path.suffix not in TREESCAN
    frame = pl.read_csv(
        path, separator=chr(separator), infer_schema=False, encoding="utf8-lossy", has_header=has_header
    )
    if has_header:
        return frame
    named = dict(zip(frame.columns, bare, strict=False))
    return frame.rename(named).with_columns(pl.all().str.strip_chars()).filter(pl.nth(0) != "")


def listing(path: Path, case: str, product: str, event: str, dates: str | None = None) -> pl.DataFrame:
    """Read a case listing as `case`, `product`, `event` (strings, blank is null), and `date` where `dates` names it."""
    import polars as pl

    named = {"case": case, "product": product, "event": event} | ({"date": dates} if dates else {})
    options = ", ".join(f"--{name}" for name in named)
    frame = read(path, list(named.values()), f"name them with {options}")
    listed = frame.select(
        pl.col(c).cast(pl.String).str.strip_chars().replace("", None).alias(n) for n, c in named.items()
    )
    if listed["case"].null_count():
        raise FileError(f"column {case!r}, row {listed['case'].is_null().arg_true()[0] + 1}: no case number")
    return listed.with_columns(date=days(listed, "date")) if dates else listed


def days(frame: pl.DataFrame, column: str) -> pl.Series:
    """Return a column of days, YYYY-MM-DD; raises `FileError` naming the first row that holds none."""
    import polars as pl

    found = frame[column].cast(pl.String).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    if (at := found.is_null().arg_true()).len():
        raise FileError(f"column {column!r}, row {at[0] + 1}: not a date YYYY-MM-DD")
    return found


def day(text: str) -> dt.date:
    """Return a day given as an option, YYYY-MM-DD."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise FileError(f"{text!r} is not a date YYYY-MM-DD") from None


def chosen(text: str, known: Sequence[str]) -> list[str]:
    """Return the names of an option, with commas between; ``all`` is every one that is known."""
    names = list(known) if text == "all" else [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise FileError(f"there is no method {unknown[0]!r}; known are {', '.join(known)}")
    return names


def numbers(frame: pl.DataFrame, column: str, whole: bool = False) -> pl.Series:
    """Return a column as Float64 (Int64 where `whole`); raises `FileError` naming the first row that holds no number.

    An empty cell is null.
    """
    import polars as pl

    text = frame[column].cast(pl.String).str.strip_chars()
    values = text.cast(pl.Float64, strict=False)
    bad = (values.is_null() & text.is_not_null() & (text != "") & (text != "NA")) | (
        values.is_not_null() & (values != values.floor()) if whole else pl.repeat(False, frame.height, eager=True)
    )
    if (at := bad.arg_true()).len():
        kind = "whole number" if whole else "number"
        raise FileError(f"column {column!r}, row {at[0] + 1}: not a {kind}")
    return values.cast(pl.Int64) if whole else values


def write(
    result: pl.DataFrame, out: Path | None, plot: Callable[[pl.DataFrame], Figure], shown: Sequence[str], top: int = 25
) -> None:
    """Write a result as CSV, Parquet or a plot by the name of `out`; without `out`, show the first rows."""
    if out is None:
        from pipelines.core.render import show

        show(result.head(top).select(shown).to_arrow())
        sys.stdout.write("--out FILE.csv or .parquet has every column, .png or .svg the plot\n")
    elif out.suffix == ".parquet":
        result.write_parquet(out)
    elif out.suffix == ".csv":
        result.write_csv(out)
    elif out.suffix in PLOTS:
        plot(result).savefig(out)
    else:
        raise FileError(f"{out.name}: the name must end in .csv, .parquet, {', '.join(PLOTS)}")
