"""What people wrote stands in the lake as in the store, which the lake only reads."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import pytest

from pipelines.core.catalog import steps
from pipelines.defs.ops.written import store
from pipelines.lake.platform import Platform
from pipelines.settings import load
from workbench import audit, watches
from workbench.decisions import decide, read
from workbench.store import Store, link_verdict, now

TABLES = ("decision", "reading", "link_verdict", "saved_query", "audit")
TODAY = dt.datetime.now(dt.UTC).date()


def platform(tmp_path, file="workbench.db") -> Platform:
    return Platform(
        load(lake=tmp_path / "lake", workbench=f"sqlite:///{tmp_path}/{file}", landing=tmp_path / "landing")
    )


def copied(running: Platform) -> dict[str, list[dict]]:
    """Rows of each table, made by its step; made again they are the same."""
    found = {}
    for name in TABLES:
        step = steps()[f"ops.{name}"]
        inputs = {k: told(running) for k, told in step.also.items()}
        step(running, inputs)
        assert not step(running, inputs).changed
        found[name] = pl.DataFrame(running.lake.small(step.address, list(step.table.columns))).to_dicts()
    return found


def entry(who: str, act: str) -> audit.Entry:
    return audit.Entry(who, "assessor", "ANSM", "regulatory", act, "x", query="SELECT 'a name'")


def said(**more) -> dict:
    seen = json.dumps({"substance_name": "S", "term_name": "T", "a": 3})
    whole = {"population": "human", "substance_key": "s", "term_key": "t", "verdict": "monitor", "reason": "other"}
    return {
        **whole,
        "text": "Wait and see.",
        "stage": "detected",
        "due": "2030-01-31",
        "snapshot": seen,
        "supersedes": None,
        **more,
    }


def test_each_kind_of_row_is_copied_with_its_days(tmp_path):
    written = Store(f"sqlite:///{tmp_path}/workbench.db")
    first = decide(written, entry("claire", "decision"), said())
    second = decide(written, entry("claire", "decision"), said(verdict="refuted", supersedes=first, due=None))
    read(written, entry("ines", "reading"), {"id": second, "who": "claire"}, True, "Read and agreed.")
    with written.writing() as connection:
        row = {"report_key": "a", "other_report_key": "b", "domain": "human", "at": now(), "who": "claire"}
        row |= {"verdict": "confirmed", "reason": "dates", "text": "The same day.", "audit_seq": 1}
        connection.execute(link_verdict.insert().values(**row))
    seen = {"version": 1, "content": "{}"}
    number = watches.begin(written, entry("claire", "watch"), "mine", "/signals?population=human", True, seen)
    watches.begin(written, entry("claire", "watch"), "other", "/signals?population=human", False, seen)
    watches.end(written, entry("claire", "watch end"), number)
    running = platform(tmp_path)
    found = copied(running)
    decisions = [(d["decision_id"], d["is_standing"], d["decided_on"], d["superseded_on"]) for d in found["decision"]]
    assert decisions == [(1, False, TODAY, TODAY), (2, True, TODAY, None)]
    assert (found["decision"][0]["substance_name"], found["decision"][0]["due"]) == ("S", dt.date(2030, 1, 31))
    assert [(r["decision_id"], r["who"], r["agrees"]) for r in found["reading"]] == [(2, "ines", True)]
    assert [(v["report_key"], v["verdict"], v["said_on"]) for v in found["link_verdict"]] == [("a", "confirmed", TODAY)]
    assert [(q["title"], q["is_kept"], q["is_shared"]) for q in found["saved_query"]] == [
        ("mine", False, True),
        ("other", True, False),
    ]
    assert [r["act"] for r in found["audit"]] == ["decision", "decision", "reading", "watch", "watch", "watch end"]
    assert "a name" not in str(found["audit"])  # the text of queries stays where it was written
    assert audit.verify(written) == []


def test_what_a_table_was_made_of_changes_with_its_rows_and_no_others(tmp_path):
    written = Store(f"sqlite:///{tmp_path}/workbench.db")
    running = platform(tmp_path)
    told = {name: steps()[f"ops.{name}"].also["workbench"] for name in TABLES}
    before = {name: of(running) for name, of in told.items()}
    decide(written, entry("claire", "decision"), said())
    assert {name for name, of in told.items() if of(running) != before[name]} == {"decision", "audit"}


def test_a_store_that_was_never_made_has_no_rows_and_is_not_made(tmp_path):
    assert set(map(len, copied(platform(tmp_path)).values())) == {0}
    assert not (tmp_path / "workbench.db").exists()


def test_a_store_that_can_not_be_read_is_told_without_its_password(tmp_path):
    (tmp_path / "workbench.db").write_bytes(b"no database" * 100)
    with pytest.raises(store.StoreUnread, match="setting `workbench`"):
        copied(platform(tmp_path))
    with pytest.raises(store.StoreUnread) as told:
        store.rows("postgresql+nosuchdriver://me:secret@nowhere/db", "decision")
    assert "secret" not in str(told.value)
