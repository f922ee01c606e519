"""CIMA's register of changes: records inside of an answer, versions that stay when the window has moved on."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from pipelines.defs.sources.cima_changes import read
from pipelines.defs.sources.cima_changes.tables import CimaChange
from tests.rows import united
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of

D = dt.date
RECORD = {
    "nreg": "39393",
    "nombre": "SYNTOCINON 10UI/ML  SOLUCIÓN",
    "lab": "Alfasigma",
    "fecha": "21/07/2026 06:56",
    "tipo": "MODIFICADO",
    "otros": "",
    "cat": "both",
    "has_ft": True,
    "has_prosp": True,
    "ft_pdf": None,
    "ft_html": "https://x/ft",
    "p_pdf": "https://x/p.pdf",
    "p_html": None,
}


def extraction(*records: dict) -> bytes:
    stats = {"total": len(records), "top_labs": [{"lab": "a", "n": 1}]}
    return json.dumps({"generado": "x", "stats": stats, "registros": records}, indent=2, ensure_ascii=False).encode()


def test_records_stand_inside_of_the_answer_and_faults_are_told():
    data = extraction(RECORD, RECORD | {"nreg": ""}, RECORD | {"lab": ["a"]}, RECORD | {"more": 1})
    rows = rows_of(read, CimaChange, data, "cima_20260721.json")
    assert [r["reason"] for r in rows] == [
        None,
        "has no nreg",
        "holds a list or an object where a text is expected",
        "unknown key 'more'",
    ]
    assert (rows[0]["has_ft"], rows[0]["ft_pdf"]) == ("true", None)
    assert is_balanced(read, CimaChange, data)
    assert is_balanced(read, CimaChange, data[:-200])


@pytest.mark.samples
def test_every_record_of_the_real_extraction_is_kept(shared):
    data = (shared / "data/aemps_cima_changes/cima_20260721.json").read_bytes()
    rows = rows_of(read, CimaChange, data)
    assert (len(rows), sum(r["reason"] is None for r in rows)) == (737, 737)
    assert CimaChange.files.owns("aemps_cima_changes/cima_20260721.json")
    assert is_balanced(read, CimaChange, data)


@pytest.mark.spark
def test_a_change_gives_an_act_and_a_version_of_each_document_and_stays_after_30_days(spark):
    leaflet = RECORD | {"nreg": "1", "has_ft": False, "fecha": "01/09/2026 10:00"}
    files = {
        "cima_20260721.json": (extraction(RECORD, RECORD), D(2026, 7, 21)),
        "cima_20260901.json": (extraction(leaflet), D(2026, 9, 1)),
    }
    tables = {CimaChange.address(): bronze_frame(spark, CimaChange, read.read, files)}
    found = united(tables, "silver.product_information_version", "cima_changes").collect()
    assert {(r["product_key"], r["document"], r["changed_date"], r["is_current"]) for r in found} == {
        ("CIMA:39393", "spc", D(2026, 7, 21), True),
        ("CIMA:39393", "leaflet", D(2026, 7, 21), True),
        ("CIMA:1", "leaflet", D(2026, 9, 1), True),
    }
    assert len(found) == 3
    assert {r["link"] for r in found} == {"https://x/ft", "https://x/p.pdf"}
    acts = {r["reference"]: r for r in united(tables, "silver.regulatory_event", "cima_changes").collect()}
    first = acts["39393"]
    assert (first["act_date"], first["known_from"], first["valid_from"]) == (D(2026, 7, 21),) * 3
    assert (first["products"], first["is_current"]) == (["SYNTOCINON 10UI/ML SOLUCIÓN"], True)
