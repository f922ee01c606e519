"""A table that stays open says what one opened anew says, whatever happened to its folder in between."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.lake.opened import opened


def told(delta: DeltaTable) -> tuple:
    return delta.metadata().id, delta.version(), sorted(delta.file_uris()), str(delta.metadata().configuration)


def write(folder: Path, mode: str) -> None:
    write_deltalake(str(folder), pa.table({"a": [1, 2]}), mode=mode)


def checkpoint(folder: Path) -> None:
    """Write a checkpoint, and clear away the entries before it."""
    delta = DeltaTable(str(folder))
    delta.create_checkpoint()
    for entry in sorted((folder / "_delta_log").glob("*.json"))[:-1]:
        entry.unlink()


def another(folder: Path) -> None:
    shutil.rmtree(folder)
    write(folder, "append")


def lost(folder: Path) -> None:
    """Lose the last entry, as a store that lies does; the first one stays."""
    entries = sorted((folder / "_delta_log").glob("*.json"))
    if len(entries) > 1 and not list((folder / "_delta_log").glob("*.parquet")):
        entries[-1].unlink()


DEEDS = {
    "add": lambda f: write(f, "append"),
    "replace": lambda f: write(f, "overwrite"),
    "delete": lambda f: DeltaTable(str(f)).delete("a = 1"),
    "settle": lambda f: DeltaTable(str(f)).alter.set_table_properties({"delta.appendOnly": "false"}),
    "checkpoint": checkpoint,
    "another": another,
    "lost": lost,
}


@settings(max_examples=60)
@given(st.lists(st.sampled_from(sorted(DEEDS)), max_size=8))
def test_whatever_is_done_to_a_table_it_says_what_one_opened_anew_says(tmp_path_factory, deeds):
    folder = tmp_path_factory.mktemp("lake") / "table"
    write(folder, "append")
    for deed in deeds:
        assert told(opened(str(folder))) == told(DeltaTable(str(folder)))
        DEEDS[deed](folder)
    assert told(opened(str(folder))) == told(DeltaTable(str(folder)))


def test_a_table_that_is_gone_is_gone(tmp_path):
    write(tmp_path / "table", "append")
    opened(str(tmp_path / "table"))
    shutil.rmtree(tmp_path / "table")
    assert opened(str(tmp_path / "table")) is None


def test_what_stays_open_is_opened_once_and_is_its_threads_own(tmp_path):
    write(tmp_path / "table", "append")
    first, seen = opened(str(tmp_path / "table")), []
    assert opened(str(tmp_path / "table")) is first
    thread = threading.Thread(target=lambda: seen.append(opened(str(tmp_path / "table"))))
    thread.start()
    thread.join()
    assert seen[0] is not first
    os.utime(tmp_path / "table/_delta_log/00000000000000000000.json", (1, 1))
    assert opened(str(tmp_path / "table")) is not first
