"""Every accepted delivery is answered once, whatever stopped the run that took it in."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from pipelines.core.catalog import SourceFolder
from pipelines.core.ledger import Acknowledgement, Delivery
from pipelines.intake.outbox import send_acknowledgements
from pipelines.lake.lake import Lake
from tests.intake.toy import SOURCE
from tests.intake.toy.tables import ToyLine, ToyPerson

TOY = SourceFolder(SOURCE, (ToyLine, ToyPerson), "tests.intake.toy")


def took_in(lake, *names, status="accepted", table="toy_line"):
    now = dt.datetime.now(dt.UTC)
    about = {"table_name": table, "source": "toy", "known_date": now.date(), "sha256": "0", "n_bytes": 1}
    about |= {"status": status, "n_rows_read": 1, "n_rows_kept": 1, "n_rows_quarantined": 0}
    about |= {"ingested_at": now, "code_version": "0"}
    rows = [about | {"delivery_id": name, "file": f"toy/{name}.txt"} for name in names]
    lake.replace_small(Delivery, pa.Table.from_pylist(rows, Delivery.arrow_schema()), names)


@pytest.fixture
def lake(tmp_path):
    return Lake(None, str(tmp_path / "lake"), {t.address(): t for t in (Delivery, Acknowledgement)})


def sent(tmp_path):
    return {f.name: f.read_bytes() for f in (tmp_path / "outbox" / "toy").iterdir()}


def recorded(lake):
    rows = lake.small(Acknowledgement.address(), ["file", "content", "sent_at"]).to_pylist()
    return {r["file"]: r["content"].encode() for r in rows if r["content"]}, [
        r["sent_at"] for r in rows if r["content"]
    ]


def test_what_a_killed_run_owed_is_sent_by_the_next_and_nothing_twice(lake, tmp_path):
    took_in(lake, *"abcdef")  # and killed before anything was sent
    assert send_acknowledgements(lake, TOY, str(tmp_path / "outbox")) == 6
    first = sent(tmp_path)
    assert set(first) == {f"{name}.txt" for name in "abcdef"}
    (tmp_path / "outbox" / "toy" / "a.txt").unlink()  # its receiver took it
    took_in(lake, "g")
    assert send_acknowledgements(lake, TOY, str(tmp_path / "outbox")) == 1
    assert send_acknowledgements(lake, TOY, str(tmp_path / "outbox")) == 0
    assert {n: b for n, b in sent(tmp_path).items() if n != "g.txt"} == {n: b for n, b in first.items() if n != "a.txt"}


def test_a_run_that_stops_while_sending_sends_the_same_words_later(lake, tmp_path):
    took_in(lake, *"abc")
    (tmp_path / "outbox").write_text("no folder")
    with pytest.raises(OSError):
        send_acknowledgements(lake, TOY, str(tmp_path / "outbox"))
    due, sent_at = recorded(lake)
    assert set(sent_at) == {None}
    (tmp_path / "outbox").unlink()
    (tmp_path / "outbox" / "toy").mkdir(parents=True)
    (tmp_path / "outbox" / "toy" / "b.txt").write_bytes(due["b.txt"])  # sent, and killed before it was written down
    assert send_acknowledgements(lake, TOY, str(tmp_path / "outbox")) == 3
    assert sent(tmp_path) == due
    assert None not in recorded(lake)[1]


def test_what_was_refused_or_expects_no_answer_gets_none(lake, tmp_path):
    took_in(lake, "a", status="refused")
    took_in(lake, "b", table="toy_person")
    assert send_acknowledgements(lake, TOY, str(tmp_path / "outbox")) == 0
    assert not (tmp_path / "outbox").exists()
