"""Where Dagster keeps its instance: runs, events, and how they are stored."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pipelines.settings import HOME, ROOT

SHIPPED = ROOT / "dagster_home" / "dagster.yaml"
CHOOSES = "ChosenStorage"  # what it names, so that the setting `dagster` has its way


def dagster_home() -> Path:
    """Folder of `DAGSTER_HOME`, else `dagster_home` where data lie; the latter gets the configuration that is shipped.

    An installed package has no checkout to look into: without its configuration Dagster would open a database an event.
    """
    if named := os.environ.get("DAGSTER_HOME"):
        return Path(named)
    return _configured(HOME / "dagster_home")


def prepared_home() -> Path:
    """The same folder, made and configured where a service finds an empty volume."""
    return _configured(dagster_home())


def _configured(home: Path) -> Path:
    if not (home / SHIPPED.name).exists():
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(SHIPPED, home)
    return home
