"""The one reading of people's own files: what other programs write comes back the same, and faults name their row."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import gzip
import io
import zipfile

import numpy as np
import openpyxl
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.analyse import files
from pipelines.analyse.files import FileError, read
from pipelines.analyse.kinds import frame
from pipelines.files.text import Refused

ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
LETTERS = st.characters(codec="cp1252", exclude_characters="\0\x1a", exclude_categories=("Cc",))
MARKS = st.sampled_from(' ",;|$\t\'.-="éÉœ€')
CELLS = st.text(st.one_of(LETTERS, MARKS), max_size=8)


def quiet(message: str) -> None:
    pass


def told(data: bytes) -> tuple[pl.DataFrame, list[str]]:
    said: list[str] = []
    return frame(data, said.append), said


def encoded(text: str, encoding: str) -> bytes:
    """Bytes; a line of Windows-1252 that happens to be UTF-8 as well can't be told apart."""
    data = text.encode(encoding)
    if encoding == "cp1252":
        for line in data.split(b"\n"):
            try:
                assume(line.decode().isascii())
            except UnicodeDecodeError:
                continue
    return data


def rows_of(found: pl.DataFrame) -> list[list[str]]:
    return [list(row) for row in found.rows()]


@st.composite
def tables(draw, cells=CELLS):
    width = draw(st.integers(2, 5))
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=12))
    names = [f"column {i}" for i in range(width)]
    assume(all(any(cell.strip(' \t,;|$"\xa0') for cell in row) for row in rows))  # what holds nothing is no row
    assume(all(sum(any(c.isalnum() for c in cell) for cell in row) for row in rows))
    return names, rows


def written_by_csv(names, rows, separator, end="\r\n", quoting=csv.QUOTE_MINIMAL) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerows([names, *rows])
    return stream.getvalue()


def written_by_pandas(names, rows, separator, end, quoting) -> str:
    import pandas as pd

    return pd.DataFrame(rows, columns=names).to_csv(sep=separator, index=False, lineterminator=end, quoting=quoting)


def written_by_polars(names, rows, separator, end, quoting) -> str:
    style = {csv.QUOTE_MINIMAL: "necessary", csv.QUOTE_ALL: "always"}[quoting]
    made = pl.DataFrame(rows, schema=names, orient="row")
    return made.write_csv(separator=separator, line_terminator=end, quote_style=style)


WRITERS = (written_by_csv, written_by_pandas, written_by_polars)


@given(
    tables(),
    st.sampled_from(WRITERS),
    st.sampled_from(",;\t"),
    st.sampled_from(("\r\n", "\n")),
    st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
    st.sampled_from(ENCODINGS),
)
@settings(max_examples=400)
def test_what_programs_write_comes_back_the_same(table, writer, separator, end, quoting, encoding):
    names, rows = table
    found = frame(encoded(writer(names, rows, separator, end, quoting), encoding), quiet)
    assert found.columns == names
    assert rows_of(found) == rows


@given(
    tables(st.text(st.one_of(LETTERS, MARKS, st.sampled_from("\n\n\r")), max_size=12)),
    st.sampled_from(",;\t"),
    st.sampled_from(("\r\n", "\n")),
    st.sampled_from(("utf-8", "cp1252", "utf-16")),
)
@settings(max_examples=400)
def test_fields_over_lines_come_back_the_same_or_are_told(table, separator, end, encoding):
    """No line goes unseen: either the table is the same, or the file is refused, or a word says what was taken."""
    names, rows = table
    assume(not any(cell.count("\r") for row in rows for cell in row if "\n" not in cell))
    try:
        found, said = told(encoded(written_by_csv(names, rows, separator, end), encoding))
    except Refused as refused:
        assert str(refused).startswith("row ")
        assert any("\n" in cell for row in rows for cell in row)
        return
    if rows_of(found) != rows:
        assert separator == "\t" and any("part of the text" in message for message in said)


@given(st.lists(st.text(st.one_of(LETTERS, MARKS), max_size=10), min_size=3, max_size=3), st.sampled_from("|$"))
def test_formats_without_quotation_marks_keep_them(cells, separator):
    plain = [cell.replace(separator, "") for cell in cells]
    assume(any(c.isalnum() for c in plain[0]))
    assume(plain[0].count('"') % 2 or separator == "$")
    text = separator.join(("a", "b", "c")) + "\n" + separator.join(plain) + "\n"
    assert rows_of(frame(text.encode(), quiet)) == [plain]


