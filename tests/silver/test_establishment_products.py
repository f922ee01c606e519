"""What establishments make, test, recall and are certified for, with substances, their days and when it was known."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.core.catalog import tables
from pipelines.defs.silver.batch.tables import Batch, LaboratoryResult
from pipelines.defs.silver.establishment.products import establishment_product
from pipelines.defs.silver.establishment.tables import GmpCertificate
from pipelines.defs.silver.product.tables import Pack, ProductSubstance
from pipelines.defs.silver.recall.tables import Recall
from pipelines.defs.silver.substance.tables import SubstanceName
from tests.rows import frame, without_rows
from tests.sources.fda import real_bronze, real_silver

D = dt.date
FIRST, LATER = D(2024, 1, 31), D(2024, 6, 30)
USUAL = {"source": "s", "valid_from": FIRST, "known_from": FIRST, "is_current": True, "agency": "ANSM"}
SITE = {"establishment_key": "OMS:1"}
NAMES = [("VELO", "S1", "official"), ("LUX", "S2", "preferred"), ("LUXOR", "S2", "brand")]
KNOWN_BY = ("pack_key", "product_key", "product_printed")


def name(normalised: str, key: str, kind: str) -> dict:
    told = {"normalised_name": normalised, "substance_key": key, "kind": kind}
    return told | {"known_from": D(1900, 1, 1), "is_current": True}


def told(spark, given: dict) -> dict:
    usual = {
        Pack: [USUAL | {"pack_key": "CIP13:1", "product_key": "CIS:1"}],
        ProductSubstance: [USUAL | {"product_key": "CIS:1", "ingredient_seq": 1, "source_substance_name": "VELO"}],
        SubstanceName: [name(*row) for row in NAMES],
    }
    lake = {t.address(): frame(spark, t, rows) for t, rows in (usual | given).items()}
    lake = without_rows(spark, *establishment_product.reads) | lake
    rows = establishment_product.frame(lake).collect()
    assert {c for r in rows for c in r.asDict()} == set(tables()["silver.establishment_product"].columns)
    return {(r["establishment_key"], r["role"], r["subject"]): r for r in rows}


@pytest.mark.spark
def test_batches_and_samples_lead_from_sites_to_substances_with_both_times(spark):
    made = USUAL | SITE | {"pack_key": "CIP13:1", "domain": "human"}
    batches = [
        made | {"batch_key": "CIP13:1|A", "made_date": D(2023, 5, 1), "valid_to": LATER, "is_current": False},
        made | {"batch_key": "CIP13:1|A", "made_date": D(2023, 5, 2), "valid_from": LATER},
        made | {"batch_key": "CIP13:1|B", "made_date": D(2024, 5, 1), "valid_from": LATER, "known_from": LATER},
        made | {"batch_key": "CIP13:1|C", "establishment_key": None},
    ]
    tested = {"establishment_key": "NAME:LAB", "batch_key": "CIP13:1|A", "sampled_date": D(2023, 7, 1), "test": "t"}
    results = [USUAL | tested | {"sample_id": s, "valid_to": LATER} for s in "12"]
    rows = told(spark, {Batch: batches, LaboratoryResult: results})
    assert set(rows) == {("OMS:1", "makes", "CIP13:1"), ("NAME:LAB", "tests", "CIP13:1")}
    makes, tests = rows["OMS:1", "makes", "CIP13:1"], rows["NAME:LAB", "tests", "CIP13:1"]
    assert (makes["n"], makes["first_date"], makes["last_date"]) == (2, D(2023, 5, 1), D(2024, 5, 1))
    assert (makes["valid_from"], makes["valid_to"], makes["known_from"]) == (FIRST, None, FIRST)
    assert (makes["product_key"], makes["substance_keys"], makes["product_printed"]) == ("CIS:1", ["S1"], None)
    assert (tests["n"], tests["valid_to"], tests["substance_keys"]) == (2, LATER, ["S1"])


@pytest.mark.spark
def test_printed_products_are_coded_by_what_leads_them_and_operations_by_what_they_name(spark):
    printed = {
        "1": "Velo Tablets, USP 125 mcg, 100-count bottle",
        "2": "Luxor (lux) capsules, 15 mg, Made by: Velo Inc",
        "3": "Luxor 5 mg; Rx only",
        "4": "Instant hand sanitizer (alcohol 70% v/v) Velo",
    }
    firm = {"establishment_key": "FEI:7", "recall_date": D(2024, 1, 5), "event_id": "e"}
    recalls = [USUAL | firm | {"product_id": k, "product_name": v} for k, v in printed.items()]
    recalls += [USUAL | firm | {"product_id": "5", "product_name": "Velo", "pack_key": "CIP13:1"}]
    certificate = {"certificate_id": "c", "kind": "certificate", "issue_date": D(2024, 1, 9)}
    operations = "Human medicinal products: 1.2 non-sterile; active substances: Velo + Lux; 1.6 testing"
    certificates = [
        USUAL | SITE | certificate | {"operations": operations},
        USUAL | SITE | certificate | {"certificate_id": "n", "kind": "non_compliance", "operations": "1.1 sterile"},
    ]
    rows = told(spark, {Recall: recalls, GmpCertificate: certificates})
    named = {r["product_printed"]: r["substance_keys"] for r in rows.values() if r["subject_kind"] == "name"}
    assert named == dict(zip(printed.values(), (["S1"], ["S2"], ["S2"], None), strict=True))
    assert rows["FEI:7", "recalls", "CIP13:1"]["substance_keys"] == ["S1"]
    (certified,) = [r for r in rows.values() if r["role"] == "is certified for"]
    assert (certified["product_printed"], certified["substance_keys"]) == (operations, ["S1", "S2"])


@pytest.mark.samples
@pytest.mark.slow
@pytest.mark.spark
def test_every_real_recall_stands_at_its_site_and_known_names_are_coded(spark, shared):
    real = real_silver(real_bronze(spark, shared))
    names = ("METFORMIN", "VALSARTAN", "DIGOXIN", "ONDANSETRON")
    known = frame(spark, SubstanceName, [name(n, f"S:{n}", "official") for n in names])
    lake = without_rows(spark, *establishment_product.reads) | {"silver.recall": real["silver.recall"]}
    rows = establishment_product.frame(lake | {SubstanceName.address(): known}).cache()
    counts = rows.selectExpr("count(DISTINCT establishment_key)", "sum(n)", "count_if(subject_kind <> 'name')").first()
    assert tuple(counts) == (1347, 16908, 0)
    found = rows.selectExpr("explode(substance_keys) AS key").groupBy("key").count().collect()
    assert {r["key"].removeprefix("S:") for r in found} == set(names)
