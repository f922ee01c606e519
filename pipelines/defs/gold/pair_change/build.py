"""Build the cube whole, or bring it up to date from the change feed; both end in the same table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.cube.months import month_end
from pipelines.core.log import log
from pipelines.core.step import writing_step
from pipelines.defs.gold.pair_change.count import COLUMNS, contribution, counting, stored, writing, written
from pipelines.defs.gold.pair_change.tables import PairChange
from pipelines.lake import file_output, file_tasks, shuffle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from pipelines.lake.commit import Written
    from pipelines.lake.lake import Lake
    from pipelines.lake.platform import Platform

FEED = "silver.coded_report"
REPORTS_PER_TASK = 1_000_000
REPORTS_PER_PLACE = 1_000_000
LARGEST_CHANGE = 1_000_000  # report versions; beyond it, a rebuild by all cores is quicker than one process
ADDED, TAKEN_OFF = ("insert", "update_postimage"), ("delete", "update_preimage")


@writing_step(PairChange, FEED)
def pair_change(platform: Platform, inputs: Mapping[str, str]) -> Written:
    """Bring the cube to what its feed says: by the changes since it was last written, else whole."""
    lake = platform.lake
    changes = _changes(lake, inputs)
    if changes is None:
        return rebuild(lake, inputs)
    return increment(lake, changes, inputs)


def rebuild(lake: Lake, inputs: Mapping[str, str]) -> Written:
    """Count all coded reports."""
    root = lake.prepared(PairChange)
    todo = file_tasks.bundled(file_tasks.cut(lake.files(FEED), REPORTS_PER_TASK), REPORTS_PER_TASK)
    n_places = max(2, lake.n_rows(FEED) // REPORTS_PER_PLACE)
    counted = file_tasks.each(lake.spark, todo, counting(n_places), shuffle.BLOCK_SQL)
    added = shuffle.shuffled(counted, n_places, writing(root, lake.as_of), file_output.ADDED_SQL).collect()
    return lake.commit_files(PairChange, [row.asDict() for row in added], inputs)


def increment(lake: Lake, changes: Sequence[pa.RecordBatch], inputs: Mapping[str, str]) -> Written:
    """Add what changed to the months it touches; other months keep their files."""
    from models.cube.kernels import add, negative
    from models.cube.keys import month_of

    parts = []
    for batch in changes:
        codes = batch.select(COLUMNS)
        parts.append(contribution(codes.filter(_is(batch, ADDED))))
        parts.append(negative(contribution(codes.filter(_is(batch, TAKEN_OFF)))))
    change = add(parts)
    touched = [month_end(int(code), lake.as_of).isoformat() for code in np.unique(month_of(change[0]))]
    before = [(uri, p) for uri, p in lake.files(PairChange.address()) if p["month"] in touched]
    cells = add([stored(file_tasks.cut(before, REPORTS_PER_TASK)), change])
    root = lake.prepared(PairChange)
    added = [row for batch in written(root, *cells, lake.as_of) for row in batch.to_pylist()]
    return lake.commit_files(PairChange, added, inputs, replacing={"month": touched})


def _is(batch: pa.RecordBatch, kinds: Sequence[str]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(batch["_change_type"].cast(pa.string()), value_set=pa.array(kinds))


def _changes(lake: Lake, inputs: Mapping[str, str]) -> Sequence[pa.RecordBatch] | None:
    """Changes of the feed since the cube was last written from it; None where only a rebuild will do."""
    before = lake.written_from(PairChange.address(), inputs)
    if before is None or "absent" in (before[FEED], inputs[FEED]):
        return None
    (old_id, old), (new_id, new) = (v[FEED].split("@") for v in (before, inputs))
    if old_id != new_id or int(new) < int(old):
        return None
    found = lake.changes(FEED, int(old) + 1, int(new), LARGEST_CHANGE)
    if found is None:
        log(f"{PairChange.address()}: the change is large or the feed no longer reaches back, counting anew")
    return found