def test_lines_in_windows_1252_and_utf_8_stand_in_one_file():
    text = b"case_id;product\n1;CYT\xc9AL\n2;" + "CYTÈAL".encode() + b"\n3;\x80\n"
    found, said = told(text)
    assert found["product"].to_list() == ["CYTÉAL", "CYTÈAL", "€"]
    assert said == ["2 of its lines are not UTF-8 and were read as Windows-1252"]


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=; ", "\n\nsep=;", "\ufeffsep=;", "sep=;;;"])
def test_excels_line_names_the_separator(line):
    found = frame(f"{line}\r\na, b;c\r\n1,5;2,5\r\n".encode(), quiet)
    assert (found.columns, found.rows()) == (["a, b", "c"], [("1,5", "2,5")])


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('a\tb\tc\n1\t"X\tR\n2\tY\tR\n3\tZ"\tR\n', [("1", '"X', "R"), ("2", "Y", "R"), ("3", 'Z"', "R")]),
        ('a|b\n1|"X\n2|Y"\n', [("1", '"X'), ("2", 'Y"')]),
        ('a$b\n1$"X"\n2$"Y\n', [("1", '"X"'), ("2", '"Y')]),
        ('a,b\n1,5" tube\n2,6" tube\n', [("1", '5" tube'), ("2", '6" tube')]),
        ('a,b\n1,"X" forte\n', [("1", '"X" forte')]),
        ('a,b\n1, "X, Y"\n', [("1", "X, Y")]),
        ('a,b\n1,"X ""Y"", Z"\n2,"X \\"Y\\", Z"\n', [("1", 'X "Y", Z'), ("2", 'X "Y", Z')]),
        ('"a"\t"b"\n"1"\t"5\\" tube"\n"2"\t"C:\\"\n', [("1", '5" tube'), ("2", "C:\\")]),
        ('a;b\n1;"X\nY"\n2;Z\n', [("1", "X\nY"), ("2", "Z")]),
        ('a;b\n1;"X\n\nY"\n2;Z\n', [("1", "X\n\nY"), ("2", "Z")]),
        ('a,b\n1,"X\n2,Y\n', [("1", '"X'), ("2", "Y")]),
        ("a;b;\n1;2;\n\n;;\n3;4;\n", [("1", "2"), ("3", "4")]),
        ("a$b\n1$2$\n3$4\n", [("1", "2"), ("3", "4")]),
        ("a\rb,c\r".replace("\rb", ",b", 1) + "1,2,3\r", [("1", "2", "3")]),
        ('"a"\t"b"\n"1"\t2\t3\n"2"\t4\t5\n', [("2", "3"), ("4", "5")]),
        ('"","a","b"\n"1","x",3\n', [("x", "3")]),
    ],
)
def test_each_line_is_a_row_and_each_mark_is_read_by_the_evidence(text, rows):
    assert frame(text.encode(), quiet).rows() == rows


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('a,b,c\n0,W,R\n1,"X,R\n2,Y,R\n3,Z",R\n', "row 2: a quotation mark opens a field that ends 2 lines below"),
        ("a,b\n1,2\n1\n", "row 2: 2 fields expected, 1 found"),
        ("a,b\n\n1,2\n1,2,3\n", "row 2: 2 fields expected, 3 found"),
        ("a,b\n1,2\na,b\n3,4\n", "row 2: the header once more"),
        ("a,a\n1,2\n", "column 'a' stands twice in the header"),
        (" a,a \n1,2\n", "column 'a' stands twice in the header"),
        ("a,b\n1,\0\n", "zero bytes"),
        ("<html><table>", "HTML or XML"),
        ('{"a": [1]}', "JSON"),
        ("%PDF-1.7", "a PDF"),
        ("\ufeff", "is empty"),
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("a,b\n", "holds no row"),
        ("a,b\n,\n", "holds no row"),
    ],
)
def test_what_can_not_be_read_is_said(tmp_path, text, said):
    file = tmp_path / "mine.csv"
    file.write_text(text)
    with pytest.raises(FileError, match=said) as refused:
        read(file, [])
    assert str(refused.value).startswith("mine.csv")


