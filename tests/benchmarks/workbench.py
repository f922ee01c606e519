"""The workbench under load: the ranking asked for by many at once, while the table behind it is replaced.

A server of its own on a lake of `n` rows of `gold.signal` (24 months), asked over HTTP by 20 connections without any
pause between requests: a random population, filter, order and page each time, so that nearly no answer is known.
Prototype: 204 ms at the 95th percentile with two workers and no audit; Dash with an AG grid 174 ms, run side by side on
a lighter mix. Each page here is written into the audit before it is shown.
"""

from __future__ import annotations

import datetime as dt
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
from deltalake import WriterProperties, write_deltalake

from models.cube.months import month_end
from pipelines.core.catalog import tables
from pipelines.lake.file_output import ROWS_OF_A_GROUP
from tests.benchmarks.measure import Line, target_at

CONNECTIONS, WORKERS, SECONDS = 20, 2, 15
MONTHS = 24
POPULATIONS = ("human", "veterinary")
TARGET_MS = {1_000_000: 150.0}
SERVER = """
import os, sys
sys.path[:0] = [{root!r}]
from pathlib import Path
import uvicorn
def app():
    from workbench.app import create
    from workbench.lake import OpenLake
    from workbench.store import Store
    place = Path({place!r})
    return create(OpenLake(str(place / "lake")), Store(f"sqlite:///{{place}}/workbench.db"), place / "heads", lambda: True)
"""


def under_load(n: int, folder: Path, rounds: int) -> Iterator[Line]:
    """Milliseconds at the 95th percentile, and errors, of 20 connections while the table is replaced once a round."""
    made = _rows(n)
    _write(folder, made)
    _write_names(folder)
    slow, wrong, told = [], [], []
    with _server(folder) as port:
        cookie = _log_in(port)
        _asked(port, cookie, 1, 2.0)  # each worker opens its files
        for round_number in range(rounds):
            replacing = threading.Timer(SECONDS / 3, _write, (folder, made))
            replacing.start()
            times, errors = _asked(port, cookie, CONNECTIONS, SECONDS, seed=round_number)
            replacing.join()
            slow.append(1000 * quantiles(times, n=20)[-1])
            wrong.append(float(errors))
            told.append(f"{len(times) / SECONDS:.0f}/s")
    said = f"{n:,} rows, {WORKERS} workers, {', '.join(told)}"
    target = target_at(TARGET_MS, n)
    yield Line(f"ranking, {CONNECTIONS} connections, table replaced", "", slow, [], target, said, "ms at p95")
    yield Line("errors while it was replaced", "", wrong, [], 0.0, said, "errors")


