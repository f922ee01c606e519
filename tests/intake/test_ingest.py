"""Landing to bronze: what comes in is kept or quarantined, once, whatever it is."""

from __future__ import annotations

import gzip
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from pipelines.core.ledger import Delivery, Quarantine
from pipelines.intake.balance import balance
from pipelines.intake.ingest import ingest
from pipelines.intake.landing import scan, unclaimed
from pipelines.lake.lake import Lake
from pipelines.lake.query import query
from pipelines.privacy.pseudonyms import Pseudonymiser
from tests.intake.landed import TABLES, TOY, deliver, run, zipped
from tests.intake.toy.tables import ToyLine, ToyPerson

ADDRESS = ToyLine.address()


def rows(lake: Lake) -> set[tuple[str, str]]:
    return {(r["left"], r["right"]) for r in lake[ADDRESS].collect()}


@pytest.fixture
def lake(spark, tmp_path):
    return Lake(spark, str(tmp_path / "lake"), TABLES)


@pytest.mark.spark
def test_every_record_is_kept_or_quarantined_with_file_line_and_reason(lake, tmp_path):
    deliver(tmp_path / "in", one__txt=b"a|b\n\nc|d|e\nf|g")
    intake = run(lake, tmp_path / "in")
    assert rows(lake) == {("a", "b"), ("f", "g")}
    refused = lake[Quarantine.address()].collect()
    assert [(r["file"], r["line_number"], r["reason"], r["raw"]) for r in refused] == [
        ("toy/one.txt", 3, "2 fields expected, 3 found", "c|d|e")
    ]
    assert intake.total("n_rows_read") == 3
    counted = balance(lake, ToyLine)
    assert (counted.n_read, counted.n_kept, counted.n_quarantined, counted.is_balanced) == (3, 2, 1, True)


@pytest.mark.spark
def test_a_clean_delivery_leaves_an_empty_quarantine_that_can_be_read(lake, tmp_path):
    deliver(tmp_path / "in", one__txt=b"a|b\n")
    run(lake, tmp_path / "in")
    assert lake.exists(Quarantine.address())
    assert query(lake.root, "SELECT count(*) AS n FROM bronze.quarantine").to_pylist() == [{"n": 0}]


@pytest.mark.spark
def test_the_balance_sees_a_lost_row(lake, tmp_path, spark):
    deliver(tmp_path / "in", one__txt=b"a|b\nc|d\n")
    run(lake, tmp_path / "in")
    spark.sql(f"DELETE FROM delta.`{lake.path(ADDRESS)}` WHERE left = 'a'")
    assert not balance(lake, ToyLine).is_balanced


@pytest.mark.spark
def test_the_same_content_again_under_any_name_changes_nothing(lake, tmp_path):
    landing = tmp_path / "in"
    deliver(landing, one__txt=b"a|b\n")
    run(lake, landing)
    before = lake.versions([ADDRESS, Delivery.address()])
    deliver(landing, copy__txt__gz=gzip.compress(b"a|b\n"), pack__zip=zipped(inner__one=b"a|b\n"))
    again = run(lake, landing)
    assert lake.versions([ADDRESS, Delivery.address()]) == before
    assert (again.ledger, again.n_known) == ([], 3)


@pytest.mark.spark
def test_an_interrupted_run_is_written_again_in_place(lake, tmp_path, spark):
    deliver(tmp_path / "in", one__txt=b"a|b\nx\n")
    run(lake, tmp_path / "in")
    spark.sql(f"DELETE FROM delta.`{lake.path(Delivery.address())}`")  # the ledger is written last
    run(lake, tmp_path / "in")
    assert lake[ADDRESS].count() == 1
    assert lake[Quarantine.address()].count() == 1
    assert balance(lake, ToyLine).is_balanced


