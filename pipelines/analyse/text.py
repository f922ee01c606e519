"""Text to columns of texts: encoding, separator, quotation marks. No file system; one reading for every command.

What the evidence decides is told through `note`; what it can't decide is refused with its row. Row n is the n-th below
the header that is not blank.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pipelines.files.text import BLANKS, Refused, decode_line

if TYPE_CHECKING:
    import polars as pl

Note = Callable[[str], None]

SEPARATORS = ",;\t|$"
QUOTING = ",;"  # the format has quotation marks: one that stays open is a fault of the file, not part of a name
NEVER_QUOTING = "$"
LOOKED_AT_LINES = 100
_MARKS = (
    *((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")),
    *((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")),
)
_NAMED = re.compile(r'\ufeff?"?sep=([^\w\s"]|\t)\1*"?\s*', re.IGNORECASE)
_IN_QUOTES = r' *"[^"]*(?:""[^"]*)*" *'


def trimmed(text: str) -> str:
    """Take a text's outer blanks off (no-break ones and marks without width too); a run of blanks inside is one."""
    return " ".join(text.strip(BLANKS).split())


def decoded(data: bytes, note: Note) -> str:
    """Decode a file: by its mark, as UTF-16 where every other byte is zero, else each line as UTF-8 or Windows-1252.

    Raises `Refused` for what is no text.
    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None) or _unmarked(data[:400])
    if encoding is None:
        text = _by_line(data.removeprefix(codecs.BOM_UTF8), note)
    else:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            raise Refused(f"{encoding.upper()} text that breaks off amid a character") from None
    if "\0" in text:
        raise Refused("neither text nor a kind of file that is read here: it holds zero bytes")
    return text


def _unmarked(head: bytes) -> str | None:
    """UTF-16 without its mark: half of the bytes are zero, and none of the others."""
    for zeros, others, name in ((head[1::2], head[::2], "utf-16-le"), (head[::2], head[1::2], "utf-16-be")):
        if zeros.count(0) > 0.8 * len(zeros) > 0 and not others.count(0):
            return name
    return None


def _by_line(data: bytes, note: Note) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raw = data.split(b"\n")
    lines = [decode_line(line) for line in raw]
    other = sum(text.encode() != line for text, line in zip(lines, raw, strict=True))
    note(f"{other:,} of its lines are not UTF-8 and were read as Windows-1252")
    return "\n".join(lines)


def table(text: str, note: Note, bare: Sequence[str] | None = None) -> tuple[list[str], list[pl.Series]]:
    """Names of the columns, and each column's fields as they stand between the separators.

    The separator is the one of Excel's line ``sep=``, else that of `SEPARATORS` which fits the lines. Blank lines, and
    lines of nothing but separators, are no rows. Empty fields behind the last column are left out, and a first column
    that the header leaves out (row names of R) has no name. `bare` names the columns of a file that has neither header
    nor quotation marks, and whose lines may end early. No row: no columns.

    Raises `Refused` with the row of a line with another number of fields, and of a quotation mark that may either be
    part of a name or join rows.
    """
    import polars as pl

    lines = text.split("\n" if text.count("\n") >= text.count("\r") - text.count("\r\n") else "\r")
    first = next((i for i, line in enumerate(lines) if line.strip(BLANKS)), 0)
    named = _NAMED.fullmatch(lines[first])
    lines = lines[first + bool(named) :]
    separator = named[1] if named else likely_separator(lines[:LOOKED_AT_LINES])
    if bare is not None or separator in NEVER_QUOTING or '"' not in text:
        records = pl.Series(lines, dtype=pl.String).str.strip_chars_end("\r")
        rows = records.filter(_holds(records, separator)).str.split(separator)
    else:
        rows = _quoted(lines, separator, note)
    if rows.is_empty():
        return [], []
    if bare is None:
        names, rows = _fitting(rows[0].to_list(), rows[1:])
    else:
        n = int(rows.list.len().max())  # type: ignore[arg-type]
        names = [*bare, *[""] * n][:n]
    return names, [rows.list.get(i, null_on_oob=True) for i in range(len(names))]


def _fitting(names: list[str], rows: pl.Series) -> tuple[list[str], pl.Series]:
    """Names for every column of the rows, which all have the same number of fields; else raises `Refused`."""
    import polars as pl

    sizes = rows.list.len()
    while rows.len() and len(names) > sizes.min() and not names[-1].strip():  # type: ignore[operator]
        names = names[:-1]
    is_over = rows.list.slice(len(names)).list.join("").str.strip_chars(BLANKS) != ""
    if rows.len() and (sizes == len(names) + 1).all() and is_over.any():
        names, is_over = ["", *names], pl.repeat(False, rows.len(), eager=True)
    if (bad := ((sizes < len(names)) | is_over).arg_true()).len():
        raise Refused(f"row {bad[0] + 1}: {len(names)} fields expected, {sizes[bad[0]]} found")
    if (again := (rows.list.head(len(names)) == pl.Series([names])).arg_true()).len():
        raise Refused(f"row {again[0] + 1}: the header once more; are these two files in one?")
    return names, rows


def _holds(records: pl.Series, separator: str) -> pl.Series:
    return records.str.strip_chars(f'{BLANKS}{separator}"\ufeff') != ""


def likely_separator(lines: Sequence[str]) -> str:
    """Of the separators that the first line holds, the one by which most lines have as many fields as the first.

    Of equals, the one that the first line holds most often; a comma where it holds none.
    """
    filled = [line for line in lines if line.strip(BLANKS)]

    def fit(separator: str) -> tuple[int, int]:
        sizes = [len(_fields(line, separator)) for line in filled]
        return sum(size == sizes[0] for size in sizes), sizes[0]

    held = [s for s in SEPARATORS if filled and len(_fields(filled[0], s)) > 1]
    return max(held, key=fit, default=SEPARATORS[0])


def _fields(line: str, separator: str) -> list[str]:
    """Fields of one line; a quotation mark that does not enclose its field is part of the text."""
    if separator in NEVER_QUOTING:
        return line.split(separator)
    s = re.escape(separator)
    found = re.findall(rf"{s}({_IN_QUOTES}(?={s}|\Z)|[^{s}]*)", separator + line)
    return [f.strip(" ")[1:-1].replace('""', '"') if re.fullmatch(_IN_QUOTES, f) else f for f in found]


def _quoted(lines: list[str], separator: str, note: Note) -> pl.Series:
    """Lists of fields, the header first, from lines that hold quotation marks."""
    import polars as pl

    s = r"\t" if separator == "\t" else re.escape(separator)
    field = rf'(?:{_IN_QUOTES}| *[^ "{s}\n][^{s}\n]*| *)'
    whole = re.compile(rf"{field}(?:{s}{field})*")
    ends = pl.Series(lines, dtype=pl.String).str.strip_chars_end("\r")
    is_closed = ends.str.contains(f"^{whole.pattern}$")
    found = pl.DataFrame({"record": ends, "is_closed": is_closed})
    if not is_closed.all():
        records = _joined(lines, is_closed.to_list(), whole, separator, note)
        found = pl.DataFrame(records, schema=found.schema, orient="row")
    found = found.filter(_holds(found["record"], separator)).with_row_index()
    part = pl.element().str.slice(1)
    bare = (
        part.str.strip_chars(" ").str.strip_prefix('"').str.strip_suffix('"').str.replace_all('""', '"', literal=True)
    )
    unquoted = pl.when(part.str.contains('^ *"')).then(bare).otherwise(part)
    closed = found.filter("is_closed").select(
        "index", fields=(separator + pl.col("record")).str.extract_all(s + field).list.eval(unquoted)
    )
    other = found.filter(~pl.col("is_closed"))
    literal = pl.Series([_fields(line, separator) for line in other["record"]], dtype=pl.List(pl.String))
    return pl.concat([closed, other.select("index", fields=literal)]).sort("index")["fields"]


def _joined(
    lines: list[str], is_closed: list[bool], whole: re.Pattern[str], separator: str, note: Note
) -> list[tuple[str, bool]]:
    """Records, each with whether its quotation marks enclose fields; fields that run over lines are joined."""
    records: list[tuple[str, bool]] = []
    at = width = row = 0
    joined: list[int] = []
    literal: list[int] = []
    while at < len(lines):
        record, n, closed = lines[at].rstrip("\r"), 1, is_closed[at]
        escaped = "" if closed else record.replace('\\"', '""')  # as R, Spark and MySQL write a mark inside of marks
        if escaped != record and whole.fullmatch(escaped) and len(_fields(escaped, separator)) == width:
            record, closed = escaped, True
        if not closed:
            n, record = _enclosed(lines, at, whole)
            closed = n > 1 and (not width or len(_fields(record, separator)) == width)
            alone = [len(_fields(line, separator)) == width for line in lines[at : at + n] if line.strip(BLANKS)]
            if closed and width > 1 and all(alone):
                if separator in QUOTING:
                    raise Refused(
                        f"row {row}: a quotation mark opens a field that ends {n - 1} lines below, but each line has "
                        "the fields of a row; is it part of a name? then write the field in quotation marks, and the "
                        "mark twice"
                    )
                closed = False
            if not closed:
                record, n = lines[at].rstrip("\r"), 1
            (joined if closed else literal).append(row)
        width = width or len(_fields(record, separator)) * bool(record.strip(BLANKS))
        row += bool(record.strip(f'{BLANKS}{separator}"'))
        records.append((record, closed))
        at += n
    for rows, told in ((joined, "fields that run over lines"), (literal, "a quotation mark that is part of the text")):
        if rows:
            note(f"rows that hold {told}: {len(rows):,}, the first is row {rows[0]}")
    return records


def _enclosed(lines: list[str], at: int, whole: re.Pattern[str]) -> tuple[int, str]:
    """How many lines the quotation mark left open by line `at` joins, and their text; 1 where none closes it."""
    is_open = False
    for end in range(at, len(lines)):
        is_open ^= lines[end].count('"') % 2 == 1
        if not is_open:
            break
    record = "\n".join(lines[at : end + 1]).rstrip("\r")
    return (end + 1 - at, record) if end > at and not is_open and whole.fullmatch(record) else (1, record)
