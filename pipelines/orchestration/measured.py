"""Figures of tables for their assets' pages, kept by what they are of: a table that stands is not measured again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core.code import version_of
from pipelines.core.step import Step

if TYPE_CHECKING:
    from pipelines.lake.lake import Lake


def measured(step: Step, lake: Lake, folder: Path) -> Mapping[str, float]:
    """What a step measures of its table: kept of the versions and code that it was measured by, else asked now."""
    if step.measure is None:
        return {}
    of = {"code": version_of(step.modules), "as_of": str(lake.as_of or ""), **lake.versions(step.sees)}
    path = folder / "measures" / f"{step.address}.json"
    try:
        kept = json.loads(path.read_text())
        if kept["of"] == of:
            figures: dict[str, float] = kept["figures"]
            return figures
    except (OSError, ValueError, KeyError, TypeError):  # nothing kept, or not by us
        pass
    found = step.measure(lake)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"of": of, "figures": dict(found)}, indent=1))
    return found
