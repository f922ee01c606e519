"""What Dagster's users find: runs of the command on the page, steps tried again, checks run alone, freshness."""

import datetime as dt
import errno

import dagster as dg
import pytest
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy
from dagster._utils.hosted_user_process import recon_job_from_origin

from pipelines.core.catalog import sources, steps, tables
from pipelines.definitions import defs
from pipelines.defs.resources import PlatformResource
from pipelines.lake.lake import Lake
from pipelines.orchestration import retries
from pipelines.orchestration.assets import table_asset
from pipelines.orchestration.errors import without_values
from pipelines.orchestration.ingestion import BALANCE, source_assets
from pipelines.orchestration.recorded import MODULE, execute
from pipelines.orchestration.specs import key

HEADER = "Name\tTYPE\tUNII\tDisplay Name\n"


def platform(folder):
    return PlatformResource(**{name: str(folder / name) for name in ("landing", "lake", "reports")})


@pytest.mark.spark
def test_a_run_of_the_command_belongs_to_its_job_on_the_page_and_can_be_run_again(home):
    places = {name: str(home / name) for name in ("landing", "lake", "reports")}
    config = {"resources": {"platform": {"config": places}}, "loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    with dg.DagsterInstance.get() as instance:
        result = execute("ingest", config, {"by": "test"}, instance)
        run = instance.get_run_by_id(result.run_id)
        assert (result.success, run.status, run.tags["by"]) == (True, dg.DagsterRunStatus.SUCCESS, "test")
        assert run.remote_job_origin.repository_origin.get_label() == f"__repository__@{MODULE}"
        assert run.job_code_origin.job_name == "ingest"
        assert recon_job_from_origin(run.job_code_origin).get_definition().name == "ingest"
        assert instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id).step_keys_to_execute


def tried(kinds, monkeypatch):
    """How often a step was called that raises these, one a call, and whether its run ended well."""
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.01)
    calls = []

    @dg.multi_asset(specs=[dg.AssetSpec("one")])
    @retries.patient
    @without_values
    def one(context: dg.AssetExecutionContext):
        calls.append(context.retry_number)
        if len(calls) <= len(kinds):
            raise kinds[len(calls) - 1]
        yield dg.MaterializeResult("one")

    result = dg.materialize([one], raise_on_error=False)
    return len(calls), result


STORE, DATA = OSError(errno.EIO, "Input/output error"), ValueError("DUPONT-1947")


def test_a_step_is_tried_again_where_the_store_failed(monkeypatch):
    n, result = tried([STORE, STORE], monkeypatch)
    assert (n, result.success) == (3, True)
    n, result = tried([STORE] * 9, monkeypatch)
    assert (n, result.success) == (1 + retries.MOST, False)
    (failed,) = [e for e in result.all_events if e.is_step_failure]
    assert failed.event_specific_data.error.cause.cls_name == "StorageError"


@pytest.mark.parametrize("error", [DATA, FileNotFoundError(errno.ENOENT, "gone", "x")])
def test_a_step_is_not_tried_again_for_a_fault_of_data_or_code(monkeypatch, error):
    n, result = tried([error], monkeypatch)
    assert (n, result.success) == (1, False)
    assert "DUPONT" not in str([e for e in result.all_events if e.is_step_failure])


def test_bronze_is_due_after_cadence_and_lag_of_its_sources_card():
    graph = defs.resolve_asset_graph()
    for source in sources().values():
        for table in source.tables:
            policy = graph.get(key(table.address())).freshness_policy_or_from_metadata
            if source.card.due is None:
                assert policy is None
            else:
                assert isinstance(policy, TimeWindowFreshnessPolicy)
                assert policy.fail_window.to_timedelta() == dt.timedelta(days=source.card.due)
    assert graph.get(key("silver.report")).freshness_policy_or_from_metadata is None


def test_every_check_can_be_asked_for_without_its_table():
    for made in defs.assets or ():
        assert made.can_subset, made.op.name


def evaluated(result):
    return {(e.asset_key.to_user_string(), e.check_name, e.passed) for e in result.get_asset_check_evaluations()}


@pytest.mark.spark
def test_checks_of_bronze_that_are_run_alone_take_nothing_in(tmp_path):
    source = sources()["unii"]
    made, resources = [source_assets(source)], {"platform": platform(tmp_path)}
    (tmp_path / "landing/unii").mkdir(parents=True)
    file = tmp_path / "landing/unii/UNII_Names.txt"
    file.write_text(f"{HEADER}ASPIRIN\tof\tR16CO5Y76E\tASPIRIN\n")
    assert dg.materialize(made, resources=resources).success
    lake, address = Lake(None, str(tmp_path / "lake"), tables()), source.tables[0].address()
    before = lake.version(address)
    file.write_text(f"{HEADER}IBUPROFEN\tof\tWK2XYI10QM\tIBUPROFEN\n")
    only = dg.AssetSelection.checks(dg.AssetCheckKey(key(address), BALANCE))
    result = dg.materialize(made, resources=resources, selection=only)
    assert evaluated(result) == {("bronze/unii_name", BALANCE, True)}
    assert (result.asset_materializations_for_node("ingest_unii"), lake.version(address)) == ([], before)
    (tmp_path / "lake/bronze/unii_name").rename(tmp_path / "gone")
    result = dg.materialize(made, resources=resources, selection=only, raise_on_error=False)
    assert evaluated(result) == {("bronze/unii_name", BALANCE, False)}


@pytest.mark.spark
def test_checks_of_a_derived_table_that_are_run_alone_write_nothing(tmp_path):
    made, resources = [table_asset(steps()["silver.daily_dose"])], {"platform": platform(tmp_path)}
    assert dg.materialize(made, resources=resources).success
    lake = Lake(None, str(tmp_path / "lake"), tables())
    before, only = lake.version("silver.daily_dose"), dg.AssetSelection.all_asset_checks()
    result = dg.materialize(made, resources=resources, selection=only)
    assert {name for _, name, _ in evaluated(result)} == {c.name for c in made[0].check_keys}
    assert result.asset_materializations_for_node("silver_daily_dose") == []
    assert lake.version("silver.daily_dose") == before
    name = next(iter(made[0].check_keys)).name
    one = dg.AssetSelection.checks(dg.AssetCheckKey(key("silver.daily_dose"), name))
    assert [n for _, n, _ in evaluated(dg.materialize(made, resources=resources, selection=one))] == [name]


@pytest.mark.spark
def test_a_file_that_the_store_keeps_back_is_looked_for_again(tmp_path, monkeypatch):
    monkeypatch.setattr(retries, "FIRST_WAIT_SECONDS", 0.01)
    (tmp_path / "landing/unii").mkdir(parents=True)
    (tmp_path / "landing/unii/UNII_Names.txt").symlink_to("/proc/self/mem")  # reading it is an error of the system
    made, resources = [source_assets(sources()["unii"])], {"platform": platform(tmp_path)}
    result = dg.materialize(made, resources=resources, raise_on_error=False)
    kinds = [e.event_type_value for e in result.all_events]
    assert (kinds.count("STEP_UP_FOR_RETRY"), kinds.count("STEP_FAILURE")) == (retries.MOST, 1)
