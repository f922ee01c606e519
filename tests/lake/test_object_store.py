"""A lake on an object store is the lake in a folder: written, asked, verified, damaged, leased, its landing zone read."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pyarrow as pa
import pytest

from pipelines.core.addresses import AddressRefused
from pipelines.core.catalog import sources, tables
from pipelines.core.rules import RulesBroken
from pipelines.defs.silver.product.tables import Shortage
from pipelines.files import object_store
from pipelines.files.object_store import engine_settings, executor_environment
from pipelines.files.store import at_hand, file_system, place, put_whole, written_to
from pipelines.intake.landing import scan
from pipelines.intake.survey import is_quiet
from pipelines.lake import lease, store_lease
from pipelines.lake.content import content
from pipelines.lake.lake import Lake
from pipelines.lake.query import query
from pipelines.lake.store_lease import Taken, take
from pipelines.lake.vacuum import vacuum
from pipelines.lake.verify import glance, verify
from pipelines.settings import SettingsError, load
from tests.faulty import each_commit_once, way_to
from tests.lake.test_lease import at_once
from tests.lake.test_verify import Thing
from tests.lake.test_verify import _write as write
from tests.store import BUCKET, running

DAY = dt.date(2024, 1, 1)
SHORTAGE = {"source": "bdpm", "product_key": "CIS:1", "pack_key": "", "status": "shortage", "is_current": True}
SHORTAGE |= {"notice_seq": 1, "episode_key": "bdpm|CIS:1", "country": "FR", "start_date": DAY, "valid_from": DAY}
PER_COMMIT = 60  # requests that a few rows more take in the mean, however often that was done before
PER_LOOK = 18  # requests that asking a table's version, looking at log and sizes, and whether it is fresh may take


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with running(tmp_path_factory.mktemp("store")) as started:
        yield started


def lake_at(root: str) -> Lake:
    return Lake(None, root, {Thing.address(): Thing})


@pytest.mark.parametrize("root", ["gs://a/b", "file:///a", "s3://", "s3:///"])
def test_an_address_that_names_no_store_is_refused_with_what_can_be_named(root):
    with pytest.raises(AddressRefused, match=r"s3://bucket/…"):
        file_system(root)


def test_a_place_that_a_command_is_told_is_an_address_or_a_whole_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert place("s3://signals/lake") == "s3://signals/lake"
    assert place("lake") == str(tmp_path / "lake")


def test_rows_are_written_replaced_asked_and_verified_as_in_a_folder(store, tmp_path):
    far, near = lake_at(f"{store.root}/written"), lake_at(str(tmp_path))
    for lake in (far, near):
        for delivery in ("a:1", "b c", "a:1", "d%20e"):
            write(lake, delivery)
    folder = far.path(Thing.address())
    assert far.n_rows(Thing.address()) == near.n_rows(Thing.address()) == 150
    assert verify(folder, Thing.address()).is_whole
    assert glance(folder) is None
    uri = far.files(Thing.address())[0][0]
    system, path = file_system(uri)
    with system.open_input_stream(path) as stream:
        bytes_of = stream.read()
    put_whole(system, path, bytes_of[:-1])
    assert "bytes where" in str(glance(folder))
    put_whole(system, path, bytes_of[:100] + bytes([bytes_of[100] ^ 1]) + bytes_of[101:])
    assert not verify(folder, Thing.address()).is_whole
    put_whole(system, path, bytes_of)
    assert verify(folder, Thing.address()).is_whole


NOTICES = [{name: SHORTAGE.get(name) for name in Shortage.columns} | {"notice_id": f"n{i}"} for i in range(3)]


def commit_often(root: str) -> Lake:
    """Make two tables and their rules, and commit to each more than once."""
    lake = Lake(None, root, {t.address(): t for t in (Thing, Shortage)})
    write(lake, "a")
    write(lake, "b", 3)
    write(lake, "a", 7)
    lake.append_small(Shortage, pa.Table.from_pylist(NOTICES[:2], Shortage.arrow_schema()))
    lake.append_small(Shortage, pa.Table.from_pylist(NOTICES[2:], Shortage.arrow_schema()))
    return lake


def test_a_commit_whose_answer_is_lost_is_made_once(store):
    root = f"{store.root}/lost"
    with way_to(store) as way, ProcessPoolExecutor(1, get_context("spawn")) as another:
        way.set(each_commit_once())
        lake = another.submit(commit_often, root).result()
        assert way.befallen["lost"] >= 7
    assert lake.n_rows(Thing.address()) == 10
    assert lake.n_rows(Shortage.address()) == 3
    assert all(verify(lake.path(address), address).is_whole for address in lake.tables)
    with pytest.raises(RulesBroken):
        lake.append_small(Shortage, pa.Table.from_pylist(NOTICES[:1], Shortage.arrow_schema()))


def test_what_nobody_stands_on_is_swept_and_what_stands_is_not(store):
    lake = lake_at(f"{store.root}/swept")
    write(lake, "a")
    write(lake, "a", 3)
    swept = vacuum(lake.path(Thing.address()), dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    assert swept.n_files == 1
    assert verify(lake.path(Thing.address()), Thing.address()).is_whole
    assert lake.n_rows(Thing.address()) == 3


def test_queries_and_hashes_are_those_of_the_same_rows_in_a_folder(store, tmp_path):
    roots = [f"{store.root}/asked", str(tmp_path)]
    rows = [{name: SHORTAGE.get(name) for name in Shortage.columns} | {"notice_id": f"n{i}"} for i in range(9)]
    for root, ordered in zip(roots, (rows, rows[::-1]), strict=True):
        lake = Lake(None, root, tables())
        lake.append_small(Shortage, pa.Table.from_pylist(ordered, Shortage.arrow_schema()))
    asked = "SELECT count(*) AS n FROM silver.shortage WHERE notice_id > 'n3'"
    assert [query(root, asked).to_pylist() for root in roots] == [[{"n": 5}]] * 2
    far, near = (content(root, Shortage) for root in roots)
    assert far == near
    assert far.n_rows == 9
    assert content(roots[0], tables()["silver.term"]) is None
    lake.append_small(Shortage, pa.Table.from_pylist([rows[0] | {"notice_id": "n9"}], Shortage.arrow_schema()))
    assert content(roots[0], Shortage) != content(roots[1], Shortage)


def test_a_landing_zone_is_read_where_it_lies_and_known_again(store, tmp_path):
    landing, lake = f"{store.root}/landing", f"{store.root}/seen"
    system, base = file_system(landing)
    put_whole(system, f"{base}/case_listing/2024-01-31/own.csv", b"case_id,product,event\n1,GEFALIX,Rash\n")
    found = scan(landing, sources())
    assert [(f.source, f.path, f.problem) for f in found] == [("case_listing", "case_listing/2024-01-31/own.csv", None)]
    assert not is_quiet(landing, lake)


def test_a_delivery_that_is_half_uploaded_is_none_until_it_is_whole(store):
    landing, client = f"{store.root}/arriving", object_store.client()
    at = {"Bucket": BUCKET, "Key": "arriving/case_listing/2024-01-31/own.csv"}
    halves = [b"case_id,product,event\n" + b"1,GEFALIX,Rash\n" * 400_000, b"2,GEFALIX,Rash\n"]
    upload = {**at, "UploadId": client.create_multipart_upload(**at)["UploadId"]}
    parts = []
    for number, half in enumerate(halves, start=1):
        assert scan(landing, sources()) == []
        tag = client.upload_part(**upload, PartNumber=number, Body=half)["ETag"]
        parts.append({"PartNumber": number, "ETag": tag})
    client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert [(f.n_bytes, f.problem) for f in scan(landing, sources())] == [(len(b"".join(halves)), None)]


def test_files_are_written_to_a_store_and_are_at_hand_as_in_a_folder(store, tmp_path):
    for root in (f"{store.root}/country", str(tmp_path / "country")):
        with written_to(root) as folder:
            (folder / "truth").mkdir(parents=True)
            (folder / "truth" / "signals.csv").write_text("substance,event\n")
            (folder / "own.csv").write_bytes(b"")
        with at_hand(f"{root}/truth") as folder:
            assert [p.name for p in folder.iterdir()] == ["signals.csv"]
            assert (folder / "signals.csv").read_text() == "substance,event\n"
        with at_hand(f"{root}/absent") as folder:
            assert not any(folder.glob("*"))


def test_looking_at_a_table_and_adding_to_it_takes_few_requests(store):
    lake = lake_at(f"{store.root}/budget")
    for i in range(12):
        write(lake, f"d{i}", 2)
    again = lake_at(f"{store.root}/budget")
    again.version(Thing.address())
    before = store.n_requests()
    again.version(Thing.address())
    again.look(Thing.address())
    again.is_fresh(Thing.address(), {})
    time.sleep(0.2)  # the store writes its log as it can
    assert store.n_requests() - before <= PER_LOOK
    before = store.n_requests()
    for i in range(20):
        write(lake, f"e{i}", 2)
    time.sleep(0.2)
    assert store.n_requests() - before <= 20 * PER_COMMIT


def test_one_run_at_a_time_writes_and_a_lease_that_nobody_renews_runs_out(store):
    root = f"{store.root}/leased"
    assert at_once(lambda: lease.hold(root)) == []
    lease.hold(root)  # the same process may ask again
    lease.must_be_held(root)
    lease._held[root].is_lost = True
    with pytest.raises(lease.LeaseTaken, match="has lost the lease"):
        lease.must_be_held(root)
    lease._held[root].is_lost = False
    code = f"from pipelines.lake.lease import hold; hold({root!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "LeaseTaken: another run writes to" in done.stderr
    assert "planted-secret" not in done.stderr
    lease.release(root)
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0  # and dies without giving it back
    with pytest.raises(lease.LeaseTaken, match="runs out after 120 seconds"):
        lease.hold(root)


def test_a_lease_is_renewed_taken_over_when_its_owner_is_gone_and_lost_by_one_who_comes_back(store):
    address = f"{store.root}/beats/_run.lock"
    first = take(address, {"process": 1}, beat_seconds=0.1, lasts_seconds=2.0)
    time.sleep(2.5)
    with pytest.raises(Taken, match="another's"):
        take(address, {"process": 2}, 0.1, 2.0)
    first._ended.set()  # as a machine that stands still
    time.sleep(3.2)
    second = take(address, {"process": 2}, 0.1, 2.0)
    first._ended.clear()
    first.renewed()
    assert first.is_lost
    assert not second.is_lost
    first.give_back()
    with pytest.raises(Taken):
        take(address, {"process": 3}, 0.1, 2.0)
    second.give_back()
    take(address, {"process": 3}, 0.1, 2.0).give_back()


def test_a_renewal_whose_answer_was_lost_is_known_for_ones_own(store):
    held = take(f"{store.root}/lost-answer/_run.lock", {"process": 1}, beat_seconds=60)
    held.owner["beat"] += 1
    store_lease._put(held.bucket, held.key, store_lease._written(held.owner), IfMatch=held.tag)  # and nobody said so
    held.beat_seconds = 0.05
    again = store_lease.threading.Thread(target=held.renewed, daemon=True)
    again.start()
    time.sleep(0.5)
    assert not held.is_lost
    held.give_back()
    again.join(2)


def test_a_store_that_does_not_answer_is_an_error_of_the_store(monkeypatch):
    from tests.store import forget_clients

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(object_store, "ATTEMPTS", 1)
    forget_clients()
    try:
        with pytest.raises(OSError, match="can't be taken"):
            take("s3://signals/x/_run.lock", {})
    finally:
        forget_clients()


def test_the_engine_is_told_of_the_store_in_its_own_words_and_a_secret_only_where_executors_are_elsewhere(store):
    told = engine_settings()
    assert told["spark.hadoop.fs.s3a.endpoint"] == store.endpoint
    assert told["spark.delta.logStore.s3.impl"] == "gerland.ConditionalPutLogStore"
    assert "planted-secret" not in str(told)
    assert executor_environment()["spark.executorEnv.AWS_SECRET_ACCESS_KEY"] == "planted-secret"
    from pipelines.frames.spark import engine_settings as of

    for master, is_told in (("local[2]", False), ("spark://head:7077", True)):
        settings = load(lake="s3://signals/lake", spark_master=master)
        assert ("planted-secret" in str(of(settings, "j"))) is is_told


def test_settings_name_folders_or_stores_that_are_known(tmp_path):
    assert load(lake="s3://signals/lake").on_object_store
    assert not load(lake=str(tmp_path), landing=str(tmp_path)).on_object_store
    with pytest.raises(SettingsError, match="s3://bucket"):
        load(lake="gs://signals/lake")
