"""`gerland …`: the command line. Heavy imports stay inside the commands, so that `--help` answers at once.

Exit codes: 0 done; 1 failed, with one sentence on stderr; 2 wrong usage; 3 done, but a check failed that is no warning.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from pipelines.analyse import COMMANDS, help_of
from pipelines.commands.cases import command as cases
from pipelines.commands.compare import command as compare
from pipelines.core.log import progress
from pipelines.evaluate.command import command as evaluate
from pipelines.privacy.owner_only import owner_only

app = typer.Typer(
    name="gerland",
    help="One-Health signal platform: files of the authorities to a Delta lakehouse, checked, with ranked signals.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
FAILED, CHECK_FAILED = 1, 3
_state = {"debug": False}

LandingOption = Annotated[Path | None, typer.Option(help="Landing zone: one folder per source.")]
LakeOption = Annotated[Path | None, typer.Option(help="Folder of the lake.")]
AsOfOption = Annotated[str | None, typer.Option(help="Show what was known on this date (YYYY-MM-DD).")]


class Stop(Exception):
    """End the command with one sentence."""


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,
) -> None:
    """Options of every command."""
    _state["debug"] = debug
    owner_only()


@app.command()
def run(
    landing: LandingOption = None,
    lake: LakeOption = None,
    sources: Annotated[str | None, typer.Option(help="Ingest these sources only, comma-separated.")] = None,
    as_of: AsOfOption = None,
) -> None:
    """Run the main job: landed files to bronze, silver, gold, signals and a report."""
    from pipelines.commands.main_job import run_main_job

    code = run_main_job(_given(landing=landing, lake=lake, as_of=as_of), _listed(sources), say=progress())
    if code:
        raise typer.Exit(CHECK_FAILED if code == "checks" else FAILED)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder to write the landing zone to.")],
    reports: Annotated[int, typer.Option(min=100, help="Adverse-event reports in the simulated world.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed writes the same bytes.")] = 1,
    persons: Annotated[int | None, typer.Option(min=200, help="People who take medicines; as the reports.")] = None,
    null: Annotated[
        bool, typer.Option("--null", help="Plant no signal and no artefact: every alert is false.")
    ] = False,
    families: Annotated[
        Path | None, typer.Option(help="Harms and artefacts to plant, TOML or YAML, as for gerland evaluate.")
    ] = None,
) -> None:
    """Write the files of every source from one simulated country, with the planted truth beside them."""
    from pipelines.simulator.write import simulate as write
    from pipelines.simulator.years.families import load

    say = progress()
    write(out, reports, seed, say, persons, null, load(families) if families else None)
    say(f"written to {out}; next: gerland run --landing {out}")


@app.command()
def fetch(source: Annotated[str, typer.Argument(help="Source to download.")], landing: LandingOption = None) -> None:
    """Download a source's files from its official addresses into the landing zone."""
    from pipelines.core.catalog import sources
    from pipelines.intake.fetch import fetch as download

    if source not in sources():
        raise Stop(f"there is no source {source!r}; known are {', '.join(sources())}")
    target = landing or Path(_settings().landing)
    for done in download(sources()[source].card, target, progress()):
        typer.echo(done)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="SQL over tables named layer.table.")],
    format: Annotated[
        str, typer.Option(help="table, vertical, csv, json or parquet; else what the ending of --out says.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="File to write; parquet needs one.")] = None,
    lake: LakeOption = None,
    as_of: AsOfOption = None,
) -> None:
    """Query the lake with SQL. Starts no Java and answers in about two seconds."""
    from pipelines.lake.query import query as ask
    from pipelines.output.render import check, render, style_of

    style = format or style_of(out)
    check(style, out)
    render(ask(str(lake or _settings().lake), query, as_of), style, out)


@app.command()
def tables(
    name: Annotated[str | None, typer.Argument(help="One table, such as silver.report.")] = None,
) -> None:
    """Show the data dictionary: all tables, or one with its columns."""
    from pipelines.commands.dictionary import show

    show(name)


@app.command()
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
    render(listed(str(lake or _settings().lake), _listed(source), status), style, out)


@app.command()
def withdraw(
    delivery: Annotated[list[str], typer.Argument(help="Deliveries, as `gerland deliveries` names them.")],
    reason: Annotated[str, typer.Option(help="Why; kept with your name and the time.")],
    lake: LakeOption = None,
) -> None:
    """Take deliveries out of the lake: their rows leave, their files are not read again. `reread` undoes it."""
    from pipelines.upkeep.deliveries import withdraw as take_out

    take_out(str(lake or _settings().lake), delivery, reason, progress())


@app.command()
def reread(
    delivery: Annotated[list[str], typer.Argument(help="Deliveries, as `gerland deliveries` names them.")],
    reason: Annotated[str, typer.Option(help="Why; kept with your name and the time.")] = "asked for",
    lake: LakeOption = None,
    landing: LandingOption = None,
) -> None:
    """Have the next run read deliveries again, withdrawn ones too; what was read stays until then."""
    from pipelines.upkeep.deliveries import reread as ask_again

    ask_again(str(lake or _settings().lake), str(landing or _settings().landing), delivery, reason, progress())


@app.command()
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

    root, say = str(lake or _settings().lake), progress()
    if repair:
        hold(root)
    damaged = verify_lake(root, table, say)
    if damaged and repair:
        put_right(root, str(landing or _settings().landing), damaged, say)
    elif damaged:
        raise Stop(f"{len(damaged)} tables are damaged; `gerland verify --repair` has them made again")


@app.command()
def vacuum(
    lake: LakeOption = None,
    keep_days: Annotated[int | None, typer.Option(min=1, help="Days that files of no version are kept.")] = None,
) -> None:
    """Take away files that no version of a table stands on: what killed runs left, and what was replaced."""
    from pipelines.lake.lease import hold
    from pipelines.upkeep.verify import vacuum_lake

    root = str(lake or _settings().lake)
    hold(root)
    vacuum_lake(root, keep_days or _settings().keep_days, progress())


@app.command()
def backup(
    to: Annotated[Path, typer.Argument(help="Folder of its own, empty or not there yet.")],
    lake: LakeOption = None,
) -> None:
    """Copy the lake, with the size and SHA-256 of every file. Keys of pseudonyms are not part of it."""
    from pipelines.upkeep.backup import backup as copy

    copy(str(lake or _settings().lake), to, progress())


@app.command()
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

    root, say = str(lake or _settings().lake), progress()
    known_by = [root, *map(str, erasures or [])]
    put_back(source, root, replace, say, erasing_again(known_by, Platform(_settings()).pseudonymiser, say))


@app.command()
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

    settings, say = _settings(), progress()
    erase_everywhere(settings, str(lake or settings.lake), backup or [], pseudonym, reason, say)


@app.command()
def pseudonym() -> None:
    """Say the pseudonym of an identifier, read from standard input so that it stands in no history of commands."""
    from pipelines.lake.platform import Platform

    said = Platform(_settings()).pseudonymiser(sys.stdin.read())
    if said is None:
        raise Stop("that says that there is no identifier")
    typer.echo(said)


@app.command()
def doctor(fix: Annotated[bool, typer.Option("--fix", help="Fetch what can be fetched.")] = False) -> None:
    """Check Java, jars, settings and disk, and say how to mend each."""
    from pipelines.commands.doctor import report

    if not report(fix):
        raise typer.Exit(FAILED)


@app.command()
def ui(
    port: Annotated[
        int, typer.Option(help="Port of Dagster; MLflow, the documentation and the workbench take the next.")
    ] = 3000,
) -> None:
    """Open Dagster, MLflow, the documentation and the workbench in the browser's reach until interrupted."""
    from pipelines.commands.ui import serve

    serve(_settings(), port, say=progress())


@app.command()
def workbench(
    port: Annotated[int, typer.Option(help="Port of the pages.")] = 3003,
) -> None:
    """Open the pages for assessors and epidemiologists in the browser's reach until interrupted."""
    from workbench.serve import serve

    serve(_settings(), port, say=progress())


@app.command()
def audit(
    act: Annotated[str, typer.Argument(help="verify: is every row as it was written? head: where the chain ends.")],
    heads: Annotated[Path | None, typer.Option(help="File of published heads; that of the reports' folder.")] = None,
) -> None:
    """Verify the audit of the workbench, or say where its chain ends. Exit code 1 where a row is not as written."""
    from workbench.audit import command

    if problems := command(_settings(), act, heads, typer.echo):
        raise Stop("; ".join(problems[:5]))


app.command("cases")(cases)
app.command("compare")(compare)
app.command("evaluate")(evaluate)
for _name in COMMANDS:
    _command = import_module(f"pipelines.analyse.{_name}").command
    app.command(_name, help=help_of(_command))(_command)


def _settings() -> Any:
    from pipelines.settings import settings

    return settings()


def _given(**values: object) -> dict[str, str]:
    return {k: str(v.absolute() if isinstance(v, Path) else v) for k, v in values.items() if v is not None}


def _listed(text: str | None) -> list[str]:
    from pipelines.core.catalog import sources

    names = [part.strip() for part in (text or "").split(",") if part.strip()]
    if unknown := [n for n in names if n not in sources()]:
        raise Stop(f"there is no source {unknown[0]!r}; known are {', '.join(sources())}")
    return names


def _fail(message: str) -> NoReturn:
    sys.stderr.write(f"gerland: {message}\n")
    raise SystemExit(FAILED)


def main() -> None:
    """Entry point: an error is one sentence; its trace is behind `--debug`."""
    from pipelines.orchestration.errors import sentence

    try:
        app()
    except Exception as error:
        if _state["debug"]:
            raise
        _fail(sentence(error))


if __name__ == "__main__":
    main()
