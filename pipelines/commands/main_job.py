"""The main job as a command: through Dagster, with progress, a summary and a report at the end."""

from __future__ import annotations

import datetime as dt
import os
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any, Literal, NamedTuple

from pipelines.files.store import at_hand
from pipelines.lake.lease import hold, release
from pipelines.orchestration.dead_runs import close_dead_runs, process_tag
from pipelines.orchestration.home import dagster_home
from pipelines.privacy.owner_only import owner_only
from pipelines.settings import HOME, Settings, SettingsError, load

Say = Callable[[str], None]
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
TOP = 5
CHECKS = {"DagsterAssetCheckFailedError", "RulesBroken"}  # classes of a step's failure that a broken rule is


def run_main_job(given: dict[str, str], sources: list[str], say: Say) -> Literal["", "checks", "failed"]:
    """Run every asset in one process; returns what went wrong: nothing, a check that is no warning, or a step."""
    owner_only()
    settings = load(**given, **({"sources": sources} if sources else {}))
    _checked(settings)
    hold(str(settings.lake))
    try:
        return _run(settings, given, sources, say)
    finally:
        release(str(settings.lake))


def _run(settings: Settings, given: dict[str, str], sources: list[str], say: Say) -> Literal["", "checks", "failed"]:
    os.environ["DAGSTER_HOME"] = str(dagster_home())
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "true")
    started = time.monotonic()
    from pipelines.intake.survey import is_quiet

    if is_quiet(str(settings.landing), str(settings.lake)):
        say("starting Dagster; nothing was landed since the last look")
    else:
        say("starting Dagster and Spark")
        Thread(target=_warmed, args=(settings,), daemon=True).start()

    import dagster as dg

    from pipelines.defs.automation import MAIN_JOB
    from pipelines.orchestration.recorded import execute

    warnings.filterwarnings("ignore", category=DeprecationWarning)
    config: dict[str, Any] = {"resources": {"platform": {"config": {**given, "sources": sources}}}, **QUIET}
    instance = dg.DagsterInstance.get()
    for run_id in close_dead_runs(instance):
        say(f"run {run_id[:8]} was killed: closed, going on from what it had written")
    result = execute(MAIN_JOB, config, process_tag(), instance)
    events = list(result.all_events)
    failed = [e for e in events if e.is_step_failure] or [e for e in events if e.is_failure]
    checks = _broken(events)
    for event in failed:
        say(f"FAILED {event.step_key or 'run'}: {_cause(event)}")
    for check in checks:
        say(f"CHECK {check.asset_key.to_user_string()} {check.check_name} ({check.severity.value})")
    seconds = time.monotonic() - started
    say(f"main job {'failed' if failed else 'done'} in {seconds:.0f} s, run {result.run_id[:8]}")
    if failed:
        from expectations.outcomes import all_kept

        say(f"validation: {_validation(settings, all_kept(settings.reports))}")
        return "checks" if all(map(_is_of_check, failed)) else "failed"
    if not settings.as_of:
        from pipelines.upkeep.rotation import forget_former

        forget_former(str(settings.lake), say)
    _finish(settings, result.run_id, seconds, say)
    return "checks" if any(check.severity.value == "ERROR" for check in checks) else ""


def _warmed(settings: Settings) -> None:
    """Start the engine while Dagster loads; what fails here fails again, and is told, where a step asks for it."""
    from pipelines.frames.spark import session

    with suppress(Exception):
        session(settings).range(1).count()


def _finish(settings: Settings, run_id: str, seconds: float, say: Say) -> None:
    """Write the reports and say what there is and what to type next."""
    import polars as pl

    from expectations.outcomes import all_kept
    from pipelines.core.code import code_version
    from pipelines.lake.query import query
    from pipelines.orchestration.missing import missing
    from pipelines.report.links import write_links
    from pipelines.report.page import write

    def ask(sql: str) -> pl.DataFrame:
        found = pl.from_arrow(query(str(settings.lake), sql, settings.as_of))
        assert isinstance(found, pl.DataFrame)
        return found

    outcomes = all_kept(settings.reports)
    suffix = _suffix(settings)
    facts = {
        "data_state": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "code_version": code_version(),
        "as_of": settings.as_of or "",
        "run_id": run_id[:8],
        "run_seconds": seconds,
    }
    said = [
        _Told(o.rule.table, o.rule.says, o.success, o.rule.severity, o.n_rows, o.n_unexpected, o.rule.advice)
        for o in outcomes
        if o.success is not None
    ]
    with at_hand(f"{settings.landing}/truth") as planted:
        truth = planted if any(planted.glob("*")) else None
        page = write(ask, settings.reports / f"signals{suffix}.html", facts=facts, truth=truth, outcomes=said)
    links = write_links(ask, settings.reports / f"duplicates{suffix}.html")
    checks = _validation(settings, outcomes)
    _summary(ask, outcomes)
    for line in missing(settings, ask):
        say(line)
    option = f" --lake {settings.lake}" if str(settings.lake) != str(HOME / "data" / "lake") else ""
    option += f" --as-of {settings.as_of}" if settings.as_of else ""
    say(f"report: {page}")
    say(f"duplicates: {links}")
    say(f"validation: {checks}")
    say(f'next: gerland sql{option} "SELECT * FROM gold.signal WHERE is_latest AND is_new ORDER BY eb05 DESC LIMIT 20"')
    say("next: gerland ui   (Dagster and MLflow in the browser)")


