"""The code location: what it holds, that it loads in silence, and that the landing zone is watched."""

from __future__ import annotations

import subprocess
import sys

import dagster as dg
import pytest

from pipelines.core.catalog import sources, tables
from pipelines.definitions import defs
from pipelines.defs.automation import landing_zone
from pipelines.defs.resources import PlatformResource

SYSTEM = {"bronze.delivery", "bronze.delivery_action", "bronze.quarantine", "bronze.acknowledgement", "bronze.erasure"}


def test_the_code_location_loads_without_a_warning():
    code = "import warnings; warnings.simplefilter('error'); import pipelines.definitions as d; d.defs.resolve_all_job_defs()"
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_table_is_an_asset_with_all_that_a_reader_needs():
    graph = defs.resolve_asset_graph()
    addresses = {".".join(key.path) for key in graph.get_all_asset_keys()}
    assert addresses == set(tables()) - SYSTEM
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert len(node.description) > 40, key
        assert node.owners, key
        table = tables()[".".join(key.path)]
        assert node.group_name == (table.source if table.layer == "bronze" else key.path[0]), key
        assert "delta" in node.kinds, key
        schema = node.metadata["dagster/column_schema"]
        assert {c.name for c in schema.columns} == set(tables()[".".join(key.path)].columns)
        assert graph.get_check_keys_for_assets({key}), f"{key} has no check"


def test_layers_only_look_down():
    order = ("bronze", "ops", "silver", "gold", "evaluation")
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        for parent in graph.get(key).parent_keys:
            assert order.index(parent.path[0]) <= order.index(key.path[0])


@pytest.mark.parametrize("name", list(sources()))
def test_every_source_has_the_same_furniture(name):
    source = sources()[name]
    for module in ("read", "conform", "simulate"):
        assert source.module(module) is not None or (module == "conform" and name == "unii"), (
            f"{name} has no {module}.py"
        )
    card = source.card
    assert all((card.title, card.publisher, card.licence, card.cadence, card.grain, card.lag, card.traps))
    for table in source.tables:
        assert table.name.startswith(f"{name}_")
        assert len(table.description()) > 20
        assert all(c.meaning for c in table.columns.values())


def test_the_sensor_starts_the_main_job_when_a_file_is_delivered(tmp_path):
    landing = tmp_path / "landing"
    resource = PlatformResource(landing=str(landing), lake=str(tmp_path / "lake"))

    def look(cursor):
        context = dg.build_sensor_context(cursor=cursor, resources={"platform": resource})
        return context, list(landing_zone(context))

    context, found = look(None)
    assert isinstance(found[0], dg.SkipReason)
    (landing / "evvet").mkdir(parents=True)
    (landing / "evvet" / "a.csv").write_text("x")
    context, found = look(context.cursor)
    assert isinstance(found[0], dg.RunRequest)
    context, again = look(context.cursor)
    assert isinstance(again[0], dg.SkipReason)
    (landing / "evvet" / "a.csv").write_text("longer")
    assert isinstance(look(context.cursor)[1][0], dg.RunRequest)
    assert not (tmp_path / "lake").exists(), "who only looks holds no lake: the run that it starts does"


def test_every_job_and_what_is_started_from_the_page_runs_in_one_process():
    jobs = defs.resolve_all_job_defs()
    assert {job.executor_def.name for job in jobs} == {"threads"}, "others would start an engine for each step"
    assert "__ASSET_JOB" in {job.name for job in jobs}
