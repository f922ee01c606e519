"""Interactions and masking in the lake: the same as the methods give on the raw reports."""

from __future__ import annotations

import datetime as dt
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.cube.triples import both, split, triples_of
from models.interaction.count import count_triples
from models.interaction.methods import interactions
from models.masking.masking import unmasked
from pipelines.defs.gold.disproportionality.prior import prior
from pipelines.defs.gold.disproportionality.score import signal
from pipelines.defs.gold.disproportionality.tables import Prior
from pipelines.defs.gold.interaction.build import interaction
from pipelines.defs.gold.interaction.tables import Interaction
from pipelines.defs.gold.masking.build import masking
from pipelines.defs.gold.masking.tables import Masking
from pipelines.frames.history import always
from tests.gold.test_disproportionality import platform_of

D = dt.date
CODES = st.lists(st.integers(1, 6), max_size=4, unique=True).map(sorted)


def lists(rows):
    return np.cumsum([0, *map(len, rows)]), np.array([x for row in rows for x in row], dtype=np.int64)


@given(st.lists(st.tuples(CODES, CODES), max_size=12))
def test_every_two_substances_and_term_of_a_report_are_counted_once_with_all_margins(reports):
    keys, n = triples_of(lists([s for s, _ in reports]), lists([t for _, t in reports]))
    found = dict(zip(zip(*(x.tolist() for x in split(keys)), strict=True), n.tolist(), strict=True))
    expected: dict[tuple[int, int, int], int] = {}
    for taken, terms in reports:
        twos = [(0, 0), *((0, s) for s in taken), *((x, y) for x, y in product(taken, taken) if x < y)]
        for (x, y), term in product(twos, [0, *terms]):
            expected[x, y, term] = expected.get((x, y, term), 0) + 1
    assert found == expected
    assert all(found[x, y, 0] >= m for (x, y, _), m in found.items())
    assert set(both(keys).tolist()) <= set(keys.tolist())


def test_a_code_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="substance codes"):
        triples_of(lists([[1 << 18]]), lists([[1]]))


@pytest.fixture(scope="module")
def reports():
    """HERB and DRUG bleed together only; GIANT fills `e:heart` and hides SMALL's."""
    random = np.random.default_rng(3)
    found = []
    for i in range(4000):
        taken = {f"S{x}" for x in random.integers(0, 12, random.integers(1, 4))}
        told = {f"e:{x}" for x in random.integers(0, 12, random.integers(1, 3))}
        taken |= {"HERB"} if random.random() < 0.1 else set()
        taken |= {"DRUG"} if random.random() < 0.1 else set()
        if random.random() < (0.6 if {"HERB", "DRUG"} <= taken else 0.01):
            told.add("e:bleed")
        if random.random() < 0.15:
            taken, told = {"GIANT"}, told | {"e:heart"}
        elif random.random() < 0.03:
            taken, told = {"SMALL"}, told | ({"e:heart"} if random.random() < 0.1 else set())
        found.append((f"c{i:04}", taken, told))
    return found


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory, reports):
    history = [(key, 1, D(2024, 1 + i % 6, 10), None, False, "human", "human") for i, (key, _, _) in enumerate(reports)]
    products = [
        (key, 1, "concomitant" if s == "HERB" else "suspect", [s]) for key, taken, _ in reports for s in sorted(taken)
    ]
    events = [(key, 1, term) for key, _, told in reports for term in sorted(told)]
    platform = platform_of(
        spark, tmp_path_factory.mktemp("triples"), history, products, events, minimum_reports=100, shuffle_partitions=2
    )
    lake = platform.lake
    for name, columns in (
        ("substance", "substance_key string, substance_name string"),
        ("term", "term_key string, term_name string"),
    ):
        always(spark.createDataFrame([], columns)).write.format("delta").save(lake.path(f"silver.{name}"))
    lake.upsert(Prior, prior(lake, platform), {})
    signal(platform, {})
    lake.upsert(Interaction, interaction(lake, platform), {})
    lake.upsert(Masking, masking(lake, platform), {})
    return lake


def long(reports, without=()):
    rows = [(k, s, e) for k, taken, told in reports for s, e in product(sorted(taken - set(without)) or [None], told)]
    return zip(*rows, strict=True)


@pytest.mark.spark
def test_interactions_are_those_of_the_raw_reports_concomitant_partners_included(lake, reports):
    expected = interactions(count_triples(*long(reports)))
    names = {"substance_key": "product_1", "substance_key_2": "product_2", "term_key": "event"}
    found = pl.DataFrame(lake["gold.interaction"].toArrow()).rename(names)
    low, high = pl.min_horizontal("product_1", "product_2"), pl.max_horizontal("product_1", "product_2")
    found = found.with_columns(product_1=low, product_2=high)
    keys = ["method", "product_1", "product_2", "event"]
    one, other = (x.sort(keys).select(*keys, "n111", "estimate", "lower", "is_signal") for x in (found, expected))
    assert one.drop("estimate", "lower").equals(other.drop("estimate", "lower"))
    for column in ("estimate", "lower"):
        np.testing.assert_allclose(one[column].to_numpy(), other[column].to_numpy(), rtol=1e-6, atol=1e-9)
    best = found.filter(method="omega").sort("lower").row(-1, named=True)
    assert (best["product_1"], best["product_2"], best["event"], best["is_signal"]) == ("DRUG", "HERB", "e:bleed", True)


@pytest.mark.spark
def test_masking_is_that_of_the_raw_reports_suspects_only(lake, reports):
    expected = unmasked(*long(reports, without=["HERB"])).filter((pl.col("a_without") >= 3) & (pl.col("a") >= 3))
    names = {"masker_key": "masker", "substance_key": "product", "term_key": "event"}
    found = pl.DataFrame(lake["gold.masking"].toArrow()).rename(names)
    keys, numbers = ["masker", "product", "event"], ["a", "ic025", "estimate", "lower", "masking_ratio"]
    one, other = (x.sort(keys).select(*keys, *numbers, "is_revealed") for x in (found, expected))
    assert one.select(*keys, "a", "is_revealed").equals(other.select(*keys, "a", "is_revealed"))
    np.testing.assert_allclose(one.select(numbers).to_numpy(), other.select(numbers).to_numpy(), rtol=1e-9)
    hidden = found.filter(masker="GIANT", product="SMALL", event="e:heart").row(0, named=True)
    assert hidden["is_revealed"]
