"""Exposure: persons once in each cell, quantities net, hospital units by the pack they come from."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.gold.exposure.build import exposure
from pipelines.defs.gold.exposure.tables import Exposure
from tests.frames import frame

D = dt.date
LINES = [
    # person, kind, pack, day, units, sex, born, region
    ("a", "town", "CIP13:1", D(2024, 1, 5), 2, "female", 1950, "84"),
    ("a", "town", "CIP13:2", D(2024, 1, 20), 1, "female", 1950, "84"),
    ("b", "town", "CIP13:1", D(2024, 1, 31), 0, "male", 1990, "11"),
    ("b", "town", "CIP13:1", D(2024, 2, 1), 3, "male", 1990, "11"),
    ("c", "hospital", "UCD7:9", D(2024, 2, 2), 20, None, None, None),
]


@pytest.fixture
def cells(spark):
    """Exposure of the lines, by substance, month, region, sex and age group."""
    from pipelines.defs.silver.dispensing.tables import Dispensing
    from pipelines.defs.silver.product.tables import Pack, PackContent, ProductSubstance
    from pipelines.defs.silver.substance.tables import SubstanceName

    names = ("person", "kind", "pack_key", "dispensed_date", "n_units", "sex", "birth_year", "region")
    flow = {"source": "snds", "flow_last_date": D(2024, 7, 1)}
    packs = [("CIP13:1", "CIS:1"), ("CIP13:2", "CIS:1"), ("CIP13:2", "CIS:2")]
    tables = {
        "silver.dispensing": frame(spark, Dispensing, [dict(zip(names, line, strict=True)) | flow for line in LINES]),
        "silver.pack": frame(spark, Pack, [{"pack_key": p, "product_key": c} for p, c in packs]),
        "silver.pack_content": frame(
            spark, PackContent, [{"pack_key": "CIP13:1", "ucd_key": "UCD7:9", "mg_per_pack": 300.0}]
        ),
        "silver.product_substance": frame(
            spark,
            ProductSubstance,
            [{"product_key": c, "source": "bdpm", "source_substance_name": "ASPIRIN"} for c in ("CIS:1", "CIS:2")],
        ),
        "silver.substance_name": frame(
            spark, SubstanceName, [{"normalised_name": "ASPIRIN", "substance_key": "S", "kind": "official"}]
        ),
    }
    rows = exposure(tables).toArrow().to_pylist()
    assert set(rows[0]) == set(Exposure.columns)
    return {(r["month"].month, r["region"], r["sex"], r["age_group"]): r for r in rows}


@pytest.mark.spark
def test_a_person_counts_once_and_a_cancelled_one_not_at_all(cells):
    january = cells[1, "all", "all", "all"]
    assert (january["n_persons"], january["n_packs"], january["n_hospital_units"]) == (1, 3, 0)
    assert (january["mg"], january["share_with_content"]) == (600.0, pytest.approx(2 / 3))
    assert cells[1, "11", "all", "all"]["n_persons"] == 0


@pytest.mark.spark
def test_cells_are_cut_by_place_sex_and_age_and_what_is_not_said_is_its_own(cells):
    assert cells[1, "84", "female", "elderly"]["n_persons"] == 1
    assert cells[2, "all", "male", "adult"]["n_packs"] == 3
    unknown = cells[2, "unknown", "unknown", "unknown"]
    assert (unknown["n_persons"], unknown["n_packs"], unknown["n_hospital_units"]) == (1, 0, 20)
    assert unknown["share_with_content"] is None


@pytest.mark.spark
def test_a_month_is_complete_once_six_flows_have_come(cells):
    assert (cells[1, "all", "all", "all"]["is_complete"], cells[2, "all", "all", "all"]["is_complete"]) == (True, False)
