"""Residues: loads add up, parameters count from their day, what is below a limit is never nothing."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.disclosure.suppress import PRIMARY
from pipelines.defs.gold.exposure.tables import Exposure
from pipelines.defs.gold.residue import figures
from pipelines.defs.gold.residue.build import (
    measured_concentration,
    predicted_concentration,
    risk_by_place,
    risk_quotient,
)
from pipelines.defs.gold.residue.tables import MeasuredConcentration, PredictedConcentration
from pipelines.defs.silver.dispensing.tables import Dispensing, Insured
from pipelines.defs.silver.dose.tables import DailyDose
from pipelines.defs.silver.environment.tables import EnvironmentParameter, ResidueMeasurement, WaterStation
from pipelines.defs.silver.population.tables import Population
from pipelines.defs.silver.product.tables import Pack, PackContent, Product, ProductSubstance
from pipelines.defs.silver.substance.tables import Substance, SubstanceName
from tests.rows import frame

D = dt.date
START, YEAR_END = D(2020, 1, 1), D(2023, 12, 31)
NOW = {"is_current": True}
TOTAL = {"region": "all", "sex": "all", "age_group": "all"}


def lake(spark, told):
    tables = (
        *(
            Exposure,
            Dispensing,
            Insured,
            EnvironmentParameter,
            Population,
            Pack,
            PackContent,
            ProductSubstance,
            SubstanceName,
        ),
        *(
            Substance,
            DailyDose,
            Product,
            ResidueMeasurement,
            WaterStation,
            PredictedConcentration,
            MeasuredConcentration,
        ),
    )
    return {t.address(): frame(spark, t, told.get(t, [])) for t in tables}


def parameter(subject, kind, value, since=START, subject_kind="substance", conditions="all", **more):
    of = {
        "subject_kind": subject_kind,
        "subject": subject,
        "substance_key": subject if subject_kind == "substance" else None,
    }
    return {
        **NOW,
        **of,
        "kind": kind,
        "value": value,
        "holds_from": since,
        "conditions": conditions,
        "reference": "r",
        **more,
    }


def exposure(source, mg, month=YEAR_END, n_months=12, species="human", substance="IBU"):
    about = {"source": source, "country": "FR", "substance_key": substance, "month": month, "n_months": n_months}
    return {**TOTAL, **about, "species": species, "mg": mg}


def people(value, region="all"):
    about = {"kind": "inhabitants", "country": "FR", "year": 2023, "species": "human", "sex": "all", "age_group": "all"}
    return {**NOW, **about, "region": region, "value": value}


@pytest.mark.spark
def test_water_follows_sales_and_what_nobody_states_is_named(spark):
    told = {
        Exposure: [exposure("open_medic", 365e9), exposure("x", 1.0, D(2001, 12, 31))],
        Population: [people(1e6)],
        EnvironmentParameter: [
            parameter("IBU", "excretion", 0.9, conditions="intravenous"),
            parameter("IBU", "excretion", 0.1, conditions="oral"),
            parameter("all", "dilution", 20.0, subject_kind="everywhere"),
        ],
    }
    rows = {r["source"]: r for r in predicted_concentration.frame(lake(spark, told)).collect()}
    row = rows["open_medic"]
    assert row["value"] == pytest.approx(365e9 * 1e3 * 0.1 / (365 * 1e6 * 200 * 20))
    assert (row["excretion"], row["dilution"], row["litres_per_inhabitant_day"]) == (0.1, 20.0, 200.0)
    assert (sorted(row["assumed"]), row["is_above_limit"]) == (["litres_per_inhabitant_day", "removal"], True)
    assert (rows["x"]["value"], rows["x"]["why_none"]) == (None, "no_inhabitants")


def dispensed(packs: dict[str | None, list[int]], nation: float, n_treated: float | None = None) -> dict:
    """What is told of packs of 400 mg by département, one number a person, and of the nation in the same month."""
    line = {"source": "snds", "pack_key": "CIP13:1", "dispensed_date": D(2023, 3, 2), "kind": "town"}
    lines = [
        line | {"department": place, "n_units": n, "insured": f"{place}{i}"}
        for place, told in packs.items()
        for i, n in enumerate(told)
    ]
    names = {"normalised_name": "IBUPROFEN", "substance_key": "IBU", "kind": "inn"}
    return {
        Dispensing: lines,
        Exposure: [exposure("snds", nation, D(2023, 3, 31), 1) | {"n_treated": n_treated}],
        Population: [people(1e6), people(3e5, "D69"), people(1e5, "D01"), people(9e5, "69")],
        Pack: [{"pack_key": "CIP13:1", "product_key": "CIS:1"}],
        PackContent: [{"pack_key": "CIP13:1", "mg_per_pack": 400.0}],
        Product: [{"product_key": "CIS:1", **NOW}],
        ProductSubstance: [{"product_key": "CIS:1", "source_substance_name": "IBUPROFEN", "source": "bdpm"}],
        SubstanceName: [names | {"known_from": D(1900, 1, 1), **NOW}],
    }


@pytest.mark.spark
def test_loads_of_departments_add_up_to_the_nation(spark):
    told = dispensed({"69": [*[1] * 11, 2, -1], "01": [1] * 12, None: [2] * 15}, 54 * 400.0)
    rows = {r["place"]: r for r in predicted_concentration.frame(lake(spark, told)).collect()}
    loads = {place: r["mg"] for place, r in rows.items()}
    assert loads == {"all": 21_600.0, "69": 4_800.0, "01": 4_800.0, "unknown": 12_000.0}
    assert sum(mg for place, mg in loads.items() if place != "all") == loads["all"]
    assert rows["01"]["value"] == pytest.approx(3 * rows["69"]["value"]), "a third of the people, the same load"
    assert rows["unknown"]["why_none"] == "no_inhabitants"


@pytest.mark.spark
def test_what_few_persons_got_leaves_in_nothing_and_is_no_rest_of_the_nation(spark):
    packs = {"69": [1] * 30, "01": [1] * 12, "38": [3, 3, 3, 3, -12, 12]}
    told = dispensed(packs, 54 * 400.0, n_treated=48.0)
    told[Insured] = [{"source": "snds", "insured": f"38{i}", "person": "one"} for i in (4, 5)]
    rows = {r["place"]: r for r in predicted_concentration.frame(lake(spark, told)).collect()}
    assert {place: r["why_none"] for place, r in rows.items() if r["mg"] is None} == {
        "38": "small_cell",
        "01": "beside_small_cell",
    }
    for place in ("38", "01"):
        assert (rows[place]["value"], rows[place]["is_above_limit"]) == (None, None)
    assert {place: r["n_persons"] for place, r in rows.items()} == {"all": 48, "69": 30, "01": 12, "38": 4}
    alone = {
        r["place"]: r["mg"]
        for r in predicted_concentration.frame(lake(spark, dispensed({"69": [1] * 3}, 1200.0))).collect()
    }
    assert alone == {"69": None, "all": None}, "of one département the nation is the same number"


@pytest.mark.spark
def test_a_place_tells_the_sum_of_what_few_persons_each_were_dispensed(spark):
    line = {"source": "snds", "pack_key": "CIP13:1", "kind": "town", "n_units": 1}
    told = dispensed({}, 1.0)
    told[Dispensing] = [
        line | {"department": place, "insured": f"{place}{i}", "dispensed_date": D(2023, 3 + i % 3, 2)}
        for place, n in (("69", 24), ("01", 5), ("38", 12))
        for i in range(n)
    ]
    told[Population].append(people(2e5, "D38"))
    told[EnvironmentParameter] = [parameter("IBU", "pnec_surface_water", 0.01)]
    built = lake(spark, told)
    rows = {r["place"]: r for r in risk_by_place.frame(built).collect()}
    assert {place: (r["n_persons"], r["why_none"]) for place, r in rows.items()} == {
        "69": (24, None),
        "01": (5, "small_cell"),
        "38": (12, "beside_small_cell"),
    }
    micrograms_a_day = [8 * 400.0 * 1e3 / days for days in (31, 30, 31)]
    mean = sum(micrograms_a_day) / 3 / (3e5 * 200 * 10)
    assert rows["69"]["quotient"] == pytest.approx(mean / 0.01)
    assert (rows["69"]["first_month"], rows["69"]["last_month"]) == (D(2023, 3, 31), D(2023, 5, 31))
    cells = [r["why_none"] for r in predicted_concentration.frame(built).collect() if r["place"] != "all"]
    assert set(cells) == {"small_cell"}


@given(
    st.lists(
        st.lists(st.tuples(st.integers(1, 30), st.integers(1, 10**6)), min_size=1, max_size=6), min_size=1, max_size=5
    )
)
def test_no_load_of_few_follows_from_the_others_of_its_month(months):
    rows = []
    for i, places in enumerate(months):
        same = dict(zip(figures.SUMMED, ("surface_water", "s", "FR", "IBU", D(2020, i + 1, 1), 1), strict=True))
        rows += [same | {"n_persons": n, "mg": float(mg)} for n, mg in places]
        rows.append(same | {"n_persons": sum(n for n, _ in places), "mg": float(sum(mg for _, mg in places))})
    table = pl.DataFrame(rows).with_columns(mask=pl.Series(figures._masked(pl.DataFrame(rows))))
    for _, own in table.group_by("month"):
        hidden = own.filter(pl.col("mask") > 0)
        assert own.filter((pl.col("n_persons") < 11) & (pl.col("mask") != PRIMARY)).is_empty()
        assert hidden.height != 1, "one alone is what is left of the others"


@pytest.mark.spark
def test_soil_is_that_of_the_guideline_for_each_kind_of_animal(spark):
    pig = {"body_weight": 65.0, "animals_per_place": 3.0, "nitrogen_per_place": 7.5, "housing": 1.0}
    updated = parameter("fattening_pig", "nitrogen_per_place", 12.2, subject_kind="animal_type", conditions="updated")
    told = {
        Exposure: [exposure("anmv_sales", 5e6, species="pigs", substance="AMOX")],
        DailyDose: [
            {**NOW, "substance_key": "AMOX", "species": "pigs", "route": "oral", "kind": k, "value": v}
            for k, v in (("dddvet", 10.0), ("dcdvet", 50.0))
        ],
        EnvironmentParameter: [
            updated,
            *[
                parameter("fattening_pig", k, v, subject_kind="animal_type", conditions="guideline")
                for k, v in pig.items()
            ],
        ],
    }
    rows = {r["animal_type"]: r for r in predicted_concentration.frame(lake(spark, told)).collect()}
    assert rows["fattening_pig"]["value"] == pytest.approx(294.667, abs=5e-4)
    assert rows["fattening_pig"]["is_above_limit"]
    assert (rows["weaner_pig"]["value"], rows["weaner_pig"]["why_none"]) == (None, "no_husbandry")


@pytest.mark.spark
def test_means_by_station_and_department_take_half_the_limit_and_say_when_below(spark):
    row = {**NOW, "source": "naiades", "parameter": "5354", "fraction": "3", "unit": "µg/L", "station": "S1"}
    results = [(0.02, True), (0.02, True), (0.03, False)]
    told = {
        ResidueMeasurement: [
            *[row | {"result": v, "is_below": b, "sampled_date": D(2024, 1, 5)} for v, b in results],
            row | {"station": "S2", "result": 1.0, "is_below": False, "sampled_date": D(2024, 2, 5)},
            row
            | {"station": "S2", "parameter": "1", "substance_key": "A", "result": 1.0, "is_below": False}
            | {"sampled_date": D(2024, 4, 5)},
            row
            | {"station": "S2", "parameter": "2", "substance_key": "B", "result": 2.0, "is_below": False}
            | {"sampled_date": D(2024, 4, 5)},
            row | {"station": "S2", "result": None, "is_below": True, "sampled_date": D(2024, 3, 5)},
        ],
        WaterStation: [{**NOW, "station": s, "department": "69"} for s in ("S1", "S2")],
    }
    found = measured_concentration.frame(lake(spark, told)).collect()
    rows = {(r["place_kind"], r["place"]): r for r in found if r["parameter"] == "5354"}
    (total,) = (r for r in found if (r["parameter"], r["place"]) == ("sum", "S2"))
    assert (total["n"], total["mean"], total["reported"]) == (1, 3.0, "3")
    low = rows["station", "S1"]
    assert (low["n"], low["n_quantified"], low["reported"], low["mean"]) == (3, 1, "< 0.02", None)
    assert (low["lower"], low["upper"]) == (pytest.approx(0.01), pytest.approx(0.07 / 3))
    both = rows["department", "69"]
    assert both["mean"] == pytest.approx((0.01 + 0.01 + 0.03 + 1.0) / 4)
    assert rows["station", "S2"]["n"] == 1


@pytest.mark.spark
def test_a_new_pnec_changes_results_from_its_day_only(spark):
    water = {"compartment": "surface_water", "source": "s", "country": "FR", "place": "all", "substance_key": "IBU"}
    water |= {"animal_type": "none", "n_months": 12, "value": 0.5}
    old = parameter("IBU", "pnec_surface_water", 1.0, D(2020, 1, 1))
    new = parameter("IBU", "pnec_surface_water", 0.1, D(2025, 1, 1))
    measured = {"source": "naiades", "place_kind": "department", "place": "69", "parameter": "5354", "fraction": "3"}
    measured |= {"unit": "ng/L", "year": 2024, "n": 2, "n_quantified": 1, "lower": 200.0, "mean": 250.0, "upper": 300.0}
    told = {
        PredictedConcentration: [water | {"month": D(y, 12, 31)} for y in (2019, 2024, 2025)],
        MeasuredConcentration: [measured | {"substance_key": "IBU"}],
    }

    def quotients(*statements):
        rows = risk_quotient.frame(lake(spark, told | {EnvironmentParameter: list(statements)})).collect()
        return {(r["basis"], r["month"].year): (r["quotient"], r["risk"], r["is_pnec_later"]) for r in rows}

    before, after = quotients(old), quotients(old, new)
    assert after["predicted", 2025] == (5.0, "moderate", False)
    assert after["predicted", 2024] == before["predicted", 2024] == (0.5, "low", False)
    assert after["predicted", 2019] == (0.5, "low", True), "the first one serves what came before"
    assert after["measured", 2024] == (0.25, "low", False)


@pytest.mark.spark
def test_a_statement_without_a_day_counts_from_its_delivery(spark):
    undated = parameter("IBU", "excretion", 0.5, D(1900, 1, 1), valid_from=D(2010, 1, 1))
    changed = undated | {"value": 0.1, "valid_from": D(2023, 6, 1)}
    told = {
        Exposure: [exposure(s, 365e9, D(2023, m, d), 1) for s, m, d in (("old", 3, 31), ("new", 9, 30))],
        Population: [people(1e6)],
        EnvironmentParameter: [undated | {"is_current": False, "valid_to": D(2023, 6, 1)}, changed],
    }
    rows = {r["source"]: r["excretion"] for r in predicted_concentration.frame(lake(spark, told)).collect()}
    assert rows == {"old": 0.5, "new": 0.1}
