"""VeDDRA to the common dictionary."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.sources.veddra.conform import term
from pipelines.defs.sources.veddra.read import COLUMNS, read
from pipelines.defs.sources.veddra.tables import VeddraTerm
from tests.sources.bronze import bronze_frame

pytestmark = pytest.mark.spark
HEADER = ",".join(COLUMNS)


def listing(*lines):
    return "\n".join([HEADER, *lines]).encode()


def terms(spark, files):
    found = term({"bronze.veddra_term": bronze_frame(spark, VeddraTerm, read, files)})
    return {r["term_key"]: r for r in found.filter("known_to IS NULL").collect()}


OLD = listing(
    "1,1,Eye disorders,5,Eye NOS,50,Eye NOS,500,Red eye,77,C", "2,2,Death,6,Death,60,Death,600,Found dead,78,A"
)
NEW = listing('1,1,Eye disorders,5,Redness,51,Red eye,501,"Red  eye, any",77,a')


@pytest.mark.parametrize("newest_first", [True, False])
def test_the_latest_listing_of_a_code_wins_and_a_dropped_code_stays(spark, newest_first):
    files = {
        "veddra/veddra_2022.csv": (OLD, dt.date(2022, 10, 1)),
        "veddra/veddra_2023.csv": (NEW, dt.date(2023, 10, 1)),
    }
    found = terms(spark, dict(sorted(files.items(), reverse=newest_first)))
    assert set(found) == {"veddra:77", "veddra:78"}
    red = found["veddra:77"]
    assert (red["term_name"], red["pt_code"], red["hlt_name"], red["soc_code"]) == (
        "Red eye, any",
        "501",
        "Redness",
        "5",
    )
    assert (red["term_type"], red["dictionary"], red["code"]) == ("A", "veddra", "77")
    assert found["veddra:78"]["term_name"] == "Found dead"


def test_a_line_without_a_code_is_no_term(spark):
    data = listing("1,1,Death,6,Death,60,Death,600,Found dead,,A", "2,2,Death,6,Death,60,Death,600,Died,9,A")
    assert set(terms(spark, {"veddra/veddra.csv": (data, dt.date(2022, 1, 1))})) == {"veddra:9"}


@pytest.mark.samples
def test_the_three_real_lists_are_one_dictionary_of_four_levels(spark, shared):
    folder = shared / "data" / "veddra"
    files = [p for p in folder.iterdir() if VeddraTerm.files.owns(f"veddra/{p.name}")]
    assert len(files) == 3
    found = terms(spark, {f"veddra/{p.name}": (p.read_bytes(), dt.date(2023, 10, 1)) for p in files}).values()
    n = {level: len({r[level] for r in found}) for level in ("soc_code", "hlt_code", "pt_code", "code", "term_key")}
    assert n == {"soc_code": 25, "hlt_code": 241, "pt_code": 1096, "code": 2831, "term_key": 2831}
    assert {t: sum(r["term_type"] == t for r in found) for t in "CAH"} == {"C": 2273, "A": 379, "H": 179}
    assert sum("," in r["term_name"] for r in found) == 27


def test_a_term_is_what_each_list_said_and_the_first_list_serves_the_time_before_it(spark):
    files = {
        "veddra/veddra_2022.csv": (OLD, dt.date(2022, 10, 1)),
        "veddra/veddra_2023.csv": (NEW, dt.date(2023, 10, 1)),
    }
    rows = term({"bronze.veddra_term": bronze_frame(spark, VeddraTerm, read, files)}).orderBy("known_from").collect()
    red = [(str(r["known_from"]), str(r["known_to"]), r["term_name"]) for r in rows if r["code"] == "77"]
    assert red == [("1900-01-01", "2023-10-01", "Red eye"), ("2023-10-01", "None", "Red eye, any")]
