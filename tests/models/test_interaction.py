"""Interactions, masking and increased frequency: counts against naive ones, formulas against their closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.interaction.count import EIGHT, count_triples
from models.interaction.logistic import logistic_interaction
from models.interaction.methods import interactions
from models.masking.masking import unmasked
from models.surveillance.increase import increased

CASES = st.lists(
    st.tuples(st.sets(st.sampled_from("ABCD"), max_size=4), st.sets(st.sampled_from("xyz"), max_size=2)),
    min_size=1,
    max_size=25,
)


def listing(cases):
    rows = [
        (number, product, event)
        for number, (products, events) in enumerate(cases)
        for product in products or [None]
        for event in events or [None]
    ]
    return pl.DataFrame(rows, schema={"case": int, "product": str, "event": str}, orient="row")


@given(CASES)
def test_the_eight_counts_are_those_of_looking_at_each_report(cases):
    found = count_triples(*listing(cases), minimum=1)
    wanted = {}
    for one, two, event in itertools.product("ABCD", "ABCD", "xyz"):
        groups = dict.fromkeys(EIGHT, 0)
        for products, events in cases:
            groups[f"n{int(one in products)}{int(two in products)}{int(event in events)}"] += 1
        if one < two and groups["n111"]:
            wanted[one, two, event] = tuple(groups[name] for name in EIGHT)
    assert {row[:3]: row[3:] for row in found.iter_rows()} == wanted


@given(st.lists(st.integers(20, 4000), min_size=8, max_size=8))
def test_without_shrinkage_it_is_the_ratio_of_odds_ratios(n):
    n111, n110, n101, n100, n011, n010, n001, n000 = n
    ratio = (n111 / n110) * (n001 / n000) / ((n101 / n100) * (n011 / n010))
    loose = logistic_interaction(*n, prior=1e4)
    tight = logistic_interaction(*n)
    assert float(loose.estimate) == pytest.approx(ratio, rel=0.05)
    assert abs(np.log(tight.estimate)) <= abs(np.log(loose.estimate)) + 1e-6
    assert tight.lower < tight.estimate < tight.upper


def test_empty_groups_stay_finite_and_say_so():
    triples = pl.DataFrame({"product_1": ["A"], "product_2": ["B"], "event": ["x"]} | {name: [0] for name in EIGHT})
    triples = triples.with_columns(n111=pl.lit(5), n000=pl.lit(900))
    found = interactions(triples)
    assert found["not_computed"].to_list() == ["a comparison group is empty", None]
    assert np.isnan(logistic_interaction([-1, np.nan], *[1] * 7).estimate).all()


@given(CASES)
def test_without_the_masker_is_scoring_the_listing_without_its_reports(cases):
    rows = listing(cases)
    for row in unmasked(*rows, ratio=1.01).iter_rows(named=True):
        left = [(p, e) for p, e in cases if row["masker"] not in p]
        a = sum(row["product"] in p and row["event"] in e for p, e in left)
        n_product, n_event = (
            sum(row[name] in s for s in side)
            for name, side in (("product", [p for p, _ in left]), ("event", [e for _, e in left]))
        )
        assert row["a_without"] == a
        if n_product:
            assert row["expected_without"] == pytest.approx(n_product * n_event / len(left))
            assert row["estimate"] == pytest.approx(np.log2((a + 0.5) / (row["expected_without"] + 0.5)))
        else:
            assert row["not_computed"] == "every report names the masker"


def test_increased_frequency_by_hand():
    """10 % now against 1 % before; twice the past in both years; 2 reports only; a product without a past."""
    found = increased(
        ([10, 4, 2, 3], [1, 4, 0, 0], [9, 10, 0, 0]), ([100, 100, 20, 30], [100, 100, 50, 0], [900, 500, 50, 0])
    )
    assert found["is_signal"].to_list() == [True, True, False, None]
    assert found["rp_before"].to_list()[:2] == pytest.approx([0.01, 14 / 600])
    assert found["not_computed"].to_list()[-1] == "product without reports before"
