"""`gerland …`: the command line. Heavy imports stay inside the commands, so that `--help` answers at once.

Exit codes: 0 done; 1 failed, with one sentence on stderr; 2 wrong usage; 3 done, but a check failed that is no warning.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from pipelines.analyse import COMMANDS, help_of
from pipelines.commands import upkeep
from pipelines.commands.cases import command as cases
from pipelines.commands.compare import command as compare
from pipelines.commands.hashes import command as hashes
from pipelines.commands.options import AsOfOption, LakeOption, LandingOption, Stop, current, named_sources
from pipelines.commands.trace import command as trace
from pipelines.core.log import progress
from pipelines.evaluate.command import command as evaluate
from pipelines.files.store import place, written_to
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
LOCAL = "127.0.0.1"
_state = {"debug": False}


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

    code = run_main_job(_given(landing=landing, lake=lake, as_of=as_of), named_sources(sources), say=progress())
    if code:
        raise typer.Exit(CHECK_FAILED if code == "checks" else FAILED)


@app.command()
def simulate(
    out: Annotated[
        str, typer.Option(parser=place, metavar="PLACE", help="Folder or s3://… to write the landing zone to.")
    ],
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
    with written_to(out) as folder:
        write(folder, reports, seed, say, persons, null, load(families) if families else None)
    say(f"written to {out}; next: gerland run --landing {out}")


@app.command()
def fetch(source: Annotated[str, typer.Argument(help="Source to download.")], landing: LandingOption = None) -> None:
    """Download a source's files from its official addresses into the landing zone."""
    from pipelines.core.catalog import sources
    from pipelines.intake.fetch import fetch as download

    if source not in sources():
        raise Stop(f"there is no source {source!r}; known are {', '.join(sources())}")
    root = landing or str(current().landing)
    with written_to(root) as folder:
        for done in download(sources()[source].card, folder, progress()):
            typer.echo(str(done).replace(str(folder), root, 1))


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
    render(ask(str(lake or current().lake), query, as_of), style, out)


@app.command()
def tables(
    name: Annotated[str | None, typer.Argument(help="One table, such as silver.report.")] = None,
) -> None:
    """Show the data dictionary: all tables, or one with its columns."""
    from pipelines.commands.dictionary import show

    show(name)


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

    serve(current(), port, say=progress())


@app.command()
def workbench(
    port: Annotated[int, typer.Option(help="Port of the pages.")] = 3003,
    host: Annotated[str, typer.Option(help="Address to listen at; others than this machine reach 0.0.0.0.")] = LOCAL,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes that answer; else as set, or one a core, at most four.")
    ] = None,
) -> None:
    """Open the pages for assessors and epidemiologists in the browser's reach until interrupted."""
    from workbench.serve import serve

    settings = current()
    serve(
        settings.model_copy(update={"workbench_workers": workers or settings.workbench_workers}), port, progress(), host
    )


@app.command("serve")
def serve_one(
    name: Annotated[str, typer.Argument(help="code, dagster, daemon, mlflow, workbench, connect, master or worker.")],
    port: Annotated[int | None, typer.Option(help="Port; else that of the service.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen at; of a worker, empty: that of the machine.")] = LOCAL,
    code: Annotated[str, typer.Option(help="Where the code server is, for dagster and daemon.")] = "localhost:3004",
) -> None:
    """Become one server of the platform, as systemd, containers and pods start it; `gerland ui` starts all."""
    from pipelines.commands.services import SERVICES, Place, become

    if name not in SERVICES:
        raise Stop(f"there is no service {name!r}; known are {', '.join(SERVICES)}")
    become(name, current(), Place(host, port or SERVICES[name].port, code))


@app.command()
def share(
    name: Annotated[str, typer.Argument(help="Name of the recipient, such as inserm-lab.")],
    agency: Annotated[list[str] | None, typer.Option(help="Agency in whose right it reads; may be said twice.")] = None,
    purpose: Annotated[str, typer.Option(help="public_health, regulatory, statistics or research.")] = "regulatory",
    days: Annotated[int, typer.Option(min=1, max=366, help="Days that its token is good.")] = 90,
    revoke: Annotated[bool, typer.Option("--revoke", help="End the recipient.")] = False,
) -> None:
    """Give a machine a token for tables of the workbench, by Delta Sharing; prints the profile that its client takes.

    The token is shown once. Rows are those of its agencies; tables of single cases are shared with nobody.
    """
    from workbench.sharing import ShareError
    from workbench.sharing import command as shared

    try:
        typer.echo(shared(current(), name, tuple(agency or ()), purpose, days, revoke))
    except (ShareError, ValueError) as error:
        raise Stop(str(error)) from None


@app.command()
def flight(
    port: Annotated[int, typer.Option(help="Port of Flight SQL.")] = 3006,
    host: Annotated[str, typer.Option(help="Address to listen at; others than this machine need TLS.")] = LOCAL,
    certificate: Annotated[Path | None, typer.Option(help="File of the TLS certificate, with its chain.")] = None,
    key: Annotated[Path | None, typer.Option(help="File of its key.")] = None,
) -> None:
    """Answer SQL of recipients (`gerland share`) by Arrow Flight SQL: for R, SAS, Stata, ADBC and JDBC."""
    from workbench.flight import FlightError, serve

    try:
        serve(current(), port, progress(), host, (certificate, key) if certificate and key else None)
    except FlightError as error:
        raise Stop(str(error)) from None


@app.command()
def audit(
    act: Annotated[str, typer.Argument(help="verify: is every row as it was written? head: where the chain ends.")],
    heads: Annotated[Path | None, typer.Option(help="File of published heads; that of the reports' folder.")] = None,
) -> None:
    """Verify the audit of the workbench, or say where its chain ends. Exit code 1 where a row is not as written."""
    from workbench.audit import command

    if problems := command(current(), act, heads, typer.echo):
        raise Stop("; ".join(problems[:5]))


for _keeping in upkeep.COMMANDS:
    app.command()(_keeping)
app.command("cases")(cases)
app.command("compare")(compare)
app.command("trace")(trace)
app.command("evaluate")(evaluate)
app.command("hashes")(hashes)
for _name in COMMANDS:
    _command = import_module(f"pipelines.analyse.{_name}").command
    app.command(_name, help=help_of(_command))(_command)


def _given(**values: object) -> dict[str, str]:
    return {k: str(v) for k, v in values.items() if v is not None}


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
