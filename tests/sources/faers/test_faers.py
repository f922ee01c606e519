"""FAERS of both eras: layouts, broken lines, versions, withdrawn cases."""

from __future__ import annotations

import datetime as dt
import io
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.sources.faers import conform, read
from pipelines.defs.sources.faers import tables as t
from pipelines.files.text import Refused
from tests.sources.bronze import bronze_frame
from tests.sources.reading import bytes_of, is_balanced, rows_of

D = dt.date
OLD_DEMO = "isr$case$i_f_cod$foll_seq$image$event_dt$fda_dt$age$age_cod$gndr_cod$wt$wt_cod$occp_cod$reporter_country"
NEW_DEMO = (
    "primaryid$caseid$caseversion$event_dt$init_fda_dt$fda_dt$mfr_num$age$age_cod$sex$wt$wt_cod$occp_cod$occr_country"
)


def test_the_old_eras_trailing_delimiter_and_names_are_understood():
    data = b"ISR$DRUG_SEQ$ROLE_COD$DRUGNAME$LOT_NBR$v13\n1$10$PS$ASPIRIN$L1$\n"
    (row,) = rows_of(read, t.FaersDrug, data)
    assert (row["primaryid"], row["drug_seq"], row["role_cod"], row["lot_num"]) == ("1", "10", "PS", "L1")
    assert row["line_number"] == 2


def test_collapsed_lines_and_stray_delimiters_are_put_aside_with_line_and_reason():
    data = b"isr$pt\n1$Nausea$\n2$Rash$3$Pain$\n4$Head$ache\n5$Caf\xe9$\n"
    rows = rows_of(read, t.FaersReac, data)
    assert [(r["line_number"], r["reason"]) for r in rows if r["reason"]] == [
        (3, "2 fields expected, 5 found"),
        (4, "2 fields expected, 3 found"),
    ]
    assert [r["pt"] for r in rows if not r["reason"]] == ["Nausea", "Café"]
    assert is_balanced(read, t.FaersReac, data)


def test_quotes_are_ordinary_characters():
    (row,) = rows_of(read, t.FaersDrug, b'primaryid$caseid$drugname\n1$2$"ASPIRIN\n')
    assert row["drugname"] == '"ASPIRIN'


def test_a_column_of_neither_era_refuses_the_file_by_name():
    with pytest.raises(Refused, match="surprise"):
        list(read.read(io.BytesIO(b"primaryid$surprise\n1$2\n"), "x", t.FaersReac))


@given(st.lists(st.binary(max_size=30), max_size=20))
def test_any_bytes_after_the_header_are_kept_or_rejected(lines):
    data = b"isr$pt\n" + b"\n".join(line.replace(b"\n", b"") for line in lines)
    assert is_balanced(read, t.FaersReac, data)


def lake(spark, files):
    """Bronze tables from {(table, path): (text, date)}; tables not given are empty."""
    every = [v for v in vars(t).values() if isinstance(v, type) and issubclass(v, t._Faers) and v.name]
    found = {}
    for table in every:
        mine = {path: (text.encode(), day) for (of, path), (text, day) in files.items() if of is table}
        empty = spark.createDataFrame([], table.spark_schema())
        found[table.address()] = bronze_frame(spark, table, read.read, mine) if mine else empty
    return found


