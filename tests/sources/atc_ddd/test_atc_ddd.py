"""Defined daily doses: masses in mg, other units left out, decimal commas."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.silver.substance.tables import SubstanceName
from pipelines.defs.sources.atc_ddd import conform, read
from pipelines.defs.sources.atc_ddd.tables import AtcDddDose
from tests.rows import frame
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced

CSV = b"ATC;substance;DDD;Unit;Route;Note\nJ01CA04;Amoxicillin;1,5;g;O;x\nA10AB01;Insulin;40;U;P;\nH02AB06;;10;mg;O;\n"


@pytest.mark.spark
def test_doses_are_in_mg_and_units_without_a_mass_are_left_out(spark):
    told = bronze_frame(spark, AtcDddDose, read.read, {"atc_ddd/ddd.csv": (CSV, dt.date(2024, 1, 1))})
    names = [{"normalised_name": "AMOXICILLIN", "substance_key": "S", "kind": "preferred"}]
    rows = conform.daily_dose({AtcDddDose.address(): told, SubstanceName.address(): frame(spark, SubstanceName, names)})
    found = {r["dose_name"]: (r["value"], r["substance_key"]) for r in rows.collect()}
    assert found == {"Amoxicillin": (1500, "S"), "H02AB06": (10, None)}
    assert is_balanced(read, AtcDddDose, CSV)
