"""The two jars that Delta needs: coordinates and checksums locked, fetched once through Spark's own Ivy client."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LOCK = Path(__file__).with_name("jars.lock")


class JarsMissing(Exception):
    """The Delta jars can't be had; the message says why and what to do."""


@dataclass(frozen=True)
class Jar:
    """One line of the lock: group, artifact, version, sha256."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Name under which the jar is kept."""
        return f"{self.artifact}-{self.version}.jar"


def locked() -> Iterator[Jar]:
    """Jars of the lock."""
    for line in LOCK.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            coordinate, digest = line.split()
            group, artifact, version = coordinate.split(":")
            yield Jar(group, artifact, version, digest.removeprefix("sha256:"))


def jar_paths(folder: Path, *, fetch: bool = True) -> list[Path]:
    """Paths of the locked jars in `folder`, fetched if they are not there.

    Raises `JarsMissing` where they can't be fetched or are not the locked bytes.
    """
    paths = []
    for jar in locked():
        path = folder / jar.file_name
        if not path.exists():
            if not fetch:
                raise JarsMissing(f"{path.name} is not in {folder}; run `gerland doctor --fix`")
            _fetch(jar, folder)
        if hashlib.sha256(path.read_bytes()).hexdigest() != jar.sha256:
            raise JarsMissing(f"{path} is not the locked file (checksum differs); delete it and run again")
        paths.append(path)
    return paths


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


def _fetch(jar: Jar, folder: Path) -> None:
    import pyspark

    if problem := java_home_problem():
        raise JarsMissing(problem)
    ivy = next((Path(pyspark.__file__).parent / "jars").glob("ivy-*.jar"))
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        command = [java_command() or "java", "-cp", str(ivy), "org.apache.ivy.Main", "-cache", f"{work}/cache"]
        command += ["-dependency", jar.group, jar.artifact, jar.version, "-confs", "default", "-types", "jar"]
        command += ["-notransitive", "-retrieve", f"{work}/[artifact]-[revision].[ext]"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        found = Path(work) / jar.file_name
        if done.returncode or not found.exists():
            raise JarsMissing(
                f"{jar.group}:{jar.artifact}:{jar.version} could not be fetched from Maven Central: "
                "check the network (or the Java proxy settings), then run again"
            )
        found.replace(folder / jar.file_name)


def main() -> int:
    """Fetch the locked jars into the folder of the settings; one sentence where that fails."""
    import sys

    from pipelines.settings import SettingsError, load

    try:
        if problem := java_home_problem():
            raise JarsMissing(problem)
        jar_paths(load().jars)
    except (JarsMissing, SettingsError) as error:
        sys.stderr.write(f"gerland: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