FILES = {
    (t.FaersDemo, "demo12q3.txt"): (
        f"{OLD_DEMO}\n7001$500$I$$$201206$20120710$24$MON$F$100$LBS$MD$FRANCE$\n",
        D(2012, 9, 30),
    ),
    (t.FaersDemo, "demo12q4.txt"): (
        f"{NEW_DEMO}\n5002$500$2$2012$20120710$20121105$mfr-1$3$DEC$M$70$KG$CN$FR\n"
        "6001$600$1$$20121001$20121001$$$$UNK$$$$US\n",
        D(2012, 12, 31),
    ),
    (t.FaersReac, "reac12q3.txt"): ("isr$pt\n7001$Nausea$\n", D(2012, 9, 30)),
    (t.FaersReac, "reac12q4.txt"): (
        "primaryid$caseid$pt\n5002$500$Rash\n5002$500$Pain\n6001$600$Rash\n",
        D(2012, 12, 31),
    ),
    (t.FaersDrug, "drug12q3.txt"): ("isr$drug_seq$role_cod$drugname\n7001$1000000001$PS$TAVOR$\n", D(2012, 9, 30)),
    (t.FaersDrug, "drug12q4.txt"): (
        "primaryid$caseid$drug_seq$role_cod$drugname$prod_ai\n5002$500$1$PS$TAVOR$LORAZEPAM\n5002$500$2$C$X$\n",
        D(2012, 12, 31),
    ),
    (t.FaersTher, "ther12q4.txt"): (
        "primaryid$caseid$dsg_drug_seq$start_dt$end_dt\n5002$500$1$201201$\n",
        D(2012, 12, 31),
    ),
    (t.FaersIndi, "indi12q4.txt"): ("primaryid$caseid$indi_drug_seq$indi_pt\n5002$500$1$Anxiety\n", D(2012, 12, 31)),
    (t.FaersOutc, "outc12q4.txt"): ("primaryid$caseid$outc_cod\n5002$500$DE\n", D(2012, 12, 31)),
    (t.FaersDeleted, "deleted/ADR13Q1DeletedCases.txt"): ("600\n", D(2013, 3, 31)),
}


@pytest.mark.spark
def test_a_follow_up_in_the_later_era_is_a_new_version_of_the_case_with_its_own_children(spark):
    tables = lake(spark, FILES)
    history = {(r["source_case_id"], r["report_version"]): r for r in conform.report_history(tables).collect()}
    first, second = history["500", 1], history["500", 2]
    assert (first["known_from"], first["known_to"], first["is_latest"]) == (D(2012, 7, 10), D(2012, 11, 5), False)
    assert (first["age_years"], first["sex"], first["country"]) == (2.0, "female", "FR")
    assert first["weight_kg"] == pytest.approx(45.359237)
    assert (first["onset_date"], first["onset_precision"]) == (D(2012, 6, 1), "month")
    assert (second["age_years"], second["onset_precision"], second["is_death"]) == (30.0, "year", True)
    assert (second["received_first_date"], second["worldwide_case_id"]) == (D(2012, 7, 10), "MFR-1")
    events = {
        (r["report_key"], r["report_version"], r["reported_term"]) for r in conform.report_event(tables).collect()
    }
    assert {e for e in events if e[0] == "faers:500"} == {
        ("faers:500", 1, "Nausea"),
        ("faers:500", 2, "Rash"),
        ("faers:500", 2, "Pain"),
    }
    drugs = {(r["report_version"], r["product_seq"]): r for r in conform.product_as_reported(tables).collect()}
    assert (drugs[2, 1]["reported_substance"], drugs[2, 1]["indication"]) == ("LORAZEPAM", "Anxiety")
    assert (drugs[2, 1]["start_date"], drugs[2, 1]["start_precision"]) == (D(2012, 1, 1), "month")
    assert (drugs[2, 2]["role"], drugs[2, 2]["indication"]) == ("concomitant", None)


@pytest.mark.spark
def test_a_withdrawn_case_ends_in_a_retracted_version_that_keeps_its_content(spark):
    tables = lake(spark, FILES)
    versions = [r for r in conform.report_history(tables).collect() if r["source_case_id"] == "600"]
    states = sorted((r["report_version"], r["is_retracted"], r["known_from"], r["known_to"]) for r in versions)
    assert states == [(1, False, D(2012, 10, 1), D(2013, 3, 31)), (2, True, D(2013, 3, 31), None)]
    events = [r["report_version"] for r in conform.report_event(tables).collect() if r["report_key"] == "faers:600"]
    assert sorted(events) == [1, 2]