def _rows(n: int) -> pa.Table:
    """Pairs of both agencies at each month end, with scores as skewed as real ones."""
    random_of = np.random.default_rng(1)
    table = tables()["gold.signal"]
    each = max(1, n // (MONTHS * len(POPULATIONS)))
    months = [month_end(1476 + i) for i in range(MONTHS)]
    size = each * MONTHS * len(POPULATIONS)
    place = np.tile(np.arange(each), MONTHS * len(POPULATIONS))
    reports = random_of.geometric(0.3, size)
    score = np.exp(random_of.normal(0, 1, size))
    population = np.repeat(POPULATIONS, each * MONTHS)
    held: dict[str, pa.Array] = {
        "population": pa.array(population),
        "domain": pa.array(population),
        "month": pa.array(np.tile(np.repeat(np.array(months, "datetime64[D]"), each), len(POPULATIONS))),
        "substance_key": pa.array([f"S{i % 1500:04}" for i in place]),
        "substance_name": pa.array([f"SUBSTANCE {i % 1500:04}" for i in place]),
        "term_key": pa.array([f"t:{i // 1500}" for i in place]),
        "term_name": pa.array([f"Event {i // 1500}" for i in place]),
        "soc_name": pa.array([f"Class {i % 26}" for i in place]),
        "is_new": pa.array(random_of.random(size) < 0.02),
    }
    held["is_latest"] = pa.array(np.tile(np.repeat([m == months[-1] for m in months], each), len(POPULATIONS)))
    counts = {"a": reports, "b": reports * 90, "c": reports * 80, "d": reports * 9000, "n_new": reports // 3}
    held |= {name: pa.array(value) for name, value in counts.items()}
    for name in ("expected", "prr", "prr_lower", "ror", "ror_lower", "ic", "ic025", "ebgm", "eb05"):
        held[name] = pa.array(score * random_of.uniform(0.5, 1.5, size))
    for rule in ("prr", "ror", "ic", "ebgm"):
        held[f"is_{rule}_signal"] = pa.array(score * random_of.uniform(0.5, 1.5, size) > 2)
    schema = table.arrow_schema()
    columns = [held[f.name].cast(f.type) if f.name in held else pa.nulls(size, f.type) for f in schema]
    return pa.table(columns, schema=pa.schema([pa.field(f.name, f.type) for f in schema]))


def _write(folder: Path, rows: pa.Table) -> None:
    """Make the table anew, in groups of rows as a run writes them; files of the version before stay."""
    groups = WriterProperties(max_row_group_size=ROWS_OF_A_GROUP)
    place, parts = str(folder / "lake" / "gold" / "signal"), list(tables()["gold.signal"].partitioned_by)
    write_deltalake(place, rows, mode="overwrite", partition_by=parts, writer_properties=groups)


def _write_names(folder: Path) -> None:
    """Substances, whose names in French are searched."""
    table = tables()["silver.substance"]
    plain: dict[str, Any] = {"date": dt.date(2020, 1, 1), "boolean": True, "string": ""}
    rows = [
        {name: plain.get(c.type) if c.required else None for name, c in table.columns.items()}
        | {"substance_key": f"S{i:04}", "substance_name": f"SUBSTANCE {i:04}", "french_name": f"Substance {i:04} FR"}
        | {"is_current": True}
        for i in range(1500)
    ]
    write_deltalake(str(folder / "lake" / "silver" / "substance"), pa.Table.from_pylist(rows, table.arrow_schema()))


@contextmanager
def _server(folder: Path) -> Iterator[int]:
    """The port of a server with `WORKERS` processes on the lake of the folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "served.py").write_text(SERVER.format(root=str(Path(__file__).parents[2]), place=str(folder)))
    command = [sys.executable, "-m", "uvicorn", "served:app", "--factory", "--workers", str(WORKERS)]
    command += ["--port", str(port), "--log-level", "error", "--no-access-log", "--app-dir", str(folder)]
    running = subprocess.Popen(command, start_new_session=True)
    try:
        _wait(port)
        yield port
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(30)


def _wait(port: int) -> None:
    for _ in range(240):
        try:
            if _get(http.client.HTTPConnection("127.0.0.1", port, timeout=5), "/health", "")[0] == 200:
                return
        except OSError:
            time.sleep(0.25)
    raise RuntimeError("the server did not come up in a minute")


def _log_in(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body, kind = urlencode({"user": "ines", "purpose": "regulatory"}), "application/x-www-form-urlencoded"
    connection.request("POST", "/login", body, {"Content-Type": kind, "Host": "localhost"})
    return str(connection.getresponse().getheader("set-cookie")).split(";")[0]


def _get(connection: http.client.HTTPConnection, address: str, cookie: str) -> tuple[int, bytes]:
    connection.request("GET", address, headers={"Cookie": cookie, "Host": "localhost"})
    answered = connection.getresponse()
    return answered.status, answered.read()


def _asked(port: int, cookie: str, connections: int, seconds: float, seed: int = 0) -> tuple[list[float], int]:
    """Seconds of each answer, and how many were no ranking."""
    times: list[float] = []
    errors: list[str] = []
    end = time.monotonic() + seconds

    def ask(number: int) -> None:
        rng = random.Random(seed * 1000 + number)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.monotonic() < end:
            began = time.monotonic()
            try:
                status, page = _get(connection, _address(rng), cookie)
            except (OSError, http.client.HTTPException) as error:
                errors.append(type(error).__name__)
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                continue
            if status != 200 or b'id="found"' not in page:
                errors.append(str(status))
            times.append(time.monotonic() - began)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, len(errors)


def _address(rng: random.Random) -> str:
    asked = {
        "population": rng.choice(POPULATIONS),
        "sort": rng.choice(("combined", "n", "new", "eb05", "ic025", "ror", "prr", "name")),
        "page": rng.randint(1, 20),
        "least": rng.choice((1, 1, 2, 3)),
        "q": rng.choice(("", "", "", f"substance {rng.randint(0, 14):02}")),
        "month": rng.choice(("", "", str(month_end(1476 + rng.randrange(MONTHS))))),
    }
    return f"/signals?{urlencode({name: value for name, value in asked.items() if value})}"
