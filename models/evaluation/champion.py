"""Which version of the triage model is champion: asked at every run, so without what takes seconds to load."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

MODEL, CHAMPION = "triage", "champion"
SQLITE = "sqlite:///"


def champion_version(tracking: str) -> str:
    """Version of the champion in the registry; empty where there is none.

    A registry in a file is read as MLflow lays it out; one of another layout, or behind a server, is asked through it.
    """
    if tracking.startswith(SQLITE):
        file = Path(tracking.removeprefix(SQLITE))
        if not file.is_file():
            return ""
        asked = "SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?"
        try:
            with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as registry:
                found = registry.execute(asked, (MODEL, CHAMPION)).fetchone()
            return str(found[0]) if found else ""
        except sqlite3.OperationalError:  # another layout, or busy: MLflow knows
            pass
    from models.evaluation.registry import version_of

    return version_of(tracking, CHAMPION)
