"""Jars that Spark lacks: Delta's two, and those of an object store. Locked by checksum, fetched once by Ivy.

What keeps Delta's log on an object store is built from `infra/log_store` by Maven, when a lake first lies on one.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

DELTA, STORE = Path(__file__).with_name("jars.lock"), Path(__file__).with_name("jars_s3.lock")
LOG_STORE = Path(__file__).with_name("log_store")
NO_NETWORK = "check the network (or the Java proxy settings), then run again"


class JarsMissing(Exception):
    """Jars can't be had; the message says why and what to do."""


@dataclass(frozen=True)
class Jar:
    """One line of a lock: group, artifact, version, sha256."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Name under which the jar is kept."""
        return f"{self.artifact}-{self.version}.jar"


def locked(lock: Path) -> Iterator[Jar]:
    """Jars of a lock."""
    for line in lock.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            coordinate, digest = line.split()
            group, artifact, version = coordinate.split(":")
            yield Jar(group, artifact, version, digest.removeprefix("sha256:"))


def jar_paths(folder: Path, *, fetch: bool = True, with_store: bool = False) -> list[Path]:
    """Paths of the locked jars in `folder`, with those of an object store if asked; fetched if they are not there.

    Raises `JarsMissing` where they can't be had or are not the locked bytes.
    """
    jars = [jar for lock in ((DELTA, STORE) if with_store else (DELTA,)) for jar in locked(lock)]
    if lacking := [jar for jar in jars if not (folder / jar.file_name).exists()]:
        if not fetch:
            raise JarsMissing(f"{lacking[0].file_name} is not in {folder}; run `gerland doctor --fix`")
        _fetch(lacking, folder)
    for jar in jars:
        path = folder / jar.file_name
        if hashlib.sha256(path.read_bytes()).hexdigest() != jar.sha256:
            raise JarsMissing(f"{path} is not the locked file (checksum differs); delete it and run again")
    own = [_log_store(folder, fetch)] if with_store else []
    return [*(folder / jar.file_name for jar in jars), *own]


def java_home_problem() -> str | None:
    """What is wrong with Java here, in one sentence; None when it is 17 or newer."""
    java = java_command()
    if java is None:
        return "Java is missing: install a Java 17 runtime, or point JAVA_HOME at one"
    out = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603
    version = re.search(r'version "(\d+)', out.stderr + out.stdout)
    if not version:
        return f"{java} does not say its version: install a Java 17 runtime, or point JAVA_HOME at one"
    if int(version.group(1)) < 17:
        return f"Java {version.group(1)} is too old: Spark 4 needs Java 17; install it, or point JAVA_HOME at it"
    return None


def java_command() -> str | None:
    """Return the java command that Spark will use, if any."""
    home = os.environ.get("JAVA_HOME")
    if home and (Path(home) / "bin" / "java").exists():
        return str(Path(home) / "bin" / "java")
    return shutil.which("java")


def _fetch(jars: Sequence[Jar], folder: Path) -> None:
    import pyspark

    if problem := java_home_problem():
        raise JarsMissing(problem)
    ivy = next((Path(pyspark.__file__).parent / "jars").glob("ivy-*.jar"))
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        wanted = Path(work) / "wanted.xml"
        wanted.write_text(_wanted(jars))
        command = [java_command() or "java", "-cp", str(ivy), "org.apache.ivy.Main", "-cache", f"{work}/cache"]
        command += ["-ivy", str(wanted), "-retrieve", f"{work}/[artifact]-[revision].[ext]"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        lacking = [jar for jar in jars if not (Path(work) / jar.file_name).exists()]
        if done.returncode or lacking:
            named = lacking[0] if lacking else jars[0]
            raise JarsMissing(
                f"{named.group}:{named.artifact}:{named.version} could not be fetched from Maven Central: {NO_NETWORK}"
            )
        for jar in jars:
            (Path(work) / jar.file_name).replace(folder / jar.file_name)


def _wanted(jars: Sequence[Jar]) -> str:
    """What Ivy is asked for: these jars alone, without what they name themselves."""
    named = [
        f'<dependency org="{jar.group}" name="{jar.artifact}" rev="{jar.version}" conf="default->master" '
        'transitive="false"/>'
        for jar in jars
    ]
    info = '<info organisation="gerland" module="jars"/><configurations><conf name="default"/></configurations>'
    return f'<ivy-module version="2.0">{info}<dependencies>{"".join(named)}</dependencies></ivy-module>'


def _log_store(folder: Path, build: bool) -> Path:
    """Jar that keeps Delta's log on an object store, built where there is none of these very sources."""
    sources = [LOG_STORE / "pom.xml", *sorted((LOG_STORE / "src").rglob("*.java"))]
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
    jar = folder / f"gerland-log-store-{digest[:12]}.jar"
    if jar.exists():
        return jar
    if not build:
        raise JarsMissing(f"{jar.name} is not in {folder}; run `gerland doctor --fix`")
    maven = shutil.which("mvn")
    if maven is None:
        raise JarsMissing(
            "a lake on an object store needs Maven, to build how its log is kept: install it, or copy the jars"
        )
    with tempfile.TemporaryDirectory(dir=folder) as work:
        command = [maven, "-q", "-B", "-f", str(LOG_STORE / "pom.xml"), f"-Dbuilt.in={work}", "package"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        made = Path(work) / "gerland-log-store-1.jar"
        if done.returncode or not made.exists():
            told = next((line for line in done.stdout.splitlines() if "ERROR" in line), "no reason given")
            raise JarsMissing(f"{LOG_STORE} could not be built by Maven ({told[:200]}): {NO_NETWORK}")
        made.replace(jar)
    return jar


def main() -> int:
    """Fetch the jars into the folder of the settings, with `s3` those of an object store too; says what fails."""
    import sys

    from pipelines.settings import SettingsError, load

    try:
        if problem := java_home_problem():
            raise JarsMissing(problem)
        jar_paths(load().jars, with_store=sys.argv[1:] == ["s3"])
    except (JarsMissing, SettingsError) as error:
        sys.stderr.write(f"gerland: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
