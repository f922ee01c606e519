"""What lies in the landing zone: archives, packed files and bombs are read, or refused with the reason."""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
import time
import warnings
import zipfile

import pytest

from pipelines.core import limits
from pipelines.core.catalog import SourceFolder
from pipelines.files.store import file_system
from pipelines.files.text import Refused
from pipelines.files.timing import in_time
from pipelines.intake.landing import Landed, opened, scan, unclaimed
from tests.intake.toy import SOURCE
from tests.intake.toy.tables import ToyLine, ToyPerson

TOY = SourceFolder(SOURCE, (ToyLine, ToyPerson), "tests.intake.toy")
LINE = b"a|b\n"


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a name stands twice
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def tarred(data: bytes, mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        info = tarfile.TarInfo("inner.txt")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def landed(folder, **files: bytes) -> dict[str, Landed]:
    for name, data in files.items():
        path = folder / "toy" / name.replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return {f.path.removeprefix("toy/"): f for f in scan(str(folder), {"toy": TOY})}


def content(folder, file: Landed) -> bytes:
    system, base = file_system(str(folder))
    with opened(system, f"{base}/{file.container}", file.member) as stream:
        return stream.read()


def test_a_gz_inside_a_zip_is_read(tmp_path):
    found = landed(tmp_path, pack__zip=zipped(("x.txt.gz", gzip.compress(LINE)), ("y.txt", LINE)))
    assert [content(tmp_path, f) for f in found.values()] == [LINE, LINE]
    assert len({f.sha256 for f in found.values()}) == 1


def test_a_name_that_stands_twice_in_an_archive_is_refused_alone(tmp_path):
    found = landed(tmp_path, pack__zip=zipped(("x.txt", LINE * 3), ("x.txt", LINE), ("y.txt", LINE)))
    assert "twice" in found["pack.zip/x.txt"].problem
    assert found["pack.zip/y.txt"].problem is None
    assert found["pack.zip/x.txt"].delivery_id != found["pack.zip/y.txt"].delivery_id


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("pack__tar", tarred(LINE)),
        ("pack__tar__gz", tarred(LINE, "w:gz")),
        ("pack__7z", b"7z\xbc\xaf\x27\x1c"),
        ("one__txt__bz2", bz2.compress(LINE)),
        ("outer__zip", zipped(("inner.zip", zipped(("x.txt", LINE))))),
        ("outer__zip", zipped(("inner.tar", tarred(LINE)))),
        ("one__txt", zipped(("x.txt", LINE))),
        ("one__txt", gzip.compress(LINE)),
        ("one__txt", tarred(LINE)),
        ("one__txt__gz", gzip.compress(gzip.compress(LINE))),
        ("outer__zip", zipped(("inner.txt", zipped(("x.txt", LINE))))),
    ],
)
def test_an_archive_inside_another_or_of_another_kind_is_refused_with_the_reason(tmp_path, name, data):
    (file,) = landed(tmp_path, **{name: data}).values()
    assert (file.source, "archive" in file.problem) == ("toy", True)
    assert file.sha256
    assert unclaimed(str(tmp_path), {"toy": TOY}) == []


def test_a_gz_that_expands_without_measure_is_refused_soon(tmp_path):
    bomb = gzip.compress(b"\0" * 60_000_000)
    start = time.monotonic()
    found = landed(
        tmp_path,
        one__txt__gz=bomb,
        two__zip=zipped(("x.txt", b"\0" * 60_000_000)),
        three__zip=zipped(("x.txt.gz", bomb)),
    )
    assert time.monotonic() - start < 5
    assert ["bomb" in f.problem for f in found.values()] == [True] * 3


def test_members_that_overlap_or_are_too_many_are_refused(tmp_path, monkeypatch):
    data = zipped(*((f"{i}.txt", LINE * 1000) for i in range(3)))
    monkeypatch.setattr(limits, "MEMBERS", 2)
    assert "more than 2 files" in landed(tmp_path, many__zip=data)["many.zip"].problem
    monkeypatch.undo()
    (tmp_path / "toy" / "many.zip").unlink()
    with zipfile.ZipFile(io.BytesIO(zipped(("a.txt", bytes(range(256)) * 40)))) as archive:
        out, (one,) = io.BytesIO(archive.fp.getvalue()), archive.infolist()
    with zipfile.ZipFile(out, "a") as archive:
        archive.filelist.extend([one] * 50)
        archive._didModify = True
    assert "overlap" in landed(tmp_path, overlapping__zip=out.getvalue())["overlapping.zip"].problem


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped(("x.txt", data))])
def test_a_packed_file_that_is_cut_anywhere_is_refused(tmp_path, pack):
    whole, name = (
        pack(b"".join(b"%d|b\n" % i for i in range(500))),
        "one.txt.gz" if pack is gzip.compress else "one.zip",
    )
    for at in range(1, len(whole), max(1, len(whole) // 40)):
        found = landed(tmp_path, **{name.replace(".", "__"): whole[:at]})
        assert all(f.problem for f in found.values()), at


def test_reading_that_takes_too_long_is_refused():
    start = time.monotonic()
    with pytest.raises(Refused, match="seconds"), in_time(0.2):
        while True:
            pass
    with in_time(0.2):
        pass
    time.sleep(0.3)
    assert time.monotonic() - start < 2
