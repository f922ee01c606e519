"""Readers on bytes, and on the real files: what every source's tests ask."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from types import ModuleType

import pyarrow as pa

from pipelines.core.table import BronzeTable


def rows_of(source: ModuleType, table: type[BronzeTable], data: bytes, name: str = "x.txt") -> list[dict]:
    """Rows that a reader makes of bytes, rejects included, in the order of the file."""
    tables = list(source.read(io.BytesIO(data), name, table))
    rows = pa.concat_tables(tables).to_pylist() if tables else []
    return sorted(rows, key=lambda r: r["line_number"])


def is_balanced(source: ModuleType, table: type[BronzeTable], data: bytes, name: str = "x.txt") -> bool:
    """Tell whether each record counted in the bytes comes out, kept or rejected."""
    return len(rows_of(source, table, data, name)) == source.count(io.BytesIO(data), name, table)


def spoiled(data: bytes, cuts: list[int], noise: bytes) -> bytes:
    """Overwrite bytes with noise at these eighths of the data."""
    for cut in cuts:
        at = len(data) * (cut + 1) // 8
        data = data[:at] + noise + data[at + len(noise) :]
    return data


def bytes_of(path: Path, member: str | None = None) -> bytes:
    """Bytes of a real file, decompressed, or of a member of an archive."""
    if member:
        with zipfile.ZipFile(path) as archive:
            return archive.read(member)
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
