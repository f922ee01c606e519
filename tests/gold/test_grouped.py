"""Scored rows are written in frames of a file's groups: none is lost, doubled or moved, whatever frames they came in."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.gold.disproportionality.score import grouped
from pipelines.lake.file_output import ROWS_OF_A_GROUP

SIZES = st.sampled_from([0, 1, 1000, ROWS_OF_A_GROUP - 1, ROWS_OF_A_GROUP, ROWS_OF_A_GROUP + 1, 2 * ROWS_OF_A_GROUP])


@given(st.lists(SIZES, max_size=6))
def test_rows_keep_their_order_and_all_frames_but_the_last_are_full(sizes):
    every = pl.DataFrame({"row": range(sum(sizes))})
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    found = list(grouped(every.slice(end - size, size) for end, size in zip(ends, sizes, strict=True)))
    assert all(frame.height == ROWS_OF_A_GROUP for frame in found[:-1])
    assert all(frame.height <= ROWS_OF_A_GROUP for frame in found)
    assert pl.concat([every.clear(), *found]).equals(every)
