"""One report that came by two ways is one: by the number of the register that both ways copy."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from pipelines.defs.silver.report.identity import fda_number, same_identifier
from pipelines.defs.silver.report.tables import ReportHistory
from pipelines.defs.sources.faers import conform as faers
from pipelines.defs.sources.faers import read as faers_read
from pipelines.defs.sources.faers import tables as f
from pipelines.defs.sources.openfda import conform as openfda
from pipelines.defs.sources.openfda import read as openfda_read
from pipelines.defs.sources.openfda import tables as o
from pipelines.frames.union import union_of_sources
from tests.sources.bronze import bronze_frame

D = dt.date
LAERS = "isr$case$i_f_cod$foll_seq$fda_dt$mfr_num$\n7000001$6000001$I$$20120405$$\n7000002$6000003$I$$20120406$$\n"
LAERS += "7000009$6000003$F$1$20120506$$\n"
FAERS = "primaryid$caseid$caseversion$init_fda_dt$fda_dt$mfr_num\n"
FAERS += "80000011$8000001$1$20190115$20190115$\n80000022$8000002$2$20181015$20200210$UNKNOWN\n"
FAERS += "80000051$8000005$1$20190115$20190115$UNKNOWN\n"


def answer(*numbers):
    results = [
        {"safetyreportid": n, "safetyreportversion": "1", "receivedate": "20190115", "receiptdate": "20190115"}
        for n in numbers
    ]
    return json.dumps({"results": [r | {"patient": {"reaction": [{"reactionmeddrapt": "Rash"}]}} for r in results]})


def histories(spark):
    tables = {
        t.address(): spark.createDataFrame([], t.spark_schema()) for t in (f.FaersOutc, f.FaersRpsr, f.FaersDeleted)
    }
    tables |= {
        t.address(): spark.createDataFrame([], t.spark_schema()) for t in (o.OpenfdaAnimalEvent, o.OpenfdaCosmeticEvent)
    }
    demo = {
        "faers/aers_ascii_2012q2/ascii/DEMO12Q2.TXT": (LAERS.encode(), D(2012, 7, 1)),
        "faers/faers_ascii_2019q1/ascii/DEMO19Q1.txt": (FAERS.encode(), D(2020, 4, 1)),
    }
    tables[f.FaersDemo.address()] = bronze_frame(spark, f.FaersDemo, faers_read.read, demo)
    sent = answer("8000001", "7000002-5", "7000001", "9000001").encode()
    files = {"openfda/drug-event-0001-of-0001.json": (sent, D(2020, 5, 1))}
    tables[o.OpenfdaDrugEvent.address()] = bronze_frame(spark, o.OpenfdaDrugEvent, openfda_read.read, files)
    return faers.report_history(tables).unionByName(openfda.report_history(tables)).filter("is_latest")


@pytest.mark.spark
def test_a_report_of_the_fda_that_came_by_two_ways_is_one(spark):
    """By the case's number, and by the ISR before the dash; an ISR is no case number, and UNKNOWN is no number."""
    links = same_identifier(histories(spark)).collect()
    assert {(r["report_key"], r["other_report_key"], r["rule"]) for r in links} == {
        ("faers:8000001", "openfda:8000001", "identifier"),
        ("faers:6000003", "openfda:7000002-5", "identifier"),
    }


@pytest.mark.spark
def test_numbers_of_the_fda(spark):
    numbers = {
        "4597138-5": "FDA-ISR:4597138", "4597138-x": "FDA-ISR:4597138", " 8000001 ": "FDA:8000001", "": None, None: None,
        "US-1-2": "FDA:US-1-2",
    }  # fmt: skip
    frame = spark.createDataFrame([(n,) for n in numbers], "n string")
    assert [r[0] for r in frame.select(fda_number("n")).collect()] == list(numbers.values())


def test_the_union_reads_both_ways():
    assert {"bronze.faers_demo", "bronze.openfda_drug_event"} <= set(union_of_sources(ReportHistory).reads)
