"""`gerland score` on files of one's own."""

from __future__ import annotations

import gzip

import polars as pl
import pytest
from typer.testing import CliRunner

from models.methods import METHODS
from pipelines.analyse import files
from pipelines.analyse.files import FileError
from pipelines.analyse.score import SHOWN, Columns, count_file, plot, score_file
from pipelines.cli import app

ROWS = [(f"c{i}", f"P{i % 7}", f"E{(i * i) % 11}") for i in range(300)] + [
    (f"c{i}", "P3", "E_hit") for i in range(3, 300, 14)
]


@pytest.fixture
def listing(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("No;Drug;PT\n" + "".join(";".join(r) + "\n" for r in [*ROWS, ROWS[0]]))
    return path


def scored(path, **columns):
    return score_file(path, Columns(**columns), "zero_inclusive", lambda _: None)


def test_a_listing_counts_distinct_cases_whatever_its_delimiter_and_names(listing):
    result = scored(listing, case="No", product="Drug", event="PT")
    hit = result.filter((pl.col("product") == "P3") & (pl.col("event") == "E_hit")).to_dicts()[0]
    assert (hit["a"], hit["a"] + hit["b"] + hit["c"] + hit["d"]) == (22, 300)
    assert hit["is_ic_signal"]
    assert result.height == result.select("product", "event").n_unique()


def test_counts_have_the_margins_of_their_table(tmp_path):
    path = tmp_path / "counts.parquet"
    pl.DataFrame({"p": ["A", "A", "B"], "e": ["x", "y", "x"], "n": [5, 10, 20]}).write_parquet(path)
    row = scored(path, product="p", event="e", count="n").filter((pl.col("product") == "A") & (pl.col("event") == "x"))
    assert row.select("a", "b", "c", "d").row(0) == (5, 10, 20, 0)


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.png", "out.svg"])
def test_the_result_is_written_as_its_name_says(listing, tmp_path, name):
    done = CliRunner().invoke(
        app,
        ["score", str(listing), "--case", "No", "--product", "Drug", "--event", "PT", "--out", str(tmp_path / name)],
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / name).stat().st_size > 500


def test_what_does_not_fit_is_said_in_a_sentence(listing, tmp_path):
    with pytest.raises(FileError, match="no column 'product'; it has No, Drug, PT"):
        scored(listing)
    with pytest.raises(FileError, match="there is no file"):
        scored(tmp_path / "none.csv")
    with pytest.raises(FileError, match="must end in"):
        files.write(pl.DataFrame(), tmp_path / "x.docx", plot, SHOWN)


@pytest.mark.samples
def test_openebgms_scores_come_out_of_its_input(shared, tmp_path):
    raw = gzip.decompress((shared / "references/openebgm_caers/caers.csv.gz").read_bytes())
    path = tmp_path / "caers.csv"
    path.write_bytes(raw)
    result = score_file(path, Columns("id", "var1", "var2"), "openebgm", lambda _: None)
    expected = pl.read_csv(
        gzip.decompress((shared / "references/openebgm_caers/expected_unstrat_full.csv.gz").read_bytes())
    )
    both = result.join(expected, left_on=["product", "event"], right_on=["var1", "var2"])
    assert both.height == expected.height == 17_189
    assert (both["a"] == both["N"]).all()
    for ours, theirs in (("ebgm", "EBGM"), ("eb05", "EB05"), ("eb95", "EB95")):
        assert ((both[ours] - both[theirs]).abs() / both[theirs]).max() < 2e-3


def test_the_long_form_gives_every_method_in_one_shape(listing, tmp_path):
    words = ["score", str(listing), "--case", "No", "--product", "Drug", "--event", "PT", "--methods", "all"]
    done = CliRunner().invoke(app, [*words, "--minimum", "3", "--out", str(tmp_path / "long.csv")])
    assert done.exit_code == 0, done.output
    long = pl.read_csv(tmp_path / "long.csv", infer_schema_length=None)
    wide = scored(listing, case="No", product="Drug", event="PT")
    assert long.height == wide.height * (len(METHODS) - 1)  # one file is no part of a whole
    assert long.filter((pl.col("a") < 3) & pl.col("estimate").is_not_null()).is_empty()
    assert long.filter(pl.col("estimate").is_null() & pl.col("not_computed").is_null()).is_empty()
    hit = {r["method"]: r for r in long.filter((pl.col("product") == "P3") & (pl.col("event") == "E_hit")).to_dicts()}
    told = wide.filter((pl.col("product") == "P3") & (pl.col("event") == "E_hit")).to_dicts()[0]
    for method, columns in {"prr": ("prr", "prr_lower"), "ror": ("ror", "ror_lower"), "ic": ("ic", "ic025")}.items():
        assert (hit[method]["estimate"], hit[method]["lower"]) == pytest.approx([told[c] for c in columns])
    assert hit["fisher_mid_p"]["p_value"] < hit["fisher"]["p_value"] < 1e-6
    refused = CliRunner().invoke(app, [*words[:-1], "magic"])
    assert "no method 'magic'" in str(refused.exception)


def test_the_long_form_starts_with_the_strongest_pair(listing, tmp_path):
    words = ["score", str(listing), "--case", "No", "--product", "Drug", "--event", "PT"]
    wide = scored(listing, case="No", product="Drug", event="PT")
    for methods, least in (("all", 0), ("all", 4), ("fisher,prr", 0), ("mgps", 2)):
        out = tmp_path / "long.csv"
        asked = [*words, "--methods", methods, "--minimum", str(least), "--out", str(out)]
        assert CliRunner().invoke(app, asked).exit_code == 0
        long = pl.read_csv(out, infer_schema_length=None)
        pairs = long.select("product", "event", "a").unique(maintain_order=True)
        assert pairs.height == wide.height
        assert (long["product"] + long["event"]).rle().struct.field("len").unique().len() == 1
        if methods != "fisher,prr" and wide["eb05"].is_not_null().all():
            enough = pl.concat([wide.filter(pl.col("a") >= least), wide.filter(pl.col("a") < least)])
            assert pairs.rows() == enough.select("product", "event", "a").rows()
        assert pairs.row(0) == ("P3", "E_hit", 22)
    order = long.filter(pl.col("product") == "P3", pl.col("event") == "E_hit")["method"].to_list()
    assert order == ["mgps_zero_inclusive"]


def written(tmp_path, text, name="mine.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def cells(path, **columns):
    counted = count_file(path, Columns(**columns), lambda _: None)[0]
    numbers = counted.select("product", "event", "a", "n_product", "n_event", "n_total").rows()
    return {(p, e): (a, n - a, m - a, total - n - m + a) for p, e, a, n, m, total in numbers}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("A,X,12.7\nA,Y,30\nB,X,-5\n", "column 'n', row 1: not a whole number"),
        ("A,X,12\nA,Y,30\nB,X,-5\n", "column 'n', row 3: a count below 0"),
        ("A,X,12\nA,Y,\nB,X,5\n", "column 'n', row 2: no count"),
        ("A,X,0\nB,X,0\n", "no pair of a product and an event has a count above 0"),
        (",X,1\nNA,X,2\n", "no pair of a product and an event has a count above 0"),
    ],
)
def test_a_table_of_counts_is_read_as_strictly_as_a_listing(tmp_path, rows, said):
    with pytest.raises(FileError, match=said):
        scored(written(tmp_path, "product,event,n\n" + rows), count="n")


