"""`gerland deliveries`, `withdraw`, `reread`: as a user types them, without Java."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.core.catalog import tables
from pipelines.core.ledger import Delivery, Quarantine
from pipelines.lake.lake import Lake
from pipelines.lake.lease import LeaseTaken
from tests.lake.test_lease import holder  # noqa: F401

COLUMNS = ("delivery", "source", "file", "known_date", "status", "n_read", "n_kept", "n_quarantined", "reason")


def row(n: int, source: str, status: str, reason: str | None = None, kept: int = 0, aside: int = 0) -> dict:
    told = {"delivery_id": f"{n:016x}", "table_name": f"{source}_row", "source": source, "status": status}
    told |= {"file": f"{source}/{n}.csv", "known_date": dt.date(2024, 1, n), "sha256": "x", "n_bytes": 1}
    counts = {"n_rows_read": kept + aside, "n_rows_kept": kept, "n_rows_quarantined": aside}
    return told | counts | {"reason": reason, "ingested_at": dt.datetime.now(dt.UTC), "code_version": "x"}


@pytest.fixture
def root(tmp_path):
    lake = Lake(None, str(tmp_path / "lake"), tables())
    rows = [row(1, "case_listing", "accepted", kept=3, aside=1), row(2, "case_listing", "refused", "empty")]
    rows.append(row(3, "evvet", "accepted", kept=5))
    lake.replace_small(
        Delivery, pa.Table.from_pylist(rows, schema=Delivery.arrow_schema()), {r["delivery_id"] for r in rows}
    )
    lake.create(Quarantine)
    for table in tables().values():
        if getattr(table, "source", "") == "case_listing":
            lake.create(table)
    return lake.root


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def asked(*arguments: str) -> list[dict]:
    return json.loads(run("deliveries", "--format", "json", *arguments).stdout)


def test_deliveries_are_listed_by_source_and_status_with_counts_and_reasons(root):
    every = asked("--lake", root)
    assert [r["file"] for r in every] == ["case_listing/1.csv", "case_listing/2.csv", "evvet/3.csv"]
    assert tuple(every[0]) == COLUMNS
    assert [every[0][c] for c in COLUMNS[4:]] == ["accepted", 4, 3, 1, None]
    assert [r["reason"] for r in asked("--lake", root, "--status", "refused")] == ["empty"]
    assert [r["file"] for r in asked("--lake", root, "--source", "evvet")] == ["evvet/3.csv"]
    wrong = run("deliveries", "--lake", root, "--status", "lost")
    assert "there is no status 'lost'; known are begun, accepted" in str(wrong.exception)


def test_withdrawing_asks_for_a_reason_and_is_written_down(root):
    one = f"{1:016x}"
    assert run("withdraw", one, "--lake", root).exit_code == 2
    assert "--reason holds nothing" in str(run("withdraw", one, "--lake", root, "--reason", " ").exception)
    assert "there is no delivery" in str(run("withdraw", "abc", "--lake", root, "--reason", "x").exception)
    (Path(root) / "as_of" / "2024-01-15").mkdir(parents=True)
    done = run("withdraw", one, "--lake", root, "--reason", "wrong file")
    assert done.exit_code == 0
    assert "gerland run --as-of 2024-01-15" in done.output
    assert asked("--lake", root, "--status", "withdrawn")[0]["reason"] == "wrong file"
    audit = Lake(None, root, tables()).small("bronze.delivery_action", ["delivery_id", "action", "n_rows_kept"])
    assert audit.to_pylist() == [{"delivery_id": one, "action": "withdraw", "n_rows_kept": 3}]
    gone = run("reread", one, "--lake", root, "--landing", root)
    assert "lies in the landing zone no more" in str(gone.exception)


def test_nothing_is_withdrawn_from_under_a_run(holder):  # noqa: F811
    root, _ = holder
    lake = Lake(None, root, tables())
    one = row(1, "evvet", "accepted")
    lake.replace_small(Delivery, pa.Table.from_pylist([one], Delivery.arrow_schema()), [one["delivery_id"]])
    done = run("withdraw", one["delivery_id"], "--lake", root, "--reason", "x")
    assert isinstance(done.exception, LeaseTaken)
    assert asked("--lake", root)[0]["status"] == "accepted"
