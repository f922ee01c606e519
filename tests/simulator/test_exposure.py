"""What is drawn for a month depends on that month alone."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest

from pipelines.simulator import exposure
from pipelines.simulator.world import VETERINARY_MONTHS, build


@pytest.fixture(scope="module")
def world():
    return build(600, 3)


def taken(world):
    (persons,) = exposure.people(world)
    return persons, [exposure.dispensed(world, persons, month) for month in range(3)]


def test_exposure_of_people_does_not_know_the_reports(world):
    """Not how many there are of which product, in that month or any other."""
    human = world.human
    kept = human.products.filter(pl.col("case_no") % 3 == 0)
    other = dataclasses.replace(world, reporting=world.reporting | {"human": dataclasses.replace(human, products=kept)})
    (persons, lines), (persons_2, lines_2) = taken(world), taken(other)
    assert persons.equals(persons_2)
    assert all(a.equals(b) for a, b in zip(lines, lines_2, strict=True))


def test_supplies_of_a_month_stay_when_months_come(world, monkeypatch):
    every = exposure.supplied(world)
    monkeypatch.setattr(exposure, "VETERINARY_MONTHS", VETERINARY_MONTHS[:5])
    assert exposure.supplied(world).equals(every.filter(pl.col("month") < 5))


def test_what_is_taken_more_is_reported_more(world):
    """Popularity is what reports are drawn by: the share of a product in both differs by chance alone."""
    shares = world.human.popularity
    assert shares["share"].sum() == pytest.approx(1)
    most = shares.sort("share", descending=True)["product_no"].head(20)
    of_reports = world.human.products["product_no"].is_in(most.implode()).mean()
    assert of_reports > 3 * len(most) / shares.height
