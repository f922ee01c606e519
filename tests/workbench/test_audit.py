"""The audit: every page has its row, and no row is changed, taken out or put elsewhere unseen."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from tests.conftest import ROOT
from tests.workbench.conftest import log_in
from workbench import audit, people
from workbench.audit import Entry, append, head, publish, published, record, verify
from workbench.store import Store
from workbench.store import audit as table

ENTRY = Entry("claire", "assessor", "ANSM", "regulatory", "view", "/signals")


@pytest.fixture
def store(tmp_path) -> Store:
    found = Store(f"sqlite:///{tmp_path}/workbench.db")
    for i in range(12):
        record(found, Entry("claire", "assessor", "ANSM", "regulatory", "view", f"/signals?page={i}", result=str(i)))
    return found


def _break(store: Store, *statements: str) -> None:
    """Change rows as somebody could who owns the file: without the triggers."""
    with store.engine.begin() as connection:
        for name in ("audit_update", "audit_delete"):
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_chain_that_nobody_touched_is_whole(store):
    assert verify(store) == []
    assert head(store).seq == 12


@pytest.mark.parametrize("column", [c.name for c in table.columns if c.name not in ("seq", "hash")])
def test_a_changed_value_is_found(store, column):
    _break(store, f"UPDATE audit SET {column} = 'other' WHERE seq = 5")
    assert verify(store)[0].startswith("row 5")


def test_a_row_that_was_made_anew_does_not_carry_the_next(store):
    with store.reading() as connection:
        row = dict(connection.execute(sa.select(table).where(table.c.seq == 5)).mappings().one())
    row["who"] = "marc"
    _break(store, f"UPDATE audit SET who = 'marc', hash = '{audit.hash_of(row)}' WHERE seq = 5")
    assert verify(store) == ["row 6 does not follow the row before it"]


def test_rows_taken_out_or_put_in_another_order_are_found(store):
    _break(store, "DELETE FROM audit WHERE seq IN (4, 5)")
    assert verify(store)[0] == "rows 4 to 5 are missing"
    _break(
        store,
        "UPDATE audit SET seq = 100 WHERE seq = 7",
        "UPDATE audit SET seq = 7 WHERE seq = 8",
        "UPDATE audit SET seq = 8 WHERE seq = 100",
    )
    assert "row 7 is not as it was written" in verify(store)


def test_a_cut_end_and_a_chain_written_anew_are_found_by_what_was_published(store, tmp_path):
    file = tmp_path / "reports" / "heads.tsv"
    assert publish(store, file) == head(store)
    assert publish(store, file) is None  # once a day
    assert verify(store, published(file)) == []
    _break(store, "DELETE FROM audit WHERE seq > 10")
    assert verify(store) == []
    assert verify(store, published(file))[0].startswith("the chain was cut: row 12")
    for i in range(2):
        record(store, Entry("marc", "assessor", "ANSES", "regulatory", "view", f"{i}"))
    assert verify(store) == []
    assert verify(store, published(file))[0].startswith("row 12 is not the one that was published")


def test_the_database_itself_refuses_to_change_what_stays(store):
    for statement in ("UPDATE audit SET who = 'x'", "DELETE FROM audit"):
        with pytest.raises(sa.exc.SQLAlchemyError, match="stay as they are"), store.engine.begin() as connection:
            connection.exec_driver_sql(statement)


def test_rows_of_many_at_once_stand_in_one_chain(store):
    with ThreadPoolExecutor(8) as many:
        seqs = list(many.map(lambda _: record(store, ENTRY), range(60)))
    assert sorted(seqs) == list(range(13, 73))
    assert verify(store) == []


def test_rows_of_many_threads_of_several_processes_stand_in_one_chain(store):
    script = f"""
from concurrent.futures import ThreadPoolExecutor
from tests.workbench.test_audit import ENTRY
from workbench.audit import record
from workbench.store import Store
store = Store({str(store.engine.url)!r})
with ThreadPoolExecutor(8) as many:
    print(*many.map(lambda _: record(store, ENTRY), range(200)))
