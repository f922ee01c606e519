"""ESVAC and ASU: padded names, a country that is none, doses by species; the real files."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.silver.substance.tables import SubstanceName
from pipelines.defs.sources.esvac import conform, read
from pipelines.defs.sources.esvac.tables import EsvacAsuUse, EsvacDose, EsvacMgPcu, EsvacSalesTonnes
from tests.rows import frame
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced

D = dt.date(2023, 11, 30)


def tables_of(spark, sales=b"Country,Antibiotic sales (tonnes),Year\n", use=b"country;year;atcvet;species;use_kg\n"):
    given = {EsvacSalesTonnes: ("esvac_sales_tonnes.csv", sales), EsvacAsuUse: ("asu_use.csv", use)}
    return {
        t.address(): bronze_frame(spark, t, read.read, {f"esvac/{name}": (data, D)})
        for t, (name, data) in given.items()
    }


@pytest.mark.spark
def test_padded_names_are_countries_and_total_is_none(spark):
    sales = b"Country,Antibiotic sales (tonnes),Year\nFrance ,406.02 ,2019\nTotal ,6500 ,2019\nGermany,1,2019\n"
    use = b"country;year;atcvet;species;use_kg\nFR;2023;QJ01CA04;Pigs;12,5\nfr;2023;QJ01CA04;Pigs;12.5\n"
    rows = conform.sale(tables_of(spark, sales, use)).collect()
    found = {(r["series"], r["country"], r["species"], r["period_start"].year): r["mg"] for r in rows}
    assert found == {
        ("esvac", "FR", "all", 2019): pytest.approx(406.02e9),
        ("esvac", "DE", "all", 2019): 1e9,
        ("asu", "FR", "pigs", 2023): 25e6,
    }


@pytest.mark.spark
def test_the_real_series_are_read(shared, spark):
    amu = shared / "data" / "amu"
    data = (amu / "esvac" / "esvac_sales_tonnes_country_2010_2021.csv").read_bytes()
    assert EsvacSalesTonnes.files.owns("esvac/esvac_sales_tonnes_country_2010_2021.csv")
    assert is_balanced(read, EsvacSalesTonnes, data)
    rows = conform.sale(tables_of(spark, data)).collect()
    france = {r["period_start"].year: r["mg"] / 1e9 for r in rows if r["country"] == "FR"}
    assert (len(france), france[2010], france[2021]) == (12, 1014.24, 367.27)
    assert "Total" not in {r["country"] for r in rows}
    assert len({r["country"] for r in rows}) == 31
    ratio = (amu / "owid" / "esvac_mg_pcu_europe_2010_2016.csv").read_bytes()
    told = bronze_frame(spark, EsvacMgPcu, read.read, {"esvac/esvac_mg_pcu.csv": (ratio, D)})
    published = {
        (r["country"], r["year"]): r["value"]
        for r in conform.published_indicator({EsvacMgPcu.address(): told}).collect()
    }
    assert len(published) == 165
    # Where both inputs are given, tonnes over mg/PCU is the biomass: France's stays within 7 to 8 million tonnes.
    biomass = [france[year] * 1e9 / published["FR", year] / 1e9 for year in range(2010, 2016)]
    assert ("FR", 2016) not in published
    assert all(6.9 < kilotonnes < 7.8 for kilotonnes in biomass), biomass


@pytest.mark.spark
def test_the_real_doses_are_coded_where_they_are_one_substance(shared, spark):
    data = (shared / "data" / "amu" / "ema" / "dddvet_pigs_subset.csv").read_bytes()
    told = bronze_frame(spark, EsvacDose, read.read, {"esvac/dddvet_pigs_subset.csv": (data, D)})
    names = [{"normalised_name": "AMOXICILLIN", "substance_key": "S", "kind": "preferred"}]
    tables = {EsvacDose.address(): told, SubstanceName.address(): frame(spark, SubstanceName, names)}
    rows = conform.daily_dose(tables).collect()
    assert len(rows) == 25
    found = {(r["dose_name"], r["route"]): r for r in rows}
    assert (found["amoxicillin", "oral"]["value"], found["amoxicillin", "oral"]["substance_key"]) == (17, "S")
    assert found["sulfadiazine+trimethoprim", "oral"]["substance_key"] is None
    assert {r["species"] for r in rows} == {"pigs"}
