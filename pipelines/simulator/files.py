"""Writing files the same way every time: fixed times in archives, folders made where needed."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import polars as pl

MOMENT = (2020, 1, 1, 0, 0, 0)


def put(path: Path, data: bytes) -> None:
    """Write bytes, making the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def put_csv(path: Path, rows: pl.DataFrame, delimiter: str = ";", encoding: str = "utf-8") -> None:
    """Write a frame as CSV with a header, its values as they stand; quotes only where a value needs them."""
    text = rows.write_csv(separator=delimiter, quote_style="necessary")
    put(path, text.encode(encoding, errors="replace"))


def put_zip(path: Path, members: Mapping[str, bytes]) -> None:
    """Write an archive whose bytes depend on its members alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, MOMENT), data, zipfile.ZIP_DEFLATED)