def test_kinds_are_told_by_their_bytes_not_their_names(tmp_path):
    rows = [("case_id", "product", "n"), (1, " A ", 2.5), (None, None, None), (2.0, "B", 3)]
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "book.xlsx")
    text = b"case_id,product,n\n1,A,2.5\n2,B,3\n"
    (tmp_path / "gz.csv").write_bytes(gzip.compress(text))
    for name, inner in (("zip.zip", text), ("both.zip", gzip.compress(text))):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("folder/inner.csv", inner)
            archive.writestr("__MACOSX/folder/._inner.csv", b"x")
    made = pl.DataFrame({"case_id": [1.0, 2.0], "product": ["A", "B "], "n": [2.5, 3]})
    made.write_parquet(tmp_path / "parquet.csv")
    made.write_ipc(tmp_path / "arrow.txt")
    for file in tmp_path.iterdir():
        found = read(file, ["case_id"])
        assert files.names(found, "case_id").to_list() == ["1", "2"], file
        assert files.names(found, "product").to_list() == ["A", "B"], file
        assert files.numbers(found, "n").to_list() == [2.5, 3], file


def test_the_first_sheet_is_read_and_told(tmp_path, capsys):
    book = openpyxl.Workbook()
    for row in ((), ("a", None, "b"), (1, None, dt.date(2024, 1, 5)), (None, None, None), ("#N/A", None, True)):
        book.active.append(row)
    book.create_sheet("second").append(("c",))
    book.save(tmp_path / "two.xlsx")
    found = read(tmp_path / "two.xlsx", [])
    assert found.columns == ["a", "b"]
    assert files.names(found, "a").to_list() == ["1", None]
    assert str(files.days(found.head(1), "b")[0]) == "2024-01-05"
    assert "two.xlsx: the first of its 2 sheets is read" in capsys.readouterr().err


def test_a_workbook_whose_own_dimensions_are_wrong_is_read_whole(tmp_path):
    book = openpyxl.Workbook()
    for row in (("a", "b"), (1, 2), (3, 4)):
        book.active.append(row)
    book.save(tmp_path / "right.xlsx")
    with zipfile.ZipFile(tmp_path / "right.xlsx") as right, zipfile.ZipFile(tmp_path / "wrong.xlsx", "w") as wrong:
        for name in right.namelist():
            wrong.writestr(name, right.read(name).replace(b'ref="A1:B3"', b'ref="A1"'))
    assert read(tmp_path / "wrong.xlsx", []).rows() == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "Excel workbook of before 2007"),
        ("r.rds", gzip.compress(b"X\n\0\0\0\3"), "a file of R"),
        ("broken.gz", gzip.compress(b"a,b\n1,2\n" * 99)[:-20], "compressed, and broken"),
        ("broken.parquet", b"PAR1 nothing", "can't be read as Parquet"),
        ("broken.zip", b"PK\x03\x04 nothing", "a zip that can't be unpacked"),
        ("half.txt", "a;b\n1;2\n".encode("utf-16")[:-1], "UTF-16 text that breaks off"),
    ],
)
def test_other_kinds_and_broken_files_are_named(tmp_path, name, data, said):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(FileError, match=said):
        read(tmp_path / name, [])


def test_a_damaged_file_is_read_or_refused_and_stops_nothing():
    random = np.random.default_rng(5)
    book, parquet, packed = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    for row in (("a", "b"), (1, "x")):
        book.active.append(row)
    book.save(packed)
    pl.DataFrame({"a": [1], "b": ["x"]}).write_parquet(parquet)
    texts = [b"a;b\n1;2\n", 'sep=;\na;b\n"x\ny";2\n'.encode("utf-16"), b'a\tb\n1\t"x\n2\t\xe9"\n3,"z"",\n']
    whole = [*texts, gzip.compress(texts[0]), packed.getvalue(), parquet.getvalue()]
    for number in range(1500):
        data = bytearray(whole[number % len(whole)])
        for place in random.integers(0, len(data), random.integers(1, 5)):
            data[place : place + random.integers(0, 3)] = random.choice(
                list(b'",;\t|$\n\r \0\xe9'), random.integers(0, 3)
            ).tobytes()[::8]
        with contextlib.suppress(Refused):
            frame(bytes(data), quiet)