"""
    running = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)
    ]
    seqs = [int(seq) for process in running for seq in process.communicate(timeout=120)[0].split()]
    assert sorted(seqs) == list(range(13, 613))
    assert verify(store) == []


def test_a_row_that_can_not_be_written_is_an_error_for_each_that_waited(store):
    wrong = Entry(None, "assessor", "ANSM", "regulatory", "view", "/")  # type: ignore[arg-type]
    with ThreadPoolExecutor(4) as many:
        for failed in [many.submit(record, store, wrong) for _ in range(4)]:
            with pytest.raises(sa.exc.IntegrityError):
                failed.result()
    assert (record(store, ENTRY), verify(store)) == (13, [])


def test_what_fails_writes_nothing(store):
    with pytest.raises(RuntimeError), store.writing() as connection:
        append(connection, ENTRY)
        raise RuntimeError
    assert head(store).seq == 12


def test_every_page_is_written_down_with_purpose_versions_query_and_result(browser):
    log_in(browser, "claire")
    for address in (
        "/signals?q=a",
        "/signals?q=a",
        "/signals?q=nothing",
        "/signal?population=human&substance=x&term=y",
    ):
        browser.get(address)
    with browser.app_store.reading() as connection:
        rows = [dict(r) for r in connection.execute(sa.select(table).order_by(table.c.seq)).mappings()]
    assert [r["act"] for r in rows] == ["login", "view", "view", "view", "missing"]
    assert {(r["who"], r["role"], r["agencies"], r["purpose"]) for r in rows} == {
        ("claire", "assessor", "ANSM", "regulatory")
    }
    viewed = rows[1:4]
    assert json.loads(viewed[0]["versions"])["gold.signal"] == 0
    assert "FROM gold.signal" in viewed[0]["query"]
    assert viewed[0]["object"] == "/signals?q=a"
    assert viewed[0]["result"] == viewed[1]["result"] != viewed[2]["result"]
    assert verify(browser.app_store) == []


def test_the_command_verifies_and_says_the_head(tmp_path, monkeypatch, store):
    from pipelines import cli, settings

    own = settings.load(workbench=f"sqlite:///{tmp_path}/workbench.db", reports=tmp_path)
    monkeypatch.setattr(cli, "current", lambda: own)
    said = CliRunner().invoke(cli.app, ["audit", "verify"])
    assert (said.exit_code, "12 rows, each as it was written" in said.output) == (0, True)
    assert CliRunner().invoke(cli.app, ["audit", "head"]).output.split("\t")[0] == "12"
    _break(store, "UPDATE audit SET who = 'x' WHERE seq = 3")
    said = CliRunner().invoke(cli.app, ["audit", "verify"])
    assert (said.exit_code, str(said.exception)) == (1, "row 3 is not as it was written")


def test_processes_that_start_at_once_make_one_store(tmp_path):
    address = f"sqlite:///{tmp_path}/workbench.db"
    script = f"from workbench.store import Store; print(Store({address!r}).salt)"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
        for _ in range(4)
    ]
    said = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0] * 4, said
    assert len({out for out, _ in said}) == 1


def _as(monkeypatch, browser, *agencies: str):
    auditor = people.User("claire", "Claire", agencies, "auditor")
    monkeypatch.setitem(people.DEMONSTRATION, "claire", auditor)
    return log_in(browser, "claire")


def test_an_auditor_sees_what_people_did_and_no_case(browser, monkeypatch):
    log_in(browser, "ines").get("/case?key=src%3AHUMONLY-1-0")
    browser.get("/case?key=nobodys")
    page = _as(monkeypatch, browser, "ANSM", "ANSES").get("/audit")
    assert browser.post("/login", data={"user": "claire", "purpose": "regulatory"}).headers["location"] == "/audit"
    assert "/case?key=src%3AHUMONLY-1-0" in page.text
    n_rows = page.text.count('<th scope="row">')
    assert f"{n_rows} rows." in page.text
    assert browser.get("/case?key=src%3AHUMONLY-1-0").status_code == 404
    refused = browser.get("/audit?refused=1").text
    assert ("missing" in refused, "<td>view</td>" in refused) == (True, False)
    assert browser.get("/audit?q=HUMONLY-1-0&who=ines").text.count('<th scope="row">') == 1
    assert "No row fits" in browser.get("/audit?q=100%25_").text  # what is searched is no pattern
    assert browser.get("/audit?purpose=curiosity").status_code == 400
    assert "stands as it was written" in browser.get("/audit?verify=1").text
    _break(browser.app_store, "UPDATE audit SET who = 'other' WHERE seq = 2")
    assert "row 2 is not as it was written" in browser.get("/audit?verify=1").text


def test_an_auditor_of_one_agency_sees_nothing_of_the_others(browser, monkeypatch):
    log_in(browser, "marc").get("/case?key=src%3AVETONLY-1-0")
    log_in(browser, "ines").get("/case?key=src%3AVETONLY-1-1")
    page = _as(monkeypatch, browser, "ANSM").get("/audit").text
    assert ("VETONLY" in page, ">marc<" in page, ">ines<" in page) == (False, False, False)
    assert 'href="/audit"' not in log_in(browser, "yann").get("/").text