@pytest.mark.spark
def test_the_order_of_ingestion_does_not_matter(spark):
    def state(order):
        tables = lake(spark, dict(order))
        return sorted(map(str, conform.report_history(tables).collect()))

    orders = list(permutations(list(FILES.items())[:2]))
    rest = list(FILES.items())[2:]
    assert state([*orders[0], *rest]) == state([*reversed(rest), *orders[1]])


@pytest.mark.samples
@pytest.mark.parametrize(
    ("archive", "counts"),
    [
        (
            "aers_ascii_2004q1",
            {"DEMO": 100, "DRUG": 386, "REAC": 416, "INDI": 124, "THER": 145, "OUTC": 93, "RPSR": 119},
        ),
        (
            "faers_ascii_2017q2",
            {"DEMO": 100, "DRUG": 328, "REAC": 286, "INDI": 232, "THER": 142, "OUTC": 75, "RPSR": 2},
        ),
    ],
)
def test_every_row_of_the_real_quarters_is_kept(shared, archive, counts):
    suffix = "04Q1.TXT" if "2004" in archive else "17Q2.txt"
    for kind, n in counts.items():
        table = getattr(t, f"Faers{kind.capitalize()}")
        data = bytes_of(shared / "data/faers/bioc_faers" / f"{archive}.zip", f"ascii/{kind}{suffix}")
        rows = rows_of(read, table, data)
        assert (len(rows), sum(r["reason"] is None for r in rows)) == (n, n)
        assert is_balanced(read, table, data)


SHORT = "primaryid$caseid$caseversion$init_fda_dt$fda_dt"


def joined_case(version: int, day: str, quarter: str = "19q1") -> tuple:
    return (t.FaersDemo, f"demo{quarter}.txt"), (f"{SHORT}\n800000{version}$80000${version}$20181015${day}\n", quarter)


def delivered(*files: tuple) -> dict:
    ends = {"18q4": D(2018, 12, 31), "19q1": D(2019, 3, 31), "20q1": D(2020, 3, 31), "20q2": D(2020, 6, 30)}
    return {place: (text, ends[quarter]) for place, (text, quarter) in files}


def states(tables) -> list[tuple]:
    rows = conform.report_history(tables).orderBy("source_case_id", "report_version").collect()
    return [(r["known_from"], r["known_to"], r["is_retracted"]) for r in rows]


DELETED = (t.FaersDeleted, "deleted/ADR19Q1DeletedCases.txt"), ("80000 \n", "19q1")
GONE = [(D(2018, 10, 15), D(2019, 3, 31), False), (D(2019, 3, 31), D(2020, 2, 10), True), (D(2020, 2, 10), None, False)]


@pytest.mark.spark
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([joined_case(1, "20181015", "18q4"), DELETED, joined_case(2, "20200210", "20q1")], GONE),
        ([joined_case(2, "20200210", "20q1"), DELETED, joined_case(1, "20181015", "18q4")], GONE),
        (  # the same version again: the delivery is what shows it
            [joined_case(1, "20181015", "18q4"), DELETED, joined_case(1, "20181015", "20q1")],
            [*GONE[:1], (D(2019, 3, 31), D(2020, 3, 31), True), (D(2020, 3, 31), None, False)],
        ),
        (  # received before the deletion, sent behind it
            [joined_case(1, "20181015", "18q4"), DELETED, joined_case(2, "20190101", "20q1")],
            [*GONE[:1], (D(2019, 3, 31), D(2020, 3, 31), True), (D(2020, 3, 31), None, False)],
        ),
        (  # deleted again
            [
                *(joined_case(1, "20181015", "18q4"), DELETED, joined_case(2, "20200210", "20q1")),
                ((t.FaersDeleted, "deleted/ADR20Q2DeletedCases.txt"), ("80000$\n", "20q2")),
            ],
            [*GONE[:2], (D(2020, 2, 10), D(2020, 6, 30), False), (D(2020, 6, 30), None, True)],
        ),
        ([DELETED, joined_case(1, "20200210", "20q1")], [(D(2020, 2, 10), None, False)]),
    ],
)
def test_a_case_that_was_deleted_and_is_sent_again_stands_again(spark, files, expected):
    assert states(lake(spark, delivered(*files))) == expected


