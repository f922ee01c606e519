"""Cells of a CSV that leaves: a spreadsheet takes a text that begins a formula for one and runs it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.files.text import BLANKS

if TYPE_CHECKING:
    import polars as pl

STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"  # the last four in full width, which spreadsheets read alike
# A spreadsheet may part cells at semicolons, tabs and line ends too, whatever the file's own delimiter is.
FORMULA = re.compile(rf"(^|[;\t\r\n])(?=[{re.escape(BLANKS)}\x00]*[{re.escape(STARTS)}])|^(?=[\t\r\n])")
NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")


def inert(text: str) -> str:
    """Return a text with an apostrophe before each place where it would begin a formula; numbers stay as they are."""
    return text if NUMBER.fullmatch(text) else FORMULA.sub(r"\1'", text)


def write_csv(rows: pl.DataFrame, path: Path) -> None:
    """Write a frame as CSV, its texts and column names as none that begins a formula."""
    _inert(rows).write_csv(path)


def _inert(rows: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    texts = [name for name, kind in rows.schema.items() if kind in (pl.String, pl.Categorical, pl.Enum)]
    made = [rows[name].cast(pl.String).to_list() for name in texts]
    told = [
        pl.Series(name, [None if v is None else inert(v) for v in values], pl.String)
        for name, values in zip(texts, made, strict=True)
    ]
    return rows.with_columns(told).rename(dict(zip(rows.columns, inert_names(rows.columns), strict=True)))


def inert_names(names: Iterable[str]) -> list[str]:
    """Return column names that begin no formula."""
    return [inert(name) for name in names]