def test_names_of_a_table_of_counts_are_those_of_a_listing(tmp_path):
    counted = written(tmp_path, "product,event,n\nA ,X,2\nA,X,1\n\u00a0A,Y,1\nB,X,1.0\n,X,7\nB,NA,9\n", "counts.csv")
    listed = [("1", " A", "X"), ("2", "A", "X"), ("3", "A", "X"), ("4", "A", "Y"), ("5", "B", "X\u00a0")]
    listing = written(tmp_path, "case_id,product,event\n" + "".join(",".join(r) + "\n" for r in listed))
    assert (
        cells(counted, count="n")
        == cells(listing)
        == {("A", "X"): (3, 1, 1, 0), ("A", "Y"): (1, 3, 0, 1), ("B", "X"): (1, 0, 3, 1)}
    )


def test_blanks_around_case_numbers_make_no_case(tmp_path):
    rows = ["1,ASPIRIN,RASH", " 1,ASPIRIN,RASH", "1 ,ASPIRIN,RASH", "\u00a01,ASPIRIN,RASH"]
    rows += ["2,ASPIRIN,NAUSEA", "3,IBUPROFEN,RASH", "4,IBUPROFEN,NAUSEA"]
    found = cells(written(tmp_path, "case_id,product,event\n" + "\n".join(rows) + "\n"))
    assert set(found.values()) == {(1, 1, 1, 1)}


