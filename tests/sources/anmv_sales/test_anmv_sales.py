"""Declarations of sales: packs shared out between species, the rest of all animals; published ALEA."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.sources.anmv_sales import conform, read
from pipelines.defs.sources.anmv_sales.tables import AnmvSalesAlea, AnmvSalesDeclaration
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced

CSV = (
    "numero_etablissement;nom;forme;presentation;unites_vendues;repartition_especes_estimee\n"
    "E1;COLICILLINE;solution;03597130000149;1000;Bovins 60 % | Porcins : 30%\n"
    "E1;AUTRE;solution;Flacon de 50 ml;10;\n"
    "E1;RIEN;solution;Flacon;beaucoup;\n"
)


@pytest.mark.spark
def test_packs_are_shared_out_and_nothing_of_them_is_lost(spark):
    files = {"anmv_sales/declaration_2023.csv": (CSV.encode(), dt.date(2024, 3, 31))}
    frame = bronze_frame(spark, AnmvSalesDeclaration, read.read, files)
    rows = conform.sale({AnmvSalesDeclaration.address(): frame}).collect()
    found = {(r["product_label"], r["species"]): round(r["n_packs"], 6) for r in rows}
    assert found == {
        ("COLICILLINE", "cattle"): 600,
        ("COLICILLINE", "pigs"): 300,
        ("COLICILLINE", "all"): 100,
        ("AUTRE Flacon de 50 ml", "all"): 10,
    }
    assert {r["pack_key"] for r in rows} == {"GTIN:03597130000149", None}
    assert is_balanced(read, AnmvSalesDeclaration, CSV.encode())


@pytest.mark.spark
def test_the_real_reference_points_are_read(shared, spark):
    data = (shared / "data" / "amu" / "ema" / "alea_reference_points.csv").read_bytes()
    assert AnmvSalesAlea.files.owns("anmv_sales/alea_reference_points.csv")
    frame = bronze_frame(
        spark, AnmvSalesAlea, read.read, {"anmv_sales/alea_reference_points.csv": (data, dt.date(2017, 11, 30))}
    )
    rows = conform.published_indicator({AnmvSalesAlea.address(): frame}).collect()
    found = {(r["species"], r["year"]): r["value"] for r in rows}
    assert found == {
        ("rabbits", 2016): 1.98,
        ("pigs", 2016): 0.645,
        ("poultry", 2016): 0.574,
        ("sheep and goats", 2016): 0.385,
        ("cattle", 2016): 0.248,
        ("calves", 2013): 5.74,
        ("calves", 2016): 3.41,
    }
