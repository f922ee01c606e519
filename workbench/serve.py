"""`gerland workbench`: the pages on the lake of the settings, by one process a worker.

Workers share the store, which holds sessions, decisions and audit, and each keeps of the lake what it was asked: a
request may be answered by any of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipelines.settings import Settings
from workbench.identity import Provider, providers
from workbench.lake import OpenLake
from workbench.people import Simulated
from workbench.store import Store

if TYPE_CHECKING:
    from workbench.guard import Guard

HOST = "127.0.0.1"
HEADS = "heads.tsv"
MOST_WORKERS = 4  # unless more are asked for: each holds some 300 MB


def heads_of(settings: Settings) -> Path:
    """File in which the head of the audit is published each day."""
    return Path(settings.reports) / "audit" / HEADS


def workers_of(settings: Settings) -> int:
    """How many processes answer."""
    return settings.workbench_workers or min(MOST_WORKERS, _cores())


def worker() -> Guard:
    """The application of one of several processes, which reads the settings for itself."""
    from pipelines.settings import settings
    from workbench.app import create

    return create(*_parts(settings()))


def serve(settings: Settings, port: int, say: Callable[[str], None], host: str = HOST) -> None:
    """Serve the pages until interrupted. Raises `StoreError` or `QueryError` where they can't be."""
    import uvicorn

    workers = workers_of(settings)
    address = (settings.workbench_address or f"http://localhost:{port}").rstrip("/")
    settings = settings.model_copy(update={"workbench_address": address, "workbench_workers": workers})
    parts = _parts(settings)  # what can't be served is said once, before there are workers
    if parts.providers:
        say(f"people log in by {', '.join(provider.title for provider in parts.providers.values())}")
    elif not parts.is_simulated():
        say("this lake is not made of simulated files alone: the demonstration users stay out; set identity_providers")
    say(f"workbench: {address}   ({workers} workers; Ctrl+C ends it)")
    how: dict[str, Any] = {"host": host, "port": port, "server_header": False, "access_log": False}
    if workers > 1:
        os.environ |= {"GERLAND_WORKBENCH_ADDRESS": address, "GERLAND_WORKBENCH_WORKERS": str(workers)}
        uvicorn.run("workbench.serve:worker", factory=True, workers=workers, log_level="warning", **how)
    else:
        from workbench.app import create

        uvicorn.run(create(*parts), log_level="warning", **how)


class _Parts(NamedTuple):
    """What the application is made of."""

    lake: OpenLake
    store: Store
    heads: Path
    is_simulated: Callable[[], bool]
    providers: Mapping[str, Provider]
    address: str
    beside: OpenLake | None


def _parts(settings: Settings) -> _Parts:
    roots = [str(root) for root in (settings.lake, settings.lake_beside) if root]
    lake, *others = [OpenLake(root, threads=max(1, _cores() // workers_of(settings))) for root in roots]
    asked = [Simulated(each, str(settings.landing)) for each in (lake, *others)]
    address, store, people = str(settings.workbench_address), Store(settings.workbench), providers(settings)
    beside = others[0] if others else None
    return _Parts(lake, store, heads_of(settings), lambda: all(ask() for ask in asked), people, address, beside)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
