"""Which landed files are simulated: the simulator says so of each by its content, so nothing else is taken for one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from pyarrow import fs

from pipelines.core.catalog import SourceFolder
from pipelines.files.store import file_system, put_whole
from pipelines.intake.landing import MARKER, scan


@contextmanager
def marking(root: str, sources: dict[str, SourceFolder]) -> Iterator[None]:
    """Write down, in the landing zone itself, the contents of the files that are written within: for the simulator."""
    before, known = _written(root), simulated(root)
    yield
    system, base = file_system(root)
    new = {path for path, time in _written(root).items() if before.get(path) != time}
    hashes = sorted(known | {f.sha256 for f in scan(root, sources) if f"{base}/{f.container}" in new})
    put_whole(system, f"{base}/{MARKER}", json.dumps({"simulated": hashes}, indent=0).encode())


def _written(root: str) -> dict[str, int]:
    """When each file of a landing zone was written, in nanoseconds."""
    system, base = file_system(root)
    infos = system.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True))
    return {info.path: info.mtime_ns for info in infos if info.is_file}


def simulated(root: str) -> frozenset[str]:
    """Hashes of the contents that the simulator wrote to a landing zone; none where it wrote nothing."""
    system, base = file_system(root)
    if system.get_file_info(f"{base}/{MARKER}").type != fs.FileType.File:
        return frozenset()
    with system.open_input_stream(f"{base}/{MARKER}") as stream:
        try:
            told = json.loads(stream.read())["simulated"]
        except (ValueError, KeyError, TypeError):
            return frozenset()
    return frozenset(map(str, told)) if isinstance(told, list) else frozenset()
