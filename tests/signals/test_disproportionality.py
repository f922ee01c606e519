"""From case versions to signals, through the lake's own functions."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from pipelines.core.run import Platform
from pipelines.defs.signals.disproportionality.count import pair_count
from pipelines.defs.signals.disproportionality.prior import prior
from pipelines.defs.signals.disproportionality.score import signal
from pipelines.settings import load

D = dt.date
HISTORY = "report_key string, report_version int, known_from date, known_to date, is_retracted boolean, domain string, species string"
PRODUCT = "report_key string, report_version int, role string, substance_keys array<string>"
EVENT = "report_key string, report_version int, term_key string"


def tables(spark, history, products, events, heads=None):
    keys = sorted({h[0] for h in history})
    return {
        "silver.report_history": spark.createDataFrame(history, HISTORY),
        "silver.report": spark.createDataFrame(
            [(k, heads is None or k in heads) for k in keys], "report_key string, is_cluster_head boolean"
        ),
        "silver.report_product": spark.createDataFrame(products, PRODUCT),
        "silver.report_event": spark.createDataFrame(events, EVENT),
    }


def counted(frame):
    return {(r["population"], r["substance_key"], r["term_key"], r["month"]): r["n_change"] for r in frame.collect()}


@pytest.mark.spark
def test_a_follow_up_subtracts_and_adds_and_a_retraction_takes_off(spark):
    history = [
        ("c1", 1, D(2024, 1, 5), D(2024, 2, 10), False, "human", "human"),
        ("c1", 2, D(2024, 2, 10), D(2024, 3, 3), False, "human", "human"),
        ("c1", 3, D(2024, 3, 3), None, True, "human", "human"),
    ]
    products = [("c1", v, "suspect", ["S"]) for v in (1, 2, 3)]
    events = [("c1", 1, "e:old"), ("c1", 2, "e:new"), ("c1", 3, "e:new")]
    got = counted(pair_count(tables(spark, history, products, events)))
    jan, feb, mar = D(2024, 1, 31), D(2024, 2, 29), D(2024, 3, 31)
    assert got[("human", "S", "e:old", jan)] == 1
    assert got[("human", "S", "e:old", feb)] == -1
    assert got[("human", "S", "e:new", feb)] == 1
    assert got[("human", "S", "e:new", mar)] == -1
    assert got[("human", "*", "*", jan)] == 1
    assert ("human", "*", "*", feb) not in got
    assert got[("human", "*", "*", mar)] == -1


@pytest.mark.spark
def test_what_no_month_end_saw_and_concomitants_and_duplicates_do_not_count(spark):
    history = [
        ("c1", 1, D(2024, 1, 5), D(2024, 1, 20), False, "veterinary", "dog"),
        ("c1", 2, D(2024, 1, 20), None, False, "veterinary", "dog"),
        ("c2", 1, D(2024, 1, 5), None, False, "veterinary", "dog"),
    ]
    products = [("c1", 1, "suspect", ["S"]), ("c1", 2, "suspect", ["S", "T"]), ("c1", 2, "concomitant", ["U"])]
    products += [("c2", 1, "suspect", ["S"]), ("c1", 2, "suspect", None)]
    events = [("c1", 1, "e:early"), ("c1", 2, "e"), ("c2", 1, "e"), ("c1", 2, None)]
    got = counted(pair_count(tables(spark, history, products, events, heads={"c1"})))
    jan = D(2024, 1, 31)
    assert {k[1:3] for k in got if k[0] == "veterinary:dog"} == {
        ("*", "*"), ("S", "*"), ("T", "*"), ("*", "e"), ("S", "e"), ("T", "e"),
    }  # fmt: skip
    assert set(got.values()) == {1}
    assert {k[3] for k in got} == {jan}


@pytest.mark.spark
def test_a_planted_pair_is_flagged_from_its_month_with_a_registered_prior(spark, tmp_path):
    tracking = f"sqlite:///{tmp_path}/mlflow.db"
    settings = load(tracking=tracking, artifacts=tmp_path / "runs", lake=tmp_path / "lake", minimum_reports=50)
    platform = Platform(settings)
    history, products, events = [], [], []
    random = np.random.default_rng(3)
    popular = 1 / np.arange(1, 16)
    joint = np.outer(popular, popular) * random.gamma(0.7, 1 / 0.7, (15, 15))
    drawn = random.choice(225, size=1200, p=(joint / joint.sum()).ravel())
    for i, (substance, event) in enumerate(zip(*np.divmod(drawn, 15), strict=True)):
        key, month = f"c{i:04}", 1 + i % 4
        history.append((key, 1, D(2024, month, 10), None, False, "human", "human"))
        products.append((key, 1, "suspect", [f"S{substance}"]))
        events.append((key, 1, f"e:{event}"))
        if month >= 3 and substance == 5:
            events.append((key, 1, "e:planted"))
    lake = tables(spark, history, products, events)
    lake["gold.pair_count"] = pair_count(lake).cache()
    lake["gold.prior"] = prior(lake, platform).cache()
    lake["silver.substance"] = spark.createDataFrame([("S5", "FIVE")], "substance_key string, substance_name string")
    named = "term_key string, term_name string, soc_name string"
    lake["silver.term"] = spark.createDataFrame([("e:1", "One", "Any")], named)
    rows = {(r["substance_key"], r["term_key"], r["month"]): r for r in signal(lake, platform).collect()}
    planted = rows[("S5", "e:planted", D(2024, 4, 30))]
    assert planted["substance_name"] == "FIVE"
    assert planted["is_ic_signal"]
    assert planted["first_ic_month"] == D(2024, 3, 31)
    assert planted["a"] + planted["b"] + planted["c"] + planted["d"] == 1200
    assert planted["ebgm_likelihood"] == "zero_inclusive"
    assert planted["c"] == 0
    assert planted["ror"] is None
    assert "ror: c = 0" in planted["not_computed"]
    assert ("S5", "e:planted", D(2024, 2, 29)) not in rows
    assert {r["model_version"] for r in lake["gold.prior"].collect()} == {"1"}
    assert planted["is_ebgm_signal"]
    flagged = [k for k, r in rows.items() if r["is_latest"] and r["is_ebgm_signal"]]
    assert len(flagged) < 0.1 * len(rows)
    small = load(**{**settings.model_dump(), "minimum_reports": 5000})
    unscored = signal(lake, Platform(small)).collect()
    assert {r["is_ic_signal"] for r in unscored} == {None}
    assert "5,000 needed" in unscored[0]["not_computed"]
