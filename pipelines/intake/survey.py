"""One look at the landing zone a run, whoever asks first; what it found is kept beside the tables for the next run.

The file carries its own hash and the version of the code that wrote it: without it, or where either differs, every
landed file is read again. Nothing else depends on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from functools import lru_cache

from pipelines.core.catalog import sources
from pipelines.core.code import version_of
from pipelines.core.log import log
from pipelines.files.store import file_system, put_whole
from pipelines.intake.landing import Survey, stamps, survey
from pipelines.intake.remembered import NOTHING, Memory
from pipelines.lake.seal import vouched, vouched_content

NAME = "_landing.json"


@lru_cache(maxsize=1)
def of_run(run_id: str, landing: str, lake: str, wanted: frozenset[str]) -> Survey:
    """What lies in the landing zone for this run: the files of the sources that are wanted. Tells what nobody knows."""
    found = look(landing, lake, wanted)
    for line in grouped(found.unclaimed):
        log(f"not known to any source, left alone: {line}")
    return found


def look(landing: str, lake: str, wanted: Collection[str]) -> Survey:
    """Look at the landing zone now, with what former looks for this lake found, and keep what this one does."""
    before = _kept(landing, lake)
    found = survey(landing, sources(), wanted, before)
    if found.memory != before:
        _keep(found.memory, landing, lake)
    return found


def is_quiet(landing: str, lake: str) -> bool:
    """Tell, by names and times alone, whether nothing came, went or was written since the last look for this lake."""
    known, found = _kept(landing, lake).files, stamps(landing)
    if not known or any(found.get(path) != told["stamp"] for path, told in known.items()):
        return False
    system, path = file_system(f"{lake.rstrip('/')}/{NAME}")
    looked = system.get_file_info(path).mtime_ns
    return all(max(stamp[1:]) <= looked for path, stamp in found.items() if path not in known)


def grouped(paths: Iterable[str]) -> list[str]:
    """Fold paths into their folders: a line each."""
    folders = Counter(path.rsplit("/", 1)[0] if "/" in path else "." for path in paths)
    return [f"{folder}/ ({n} {'file' if n == 1 else 'files'})" for folder, n in sorted(folders.items())]


def _kept(landing: str, lake: str) -> Memory:
    system, path = file_system(f"{lake.rstrip('/')}/{NAME}")
    content = vouched_content(system, path)
    return Memory(content["files"]) if content and content["of"] == _of(landing) else NOTHING


def _keep(memory: Memory, landing: str, lake: str) -> None:
    """Write the file whole or not at all."""
    system, path = file_system(f"{lake.rstrip('/')}/{NAME}")
    put_whole(system, path, vouched({"of": _of(landing), "files": memory.files}))


def _of(landing: str) -> list[str]:
    """What a memory is of: the landing zone, and the code that looked at it."""
    return [landing, version_of([survey.__module__])]
