"""Antimicrobials: denominators by method, indicators by their formulas, breaks between series."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from pipelines.defs.gold.antimicrobial.build import antimicrobial_use, denominator
from pipelines.defs.gold.exposure.tables import Exposure
from pipelines.defs.silver.dose.tables import DailyDose
from pipelines.defs.silver.indicator.tables import PublishedIndicator
from pipelines.defs.silver.population.tables import Population
from pipelines.defs.silver.sale.tables import Sale
from tests.gold.drugs import lake
from tests.rows import frame

D = dt.date
KNOWN = {
    "is_current": True,
    "valid_from": D(2024, 5, 31),
    "country": "FR",
    "region": "all",
    "sex": "all",
    "age_group": "all",
}
YEAR = {"n_months": 12, "country": "FR", "region": "all", "sex": "all", "age_group": "all"}


@pytest.fixture(scope="module")
def rows(spark):
    """Indicators by source, year, species, indicator; and the denominators."""
    heads = [("pigs", "slaughter pig", 1000.0), ("pigs", "living sow", 100.0), ("fish", "biomass", 500.0)]
    weights = [("pigs", "slaughter pig", 65.0), ("pigs", "living sow", 240.0)]
    population = [
        KNOWN
        | {"kind": "livestock", "year": y, "species": s, "category": c, "value": v, "method": "census"}
        | {"unit": "kg" if s == "fish" else "heads"}
        for s, c, v in heads
        for y in (2021, 2022, 2023)
    ]
    population += [
        KNOWN
        | {"kind": "standard_weight", "year": 0, "species": s, "category": c, "value": v, "unit": "kg", "method": "m"}
        for s, c, v in weights
    ]
    people = KNOWN | {"kind": "inhabitants", "year": 2023, "species": "human", "category": "all", "value": 1000.0}
    population.append(people | {"unit": "heads", "method": "INSEE"})
    total = {"domain": "veterinary", "country": "FR", "species": "all", "is_current": True, "series": "esvac"}
    tables = lake(
        spark,
        {
            Population: population,
            DailyDose: [
                {"kind": "dcdvet", "substance_key": "AMOXICILLIN", "species": "pigs", "value": 50.0, "is_current": True}
            ],
            Sale: [total | {"mg": 8.95e6 + y, "period_end": D(2021 + y, 12, 31)} for y in (0, 1)],
            PublishedIndicator: [
                {"indicator": "mg_per_pcu", "country": "FR", "year": 2021, "species": "all", "value": 98.9}
                | {"is_current": True, "published_by": "ESVAC"}
            ],
        },
    )
    amount = YEAR | {"month": D(2023, 12, 31), "substance_key": "AMOXICILLIN"}
    exposed = [
        amount | {"source": "asu", "species": "pigs", "mg": 890_000.0, "n_daily_doses": 89_000.0},
        amount | {"source": "open_medic", "species": "human", "mg": 62_500.0, "n_daily_doses": 3650.0},
        amount
        | {"source": "open_medic", "species": "human", "mg": 1e9, "n_daily_doses": 1e9, "substance_key": "ASPIRIN"},
    ]
    tables["gold.exposure"] = frame(spark, Exposure, exposed)
    tables["gold.denominator"] = denominator(tables).cache()
    bases = {(r["species"], r["method"], r["year"]): r.asDict() for r in tables["gold.denominator"].collect()}
    found = antimicrobial_use(tables).filter("substance_key = 'all'").collect()
    return {(r["source"], r["year"], r["species"], r["indicator"]): r.asDict() for r in found}, bases


@pytest.mark.spark
def test_each_method_makes_its_own_denominator(rows):
    bases = rows[1]
    assert bases["pigs", "esvac_pcu", 2023]["value"] == 1000 * 65 + 100 * 240
    assert bases["pigs", "living_biomass", 2023]["value"] == 100 * 240
    assert bases["all", "esvac_pcu", 2023]["value"] == 89_000 + 500
    assert bases["human", "human_biomass", 2023]["value"] == 62_500
    assert bases["human", "inhabitants", 2023]["known_from"] == D(2024, 5, 31)


@pytest.mark.spark
def test_indicators_follow_their_formulas(rows):
    def value(*key):
        return rows[0][key]["value"]

    assert value("asu", 2023, "pigs", "mg_per_pcu") == pytest.approx(10)
    assert value("asu", 2023, "pigs", "dddvet_per_pcu") == pytest.approx(1)
    assert value("asu", 2023, "pigs", "dcdvet_per_pcu") == pytest.approx(890_000 / 50 / 89_000)
    assert value("asu", 2023, "pigs", "alea") == pytest.approx(890_000 / 50 / 24_000)
    assert value("open_medic", 2023, "human", "ddd_per_1000_inhabitants_day") == pytest.approx(10)
    assert value("open_medic", 2023, "human", "mg_per_kg_people") == pytest.approx(1)


@pytest.mark.spark
def test_series_are_not_chained_without_a_break_and_published_figures_stand_beside(rows):
    of_year = {y: rows[0][s, y, "all", "mg_per_pcu"] for y, s in ((2021, "esvac"), (2022, "esvac"), (2023, "asu"))}
    assert [r["is_series_break"] for r in of_year.values()] == [False, False, True]
    assert of_year[2021]["value"] == pytest.approx(100)
    assert (of_year[2021]["published_value"], of_year[2021]["published_by"], of_year[2022]["published_value"]) == (
        98.9,
        "ESVAC",
        None,
    )


@pytest.mark.spark
def test_the_same_rows_in_another_order_give_the_same_last_bit(spark):
    random = np.random.default_rng(11)
    amount = YEAR | {"month": D(2023, 12, 31), "substance_key": "AMOXICILLIN", "source": "asu"}
    exposed = [amount | {"species": f"s{i}", "mg": float(m)} for i, m in enumerate(random.lognormal(10, 4, 60))]
    heads = [
        KNOWN
        | {"kind": "livestock", "year": 2023, "species": f"s{i}", "category": "c", "value": float(v), "unit": "kg"}
        | {"method": "m"}
        for i, v in enumerate(random.lognormal(3, 4, 60))
    ]
    tables, found = lake(spark, {}), set()
    for n in (1, 5):
        mixed = {
            Exposure: [exposed[i] for i in random.permutation(60)],
            Population: [heads[i] for i in random.permutation(60)],
        }
        tables |= {t.address(): frame(spark, t, rows).repartition(n) for t, rows in mixed.items()}
        tables["gold.denominator"] = denominator(tables)
        rows = antimicrobial_use(tables).filter("species = 'all' AND substance_key = 'all'").collect()
        found.add(tuple(sorted((r["indicator"], r["numerator"], r["denominator"], r["value"]) for r in rows)))
    assert len(found) == 1 and len(next(iter(found))) >= 1
