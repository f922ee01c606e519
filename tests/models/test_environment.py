"""Predicted concentrations, censored means and quotients against printed figures and by what they mean."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.environment.censored import censored_mean, group_sum, mean_of_sums
from models.environment.predicted import (
    SOIL_LIMIT,
    WATER_LIMIT,
    first_phase_water,
    risk_class,
    soil,
    tornado,
    water_from_sales,
)

NORWAY_2005 = 4_606_363
amounts = st.floats(1e-3, 1e6)


def rows_of(shared, name):
    with (shared / "data/reference_values" / name).open() as file:
        return list(csv.DictReader(file))


def test_two_milligrams_are_exactly_the_limit():
    assert first_phase_water(2) == pytest.approx(WATER_LIMIT)


def test_sales_of_norway_give_the_printed_concentrations(shared):
    rows = rows_of(shared, "pec_from_sales_norway_2005.csv")
    agreed = 0
    for r in rows:
        found = float(water_from_sales(float(r["sold_kg_year"]), NORWAY_2005))
        if r["reproduces_with_population_4606363"] == "yes":
            printed = float(r["pec_ug_per_l_printed"])
            assert abs(found / printed - 1) < 0.05, r["substance"]
            agreed += 1
    assert (agreed, len(rows)) == (9, 11)
    told = {r["substance"]: float(water_from_sales(float(r["sold_kg_year"]), NORWAY_2005)) for r in rows}
    assert [round(told[s], d) for s, d in (("paracetamol", 1), ("ibuprofen", 1), ("metoprolol", 2))] == [
        41.8,
        8.0,
        1.68,
    ]
    assert [round(told[s], 3) for s in ("diclofenac", "ciprofloxacin")] == [0.472, 0.262]


def test_soil_of_the_guideline(shared):
    rows = rows_of(shared, "pec_soil_examples.csv")
    names = ("dose_mg_kg_day", "days", "body_weight_kg", "animals_per_place_year", "n_kg_place_year", "housing_factor")
    for r in rows:
        found = float(soil(*[float(r[c]) for c in names], float(r["fraction_treated"])))
        assert found == pytest.approx(float(r["pec_soil_ug_kg"]), abs=5e-4), r["case"]
        assert (found > SOIL_LIMIT) == (r["phase_2"] == "yes")


def test_quotients_of_the_nordic_catalogue(shared):
    for r in rows_of(shared, "pnec_and_sales_felleskatalogen.csv"):
        quotient = water_from_sales(float(r["sold_kg_year_norway"]), 5_400_000) / float(r["pnec_ug_per_l"])
        assert float(quotient) == pytest.approx(float(r["pec_over_pnec_at_5400000_inhabitants"]), rel=0.02)
        assert risk_class(quotient) == r["class_printed"]


def test_quotients_of_the_french_survey_are_consistent(shared):
    for r in rows_of(shared, "risk_quotients_french_survey_2014.csv"):
        quotient = first_phase_water(float(r["dose_mg_day_implied"])) / float(r["pnec_ug_per_l_implied"])
        assert float(quotient) == pytest.approx(float(r["rq_computed"]), rel=0.01)


def test_classes_hold_their_upper_bounds():
    told = risk_class([0.1, 0.11, 1, 1.1, 10, 10.1, np.nan]).tolist()
    assert told == ["insignificant", "low", "low", "moderate", "moderate", "high", "not_known"]


@given(amounts, amounts, st.floats(0, 1), st.floats(0, 1))
def test_twice_the_sales_or_half_the_dilution_is_twice_as_much(kg, people, excretion, removal):
    one = float(water_from_sales(kg, people, excretion=excretion, removal=removal))
    twice = float(water_from_sales(2 * kg, people, excretion=excretion, removal=removal))
    thin = float(water_from_sales(kg, people, excretion=excretion, removal=removal, dilution=5))
    assert twice == pytest.approx(2 * one) and thin == pytest.approx(2 * one)
    assert float(water_from_sales(kg, people, removal=1)) == 0


def test_what_is_no_quantity_has_no_concentration():
    assert np.isnan([water_from_sales(-1, 10), water_from_sales(1, 0), water_from_sales(1, 10, excretion=1.2)]).all()
    assert np.isnan(soil(10, 5, 65, 3, 0))


def test_the_widest_bar_comes_first_and_holds_the_value():
    ranges = {"excretion": (0.5, 0.1, 1.0), "removal": (0.4, 0.2, 0.6), "dilution": (10, 5, 20)}
    ranges["litres_per_inhabitant_day"] = (200, 150, 250)
    given_ = {name: dict(zip(("value", "low", "high"), r, strict=True)) for name, r in ranges.items()}
    rows = tornado(1_000, 1e6, 365, given_)
    assert rows[0]["parameter"] == "excretion"
    assert all(r["lower"] <= r["value"] <= r["upper"] for r in rows)
    assert len(rows) == 4


def test_censored_means_of_atrazine(shared):
    with (shared / "data/nada_censored/Atrazine.csv").open() as file:
        data = list(csv.DictReader(file))
    for r in rows_of(shared, "censored_means.csv"):
        month = r["set"].split(" ")[1]
        own = [d for d in data if month == "all" or d["Month"] == month]
        found = censored_mean([float(d["Atra"]) for d in own], [d["AtraCen"] == "True" for d in own])
        assert (found.n, found.n - found.n_quantified) == (int(r["n"]), int(r["n_censored"]))
        printed = [float(r[c]) for c in ("mean_zero", "mean_half_limit", "mean_limit_kaplan_meier")]
        assert [found.lower, found.mean, found.upper] == pytest.approx(printed, abs=5e-7)


def test_a_mean_below_the_limit_is_a_text():
    found = censored_mean([0.02, 0.02, 0.03], [True, True, False])
    assert (found.is_below_limit, found.text) == (True, "< 0.02")
    assert censored_mean([1.0, 2.0], [False, False]).text == "1.5"
    assert censored_mean([], []).text == ""


def test_a_sum_of_a_group_takes_nothing_below_the_limit():
    assert group_sum([0.5, 0.02, np.nan], [False, True, False]) == 0.5


def test_sums_of_samples_are_averaged_and_bounded():
    found = mean_of_sums(["a", "a", "b"], [0.5, 0.02, 0.02], [False, True, True])
    assert (found.n, found.n_quantified, found.lower, found.mean) == (2, 1, 0.25, 0.25)
    assert found.upper == pytest.approx((0.52 + 0.02) / 2)
    assert (found.is_below_limit, found.text) == (False, "0.25")


@given(st.lists(st.tuples(st.floats(1e-3, 1e3), st.booleans()), min_size=1, max_size=30))
def test_the_bounds_hold_the_mean_and_nothing_below_the_limit_is_zero_in_it(rows):
    values, below = zip(*rows, strict=True)
    found = censored_mean(values, below)
    assert found.lower <= found.mean <= found.upper
    assert found.mean > 0
