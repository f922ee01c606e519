"""Linkage of reports: what contradicts counts against, what is usual counts for little, and the model is anchored."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import polars as pl
import pytest

from models.linkage.compare import compare
from models.linkage.fellegi_sunter import contributions, fit
from models.linkage.fields import FIELDS
from models.linkage.link import link

DAY = dt.date(2023, 1, 1)
ONE = {
    "onset_date": DAY, "received_date": DAY + dt.timedelta(20), "species": "dog", "breed": "pug", "sex": "male",
    "age_years": 7.0, "weight_kg": 8.0, "country": "FR", "reporter": "veterinarian", "n_animals_affected": 3,
    "n_animals_treated": 4, "n_died": 1, "substances": ["s1", "s2"], "events": ["e1", "e2", "e3"],
}  # fmt: skip
OTHER = {
    "onset_date": DAY + dt.timedelta(400), "received_date": DAY + dt.timedelta(500), "species": "cat",
    "breed": "persian", "sex": "female", "age_years": 2.0, "weight_kg": 3.0, "country": "NZ",
    "n_animals_affected": 389, "n_animals_treated": 400, "n_died": 0, "events": ["e7", "e8"],
}  # fmt: skip


def background(n=600, seed=1):
    return [dict(row) for row in _background(n, seed)]


@cache
def _background(n, seed):
    random = np.random.default_rng(seed)
    return [
        {
            "report_key": f"r{i:04}",
            "onset_date": DAY + dt.timedelta(int(random.integers(600))),
            "received_date": DAY + dt.timedelta(int(random.integers(600, 1800))),
            "species": random.choice(["dog", "cat"]).item(),
            "breed": random.choice(["pug", "persian", "beagle", "collie", "mixed"]).item(),
            "sex": random.choice(["male", "female"]).item(),
            "age_years": float(random.integers(1, 16)),
            "weight_kg": round(float(random.normal(15, 4)), 1),
            "country": random.choice(["FR", "DE", "US", "NZ"]).item(),
            "reporter": random.choice(["veterinarian", "consumer"]).item(),
            "n_animals_affected": random.choice([1, 1, 1, 1, 3, 389]).item(),
            "n_animals_treated": random.choice([1, 1, 1, 1, 4, 400]).item(),
            "n_died": int(random.random() < 0.2),
            "substances": sorted(f"s{s}" for s in random.choice(12, 2, replace=False)),
            "events": sorted(f"e{e}" for e in random.choice(30, 3, replace=False)),
        }
        for i in range(n)
    ]


def linked(rows, **options):
    types = {"onset_date": pl.Date, "age_years": pl.Float64, "weight_kg": pl.Float64}
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return link(frame.cast({name: kind for name, kind in types.items() if name in frame.columns}), **options)


def pairs(result):
    return set(result.links.select("left_key", "right_key").iter_rows())


def told_twice(**changed):
    return [*background(), {"report_key": "x1", **ONE}, {"report_key": "x2", **ONE, **changed}]


def test_a_case_told_twice_is_linked_and_each_field_says_why():
    result = linked(told_twice(received_date=ONE["received_date"] + dt.timedelta(9)))
    assert pairs(result) == {("x1", "x2")}
    row = result.links.row(0, named=True)
    assert sum(row[f"bits_{name}"] for name in FIELDS) == pytest.approx(row["weight_bits"])
    assert row["probability"] > 0.99


def bits(**changed):
    """Levels and bits of one pair among unrelated reports."""
    reports = pl.DataFrame(told_twice(**changed), infer_schema_length=None)
    pair = pl.DataFrame({"left": [reports.height - 2], "right": [reports.height - 1]})
    none = pl.DataFrame(schema={"left": pl.Int64, "right": pl.Int64})
    compared = compare(reports, pair)
    model = fit(reports, compared, none, 50_000, 1)
    levels = {name: int(level[0]) for name, level in compared.levels.items()}
    return levels, {name: float(value[0]) for name, value in contributions(model, compared).items()}


@pytest.mark.parametrize("field", sorted(OTHER))
def test_a_field_that_contradicts_counts_against_the_link(field):
    levels, said = bits(**{field: OTHER[field]})
    assert levels[field] == 0
    assert said[field] < -1


def test_what_neither_or_one_alone_tells_says_nothing():
    _, said = bits(weight_kg=None, breed=None)
    assert (said["weight_kg"], said["breed"]) == (0, 0)


def test_a_herd_and_a_few_people_are_not_one_case():
    rows = told_twice(species="human", breed=None, n_animals_affected=9, n_animals_treated=9, n_died=0, sex="female")
    assert pairs(linked(rows)) == set()


def test_what_nearly_every_report_of_a_rare_species_tells_does_not_link_them():
    rows = background()
    for i in range(25):
        more = {"sex": "female" if i % 2 else "male", "age_years": None, "weight_kg": None, "breed": None, "n_died": 0}
        rows.append({**rows[i], "report_key": f"h{i:02}", "species": "human", "events": ["needlestick"], **more})
        rows[-1].update(substances=["s1"], country="US", onset_date=None, n_animals_affected=1, n_animals_treated=1)
    assert pairs(linked(rows)) == set()


def test_numbers_that_one_sender_gave_on_one_day_are_two_cases():
    rows = [row | {"sender": "VET"} for row in told_twice()]
    assert pairs(linked(rows)) == set()
    rows[-1]["sender"] = "HOLDER"
    assert pairs(linked(rows)) == {("x1", "x2")}
    rows[-1] |= {"sender": "VET", "received_date": ONE["received_date"] + dt.timedelta(1)}
    assert pairs(linked(rows)) == {("x1", "x2")}


def test_unrelated_reports_are_not_linked_though_the_share_of_matches_is_learned():
    for seed in range(3):
        result = linked(background(seed=seed))
        assert result.links.height == 0
        assert result.model.match_rate * 600 / 2 < 0.05


def test_links_do_not_depend_on_the_order_of_the_rows():
    rows = told_twice(received_date=ONE["received_date"] + dt.timedelta(9))
    assert linked(rows).found.equals(linked(rows[::-1]).found)


def test_pairs_known_to_be_one_case_teach_how_tellings_differ_and_are_no_links():
    rows, later = background(), dt.timedelta(5)
    copies = [{**row, "report_key": f"c{row['report_key']}", "identified": row["report_key"]} for row in rows[:200]]
    rows = [row | {"identified": row["report_key"]} for row in rows]
    for copy in copies:
        copy |= {"reporter": "consumer" if copy["reporter"] == "veterinarian" else "veterinarian"}
        copy["received_date"] += later
    result = linked([*rows, *copies])
    assert result.model.n_known == 200
    assert result.model.m["reporter"][0] > 0.8
    assert result.model.m["sex"][1] > 0.99
    assert pairs(result) == set()


def test_a_model_whose_links_agree_by_chance_where_it_did_not_look_is_refused():
    """Practices report in one week and in the same words; the animals differ: their sex is that of chance."""
    random, rows = np.random.default_rng(3), []
    for practice in background(n=300, seed=7):
        practice |= {"age_years": None, "weight_kg": None, "onset_date": None, "substances": [f"s{random.integers(4)}"]}
        practice["breed"] = f"breed {random.integers(60)}"
        rows += [
            {**practice, "report_key": f"{practice['report_key']}-{i}", "sex": random.choice(["male", "female"]).item()}
            for i in (1, 2)
        ]
    result = linked(rows)
    assert result.found.height > 20
    assert not result.verdict.is_accepted
    assert "sex" in result.verdict.reason
    assert result.links.height == 0


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"report_key": "a", **ONE}], "two reports"),
        ([{"report_key": "a", **ONE}, {"report_key": "a", **ONE}], "differ in every row"),
        ([{"report_key": k, "sex": "male"} for k in "ab"], "lack the columns"),
    ],
)
def test_what_cannot_be_linked_is_said(rows, message):
    with pytest.raises(ValueError, match=message):
        linked(rows)
