"""Damage is found: whatever byte changed, whatever file or log entry went, and nothing whole is called damaged."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.core.axis import DERIVED
from pipelines.core.rules import LakeError
from pipelines.core.table import Column, Table
from pipelines.defs.silver.product.tables import Shortage
from pipelines.lake.lake import Lake
from pipelines.lake.made import note, noted
from pipelines.lake.query import QueryError, query
from pipelines.lake.seal import WHOLE_EVERY, Unreadable, seal, sealed
from pipelines.lake.verify import glance, set_aside, verify

NOTICE = {"notice_id": "", "notice_seq": 1, "episode_key": "bdpm|CIS:1", "country": "FR"}


class Thing(Table):
    """One thing."""

    layer, name, key = "silver", "thing", ("thing_id",)
    axis = DERIVED
    partitioned_by = ("delivery_id",)
    thing_id = Column("string", "Key", required=True)
    size = Column("double", "Size", minimum=0)
    delivery_id = Column("string", "Delivery", required=True)


def _write(lake: Lake, delivery: str, n: int = 50) -> None:
    rows = [{"thing_id": f"{delivery}{i}", "size": float(i), "delivery_id": delivery} for i in range(n)]
    lake.replace_small(Thing, pa.Table.from_pylist(rows, schema=Thing.arrow_schema()), [delivery])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    root = tmp_path_factory.mktemp("lake")
    lake = Lake(None, str(root), {Thing.address(): Thing})
    for delivery in ("a:1", "b c", "a:1", "d%20e"):
        _write(lake, delivery)
    return root


@pytest.fixture
def lake(written, tmp_path):
    shutil.copytree(written, tmp_path / "lake")
    return Lake(None, str(tmp_path / "lake"), {Thing.address(): Thing})


def _folder(lake: Lake) -> Path:
    return Path(lake.path(Thing.address()))


def _damaged(lake: Lake) -> bool:
    return not verify(str(_folder(lake)), Thing.address()).is_whole


def _sealed_files(lake: Lake) -> list[Path]:
    """Files that the present version stands on: log, data, seals."""
    folder = _folder(lake)
    standing = lake._delta(Thing.address()).file_uris()
    return [
        *(Path(f) for f in standing),
        *sorted((folder / "_delta_log").glob("*.json")),
        *sorted((folder / "_seal").glob("*.json")),
    ]


def test_a_lake_as_written_is_whole(lake):
    found = verify(str(_folder(lake)), Thing.address())
    assert found.problems == ()
    assert found.is_sealed
    assert (found.n_files, found.n_orphans) == (4, 0), "one of them of a former version"
    assert glance(str(_folder(lake))) is None


def test_every_flipped_bit_is_found(lake):
    random_ = random.Random(1)
    files = _sealed_files(lake)
    for _ in range(200):
        file = random_.choice(files)
        data = file.read_bytes()
        at = random_.randrange(len(data))
        file.write_bytes(data[:at] + bytes([data[at] ^ 1 << random_.randrange(8)]) + data[at + 1 :])
        assert _damaged(lake), f"bit at byte {at} of {file.name}"
        file.write_bytes(data)
    assert not _damaged(lake)


def test_a_flipped_bit_of_a_former_version_is_found_and_the_table_is_whole_without_the_file(lake):
    folder = _folder(lake)
    former = [f for f in folder.rglob("*.parquet") if str(f) not in lake._delta(Thing.address()).file_uris()]
    assert len(former) == 1
    data = former[0].read_bytes()
    former[0].write_bytes(data[:100] + bytes([data[100] ^ 4]) + data[101:])
    found = verify(str(folder), Thing.address())
    assert (found.problems, found.former) == ((), (str(former[0].relative_to(folder)),))
    assert not found.is_whole
    assert glance(str(folder)) is None, "whoever reads the table is not kept from it"
    former[0].unlink()
    assert verify(str(folder), Thing.address()).is_whole, "as after a vacuum"


def test_every_flipped_bit_of_the_note_of_what_a_table_was_made_from_is_found_and_the_note_counts_no_more(lake):
    folder, version = _folder(lake), lake.version(Thing.address())
    note(str(folder), version, {"in": "1", "code": "c"})
    assert verify(str(folder), Thing.address()).is_whole
    assert lake.is_fresh(Thing.address(), {"in": "1", "code": "c"})
    file = folder / "_made.json"
    data = file.read_bytes()
    for at in range(len(data)):
        for bit in range(8):
            file.write_bytes(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
            assert noted(str(folder), version) is None, (at, bit)
    for left in (b"", data[: len(data) // 2]):
        file.write_bytes(left)
        assert verify(str(folder), Thing.address()).former == ("_made.json",)
        assert not lake.is_fresh(Thing.address(), {"in": "1", "code": "c"})
    file.unlink()
    assert verify(str(folder), Thing.address()).is_whole


def test_a_file_or_log_entry_that_is_gone_cut_or_empty_is_found_by_verify_and_by_a_glance(lake):
    last_seal = max((_folder(lake) / "_seal").glob("*.json"))
    for file in _sealed_files(lake):
        data = file.read_bytes()
        for left in (None, b"", data[: len(data) // 2]):
            file.unlink()
            if left is not None:
                file.write_bytes(left)
            if file == last_seal and left is None:  # as if the run had been killed before it sealed
                assert not verify(str(_folder(lake)), Thing.address()).is_sealed
            else:
                assert _damaged(lake), f"{file.name}, {left and len(left)} bytes left"
                assert glance(str(_folder(lake))), file.name
            file.write_bytes(data)
    assert glance(str(_folder(lake))) is None


def test_a_log_that_lost_its_newer_half_is_found(lake):
    entries = sorted((_folder(lake) / "_delta_log").glob("*.json"))
    for entry in entries[len(entries) // 2 :]:
        entry.unlink()
    assert "log entries are gone" in str(glance(str(_folder(lake))))


def test_what_another_program_wrote_is_told_and_sealed_by_the_next_look(lake):
    lake._delta(Thing.address()).delete("delivery_id = 'b c'")
    found = verify(str(_folder(lake)), Thing.address())
    assert (found.problems, found.is_sealed) == ((), False)
    lake.look(Thing.address())
    assert verify(str(_folder(lake)), Thing.address()).is_sealed


def test_files_of_a_killed_run_are_counted_and_are_no_damage(lake):
    shutil.copy(lake._delta(Thing.address()).file_uris()[0], _folder(lake) / "left-behind.parquet")
    found = verify(str(_folder(lake)), Thing.address())
    assert (found.problems, found.n_orphans) == ((), 1)


def test_seals_stay_readable_over_many_commits_and_a_changed_one_is_told(tmp_path):
    folder = tmp_path / "t"
    (folder / "_delta_log").mkdir(parents=True)
    for version in range(2 * WHOLE_EVERY + 5):
        (folder / "_delta_log" / f"{version:020d}.json").write_text(json.dumps({"commitInfo": {"n": version}}))
        seal(str(folder))
    found = sealed(str(folder))
    assert (found.version, len(found.log), found.n_seals) == (104, 105, 105)
    kept = sorted(p.name for p in (folder / "_seal").iterdir())
    assert kept == [f"{n:08d}.json" for n in range(2 * WHOLE_EVERY, 2 * WHOLE_EVERY + 5)], "no seal that nobody reads"
    whole = folder / "_seal" / kept[0]
    data = whole.read_bytes()
    whole.unlink()
    assert "is gone" in str(sealed(str(folder)).problem)
    whole.write_bytes(data)
    assert sealed(str(folder)).problem is None
    last = folder / "_seal" / f"{102:08d}.json"
    last.write_text(last.read_text().replace('"version": 102', '"version": 103'))
    assert "was changed" in str(sealed(str(folder)).problem)
    with pytest.raises(Unreadable):
        seal(str(folder))


def of_an_earlier_release(folder: Path) -> None:
    """Write the seals as the first release did: without a form and a hash of their own."""
    before = ""
    for file in sorted((folder / "_seal").glob("*.json")):
        told = {k: v for k, v in json.loads(file.read_bytes()).items() if k not in ("form", "own")} | {"before": before}
        data = json.dumps(told, sort_keys=True).encode()
        file.write_bytes(data)
        before = hashlib.sha256(data).hexdigest()


def test_seals_of_an_earlier_release_are_no_damage_and_are_sealed_in_their_turn(lake):
    folder = _folder(lake)
    of_an_earlier_release(folder)
    assert glance(str(folder)) is None
    found = verify(str(folder), Thing.address())
    assert (found.problems, found.is_sealed, found.is_early) == ((), True, True)
    data = _sealed_files(lake)[0]
    data.write_bytes(data.read_bytes()[:-1] + b"!")
    assert _damaged(lake), "what they say is compared all the same"


def test_after_a_run_a_change_of_an_earlier_releases_seal_is_told(lake):
    folder = _folder(lake)
    of_an_earlier_release(folder)
    last = max((folder / "_seal").glob("*.json"))
    lake.look(Thing.address())
    found = verify(str(folder), Thing.address())
    assert (found.problems, found.is_early) == ((), False)
    assert len(list((folder / "_seal").glob("*.json"))) == int(last.stem) + 2
    lake.look(Thing.address())
    assert len(list((folder / "_seal").glob("*.json"))) == int(last.stem) + 2, "once"
    last.write_bytes(last.read_bytes().replace(b'"version": ', b'"version":  '))
    assert _damaged(lake)


def test_the_seal_of_a_later_release_says_what_to_do(lake):
    last = max((_folder(lake) / "_seal").glob("*.json"))
    last.write_bytes(last.read_bytes().replace(b'"form": 2', b'"form": 3'))
    problem = str(glance(str(_folder(lake))))
    assert "later release (form 3" in problem
    assert "use that release" in problem
    assert _damaged(lake)


def test_a_damaged_table_is_refused_by_whoever_reads_it(tmp_path):
    lake = Lake(None, str(tmp_path), {Shortage.address(): Shortage})
    lake.create(Shortage)
    row = {"source": "bdpm", "product_key": "CIS:1", "pack_key": "", "status": "shortage", **NOTICE, "is_current": True}
    row |= {"start_date": dt.date(2024, 1, 1), "valid_from": dt.date(2024, 1, 1)}
    import deltalake

    deltalake.write_deltalake(
        lake._delta(Shortage.address()), pa.Table.from_pylist([row], schema=Shortage.arrow_schema()), mode="append"
    )
    lake.look(Shortage.address())
    assert query(str(tmp_path), "SELECT count(*) AS n FROM silver.shortage").to_pylist() == [{"n": 1}]
    entry = max((tmp_path / "silver" / "shortage" / "_delta_log").glob("*.json"))
    entry.write_bytes(b"")
    with pytest.raises(QueryError, match="damaged"):
        query(str(tmp_path), "SELECT count(*) AS n FROM silver.shortage")
    with pytest.raises(LakeError, match=r"gerland verify silver\.shortage"):
        lake.look(Shortage.address())
    place = set_aside(str(tmp_path), Shortage.address())
    assert Path(place).is_dir()
    assert not lake.exists(Shortage.address())


@pytest.mark.parametrize("left", [None, b""])
def test_a_log_that_a_full_disk_left_empty_heals(tmp_path, left):
    lake = Lake(None, str(tmp_path), {Thing.address(): Thing})
    log = _folder(lake) / "_delta_log"
    log.mkdir(parents=True)
    if left is not None:
        (log / f"{0:020d}.json").write_bytes(left)
    assert not lake.exists(Thing.address())
    _write(lake, "a")
    assert lake.n_rows(Thing.address()) == 50
    assert not _damaged(lake)
