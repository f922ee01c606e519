"""Many small files of a table become few: the same rows, in a version that is told to be made of the same things."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.lake.delta import at, files_of

if TYPE_CHECKING:
    from pipelines.lake.lake import Lake

MANY = 32  # small files of a partition from which on each reading of it pays for them
SMALL_BYTES = 16 << 20


@dataclass(frozen=True)
class Compacted:
    """What became of a table's files, and the versions before and after."""

    n_before: int
    n_after: int
    before: str
    after: str


def is_scattered(lake: Lake, address: str) -> bool:
    """Tell whether any partition of a table lies in many small files."""
    files = files_of(at(lake.path(address)))
    keys = [name for name in files.column_names if name.startswith("partition.")]
    small = [
        tuple(row[key] for key in keys)
        for row in files.select([*keys, "size_bytes"]).to_pylist()
        if row["size_bytes"] < SMALL_BYTES
    ]
    return max(Counter(small).values(), default=0) >= MANY


def compact(lake: Lake, address: str) -> Compacted:
    """Write the small files of a table together. What it was made of stays said, so its step has nothing to do again.

    Nobody else may write meanwhile. The files before stay until they are vacuumed.
    """
    from deltalake import CommitProperties

    before, made_of = lake.version(address), lake.made_of(address)
    told = {} if made_of is None else {"userMetadata": lake.provenance(made_of)}
    done = at(lake.path(address)).optimize.compact(
        target_size=SMALL_BYTES * 8, commit_properties=CommitProperties(custom_metadata=told)
    )
    lake.seal(address)
    n_before = int(done["numFilesRemoved"])
    return Compacted(n_before, int(done["numFilesAdded"]), before, lake.version(address))
