"""Source folders to Dagster: each becomes one ingestion of all its bronze tables, with their checks."""

import datetime as dt
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import dagster as dg

from expectations.arrivals import outcomes as arrived
from expectations.arrivals import rules as arrival_rules
from expectations.compile import CRITICAL, Rule
from expectations.outcomes import keep
from expectations.run import Outcome
from pipelines.core.catalog import SourceFolder, sources, tables
from pipelines.core.ledger import Acknowledgement, Delivery, DeliveryAction, Quarantine
from pipelines.core.log import log
from pipelines.core.table import BronzeTable, Table
from pipelines.defs.resources import PlatformResource
from pipelines.files.store import StorageError
from pipelines.intake.balance import Balance
from pipelines.lake.listing import only_looking
from pipelines.lake.platform import Platform
from pipelines.orchestration.errors import without_values
from pipelines.orchestration.retries import patient
from pipelines.orchestration.specs import key, sizes, spec

if TYPE_CHECKING:
    from pipelines.intake.ingest import Intake
    from pipelines.lake.lake import Lake

LEDGER = (Delivery, DeliveryAction, Quarantine, Acknowledgement)
BALANCE = "rows_accounted"
BALANCED = "rows counted in the files, unparsed, equal rows in the table plus rows in quarantine, in every delivery"
BALANCE_ADVICE = "Rows were lost or won since they were read: `gerland verify`, then `gerland reread` the delivery."


def source_assets(source: SourceFolder) -> dg.AssetsDefinition:
    """One ingestion: all bronze tables of a source, and the balance of rows of each as a blocking check.

    A delivery is read whole, whichever of the tables were asked for; without one, what stands is checked.
    """
    balances = [
        dg.AssetCheckSpec(BALANCE, asset=key(t.address()), blocking=True, description=f"{BALANCED.capitalize()}.")
        for t in source.tables
    ]

    @dg.multi_asset(
        name=f"ingest_{source.name}",
        specs=[spec(t, card=source.card) for t in source.tables],
        check_specs=[*balances, *_arrival_specs(source)],
        op_tags={"source": source.name},
        can_subset=True,
    )
    @patient
    @without_values
    def ingest_source(context: dg.AssetExecutionContext, platform: PlatformResource) -> Iterator[Any]:
        running = platform.open()
        lake = running.lake.today
        _looked_at(context.run.run_id, lake.root)
        with only_looking():
            for table in source.tables:
                lake.look(table.address())
        wanted = context.selected_asset_keys
        intake = _taken_in(running, source, context.run.run_id) if wanted else None
        asked = {(c.asset_key, c.name) for c in context.selected_asset_check_keys}
        for table, counted, arrivals in _found(running, source):
            asset_key = key(table.address())
            results = [_balance_result(asset_key, counted), *(_arrival_result(o, asset_key) for o in arrivals)]
            results = [r for r in results if (asset_key, r.check_name) in asked]
            if intake is not None and asset_key in wanted:
                yield _bronze_result(lake, table, intake, counted, results)
            else:
                yield from results

    return ingest_source


@lru_cache(maxsize=1)
def _looked_at(run_id: str, root: str) -> None:
    """Look at what all sources write to, once a run: from then on, the run alone writes there."""
    from pipelines.frames.spark import session
    from pipelines.lake.lake import Lake

    lake = Lake(session, root, tables())  # which is not asked for: only the logs are read
    with only_looking():
        for table in LEDGER:
            lake.look(table.address())


