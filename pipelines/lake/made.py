"""A note beside a table's log: what the version that stands came out of anew, with equal rows.

It counts for that version alone and carries its own hash. Without it, or where it was changed or cut off, the commit
says what the table was made from, and the step runs again: nothing depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyarrow import fs

from pipelines.files.store import file_system
from pipelines.lake.seal import vouched, vouched_content

NAME = "_made.json"


def note(folder: str, version: str, inputs: Mapping[str, str]) -> None:
    """Write down that a version came out of these inputs too."""
    system, path = file_system(folder)
    content = {"version": version, "inputs": dict(sorted(inputs.items()))}
    with system.open_output_stream(f"{path}/{NAME}") as out:
        out.write(vouched(content))


def noted(folder: str, version: str) -> dict[str, str] | None:
    """What the note says of a version; None where there is none of it that holds."""
    system, path = file_system(folder)
    content = vouched_content(system, f"{path}/{NAME}")
    return dict(content["inputs"]) if content and content["version"] == version else None


def changed(system: fs.FileSystem, path: str) -> list[str]:
    """Name of the note of a table's folder where it is no longer what was written; else nothing."""
    is_there = system.get_file_info(f"{path}/{NAME}").is_file
    return [NAME] if is_there and vouched_content(system, f"{path}/{NAME}") is None else []