def test_a_zip_of_several_files_and_a_folder_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "a\n1\n")
        archive.writestr("b.csv", "a\n1\n")
    with pytest.raises(FileError, match="a zip of 2 files"):
        read(tmp_path / "two.zip", [])
    with pytest.raises(FileError, match="is a folder"):
        read(tmp_path, [])
    with pytest.raises(FileError, match="has no column 'prodct'; it has product; did you mean 'product'"):
        (tmp_path / "mine.csv").write_text("product\nA\n")
        read(tmp_path / "mine.csv", ["prodct"])


def test_names_have_one_trimming_and_one_list_of_what_is_missing(capsys):
    cells = ["A", " A\u00a0", "\u202fA\ufeff", "A B", "A\u00a0B", "e\u0301", "é", "NA", "n/a", "NULL", ".", "", None]
    found = files.names(pl.DataFrame({"drug": cells}), "drug").to_list()
    assert found == ["A", "A", "A", "A B", "A B", "é", "é", None, None, None, None, None, None]
    assert "column 'drug': 4 of 13 rows say ., NA, NULL, n/a: taken as missing" in capsys.readouterr().err
    missing = files.numbers(pl.DataFrame({"n": ["NA", "n/a", "NULL", ".", "", None]}), "n")
    assert missing.null_count() == 6


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *(("12", 12), ("12.0", 12), (" 12 ", 12), ("12,0", 12), ("1 234", 1234), ("1\u202f234", 1234), ("1e3", 1000)),
        *(
            ("12,5", 12.5),
            ("0,125", 0.125),
            ("1 234,5", 1234.5),
            ("1,5e-05", 1.5e-5),
            ("-3", -3),
            ("inf", float("inf")),
        ),
    ],
)
def test_numbers_as_people_write_them(cell, value):
    assert files.numbers(pl.DataFrame({"n": ["1", cell]}), "n")[1] == value


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        *((c, "not a whole number") for c in ("12.7", "12,7", "1,234", "1.234,5", "x", "1 2", "inf", "1,234,567")),
        *(("-5", "a count below 0"), ("", "no count"), ("NA", "no count"), ("1e17", "a number above 2")),
    ],
)
def test_a_count_is_a_count(cell, said):
    with pytest.raises(FileError, match=f"column 'reports', row 2: {said}"):
        files.counts(pl.DataFrame({"reports": ["1", cell, "x"]}), "reports")


def test_treescans_files_have_neither_header_nor_quotes_and_lines_may_end_early(tmp_path, capsys):
    (tmp_path / "a.tre").write_text('Root\n"A, Root\nB,Root,Other\n\n')
    found = read(tmp_path / "a.tre", ["node", "parent"], bare=("node", "parent"))
    assert found.rows() == [("Root", None), ('"A', "Root"), ("B", "Root")]
    assert "a.tre: column 3 has no name and is left out" in capsys.readouterr().err
    (tmp_path / "a.cas").write_text("A,3\nB,4\n")
    with pytest.raises(FileError, match="has no column 'population'; it has leaf, cases"):
        read(tmp_path / "a.cas", ["population"], bare=("leaf", "cases", "population"))


def test_columns_of_lists_or_bytes_are_named(tmp_path):
    pl.DataFrame({"drug": [["A"], ["B"]], "n": [b"\xff", b"1"]}).write_parquet(tmp_path / "lists.parquet")
    found = read(tmp_path / "lists.parquet", ["drug"])
    with pytest.raises(FileError, match="column 'drug' holds List"):
        files.names(found, "drug")
    with pytest.raises(FileError, match="column 'n' holds Binary"):
        files.counts(found, "n")


def test_days_are_days():
    found = files.days(pl.DataFrame({"d": ["2024-02-29", "2024-03-01 10:00:00", "2024-03-02T10:00"]}), "d")
    assert [str(day) for day in found] == ["2024-02-29", "2024-03-01", "2024-03-02"]
    for cell, said in (("2023-02-29", "not a date"), ("2024-01-011", "not a date"), ("", "no date")):
        with pytest.raises(FileError, match=f"column 'd', row 2: {said}"):
            files.days(pl.DataFrame({"d": ["2024-01-01", cell]}), "d")
