"""When things run: the jobs, the nightly schedule, and the sensor that watches the landing zone."""

import hashlib
from collections.abc import Iterator

import dagster as dg

from pipelines.core.log import log
from pipelines.defs.resources import PlatformResource

MAIN_JOB = "build_lake"

build_lake = dg.define_asset_job(
    MAIN_JOB,
    selection=dg.AssetSelection.all(),
    description="The main job, from landed files to signals. Steps without new input write nothing.",
)
ingest = dg.define_asset_job(
    "ingest",
    selection=dg.AssetSelection.key_prefixes("bronze"),
    description="Landed files to bronze only.",
)
rescore = dg.define_asset_job(
    "rescore",
    selection=dg.AssetSelection.groups("gold"),
    description="Gold tables and signals from the silver that stands.",
)


@dg.op(description="Every byte of the lake against what was written; fails where something is damaged.")
def verify_lake(platform: PlatformResource) -> None:
    """Read the lake whole."""
    from pipelines.upkeep.verify import verify_lake as verify

    if damaged := verify(str(platform.open().settings.lake), None, log):
        raise dg.Failure(f"{len(damaged)} tables are damaged: {', '.join(found.name for found in damaged)}")


@dg.op(ins={"after": dg.In(dg.Nothing)}, description="A dated copy of the lake, where the settings name a folder.")
def backup_lake(platform: PlatformResource) -> None:
    """Copy the lake, and let go of the oldest copies."""
    from pipelines.upkeep.backup import backup_dated

    settings = platform.open().settings
    if settings.backups is None:
        log("no backup: the setting 'backups' names no folder")
    else:
        backup_dated(str(settings.lake), settings.backups, settings.backups_kept, log)


@dg.op(ins={"after": dg.In(dg.Nothing)}, description="Tables that lie in many small files, written together.")
def compact_lake(platform: PlatformResource) -> None:
    """Write small files together."""
    from pipelines.upkeep.compact import compact_lake as compact

    compact(str(platform.open().settings.lake), log)


@dg.op(ins={"after": dg.In(dg.Nothing)}, description="Files that no version stands on, once they are old enough.")
def vacuum_lake(platform: PlatformResource) -> None:
    """Take away what nobody reads."""
    from pipelines.upkeep.verify import vacuum_lake as vacuum

    settings = platform.open().settings
    vacuum(str(settings.lake), settings.keep_days, log)


@dg.job(
    description="Is the lake what was written to it? Then it is copied, compacted, and what nobody reads taken away."
)
def upkeep() -> None:
    """Verify, copy, compact, then sweep: what is damaged is neither copied nor swept."""
    vacuum_lake(compact_lake(backup_lake(verify_lake())))


weekly = dg.ScheduleDefinition(
    name="weekly",
    job=upkeep,
    cron_schedule="0 12 * * 0",
    execution_timezone="Europe/Paris",
    description="The lake is verified, copied, compacted and swept every Sunday at noon, Paris time.",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
nightly = dg.ScheduleDefinition(
    name="nightly",
    job=build_lake,
    cron_schedule="0 3 * * *",
    execution_timezone="Europe/Paris",
    description="The main job every night at three, Paris time.",
)


@dg.sensor(
    job=build_lake,
    minimum_interval_seconds=30,
    description="Starts the main job when a file is delivered to the landing zone or changed there.",
)
def landing_zone(
    context: dg.SensorEvaluationContext, platform: PlatformResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Compare the listing of the landing zone (paths, sizes, times) with the one of the last look."""
    from pyarrow import fs

    from pipelines.files.store import file_system

    system, base = file_system(str(platform.settings().landing))
    infos = system.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True))
    files = sorted((i.path, i.size, i.mtime_ns) for i in infos if i.type == fs.FileType.File)
    seen = hashlib.sha256(repr(files).encode()).hexdigest()[:16]
    if not files:
        yield dg.SkipReason("the landing zone is empty")
    elif seen == context.cursor:
        yield dg.SkipReason(f"no change among {len(files)} files")
    else:
        context.update_cursor(seen)
        yield dg.RunRequest(run_key=seen, tags={"landing": seen})
