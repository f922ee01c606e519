"""Files in and out: what every command of this package shares."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

PLOTS = (".png", ".svg", ".pdf")


class FileError(Exception):
    """The file can't be analysed; the message says why."""


def read(path: Path, needed: Sequence[str], hint: str = "") -> pl.DataFrame:
    """Read a CSV (any of `, ; tab | $`, plain or gzipped) or Parquet file; CSV columns come as strings.

    Raises `FileError` where there is no such file, it can't be read, holds no row, or lacks a `needed` column; `hint`
    says which options name columns.
    """
    import polars as pl

    if not path.exists():
        raise FileError(f"there is no file {path}")
    try:
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FileError(f"{path.name} can't be read as CSV or Parquet: {str(error).splitlines()[0]}") from None
    if missing := [c for c in needed if c not in frame.columns]:
        told = f" ({hint})" if hint else ""
        raise FileError(f"{path.name} has no column {missing[0]!r}; it has {', '.join(frame.columns)}{told}")
    if frame.is_empty():
        raise FileError(f"{path.name} holds no row")
    return frame


def _read_csv(path: Path) -> pl.DataFrame:
    import gzip

    import polars as pl

    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
        head = stream.readline()
    separator = max(b",;\t|$", key=head.count)
    return pl.read_csv(path, separator=chr(separator), infer_schema=False, encoding="utf8-lossy")


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
        from pipelines.core.query import show

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
