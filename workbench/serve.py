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


def serve(settings: Settings, port: int, say: Callable[[str], None], host: str = HOST) -> None:
    """Serve the pages until interrupted. Raises `StoreError` or `QueryError` where they can't be."""
    import uvicorn

    from workbench.app import create
    from workbench.identity import providers
    from workbench.lake import OpenLake
    from workbench.people import Simulated

    lake = OpenLake(str(settings.lake))
    is_simulated, known = Simulated(lake, str(settings.landing)), providers(settings)
    address = (settings.workbench_address or f"http://localhost:{port}").rstrip("/")
    app = create(lake, Store(settings.workbench), heads_of(settings), is_simulated, known, address)
    if known:
        say(f"people log in by {', '.join(provider.title for provider in known.values())}")
    elif not is_simulated():
        say("this lake is not made of simulated files alone: the demonstration users stay out; set identity_providers")
    say(f"workbench: {address}   (Ctrl+C ends it)")
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False, access_log=False)
