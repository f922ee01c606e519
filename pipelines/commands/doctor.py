"""Is this machine ready? Each finding says what is, and how to mend what is not."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.jars import JarsMissing, jar_paths, java_home_problem
from pipelines.commands.probe import Answer, asked, remotes
from pipelines.core.addresses import is_store, shown
from pipelines.orchestration.home import CHOOSES, SHIPPED, dagster_home
from pipelines.privacy.pseudonyms import HOW_TO_MAKE_A_KEY
from pipelines.settings import ROOT, Settings, SettingsError, load, origin

NEEDED_DISK_BYTES = 5 * 1024**3
NEEDED_MEMORY_BYTES = 4 * 1024**3
LONG_ENOUGH = 16  # characters of a key


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is well, what was seen, and how to mend it."""

    name: str
    is_ok: bool
    detail: str
    mend: str = ""
    is_warning: bool = False


def diagnose(settings: Settings) -> list[Finding]:
    """Look at everything the platform needs, here and at the other services; starts neither Spark nor a server."""
    looks = [_python, _java, _jars, *_folders(settings), _reports, _disk, _memory, _dagster_home, _pseudonym_key, _port]
    found = [look(settings) for look in looks]
    return found + [_answered(answer) for answer in asked(list(remotes(settings)))]


def obstacle(settings: Settings) -> Finding | None:
    """Return the first thing that no run can go without and that is not well, if any; other services are asked last."""
    needed = [_java, *_folders(settings), _reports, _dagster_home]
    here = next((found for look in needed if not (found := look(settings)).is_ok), None)
    if here:
        return here
    answers = asked([service for service in remotes(settings) if service.is_needed])
    return next((_answered(answer) for answer in answers if answer.problem), None)


def _folders(settings: Settings) -> list[Callable[[Settings], Finding]]:
    """Looks at what lies in folders of this machine; the rest is asked of the services that hold it."""
    looks = {"landing": _landing, "lake": _lake, "tracking": _tracking}
    is_here = {"tracking": settings.tracking.startswith("sqlite:///")}
    return [look for name, look in looks.items() if is_here.get(name, "://" not in str(getattr(settings, name)))]


def _answered(answer: Answer) -> Finding:
    service = answer.remote
    seen = answer.problem or f"{shown(service.address)} ({answer.seen})"
    return Finding(service.name, not answer.problem, seen, f"start it, or set GERLAND_{service.setting.upper()}")


