"""Defects that fall together in place and time, and those that do not."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pipelines.defs.gold.defect_cluster.build import defect_cluster
from pipelines.defs.gold.defect_cluster.scanned import ONE_MONTH, ONE_PLACE, TOO_FEW, clustered
from pipelines.defs.silver.batch.tables import Batch, QualityDefect
from pipelines.defs.silver.product.tables import Pack
from pipelines.formats.departments import REGIONS
from tests.rows import frame

D = dt.date
KNOWN = {"source": "s", "valid_from": D(2024, 1, 1), "is_current": True, "agency": "ANSM"}
EVERYWHERE = sorted(REGIONS)


def defects(*told: tuple[str | None, int, int]) -> pl.DataFrame:
    """Defects of one product: département, month of 2024, how many; each of a batch of its own."""
    rows = [(place, D(2024, month, 28)) for place, month, n in told for _ in range(n)]
    return pl.DataFrame(
        {"batch_key": [f"b{i}" for i in range(len(rows))], "department": [r[0] for r in rows], "month": [r[1] for r in rows]},
        schema={"batch_key": pl.String, "department": pl.String, "month": pl.Date},
    )  # fmt: skip


def scattered(n: int, seed: int) -> list[tuple[str | None, int, int]]:
    """Defects anywhere in any month."""
    random = np.random.default_rng(seed)
    return [(EVERYWHERE[random.integers(len(EVERYWHERE))], int(random.integers(1, 13)), 1) for _ in range(n)]


def test_a_planted_cluster_is_found_in_its_region_and_months():
    planted = [(place, month, 4) for place in ("69", "01", "38") for month in (5, 6)]
    found = clustered(defects(*scattered(200, 2), *planted))
    assert (found["place_kind"], found["place"]) == ("region", REGIONS["69"])
    assert (found["month_from"], found["month_to"]) == (D(2024, 5, 31), D(2024, 6, 30))
    assert found["n_cluster"] >= 24 > 2 * found["expected"]
    assert found["p_value"] <= 0.005


def test_what_rises_everywhere_in_a_month_is_no_cluster_and_neither_is_a_place_that_always_has_many():
    in_month = {month: 4 if month == 6 else 1 for month in range(1, 13)}
    told = [(place, month, n) for place in EVERYWHERE[:20] for month, n in in_month.items()]
    always = [("69", month, 10 * n) for month, n in in_month.items()]
    assert clustered(defects(*told, *always))["not_computed"] == "no window holds more cases than expected"


def test_chance_alone_seldom_clusters():
    p = [clustered(defects(*scattered(24, seed)))["p_value"] for seed in range(60)]
    assert sum(value <= 0.05 for value in p) <= 8  # 3 are expected, more than 8 once in 260
    assert np.mean(p) > 0.4


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ([("69", 1, 1), ("75", 2, 1)], TOO_FEW),
        ([("69", 1, 2), ("75", 1, 2)], ONE_MONTH),
        ([("69", 1, 2), ("69", 5, 2)], ONE_PLACE),
        ([(None, 1, 2), ("99", 5, 2)], ONE_PLACE),
    ],
)
def test_what_can_t_be_scanned_says_why(told, why):
    found = clustered(defects(*told))
    assert found["not_computed"] == why
    assert "p_value" not in found


def test_a_place_that_is_not_told_is_a_place():
    found = clustered(defects((None, 5, 6), *[(EVERYWHERE[i], 1 + i % 12, 1) for i in range(24)]))
    assert (found["place_kind"], found["place"], found["n_cluster"]) == ("unknown", None, 6)


@pytest.mark.spark
def test_defects_are_of_the_product_of_their_batch_and_refuted_ones_are_none(spark):
    day = D(2024, 5, 3)
    defect = KNOWN | {"batch_key": "CIP13:1|L1", "state": "confirmed", "notified_date": day, "department": "69"}
    told = [defect | {"defect_id": str(i), "department": d} for i, d in enumerate(("69", "69", "01"))]
    told += [defect | {"defect_id": "r", "state": "refuted", "department": "75"}]
    told += [defect | {"defect_id": "g", "batch_key": "GTIN:9|X", "notified_date": D(2024, 1, 9)}]
    batch = KNOWN | {"batch_key": "CIP13:1|L1", "pack_key": "CIP13:1", "batch": "L1", "domain": "human"}
    tables = {
        QualityDefect.address(): frame(spark, QualityDefect, told),
        Batch.address(): frame(spark, Batch, [batch]),
        Pack.address(): frame(spark, Pack, [KNOWN | {"pack_key": "CIP13:1", "product_key": "CIS:1"}]),
    }
    found = {r["family_key"]: r for r in defect_cluster(tables).collect()}
    assert set(found) == {"CIS:1", "GTIN:9"}
    own = found["CIS:1"]
    assert (own["n_defects"], own["n_batches"], own["not_computed"]) == (3, 1, ONE_MONTH)
    assert (found["GTIN:9"]["domain"], found["GTIN:9"]["agency"]) == ("veterinary", "ANSES")
    assert found["GTIN:9"]["not_computed"] == TOO_FEW
