"""Bytes of a file to a table, by what the bytes are, whatever the name says."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.analyse import text
from pipelines.analyse.text import Note
from pipelines.files.text import Refused

if TYPE_CHECKING:
    import polars as pl

READ = "CSV or other separated text, .xlsx, Parquet or Arrow, each plain, compressed or alone in a .zip"
_COMPRESSED = ((b"\x1f\x8b", gzip.decompress), (b"BZh", bz2.decompress), (b"\xfd7zXZ\0", lzma.decompress))
_NAMED = (
    (rb"\xd0\xcf\x11\xe0", "an Excel workbook of before 2007 (.xls), or one with a password"),
    (rb"\s*(\xef\xbb\xbf)?<(\?xml|!doctype|html|table)", "HTML or XML"),
    (rb"\s*(\xef\xbb\xbf)?[\[{]\s*[\[{\"]", "JSON"),
    (rb"%PDF", "a PDF"),
    (rb"RDX[23]\n|X\n\0", "a file of R (.rds, .RData)"),
    (rb"\0{12}\xc2\xea\x81\x60|HEADER RECORD\*{7}LIBRARY", "a data set of SAS"),
    (rb"<stata_dta>", "a data set of Stata"),
    (rb"\$FL[23]@", "a data set of SPSS"),
    (rb"SQLite format 3\0", "a data base of SQLite"),
    (rb"\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!", "compressed in a way that is not read here"),
)
_IN_ZIP = (
    ("xl/workbook.bin", "a binary Excel workbook (.xlsb)"),
    ("content.xml", "an OpenDocument file"),
    ("word/document.xml", "a Word document"),
)


def frame(data: bytes, note: Note, bare: Sequence[str] | None = None) -> pl.DataFrame:
    """Read a file's bytes; texts are as they stand, names of columns trimmed.

    `bare` names the columns of text without a header. Raises `Refused` for what can't be read, saying what it is.
    """
    for mark, unpacked in _COMPRESSED:
        if data.startswith(mark):
            return frame(_unpacked(data, unpacked), note, bare)
    for pattern, name in _NAMED:
        if re.match(pattern, data[:1000], re.IGNORECASE):
            raise Refused(f"{name}; save the table as CSV or .xlsx")
    if data.startswith((b"PAR1", b"ARROW1")):
        return _columnar(data)
    if data.startswith(b"PK\x03\x04"):
        return _zipped(data, note, bare)
    return _headed(*text.table(text.decoded(data, note), note, bare), note)


def _columnar(data: bytes) -> pl.DataFrame:
    """Read by Arrow, which says what is wrong with a broken file."""
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = pa.BufferReader(data)
    try:
        found = pq.read_table(source) if data.startswith(b"PAR1") else pa.ipc.open_file(source).read_all()
        found.validate(full=True)
        return pl.DataFrame(found)
    except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise Refused(f"can't be read as Parquet or Arrow: {str(error).splitlines()[0][:200]}") from None


def _unpacked(data: bytes, unpacked: object) -> bytes:
    try:
        return unpacked(data)  # type: ignore[operator, no-any-return]
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
        raise Refused(f"compressed, and broken: {error}") from None


def _zipped(data: bytes, note: Note, bare: Sequence[str] | None) -> pl.DataFrame:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if "xl/workbook.xml" in names:
                sheets = sum(bool(re.fullmatch(r"xl/worksheets/[^/]+\.xml", part)) for part in names)
                if sheets > 1:
                    note(f"the first of its {sheets} sheets is read")
                return _workbook(data, note)
            if inside := next((kind for part, kind in _IN_ZIP if part in names), None):
                raise Refused(f"{inside}; save the table as CSV or .xlsx")
            held = [n for n in names if not n.endswith("/") and not n.startswith("__MACOSX/")]
            if len(held) != 1:
                raise Refused(f"a zip of {len(held)} files; unpack it and name one of them")
            inner = archive.read(held[0])
    except (zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, EOFError, OSError) as error:
        raise Refused(f"a zip that can't be unpacked: {error}") from None
    return frame(inner, note, bare)


def _workbook(data: bytes, note: Note) -> pl.DataFrame:
    """Read the first sheet of a workbook, its first filled row as header."""
    import polars as pl

    from pipelines.files.workbook import cell_text, workbook_rows

    rows = [[cell_text(cell) or "" for cell in row] for row in workbook_rows(io.BytesIO(data))]
    rows = [row for row in rows if any(row)]
    if not rows:
        return pl.DataFrame()
    n = max(map(len, rows))
    names, *below = [row + [""] * (n - len(row)) for row in rows]
    columns = [pl.Series([row[i] for row in below], dtype=pl.String) for i in range(n)]
    return _headed(names, columns, note)


def _headed(names: list[str], columns: list[pl.Series], note: Note) -> pl.DataFrame:
    """Put names on columns; one without a name is left out, with a word where it holds something.

    Raises `Refused` where two columns have one name.
    """
    import polars as pl

    labels = [text.trimmed(name) for name in names]
    if twice := next((label for i, label in enumerate(labels) if label and label in labels[:i]), None):
        raise Refused(f"column {twice!r} stands twice in the header")
    for place, (label, column) in enumerate(zip(labels, columns, strict=True), start=1):
        if not label and (column.str.strip_chars() != "").any():
            note(f"column {place} has no name and is left out")
    return pl.DataFrame([c.alias(label) for label, c in zip(labels, columns, strict=True) if label])