@pytest.mark.spark
def test_one_primaryid_of_two_cases_is_two_reports_each_with_its_own_children(spark):
    demo = f"{SHORT}\n100000111$1000001$11$20080116$20190116\n 100000111$10000011 $1$20190117$20190117\n"
    files = [
        ((t.FaersDemo, "demo19q1.txt"), (demo, "19q1")),
        ((t.FaersReac, "reac19q1.txt"), ("primaryid$caseid$pt\n100000111$1000001$Bradycardia\n100000111$10000011$Tremor\n", "19q1")),
        ((t.FaersOutc, "outc19q1.txt"), ("primaryid$caseid$outc_cod\n100000111$10000011$DE\n", "19q1")),
        ((t.FaersDrug, "drug19q1.txt"), ("primaryid$caseid$drug_seq$drugname\n100000111$1000001$1$DIGOXIN\n100000111$10000011$1$LITHIUM\n", "19q1")),
        ((t.FaersIndi, "indi19q1.txt"), ("primaryid$caseid$indi_drug_seq$indi_pt\n100000111$10000011$1$Mania\n", "19q1")),
    ]  # fmt: skip
    tables = lake(spark, delivered(*files))
    history = {r["source_case_id"]: r["is_death"] for r in conform.report_history(tables).collect()}
    assert history == {"1000001": None, "10000011": True}
    events = {(r["report_key"], r["reported_term"]) for r in conform.report_event(tables).collect()}
    assert events == {("faers:1000001", "Bradycardia"), ("faers:10000011", "Tremor")}
    drugs = {
        (r["report_key"], r["reported_name"], r["indication"]) for r in conform.product_as_reported(tables).collect()
    }
    assert drugs == {("faers:1000001", "DIGOXIN", None), ("faers:10000011", "LITHIUM", "Mania")}


@pytest.mark.spark
def test_one_isr_of_two_cases_is_one_report(spark):
    demo = f"{OLD_DEMO}\n7001$500$I$$$$20120710$$$$$$$$\n7001$501$I$$$$20120710$$$$$$$$\n"
    files = {
        (t.FaersDemo, "demo12q2.txt"): (demo, D(2012, 6, 30)),
        (t.FaersReac, "reac12q2.txt"): ("isr$pt\n7001$Nausea$\n", D(2012, 6, 30)),
    }
    tables = lake(spark, files)
    assert [r["source_case_id"] for r in conform.report_history(tables).collect()] == ["500"]
    assert [r["report_key"] for r in conform.report_event(tables).collect()] == ["faers:500"]


def test_quarters_that_were_joined_are_read_each_by_its_own_header():
    old, new = "ISR$CASE$I_F_COD$FDA_DT\n7001$500$I$20120405$\n", "primaryid$caseid$caseversion$fda_dt\n"
    data = (old + old + new + "80011$8001$1$20190101\n" + new.upper() + "80021$8002$1$20190101\nisr$x\n1$2\n").encode()
    rows = rows_of(read, t.FaersDemo, data)
    assert [(r["line_number"], r["reason"]) for r in rows if r["reason"]] == [
        (3, "the header again: no record"),
        (5, "the header again: no record"),
        (7, "the header again: no record"),
        (9, "unknown column 'x' in the header of bronze.faers_demo"),
        (10, "4 fields expected, 2 found"),
    ]
    kept = [(r["primaryid"], r["caseid"], r["caseversion"], r["fda_dt"]) for r in rows if not r["reason"]]
    assert kept == [("7001", "500", None, "20120405")] * 2 + [
        ("80011", "8001", "1", "20190101"),
        ("80021", "8002", "1", "20190101"),
    ]
    assert is_balanced(read, t.FaersDemo, data)
