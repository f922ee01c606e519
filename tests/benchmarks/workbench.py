"""The workbench under load: the ranking asked for by many at once, while the table behind it is replaced.

`gerland workbench` on a lake of `n` rows of `gold.signal` (24 months), asked over HTTP by 20 connections without any
pause between requests: a random population, filter, order and page each time, so that nearly no answer is known.
Prototype: 204 ms at the 95th percentile with two workers and no audit; Dash with an AG grid 174 ms, run side by side on
a lighter mix. Each page here is written into the audit before it is shown. Twenty that never pause wait for each other:
what a page takes of a processor is told beside, for it depends less on what else the machine does.
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
from deltalake import WriterProperties, write_deltalake

from models.cube.months import month_end
from pipelines.core.catalog import tables
from pipelines.intake.landing import MARKER
from pipelines.lake.file_output import ROWS_OF_A_GROUP
from tests.benchmarks.measure import Line, target_at
from tests.conftest import ROOT
from tests.services import free_port

CONNECTIONS, WORKERS, SECONDS = 20, 2, 15
MONTHS = 24
POPULATIONS = ("human", "veterinary")
RANKING_MS, SIGNAL_MS, FIRST_PAGE_SECONDS = {1_000_000: 150.0}, {1_000_000: 250.0}, 5.0
RANKING, SIGNAL = b'id="found"', b'class="chart"'  # what stands on the page
SIMULATED = "0" * 64  # content of the one file that the lake is said to be of


def under_load(n: int, folder: Path, rounds: int) -> Iterator[Line]:
    """First page after the start; then milliseconds at the 95th percentile, and errors, of 20 connections.

    Of a table at rest, then the ranking while the table is replaced once a round, which takes the processors for itself.
    """
    made = _rows(n)
    _write(folder, made)
    _write_others(folder)
    said = f"{n:,} rows, {WORKERS} workers"
    first = []
    for _ in range(rounds):
        began = time.monotonic()
        with _server(folder) as (port, _):
            shown = _get(_connection(port), "/signals", _log_in(port))
            first.append(time.monotonic() - began)
            if not _is_page(shown, RANKING):
                raise RuntimeError(f"the first page is none: {shown[0]}")
    yield Line("first page after the start", "", first, [], FIRST_PAGE_SECONDS, said)
    wrong = []
    with _server(folder) as (port, group):
        cookie = _log_in(port)
        for asked, title, marks, is_replaced, target in (
            (_ranking, "ranking", RANKING, False, RANKING_MS),
            (_signal, "page of a signal", SIGNAL, False, SIGNAL_MS),
            (_ranking, "ranking, table replaced", RANKING, True, {}),
        ):
            _asked(port, cookie, asked, marks, 4, 5.0)  # each worker opens its files
            slow, middle, told = [], [], []
            spent, pages = _processor_seconds(group), 0
            for round_number in range(rounds):
                replacing = threading.Timer(SECONDS / 3, _write, (folder, made))
                if is_replaced:
                    replacing.start()
                times, errors = _asked(port, cookie, asked, marks, CONNECTIONS, SECONDS, seed=round_number)
                if is_replaced:
                    replacing.join()
                wrong.append(float(errors))
                pages += len(times)
                cuts = quantiles(times, n=20)
                slow.append(1000 * cuts[-1])
                middle.append(1000 * cuts[9])
                told.append(f"{len(times) / SECONDS:.0f}/s")
            each = 1000 * (_processor_seconds(group) - spent) / pages
            more = f"{said}; median {median(middle):.0f} ms; {each:.1f} ms of processor a page; {', '.join(told)}"
            yield Line(f"{title}, {CONNECTIONS} connections", "", slow, [], target_at(target, n), more, "ms at p95")
    yield Line("errors, while the table was replaced and at rest", "", wrong, [], 0.0, said, "errors")


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


def _write_others(folder: Path) -> None:
    """Substances, whose names in French are searched, and the file that the lake is said to be of, a simulated one."""
    names = [
        {"substance_key": f"S{i:04}", "substance_name": f"SUBSTANCE {i:04}", "french_name": f"Substance {i:04} FR"}
        | {"is_current": True}
        for i in range(1500)
    ]
    _write_small(folder, "silver.substance", names)
    _write_small(folder, "bronze.delivery", [{"status": "accepted", "sha256": SIMULATED}])
    marker = folder / "landing" / MARKER
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.write_text(json.dumps({"simulated": [SIMULATED]}))


def _write_small(folder: Path, address: str, rows: list[dict[str, Any]]) -> None:
    table = tables()[address]
    moment = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    plain: dict[str, Any] = {"date": moment.date(), "timestamp": moment, "boolean": True, "string": "", "bigint": 0}
    filled = [
        {n: row.get(n, plain.get(c.type) if c.required else None) for n, c in table.columns.items()} for row in rows
    ]
    place = str(folder / "lake" / address.replace(".", "/"))
    write_deltalake(place, pa.Table.from_pylist(filled, table.arrow_schema()))


@contextmanager
def _server(folder: Path) -> Iterator[tuple[int, int]]:
    """Port and process group of `gerland workbench` with `WORKERS` processes on the lake of the folder."""
    port = free_port()
    settings = {"LAKE": folder / "lake", "LANDING": folder / "landing", "REPORTS": folder / "reports"}
    environment = {**os.environ, **{f"GERLAND_{name}": str(value) for name, value in settings.items()}}
    environment["GERLAND_WORKBENCH"] = f"sqlite:///{folder}/workbench.db"
    command = [sys.executable, "-m", "pipelines.cli", "workbench", "--workers", str(WORKERS), "--port", str(port)]
    running = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        _wait(port)
        yield port, running.pid
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(30)


def _processor_seconds(group: int) -> float:
    """What the processes of a group have used of a processor so far."""
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            told = file.read_text().rpartition(")")[2].split()
            ticks += int(told[11]) + int(told[12]) if int(told[2]) == group else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def _wait(port: int) -> None:
    for _ in range(600):
        try:
            if _get(_connection(port), "/health", "")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not come up in a minute")


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)


def _log_in(port: int) -> str:
    connection = _connection(port)
    body, kind = urlencode({"user": "ines", "purpose": "regulatory"}), "application/x-www-form-urlencoded"
    connection.request("POST", "/login", body, {"Content-Type": kind, "Host": "localhost"})
    return str(connection.getresponse().getheader("set-cookie")).split(";")[0]


def _get(connection: http.client.HTTPConnection, address: str, cookie: str) -> tuple[int, bytes]:
    connection.request("GET", address, headers={"Cookie": cookie, "Host": "localhost"})
    answered = connection.getresponse()
    return answered.status, answered.read()


def _is_page(answered: tuple[int, bytes], marks: bytes) -> bool:
    return answered[0] == 200 and marks in answered[1]


def _asked(
    port: int,
    cookie: str,
    address: Callable[[random.Random], str],
    marks: bytes,
    connections: int,
    seconds: float,
    seed: int = 0,
) -> tuple[list[float], int]:
    """Seconds of each answer, and how many were not the page that `marks` stands on."""
    times: list[float] = []
    errors: list[str] = []
    end = time.monotonic() + seconds

    def ask(number: int) -> None:
        rng = random.Random(seed * 1000 + number)
        connection = _connection(port)
        while time.monotonic() < end:
            began = time.monotonic()
            try:
                answered = _get(connection, address(rng), cookie)
            except (OSError, http.client.HTTPException) as error:
                errors.append(type(error).__name__)
                connection = _connection(port)
                continue
            if not _is_page(answered, marks):
                errors.append(str(answered[0]))
            times.append(time.monotonic() - began)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, len(errors)


def _ranking(rng: random.Random) -> str:
    asked = {
        "population": rng.choice(POPULATIONS),
        "sort": rng.choice(("combined", "n", "new", "eb05", "ic025", "ror", "prr", "name")),
        "page": rng.randint(1, 20),
        "least": rng.choice((1, 1, 2, 3)),
        "q": rng.choice(("", "", "", f"substance {rng.randint(0, 14):02}")),
        "month": rng.choice(("", "", str(month_end(1476 + rng.randrange(MONTHS))))),
    }
    return f"/signals?{urlencode({name: value for name, value in asked.items() if value})}"


def _signal(rng: random.Random) -> str:
    """A pair that is in the smallest table that is made here."""
    asked = {"population": rng.choice(POPULATIONS), "substance": f"S{rng.randrange(20):04}", "term": "t:0"}
    return f"/signal?{urlencode(asked)}"
