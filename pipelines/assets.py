"""Folders to Dagster: each source folder becomes one ingestion, each table with a transform one asset, with its checks.

The functions stay pure; here they meet the lake. A table whose inputs and code have not changed since it was written
is not written again, and its checks are those of that version.
"""

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from expectations.across import check as asked
from expectations.across import rule_of
from expectations.arrivals import outcomes as arrived
from expectations.arrivals import rules as arrival_rules
from expectations.compile import CRITICAL, Rule
from expectations.dagster import check_results, check_specs
from expectations.kept import keep, kept_of
from expectations.lost import READ, SAYS, counted, lost, outcome
from expectations.run import Outcome
from pipelines.core.across import Across, references
from pipelines.core.balance import Balance
from pipelines.core.catalog import SourceFolder, rules, sources, steps, tables
from pipelines.core.code import version_of
from pipelines.core.kept import release
from pipelines.core.lake import Written
from pipelines.core.ledger import Acknowledgement, Delivery, DeliveryAction, Quarantine
from pipelines.core.losses import Loss
from pipelines.core.rules import RulesBroken
from pipelines.core.run import Platform, tell
from pipelines.core.source import Source
from pipelines.core.spark import suit
from pipelines.core.step import FrameStep, PlatformStep, Step, WritingStep
from pipelines.core.table import Table
from pipelines.defs.resources import PlatformResource
from pipelines.errors import of_task, without_values
from pipelines.executor import OF_ENGINE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.lake import Lake

LEDGER = (Delivery, DeliveryAction, Quarantine, Acknowledgement)
BALANCE = "rows_accounted"
BALANCED = "rows counted in the files, unparsed, equal rows in the table plus rows in quarantine, in every delivery"
BALANCE_ADVICE = "Rows were lost or won since they were read: `gerland verify`, then `gerland reread` the delivery."


def key(address: str) -> dg.AssetKey:
    """`layer/table`."""
    return dg.AssetKey(address.split("."))


def column_schema(table: type[Table]) -> dg.TableSchema:
    """The table's columns as the Dagster UI shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                type=c.type,
                description=c.meaning + (f" [{c.unit}]" if c.unit else ""),
                constraints=dg.TableColumnConstraints(nullable=not c.required),
                tags={"sensitivity": c.sensitivity},
            )
            for name, c in table.columns.items()
        ]
    )


def column_lineage(table: type[Table]) -> dg.TableColumnLineage:
    """Where the columns that refer to another table's key have their values from."""
    found: dict[str, list[dg.TableColumnDep]] = {}
    for reference in references(table, tables()):
        for own, theirs in zip(reference.columns, reference.parent_columns, strict=True):
            found.setdefault(own, []).append(dg.TableColumnDep(key(reference.parent), theirs))
    return dg.TableColumnLineage(found)


def spec(
    table: type[Table], deps: tuple[str, ...] = (), card: Source | None = None, code: str | None = None
) -> dg.AssetSpec:
    """Asset spec of a table: everything in it comes from the class, and for bronze from the source's card."""
    return dg.AssetSpec(
        key(table.address()),
        deps=[key(d) for d in deps if d != table.address()],
        description=table.description() + (told(card) if card else ""),
        group_name=card.name if card else table.layer,
        code_version=code,
        owners=[f"team:{table.owner}"],
        kinds={"spark", "delta", table.layer},
        metadata={
            "dagster/column_schema": column_schema(table),
            "dagster/table_name": table.address(),
            "dagster/column_lineage": column_lineage(table),
            "key": ", ".join(table.key),
        },
    )


def told(card: Source) -> str:
    """What a source's card says of all its tables."""
    traps = "".join(f"\n- {trap}" for trap in card.traps)
    when = f"{card.cadence.says}; lag: {card.lag.says.lower()}"
    return f"\n\n{card.title}, by {card.publisher}. {when}. Licence: {card.licence}.\n\nTraps:{traps}"


