"""What a record of a text is: lines and quoted records of any size, cut by the reader, counted by what shares no code."""

from __future__ import annotations

import csv
import io
import time
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core import limits
from pipelines.core.table import BronzeTable, text
from pipelines.files.counting import count_parquet
from pipelines.files.counting_lines import count_lines
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.delimited import read_delimited
from pipelines.files.parquet import read_parquet
from pipelines.files.quoted import NO_END, _csv_records, read_quoted_csv
from pipelines.files.text import BLANKS as BLANK
from pipelines.files.text import TOO_LONG, Refused
from tests.fuzz.target import Dripping

NAMES = ("case_id", "product", "event")
HEADER = b"case_id,product,event\n"
BLANKS = [c.encode() for c in BLANK if c != "\n"] + [
    b"\xa0",
    b"\r",
    b" \t ",
    b'""',
    b" , ",
    b',"  ",',
    b"\xe2\x80\xa8\xc2\x85",
]


class Row(BronzeTable):
    """Three fields."""

    name = "row"
    source = "toy"
    case_id = text("Case")
    product = text("Product")
    event = text("Event")


def told(tables) -> tuple[list[tuple], list[str]]:
    """Rows that are kept, and reasons of those that are quarantined."""
    rows = sorted((r for t in tables for r in t.to_pylist()), key=lambda r: r["line_number"])
    kept = [tuple(r[n] for n in NAMES) for r in rows if r["reason"] is None]
    return kept, [r["reason"] for r in rows if r["reason"] is not None]


def quoted(data: bytes, delimiter: str = ",") -> tuple[list[tuple], list[str]]:
    """What the reader makes of a CSV, once the counter, which sees the same delimiters, has said as many."""
    columns = {n: n for n in NAMES}
    kept, aside = told(read_quoted_csv(io.BytesIO(data), Row, columns=columns, delimiter=delimiter))
    assert len(kept) + len(aside) == count_quoted_lines(io.BytesIO(data), delimiter=delimiter)
    return kept, aside


def plain(data: bytes) -> tuple[list[tuple], list[str]]:
    """What the reader makes of lines without quotes, once the counter has said as many."""
    kept, aside = told(read_delimited(io.BytesIO(data), Row, delimiter=","))
    assert len(kept) + len(aside) == count_lines(io.BytesIO(data), header_lines=1)
    return kept, aside


@pytest.mark.parametrize("n_bytes", [600, 131_000, 1 << 20, limits.TEXT_BYTES + 1000])
def test_an_unclosed_quote_costs_its_own_record_whatever_stands_behind(n_bytes):
    n = n_bytes // 200
    data = HEADER + b'0,"GEFALIX,Rash\n' + b"".join(b"%07d,GEFALIX,Rash" % i + b" " * 180 + b"\n" for i in range(n))
    kept, aside = quoted(data)
    assert (len(kept), aside) == (n, [NO_END])


@pytest.mark.parametrize("behind", [b'2,"A, B",Rash\n', b'2,A,"Rash"\n', b'2,"A",Rash\n3,"A",Rash\n', b"2,A,Rash"])
def test_what_follows_an_unclosed_quote_is_read_though_it_has_quotes(behind):
    kept, aside = quoted(HEADER + b'1,"A,Rash\n' + behind)
    assert (len(kept), aside) == (behind.count(b"Rash"), [NO_END])


def test_a_field_ends_with_its_file_only_by_its_quote():
    assert quoted(HEADER + b'1,A,"Rash"') == ([("1", "A", "Rash")], [])
    assert quoted(HEADER + b'1,A,Rash\n2,A,"Ra')[1] == [NO_END]


