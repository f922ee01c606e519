"""Dagster and MLflow side by side, until interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pipelines.settings import ROOT, Settings


def serve(settings: Settings, port: int, say: Callable[[str], None]) -> None:
    """Start Dagster (web server and daemon) on `port` and MLflow on the next, and wait."""
    environment = {**os.environ, "DAGSTER_DISABLE_TELEMETRY": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment.setdefault("DAGSTER_HOME", str(ROOT / "dagster_home"))
    binaries = Path(sys.executable).parent
    mlflow = [str(binaries / "mlflow"), "server"]
    commands = [
        [str(binaries / "dagster"), "dev", "-m", "pipelines.definitions", "-h", "127.0.0.1", "-p", str(port)],
        [*mlflow, "--backend-store-uri", settings.tracking, "--host", "127.0.0.1", "--port", str(port + 1)],
    ]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service manager's stop ends both, like Ctrl+C
    running = [subprocess.Popen(command, env=environment) for command in commands]  # noqa: S603
    say(f"Dagster: http://localhost:{port}   MLflow: http://localhost:{port + 1}   (Ctrl+C ends both)")
    try:
        while all(process.poll() is None for process in running):
            time.sleep(0.5)
    except KeyboardInterrupt:
        say("ending")
    finally:
        for process in running:
            process.send_signal(signal.SIGINT)
        for process in running:
            process.wait(timeout=30)
