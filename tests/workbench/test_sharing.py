"""Shares: the real client reads the rows of its recipient and no other; nobody reads without a token that stands."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import delta_sharing
import pytest
import requests
import sqlalchemy as sa
import uvicorn

from tests.services import free_port
from tests.workbench.conftest import write
from workbench import lake as reading
from workbench import sharing
from workbench.app import create
from workbench.audit import verify
from workbench.lake import OpenLake, Reader
from workbench.policy import CASE_LEVEL, INTERNAL, ROLES, Policy
from workbench.store import Store, audit

NEWEST = "1.4.2"  # of the client; it asks for pandas below 3, ours is later


@dataclass
class Served:
    """A workbench that answers over HTTP, and what makes recipients of it."""

    address: str
    store: Store
    lake: Path
    home: Path

    def recipient(self, name: str, *agencies: str, days: int = 1) -> str:
        """Token of a new recipient."""
        return sharing.admit(self.store, name, agencies, "regulatory", days)[0]

    def profile(self, token: str) -> str:
        """Profile file for the client."""
        file = self.home / "profile.json"
        file.write_text(sharing.profile(self.address, token, "2099-01-01T00:00:00+00:00"))
        return str(file)

    def get(self, path: str, token: str, **more) -> requests.Response:
        """An answer to a recipient."""
        return requests.get(
            f"{self.address}/sharing{path}", headers={"Authorization": f"Bearer {token}"}, timeout=30, **more
        )

    def query(self, table: str, token: str, **body) -> requests.Response:
        """The answer to a query."""
        schema, name = table.split(".")
        path = f"/sharing/shares/gerland/schemas/{schema}/tables/{name}/query"
        return requests.post(self.address + path, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def file(self, table: str, token: str) -> str:
        """Signed address of a table's file."""
        return json.loads(self.query(table, token).text.splitlines()[2])["file"]["url"]


@pytest.fixture
def served(lake, tmp_path) -> Iterator[Served]:
    yield from _serve(lake, tmp_path)


def _serve(lake: Path, home: Path) -> Iterator[Served]:
    port = free_port()
    store, address = Store(f"sqlite:///{home}/workbench.db"), f"http://localhost:{port}"
    app = create(OpenLake(str(lake)), store, home / "heads.tsv", lambda: True, address=address)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield Served(address, store, lake, home)
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize(
    ("agencies", "domains"),
    [(["ANSM"], {"human"}), (["ANSES"], {"veterinary"}), (["ANSM", "ANSES"], {"human", "veterinary"})],
)
def test_the_real_client_reads_the_rows_of_its_recipient(served, agencies, domains):
    profile = served.profile(served.recipient("lab", *agencies))
    client = delta_sharing.SharingClient(profile)
    assert [share.name for share in client.list_shares()] == ["gerland"]
    listed = {f"{t.schema}.{t.name}" for t in client.list_all_tables()}
    assert "gold.signal" in listed
    assert not listed & (CASE_LEVEL | INTERNAL)
    found = delta_sharing.load_as_pandas(f"{profile}#gerland.gold.signal")
    assert set(found["domain"]) == domains
    policy = Policy(tuple(agencies), ROLES["recipient"], "regulatory", served.store.salt)
    rows = Reader(OpenLake(str(served.lake)), policy).rows("SELECT population, substance_key, a FROM gold.signal")
    told = sorted(found[["population", "substance_key", "a"]].itertuples(index=False, name=None))
    assert told == sorted((r["population"], r["substance_key"], r["a"]) for r in rows)
    assert len(delta_sharing.load_as_pandas(f"{profile}#gerland.gold.signal", limit=2)) == 2
    acts = _acts(served)
    assert {("share:lab", "share query"), ("share:lab", "share file")} <= set(acts)
    assert verify(served.store) == []


ASKED = """
import json, sys, delta_sharing
profile, client = sys.argv[1], delta_sharing.SharingClient(sys.argv[1])
read = lambda t, **more: delta_sharing.load_as_pandas(f"{profile}#{t}", **more)
signal = read("gerland.gold.signal")
print(json.dumps({
    "version": delta_sharing.__version__,
    "rows": sorted(map(list, signal[["population", "substance_key", "a"]].itertuples(index=False))),
    "limited": len(read("gerland.gold.signal", limit=2)),
    "lengths": {f"{t.schema}.{t.name}": len(read(f"{t.share}.{t.schema}.{t.name}")) for t in client.list_all_tables()},
}, default=int))
"""