@pytest.mark.parametrize("n_bytes", [200_000, 1 << 20, limits.TEXT_BYTES - 2])
def test_a_long_field_of_many_lines_is_whole_and_what_follows_is_read(n_bytes):
    long = ("line ü\n" * n_bytes)[: n_bytes - n_bytes // 8]
    long = long.encode()[:n_bytes].decode(errors="ignore")
    kept, aside = quoted(HEADER + f'1,A,"{long}"\n2,B,Rash\n'.encode())
    assert (kept, aside) == ([("1", "A", long), ("2", "B", "Rash")], [])


@pytest.mark.parametrize("filler", [b"x", b" ", b"\0", b'"', b","])
def test_a_line_that_is_too_long_is_one_record_put_aside(filler):
    line = filler * (limits.TEXT_BYTES + 1)
    for read in (plain, quoted):
        kept, aside = read(HEADER + b"1,A,Rash\n" + line + b"\n2,B,Rash\n")
        assert ([k[0] for k in kept], aside) == (["1", "2"], [TOO_LONG])


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_line_of_blanks_of_any_kind_is_no_record(blank, end):
    kept, aside = quoted(end.join([HEADER.strip(), b"1,A,Rash", blank, b"2,B,Rash", blank]))
    assert ([k[0] for k in kept], aside) == (["1", "2"], [])
    if b"," not in blank and b'"' not in blank:
        kept, aside = plain(end.join([blank, HEADER.strip(), b"1,A,Rash", blank, b"2,B,Rash", blank]))
        assert ([k[0] for k in kept], aside) == (["1", "2"], [])


def test_a_parquet_file_that_is_too_big_to_be_held_is_read_where_it_lies(tmp_path, monkeypatch):
    pq.write_table(pa.table({n: ["1", "2"] for n in NAMES}), tmp_path / "x.parquet")
    monkeypatch.setattr(limits, "WHOLE_BYTES", 10)
    with pa.OSFile(str(tmp_path / "x.parquet")) as file:
        assert told(read_parquet(file, Row)) == ([("1",) * 3, ("2",) * 3], [])
    with pa.OSFile(str(tmp_path / "x.parquet")) as file:
        assert count_parquet(file) == 2
    with pytest.raises(Refused, match="at once"):
        told(read_parquet(io.BytesIO((tmp_path / "x.parquet").read_bytes()), Row))


def test_a_mark_of_byte_order_hides_no_quote():
    assert quoted(b'\xef\xbb\xbf"case_id",product,event\n1,A,Rash\n')[0] == [("1", "A", "Rash")]


ROWS = st.lists(st.tuples(*[st.text("ab,;\"' \nü\u00a0", max_size=5)] * 3), max_size=5)


@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_of_several_delimiters_the_headers_is_taken(delimiter):
    data = 'case_id,product,event\n1,"A;\n""B""",Rash\n\n'.replace(",", delimiter).encode()
    assert quoted(data, ",;\t") == ([("1", 'A;\n"B"', "Rash")], [])


@given(ROWS)
def test_a_csv_as_programs_write_it_comes_back(rows):
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([NAMES, *rows])
    expected = [row for row in rows if any(field.strip(BLANK) for field in row)]
    assert quoted(out.getvalue().encode()) == (expected, [])


TOKENS = [b'"', b'""', b",", b"\n", b"\r", b"\r\n", b"a", b" ", b"\xc2\xa0", b"\xa0", b"\xe2\x80\xa8", b"\xe2\x80"]
TOKENS += [b"\xef\xbb\xbf", b"\xc2", b'",', b',"', b'"\n', b'\n"', b"\x85", b"\0", b"\x1c", b"a" * 20]


@given(
    tokens=st.lists(st.sampled_from(TOKENS), max_size=40),
    longest=st.sampled_from([5, 20, 100]),
    looked_at=st.sampled_from([1, 8, 1000]),
    piece=st.sampled_from([1, 3, 16, 1000]),
)
def test_the_counters_which_share_no_code_agree_on_any_text_at_any_edge_of_a_buffer(tokens, longest, looked_at, piece):
    data = b"".join(tokens)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "TEXT_BYTES", longest)
        patch.setattr(limits, "LOOKED_AT_BYTES", looked_at)
        patch.setattr("pipelines.files.text.CHUNK_BYTES", piece)
        patch.setattr(limits, "COUNTED_BYTES", 17 - piece if piece < 17 else piece)
        n = sum(1 for r in _csv_records(io.BytesIO(data), ","))
        assert count_quoted_lines(Dripping(data, piece), header_lines=0) == n
        layout = list(NAMES)
        n = sum(t.num_rows for t in read_delimited(Dripping(data, piece), Row, delimiter=",", layout=layout))
        assert count_lines(io.BytesIO(data), header_lines=0) == n


def test_quotes_by_the_million_take_neither_memory_nor_time():
    data = HEADER + b'1,"' * 20_000 + b"\n" + b'1,"\n' * 20_000 + b'1,"x\n' * 20_000
    for count in (lambda: quoted(data), lambda: count_quoted_lines(io.BytesIO(data))):
        start = time.monotonic()
        count()
        assert time.monotonic() - start < 10
    tracemalloc.start()
    count_quoted_lines(io.BytesIO(data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * len(data) + (64 << 20)
