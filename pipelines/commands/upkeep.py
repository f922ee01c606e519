"""Commands that keep a lake: deliveries and their withdrawal, verification, backup, erasure."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options import LakeOption, LandingOption, Stop, current, named_sources
from pipelines.core.log import progress


def deliveries(
    source: Annotated[str | None, typer.Option(help="Of these sources only, comma-separated.")] = None,
    status: Annotated[
        str | None, typer.Option(help="Of this status only: accepted, refused, failed, withdrawn, replaced …")
    ] = None,
    format: Annotated[str, typer.Option(help="table, vertical, csv, json or parquet; as `gerland sql`.")] = "",
    out: Annotated[Path | None, typer.Option(help="File to write; parquet needs one.")] = None,
    lake: LakeOption = None,
) -> None:
    """List what was delivered: each file with its date, what came of it, its counts of rows and why."""
    from pipelines.output.render import check, render, style_of
    from pipelines.upkeep.deliveries import listed

    style = format or style_of(out)
    check(style, out)
    render(listed(str(lake or current().lake), named_sources(source), status), style, out)


def withdraw(
    delivery: Annotated[list[str], typer.Argument(help="Deliveries, as `gerland deliveries` names them.")],
    reason: Annotated[str, typer.Option(help="Why; kept with your name and the time.")],
    lake: LakeOption = None,
) -> None:
    """Take deliveries out of the lake: their rows leave, their files are not read again. `reread` undoes it."""
    from pipelines.upkeep.deliveries import withdraw as take_out

    take_out(str(lake or current().lake), delivery, reason, progress())


def reread(
    delivery: Annotated[list[str], typer.Argument(help="Deliveries, as `gerland deliveries` names them.")],
    reason: Annotated[str, typer.Option(help="Why; kept with your name and the time.")] = "asked for",
    lake: LakeOption = None,
    landing: LandingOption = None,
) -> None:
    """Have the next run read deliveries again, withdrawn ones too; what was read stays until then."""
    from pipelines.upkeep.deliveries import reread as ask_again

    ask_again(str(lake or current().lake), str(landing or current().landing), delivery, reason, progress())


def verify(
    table: Annotated[str | None, typer.Argument(help="One table, such as silver.report; else all.")] = None,
    lake: LakeOption = None,
    landing: LandingOption = None,
    repair: Annotated[bool, typer.Option("--repair", help="Set damaged tables aside, to be made again.")] = False,
) -> None:
    """Read every byte of the lake and compare it with what was written. Exit code 1 where something is damaged."""
    from pipelines.lake.lease import hold
    from pipelines.upkeep.verify import repair as put_right
    from pipelines.upkeep.verify import verify_lake

    root, say = str(lake or current().lake), progress()
    if repair:
        hold(root)
    damaged = verify_lake(root, table, say)
    if damaged and repair:
        put_right(root, str(landing or current().landing), damaged, say)
    elif damaged:
        raise Stop(f"{len(damaged)} tables are damaged; `gerland verify --repair` has them made again")


def vacuum(
    lake: LakeOption = None,
    keep_days: Annotated[int | None, typer.Option(min=1, help="Days that files of no version are kept.")] = None,
) -> None:
    """Take away files that no version of a table stands on: what killed runs left, and what was replaced."""
    from pipelines.lake.lease import hold
    from pipelines.upkeep.verify import vacuum_lake

    root = str(lake or current().lake)
    hold(root)
    vacuum_lake(root, keep_days or current().keep_days, progress())


def compact(lake: LakeOption = None) -> None:
    """Write tables together that lie in many small files. No row changes, and no step is due for it."""
    from pipelines.lake.lease import hold
    from pipelines.upkeep.compact import compact_lake

    root = str(lake or current().lake)
    hold(root)
    compact_lake(root, progress())


def metrics(
    out: Annotated[Path | None, typer.Option(help="File to write, for node exporter's textfile collector.")] = None,
) -> None:
    """Say the figures of the platform as Prometheus reads them: rows, bytes, seconds, refused, quarantined, ages."""
    from dagster import DagsterInstance
    from prometheus_client import generate_latest

    from pipelines.orchestration.home import prepared_home
    from pipelines.upkeep.metrics import registry, write

    os.environ["DAGSTER_HOME"] = str(prepared_home())
    with DagsterInstance.get() as instance:
        if out:
            write(current(), instance, out)
        else:
            typer.echo(generate_latest(registry(current(), instance)).decode())


def backup(
    to: Annotated[Path, typer.Argument(help="Folder of its own, empty or not there yet.")],
    lake: LakeOption = None,
) -> None:
    """Copy the lake, with the size and SHA-256 of every file. Keys of pseudonyms are not part of it."""
    from pipelines.upkeep.backup import backup as copy

    copy(str(lake or current().lake), to, progress())


def restore(
    source: Annotated[Path, typer.Argument(help="Folder that `gerland backup` wrote.")],
    lake: LakeOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in place of what the lake holds.")] = False,
    erasures: Annotated[
        list[Path] | None, typer.Option(help="A newer lake or backup: who is erased there is erased; can be repeated.")
    ] = None,
) -> None:
    """Put a backup where the lake is, after every file of it was found as it was written.

    Who was erased from the lake that it replaces is erased from it before it takes its place.
    """
    from pipelines.lake.platform import Platform
    from pipelines.upkeep.backup import restore as put_back
    from pipelines.upkeep.erase import erasing_again

    root, say = str(lake or current().lake), progress()
    known_by = [root, *map(str, erasures or [])]
    put_back(source, root, replace, say, erasing_again(known_by, Platform(current()).pseudonymiser, say))


def erase(
    pseudonym: Annotated[str, typer.Argument(help="The person as the lake has them: p1_… (see `gerland pseudonym`).")],
    reason: Annotated[str, typer.Option(help="Why; it is kept, so without a name in it.")],
    lake: LakeOption = None,
    backup: Annotated[
        list[Path] | None, typer.Option(help="A backup of the lake, erased too; can be repeated.")
    ] = None,
) -> None:
    """Erase one person: out of every table, version and report, with a search as proof; what comes later stays out."""
    from pipelines.upkeep.erase import erase_everywhere

    settings, say = current(), progress()
    erase_everywhere(settings, str(lake or settings.lake), backup or [], pseudonym, reason, say)


def pseudonym() -> None:
    """Say the pseudonym of an identifier, read from standard input so that it stands in no history of commands."""
    from pipelines.lake.platform import Platform

    said = Platform(current()).pseudonymiser(sys.stdin.read())
    if said is None:
        raise Stop("that says that there is no identifier")
    typer.echo(said)


COMMANDS = (deliveries, withdraw, reread, verify, vacuum, compact, metrics, backup, restore, erase, pseudonym)