@pytest.mark.slow
def test_the_newest_client_with_the_pandas_that_it_asks_for_reads_the_same(served, tmp_path):
    uv, python = Path(sys.executable).parent / "uv", tmp_path / "env" / "bin" / "python"
    for command in (
        ["venv", "--quiet", "--python", sys.executable, tmp_path / "env"],
        ["pip", "install", "--quiet", "--python", python, f"delta-sharing=={NEWEST}"],
    ):
        subprocess.run([uv, *command], check=True)
    profile = served.profile(served.recipient("lab", "ANSM"))
    done = subprocess.run([python, "-c", ASKED, profile], capture_output=True, text=True, check=True, cwd=tmp_path)
    told = json.loads(done.stdout.splitlines()[-1])
    ours = delta_sharing.load_as_pandas(f"{profile}#gerland.gold.signal")
    rows = sorted(map(list, ours[["population", "substance_key", "a"]].itertuples(index=False)))
    assert told["version"] == NEWEST
    assert told["rows"] == json.loads(json.dumps(rows, default=int))
    assert told["limited"] == 2
    tables = delta_sharing.SharingClient(profile).list_all_tables()
    lengths = {
        f"{t.schema}.{t.name}": len(delta_sharing.load_as_pandas(f"{profile}#{t.share}.{t.schema}.{t.name}"))
        for t in tables
    }
    assert told["lengths"] == lengths


def _acts(served: Served) -> list[tuple[str, str]]:
    with served.store.reading() as connection:
        return [(row.who, row.act) for row in connection.execute(sa.select(audit.c.who, audit.c.act))]


def test_every_table_that_is_listed_can_be_read_and_tells_nothing_of_the_other_agency(served):
    profile = served.profile(served.recipient("lab", "ANSM"))
    client = delta_sharing.SharingClient(profile)
    for table in client.list_all_tables():
        found = delta_sharing.load_as_pandas(f"{profile}#{table.share}.{table.schema}.{table.name}")
        assert "VETONLY" not in found.to_csv(), table


def test_lists_come_page_by_page_and_names_in_any_case(served):
    token = served.recipient("lab", "ANSM")
    whole = served.get("/shares/gerland/all-tables", token).json()["items"]
    found, after = [], ""
    while after is not None:
        page = served.get("/shares/GERLAND/all-tables", token, params={"maxResults": 1, "pageToken": after}).json()
        found, after = found + page["items"], page.get("nextPageToken")
    assert found == whole
    assert served.get("/shares/gerland/schemas/GOLD/tables/Signal/version", token).headers["delta-table-version"] == "0"
    lines = [
        json.loads(line)
        for line in served.get("/shares/gerland/schemas/gold/tables/signal/metadata", token).text.splitlines()
    ]
    assert [next(iter(line)) for line in lines] == ["protocol", "metaData"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/shares/other", 404),
        ("/shares/gerland/schemas/nothing/tables", 404),
        ("/shares/gerland/schemas/gold/tables/nothing/version", 404),
        ("/shares/gerland/schemas/silver/tables/report/version", 404),
        ("/shares/gerland/schemas/silver/tables/report_narrative/metadata", 404),
        ("/shares/gerland/schemas/ops/tables/audit/metadata", 404),
        ("/shares/gerland/schemas/gold/tables/signal/changes", 400),
        ("/shares?maxResults=x", 400),
        ("/files/gold.signal-0-x.parquet", 403),
    ],
)
def test_what_is_not_shared_is_told_as_the_protocol_says(served, path, status):
    answered = served.get(path, served.recipient("lab", "ANSM"))
    assert answered.status_code == status
    assert set(answered.json()) == {"errorCode", "message"}


def test_nobody_reads_without_a_token_that_stands(served):
    token = served.recipient("lab", "ANSM")
    for forged in ("", "x", token[:-1], "' OR 1=1 --", "é".encode().decode("latin-1"), "a" * 5000):
        assert served.get("/shares", forged).status_code == 401
    assert requests.get(f"{served.address}/sharing/shares", timeout=30).status_code == 401
    address = served.file("gold.signal", token)
    sharing.revoke(served.store, "lab")
    assert served.get("/shares", token).status_code == 401
    assert requests.get(address, timeout=30).status_code == 403
    ended = served.recipient("old", "ANSM", days=-1)
    assert served.get("/shares", ended).status_code == 401
    assert token not in str(served.store.engine.connect().execute(sa.text("SELECT * FROM recipient")).all())


