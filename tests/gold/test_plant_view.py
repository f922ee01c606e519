"""One plant in four guises is one row with four columns; a combination is not its parts; the real inventory."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from pipelines.defs.gold.disproportionality.tables import Signal
from pipelines.defs.gold.interaction.tables import Interaction
from pipelines.defs.gold.plant_view.build import plant_view
from pipelines.defs.silver.plant.tables import Plant, PlantProduct
from pipelines.defs.silver.substance.tables import SubstanceName
from pipelines.defs.sources.ema_outputs import read
from pipelines.defs.sources.ema_outputs.tables import EmaHerbal
from tests.rows import frame, united
from tests.sources.bronze import bronze_frame

D = dt.date(2025, 12, 16)
DOMAINS = ("human", "veterinary", "nutrition", "cosmetic")


def inventory(*rows):
    blank = dict.fromkeys(EmaHerbal.source_columns(), "")
    return json.dumps([blank | row for row in rows]).encode()


def drug(latin, botanical, combination="No"):
    page = f"https://x/herbal/{latin.lower().replace(' ', '-')}"
    told = {"latin_name": latin, "botanical_name": botanical, "combination": combination, "herbal_medicine_url": page}
    return told | {
        "status": "F: Assessment finalised",
        "outcome_of_european_assessment": "European Union herbal monograph",
    }


def told(spark, data):
    name = {"normalised_name": "HYPERICUM PERFORATUM", "substance_key": "HYP", "kind": "preferred"}
    files = {"ema_outputs/medicines_output_herbal_medicines_en.json": (data, D)}
    tables = {
        EmaHerbal.address(): bronze_frame(spark, EmaHerbal, read.read, files),
        SubstanceName.address(): frame(spark, SubstanceName, [name]),
    }
    return {
        Plant.address(): united(tables, "silver.plant", "ema_outputs"),
        PlantProduct.address(): united(tables, "silver.plant_product", "ema_outputs"),
    }


@pytest.mark.spark
def test_one_plant_in_four_guises_is_one_row(spark):
    data = inventory(
        drug("Hyperici herba", "Hypericum perforatumL."),
        drug("Hyperici herba and Lupuli flos", "Combination: Hypericum perforatum L. and Humulus lupulus L.", "Yes"),
        drug("Species amarae", "", "Yes"),
    )
    same = {"substance_key": "HYP", "substance_name": "HYPERICUM PERFORATUM", "is_latest": True, "is_ic_signal": True}
    signals = [
        same | {"domain": d, "population": d, "term_key": t, "a": 2, "b": 8 + i}
        for i, d in enumerate(DOMAINS)
        for t in ("x", "y")
    ]
    pigment = {"substance_key": "CI", "substance_name": "CI 15850", "is_latest": True, "is_ic_signal": False}
    signals += [
        pigment | {"domain": d, "population": d, "term_key": "x", "a": 1, "b": 2} for d in ("tattoo", "cosmetic")
    ]
    alone = {
        "substance_key": "A",
        "substance_name": "ASPIRIN",
        "is_latest": True,
        "is_ic_signal": False,
        "a": 1,
        "b": 1,
    }
    signals.append(alone | {"domain": "human", "population": "human", "term_key": "x"})
    pair = {"substance_key": "CIC", "substance_name": "CICLOSPORIN", "substance_key_2": "HYP", "is_signal": True}
    tables = told(spark, data) | {
        Signal.address(): frame(spark, Signal, signals),
        Interaction.address(): frame(spark, Interaction, [pair]),
    }
    rows = {r["plant"]: r.asDict() for r in plant_view.frame(tables).collect()}
    assert set(rows) == {"Hypericum perforatum", "Humulus lupulus", "CI 15850"}
    plant = rows["Hypericum perforatum"]
    assert [plant[f"n_reports_{g}"] for g in ("medicine", "veterinary", "supplement", "cosmetic")] == [10, 11, 12, 13]
    assert (plant["n_signals"], plant["interacts_with"], plant["parts"]) == (8, ["CICLOSPORIN"], ["herb"])
    assert (plant["n_drugs"], plant["n_combinations"], plant["n_monographs"]) == (1, 1, 1)
    hop = rows["Humulus lupulus"]
    assert (hop["n_drugs"], hop["n_monographs"], hop["n_combinations"]) == (0, 0, 1), "a combination is not its parts"
    assert (rows["CI 15850"]["kind"], rows["CI 15850"]["n_reports_tattoo"]) == ("pigment", 3)


@pytest.mark.samples
@pytest.mark.spark
def test_the_real_inventory_is_kept_whole(spark, shared):
    data = (shared / "data/ema_outputs/2025-12/medicines_output_herbal_medicines_en.json").read_bytes()
    tables = told(spark, data)
    products = tables[PlantProduct.address()].collect()
    pages = {r["herbal_medicine_url"].rstrip("/").rsplit("/", 1)[-1] for r in json.loads(data)}
    assert {r["product_key"] for r in products} == pages
    none = {r["product_name"] for r in products if r["plant"] == "none"}
    assert none <= {
        *("Combination: Species pectorales", "Species diureticae", "Species digestivae", "Species sedativae"),
        *("Species amarae", "Saccharomyces cerevisiae CBS 5926"),
    }
    plants = {r["plant"]: r for r in tables[Plant.address()].collect()}
    assert plants["Carum carvi"]["author"] == "L."
    assert plants["Hypericum perforatum"]["substance_key"] == "HYP"
    assert plants["Cynara cardunculus"]["synonyms"] == ["Cynara scolymus"]
