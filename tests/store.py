"""An object store to test against: moto's, as a process of its own, which forgets everything when it ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.files import object_store
from tests.services import free_port

BUCKET = "signals"


@dataclass
class Store:
    """A running store: where it is, its process, and the lines that tell each request."""

    endpoint: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def root(self) -> str:
        """Address of its bucket."""
        return f"s3://{BUCKET}"

    def n_requests(self) -> int:
        """Requests that it has answered."""
        return sum('HTTP/1.1"' in line for line in self.log.read_text(errors="replace").splitlines())

    def variables(self) -> dict[str, str]:
        """Environment by which every client finds it."""
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "planted-secret"}
        return {**keys, "AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": "eu-west-3"}


@contextmanager
def running(folder: Path) -> Iterator[Store]:
    """Start a store with an empty bucket; this process and those that it starts find it meanwhile."""
    port = free_port()
    log = folder / "store.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    store = Store(f"http://127.0.0.1:{port}", process, log)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in store.variables().items():
            patch.setenv(name, value)
        forget_clients()
        try:
            _wait_for(port)
            object_store.client().create_bucket(
                Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"}
            )
            yield store
        finally:
            process.kill()
            process.wait()
            forget_clients()


def forget_clients() -> None:
    """Let the next request find the store by the environment as it is then."""
    object_store.client.cache_clear()
    object_store.file_system.cache_clear()


def _wait_for(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the store did not start")