def test_an_address_is_good_for_its_recipient_and_its_time_only(served):
    token, other = served.recipient("lab", "ANSM"), served.recipient("vets", "ANSES")
    address = served.file("gold.signal", token)
    assert requests.get(address, timeout=30).status_code == 200
    assert requests.head(address, timeout=30).status_code == 200
    part = requests.get(address, headers={"Range": "bytes=0-3"}, timeout=30)
    assert (part.status_code, part.content) == (206, b"PAR1")
    place = served.file("gold.signal", other).split("?")[0]
    query = address.split("?")[1]
    for forged in (
        address.replace("r=lab", "r=vets"),
        address.replace("t=gold.signal", "t=gold.exposure"),
        address.replace("sig=", "sig=0"),
        f"{place}?{query}",
        address.replace("&e=", "&e=9"),
        address.split("?")[0],
    ):
        assert requests.get(forged, timeout=30).status_code == 403
    name = place.rsplit("/", 1)[1]
    late = sharing.signed(served.store, "vets", "gold.signal", name, time.time() - 2 * sharing.GOOD_SECONDS)
    assert requests.get(place, params=late, timeout=30).status_code == 403


@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "%2e%2e/store.py", "../workbench.db"])
def test_no_file_but_those_that_were_made_leaves(served, name):
    told = sharing.signed(served.store, "lab", "gold.signal", name)
    served.recipient("lab", "ANSM")
    assert requests.get(f"{served.address}/sharing/files/{name}", params=told, timeout=30).status_code in (403, 404)


def test_a_new_version_is_shared_and_an_old_one_is_not(tmp_path, monkeypatch):
    from tests.workbench.conftest import build

    monkeypatch.setattr(reading, "LOOK_EVERY_SECONDS", 0.0)
    build(tmp_path / "lake")
    for served in _serve(tmp_path / "lake", tmp_path):
        token = served.recipient("lab", "ANSM")
        before = served.file("gold.signal", token)
        row = {"population": "human", "domain": "human", "substance_key": "new", "term_key": "t", "is_latest": True}
        write(tmp_path / "lake", "gold.signal", [row])
        assert requests.get(before, timeout=30).status_code == 404
        found = delta_sharing.load_as_pandas(f"{served.profile(token)}#gerland.gold.signal")
        assert list(found["substance_key"]) == ["new"]
        assert served.query("gold.signal", token, version=0).status_code == 400
        assert served.query("gold.signal", token, version=1).status_code == 200
        assert requests.post(
            f"{served.address}/sharing/shares/gerland/schemas/gold/tables/signal/query",
            data=b"{no json",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        ).status_code == 400  # fmt: skip


@pytest.mark.parametrize(
    ("name", "agencies"), [("Lab", ("ANSM",)), ("x", ("ANSM",)), ("lab one", ("ANSM",)), ("lab", ("EMA",))]
)
def test_a_recipient_has_a_plain_name_and_an_agency(tmp_path, name, agencies):
    store = Store(f"sqlite:///{tmp_path}/workbench.db")
    with pytest.raises((sharing.ShareError, ValueError)):
        sharing.admit(store, name, agencies, "regulatory", 1)
    sharing.admit(store, "lab", ("ANSM",), "regulatory", 1)
    with pytest.raises(sharing.ShareError, match="already"):
        sharing.admit(store, "lab", ("ANSM",), "regulatory", 1)


def test_the_command_makes_and_ends_a_recipient(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from pipelines.cli import app
    from pipelines.settings import settings

    monkeypatch.setenv("GERLAND_WORKBENCH", f"sqlite:///{tmp_path}/workbench.db")
    settings.cache_clear()
    try:
        run = CliRunner().invoke
        made = run(app, ["share", "lab", "--agency", "ANSM"])
        assert made.exit_code == 0, made.output
        token = json.loads(made.output)["bearerToken"]
        store = Store(f"sqlite:///{tmp_path}/workbench.db")
        assert sharing.of_token(store, token).policy.agencies == ("ANSM",)
        assert run(app, ["share", "lab"]).exit_code == 1
        assert run(app, ["share", "lab", "--revoke"]).exit_code == 0
        assert sharing.of_token(store, token) is None
        assert run(app, ["share", "lab", "--revoke"]).exit_code == 1
    finally:
        settings.cache_clear()