def report(fix: bool) -> bool:
    """Print the findings and the settings; fetch the jars first when `fix`. Returns whether all is well."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    try:
        settings = load()
    except SettingsError as error:
        console.print(f"[red]✗[/red] settings: {escape(str(error))}")
        return False
    if fix:
        jar_paths(settings.jars, with_store=settings.on_object_store)
    findings = diagnose(settings)
    for found in findings:
        mark = "[green]✓[/green]" if found.is_ok else "[yellow]![/yellow]" if found.is_warning else "[red]✗[/red]"
        mend = "" if found.is_ok else f"\n    mend: {escape(found.mend)}"
        console.print(f"{mark} {found.name}: {escape(found.detail)}{mend}")
    grid = Table("Setting", "Value", "From", show_edge=False, header_style="bold")
    for name, value, source in listed(settings):
        grid.add_row(name, escape(value), source)
    console.print(grid)
    return all(f.is_ok or f.is_warning for f in findings)


def listed(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Each setting with its value and where it comes from; secrets are never shown."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        said = str(dict.fromkeys(value, "**********") if name == "spark_conf" else value)
        yield name, shown(said), origin(name) if name in settings.model_fields_set else "default"


def _python(_: Settings) -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    is_ok = (3, 11) <= sys.version_info[:2] < (3, 13)
    return Finding("Python", is_ok, version, "make the environment with Python 3.11: `make setup`")


def _java(settings: Settings) -> Finding:
    if settings.spark_remote:
        return Finding("Java", True, "not needed here: Spark runs elsewhere")
    problem = java_home_problem()
    what, _, mend = (problem or "17 or newer").partition(": ")
    return Finding("Java", problem is None, what, mend)


def _jars(settings: Settings) -> Finding:
    try:
        found = jar_paths(settings.jars, fetch=False, with_store=settings.on_object_store)
    except JarsMissing as missing:
        return Finding("Jars", False, str(missing), "gerland doctor --fix")
    return Finding("Jars", True, f"{len(found)} in {settings.jars}")


def _landing(settings: Settings) -> Finding:
    root = str(settings.landing)
    is_ok = Path(root).is_dir() and os.access(root, os.R_OK)
    detail = root if is_ok else f"{root} does not exist or can't be read"
    return Finding("Landing zone", is_ok, detail, f"gerland simulate --out {root}, or set GERLAND_LANDING")


def _lake(settings: Settings) -> Finding:
    root = str(settings.lake)
    if "%" in root:  # Delta's reader decodes the path that its writer took as it is, and looks elsewhere
        return Finding("Lake", False, f"{root} holds a percent sign, which Delta can't read", "set GERLAND_LAKE")
    return _writable("Lake", root, Path(root), "set GERLAND_LAKE")


def _reports(settings: Settings) -> Finding:
    return _writable("Reports", str(settings.reports), settings.reports, "set GERLAND_REPORTS")


def _disk(settings: Settings) -> Finding:
    root = str(settings.lake)
    free = shutil.disk_usage(_nearest(Path(root) if not is_store(root) else ROOT)).free
    return Finding("Disk", free >= NEEDED_DISK_BYTES, f"{free / 1024**3:.0f} GiB free", "free 5 GiB for the lake")


def _memory(settings: Settings) -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    detail = f"{total / 1024**3:.0f} GiB, of which {settings.spark_memory} for Spark"
    return Finding("Memory", total >= NEEDED_MEMORY_BYTES, detail, "set GERLAND_SPARK_MEMORY lower")


def _tracking(settings: Settings) -> Finding:
    folder = Path(settings.tracking.removeprefix("sqlite:///")).parent
    return _writable("MLflow", settings.tracking, folder, "set GERLAND_TRACKING to a file of yours")


def _dagster_home(settings: Settings) -> Finding:
    home, mend = dagster_home(), "point DAGSTER_HOME at the folder dagster_home of the repository"
    file = home / SHIPPED.name
    if not file.exists() or not os.access(home, os.W_OK):
        return Finding("Dagster", False, f"{home} can't be written, or holds no {SHIPPED.name}", mend)
    if settings.dagster and CHOOSES not in file.read_text():
        return Finding("Dagster", False, f"{file} is of an earlier release and takes no database", mend)
    return Finding("Dagster", True, str(home))


def _pseudonym_key(settings: Settings) -> Finding:
    key = settings.pseudonym_key
    if key is None:
        detail = "none: identifiers of files that are not simulated are refused"
        return Finding("Pseudonym key", False, detail, HOW_TO_MAKE_A_KEY, is_warning=True)
    is_long = len(key.get_secret_value()) >= LONG_ENOUGH
    detail = f"set, version {settings.pseudonym_key_version}" + ("" if is_long else ", and short enough to be guessed")
    return Finding("Pseudonym key", is_long, detail, HOW_TO_MAKE_A_KEY, is_warning=True)


def _port(_: Settings) -> Finding:
    with socket.socket() as probe:
        is_ok = probe.connect_ex(("127.0.0.1", 3000)) != 0
    return Finding("Port 3000", is_ok, "free" if is_ok else "in use", "gerland ui --port 3100", is_warning=True)


def _writable(name: str, said: str, folder: Path, mend: str) -> Finding:
    """Try to write where a folder is or would be made: rights say nothing of a file in its place or a full disk."""
    nearest = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return Finding(name, True, said)
    except NotADirectoryError:
        return Finding(name, False, f"{said} can't be written: {nearest} is a file", mend)
    except OSError as error:
        return Finding(name, False, f"{said} can't be written ({(error.strerror or 'unknown').lower()})", mend)


def _nearest(path: Path) -> Path:
    return next(p for p in (path, *path.absolute().parents) if p.exists())
