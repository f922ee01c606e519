"""Files in and out: what every command of this package shares.

One reading for all: a file becomes a table by `kinds` and `text`, a column becomes names, numbers, counts or days here,
and a cell that can't be taken is told by the label of its column and its row: the n-th filled one below the header.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.output.cells import write_csv
from pipelines.output.near import did_you_mean

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

PLOTS = (".png", ".svg", ".pdf")
WRITTEN = (".csv", ".parquet", *PLOTS)
TREESCAN = (".cas", ".ctl", ".tre")
MISSING = (
    *("NA", "N/A", "#N/A", "<NA>", "n/a", "na", "NaN", "nan", "NULL", "null", "None", "."),
    *("#NA", "N.A.", "(null)", r"\N"),
)
"""How R, SAS, Stata, Excel, SQL and pandas write a missing value; a blank cell is one too."""

MOST = 2**53  # whole numbers up to here are exact in every program


class FileError(Exception):
    """The file can't be analysed; the message says why."""


def read(path: Path, needed: Sequence[str], hint: str = "", bare: Sequence[str] = ()) -> pl.DataFrame:
    """Read a table: separated text, workbook, Parquet or Arrow, plain or packed.

    Columns of text and workbook are texts. Texts are trimmed, blank is null. `bare` names the columns of TreeScan's
    files (.cas, .ctl, .tre), which have no header. What was decided about the file is told on stderr.

    Raises `FileError` where there is no such file, it can't be read, holds no row, or lacks a `needed` column; `hint`
    says which options name columns.
    """
    import polars as pl

    from pipelines.analyse import kinds, text
    from pipelines.files.text import Refused

    if not path.exists():
        raise FileError(f"there is no file {path}")
    if path.is_dir():
        raise FileError(f"{path} is a folder; name a file")

    def note(message: str) -> None:
        sys.stderr.write(f"{path.name}: {message}\n")

    try:
        found = kinds.frame(path.read_bytes(), note, bare if path.suffix in TREESCAN else None)
    except Refused as error:
        raise FileError(f"{path.name}: {error}") from None
    if not found.width:
        raise FileError(f"{path.name} is empty")
    if missing := [c for c in needed if c not in found.columns]:
        told = did_you_mean(missing[0], found.columns) + (f" ({hint})" if hint else "")
        raise FileError(f"{path.name} has no column {missing[0]!r}; it has {', '.join(found.columns)}{told}")
    if found.is_empty():
        raise FileError(f"{path.name} holds no row")
    return found.with_columns(pl.col(pl.String).str.strip_chars(text.BLANKS).replace("", None))


def listing(path: Path, case: str, product: str, event: str, dates: str | None = None) -> pl.DataFrame:
    """Read a case listing as `case`, `product`, `event` (strings, blank is null), and `date` where `dates` names it."""
    named = {"case": case, "product": product, "event": event} | ({"date": dates} if dates else {})
    options = ", ".join(f"--{name}" for name in named)
    frame = read(path, list(named.values()), f"name them with {options}")
    listed = cases(frame, case, product, event)
    return listed.with_columns(date=days(frame, dates)) if dates else listed


def cases(frame: pl.DataFrame, case: str, product: str, event: str) -> pl.DataFrame:
    """Return `case`, `product`, `event` of a listing; raises `FileError` without case number, product or event."""
    import polars as pl

    found = pl.DataFrame({n: names(frame, c) for n, c in (("case", case), ("product", product), ("event", event))})
    refuse(case, {"no case number": found["case"].is_null()})
    for name, column in (("product", product), ("event", event)):
        if found[name].null_count() == found.height:
            raise FileError(f"column {column!r} holds no {name}: all {found.height:,} rows are missing")
    if found.drop_nulls().is_empty():
        raise FileError("no row has both a product and an event")
    return found


def names(frame: pl.DataFrame, column: str) -> pl.Series:
    """Return a column of names or identifiers: trimmed, with plain blanks and composed accents; missing is null.

    How many of its words stood for missing (`MISSING`) is told on stderr.
    """
    text = _texts(frame[column]).str.replace_all(r"[\u00a0\u2007\u202f]", " ").str.normalize("NFC")
    is_missing = text.is_in(MISSING).fill_null(False)
    if n := int(is_missing.sum()):
        words = ", ".join(text.filter(is_missing).unique().sort().to_list())
        sys.stderr.write(f"column {column!r}: {n:,} of {text.len():,} rows say {words}: taken as missing\n")
    return text.set(is_missing, None)


def numbers(frame: pl.DataFrame, column: str, whole: bool = False) -> pl.Series:
    """Return a column as Float64 (Int64 where `whole`); raises `FileError` naming the first row that holds no number.

    A missing cell is null. A comma is a decimal comma; blanks between digits part thousands.
    """
    import polars as pl

    values, faults = _numbers(frame[column], whole)
    refuse(column, faults)
    return values.cast(pl.Int64) if whole else values


