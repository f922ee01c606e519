"""Folders to Dagster: each source folder becomes one ingestion, each table with a transform one asset, with its checks.

The functions stay pure; here they meet the lake. A table whose inputs and code have not changed since it was written
is not written again, and its checks are those of that version.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from expectations.across import check as asked
from expectations.across import rule_of
from expectations.compile import CRITICAL
from expectations.dagster import check_results, check_specs
from expectations.lost import READ, SAYS, counted, lost, outcome
from expectations.outcomes import keep, kept_of
from expectations.run import Outcome
from pipelines.core.across import Across
from pipelines.core.catalog import rules, sources, steps
from pipelines.core.code import version_of
from pipelines.core.log import log
from pipelines.core.rules import RulesBroken
from pipelines.core.step import FrameStep, PlatformStep, Step, WritingStep, giving
from pipelines.defs.resources import PlatformResource
from pipelines.frames.cache import release
from pipelines.frames.conform import empty
from pipelines.frames.losses import Loss
from pipelines.frames.spark import tune
from pipelines.lake.commit import Written
from pipelines.lake.listing import only_looking
from pipelines.lake.platform import Platform
from pipelines.orchestration.errors import of_task, without_values
from pipelines.orchestration.executor import OF_ENGINE
from pipelines.orchestration.ingestion import source_assets
from pipelines.orchestration.measured import measured
from pipelines.orchestration.retries import patient
from pipelines.orchestration.specs import key, selected, sizes, spec

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.lake.lake import Lake


def table_asset(step: Step) -> dg.AssetsDefinition:
    """One derived table: compute, write what changed, validate what stands."""
    table = step.table
    asset_key = key(table.address())

    @dg.multi_asset(
        name=f"{table.layer}_{table.name}",
        specs=[spec(table, (*step.reads, *step.measured_on), code=version_of(step.modules))],
        check_specs=[*check_specs(table, asset_key), *_read_spec(step, asset_key)],
        can_subset=True,  # the checks alone
        op_tags=OF_ENGINE,
    )
    @patient
    @without_values
    def build(context: dg.AssetExecutionContext, platform: PlatformResource) -> Iterator[Any]:
        running = platform.open()
        asked = {one.name for one in context.selected_asset_check_keys}
        found = _built(running, step) if context.selected_asset_keys else _checked(running, step)
        yield from selected(found, asked)

    return build


def _checked(running: Platform, step: Step) -> Iterator[Any]:
    """Results of the checks of a table as it stands."""
    with only_looking():
        running.lake.look(step.address)
        outcomes, _ = _outcomes(running, step)
    yield from check_results(outcomes, key(step.address))


def _outcomes(running: Platform, step: Step, told: list[Loss] | None = None) -> tuple[list[Outcome], list[Loss] | None]:
    """What the rules of a table say of it, and what a union of sources could not read; None for other tables.

    `told` is what it could not read, where that was counted already.
    """
    from expectations.outcomes import validated

    outcomes = validated(running.lake, step.table, running.settings.reports)
    told = _losses(running, step) if told is None else told
    return (outcomes if told is None else [*outcomes, outcome(step.table, told)]), told


def _built(running: Platform, step: Step) -> Iterator[Any]:
    from expectations.outcomes import refused

    lake, table, address = running.lake, step.table, step.address
    told: list[Loss] | None = None
    inputs = _due(running, step)
    if inputs is not None:
        try:
            done, told = written(running, step, inputs)
        except RulesBroken as refusal:
            outcomes = refused(table, refusal.broken, running.settings.reports)
            yield from check_results([o for o in outcomes if o.success is False], key(address))
            raise
        log(f"{address}: {done.n_rows:,} rows{'' if done.changed else ', nothing changed'}")
    with only_looking():
        outcomes, told = _outcomes(running, step, told)
        version = lake.version(address)
        result: dg.MaterializeResult[Any] = dg.MaterializeResult(
            asset_key=key(address),
            data_version=dg.DataVersion(version),
            metadata={
                **sizes(lake, address),
                "table version": version,
                "written": inputs is not None,
                "code version": version_of(step.modules),
                **measured(step, lake.limited(step.sees), running.settings.reports),
                **(lost(told) if told is not None else {}),
            },
            check_results=list(check_results(outcomes, key(address))),
        )
    yield result


def _due(running: Platform, step: Step) -> dict[str, str] | None:
    """What the table is to be made from; None where it stands as it would come out."""
    lake, address = running.lake, step.address
    with only_looking():
        lake.look(address)
        if running.as_of and not step.table.is_derived():
            log(f"{address}: as it stands, seen from {running.as_of}")
            return None
        inputs = inputs_of(step, running)
        if lake.is_fresh(address, inputs):
            log(f"{address}: unchanged, its inputs and code are the same")
            return None
    return inputs


def _read_spec(step: Step, asset_key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The check of a union of sources: values that are there are read."""
    return [dg.AssetCheckSpec(READ, asset=asset_key, description=f"{SAYS}.".capitalize())] if step.losses else []


def _losses(running: Platform, step: Step) -> list[Loss] | None:
    """What a union of sources could not read; None for other tables."""
    if step.losses is None:
        return None
    return counted(running.lake.limited(step.sees), step, running.settings.reports)


def written(running: Platform, step: Step, inputs: dict[str, str]) -> tuple[Written, list[Loss] | None]:
    """Compute and write, with no other table in sight than those that the step declares.

    What a union of sources could not read is counted while the step still holds what it made its rows of.
    """
    lake = running.lake
    tune(running.spark, sum(lake.n_bytes(a) for a in step.reads), running.settings)
    seen = running.limited(step.sees)
    try:
        match step:
            case WritingStep():
                return step(seen, inputs), None
            case PlatformStep():
                return lake.upsert(step.table, step(seen.lake, seen), inputs), None
            case FrameStep():
                return lake.upsert(step.table, _rows(step, seen.lake, inputs), inputs), _losses(running, step)
            case _:
                raise TypeError(f"{type(step).__name__} is no kind of step")
    except Exception as error:
        raise_refusal(error)
        raise
    finally:
        release()


def _rows(step: FrameStep, lake: "Lake", inputs: dict[str, str]) -> "DataFrame":
    """Rows of a table; of a union only sources that hold rows and told something new are asked, the others' stand."""
    if step.of_sources is None or step.feeds is None:
        return step(lake)
    giving_now = giving(step.feeds, lake.holds)
    changed = _changed(step, lake, inputs) if step.is_by_source else None
    asked = giving_now if changed is None else giving_now & changed
    rows = step.of_sources(lake, asked) if asked else empty(lake.spark, step.table)
    if changed is None:
        return rows
    log(f"{step.address}: only {', '.join(sorted(changed)) or 'no source'} told something new")
    from pyspark.sql import functions as F

    stands = lake[step.address].filter(~F.col("source").isin(*changed)) if changed else lake[step.address]
    return rows.unionByName(stands) if asked else stands


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
    """What a step's result depends on: versions of what it reads, settings, what is no table, code."""
    settings = {f"settings.{name}": str(getattr(running.settings, name)) for name in step.settings}
    outside = {name: told(running) for name, told in step.also.items()}
    return running.lake.versions(step.reads) | settings | outside | {"code": version_of(step.modules)}


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
        if (outcome := kept_of(rule_of(rule), running.settings.reports, version)) is None:
            outcome = asked(rule, running.lake)
            keep(outcome, running.settings.reports, version)
        return next(iter(check_results([outcome], asset_key)))

    return check
