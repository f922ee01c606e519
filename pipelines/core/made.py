"""A note beside a table's log: what the version that stands came out of anew, with equal rows.

It counts for that version alone and carries its own hash. Without it, or where it was changed or cut off, the commit
says what the table was made from, and the step runs again: nothing depends on it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pyarrow import fs

from pipelines.core.landing import file_system
from pipelines.core.seal import own_hash, read

NAME = "_made.json"


def note(folder: str, version: str, inputs: Mapping[str, str]) -> None:
    """Write down that a version came out of these inputs too."""
    system, path = file_system(folder)
    content = {"version": version, "inputs": dict(sorted(inputs.items()))}
    with system.open_output_stream(f"{path}/{NAME}") as out:
        out.write(json.dumps(content | {"own": own_hash(content)}).encode())


def noted(folder: str, version: str) -> dict[str, str] | None:
    """What the note says of a version; None where there is none of it that holds."""
    content = _content(*file_system(folder))
    return dict(content["inputs"]) if content and content["version"] == version else None


def changed(system: fs.FileSystem, path: str) -> list[str]:
    """Name of the note of a table's folder where it is no longer what was written; else nothing."""
    is_there = system.get_file_info(f"{path}/{NAME}").is_file
    return [NAME] if is_there and _content(system, path) is None else []


def _content(system: fs.FileSystem, path: str) -> dict[str, Any] | None:
    try:
        content = json.loads(read(system, f"{path}/{NAME}"))
        return content if content.pop("own") == own_hash(content) else None
    except (OSError, ValueError, KeyError, AttributeError):
        return None
