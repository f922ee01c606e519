"""Who may see what: no row, count, name or error of the other agency's cases reaches a reader."""

from __future__ import annotations

import io
import json
import re
import zipfile
from itertools import product
from pathlib import Path
from urllib.parse import quote

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from pipelines.core.catalog import tables
from tests.workbench.conftest import MARKS, SHARED_SUBSTANCE, build, client, log_in
from workbench.app import PAGES
from workbench.lake import OpenLake, Reader
from workbench.pages import export
from workbench.policy import AGENCIES, BY_SENSITIVITY, INTERNAL, LINK, OF_BOTH, PURPOSES, ROLES, ROWS, Policy

OTHER = {"claire": "VETONLY", "marc": "HUMONLY"}
PUBLIC = {"/login", "/logout", "/health", "/static/{name:path}"}
CHANGING = re.compile(r'(name="csrf" value="[^"]*")|(\(\d{4}-\d\d-\d\d \d\d:\d\d UTC\))')
# What a page may be asked for: names of the other agency's, names of nobody's, hostile ones.
NAMES = ["veddra:1", "preferred_term:HUMONLY A", "' OR true --", "a\u0000"]
SUBSTANCES = [SHARED_SUBSTANCE, "reported:VETONLY", "reported:HUMONLY", "x' UNION SELECT 1 --"]
POPULATIONS = ["human", "veterinary", "veterinary:dog"]


def addresses() -> list[str]:
    """Every page with every name that it may be asked for."""
    found = ["/", "/signals"]
    found += [f"/signals?population={quote(p)}&q={quote(q)}" for p, q in product(POPULATIONS, ["", "only", "' OR 1=1"])]
    for path in ("/signal", "/cases", "/decision"):
        found += [
            f"{path}?population={quote(p)}&substance={quote(s)}&term={quote(t)}"
            for p, s, t in product(POPULATIONS[:2], SUBSTANCES[:3], NAMES[:3])
        ]
    found += [f"/cases?population={p}&substance={SHARED_SUBSTANCE}&cell=substance" for p in POPULATIONS]
    found += [f"/case?key=src%3A{mark}-1-{i}" for mark in MARKS.values() for i in range(4)]
    found += [f"/duplicate?key=src%3A{m}-1-0&other=src%3A{n}-1-1" for m, n in product(MARKS.values(), repeat=2)]
    found += [
        f"/quality?population={p}&substance={SHARED_SUBSTANCE}&term={quote(n)}" for p in POPULATIONS for n in NAMES[:2]
    ]
    found += ["/quality", "/dictionary", "/dictionary?table=silver.report_narrative", "/dictionary?table=silver.code"]
    found += [
        f"/register?kind={k}&key={q}" for k, q in (("site", "SITE"), ("substance", SHARED_SUBSTANCE), ("site", "one"))
    ]
    found += [f"/register?kind={k}&key=B-{m}" for k in ("batch", "plant") for m in MARKS.values()]
    found += ["/registers", "/registers?q=only", "/register?kind=plant&key=HUMONLY%20VETONLY", "/exposure", "/league"]
    found += [f"/exposure?substance={quote(s)}" for s in SUBSTANCES] + [f"/league?domain={d}" for d in (*MARKS, "all")]
    found += [
        f"/compare?population={quote(p)}&substance={quote(s)}&{more}"
        for p, s, more in product(POPULATIONS, SUBSTANCES[:3], ("then=2024-02-29", f"other={SHARED_SUBSTANCE}"))
    ]
    found += [
        *("/audit", "/audit?refused=1", "/audit?q=ONLY"),
        "/watches",
        "/watch?id=1",
        "/releases",
        "/release?id=1",
        "/release/file?id=1",
        "/release/new?population=human",
    ]
    found += [
        f"/export?view={v}&kind={k}&population={p}&substance={SHARED_SUBSTANCE}&term=veddra%3A1"
        for v, k, p in product(export.VIEWS, export.KINDS, ("human", "veterinary"))
    ]
    found += ["/duplicates", "/cases?population=human", "/cases?population=veterinary", "/decision/record?id=1"]
    return found


def _seen(browser: TestClient, asked: list[str]) -> dict[str, tuple[int, str]]:
    """Status and text of each page, without what changes from one asking to the next."""
    answered = {address: browser.get(address) for address in asked}
    return {address: (a.status_code, CHANGING.sub("", _text(a))) for address, a in answered.items()}


