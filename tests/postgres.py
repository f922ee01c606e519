"""A private PostgreSQL: made in a folder of its own, on a loopback port, and gone with the test run."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

USER, PASSWORD = "gerland", "pl@nted/s3cret%:é"


def installed() -> Path | None:
    """Folder of PostgreSQL's programs; the newest where there are several."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@dataclass
class Server:
    """A running server, and the programs that rule it."""

    binaries: Path
    data: Path
    port: int
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def database(self) -> str:
        """Make an empty database; returns its address as one would set it."""
        import psycopg2

        name = f"d{next(self.numbers)}"
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname="postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        connection.close()
        return f"postgresql://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start it, here or again."""
        self.control("-l", str(self.data.parent / "log"), "start")

    def control(self, *arguments: str) -> None:
        """Start or stop it."""
        _run(self.binaries / "pg_ctl", "-D", self.data, "-w", "-s", *arguments)


@contextmanager
def running(binaries: Path) -> Iterator[Server]:
    """Start a server that forgets everything when it ends."""
    with tempfile.TemporaryDirectory(prefix="gerland-postgres-") as folder:
        (word := Path(folder) / "word").write_text(PASSWORD)
        for path in (Path(folder), word):
            if owner := _owner():
                os.chown(path, owner.pw_uid, owner.pw_gid)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = Server(binaries, Path(folder) / "data", port)
        _run(binaries / "initdb", "-D", server.data, "-U", USER, "-A", "scram-sha-256", "--pwfile", word, "-E", "UTF8")
        own = {"port": port, "listen_addresses": "'127.0.0.1'", "unix_socket_directories": "''", "fsync": "off"}
        with (server.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in own.items())
        server.start()
        try:
            yield server
        finally:
            server.control("-m", "immediate", "stop")


def _owner() -> pwd.struct_passwd | None:
    """Whom it runs as: PostgreSQL refuses root."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


def _run(*command: object) -> None:
    owner = _owner()
    given = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL, cwd="/", **given)
