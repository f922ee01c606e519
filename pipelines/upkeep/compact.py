"""`gerland compact`: tables that lie in many small files are written together, and stand as fresh as they stood."""

from __future__ import annotations

from collections.abc import Callable

from pipelines.core.catalog import steps, tables
from pipelines.lake.compact import compact, is_scattered
from pipelines.lake.lake import Lake
from pipelines.lake.made import note

Say = Callable[[str], None]


def compact_lake(root: str, say: Say) -> list[str]:
    """Compact what is scattered in the lake of today; returns the addresses.

    The rows are the same, so tables made of them are noted to be made of the new version too: no step is due for it.
    The lake is the caller's alone meanwhile.
    """
    lake = Lake(None, root, tables())  # type: ignore[arg-type]  # only logs and files are read
    scattered = [address for address in tables() if lake.exists(address) and is_scattered(lake, address)]
    for address in scattered:
        done = compact(lake, address)
        for step in steps().values():
            made_of = lake.made_of(step.address) if lake.exists(step.address) else None
            if made_of and made_of.get(address) == done.before:
                note(lake.path(step.address), lake.version(step.address), {**made_of, address: done.after})
        say(f"{address}: {done.n_before:,} files became {done.n_after:,}")
    say(f"{len(scattered)} tables lay in many small files")
    return scattered