def test_a_case_without_a_number_is_told_by_every_command(tmp_path):
    path = written(tmp_path, "case_id,product,event,date\n1,A,X,2024-01-01\n ,A,X,2024-01-01\nNA,B,Y,2024-01-01\n")
    for command in ("score", "mask", "interact", "lasso", "frequency"):
        with pytest.raises(FileError, match="column 'case_id', row 2: no case number"):
            CliRunner().invoke(app, [command, str(path)], catch_exceptions=False)


def test_a_quotation_mark_that_begins_a_name_swallows_no_line(tmp_path):
    rows = ["case_id\tproduct\tevent", '1\t"ASPIRIN\tRASH', "2\tIBUPROFEN\tRASH", "3\tIBUPROFEN\tNAUSEA"]
    rows += ['4\tTYLENOL"\tNAUSEA', "5\tASPIRIN\tRASH", "7\tIBUPROFEN\tRASH"]
    expected = {("IBUPROFEN", "RASH"): (2, 1, 2, 1), ("IBUPROFEN", "NAUSEA"): (1, 2, 1, 2)}
    for separator in "\t|$":
        found = cells(written(tmp_path, "\n".join(rows).replace("\t", separator)))
        assert found.items() >= expected.items()
        assert found['"ASPIRIN', "RASH"] == found["ASPIRIN", "RASH"] == (1, 0, 3, 2)
    with pytest.raises(FileError, match="row 1: a quotation mark opens a field that ends 3 lines below"):
        cells(written(tmp_path, "\n".join(rows).replace("\t", ",")))


def test_accents_are_those_of_the_file(tmp_path):
    text = "case_id;product;event\n1;CYTÉAL;ÉRUPTION\n2;CYTÈAL;NAUSÉE\n3;IBUPROFÈNE;ÉRUPTION\n4;CYTÉAL;ÉRUPTION\n"
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
        counted = count_file(written(tmp_path, text.encode(encoding)), Columns(), lambda _: None)[0]
        found = counted.filter(pl.col("product") == "CYTÉAL").row(0, named=True)
        assert (found["event"], found["a"], found["n_product"], found["expected"]) == ("ÉRUPTION", 2, 2, 1.5)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("line", ["", "sep=;\r\n"])
def test_what_excel_writes_is_read(tmp_path, encoding, line):
    text = line + "case_id;product;event\r\n1;ASPIRIN;RASH\r\n2;IBUPROFEN;RASH\r\n3;IBUPROFEN;NAUSEA\r\n"
    found = cells(written(tmp_path, text.encode(encoding)))
    assert found["IBUPROFEN", "RASH"] == (1, 1, 1, 0)


def test_a_missing_event_is_no_event(tmp_path, capsys):
    rows = [
        "1,ASPIRIN,NA",
        "2,ASPIRIN,NA",
        "3,IBUPROFEN,NA",
        "4,IBUPROFEN,Rash",
        "5,ASPIRIN,Rash",
        "6,WARFARIN,Bleeding",
    ]
    path = written(tmp_path, '"case_id","product","event"\n' + "\n".join(rows) + "\n")
    found = cells(path)
    assert {event for _, event in found} == {"Rash", "Bleeding"}
    assert found["IBUPROFEN", "Rash"] == (1, 1, 1, 3)
    assert "column 'event': 3 of 6 rows say NA: taken as missing" in capsys.readouterr().err
    with pytest.raises(FileError, match="column 'event' holds no event: all 2 rows are missing"):
        cells(written(tmp_path, "case_id,product,event\n1,A,NA\n2,B,NA\n"))
    with pytest.raises(FileError, match="no row has both a product and an event"):
        cells(written(tmp_path, "case_id,product,event\n1,A,NA\n2,,X\n"))


def test_out_is_looked_at_before_the_work(listing, tmp_path):
    for command in ("score", "mask", "interact", "lasso", "frequency"):
        for out, said in (
            (tmp_path / "x.docx", r"x.docx: the name must end in .csv"),
            (tmp_path / "no/x.csv", "no folder"),
        ):
            with pytest.raises(FileError, match=said):
                CliRunner().invoke(app, [command, "nowhere.csv", "--out", str(out)], catch_exceptions=False)
    with pytest.raises(FileError, match="the long form has no plot"):
        words = ["score", "nowhere.csv", "--methods", "all", "--out", str(tmp_path / "x.png")]
        CliRunner().invoke(app, words, catch_exceptions=False)
