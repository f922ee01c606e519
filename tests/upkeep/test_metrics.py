"""Figures for Prometheus say what stands, what came and how long it took; nothing that stands in a row."""

from __future__ import annotations

import datetime as dt
import re
import time
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from expectations.compile import WARNING, Rule
from expectations.outcomes import keep
from expectations.run import Outcome
from pipelines.core.catalog import tables
from pipelines.core.ledger import Delivery
from pipelines.defs.alerts import figures
from pipelines.defs.resources import PlatformResource
from pipelines.lake.lake import Lake
from pipelines.upkeep.metrics import FIGURES

ROOT = Path(__file__).resolve().parents[2]
NAME = "DUPONT-1947.csv"


@dg.asset
def one():
    return None


def broken(n: int) -> Outcome:
    rule = Rule("delivered_in_time", "bronze.faers_drug", None, "arrival", WARNING, 1.0, "look", "files come in time")
    return Outcome(rule, n == 0, 10, n, "")


@pytest.fixture
def platform(tmp_path, monkeypatch) -> PlatformResource:
    lake = Lake(None, str(tmp_path / "lake"), tables())
    row = {"table_name": "t", "source": "faers", "known_date": dt.date(2024, 1, 1), "sha256": "0" * 64, "n_bytes": 1}
    row |= {"file": NAME, "n_rows_read": 5, "code_version": "1", "ingested_at": dt.datetime.now(dt.UTC)}
    came = {"a": ("accepted", 4, 1), "b": ("refused", 0, 0), "c": ("accepted", 5, 0)}
    rows = [
        row | {"delivery_id": i, "status": status, "n_rows_kept": kept, "n_rows_quarantined": aside}
        for i, (status, kept, aside) in came.items()
    ]
    lake.append_small(Delivery, pa.Table.from_pylist(rows, Delivery.arrow_schema()))
    monkeypatch.setenv("GERLAND_METRICS", str(tmp_path / "textfile" / "gerland.prom"))
    return PlatformResource(lake=lake.root, reports=str(tmp_path / "reports"))


def test_figures_of_tables_deliveries_rules_and_runs_are_written_for_everyone_to_read(platform, home, tmp_path):
    keep(broken(3), tmp_path / "reports")
    with dg.DagsterInstance.get() as instance:
        job = dg.Definitions(assets=[one], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
        job.execute_in_process(instance=instance)
        figures(dg.build_sensor_context(instance), platform=platform)
    file = tmp_path / "textfile" / "gerland.prom"
    assert file.stat().st_mode & 0o777 == 0o644
    text = file.read_text()
    assert NAME not in text
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["gerland_table_rows", "bronze.delivery"] == 3
    assert found["gerland_table_bytes", "bronze.delivery"] > 0
    assert found["gerland_table_files", "bronze.delivery"] == 1
    assert abs(found["gerland_table_written_timestamp_seconds", "bronze.delivery"] - time.time()) < 300
    assert found["gerland_deliveries", "accepted", "faers"] == 2
    assert found["gerland_deliveries", "faers", "refused"] == 1
    assert found["gerland_delivered_rows", "faers", "kept"] == 9
    assert found["gerland_delivered_rows", "faers", "quarantined"] == 1
    assert abs(found["gerland_delivery_timestamp_seconds", "faers"] - time.time()) < 300
    assert found["gerland_delivery_due_seconds", "faers"] > 86_400
    assert found["gerland_rule_broken_rows", "bronze.faers_drug", "delivered_in_time", WARNING] == 3
    assert 0 < found["gerland_step_seconds", "all", "one"] <= found["gerland_run_seconds", "all"]
    assert {name for name, *_ in found} == FIGURES.keys()


def test_every_alert_for_prometheus_asks_figures_that_are_written():
    told = yaml.safe_load((ROOT / "infra" / "prometheus" / "alerts.yml").read_text())
    rules = [rule for group in told["groups"] for rule in group["rules"]]
    assert rules
    for rule in rules:
        assert rule["annotations"]["summary"]
        named = set(re.findall(r"gerland_\w+", rule["expr"]))
        assert named
        assert named <= FIGURES.keys()