def _taken_in(running: Platform, source: SourceFolder, run_id: str) -> "Intake":
    """Take in what is new in the landing zone, and answer those who sent it."""
    from pipelines.intake.ingest import ingest
    from pipelines.intake.outbox import send_acknowledgements
    from pipelines.intake.survey import of_run

    lake, root = running.lake.today, str(running.settings.landing)
    wanted = frozenset(running.settings.sources or sources())
    try:
        landed = of_run(run_id, root, lake.root, wanted).claimed
        intake = ingest(lake, source, landed, root, running.pseudonymiser, log)
    except StorageError:
        of_run.cache_clear()  # the next attempt looks anew
        raise
    for table in (*source.tables, DeliveryAction):
        lake.create(table)
    outbox = running.settings.outbox or running.settings.reports.parent / "outbox"
    if n_answers := send_acknowledgements(lake, source, str(outbox)):
        log(f"{source.name}: {n_answers} acknowledgements in {outbox}")
    return intake


def _found(running: Platform, source: SourceFolder) -> Iterator[tuple[type[BronzeTable], Balance, list[Outcome]]]:
    """The balance of each table of a source and what its ledger says of arrivals; both are kept for the report."""
    from pipelines.intake.balance import balances
    from pipelines.intake.deliveries import ledger
    from pipelines.intake.simulated import simulated

    lake = running.lake.today
    counted, told = balances(lake, source.tables), ledger(lake, source.name)
    day, by_simulator = running.as_of or dt.datetime.now(dt.UTC).date(), simulated(str(running.settings.landing))
    for table in source.tables:
        arrivals = arrived(source, table, told, day, by_simulator)
        for found in (_accounted(table, counted[table.name]), *arrivals):
            keep(found, running.settings.reports)
        yield table, counted[table.name], arrivals


def _arrival_specs(source: SourceFolder) -> list[dg.AssetCheckSpec]:
    """Checks of what arrives: they never block, for the rest of the lake goes on."""
    return [
        dg.AssetCheckSpec(rule.name, asset=key(table.address()), description=f"{rule.says.capitalize()}.")
        for table in source.tables
        for rule in arrival_rules(source, table)
    ]


def _arrival_result(outcome: Outcome, asset_key: dg.AssetKey) -> dg.AssetCheckResult:
    is_grave = outcome.rule.severity == CRITICAL
    return dg.AssetCheckResult(
        asset_key=asset_key,
        check_name=outcome.rule.name,
        passed=outcome.success is not False,
        severity=dg.AssetCheckSeverity.ERROR if is_grave else dg.AssetCheckSeverity.WARN,
        metadata={
            "rule": outcome.rule.says,
            "found": outcome.detail or "nothing amiss",
            "looked at": outcome.n_rows,
            "break the rule": outcome.n_unexpected,
            "how to mend": outcome.rule.advice,
        },
    )


def _accounted(table: type[Table], counted: Balance) -> Outcome:
    """The balance of a bronze table as the validation report tells it."""
    rule = Rule(BALANCE, table.address(), None, "balance", CRITICAL, 1.0, BALANCE_ADVICE, BALANCED)
    if not counted.n_read and counted.is_balanced:
        return Outcome(rule, None, 0, 0, "no file has fed it")
    lost = abs(counted.n_read - counted.n_kept - counted.n_quarantined)
    return Outcome(rule, counted.is_balanced, counted.n_read, lost, f"{counted.n_quarantined:,} in quarantine")


def _balance_result(asset_key: dg.AssetKey, counted: Balance) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=asset_key,
        check_name=BALANCE,
        passed=counted.is_balanced,
        metadata={
            "rows in": counted.n_read,
            "rows kept": counted.n_kept,
            "rows quarantined": counted.n_quarantined,
            "deliveries out of balance": counted.n_unbalanced,
        },
    )


def _bronze_result(
    lake: "Lake", table: type[Table], intake: "Intake", counted: Balance, results: list[dg.AssetCheckResult]
) -> dg.MaterializeResult[Any]:
    address = table.address()
    version = lake.version(address)
    return dg.MaterializeResult(
        asset_key=key(address),
        data_version=dg.DataVersion(version),
        metadata={
            **sizes(lake, address),
            "rows new": intake.total("n_rows_kept", table.name),
            "rows quarantined": counted.n_quarantined,
            "files known already": intake.n_known,
            "table version": version,
        },
        check_results=results,
    )
