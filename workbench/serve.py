"""`gerland workbench`: the pages on the lake of the settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipelines.settings import Settings
from workbench.store import Store

HOST = "127.0.0.1"
HEADS = "heads.tsv"


def heads_of(settings: Settings) -> Path:
    """File in which the head of the audit is published each day."""
    return Path(settings.reports) / "audit" / HEADS


def serve(settings: Settings, port: int, say: Callable[[str], None]) -> None:
    """Serve the pages until interrupted. Raises `StoreError` or `QueryError` where they can't be."""
    import uvicorn

    from workbench.app import create
    from workbench.lake import OpenLake
    from workbench.people import Simulated

    lake = OpenLake(str(settings.lake))
    is_demonstration = Simulated(lake, str(settings.landing))
    app = create(lake, Store(settings.workbench), heads_of(settings), is_demonstration)
    if not is_demonstration():
        say("this lake is not made of simulated files alone: the demonstration users stay out")
    say(f"workbench: http://localhost:{port}   (Ctrl+C ends it)")
    uvicorn.run(app, host=HOST, port=port, log_level="warning", server_header=False, access_log=False)
