"""The FDA's measures, forms and recalls by establishment: the faults of the files, and the facts of the real ones."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.sources.fda_compliance import read
from pipelines.defs.sources.fda_compliance.tables import FdaComplianceAction, FdaPublishedForm
from pipelines.files.text import Refused
from tests.rows import united
from tests.sources.bronze import bronze_frame
from tests.sources.fda import real_bronze, real_silver
from tests.sources.reading import is_balanced, rows_of

D = dt.date
ACTIONS = "FEI Number,Legal Name,State,Country/Area,Product Type,Action Taken Date,Action Type,Case/Injunction ID\n"
FORMS = "Record Date,FEI Number,Legal Name,Record Type,Date Posted,Download,Record ID\n"
KNOWN = D(2025, 6, 1)


def test_an_export_without_the_establishment_is_refused_and_a_short_line_is_put_aside():
    with pytest.raises(Refused, match="FEI Number"):
        rows_of(read, FdaComplianceAction, ACTIONS.replace("FEI Number,", "").encode())
    data = (ACTIONS + '1234567,"A, Inc.",-,-,Drugs,2024-06-27,Warning Letter,679001\nshort,line\n').encode()
    kept, short = rows_of(read, FdaComplianceAction, data)
    assert (kept["legal_name"], kept["state"], short["reason"]) == ("A, Inc.", "-", "8 fields expected, 2 found")
    assert is_balanced(read, FdaComplianceAction, data)


@pytest.mark.spark
def test_a_form_is_known_from_its_posting_and_a_shifted_name_is_no_identifier(spark):
    lines = [
        "2012-04-12,0003004034796,Delta,483,2012-05-21,u,1",
        "2012-04-12,Delta,Delta,483,2012-05-21,u,2",
        ",,Delta,483,2012-05-22,u,3",
    ]
    data = (FORMS + "\n".join(lines)).encode()
    tables = {
        FdaPublishedForm.address(): bronze_frame(spark, FdaPublishedForm, read.read, {"a_483s.csv": (data, KNOWN)}),
        FdaComplianceAction.address(): bronze_frame(
            spark, FdaComplianceAction, read.read, {"compliance_actions.csv": (ACTIONS.encode(), KNOWN)}
        ),
    }
    first, shifted, blank = sorted(
        united(tables, "silver.inspection", "fda_compliance").collect(), key=lambda r: r["inspection_id"]
    )
    assert (first["establishment_key"], first["known_from"]) == ("FEI:3004034796", D(2012, 5, 21))
    assert shifted["establishment_key"] == blank["establishment_key"] == "NAME:DELTA||"
    assert (blank["inspection_date"], blank["known_from"]) == (None, D(2012, 5, 22))
    assert {r["establishment_key"] for r in united(tables, "silver.establishment", "fda_compliance").collect()} == {
        "FEI:3004034796",
        "NAME:DELTA||",
    }


@pytest.fixture(scope="module")
def real(spark, shared):
    """The real files as silver tables, registered for SQL."""
    bronze = real_bronze(spark, shared)
    silver = real_silver(bronze)
    silver["silver.enforcement_action"].createOrReplaceTempView("action")
    silver["silver.inspection"].filter("practice = 'gmp'").createOrReplaceTempView("form")
    silver["silver.inspection"].filter("practice = 'glp'").createOrReplaceTempView("laboratory")
    silver["silver.recall"].cache().createOrReplaceTempView("recall")
    return bronze


@pytest.mark.samples
@pytest.mark.spark
def test_the_six_facts_of_the_real_sites(spark, real):
    asked = spark.sql("""
        WITH site AS (SELECT DISTINCT establishment_key AS k FROM recall),
        acted AS (SELECT DISTINCT establishment_key AS k FROM action),
        found AS (SELECT DISTINCT establishment_key AS k FROM form)
        SELECT count(*) AS sites, count(acted.k) AS acted, count(found.k) AS found,
            count(CASE WHEN acted.k IS NOT NULL AND found.k IS NOT NULL THEN 1 END) AS both
        FROM site LEFT JOIN acted USING (k) LEFT JOIN found USING (k)""").first()
    assert tuple(asked) == (1347, 470, 256, 191)
    pairs = """
        WITH pair AS (SELECT establishment_key, event_id, min(recall_date) AS day FROM recall GROUP BY ALL)
        SELECT count(*) AS n FROM pair WHERE EXISTS (SELECT 1 FROM {table} f
            WHERE f.establishment_key = pair.establishment_key AND f.{day} BETWEEN {span})"""
    before = pairs.format(table="form", day="inspection_date", span="date_sub(pair.day, 365) AND pair.day")
    after = pairs.format(table="action", day="action_date", span="pair.day AND date_add(pair.day, 365)")
    assert [spark.sql(sql).first()["n"] for sql in (before, after)] == [219, 312]


@pytest.mark.samples
@pytest.mark.spark
def test_every_row_of_the_real_files_is_kept(spark, real):
    counts = {address.split(".")[1]: frame.count() for address, frame in real.items()}
    assert counts == {
        "fda_compliance_action": 4233,
        "fda_compliance_form_483": 1723,
        "fda_recalls_product": 16908,
        "fda_bimo_inspection": 1385,
    }
    asked = spark.sql("""SELECT count(DISTINCT product_id) AS products, count(DISTINCT event_id) AS events,
        count_if(event_class = '1') AS events_1, count_if(recall_class = '1') AS products_1 FROM recall""").first()
    assert tuple(asked) == (16908, 4245, 2394, 1690)
    kept = spark.sql("SELECT (SELECT count(*) FROM action), (SELECT count(*) FROM form)").first()
    assert tuple(kept) == (4233, 1723)
    made = {r["classification"]: r["n"] for r in spark.sql(
        "SELECT classification, count(*) AS n FROM laboratory GROUP BY ALL").collect()}  # fmt: skip
    assert made == {"NAI": 716, "VAI": 566, "OAI": 103}