def _text(answered) -> str:
    """What an answer says; of an archive the rows of its file and the manifest but for moment, hash and row."""
    if answered.headers["content-type"] != "application/zip":
        return answered.text
    with zipfile.ZipFile(io.BytesIO(answered.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    own = {k: v for k, v in manifest.items() if k not in ("made_at", "audit_row", "sha256", "tables")}
    ((name, data),) = files.items()
    if name.endswith("csv"):
        return json.dumps(own) + data.decode()
    if name.endswith("parquet"):
        return json.dumps(own) + str(pq.read_table(io.BytesIO(data)).to_pylist())
    rows = openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows(values_only=True)
    return json.dumps(own) + str(list(rows))


def test_what_an_agency_sees_does_not_depend_on_the_cases_of_the_other(lake, tmp_path):
    build(tmp_path / "vet", veterinary=4)
    build(tmp_path / "hum", human=4)
    for user, elsewhere in (("claire", "vet"), ("marc", "hum")):
        with client(lake, tmp_path / "a") as here, client(tmp_path / elsewhere, tmp_path / "b") as there:
            there.app_store.salt = here.app_store.salt  # of pseudonyms: what differs is of the lake
            seen = [_seen(log_in(browser, user), addresses()) for browser in (here, there)]
        for address in addresses():
            assert seen[0][address] == seen[1][address], (user, address)
        assert {status for status, _ in seen[0].values()} == {200, 400, 404}


def test_every_route_is_asked_for():
    """A page that is added is held to the tests below by itself: it must stand among the addresses."""
    routes = {route.path for page in PAGES for route in page.router.routes if "GET" in route.methods}
    assert routes == {address.partition("?")[0] for address in addresses()}


@pytest.mark.parametrize("role", [role for role in ROLES if role != "assessor"])
def test_no_role_is_told_of_the_other_agency(browser, role, monkeypatch):
    from workbench import people

    monkeypatch.setitem(people.DEMONSTRATION, "claire", people.User("claire", "Claire", ("ANSM",), role))
    for address, (_, text) in _seen(log_in(browser, "claire"), addresses()[::3]).items():
        assert "VETONLY" not in _without_what_was_asked(text), address


@pytest.mark.parametrize("user", OTHER)
def test_no_page_says_a_name_of_the_other_agency(browser, user):
    for address, (_, text) in _seen(log_in(browser, user), addresses()).items():
        assert OTHER[user] not in _without_what_was_asked(text), address


def _without_what_was_asked(text: str) -> str:
    return re.sub(r'(value|href|hx-get)="[^"]*"|<pre.*?</pre>', "", text, flags=re.DOTALL)


@pytest.mark.parametrize(("user", "population"), [("claire", "veterinary"), ("marc", "human")])
def test_what_is_the_others_and_what_is_not_at_all_answer_alike(browser, user, population):
    log_in(browser, user)
    theirs = browser.get(f"/signal?population={population}&substance={SHARED_SUBSTANCE}&term=veddra%3A1")
    nobodys = browser.get("/signal?population=moon&substance=x&term=y")
    strip = re.compile(r'href="[^"]*"')
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert strip.sub("", CHANGING.sub("", theirs.text)) == strip.sub("", CHANGING.sub("", nobodys.text))


def _policies() -> list[Policy]:
    agencies = [(a,) for a in AGENCIES] + [tuple(AGENCIES)]
    return [Policy(a, role, "regulatory", "salt") for a, role in product(agencies, ROLES.values())]


@pytest.mark.parametrize("policy", _policies(), ids=lambda p: f"{'+'.join(p.agencies)}-{p.role.name}")
def test_every_table_of_a_policy_holds_its_agencies_rows_and_no_other(policy, lake):
    reader = Reader(OpenLake(str(lake)), policy)
    hidden = {mark for domain, mark in MARKS.items() if domain not in policy.domains}
    for address in sorted(reader.edition.versions):
        if not policy.allows(address):
            with pytest.raises(Exception, match="not been built here"):
                reader.rows(f"SELECT * FROM {address}")
            continue
        rows = reader.rows(f"SELECT * FROM {address}")
        assert not [mark for mark in hidden if mark in str(rows)], address
        may_be_empty = address in BY_SENSITIVITY if policy.is_whole else {ROWS[address]} & {OF_BOTH, LINK}
        assert rows or (may_be_empty and policy.role.name != "assessor") or ROWS[address] == OF_BOTH, address
        shown = set(rows[0]) if rows else set()
        sensitivities = {tables()[address].columns[c].sensitivity for c in shown}
        assert sensitivities <= policy.role.sensitivities


def test_a_study_shows_pseudonyms_that_join_and_no_narrative(lake):
    policy = Policy(("ANSM", "ANSES"), ROLES["epidemiologist"], "research", "salt")
    reader = Reader(OpenLake(str(lake)), policy)
    rows = reader.rows("SELECT * FROM silver.report JOIN silver.report_event USING (report_key, report_version)")
    assert rows
    assert all(re.fullmatch(r"case-[0-9a-f]{16}", r["report_key"]) for r in rows)
    assert not [r for r in rows if "ONLY-" in str({k: v for k, v in r.items() if "term" not in k})]
    assert "narrative" not in reader.rows("SELECT * FROM silver.report_narrative")[0]
    other = Reader(OpenLake(str(lake)), Policy(("ANSM", "ANSES"), ROLES["epidemiologist"], "research", "pepper"))
    names = [{r["report_key"] for r in each.rows("SELECT report_key FROM silver.report")} for each in (reader, other)]
    assert not names[0] & names[1]


def test_a_table_that_no_rule_names_is_nobodys():
    for policy in _policies():
        for address in set(tables()) - set(ROWS):
            assert not policy.allows(address)
            with pytest.raises(PermissionError):
                policy.relation(tables()[address], lambda a: a)


def test_rules_name_tables_and_columns_that_exist():
    for address, rule in ROWS.items():
        columns = set(tables()[address].columns)
        assert {"domain", "population", "species", "report_key"} & set(re.findall(r"^\(?(\w+)", rule)) <= columns, (
            address
        )
    assert set(ROWS) > INTERNAL
    with pytest.raises(ValueError, match="purpose"):
        Policy(("ANSM",), ROLES["assessor"], "curiosity")
    with pytest.raises(ValueError, match="agency"):
        Policy(("ANSM", "EMA"), ROLES["assessor"], next(iter(PURPOSES)))


def test_the_database_of_a_policy_reaches_nothing_outside_of_the_lake(lake, tmp_path):
    opened = OpenLake(str(lake))
    engine = opened.engine(opened.edition(), _policies()[0])
    (tmp_path / "secret.csv").write_text("a\n1\n")
    for statement in (
        f"SELECT * FROM read_csv('{tmp_path}/secret.csv')",
        "SELECT * FROM read_text('/etc/passwd')",
        f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
        "SET enable_external_access = true",
        f"ATTACH '{tmp_path}/other.db'",
        "INSTALL httpfs",
    ):
        with pytest.raises(duckdb.Error):
            engine.execute(statement)


def test_every_route_asks_for_a_right_that_roles_know():
    rights = {right for role in ROLES.values() for right in role.rights}
    for page in PAGES:
        for route in page.router.routes:
            asked = [getattr(d.call, "right", None) for d in route.dependant.dependencies]
            assert [right for right in asked if right in rights], route.path
            assert route.path not in PUBLIC


@pytest.mark.parametrize("address", [a for a in addresses() if a != "/"][:40])
def test_nobody_sees_anything_without_logging_in(browser, address):
    answered = browser.get(address)
    assert (answered.status_code, answered.headers["location"].split("?")[0]) == (303, "/login")
    assert "ONLY" not in answered.text


def test_a_role_without_the_right_finds_nothing(browser, monkeypatch):
    from workbench import people

    auditor = people.User("claire", "Claire", ("ANSM", "ANSES"), "auditor")
    monkeypatch.setitem(people.DEMONSTRATION, "claire", auditor)
    log_in(browser, "claire")
    assert [browser.get(address).status_code for address in ("/signals", addresses()[20])] == [404, 404]


def test_a_lake_that_is_not_all_simulated_lets_no_demonstration_user_in(lake, tmp_path):
    from workbench.people import is_simulated

    assert is_simulated(str(lake), str(tmp_path)) is False
    with client(lake, tmp_path, is_demonstration=False) as browser:
        assert 'name="user"' not in browser.get("/login").text
        answered = browser.post("/login", data={"user": "claire", "purpose": "regulatory"})
    assert (answered.status_code, browser.cookies.get("gerland_session")) == (404, None)


def test_a_lake_is_simulated_only_while_every_file_is(tmp_path: Path):
    import json

    from pipelines.intake.landing import MARKER
    from tests.workbench.conftest import write
    from workbench.people import is_simulated

    deliveries = [{"delivery_id": f"d{i}", "sha256": f"hash{i}", "status": "accepted"} for i in range(2)]
    write(tmp_path / "lake", "bronze.delivery", [*deliveries, {"delivery_id": "r", "sha256": "z", "status": "refused"}])
    marker = tmp_path / "landing" / MARKER
    marker.parent.mkdir(parents=True)
    marker.write_text(json.dumps({"simulated": ["hash0"]}))
    assert is_simulated(str(tmp_path / "lake"), str(tmp_path / "landing")) is False
    marker.write_text(json.dumps({"simulated": ["hash0", "hash1"]}))
    assert is_simulated(str(tmp_path / "lake"), str(tmp_path / "landing")) is True


def test_who_is_there_leaves_when_real_files_come(tmp_path, monkeypatch):
    import json

    from pipelines.intake.landing import MARKER
    from tests.workbench.conftest import write
    from workbench import lake as reading
    from workbench.app import create
    from workbench.people import Simulated
    from workbench.store import Store

    monkeypatch.setattr(reading, "LOOK_EVERY_SECONDS", 0.0)
    build(tmp_path / "lake")
    write(tmp_path / "lake", "bronze.delivery", [{"delivery_id": "d", "sha256": "hash", "status": "accepted"}])
    marker = tmp_path / "landing" / MARKER
    marker.parent.mkdir(parents=True)
    marker.write_text(json.dumps({"simulated": ["hash"]}))
    opened = OpenLake(str(tmp_path / "lake"))
    store = Store(f"sqlite:///{tmp_path}/workbench.db")
    app = create(opened, store, tmp_path / "heads.tsv", Simulated(opened, str(tmp_path / "landing")))
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as browser:
        assert log_in(browser, "claire").get("/signals").status_code == 200
        write(tmp_path / "lake", "bronze.delivery", [{"delivery_id": "d", "sha256": "real", "status": "accepted"}])
        assert browser.get("/signals").status_code == 303
        assert 'name="user"' not in browser.get("/login").text
