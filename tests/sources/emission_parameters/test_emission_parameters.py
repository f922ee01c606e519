"""Parameters with their source and date: percent to shares, husbandry old and new; the real files."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.silver.substance.tables import SubstanceName
from pipelines.defs.sources.emission_parameters import read
from pipelines.defs.sources.emission_parameters.tables import (
    EmissionExcretion,
    EmissionHusbandry,
    EmissionParameter,
    EmissionStatement,
)
from tests.rows import frame, united
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced

D = dt.date(2025, 3, 1)
OWN = "subject_kind,subject,kind,value,low,high,conditions,reference,stated_on\n"
EMPTY = {
    EmissionParameter: OWN,
    EmissionHusbandry: "animal_type,housing_factor\n",
    EmissionExcretion: "Pharmaceutical,Excretion_percentage\n",
    EmissionStatement: "substance,pnec_ug_per_l\n",
}
FILES = {
    EmissionParameter: "environment_parameters.csv",
    EmissionHusbandry: "vmp_husbandry_defaults.csv",
    EmissionExcretion: "pharmuse.csv",
    EmissionStatement: "pnec_and_sales.csv",
}


def parameters(spark, told):
    tables = {}
    for table, empty in EMPTY.items():
        data = told.get(table, empty)
        assert table.files.owns(f"emission_parameters/{FILES[table]}")
        data = data if isinstance(data, bytes) else data.encode()
        assert is_balanced(read, table, data)
        tables[table.address()] = bronze_frame(
            spark, table, read.read, {f"emission_parameters/{FILES[table]}": (data, D)}
        )
    name = {"normalised_name": "FLUTICASONE", "substance_key": "FLU", "kind": "inn"}
    tables[SubstanceName.address()] = frame(spark, SubstanceName, [name])
    return united(tables, "silver.environment_parameter", "emission_parameters").collect()


@pytest.mark.spark
def test_every_statement_stands_with_its_day(spark):
    own = OWN + "substance,Fluticasone,pnec_surface_water,0.058,,,all,FASS,2020-03-06\n"
    own += "substance,fluticasone,pnec_surface_water,0.03,,,all,agency,2025-01-01\nsubstance,x,magic,1,,,all,y,\n"
    excretion = (
        'n,Pharmaceutical,Administration_Route,Excretion_percentage,INCHISTRING\n1,Fluticasone,oral,5,"In\nchi"\n'
    )
    rows = parameters(spark, {EmissionParameter: own, EmissionExcretion: excretion})
    found = {(r["kind"], r["reference"]): (r["value"], r["holds_from"], r["substance_key"]) for r in rows}
    assert found == {
        ("pnec_surface_water", "FASS"): (0.058, dt.date(2020, 3, 6), "FLU"),
        ("pnec_surface_water", "agency"): (0.03, dt.date(2025, 1, 1), "FLU"),
        ("excretion", "PharmUse"): (0.05, dt.date(1900, 1, 1), "FLU"),
    }


@pytest.mark.samples
@pytest.mark.spark
def test_the_real_files(spark, shared):
    data = shared / "data"
    rows = parameters(
        spark,
        {
            EmissionHusbandry: (data / "reference_values/vmp_husbandry_defaults.csv").read_bytes(),
            EmissionExcretion: (data / "sewerx_pharmuse/pharmuse.csv").read_bytes(),
            EmissionStatement: (data / "reference_values/pnec_and_sales_felleskatalogen.csv").read_bytes(),
        },
    )
    found = {(r["subject"], r["kind"], r["conditions"]): r["value"] for r in rows}
    assert found["fattening_pig", "nitrogen_per_place", "guideline"] == 7.5
    assert found["fattening_pig", "body_weight", "guideline"] == 65
    assert found["acetaminophen", "excretion", "oral"] == 0.09
    assert found["fluticasone", "pnec_surface_water", "all"] == 0.058
    assert len({r["subject"] for r in rows if r["kind"] == "excretion"}) == 313
    assert max(r["value"] for r in rows if r["kind"] == "excretion") == 1.0
