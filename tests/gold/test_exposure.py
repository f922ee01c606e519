"""Exposure: persons once in each cell, quantities net, each source by its own rule, sources held together."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.gold.exposure.build import exposure, exposure_reconciliation
from pipelines.defs.gold.exposure.tables import Exposure
from pipelines.defs.silver.animal_supply.tables import AnimalSupply
from pipelines.defs.silver.dispensing.tables import Dispensing, Insured
from pipelines.defs.silver.dose.tables import DailyDose
from pipelines.defs.silver.population.tables import Population
from pipelines.defs.silver.sale.tables import PatientCount, Sale
from pipelines.lake.lake import Lake
from tests.gold.drugs import lake
from tests.rows import PartlyStored

D = dt.date
LINES = [
    # insured, kind, pack, day, units, sex, born, region
    ("a", "town", "CIP13:1", D(2024, 1, 5), 2, "female", 1950, "84"),
    ("a", "town", "CIP13:2", D(2024, 1, 20), 1, "female", 1950, "84"),
    ("a2", "town", "CIP13:1", D(2024, 1, 21), 1, "female", 1950, "84"),
    ("b", "town", "CIP13:1", D(2024, 1, 31), 4, "male", 1990, "11"),
    ("b", "town", "CIP13:1", D(2024, 1, 31), -4, "male", 1990, "11"),
    ("b", "town", "CIP13:1", D(2024, 2, 1), 3, "male", 1990, "11"),
    ("c", "hospital", "UCD7:9", D(2024, 2, 2), 20, None, None, None),
]
SOLD = {"source": "open_medic", "series": "open_medic", "channel": "town", "species": "human", "is_current": True}
SOLD |= {"country": "FR", "period_start": D(2024, 1, 1), "period_end": D(2024, 12, 31), "prescriber": "all"}
WHERE = {"region": "84", "sex": "female", "age_group": "60+"}
ALL = {"region": "all", "sex": "all", "age_group": "all"}
ANIMALS = SOLD | ALL | {"source": "anmv_sales", "series": "anmv_declaration", "species": "pigs", "pack_key": "GTIN:G"}
SUPPLY = {"source": "calypsovet", "flow_date": D(2024, 5, 31), "species": "pigs", "pack_key": "GTIN:G"}


@pytest.fixture(scope="module")
def cells(spark, tmp_path_factory):
    """Rows of exposure by source, end of period, length, species, region, sex and age group."""
    names = ("insured", "kind", "pack_key", "dispensed_date", "n_units", "sex", "birth_year", "region")
    flow = {"source": "snds", "flow_date": D(2024, 7, 1)}
    tables = lake(
        spark,
        {
            Dispensing: [dict(zip(names, line, strict=True)) | flow for line in LINES],
            Insured: [
                {"source": "snds", "insured": i, "person": "A", "sex": "female", "birth_year": 1950}
                for i in ("a", "a2")
            ],
            DailyDose: [
                {"kind": k, "substance_key": s, "species": a, "value": v, "is_current": True}
                for k, s, a, v in (
                    ("ddd", "ASPIRIN", "human", 150.0),
                    ("dddvet", "AMOXICILLIN", "pigs", 10.0),
                    ("dcdvet", "AMOXICILLIN", "pigs", 50.0),
                )
            ],
            Population: [
                {"kind": "standard_weight", "species": "pigs", "category": c, "value": v, "is_current": True}
                for c, v in (("slaughter pig", 65.0), ("living sow", 135.0))
            ],
            PatientCount: [
                {"series": "open_medic", "year": 2024, "level": "atc5", "code": "N02BA01", "n_patients": 7}
                | {"is_current": True, "prescriber": "all"}
                | ALL
            ],
            Sale: [
                SOLD | WHERE | {"pack_key": "CIP13:1", "n_packs": 10.0},
                SOLD | WHERE | {"pack_key": None, "atc_code": "N02BA01", "n_packs": 5.0, "region": "11"},
                SOLD | WHERE | {"pack_key": "CIP13:1", "n_packs": 99.0, "is_current": False},
                ANIMALS | {"n_packs": 100.0},
            ],
            AnimalSupply: [
                SUPPLY
                | {
                    "supply_key": k,
                    "supply_date": D(2024, 4, day),
                    "n_packs": 2.0,
                    "n_animals": 30,
                    "duration_days": 5.0,
                }
                for k, day in (("x", 2), ("y", 3))
            ],
        },
    )
    stored = (Dispensing, Insured)
    place = Lake(spark, str(tmp_path_factory.mktemp("lake")), {t.address(): t for t in stored})
    made = PartlyStored(tables, place, stored)
    frame = exposure(made).cache()
    rows = frame.toArrow().to_pylist()
    assert set(rows[0]) == set(Exposure.columns)
    key = ("source", "month", "n_months", "species", "region", "sex", "age_group")
    return {tuple(r[c] for c in key): r for r in rows}, frame


def of(cells, source, month, n_months=1, species="human", region="all", sex="all", age_group="all"):
    return cells[0][source, month, n_months, species, region, sex, age_group]


JANUARY, FEBRUARY, YEAR = D(2024, 1, 31), D(2024, 2, 29), D(2024, 12, 31)


@pytest.mark.spark
def test_a_person_counts_once_over_pseudonyms_and_a_cancelled_one_not_at_all(cells):
    january = of(cells, "snds", JANUARY)
    assert (january["n_treated"], january["n_packs"], january["n_hospital_units"]) == (1, 4, 0)
    assert (january["mg"], january["share_with_content"]) == (900.0, pytest.approx(3 / 4))
    assert (january["n_daily_doses"], january["treatment_days"]) == (6.0, 6.0)
    assert of(cells, "snds", JANUARY, region="11")["n_treated"] == 0


@pytest.mark.spark
def test_a_year_counts_persons_anew(cells):
    year = of(cells, "snds", YEAR, 12)
    assert (year["n_treated"], year["n_packs"], year["n_hospital_units"]) == (3, 7, 20)


@pytest.mark.spark
def test_cells_are_cut_by_place_sex_and_age_and_what_is_not_said_is_its_own(cells):
    assert of(cells, "snds", JANUARY, region="84", sex="female", age_group="elderly")["n_treated"] == 1
    assert of(cells, "snds", FEBRUARY, sex="male", age_group="adult")["n_packs"] == 3
    unknown = of(cells, "snds", FEBRUARY, region="unknown", sex="unknown", age_group="unknown")
    assert (unknown["n_treated"], unknown["n_packs"], unknown["n_hospital_units"]) == (1, 0, 20)
    assert unknown["share_with_content"] is None


@pytest.mark.spark
def test_a_month_is_complete_once_six_flows_have_come(cells):
    assert [of(cells, "snds", m)["is_complete"] for m in (JANUARY, FEBRUARY)] == [True, False]


@pytest.mark.spark
def test_what_is_sold_is_found_by_pack_else_by_a_class_of_one_substance_and_old_versions_do_not_count(cells):
    whole = of(cells, "open_medic", YEAR, 12)
    assert (whole["n_packs"], whole["mg"], whole["n_treated"]) == (15, 3000, 7)
    assert (whole["method"], of(cells, "open_medic", YEAR, 12, region="84")["method"]) == (
        "counted_by_publisher",
        "sold",
    )
    assert of(cells, "open_medic", YEAR, 12, region="11")["n_packs"] == 5


@pytest.mark.spark
def test_animals_are_declared_or_estimated_and_the_rule_is_told(cells):
    sold = of(cells, "anmv_declaration", YEAR, 12, "pigs")
    # 100 packs of 1,000 mg: 10,000 kg x days at 10 mg/kg; 2,000 kg in courses of 50 mg/kg, 20 pigs of 100 kg.
    assert (sold["method"], sold["n_treated"]) == ("estimated_from_doses", pytest.approx(20.0))
    assert (sold["n_daily_doses"], sold["treatment_days"]) == (10_000.0, 100.0)
    supplied = of(cells, "calypsovet", D(2024, 4, 30), 1, "pigs")
    assert (supplied["method"], supplied["n_treated"], supplied["treatment_days"]) == ("supplied", 60, 300)
    assert (supplied["mg"], supplied["is_complete"]) == (4000, True)


@pytest.mark.spark
def test_sources_are_held_against_each_other(cells):
    rows = exposure_reconciliation({"gold.exposure": cells[1]}).collect()
    found = {(r["source"], r["other_source"]): (r["n_packs"], r["other_n_packs"], r["difference"]) for r in rows}
    assert found == {("open_medic", "snds"): (15, 7, -8), ("anmv_declaration", "calypsovet"): (100, 4, -96)}