def _validation(settings: Settings, outcomes: Sequence[Any]) -> Path:
    """Write the validation report of what is known: a run that failed tells as much as it found."""
    from expectations.report import write_validation

    return write_validation(outcomes, settings.reports / f"validation{_suffix(settings)}.html")


def _suffix(settings: Settings) -> str:
    """What the names of a past lake's reports end in."""
    return f"-as-of-{settings.as_of}" if settings.as_of else ""


class _Told(NamedTuple):
    """An outcome as the report shows it."""

    address: str
    rule: str
    success: bool
    severity: str
    n_rows: int
    n_unexpected: int
    advice: str


def _summary(ask: Callable[[str], Any], outcomes: Iterable[Any]) -> None:
    """Print what the lake holds now and the signals to look at first."""
    from pipelines.output.render import show

    show(
        ask(
            "SELECT source, domain, count(*) AS reports, sum(is_retracted::int) AS retracted, "
            "sum((NOT is_cluster_head)::int) AS duplicates, round(avg(completeness), 2) AS completeness "
            "FROM silver.report GROUP BY ALL ORDER BY reports DESC"
        ).to_arrow()
    )
    show(
        ask(
            "SELECT population, count(*) AS pairs, sum(is_prr_signal::int) AS prr, sum(is_ror_signal::int) AS ror, "
            "sum(is_ic_signal::int) AS ic, sum(is_ebgm_signal::int) AS ebgm, sum(is_new::int) AS new "
            "FROM gold.signal WHERE is_latest GROUP BY ALL ORDER BY pairs DESC"
        ).to_arrow()
    )
    show(
        ask(
            "SELECT population, substance_name, term_name, a, expected, ic025, eb05, is_new FROM gold.signal "
            "WHERE is_latest AND population IN ('human', 'veterinary') QUALIFY "
            f"row_number() OVER (PARTITION BY population ORDER BY coalesce(eb05, -1) DESC, ic025 DESC) <= {TOP} "
            "ORDER BY population, eb05 DESC"
        ).to_arrow()
    )
    kept = list(outcomes)
    broken = [o for o in kept if o.success is False]
    passed = sum(o.success is True for o in kept)
    from rich.console import Console

    Console().print(f"{passed} rules hold, {len(broken)} are broken, {len(kept) - passed - len(broken)} do not apply")


def _checked(settings: Settings) -> None:
    """Say at once what would stop every step; raises `SettingsError` or `JarsMissing`."""
    from infra.jars import jar_paths
    from pipelines.commands.doctor import obstacle

    if found := obstacle(settings):
        raise SettingsError(f"{found.name}: {found.detail}; {found.mend}")
    if not settings.spark_remote:
        jar_paths(settings.jars, with_store=settings.on_object_store)
    if settings.as_of:
        try:
            dt.date.fromisoformat(settings.as_of)
        except ValueError:
            raise SettingsError(f"setting 'as_of' is wrong: {settings.as_of!r} is no date YYYY-MM-DD") from None


def _broken(events: list[Any]) -> list[Any]:
    """Evaluations of checks that did not pass."""
    data = [e.event_specific_data for e in events if e.event_type_value == "ASSET_CHECK_EVALUATION"]
    return [d for d in data if not d.passed]


def _is_of_check(event: Any) -> bool:
    """Tell whether a step ended because a blocking check did not pass, by the class of its failure."""
    error, kinds = event.event_specific_data.error, []
    while error:
        kinds.append(error.cls_name)
        error = error.cause
    return not CHECKS.isdisjoint(kinds)


def _cause(event: Any) -> str:
    from pipelines.orchestration.errors import sentence

    error = event.event_specific_data.error
    while error and error.cause:
        error = error.cause
    if error is None:
        return "unknown"
    name, _, message = error.message.strip().partition(": ")
    kind = name.rsplit(".", 1)[-1]
    return sentence(type(kind, (Exception,), {})(message or name))
