"""JIACRA's inputs: exposure beside isolates, series that no other joins; the real files."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest

from pipelines.defs.sources.jiacra import read
from pipelines.defs.sources.jiacra.tables import JiacraAnimal, JiacraHuman
from tests.rows import united
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced

D = dt.date(2024, 2, 21)
BESIDE = "ReportingCountry,country_name,Year,Pathogen,Class,Animal,NS_a,Tested_a,PR_a,NS,Tested,PR_h,pathogen_name,class_name\n"
USED = "ReportingCountry,country_name,Year,Pathogen,Class,DID_TOTAL,NS,Tested,PR_h,pathogen_name,class_name\n"


def isolates(spark, files):
    tables = {}
    for table in (JiacraHuman, JiacraAnimal):
        own = {f"jiacra/{n}": (data, D) for n, data in files.items() if table.files.owns(f"jiacra/{n}")}
        empty = {"jiacra/none.csv": ((USED if table is JiacraHuman else BESIDE).encode(), D)}
        tables[table.address()] = bronze_frame(spark, table, read.read, own or empty)
    return united(tables, "silver.isolate_count", "jiacra")


def test_each_file_has_one_table():
    names = ("AMCh_AMRh.csv", "AMCa_AMRh.csv", "AMCa_AMRa.csv", "AMRa_AMRh.csv", "used_2_AMP-ESCCOL.csv")
    owners = [[t.name for t in (JiacraHuman, JiacraAnimal) if t.files.owns(f"jiacra/2024/{n}")] for n in names]
    assert owners == [["jiacra_human"], ["jiacra_human"], ["jiacra_animal"], ["jiacra_animal"], []]


@pytest.mark.spark
def test_people_stand_beside_animals_and_beside_use(spark):
    files = {
        "AMCh_AMRh.csv": (USED + "MS3,Member State 3,2019,ESCCOL,CS,7.5,10,100,0.1,E. coli,\n").encode(),
        "AMRa_AMRh.csv": (BESIDE + "MS3,x,2019,ESCCOL,QALL,Pigs,81,170,0.47647,9,90,0.1,E. coli,q\n").encode(),
    }
    rows = {(r["series"], r["host"]): r for r in isolates(spark, files).collect()}
    used = rows["AMCh_AMRh", "human"]
    assert (used["class_code"], used["criterion"], used["exposure"]) == ("all", "susceptible", 7.5)
    people, pigs = rows["AMRa_AMRh pigs", "human"], rows["AMRa_AMRh pigs", "pigs"]
    assert (people["n_resistant"], people["n_tested"], people["exposure"]) == (9, 90, 0.47647)
    assert (pigs["n_resistant"], pigs["n_tested"], pigs["exposure"]) == (81, 170, None)
    assert len(rows) == 3


@pytest.mark.samples
@pytest.mark.spark
def test_every_real_row_is_kept(spark, shared):
    folder = shared / "data/jiacra_iv"
    names = ("AMCh_AMRh.csv", "AMCa_AMRh.csv", "AMCa_AMRa.csv", "AMRa_AMRh.csv")
    files = {n: (folder / n).read_bytes() for n in names}
    for name, data in files.items():
        table = JiacraHuman if JiacraHuman.files.owns(f"jiacra/{name}") else JiacraAnimal
        assert is_balanced(read, table, data, name)
    rows = isolates(spark, files).select("series", "host").collect()
    found = Counter(r["series"].split(" ")[0] for r in rows)
    assert found == {"AMCh_AMRh": 3182, "AMCa_AMRh": 2326, "AMCa_AMRa": 2480, "AMRa_AMRh": 2 * 974}