def source_assets(source: SourceFolder) -> dg.AssetsDefinition:
    """One ingestion: all bronze tables of a source, and the balance of rows of each as a blocking check."""
    by_key = {key(t.address()): t for t in source.tables}
    balances = [
        dg.AssetCheckSpec(
            BALANCE,
            asset=k,
            blocking=True,
            description=f"{BALANCED.capitalize()}.",
        )
        for k in by_key
    ]

    @dg.multi_asset(
        name=f"ingest_{source.name}",
        specs=[spec(t, card=source.card) for t in source.tables],
        check_specs=[*balances, *_arrival_specs(source)],
        op_tags={"source": source.name},
    )
    @without_values
    def ingest_source(context: dg.AssetExecutionContext, platform: PlatformResource) -> Iterator[Any]:
        from pipelines.core.balance import balances
        from pipelines.core.deliveries import ledger
        from pipelines.core.ingest import ingest
        from pipelines.core.outbox import send_answers
        from pipelines.core.simulated import simulated
        from pipelines.core.survey import of_run

        running = platform.open()
        lake, root = running.lake.today, str(running.settings.landing)
        wanted = frozenset(running.settings.sources or sources())
        fed: list[type[Table]] = [*LEDGER, *source.tables]
        for each in fed:
            lake.look(each.address())
        landed = of_run(context.run_id, root, lake.root, wanted).claimed
        intake = ingest(lake, source, landed, root, running.pseudonymiser, tell)
        for table in (*source.tables, DeliveryAction):
            lake.create(table)
        outbox = running.settings.outbox or running.settings.reports.parent / "outbox"
        if n_answers := send_answers(lake, source, str(outbox)):
            tell(f"{source.name}: {n_answers} acknowledgements in {outbox}")
        counted, told = balances(lake, source.tables), ledger(lake, source.name)
        day, by_simulator = running.as_of or dt.datetime.now(dt.UTC).date(), simulated(root)
        for table in source.tables:
            arrivals = arrived(source, table, told, day, by_simulator)
            for found in (_accounted(table, counted[table.name]), *arrivals):
                keep(found, running.settings.reports)
            yield _bronze_result(lake, table, intake, counted[table.name], arrivals)

    return ingest_source


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


def _bronze_result(
    lake: Any, table: type[Table], intake: Any, counted: Any, arrivals: list[Outcome]
) -> dg.MaterializeResult[Any]:
    address = table.address()
    version = lake.version(address)
    metadata = {
        **_sizes(lake, address),
        "rows new": intake.total("n_rows_kept", table.name),
        "rows quarantined": counted.n_quarantined,
        "files known already": intake.n_known,
        "table version": version,
    }
    return dg.MaterializeResult(
        asset_key=key(address),
        data_version=dg.DataVersion(version),
        metadata=metadata,
        check_results=[
            dg.AssetCheckResult(
                asset_key=key(address),
                check_name=BALANCE,
                passed=counted.is_balanced,
                metadata={
                    "rows in": counted.n_read,
                    "rows kept": counted.n_kept,
                    "rows quarantined": counted.n_quarantined,
                    "deliveries out of balance": counted.n_unbalanced,
                },
            ),
            *(_arrival_result(outcome, key(address)) for outcome in arrivals),
        ],
    )


def _sizes(lake: Any, address: str) -> dict[str, int]:
    return {"dagster/row_count": lake.n_rows(address), "bytes": lake.n_bytes(address)}


def table_asset(step: Step) -> dg.AssetsDefinition:
    """One derived table: compute, write what changed, validate what stands."""
    table = step.table
    asset_key = key(table.address())

    @dg.multi_asset(
        name=f"{table.layer}_{table.name}",
        specs=[spec(table, (*step.reads, *step.measured_on), code=version_of(step.modules))],
        check_specs=[*check_specs(table, asset_key), *_read_spec(step, asset_key)],
        op_tags=OF_ENGINE,
    )
    @without_values
    def build(context: dg.AssetExecutionContext, platform: PlatformResource) -> Iterator[Any]:
        running = platform.open()
        yield from _built(running, step)

    return build


def _built(running: Platform, step: Step) -> Iterator[Any]:
    from expectations.kept import refused, validated

    lake, table, address = running.lake, step.table, step.address
    lake.look(address)
    if running.as_of and not table.is_derived():
        tell(f"{address}: as it stands, seen from {running.as_of}")
        changed = False
    else:
        inputs = inputs_of(step, running)
        changed = not lake.is_fresh(address, inputs)
        if changed:
            try:
                done = written(running, step, inputs)
            except RulesBroken as refusal:
                outcomes = refused(table, refusal.broken, running.settings.reports)
                yield from check_results([o for o in outcomes if o.success is False], key(address))
                raise
            tell(f"{address}: {done.n_rows:,} rows{'' if done.changed else ', nothing changed'}")
        else:
            tell(f"{address}: unchanged, its inputs and code are the same")
    outcomes = validated(lake, table, running.settings.reports)
    told = _losses(running, step)
    if told is not None:
        outcomes = [*outcomes, outcome(table, told)]
    version = lake.version(address)
    yield dg.MaterializeResult(
        asset_key=key(address),
        data_version=dg.DataVersion(version),
        metadata={
            **_sizes(lake, address),
            "table version": version,
            "written": changed,
            "code version": version_of(step.modules),
            **(step.measure(lake.limited(step.sees)) if step.measure else {}),
            **(lost(told) if told is not None else {}),
        },
        check_results=list(check_results(outcomes, key(address))),
    )


