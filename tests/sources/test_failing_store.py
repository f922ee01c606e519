"""A store that fails while a file is read is never taken for a file at fault, by no reader and no counter."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.core.catalog import sources

FAILING = Path("/proc/self/mem")  # opens, and fails to be read as a broken disk does
NAMES = ("x.csv", "x.txt", "x.xml", "x.json", "x.xlsx", "x.parquet", "x.asc")


@pytest.mark.skipif(not FAILING.exists(), reason="the system has no such file")
@pytest.mark.parametrize("source", list(sources()))
def test_a_failing_store_is_told_as_it_is(source):
    found = sources()[source]
    reader = found.module("read")
    for table in found.tables:
        for name in NAMES[:1] if source == "case_listing" else NAMES:  # which is known by the name that it is mapped by
            with FAILING.open("rb", buffering=0) as stream, pytest.raises(OSError, match="Input/output error"):
                list(reader.read(stream, f"{source}/{name}", table))
            with FAILING.open("rb", buffering=0) as stream, pytest.raises(OSError, match="Input/output error"):
                reader.count(stream, f"{source}/{name}", table)