def counts(frame: pl.DataFrame, column: str, missing: int | None = None) -> pl.Series:
    """Return a column of counts as Int64, whole and not below 0; a missing cell is `missing`, and refused without.

    Raises `FileError` naming the first row that holds no count.
    """
    import polars as pl

    values, faults = _numbers(frame[column], whole=True)
    faults = {"a count below 0": values < 0, **faults}
    if missing is None:
        faults["no count"] = values.is_null()
    refuse(column, faults)
    found = values.cast(pl.Int64)
    return found if missing is None else found.fill_null(missing)


def _numbers(column: pl.Series, whole: bool) -> tuple[pl.Series, dict[str, pl.Series]]:
    """Values as Float64, and by what is wrong with them, which are."""
    import polars as pl

    text = _texts(column)
    text = text.set(text.is_in(MISSING).fill_null(False), None)
    is_parted = text.str.contains(r"^[+-]?\d{1,3}(\s\d{3})+([.,]\d+)?$")
    plain = text.zip_with(is_parted.not_().fill_null(True), text.str.replace_all(r"\s", ""))
    values = plain.str.replace(r"^([^.,]*),(\d+([eE][+-]?\d+)?)$", "$1.$2").cast(pl.Float64, strict=False)
    is_none = values.is_null() & text.is_not_null()
    if not whole:
        return values, {"not a number": is_none}
    is_part = values.is_finite().not_() | (values != values.floor())
    return values, {"not a whole number": is_none | is_part, "a number above 2^53, not exact": values.abs() > MOST}


def days(frame: pl.DataFrame, column: str) -> pl.Series:
    """Return a column of days, YYYY-MM-DD (a time behind is left); raises `FileError` naming the first without one."""
    text = names(frame, column)
    found = text.str.extract(r"^(\d{4}-\d{2}-\d{2})([T ]\d.*)?$").str.to_date("%Y-%m-%d", strict=False)
    refuse(column, {"no date": text.is_null(), "not a date YYYY-MM-DD": found.is_null()})
    return found


def refuse(column: str, faults: Mapping[str, pl.Series]) -> None:
    """Raise `FileError` with label and row of the first cell at fault, and what is wrong with it; null is no fault."""
    first = {what: is_bad.fill_null(False).arg_true().head(1).to_list() for what, is_bad in faults.items()}
    if found := [(at[0], what) for what, at in first.items() if at]:
        at, what = min(found, key=lambda pair: pair[0])
        raise FileError(f"column {column!r}, row {at + 1}: {what}")


def _texts(column: pl.Series) -> pl.Series:
    """A column as trimmed texts, blank as null; floats that are all whole as whole numbers."""
    import polars as pl

    from pipelines.analyse.text import BLANKS

    if column.dtype.is_float():
        column = column.fill_nan(None)
        if (column.is_null() | (column.is_finite() & (column == column.floor()) & (column.abs() <= MOST))).all():
            column = column.cast(pl.Int64)
    try:
        return column.cast(pl.String).str.strip_chars(BLANKS).replace("", None)
    except pl.exceptions.PolarsError:
        raise FileError(f"column {column.name!r} holds {column.dtype}, which is no text, number or date") from None


def day(text: str) -> dt.date:
    """Return a day given as an option, YYYY-MM-DD."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise FileError(f"{text!r} is not a date YYYY-MM-DD") from None


def chosen(text: str, known: Sequence[str]) -> list[str]:
    """Return the names of an option, with commas between; ``all`` is every one that is known."""
    listed = list(known) if text == "all" else [name.strip() for name in text.split(",")]
    if unknown := [name for name in listed if name not in known]:
        raise FileError(f"there is no method {unknown[0]!r}; known are {', '.join(known)}")
    return listed


def writable(out: Path | None) -> Path | None:
    """Return the path of a result as it is; raises `FileError` for a kind or a folder that can't be written."""
    if out is not None and out.suffix.lower() not in WRITTEN:
        raise FileError(f"{out.name}: the name must end in {', '.join(WRITTEN)}")
    if out is not None and not out.parent.is_dir():
        raise FileError(f"there is no folder {out.parent}")
    return out


Out = Annotated[
    Path | None, typer.Option(help="Result: .csv, .parquet, or a plot .png, .svg, .pdf.", callback=writable)
]
"""The option `--out` of every command: a kind that can't be written is refused before the work."""


def write(
    result: pl.DataFrame, out: Path | None, plot: Callable[[pl.DataFrame], Figure], shown: Sequence[str], top: int = 25
) -> None:
    """Write a result as CSV, Parquet or a plot by the name of `out`; without `out`, show the first rows."""
    if out is None:
        from pipelines.output.render import show

        show(result.head(top).select(shown).to_arrow())
        sys.stdout.write("--out FILE.csv or .parquet has every column, .png or .svg the plot\n")
    elif writable(out) and out.suffix.lower() == ".parquet":
        result.write_parquet(out)
    elif out.suffix.lower() == ".csv":
        write_csv(result, out)
    else:
        plot(result).savefig(out)
