"""A critical rule that is broken keeps rows from being published and holds up what follows; it is told by its class."""

from __future__ import annotations

import datetime as dt
import json

import dagster as dg
import pytest
from pyspark.sql import functions as F

from pipelines.commands.main_job import _is_of_check
from pipelines.core.across import Across
from pipelines.core.step import step
from pipelines.defs.resources import PlatformResource
from pipelines.defs.silver.product.tables import PackContent, Shortage
from pipelines.lake.lake import Lake
from pipelines.orchestration.assets import across_check, table_asset

D = dt.date(2024, 1, 1)
GOOD = {"source": "bdpm", "product_key": "CIS:1", "pack_key": "", "status": "shortage", "start_date": D}
GOOD |= {"notice_id": "", "notice_seq": 1, "episode_key": "1", "country": "FR", "valid_from": D, "is_current": True}


def shortages(spark, *rows):
    @step(Shortage)
    def shortage(lake):
        given = [tuple((GOOD | r).get(c) for c in Shortage.columns) for r in rows]
        return spark.createDataFrame(given, Shortage.spark_schema())

    return shortage


@step(PackContent, Shortage.address())
def pack_content(lake):
    return lake[Shortage.address()].select(
        F.col("source"), F.col("product_key").alias("pack_key"), F.lit("stated").alias("basis")
    )


RULE = Across(
    "no_shortage_of_nothing",
    Shortage.address(),
    (),
    lambda tables: tables[Shortage.address()].filter("product_key = 'CIS:0'"),
    "Mend the register.",
)


@pytest.fixture
def run(spark, tmp_path):
    def materialized(*rows):
        made = [table_asset(shortages(spark, *rows)), table_asset(pack_content)]
        checks = [across_check(RULE)]
        platform = PlatformResource(lake=str(tmp_path / "lake"), reports=str(tmp_path / "reports"))
        defs = dg.Definitions(
            made, asset_checks=checks, resources={"platform": platform}, jobs=[dg.define_asset_job("all")]
        )
        result = defs.resolve_job_def("all").execute_in_process(raise_on_error=False)
        failed = [e for e in result.all_events if e.is_step_failure]
        written = {
            a: Lake(None, str(tmp_path / "lake"), {}).version(a) for a in ("silver.shortage", "silver.pack_content")
        }
        return result, failed, written

    return materialized


@pytest.mark.spark
def test_a_broken_rule_is_told_by_its_class_and_check_and_nothing_is_published(run, tmp_path):
    result, failed, written = run({}, {"product_key": "CIS:2", "status": "bogus"})
    assert not result.success
    assert [_is_of_check(e) for e in failed] == [True]
    told = [e.event_specific_data for e in result.all_events if e.event_type_value == "ASSET_CHECK_EVALUATION"]
    assert [(t.check_name, t.passed) for t in told] == [("status_is_a_known_code", False)]
    assert set(written.values()) == {"absent"} or not any(
        Lake(None, str(tmp_path / "lake"), {}).n_rows(a) for a in written
    )
    kept = json.loads((tmp_path / "reports" / "validation" / "silver.shortage.json").read_text())["outcomes"]
    assert {o["name"]: o["n_unexpected"] for o in kept if o["success"] is False} == {"status_is_a_known_code": 1}
    assert "bogus" not in str(kept)


@pytest.mark.spark
def test_a_broken_rule_across_tables_holds_up_what_follows(run):
    result, failed, written = run({"product_key": "CIS:0"})
    assert not result.success
    assert [_is_of_check(e) for e in failed] == [True]
    assert written["silver.shortage"] != "absent"
    assert written["silver.pack_content"] == "absent"


@pytest.mark.spark
def test_rules_that_hold_hold_up_nothing(run):
    result, failed, written = run({}, {"product_key": "CIS:2"})
    assert (result.success, failed) == (True, [])
    assert "absent" not in written.values()
