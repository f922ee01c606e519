"""What is taken out: the whole list, with a manifest that says what it is, and no cell that runs as a formula."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile

import openpyxl
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from tests.workbench.conftest import MONTHS, SHARED_SUBSTANCE, build, client, log_in, reports_of, write
from workbench import ermr
from workbench.pages import export
from workbench.store import audit

COURSE = f"view=course&population=human&substance={SHARED_SUBSTANCE}&term=preferred_term%3AHUMONLY%20A"


def _taken(browser, query: str) -> tuple[dict[str, bytes], dict]:
    answered = browser.get(f"/export?{query}")
    assert answered.status_code == 200, answered.text
    with zipfile.ZipFile(io.BytesIO(answered.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return files, json.loads(files.pop("manifest.json"))


@pytest.mark.parametrize(
    "view", ["view=signals&population=human&least=2", "view=cases&population=human&serious=1", COURSE]
)
def test_a_list_leaves_whole_with_its_manifest_in_three_kinds(browser, view):
    log_in(browser, "claire")
    rows = {}
    for kind in export.KINDS:
        files, manifest = _taken(browser, f"{view}&kind={kind}")
        ((name, data),) = files.items()
        assert (name, manifest["sha256"]) == (manifest["file"], hashlib.sha256(data).hexdigest())
        if kind == "csv":
            rows[kind] = len(list(csv.DictReader(io.StringIO(data.decode()))))
        elif kind == "parquet":
            rows[kind] = pq.read_table(io.BytesIO(data)).num_rows
        else:
            rows[kind] = openpyxl.load_workbook(io.BytesIO(data)).active.max_row - 1
        assert rows[kind] == manifest["rows"] > 0
        assert (manifest["made_by"], manifest["purpose"], manifest["simulated"]) == ("claire", "regulatory", True)
        assert "population" in manifest["filters"]
        assert all(table["version"] == 0 for table in manifest["tables"].values())
        with browser.app_store.reading() as connection:
            told = connection.execute(sa.select(audit).where(audit.c.seq == manifest["audit_row"])).mappings().one()
        assert (told["act"], told["result"]) == ("export", manifest["sha256"])


def test_no_cell_begins_a_formula(tmp_path):
    build(tmp_path / "lake")
    names = ["=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "-2+3", "\t=1", "plain"]
    rows = [
        {"population": "human", "domain": "human", "substance_key": f"s{i}", "term_key": "t", "is_latest": True}
        | {"substance_name": name, "term_name": name}
        for i, name in enumerate(names)
    ]
    write(tmp_path / "lake", "gold.signal", rows)
    with client(tmp_path / "lake", tmp_path) as browser:
        log_in(browser, "claire")
        table = list(
            csv.reader(
                io.StringIO(_taken(browser, "view=signals&kind=csv&population=human")[0]["signals.csv"].decode())
            )
        )
        sheet = openpyxl.load_workbook(
            io.BytesIO(_taken(browser, "view=signals&kind=xlsx&population=human")[0]["signals.xlsx"])
        ).active
    cells = [cell for row in table for cell in row] + [str(c.value) for row in sheet.iter_rows() for c in row]
    assert not [cell for cell in cells if re.match(r"[=+@\t\r]|-[^\d.]|-\d+[^\d.]", cell)]
    assert all(c.data_type != "f" for row in sheet.iter_rows() for c in row)


def test_more_than_the_limit_a_view_that_is_none_and_another_agencys_are_refused(browser, monkeypatch):
    log_in(browser, "claire")
    for query, status in (
        ("view=secrets", 400),
        ("view=cases&population=veterinary", 404),
        ("view=signals&kind=exe", 400),
    ):
        assert browser.get(f"/export?{query}").status_code == status
    files, manifest = _taken(browser, "view=signals&population=veterinary&kind=csv")
    assert (manifest["rows"], b"VETONLY" in files["signals.csv"]) == (0, False)
    monkeypatch.setattr(export, "MOST_ROWS", 2)
    assert browser.get("/export?view=cases&population=human").status_code == 400


def test_a_study_takes_nothing_out(browser):
    page = log_in(browser, "yann").get("/signals").text
    assert "/export" not in page
    assert browser.get("/export?view=signals&population=human").status_code == 404


# Readers of the eRMR take its columns by their place: adding one at the end is a change that they are told of.
FROZEN = (
    *("Active Substance", "SOC", "HLT", "PT", "New EVPM", "Tot EVPM", "New EEA", "Tot EEA", "New HCP", "Tot HCP"),
    *("New Serious", "Tot Serious", "New Fatal", "Tot Fatal", "New Paed", "Tot Paed", "New Geriatr", "Tot Geriatr"),
    *("New Spont", "Tot Spont", "ROR (-) All", "SDR All"),
)


def test_the_monthly_table_has_its_columns_in_their_order_and_counts_the_cases(browser):
    log_in(browser, "claire")
    files, manifest = _taken(browser, "view=ermr&kind=csv&population=human&month=2024-02-29")
    table = list(csv.DictReader(io.StringIO(files["ermr.csv"].decode())))
    assert tuple(table[0]) == tuple(manifest["columns"]) == ermr.COLUMNS == FROZEN
    pairs = {
        (row["substance_name"], row["term_name"]): row
        for row in csv.DictReader(
            io.StringIO(
                _taken(browser, "view=signals&kind=csv&population=human&month=2024-02-29")[0]["signals.csv"].decode()
            )
        )
    }
    assert len(table) == len(pairs) > 3
    reports = reports_of("human", 31, 1)
    for row in table:
        pair = pairs[row["Active Substance"], row["PT"]]
        assert (row["Tot EVPM"], row["SDR All"]) == (
            pair["a"],
            "Yes" if pair["is_ror_signal"].lower() == "true" else "No",
        )
        held = [
            r
            for r in reports
            if row["Active Substance"] in {s.upper() for s in r["substances"]}
            and row["PT"] in {f"{t} name" for t in r["terms"]}
        ]
        now, before = ([r for r in held if r["known_from"] <= month] for month in (MONTHS[1], MONTHS[0]))
        assert int(row["New EVPM"]) == len(now) - len(before)
        assert int(row["Tot Serious"]) == sum(r["is_serious"] is True for r in now)
        assert int(row["Tot Paed"]) == sum((r["age_years"] or 99) < 18 for r in now)
        assert int(row["Tot EEA"]) == int(row["Tot EVPM"])


def test_the_monthly_table_is_of_people_and_of_ones_own(browser):
    log_in(browser, "claire")
    assert browser.get("/export?view=ermr&population=veterinary").status_code == 400
    log_in(browser, "marc")
    assert browser.get("/export?view=ermr&population=human").status_code == 404