def _read_spec(step: Step, asset_key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The check of a union of sources: values that are there are read."""
    return [dg.AssetCheckSpec(READ, asset=asset_key, description=f"{SAYS}.".capitalize())] if step.losses else []


def _losses(running: Platform, step: Step) -> list[Loss] | None:
    """What a union of sources could not read; None for other tables."""
    if step.losses is None:
        return None
    return counted(running.lake.limited(step.sees), step, running.settings.reports)


def written(running: Platform, step: Step, inputs: dict[str, str]) -> Written:
    """Compute and write, with no other table in sight than those that the step declares."""
    lake = running.lake
    suit(running.spark, sum(lake.n_bytes(a) for a in step.reads), running.settings)
    seen = running.limited(step.sees)
    try:
        match step:
            case WritingStep():
                return step(seen, inputs)
            case PlatformStep():
                return lake.upsert(step.table, step(seen.lake, seen), inputs)
            case FrameStep():
                return lake.upsert(step.table, _rows(step, seen.lake, inputs), inputs)
            case _:
                raise TypeError(f"{type(step).__name__} is no kind of step")
    except Exception as error:
        raise_refusal(error)
        raise
    finally:
        release()


def _rows(step: FrameStep, lake: "Lake", inputs: dict[str, str]) -> "DataFrame":
    """Rows of a table: of a union of sources, those of sources that told nothing new are the ones that stand."""
    changed = _changed(step, lake, inputs)
    if step.of_sources is None or changed is None:
        return step(lake)
    tell(f"{step.address}: only {', '.join(sorted(changed)) or 'no source'} told something new")
    if not changed:
        return lake[step.address]
    from pyspark.sql import functions as F

    stands = lake[step.address].filter(~F.col("source").isin(*changed))
    return step.of_sources(lake, changed).unionByName(stands)


def _changed(step: Step, lake: "Lake", inputs: dict[str, str]) -> set[str] | None:
    """Sources of a union whose own inputs differ from those of its last writing; None where all are to be read."""
    before = lake.written_from(step.address, inputs)
    if before is None or not step.feeds:
        return None
    read = {a for one in step.feeds.values() for a in one.reads}
    if any(before.get(name) != value for name, value in inputs.items() if name not in read):
        return None
    return {name for name, one in step.feeds.items() if any(before.get(a) != inputs[a] for a in one.reads)}


def raise_refusal(error: Exception) -> None:
    """Raise what a task of the engine raised where it refused its rows; nothing for other errors."""
    refusal = RulesBroken(of_task(str(error)) or "")
    if refusal.broken:
        raise refusal from None


def inputs_of(step: Step, running: Platform) -> dict[str, str]:
    """What a step's result depends on: versions of what it reads, settings, code."""
    settings = {f"settings.{name}": str(getattr(running.settings, name)) for name in step.settings}
    return running.lake.versions(step.reads) | settings | {"code": version_of(step.modules)}


def assets() -> list[dg.AssetsDefinition]:
    """Every asset of the platform."""
    ingestions = [source_assets(s) for s in sources().values()]
    derived = [table_asset(step) for step in steps().values()]
    return [*ingestions, *derived]


def across_checks() -> list[dg.AssetChecksDefinition]:
    """Rules across tables, each as a check on the table it counts."""
    return [across_check(rule) for rule in rules()]


def across_check(rule: Across) -> dg.AssetChecksDefinition:
    """A rule across tables as a check on the table it counts; a critical one that is broken holds up what follows."""
    asset_key = key(rule.table)

    @dg.asset_check(
        asset=asset_key,
        name=rule.name,
        additional_deps=[key(address) for address in rule.reads],
        blocking=rule.severity == CRITICAL,
        description=f"{(rule.says or rule.name.replace('_', ' ')).capitalize()}.",
        op_tags=OF_ENGINE,
    )
    @without_values
    def check(platform: PlatformResource) -> dg.AssetCheckResult:
        running = platform.open()
        found_in = running.lake.versions((rule.table, *rule.reads)) | {"code": version_of([rule.broken.__module__])}
        version = f"{found_in} {running.as_of or ''}".strip()
        known = kept_of(rule_of(rule), running.settings.reports, version)
        outcome = known or asked(rule, running.lake)
        keep(outcome, running.settings.reports, version)
        return next(iter(check_results([outcome], asset_key)))

    return check
