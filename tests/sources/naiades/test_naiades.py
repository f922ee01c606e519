"""Hub'Eau's analyses: a result below its limit holds the limit, pages overlap; the real file."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.silver.substance.tables import SubstanceName
from pipelines.defs.sources.naiades import read
from pipelines.defs.sources.naiades.tables import NaiadesAnalysis, NaiadesStation
from pipelines.files.text import Refused
from tests.rows import frame, united
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of

D = dt.date(2024, 6, 30)
HEADER = "code_station,date_prelevement,code_parametre,libelle_parametre,resultat,code_remarque,limite_quantification,code_analyse\n"
STATIONS = "code_station,libelle_station,code_departement,code_bassin,nom_bassin\n06011000,SAONE,21,06,Rhone\n"


def tables_of(spark, pages, stations=STATIONS):
    given = {f"naiades/analyse_pc_{i}.csv": (p if isinstance(p, bytes) else p.encode(), D) for i, p in enumerate(pages)}
    name = {"normalised_name": "PARACETAMOL", "substance_key": "PARA", "kind": "inn"}
    return {
        NaiadesAnalysis.address(): bronze_frame(spark, NaiadesAnalysis, read.read, given),
        NaiadesStation.address(): bronze_frame(
            spark, NaiadesStation, read.read, {"naiades/stations.csv": (stations.encode(), D)}
        ),
        SubstanceName.address(): frame(spark, SubstanceName, [name]),
    }


def test_a_page_without_remarks_is_refused():
    with pytest.raises(Refused):
        rows_of(read, NaiadesAnalysis, b"code_station,resultat\n1,2\n")


@pytest.mark.spark
def test_below_the_limit_is_the_limit_and_an_analysis_stands_once(spark):
    first = "06011000,2024-01-05,5354,Paracétamol,0.02,10,0.02,A1\n06011000,2024-01-06,5354,Paracétamol,0.5,1,0.02,A2\n"
    again = "06011000,2024-01-06,5354,Paracétamol,0.5,1,0.02,A2\n04000001,2024-01-06,1340,Nitrates,NA,10,NA,NA\n"
    tables = tables_of(spark, [HEADER + first, HEADER + again])
    rows = {r["analysis"]: r for r in united(tables, "silver.residue_measurement", "naiades").collect()}
    assert len(rows) == 3
    assert (rows["A1"]["is_below"], rows["A1"]["result"], rows["A1"]["substance_key"]) == (True, 0.02, "PARA")
    assert (rows["A2"]["is_below"], rows["A2"]["result"]) == (False, 0.5)
    (other,) = (r for r in rows.values() if r["parameter"] == "1340")
    assert (other["result"], other["substance_key"], other["is_below"]) == (None, None, True)
    stations = {r["station"]: r for r in united(tables, "silver.water_station", "naiades").collect()}
    assert {s: r["department"] for s, r in stations.items()} == {"06011000": "21", "04000001": None}
    assert [r["basin_name"] for r in united(tables, "silver.basin", "naiades").collect()] == ["Rhone"]


@pytest.mark.samples
@pytest.mark.spark
def test_the_real_analyses(spark, shared):
    data = (shared / "data/hubeau/qualite_rivieres_analyse_pc_raw_221x125.csv").read_bytes()
    assert NaiadesAnalysis.files.owns("hubeau/qualite_rivieres_analyse_pc_raw_221x125.csv")
    assert is_balanced(read, NaiadesAnalysis, data)
    tables = tables_of(spark, [data])
    rows = united(tables, "silver.residue_measurement", "naiades").collect()
    assert len(rows) == len({r["analysis"] for r in rows})
    assert sum(r["is_below"] for r in rows) == 3
    assert {r["unit"] for r in rows} == {"mg(NO3)/L"}
    assert all(r["result"] is not None for r in rows if not r["is_below"])
    stations = {r["station"] for r in united(tables, "silver.water_station", "naiades").collect()}
    assert {r["station"] for r in rows} <= stations
