"""Batches of a product beside each other, and whom a recall reaches: from the tables of a small lake."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.gold.batch_watch.build import batch_watch
from pipelines.defs.gold.batch_watch.tables import BatchWatch
from pipelines.defs.gold.batch_watch.watched import NO_DOSES, NO_REGISTER
from pipelines.defs.gold.exposure.tables import Exposure
from pipelines.defs.gold.recall_reach.build import recall_reach
from pipelines.defs.silver.batch.tables import Batch, BatchDistribution
from pipelines.defs.silver.product.tables import Pack, ProductSubstance
from pipelines.defs.silver.recall.tables import Recall, RecallBatch
from pipelines.defs.silver.report.tables import Report, ReportProduct
from pipelines.defs.silver.substance.tables import SubstanceName
from tests.rows import frame

D = dt.date
USUAL = {"source": "s", "valid_from": D(2024, 1, 1), "is_current": True, "agency": "ANSM", "domain": "human"}
JANUARY, FEBRUARY = D(2024, 1, 31), D(2024, 2, 29)


def batch(number: str, doses: int | None = None) -> dict:
    key = {"batch_key": f"CIP13:1|{number}", "pack_key": "CIP13:1", "batch": number, "n_doses": doses}
    return USUAL | key | {"establishment_key": "OMS:1", "made_date": D(2023, 11, 5)}


def sent(number: str, month: dt.date, doses: int, department: str = "69") -> dict:
    return USUAL | {"batch_key": f"CIP13:1|{number}", "department": department, "month": month, "n_doses": doses,
                    "n_packs": doses // 10}  # fmt: skip


def lake(spark, reported: list[tuple[str, dt.date, str | None]], **more: list[dict]) -> dict:
    reports = [
        {"report_key": key, "report_version": 1, "domain": "human", "received_first_date": day, "is_retracted": False,
         "is_cluster_head": True}
        for key, day, _ in reported
    ]  # fmt: skip
    products = [
        {"report_key": key, "report_version": 1, "role": "suspect", "is_current": True, "batch": number,
         "substance_keys": ["S1"]}
        for key, _, number in reported
    ]  # fmt: skip
    given = {
        Batch: [batch("L1", 900), batch("L2"), batch("L3", 500), batch("L4")],
        BatchDistribution: [sent("L1", JANUARY, 100), sent("L1", FEBRUARY, 100, "01"), sent("L2", FEBRUARY, 400)],
        Pack: [USUAL | {"pack_key": "CIP13:1", "product_key": "CIS:1"}],
        ProductSubstance: [USUAL | {"product_key": "CIS:1", "ingredient_seq": 1, "source_substance_name": "VELO", "nature": "SA"}],
        SubstanceName: [{"normalised_name": "VELO", "substance_key": "S1", "kind": "preferred"}],
        Report: reports,
        ReportProduct: products,
        **more,
    }  # fmt: skip
    return {table.address(): frame(spark, table, rows) for table, rows in given.items()}


@pytest.mark.spark
def test_doses_are_those_out_by_the_month_end_and_what_has_none_says_so(spark):
    reported = [
        ("a", D(2024, 1, 5), "l-1"),
        ("b", D(2024, 2, 5), "L1"),
        ("c", D(2024, 2, 6), "L 2"),
        ("d", D(2024, 2, 7), None),
    ]
    reported += [("e", D(2024, 2, 8), "X9"), ("f", D(2024, 2, 9), "L4")]
    found = {(r["batch_key"].split("|")[-1], r["month"]): r for r in batch_watch(lake(spark, reported)).collect()}
    first = found["L1", JANUARY]
    assert (first["n_reports"], first["n_doses"], first["n_siblings"], first["is_latest"]) == (1, 100, 1, False)
    assert first["expected"] == 0 and found["L3", JANUARY]["n_doses"] == 500  # released, as no distribution is known
    last = found["L1", FEBRUARY]
    assert (last["n_reports"], last["n_doses"], last["expected"]) == (2, 200, pytest.approx(200 / 900))
    assert last["share_without_batch"] == pytest.approx(1 / 6)
    assert found["L4", FEBRUARY]["not_computed"] == NO_DOSES and ("L2", JANUARY) not in found
    unknown = found["X9", FEBRUARY]
    assert (unknown["family_key"], unknown["not_computed"], unknown["pack_key"]) == ("S1", NO_REGISTER, None)


@pytest.mark.spark
def test_a_recall_reaches_what_went_out_of_its_batches_and_says_where_that_is_not_known(spark):
    key = {"event_id": "e", "country": "FR", "recall_class": "1", "scope": "listed", "recall_date": D(2024, 2, 20)}
    recalls = [
        USUAL | key | {"product_id": "named", "pack_key": "CIP13:1"},
        USUAL | key | {"product_id": "every", "pack_key": "CIP13:1", "scope": "all"},
        USUAL | key | {"product_id": "abroad"},
        USUAL | key | {"product_id": "elsewhere", "pack_key": "CIP13:2"},
    ]
    named = {"source": "s", "event_id": "e", "valid_from": D(2024, 1, 1), "product_id": "named"}
    exposed = {"country": "FR", "substance_key": "S1", "n_months": 1, "region": "all", "sex": "all", "age_group": "all"}
    tables = lake(
        spark,
        [("a", D(2024, 1, 5), "L1"), ("b", D(2024, 2, 5), "L2")],
    ) | {
        Recall.address(): frame(spark, Recall, recalls),
        RecallBatch.address(): frame(
            spark, RecallBatch, [named | {"batch": b, "batch_key": f"CIP13:1|{b}"} for b in ("L1", "L7")]
        ),
        Exposure.address(): frame(spark, Exposure, [exposed | {"n_treated": 30.0, "n_packs": 60.0}]),
    }
    tables[BatchWatch.address()] = batch_watch(tables)
    found = {r["product_id"]: r for r in recall_reach(tables).collect()}
    one = found["named"]
    assert (one["n_batches"], one["n_batches_known"], one["n_doses"], one["n_packs"]) == (2, 1, 200, 20)
    assert (one["departments"], one["n_reports"], one["n_persons"]) == (["01", "69"], 1, 10.0)
    assert (found["every"]["n_batches_known"], found["every"]["n_doses"], found["every"]["n_reports"]) == (4, 600, 2)
    assert found["abroad"]["not_computed"] == "the register gives no pack"
    assert found["elsewhere"]["not_computed"] == "no register of batches holds its batches"
