"""What nobody reads is swept, and a lake can be copied and put back: nothing that stands is ever lost by it."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.core.axis import DERIVED
from pipelines.core.catalog import tables
from pipelines.core.ledger import Delivery, Quarantine
from pipelines.core.table import Column, Table
from pipelines.definitions import defs
from pipelines.defs.silver.product.tables import Shortage
from pipelines.lake.compact import MANY
from pipelines.lake.lake import Lake
from pipelines.lake.lease import LeaseTaken, Unfinished, hold, release
from pipelines.lake.made import note
from pipelines.lake.query import query
from pipelines.lake.vacuum import vacuum
from pipelines.lake.verify import verify
from pipelines.upkeep.backup import BackupError, backup, backup_dated, restore
from pipelines.upkeep.compact import compact_lake
from pipelines.upkeep.verify import UNIQUE, VerifyError, repair, vacuum_lake, verify_lake

NOTICE = {"notice_id": "", "notice_seq": 1, "episode_key": "bdpm|CIS:1", "country": "FR"}

HOLDER = "import sys, time; from pipelines.lake.lease import hold; hold(sys.argv[1]); print('held', flush=True); time.sleep(600)"
DAY = dt.date(2024, 1, 1)


def aside(lake: Lake, delivery: str, n: int) -> None:
    about = {"delivery_id": delivery, "table_name": "t", "source": "toy", "file": "f", "reason": "broken"}
    rows = [about | {"line_number": i, "raw": f"row {i}"} for i in range(n)]
    lake.replace_small(Quarantine, pa.Table.from_pylist(rows, Quarantine.arrow_schema()), [delivery])


def short(lake: Lake, key: str) -> None:
    row = {"source": "bdpm", "product_key": key, "pack_key": "", "status": "shortage", **NOTICE, "is_current": True}
    rows = pa.Table.from_pylist([row | {"start_date": DAY, "valid_from": DAY}], Shortage.arrow_schema())
    import deltalake

    lake.create(Shortage)
    deltalake.write_deltalake(lake._delta(Shortage.address()), rows, mode="append")
    lake.look(Shortage.address())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("made") / "lake"
    lake = Lake(None, str(root), {t.address(): t for t in (Quarantine, Shortage)})
    for delivery, n in (("a", 20), ("b", 5), ("a", 3)):
        aside(lake, delivery, n)
    for key in ("CIS:1", "CIS:2"):
        short(lake, key)
    return root


@pytest.fixture
def root(made, tmp_path):
    shutil.copytree(made, tmp_path / "lake")
    return tmp_path / "lake"


def content(root: Path) -> list:
    return [
        sorted(map(str, query(str(root), f"SELECT * FROM {a}").to_pylist()))
        for a in (Quarantine.address(), Shortage.address())
    ]


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file() and p.name != "_run.lock"}


def aged(path: Path, days: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"left by a killed run")
    os.utime(path, (time.time() - 86400 * days,) * 2)
    return path


def test_what_killed_runs_left_is_swept_after_the_stated_days_and_the_table_stays_as_it_is(root):
    folder = root / "bronze" / "quarantine"
    old = [aged(folder / place / "x.parquet", 15) for place in ("", "delivery_id=a", "_staged/1", "_change_data")]
    young = [aged(folder / place / "y.parquet", 13) for place in ("", "delivery_id=a", "_staged/2")]
    before, version = files(root), len(list((folder / "_delta_log").glob("*.json")))
    assert verify(str(folder), Quarantine.address()).n_orphans == 4
    vacuum_lake(str(root), 14, lambda _: None)
    assert set(before) - set(files(root)) == {str(f.relative_to(root)) for f in old}
    assert all(f.exists() for f in young)
    assert len(list((folder / "_delta_log").glob("*.json"))) == version
    assert verify_lake(str(root), None, lambda _: None) == []


def test_a_file_that_was_replaced_lately_stays_however_old_it_is(root):
    folder = root / "bronze" / "quarantine"
    for file in folder.rglob("*.parquet"):
        os.utime(file, (time.time() - 86400 * 400,) * 2)
    told = content(root)
    vacuum_lake(str(root), 1, lambda _: None)
    assert len(list(folder.rglob("*.parquet"))) == 3
    swept = vacuum(str(folder), dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    assert swept.n_files == 1
    assert content(root) == told
    assert verify_lake(str(root), None, lambda _: None) == []


def test_a_restore_that_fails_on_the_copy_leaves_the_lake_and_nothing_of_the_copy(root, tmp_path):
    before = files(root)
    backup(str(root), tmp_path / "copy", lambda _: None)

    def fail(copy: str) -> None:
        assert content(Path(copy)) == content(root)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(tmp_path / "copy", str(root), True, lambda _: None, fail)
    assert files(root) == before
    killed = aged(root / "_restoring" / "bronze" / "x.parquet", 0)
    vacuum_lake(str(root), 14, lambda _: None)
    assert not killed.exists()


def test_lakes_of_past_dates_are_verified_swept_and_made_again_too(root, tmp_path):
    past, derived = root / "as_of" / "2024-03-31", "gold.report_month"
    lake = Lake(None, str(root), tables(), DAY.replace(month=3, day=31))
    table = tables()[derived]
    lake.create(table)
    folder = past / "gold" / "report_month"
    assert folder.is_dir(), "what is derived stands in a lake of its own"
    lake.look(derived)
    assert verify_lake(str(root), None, lambda _: None) == []
    orphan = aged(folder / "x.parquet", 15)
    vacuum_lake(str(root), 14, lambda _: None)
    assert not orphan.exists()
    entry = max((folder / "_delta_log").glob("*.json"))
    entry.write_bytes(entry.read_bytes()[:-1])
    said: list[str] = []
    damaged = verify_lake(str(root), derived, said.append)
    assert [(d.address, d.as_of, d.name) for d in damaged] == [
        (derived, "2024-03-31", "gold.report_month as of 2024-03-31")
    ]
    assert any(line.startswith("DAMAGED gold.report_month as of 2024-03-31: ") for line in said)
    said.clear()
    before = content(root)
    repair(str(root), str(tmp_path / "landing"), damaged, said.append)
    assert not folder.exists()
    assert [line for line in said if line.startswith("next")] == ["next: gerland run --as-of 2024-03-31"]
    assert content(root) == before
    assert verify_lake(str(root), None, lambda _: None) == []


def test_changed_files_of_former_versions_are_taken_away_by_a_repair_and_the_table_stays(root, tmp_path):
    standing = {Path(f) for f in Lake(None, str(root), tables())._delta(Quarantine.address()).file_uris()}
    (former,) = set((root / "bronze" / "quarantine").rglob("*.parquet")) - standing
    former.write_bytes(former.read_bytes()[:-1] + b"!")
    said: list[str] = []
    damaged = verify_lake(str(root), None, said.append)
    assert any("of a former version was changed" in line for line in said)
    before = content(root)
    repair(str(root), str(tmp_path / "landing"), damaged, said.append)
    assert not former.exists()
    assert content(root) == before
    assert verify_lake(str(root), None, lambda _: None) == []


@pytest.mark.parametrize("table", UNIQUE)
def test_what_stands_nowhere_else_is_never_set_aside(root, tmp_path, table):
    lake = Lake(None, str(root), {table.address(): table})
    lake.create(table)
    max(Path(lake.path(table.address())).glob("_delta_log/*.json")).write_bytes(b"")
    (Path(lake.path(table.address())) / "_delta_log" / f"{1:020d}.json").write_bytes(b"{")
    damaged = verify_lake(str(root), table.address(), lambda _: None)
    assert len(damaged) == 1
    before = files(root)
    with pytest.raises(VerifyError, match="from a backup"):
        repair(str(root), str(tmp_path), damaged, lambda _: None)
    assert files(root) == before


class Fed(Table):
    """One thing whose changes are followed."""

    layer, name, key = "silver", "fed", ("item", "delivery_id")
    axis = DERIVED
    has_change_feed = True
    item = Column("string", "Key", required=True)
    delivery_id = Column("string", "Delivery", required=True)


def test_changes_that_were_swept_are_told_to_be_gone_and_stop_nobody(tmp_path):
    lake = Lake(None, str(tmp_path), {Fed.address(): Fed})
    for delivery, items in (("a", ["1", "2"]), ("b", ["3"]), ("a", ["4"])):
        rows = [{"item": item, "delivery_id": delivery} for item in items]
        lake.replace_small(Fed, pa.Table.from_pylist(rows, Fed.arrow_schema()), [delivery])
    last = int(lake.version(Fed.address()).split("@")[1])
    assert sum(b.num_rows for b in lake.changes(Fed.address(), 1, last, 100) or []) == 6
    vacuum(lake.path(Fed.address()), dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    assert lake.changes(Fed.address(), 1, last, 100) is None


def test_a_damaged_table_is_not_swept(root):
    orphan = aged(root / "bronze" / "quarantine" / "x.parquet", 400)
    max((root / "bronze" / "quarantine" / "_delta_log").glob("*.json")).write_bytes(b"")
    said: list[str] = []
    vacuum_lake(str(root), 1, said.append)
    assert orphan.exists()
    assert any("DAMAGED bronze.quarantine" in line for line in said)


def test_a_lake_comes_back_from_its_backup_byte_for_byte(root, tmp_path):
    before, told = files(root), content(root)
    backup(str(root), tmp_path / "copy", lambda _: None)
    manifest = json.loads((tmp_path / "copy" / "manifest.json").read_text())
    assert set(manifest["files"]) == set(before)
    shutil.rmtree(root)
    restore(tmp_path / "copy", str(root), False, lambda _: None)
    assert files(root) == before
    assert content(root) == told
    assert verify_lake(str(root), None, lambda _: None) == []


def test_a_restore_replaces_a_lake_only_when_it_is_told_to_and_then_all_of_it(root, tmp_path):
    before = files(root)
    backup(str(root), tmp_path / "copy", lambda _: None)
    lake = Lake(None, str(root), {t.address(): t for t in (Quarantine, Shortage)})
    aside(lake, "c", 4)
    later = files(root)
    with pytest.raises(BackupError, match="--replace"):
        restore(tmp_path / "copy", str(root), False, lambda _: None)
    assert files(root) == later
    restore(tmp_path / "copy", str(root), True, lambda _: None)
    assert files(root) == before


@pytest.mark.parametrize("n", range(5))
def test_a_restore_that_was_cut_off_is_called_again_and_nothing_else_writes_meanwhile(root, tmp_path, monkeypatch, n):
    before = files(root)
    backup(str(root), tmp_path / "copy", lambda _: None)
    aside(Lake(None, str(root), {Quarantine.address(): Quarantine}), "c", 4)
    later, moved, rename = files(root), [], Path.rename

    def cut_off(place, target):
        if len(moved) == n:
            raise KeyboardInterrupt
        moved.append(place)
        return rename(place, target)

    monkeypatch.setattr(Path, "rename", cut_off)
    if n < 4:
        with pytest.raises(KeyboardInterrupt):
            restore(tmp_path / "copy", str(root), True, lambda _: None)
        monkeypatch.undo()
        with pytest.raises(Unfinished, match="gerland restore"):
            hold(str(root))
        assert set(later.values()) <= set(files(root).values()), "what stood before is somewhere still"
        restore(tmp_path / "copy", str(root), True, lambda _: None)
    else:
        restore(tmp_path / "copy", str(root), True, lambda _: None)
    assert files(root) == before
    hold(str(root))
    release(str(root))


def test_a_backup_that_is_not_whole_is_refused_and_the_lake_left_as_it_is(root, tmp_path):
    backup(str(root), tmp_path / "copy", lambda _: None)
    aside(Lake(None, str(root), {Quarantine.address(): Quarantine}), "c", 4)
    later, random_ = files(root), random.Random(3)
    copies = sorted(p for p in (tmp_path / "copy" / "lake").rglob("*") if p.is_file() and p.stat().st_size)
    for file in random_.sample(copies, 5):
        data = file.read_bytes()
        at = random_.randrange(len(data))
        flipped = data[:at] + bytes([data[at] ^ 1 << random_.randrange(8)]) + data[at + 1 :]
        for broken, problem in ((flipped, "damaged"), (data[:at], "damaged"), (None, "lost")):
            file.unlink()
            if broken is not None:
                file.write_bytes(broken)
            with pytest.raises(BackupError, match=problem):
                restore(tmp_path / "copy", str(root), True, lambda _: None)
            file.write_bytes(data)
    (strange := tmp_path / "copy" / "lake" / "bronze" / "strange.parquet").write_bytes(b"x")
    with pytest.raises(BackupError, match="not its own"):
        restore(tmp_path / "copy", str(root), True, lambda _: None)
    strange.unlink()
    (tmp_path / "copy" / "manifest.json").unlink()
    with pytest.raises(BackupError, match="no backup that was finished"):
        restore(tmp_path / "copy", str(root), True, lambda _: None)
    assert files(root) == later


def test_a_damaged_lake_gets_no_backup_that_could_be_restored(root, tmp_path):
    file = next((root / "silver" / "shortage").rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(BackupError, match="damaged"):
        backup(str(root), tmp_path / "copy", lambda _: None)
    assert not (tmp_path / "copy" / "manifest.json").exists()
    with pytest.raises(BackupError, match="not empty"):
        backup(str(root), tmp_path / "copy", lambda _: None)


def test_neither_is_made_while_a_run_writes(root, tmp_path):
    backup(str(root), tmp_path / "copy", lambda _: None)
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        with pytest.raises(LeaseTaken, match=f"process {process.pid} of"):
            backup(str(root), tmp_path / "other", lambda _: None)
        with pytest.raises(LeaseTaken, match=f"process {process.pid} of"):
            restore(tmp_path / "copy", str(root), True, lambda _: None)
    finally:
        process.kill()
        process.wait()


def test_the_lake_is_verified_whole_every_week(root, monkeypatch, tmp_path):
    monkeypatch.setenv("GERLAND_REPORTS", str(tmp_path / "reports"))
    schedule = defs.resolve_schedule_def("weekly")
    assert schedule.job_name == "upkeep"
    config = {"resources": {"platform": {"config": {"lake": str(root)}}}}
    job = defs.resolve_job_def("upkeep")
    assert job.execute_in_process(run_config=config).success
    file = next((root / "silver" / "shortage").rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    assert not job.execute_in_process(run_config=config, raise_on_error=False).success


def test_small_files_become_few_and_what_is_made_of_them_is_as_fresh_as_before(tmp_path):
    import deltalake

    lake, ledger = Lake(None, str(tmp_path / "lake"), tables()), Delivery.address()
    told = {"table_name": "t", "source": "toy", "file": "f", "known_date": DAY, "sha256": "0" * 64, "n_bytes": 1}
    told |= {"status": "accepted", "n_rows_read": 1, "n_rows_kept": 1, "n_rows_quarantined": 0, "code_version": "1"}
    lake.create(Delivery)
    for i in range(MANY):
        row = told | {"delivery_id": f"d{i:02}", "ingested_at": dt.datetime.now(dt.UTC), "reason": "words"}
        rows = pa.Table.from_pylist([row], Delivery.arrow_schema())
        deltalake.write_deltalake(lake.path(ledger), rows, mode="append")
    lake.look(ledger)
    lake.seal(ledger)
    short(lake, "CIS:1")
    note(lake.path(Shortage.address()), lake.version(Shortage.address()), lake.versions([ledger]) | {"code": "c"})
    before, told_in_log = content_of(lake, ledger), bounds(lake, ledger)
    said = []
    assert compact_lake(lake.root, said.append) == [ledger]
    assert said[0] == f"{ledger}: {MANY} files became 1"
    after = Lake(None, lake.root, tables())
    assert len(after.files(ledger)) == 1
    assert (content_of(after, ledger), bounds(after, ledger)) == (before, told_in_log), "nor does the log tell more"
    assert after.is_fresh(Shortage.address(), after.versions([ledger]) | {"code": "c"}), "no step is due for it"
    assert compact_lake(lake.root, said.append) == []
    vacuum_lake(lake.root, 1, said.append)
    assert verify_lake(lake.root, None, said.append) == []


def content_of(lake: Lake, address: str) -> list[str]:
    return sorted(map(str, query(lake.root, f"SELECT * FROM {address}").to_pylist()))


def bounds(lake: Lake, address: str) -> set[str]:
    """Columns whose least and greatest values stand in the log."""
    adds = pa.table(lake._delta(address).get_add_actions(flatten=True))
    return {name for name in adds.column_names if name.startswith(("min.", "max."))}


def test_dated_backups_are_kept_in_number_and_what_is_not_ours_stays(root, tmp_path, monkeypatch):
    folder, said = tmp_path / "backups", []
    (folder / "2020-01-01T000000Z").mkdir(parents=True)
    for second in range(3):
        moment = dt.datetime(2026, 1, 1, 0, 0, second, tzinfo=dt.UTC)
        monkeypatch.setattr("pipelines.upkeep.backup.dt", _Clock(moment))
        backup_dated(str(root), folder, 2, said.append)
    assert sorted(p.name for p in folder.iterdir()) == [
        "2020-01-01T000000Z",
        "2026-01-01T000001Z",
        "2026-01-01T000002Z",
    ]
    restore(folder / "2026-01-01T000002Z", str(tmp_path / "back"), False, said.append)
    assert content(tmp_path / "back") == content(root)


class _Clock:
    """The module of times, at one moment."""

    UTC = dt.UTC

    def __init__(self, moment: dt.datetime):
        self.datetime = type("Fixed", (), {"now": staticmethod(lambda _: moment)})