@pytest.mark.spark
def test_broken_files_are_refused_while_the_others_go_on(lake, tmp_path):
    whole = zipped(a=b"m|n\n" * 500)
    torn = bytearray(zipped(zipfile.ZIP_BZIP2, a=b"m|n\n" * 500))
    torn[60] ^= 255
    deliver(
        tmp_path / "in",
        good__txt=b"a|b\n",
        empty__txt=b"",
        page__zip=b"<!DOCTYPE html><html>quota exceeded</html>",
        cut__zip=whole[: len(whole) // 2],
        wide__txt="a|b\n".encode("utf-16"),
        broken__txt__gz=gzip.compress(b"a|b\n" * 1000)[:40],
        torn__zip=torn,
        climbing__zip=zipped(**{"..__..__etc": b"a|b\n"}),
    )
    run(lake, tmp_path / "in")
    assert rows(lake) == {("a", "b")}
    reasons = {r["file"]: r["reason"] for r in lake[Quarantine.address()].collect()}
    assert reasons["toy/empty.txt"] == "empty"
    assert "HTML" in reasons["toy/page.zip"]
    assert "truncated" in reasons["toy/cut.zip"]
    assert "UTF-16" in reasons["toy/wide.txt"]
    assert "can't be decompressed" in reasons["toy/broken.txt.gz"]
    assert "can't be decompressed" in reasons["toy/torn.zip/a.txt"]
    assert "climbs out" in reasons["toy/climbing.zip"]
    ledger = lake[Delivery.address()]
    assert ledger.filter("status = 'refused'").count() == 7


@pytest.mark.spark
def test_identifiers_are_replaced_before_anything_is_written(lake, tmp_path):
    deliver(tmp_path / "in", one__person=b"SECRET-77|fine\nSECRET-77|SECRET-88|broken\n")
    run(lake, tmp_path / "in")
    person = lake[ToyPerson.address()].collect()[0]["person"]
    assert person == Pseudonymiser("k")("SECRET-77")
    written = [p for p in Path(lake.root).rglob("*") if p.is_file()]
    assert written
    assert not [p for p in written if b"SECRET" in p.read_bytes()]
    assert "SECRET" not in str(lake[Quarantine.address()].collect())


def test_what_no_source_knows_is_reported_and_left_alone(tmp_path):
    deliver(tmp_path, one__txt=b"a|b\n", notes__pdf=b"%PDF")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.csv").write_bytes(b"1")
    assert unclaimed(str(tmp_path), {"toy": TOY}) == ["other/x.csv", "toy/notes.pdf"]


def test_a_delivery_is_known_by_the_date_in_its_path_else_by_the_files_own(tmp_path):
    deliver(tmp_path, **{"2024-07-13/a__txt": b"a|b\n"}, b__txt=b"a|b\n")
    os.utime(tmp_path / "toy" / "b.txt", (1_600_000_000, 1_600_000_000))
    dates = {f.path: f.known_date.isoformat() for f in scan(str(tmp_path), {"toy": TOY})}
    assert dates == {"toy/2024-07-13/a.txt": "2024-07-13", "toy/b.txt": "2020-09-13"}


@pytest.mark.spark
def test_two_runs_at_once_double_nothing(lake, tmp_path):
    deliver(tmp_path / "in", one__txt=b"a|b\nc|d|e\n", two__txt=b"f|g\n")
    for table in TABLES.values():
        lake.create(table)
    together = Barrier(2, timeout=60)
    landed = scan(str(tmp_path / "in"), {"toy": TOY})

    def forced(_: int) -> None:
        def tell(said: str) -> None:
            if "rows to" in said:  # what follows is the commit
                together.wait()

        ingest(lake, TOY, landed, str(tmp_path / "in"), Pseudonymiser("k"), tell)

    with ThreadPoolExecutor(2) as runs:
        list(runs.map(forced, range(2)))
    assert (lake[ADDRESS].count(), lake[Quarantine.address()].count(), lake[Delivery.address()].count()) == (2, 1, 2)
    assert balance(lake, ToyLine).is_balanced
