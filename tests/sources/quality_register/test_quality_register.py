"""The agencies' own registers and EudraGMDP: what is of a batch, of a site, and what leaves an export."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.sources.eudragmdp import read as eudragmdp_read
from pipelines.defs.sources.eudragmdp.tables import GmpDocument
from pipelines.defs.sources.quality_register import read
from pipelines.defs.sources.quality_register import tables as t
from pipelines.files.text import Refused
from tests.rows import united
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of

D = dt.date
BATCHES = "domain,pack_code,batch,oms_location_id,made,expiry,doses\n"
FIRST, LATER = D(2012, 11, 30), D(2012, 12, 31)


def csv(table, *rows: dict) -> bytes:
    names = table.source_columns()
    return "\n".join([",".join(names), *[",".join(str(r.get(n, "")) for n in names) for r in rows]]).encode()


def bronze(spark, table, *states: bytes, reader=read):
    days = (FIRST, LATER)
    files = {f"{i}.csv": (data, days[i]) for i, data in enumerate(states)}
    return {table.address(): bronze_frame(spark, table, reader.read, files)}


def test_a_register_without_the_pack_is_refused():
    with pytest.raises(Refused, match="pack_code"):
        rows_of(read, t.RegisteredBatch, BATCHES.replace("pack_code,", "").encode())
    data = (BATCHES + "human,3400930008478,L1,LOC-1,2012-01-01,,\nx\n").encode()
    assert [r["reason"] for r in rows_of(read, t.RegisteredBatch, data)] == [None, "7 fields expected, 1 found"]
    assert is_balanced(read, t.RegisteredBatch, data)
    assert t.RegisteredBatch.files.owns("quality_register/2012-11-30/batches.csv")


@pytest.mark.spark
def test_a_batch_is_of_its_pack_and_doses_may_be_missing(spark):
    rows = [
        {"domain": "human", "pack_code": "1", "batch": "l-7 a", "oms_location_id": "loc-1", "made": "2012-01-02"},
        {"domain": "veterinary", "pack_code": "1", "batch": "L7A", "doses": "12"},
    ]
    found = {
        r["batch_key"]: r
        for r in united(
            bronze(spark, t.RegisteredBatch, csv(t.RegisteredBatch, *rows)), "silver.batch", "quality_register"
        ).collect()
    }
    human, animal = found["CIP13:1|L7A"], found["GTIN:1|L7A"]
    assert (human["n_doses"], human["establishment_key"], human["agency"]) == (None, "OMS:LOC-1", "ANSM")
    assert (animal["n_doses"], animal["agency"], human["known_from"]) == (12, "ANSES", FIRST)


@pytest.mark.spark
def test_deficiencies_are_counted_by_grade_and_an_inspection_without_any_has_none(spark):
    head = {
        "domain": "human",
        "oms_location_id": "LOC-1",
        "site_name": "S",
        "complexity": 3,
        "criticality": 2,
        "last_day": "2012-03-01",
    }
    rows = [
        head | {"inspection_number": "A", "deficiency_number": 1, "grade": "Major", "deficiency": "x"},
        head | {"inspection_number": "A", "deficiency_number": 2, "grade": "critical"},
        head | {"inspection_number": "B"},
    ]
    tables = bronze(spark, t.RegisteredInspection, csv(t.RegisteredInspection, *rows))
    found = {
        r["inspection_id"]: (r["n_critical"], r["n_major"], r["n_other"])
        for r in united(tables, "silver.inspection", "quality_register").collect()
    }
    assert found == {"A": (1, 1, 0), "B": (0, 0, 0)}
    assert [(r["deficiency_seq"], r["grade"]) for r in united(tables, "silver.inspection_deficiency", "quality_register").sort("deficiency_seq").collect()] == [
        (1, "major"), (2, "critical"),
    ]  # fmt: skip


@pytest.mark.spark
def test_a_certificate_that_leaves_the_export_ended_then_and_its_reference_tells_a_statement(spark):
    site = {"authority": "ANSM", "site_name": "S", "site_address": "1 rue, Lyon, France", "oms_location_id": "LOC-1"}
    site |= {"inspection_date": "2012-01-01", "issue_date": "2012-04-20"}
    stays, leaves = {**site, "document_reference": "FR/GMP/1"}, {**site, "document_reference": "FR/GMP/2"}
    stated = {**site, "document_reference": "FR/NCR/3", "issue_date": "2012-12-25"}
    header = csv(GmpDocument, stays, leaves).replace(b"1 rue, Lyon, France", b'"1 rue, Lyon, France"')
    second = csv(GmpDocument, stays, stated).replace(b"1 rue, Lyon, France", b'"1 rue, Lyon, France"')
    tables = bronze(spark, GmpDocument, header, second, reader=eudragmdp_read)
    found = {r["certificate_id"]: r for r in united(tables, "silver.gmp_certificate", "eudragmdp").collect()}
    assert {k: (r["kind"], r["valid_to"], r["known_from"]) for k, r in found.items()} == {
        "FR/GMP/1": ("certificate", None, D(2012, 4, 20)),
        "FR/GMP/2": ("certificate", LATER, D(2012, 4, 20)),
        "FR/NCR/3": ("non_compliance", None, D(2012, 12, 25)),
    }
    (place,) = {
        (r["city"], r["country"], r["stem"]) for r in united(tables, "silver.establishment", "eudragmdp").collect()
    }
    assert place == ("Lyon", "France", "S")
