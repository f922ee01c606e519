"""One look at the landing zone: what was not written since the last one is not read again, what was is seen."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.intake import remembered
from pipelines.intake.landing import Survey, survey
from pipelines.intake.remembered import NOTHING, Memory
from pipelines.intake.survey import NAME, grouped, is_quiet, look
from tests.intake.landed import TOY, deliver, zipped

SOURCES = {"toy": TOY}


def seen(folder: Path, memory: Memory = NOTHING) -> Survey:
    return survey(str(folder), SOURCES, SOURCES, memory)


def hashes(found: Survey) -> dict[str, str]:
    return {f.path: f.sha256 for f in found.claimed}


def untrue(memory: Memory) -> Memory:
    """The same memory, but of other hashes: who reads a file does not find them."""
    told = json.loads(json.dumps(dict(memory.files)))
    for file in told.values():
        file["prints"] = {name: ["remembered", 1, None] for name in file["prints"]}
    return Memory(told)


@pytest.fixture
def settled(monkeypatch):
    """Files count as written well before the look after a twentieth of a second."""
    monkeypatch.setattr(remembered, "NEAR_NS", 40_000_000)
    return lambda: time.sleep(0.05)


def test_what_was_not_written_since_is_not_read_again_and_what_was_is(tmp_path, settled):
    deliver(tmp_path, one__txt=b"a|b\n", pack__zip=zipped(x=b"c|d\n", y=b"e|f\n"), page__zip=b"<html>")
    settled()
    first = seen(tmp_path)
    again = seen(tmp_path, untrue(first.memory))
    assert set(hashes(again).values()) == {"remembered"}
    assert hashes(again).keys() == hashes(first).keys()
    assert again.memory.files.keys() == {"toy/one.txt", "toy/pack.zip", "toy/page.zip"}
    deliver(tmp_path, one__txt=b"a|bb\n", new__txt=b"g|h\n")
    third = hashes(seen(tmp_path, untrue(first.memory)))
    assert third["toy/one.txt"] != "remembered" != third["toy/new.txt"]
    assert third["toy/pack.zip/x.txt"] == "remembered"


def test_a_file_that_changes_within_the_tick_of_the_clock_is_seen(tmp_path):
    deliver(tmp_path, one__txt=b"a|b\n")
    file = tmp_path / "toy/one.txt"
    first, times = seen(tmp_path), file.stat()
    assert "toy/one.txt" not in first.memory.files, "it was written too near the look"
    file.write_bytes(b"c|d\n")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert hashes(seen(tmp_path, first.memory)) != hashes(first)


def test_a_file_that_changes_and_keeps_size_and_time_is_seen(tmp_path, settled):
    deliver(tmp_path, one__txt=b"a|b\n")
    file = tmp_path / "toy/one.txt"
    os.utime(file, (1_600_000_000, 1_600_000_000))
    settled()
    first = seen(tmp_path)
    file.write_bytes(b"c|d\n")
    os.utime(file, (1_600_000_000, 1_600_000_000))
    assert hashes(seen(tmp_path, untrue(first.memory))) == hashes(seen(tmp_path)) != hashes(first)


def test_a_look_with_a_memory_finds_what_one_without_finds(tmp_path, settled):
    deliver(tmp_path, one__txt=b"", two__tar=b"x", cut__zip=zipped(a=b"m|n\n" * 500)[:60], odd__pdf=b"%PDF")
    deliver(tmp_path, pack__zip=zipped(a=b"", **{"..__b": b"x"}), good__zip=zipped(a=b"a|b\n"), notes__txt=b"a|b\n")
    settled()
    first = seen(tmp_path)
    assert sum(f.problem is not None for f in first.claimed) >= 4
    assert seen(tmp_path, first.memory) == first
    assert first.unclaimed == ["toy/odd.pdf"]
    (tmp_path / "toy/one.txt").unlink()
    after = seen(tmp_path, first.memory)
    assert after.claimed == [f for f in first.claimed if f.path != "toy/one.txt"]
    assert "toy/one.txt" not in after.memory.files


def test_files_of_sources_that_are_not_wanted_are_not_read_nor_forgotten(tmp_path, settled):
    deliver(tmp_path, one__txt=b"a|b\n")
    settled()
    first = seen(tmp_path)
    none = survey(str(tmp_path), SOURCES, (), first.memory)
    assert (none.claimed, none.unclaimed, none.memory) == ([], [], first.memory)
    assert survey(str(tmp_path), SOURCES, ()).memory == NOTHING


@given(where=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_what_is_kept_of_a_look_is_believed_only_whole(tmp_path_factory, where, bit):
    folder = tmp_path_factory.mktemp("zone")
    landing, lake = folder / "landing", folder / "lake"
    (landing / "caers").mkdir(parents=True)
    (landing / "caers/a.csv").write_bytes(b"x\n")
    (landing / "notes.pdf").write_bytes(b"x\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remembered, "NEAR_NS", -60_000_000_000)
        first = look(str(landing), str(lake), {"caers"})
        assert list(first.memory.files) == ["caers/a.csv"]
        data = bytearray((lake / NAME).read_bytes())
        data[where % len(data)] ^= 1 << bit
        (lake / NAME).write_bytes(data)
        assert look(str(landing), str(lake), {"caers"}) == first
        assert look(str(landing), str(lake), {"caers"}) == first


def test_paths_that_nobody_knows_are_told_by_folder():
    assert grouped(["a/x.pdf", "y.pdf", "a/z.pdf"]) == ["./ (1 file)", "a/ (2 files)"]


def test_a_zone_is_quiet_until_something_comes_goes_or_is_written(tmp_path, settled, monkeypatch):
    landing, lake = tmp_path / "landing", str(tmp_path / "lake")
    unii = landing / "unii" / "2024-01-31"
    unii.mkdir(parents=True)
    names, nobodys = unii / "UNII_Names_31Jan2024.txt", landing / "truth.csv"
    names.write_text("Name\tTYPE\tUNII\tDisplay Name\n")
    nobodys.write_text("x")
    assert not is_quiet(str(landing), lake), "nobody looked yet"
    settled()
    look(str(landing), lake, ["unii"])
    assert is_quiet(str(landing), lake), "what nobody knows was there before"
    names.write_text("Name\tTYPE\tUNII\tDisplay Namf\n")
    assert not is_quiet(str(landing), lake)
    settled()
    look(str(landing), lake, ["unii"])
    assert is_quiet(str(landing), lake)
    (unii / "other.txt").write_text("new")
    assert not is_quiet(str(landing), lake)
    (unii / "other.txt").unlink()
    names.unlink()
    assert not is_quiet(str(landing), lake)
