"""Is this machine ready? Each finding says what is, and how to mend what is not."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.jars import JarsMissing, jar_paths, java_home_problem
from pipelines.orchestration.home import dagster_home
from pipelines.privacy.pseudonyms import HOW_TO_MAKE_A_KEY
from pipelines.settings import ROOT, Settings, SettingsError, load, settings_file

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
    """Look at everything the platform needs; starts neither Spark nor a server."""
    looks = [_python, _java, _jars, _landing, _lake, _reports, _disk, _memory]
    looks += [_tracking, _dagster_home, _pseudonym_key, _port]
    return [look(settings) for look in looks]


def obstacle(settings: Settings) -> Finding | None:
    """Return the first thing that no run can go without and that is not well, if any."""
    needed = [_java, _landing, _lake, _reports, _tracking, _dagster_home]
    return next((found for look in needed if not (found := look(settings)).is_ok), None)


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
        jar_paths(settings.jars)
    findings = diagnose(settings)
    for found in findings:
        mark = "[green]✓[/green]" if found.is_ok else "[yellow]![/yellow]" if found.is_warning else "[red]✗[/red]"
        mend = "" if found.is_ok else f"\n    mend: {escape(found.mend)}"
        console.print(f"{mark} {found.name}: {escape(found.detail)}{mend}")
    grid = Table("Setting", "Value", "From", show_edge=False, header_style="bold")
    for name, value, origin in listed(settings):
        grid.add_row(name, escape(value), origin)
    console.print(grid)
    return all(f.is_ok or f.is_warning for f in findings)


def listed(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Each setting with its value and where it comes from; secrets are never shown."""
    for name in type(settings).model_fields:
        if f"GERLAND_{name.upper()}" in os.environ:
            origin = "environment"
        elif name in settings.model_fields_set:
            origin = str(settings_file())
        else:
            origin = "default"
        value = getattr(settings, name)
        yield name, str(dict.fromkeys(value, "**********") if name == "spark_conf" else value), origin


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
        found = jar_paths(settings.jars, fetch=False)
    except JarsMissing as missing:
        return Finding("Delta jars", False, str(missing), "gerland doctor --fix")
    return Finding("Delta jars", True, ", ".join(jar.name for jar in found))


def _landing(settings: Settings) -> Finding:
    root = str(settings.landing)
    if "://" in root:
        return Finding("Landing zone", True, f"{root} (object store, not looked at)")
    is_ok = Path(root).is_dir() and os.access(root, os.R_OK)
    detail = root if is_ok else f"{root} does not exist or can't be read"
    return Finding("Landing zone", is_ok, detail, f"gerland simulate --out {root}, or set GERLAND_LANDING")


def _lake(settings: Settings) -> Finding:
    root = str(settings.lake)
    if "://" in root:
        return Finding("Lake", True, f"{root} (object store, not looked at)")
    if "%" in root:  # Delta's reader decodes the path that its writer took as it is, and looks elsewhere
        return Finding("Lake", False, f"{root} holds a percent sign, which Delta can't read", "set GERLAND_LAKE")
    return _writable("Lake", root, Path(root), "set GERLAND_LAKE")


def _reports(settings: Settings) -> Finding:
    return _writable("Reports", str(settings.reports), settings.reports, "set GERLAND_REPORTS")


def _disk(settings: Settings) -> Finding:
    root = str(settings.lake)
    free = shutil.disk_usage(_nearest(Path(root) if "://" not in root else ROOT)).free
    return Finding("Disk", free >= NEEDED_DISK_BYTES, f"{free / 1024**3:.0f} GiB free", "free 5 GiB for the lake")


def _memory(settings: Settings) -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    detail = f"{total / 1024**3:.0f} GiB, of which {settings.spark_memory} for Spark"
    return Finding("Memory", total >= NEEDED_MEMORY_BYTES, detail, "set GERLAND_SPARK_MEMORY lower")


def _tracking(settings: Settings) -> Finding:
    if not settings.tracking.startswith("sqlite:///"):
        return Finding("MLflow", True, f"{settings.tracking.split('@')[-1]} (a server, not looked at)")
    folder = Path(settings.tracking.removeprefix("sqlite:///")).parent
    return _writable("MLflow", settings.tracking, folder, "set GERLAND_TRACKING to a file of yours")


def _dagster_home(_: Settings) -> Finding:
    home = dagster_home()
    is_ok = (home / "dagster.yaml").exists() and os.access(home, os.W_OK)
    return Finding("Dagster", is_ok, str(home), "point DAGSTER_HOME at the folder dagster_home of the repository")


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
